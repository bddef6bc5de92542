//! Where one lane stands: what it has acknowledged, and how each record stands that it looked at and has not.
//!
//! Pure: it is handed the time and the records, and knows no file. Only position and acknowledgements are durable; all else is of this
//! process.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use tokio::time::Instant;

use bowerbird_core::ids::Lane;
use bowerbird_core::spool::LaneState;

use super::ranges::Ranges;
use super::tail::Stored;

/// How many records a lane may have looked at and not acknowledged. A lane that reaches this gets nothing new until it answers.
pub(super) const MOST_OPEN: usize = 65_536;

/// A lane.
#[derive(Debug, Default)]
pub(super) struct LaneQueue {
    /// The first record not acknowledged.
    position: u64,
    /// What is acknowledged beyond it.
    acked: Ranges,
    /// The first record not looked at yet.
    scan: u64,
    /// Records looked at and not acknowledged.
    open: BTreeMap<u64, Open>,
    /// Of those, the ones that may be given.
    ready: BTreeSet<u64>,
    /// Of those, the ones that wait for a retry, by when.
    delayed: BTreeSet<(Instant, u64)>,
    /// The keys of those that wait for a retry.
    keys: HashMap<u64, WaitingKey>,
    /// Leases by when they run out, which is the order they were given in, each with the first and last record given.
    leases: VecDeque<(Instant, u64, u64)>,
}

#[derive(Debug)]
struct Open {
    key: u64,
    attempts: u32,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ready,
    Leased { until: Instant },
    Delayed { until: Instant },
    Held,
}

/// Records of one key of which some wait for a retry.
#[derive(Debug, Default)]
struct WaitingKey {
    delayed: BTreeSet<u64>,
    held: BTreeSet<u64>,
}

impl LaneQueue {
    /// A lane that stands so.
    pub(super) fn new(position: u64, acked: &[(u64, u64)]) -> Self {
        let mut queue = Self {
            position,
            scan: position,
            ..Self::default()
        };
        for &(from, until) in acked {
            queue.ack(from, until);
        }
        queue
    }

    /// The first record not acknowledged.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// The ranges acknowledged beyond the position.
    pub(super) fn acked(&self) -> Vec<(u64, u64)> {
        self.acked.to_vec()
    }

    /// Whether it has acknowledged this record.
    pub(super) fn has_acked(&self, offset: u64) -> bool {
        offset < self.position || self.acked.end_of(offset).is_some()
    }

    /// These are done.
    pub(super) fn ack(&mut self, from: u64, until: u64) {
        let done: Vec<u64> = self.open.range(from..until).map(|(&o, _)| o).collect();
        for offset in done {
            if let Some(open) = self.open.remove(&offset) {
                self.unlink(offset, &open);
            }
        }
        self.acked.insert(from.max(self.position), until);
        self.position = self.acked.take_up_to_hole(self.position);
        self.scan = self.scan.max(self.position);
        while self
            .leases
            .front()
            .is_some_and(|lease| lease.2 < self.position)
        {
            self.leases.pop_front();
        }
    }

    /// Gives one back, not to be given before `until`. Whether it ever was given.
    pub(super) fn retry(&mut self, offset: u64, until: Instant) -> bool {
        let Some(mut open) = self.open.remove(&offset) else {
            return false;
        };
        let was_given = open.attempts > 0;
        if was_given {
            self.unlink(offset, &open);
            open.state = State::Delayed { until };
            self.delayed.insert((until, offset));
            self.keys
                .entry(open.key)
                .or_default()
                .delayed
                .insert(offset);
        }
        self.open.insert(offset, open);
        was_given
    }

    /// Takes a record out of the indexes that its state put it in.
    fn unlink(&mut self, offset: u64, open: &Open) {
        match open.state {
            State::Ready => {
                self.ready.remove(&offset);
            }
            State::Leased { .. } => {}
            State::Delayed { until } => {
                self.delayed.remove(&(until, offset));
                self.release_key(open.key, offset);
            }
            State::Held => {
                if let Some(waiting) = self.keys.get_mut(&open.key) {
                    waiting.held.remove(&offset);
                }
            }
        }
    }

    /// A record no longer waits: those behind it are looked at again by [`Self::choose`].
    fn release_key(&mut self, key: u64, offset: u64) {
        let Some(waiting) = self.keys.get_mut(&key) else {
            return;
        };
        waiting.delayed.remove(&offset);
        for held in std::mem::take(&mut waiting.held) {
            if let Some(open) = self.open.get_mut(&held) {
                open.state = State::Ready;
                self.ready.insert(held);
            }
        }
        if waiting.delayed.is_empty() {
            self.keys.remove(&key);
        }
    }

