//! The one public shape of a post: what the API, the live stream, `tail`, `search` and the JSONL export give.
//!
//! Ids are strings, times RFC 3339 in UTC, unknown strings empty, unknown numbers `null`. The shape is `v1`; fields are added, never
//! changed. It is not what is stored: raw bytes and every field of the service are elsewhere.

use serde::{Deserialize, Serialize};

use crate::event::{Account, Body, Entity, Event, Metrics, Place, Post, PostRef};
use crate::ids::{EventId, SourceName, TrackId};
use crate::record::Caught;
use crate::time::Time;

mod embedded;

pub use embedded::{EmbeddedView, says_more};

/// A post as the world sees it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PostView {
    /// `service/id`, as in links.
    pub key: String,
    /// The service.
    pub service: String,
    /// The service's id.
    pub id: String,
    /// The version, where a service edits under one id.
    pub version: String,
    /// Through which source it came first.
    pub source: String,
    /// Who wrote it.
    pub author: AuthorView,
    /// When it was written; `null` where the service did not say.
    pub made_at: Option<Time>,
    /// When we got it.
    pub received_at: Time,
    /// The text; empty if deleted.
    pub text: String,
    /// BCP-47 code, or `und`.
    pub lang: String,
    /// Did we detect the language?
    pub lang_detected: bool,
    /// What is marked in it or attached to it.
    pub entities: Vec<EntityView>,
    /// The place it was tagged with.
    pub place: Option<PlaceView>,
    /// Longitude and latitude.
    pub point: Option<[f64; 2]>,
    /// The post it answers.
    pub reply_to: Option<RefView>,
    /// The post it quotes.
    pub quote_of: Option<RefView>,
    /// The post it passes on.
    pub repost_of: Option<RefView>,
    /// The conversation's id.
    pub conversation_id: String,
    /// Counts when it was received.
    pub metrics: Metrics,
    /// The program it was sent with.
    pub app: String,
    /// Marked as sensitive.
    pub sensitive: bool,
    /// Where a person can read it.
    pub url: String,
    /// Was it edited (it supersedes a version, or came as an edit)?
    pub edited: bool,
    /// When it was deleted; then the text is gone.
    pub deleted_at: Option<Time>,
    /// The tracks that caught it.
    pub captures: Vec<CaptureView>,
    /// What matched, as pairs of offsets into `text` in Unicode code points, begin and end; sorted, not overlapping.
    pub marks: Vec<[u32; 2]>,
    /// Posts that came inside: what it quotes, and the original of a repost where that says more than `text`.
    #[serde(default)]
    pub embedded: Vec<EmbeddedView>,
    /// What else matched, in words for people, where no text shows it: `the author's bio`, ….
    #[serde(default)]
    pub matched_in: Vec<String>,
}

/// A post's author.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AuthorView {
    /// The service's id.
    pub id: String,
    /// The handle without a sign.
    pub handle: String,
    /// The display name.
    pub name: String,
    /// Does the service vouch for it?
    pub verified: bool,
    /// Accounts that follow it, when the post was received.
    pub followers: Option<u64>,
}

/// Something marked in, or attached to, a text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct EntityView {
    /// `hashtag`, `mention`, `cashtag`, `link`, `image`, `video`, `animation`.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub kind: crate::event::EntityKind,
    /// What it says.
    pub value: String,
    /// Where it leads.
    pub target: String,
    /// A page's title, a person's name.
    pub title: String,
    /// A page's description, a medium's alternative text.
    pub description: String,
    /// Offsets into `text` in Unicode code points, begin and end; equal for what is attached and not written.
    pub span: [u32; 2],
}

/// A place.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PlaceView {
    /// The service's id.
    pub id: String,
    /// Full name.
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country_code: String,
}

/// Another post by reference.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RefView {
    /// Its id; empty if only the author is known.
    pub id: String,
    /// Its author's id.
    pub author_id: String,
    /// Its author's handle.
    pub author_handle: String,
}

/// That a track caught a post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CaptureView {
    /// The track.
    pub track: TrackId,
    /// Under which version of its rule.
    pub rule_version: u32,
    /// Found afterwards in what was kept?
    pub backfilled: bool,
}

impl PostView {
    /// The public shape of a post, new or edited, as it came; `None` for other events.
    pub fn new(
        source: &SourceName,
        received_at: Time,
        event: &Event<'_>,
        captures: &[Caught],
    ) -> Option<Self> {
        let mut view = Self::of(source, received_at, &event.id, event.post()?);
        view.edited |= matches!(event.body, Body::Edit(_));
        view.captures = captures.iter().map(CaptureView::live).collect();
        Some(view)
    }

