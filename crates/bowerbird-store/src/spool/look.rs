//! Looking for records: from memory where they are there, else from the files, and giving them to a lane.

use std::sync::Arc;

use tokio::time::Instant;

use bowerbird_core::ids::Lane;
use bowerbird_core::spool::{LEASE_BYTES, LEASE_FOR, Leased, SpoolError};

use super::EmbeddedSpool;
use super::error::failed;
use super::queue::LaneQueue;
use super::ranges;
use super::reader::LogReader;
use super::tail::{Fetched, Room, Stored};

/// What one look found.
#[derive(Debug)]
pub(super) struct Look {
    /// What to hand out.
    pub(super) given: Vec<Leased>,
    /// Whether to look again at once.
    pub(super) has_moved: bool,
    /// When something may change by itself.
    pub(super) next_change: Option<Instant>,
}

impl EmbeddedSpool {
    /// Records from an offset on: from memory where they are there, else read from the file beside the async threads.
    pub(super) async fn fetch(
        &self,
        reader: &mut LogReader,
        from: u64,
        room: Room,
    ) -> Result<Fetched, SpoolError> {
        let location = {
            let state = self.shared.lock();
            if from >= state.book.next || room.records == 0 {
                return Ok(Fetched::from(from));
            }
            match state.tail.fetch(from, room) {
                Some(fetched) => return Ok(fetched),
                None => state.locate(from),
            }
        };
        let location = location.ok_or_else(|| failed("the spool has no segment"))?;
        let mut taken = std::mem::take(reader);
        let read = tokio::task::spawn_blocking(move || {
            let fetched = taken.read(&location, from, room);
            (taken, fetched)
        });
        let (taken, fetched) = read.await.map_err(|error| failed(error.to_string()))?;
        *reader = taken;
        fetched.map_err(failed)
    }

    /// As [`Self::fetch`], over as many segments as there is room for.
    pub(super) async fn collect(
        &self,
        reader: &mut LogReader,
        from: u64,
        mut room: Room,
    ) -> Result<Fetched, SpoolError> {
        let mut found = Fetched::from(from);
        loop {
            let fetched = self.fetch(reader, found.reached, room).await?;
            let n_bytes = fetched.n_bytes();
            let is_over = n_bytes > room.bytes && !found.records.is_empty();
            if fetched.reached == found.reached || is_over {
                return Ok(found);
            }
            room.records -= fetched.records.len();
            room.bytes = room.bytes.saturating_sub(n_bytes);
            found.reached = fetched.reached;
            found.records.extend(fetched.records);
            if room.bytes == 0 {
                return Ok(found);
            }
        }
    }

    /// The records with these offsets, as far as they have room in a lease.
    async fn collect_again(
        &self,
        reader: &mut LogReader,
        offsets: &[u64],
    ) -> Result<Fetched, SpoolError> {
        let mut found = Fetched::default();
        for (from, until) in ranges::runs(offsets) {
            let room = Room {
                records: (until - from) as usize,
                bytes: LEASE_BYTES.saturating_sub(found.n_bytes()),
            };
            if room.bytes == 0 {
                break;
            }
            let run = self.collect(reader, from, room).await?;
            found.records.extend(run.records);
        }
        Ok(found)
    }

    /// One look for records to give. Dropped before its end it has given nothing.
    pub(super) async fn look(&self, lane: &Lane, most: usize) -> Result<Look, SpoolError> {
        let readers = {
            let mut state = self.shared.lock();
            state.book.lane(lane)?;
            Arc::clone(state.readers.entry(lane.clone()).or_default())
        };
        let mut readers = readers.lock().await;
        let (chosen, scan, most_open) = {
            let mut state = self.shared.lock();
            let queue = state.book.lane_mut(lane)?;
            queue.expire(Instant::now());
            let (scan, most_open) = queue.fresh();
            (queue.choose(most), scan, most_open)
        };
        let again = self.collect_again(&mut readers.again, &chosen).await?;
        let room = Room {
            records: most_open.min(most - again.records.len()),
            bytes: LEASE_BYTES.saturating_sub(again.n_bytes()),
        };
        let fresh = match again.records.len() == chosen.len() && room.bytes > 0 {
            true => self.collect(&mut readers.fresh, scan, room).await?,
            false => Fetched::from(scan),
        };
        let mut state = self.shared.lock();
        let queue = state.book.lane_mut(lane)?;
        Ok(give(queue, &again.records, scan, fresh))
    }
}

/// Gives what was fetched and still may be given.
fn give(queue: &mut LaneQueue, again: &[Stored], scan: u64, fresh: Fetched) -> Look {
    let until = Instant::now() + LEASE_FOR;
    let mut given = Vec::with_capacity(again.len() + fresh.records.len());
    let mut give = |record: &Stored, attempts| {
        given.push(Leased {
            offset: record.offset,
            attempts,
            bytes: record.bytes.clone(),
        });
    };
    for record in again {
        if let Some(attempts) = queue.give_again(record.offset, until) {
            give(record, attempts);
        }
    }
    // The lane may have been dropped and made again meanwhile.
    let has_moved = queue.fresh().0 == scan && fresh.reached > scan;
    if has_moved {
        queue.looked_up_to(&fresh.records, fresh.reached);
        for record in &fresh.records {
            if queue.give_fresh(record, until) {
                give(record, 0);
            }
        }
    }
    if let (Some(first), Some(last)) = (given.first(), given.last()) {
        queue.leased(until, first.offset, last.offset);
    }
    Look {
        given,
        has_moved,
        next_change: queue.next_change(),
    }
}
