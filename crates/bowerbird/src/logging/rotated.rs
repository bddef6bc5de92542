//! A log file that never grows past a size: full, it is renamed to `bowerbird.log.1` (and that to `.2` …) and begun anew.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The file that is written to.
const NAME: &str = "bowerbird.log";

/// Where log lines go.
#[derive(Debug)]
pub(super) struct RotatedFile {
    folder: PathBuf,
    max_bytes: u64,
    keep_files: u32,
    file: File,
    bytes: u64,
}

impl RotatedFile {
    /// Opens the file in a folder, which is made if it is missing, and goes on at its end.
    pub(super) fn open(folder: &Path, max_bytes: u64, keep_files: u32) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let file = append_to(&folder.join(NAME))?;
        let bytes = file.metadata()?.len();
        Ok(Self {
            folder: folder.to_owned(),
            max_bytes,
            keep_files,
            file,
            bytes,
        })
    }

    fn rotate(&mut self) -> io::Result<()> {
        let numbered = |n: u32| self.folder.join(format!("{NAME}.{n}"));
        for n in (1..=self.keep_files).rev() {
            let from = if n == 1 {
                self.folder.join(NAME)
            } else {
                numbered(n - 1)
            };
            match std::fs::rename(&from, numbered(n)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        if self.keep_files == 0 {
            std::fs::remove_file(self.folder.join(NAME))?;
        }
        self.file = append_to(&self.folder.join(NAME))?;
        self.bytes = 0;
        Ok(())
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
}

impl Write for RotatedFile {
    /// One call is one line: it goes into one file as a whole.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.bytes > 0 && self.bytes + line.len() as u64 > self.max_bytes {
            self.rotate()?;
        }
        self.file.write_all(line)?;
        self.bytes += line.len() as u64;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests;
