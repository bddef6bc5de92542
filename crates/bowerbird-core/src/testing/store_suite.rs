//! What every [`Store`] must do, sentence by sentence of its contract.
//!
//! Each check is a plain function that is handed an empty store and panics where the store is wrong; [`all`] runs them, each on a fresh
//! one. [`model`] holds a naive model that any sequence of events can be compared with. What only one backend can be asked (damaged
//! files, full disks, other versions) is tested with that backend.

pub mod again;
pub mod aliases;
pub mod bills;
pub mod embedded;
pub mod erase;
pub mod gaps;
pub mod jobs;
pub mod ledger;
pub mod lettinggo;
pub mod model;
pub mod people;
pub mod searching;
pub mod small;
pub mod tracks;
pub mod writing;

use std::borrow::Cow;

use async_trait::async_trait;
use bytes::Bytes;

use crate::event::{Account, Body, Delete, Entity, EntityKind, Event, Lang, Post};
use crate::ids::{EventId, SourceName, TrackId};
use crate::raw::RawCodec;
use crate::record::{Caught, Content, Record};
use crate::store::{DeadLetter, Page, PostQuery, Store, StoredCounts, Written};
use crate::time::Time;
use crate::track::{Track, TrackDraft};
use crate::view::PostView;

/// A backend under test.
#[async_trait]
pub trait StoreBackend: Send {
    /// Throws away what there was and begins an empty store.
    async fn begin(&mut self);
    /// The present store.
    fn store(&self) -> &dyn Store;
    /// Closes the present store and opens it again.
    async fn restart(&mut self);
}

/// Every check, each on a fresh store.
pub async fn all(backend: &mut dyn StoreBackend) {
    writing::all(backend).await;
    erase::all(backend).await;
    aliases::all(backend).await;
    embedded::all(backend).await;
    people::all(backend).await;
    searching::all(backend).await;
    tracks::all(backend).await;
    again::all(backend).await;
    gaps::all(backend).await;
    jobs::all(backend).await;
    ledger::all(backend).await;
    bills::all(backend).await;
    lettinggo::all(backend).await;
    small::all(backend).await;
}

/// When the suite's records come: minute 0 of an hour, and each second after.
pub const START: Time = Time(1_790_000_000_000_000 - 1_790_000_000_000_000 % 3_600_000_000);

/// So many seconds after the start.
pub fn second(n: i64) -> Time {
    Time(START.0 + n * 1_000_000)
}

/// A source's name; panics on a bad one.
pub fn source(name: &str) -> SourceName {
    SourceName::parse(name).expect("the suite's source names are names")
}

/// A post by an author, with a text.
pub fn post<'a>(author: &'a str, text: &'a str) -> Post<'a> {
    Post {
        author: Account {
            id: Cow::Owned(format!("id-{author}")),
            handle: Cow::Borrowed(author),
            name: Cow::Owned(format!("The {author}")),
            followers: Some(7),
            ..Account::default()
        },
        made_at: Some(second(-60)),
        text: Cow::Borrowed(text),
        lang: Lang {
            code: Cow::Borrowed("en"),
            detected: false,
        },
        ..Post::default()
    }
}

/// A hashtag as a post carries it.
pub fn hashtag(word: &str) -> Entity<'_> {
    Entity::new(EntityKind::Hashtag, word, 0..0)
}

/// A post that is new.
pub fn new_post<'a>(id: &'a str, post: Post<'a>) -> Event<'a> {
    Event {
        id: EventId::new("x", id),
        at: post.made_at,
        body: Body::Post(Box::new(post)),
    }
}

/// A later version under the same id.
pub fn edit<'a>(id: &'a str, version: &'a str, post: Post<'a>) -> Event<'a> {
    let mut event = new_post(id, post);
    event.id.version = Cow::Borrowed(version);
    if let Body::Post(post) = event.body {
        event.body = Body::Edit(post);
    }
    event
}

/// A deletion.
pub fn delete<'a>(delete: Delete<'a>) -> Event<'a> {
    Event {
        id: EventId::new("x", "a deletion"),
        at: Some(second(0)),
        body: Body::Delete(delete),
    }
}

/// The deletion of one post.
pub fn delete_post(id: &str) -> Event<'_> {
    delete(Delete::Post {
        post_id: Cow::Borrowed(id),
        author_id: Cow::Borrowed(""),
    })
}

/// Writes one after the other, as the lane does: counts offsets and seconds.
#[derive(Debug)]
pub struct Lane<'s> {
    /// What is written to.
    pub store: &'s dyn Store,
    /// The next offset, and the second after the start at which its record comes.
    pub offset: u64,
    source: String,
}

