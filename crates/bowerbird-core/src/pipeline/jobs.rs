//! Does durable jobs: takes those that are due, hands them to their handler, makes durable what they brought, and only then ends them.
//!
//! One worker for each source and kind, so that no service is asked twice at a time. What a job does is its handler's.

use std::sync::Arc;
use std::time::Duration;

use crate::bill::Withheld;
use crate::frame::Frame;
use crate::ids::{SourceName, TrackId};
use crate::job::{Handled, JobHandler};
use crate::record::{Content, Record};
use crate::source::{Keep, SourceSpec};
use crate::spool::Entry;
use crate::store::{Job, JobEnd, JobLease, NewJob, StoreError};
use crate::time::Time;

use super::engine::{Engine, EngineError};
use super::prepare::Prepared;

/// How long one call of a handler may take.
pub const JOB_CALL_FOR: Duration = Duration::from_secs(240);
/// How long jobs are taken for: longer than a call, and what came of it being made durable.
const LEASE_FOR: Duration = Duration::from_secs(300);
/// How often to look for jobs that became due; a new one is taken up at once.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Jobs looked at in one read.
const PAGE: usize = 1_000;
/// When what a handler said nothing of is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

impl Engine {
    /// Makes jobs, for whoever does jobs of their kinds; how many were not there.
    pub async fn add_jobs(&self, jobs: &[NewJob]) -> Result<u64, StoreError> {
        let added = self.parts.store.add_jobs(jobs, Time::now()).await?;
        self.jobs_changed.send_replace(());
        Ok(added)
    }

    /// Makes jobs due now, the dead ones too; how many there are.
    pub async fn retry_jobs(&self, ids: &[u64]) -> Result<u64, StoreError> {
        let retried = self.parts.store.retry_jobs(ids, Time::now()).await?;
        self.jobs_changed.send_replace(());
        Ok(retried)
    }

    /// Does one source's jobs of one kind for as long as the engine runs.
    pub(super) async fn do_jobs(
        self: Arc<Self>,
        spec: SourceSpec,
        handler: JobHandler,
    ) -> Result<(), EngineError> {
        let mut changed = self.jobs_changed.subscribe();
        self.take_back_jobs(handler.kind, &spec.name).await?;
        loop {
            changed.mark_unchanged();
            while self.do_some(&spec, &handler).await? {}
            tokio::select! {
                // An error means that the sender is gone, and it is ours.
                _ = changed.changed() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// One call; was there anything to do?
    async fn do_some(
        self: &Arc<Self>,
        spec: &SourceSpec,
        handler: &JobHandler,
    ) -> Result<bool, EngineError> {
        if self.must_wait(&spec.name).is_some() {
            return Ok(false);
        }
        let (store, now) = (&self.parts.store, Time::now());
        let until = now.plus(LEASE_FOR);
        let jobs = store
            .lease_jobs(handler.kind, &spec.name, handler.most, now, until)
            .await?;
        if jobs.is_empty() {
            return Ok(false);
        }
        let leases: Vec<JobLease> = jobs.iter().map(|job| job.lease()).collect();
        let handling = (handler.handle)(jobs);
        let handled = tokio::time::timeout(JOB_CALL_FOR, handling).await;
        let handled = handled.unwrap_or_default();
        self.bring(spec, &handled).await?;
        let ends = all_ended(leases, handled, Time::now().plus(AGAIN_AFTER));
        for (lease, end) in &ends {
            if let JobEnd::Dead { reason } = end {
                tracing::warn!(source.name = %spec.name, job.id = lease.id, job.kind = handler.kind, reason, "A job was given up");
            }
        }
        store.end_jobs(&ends).await?;
        Ok(true)
    }

    /// Makes durable what jobs brought, and what it cost. Whether a track catches it does not matter: somebody asked for it.
    async fn bring(
        self: &Arc<Self>,
        spec: &SourceSpec,
        handled: &Handled,
    ) -> Result<(), EngineError> {
        let spec = SourceSpec {
            keep: Keep::All,
            ..spec.clone()
        };
        let frames: Vec<Frame> = handled.frames.clone();
        let prepared = self.prepare(&spec, frames, None).await;
        let prepared = prepared.map_err(|panicked| EngineError::Panicked(panicked.to_string()))?;
        let mut prepared = Prepared {
            heard_at: None,
            ..prepared
        };
        let now = Time::now();
        let charges = handled.charges.iter().map(|charge| {
            let record = Record {
                source: spec.name.as_str().into(),
                received_at: now,
                content: Content::Charge(charge.clone()),
            };
            Entry {
                key: Entry::NO_EVENT,
                bytes: record.encode(Vec::new()).into(),
            }
        });
        prepared.entries.extend(charges);
        if prepared.read == 0 && prepared.entries.is_empty() {
            return Ok(());
        }
        let writer = self.writer(&spec.name).await?;
        writer.append(prepared, None, |_| {}).await?;
        Ok(())
    }

    /// Why a source's service is not asked for anything now; `None` if it may be.
    pub(super) fn must_wait(&self, source: &SourceName) -> Option<String> {
        self.must_wait_for(source, None)
    }

    /// The same, of what is asked for one track alone.
    pub(super) fn must_wait_for(
        &self,
        source: &SourceName,
        track: Option<TrackId>,
    ) -> Option<String> {
        let withheld = self.parts.bills.withheld();
        let withheld = withheld.borrow();
        let of_source = withheld.get(source)?;
        let of_track = track.and_then(|track| of_source.get(track));
        let held = of_source.all.as_ref().or(of_track)?;
        Some(held.reason.clone())
    }

    /// Is anything not asked of a source for want of money?
    pub(super) fn lacks_money(&self, source: &SourceName) -> bool {
        let withheld = self.parts.bills.withheld();
        let withheld = withheld.borrow();
        let lacks = |held: &Withheld| held.all.is_some() || !held.tracks.is_empty();
        withheld.get(source).is_some_and(lacks)
    }

    /// A source's jobs of one kind, oldest first.
    pub(super) async fn jobs_of(
        &self,
        kind: &str,
        source: &SourceName,
    ) -> Result<Vec<Job>, StoreError> {
        let (mut all, mut after) = (Vec::new(), 0);
        loop {
            let page = self.parts.store.jobs(Some(kind), after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(all);
            };
            after = last.id;
            all.extend(page.into_iter().filter(|job| job.source == *source));
        }
    }

    /// Frees the jobs that an earlier process had taken: while this one runs nobody else does any, so whoever had them is gone.
    pub(super) async fn take_back_jobs(
        &self,
        kind: &str,
        source: &SourceName,
    ) -> Result<(), StoreError> {
        let jobs = self.jobs_of(kind, source).await?;
        let left = jobs.iter().filter(|job| job.leased_until.is_some());
        let ends: Vec<(JobLease, JobEnd)> = left
            .map(|job| {
                let later = JobEnd::Later {
                    at: job.due_at,
                    reason: job.reason.clone(),
                };
                (job.lease(), later)
            })
            .collect();
        self.parts.store.end_jobs(&ends).await
    }
}

/// How each job ended: as its handler says, or not yet.
fn all_ended(leases: Vec<JobLease>, handled: Handled, again_at: Time) -> Vec<(JobLease, JobEnd)> {
    let mut ends = handled.ends;
    for lease in leases {
        if ends.iter().all(|(ended, _)| *ended != lease) {
            let reason = "whoever does it did not come to it".to_owned();
            let later = JobEnd::Later {
                at: again_at,
                reason,
            };
            ends.push((lease, later));
        }
    }
    ends
}

#[cfg(test)]
mod tests;
