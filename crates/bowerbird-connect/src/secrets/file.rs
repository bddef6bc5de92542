//! Secrets as files of one folder: the name is the file's, 0600 in a folder 0700.
//!
//! The folder may as well be one that a container runtime or systemd fills: what is there is read as it is. What is put is written beside,
//! brought to the disk and renamed, so that a crash leaves the old secret or the new one.

use std::fs::{DirBuilder, File};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::Duration;

use async_trait::async_trait;
use bowerbird_core::secrets::{
    MAX_SECRET_BYTES, SecretError, SecretName, SecretStore, check_secret,
};
use secrecy::{ExposeSecret, SecretString};

/// A name in our folder that no secret has: what is being written begins so.
const WRITING: &str = ".writing-";

/// What is being written is done long before this.
const LEFT_BEHIND: Duration = Duration::from_secs(3_600);

/// A folder of secrets.
#[derive(Debug)]
pub struct FileSecrets {
    folder: PathBuf,
    /// Say once that secrets go to disk?
    warns: bool,
    warned: Once,
}

impl FileSecrets {
    /// The secrets in this folder, which is made when the first is put; `warns`: the first time it says in the log that secrets go to disk.
    pub fn new(folder: PathBuf, warns: bool) -> Self {
        Self {
            folder,
            warns,
            warned: Once::new(),
        }
    }

    /// Runs what waits for a disk where waiting is allowed.
    async fn on_disk<R: Send + 'static>(
        &self,
        work: impl FnOnce(PathBuf) -> Result<R, SecretError> + Send + 'static,
    ) -> Result<R, SecretError> {
        let folder = self.folder.clone();
        let done = tokio::task::spawn_blocking(move || work(folder)).await;
        done.unwrap_or_else(|_| {
            Err(SecretError::Unavailable(
                "the program is ending: the folder of secrets was not looked at".to_owned(),
            ))
        })
    }

    fn warn(&self) {
        self.warned.call_once(|| {
            if self.warns {
                tracing::warn!(
                    secrets.folder = %self.folder.display(),
                    "Secrets are written to disk, readable by this user (and by root); `secrets.disk_warning = false` ends this warning"
                );
            }
        });
    }
}

#[async_trait]
impl SecretStore for FileSecrets {
    async fn get(&self, name: &SecretName) -> Result<Option<SecretString>, SecretError> {
        let name = name.clone();
        self.on_disk(move |folder| read(&folder.join(name.as_str()), &name))
            .await
    }

    async fn put(&self, name: &SecretName, secret: &SecretString) -> Result<(), SecretError> {
        check_secret(name, secret.expose_secret().len())?;
        self.warn();
        let (name, secret) = (name.clone(), secret.clone());
        self.on_disk(move |folder| {
            make(&folder)?;
            may_write(&folder)?;
            write(&folder, &name, &secret).map_err(|error| failed(&folder, "writing", &error))
        })
        .await
    }

    async fn remove(&self, name: &SecretName) -> Result<(), SecretError> {
        let name = name.clone();
        self.on_disk(move |folder| {
            let removed = std::fs::remove_file(folder.join(name.as_str()));
            sweep(&folder);
            match removed.and_then(|()| File::open(&folder)?.sync_all()) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    Err(failed(&folder, "removing", &error))
                }
                _ => Ok(()),
            }
        })
        .await
    }

    async fn list(&self) -> Result<Vec<SecretName>, SecretError> {
        self.on_disk(|folder| names(&folder)).await
    }

    async fn can_put(&self, _name: &SecretName) -> Result<(), SecretError> {
        self.on_disk(|folder| match folder.try_exists() {
            Ok(true) => may_write(&folder),
            Ok(false) => may_make(&folder),
            Err(error) => Err(failed(&folder, "looking at", &error)),
        })
        .await
    }
}

fn failed(path: &Path, doing: &str, error: &std::io::Error) -> SecretError {
    let text = format!("{doing} {}: {error}", path.display());
    match error.kind() {
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => SecretError::ReadOnly(text),
        _ => SecretError::Refused(text),
    }
}