    /// Lets time come: leases run out, retries are due.
    pub(super) fn expire(&mut self, now: Instant) {
        while let Some(&(until, first, last)) = self.leases.front()
            && until <= now
        {
            self.leases.pop_front();
            for (&offset, open) in self.open.range_mut(first..=last) {
                if open.state == (State::Leased { until }) {
                    open.state = State::Ready;
                    self.ready.insert(offset);
                }
            }
        }
        while let Some(&(until, offset)) = self.delayed.first()
            && until <= now
        {
            self.delayed.pop_first();
            if let Some(open) = self.open.get_mut(&offset) {
                open.state = State::Ready;
                self.ready.insert(offset);
                let key = open.key;
                self.release_key(key, offset);
            }
        }
    }

    /// When [`Self::expire`] may next change something.
    pub(super) fn next_change(&self) -> Option<Instant> {
        let lease = self.leases.front().map(|lease| lease.0);
        let retry = self.delayed.first().map(|delayed| delayed.0);
        lease.into_iter().chain(retry).min()
    }

    /// At most `most` records that were looked at before and may be given, in order. Changes nothing that a caller could see.
    pub(super) fn choose(&mut self, most: usize) -> Vec<u64> {
        let mut chosen = Vec::new();
        let mut held = Vec::new();
        for &offset in &self.ready {
            if chosen.len() == most {
                break;
            }
            let key = self.open.get(&offset).map(|open| open.key);
            let waiting = key.and_then(|key| self.keys.get(&key));
            let first_delayed = waiting.and_then(|waiting| waiting.delayed.first());
            match first_delayed {
                Some(&delayed) if delayed < offset => held.push(offset),
                _ => chosen.push(offset),
            }
        }
        for offset in held {
            self.ready.remove(&offset);
            if let Some(open) = self.open.get_mut(&offset) {
                open.state = State::Held;
                self.keys.entry(open.key).or_default().held.insert(offset);
            }
        }
        chosen
    }

    /// Where to look for records that it has not looked at, and how many it may look at.
    pub(super) fn fresh(&mut self) -> (u64, usize) {
        self.scan = self.acked.end_of(self.scan).unwrap_or(self.scan);
        (self.scan, MOST_OPEN.saturating_sub(self.open.len()))
    }

    /// Gives a chosen record: how often it was given before, or `None` if it was answered meanwhile.
    pub(super) fn give_again(&mut self, offset: u64, until: Instant) -> Option<u32> {
        if !self.ready.remove(&offset) {
            return None;
        }
        let open = self.open.get_mut(&offset)?;
        open.state = State::Leased { until };
        open.attempts += 1;
        Some(open.attempts - 1)
    }

    /// Looks at a record for the first time: whether to give it now.
    pub(super) fn give_fresh(&mut self, record: &Stored, until: Instant) -> bool {
        if self.has_acked(record.offset) {
            return false;
        }
        let waiting = self.keys.get_mut(&record.key);
        let is_held = waiting.is_some();
        if let Some(waiting) = waiting {
            waiting.held.insert(record.offset);
        }
        let open = Open {
            key: record.key,
            attempts: u32::from(!is_held),
            state: match is_held {
                true => State::Held,
                false => State::Leased { until },
            },
        };
        self.open.insert(record.offset, open);
        !is_held
    }

    /// Everything up to `reached` was looked at; what was not there is lost, and done.
    pub(super) fn looked_up_to(&mut self, records: &[Stored], reached: u64) {
        let mut expected = self.scan;
        let ends = records.iter().map(|record| record.offset);
        for offset in ends.chain([reached]) {
            if offset > expected {
                self.ack(expected, offset);
            }
            expected = offset + 1;
        }
        self.scan = self.scan.max(reached);
    }

    /// Remembers a lease until it runs out.
    pub(super) fn leased(&mut self, until: Instant, first: u64, last: u64) {
        self.leases.push_back((until, first, last));
    }

    /// How it stands, with the log ending before `next`.
    pub(super) fn state(&self, lane: &Lane, next: u64) -> LaneState {
        let is_leased = |open: &&Open| matches!(open.state, State::Leased { .. });
        LaneState {
            lane: lane.clone(),
            position: self.position,
            waiting: next.saturating_sub(self.position + self.acked.len()),
            leased: self.open.values().filter(is_leased).count() as u64,
            delayed: self.delayed.len() as u64,
        }
    }
}
