//! What decoding costs at the least: sonic-rs into plain borrowed structs of the fields that our `Post` has, nothing around it.
//!
//! This is a measure and no decoder: it tolerates nothing, guards against nothing and makes no event. `bowerbird bench` prints how
//! [`crate::x::decode_v2`] compares with [`decode_v2`] on the same frames in the same run.

use std::borrow::Cow;

use serde::Deserialize;

pub mod jetstream;

/// Parses an X v2 envelope that is well-formed and of the older name set.
pub fn decode_v2(bytes: &[u8]) -> Result<Envelope<'_>, sonic_rs::Error> {
    sonic_rs::from_slice(bytes)
}

/// Text in a list, borrowed: serde copies a bare `Cow` there.
#[derive(Debug, Deserialize)]
pub struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

/// A line of the stream.
#[derive(Debug, Default, Deserialize)]
pub struct Envelope<'a> {
    /// The post.
    #[serde(borrow, default)]
    pub data: Post<'a>,
    /// What it refers to.
    #[serde(borrow, default)]
    pub includes: Includes<'a>,
}

/// Objects that posts refer to.
#[derive(Debug, Default, Deserialize)]
pub struct Includes<'a> {
    /// Accounts.
    #[serde(borrow, default)]
    pub users: Vec<User<'a>>,
    /// Posts.
    #[serde(borrow, default)]
    pub tweets: Vec<Post<'a>>,
    /// Media.
    #[serde(borrow, default)]
    pub media: Vec<Media<'a>>,
    /// Places.
    #[serde(borrow, default)]
    pub places: Vec<Place<'a>>,
}

/// A post.
#[derive(Debug, Default, Deserialize)]
pub struct Post<'a> {
    /// Its id.
    #[serde(borrow, default)]
    pub id: Cow<'a, str>,
    /// Its text.
    #[serde(borrow, default)]
    pub text: Cow<'a, str>,
    /// Who wrote it.
    #[serde(borrow, default)]
    pub author_id: Cow<'a, str>,
    /// When.
    #[serde(borrow, default)]
    pub created_at: Cow<'a, str>,
    /// Its language.
    #[serde(borrow, default)]
    pub lang: Cow<'a, str>,
    /// The program.
    #[serde(borrow, default)]
    pub source: Cow<'a, str>,
    /// The conversation.
    #[serde(borrow, default)]
    pub conversation_id: Cow<'a, str>,
    /// Whom it answers.
    #[serde(borrow, default)]
    pub in_reply_to_user_id: Cow<'a, str>,
    /// Posts it refers to.
    #[serde(borrow, default)]
    pub referenced_tweets: Vec<Reference<'a>>,
    /// Its versions.
    #[serde(borrow, default)]
    pub edit_history_tweet_ids: Vec<Text<'a>>,
    /// What is marked in it.
    #[serde(borrow, default)]
    pub entities: Entities<'a>,
    /// What is attached.
    #[serde(borrow, default)]
    pub attachments: Attachments<'a>,
    /// Where it was written.
    #[serde(borrow, default)]
    pub geo: Geo<'a>,
    /// Topics.
    #[serde(borrow, default)]
    pub context_annotations: Vec<Context<'a>>,
    /// Where it may not be shown.
    #[serde(borrow, default)]
    pub withheld: Withheld<'a>,
    /// Counts.
    #[serde(default)]
    pub public_metrics: Metrics,
    /// Is it sensitive?
    #[serde(default)]
    pub possibly_sensitive: bool,
}

/// A reference.
#[derive(Debug, Default, Deserialize)]
pub struct Reference<'a> {
    /// How.
    #[serde(borrow, default)]
    pub r#type: Cow<'a, str>,
    /// To what.
    #[serde(borrow, default)]
    pub id: Cow<'a, str>,
}

/// What is marked.
#[derive(Debug, Default, Deserialize)]
pub struct Entities<'a> {
    /// `#`
    #[serde(borrow, default)]
    pub hashtags: Vec<Tag<'a>>,
    /// `$`
    #[serde(borrow, default)]
    pub cashtags: Vec<Tag<'a>>,
    /// `@`
    #[serde(borrow, default)]
    pub mentions: Vec<Mention<'a>>,
    /// Links.
    #[serde(borrow, default)]
    pub urls: Vec<Url<'a>>,
    /// Names.
    #[serde(borrow, default)]
    pub annotations: Vec<Annotation<'a>>,
}

