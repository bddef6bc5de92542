//! The tree a rule becomes: a closed set of terms, joined by "and", "or" and "not".
//!
//! Every node knows its place in the rule's text. Two trees are equal when they say the same, wherever it stands.
//! Terms hold their values ready for matching (folded, tokenised), so the tree is also what is evaluated.

mod display;
mod words;

use std::ops::Range;

pub(crate) use words::WordToken;
pub use words::{Name, Words};

/// A rule or a part of one.
#[derive(Debug, Clone)]
pub struct Expr {
    /// Byte offsets into the rule's text, brackets and sign included.
    pub span: Range<usize>,
    /// What it says.
    pub kind: ExprKind,
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

/// What an [`Expr`] says.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// At least one of two or more parts holds (`a OR b`).
    Any(Vec<Expr>),
    /// All of two or more parts hold (`a b`).
    All(Vec<Expr>),
    /// The part does not hold (`-a`).
    Not(Box<Expr>),
    /// One operator.
    Term(Term),
}

/// One operator with its value.
#[derive(Debug, Clone, PartialEq)]
pub enum Term {
    /// A keyword, an emoji or a quoted phrase in the text.
    Words(Words),
    /// `#name`
    Hashtag(Name),
    /// `@name`
    Mention(Name),
    /// `$NAME`
    Cashtag(Name),
    /// `from:`, `to:` and others that name an account.
    Account(AccountRole, Name),
    /// `url:`, `bio:` and others that look for words elsewhere than in the text.
    Field(Field, Words),
    /// `url_contains:`: part of an address.
    UrlContains(Name),
    /// `contains:`: part of the text, whatever the words.
    Contains(Name),
    /// `context:domain.entity`; `None` is the star.
    Context(Option<String>, Option<String>),
    /// `entity:"…"`: a thing the service recognised.
    Entity(Name),
    /// `conversation_id:` and others that name a post or a list.
    Id(IdRole, String),
    /// `place:`: name or id of the place.
    Place(Words),
    /// `place_country:`, upper case.
    PlaceCountry(String),
    /// `point_radius:[longitude latitude radius]`
    PointRadius(Circle),
    /// `bounding_box:[west south east north]`
    BoundingBox(Bounds),
    /// `is:`
    Is(Flag),
    /// `has:`
    Has(Part),
    /// `followers_count:` and others that count something.
    Count(Counted, CountRange),
    /// `source:`: the program a post was sent with.
    Source(Name),
    /// `lang:`, lower case but for the region.
    Lang(String),
    /// `sample:`: so many of a hundred posts.
    Sample(u8),
    /// `embedding:`: nearness in meaning.
    Embedding(String),
    /// `embedding_threshold:`
    EmbeddingThreshold(f64),
    /// `profile_country:` and others about where an account is at home.
    Profile(ProfilePart, Name),
    /// `profile_point_radius:`
    ProfilePointRadius(Circle),
    /// `profile_bounding_box:`
    ProfileBoundingBox(Bounds),
    /// `v11_track:`: the v1.1 stream's parameter `track`.
    V11Track(crate::v11::TrackList),
    /// `v11_follow:`: the v1.1 stream's parameter `follow`.
    V11Follow(crate::v11::FollowList),
    /// `v11_locations:`: the v1.1 stream's parameter `locations`.
    V11Locations(Vec<Bounds>),
}

/// What an account has to do with a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountRole {
    /// `from:`: it wrote the post.
    From,
    /// `to:`: the post answers it.
    To,
    /// `retweets_of:`: the post passes its post on.
    RepostOf,
    /// `from_affiliate_of:`: an affiliate of it wrote the post.
    FromAffiliateOf,
    /// `to_affiliate_of:`: the post answers an affiliate of it.
    ToAffiliateOf,
}

/// Where else than in the text words are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// `url:`
    Url,
    /// `url_title:`
    UrlTitle,
    /// `url_description:`
    UrlDescription,
    /// `bio:`
    Bio,
    /// `bio_name:`
    BioName,
    /// `bio_location:`
    BioLocation,
}

/// What an id names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdRole {
    /// `conversation_id:`
    Conversation,
    /// `in_reply_to_tweet_id:`
    ReplyTo,
    /// `retweets_of_tweet_id:`
    RepostOf,
    /// `quotes_of_tweet_id:`
    QuoteOf,
    /// `list:`
    List,
}

/// What `is:` asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flag {
    /// `is:retweet`
    Retweet,
    /// `is:reply`
    Reply,
    /// `is:quote`
    Quote,
    /// `is:verified`
    Verified,
    /// `is:nullcast`
    Nullcast,
}

/// What `has:` asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `has:hashtags`
    Hashtags,
    /// `has:cashtags`
    Cashtags,
    /// `has:symbols`, the older name of `has:cashtags`
    Symbols,
    /// `has:links`
    Links,
    /// `has:mentions`
    Mentions,
    /// `has:media`
    Media,
    /// `has:images`
    Images,
    /// `has:video_link`
    Videos,
    /// `has:geo`
    Geo,
    /// `has:lang`
    Lang,
    /// `has:profile_geo`
    ProfileGeo,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// `followers_count:`
    Followers,
    /// `min_followers:`, which takes no range
    MinFollowers,
    /// `following_count:`
    Following,
    /// `tweets_count:`
    Posts,
    /// `listed_count:`
    Listed,
    /// `min_likes:`
    MinLikes,
    /// `min_replies:`
    MinReplies,
    /// `min_reposts:`
    MinReposts,
}

/// At least `min`, and at most `max` where there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountRange {
    /// The least that matches.
    pub min: u64,
    /// The most that matches.
    pub max: Option<u64>,
}

/// Which part of an account's home `profile_…:` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfilePart {
    /// `profile_country:`
    Country,
    /// `profile_region:`
    Region,
    /// `profile_subregion:`
    Subregion,
    /// `profile_locality:`
    Locality,
}

/// A rectangle in degrees. `west` above `east` means that it crosses the date line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Smallest longitude.
    pub west: f64,
    /// Smallest latitude.
    pub south: f64,
    /// Greatest longitude.
    pub east: f64,
    /// Greatest latitude.
    pub north: f64,
}

/// A circle on the earth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Circle {
    /// Longitude and latitude of its centre in degrees.
    pub centre: [f64; 2],
    /// Its radius, in `unit`.
    pub radius: f64,
    /// What the radius counts.
    pub unit: LengthUnit,
}

/// What a radius counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LengthUnit {
    /// `mi`
    Miles,
    /// `km`
    Kilometres,
}
