//! X API v2 objects as they come, in both of X's name sets (tweets and posts). No meaning: that is [`super::convert`].
//!
//! One type serves a post in a stream line, in `includes`, and as `twarc flatten` writes it (author, media and place put
//! into the post). Every field may be missing or hold anything; see [`crate::json::field`].

use crate::json::field::{Field, Id, Maybe, Values};
use crate::json::lenient::objects;

objects! {
    /// A line of a stream, or an answer with one post.
    pub(crate) struct Envelope<'a> {
        data: Post<'a>,
        includes: Includes<'a>,
    }

    /// Objects that posts refer to.
    pub(crate) struct Includes<'a> {
        users: Vec<User<'a>>,
        tweets: Vec<Post<'a>>,
        posts: Vec<Post<'a>>,
        media: Vec<Media<'a>>,
        places: Vec<Place<'a>>,
    }

    /// A post; inside another also a reference to one, which then has at least a `type` and an `id`.
    pub(crate) struct Post<'a> {
        id: Id<'a>,
        text: Field<'a>,
        kind as "type": Field<'a>,
        author_id: Id<'a>,
        author: Maybe<User<'a>>,
        created_at: Field<'a>,
        lang: Field<'a>,
        source: Field<'a>,
        conversation_id: Id<'a>,
        in_reply_to_user_id: Id<'a>,
        in_reply_to_user: Maybe<User<'a>>,
        referenced_tweets: Vec<Post<'a>>,
        referenced_posts: Vec<Post<'a>>,
        edit_history_tweet_ids: Values<Id<'a>>,
        edit_history_post_ids: Values<Id<'a>>,
        note_tweet: Maybe<Note<'a>>,
        note_post: Maybe<Note<'a>>,
        entities: Entities<'a>,
        attachments: Attachments<'a>,
        geo: Maybe<Geo<'a>>,
        public_metrics: PostMetrics,
        possibly_sensitive: Option<bool>,
        withheld: Maybe<Withheld<'a>>,
        context_annotations: Vec<Context<'a>>,
    }

    /// The long form of a post.
    pub(crate) struct Note<'a> {
        text: Field<'a>,
        entities: Entities<'a>,
    }

    /// What is marked in a text.
    pub(crate) struct Entities<'a> {
        hashtags: Vec<Tag<'a>>,
        cashtags: Vec<Tag<'a>>,
        mentions: Vec<Mention<'a>>,
        urls: Vec<Url<'a>>,
        annotations: Vec<Annotation<'a>>,
    }

    /// `#tag` or `$tag`; `start` and `end` count code points of the escaped text.
    pub(crate) struct Tag<'a> {
        start: Option<u64>,
        end: Option<u64>,
        tag: Field<'a>,
    }

    /// `@username`; flattened by twarc a whole user.
    pub(crate) struct Mention<'a> {
        start: Option<u64>,
        end: Option<u64>,
        username: Field<'a>,
        id: Id<'a>,
        name: Field<'a>,
    }

    /// A link, or where an attached medium stands in the text.
    pub(crate) struct Url<'a> {
        start: Option<u64>,
        end: Option<u64>,
        url: Field<'a>,
        expanded_url: Field<'a>,
        unwound_url: Field<'a>,
        media_key: Field<'a>,
        title: Field<'a>,
        description: Field<'a>,
    }

    /// A name that X recognised.
    pub(crate) struct Annotation<'a> {
        normalized_text: Field<'a>,
    }

    /// A topic.
    pub(crate) struct Context<'a> {
        domain: Topic<'a>,
        entity: Topic<'a>,
    }

    /// One half of a topic.
    pub(crate) struct Topic<'a> {
        id: Id<'a>,
    }

    /// What is attached; `media` is twarc's.
    pub(crate) struct Attachments<'a> {
        media_keys: Values<Field<'a>>,
        media: Vec<Media<'a>>,
    }

    /// A picture, a video, an animation.
    pub(crate) struct Media<'a> {
        media_key: Field<'a>,
        kind as "type": Field<'a>,
        url: Field<'a>,
        preview_image_url: Field<'a>,
        alt_text: Field<'a>,
        variants: Vec<Variant<'a>>,
    }

    /// One encoding of a video.
    pub(crate) struct Variant<'a> {
        bit_rate as "bit_rate" | "bitrate": Option<u64>,
        url: Field<'a>,
    }

    /// Where a post was written; flattened by twarc a whole place.
    pub(crate) struct Geo<'a> {
        place_id: Field<'a>,
        coordinates: Point,
        .. place: Place<'a>,
    }

    /// Longitude and latitude.
    pub(crate) struct Point {
        coordinates: Values<Option<f64>>,
    }

    /// A place.
    pub(crate) struct Place<'a> {
        id: Field<'a>,
        full_name: Field<'a>,
        name: Field<'a>,
        place_type: Field<'a>,
        country_code: Field<'a>,
        country: Field<'a>,
        geo: Bounds,
    }

    /// West, south, east, north.
    pub(crate) struct Bounds {
        bbox: Values<Option<f64>>,
    }

    /// Counts of a post.
    pub(crate) struct PostMetrics {
        retweet_count: Option<u64>,
        repost_count: Option<u64>,
        reply_count: Option<u64>,
        like_count: Option<u64>,
        quote_count: Option<u64>,
        bookmark_count: Option<u64>,
        impression_count: Option<u64>,
    }

    /// Where it may not be shown.
    pub(crate) struct Withheld<'a> {
        country_codes: Values<Field<'a>>,
    }

    /// An account.
    pub(crate) struct User<'a> {
        id: Id<'a>,
        username: Field<'a>,
        name: Field<'a>,
        description: Field<'a>,
        location: Field<'a>,
        url: Field<'a>,
        profile_image_url: Field<'a>,
        created_at: Field<'a>,
        verified: Option<bool>,
        protected: Option<bool>,
        public_metrics: UserMetrics,
        entities: UserEntities<'a>,
    }

    /// Counts of an account.
    pub(crate) struct UserMetrics {
        followers_count: Option<u64>,
        following_count: Option<u64>,
        tweet_count: Option<u64>,
        post_count: Option<u64>,
        listed_count: Option<u64>,
    }

    /// What is marked in an account's description of itself.
    pub(crate) struct UserEntities<'a> {
        url: UserUrl<'a>,
    }

    /// The page an account names.
    pub(crate) struct UserUrl<'a> {
        urls: Vec<ExpandedUrl<'a>>,
    }

    /// A link's expansion.
    pub(crate) struct ExpandedUrl<'a> {
        expanded_url: Field<'a>,
    }
}
