//! A store in memory for the tests of this crate and for looking at its pages: simple, slow, and no example of how to be one.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use bowerbird_core::event::{Body, Delete};
use bowerbird_core::ids::{SourceName, TrackId};
use bowerbird_core::raw::RawCodec;
use bowerbird_core::record::{Content, Record};
use bowerbird_core::store::*;
use bowerbird_core::time::Time;
use bowerbird_core::track::{Track, TrackDraft};
use bowerbird_core::view::{CaptureView, PostView};
use bytes::Bytes;

#[derive(Debug)]
pub struct FakeStore {
    codec: Arc<RawCodec>,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    posts: Vec<PostView>,
    raws: Vec<Vec<u8>>,
    tracks: Vec<Track>,
    changes: u64,
    counts: BTreeMap<SourceName, StoredCounts>,
    dead: Vec<(DeadLetter, Vec<u8>)>,
    gaps: Vec<Gap>,
    passwords: BTreeMap<String, String>,
    position: u64,
}

impl FakeStore {
    pub fn new(codec: Arc<RawCodec>) -> Self {
        Self {
            codec,
            inner: Mutex::default(),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }
}

impl Inner {
    fn apply(&mut self, record: &Record<'_>, codec: &RawCodec, written: &mut Written) {
        let source = SourceName::parse(&record.source).unwrap();
        let zero = StoredCounts {
            source: source.clone(),
            kept: 0,
            duplicate: 0,
            refused: 0,
        };
        let counts = self.counts.entry(source.clone()).or_insert(zero);
        match &record.content {
            Content::Event {
                event,
                captures,
                raw,
            } => {
                written.kept += 1;
                counts.kept += 1;
                match &event.body {
                    Body::Post(post) | Body::Edit(post) => {
                        let mut view = PostView::new(&source, record.received_at, &event.id, post);
                        view.captures = captures.iter().map(CaptureView::live).collect();
                        view.edited |= matches!(event.body, Body::Edit(_));
                        self.posts
                            .retain(|known| known.key != view.key || view.edited);
                        self.posts.push(view);
                        self.raws.push(codec.unpack(raw).unwrap_or_default());
                    }
                    Body::Delete(Delete::Post { post_id, .. }) => {
                        let key = format!("{}/{post_id}", event.id.service);
                        for post in self.posts.iter_mut().filter(|post| post.key == key) {
                            post.text.clear();
                            post.marks.clear();
                            post.deleted_at = Some(record.received_at);
                        }
                    }
                    _ => {}
                }
            }
            Content::Refused { reason, raw } => {
                written.refused += 1;
                counts.refused += 1;
                let bytes = codec.unpack(raw).unwrap_or_default();
                let letter = DeadLetter {
                    id: self.dead.len() as u64 + 1,
                    source,
                    lane: None,
                    reason: reason.to_string(),
                    received_at: record.received_at,
                    bytes: bytes.len() as u64,
                    excerpt: String::from_utf8_lossy(&bytes).chars().take(200).collect(),
                };
                self.dead.push((letter, bytes));
            }
            Content::Gap {
                from,
                until,
                reason,
                lost,
            } => self.gaps.push(Gap {
                id: self.gaps.len() as u64 + 1,
                source,
                from: *from,
                until: *until,
                reason: reason.to_string(),
                lost: *lost,
                state: "open".to_owned(),
            }),
            Content::Buried { .. } => {}
        }
    }
}

fn fits(post: &PostView, query: &PostQuery) -> bool {
    let author = query.author.trim_start_matches('@');
    let text = query.text.to_lowercase();
    let has = |has: &Has| match has {
        Has::Media => post.entities.iter().any(|entity| entity.kind.is_media()),
        Has::Reply => post.reply_to.is_some(),
        Has::Quote => post.quote_of.is_some(),
        Has::Repost => post.repost_of.is_some(),
        Has::Edited => post.edited,
        Has::Geo => post.place.is_some() || post.point.is_some(),
        _ => true,
    };
    text.split_whitespace()
        .all(|word| post.text.to_lowercase().contains(word))
        && (author.is_empty() || post.author.handle == author || post.author.id == author)
        && query
            .track
            .is_none_or(|track| post.captures.iter().any(|capture| capture.track == track))
        && (query.service.is_empty() || post.service == query.service)
        && query
            .source
            .as_ref()
            .is_none_or(|source| post.source == source.as_str())
        && (query.lang.is_empty() || post.lang == query.lang)
        && query
            .since
            .is_none_or(|since| post.made_at.is_some_and(|made| made >= since))
        && query
            .until
            .is_none_or(|until| post.made_at.is_some_and(|made| made < until))
        && query.has.iter().all(has)
        && post.deleted_at.is_none()
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
            .filter(|place| fits(&inner.posts[*place], query));
        let places: Vec<usize> = found.by_ref().take(limit).collect();
        let next = found.next().and(places.last()).map(ToString::to_string);
        Ok(Page {
            items: places
                .into_iter()
                .map(|place| inner.posts[place].clone())
                .collect(),
            next,
        })
    }

