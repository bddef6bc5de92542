//! Durable tasks. So far one kind: a track looking again at what was kept before it came.

use async_trait::async_trait;

use crate::ids::TrackId;
use crate::time::Time;

use super::StoreError;

/// Jobs that are not done.
///
/// # Contract
/// - A job is there from `begin_…` on until it is done or its track is removed, whatever happens to the process.
/// - `backfill` commits the captures and how far the job got in one transaction: a step is never half done, and one that comes twice
///   adds no capture twice.
#[async_trait]
pub trait Jobs: Send + Sync {
    /// Notes that a track's rule is to look at everything kept so far. A job begun under the same version of the rule is
    /// given as far as it got; one under another version begins anew.
    async fn begin_backfill(
        &self,
        track: TrackId,
        rule_version: u32,
        at: Time,
    ) -> Result<BackfillJob, StoreError>;
    /// Marks kept posts as caught afterwards by the job's track, and notes how far it got; the job with its new captures added. It is
    /// no more once it [is done](BackfillJob::is_done).
    async fn backfill(
        &self,
        job: &BackfillJob,
        places: &[u64],
        at: Time,
    ) -> Result<BackfillJob, StoreError>;
    /// Those not done, by track.
    async fn backfills(&self) -> Result<Vec<BackfillJob>, StoreError>;
}

/// A track's rule looking at everything kept before: how far it is. Posts kept since it began are not its own: they were
/// matched as they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackfillJob {
    /// The track.
    pub track: TrackId,
    /// The version of its rule.
    pub rule_version: u32,
    /// The place in the order of keeping that it has reached.
    pub reached: u64,
    /// The place of the last post it will look at.
    pub to: u64,
    /// Posts looked at so far.
    pub looked_at: u64,
    /// Captures added so far.
    pub added: u64,
    /// When it began.
    pub started_at: Time,
}

impl BackfillJob {
    /// One that begins, up to and including the post at `to`.
    pub fn new(track: TrackId, rule_version: u32, to: u64, started_at: Time) -> Self {
        Self {
            track,
            rule_version,
            reached: 0,
            to,
            looked_at: 0,
            added: 0,
            started_at,
        }
    }

    /// Has it looked at everything?
    pub fn is_done(&self) -> bool {
        self.reached >= self.to
    }
}
