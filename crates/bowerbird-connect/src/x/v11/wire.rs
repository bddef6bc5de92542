//! v1.1 objects as they come. No meaning: that is [`super::convert`] and [`super::control`].

use serde::Deserialize;

use crate::json::field::{Count, Field, Flag, Id, Maybe, Number, Objects, Part, Values};

/// A status of any generation.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Status<'a> {
    #[serde(borrow)]
    pub(super) id: Id<'a>,
    #[serde(borrow)]
    pub(super) id_str: Id<'a>,
    #[serde(borrow)]
    pub(super) text: Field<'a>,
    #[serde(borrow)]
    pub(super) full_text: Field<'a>,
    #[serde(borrow)]
    pub(super) extended_tweet: Maybe<Extended<'a>>,
    #[serde(borrow)]
    pub(super) user: Maybe<User<'a>>,
    #[serde(borrow)]
    pub(super) created_at: Field<'a>,
    #[serde(borrow)]
    pub(super) lang: Field<'a>,
    #[serde(borrow)]
    pub(super) source: Field<'a>,
    #[serde(borrow)]
    pub(super) in_reply_to_status_id: Id<'a>,
    #[serde(borrow)]
    pub(super) in_reply_to_status_id_str: Id<'a>,
    #[serde(borrow)]
    pub(super) in_reply_to_user_id: Id<'a>,
    #[serde(borrow)]
    pub(super) in_reply_to_user_id_str: Id<'a>,
    #[serde(borrow)]
    pub(super) in_reply_to_screen_name: Field<'a>,
    #[serde(borrow)]
    pub(super) conversation_id_str: Id<'a>,
    #[serde(borrow)]
    pub(super) retweeted_status: Maybe<Status<'a>>,
    #[serde(borrow)]
    pub(super) quoted_status: Maybe<Status<'a>>,
    #[serde(borrow)]
    pub(super) quoted_status_id: Id<'a>,
    #[serde(borrow)]
    pub(super) quoted_status_id_str: Id<'a>,
    #[serde(borrow)]
    pub(super) entities: Part<Entities<'a>>,
    #[serde(borrow)]
    pub(super) extended_entities: Part<Attached<'a>>,
    pub(super) coordinates: Part<Point>,
    pub(super) geo: Part<Point>,
    #[serde(borrow)]
    pub(super) place: Maybe<Place<'a>>,
    pub(super) favorite_count: Count,
    pub(super) retweet_count: Count,
    pub(super) reply_count: Count,
    pub(super) quote_count: Count,
    pub(super) possibly_sensitive: Flag,
    pub(super) scopes: Maybe<Scopes>,
    #[serde(borrow)]
    pub(super) withheld_in_countries: Values<Field<'a>>,
    #[serde(borrow)]
    pub(super) edit_history: Part<EditHistory<'a>>,
    #[serde(borrow)]
    pub(super) edit_info: Maybe<EditInfo<'a>>,
}

/// The long form inside a status that is cut short for old clients.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Extended<'a> {
    #[serde(borrow)]
    pub(super) full_text: Field<'a>,
    #[serde(borrow)]
    pub(super) entities: Part<Entities<'a>>,
    #[serde(borrow)]
    pub(super) extended_entities: Part<Attached<'a>>,
}

/// What is marked in a text.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Entities<'a> {
    #[serde(borrow)]
    pub(super) hashtags: Objects<Tag<'a>>,
    #[serde(borrow)]
    pub(super) symbols: Objects<Tag<'a>>,
    #[serde(borrow)]
    pub(super) user_mentions: Objects<Mention<'a>>,
    #[serde(borrow)]
    pub(super) urls: Objects<Url<'a>>,
    #[serde(borrow)]
    pub(super) media: Objects<Media<'a>>,
}

/// All media, where `entities` has only the first.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Attached<'a> {
    #[serde(borrow)]
    pub(super) media: Objects<Media<'a>>,
}

/// `#text` or `$text`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Tag<'a> {
    #[serde(borrow)]
    pub(super) text: Field<'a>,
    pub(super) indices: Values<Count>,
}

/// `@screen_name`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Mention<'a> {
    #[serde(borrow)]
    pub(super) screen_name: Field<'a>,
    #[serde(borrow)]
    pub(super) name: Field<'a>,
    #[serde(borrow)]
    pub(super) id: Id<'a>,
    #[serde(borrow)]
    pub(super) id_str: Id<'a>,
    pub(super) indices: Values<Count>,
}

