//! Small durable tasks: a queue for whatever a source's connector does besides its stream, and backfills, which the store takes part in.

use async_trait::async_trait;

use crate::ids::{SourceName, TrackId};
use crate::time::Time;

use super::StoreError;

/// Jobs that are not done.
///
/// # Contract
/// - A job is there from the call that makes it until it is done or dropped (a backfill: until its track is removed), whatever happens to the
///   process. One that is done leaves nothing.
/// - No two jobs of a kind have the same key. Making one again changes nothing, though it be dead.
/// - `lease_jobs` gives each due job to one caller, until its lease runs out: then it is given again. Whoever answers for a job names the
///   lease, and an answer under one that is no longer the job's last changes nothing.
/// - `backfill` commits the captures and how far the job got in one transaction: a step is never half done, and one that comes twice
///   adds no capture twice. Backfills are none of the other calls' business.
#[async_trait]
pub trait Jobs: Send + Sync {
    /// Makes jobs, all or none; how many were not there.
    async fn add_jobs(&self, jobs: &[NewJob], at: Time) -> Result<u64, StoreError>;
    /// Takes due jobs of a kind for a source until `until`, at most `most`: those of higher priority first, then those made first, so
    /// that what is tried again keeps its place. Each taking is an attempt.
    async fn lease_jobs(
        &self,
        kind: &str,
        source: &SourceName,
        most: usize,
        now: Time,
        until: Time,
    ) -> Result<Vec<Job>, StoreError>;
    /// Writes how far a leased job is and prolongs its lease; [`StoreError::Conflict`] if the lease is no longer the job's.
    async fn note_job(
        &self,
        lease: JobLease,
        payload: &[u8],
        until: Time,
    ) -> Result<(), StoreError>;
    /// Says how jobs ended, all in one transaction; what is no longer leased so is left as it is.
    async fn end_jobs(&self, ends: &[(JobLease, JobEnd)]) -> Result<(), StoreError>;
    /// One job.
    async fn job(&self, kind: &str, key: &str) -> Result<Option<Job>, StoreError>;
    /// Jobs of a kind (of all, with `None`), oldest first, after the one with an id.
    async fn jobs(
        &self,
        kind: Option<&str>,
        after: u64,
        most: usize,
    ) -> Result<Vec<Job>, StoreError>;
    /// Makes jobs due at `at`, the dead ones too, and forgets their failures; how many there are. A leased one stays leased.
    async fn retry_jobs(&self, ids: &[u64], at: Time) -> Result<u64, StoreError>;
    /// Removes jobs; how many there were.
    async fn drop_jobs(&self, ids: &[u64]) -> Result<u64, StoreError>;
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

/// A job to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// What is to be done: `repair`, `hydrate`.
    pub kind: String,
    /// Tells jobs of a kind apart; over all sources, so that it names the source where that matters.
    pub key: String,
    /// Whose connector does it.
    pub source: SourceName,
    /// What doing it needs to know, in a form of the kind's own.
    pub payload: Vec<u8>,
    /// Not before this.
    pub due_at: Time,
    /// Higher ones first.
    pub priority: i32,
}

/// A small durable task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its number; never given twice.
    pub id: u64,
    /// What is to be done.
    pub kind: String,
    /// Tells jobs of a kind apart.
    pub key: String,
    /// Whose connector does it.
    pub source: SourceName,
    /// What doing it needs to know, and how far it is.
    pub payload: Vec<u8>,
    /// Not before this.
    pub due_at: Time,
    /// Until when somebody has it; past or `None`: nobody has.
    pub leased_until: Option<Time>,
    /// How often it was taken.
    pub attempts: u32,
    /// Higher ones first.
    pub priority: i32,
    /// Why it is not done yet, or dead; empty where nothing went wrong.
    pub reason: String,
    /// Given up: it waits for a person.
    pub dead: bool,
    /// When it was made.
    pub made_at: Time,
}

impl Job {
    /// The lease under which it was given.
    pub fn lease(&self) -> JobLease {
        JobLease {
            id: self.id,
            attempt: self.attempts,
        }
    }
}

/// One taking of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct JobLease {
    /// The job.
    pub id: u64,
    /// Which attempt it is.
    pub attempt: u32,
}

/// How an attempt at a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobEnd {
    /// It is done, and is no more.
    Done,
    /// It is to be tried again.
    Later {
        /// Not before this.
        at: Time,
        /// Why it is not done.
        reason: String,
    },
    /// It is given up and waits for a person.
    Dead {
        /// Why.
        reason: String,
    },
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
