//! A frame in the making: requests are checked against the state, and against what came before them in the same frame.

use bytes::Bytes;

use bowerbird_core::ids::{Lane, SourceName};
use bowerbird_core::spool::{Append, Entry, LaneStart, SourceState, SpoolError};

use super::format::{Head, LaneLine, MOST_FRAME, RecordLine, SourceLine};
use super::ranges;
use super::state::State;
use super::writer::Request;

/// How many lanes a spool may have: each costs memory, and every segment begins with all of them.
const MOST_LANES: usize = 100;
/// How many sources a spool may have, for the same reason.
const MOST_SOURCES: usize = 1_000;
/// How long a cursor may be, for the same reason.
const MOST_CURSOR: usize = 64 << 10;
/// How much one append may cost. A frame is one append and less than as much again of others.
const MOST_APPEND: u64 = MOST_FRAME as u64 / 2;

/// What is to be written as one frame.
#[derive(Debug)]
pub(super) struct Draft {
    /// What it changes.
    pub(super) head: Head,
    /// Its records' bytes.
    pub(super) records: Vec<Bytes>,
}

/// A draft while the state is locked.
#[derive(Debug)]
pub(super) struct Drafting<'a> {
    state: &'a State,
    max_bytes: u64,
    /// The log's length with everything added so far.
    bytes: u64,
    /// Sources as they are after everything added so far.
    sources: Vec<SourceState>,
    draft: Draft,
}

impl Draft {
    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        let head = &self.head;
        head.sources.is_empty() && head.lanes.is_empty() && head.records.is_empty()
    }
}

impl<'a> Drafting<'a> {
    /// An empty draft on this state.
    pub(super) fn new(state: &'a State, max_bytes: u64) -> Self {
        let head = Head {
            first: state.book.next,
            ..Head::default()
        };
        Self {
            state,
            max_bytes,
            bytes: state.bytes(),
            sources: Vec::new(),
            draft: Draft {
                head,
                records: Vec::new(),
            },
        }
    }

    /// What came together.
    pub(super) fn finish(mut self) -> Draft {
        self.draft.head.sources = self.sources.iter().map(SourceLine::from).collect();
        self.draft
    }

    /// Adds a request: what to answer when it is written, or why it can't be done.
    pub(super) fn add(&mut self, request: Request) -> Result<u64, SpoolError> {
        let cost = request.cost();
        match request {
            Request::Take(source) => self.take(&source),
            Request::Append(append) => self.append(append, cost),
            Request::OpenLane(lane, start) => self.open_lane(lane, start),
            Request::DropLane(lane) => self.drop_lane(lane),
            Request::Ack(lane, offsets) => self.ack(lane, &offsets),
            Request::Bury(lane, offset, entry) => self.bury(lane, offset, entry),
        }
    }

    fn take(&mut self, name: &SourceName) -> Result<u64, SpoolError> {
        let sources = &self.state.book.sources;
        if !sources.contains_key(name) && sources.len() >= MOST_SOURCES {
            let what = format!("a spool has at most {MOST_SOURCES} sources");
            return Err(SpoolError::Unknown(what));
        }
        let state = sources.get(name).cloned();
        let mut state = state.unwrap_or_else(|| SourceState::new(name.clone()));
        state.lease += 1;
        let lease = state.lease;
        self.sources.push(state);
        Ok(lease)
    }

    fn append(&mut self, append: Append, cost: u64) -> Result<u64, SpoolError> {
        let place = self.sources.iter().position(|s| s.source == append.source);
        let state = match place {
            Some(place) => self.sources.get(place),
            None => self.state.book.sources.get(&append.source),
        };
        let Some(state) = state.filter(|state| state.lease == append.lease) else {
            return Err(SpoolError::LeaseLost(append.source));
        };
        if append
            .cursor
            .as_ref()
            .is_some_and(|cursor| cursor.0.len() > MOST_CURSOR)
        {
            let what = format!("a cursor has at most {MOST_CURSOR} bytes");
            return Err(SpoolError::Unknown(what));
        }
        self.check_room(cost)?;
        let mut state = state.clone();
        state.advance(&append);
        match place {
            Some(place) => self.sources[place] = state,
            None => self.sources.push(state),
        }
        self.bytes += cost;
        let first = self.draft.head.end();
        append
            .entries
            .into_iter()
            .for_each(|entry| self.push(entry));
        Ok(first)
    }

    /// The writer has begun a new segment before, if that makes room: what does not fit into a drained spool never will.
    fn check_room(&self, cost: u64) -> Result<(), SpoolError> {
        let limit = self.max_bytes;
        if cost > limit.min(MOST_APPEND) {
            return Err(SpoolError::never_fits(cost, limit.min(MOST_APPEND)));
        }
        if self.bytes + cost <= limit {
            return Ok(());
        }
        if self.state.book.is_drained() && self.draft.records.is_empty() {
            return Err(SpoolError::never_fits(cost, limit));
        }
        let bytes = self.bytes;
        Err(SpoolError::Full { bytes, limit })
    }

    fn push(&mut self, entry: Entry) {
        let len = u32::try_from(entry.bytes.len()).expect("an append is shorter than MOST_APPEND");
        let key = entry.key;
        self.draft.head.records.push(RecordLine { key, len });
        self.draft.records.push(entry.bytes);
    }

    fn open_lane(&mut self, lane: Lane, start: LaneStart) -> Result<u64, SpoolError> {
        let book = &self.state.book;
        if book.lanes.contains_key(&lane) {
            return Ok(0);
        }
        if book.lanes.len() >= MOST_LANES {
            let what = format!("a spool has at most {MOST_LANES} lanes");
            return Err(SpoolError::Unknown(what));
        }
        let position = match start {
            LaneStart::Oldest => self.state.oldest(),
            LaneStart::Newest => book.next,
        };
        let line = LaneLine::Is(lane, position, Vec::new());
        self.draft.head.lanes.push(line);
        Ok(0)
    }

    fn drop_lane(&mut self, lane: Lane) -> Result<u64, SpoolError> {
        self.state.book.lane(&lane)?;
        if lane == Lane::store() {
            return Err(SpoolError::keeps_store_lane());
        }
        self.draft.head.lanes.push(LaneLine::Dropped(lane));
        Ok(0)
    }

    fn ack(&mut self, lane: Lane, offsets: &[u64]) -> Result<u64, SpoolError> {
        let queue = self.state.book.lane(&lane)?;
        let next = self.state.book.next;
        if let Some(offset) = offsets.iter().find(|&&offset| offset >= next) {
            return Err(SpoolError::Unknown(format!("no record {offset}")));
        }
        let mut ranges = ranges::runs(offsets);
        ranges.retain(|&(from, until)| (from..until).any(|offset| !queue.has_acked(offset)));
        if !ranges.is_empty() {
            self.draft.head.lanes.push(LaneLine::Acked(lane, ranges));
        }
        Ok(0)
    }

    fn bury(&mut self, lane: Lane, offset: u64, entry: Entry) -> Result<u64, SpoolError> {
        if self.state.book.lane(&lane)?.has_acked(offset) {
            return Err(SpoolError::not_waiting(&lane, offset));
        }
        let line = LaneLine::Acked(lane, vec![(offset, offset + 1)]);
        self.draft.head.lanes.push(line);
        self.push(entry);
        Ok(0)
    }
}
