//! Opening a spool: which segments there are, what they say, and cutting a torn end.
//!
//! Only the last segment is read whole; it begins with the state of everything. Older ones are checked as lanes read them, or by `fsck`.
//! Nothing is changed before all of it is known to be sound.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use bowerbird_core::ids::Lane;

use super::error::{Damage, OpenError, io_error};
use super::format::{self, BadFrame, HEADER, RawFrame};
use super::queue::LaneQueue;
use super::segment::{self, SegmentFile};
use super::state::{Book, Segment, State};

/// Reads a spool's directory; makes the first segment where there is none.
pub(super) fn recover(dir: &Path) -> Result<(State, SegmentFile), OpenError> {
    let mut segments = VecDeque::new();
    for (number, path) in segment::list(dir)? {
        segments.push_back(segment::read_header(number, &path)?);
    }
    let Some(mut last) = segments.pop_back() else {
        return begin(dir);
    };
    let mut book = Book::default();
    let end = scan(&mut last, |frame| book.apply(frame.head))?;
    if let End::Damaged(damage) = end {
        return Err(damage.into());
    }
    segments.push_back(last);
    check_order(&segments, &book)?;
    if let (End::Torn { bytes }, Some(last)) = (end, segments.back()) {
        cut(last, bytes)?;
    }
    segment::remove_unfinished(dir).map_err(io_error("tidying", dir))?;
    remove_done(dir, &mut segments, &book).map_err(io_error("removing segments from", dir))?;
    let last = segments.back().expect("the last segment is never removed");
    let file = SegmentFile::open(last).map_err(io_error("opening", &last.path))?;
    let state = State {
        book,
        segments,
        ..State::default()
    };
    Ok((state, file))
}

/// An empty spool: the store's lane, and nothing else.
fn begin(dir: &Path) -> Result<(State, SegmentFile), OpenError> {
    let mut book = Book::default();
    book.lanes.insert(Lane::store(), LaneQueue::new(0, &[]));
    let created = segment::create(dir, 1, &book.snapshot());
    let (file, first) = created.map_err(io_error("making a segment in", dir))?;
    let state = State {
        book,
        segments: VecDeque::from([first]),
        ..State::default()
    };
    Ok((state, file))
}

/// How a segment ends.
#[derive(Debug)]
pub(super) enum End {
    /// With a whole frame.
    Whole,
    /// With so many bytes of a frame that was being written when the process or the machine stopped, and never confirmed.
    Torn {
        /// How many.
        bytes: u64,
    },
    /// It does not: from here on something else stands where frames were.
    Damaged(Damage),
}

/// Reads a segment's frames in order, and sets its length to where the sound ones end.
pub(super) fn scan(segment: &mut Segment, mut see: impl FnMut(RawFrame)) -> Result<End, OpenError> {
    let path = segment.path.clone();
    let reading = || io_error("reading", &path);
    let mut file = File::open(&path).map_err(reading())?;
    file.seek(SeekFrom::Start(HEADER as u64))
        .map_err(reading())?;
    let mut file = BufReader::with_capacity(1 << 20, file);
    let length = segment.bytes;
    segment.bytes = HEADER as u64;
    let mut next = segment.base;
    while segment.bytes < length {
        let at = segment.bytes;
        match format::read_frame(&mut file, segment.nonce, length - at).map_err(reading())? {
            Ok(frame) if frame.head.first != next + frame.head.lost => {
                let what = format!("records {next} to {} are missing", frame.head.first);
                return Ok(End::Damaged(Damage::new(&path, at, what)));
            }
            Ok(frame) => {
                segment.grow(frame.head.first, frame.size);
                next = frame.head.end();
                see(frame);
            }
            Err(bad) => {
                let mut file = file.into_inner();
                file.seek(SeekFrom::Start(at)).map_err(reading())?;
                let mut rest = Vec::new();
                file.take(length - at)
                    .read_to_end(&mut rest)
                    .map_err(reading())?;
                return Ok(judge(segment, bad, &rest));
            }
        }
    }
    if segment.bytes == HEADER as u64 {
        return Ok(End::Damaged(Damage::new(
            &path,
            segment.bytes,
            "it holds no frame",
        )));
    }
    Ok(End::Whole)
}

/// Tells a torn end from damage.
fn judge(segment: &Segment, bad: BadFrame, rest: &[u8]) -> End {
    let at = segment.bytes;
    let is_first = at == HEADER as u64;
    if !is_first && is_torn(bad, rest, at) && format::find_frame(rest, segment.nonce).is_none() {
        let bytes = rest.len() as u64;
        return End::Torn { bytes };
    }
    End::Damaged(Damage::new(&segment.path, at, bad.words()))
}

/// Whether the last bytes of the last segment, which begin at `at`, may be a write that was never confirmed. Frames are written one at a time
/// and synced before the next, so that only the last one can be torn; and a torn one is too short, or has a sector that was never written.
pub(super) fn is_torn(bad: BadFrame, rest: &[u8], at: u64) -> bool {
    bad == BadFrame::Cut || format::has_unwritten_sector(rest, at)
}

/// That no segment is missing which a lane still needs.
fn check_order(segments: &VecDeque<Segment>, book: &Book) -> Result<(), OpenError> {
    let first_wanted = book.first_wanted();
    let pairs = segments.iter().zip(segments.iter().skip(1));
    for (older, newer) in pairs {
        let is_gap = newer.after != older.number || newer.base < older.base;
        if is_gap && newer.base > first_wanted {
            return Err(missing_after(older).into());
        }
    }
    match segments.front() {
        Some(oldest) if oldest.base > first_wanted => {
            let what = format!(
                "the segments before it are missing, and a lane still needs record {first_wanted}"
            );
            Err(Damage::new(&oldest.path, 0, what).into())
        }
        _ => Ok(()),
    }
}

fn missing_after(segment: &Segment) -> Damage {
    Damage::new(
        &segment.path,
        segment.bytes,
        "the segment after it is missing",
    )
}

fn cut(segment: &Segment, bytes: u64) -> Result<(), OpenError> {
    tracing::warn!(
        spool.file = %segment.path.display(),
        spool.at = segment.bytes,
        spool.torn_bytes = bytes,
        "Cut the torn end of a write that was never confirmed"
    );
    let cutting = || io_error("cutting the torn end of", &segment.path);
    let file = File::options()
        .write(true)
        .open(&segment.path)
        .map_err(cutting())?;
    file.set_len(segment.bytes).map_err(cutting())?;
    file.sync_all().map_err(cutting())
}

/// Removes the oldest segments as long as every lane has acknowledged all of their records.
pub(super) fn remove_done(
    dir: &Path,
    segments: &mut VecDeque<Segment>,
    book: &Book,
) -> io::Result<()> {
    let first_wanted = book.first_wanted();
    let mut has_removed = false;
    while segments
        .get(1)
        .is_some_and(|second| second.base <= first_wanted)
    {
        match fs::remove_file(&segments[0].path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => segments.pop_front(),
        };
        has_removed = true;
    }
    match has_removed {
        true => segment::sync_dir(dir),
        false => Ok(()),
    }
}
