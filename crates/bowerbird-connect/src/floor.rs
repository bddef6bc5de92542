//! What decoding costs at the least: sonic-rs into plain borrowed structs of the fields that our `Post` has, nothing around it.
//!
//! This is a measure and no decoder: it tolerates nothing, guards against nothing and makes no event. `bowerbird bench` prints how
//! [`crate::x::decode_v2`] compares with [`decode_v2`] on the same frames in the same run.

use std::borrow::Cow;

use serde::Deserialize;

/// Parses an X v2 envelope that is well-formed and of the older name set.
pub fn decode_v2(bytes: &[u8]) -> Result<Envelope<'_>, sonic_rs::Error> {
    sonic_rs::from_slice(bytes)
}

/// Text in a list, borrowed: serde copies a bare `Cow` there.
#[derive(Debug, Deserialize)]
pub struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

/// A line of the stream.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Envelope<'a> {
    /// The post.
    #[serde(borrow)]
    pub data: Post<'a>,
    /// What it refers to.
    #[serde(borrow)]
    pub includes: Includes<'a>,
}

/// Objects that posts refer to.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Includes<'a> {
    /// Accounts.
    #[serde(borrow)]
    pub users: Vec<User<'a>>,
    /// Posts.
    #[serde(borrow)]
    pub tweets: Vec<Post<'a>>,
    /// Media.
    #[serde(borrow)]
    pub media: Vec<Media<'a>>,
    /// Places.
    #[serde(borrow)]
    pub places: Vec<Place<'a>>,
}

/// A post.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Post<'a> {
    /// Its id.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// Its text.
    #[serde(borrow)]
    pub text: Cow<'a, str>,
    /// Who wrote it.
    #[serde(borrow)]
    pub author_id: Cow<'a, str>,
    /// When.
    #[serde(borrow)]
    pub created_at: Cow<'a, str>,
    /// Its language.
    #[serde(borrow)]
    pub lang: Cow<'a, str>,
    /// The program.
    #[serde(borrow)]
    pub source: Cow<'a, str>,
    /// The conversation.
    #[serde(borrow)]
    pub conversation_id: Cow<'a, str>,
    /// Whom it answers.
    #[serde(borrow)]
    pub in_reply_to_user_id: Cow<'a, str>,
    /// Posts it refers to.
    #[serde(borrow)]
    pub referenced_tweets: Vec<Reference<'a>>,
    /// Its versions.
    #[serde(borrow)]
    pub edit_history_tweet_ids: Vec<Text<'a>>,
    /// What is marked in it.
    #[serde(borrow)]
    pub entities: Entities<'a>,
    /// What is attached.
    #[serde(borrow)]
    pub attachments: Attachments<'a>,
    /// Where it was written.
    #[serde(borrow)]
    pub geo: Geo<'a>,
    /// Topics.
    #[serde(borrow)]
    pub context_annotations: Vec<Context<'a>>,
    /// Where it may not be shown.
    #[serde(borrow)]
    pub withheld: Withheld<'a>,
    /// Counts.
    pub public_metrics: Metrics,
    /// Is it sensitive?
    pub possibly_sensitive: bool,
}

/// A reference.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Reference<'a> {
    /// How.
    #[serde(borrow)]
    pub r#type: Cow<'a, str>,
    /// To what.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
}

/// What is marked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Entities<'a> {
    /// `#`
    #[serde(borrow)]
    pub hashtags: Vec<Tag<'a>>,
    /// `$`
    #[serde(borrow)]
    pub cashtags: Vec<Tag<'a>>,
    /// `@`
    #[serde(borrow)]
    pub mentions: Vec<Mention<'a>>,
    /// Links.
    #[serde(borrow)]
    pub urls: Vec<Url<'a>>,
    /// Names.
    #[serde(borrow)]
    pub annotations: Vec<Annotation<'a>>,
}

/// `#` or `$`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Tag<'a> {
    /// From.
    pub start: u32,
    /// Until.
    pub end: u32,
    /// The word.
    #[serde(borrow)]
    pub tag: Cow<'a, str>,
}

/// `@`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Mention<'a> {
    /// From.
    pub start: u32,
    /// Until.
    pub end: u32,
    /// The handle.
    #[serde(borrow)]
    pub username: Cow<'a, str>,
    /// The account.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
}

