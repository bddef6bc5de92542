//! v1.1 objects as they come. No meaning: that is [`super::convert`] and [`super::control`].

use crate::json::field::{Field, Id, Maybe, Values};
use crate::json::lenient::objects;
use crate::x::wire::Variant;

objects! {
    /// A status of any generation.
    pub(super) struct Status<'a> {
        id: Id<'a>,
        id_str: Id<'a>,
        text: Field<'a>,
        full_text: Field<'a>,
        extended_tweet: Maybe<Extended<'a>>,
        user: Maybe<User<'a>>,
        created_at: Field<'a>,
        lang: Field<'a>,
        source: Field<'a>,
        in_reply_to_status_id: Id<'a>,
        in_reply_to_status_id_str: Id<'a>,
        in_reply_to_user_id: Id<'a>,
        in_reply_to_user_id_str: Id<'a>,
        in_reply_to_screen_name: Field<'a>,
        conversation_id_str: Id<'a>,
        retweeted_status: Maybe<Status<'a>>,
        quoted_status: Maybe<Status<'a>>,
        quoted_status_id: Id<'a>,
        quoted_status_id_str: Id<'a>,
        entities: Entities<'a>,
        extended_entities: Attached<'a>,
        coordinates: Point,
        geo: Point,
        place: Maybe<Place<'a>>,
        favorite_count: Option<u64>,
        retweet_count: Option<u64>,
        reply_count: Option<u64>,
        quote_count: Option<u64>,
        possibly_sensitive: Option<bool>,
        scopes: Maybe<Scopes>,
        withheld_in_countries: Values<Field<'a>>,
        edit_history: EditHistory<'a>,
        edit_info: Maybe<EditInfo<'a>>,
    }

    /// The long form inside a status that is cut short for old clients.
    pub(super) struct Extended<'a> {
        full_text: Field<'a>,
        entities: Entities<'a>,
        extended_entities: Attached<'a>,
    }

    /// What is marked in a text.
    pub(super) struct Entities<'a> {
        hashtags: Vec<Tag<'a>>,
        symbols: Vec<Tag<'a>>,
        user_mentions: Vec<Mention<'a>>,
        urls: Vec<Url<'a>>,
        media: Vec<Media<'a>>,
    }

    /// All media, where `entities` has only the first.
    pub(super) struct Attached<'a> {
        media: Vec<Media<'a>>,
    }

    /// `#text` or `$text`.
    pub(super) struct Tag<'a> {
        text: Field<'a>,
        indices: Values<Option<u64>>,
    }

    /// `@screen_name`.
    pub(super) struct Mention<'a> {
        screen_name: Field<'a>,
        name: Field<'a>,
        id: Id<'a>,
        id_str: Id<'a>,
        indices: Values<Option<u64>>,
    }

    /// A link.
    pub(super) struct Url<'a> {
        url: Field<'a>,
        expanded_url: Field<'a>,
        unwound: Unwound<'a>,
        indices: Values<Option<u64>>,
    }

    /// Where a link leads in the end.
    pub(super) struct Unwound<'a> {
        url: Field<'a>,
        title: Field<'a>,
        description: Field<'a>,
    }

    /// A picture, a video, an animation.
    pub(super) struct Media<'a> {
        id: Id<'a>,
        id_str: Id<'a>,
        kind as "type": Field<'a>,
        url: Field<'a>,
        media_url: Field<'a>,
        media_url_https: Field<'a>,
        ext_alt_text: Field<'a>,
        video_info: VideoInfo<'a>,
        indices: Values<Option<u64>>,
    }

    /// How a video can be had.
    pub(super) struct VideoInfo<'a> {
        variants: Vec<Variant<'a>>,
    }

    /// A GeoJSON point: longitude first in `coordinates`, latitude first in `geo`.
    pub(super) struct Point {
        coordinates: Values<Option<f64>>,
    }

    /// A place.
    pub(super) struct Place<'a> {
        id: Id<'a>,
        name: Field<'a>,
        full_name: Field<'a>,
        place_type: Field<'a>,
        country_code: Field<'a>,
        country: Field<'a>,
        bounding_box: Polygon,
    }

    /// Its corners.
    pub(super) struct Polygon {
        coordinates: Values<Values<Values<Option<f64>>>>,
    }

    /// Whom a status is shown to.
    pub(super) struct Scopes {
        followers: Option<bool>,
    }

    /// The versions of a status.
    pub(super) struct EditHistory<'a> {
        edit_tweet_ids: Values<Id<'a>>,
    }

    /// The versions of a status, in archives.
    pub(super) struct EditInfo<'a> {
        initial: EditControl<'a>,
        edit: LaterEdit<'a>,
    }

    /// A version that is not the first.
    pub(super) struct LaterEdit<'a> {
        initial as "editControlInitial": EditControl<'a>,
    }

    /// All versions.
    pub(super) struct EditControl<'a> {
        edit_tweet_ids as "editTweetIds": Values<Id<'a>>,
    }

    /// An account.
    pub(super) struct User<'a> {
        id: Id<'a>,
        id_str: Id<'a>,
        screen_name: Field<'a>,
        name: Field<'a>,
        description: Field<'a>,
        location: Field<'a>,
        url: Field<'a>,
        profile_image_url: Field<'a>,
        profile_image_url_https: Field<'a>,
        created_at: Field<'a>,
        verified: Option<bool>,
        protected: Option<bool>,
        followers_count: Option<u64>,
        friends_count: Option<u64>,
        statuses_count: Option<u64>,
        listed_count: Option<u64>,
        entities: UserEntities<'a>,
    }

    /// What is marked in an account's description of itself.
    pub(super) struct UserEntities<'a> {
        url: UserUrl<'a>,
    }

    /// The page an account names.
    pub(super) struct UserUrl<'a> {
        urls: Vec<Url<'a>>,
    }

    /// A stream message that is no status.
    pub(super) struct Control<'a> {
        delete: Maybe<Deletion<'a>>,
        scrub_geo: Maybe<Scrub<'a>>,
        limit: Maybe<Limit<'a>>,
        status_withheld: Maybe<Withheld<'a>>,
        user_withheld: Maybe<Withheld<'a>>,
        disconnect: Maybe<Disconnect<'a>>,
        warning: Maybe<Warning<'a>>,
        friends: Values<Id<'a>>,
        friends_str: Values<Id<'a>>,
        event: Field<'a>,
        created_at: Field<'a>,
        source: Maybe<User<'a>>,
        target: Maybe<User<'a>>,
        target_object: Maybe<Status<'a>>,
        for_user: Id<'a>,
        direct_message: Maybe<Named<'a>>,
    }

    /// `delete`.
    pub(super) struct Deletion<'a> {
        status: Maybe<Named<'a>>,
        favorite: Maybe<Named<'a>>,
        timestamp_ms: Id<'a>,
    }

    /// Ids, as numbers and as text.
    pub(super) struct Named<'a> {
        id: Id<'a>,
        id_str: Id<'a>,
        user_id: Id<'a>,
        user_id_str: Id<'a>,
        tweet_id: Id<'a>,
        tweet_id_str: Id<'a>,
    }

    /// `scrub_geo`.
    pub(super) struct Scrub<'a> {
        user_id: Id<'a>,
        user_id_str: Id<'a>,
        up_to_status_id: Id<'a>,
        up_to_status_id_str: Id<'a>,
    }

    /// `limit`.
    pub(super) struct Limit<'a> {
        track: Option<u64>,
        timestamp_ms: Id<'a>,
    }

    /// `status_withheld`, `user_withheld`.
    pub(super) struct Withheld<'a> {
        id: Id<'a>,
        id_str: Id<'a>,
        timestamp_ms: Id<'a>,
        withheld_in_countries: Values<Field<'a>>,
    }

    /// `disconnect`.
    pub(super) struct Disconnect<'a> {
        code: Id<'a>,
        stream_name: Field<'a>,
        reason: Field<'a>,
    }

    /// `warning`.
    pub(super) struct Warning<'a> {
        code: Field<'a>,
        message: Field<'a>,
        timestamp_ms: Id<'a>,
    }
}
