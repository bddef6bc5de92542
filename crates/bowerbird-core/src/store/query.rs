//! A question about kept posts, and a page of the answer.

use serde::{Deserialize, Serialize};

use crate::gap::{Gap, GapState};
use crate::ids::{SourceName, TrackId};
use crate::time::Time;

/// Which posts. Everything given must hold; what is empty or `None` does not restrict.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PostQuery {
    /// Words and `"phrases"`, `-without`, `OR`, `prefix*`; diacritics and case do not matter.
    pub text: String,
    /// The author's handle (with or without `@`) or id.
    pub author: String,
    /// Caught by this track.
    pub track: Option<TrackId>,
    /// Of this service.
    pub service: String,
    /// Through this source.
    pub source: Option<SourceName>,
    /// BCP-47 code, or `und`.
    pub lang: String,
    /// Written at or after.
    pub since: Option<Time>,
    /// Written before.
    pub until: Option<Time>,
    /// Having all of these.
    pub has: Vec<Has>,
    /// A hashtag without its sign.
    pub hashtag: String,
    /// Also posts that came only inside others?
    pub embedded: bool,
    /// In which order.
    pub order: Order,
    /// Where the last page ended ([`Page::next`]).
    pub after: Option<String>,
    /// Posts a page, 1 to 1,000; 0 means 50.
    pub limit: usize,
}

/// Which gaps. Everything given must hold; what is empty or `None` does not restrict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GapQuery {
    /// Of these sources.
    pub sources: Vec<SourceName>,
    /// Of this track alone, or of all tracks of a source. Which sources it listens to is not looked at.
    pub track: Option<TrackId>,
    /// Of this state.
    pub state: Option<GapState>,
    /// Ending after this, or lasting.
    pub since: Option<Time>,
    /// Beginning before this.
    pub until: Option<Time>,
}

impl GapQuery {
    /// Does a gap fit?
    pub fn fits(&self, gap: &Gap) -> bool {
        let until = gap.until.unwrap_or(Time(i64::MAX));
        (self.sources.is_empty() || self.sources.contains(&gap.source))
            && self
                .track
                .is_none_or(|track| gap.track.is_none_or(|only| only == track))
            && self.state.is_none_or(|state| gap.state == state)
            && self.since.is_none_or(|since| until > since)
            && self.until.is_none_or(|until| gap.from < until)
    }
}

/// What a post may have or be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Has {
    /// Images, videos, animations.
    Media,
    /// Links.
    Links,
    /// Hashtags.
    Hashtags,
    /// Mentions.
    Mentions,
    /// Cashtags.
    Cashtags,
    /// A point or a place.
    Geo,
    /// It answers another.
    Reply,
    /// It quotes another.
    Quote,
    /// It passes another on.
    Repost,
    /// It was edited.
    Edited,
}

impl Has {
    /// All of them, each with its name and what it asks for in words.
    pub const ALL: [(Self, &'static str, &'static str); 10] = [
        (Self::Media, "media", "media"),
        (Self::Links, "links", "links"),
        (Self::Hashtags, "hashtags", "hashtags"),
        (Self::Mentions, "mentions", "mentions"),
        (Self::Cashtags, "cashtags", "cashtags"),
        (Self::Geo, "geo", "a place"),
        (Self::Reply, "reply", "is a reply"),
        (Self::Quote, "quote", "is a quote"),
        (Self::Repost, "repost", "is a repost"),
        (Self::Edited, "edited", "was edited"),
    ];
}

/// The order of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// Newest received first.
    #[default]
    Newest,
    /// Oldest received first: what exports use.
    Oldest,
    /// Best fit of the text first; with no text, as newest.
    Rank,
}

/// One page of an answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Page<T> {
    /// What it holds.
    pub items: Vec<T>,
    /// What to pass as `after` for the next page; `None` at the end.
    pub next: Option<String>,
}