    async fn post(&self, service: &str, id: &str) -> Result<Option<PostView>, StoreError> {
        let found = self
            .inner()
            .posts
            .iter()
            .rev()
            .find(|post| post.service == service && post.id == id)
            .cloned();
        Ok(found)
    }

    async fn raw(&self, service: &str, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let inner = self.inner();
        let place = inner
            .posts
            .iter()
            .position(|post| post.service == service && post.id == id);
        Ok(place.map(|place| inner.raws[place].clone()))
    }

    async fn kept_after(&self, place: u64, most: usize) -> Result<Vec<KeptPost>, StoreError> {
        let inner = self.inner();
        let kept = inner
            .posts
            .iter()
            .zip(&inner.raws)
            .zip(1..)
            .skip(place as usize)
            .take(most);
        Ok(kept
            .map(|((post, raw), place)| KeptPost {
                place,
                source: SourceName::parse(&post.source).unwrap(),
                received_at: post.received_at,
                raw: raw.clone(),
            })
            .collect())
    }

    async fn backfill(
        &self,
        track: TrackId,
        rule_version: u32,
        places: &[u64],
        _: Time,
    ) -> Result<u64, StoreError> {
        let mut inner = self.inner();
        let mut added = 0;
        for place in places {
            let captures = &mut inner.posts[*place as usize - 1].captures;
            if captures.iter().all(|capture| capture.track != track) {
                captures.push(CaptureView {
                    track,
                    rule_version,
                    backfilled: true,
                });
                added += 1;
            }
        }
        Ok(added)
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
            for post in &inner.posts {
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
        for post in &self.inner().posts {
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
        inner.changes += 1;
        let found = inner.tracks.iter_mut().find(|track| track.id == id);
        let track = found.ok_or_else(|| StoreError::NotFound(format!("track {id}")))?;
        track.rule_version += u32::from(track.draft.rule != draft.rule);
        track.draft = draft.clone();
        track.changed_at = at;
        Ok(track.clone())
    }

    async fn remove_track(&self, id: TrackId, _: Time) -> Result<(), StoreError> {
        let mut inner = self.inner();
        let before = inner.tracks.len();
        inner.tracks.retain(|track| track.id != id);
        inner.changes += 1;
        let missing = inner.tracks.len() == before;
        if missing {
            Err(StoreError::NotFound(format!("track {id}")))
        } else {
            Ok(())
        }
    }

    async fn change_number(&self) -> Result<u64, StoreError> {
        Ok(self.inner().changes)
    }
}

#[async_trait]
impl Ledger for FakeStore {
    async fn gaps(&self, source: Option<&SourceName>, most: usize) -> Result<Vec<Gap>, StoreError> {
        let inner = self.inner();
        let wanted = inner
            .gaps
            .iter()
            .rev()
            .filter(|gap| source.is_none_or(|source| gap.source == *source));
        Ok(wanted.take(most).cloned().collect())
    }

    async fn dead_letters(
        &self,
        before: Option<u64>,
        most: usize,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        let inner = self.inner();
        let wanted = inner
            .dead
            .iter()
            .rev()
            .filter(|(letter, _)| before.is_none_or(|before| letter.id < before));
        Ok(wanted
            .take(most)
            .map(|(letter, _)| letter.clone())
            .collect())
    }

    async fn dead_letter(&self, id: u64) -> Result<Option<(DeadLetter, Vec<u8>)>, StoreError> {
        Ok(self
            .inner()
            .dead
            .iter()
            .find(|(letter, _)| letter.id == id)
            .cloned())
    }

    async fn drop_dead_letters(&self, ids: &[u64]) -> Result<u64, StoreError> {
        let mut inner = self.inner();
        let before = inner.dead.len();
        inner.dead.retain(|(letter, _)| !ids.contains(&letter.id));
        Ok((before - inner.dead.len()) as u64)
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
        Ok(Vec::new())
    }

    async fn add_dictionary(
        &self,
        service: &str,
        bytes: &[u8],
        _: Time,
    ) -> Result<Dictionary, StoreError> {
        Ok(Dictionary {
            number: 40_000,
            service: service.to_owned(),
            bytes: bytes.to_vec(),
        })
    }
}

#[async_trait]
impl Upkeep for FakeStore {
    async fn sweep(&self, _: Time, _: &[KeepPosts], _: usize) -> Result<u64, StoreError> {
        Ok(0)
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
