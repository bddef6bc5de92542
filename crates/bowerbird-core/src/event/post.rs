//! A post and its parts. See [`crate::event`] for the conventions.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Aliases, Entity};
use crate::ids::EventId;
use crate::time::Time;

/// One utterance. Its id is the event's.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Post<'a> {
    /// Who wrote it.
    #[serde(borrow)]
    pub author: Account<'a>,
    /// When it was written.
    pub made_at: Option<Time>,
    /// The text as a person reads it: entities resolved (`&amp;` → `&`), the long form where there is one.
    #[serde(borrow)]
    pub text: Cow<'a, str>,
    /// Its language.
    #[serde(borrow)]
    pub lang: Lang<'a>,
    /// What is marked in it or attached to it, in the order of the text; spans are byte offsets into [`Post::text`].
    #[serde(borrow)]
    pub entities: Vec<Entity<'a>>,
    /// The place it was tagged with.
    #[serde(borrow)]
    pub place: Option<Place<'a>>,
    /// Longitude and latitude in degrees.
    pub point: Option<[f64; 2]>,
    /// The post it answers.
    #[serde(borrow)]
    pub reply_to: Option<PostRef<'a>>,
    /// The post it quotes.
    #[serde(borrow)]
    pub quote_of: Option<PostRef<'a>>,
    /// The post it passes on as it is.
    #[serde(borrow)]
    pub repost_of: Option<PostRef<'a>>,
    /// The conversation's id.
    #[serde(borrow)]
    pub conversation_id: Cow<'a, str>,
    /// Ids of the versions this one supersedes, oldest first, where a service gives each version its own id.
    #[serde(borrow)]
    pub supersedes: Vec<Cow<'a, str>>,
    /// Counts at the time it was received.
    pub metrics: Metrics,
    /// The program it was sent with.
    #[serde(borrow)]
    pub app: Cow<'a, str>,
    /// Did author or service mark it as sensitive?
    pub sensitive: bool,
    /// Was it made for promotion only?
    pub nullcast: bool,
    /// Countries where it may not be shown.
    #[serde(borrow)]
    pub withheld_in: Vec<Cow<'a, str>>,
    /// Topic annotations, `domain.entity`.
    #[serde(borrow)]
    pub contexts: Vec<Cow<'a, str>>,
    /// Names the service recognised in the text.
    #[serde(borrow)]
    pub named: Vec<Cow<'a, str>>,
    /// Where a person can read it; empty if nowhere.
    #[serde(borrow)]
    pub url: Cow<'a, str>,
    /// Whole posts that came inside this one.
    #[serde(borrow)]
    pub embedded: Vec<Embedded<'a>>,
    /// Other ids by which the service may mean it later.
    #[serde(borrow, default)]
    pub aliases: Aliases<'a>,
}

/// How one post stands to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Relation {
    /// It answers it.
    Reply,
    /// It quotes it.
    Quote,
    /// It passes it on.
    Repost,
}

/// A whole post that came inside another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Embedded<'a> {
    /// Its id.
    #[serde(borrow)]
    pub id: EventId<'a>,
    /// How the outer post stands to it.
    pub relation: Relation,
    /// The post; its own `embedded` may hold one more level, never more.
    #[serde(borrow)]
    pub post: Post<'a>,
}

/// Another post, known by reference.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PostRef<'a> {
    /// Its id on the same service; empty where only its author is known.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// Its author's id; empty if unknown.
    #[serde(borrow)]
    pub author_id: Cow<'a, str>,
    /// Its author's handle; empty if unknown.
    #[serde(borrow)]
    pub author_handle: Cow<'a, str>,
}

/// A language.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lang<'a> {
    /// BCP-47 as the service wrote it, or `und`.
    #[serde(borrow)]
    pub code: Cow<'a, str>,
    /// Did we detect it, because the service did not say?
    pub detected: bool,
}

impl Default for Lang<'_> {
    fn default() -> Self {
        Self {
            code: Cow::Borrowed("und"),
            detected: false,
        }
    }
}

/// What was counted of a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Metrics {
    /// Likes or favourites.
    pub likes: Option<u64>,
    /// Reposts.
    pub reposts: Option<u64>,
    /// Replies.
    pub replies: Option<u64>,
    /// Quotes.
    pub quotes: Option<u64>,
    /// Times shown.
    pub views: Option<u64>,
    /// Bookmarks.
    pub bookmarks: Option<u64>,
}

/// An account as a service describes it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Account<'a> {
    /// The service's id; for services without, the handle.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// The handle without a leading sign; empty if unknown.
    #[serde(borrow)]
    pub handle: Cow<'a, str>,
    /// The display name.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// What it says of itself.
    #[serde(borrow)]
    pub bio: Cow<'a, str>,
    /// Where it says it is.
    #[serde(borrow)]
    pub location: Cow<'a, str>,
    /// The page it names.
    #[serde(borrow)]
    pub url: Cow<'a, str>,
    /// Its picture's address.
    #[serde(borrow)]
    pub avatar: Cow<'a, str>,
    /// Does the service vouch for it?
    pub verified: bool,
    /// Are its posts for its followers only?
    pub protected: bool,
    /// When it was made.
    pub made_at: Option<Time>,
    /// Accounts that follow it.
    pub followers: Option<u64>,
    /// Accounts it follows.
    pub following: Option<u64>,
    /// Posts it has written.
    pub posts: Option<u64>,
    /// Lists that name it.
    pub listed: Option<u64>,
}

/// A place a post was tagged with.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Place<'a> {
    /// The service's id.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// Short name.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// Full name.
    #[serde(borrow)]
    pub full_name: Cow<'a, str>,
    /// `city`, `country`, … in the service's word.
    #[serde(borrow)]
    pub kind: Cow<'a, str>,
    /// ISO 3166-1 alpha-2, upper case; empty if unknown.
    #[serde(borrow)]
    pub country_code: Cow<'a, str>,
    /// The country's name.
    #[serde(borrow)]
    pub country: Cow<'a, str>,
    /// West, south, east, north in degrees.
    pub bounds: Option<[f64; 4]>,
}
