//! The bytes of a segment, version 1: what stands where, and how damage is told apart from a torn end.
//!
//! A segment is a header and frames. A frame is one group of changes (appends, acknowledgements), written in one piece and synced before
//! the next, so that it is there as a whole or not at all. The first frame of a segment holds the state of all sources and lanes, so that no
//! segment needs an older one.
//!
//! ```text
//! header  "bowspool" | version u32 | nonce u32 | number u64 | after u64 | base u64 | crc32 of these 40 bytes
//! frame   mark 4 | nonce u32 | head length u32 | data length u32 | crc32 of the body | crc32 of these 20 bytes
//! body    head: `Head` in postcard | data: the records end to end | end mark 1
//! ```
//!
//! Numbers are little-endian. The nonce is random for each segment: bytes that come from outside can't pass for a frame. The frame's header
//! has its own checksum, so that a wrong length is seen as such; both marks hold no zero byte, so that a sector of zeros that was
//! allocated and never written is seen too.

use std::io::{self, Read};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use bowerbird_core::ids::{Cursor, Lane, SourceName};
use bowerbird_core::spool::SourceState;
use bowerbird_core::time::Time;

/// The format this build writes. It reads this and every earlier one.
pub(super) const VERSION: u32 = 1;
/// The length of a segment's header.
pub(super) const HEADER: usize = 44;
/// The length of a frame's header.
pub(super) const FRAME_HEADER: usize = 24;
/// No frame is longer: what a damaged length can make us allocate.
pub(super) const MOST_FRAME: usize = 256 << 20;

const MAGIC: &[u8; 8] = b"bowspool";
const MARK: [u8; 4] = [0xb0, 0x3e, 0xb1, 0x9d];
const END: u8 = 0xed;
/// The smallest piece that a disk writes whole.
const SECTOR: u64 = 512;

/// What a segment begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// Random, repeated in each of its frames.
    pub(super) nonce: u32,
    /// Its place among the segments.
    pub(super) number: u64,
    /// The number of the segment before it: one less, but where a repair found that one gone.
    pub(super) after: u64,
    /// The offset of the first record appended to it.
    pub(super) base: u64,
}

/// Why bytes are not a segment's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadHeader {
    /// A newer build wrote it.
    Newer(u32),
    /// It is not one, or is damaged.
    Damaged(&'static str),
}

/// Everything a frame changes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Head {
    /// The offset of its first record, or of the next one.
    pub(super) first: u64,
    /// How many records before `first` were cut away by a repair; else 0.
    pub(super) lost: u64,
    /// Sources as they are after it.
    pub(super) sources: Vec<SourceLine>,
    /// What changes in lanes, in order.
    pub(super) lanes: Vec<LaneLine>,
    /// The records in its data.
    pub(super) records: Vec<RecordLine>,
}

/// [`SourceState`] as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct SourceLine {
    source: SourceName,
    lease: u64,
    cursor: Option<Cursor>,
    heard_at: Option<Time>,
    read: u64,
    unmatched: u64,
    appended: u64,
}

/// A change to a lane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum LaneLine {
    /// It is made, or stands so: the first record not acknowledged, and the ranges acknowledged beyond it.
    Is(Lane, u64, Vec<(u64, u64)>),
    /// It acknowledges these ranges (from, and up to without).
    Acked(Lane, Vec<(u64, u64)>),
    /// It is forgotten.
    Dropped(Lane),
}

/// A record's key and length.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct RecordLine {
    /// What must stay in order shares it.
    pub(super) key: u64,
    /// Its length in the data.
    pub(super) len: u32,
}

/// A frame read back.
#[derive(Debug)]
pub(super) struct RawFrame {
    /// What it changes.
    pub(super) head: Head,
    /// Its records end to end.
    pub(super) data: Bytes,
    /// Its length in the file.
    pub(super) size: u64,
}

/// Why bytes are not a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadFrame {
    /// The file ends within it.
    Cut,
    /// Its header's mark or checksum is wrong.
    Header,
    /// Its body's checksum is wrong.
    Body,
    /// The checksums are right and the head is not.
    Head,
}

