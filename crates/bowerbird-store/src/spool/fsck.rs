//! Looking at every byte of a closed spool, and repairing what is damaged.
//!
//! Looking changes nothing. A repair writes each damaged segment anew from its sound frames, says in the log which records are lost, and
//! puts the old file into the folder `damaged/` beside the segments. It deletes nothing.

mod repair;

use std::fs::{self, File};
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::Serialize;

use bowerbird_core::ids::Lane;
use bowerbird_core::spool::{LaneState, SourceState};

use super::error::{Damage, OpenError, io_error};
use super::format::{self, BadFrame, BadHeader, HEADER, Head, Header, RawFrame};
use super::lock;
use super::queue::LaneQueue;
use super::recover::is_torn;
use super::segment;
use super::state::Book;

/// What a look at a spool found.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Segment files.
    pub segments: u64,
    /// Sound records in them.
    pub records: u64,
    /// Bytes of all segment files.
    pub bytes: u64,
    /// Bytes of a write at the very end that was never confirmed. No damage: the next start cuts them.
    pub torn_bytes: u64,
    /// What is damaged or missing.
    pub damage: Vec<Damage>,
    /// Records that are gone with it, as far as their offsets tell.
    pub lost_records: u64,
    /// Where the lanes stand.
    pub lanes: Vec<LaneState>,
    /// What is kept of the sources.
    pub sources: Vec<SourceState>,
    /// Files that a repair put aside.
    pub moved: Vec<PathBuf>,
}

impl Report {
    /// Whether there is nothing to repair.
    pub fn is_sound(&self) -> bool {
        self.damage.is_empty()
    }
}

/// Looks at a spool that no process holds, and repairs it if told to and needed. The report is of what was there before the repair.
pub fn fsck(dir: &Path, repair: bool) -> Result<Report, OpenError> {
    let is_dir = fs::metadata(dir).map_err(io_error("looking for a spool in", dir))?;
    if !is_dir.is_dir() {
        let error = std::io::ErrorKind::NotADirectory.into();
        return Err(io_error("looking for a spool in", dir)(error));
    }
    let _lock = lock::take(dir)?;
    let files = segment::list(dir)?;
    let mut walk = Walk::default();
    for (number, path) in &files {
        let is_last = Some(number) == files.last().map(|last| &last.0);
        walk.see_segment(*number, path, is_last)?;
    }
    walk.look_for_missing_start();
    let mut report = walk.report();
    if repair && !report.is_sound() {
        report.moved = repair::repair(dir, &walk.segments)?;
    }
    Ok(report)
}

/// What was seen so far, oldest segment first.
#[derive(Debug, Default)]
struct Walk {
    segments: Vec<Walked>,
    book: Book,
    records: u64,
    bytes: u64,
    torn_bytes: u64,
    damage: Vec<Damage>,
    lost_records: u64,
}

/// A segment that was walked through.
#[derive(Debug)]
struct Walked {
    number: u64,
    path: PathBuf,
    /// What its frames hold; `None` where no frame is sound.
    nonce: Option<u32>,
    /// The offset it should begin with.
    base: u64,
    /// What it should begin with, where its own first frame is not sound.
    snapshot: Option<Head>,
    /// Where its sound frames begin.
    frames: Vec<u64>,
    is_damaged: bool,
}

impl Walk {
    fn report(&self) -> Report {
        let next = self.book.next;
        let lanes = self.book.lanes.iter();
        Report {
            segments: self.segments.len() as u64,
            records: self.records,
            bytes: self.bytes,
            torn_bytes: self.torn_bytes,
            damage: self.damage.clone(),
            lost_records: self.lost_records,
            lanes: lanes.map(|(lane, queue)| queue.state(lane, next)).collect(),
            sources: self.book.sources.values().cloned().collect(),
            moved: Vec::new(),
        }
    }

    fn see_segment(&mut self, number: u64, path: &Path, is_last: bool) -> Result<(), OpenError> {
        let reading = || io_error("reading", path);
        let mut file = File::open(path).map_err(reading())?;
        let length = file.metadata().map_err(reading())?.len();
        self.bytes += length;
        let mut walked = Walked {
            number,
            path: path.to_owned(),
            nonce: None,
            base: self.book.next,
            snapshot: None,
            frames: Vec::new(),
            is_damaged: false,
        };
        let header = self.see_header(&mut walked, &mut file)?;
        walked.nonce = match header {
            Some(header) => Some(header.nonce),
            None => format::find_nonce(&read_rest(&mut file, path, 0)?),
        };
        if self.segments.is_empty() {
            walked.base = header.map_or(0, |header| header.base);
            self.book.next = walked.base;
        }
        let before = self.segments.last().map(|before| before.number);
        if let (Some(header), Some(before)) = (header, before)
            && header.after != before
        {
            self.blame(&mut walked, 0, "the segment before it is missing");
        }
        if let Some(nonce) = walked.nonce {
            self.see_frames(&mut walked, &mut file, nonce, length, is_last)?;
        }
        self.segments.push(walked);
        Ok(())
    }

