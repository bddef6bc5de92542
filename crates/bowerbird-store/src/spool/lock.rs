//! One process holds a spool: a locked file in its directory that names the holder.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use super::error::{OpenError, io_error};

const NAME: &str = "lock";

/// Held as long as this lives; the system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "held, never read")] File);

/// Takes the lock, or tells who has it.
pub(super) fn take(dir: &Path) -> Result<Lock, OpenError> {
    let path = dir.join(NAME);
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&path).map_err(io_error("opening", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            let read = (&file).take(20).read_to_string(&mut pid);
            return Err(OpenError::Held {
                dir: dir.to_owned(),
                pid: read.ok().and_then(|_| pid.trim().parse().ok()),
            });
        }
        Err(TryLockError::Error(error)) => return Err(io_error("locking", &path)(error)),
    }
    // Only to name the holder: a full disk must not keep a spool from being opened and drained.
    let _ = write_pid(&mut file);
    Ok(Lock(file))
}

fn write_pid(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}