impl BadFrame {
    /// In words.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Cut => "the file ends within a frame",
            Self::Header => "no frame begins here",
            Self::Body => "a frame's checksum is wrong",
            Self::Head => "a frame's head can't be read",
        }
    }
}

impl Header {
    /// Its bytes.
    pub(super) fn encode(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&self.nonce.to_le_bytes());
        bytes.extend_from_slice(&self.number.to_le_bytes());
        bytes.extend_from_slice(&self.after.to_le_bytes());
        bytes.extend_from_slice(&self.base.to_le_bytes());
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    /// Reads a segment's first bytes. The version comes first: a newer build may have changed all that follows.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, BadHeader> {
        if bytes.len() < 12 || &bytes[..8] != MAGIC {
            return Err(BadHeader::Damaged("it does not begin like a segment"));
        }
        let version = u32_at(bytes, 8);
        let is_sound = |bytes: &[u8]| {
            bytes.len() >= HEADER && crc32fast::hash(&bytes[..40]) == u32_at(bytes, 40)
        };
        if version > VERSION {
            // With our version in its place it may be a header of ours, of which just this number is damaged.
            let mut ours = bytes.to_vec();
            ours[8..12].copy_from_slice(&VERSION.to_le_bytes());
            return Err(match is_sound(&ours) {
                true => BadHeader::Damaged("its version's number is wrong"),
                false => BadHeader::Newer(version),
            });
        }
        if !is_sound(bytes) {
            return Err(BadHeader::Damaged("its header's checksum is wrong"));
        }
        Ok(Self {
            nonce: u32_at(bytes, 12),
            number: u64_at(bytes, 16),
            after: u64_at(bytes, 24),
            base: u64_at(bytes, 32),
        })
    }
}

impl Head {
    /// The offset after its last record.
    pub(super) fn end(&self) -> u64 {
        self.first + self.records.len() as u64
    }
}

impl From<&SourceState> for SourceLine {
    fn from(state: &SourceState) -> Self {
        Self {
            source: state.source.clone(),
            lease: state.lease,
            cursor: state.cursor.clone(),
            heard_at: state.heard_at,
            read: state.read,
            unmatched: state.unmatched,
            appended: state.appended,
        }
    }
}

impl From<SourceLine> for SourceState {
    fn from(line: SourceLine) -> Self {
        Self {
            source: line.source,
            lease: line.lease,
            cursor: line.cursor,
            heard_at: line.heard_at,
            read: line.read,
            unmatched: line.unmatched,
            appended: line.appended,
        }
    }
}

/// A frame's bytes. `records` are the bytes that `head.records` tells the lengths of.
pub(super) fn encode_frame(nonce: u32, head: &Head, records: &[Bytes]) -> Vec<u8> {
    let n_data: usize = records.iter().map(Bytes::len).sum();
    let mut bytes = Vec::with_capacity(FRAME_HEADER + 256 + head.records.len() * 16 + n_data);
    bytes.resize(FRAME_HEADER, 0);
    bytes = postcard::to_extend(head, bytes)
        .expect("a head has no type that postcard refuses, and a Vec grows");
    let n_head = bytes.len() - FRAME_HEADER;
    for record in records {
        bytes.extend_from_slice(record);
    }
    bytes.push(END);
    let body_crc = crc32fast::hash(&bytes[FRAME_HEADER..]);
    bytes[..4].copy_from_slice(&MARK);
    bytes[4..8].copy_from_slice(&nonce.to_le_bytes());
    bytes[8..12].copy_from_slice(&length(n_head));
    bytes[12..16].copy_from_slice(&length(n_data));
    bytes[16..20].copy_from_slice(&body_crc.to_le_bytes());
    let header_crc = crc32fast::hash(&bytes[..20]);
    bytes[20..24].copy_from_slice(&header_crc.to_le_bytes());
    bytes
}

/// The length of the head in a frame's bytes.
pub(super) fn head_length(frame: &[u8]) -> usize {
    u32_at(frame, 8) as usize
}

fn length(n: usize) -> [u8; 4] {
    let n = u32::try_from(n).expect("what goes into a frame is checked against MOST_FRAME before");
    n.to_le_bytes()
}

