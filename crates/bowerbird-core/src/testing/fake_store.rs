//! A store in memory, for tests of what stands before and behind a store: simple, slow, and no example of how to be one.
//!
//! It keeps posts, captures, counts, tracks and jobs as the contract says, as far as [`again`](super::store_suite::again) asks,
//! and bills. It knows
//! no people, posts inside posts only as a part of these, no full text, and lets nothing go.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;

use crate::ids::TrackId;
use crate::raw::{self, RawCodec};
use crate::record::Record;
use crate::store::{
    CaptureCounts, Dictionary, KeepPosts, KeptPost, Keys, MinuteCount, Order, Page, PostQuery,
    Posts, StoreError, StoreSize, StoredCounts, Swept, Tracks, Upkeep, Written,
};
use crate::time::Time;
use crate::track::{RuleVersion, Track, TrackDraft};
use crate::view::PostView;

mod bills;
mod jobs;
mod kept;
mod ledger;

use kept::{Inner, Kept, bounded, fits, kept_post};

/// A store that forgets everything with its process.
#[derive(Debug)]
pub struct FakeStore {
    codec: Arc<RawCodec>,
    inner: Mutex<Inner>,
}

impl FakeStore {
    /// An empty store; raw bytes are unpacked with `codec`.
    pub fn new(codec: Arc<RawCodec>) -> Self {
        Self {
            codec,
            inner: Mutex::default(),
        }
    }

    /// From now on it takes so many sweeps to look at all there is.
    pub fn takes_sweeps(&self, n: usize) {
        self.inner().sweeps_left = n;
    }