/// `#` or `$`.
#[derive(Debug, Default, Deserialize)]
pub struct Tag<'a> {
    /// From.
    #[serde(default)]
    pub start: u32,
    /// Until.
    #[serde(default)]
    pub end: u32,
    /// The word.
    #[serde(borrow, default)]
    pub tag: Cow<'a, str>,
}

/// `@`.
#[derive(Debug, Default, Deserialize)]
pub struct Mention<'a> {
    /// From.
    #[serde(default)]
    pub start: u32,
    /// Until.
    #[serde(default)]
    pub end: u32,
    /// The handle.
    #[serde(borrow, default)]
    pub username: Cow<'a, str>,
    /// The account.
    #[serde(borrow, default)]
    pub id: Cow<'a, str>,
}

/// A link.
#[derive(Debug, Default, Deserialize)]
pub struct Url<'a> {
    /// From.
    #[serde(default)]
    pub start: u32,
    /// Until.
    #[serde(default)]
    pub end: u32,
    /// As written.
    #[serde(borrow, default)]
    pub url: Cow<'a, str>,
    /// In full.
    #[serde(borrow, default)]
    pub expanded_url: Cow<'a, str>,
    /// In the end.
    #[serde(borrow, default)]
    pub unwound_url: Cow<'a, str>,
    /// The medium it shows.
    #[serde(borrow, default)]
    pub media_key: Cow<'a, str>,
    /// The page's title.
    #[serde(borrow, default)]
    pub title: Cow<'a, str>,
    /// The page's description.
    #[serde(borrow, default)]
    pub description: Cow<'a, str>,
}

/// A name.
#[derive(Debug, Default, Deserialize)]
pub struct Annotation<'a> {
    /// The name.
    #[serde(borrow, default)]
    pub normalized_text: Cow<'a, str>,
}

/// What is attached.
#[derive(Debug, Default, Deserialize)]
pub struct Attachments<'a> {
    /// Media.
    #[serde(borrow, default)]
    pub media_keys: Vec<Text<'a>>,
}

/// Where.
#[derive(Debug, Default, Deserialize)]
pub struct Geo<'a> {
    /// The place.
    #[serde(borrow, default)]
    pub place_id: Cow<'a, str>,
    /// The point.
    #[serde(default)]
    pub coordinates: Option<Point>,
}

/// A topic.
#[derive(Debug, Default, Deserialize)]
pub struct Context<'a> {
    /// Its domain.
    #[serde(borrow, default)]
    pub domain: Topic<'a>,
    /// Its entity.
    #[serde(borrow, default)]
    pub entity: Topic<'a>,
}

/// Half a topic.
#[derive(Debug, Default, Deserialize)]
pub struct Topic<'a> {
    /// Its id.
    #[serde(borrow, default)]
    pub id: Cow<'a, str>,
}

/// Where not.
#[derive(Debug, Default, Deserialize)]
pub struct Withheld<'a> {
    /// Countries.
    #[serde(borrow, default)]
    pub country_codes: Vec<Text<'a>>,
}

/// An account.
#[derive(Debug, Default, Deserialize)]
pub struct User<'a> {
    /// Its id.
    #[serde(borrow, default)]
    pub id: Cow<'a, str>,
    /// Its handle.
    #[serde(borrow, default)]
    pub username: Cow<'a, str>,
    /// Its name.
    #[serde(borrow, default)]
    pub name: Cow<'a, str>,
    /// Its words.
    #[serde(borrow, default)]
    pub description: Cow<'a, str>,
    /// Its place.
    #[serde(borrow, default)]
    pub location: Cow<'a, str>,
    /// Its page.
    #[serde(borrow, default)]
    pub url: Cow<'a, str>,
    /// Its picture.
    #[serde(borrow, default)]
    pub profile_image_url: Cow<'a, str>,
    /// Since when.
    #[serde(borrow, default)]
    pub created_at: Cow<'a, str>,
    /// Is it vouched for?
    #[serde(default)]
    pub verified: bool,
    /// Is it closed?
    #[serde(default)]
    pub protected: bool,
    /// Counts.
    #[serde(default)]
    pub public_metrics: UserMetrics,
}

