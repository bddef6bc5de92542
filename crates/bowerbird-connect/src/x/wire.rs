//! X API v2 objects as they come, in both of X's name sets (tweets and posts). No meaning: that is [`super::convert`].
//!
//! One type serves a post in a stream line, in `includes`, and as `twarc flatten` writes it (author, media and place put
//! into the post). Every field may be missing or hold anything; see [`crate::json::field`].

use serde::Deserialize;

use crate::json::field::{Count, Field, Flag, Id, Maybe, Number, Objects, Part, Values};

/// A line of a stream, or an answer with one post.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Envelope<'a> {
    #[serde(borrow, default)]
    pub(crate) data: Maybe<Post<'a>>,
    #[serde(borrow, default)]
    pub(crate) includes: Maybe<Includes<'a>>,
}

/// Objects that posts refer to.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Includes<'a> {
    #[serde(borrow, default)]
    pub(crate) users: Objects<User<'a>>,
    #[serde(borrow, default)]
    pub(crate) tweets: Objects<Post<'a>>,
    #[serde(borrow, default)]
    pub(crate) posts: Objects<Post<'a>>,
    #[serde(borrow, default)]
    pub(crate) media: Objects<Media<'a>>,
    #[serde(borrow, default)]
    pub(crate) places: Objects<Place<'a>>,
}

/// A post; inside another also a reference to one, which then has at least a `type` and an `id`.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Post<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Id<'a>,
    #[serde(borrow, default)]
    pub(crate) text: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) r#type: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) author_id: Id<'a>,
    #[serde(borrow, default)]
    pub(crate) author: Maybe<User<'a>>,
    #[serde(borrow, default)]
    pub(crate) created_at: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) lang: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) source: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) conversation_id: Id<'a>,
    #[serde(borrow, default)]
    pub(crate) in_reply_to_user_id: Id<'a>,
    #[serde(borrow, default)]
    pub(crate) in_reply_to_user: Maybe<User<'a>>,
    #[serde(borrow, default)]
    pub(crate) referenced_tweets: Objects<Post<'a>>,
    #[serde(borrow, default)]
    pub(crate) referenced_posts: Objects<Post<'a>>,
    #[serde(borrow, default)]
    pub(crate) edit_history_tweet_ids: Values<Id<'a>>,
    #[serde(borrow, default)]
    pub(crate) edit_history_post_ids: Values<Id<'a>>,
    #[serde(borrow, default)]
    pub(crate) note_tweet: Maybe<Note<'a>>,
    #[serde(borrow, default)]
    pub(crate) note_post: Maybe<Note<'a>>,
    #[serde(borrow, default)]
    pub(crate) entities: Part<Entities<'a>>,
    #[serde(borrow, default)]
    pub(crate) attachments: Part<Attachments<'a>>,
    #[serde(borrow, default)]
    pub(crate) geo: Maybe<Geo<'a>>,
    #[serde(default)]
    pub(crate) public_metrics: Part<PostMetrics>,
    #[serde(default)]
    pub(crate) possibly_sensitive: Flag,
    #[serde(borrow, default)]
    pub(crate) withheld: Maybe<Withheld<'a>>,
    #[serde(borrow, default)]
    pub(crate) context_annotations: Objects<Context<'a>>,
}

/// The long form of a post.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Note<'a> {
    #[serde(borrow, default)]
    pub(crate) text: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) entities: Part<Entities<'a>>,
}

/// What is marked in a text.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Entities<'a> {
    #[serde(borrow, default)]
    pub(crate) hashtags: Objects<Tag<'a>>,
    #[serde(borrow, default)]
    pub(crate) cashtags: Objects<Tag<'a>>,
    #[serde(borrow, default)]
    pub(crate) mentions: Objects<Mention<'a>>,
    #[serde(borrow, default)]
    pub(crate) urls: Objects<Url<'a>>,
    #[serde(borrow, default)]
    pub(crate) annotations: Objects<Annotation<'a>>,
}

/// `#tag` or `$tag`; `start` and `end` count code points of the escaped text.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Tag<'a> {
    #[serde(default)]
    pub(crate) start: Count,
    #[serde(default)]
    pub(crate) end: Count,
    #[serde(borrow, default)]
    pub(crate) tag: Field<'a>,
}

/// `@username`; flattened by twarc a whole user.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Mention<'a> {
    #[serde(default)]
    pub(crate) start: Count,
    #[serde(default)]
    pub(crate) end: Count,
    #[serde(borrow, default)]
    pub(crate) username: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) id: Id<'a>,
    #[serde(borrow, default)]
    pub(crate) name: Field<'a>,
}