    /// Sweeps that are left to do.
    pub fn sweeps_left(&self) -> usize {
        self.inner().sweeps_left
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Posts for FakeStore {
    async fn write(&self, batch: Vec<(u64, Bytes)>) -> Result<Written, StoreError> {
        let mut inner = self.inner();
        let mut written = Written::default();
        for (offset, bytes) in batch {
            if offset < inner.position {
                written.skipped += 1;
                continue;
            }
            inner.position = offset + 1;
            let record =
                Record::decode(&bytes).map_err(|error| StoreError::Failed(error.to_string()))?;
            inner.apply(&record, &self.codec, &mut written);
        }
        Ok(written)
    }

    async fn search(&self, query: &PostQuery) -> Result<Page<PostView>, StoreError> {
        if query.text.contains("\"") && query.text.matches('"').count() % 2 == 1 {
            return Err(StoreError::Invalid("a phrase is not closed".to_owned()));
        }
        let inner = self.inner();
        let limit = if query.limit == 0 { 50 } else { query.limit };
        let all: Vec<usize> = match query.order {
            Order::Oldest => (0..inner.posts.len()).collect(),
            _ => (0..inner.posts.len()).rev().collect(),
        };
        let after = query
            .after
            .as_ref()
            .map(|after| after.parse::<usize>().unwrap_or(0));
        let begin = after
            .and_then(|after| all.iter().position(|place| *place == after))
            .map_or(0, |at| at + 1);
        let mut found = all[begin..]
            .iter()
            .copied()
            .filter(|place| fits(&inner.posts[*place].view, query));
        let places: Vec<usize> = found.by_ref().take(limit).collect();
        let next = found.next().and(places.last()).map(ToString::to_string);
        Ok(Page {
            items: places
                .into_iter()
                .map(|place| inner.posts[place].view.clone())
                .collect(),
            next,
        })
    }

    async fn post(&self, service: &str, id: &str) -> Result<Option<PostView>, StoreError> {
        let found = self
            .inner()
            .posts
            .iter()
            .find(|kept| kept.view.service == service && kept.view.id == id)
            .map(|kept| kept.view.clone());
        Ok(found)
    }

    async fn raw(&self, service: &str, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let inner = self.inner();
        let found = inner
            .posts
            .iter()
            .find(|kept| kept.view.service == service && kept.view.id == id);
        Ok(found.and_then(|kept| kept.raw.clone()))
    }

    async fn kept_after(&self, place: u64, most: usize) -> Result<Vec<KeptPost>, StoreError> {
        let inner = self.inner();
        let after = usize::try_from(place).unwrap_or(usize::MAX);
        let later = inner.posts.iter().enumerate().skip(after);
        Ok(bounded(later.filter_map(kept_post), most))
    }

    async fn newest_kept(&self, most: usize) -> Result<Vec<KeptPost>, StoreError> {
        let inner = self.inner();
        let newest = inner.posts.iter().enumerate().rev();
        Ok(bounded(newest.filter_map(kept_post), most))
    }

    async fn counts(&self) -> Result<Vec<StoredCounts>, StoreError> {
        Ok(self.inner().counts.values().cloned().collect())
    }

    async fn captures(&self) -> Result<Vec<CaptureCounts>, StoreError> {
        let inner = self.inner();
        let counts = inner.tracks.iter().map(|track| {
            let mut counts = CaptureCounts {
                track: track.id,
                captures: 0,
                backfilled: 0,
                last_at: None,
            };
            for Kept { view: post, .. } in &inner.posts {
                if let Some(capture) = post
                    .captures
                    .iter()
                    .find(|capture| capture.track == track.id)
                {
                    counts.captures += 1;
                    counts.backfilled += u64::from(capture.backfilled);
                    counts.last_at = Some(post.received_at);
                }
            }
            counts
        });
        Ok(counts.collect())
    }

    async fn per_minute(
        &self,
        track: Option<TrackId>,
        from: Time,
        until: Time,
    ) -> Result<Vec<MinuteCount>, StoreError> {
        let mut minutes = BTreeMap::new();
        for Kept { view: post, .. } in &self.inner().posts {
            let counts = track
                .is_none_or(|track| post.captures.iter().any(|capture| capture.track == track));
            if counts && from <= post.received_at && post.received_at < until {
                *minutes.entry(post.received_at.seconds() / 60).or_insert(0) += 1;
            }
        }
        let minute = |(minute, count)| MinuteCount {
            minute: Time::from_millis(minute * 60_000),
            count,
        };
        Ok(minutes.into_iter().map(minute).collect())
    }
}

#[async_trait]
impl Tracks for FakeStore {
    async fn tracks(&self) -> Result<Vec<Track>, StoreError> {
        Ok(self.inner().tracks.clone())
    }

    async fn create_track(&self, draft: &TrackDraft, at: Time) -> Result<Track, StoreError> {
        let mut inner = self.inner();
        if inner
            .tracks
            .iter()
            .any(|track| track.draft.name == draft.name)
        {
            return Err(StoreError::Conflict(format!(
                "there is a track named `{}` already",
                draft.name
            )));
        }
        let id = TrackId(inner.tracks.last().map_or(1, |last| last.id.0 + 1));
        let track = Track {
            id,
            rule_version: 1,
            draft: draft.clone(),
            created_at: at,
            changed_at: at,
        };
        inner.tracks.push(track.clone());
        inner.rules.insert(id, vec![RuleVersion::present(&track)]);
        inner.changes += 1;
        Ok(track)
    }

    async fn update_track(
        &self,
        id: TrackId,
        draft: &TrackDraft,
        at: Time,
    ) -> Result<Track, StoreError> {
        let mut inner = self.inner();
        let inner = &mut *inner;
        inner.changes += 1;
        let found = inner.tracks.iter_mut().find(|track| track.id == id);
        let track = found.ok_or_else(|| StoreError::NotFound(format!("track {id}")))?;
        track.draft = draft.clone();
        track.changed_at = at;
        let versions = inner.rules.entry(id).or_default();
        let next = RuleVersion {
            version: track.rule_version + 1,
            ..RuleVersion::present(track)
        };
        if let Some(before) = versions.last_mut()
            && (&before.rule, &before.sources, before.start, before.end)
                != (&next.rule, &next.sources, next.start, next.end)
        {
            before.until = Some(at);
            track.rule_version = next.version;
            versions.push(next);
        }
        Ok(track.clone())
    }

    async fn remove_track(&self, id: TrackId, _: Time) -> Result<(), StoreError> {
        let mut inner = self.inner();
        let before = inner.tracks.len();
        inner.tracks.retain(|track| track.id != id);
        inner.jobs.remove(&id);
        inner.changes += 1;
        let missing = inner.tracks.len() == before;
        if missing {
            Err(StoreError::NotFound(format!("track {id}")))
        } else {
            Ok(())
        }
    }

    async fn rule_versions(&self, id: TrackId) -> Result<Vec<RuleVersion>, StoreError> {
        let inner = self.inner();
        let is_there = inner.tracks.iter().any(|track| track.id == id);
        let versions = inner.rules.get(&id).filter(|_| is_there);
        Ok(versions.cloned().unwrap_or_default())
    }

    async fn change_number(&self) -> Result<u64, StoreError> {
        Ok(self.inner().changes)
    }
}

#[async_trait]
impl Keys for FakeStore {
    async fn password(&self, user: &str) -> Result<Option<String>, StoreError> {
        Ok(self.inner().passwords.get(user).cloned())
    }

    async fn set_password(&self, user: &str, phc: &str, _: Time) -> Result<(), StoreError> {
        self.inner()
            .passwords
            .insert(user.to_owned(), phc.to_owned());
        Ok(())
    }

    async fn users(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.inner().passwords.keys().cloned().collect())
    }

    async fn dictionaries(&self) -> Result<Vec<Dictionary>, StoreError> {
        Ok(self.inner().dictionaries.clone())
    }

    async fn add_dictionary(
        &self,
        service: &str,
        bytes: &[u8],
        _: Time,
    ) -> Result<Dictionary, StoreError> {
        let made = Dictionary {
            number: raw::dictionary_number(bytes).unwrap_or_default(),
            service: service.to_owned(),
            bytes: bytes.to_vec(),
        };
        self.inner().dictionaries.push(made.clone());
        Ok(made)
    }
}

#[async_trait]
impl Upkeep for FakeStore {
    async fn sweep(&self, _: Time, _: &[KeepPosts], _: usize) -> Result<Swept, StoreError> {
        let left = &mut self.inner().sweeps_left;
        *left = left.saturating_sub(1);
        Ok(Swept {
            posts: 0,
            is_done: *left == 0,
        })
    }