/// A link.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Url<'a> {
    #[serde(borrow)]
    pub(super) url: Field<'a>,
    #[serde(borrow)]
    pub(super) expanded_url: Field<'a>,
    #[serde(borrow)]
    pub(super) unwound: Part<Unwound<'a>>,
    pub(super) indices: Values<Count>,
}

/// Where a link leads in the end.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Unwound<'a> {
    #[serde(borrow)]
    pub(super) url: Field<'a>,
    #[serde(borrow)]
    pub(super) title: Field<'a>,
    #[serde(borrow)]
    pub(super) description: Field<'a>,
}

/// A picture, a video, an animation.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Media<'a> {
    #[serde(borrow)]
    pub(super) id: Id<'a>,
    #[serde(borrow)]
    pub(super) id_str: Id<'a>,
    #[serde(borrow)]
    pub(super) r#type: Field<'a>,
    #[serde(borrow)]
    pub(super) url: Field<'a>,
    #[serde(borrow)]
    pub(super) media_url: Field<'a>,
    #[serde(borrow)]
    pub(super) media_url_https: Field<'a>,
    #[serde(borrow)]
    pub(super) ext_alt_text: Field<'a>,
    #[serde(borrow)]
    pub(super) video_info: Part<VideoInfo<'a>>,
    pub(super) indices: Values<Count>,
}

/// How a video can be had.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct VideoInfo<'a> {
    #[serde(borrow)]
    pub(super) variants: Objects<Variant<'a>>,
}

/// One encoding of a video.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Variant<'a> {
    pub(super) bitrate: Count,
    #[serde(borrow)]
    pub(super) url: Field<'a>,
}

/// A GeoJSON point: longitude first in `coordinates`, latitude first in `geo`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Point {
    pub(super) coordinates: Values<Number>,
}

/// A place.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Place<'a> {
    #[serde(borrow)]
    pub(super) id: Id<'a>,
    #[serde(borrow)]
    pub(super) name: Field<'a>,
    #[serde(borrow)]
    pub(super) full_name: Field<'a>,
    #[serde(borrow)]
    pub(super) place_type: Field<'a>,
    #[serde(borrow)]
    pub(super) country_code: Field<'a>,
    #[serde(borrow)]
    pub(super) country: Field<'a>,
    pub(super) bounding_box: Part<Polygon>,
}

/// Its corners.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Polygon {
    pub(super) coordinates: Values<Values<Values<Number>>>,
}

/// Whom a status is shown to.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Scopes {
    pub(super) followers: Option<Flag>,
}

/// The versions of a status.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct EditHistory<'a> {
    #[serde(borrow)]
    pub(super) edit_tweet_ids: Values<Id<'a>>,
}

/// The versions of a status, in archives.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct EditInfo<'a> {
    #[serde(borrow)]
    pub(super) initial: Part<EditControl<'a>>,
    #[serde(borrow)]
    pub(super) edit: Part<LaterEdit<'a>>,
}

/// A version that is not the first.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct LaterEdit<'a> {
    #[serde(borrow, rename = "editControlInitial")]
    pub(super) initial: Part<EditControl<'a>>,
}

/// All versions.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct EditControl<'a> {
    #[serde(borrow, rename = "editTweetIds")]
    pub(super) edit_tweet_ids: Values<Id<'a>>,
}

/// An account.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct User<'a> {
    #[serde(borrow)]
    pub(super) id: Id<'a>,
    #[serde(borrow)]
    pub(super) id_str: Id<'a>,
    #[serde(borrow)]
    pub(super) screen_name: Field<'a>,
    #[serde(borrow)]
    pub(super) name: Field<'a>,
    #[serde(borrow)]
    pub(super) description: Field<'a>,
    #[serde(borrow)]
    pub(super) location: Field<'a>,
    #[serde(borrow)]
    pub(super) url: Field<'a>,
    #[serde(borrow)]
    pub(super) profile_image_url: Field<'a>,
    #[serde(borrow)]
    pub(super) profile_image_url_https: Field<'a>,
    #[serde(borrow)]
    pub(super) created_at: Field<'a>,
    pub(super) verified: Flag,
    pub(super) protected: Flag,
    pub(super) followers_count: Count,
    pub(super) friends_count: Count,
    pub(super) statuses_count: Count,
    pub(super) listed_count: Count,
    #[serde(borrow)]
    pub(super) entities: Part<UserEntities<'a>>,
}

