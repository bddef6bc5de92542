//! What a rule sees of a post: borrowed fields, and nothing else.
//!
//! The caller lends its own strings for the length of one match; building a [`Doc`] copies no text. A `Doc` is not a
//! post: it has no id of its own, no raw bytes and no service, because a rule must mean the same on every service.

use std::borrow::Cow;
use std::ops::Range;

use serde::{Deserialize, Serialize};

/// What an [`Entity`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntityKind {
    /// `#word`; `value` is the word without the sign, as written.
    Hashtag,
    /// `@name`; `value` is the handle without the sign, `id` the account's id where the service gives it.
    Mention,
    /// `$TICKER`; `value` is the symbol without the sign.
    Cashtag,
    /// A link; `value` is the URL as it stands in the text, `target` the expanded one, `title` and `description` the page's.
    Link,
    /// An image, `id` is the service's media id, `target` where it can be fetched.
    Image,
    /// A video, as for [`EntityKind::Image`].
    Video,
    /// An animated image or any other attachment, as for [`EntityKind::Image`].
    Animation,
}

impl EntityKind {
    /// Is this something attached (an image, a video, an animation)?
    pub fn is_media(self) -> bool {
        matches!(self, Self::Image | Self::Video | Self::Animation)
    }
}

/// Something the service marked in, or attached to, a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entity<'a> {
    /// What it is.
    pub kind: EntityKind,
    /// See [`EntityKind`].
    #[serde(borrow)]
    pub value: Cow<'a, str>,
    /// The service's id of what is meant (a mentioned account, a medium); empty where none was given.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// A link's expanded URL, a medium's address; empty where none was given.
    #[serde(borrow)]
    pub target: Cow<'a, str>,
    /// A linked page's title, or a mentioned account's name; empty where none was given.
    #[serde(borrow)]
    pub title: Cow<'a, str>,
    /// A linked page's description, or a medium's alternative text; empty where none was given.
    #[serde(borrow)]
    pub description: Cow<'a, str>,
    /// Byte offsets into the text, on character boundaries; empty (`0..0`) for what is attached and not written.
    pub span: Range<u32>,
}

impl<'a> Entity<'a> {
    /// An entity of which only the kind, the value and the place in the text are known.
    pub fn new(kind: EntityKind, value: impl Into<Cow<'a, str>>, span: Range<u32>) -> Self {
        let empty = Cow::Borrowed("");
        Self {
            kind,
            value: value.into(),
            id: empty.clone(),
            target: empty.clone(),
            title: empty.clone(),
            description: empty,
            span,
        }
    }
}

/// The readable part of a post: its own, or that of a post embedded in it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Content<'a> {
    /// The text as it is shown.
    pub text: &'a str,
    /// What is marked in it or attached to it.
    pub entities: &'a [Entity<'a>],
    /// Does this text answer another post?
    pub is_reply: bool,
    /// Does this text quote another post?
    pub is_quote: bool,
}

/// An account as far as rules ask for it. Unknown strings are empty, unknown counts `None`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Author<'a> {
    /// The service's id of the account.
    pub id: &'a str,
    /// The handle without a leading sign.
    pub handle: &'a str,
    /// The display name.
    pub name: &'a str,
    /// What the account says of itself.
    pub bio: &'a str,
    /// Where the account says it is.
    pub location: &'a str,
    /// Does the service vouch for it?
    pub verified: bool,
    /// How many accounts follow it.
    pub followers: Option<u64>,
    /// How many accounts it follows.
    pub following: Option<u64>,
    /// How many posts it has written.
    pub posts: Option<u64>,
    /// How many lists name it.
    pub listed: Option<u64>,
}

/// Another account named by its id, its handle, or both.
#[derive(Debug, Clone, Copy, Default)]
pub struct AccountRef<'a> {
    /// The service's id; empty if unknown.
    pub id: &'a str,
    /// The handle without a leading sign; empty if unknown.
    pub handle: &'a str,
}

/// The place a post was tagged with.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlaceRef<'a> {
    /// The service's id of the place.
    pub id: &'a str,
    /// Short name ("Manhattan").
    pub name: &'a str,
    /// Full name ("Manhattan, NY").
    pub full_name: &'a str,
    /// ISO 3166-1 alpha-2, upper case; empty if unknown.
    pub country_code: &'a str,
    /// West, south, east, north in degrees.
    pub bounds: Option<[f64; 4]>,
}

/// A post as a rule sees it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Doc<'a> {
    /// The post's own text and entities.
    pub content: Content<'a>,
    /// What it embeds: the quoted post of a quote, the original of a repost. Keywords, phrases, tags, mentions, links
    /// and `has:` look here too, as X's stream does.
    pub embedded: &'a [Content<'a>],
    /// BCP-47, `und` where unknown.
    pub lang: &'a str,
    /// Who wrote it.
    pub author: Author<'a>,
    /// Is it another's post passed on as it is?
    pub is_repost: bool,
    /// Was it made for promotion only and never shown on a timeline?
    pub is_nullcast: bool,
    /// Whom it answers.
    pub reply_to: Option<AccountRef<'a>>,
    /// Whose post it passes on.
    pub repost_of: Option<AccountRef<'a>>,
    /// The id of the post it answers; empty if none.
    pub reply_to_id: &'a str,
    /// The id of the post it passes on; empty if none.
    pub repost_of_id: &'a str,
    /// The id of the post it quotes; empty if none.
    pub quote_of_id: &'a str,
    /// The id of the conversation; empty if unknown.
    pub conversation_id: &'a str,
    /// The place it was tagged with.
    pub place: Option<PlaceRef<'a>>,
    /// Longitude and latitude in degrees, where it carries an exact point.
    pub point: Option<[f64; 2]>,
    /// The program it was sent with; empty if unknown.
    pub app: &'a str,
    /// Topic annotations as `domain.entity`.
    pub contexts: &'a [Cow<'a, str>],
    /// Names of things the service recognised in the text.
    pub named: &'a [Cow<'a, str>],
    /// The post's own id, of which `sample:` takes its share; empty if unknown.
    pub id: &'a str,
}
