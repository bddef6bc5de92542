//! Unpacks files: gzip, bzip2, zstd and tar, in any order and into one another, told by their first bytes.
//!
//! Everything streams; nothing is unpacked into memory or onto the disk. What a document means is not asked here.

use std::io::{self, Read};
use std::ops::ControlFlow;

use bzip2::read::MultiBzDecoder;
use flate2::read::MultiGzDecoder;

/// How many packings may lie in one another.
const MAX_LAYERS: usize = 6;
/// How many of a layer's first bytes are looked at: tar's mark stands at 257.
const HEAD_BYTES: usize = 512;

/// What packs others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    None,
    Gzip,
    Bzip2,
    Zstd,
    Tar,
    /// Known, and not read.
    Foreign(&'static str),
}

/// What a file holds.
pub(super) enum Found<'f> {
    /// Something that is not packed further.
    Document {
        /// The file's name and the names inside it.
        name: &'f str,
        /// Its first bytes, which `content` gives again.
        head: &'f [u8],
        content: &'f mut dyn Read,
    },
    /// Something that can't be unpacked; the rest of what it lies in is visited all the same.
    Damaged { name: &'f str, error: io::Error },
}

/// Told of everything found; answers whether to go on.
pub(super) type Visit<'v> = dyn FnMut(Found<'_>) -> ControlFlow<()> + 'v;

/// Visits everything in a file.
pub(super) fn visit_all(
    name: &str,
    content: &mut dyn Read,
    visit: &mut Visit<'_>,
) -> ControlFlow<()> {
    layer(name, content, 0, visit)
}

/// Is this file neither packed nor a tar?
pub(super) fn is_plain(head: &[u8]) -> bool {
    packing(head) == Packing::None
}

/// Reads as much of a beginning as is looked at.
pub(super) fn head(content: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    content.take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    Ok(head)
}

fn packing(head: &[u8]) -> Packing {
    if head.starts_with(&[0x1f, 0x8b]) {
        Packing::Gzip
    } else if head.starts_with(b"BZh")
        && head
            .get(4..10)
            .is_some_and(|mark| mark == b"1AY&SY" || mark == b"\x17rE8P\x90")
    {
        Packing::Bzip2
    } else if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) || is_skippable_zstd(head) {
        Packing::Zstd
    } else if head.get(257..262) == Some(b"ustar") {
        Packing::Tar
    } else if head.starts_with(b"PK\x03\x04") {
        Packing::Foreign("zip")
    } else if head.starts_with(b"\xfd7zXZ\0") {
        Packing::Foreign("xz")
    } else {
        Packing::None
    }
}

/// Zstd files of several frames may begin with one that holds no data.
fn is_skippable_zstd(head: &[u8]) -> bool {
    matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

fn layer(
    name: &str,
    content: &mut dyn Read,
    depth: usize,
    visit: &mut Visit<'_>,
) -> ControlFlow<()> {
    let head = match head(content) {
        Ok(head) => head,
        Err(error) => return visit(Found::Damaged { name, error }),
    };
    let packing = packing(&head);
    let mut content = head.as_slice().chain(content);
    if depth >= MAX_LAYERS && packing != Packing::None {
        let error = io::Error::other(format!("packed more than {MAX_LAYERS} times over"));
        return visit(Found::Damaged { name, error });
    }
    match packing {
        Packing::None => visit(Found::Document {
            name,
            head: &head,
            content: &mut content,
        }),
        Packing::Gzip => layer(name, &mut MultiGzDecoder::new(content), depth + 1, visit),
        Packing::Bzip2 => layer(name, &mut MultiBzDecoder::new(content), depth + 1, visit),
        Packing::Zstd => match zstd::stream::read::Decoder::new(content) {
            Ok(mut content) => layer(name, &mut content, depth + 1, visit),
            Err(error) => visit(Found::Damaged { name, error }),
        },
        Packing::Tar => tar(name, &mut content, depth + 1, visit),
        Packing::Foreign(what) => {
            let error = io::Error::new(
                io::ErrorKind::Unsupported,
                format!("{what} files are not read: unpack it first"),
            );
            visit(Found::Damaged { name, error })
        }
    }
}

fn tar(name: &str, content: &mut dyn Read, depth: usize, visit: &mut Visit<'_>) -> ControlFlow<()> {
    let mut archive = tar::Archive::new(content);
    let entries = match archive.entries() {
        Ok(entries) => entries,
        Err(error) => return visit(Found::Damaged { name, error }),
    };
    for entry in entries {
        let mut entry = match entry {
            Ok(entry) => entry,
            Err(error) => return visit(Found::Damaged { name, error }),
        };
        let path = entry.path_bytes().into_owned();
        let is_hidden = path
            .rsplit(|byte| *byte == b'/')
            .next()
            .is_some_and(|name| name.starts_with(b"."));
        if is_hidden || !entry.header().entry_type().is_file() {
            continue;
        }
        let inner = format!("{name}/{}", String::from_utf8_lossy(&path));
        layer(&inner, &mut entry, depth, visit)?;
    }
    ControlFlow::Continue(())
}
