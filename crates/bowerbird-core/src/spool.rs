//! The durable log between sources and everything after: the trait that the embedded spool and servers implement.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde::Serialize;

use crate::ids::{Cursor, Lane, SourceName};
use crate::time::Time;

/// How long a lane may hold a record before it is given out again.
pub const LEASE_FOR: Duration = Duration::from_secs(60);

/// An ordered durable log with one cursor per source and one position per lane.
///
/// # Contract
/// - **Append** makes the records, the source's cursor, last-heard and counts durable in one step, and only then returns. It carries the
///   number from [`Spool::take_source`]; a holder whose number is no longer the source's last is told [`SpoolError::LeaseLost`]
///   and changes nothing. Either everything of an append is there after a crash, or nothing.
/// - Offsets grow by one for each record, over all sources, and are never given twice.
/// - **Lanes** are independent. `lease` gives records in order of offset, each at most once until it is acked, retried, buried or
///   its lease ([`LEASE_FOR`]) runs out. While a record waits for a retry, later records with its key are held back; others go on.
///   Dropping the future of `lease` leases nothing.
/// - A lane resumes after a restart at its first unacknowledged record: at least once, never skipped. Leases, delays and attempts are
///   of one process and are forgotten then.
/// - Acknowledging again what is acknowledged changes nothing. Whatever names a record that is not there, or that this lane can't do this
///   to, is told [`SpoolError::Unknown`] and changes nothing.
/// - A record is dropped from the log when every lane has acknowledged it. A lane that does not exist holds nothing back.
/// - **Bury** acknowledges a record and appends a [`crate::record::Content::Buried`] with it ([`crate::record::bury`], under the same key), in
///   one durable step. It counts for no source, and the size limit does not refuse it: it is how a lane gets on.
/// - At its size limit an append is refused with [`SpoolError::Full`] and changes nothing. One that could never fit is
///   [`SpoolError::Unknown`].
/// - An append, once begun, is made whole even if its future is dropped.
/// - After [`SpoolError::Failed`] from an append, the spool refuses all further appends: the process must say so and stop.
#[async_trait]
pub trait Spool: Send + Sync + std::fmt::Debug {
    /// Becomes the one writer of a source: its state, with a lease number greater than any before.
    async fn take_source(&self, source: &SourceName) -> Result<SourceState, SpoolError>;
    /// Makes a batch durable; the offset of its first record (of the next one, if it has none).
    async fn append(&self, append: Append) -> Result<u64, SpoolError>;
    /// Every source ever taken, by name.
    async fn sources(&self) -> Result<Vec<SourceState>, SpoolError>;
    /// Makes a lane where it does not exist, beginning at the oldest record kept or after the newest.
    async fn open_lane(&self, lane: &Lane, start: LaneStart) -> Result<(), SpoolError>;
    /// Forgets a lane with all it has not acknowledged. The store's lane can't be dropped.
    async fn drop_lane(&self, lane: &Lane) -> Result<(), SpoolError>;
    /// Every lane, by name.
    async fn lanes(&self) -> Result<Vec<LaneState>, SpoolError>;
    /// The next records, at most `most` (and about [`LEASE_BYTES`]); waits up to `wait` for the first. Fewer than `most` does not mean that there
    /// are no more.
    async fn lease(
        &self,
        lane: &Lane,
        most: usize,
        wait: Duration,
    ) -> Result<Vec<Leased>, SpoolError>;
    /// These are done.
    async fn ack(&self, lane: &Lane, offsets: &[u64]) -> Result<(), SpoolError>;
    /// Give this again, but not before `at`.
    async fn retry(&self, lane: &Lane, offset: u64, at: Time) -> Result<(), SpoolError>;
    /// This can't be handled.
    async fn bury(&self, lane: &Lane, offset: u64, reason: &str) -> Result<(), SpoolError>;
    /// Looks at records from an offset on without leasing them.
    async fn peek(&self, from: u64, most: usize) -> Result<Vec<Peeked>, SpoolError>;
    /// How full it is.
    async fn size(&self) -> Result<SpoolSize, SpoolError>;
}

/// About how many bytes one lease holds at most, so that a lane's memory is bounded.
pub const LEASE_BYTES: usize = 8 << 20;

/// One batch to make durable.
#[derive(Debug, Clone)]
pub struct Append {
    /// Through which source it came.
    pub source: SourceName,
    /// The number from [`Spool::take_source`].
    pub lease: u64,
    /// When the source was last heard: the last byte's time, keep-alives included.
    pub heard_at: Option<Time>,
    /// Where the source would resume after this batch; `None` leaves the last one.
    pub cursor: Option<Cursor>,
    /// Frames read with this batch that were no keep-alives, to be added to the source's count.
    pub read: u64,
    /// Of those, the ones that no track matched where only the matched are kept, to be added to the source's count.
    pub unmatched: u64,
    /// The records in order.
    pub entries: Vec<Entry>,
}