/// Reads the next frame of a segment of which `room` bytes are left. The outer error is the disk's.
pub(super) fn read_frame(
    file: &mut impl Read,
    nonce: u32,
    room: u64,
) -> io::Result<Result<RawFrame, BadFrame>> {
    let mut header = [0; FRAME_HEADER];
    if room < FRAME_HEADER as u64 {
        return Ok(Err(BadFrame::Cut));
    }
    file.read_exact(&mut header)?;
    let Some((n_body, body_crc)) = read_frame_header(&header, nonce) else {
        return Ok(Err(BadFrame::Header));
    };
    let size = (FRAME_HEADER + n_body) as u64;
    if room < size {
        return Ok(Err(BadFrame::Cut));
    }
    let mut body = vec![0; n_body];
    file.read_exact(&mut body)?;
    if crc32fast::hash(&body) != body_crc || body.last() != Some(&END) {
        return Ok(Err(BadFrame::Body));
    }
    let n_head = head_length(&header);
    let Ok(head) = postcard::from_bytes::<Head>(&body[..n_head]) else {
        return Ok(Err(BadFrame::Head));
    };
    let data = Bytes::from(body).slice(n_head..size as usize - FRAME_HEADER - 1);
    let n_records: u64 = head.records.iter().map(|line| u64::from(line.len)).sum();
    if n_records != data.len() as u64 {
        return Ok(Err(BadFrame::Head));
    }
    Ok(Ok(RawFrame { head, data, size }))
}

/// The body's length and checksum, if these 24 bytes are a frame's header.
fn read_frame_header(header: &[u8], nonce: u32) -> Option<(usize, u32)> {
    let is_sound = header[..4] == MARK
        && u32_at(header, 4) == nonce
        && crc32fast::hash(&header[..20]) == u32_at(header, 20);
    let n_body = u32_at(header, 8) as usize + u32_at(header, 12) as usize + 1;
    (is_sound && n_body <= MOST_FRAME).then(|| (n_body, u32_at(header, 16)))
}

/// Where in `bytes` the first sound frame begins, if there is one.
pub(super) fn find_frame(bytes: &[u8], nonce: u32) -> Option<usize> {
    let mut start = [0; 8];
    start[..4].copy_from_slice(&MARK);
    start[4..].copy_from_slice(&nonce.to_le_bytes());
    let begins = |at: &usize| {
        let mut rest = &bytes[*at..];
        let room = rest.len() as u64;
        matches!(read_frame(&mut rest, nonce, room), Ok(Ok(_)))
    };
    let hits = bytes.windows(start.len()).enumerate();
    let hits = hits.filter(|(_, window)| *window == start);
    hits.map(|(at, _)| at).find(begins)
}

/// Where in `bytes` something begins that may have been a frame's header, and its nonce: for segments whose own header is gone.
pub(super) fn find_nonce(bytes: &[u8]) -> Option<u32> {
    let starts = bytes.windows(FRAME_HEADER).filter(|w| w[..4] == MARK);
    let mut nonces = starts.map(|window| (window, u32_at(window, 4)));
    nonces.find_map(|(window, nonce)| read_frame_header(window, nonce).map(|_| nonce))
}

/// Whether a sector of these last bytes of a segment, which begin at `at`, was never written: then they are the torn end of a write
/// that was never confirmed, and no damage to one that was.
pub(super) fn has_unwritten_sector(bytes: &[u8], at: u64) -> bool {
    let to_boundary = (SECTOR - at % SECTOR) as usize % SECTOR as usize;
    let (first, rest) = bytes.split_at(to_boundary.min(bytes.len()));
    let is_unwritten = |piece: &[u8]| !piece.is_empty() && piece.iter().all(|&byte| byte == 0);
    is_unwritten(first) || rest.chunks(SECTOR as usize).any(is_unwritten)
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let four = bytes[at..at + 4].try_into();
    u32::from_le_bytes(four.expect("a slice of four bytes is four bytes"))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let eight = bytes[at..at + 8].try_into();
    u64::from_le_bytes(eight.expect("a slice of eight bytes is eight bytes"))
}

#[cfg(test)]
mod tests;
