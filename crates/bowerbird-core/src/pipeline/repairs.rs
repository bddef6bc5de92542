//! Repairs gaps: fetches again what a source missed, through the source's own front door, as durable jobs.
//!
//! One worker for each source that can, one gap at a time, the oldest first. What comes is appended under the source's name and lease, and
//! leaves its cursor alone: how far a repair is stands in its job, noted after each durable batch. So it goes on after any crash, and repeats one
//! batch at most. Which gaps there are is no business of this file: see [`super::gaps`].

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::gap::{Gap, GapState, Mending};
use crate::ids::{Cursor, SourceName};
use crate::repair::{Missing, Repair};
use crate::source::{Ladder, Lost, SourceError, SourceSpec};
use crate::store::{Job, JobEnd, JobLease, NewJob, StoreError};
use crate::time::Time;

use super::backoff::pause;
use super::engine::{Engine, EngineError};
use super::prepare::{Prepared, Repairs};

/// The kind of these jobs; the key is the gap's number.
const KIND: &str = "repair";
/// How urgent what nobody asked for is, and what somebody did.
const BY_ITSELF: i32 = 0;
const BY_HAND: i32 = 1;
/// How often to look for gaps that got their end, and for jobs that became due.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Gaps that are taken up in one look.
const MOST_NEW: usize = 100;
/// A job is held this long after each batch; nobody else takes it meanwhile.
const LEASE_FOR: Duration = Duration::from_secs(600);
/// How long opening, and one batch where the source itself sets no limit, may take.
const BATCH_WITHIN: Duration = Duration::from_secs(300);
/// When to try again after something that a person must look at: a sign-in that was refused, a plan that does not include it.
const STOPPED_FOR: Duration = Duration::from_secs(3_600);
/// When to look again whether a spent budget has more.
const MONEY_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// How far a repair is: a job's payload, as JSON. Fields may be added, never changed.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Progress {
    gap: u64,
    cursor: Option<Cursor>,
    /// Attempts in a row that brought nothing.
    failed: u32,
    /// The last attempt ended with something that a person must look at.
    #[serde(default)]
    stopped: bool,
}

impl Progress {
    fn payload(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("numbers and texts are JSON")
    }
}

/// Why reading what is missing ended.
enum ReadEnd {
    /// Everything came that can be had.
    All,
    /// The source failed.
    Failed(SourceError),
    /// There is no money for it now.
    Withheld(String),
    /// Somebody dropped the job.
    Dropped,
}

/// Repairs one source's gaps.
pub(super) struct Repairer {
    pub(super) engine: Arc<Engine>,
    pub(super) spec: SourceSpec,
    pub(super) repair: Repair,
    /// Gaps for which a job was made in this run, each with its end: one that grew is another.
    pub(super) asked: HashSet<(u64, Option<Time>)>,
}

impl Engine {
    /// Asks for the repair of a gap now, whoever may have wanted it so; the gap as it stands. It is [`StoreError::Conflict`] where
    /// there is nothing to repair, or nobody who can.
    pub async fn repair_gap(&self, id: u64) -> Result<Gap, StoreError> {
        let gap = self.parts.store.gap(id).await?;
        let gap = gap.ok_or_else(|| StoreError::NotFound(format!("gap {id}")))?;
        if gap.until.is_none() {
            let lasts = format!("gap {id} still lasts: it can be repaired once it has its end");
            return Err(StoreError::Conflict(lasts));
        }
        if gap.state == GapState::Repaired {
            return Err(StoreError::Conflict(format!("gap {id} is repaired")));
        }
        if !self.can_repair(&gap.source) {
            let nobody = format!(
                "nothing that runs now can fetch again what source `{}` missed",
                gap.source
            );
            return Err(StoreError::Conflict(nobody));
        }
        let job = new_job(&gap, BY_HAND);
        if self.add_jobs(std::slice::from_ref(&job)).await? == 0
            && let Some(known) = self.parts.store.job(KIND, &job.key).await?
        {
            self.retry_jobs(&[known.id]).await?;
        }
        Ok(gap)
    }