/// A medium.
#[derive(Debug, Default, Deserialize)]
pub struct Media<'a> {
    /// Its key.
    #[serde(borrow, default)]
    pub media_key: Cow<'a, str>,
    /// Its kind.
    #[serde(borrow, default)]
    pub r#type: Cow<'a, str>,
    /// Its address.
    #[serde(borrow, default)]
    pub url: Cow<'a, str>,
    /// A still of it.
    #[serde(borrow, default)]
    pub preview_image_url: Cow<'a, str>,
    /// It in words.
    #[serde(borrow, default)]
    pub alt_text: Cow<'a, str>,
    /// Its encodings.
    #[serde(borrow, default)]
    pub variants: Vec<Variant<'a>>,
}

/// An encoding.
#[derive(Debug, Default, Deserialize)]
pub struct Variant<'a> {
    /// Its bits.
    #[serde(default)]
    pub bit_rate: Option<u64>,
    /// Its address.
    #[serde(borrow, default)]
    pub url: Cow<'a, str>,
}

/// A place.
#[derive(Debug, Default, Deserialize)]
pub struct Place<'a> {
    /// Its id.
    #[serde(borrow, default)]
    pub id: Cow<'a, str>,
    /// Its full name.
    #[serde(borrow, default)]
    pub full_name: Cow<'a, str>,
    /// Its name.
    #[serde(borrow, default)]
    pub name: Cow<'a, str>,
    /// Its kind.
    #[serde(borrow, default)]
    pub place_type: Cow<'a, str>,
    /// Its country.
    #[serde(borrow, default)]
    pub country_code: Cow<'a, str>,
    /// Its country's name.
    #[serde(borrow, default)]
    pub country: Cow<'a, str>,
    /// Its bounds.
    #[serde(default)]
    pub geo: Bounds,
}

/// A point.
#[derive(Debug, Default, Deserialize)]
pub struct Point {
    /// Longitude and latitude.
    #[serde(default)]
    pub coordinates: Vec<f64>,
}

/// Bounds.
#[derive(Debug, Default, Deserialize)]
pub struct Bounds {
    /// West, south, east, north.
    #[serde(default)]
    pub bbox: Vec<f64>,
}

/// Counts of a post.
#[derive(Debug, Default, Deserialize)]
pub struct Metrics {
    /// Passed on.
    #[serde(default)]
    pub retweet_count: u64,
    /// Answered.
    #[serde(default)]
    pub reply_count: u64,
    /// Liked.
    #[serde(default)]
    pub like_count: u64,
    /// Quoted.
    #[serde(default)]
    pub quote_count: u64,
    /// Kept.
    #[serde(default)]
    pub bookmark_count: u64,
    /// Shown.
    #[serde(default)]
    pub impression_count: u64,
}

/// Counts of an account.
#[derive(Debug, Default, Deserialize)]
pub struct UserMetrics {
    /// Followers.
    #[serde(default)]
    pub followers_count: u64,
    /// Followed.
    #[serde(default)]
    pub following_count: u64,
    /// Posts.
    #[serde(default)]
    pub tweet_count: u64,
    /// Lists.
    #[serde(default)]
    pub listed_count: u64,
}

#[cfg(test)]
mod tests {
    use super::decode_v2;

    #[test]
    fn borrows_from_the_frame() {
        let json = br##"{"data":{"id":"1","text":"a #b","entities":{"hashtags":[{"start":2,"end":4,"tag":"b"}]},
            "geo":{"coordinates":{"coordinates":[1.5,2]}}},"includes":{"users":[{"id":"2","public_metrics":{"tweet_count":3}}]}}"##;
        let envelope = decode_v2(json).unwrap();
        assert!(matches!(
            envelope.data.text,
            std::borrow::Cow::Borrowed("a #b")
        ));
        assert_eq!(envelope.data.entities.hashtags[0].end, 4);
        assert_eq!(envelope.includes.users[0].public_metrics.tweet_count, 3);
    }
}
