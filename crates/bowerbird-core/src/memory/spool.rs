//! A [`Spool`] in memory, written to be read beside its contract. Nothing in it survives the process.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::ids::{Lane, SourceName};
use crate::record;
use crate::spool::{
    Append, LEASE_BYTES, LEASE_FOR, LaneStart, LaneState, Leased, Peeked, SourceState, Spool,
    SpoolError, SpoolSize,
};
use crate::time::Time;

/// The log of one process, bounded by the bytes of its records.
#[derive(Debug)]
pub struct MemorySpool {
    limit: u64,
    log: Mutex<Log>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Log {
    sources: BTreeMap<SourceName, SourceState>,
    lanes: BTreeSet<Lane>,
    records: BTreeMap<u64, Kept>,
    next: u64,
    bytes: u64,
}

/// A record, and how it stands with each lane that has not acknowledged it.
#[derive(Debug)]
struct Kept {
    key: u64,
    bytes: Bytes,
    open: BTreeMap<Lane, Open>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Open {
    attempts: u32,
    state: State,
}

#[derive(Debug, Clone, Copy, Default)]
enum State {
    #[default]
    Waiting,
    LeasedUntil(Instant),
    DelayedUntil(Instant),
}

impl MemorySpool {
    /// An empty log whose records may hold `max_bytes` together.
    pub fn new(max_bytes: u64) -> Self {
        let log = Log {
            lanes: BTreeSet::from([Lane::store()]),
            ..Log::default()
        };
        Self {
            limit: max_bytes,
            log: Mutex::new(log),
            changed: Notify::new(),
        }
    }

