//! The data folder: made with mode 0700, marked as ours, held by one process at a time.
//!
//! What is in it: `bowerbird-folder` (the mark: what it was made for), `lock` (locked by its holder, with pid and command),
//! `control.sock` (the holder answers there), `spool/`, the store's file, `secrets/`, `logs/`. Only a folder whose mark says that
//! a demo made it is ever emptied.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::exit::Usage;

/// The file that marks a folder as ours.
const MARK: &str = "bowerbird-folder";
/// The file that its holder locks.
const LOCK: &str = "lock";
/// Where the holder answers.
const SOCKET: &str = "control.sock";
/// The longest path that fits a socket's address, with its closing zero.
const SOCKET_PATH_BYTES: usize = 104;

/// Commands that hold a folder as long as they run, which may be for ever.
const STAYING: [&str; 4] = ["run", "demo", "replay", "tail"];
/// How long a command that only asks something is waited for.
const SOON: Duration = Duration::from_secs(5);
/// How often to look meanwhile.
const TRY_EVERY: Duration = Duration::from_millis(20);
/// How often to look where the wait may be for weeks: within a second of its end.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What a folder was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// `run`, `replay` and everything else.
    Main,
    /// `demo`: may be emptied by `--fresh`.
    Demo,
}

impl Purpose {
    fn mark(self) -> &'static str {
        match self {
            Self::Main => "main\n",
            Self::Demo => "demo\n",
        }
    }
}

/// A data folder.
#[derive(Debug, Clone)]
pub(crate) struct DataFolder {
    path: PathBuf,
}

/// That this process holds a folder; let go when dropped, whatever ends the process.
#[derive(Debug)]
pub(crate) struct Held {
    _lock: File,
}

/// What to do where there is no data folder of the name given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Make one: this begins something.
    Make,
    /// Say so: this asks for what was kept.
    Refuse,
}

/// Who holds a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holder(String);