/// A link.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Url<'a> {
    /// From.
    pub start: u32,
    /// Until.
    pub end: u32,
    /// As written.
    #[serde(borrow)]
    pub url: Cow<'a, str>,
    /// In full.
    #[serde(borrow)]
    pub expanded_url: Cow<'a, str>,
    /// In the end.
    #[serde(borrow)]
    pub unwound_url: Cow<'a, str>,
    /// The medium it shows.
    #[serde(borrow)]
    pub media_key: Cow<'a, str>,
    /// The page's title.
    #[serde(borrow)]
    pub title: Cow<'a, str>,
    /// The page's description.
    #[serde(borrow)]
    pub description: Cow<'a, str>,
}

/// A name.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Annotation<'a> {
    /// The name.
    #[serde(borrow)]
    pub normalized_text: Cow<'a, str>,
}

/// What is attached.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Attachments<'a> {
    /// Media.
    #[serde(borrow)]
    pub media_keys: Vec<Text<'a>>,
}

/// Where.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Geo<'a> {
    /// The place.
    #[serde(borrow)]
    pub place_id: Cow<'a, str>,
    /// The point.
    pub coordinates: Option<Point>,
}

/// A topic.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Context<'a> {
    /// Its domain.
    #[serde(borrow)]
    pub domain: Topic<'a>,
    /// Its entity.
    #[serde(borrow)]
    pub entity: Topic<'a>,
}

/// Half a topic.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Topic<'a> {
    /// Its id.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
}

/// Where not.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Withheld<'a> {
    /// Countries.
    #[serde(borrow)]
    pub country_codes: Vec<Text<'a>>,
}

/// An account.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct User<'a> {
    /// Its id.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// Its handle.
    #[serde(borrow)]
    pub username: Cow<'a, str>,
    /// Its name.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// Its words.
    #[serde(borrow)]
    pub description: Cow<'a, str>,
    /// Its place.
    #[serde(borrow)]
    pub location: Cow<'a, str>,
    /// Its page.
    #[serde(borrow)]
    pub url: Cow<'a, str>,
    /// Its picture.
    #[serde(borrow)]
    pub profile_image_url: Cow<'a, str>,
    /// Since when.
    #[serde(borrow)]
    pub created_at: Cow<'a, str>,
    /// Is it vouched for?
    pub verified: bool,
    /// Is it closed?
    pub protected: bool,
    /// Counts.
    pub public_metrics: UserMetrics,
}

/// A medium.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Media<'a> {
    /// Its key.
    #[serde(borrow)]
    pub media_key: Cow<'a, str>,
    /// Its kind.
    #[serde(borrow)]
    pub r#type: Cow<'a, str>,
    /// Its address.
    #[serde(borrow)]
    pub url: Cow<'a, str>,
    /// A still of it.
    #[serde(borrow)]
    pub preview_image_url: Cow<'a, str>,
    /// It in words.
    #[serde(borrow)]
    pub alt_text: Cow<'a, str>,
    /// Its encodings.
    #[serde(borrow)]
    pub variants: Vec<Variant<'a>>,
}

/// An encoding.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Variant<'a> {
    /// Its bits.
    pub bit_rate: Option<u64>,
    /// Its address.
    #[serde(borrow)]
    pub url: Cow<'a, str>,
}

/// A place.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Place<'a> {
    /// Its id.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// Its full name.
    #[serde(borrow)]
    pub full_name: Cow<'a, str>,
    /// Its name.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// Its kind.
    #[serde(borrow)]
    pub place_type: Cow<'a, str>,
    /// Its country.
    #[serde(borrow)]
    pub country_code: Cow<'a, str>,
    /// Its country's name.
    #[serde(borrow)]
    pub country: Cow<'a, str>,
    /// Its bounds.
    pub geo: Bounds,
}

/// A point.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Point {
    /// Longitude and latitude.
    pub coordinates: Vec<f64>,
}

/// Bounds.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Bounds {
    /// West, south, east, north.
    pub bbox: Vec<f64>,
}

/// Counts of a post.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_field_names, reason = "X's names")]
pub struct Metrics {
    /// Passed on.
    pub retweet_count: u64,
    /// Answered.
    pub reply_count: u64,
    /// Liked.
    pub like_count: u64,
    /// Quoted.
    pub quote_count: u64,
    /// Kept.
    pub bookmark_count: u64,
    /// Shown.
    pub impression_count: u64,
}

/// Counts of an account.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_field_names, reason = "X's names")]
pub struct UserMetrics {
    /// Followers.
    pub followers_count: u64,
    /// Followed.
    pub following_count: u64,
    /// Posts.
    pub tweet_count: u64,
    /// Lists.
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
