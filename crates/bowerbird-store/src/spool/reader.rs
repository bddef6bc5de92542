//! Reading records back from segment files: one frame at a time, in order, with the file kept open between two calls.

use std::fs::File;
use std::io::{self, BufReader, Seek, SeekFrom};

use super::error::{Damage, io_text};
use super::format::{self, RawFrame};
use super::state::Location;
use super::tail::{Fetched, Frame, Room};

const BUFFER: usize = 128 << 10;

/// A lane's two places in the log.
#[derive(Debug, Default)]
pub(super) struct LaneReaders {
    /// Where it reads what it has not looked at.
    pub(super) fresh: LogReader,
    /// Where it reads what it is given again.
    pub(super) again: LogReader,
}

/// One place in the log.
#[derive(Debug, Default)]
pub(super) struct LogReader(Option<OpenSegment>);

/// An open segment, read up to a frame's end.
#[derive(Debug)]
struct OpenSegment {
    number: u64,
    file: BufReader<File>,
    /// Where the next frame begins.
    at: u64,
    /// The offset that the next frame begins with.
    next: u64,
    /// The last frame with records.
    frame: Option<Frame>,
}

impl LogReader {
    /// Records from `from` on, out of one segment. Blocks on the disk.
    pub(super) fn read(
        &mut self,
        location: &Location,
        from: u64,
        mut room: Room,
    ) -> Result<Fetched, String> {
        let mut fetched = Fetched::from(from);
        let mut open = match self.0.take().filter(|open| open.can_reach(location, from)) {
            Some(open) => open,
            None => match OpenSegment::open(location) {
                Ok(open) => open,
                // Every lane acknowledged it between the look into the list and now.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    fetched.reached = from.max(location.until);
                    return Ok(fetched);
                }
                Err(error) => return Err(io_text("reading", &location.segment.path, &error)),
            },
        };
        loop {
            let has_room = match &open.frame {
                Some(frame) => frame.fetch(&mut room, &mut fetched),
                None => true,
            };
            if !has_room || open.at >= location.segment.bytes {
                break;
            }
            open.read_frame(location)?;
        }
        if open.at >= location.segment.bytes {
            open.check_end(location)?;
            if open
                .frame
                .as_ref()
                .is_none_or(|frame| frame.end() <= fetched.reached)
            {
                fetched.reached = fetched.reached.max(open.next);
            }
        }
        self.0 = Some(open);
        Ok(fetched)
    }
}

impl OpenSegment {
    fn open(location: &Location) -> io::Result<Self> {
        let mut file = File::open(&location.segment.path)?;
        let (next, at) = location.mark;
        file.seek(SeekFrom::Start(at))?;
        Ok(Self {
            number: location.segment.number,
            file: BufReader::with_capacity(BUFFER, file),
            at,
            next,
            frame: None,
        })
    }

    /// Whether reading on from here finds `from` first, no later than a new reader would.
    fn can_reach(&self, location: &Location, from: u64) -> bool {
        let has_it = self.frame.as_ref().is_some_and(|frame| frame.holds(from));
        let is_before = self.next <= from && self.at >= location.mark.1;
        self.number == location.segment.number && (has_it || is_before)
    }

    fn read_frame(&mut self, location: &Location) -> Result<(), String> {
        let segment = &location.segment;
        let room = segment.bytes - self.at;
        let frame = format::read_frame(&mut self.file, segment.nonce, room)
            .map_err(|error| io_text("reading", &segment.path, &error))?;
        let RawFrame { head, data, size } =
            frame.map_err(|bad| Damage::new(&segment.path, self.at, bad.words()).advice())?;
        if head.first != self.next + head.lost {
            let what = format!("records {} to {} are missing", self.next, head.first);
            return Err(Damage::new(&segment.path, self.at, what).advice());
        }
        self.at += size;
        self.next = head.end();
        if !head.records.is_empty() {
            self.frame = Some(Frame::new(&head, data));
        }
        Ok(())
    }

    /// That the segment's last record is the one before the next segment's first.
    fn check_end(&self, location: &Location) -> Result<(), String> {
        if self.next == location.until {
            return Ok(());
        }
        let what = format!("records {} to {} are missing", self.next, location.until);
        Err(Damage::new(&location.segment.path, self.at, what).advice())
    }
}