impl Holder {
    fn stays(&self) -> bool {
        STAYING
            .iter()
            .any(|command| self.0.ends_with(&format!("(bowerbird {command})")))
    }
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl DataFolder {
    /// Makes the folder where it is missing, and marks it.
    pub(crate) fn open(path: &Path, purpose: Purpose) -> Result<Self> {
        let shown = path.display();
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .with_context(|| format!("making the data folder {shown}; `--data` names another"))?;
        // Absolute, so that the current folder does not matter and the printed path can be used anywhere.
        let path = path
            .canonicalize()
            .with_context(|| format!("opening the data folder {shown}"))?;
        let folder = Self { path };
        match folder.mark()? {
            Some(mark) if purpose == Purpose::Demo && mark != Purpose::Demo.mark() => bail!(
                "{shown} was not made by a demo; give the demo a folder of its own with --data"
            ),
            Some(_) => {}
            None if purpose == Purpose::Demo && !folder.is_empty()? => bail!(
                "{shown} is not empty and was not made by a demo; give the demo a new folder with --data"
            ),
            None => folder.write_mark(purpose)?,
        }
        Ok(folder)
    }

    /// Opens a folder that was made before; an error that says what to do where there is none, so that a mistyped name makes nothing.
    pub(crate) fn existing(path: &Path) -> Result<Self> {
        let shown = path.display();
        let said = match path.canonicalize() {
            Ok(whole) => {
                let folder = Self { path: whole };
                if folder.mark()?.is_some() {
                    return Ok(folder);
                }
                format!("{shown} is no data folder: nothing of bowerbird is in it")
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                format!("there is no data folder {shown}")
            }
            Err(error) => {
                return Err(error).with_context(|| format!("opening the data folder {shown}"));
            }
        };
        Err(Usage(format!(
            "{said}; give the right one with --data, or begin it with `bowerbird run`, `replay` or `track add`"
        ))
        .into())
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Becomes its holder. A command that only asks something is soon done, and is waited for; that anything else holds the folder is an
    /// error that says who and what to do.
    pub(crate) async fn take(&self, command: &str) -> Result<Held> {
        let given_up = tokio::time::Instant::now() + SOON;
        loop {
            let holder = match self.hold(command)? {
                Ok(held) => return Ok(held),
                Err(holder) => holder,
            };
            if holder.stays() || tokio::time::Instant::now() > given_up {
                let shown = self.path.display();
                anyhow::bail!("{holder} holds {shown}; end it, or give another folder with --data");
            }
            tokio::time::sleep(TRY_EVERY).await;
        }
    }

    /// Becomes its holder as soon as nobody else is, however long that takes. Tells of a holder that stays, and of the next one when it is
    /// another.
    pub(crate) async fn take_when_free(
        &self,
        command: &str,
        tell: impl Fn(&Holder),
    ) -> Result<Held> {
        let mut told = None;
        loop {
            match self.hold(command)? {
                Ok(held) => return Ok(held),
                Err(holder) if holder.stays() && told.as_ref() != Some(&holder) => {
                    tell(&holder);
                    told = Some(holder);
                }
                Err(_) => {}
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Becomes its holder, or says who is.
    pub(crate) fn hold(&self, command: &str) -> Result<Result<Held, Holder>> {
        let path = self.path.join(LOCK);
        let context = || format!("locking {}", path.display());
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .with_context(context)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                Read::by_ref(&mut lock)
                    .take(200)
                    .read_to_string(&mut holder)
                    .with_context(context)?;
                return Ok(Err(Holder(holder.trim().to_owned())));
            }
            Err(TryLockError::Error(error)) => return Err(error).with_context(context),
        }
        lock.set_len(0)
            .and_then(|()| lock.rewind())
            .with_context(context)?;
        write!(lock, "process {} (bowerbird {command})", std::process::id())
            .with_context(context)?;
        Ok(Ok(Held { _lock: lock }))
    }

    /// Empties the folder but for mark and lock. Only what a demo made.
    pub(crate) fn clear(&self, _held: &Held) -> Result<()> {
        if self.mark()?.as_deref() != Some(Purpose::Demo.mark()) {
            bail!(
                "{} was not made by a demo: it is left as it is",
                self.path.display()
            );
        }
        for entry in self.entries()? {
            let name = entry.file_name();
            if name == MARK || name == LOCK {
                continue;
            }
            let is_folder = entry.file_type()?.is_dir();
            let removed = if is_folder {
                std::fs::remove_dir_all(entry.path())
            } else {
                std::fs::remove_file(entry.path())
            };
            removed.with_context(|| format!("removing {}", entry.path().display()))?;
        }
        Ok(())
    }

    /// Where the holder answers. A path too long for a socket's address is reached through the open folder instead, which the
    /// returned file keeps open.
    pub(crate) fn socket(&self) -> Result<(PathBuf, Option<File>)> {
        let plain = self.path.join(SOCKET);
        if plain.as_os_str().as_bytes().len() < SOCKET_PATH_BYTES {
            return Ok((plain, None));
        }
        let folder =
            File::open(&self.path).with_context(|| format!("opening {}", self.path.display()))?;
        let short = PathBuf::from(format!("/proc/self/fd/{}/{SOCKET}", folder.as_raw_fd()));
        Ok((short, Some(folder)))
    }

    fn mark(&self) -> Result<Option<String>> {
        let path = self.path.join(MARK);
        match std::fs::read_to_string(&path) {
            Ok(mark) => Ok(Some(mark)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
        }
    }

    fn write_mark(&self, purpose: Purpose) -> Result<()> {
        let path = self.path.join(MARK);
        std::fs::write(&path, purpose.mark())
            .with_context(|| format!("writing to the data folder {}", self.path.display()))
    }

    fn entries(&self) -> Result<Vec<std::fs::DirEntry>> {
        let read = std::fs::read_dir(&self.path).and_then(Iterator::collect);
        read.with_context(|| format!("listing {}", self.path.display()))
    }

    fn is_empty(&self) -> Result<bool> {
        Ok(self.entries()?.is_empty())
    }
}

#[cfg(test)]
mod tests;
