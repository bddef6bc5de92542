//! X API v2 objects as they come, in both of X's name sets (tweets and posts). No meaning: that is [`super::convert`].
//!
//! One type serves a post in a stream line, in `includes`, and as `twarc flatten` writes it (author, media and place put
//! into the post). Every field may be missing or hold anything; see [`crate::json::field`].

use serde::Deserialize;

use crate::json::field::{Count, Field, Flag, Id, Maybe, Number, Objects, Part, Values};

/// A line of a stream, or an answer with one post.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Envelope<'a> {
    #[serde(borrow)]
    pub(crate) data: Maybe<Post<'a>>,
    #[serde(borrow)]
    pub(crate) includes: Maybe<Includes<'a>>,
}

/// Objects that posts refer to.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Includes<'a> {
    #[serde(borrow)]
    pub(crate) users: Objects<User<'a>>,
    #[serde(borrow)]
    pub(crate) tweets: Objects<Post<'a>>,
    #[serde(borrow)]
    pub(crate) posts: Objects<Post<'a>>,
    #[serde(borrow)]
    pub(crate) media: Objects<Media<'a>>,
    #[serde(borrow)]
    pub(crate) places: Objects<Place<'a>>,
}

/// A post; inside another also a reference to one, which then has at least a `type` and an `id`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Post<'a> {
    #[serde(borrow)]
    pub(crate) id: Id<'a>,
    #[serde(borrow)]
    pub(crate) text: Field<'a>,
    #[serde(borrow)]
    pub(crate) r#type: Field<'a>,
    #[serde(borrow)]
    pub(crate) author_id: Id<'a>,
    #[serde(borrow)]
    pub(crate) author: Maybe<User<'a>>,
    #[serde(borrow)]
    pub(crate) created_at: Field<'a>,
    #[serde(borrow)]
    pub(crate) lang: Field<'a>,
    #[serde(borrow)]
    pub(crate) source: Field<'a>,
    #[serde(borrow)]
    pub(crate) conversation_id: Id<'a>,
    #[serde(borrow)]
    pub(crate) in_reply_to_user_id: Id<'a>,
    #[serde(borrow)]
    pub(crate) in_reply_to_user: Maybe<User<'a>>,
    #[serde(borrow)]
    pub(crate) referenced_tweets: Objects<Post<'a>>,
    #[serde(borrow)]
    pub(crate) referenced_posts: Objects<Post<'a>>,
    #[serde(borrow)]
    pub(crate) edit_history_tweet_ids: Values<Id<'a>>,
    #[serde(borrow)]
    pub(crate) edit_history_post_ids: Values<Id<'a>>,
    #[serde(borrow)]
    pub(crate) note_tweet: Maybe<Note<'a>>,
    #[serde(borrow)]
    pub(crate) note_post: Maybe<Note<'a>>,
    #[serde(borrow)]
    pub(crate) entities: Part<Entities<'a>>,
    #[serde(borrow)]
    pub(crate) attachments: Part<Attachments<'a>>,
    #[serde(borrow)]
    pub(crate) geo: Part<Geo<'a>>,
    pub(crate) public_metrics: Part<PostMetrics>,
    pub(crate) possibly_sensitive: Flag,
    #[serde(borrow)]
    pub(crate) withheld: Part<Withheld<'a>>,
    #[serde(borrow)]
    pub(crate) context_annotations: Objects<Context<'a>>,
}

/// The long form of a post.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Note<'a> {
    #[serde(borrow)]
    pub(crate) text: Field<'a>,
    #[serde(borrow)]
    pub(crate) entities: Part<Entities<'a>>,
}

/// What is marked in a text.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Entities<'a> {
    #[serde(borrow)]
    pub(crate) hashtags: Objects<Tag<'a>>,
    #[serde(borrow)]
    pub(crate) cashtags: Objects<Tag<'a>>,
    #[serde(borrow)]
    pub(crate) mentions: Objects<Mention<'a>>,
    #[serde(borrow)]
    pub(crate) urls: Objects<Url<'a>>,
    #[serde(borrow)]
    pub(crate) annotations: Objects<Annotation<'a>>,
}

/// `#tag` or `$tag`; `start` and `end` count code points of the escaped text.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Tag<'a> {
    pub(crate) start: Count,
    pub(crate) end: Count,
    #[serde(borrow)]
    pub(crate) tag: Field<'a>,
}

/// `@username`; flattened by twarc a whole user.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Mention<'a> {
    pub(crate) start: Count,
    pub(crate) end: Count,
    #[serde(borrow)]
    pub(crate) username: Field<'a>,
    #[serde(borrow)]
    pub(crate) id: Id<'a>,
    #[serde(borrow)]
    pub(crate) name: Field<'a>,
}

/// A link, or where an attached medium stands in the text.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Url<'a> {
    pub(crate) start: Count,
    pub(crate) end: Count,
    #[serde(borrow)]
    pub(crate) url: Field<'a>,
    #[serde(borrow)]
    pub(crate) expanded_url: Field<'a>,
    #[serde(borrow)]
    pub(crate) unwound_url: Field<'a>,
    #[serde(borrow)]
    pub(crate) media_key: Field<'a>,
    #[serde(borrow)]
    pub(crate) title: Field<'a>,
    #[serde(borrow)]
    pub(crate) description: Field<'a>,
}

