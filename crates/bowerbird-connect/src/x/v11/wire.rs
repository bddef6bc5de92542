//! v1.1 objects as they come. No meaning: that is [`super::convert`] and [`super::control`].

use serde::Deserialize;

use crate::json::field::{Count, Field, Flag, Id, Maybe, Number, Objects, Part, Values};

/// A status of any generation.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Status<'a> {
    #[serde(borrow, default)]
    pub(super) id: Id<'a>,
    #[serde(borrow, default)]
    pub(super) id_str: Id<'a>,
    #[serde(borrow, default)]
    pub(super) text: Field<'a>,
    #[serde(borrow, default)]
    pub(super) full_text: Field<'a>,
    #[serde(borrow, default)]
    pub(super) extended_tweet: Maybe<Extended<'a>>,
    #[serde(borrow, default)]
    pub(super) user: Maybe<User<'a>>,
    #[serde(borrow, default)]
    pub(super) created_at: Field<'a>,
    #[serde(borrow, default)]
    pub(super) lang: Field<'a>,
    #[serde(borrow, default)]
    pub(super) source: Field<'a>,
    #[serde(borrow, default)]
    pub(super) in_reply_to_status_id: Id<'a>,
    #[serde(borrow, default)]
    pub(super) in_reply_to_status_id_str: Id<'a>,
    #[serde(borrow, default)]
    pub(super) in_reply_to_user_id: Id<'a>,
    #[serde(borrow, default)]
    pub(super) in_reply_to_user_id_str: Id<'a>,
    #[serde(borrow, default)]
    pub(super) in_reply_to_screen_name: Field<'a>,
    #[serde(borrow, default)]
    pub(super) conversation_id_str: Id<'a>,
    #[serde(borrow, default)]
    pub(super) retweeted_status: Maybe<Status<'a>>,
    #[serde(borrow, default)]
    pub(super) quoted_status: Maybe<Status<'a>>,
    #[serde(borrow, default)]
    pub(super) quoted_status_id: Id<'a>,
    #[serde(borrow, default)]
    pub(super) quoted_status_id_str: Id<'a>,
    #[serde(borrow, default)]
    pub(super) entities: Part<Entities<'a>>,
    #[serde(borrow, default)]
    pub(super) extended_entities: Part<Attached<'a>>,
    #[serde(default)]
    pub(super) coordinates: Part<Point>,
    #[serde(default)]
    pub(super) geo: Part<Point>,
    #[serde(borrow, default)]
    pub(super) place: Maybe<Place<'a>>,
    #[serde(default)]
    pub(super) favorite_count: Count,
    #[serde(default)]
    pub(super) retweet_count: Count,
    #[serde(default)]
    pub(super) reply_count: Count,
    #[serde(default)]
    pub(super) quote_count: Count,
    #[serde(default)]
    pub(super) possibly_sensitive: Flag,
    #[serde(default)]
    pub(super) scopes: Maybe<Scopes>,
    #[serde(borrow, default)]
    pub(super) withheld_in_countries: Values<Field<'a>>,
    #[serde(borrow, default)]
    pub(super) edit_history: Part<EditHistory<'a>>,
    #[serde(borrow, default)]
    pub(super) edit_info: Maybe<EditInfo<'a>>,
}

/// The long form inside a status that is cut short for old clients.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Extended<'a> {
    #[serde(borrow, default)]
    pub(super) full_text: Field<'a>,
    #[serde(borrow, default)]
    pub(super) entities: Part<Entities<'a>>,
    #[serde(borrow, default)]
    pub(super) extended_entities: Part<Attached<'a>>,
}

/// What is marked in a text.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Entities<'a> {
    #[serde(borrow, default)]
    pub(super) hashtags: Objects<Tag<'a>>,
    #[serde(borrow, default)]
    pub(super) symbols: Objects<Tag<'a>>,
    #[serde(borrow, default)]
    pub(super) user_mentions: Objects<Mention<'a>>,
    #[serde(borrow, default)]
    pub(super) urls: Objects<Url<'a>>,
    #[serde(borrow, default)]
    pub(super) media: Objects<Media<'a>>,
}

/// All media, where `entities` has only the first.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Attached<'a> {
    #[serde(borrow, default)]
    pub(super) media: Objects<Media<'a>>,
}

/// `#text` or `$text`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Tag<'a> {
    #[serde(borrow, default)]
    pub(super) text: Field<'a>,
    #[serde(default)]
    pub(super) indices: Values<Count>,
}

/// `@screen_name`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Mention<'a> {
    #[serde(borrow, default)]
    pub(super) screen_name: Field<'a>,
    #[serde(borrow, default)]
    pub(super) name: Field<'a>,
    #[serde(borrow, default)]
    pub(super) id: Id<'a>,
    #[serde(borrow, default)]
    pub(super) id_str: Id<'a>,
    #[serde(default)]
    pub(super) indices: Values<Count>,
}

