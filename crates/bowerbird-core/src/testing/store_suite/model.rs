//! A naive model of what is kept: the final state of a set of events, whatever their order and however often they come.
//!
//! The model looks at all events at once and knows no order; a store sees them one by one. Where both agree for random
//! sequences, the store's writes commute and are idempotent.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::{Lane, delete, delete_post, edit, find, ids, make_track, new_post, post};
use crate::event::{Delete, Embedded, Event, Post, PostRef, Relation};
use crate::ids::EventId;
use crate::store::{PostQuery, Store};

/// Plain posts have numbers below this; from here on the post `n - CARRIES` is quoted, and from `REPOSTS` on reposted.
const CARRIES: u8 = 10;
const REPOSTS: u8 = 20;
/// Plain posts from here on are by `bob`, who stays, and may be superseded; those before are by `ann`, who may go.
const BOBS: u8 = 3;

/// Something that happens, about one of a few posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A version (0 to 2) of a post comes, caught by the tracks in a mask of two bits.
    Comes {
        /// Which post: see the constants.
        post: u8,
        /// Which version.
        version: u8,
        /// Bit 0: track 1, bit 1: track 2.
        tracks: u8,
    },
    /// A post is deleted.
    Deleted(u8),
    /// A plain post of `bob` is superseded by another.
    Superseded(u8),
    /// The account `ann` is gone with all she wrote.
    Gone,
}

impl Step {
    /// Any two numbers make a step.
    pub fn of(kind: u8, number: u8) -> Self {
        let families = [0, CARRIES, REPOSTS];
        let plain = number % (2 * BOBS);
        let post = families[usize::from(number / 6 % 3)] + plain;
        match kind % 12 {
            0 => Self::Deleted(post),
            1 => Self::Superseded(BOBS + number % BOBS),
            2 if number < 80 => Self::Gone,
            version => Self::Comes {
                post,
                version: version % 3,
                tracks: number / 18 % 4,
            },
        }
    }
}

/// What is to be left of one post.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Left {
    is_known: bool,
    came_itself: bool,
    is_deleted: bool,
    text: String,
    has_raw: bool,
    tracks: BTreeSet<u64>,
}

fn plain_of(post: u8) -> u8 {
    post % CARRIES
}

fn version_name(version: u8) -> &'static str {
    ["a", "b", "c"][usize::from(version % 3)]
}

fn text_of(post: u8, version: u8) -> String {
    format!("post{post} version{version}")
}

fn id_of(post: u8) -> String {
    format!("{}", 1_000 + u16::from(post))
}

fn left(steps: &[Step], post: u8) -> Left {
    let came = |post: u8| {
        let of_post = move |step: &Step| match *step {
            Step::Comes {
                post: came,
                version,
                ..
            } if came == post => Some(version),
            _ => None,
        };
        steps.iter().filter_map(of_post).max()
    };
    // A plain post is carried by its quote and by its repost, in the same version.
    let inside = (post < CARRIES)
        .then(|| came(post + CARRIES).max(came(post + REPOSTS)))
        .flatten();
    let is_gone = |post: u8| {
        steps.contains(&Step::Deleted(post))
            || post < BOBS
                && steps.contains(&Step::Gone)
                && (came(post).is_some() || inside_any(steps, post))
    };
    let is_superseded = steps.contains(&Step::Superseded(post));
    let is_repost = post >= REPOSTS;
    let is_carrier = post >= CARRIES;
    let original_is_gone = is_carrier && came(post).is_some() && is_gone(plain_of(post));
    let is_deleted = is_gone(post) || is_superseded || is_repost && original_is_gone;
    let newest = came(post).max(inside);
    let tracks = steps.iter().filter_map(|step| match *step {
        Step::Comes {
            post: came, tracks, ..
        } if came == post => Some(tracks),
        _ => None,
    });
    let tracks = tracks.fold(0, |all, tracks| all | tracks);
    Left {
        is_known: newest.is_some() || is_deleted,
        came_itself: came(post).is_some(),
        is_deleted,
        text: newest
            .filter(|_| !is_deleted)
            .map_or_else(String::new, |version| text_of(post, version)),
        has_raw: !is_deleted && came(post).is_some() && came(post) == newest && !original_is_gone,
        tracks: (1..=2).filter(|track| tracks & *track as u8 != 0).collect(),
    }
}

fn inside_any(steps: &[Step], post: u8) -> bool {
    steps.iter().any(|step| match *step {
        Step::Comes { post: came, .. } => came == post + CARRIES || came == post + REPOSTS,
        _ => false,
    })
}

fn said(number: u8, text: &str) -> Post<'_> {
    let author = match number {
        0..BOBS => "ann",
        BOBS..CARRIES => "bob",
        _ => "cid",
    };
    post(author, text)
}

