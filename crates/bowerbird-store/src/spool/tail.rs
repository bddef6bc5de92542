//! Frames in memory: the last ones written, for lanes that have caught up, and the one that a laggard reads from.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use super::format::{Head, RecordLine};

/// How many bytes of the log's end stay in memory.
const TAIL_BYTES: usize = 16 << 20;

/// A record as the log has it; its bytes are a slice of its frame's.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    /// Its place in the log.
    pub(super) offset: u64,
    /// What must stay in order shares it.
    pub(super) key: u64,
    /// The encoded record.
    pub(super) bytes: Bytes,
}

/// What a look into the log found.
#[derive(Debug, Default)]
pub(super) struct Fetched {
    /// Records in order.
    pub(super) records: Vec<Stored>,
    /// Everything before this was looked at.
    pub(super) reached: u64,
}

impl Fetched {
    /// Nothing yet, from here on.
    pub(super) fn from(offset: u64) -> Self {
        Self {
            records: Vec::new(),
            reached: offset,
        }
    }

    /// Bytes of its records.
    pub(super) fn n_bytes(&self) -> usize {
        self.records.iter().map(|record| record.bytes.len()).sum()
    }
}

/// How much a look into the log may bring.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// So many records.
    pub(super) records: usize,
    /// About so many bytes; the first record may be greater.
    pub(super) bytes: usize,
}

/// The records of one frame.
#[derive(Debug)]
pub(super) struct Frame {
    first: u64,
    /// Each record's key, and where it ends in the data.
    lines: Vec<(u64, usize)>,
    data: Bytes,
}

impl Frame {
    /// The records that `head` tells of.
    pub(super) fn new(head: &Head, data: Bytes) -> Self {
        let mut end = 0;
        let line = |line: &RecordLine| {
            end += line.len as usize;
            (line.key, end)
        };
        let lines = head.records.iter().map(line).collect();
        let first = head.first;
        Self { first, lines, data }
    }

    /// The offset after its last record.
    pub(super) fn end(&self) -> u64 {
        self.first + self.lines.len() as u64
    }

    /// Whether this record is one of its own.
    pub(super) fn holds(&self, offset: u64) -> bool {
        (self.first..self.end()).contains(&offset)
    }

    /// Adds its records from `fetched.reached` on; whether there is room for more.
    pub(super) fn fetch(&self, room: &mut Room, fetched: &mut Fetched) -> bool {
        let skipped = fetched.reached.saturating_sub(self.first) as usize;
        let mut start = match skipped {
            0 => 0,
            n => self.lines.get(n - 1).map_or(self.data.len(), |line| line.1),
        };
        for (n, &(key, end)) in self.lines.iter().enumerate().skip(skipped) {
            let is_over = end - start > room.bytes && !fetched.records.is_empty();
            if room.records == 0 || is_over {
                return false;
            }
            let offset = self.first + n as u64;
            let bytes = self.data.slice(start..end);
            room.records -= 1;
            room.bytes = room.bytes.saturating_sub(bytes.len());
            fetched.records.push(Stored { offset, key, bytes });
            fetched.reached = offset + 1;
            start = end;
        }
        true
    }
}

/// The last frames written, bounded by [`TAIL_BYTES`].
#[derive(Debug, Default)]
pub(super) struct Tail {
    frames: VecDeque<Arc<Frame>>,
    n_bytes: usize,
}

impl Tail {
    /// Adds a frame just written.
    pub(super) fn push(&mut self, frame: Frame) {
        if frame.lines.is_empty() {
            return;
        }
        self.n_bytes += frame.data.len();
        self.frames.push_back(Arc::new(frame));
        while self.n_bytes > TAIL_BYTES
            && let Some(oldest) = self.frames.pop_front()
        {
            self.n_bytes -= oldest.data.len();
        }
    }

    /// Records from `offset` on, if they are all still here.
    pub(super) fn fetch(&self, offset: u64, mut room: Room) -> Option<Fetched> {
        if self.frames.front()?.first > offset {
            return None;
        }
        let mut fetched = Fetched::from(offset);
        let begin = self.frames.partition_point(|frame| frame.end() <= offset);
        for frame in self.frames.range(begin..) {
            if !frame.fetch(&mut room, &mut fetched) {
                break;
            }
        }
        Some(fetched)
    }
}
