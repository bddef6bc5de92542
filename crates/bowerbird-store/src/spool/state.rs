//! What the spool knows in memory: [`Book`], which is what the frames say, and [`State`], which adds where the frames are.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use bowerbird_core::ids::{Lane, SourceName};
use bowerbird_core::spool::{SourceState, SpoolError};

use super::format::{Head, LaneLine, SourceLine};
use super::queue::LaneQueue;
use super::reader::LaneReaders;
use super::tail::Tail;

/// Sources, lanes and the next offset. Writing and recovering use the one [`Book::apply`].
#[derive(Debug, Default)]
pub(super) struct Book {
    /// Every source ever taken.
    pub(super) sources: BTreeMap<SourceName, SourceState>,
    /// Every lane.
    pub(super) lanes: BTreeMap<Lane, LaneQueue>,
    /// The offset the next record gets.
    pub(super) next: u64,
}

/// A segment file, as far as it is written and synced.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    /// Its place among the segments.
    pub(super) number: u64,
    /// The number of the one before it.
    pub(super) after: u64,
    /// The offset of the first record appended to it.
    pub(super) base: u64,
    /// In each of its frames.
    pub(super) nonce: u32,
    /// Its length.
    pub(super) bytes: u64,
    /// The file.
    pub(super) path: PathBuf,
    /// Some of its frames as (first offset, place in the file), so that a reader need not begin at the start.
    pub(super) marks: Vec<(u64, u64)>,
}

/// Every how many bytes a segment's frames are marked.
const MARK_EVERY: u64 = 64 << 10;

/// Everything behind the one lock.
#[derive(Debug, Default)]
pub(super) struct State {
    /// What the frames say.
    pub(super) book: Book,
    /// The segments, oldest first; never empty.
    pub(super) segments: VecDeque<Segment>,
    /// The last frames.
    pub(super) tail: Tail,
    /// Each lane's open files.
    pub(super) readers: HashMap<Lane, Arc<tokio::sync::Mutex<LaneReaders>>>,
    /// Why no append is taken any more.
    pub(super) failed: Option<String>,
}

/// Where a reader finds a record.
#[derive(Debug)]
pub(super) struct Location {
    /// The segment as it was when asked.
    pub(super) segment: Segment,
    /// The offset of a frame at or before the record, and the frame's place.
    pub(super) mark: (u64, u64),
    /// The offset after the segment's last record.
    pub(super) until: u64,
}

/// What the spool's callers and its writer share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// Told when a lease may find something new.
    pub(super) changed: Notify,
}

impl Book {
    /// Makes true what a frame says.
    pub(super) fn apply(&mut self, head: Head) {
        self.next = head.end();
        for line in head.sources {
            let state = SourceState::from(line);
            self.sources.insert(state.source.clone(), state);
        }
        for line in head.lanes {
            match line {
                LaneLine::Is(lane, position, acked) => {
                    self.lanes.insert(lane, LaneQueue::new(position, &acked));
                }
                LaneLine::Acked(lane, ranges) => {
                    if let Some(queue) = self.lanes.get_mut(&lane) {
                        for (from, until) in ranges {
                            queue.ack(from, until);
                        }
                    }
                }
                LaneLine::Dropped(lane) => {
                    self.lanes.remove(&lane);
                }
            }
        }
    }

    /// The frame that says all of this: what a segment begins with.
    pub(super) fn snapshot(&self) -> Head {
        let is = |(lane, queue): (&Lane, &LaneQueue)| {
            LaneLine::Is(lane.clone(), queue.position(), queue.acked())
        };
        Head {
            first: self.next,
            sources: self.sources.values().map(SourceLine::from).collect(),
            lanes: self.lanes.iter().map(is).collect(),
            ..Head::default()
        }
    }

    /// The first record that some lane has not acknowledged.
    pub(super) fn first_wanted(&self) -> u64 {
        let positions = self.lanes.values().map(LaneQueue::position);
        positions.min().unwrap_or(self.next)
    }

    /// Whether every lane has acknowledged everything.
    pub(super) fn is_drained(&self) -> bool {
        self.first_wanted() >= self.next
    }

    /// A lane, or that there is none.
    pub(super) fn lane(&self, lane: &Lane) -> Result<&LaneQueue, SpoolError> {
        self.lanes.get(lane).ok_or_else(|| unknown_lane(lane))
    }

    /// A lane, or that there is none.
    pub(super) fn lane_mut(&mut self, lane: &Lane) -> Result<&mut LaneQueue, SpoolError> {
        self.lanes.get_mut(lane).ok_or_else(|| unknown_lane(lane))
    }
}

fn unknown_lane(lane: &Lane) -> SpoolError {
    SpoolError::Unknown(format!("no lane `{lane}`"))
}

impl Segment {
    /// A frame was written at its end.
    pub(super) fn grow(&mut self, first: u64, frame_bytes: u64) {
        let is_far = |&(_, at): &(u64, u64)| self.bytes - at >= MARK_EVERY;
        if self.marks.last().is_none_or(is_far) {
            self.marks.push((first, self.bytes));
        }
        self.bytes += frame_bytes;
    }
}

impl State {
    /// Bytes of all segments.
    pub(super) fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }

    /// The oldest record kept.
    pub(super) fn oldest(&self) -> u64 {
        self.segments.front().map_or(self.book.next, |s| s.base)
    }

    /// Where `offset` is; for one that is gone, where the oldest is.
    pub(super) fn locate(&self, offset: u64) -> Option<Location> {
        let after = self.segments.partition_point(|s| s.base <= offset).max(1);
        let segment = self.segments.get(after - 1)?;
        let marked = segment.marks.partition_point(|mark| mark.0 <= offset);
        let mark = marked.checked_sub(1).map(|n| segment.marks[n]);
        let start = (segment.base, super::format::HEADER as u64);
        Some(Location {
            mark: mark.unwrap_or(start),
            until: self.segments.get(after).map_or(self.book.next, |s| s.base),
            segment: Segment {
                marks: Vec::new(),
                path: segment.path.clone(),
                ..*segment
            },
        })
    }
}

impl Shared {
    /// Around what was recovered.
    pub(super) fn new(state: State) -> Self {
        Self {
            state: Mutex::new(state),
            changed: Notify::new(),
        }
    }

    /// The state. A panic while it was held left it whole: every change is made by plain assignments.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