impl<'s> Lane<'s> {
    /// At the beginning of a store's lane.
    pub fn new(store: &'s dyn Store) -> Self {
        Self {
            store,
            offset: 0,
            source: "stream".to_owned(),
        }
    }

    /// From now on through this source.
    pub fn through(&mut self, source: &str) {
        source.clone_into(&mut self.source);
    }

    /// The next record's bytes.
    pub fn encode(&mut self, content: Content<'_>) -> (u64, Bytes) {
        let offset = self.offset;
        self.offset += 1;
        let record = Record {
            source: Cow::Borrowed(&self.source),
            received_at: second(i64::try_from(offset).expect("a suite writes few records")),
            content,
        };
        (offset, Bytes::from(record.encode(Vec::new())))
    }

    /// The next record with an event, whose raw bytes are its own JSON.
    pub fn event(&mut self, event: Event<'_>, tracks: &[u64]) -> (u64, Bytes) {
        let json = serde_json::to_vec(&event).expect("events are JSON");
        let mut packer = RawCodec::default().packer("x");
        let raw = packer.pack(&json);
        let captures = tracks.iter().map(|track| Caught {
            track: TrackId(*track),
            rule_version: 1,
        });
        self.encode(Content::Event {
            event,
            captures: captures.collect(),
            raw,
            repairs: None,
        })
    }

    /// The next record with a frame that is no event.
    pub fn refused(&mut self, reason: &str, frame: &[u8]) -> (u64, Bytes) {
        let mut packer = RawCodec::default().packer("x");
        let raw = packer.pack(frame);
        self.encode(Content::Refused {
            reason: Cow::Borrowed(reason),
            raw,
        })
    }

    /// The next record with another that a lane could not handle.
    pub fn buried(&mut self, lane: &str, record: &[u8]) -> (u64, Bytes) {
        self.encode(Content::Buried {
            lane: Cow::Borrowed(lane),
            reason: Cow::Borrowed("answered 500"),
            record,
        })
    }

    /// Writes records.
    pub async fn write(&self, records: Vec<(u64, Bytes)>) -> Written {
        self.store.write(records).await.expect("a store writes")
    }

    /// Writes one event that no track caught.
    pub async fn put(&mut self, event: Event<'_>) -> Written {
        self.put_caught(event, &[]).await
    }

    /// Writes one event that these tracks caught.
    pub async fn put_caught(&mut self, event: Event<'_>, tracks: &[u64]) -> Written {
        let record = self.event(event, tracks);
        self.write(vec![record]).await
    }
}

/// As many kept, duplicate, refused.
pub fn written(kept: u64, duplicate: u64, refused: u64) -> Written {
    Written {
        kept,
        duplicate,
        refused,
        skipped: 0,
        charged: false,
    }
}

/// One post of service `x`; panics if it is not there.
pub async fn find(store: &dyn Store, id: &str) -> PostView {
    let found = store.post("x", id).await.expect("a store answers");
    found.unwrap_or_else(|| panic!("post {id} is not there"))
}

/// The first page of an answer.
pub async fn search(store: &dyn Store, query: &PostQuery) -> Page<PostView> {
    store.search(query).await.expect("a store answers")
}

/// The ids of everything that fits, through pages of two.
pub async fn ids(store: &dyn Store, query: PostQuery) -> Vec<String> {
    let mut query = PostQuery { limit: 2, ..query };
    let mut ids = Vec::new();
    loop {
        let page = search(store, &query).await;
        ids.extend(page.items.into_iter().map(|post| post.id));
        query.after = page.next;
        if query.after.is_none() {
            return ids;
        }
    }
}

/// A question about text alone.
pub fn words(text: &str) -> PostQuery {
    PostQuery {
        text: text.to_owned(),
        ..PostQuery::default()
    }
}

/// The counts of one source; zeros if there are none.
pub async fn counts(store: &dyn Store, name: &str) -> StoredCounts {
    let all = store.counts().await.expect("a store answers");
    let found = all
        .into_iter()
        .find(|counts| counts.source.as_str() == name);
    found.unwrap_or(StoredCounts {
        source: source(name),
        kept: 0,
        duplicate: 0,
        refused: 0,
    })
}

/// Every dead letter, newest first.
pub async fn letters(store: &dyn Store) -> Vec<DeadLetter> {
    let found = store.dead_letters(None, 1_000).await;
    found.expect("a store answers")
}

/// A new track.
pub async fn make_track(store: &dyn Store, name: &str) -> Track {
    let draft = TrackDraft::new(name, "word");
    store
        .create_track(&draft, START)
        .await
        .expect("a store makes a track")
}
