//! Durable tasks of a store in memory.

use async_trait::async_trait;

use super::FakeStore;
use crate::ids::{SourceName, TrackId};
use crate::store::{BackfillJob, Job, JobEnd, JobLease, Jobs, NewJob, StoreError};
use crate::time::Time;
use crate::view::CaptureView;

/// All there are, oldest first.
#[derive(Debug, Default)]
pub(super) struct Queue {
    jobs: Vec<Job>,
    last: u64,
}

impl Queue {
    fn add(&mut self, new: &NewJob, at: Time) -> u64 {
        let same = |job: &Job| job.kind == new.kind && job.key == new.key;
        if self.jobs.iter().any(same) {
            return 0;
        }
        self.last += 1;
        let NewJob {
            kind,
            key,
            source,
            payload,
            due_at,
            priority,
        } = new.clone();
        self.jobs.push(Job {
            id: self.last,
            kind,
            key,
            source,
            payload,
            due_at,
            leased_until: None,
            attempts: 0,
            priority,
            reason: String::new(),
            dead: false,
            made_at: at,
        });
        1
    }

    /// The job, if it is still under this lease.
    fn leased(&mut self, lease: JobLease) -> Option<&mut Job> {
        let mut all = self.jobs.iter_mut();
        all.find(|job| job.lease() == lease && job.leased_until.is_some())
    }

    fn end(&mut self, lease: JobLease, end: &JobEnd) {
        let Some(job) = self.leased(lease) else {
            return;
        };
        job.leased_until = None;
        match end {
            JobEnd::Done => self.jobs.retain(|job| job.id != lease.id),
            JobEnd::Later { at, reason } => {
                job.due_at = *at;
                job.reason.clone_from(reason);
            }
            JobEnd::Dead { reason } => {
                job.dead = true;
                job.reason.clone_from(reason);
            }
        }
    }
}

#[async_trait]
impl Jobs for FakeStore {
    async fn add_jobs(&self, jobs: &[NewJob], at: Time) -> Result<u64, StoreError> {
        let queue = &mut self.inner().queue;
        Ok(jobs.iter().map(|job| queue.add(job, at)).sum())
    }

    async fn lease_jobs(
        &self,
        kind: &str,
        source: &SourceName,
        most: usize,
        now: Time,
        until: Time,
    ) -> Result<Vec<Job>, StoreError> {
        let queue = &mut self.inner().queue;
        let is_next = |job: &&mut Job| {
            let is_free = job.leased_until.is_none_or(|until| until <= now);
            job.kind == kind && job.source == *source && !job.dead && job.due_at <= now && is_free
        };
        let mut next: Vec<&mut Job> = queue.jobs.iter_mut().filter(is_next).collect();
        next.sort_by_key(|job| (std::cmp::Reverse(job.priority), job.id));
        let taken = next.into_iter().take(most).map(|job| {
            job.leased_until = Some(until);
            job.attempts += 1;
            job.clone()
        });
        Ok(taken.collect())
    }

    async fn note_job(
        &self,
        lease: JobLease,
        payload: &[u8],
        until: Time,
    ) -> Result<(), StoreError> {
        let queue = &mut self.inner().queue;
        let lost = || StoreError::Conflict(format!("job {} is another's", lease.id));
        let job = queue.leased(lease).ok_or_else(lost)?;
        job.payload = payload.to_vec();
        job.leased_until = Some(until);
        Ok(())
    }

    async fn end_jobs(&self, ends: &[(JobLease, JobEnd)]) -> Result<(), StoreError> {
        let queue = &mut self.inner().queue;
        for (lease, end) in ends {
            queue.end(*lease, end);
        }
        Ok(())
    }

    async fn job(&self, kind: &str, key: &str) -> Result<Option<Job>, StoreError> {
        let same = |job: &&Job| job.kind == kind && job.key == key;
        Ok(self.inner().queue.jobs.iter().find(same).cloned())
    }

    async fn jobs(
        &self,
        kind: Option<&str>,
        after: u64,
        most: usize,
    ) -> Result<Vec<Job>, StoreError> {
        let wanted = |job: &&Job| job.id > after && kind.is_none_or(|kind| job.kind == kind);
        let inner = self.inner();
        let found = inner.queue.jobs.iter().filter(wanted).take(most);
        Ok(found.cloned().collect())
    }

    async fn retry_jobs(&self, ids: &[u64], at: Time) -> Result<u64, StoreError> {
        let queue = &mut self.inner().queue;
        let mut n = 0;
        for job in queue.jobs.iter_mut().filter(|job| ids.contains(&job.id)) {
            job.dead = false;
            job.due_at = at;
            job.reason.clear();
            n += 1;
        }
        Ok(n)
    }

    async fn drop_jobs(&self, ids: &[u64]) -> Result<u64, StoreError> {
        let jobs = &mut self.inner().queue.jobs;
        let before = jobs.len();
        jobs.retain(|job| !ids.contains(&job.id));
        Ok((before - jobs.len()) as u64)
    }

    async fn begin_backfill(
        &self,
        track: TrackId,
        rule_version: u32,
        at: Time,
    ) -> Result<BackfillJob, StoreError> {
        let mut inner = self.inner();
        inner.check_track(track)?;
        let known = inner.jobs.get(&track);
        if let Some(known) = known.filter(|known| known.rule_version == rule_version) {
            return Ok(known.clone());
        }
        let to = inner.posts.len() as u64;
        let job = BackfillJob::new(track, rule_version, to, at);
        inner.note(&job);
        Ok(job)
    }

    async fn backfill(
        &self,
        job: &BackfillJob,
        places: &[u64],
        _: Time,
    ) -> Result<BackfillJob, StoreError> {
        let mut inner = self.inner();
        inner.check_track(job.track)?;
        let mut job = job.clone();
        for place in places {
            let index = usize::try_from(*place).ok().and_then(|n| n.checked_sub(1));
            let Some(kept) = index.and_then(|index| inner.posts.get_mut(index)) else {
                continue;
            };
            let captures = &mut kept.view.captures;
            if captures.iter().all(|capture| capture.track != job.track) {
                captures.push(CaptureView {
                    track: job.track,
                    rule_version: job.rule_version,
                    backfilled: true,
                });
                job.added += 1;
            }
        }
        inner.note(&job);
        Ok(job)
    }

    async fn backfills(&self) -> Result<Vec<BackfillJob>, StoreError> {
        Ok(self.inner().jobs.values().cloned().collect())
    }
}