/// A name that X recognised.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Annotation<'a> {
    #[serde(borrow)]
    pub(crate) normalized_text: Field<'a>,
}

/// A topic.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Context<'a> {
    #[serde(borrow)]
    pub(crate) domain: Part<Topic<'a>>,
    #[serde(borrow)]
    pub(crate) entity: Part<Topic<'a>>,
}

/// One half of a topic.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Topic<'a> {
    #[serde(borrow)]
    pub(crate) id: Id<'a>,
}

/// What is attached; `media` is twarc's.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Attachments<'a> {
    #[serde(borrow)]
    pub(crate) media_keys: Values<Field<'a>>,
    #[serde(borrow)]
    pub(crate) media: Objects<Media<'a>>,
}

/// A picture, a video, an animation.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Media<'a> {
    #[serde(borrow)]
    pub(crate) media_key: Field<'a>,
    #[serde(borrow)]
    pub(crate) r#type: Field<'a>,
    #[serde(borrow)]
    pub(crate) url: Field<'a>,
    #[serde(borrow)]
    pub(crate) preview_image_url: Field<'a>,
    #[serde(borrow)]
    pub(crate) alt_text: Field<'a>,
    #[serde(borrow)]
    pub(crate) variants: Objects<Variant<'a>>,
}

/// One encoding of a video.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Variant<'a> {
    #[serde(alias = "bitrate")]
    pub(crate) bit_rate: Count,
    #[serde(borrow)]
    pub(crate) url: Field<'a>,
}

/// Where a post was written; flattened by twarc a whole place.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Geo<'a> {
    #[serde(borrow)]
    pub(crate) place_id: Field<'a>,
    pub(crate) coordinates: Part<Point>,
    #[serde(borrow)]
    pub(crate) full_name: Field<'a>,
    #[serde(borrow)]
    pub(crate) name: Field<'a>,
    #[serde(borrow)]
    pub(crate) place_type: Field<'a>,
    #[serde(borrow)]
    pub(crate) country_code: Field<'a>,
    #[serde(borrow)]
    pub(crate) country: Field<'a>,
    pub(crate) geo: Part<Bounds>,
}

/// Longitude and latitude.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Point {
    pub(crate) coordinates: Values<Number>,
}

/// A place.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Place<'a> {
    #[serde(borrow)]
    pub(crate) id: Field<'a>,
    #[serde(borrow)]
    pub(crate) full_name: Field<'a>,
    #[serde(borrow)]
    pub(crate) name: Field<'a>,
    #[serde(borrow)]
    pub(crate) place_type: Field<'a>,
    #[serde(borrow)]
    pub(crate) country_code: Field<'a>,
    #[serde(borrow)]
    pub(crate) country: Field<'a>,
    pub(crate) geo: Part<Bounds>,
}

/// West, south, east, north.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Bounds {
    pub(crate) bbox: Values<Number>,
}

/// Counts of a post.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PostMetrics {
    pub(crate) retweet_count: Count,
    pub(crate) repost_count: Count,
    pub(crate) reply_count: Count,
    pub(crate) like_count: Count,
    pub(crate) quote_count: Count,
    pub(crate) bookmark_count: Count,
    pub(crate) impression_count: Count,
}

/// Where it may not be shown.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Withheld<'a> {
    #[serde(borrow)]
    pub(crate) country_codes: Values<Field<'a>>,
}

/// An account.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct User<'a> {
    #[serde(borrow)]
    pub(crate) id: Id<'a>,
    #[serde(borrow)]
    pub(crate) username: Field<'a>,
    #[serde(borrow)]
    pub(crate) name: Field<'a>,
    #[serde(borrow)]
    pub(crate) description: Field<'a>,
    #[serde(borrow)]
    pub(crate) location: Field<'a>,
    #[serde(borrow)]
    pub(crate) url: Field<'a>,
    #[serde(borrow)]
    pub(crate) profile_image_url: Field<'a>,
    #[serde(borrow)]
    pub(crate) created_at: Field<'a>,
    pub(crate) verified: Flag,
    pub(crate) protected: Flag,
    pub(crate) public_metrics: Part<UserMetrics>,
    #[serde(borrow)]
    pub(crate) entities: Part<UserEntities<'a>>,
}

/// Counts of an account.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct UserMetrics {
    pub(crate) followers_count: Count,
    pub(crate) following_count: Count,
    pub(crate) tweet_count: Count,
    pub(crate) post_count: Count,
    pub(crate) listed_count: Count,
}

/// What is marked in an account's description of itself.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct UserEntities<'a> {
    #[serde(borrow)]
    pub(crate) url: Part<UserUrl<'a>>,
}

/// The page an account names.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct UserUrl<'a> {
    #[serde(borrow)]
    pub(crate) urls: Objects<ExpandedUrl<'a>>,
}

/// A link's expansion.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ExpandedUrl<'a> {
    #[serde(borrow)]
    pub(crate) expanded_url: Field<'a>,
}