/// Calls `with` with the step as an event.
fn as_event<R>(step: Step, with: impl FnOnce(Event<'_>) -> R) -> R {
    match step {
        Step::Deleted(post) => with(delete_post(&id_of(post))),
        Step::Gone => with(delete(Delete::Account {
            account_id: Cow::Borrowed("id-ann"),
            status: Cow::Borrowed("deleted"),
        })),
        Step::Superseded(number) => {
            let mut later = post("bob", "later");
            later.supersedes = vec![id_of(number).into()];
            with(new_post(&format!("later-{number}"), later))
        }
        Step::Comes {
            post: number,
            version,
            ..
        } => {
            let (text, plain) = (text_of(number, version), plain_of(number));
            let (inner_id, inner_text) = (id_of(plain), text_of(plain, version));
            let mut outer = said(number, &text);
            if number >= CARRIES {
                let relation = if number >= REPOSTS {
                    Relation::Repost
                } else {
                    Relation::Quote
                };
                let to = Some(PostRef {
                    id: Cow::Borrowed(&inner_id),
                    ..PostRef::default()
                });
                match relation {
                    Relation::Repost => outer.repost_of = to,
                    _ => outer.quote_of = to,
                }
                let mut id = EventId::new("x", inner_id.as_str());
                id.version = Cow::Borrowed(version_name(version));
                outer.embedded = vec![Embedded {
                    id,
                    relation,
                    post: said(plain, &inner_text),
                }];
            }
            with(edit(&id_of(number), version_name(version), outer))
        }
    }
}

/// Writes the steps in batches of `batch` to an empty store, and compares what is left with the model.
pub async fn check(store: &dyn Store, steps: &[Step], batch: usize) {
    make_track(store, "one").await;
    make_track(store, "two").await;
    let mut lane = Lane::new(store);
    let records: Vec<(u64, Bytes)> = steps
        .iter()
        .map(|step| as_record(&mut lane, *step))
        .collect();
    let mut counted = 0;
    for records in records.chunks(batch.max(1)) {
        let written = lane.write(records.to_vec()).await;
        counted += written.kept + written.duplicate;
    }
    assert_eq!(counted, steps.len() as u64, "each event ends once");
    let families = [0, CARRIES, REPOSTS].into_iter();
    let all: BTreeMap<u8, Left> = families
        .flat_map(|family| family..family + 2 * BOBS)
        .map(|post| (post, left(steps, post)))
        .collect();
    for (post, expected) in &all {
        compare(store, *post, expected).await;
    }
    compare_sums(store, steps, &all).await;
}

fn as_record(lane: &mut Lane<'_>, step: Step) -> (u64, Bytes) {
    let tracks: Vec<u64> = match step {
        Step::Comes { tracks, .. } => (1..=2).filter(|track| tracks & *track as u8 != 0).collect(),
        _ => Vec::new(),
    };
    as_event(step, |event| lane.event(event, &tracks))
}

async fn compare(store: &dyn Store, post: u8, expected: &Left) {
    let id = id_of(post);
    if !expected.is_known {
        let found = store.post("x", &id).await.expect("a store answers");
        assert_eq!(found, None, "post {post} is not known");
        return;
    }
    let view = find(store, &id).await;
    let raw = store.raw("x", &id).await.expect("a store answers");
    let found = Left {
        is_known: true,
        came_itself: expected.came_itself,
        is_deleted: view.deleted_at.is_some(),
        text: view.text,
        has_raw: raw.is_some(),
        tracks: view
            .captures
            .iter()
            .map(|capture| capture.track.0)
            .collect(),
    };
    assert_eq!(&found, expected, "post {post}");
    let query = PostQuery {
        text: format!("post{post}"),
        ..PostQuery::default()
    };
    let is_found = expected.came_itself && !expected.is_deleted;
    let listed = ids(store, query).await;
    assert_eq!(listed, vec![id; usize::from(is_found)], "post {post}");
}

async fn compare_sums(store: &dyn Store, steps: &[Step], all: &BTreeMap<u8, Left>) {
    let later: BTreeSet<u8> = steps
        .iter()
        .filter_map(|step| match *step {
            Step::Superseded(post) => Some(post),
            _ => None,
        })
        .collect();
    let size = store.size().await.expect("a store answers");
    let count = |keep: fn(&Left) -> bool| all.values().filter(|left| keep(left)).count() as u64;
    let posts = count(|left| left.came_itself && !left.is_deleted) + later.len() as u64;
    assert_eq!(size.posts, posts);
    assert_eq!(size.tombstones, count(|left| left.is_deleted));
    let totals = store.captures().await.expect("a store answers");
    for track in 1..=2 {
        let expected = all
            .values()
            .filter(|left| left.tracks.contains(&track))
            .count() as u64;
        let found = totals.iter().find(|total| total.track.0 == track);
        assert_eq!(found.map_or(0, |total| total.captures), expected);
    }
}