/// A link.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Url<'a> {
    #[serde(borrow, default)]
    pub(super) url: Field<'a>,
    #[serde(borrow, default)]
    pub(super) expanded_url: Field<'a>,
    #[serde(borrow, default)]
    pub(super) unwound: Part<Unwound<'a>>,
    #[serde(default)]
    pub(super) indices: Values<Count>,
}

/// Where a link leads in the end.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Unwound<'a> {
    #[serde(borrow, default)]
    pub(super) url: Field<'a>,
    #[serde(borrow, default)]
    pub(super) title: Field<'a>,
    #[serde(borrow, default)]
    pub(super) description: Field<'a>,
}

/// A picture, a video, an animation.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Media<'a> {
    #[serde(borrow, default)]
    pub(super) id: Id<'a>,
    #[serde(borrow, default)]
    pub(super) id_str: Id<'a>,
    #[serde(borrow, default)]
    pub(super) r#type: Field<'a>,
    #[serde(borrow, default)]
    pub(super) url: Field<'a>,
    #[serde(borrow, default)]
    pub(super) media_url: Field<'a>,
    #[serde(borrow, default)]
    pub(super) media_url_https: Field<'a>,
    #[serde(borrow, default)]
    pub(super) ext_alt_text: Field<'a>,
    #[serde(borrow, default)]
    pub(super) video_info: Part<VideoInfo<'a>>,
    #[serde(default)]
    pub(super) indices: Values<Count>,
}

/// How a video can be had.
#[derive(Debug, Default, Deserialize)]
pub(super) struct VideoInfo<'a> {
    #[serde(borrow, default)]
    pub(super) variants: Objects<Variant<'a>>,
}

/// One encoding of a video.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Variant<'a> {
    #[serde(default)]
    pub(super) bitrate: Count,
    #[serde(borrow, default)]
    pub(super) url: Field<'a>,
}

/// A GeoJSON point: longitude first in `coordinates`, latitude first in `geo`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Point {
    #[serde(default)]
    pub(super) coordinates: Values<Number>,
}

/// A place.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Place<'a> {
    #[serde(borrow, default)]
    pub(super) id: Id<'a>,
    #[serde(borrow, default)]
    pub(super) name: Field<'a>,
    #[serde(borrow, default)]
    pub(super) full_name: Field<'a>,
    #[serde(borrow, default)]
    pub(super) place_type: Field<'a>,
    #[serde(borrow, default)]
    pub(super) country_code: Field<'a>,
    #[serde(borrow, default)]
    pub(super) country: Field<'a>,
    #[serde(default)]
    pub(super) bounding_box: Part<Polygon>,
}

/// Its corners.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Polygon {
    #[serde(default)]
    pub(super) coordinates: Values<Values<Values<Number>>>,
}

/// Whom a status is shown to.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Scopes {
    #[serde(default)]
    pub(super) followers: Option<Flag>,
}

/// The versions of a status.
#[derive(Debug, Default, Deserialize)]
pub(super) struct EditHistory<'a> {
    #[serde(borrow, default)]
    pub(super) edit_tweet_ids: Values<Id<'a>>,
}

/// The versions of a status, in archives.
#[derive(Debug, Default, Deserialize)]
pub(super) struct EditInfo<'a> {
    #[serde(borrow, default)]
    pub(super) initial: Part<EditControl<'a>>,
    #[serde(borrow, default)]
    pub(super) edit: Part<LaterEdit<'a>>,
}

/// A version that is not the first.
#[derive(Debug, Default, Deserialize)]
pub(super) struct LaterEdit<'a> {
    #[serde(borrow, rename = "editControlInitial", default)]
    pub(super) initial: Part<EditControl<'a>>,
}

/// All versions.
#[derive(Debug, Default, Deserialize)]
pub(super) struct EditControl<'a> {
    #[serde(borrow, rename = "editTweetIds", default)]
    pub(super) edit_tweet_ids: Values<Id<'a>>,
}

/// An account.
#[derive(Debug, Default, Deserialize)]
pub(super) struct User<'a> {
    #[serde(borrow, default)]
    pub(super) id: Id<'a>,
    #[serde(borrow, default)]
    pub(super) id_str: Id<'a>,
    #[serde(borrow, default)]
    pub(super) screen_name: Field<'a>,
    #[serde(borrow, default)]
    pub(super) name: Field<'a>,
    #[serde(borrow, default)]
    pub(super) description: Field<'a>,
    #[serde(borrow, default)]
    pub(super) location: Field<'a>,
    #[serde(borrow, default)]
    pub(super) url: Field<'a>,
    #[serde(borrow, default)]
    pub(super) profile_image_url: Field<'a>,
    #[serde(borrow, default)]
    pub(super) profile_image_url_https: Field<'a>,
    #[serde(borrow, default)]
    pub(super) created_at: Field<'a>,
    #[serde(default)]
    pub(super) verified: Flag,
    #[serde(default)]
    pub(super) protected: Flag,
    #[serde(default)]
    pub(super) followers_count: Count,
    #[serde(default)]
    pub(super) friends_count: Count,
    #[serde(default)]
    pub(super) statuses_count: Count,
    #[serde(default)]
    pub(super) listed_count: Count,
    #[serde(borrow, default)]
    pub(super) entities: Part<UserEntities<'a>>,
}

