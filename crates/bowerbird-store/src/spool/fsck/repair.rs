//! Writing damaged segments anew.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::Walked;
use crate::spool::error::{OpenError, io_error};
use crate::spool::format::{self, Head, Header};
use crate::spool::segment;

/// Where damaged files are put aside.
const ASIDE: &str = "damaged";

/// Writes each damaged segment anew and puts the old one aside; those of which nothing is sound are only put aside. The files put aside.
pub(super) fn repair(dir: &Path, segments: &[Walked]) -> Result<Vec<PathBuf>, OpenError> {
    let aside = dir.join(ASIDE);
    super::super::make_dir(&aside)?;
    let mut moved = Vec::new();
    let mut before: Option<&Walked> = None;
    for walked in segments {
        let is_gone = walked.frames.is_empty();
        if walked.is_damaged || is_gone {
            let repairing = || io_error("repairing", &walked.path);
            let kept = put_aside(&walked.path, &aside).map_err(repairing())?;
            match is_gone {
                true => fs::remove_file(&walked.path).map_err(repairing())?,
                false => rewrite(walked, before.map(|b| b.number)).map_err(repairing())?,
            }
            moved.push(kept);
        }
        if !is_gone {
            before = Some(walked);
        }
    }
    segment::sync_dir(dir).map_err(io_error("repairing", dir))?;
    Ok(moved)
}

/// A second name for the file in the other folder, durable before the first name is taken away.
fn put_aside(path: &Path, aside: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let names = (0_u32..).map(|n| match n {
        0 => aside.join(&*name),
        n => aside.join(format!("{name}.{n}")),
    });
    for kept in names {
        match fs::hard_link(path, &kept) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            Err(_) => {
                // Not every file system has hard links.
                fs::copy(path, &kept)?;
                File::open(&kept)?.sync_all()?;
            }
        }
        segment::sync_dir(aside)?;
        return Ok(kept);
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Replaces a segment by its sound frames. Each says how many records before it are lost.
fn rewrite(walked: &Walked, before: Option<u64>) -> io::Result<()> {
    let header = Header {
        nonce: segment::random_nonce(),
        number: walked.number,
        after: before.unwrap_or(walked.number.saturating_sub(1)),
        base: walked.base,
    };
    let unfinished = walked.path.with_extension(segment::UNFINISHED);
    let mut new = segment::private_file(&unfinished)?;
    new.write_all(&header.encode())?;
    let mut next = walked.base;
    if let Some(snapshot) = &walked.snapshot {
        let head = Head {
            first: next,
            ..snapshot.clone()
        };
        new.write_all(&format::encode_frame(header.nonce, &head, &[]))?;
    }
    let mut old = File::open(&walked.path)?;
    let length = old.metadata()?.len();
    for &at in &walked.frames {
        old.seek(SeekFrom::Start(at))?;
        let nonce = walked.nonce.unwrap_or_default();
        let frame = format::read_frame(&mut old, nonce, length - at)?;
        let frame = frame.map_err(|bad| io::Error::other(bad.words()))?;
        let mut head = frame.head;
        head.lost = head.first.saturating_sub(next);
        next = head.end();
        new.write_all(&format::encode_frame(header.nonce, &head, &[frame.data]))?;
    }
    new.sync_all()?;
    fs::rename(&unfinished, &walked.path)
}