/// A link, or where an attached medium stands in the text.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Url<'a> {
    #[serde(default)]
    pub(crate) start: Count,
    #[serde(default)]
    pub(crate) end: Count,
    #[serde(borrow, default)]
    pub(crate) url: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) expanded_url: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) unwound_url: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) media_key: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) title: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) description: Field<'a>,
}

/// A name that X recognised.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Annotation<'a> {
    #[serde(borrow, default)]
    pub(crate) normalized_text: Field<'a>,
}

/// A topic.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Context<'a> {
    #[serde(borrow, default)]
    pub(crate) domain: Part<Topic<'a>>,
    #[serde(borrow, default)]
    pub(crate) entity: Part<Topic<'a>>,
}

/// One half of a topic.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Topic<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Id<'a>,
}

/// What is attached; `media` is twarc's.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Attachments<'a> {
    #[serde(borrow, default)]
    pub(crate) media_keys: Values<Field<'a>>,
    #[serde(borrow, default)]
    pub(crate) media: Objects<Media<'a>>,
}

/// A picture, a video, an animation.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Media<'a> {
    #[serde(borrow, default)]
    pub(crate) media_key: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) r#type: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) url: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) preview_image_url: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) alt_text: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) variants: Objects<Variant<'a>>,
}

/// One encoding of a video.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Variant<'a> {
    #[serde(alias = "bitrate", default)]
    pub(crate) bit_rate: Count,
    #[serde(borrow, default)]
    pub(crate) url: Field<'a>,
}

/// Where a post was written; flattened by twarc a whole place.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Geo<'a> {
    #[serde(borrow, default)]
    pub(crate) place_id: Field<'a>,
    #[serde(default)]
    pub(crate) coordinates: Part<Point>,
    #[serde(borrow, default)]
    pub(crate) full_name: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) name: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) place_type: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) country_code: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) country: Field<'a>,
    #[serde(default)]
    pub(crate) geo: Part<Bounds>,
}

/// Longitude and latitude.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Point {
    #[serde(default)]
    pub(crate) coordinates: Values<Number>,
}

/// A place.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Place<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) full_name: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) name: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) place_type: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) country_code: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) country: Field<'a>,
    #[serde(default)]
    pub(crate) geo: Part<Bounds>,
}

/// West, south, east, north.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Bounds {
    #[serde(default)]
    pub(crate) bbox: Values<Number>,
}

/// Counts of a post.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct PostMetrics {
    #[serde(default)]
    pub(crate) retweet_count: Count,
    #[serde(default)]
    pub(crate) repost_count: Count,
    #[serde(default)]
    pub(crate) reply_count: Count,
    #[serde(default)]
    pub(crate) like_count: Count,
    #[serde(default)]
    pub(crate) quote_count: Count,
    #[serde(default)]
    pub(crate) bookmark_count: Count,
    #[serde(default)]
    pub(crate) impression_count: Count,
}

/// Where it may not be shown.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Withheld<'a> {
    #[serde(borrow, default)]
    pub(crate) country_codes: Values<Field<'a>>,
}

/// An account.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct User<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Id<'a>,
    #[serde(borrow, default)]
    pub(crate) username: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) name: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) description: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) location: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) url: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) profile_image_url: Field<'a>,
    #[serde(borrow, default)]
    pub(crate) created_at: Field<'a>,
    #[serde(default)]
    pub(crate) verified: Flag,
    #[serde(default)]
    pub(crate) protected: Flag,
    #[serde(default)]
    pub(crate) public_metrics: Part<UserMetrics>,
    #[serde(borrow, default)]
    pub(crate) entities: Part<UserEntities<'a>>,
}

/// Counts of an account.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct UserMetrics {
    #[serde(default)]
    pub(crate) followers_count: Count,
    #[serde(default)]
    pub(crate) following_count: Count,
    #[serde(default)]
    pub(crate) tweet_count: Count,
    #[serde(default)]
    pub(crate) post_count: Count,
    #[serde(default)]
    pub(crate) listed_count: Count,
}

/// What is marked in an account's description of itself.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct UserEntities<'a> {
    #[serde(borrow, default)]
    pub(crate) url: Part<UserUrl<'a>>,
}

/// The page an account names.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct UserUrl<'a> {
    #[serde(borrow, default)]
    pub(crate) urls: Objects<ExpandedUrl<'a>>,
}

/// A link's expansion.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ExpandedUrl<'a> {
    #[serde(borrow, default)]
    pub(crate) expanded_url: Field<'a>,
}