/// What is marked in an account's description of itself.
#[derive(Debug, Default, Deserialize)]
pub(super) struct UserEntities<'a> {
    #[serde(borrow, default)]
    pub(super) url: Part<UserUrl<'a>>,
}

/// The page an account names.
#[derive(Debug, Default, Deserialize)]
pub(super) struct UserUrl<'a> {
    #[serde(borrow, default)]
    pub(super) urls: Objects<Url<'a>>,
}

/// A stream message that is no status.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Control<'a> {
    #[serde(borrow, default)]
    pub(super) delete: Maybe<Deletion<'a>>,
    #[serde(borrow, default)]
    pub(super) scrub_geo: Maybe<Scrub<'a>>,
    #[serde(borrow, default)]
    pub(super) limit: Maybe<Limit<'a>>,
    #[serde(borrow, default)]
    pub(super) status_withheld: Maybe<Withheld<'a>>,
    #[serde(borrow, default)]
    pub(super) user_withheld: Maybe<Withheld<'a>>,
    #[serde(borrow, default)]
    pub(super) disconnect: Maybe<Disconnect<'a>>,
    #[serde(borrow, default)]
    pub(super) warning: Maybe<Warning<'a>>,
    #[serde(borrow, default)]
    pub(super) friends: Values<Id<'a>>,
    #[serde(borrow, default)]
    pub(super) friends_str: Values<Id<'a>>,
    #[serde(borrow, default)]
    pub(super) event: Field<'a>,
    #[serde(borrow, default)]
    pub(super) created_at: Field<'a>,
    #[serde(borrow, default)]
    pub(super) source: Maybe<User<'a>>,
    #[serde(borrow, default)]
    pub(super) target: Maybe<User<'a>>,
    #[serde(borrow, default)]
    pub(super) target_object: Maybe<Status<'a>>,
    #[serde(borrow, default)]
    pub(super) for_user: Id<'a>,
    #[serde(borrow, default)]
    pub(super) direct_message: Maybe<Named<'a>>,
}

/// `delete`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Deletion<'a> {
    #[serde(borrow, default)]
    pub(super) status: Maybe<Named<'a>>,
    #[serde(borrow, default)]
    pub(super) favorite: Maybe<Named<'a>>,
    #[serde(borrow, default)]
    pub(super) timestamp_ms: Id<'a>,
}

/// Ids, as numbers and as text.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Named<'a> {
    #[serde(borrow, default)]
    pub(super) id: Id<'a>,
    #[serde(borrow, default)]
    pub(super) id_str: Id<'a>,
    #[serde(borrow, default)]
    pub(super) user_id: Id<'a>,
    #[serde(borrow, default)]
    pub(super) user_id_str: Id<'a>,
    #[serde(borrow, default)]
    pub(super) tweet_id: Id<'a>,
    #[serde(borrow, default)]
    pub(super) tweet_id_str: Id<'a>,
}

/// `scrub_geo`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Scrub<'a> {
    #[serde(borrow, default)]
    pub(super) user_id: Id<'a>,
    #[serde(borrow, default)]
    pub(super) user_id_str: Id<'a>,
    #[serde(borrow, default)]
    pub(super) up_to_status_id: Id<'a>,
    #[serde(borrow, default)]
    pub(super) up_to_status_id_str: Id<'a>,
}

/// `limit`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Limit<'a> {
    #[serde(default)]
    pub(super) track: Count,
    #[serde(borrow, default)]
    pub(super) timestamp_ms: Id<'a>,
}

/// `status_withheld`, `user_withheld`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Withheld<'a> {
    #[serde(borrow, default)]
    pub(super) id: Id<'a>,
    #[serde(borrow, default)]
    pub(super) id_str: Id<'a>,
    #[serde(borrow, default)]
    pub(super) timestamp_ms: Id<'a>,
    #[serde(borrow, default)]
    pub(super) withheld_in_countries: Values<Field<'a>>,
}

/// `disconnect`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Disconnect<'a> {
    #[serde(borrow, default)]
    pub(super) code: Id<'a>,
    #[serde(borrow, default)]
    pub(super) stream_name: Field<'a>,
    #[serde(borrow, default)]
    pub(super) reason: Field<'a>,
}

/// `warning`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Warning<'a> {
    #[serde(borrow, default)]
    pub(super) code: Field<'a>,
    #[serde(borrow, default)]
    pub(super) message: Field<'a>,
    #[serde(borrow, default)]
    pub(super) timestamp_ms: Id<'a>,
}
