//! Looking again at what is kept: for a track that came later, and to try a rule that is no track yet.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use bowerbird_rules::Rule;
use serde::Serialize;

use crate::event::with_doc;
use crate::hub::RECENT_RECORDS;
use crate::ids::TrackId;
use crate::live::LiveTrack;
use crate::preview::{Preview, preview};
use crate::source::Decode;
use crate::store::{BackfillJob, KeptPost, StoreError};
use crate::time::Time;

use super::engine::Engine;

/// Posts looked at in one step.
const STEP: usize = 500;
/// How long a backfill waits, before it begins, for what is already in the spool to be kept.
const KEPT_WITHIN: Duration = Duration::from_secs(2);

/// How a backfill is getting on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Backfill {
    /// The track.
    pub track: TrackId,
    /// Kept posts looked at so far.
    pub looked_at: u64,
    /// Captures added so far.
    pub added: u64,
    /// Is it over?
    pub done: bool,
    /// Why it failed; empty if it did not.
    pub error: String,
    /// When it began.
    pub started_at: Time,
}

impl Engine {
    /// Tries a rule on the newest posts: those in live memory and, where they are few, those kept last.
    pub async fn preview(&self, rule: Rule, most_samples: usize) -> Result<Preview, StoreError> {
        let live = self.parts.hub.recent_records();
        let kept = if live.len() < RECENT_RECORDS {
            self.parts.store.newest_kept(RECENT_RECORDS).await?
        } else {
            Vec::new()
        };
        let decode = self.parts.decode;
        apart(move || preview(&live, &kept, decode, &rule, most_samples)).await
    }

    /// Starts looking at everything kept so far with this track's rule; posts that fit are captured and marked as found
    /// afterwards. Starting again while one runs starts nothing; one that ended half-way goes on.
    pub async fn start_backfill(self: &Arc<Self>, track: TrackId) -> Result<Backfill, StoreError> {
        let rule_version = self.rule_of(track)?.track.rule_version;
        let begun = BackfillJob::new(track, rule_version, 0, Time::now());
        if let Some(running) = self.enter(&begun) {
            return Ok(running);
        }
        // Apart: it is noted as running, and goes on though whoever asked for it goes away.
        let beginning = tokio::spawn(Arc::clone(self).begin(begun));
        beginning.await.unwrap_or_else(|panicked| {
            self.known_backfills().remove(&track);
            Err(broke_down(panicked))
        })
    }

    /// Begins a backfill that is noted, or notes that there is none.
    async fn begin(self: Arc<Self>, noted: BackfillJob) -> Result<Backfill, StoreError> {
        self.until_kept().await;
        let track = noted.track;
        let store = &self.parts.store;
        let begun = store
            .begin_backfill(track, noted.rule_version, noted.started_at)
            .await;
        match begun {
            Ok(job) => {
                let backfill = self.note(&job);
                tokio::spawn(self.backfill(job));
                Ok(backfill)
            }
            Err(error) => {
                self.known_backfills().remove(&track);
                Err(error)
            }
        }
    }

    /// Goes on with the backfills that another process left half-way.
    pub(super) async fn resume_backfills(self: &Arc<Self>) -> Result<(), StoreError> {
        for job in self.parts.store.backfills().await? {
            if self.enter(&job).is_none() {
                tokio::spawn(Arc::clone(self).backfill(job));
            }
        }
        Ok(())
    }

    /// The backfills that run, or ended in this run, by track.
    pub fn backfills(&self) -> Vec<Backfill> {
        self.known_backfills().values().cloned().collect()
    }

    async fn backfill(self: Arc<Self>, job: BackfillJob) {
        let track = job.track;
        let failed = self.look_back(job).await.err();
        if let Some(error) = &failed {
            tracing::error!(track.id = %track, error.message = %error, "A backfill broke off; it goes on when it is started again");
        }
        if let Some(backfill) = self.known_backfills().get_mut(&track) {
            backfill.done = true;
            backfill.error = failed.map_or_else(String::new, |error| error.to_string());
        }
    }

    async fn look_back(&self, job: BackfillJob) -> Result<(), StoreError> {
        let (mut job, store) = (job, &self.parts.store);
        while !job.is_done() {
            let live = self.rule_of(job.track)?;
            let rule_version = live.track.rule_version;
            if rule_version != job.rule_version {
                job = store
                    .begin_backfill(job.track, rule_version, Time::now())
                    .await?;
                self.note(&job);
                continue;
            }
            let mut kept = store.kept_after(job.reached, STEP).await?;
            job.reached = kept.last().map_or(job.to, |last| last.place);
            kept.retain(|post| post.place <= job.to);
            job.looked_at += kept.len() as u64;
            let decode = self.parts.decode;
            let fitting = move || {
                let fitting = kept.iter().filter(|post| fits(&live, decode, post));
                fitting.map(|post| post.place).collect::<Vec<u64>>()
            };
            let places = apart(fitting).await?;
            job = store.backfill(&job, &places, Time::now()).await?;
            self.note(&job);
        }
        Ok(())
    }

    fn rule_of(&self, track: TrackId) -> Result<Arc<LiveTrack>, StoreError> {
        let live = self.parts.live.get(track);
        live.ok_or_else(|| StoreError::NotFound(format!("track {track}")))
    }

    /// Waits a moment for the store to take what is in the spool now: that was read before the track came, and would be looked
    /// at by nobody.
    async fn until_kept(&self) {
        let end = self.end.load(Ordering::Relaxed);
        let mut position = self.store_position.subscribe();
        let kept = position.wait_for(|position| *position >= end);
        // Where nothing moves the store's lane, what is kept already must do.
        let _ = tokio::time::timeout(KEPT_WITHIN, kept).await;
    }

    /// Notes a job that begins, unless one of its track runs: that one.
    fn enter(&self, job: &BackfillJob) -> Option<Backfill> {
        let mut backfills = self.known_backfills();
        let running = backfills.get(&job.track).filter(|known| !known.done);
        let running = running.cloned();
        if running.is_none() {
            backfills.insert(job.track, Backfill::of(job));
        }
        running
    }

    fn note(&self, job: &BackfillJob) -> Backfill {
        let backfill = Backfill::of(job);
        self.known_backfills().insert(job.track, backfill.clone());
        backfill
    }

    fn known_backfills(&self) -> MutexGuard<'_, BTreeMap<TrackId, Backfill>> {
        self.backfills
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backfill {
    fn of(job: &BackfillJob) -> Self {
        Self {
            track: job.track,
            looked_at: job.looked_at,
            added: job.added,
            done: false,
            error: String::new(),
            started_at: job.started_at,
        }
    }
}

/// Runs work for a core where it holds nobody up.
async fn apart<R: Send + 'static>(
    work: impl FnOnce() -> R + Send + 'static,
) -> Result<R, StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(broke_down)
}

fn broke_down(panicked: tokio::task::JoinError) -> StoreError {
    StoreError::Failed(format!("looking at kept posts broke down: {panicked}"))
}

/// Would the track have caught this post, had it been there? Whether it is paused now does not matter.
fn fits(live: &LiveTrack, decode: Decode, kept: &KeptPost) -> bool {
    let draft = &live.track.draft;
    if !draft.is_in_time(kept.received_at) || !draft.listens_to(&kept.source) {
        return false;
    }
    let Ok(event) = decode(&kept.raw) else {
        return false;
    };
    event
        .post()
        .is_some_and(|post| with_doc(&event.id.id, post, |doc| live.rule.matches(doc)))
}

#[cfg(test)]
mod tests;
