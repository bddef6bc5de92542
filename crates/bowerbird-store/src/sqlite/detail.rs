//! Everything of a post's view that no query asks for, in one compact column.
//!
//! The form is versioned: one byte, then `postcard`. Reading borrows from the column's bytes. The text is a column of its own.

use std::borrow::Cow;

use bowerbird_core::event::{Entity, Metrics, Post, PostRef};
use bowerbird_core::view::{AuthorView, PlaceView, PostView, RefView, entity_views};
use serde::{Deserialize, Serialize};

use super::flags;

/// The form this build writes.
const VERSION: u8 = 1;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Detail<'a> {
    #[serde(borrow)]
    pub(super) author_id: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) handle: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    verified: bool,
    followers: Option<u64>,
    lang_detected: bool,
    sensitive: bool,
    #[serde(borrow)]
    pub(super) entities: Entities<'a>,
    #[serde(borrow)]
    pub(super) place: Option<Spot<'a>>,
    pub(super) point: Option<[f64; 2]>,
    #[serde(borrow)]
    reply_to: Option<PostRef<'a>>,
    #[serde(borrow)]
    quote_of: Option<PostRef<'a>>,
    #[serde(borrow)]
    repost_of: Option<PostRef<'a>>,
    /// One bit for each kind of relation whose target's text came inside this post.
    carried: u8,
    #[serde(borrow)]
    conversation_id: Cow<'a, str>,
    metrics: Metrics,
    #[serde(borrow)]
    app: Cow<'a, str>,
    #[serde(borrow)]
    url: Cow<'a, str>,
}

/// Entities lent by a post, or read from a column.
#[derive(Debug, Deserialize)]
#[serde(from = "Vec<Entity<'a>>", bound(deserialize = "'de: 'a"))]
pub(super) enum Entities<'a> {
    Lent(&'a [Entity<'a>]),
    Read(Vec<Entity<'a>>),
}

impl<'a> From<Vec<Entity<'a>>> for Entities<'a> {
    fn from(read: Vec<Entity<'a>>) -> Self {
        Self::Read(read)
    }
}

impl<'a> std::ops::Deref for Entities<'a> {
    type Target = [Entity<'a>];

    fn deref(&self) -> &Self::Target {
        match self {
            Self::Lent(lent) => lent,
            Self::Read(read) => read,
        }
    }
}

impl Serialize for Entities<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        <[Entity<'_>]>::serialize(self, serializer)
    }
}

/// A place as far as a view shows it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Spot<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    country_code: Cow<'a, str>,
}

/// A relation of a stored post to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link<'a> {
    pub(super) id: &'a str,
    pub(super) kind: i64,
    pub(super) carried: bool,
}

impl<'a> Detail<'a> {
    /// Of a post as it came. `scrubbed`: without its place.
    pub(super) fn of(post: &'a Post<'a>, scrubbed: bool) -> Self {
        let borrow = |text: &'a Cow<'a, str>| Cow::Borrowed(text.as_ref());
        let place = post.place.as_ref().filter(|_| !scrubbed);
        Self {
            author_id: borrow(&post.author.id),
            handle: borrow(&post.author.handle),
            name: borrow(&post.author.name),
            verified: post.author.verified,
            followers: post.author.followers,
            lang_detected: post.lang.detected,
            sensitive: post.sensitive,
            entities: Entities::Lent(&post.entities),
            place: place.map(|place| Spot {
                id: borrow(&place.id),
                name: borrow(if place.full_name.is_empty() {
                    &place.name
                } else {
                    &place.full_name
                }),
                country_code: borrow(&place.country_code),
            }),
            point: post.point.filter(|_| !scrubbed),
            reply_to: post.reply_to.clone(),
            quote_of: post.quote_of.clone(),
            repost_of: post.repost_of.clone(),
            carried: carried_bits(post),
            conversation_id: borrow(&post.conversation_id),
            metrics: post.metrics,
            app: borrow(&post.app),
            url: borrow(&post.url),
        }
    }

    pub(super) fn encode(&self, out: Vec<u8>) -> Vec<u8> {
        let mut out = out;
        out.push(VERSION);
        postcard::to_extend(self, out)
            .expect("a detail has no type that postcard refuses, and a Vec grows")
    }

    /// Reads the column; `None` for what no build of ours wrote.
    pub(super) fn decode(bytes: &'a [u8]) -> Option<Self> {
        match bytes.split_first() {
            Some((&VERSION, rest)) => postcard::from_bytes(rest).ok(),
            _ => None,
        }
    }

    /// The posts it points at, of the same service.
    pub(super) fn links(&self) -> impl Iterator<Item = Link<'_>> {
        let refs = [&self.reply_to, &self.quote_of, &self.repost_of];
        refs.into_iter().zip(0_i64..).filter_map(|(to, kind)| {
            let id = &to.as_ref()?.id;
            let carried = self.carried & (1 << kind) != 0;
            (!id.is_empty()).then_some(Link { id, kind, carried })
        })
    }

    /// Its author as the post showed it.
    pub(super) fn author(&self) -> AuthorView {
        AuthorView {
            id: self.author_id.to_string(),
            handle: self.handle.to_string(),
            name: self.name.to_string(),
            verified: self.verified,
            followers: self.followers,
        }
    }

    /// Fills a view whose columns are set, its text among them.
    pub(super) fn fill(&self, view: &mut PostView) {
        view.author = self.author();
        view.lang_detected = self.lang_detected;
        view.sensitive = self.sensitive;
        view.entities = entity_views(&self.entities, &view.text);
        view.place = self.place.as_ref().map(|place| PlaceView {
            id: place.id.to_string(),
            name: place.name.to_string(),
            country_code: place.country_code.to_string(),
        });
        view.point = self.point;
        view.reply_to = self.reply_to.as_ref().map(RefView::from);
        view.quote_of = self.quote_of.as_ref().map(RefView::from);
        view.repost_of = self.repost_of.as_ref().map(RefView::from);
        view.conversation_id = self.conversation_id.to_string();
        view.metrics = self.metrics;
        view.app = self.app.to_string();
        view.url = self.url.to_string();
    }
}

fn carried_bits(post: &Post<'_>) -> u8 {
    let mut bits = 0;
    for inner in &post.embedded {
        bits |= 1 << flags::of_relation(inner.relation);
    }
    bits
}
