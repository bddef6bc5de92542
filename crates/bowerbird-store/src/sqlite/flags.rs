//! The numbers in `post.flags`, `post.erasure` and `post_relationship.kind`. They are stored: never change one, add.

use bowerbird_core::event::{EntityKind, Post, Relation};
use bowerbird_core::store::Has;

pub(super) const MEDIA: i64 = 1;
pub(super) const LINKS: i64 = 1 << 1;
pub(super) const HASHTAGS: i64 = 1 << 2;
pub(super) const MENTIONS: i64 = 1 << 3;
pub(super) const CASHTAGS: i64 = 1 << 4;
pub(super) const GEO: i64 = 1 << 5;
pub(super) const REPLY: i64 = 1 << 6;
pub(super) const QUOTE: i64 = 1 << 7;
pub(super) const REPOST: i64 = 1 << 8;
pub(super) const EDITED: i64 = 1 << 9;
/// Its text is in the text index.
pub(super) const INDEXED: i64 = 1 << 10;

/// `post_relationship.kind` of a repost.
pub(super) const REPOSTS: i64 = 2;

/// Why a text is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Erasure {
    /// By author or service.
    Deleted = 1,
    /// By a later version under another id.
    Superseded = 2,
}

pub(super) fn of_has(has: Has) -> i64 {
    match has {
        Has::Media => MEDIA,
        Has::Links => LINKS,
        Has::Hashtags => HASHTAGS,
        Has::Mentions => MENTIONS,
        Has::Cashtags => CASHTAGS,
        Has::Geo => GEO,
        Has::Reply => REPLY,
        Has::Quote => QUOTE,
        Has::Repost => REPOST,
        Has::Edited => EDITED,
    }
}

pub(super) fn of_relation(relation: Relation) -> i64 {
    match relation {
        Relation::Reply => 0,
        Relation::Quote => 1,
        Relation::Repost => REPOSTS,
    }
}

/// Which relation a kind is.
pub(super) fn relation(kind: i64) -> Option<Relation> {
    let all = [Relation::Reply, Relation::Quote, Relation::Repost];
    all.into_iter()
        .find(|relation| of_relation(*relation) == kind)
}

/// What a post has, as it came.
pub(super) fn of_post(post: &Post<'_>, edited: bool) -> i64 {
    let mut flags = 0;
    for entity in &post.entities {
        flags |= match entity.kind {
            EntityKind::Hashtag => HASHTAGS,
            EntityKind::Mention => MENTIONS,
            EntityKind::Cashtag => CASHTAGS,
            EntityKind::Link => LINKS,
            EntityKind::Image | EntityKind::Video | EntityKind::Animation => MEDIA,
        };
    }
    let when = |is: bool, flag: i64| if is { flag } else { 0 };
    flags
        | when(post.place.is_some() || post.point.is_some(), GEO)
        | when(post.reply_to.is_some(), REPLY)
        | when(post.quote_of.is_some(), QUOTE)
        | when(post.repost_of.is_some(), REPOST)
        | when(edited, EDITED)
}
