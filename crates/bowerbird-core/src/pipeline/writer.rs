//! The one way into the spool for a source: append, wait while it is full, tell the hub.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::hub::Hub;
use crate::ids::{Cursor, SourceName, TrackId};
use crate::record::{Content, Record};
use crate::spool::{Append, Entry, Spool, SpoolError};
use crate::time::Time;

use super::gaps::GapChange;
use super::prepare::Prepared;

/// How often to look whether a full spool has room again.
const FULL_PAUSE: Duration = Duration::from_millis(250);

/// Appends for one source under one lease.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) source: SourceName,
    pub(super) lease: u64,
    pub(super) spool: Arc<dyn Spool>,
    pub(super) hub: Arc<Hub>,
    /// The offset after the newest record, over all sources: what the store's lane runs after.
    pub(super) end: Arc<AtomicU64>,
}

impl Writer {
    /// Makes a batch durable with the cursor behind it; while the spool is full, calls `held` and waits.
    pub(super) async fn append(
        &self,
        prepared: Prepared,
        cursor: Option<Cursor>,
        held: impl Fn(&str),
    ) -> Result<(), SpoolError> {
        let touched = prepared.touched;
        let append = Append {
            source: self.source.clone(),
            lease: self.lease,
            heard_at: prepared.heard_at,
            cursor,
            read: prepared.read,
            unmatched: prepared.unmatched,
            entries: prepared.entries,
        };
        let first = loop {
            match self.spool.append(append.clone()).await {
                Ok(first) => break first,
                Err(error @ SpoolError::Full { .. }) => {
                    held(&error.to_string());
                    tokio::time::sleep(FULL_PAUSE).await;
                }
                Err(error) => return Err(error),
            }
        };
        self.end
            .fetch_max(first + append.entries.len() as u64, Ordering::Relaxed);
        if !append.entries.is_empty() {
            self.hub.offer(first, &append.entries, &touched);
        }
        Ok(())
    }
}

/// A record of a gap.
pub(super) fn gap(source: &SourceName, track: Option<TrackId>, change: &GapChange) -> Entry {
    let content = Content::Gap {
        track,
        from: change.from,
        until: change.until,
        cause: change.cause,
        reason: change.reason.as_str().into(),
        lost: change.lost,
    };
    entry(source, change.until.unwrap_or(change.from), content)
}

fn entry(source: &SourceName, received_at: Time, content: Content<'_>) -> Entry {
    let record = Record {
        source: source.as_str().into(),
        received_at,
        content,
    };
    Entry {
        key: Entry::NO_EVENT,
        bytes: record.encode(Vec::with_capacity(64)).into(),
    }
}
