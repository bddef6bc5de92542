//! All that passes, for those who look for something of their own in it, as `tail` does with a rule.
//!
//! Nothing is rendered for them: whoever reads decodes the record and shows what it wants. The work is theirs for each record, whether it
//! is wanted or not, so there is a limit to the records that all of them together look at. It is far above what a stream brings, and a
//! single one has all of it.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::broadcast;
use tokio::time::Instant;

use super::Offered;
use super::limit::RateLimit;

/// Records looked at a second, by all readers together: at some microseconds for each, a part of a core.
const LOOKED_AT_PER_SECOND: u32 = 60_000;
/// However many readers there are, each looks at as many.
const LEAST_PER_SECOND: u32 = 1_000;
/// How far a reader may fall behind before it misses records.
pub(super) const QUEUE: usize = 16_384;

/// What passes.
#[derive(Debug, Clone)]
pub enum Passed {
    /// A record that is durable now, and its place in the spool.
    Record {
        /// Its offset in the spool.
        offset: u64,
        /// The encoded record.
        bytes: Bytes,
    },
    /// So many records did not come to this reader; the store has them.
    Missed(u64),
}

/// One reader's place.
#[derive(Debug)]
pub struct Passing {
    receiver: broadcast::Receiver<Passed>,
}

impl Passing {
    pub(super) fn new(receiver: broadcast::Receiver<Passed>) -> Self {
        Self { receiver }
    }

    /// Waits for the next; `None` when the hub is gone. Cancel-safe.
    pub async fn next(&mut self) -> Option<Passed> {
        match self.receiver.recv().await {
            Ok(passed) => Some(passed),
            Err(broadcast::error::RecvError::Lagged(missed)) => Some(Passed::Missed(missed)),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }

    /// What is there already, without waiting.
    pub fn try_next(&mut self) -> Option<Passed> {
        match self.receiver.try_recv() {
            Ok(passed) => Some(passed),
            Err(broadcast::error::TryRecvError::Lagged(missed)) => Some(Passed::Missed(missed)),
            Err(_) => None,
        }
    }
}

/// Sends what passes.
#[derive(Debug)]
pub(super) struct Passer {
    readers: broadcast::Sender<Passed>,
    limit: RateLimit,
}

impl Passer {
    pub(super) fn new(readers: broadcast::Sender<Passed>) -> Self {
        let limit = RateLimit::new(LOOKED_AT_PER_SECOND);
        Self { readers, limit }
    }

    /// Sends a batch, before which so many records were left out. No reader is no error: who comes later starts with what comes later.
    pub(super) fn pass(&mut self, batch: &[Arc<Offered>], missed: u64) {
        let n_readers = u32::try_from(self.readers.receiver_count()).unwrap_or(u32::MAX);
        if n_readers == 0 {
            return;
        }
        self.limit
            .set((LOOKED_AT_PER_SECOND / n_readers).max(LEAST_PER_SECOND));
        let now = Instant::now();
        let mut missed = missed;
        for one in batch {
            if !self.limit.allows(now) {
                missed += 1;
                continue;
            }
            let record = Passed::Record {
                offset: one.offset,
                bytes: one.entry.bytes.clone(),
            };
            let _ = self.readers.send(record);
        }
        if missed > 0 {
            let _ = self.readers.send(Passed::Missed(missed));
        }
    }
}
