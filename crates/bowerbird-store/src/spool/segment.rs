//! Segment files: their names, making them, appending to the last one.
//!
//! A segment comes into being whole: it is written under another name, synced, and renamed. After that it only grows, and every
//! [`SegmentFile::append`] returns when its bytes are on the disk.

use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::error::{Damage, OpenError, io_error};
use super::format::{self, BadHeader, HEADER, Head, Header};
use super::state::Segment;

const SUFFIX: &str = "seg";
/// A segment that is being made.
pub(super) const UNFINISHED: &str = "new";

/// The last segment, open for appending.
#[derive(Debug)]
pub(super) struct SegmentFile {
    file: File,
    bytes: u64,
    nonce: u32,
    #[cfg(test)]
    fault: super::tests::faults::Fault,
}

/// The file of a segment.
pub(super) fn path_of(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:010}.{SUFFIX}"))
}

/// The segment files of a spool as (number, path), oldest first. Other files are none of ours.
pub(super) fn list(dir: &Path) -> Result<Vec<(u64, PathBuf)>, OpenError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(io_error("listing", dir))? {
        let path = entry.map_err(io_error("listing", dir))?.path();
        if path.extension().is_some_and(|suffix| suffix == SUFFIX)
            && let Some(stem) = path.file_stem().and_then(|stem| stem.to_str())
            && let Ok(number) = stem.parse()
        {
            found.push((number, path));
        }
    }
    found.sort();
    Ok(found)
}

/// Reads a segment's header and length.
pub(super) fn read_header(number: u64, path: &Path) -> Result<Segment, OpenError> {
    let file = File::open(path).map_err(io_error("opening", path))?;
    let metadata = file.metadata().map_err(io_error("opening", path))?;
    let mut bytes = Vec::with_capacity(HEADER);
    let mut start = (&file).take(HEADER as u64);
    start
        .read_to_end(&mut bytes)
        .map_err(io_error("reading", path))?;
    let damaged = |what| Err(Damage::new(path, 0, what).into());
    match Header::decode(&bytes) {
        Ok(header) if header.number != number => damaged("its header holds another number"),
        Ok(header) => Ok(Segment {
            number,
            after: header.after,
            base: header.base,
            nonce: header.nonce,
            bytes: metadata.len(),
            path: path.to_owned(),
            marks: Vec::new(),
        }),
        Err(BadHeader::Newer(version)) => Err(OpenError::Newer {
            file: path.to_owned(),
            version,
        }),
        Err(BadHeader::Damaged(what)) => damaged(what),
    }
}

/// Makes a segment that begins with `snapshot`, and opens it for appending.
pub(super) fn create(
    dir: &Path,
    number: u64,
    snapshot: &Head,
) -> io::Result<(SegmentFile, Segment)> {
    let path = path_of(dir, number);
    let unfinished = path.with_extension(UNFINISHED);
    let header = Header {
        nonce: random_nonce(),
        number,
        after: number - 1,
        base: snapshot.first,
    };
    let mut bytes = header.encode();
    bytes.extend(format::encode_frame(header.nonce, snapshot, &[]));
    let mut file = private_file(&unfinished)?;
    let written = file.write_all(&bytes).and_then(|()| file.sync_all());
    if let Err(error) = written {
        // What is left over is removed at the next start, if not now.
        let _ = fs::remove_file(&unfinished);
        return Err(error);
    }
    drop(file);
    fs::rename(&unfinished, &path)?;
    sync_dir(dir)?;
    let segment = Segment {
        number,
        after: header.after,
        base: header.base,
        nonce: header.nonce,
        bytes: bytes.len() as u64,
        path,
        marks: Vec::new(),
    };
    Ok((SegmentFile::open(&segment)?, segment))
}

/// Removes segments that were being made when the process ended.
pub(super) fn remove_unfinished(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|suffix| suffix == UNFINISHED) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

impl SegmentFile {
    /// Opens a segment whose length is known to be sound.
    pub(super) fn open(segment: &Segment) -> io::Result<Self> {
        let file = File::options().append(true).open(&segment.path)?;
        Ok(Self {
            file,
            bytes: segment.bytes,
            nonce: segment.nonce,
            #[cfg(test)]
            fault: super::tests::faults::Fault::of_this_thread(),
        })
    }

    /// Its length.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What each of its frames holds.
    pub(super) fn nonce(&self) -> u32 {
        self.nonce
    }

    /// One write and one fdatasync. If either fails, what was written is cut off again as far as the disk lets us.
    pub(super) fn append(&mut self, frame: &[u8]) -> io::Result<()> {
        let written = self.write(frame);
        match &written {
            Ok(()) => self.bytes += frame.len() as u64,
            Err(_) => {
                let _ = self.file.set_len(self.bytes);
                let _ = self.file.sync_data();
            }
        }
        written
    }

    #[cfg(not(test))]
    fn write(&mut self, frame: &[u8]) -> io::Result<()> {
        self.file.write_all(frame)?;
        self.file.sync_data()
    }

    #[cfg(test)]
    fn write(&mut self, frame: &[u8]) -> io::Result<()> {
        self.fault.write(&mut self.file, frame)?;
        self.file.sync_data()
    }
}

/// Makes a new file that its owner alone may read.
pub(super) fn private_file(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes creating, renaming and removing in a directory durable.
pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Random enough that nobody outside can guess it; never 0.
pub(super) fn random_nonce() -> u32 {
    let random = RandomState::new().hash_one(std::process::id());
    (random >> 32) as u32 | 1
}