    fn of(source: &SourceName, received_at: Time, id: &EventId<'_>, post: &Post<'_>) -> Self {
        Self {
            key: format!("{}/{}", id.service, id.id),
            service: id.service.to_string(),
            id: id.id.to_string(),
            version: id.version.to_string(),
            source: source.to_string(),
            author: AuthorView::from(&post.author),
            made_at: post.made_at,
            received_at,
            text: post.text.to_string(),
            lang: post.lang.code.to_string(),
            lang_detected: post.lang.detected,
            entities: entity_views(&post.entities, &post.text),
            place: post.place.as_ref().map(PlaceView::from),
            point: post.point,
            reply_to: post.reply_to.as_ref().map(RefView::from),
            quote_of: post.quote_of.as_ref().map(RefView::from),
            repost_of: post.repost_of.as_ref().map(RefView::from),
            conversation_id: post.conversation_id.to_string(),
            metrics: post.metrics,
            app: post.app.to_string(),
            sensitive: post.sensitive,
            url: post.url.to_string(),
            edited: !post.supersedes.is_empty(),
            deleted_at: None,
            captures: Vec::new(),
            marks: Vec::new(),
            embedded: embedded::shown_inside(post),
            matched_in: Vec::new(),
        }
    }
}

impl CaptureView {
    fn live(caught: &Caught) -> Self {
        Self {
            track: caught.track,
            rule_version: caught.rule_version,
            backfilled: false,
        }
    }
}

/// Bytes between two places of which [`Codepoints`] knows the number.
const STRIDE: usize = 64;

/// Turns byte offsets into code point offsets: free for ASCII, and for other texts one pass, then a few bytes for each offset,
/// in whatever order they are asked for.
struct Codepoints<'t> {
    text: &'t [u8],
    /// How many code points begin before each [`STRIDE`] bytes; empty for ASCII.
    before: Vec<u32>,
}

impl<'t> Codepoints<'t> {
    /// For this text.
    fn of(text: &'t str) -> Self {
        let bytes = text.as_bytes();
        let mut before = Vec::new();
        if !text.is_ascii() {
            before.reserve(bytes.len() / STRIDE + 1);
            let mut count = 0;
            for stretch in bytes.chunks(STRIDE) {
                before.push(count);
                count += begun_in(stretch);
            }
        }
        Self {
            text: bytes,
            before,
        }
    }

    /// How many code points begin before the byte at `offset`; an offset past the end counts as the end.
    fn at(&self, offset: usize) -> u32 {
        let offset = offset.min(self.text.len());
        if self.before.is_empty() {
            return u32::try_from(offset).unwrap_or(u32::MAX);
        }
        let (before, rest) = self.nearest(offset);
        before + begun_in(rest)
    }

    /// The number at the nearest known place before an offset, and what lies between.
    fn nearest(&self, offset: usize) -> (u32, &'t [u8]) {
        let known = (offset / STRIDE).min(self.before.len() - 1);
        (self.before[known], &self.text[known * STRIDE..offset])
    }
}

/// How many code points have their first byte in here.
fn begun_in(bytes: &[u8]) -> u32 {
    let begun = bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count();
    u32::try_from(begun).unwrap_or(u32::MAX)
}

/// Sorted byte ranges of a text as pairs of code points.
fn code_points(text: &str, ranges: &[std::ops::Range<usize>]) -> Vec<[u32; 2]> {
    if ranges.is_empty() {
        return Vec::new();
    }
    let codepoints = Codepoints::of(text);
    ranges
        .iter()
        .map(|range| [codepoints.at(range.start), codepoints.at(range.end)])
        .collect()
}

/// The public shape of a text's entities.
pub fn entity_views(entities: &[Entity<'_>], text: &str) -> Vec<EntityView> {
    if entities.is_empty() {
        return Vec::new();
    }
    let codepoints = Codepoints::of(text);
    let view = |entity: &Entity<'_>| EntityView {
        kind: entity.kind,
        value: entity.value.to_string(),
        target: entity.target.to_string(),
        title: entity.title.to_string(),
        description: entity.description.to_string(),
        span: [
            codepoints.at(entity.span.start as usize),
            codepoints.at(entity.span.end as usize),
        ],
    };
    entities.iter().map(view).collect()
}

impl From<&Account<'_>> for AuthorView {
    fn from(account: &Account<'_>) -> Self {
        Self {
            id: account.id.to_string(),
            handle: account.handle.to_string(),
            name: account.name.to_string(),
            verified: account.verified,
            followers: account.followers,
        }
    }
}

impl From<&Place<'_>> for PlaceView {
    fn from(place: &Place<'_>) -> Self {
        let name = if place.full_name.is_empty() {
            &place.name
        } else {
            &place.full_name
        };
        Self {
            id: place.id.to_string(),
            name: name.to_string(),
            country_code: place.country_code.to_string(),
        }
    }
}

impl From<&PostRef<'_>> for RefView {
    fn from(post: &PostRef<'_>) -> Self {
        Self {
            id: post.id.to_string(),
            author_id: post.author_id.to_string(),
            author_handle: post.author_handle.to_string(),
        }
    }
}

#[cfg(test)]
mod tests;