/// One record to append.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What must stay in order shares a key ([`crate::ids::EventId::key`]); [`Entry::NO_EVENT`] for what is no event.
    pub key: u64,
    /// An encoded [`crate::record::Record`].
    pub bytes: Bytes,
}

impl Entry {
    /// The key of gaps, charges, refused frames, and what stands beside events.
    pub const NO_EVENT: u64 = 0;
}

/// What the spool holds of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SourceState {
    /// Its name.
    pub source: SourceName,
    /// The number of its present holder.
    #[serde(skip)]
    pub lease: u64,
    /// Where it would resume.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>))]
    pub cursor: Option<Cursor>,
    /// When it was last heard.
    pub heard_at: Option<Time>,
    /// Frames read since ever that were no keep-alives.
    pub read: u64,
    /// Of those, dropped because no track matched.
    pub unmatched: u64,
    /// Records appended since ever; `read = unmatched + appended` but for what is no frame's own record (gaps, other ids of posts) or only changes what is kept.
    pub appended: u64,
}

impl SourceState {
    /// A source that nobody has taken yet.
    pub fn new(source: SourceName) -> Self {
        Self {
            source,
            lease: 0,
            cursor: None,
            heard_at: None,
            read: 0,
            unmatched: 0,
            appended: 0,
        }
    }

    /// What becomes of it with an append.
    pub fn advance(&mut self, append: &Append) {
        self.cursor = append.cursor.clone().or(self.cursor.take());
        self.heard_at = append.heard_at.or(self.heard_at);
        self.read += append.read;
        self.unmatched += append.unmatched;
        self.appended += append.entries.len() as u64;
    }
}

/// Where a new lane begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LaneStart {
    /// At the oldest record the log still has.
    Oldest,
    /// After the newest.
    Newest,
}

/// Where a lane stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct LaneState {
    /// Its name.
    pub lane: Lane,
    /// The first record not acknowledged.
    pub position: u64,
    /// Records not acknowledged.
    pub waiting: u64,
    /// Of those, given out and not yet answered.
    pub leased: u64,
    /// Of those, waiting for a later retry.
    pub delayed: u64,
}

/// A record given to a lane.
#[derive(Debug, Clone)]
pub struct Leased {
    /// Its place in the log.
    pub offset: u64,
    /// How often it was given to this lane before.
    pub attempts: u32,
    /// The encoded record.
    pub bytes: Bytes,
}

/// A record looked at.
#[derive(Debug, Clone)]
pub struct Peeked {
    /// Its place in the log.
    pub offset: u64,
    /// The encoded record.
    pub bytes: Bytes,
}

/// How full a spool is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SpoolSize {
    /// The oldest record kept.
    pub oldest: u64,
    /// The offset the next record will get.
    pub next: u64,
    /// Bytes on disk (or held by the server).
    pub bytes: u64,
    /// The limit at which appends are refused.
    pub limit: u64,
}

/// Why the spool did not do it: what the caller does next.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// Another holder took the source: stop.
    #[error("another process holds source `{0}` now")]
    LeaseLost(SourceName),
    /// Wait until lanes have caught up.
    #[error("spool is full: {bytes} of {limit} bytes used; it drains as its lanes catch up")]
    Full {
        /// Bytes used.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// No such lane or record, or not a thing one can do to it.
    #[error("{0}")]
    Unknown(String),
    /// A write or an fsync failed, or the log is damaged: stop and say so.
    #[error("spool failed: {0}")]
    Failed(String),
}

impl SpoolError {
    /// An append that would not fit into an empty spool.
    pub fn never_fits(bytes: u64, limit: u64) -> Self {
        Self::Unknown(format!(
            "an append of {bytes} bytes can't fit a spool of {limit} bytes"
        ))
    }

    /// That the store's lane is there for good.
    pub fn keeps_store_lane() -> Self {
        Self::Unknown("the store's lane can't be dropped".to_owned())
    }

    /// That a record is not there, or is acknowledged already.
    pub fn not_waiting(lane: &Lane, offset: u64) -> Self {
        Self::Unknown(format!("record {offset} does not wait in lane `{lane}`"))
    }

    /// That a record was never given to the lane, so that it can't be given back.
    pub fn never_leased(lane: &Lane, offset: u64) -> Self {
        Self::Unknown(format!("record {offset} was not given to lane `{lane}`"))
    }
}