    /// What a killed and restarted process would find: everything but leases, delays and attempts.
    pub fn restart(&self) {
        for kept in self.log().records.values_mut() {
            kept.open
                .values_mut()
                .for_each(|open| *open = Open::default());
        }
        self.changed.notify_waiters();
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log {
    fn check_lane(&self, lane: &Lane) -> Result<(), SpoolError> {
        match self.lanes.contains(lane) {
            true => Ok(()),
            false => Err(SpoolError::Unknown(format!("no lane `{lane}`"))),
        }
    }

    fn push(&mut self, key: u64, bytes: Bytes) {
        self.bytes += bytes.len() as u64;
        let open = self
            .lanes
            .iter()
            .map(|lane| (lane.clone(), Open::default()));
        let open = open.collect();
        self.records.insert(self.next, Kept { key, bytes, open });
        self.next += 1;
    }

    fn ack(&mut self, lane: &Lane, offset: u64) {
        if let Some(kept) = self.records.get_mut(&offset) {
            kept.open.remove(lane);
            self.drop_if_done(offset);
        }
    }

    /// Drops a record that every lane has acknowledged.
    fn drop_if_done(&mut self, offset: u64) {
        let is_done = |kept: &Kept| kept.open.is_empty();
        if self.records.get(&offset).is_some_and(is_done)
            && let Some(kept) = self.records.remove(&offset)
        {
            self.bytes -= kept.bytes.len() as u64;
        }
    }

    fn open(&mut self, lane: &Lane, offset: u64) -> Result<&mut Open, SpoolError> {
        self.check_lane(lane)?;
        let kept = self.records.get_mut(&offset);
        kept.and_then(|kept| kept.open.get_mut(lane))
            .ok_or_else(|| SpoolError::not_waiting(lane, offset))
    }

    /// Gives out what may be given now, and says when that may change by itself.
    fn lease(&mut self, lane: &Lane, most: usize, now: Instant) -> (Vec<Leased>, Option<Instant>) {
        let mut given: Vec<Leased> = Vec::new();
        let mut n_bytes = 0;
        let mut wake_at: Option<Instant> = None;
        let mut waiting_keys = BTreeSet::new();
        for (&offset, kept) in &mut self.records {
            let Some(open) = kept.open.get_mut(lane) else {
                continue;
            };
            if let State::LeasedUntil(at) | State::DelayedUntil(at) = open.state
                && at > now
            {
                wake_at = Some(wake_at.map_or(at, |wake_at| wake_at.min(at)));
                if let State::DelayedUntil(_) = open.state {
                    waiting_keys.insert(kept.key);
                }
                continue;
            }
            if waiting_keys.contains(&kept.key) {
                continue;
            }
            let is_over = n_bytes + kept.bytes.len() > LEASE_BYTES && !given.is_empty();
            if given.len() == most || is_over {
                break;
            }
            n_bytes += kept.bytes.len();
            given.push(Leased {
                offset,
                attempts: open.attempts,
                bytes: kept.bytes.clone(),
            });
            open.attempts += 1;
            open.state = State::LeasedUntil(now + LEASE_FOR);
        }
        (given, wake_at)
    }

    fn lane_state(&self, lane: &Lane, now: Instant) -> LaneState {
        let mut state = LaneState {
            lane: lane.clone(),
            position: self.next,
            waiting: 0,
            leased: 0,
            delayed: 0,
        };
        for (&offset, kept) in &self.records {
            let Some(open) = kept.open.get(lane) else {
                continue;
            };
            state.position = state.position.min(offset);
            state.waiting += 1;
            match open.state {
                State::LeasedUntil(at) if at > now => state.leased += 1,
                State::DelayedUntil(at) if at > now => state.delayed += 1,
                _ => {}
            }
        }
        state
    }
}

#[async_trait]
impl Spool for MemorySpool {
    async fn take_source(&self, source: &SourceName) -> Result<SourceState, SpoolError> {
        let mut log = self.log();
        let state = log
            .sources
            .entry(source.clone())
            .or_insert_with(|| SourceState::new(source.clone()));
        state.lease += 1;
        Ok(state.clone())
    }

    async fn append(&self, append: Append) -> Result<u64, SpoolError> {
        let mut log = self.log();
        let n_bytes: u64 = append.entries.iter().map(|e| e.bytes.len() as u64).sum();
        let bytes = log.bytes;
        let state = match log.sources.get_mut(&append.source) {
            Some(state) if state.lease == append.lease => state,
            _ => return Err(SpoolError::LeaseLost(append.source)),
        };
        if n_bytes > self.limit {
            return Err(SpoolError::never_fits(n_bytes, self.limit));
        }
        if bytes + n_bytes > self.limit {
            let limit = self.limit;
            return Err(SpoolError::Full { bytes, limit });
        }
        state.advance(&append);
        let first = log.next;
        for entry in append.entries {
            log.push(entry.key, entry.bytes);
        }
        self.changed.notify_waiters();
        Ok(first)
    }

    async fn sources(&self) -> Result<Vec<SourceState>, SpoolError> {
        Ok(self.log().sources.values().cloned().collect())
    }

    async fn open_lane(&self, lane: &Lane, start: LaneStart) -> Result<(), SpoolError> {
        let mut log = self.log();
        if log.lanes.insert(lane.clone()) && start == LaneStart::Oldest {
            for kept in log.records.values_mut() {
                kept.open.insert(lane.clone(), Open::default());
            }
        }
        Ok(())
    }

    async fn drop_lane(&self, lane: &Lane) -> Result<(), SpoolError> {
        let mut log = self.log();
        log.check_lane(lane)?;
        if *lane == Lane::store() {
            return Err(SpoolError::keeps_store_lane());
        }
        log.lanes.remove(lane);
        let offsets: Vec<u64> = log.records.keys().copied().collect();
        for offset in offsets {
            log.ack(lane, offset);
        }
        self.changed.notify_waiters();
        Ok(())
    }

    async fn lanes(&self) -> Result<Vec<LaneState>, SpoolError> {
        let log = self.log();
        let now = Instant::now();
        let states = log.lanes.iter().map(|lane| log.lane_state(lane, now));
        Ok(states.collect())
    }

    async fn lease(
        &self,
        lane: &Lane,
        most: usize,
        wait: Duration,
    ) -> Result<Vec<Leased>, SpoolError> {
        let deadline = Instant::now() + wait.min(LONGEST_WAIT);
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            let now = Instant::now();
            let wake_at = {
                let mut log = self.log();
                log.check_lane(lane)?;
                let (given, wake_at) = log.lease(lane, most, now);
                if !given.is_empty() || now >= deadline || most == 0 {
                    return Ok(given);
                }
                wake_at.map_or(deadline, |at| at.min(deadline))
            };
            // Whether it changed or the time came: look again.
            let _ = timeout_at(wake_at, changed).await;
        }
    }

    async fn ack(&self, lane: &Lane, offsets: &[u64]) -> Result<(), SpoolError> {
        let mut log = self.log();
        log.check_lane(lane)?;
        if let Some(offset) = offsets.iter().find(|&&offset| offset >= log.next) {
            return Err(SpoolError::Unknown(format!("no record {offset}")));
        }
        for &offset in offsets {
            log.ack(lane, offset);
        }
        Ok(())
    }

    async fn retry(&self, lane: &Lane, offset: u64, at: Time) -> Result<(), SpoolError> {
        let due = Instant::now() + at.since(Time::now()).min(LONGEST_WAIT);
        let mut log = self.log();
        let open = log.open(lane, offset)?;
        if open.attempts == 0 {
            return Err(SpoolError::never_leased(lane, offset));
        }
        open.state = State::DelayedUntil(due);
        self.changed.notify_waiters();
        Ok(())
    }

    async fn bury(&self, lane: &Lane, offset: u64, reason: &str) -> Result<(), SpoolError> {
        let mut log = self.log();
        log.open(lane, offset)?;
        let kept = &log.records[&offset];
        let key = kept.key;
        let buried = record::bury(lane.as_str(), reason, &kept.bytes);
        log.push(key, buried.into());
        log.ack(lane, offset);
        self.changed.notify_waiters();
        Ok(())
    }

    async fn peek(&self, from: u64, most: usize) -> Result<Vec<Peeked>, SpoolError> {
        let log = self.log();
        let records = log.records.range(from..).take(most);
        let mut room = LEASE_BYTES;
        let mut peeked = Vec::new();
        for (&offset, kept) in records {
            if kept.bytes.len() > room && !peeked.is_empty() {
                break;
            }
            room = room.saturating_sub(kept.bytes.len());
            let bytes = kept.bytes.clone();
            peeked.push(Peeked { offset, bytes });
        }
        Ok(peeked)
    }

    async fn size(&self) -> Result<SpoolSize, SpoolError> {
        let log = self.log();
        let oldest = log.records.keys().next();
        Ok(SpoolSize {
            oldest: oldest.copied().unwrap_or(log.next),
            next: log.next,
            bytes: log.bytes,
            limit: self.limit,
        })
    }
}

/// Longer waits are cut to this, so that no sum of times can overflow.
const LONGEST_WAIT: Duration = Duration::from_secs(10 * 365 * 86_400);

#[cfg(test)]
mod tests;