    /// Can gaps of this source be repaired in this run?
    pub fn can_repair(&self, source: &SourceName) -> bool {
        self.lock_repairable().contains(source)
    }

    /// The job that repairs a gap, while there is one.
    pub async fn repair_job(&self, gap: u64) -> Result<Option<Job>, StoreError> {
        self.parts.store.job(KIND, &gap.to_string()).await
    }

    pub(super) fn lock_repairable(&self) -> std::sync::MutexGuard<'_, HashSet<SourceName>> {
        self.repairable
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn new_job(gap: &Gap, priority: i32) -> NewJob {
    let progress = Progress {
        gap: gap.id,
        cursor: None,
        failed: 0,
        stopped: false,
    };
    NewJob {
        kind: KIND.to_owned(),
        key: gap.id.to_string(),
        source: gap.source.clone(),
        payload: progress.payload(),
        due_at: gap.from,
        priority,
    }
}

impl Repairer {
    /// Repairs for as long as the engine runs.
    pub(super) async fn run(mut self) -> Result<(), EngineError> {
        let engine = Arc::clone(&self.engine);
        let mut changed = engine.jobs_changed.subscribe();
        self.begin_anew().await?;
        loop {
            changed.mark_unchanged();
            self.ask_for_new().await?;
            while self.step().await? {}
            tokio::select! {
                // An error means that the sender is gone, and it is ours.
                _ = changed.changed() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Takes up what an earlier run left: what it had in work and what waits for a person is due now; where somebody now wants to be asked,
    /// what nobody asked for is no more.
    async fn begin_anew(&self) -> Result<(), EngineError> {
        let (engine, name) = (&self.engine, &self.spec.name);
        engine.take_back_jobs(KIND, name).await?;
        let is_by_hand = engine.parts.repair_by_hand.contains(name);
        let (mut dropped, mut again) = (Vec::new(), Vec::new());
        for job in engine.jobs_of(KIND, name).await? {
            let Ok(progress) = serde_json::from_slice::<Progress>(&job.payload) else {
                continue;
            };
            if is_by_hand && job.priority <= BY_ITSELF {
                self.reopen(progress.gap).await?;
                dropped.push(job.id);
            } else if progress.stopped && !job.dead {
                again.push(job.id);
            }
        }
        let store = &engine.parts.store;
        store.drop_jobs(&dropped).await?;
        store.retry_jobs(&again, Time::now()).await?;
        Ok(())
    }

    /// Sets a gap that was being repaired back to what it was.
    async fn reopen(&self, id: u64) -> Result<(), StoreError> {
        let store = &self.engine.parts.store;
        let gap = store.gap(id).await?;
        if gap.is_some_and(|gap| gap.state == GapState::Repairing) {
            store.mend(id, GapState::Open, &Mending::default()).await?;
        }
        Ok(())
    }

    /// Makes a job of each gap that got its end, unless somebody wants to be asked.
    async fn ask_for_new(&mut self) -> Result<(), EngineError> {
        let parts = &self.engine.parts;
        if parts.repair_by_hand.contains(&self.spec.name) {
            return Ok(());
        }
        let open = parts.store.to_repair(&self.spec.name, MOST_NEW).await?;
        // Made in this order, they are taken in it.
        let new = open
            .iter()
            .filter(|gap| self.asked.insert((gap.id, gap.until)));
        let jobs: Vec<NewJob> = new.map(|gap| new_job(gap, BY_ITSELF)).collect();
        if !jobs.is_empty() {
            parts.store.add_jobs(&jobs, Time::now()).await?;
        }
        Ok(())
    }

    /// Works on one gap; was there one?
    async fn step(&self) -> Result<bool, EngineError> {
        if self.engine.must_wait(&self.spec.name).is_some() {
            return Ok(false);
        }
        let (store, now) = (&self.engine.parts.store, Time::now());
        let until = now.plus(LEASE_FOR);
        let mut jobs = store
            .lease_jobs(KIND, &self.spec.name, 1, now, until)
            .await?;
        let Some(job) = jobs.pop() else {
            return Ok(false);
        };
        let end = match serde_json::from_slice(&job.payload) {
            Ok(progress) => self.mend(progress, job.lease()).await?,
            Err(error) => JobEnd::Dead {
                reason: format!("its payload can't be read: {error}"),
            },
        };
        store.end_jobs(&[(job.lease(), end)]).await?;
        Ok(true)
    }

    /// Works on a gap until it is repaired, can't be, or must wait.
    async fn mend(&self, progress: Progress, lease: JobLease) -> Result<JobEnd, EngineError> {
        let mut progress = progress;
        progress.stopped = false;
        let store = &self.engine.parts.store;
        loop {
            let gap = store.gap(progress.gap).await?;
            let gap = gap.filter(|gap| gap.state != GapState::Repaired);
            let Some(gap) = gap else {
                return Ok(JobEnd::Done);
            };
            let Some(until) = gap.until else {
                return Ok(JobEnd::Done);
            };
            self.note(gap.id, GapState::Repairing, "").await?;
            let end = self.read(&gap, until, &mut progress, lease).await?;
            // What was brought is counted before anything is said of it.
            self.engine.store_has_caught_up().await;
            let (at, reason) = match end {
                ReadEnd::All => {
                    self.note(gap.id, GapState::Repaired, "").await?;
                    tracing::info!(source.name = %self.spec.name, gap.id = gap.id, "A gap was repaired");
                    return Ok(JobEnd::Done);
                }
                ReadEnd::Dropped => return Ok(JobEnd::Done),
                ReadEnd::Withheld(reason) => (Time::now().plus(MONEY_AGAIN_AFTER), reason),
                ReadEnd::Failed(SourceError::Stop { reason }) => {
                    tracing::error!(source.name = %self.spec.name, gap.id = gap.id, reason, "A repair stopped; a person must look");
                    progress.stopped = true;
                    (Time::now().plus(STOPPED_FOR), reason)
                }
                ReadEnd::Failed(SourceError::CursorLost { reason, lost }) => {
                    let is_new = lost.resume.as_ref().is_some_and(|(at, _)| *at > gap.from);
                    self.split_off(&gap, &reason, &lost, &progress).await?;
                    match lost.resume {
                        Some((at, cursor)) if at < until && is_new => {
                            progress.cursor = Some(cursor);
                            if !self.noted(&progress, lease).await? {
                                return Ok(JobEnd::Done);
                            }
                            continue;
                        }
                        Some((at, _)) if at < until => {
                            progress.failed += 1;
                            (self.again(Ladder::Network, &progress), reason)
                        }
                        _ => return self.give_up(&gap, &reason).await,
                    }
                }
                ReadEnd::Failed(SourceError::WaitUntil { at, reason }) => {
                    progress.failed += 1;
                    let at = at.max(self.again(Ladder::Network, &progress));
                    // A budget may be raised before it begins anew.
                    let soon = Time::now().plus(MONEY_AGAIN_AFTER);
                    let is_money = self.engine.lacks_money(&self.spec.name);
                    (if is_money { at.min(soon) } else { at }, reason)
                }
                ReadEnd::Failed(SourceError::Retry { ladder, reason }) => {
                    progress.failed += 1;
                    (self.again(ladder, &progress), reason)
                }
                ReadEnd::Failed(SourceError::Slow { reason }) => {
                    progress.failed += 1;
                    (self.again(Ladder::Network, &progress), reason)
                }
            };
            let remains = format!("not done: {reason}");
            self.note(gap.id, GapState::Repairing, &remains).await?;
            self.noted(&progress, lease).await?;
            return Ok(JobEnd::Later { at, reason });
        }
    }

    /// Reads what is missing; everything read before it ends is durable.
    async fn read(
        &self,
        gap: &Gap,
        until: Time,
        progress: &mut Progress,
        lease: JobLease,
    ) -> Result<ReadEnd, EngineError> {
        let missing = Missing {
            from: gap.from,
            until,
            track: gap.track,
        };
        let opening = (self.repair.open)(&missing, progress.cursor.clone());
        let mut source = match tokio::time::timeout(BATCH_WITHIN, opening).await {
            Ok(Ok(source)) => source,
            Ok(Err(error)) => return Ok(ReadEnd::Failed(error)),
            Err(_) => return Ok(ReadEnd::Failed(too_slow(BATCH_WITHIN))),
        };
        let within = self.spec.stall_after.unwrap_or(BATCH_WITHIN);
        let writer = self.engine.writer(&self.spec.name).await?;
        let repairs = Repairs {
            gap: gap.id,
            from: gap.from,
            until,
        };
        loop {
            if let Some(reason) = self.engine.must_wait_for(&self.spec.name, gap.track) {
                return Ok(ReadEnd::Withheld(reason));
            }
            self.engine.store_is_near().await;
            let batch = match tokio::time::timeout(within, source.next_batch()).await {
                Ok(Ok(Some(batch))) => batch,
                Ok(Ok(None)) => return Ok(ReadEnd::All),
                Ok(Err(error)) => return Ok(ReadEnd::Failed(error)),
                Err(_) => return Ok(ReadEnd::Failed(too_slow(within))),
            };
            let preparing = self
                .engine
                .prepare(&self.spec, batch.frames, Some(repairs))
                .await;
            let prepared =
                preparing.map_err(|panicked| EngineError::Panicked(panicked.to_string()))?;
            if prepared.read > 0 {
                // Nothing of it says anything of the stream: when that was heard, or where it goes on.
                let prepared = Prepared {
                    heard_at: None,
                    ..prepared
                };
                writer.append(prepared, None, |_| {}).await?;
                progress.failed = 0;
            }
            if batch.cursor.is_some() {
                progress.cursor = batch.cursor;
            }
            if !self.noted(progress, lease).await? {
                return Ok(ReadEnd::Dropped);
            }
        }
    }

    /// Notes what became of the gap.
    async fn note(&self, id: u64, state: GapState, remains: &str) -> Result<(), StoreError> {
        let mending = self.mending(remains);
        self.engine.parts.store.mend(id, state, &mending).await
    }

    fn mending(&self, remains: &str) -> Mending {
        Mending {
            by: self.repair.by.to_owned(),
            at: Some(Time::now()),
            posts: 0,
            lacks: self.repair.lacks.to_owned(),
            remains: remains.to_owned(),
        }
    }

    async fn give_up(&self, gap: &Gap, reason: &str) -> Result<JobEnd, EngineError> {
        let (source, id) = (&self.spec.name, gap.id);
        self.note(id, GapState::BeyondRepair, reason).await?;
        tracing::warn!(source.name = %source, gap.id = id, reason, "A gap is beyond repair");
        Ok(JobEnd::Done)
    }

    /// Makes gaps of their own of what came before a cursor was lost, and of what the service has let go of.
    async fn split_off(
        &self,
        gap: &Gap,
        reason: &str,
        lost: &Lost,
        progress: &Progress,
    ) -> Result<(), StoreError> {
        let store = &self.engine.parts.store;
        if let Some(from) = lost.from.filter(|_| progress.cursor.is_some()) {
            let repaired = self.mending("");
            store
                .split(gap.id, from, GapState::Repaired, &repaired)
                .await?;
        }
        if let Some((at, _)) = &lost.resume {
            let gone = self.mending(reason);
            store
                .split(gap.id, *at, GapState::BeyondRepair, &gone)
                .await?;
        }
        Ok(())
    }

    /// Writes how far the job is; `false` if it is not ours any more.
    async fn noted(&self, progress: &Progress, lease: JobLease) -> Result<bool, StoreError> {
        let until = Time::now().plus(LEASE_FOR);
        let store = &self.engine.parts.store;
        match store.note_job(lease, &progress.payload(), until).await {
            Ok(()) => Ok(true),
            Err(StoreError::Conflict(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// When to try again after attempts that brought nothing.
    fn again(&self, ladder: Ladder, progress: &Progress) -> Time {
        Time::now().plus(pause(ladder, progress.failed))
    }
}

fn too_slow(within: Duration) -> SourceError {
    SourceError::Retry {
        ladder: Ladder::Network,
        reason: format!("nothing came for {} s", within.as_secs()),
    }
}

#[cfg(test)]
mod tests;
