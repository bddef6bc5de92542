//! What records make of a store in memory: posts, letters, gaps and counts.

use std::collections::BTreeMap;

use super::bills::Charged;
use crate::event::{Body, Delete};
use crate::gap::{Gap, GapState, Mending};
use crate::ids::{SourceName, TrackId};
use crate::raw::RawCodec;
use crate::record::{Content, Record};
use crate::store::{
    BackfillJob, DeadLetter, Dictionary, Has, KEPT_BYTES, KeptPost, PostQuery, StoreError,
    StoredCounts, Written,
};
use crate::time::Time;
use crate::track::{RuleVersion, Track};
use crate::view::{AuthorView, PostView};

/// A post and its bytes; none once it is deleted.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) view: PostView,
    pub(super) raw: Option<Vec<u8>>,
}

#[derive(Debug, Default)]
pub(super) struct Inner {
    /// In the order of keeping: a post's place is its index and one.
    pub(super) posts: Vec<Kept>,
    pub(super) jobs: BTreeMap<TrackId, BackfillJob>,
    pub(super) queue: super::jobs::Queue,
    pub(super) tracks: Vec<Track>,
    pub(super) rules: BTreeMap<TrackId, Vec<RuleVersion>>,
    pub(super) changes: u64,
    pub(super) counts: BTreeMap<SourceName, StoredCounts>,
    pub(super) dead: Vec<(DeadLetter, Vec<u8>)>,
    pub(super) ledger: super::ledger::Spans,
    pub(super) charged: Charged,
    pub(super) passwords: BTreeMap<String, String>,
    pub(super) dictionaries: Vec<Dictionary>,
    pub(super) position: u64,
    /// Sweeps until all there is has been looked at.
    pub(super) sweeps_left: usize,
}

impl Inner {
    pub(super) fn check_track(&self, id: TrackId) -> Result<(), StoreError> {
        let found = self.tracks.iter().any(|track| track.id == id);
        let missing = || StoreError::NotFound(format!("track {id}"));
        found.then_some(()).ok_or_else(missing)
    }

    pub(super) fn note(&mut self, job: &BackfillJob) {
        self.jobs.insert(job.track, job.clone());
        self.jobs.retain(|_, job| !job.is_done());
    }

    pub(super) fn apply(&mut self, record: &Record<'_>, codec: &RawCodec, written: &mut Written) {
        let source = source_name(&record.source);
        let zero = StoredCounts {
            source: source.clone(),
            kept: 0,
            duplicate: 0,
            refused: 0,
        };
        self.ledger.heard(&source, record.received_at);
        let counts = self.counts.entry(source.clone()).or_insert(zero);
        match &record.content {
            Content::Event {
                event,
                captures,
                raw,
                repairs,
            } => {
                let view = PostView::new(&source, record.received_at, event, captures);
                let is_new = match &event.body {
                    Body::Delete(Delete::Post { post_id, .. }) => {
                        let key = format!("{}/{post_id}", event.id.service);
                        delete(&mut self.posts, &key, record.received_at);
                        true
                    }
                    _ => {
                        view.is_none_or(|view| keep(&mut self.posts, view, codec.unpack(raw).ok()))
                    }
                };
                if is_new && event.post().is_some() {
                    self.ledger.arrived(&source, record.received_at, *repairs);
                }
                written.kept += u64::from(is_new);
                counts.kept += u64::from(is_new);
                written.duplicate += u64::from(!is_new);
                counts.duplicate += u64::from(!is_new);
            }
            Content::Refused { reason, raw } => {
                written.refused += 1;
                counts.refused += 1;
                let bytes = codec.unpack(raw).unwrap_or_default();
                self.letter(source, (None, reason), record.received_at, bytes);
            }
            Content::Buried {
                lane,
                reason,
                record: buried,
            } => {
                let why = (Some(lane.to_string()), reason.as_ref());
                self.letter(source, why, record.received_at, buried.to_vec());
            }
            Content::Gap {
                track,
                from,
                until,
                cause,
                reason,
                lost,
            } => self.ledger.note(Gap {
                id: 0,
                source,
                track: *track,
                from: *from,
                until: *until,
                cause: *cause,
                reason: reason.to_string(),
                lost: *lost,
                state: GapState::Open,
                repair: Mending::default(),
            }),
            // Nothing that is tested with this store comes by another id.
            Content::Aliases { .. } => {}
            Content::UncaughtEdit { event, raw } => {
                let view = PostView::new(&source, record.received_at, event, &[]);
                let is_kept =
                    |view: &PostView| self.posts.iter().any(|kept| kept.view.key == view.key);
                if let Some(view) = view.filter(is_kept) {
                    keep(&mut self.posts, view, codec.unpack(raw).ok());
                }
            }
            Content::Charge(charge) => {
                written.charged = true;
                self.charged
                    .enter(&source, record.received_at.day(), charge);
            }
        }
    }

    fn letter(
        &mut self,
        source: SourceName,
        (lane, reason): (Option<String>, &str),
        received_at: Time,
        bytes: Vec<u8>,
    ) {
        let letter = DeadLetter {
            id: self.dead.last().map_or(1, |(last, _)| last.id + 1),
            source,
            lane,
            reason: reason.to_owned(),
            received_at,
            bytes: bytes.len() as u64,
            excerpt: String::from_utf8_lossy(&bytes).chars().take(200).collect(),
        };
        self.dead.push((letter, bytes));
    }
}

fn source_name(text: &str) -> SourceName {
    SourceName::parse(text).expect("a test names its sources")
}

/// Keeps a post, or a later version of one; was it new?
fn keep(posts: &mut Vec<Kept>, view: PostView, raw: Option<Vec<u8>>) -> bool {
    let known = posts.iter_mut().find(|kept| kept.view.key == view.key);
    match known {
        None => posts.push(Kept { view, raw }),
        Some(known) if known.view.deleted_at.is_some() || view.version <= known.view.version => {
            return false;
        }
        Some(known) => *known = Kept { view, raw },
    }
    true
}

/// Leaves nothing of a post but its id.
fn delete(posts: &mut [Kept], key: &str, at: Time) {
    let found = posts
        .iter_mut()
        .find(|kept| kept.view.key == key && kept.view.deleted_at.is_none());
    if let Some(kept) = found {
        kept.raw = None;
        kept.view.text.clear();
        kept.view.embedded.clear();
        kept.view.deleted_at = Some(at);
    }
    for outer in posts.iter_mut() {
        let inside = outer.view.embedded.iter_mut();
        for inner in inside.filter(|inner| inner.key == key) {
            outer.raw = None;
            inner.author = AuthorView::default();
            inner.text.clear();
            inner.entities.clear();
            inner.marks.clear();
            inner.deleted_at = Some(at);
        }
    }
}

pub(super) fn kept_post((index, kept): (usize, &Kept)) -> Option<KeptPost> {
    Some(KeptPost {
        place: index as u64 + 1,
        source: source_name(&kept.view.source),
        received_at: kept.view.received_at,
        raw: kept.raw.clone()?,
    })
}

/// As many as fit an answer.
pub(super) fn bounded(posts: impl Iterator<Item = KeptPost>, most: usize) -> Vec<KeptPost> {
    let mut n_bytes = 0;
    let fits = |post: &KeptPost| {
        let has_room = n_bytes < KEPT_BYTES;
        n_bytes += post.raw.len();
        has_room
    };
    posts.take(most).take_while(fits).collect()
}

pub(super) fn fits(post: &PostView, query: &PostQuery) -> bool {
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
