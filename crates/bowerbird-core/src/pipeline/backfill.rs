//! Looking again at everything kept, for a track that came later.

use std::sync::{Arc, PoisonError};

use serde::Serialize;

use crate::event::with_doc;
use crate::ids::TrackId;
use crate::live::LiveTrack;
use crate::store::{KeptPost, StoreError};
use crate::time::Time;

use super::engine::Engine;

/// Posts looked at in one step.
const STEP: usize = 500;

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
    /// Starts looking at everything kept with this track's rule as it is now; posts that fit are captured and marked as
    /// found afterwards. Starting again while one runs starts nothing.
    pub fn start_backfill(self: &Arc<Self>, track: TrackId) -> Result<Backfill, StoreError> {
        let live = self
            .parts
            .live
            .get(track)
            .ok_or_else(|| StoreError::NotFound(format!("track {track}")))?;
        let begun = Backfill {
            track,
            looked_at: 0,
            added: 0,
            done: false,
            error: String::new(),
            started_at: Time::now(),
        };
        let mut backfills = self
            .backfills
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = backfills.get(&track).filter(|known| !known.done) {
            return Ok(running.clone());
        }
        backfills.insert(track, begun.clone());
        drop(backfills);
        let engine = Arc::clone(self);
        tokio::spawn(async move {
            let error = engine
                .backfill(&live)
                .await
                .err()
                .map_or_else(String::new, |error| error.to_string());
            engine.note(track, |backfill| {
                backfill.done = true;
                backfill.error = error;
            });
        });
        Ok(begun)
    }

    /// The backfills of this run, by track.
    pub fn backfills(&self) -> Vec<Backfill> {
        self.backfills
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .cloned()
            .collect()
    }

    async fn backfill(&self, live: &Arc<LiveTrack>) -> Result<(), StoreError> {
        let (track, rule_version) = (live.track.id, live.track.rule_version);
        let mut place = 0;
        loop {
            let kept = self.parts.store.kept_after(place, STEP).await?;
            let Some(last) = kept.last().map(|post| post.place) else {
                return Ok(());
            };
            let looked_at = kept.len() as u64;
            let (live, decode) = (Arc::clone(live), self.parts.decode);
            let fitting = move || {
                kept.iter()
                    .filter(|post| fits(&live, decode, post))
                    .map(|post| post.place)
                    .collect()
            };
            let places: Vec<u64> =
                tokio::task::spawn_blocking(fitting)
                    .await
                    .map_err(|panicked| {
                        StoreError::Failed(format!("looking at kept posts broke down: {panicked}"))
                    })?;
            let added = self
                .parts
                .store
                .backfill(track, rule_version, &places, Time::now())
                .await?;
            self.note(track, |backfill| {
                backfill.looked_at += looked_at;
                backfill.added += added;
            });
            place = last;
        }
    }

    fn note(&self, track: TrackId, change: impl FnOnce(&mut Backfill)) {
        let mut backfills = self
            .backfills
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(backfill) = backfills.get_mut(&track) {
            change(backfill);
        }
    }
}

/// Would the track have caught this post, had it been there? Whether it is paused now does not matter.
fn fits(live: &LiveTrack, decode: crate::source::Decode, kept: &KeptPost) -> bool {
    let draft = &live.track.draft;
    let in_time = draft.start.is_none_or(|start| start <= kept.received_at)
        && draft.end.is_none_or(|end| kept.received_at < end);
    let listens = draft.sources.is_empty() || draft.sources.contains(&kept.source);
    if !in_time || !listens {
        return false;
    }
    let Ok(event) = decode(&kept.raw) else {
        return false;
    };
    event
        .post()
        .is_some_and(|post| with_doc(&event.id.id, post, |doc| live.rule.matches(doc)))
}