fn read(path: &Path, name: &SecretName) -> Result<Option<SecretString>, SecretError> {
    let wrong = |what: &dyn std::fmt::Display| {
        SecretError::Refused(format!("secret `{name}`: {}: {what}", path.display()))
    };
    let mut text = String::new();
    let most = MAX_SECRET_BYTES as u64;
    let opened = File::open(path);
    // One more than a secret may have, for the line's end that people leave, and one to see that there is more.
    let came = opened.and_then(|file| file.take(most + 2).read_to_string(&mut text));
    match came {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(wrong(&error)),
        Ok(_) => {}
    }
    match text.trim() {
        "" => Err(wrong(&"it is empty")),
        long if long.len() > MAX_SECRET_BYTES => {
            Err(wrong(&format!("larger than {MAX_SECRET_BYTES} bytes")))
        }
        secret => Ok(Some(SecretString::from(secret.to_owned()))),
    }
}

/// Makes the folder. One that is new stays only when the folder that it is named in is on the disk: each up to the first that was there.
fn make(folder: &Path) -> Result<(), SecretError> {
    let above = named_in(folder);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| failed(folder, "making", &error))?;
    for path in above {
        let synced = File::open(path).and_then(|folder| folder.sync_all());
        match synced {
            // One that may be written and not be read can't be asked for it.
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {}
            synced => synced.map_err(|error| failed(path, "bringing to the disk", &error))?,
        }
    }
    Ok(())
}

/// The folders that those which are not there yet will be named in, from the folder upwards.
fn named_in(folder: &Path) -> Vec<&Path> {
    let new = folder
        .ancestors()
        .take_while(|path| matches!(path.try_exists(), Ok(false)));
    let above = new.filter_map(Path::parent);
    let here = |path| {
        if path == Path::new("") {
            Path::new(".")
        } else {
            path
        }
    };
    above.map(here).collect()
}

/// A folder that others may write into is none for secrets: they could put theirs in the place of ours.
fn may_write(folder: &Path) -> Result<(), SecretError> {
    let about = std::fs::metadata(folder).map_err(|error| failed(folder, "looking at", &error))?;
    let shown = folder.display();
    if !about.is_dir() {
        return Err(SecretError::Refused(format!("{shown} is no folder")));
    }
    if about.mode() & 0o022 != 0 {
        return Err(SecretError::Refused(format!(
            "{shown} can be written by others: `chmod go-w {shown}` first"
        )));
    }
    // Whether we may ourselves is asked of the system without writing anything: by the rights of our own user, or of root.
    rustix::fs::access(folder, rustix::fs::Access::WRITE_OK)
        .map_err(|error| failed(folder, "writing to", &error.into()))
}

/// A folder that is not there yet can be made where the nearest one above it can be written.
fn may_make(folder: &Path) -> Result<(), SecretError> {
    let mut above = folder.ancestors().skip(1).filter(|path| path.is_dir());
    let above = above.next().unwrap_or(Path::new("."));
    rustix::fs::access(above, rustix::fs::Access::WRITE_OK)
        .map_err(|error| failed(above, "writing to", &error.into()))
}

/// Beside, to the disk, renamed, and the folder to the disk: when this returns, the secret stays.
fn write(folder: &Path, name: &SecretName, secret: &SecretString) -> std::io::Result<()> {
    let mut file = tempfile::Builder::new()
        .prefix(WRITING)
        .permissions(std::fs::Permissions::from_mode(0o600))
        .tempfile_in(folder)?;
    file.write_all(secret.expose_secret().as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(folder.join(name.as_str()))?;
    sweep(folder);
    File::open(folder)?.sync_all()
}

/// Removes what a process left that was killed while it wrote; what another one is writing just now is newer.
fn sweep(folder: &Path) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        let is_old = || {
            let written = entry.metadata().and_then(|about| about.modified()).ok()?;
            Some(written.elapsed().ok()? > LEFT_BEHIND)
        };
        let is_ours = entry.file_name().to_string_lossy().starts_with(WRITING);
        if is_ours && is_old().unwrap_or(false) {
            // The next put tries again.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn names(folder: &Path) -> Result<Vec<SecretName>, SecretError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(folder, "listing", &error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| failed(folder, "listing", &error))?;
        let name = entry.file_name();
        let name = name.to_str().and_then(|text| SecretName::parse(text).ok());
        // Links count as what they lead to, as container runtimes make them.
        let is_file = std::fs::metadata(entry.path()).is_ok_and(|about| about.is_file());
        names.extend(name.filter(|_| is_file));
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests;