    fn blame(&mut self, walked: &mut Walked, at: u64, what: impl Into<String>) {
        self.damage.push(Damage::new(&walked.path, at, what));
        walked.is_damaged = true;
    }

    fn see_header(
        &mut self,
        walked: &mut Walked,
        file: &mut File,
    ) -> Result<Option<Header>, OpenError> {
        let mut start = Vec::new();
        let mut head = (&*file).take(HEADER as u64);
        head.read_to_end(&mut start)
            .map_err(io_error("reading", &walked.path))?;
        match Header::decode(&start) {
            Ok(header) if header.number == walked.number => return Ok(Some(header)),
            Ok(_) => self.blame(walked, 0, "its header holds another number"),
            Err(BadHeader::Damaged(what)) => self.blame(walked, 0, what),
            Err(BadHeader::Newer(version)) => {
                let file = walked.path.clone();
                return Err(OpenError::Newer { file, version });
            }
        }
        Ok(None)
    }

    fn see_frames(
        &mut self,
        walked: &mut Walked,
        file: &mut File,
        nonce: u32,
        length: u64,
        is_last: bool,
    ) -> Result<(), OpenError> {
        let mut at = HEADER as u64;
        let mut reader = BufReader::with_capacity(1 << 20, &mut *file);
        while at < length {
            seek(&mut reader, &walked.path, at)?;
            let frame = format::read_frame(&mut reader, nonce, length - at);
            match frame.map_err(io_error("reading", &walked.path))? {
                Ok(frame) => {
                    let size = frame.size;
                    self.see_frame(walked, at, frame);
                    at += size;
                }
                Err(bad) => {
                    let rest = read_rest(reader.get_mut(), &walked.path, at)?;
                    let Some(next) = format::find_frame(&rest, nonce) else {
                        self.see_end(walked, at, bad, &rest, is_last);
                        break;
                    };
                    self.blame(walked, at, bad.words());
                    at += next as u64;
                }
            }
        }
        if walked.frames.first() != Some(&(HEADER as u64)) {
            walked.is_damaged = true;
        }
        Ok(())
    }

    fn see_frame(&mut self, walked: &mut Walked, at: u64, frame: RawFrame) {
        let head = frame.head;
        let expected = self.book.next + head.lost;
        if head.first < expected {
            return self.blame(walked, at, "a frame stands out of order");
        }
        if head.first > expected {
            let what = format!("records {expected} to {} are missing", head.first);
            self.lost_records += head.first - expected;
            self.blame(walked, at, what);
        }
        if at == HEADER as u64 {
            self.book = Book::default();
        } else if walked.frames.is_empty() {
            self.keep_store_lane(walked.base);
            walked.snapshot = Some(self.book.snapshot());
        }
        walked.frames.push(at);
        self.records += head.records.len() as u64;
        self.book.apply(head);
    }

    /// A spool always has the store's lane. Where what it acknowledged is lost, it begins at the oldest record.
    fn keep_store_lane(&mut self, base: u64) {
        let lanes = &mut self.book.lanes;
        lanes
            .entry(Lane::store())
            .or_insert_with(|| LaneQueue::new(base, &[]));
    }

    /// A segment's last bytes, which are no frame.
    fn see_end(&mut self, walked: &mut Walked, at: u64, bad: BadFrame, rest: &[u8], is_last: bool) {
        if is_last && is_torn(bad, rest, at) {
            self.torn_bytes = rest.len() as u64;
        } else {
            self.blame(walked, at, bad.words());
        }
    }

    /// That the oldest segment reaches back to what lanes still need.
    fn look_for_missing_start(&mut self) {
        let first_wanted = self.book.first_wanted();
        let Some(oldest) = self.segments.first_mut() else {
            return;
        };
        if oldest.base > first_wanted {
            let what = format!("records {first_wanted} to {} are missing", oldest.base);
            self.damage.push(Damage::new(&oldest.path, 0, what));
            self.lost_records += oldest.base - first_wanted;
            oldest.base = first_wanted;
            oldest.is_damaged = true;
        }
    }
}

fn seek(file: &mut impl Seek, path: &Path, at: u64) -> Result<(), OpenError> {
    let sought = file.seek(SeekFrom::Start(at));
    sought.map(drop).map_err(io_error("reading", path))
}

fn read_rest(file: &mut File, path: &Path, at: u64) -> Result<Vec<u8>, OpenError> {
    seek(file, path, at)?;
    let mut rest = Vec::new();
    file.read_to_end(&mut rest)
        .map_err(io_error("reading", path))?;
    Ok(rest)
}