    async fn backup(&self, path: &Path) -> Result<(), StoreError> {
        std::fs::write(path, b"copy").map_err(|error| StoreError::Failed(error.to_string()))
    }

    async fn size(&self) -> Result<StoreSize, StoreError> {
        let inner = self.inner();
        let dead_letters = inner.dead.len() as u64;
        Ok(StoreSize {
            posts: inner.posts.len() as u64,
            tombstones: 0,
            accounts: 5,
            dead_letters,
            bytes: 1 << 20,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;
    use crate::testing::store_suite::{StoreBackend, again, bills, embedded, gaps, jobs, tracks};

    struct Backend(FakeStore);

    #[async_trait]
    impl StoreBackend for Backend {
        async fn begin(&mut self) {
            self.0 = FakeStore::new(Arc::default());
        }

        fn store(&self) -> &dyn Store {
            &self.0
        }

        /// It lives as long as it is held.
        async fn restart(&mut self) {}
    }

    #[tokio::test]
    async fn looks_again_as_a_store_does() {
        again::all(&mut Backend(FakeStore::new(Arc::default()))).await;
    }

    #[tokio::test]
    async fn gives_jobs_as_a_store_does() {
        jobs::all(&mut Backend(FakeStore::new(Arc::default()))).await;
    }

    #[tokio::test]
    async fn knows_every_rule_a_track_had() {
        tracks::knows_every_rule_a_track_had(&mut Backend(FakeStore::new(Arc::default()))).await;
    }

    #[tokio::test]
    async fn keeps_gaps_as_a_store_does() {
        gaps::all(&mut Backend(FakeStore::new(Arc::default()))).await;
    }

    #[tokio::test]
    async fn shows_what_came_inside() {
        embedded::shown(&mut Backend(FakeStore::new(Arc::default()))).await;
    }

    #[tokio::test]
    async fn bills_as_a_store_does() {
        bills::all(&mut Backend(FakeStore::new(Arc::default()))).await;
    }
}