/// What is marked in an account's description of itself.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct UserEntities<'a> {
    #[serde(borrow)]
    pub(super) url: Part<UserUrl<'a>>,
}

/// The page an account names.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct UserUrl<'a> {
    #[serde(borrow)]
    pub(super) urls: Objects<Url<'a>>,
}

/// A stream message that is no status.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Control<'a> {
    #[serde(borrow)]
    pub(super) delete: Maybe<Deletion<'a>>,
    #[serde(borrow)]
    pub(super) scrub_geo: Maybe<Scrub<'a>>,
    #[serde(borrow)]
    pub(super) limit: Maybe<Limit<'a>>,
    #[serde(borrow)]
    pub(super) status_withheld: Maybe<Withheld<'a>>,
    #[serde(borrow)]
    pub(super) user_withheld: Maybe<Withheld<'a>>,
    #[serde(borrow)]
    pub(super) disconnect: Maybe<Disconnect<'a>>,
    #[serde(borrow)]
    pub(super) warning: Maybe<Warning<'a>>,
    #[serde(borrow)]
    pub(super) friends: Values<Id<'a>>,
    #[serde(borrow)]
    pub(super) friends_str: Values<Id<'a>>,
    #[serde(borrow)]
    pub(super) event: Field<'a>,
    #[serde(borrow)]
    pub(super) created_at: Field<'a>,
    #[serde(borrow)]
    pub(super) timestamp_ms: Id<'a>,
    #[serde(borrow)]
    pub(super) source: Maybe<User<'a>>,
    #[serde(borrow)]
    pub(super) target: Maybe<User<'a>>,
    #[serde(borrow)]
    pub(super) target_object: Maybe<Status<'a>>,
    #[serde(borrow)]
    pub(super) for_user: Id<'a>,
    #[serde(borrow)]
    pub(super) direct_message: Maybe<Named<'a>>,
}

/// `delete`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Deletion<'a> {
    #[serde(borrow)]
    pub(super) status: Maybe<Named<'a>>,
    #[serde(borrow)]
    pub(super) favorite: Maybe<Named<'a>>,
    #[serde(borrow)]
    pub(super) timestamp_ms: Id<'a>,
}

/// Ids, as numbers and as text.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Named<'a> {
    #[serde(borrow)]
    pub(super) id: Id<'a>,
    #[serde(borrow)]
    pub(super) id_str: Id<'a>,
    #[serde(borrow)]
    pub(super) user_id: Id<'a>,
    #[serde(borrow)]
    pub(super) user_id_str: Id<'a>,
    #[serde(borrow)]
    pub(super) tweet_id: Id<'a>,
    #[serde(borrow)]
    pub(super) tweet_id_str: Id<'a>,
}

/// `scrub_geo`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Scrub<'a> {
    #[serde(borrow)]
    pub(super) user_id: Id<'a>,
    #[serde(borrow)]
    pub(super) user_id_str: Id<'a>,
    #[serde(borrow)]
    pub(super) up_to_status_id: Id<'a>,
    #[serde(borrow)]
    pub(super) up_to_status_id_str: Id<'a>,
}

/// `limit`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Limit<'a> {
    pub(super) track: Count,
    #[serde(borrow)]
    pub(super) timestamp_ms: Id<'a>,
}

/// `status_withheld`, `user_withheld`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Withheld<'a> {
    #[serde(borrow)]
    pub(super) id: Id<'a>,
    #[serde(borrow)]
    pub(super) id_str: Id<'a>,
    #[serde(borrow)]
    pub(super) timestamp_ms: Id<'a>,
    #[serde(borrow)]
    pub(super) withheld_in_countries: Values<Field<'a>>,
}

/// `disconnect`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Disconnect<'a> {
    #[serde(borrow)]
    pub(super) code: Id<'a>,
    #[serde(borrow)]
    pub(super) stream_name: Field<'a>,
    #[serde(borrow)]
    pub(super) reason: Field<'a>,
}

/// `warning`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Warning<'a> {
    #[serde(borrow)]
    pub(super) code: Field<'a>,
    #[serde(borrow)]
    pub(super) message: Field<'a>,
    #[serde(borrow)]
    pub(super) timestamp_ms: Id<'a>,
}
