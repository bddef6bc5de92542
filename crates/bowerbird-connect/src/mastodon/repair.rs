//! Fetching again what the streams said while nobody listened: the timelines of the same streams, page by page backwards, as a bounded source.
//!
//! A page is asked for by the number of the post it ends before. Mastodon's numbers tell their moment, so that reading begins near the end of
//! what is missing; where numbers tell nothing (other software has others), it begins at the newest. What is on a page goes through the same
//! frames as the streams' messages; what was there before is a duplicate.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bowerbird_core::frame::{Batch, Frame};
use bowerbird_core::ids::Cursor;
use bowerbird_core::repair::{Missing, Repair};
use bowerbird_core::source::{Lost, Opening, Source, SourceError};
use bowerbird_core::time::Time;
use reqwest::header::HeaderMap;
use serde::{Deserialize, Serialize};
use sonic_rs::{JsonValueTrait, LazyValue};

use super::api::Api;
use super::frames::{Framer, Here};
use super::source::Service;
use super::streams::{Entries, Stream, Timeline};
use crate::{json, times};

/// The most that an instance gives at once.
const PAGE: usize = 40;
/// So much is read on both sides of what is missing: clocks differ, and a post from elsewhere comes some time after it was made.
const MARGIN: Duration = Duration::from_secs(300);
/// A number tells its moment if it is so near to when the post says it was made.
const NEAR: Duration = Duration::from_secs(3_600);

/// How gaps of a source are filled.
pub(super) fn of(service: &Arc<Service>) -> Repair {
    let service = Arc::clone(service);
    let open = move |missing: &Missing, cursor: Option<Cursor>| -> Opening {
        let (service, missing) = (Arc::clone(&service), missing.clone());
        Box::pin(async move {
            let place = Place::read(cursor.as_ref())?;
            let here = service.instance().await?.here;
            let once = timelines(&service);
            Ok(Box::new(Pages {
                api: service.api.clone(),
                framer: Framer::new(&here),
                here,
                timelines: once,
                from: missing.from.minus(MARGIN),
                lacks_from: missing.from,
                until: missing.until.plus(MARGIN),
                place,
                lost: None,
            }) as Box<dyn Source>)
        })
    };
    Repair {
        by: "the timelines of the streams",
        lacks: "deletions; edits but the last; posts that reached the instance long after they were made; what is not in a timeline (announcements)",
        open: Box::new(open),
    }
}

/// What is read, each timeline once: those that may not reach back far enough last, so that nothing else waits for what is lost.
fn timelines(service: &Service) -> Vec<Timeline> {
    let all = service.streams.iter();
    let all = all.flat_map(|stream: &Stream| stream.timelines(service.only_media));
    let mut once: Vec<Timeline> = Vec::new();
    for timeline in all {
        if !once.contains(&timeline) {
            once.push(timeline);
        }
    }
    once.sort_by_key(|timeline| timeline.is_short);
    once
}

/// How far reading is: the cursor.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    /// Which timeline.
    timeline: usize,
    /// Before which number the next page ends; empty at the newest.
    before: String,
    /// When the oldest that came of it was made.
    #[serde(default)]
    reached: Option<Time>,
}

impl Place {
    fn read(cursor: Option<&Cursor>) -> Result<Self, SourceError> {
        let Some(cursor) = cursor else {
            return Ok(Self::default());
        };
        serde_json::from_str(&cursor.0).map_err(|_| SourceError::CursorLost {
            reason: "the cursor is not one of a timeline".to_owned(),
            lost: Lost::default(),
        })
    }

    fn cursor(&self) -> Cursor {
        Cursor(serde_json::to_string(self).expect("a number and a text are JSON"))
    }
}

/// Timelines that are being read.
#[derive(Debug)]
struct Pages {
    api: Api,
    framer: Framer,
    here: Here,
    timelines: Vec<Timeline>,
    /// What was made before is not wanted.
    from: Time,
    /// The same without the margin.
    lacks_from: Time,
    /// What was made after is passed over where numbers allow it.
    until: Time,
    place: Place,
    /// What a timeline no longer has; told after what it had.
    lost: Option<SourceError>,
}

#[async_trait]
impl Source for Pages {
    async fn next_batch(&mut self) -> Result<Option<Batch>, SourceError> {
        if let Some(lost) = self.lost.take() {
            return Err(lost);
        }
        let Some(timeline) = self.timelines.get(self.place.timeline) else {
            return Ok(None);
        };
        let answer = self.api.get(&target(timeline, &self.place.before)).await?;
        let now = Time::now();
        let page =
            Page::read(timeline.entries, &answer.body).map_err(|reason| SourceError::Stop {
                reason: format!(
                    "{} answered what is no page of {}: {reason}",
                    self.api.base_url, timeline.path
                ),
            })?;
        let entries = page.entries.iter();
        let frames = entries.map(|entry| {
            self.framer
                .frame("", entry.event, entry.raw.as_raw_str(), now)
        });
        let frames: Vec<Frame> = frames.collect();
        let next = next(
            &self.place,
            &page,
            &answer.headers,
            timeline.entries,
            (self.from, self.until),
        );
        let reached = [self.place.reached, page.oldest()];
        let reached = reached.into_iter().flatten().min();
        let is_over = next.is_none();
        let again = self.place.cursor();
        self.place = next.map_or_else(
            || Place {
                timeline: self.place.timeline + 1,
                ..Place::default()
            },
            |before| Place {
                timeline: self.place.timeline,
                before,
                reached,
            },
        );
        // A feed that never was longer looks the same; better a gap too many than one too few.
        let cut =
            reached.filter(|reached| is_over && timeline.is_short && *reached > self.lacks_from);
        self.lost = cut.map(|reached| SourceError::CursorLost {
            reason: format!(
                "{} of {} reaches no further back",
                timeline.path, self.here.host
            ),
            lost: Lost {
                from: Some(self.lacks_from),
                resume: Some((reached, self.place.cursor())),
            },
        });
        // A loss must be told even if the process ends before: until then this page is read again.
        let cursor = match self.lost {
            Some(_) => again,
            None => self.place.cursor(),
        };
        Ok(Some(Batch {
            frames,
            cursor: Some(cursor),
        }))
    }
}

/// Path and query of a page.
fn target(timeline: &Timeline, before: &str) -> String {
    let mut target = format!("{}?{}limit={PAGE}", timeline.path, timeline.query);
    if !before.is_empty() {
        let before: String = form_urlencoded::byte_serialize(before.as_bytes()).collect();
        target.push_str("&max_id=");
        target.push_str(&before);
    }
    target
}

/// An entry of a page, as it came.
struct Entry<'p> {
    event: &'static str,
    id: String,
    made_at: Option<Time>,
    raw: LazyValue<'p>,
}

/// A page of a timeline, the newest first.
struct Page<'p> {
    entries: Vec<Entry<'p>>,
}

impl<'p> Page<'p> {
    fn read(entries: Entries, body: &'p [u8]) -> Result<Self, String> {
        let text = json::checked(body).map_err(|refused| refused.reason)?;
        let all: Vec<LazyValue<'p>> = json::parse(text).map_err(|refused| refused.reason)?;
        let event = match entries {
            Entries::Statuses => "update",
            Entries::Notifications => "notification",
            Entries::Conversations => "conversation",
        };
        let entry = |raw: LazyValue<'p>| {
            let text = raw.as_raw_str();
            let at = |path: &[&str]| {
                sonic_rs::get(text, path)
                    .ok()
                    .and_then(|found| found.as_str().map(str::to_owned))
            };
            let made_at = match entries {
                Entries::Conversations => at(&["last_status", "created_at"]),
                _ => at(&["created_at"]),
            };
            let id = at(&["id"]).unwrap_or_default();
            let made_at = made_at.and_then(|moment| times::rfc3339(&moment));
            Entry {
                event,
                id,
                made_at,
                raw,
            }
        };
        Ok(Self {
            entries: all.into_iter().map(entry).collect(),
        })
    }

    fn oldest(&self) -> Option<Time> {
        self.entries.iter().filter_map(|entry| entry.made_at).min()
    }

    fn newest(&self) -> Option<Time> {
        self.entries.iter().filter_map(|entry| entry.made_at).max()
    }

    /// Do its numbers tell when posts were made?
    fn tells_moments(&self) -> bool {
        self.entries.iter().any(|entry| {
            let told = moment_in(&entry.id);
            told.zip(entry.made_at)
                .is_some_and(|(told, made)| told.since(made).max(made.since(told)) < NEAR)
        })
    }
}

/// The number before which reading goes on behind this page; `None` if nothing more of this timeline is wanted, or there.
fn next(
    place: &Place,
    page: &Page<'_>,
    headers: &HeaderMap,
    entries: Entries,
    (from, until): (Time, Time),
) -> Option<String> {
    let last = page.entries.last()?;
    // A timeline is in the order of its numbers; a post from elsewhere may be older than its neighbours.
    if page.newest().is_some_and(|newest| newest < from) {
        return None;
    }
    let is_all_later = page.oldest().is_some_and(|oldest| oldest > until);
    let before = if is_all_later && entries == Entries::Statuses && page.tells_moments() {
        number_at(until)
    } else {
        let linked = linked(headers);
        // Conversations are not paged by their own numbers.
        let own = (entries != Entries::Conversations).then(|| last.id.clone());
        linked.or(own).filter(|before| !before.is_empty())?
    };
    // What leads nowhere else would be read for ever.
    (before != place.before).then_some(before)
}

/// The `max_id` of the next page, by the header `Link`.
fn linked(headers: &HeaderMap) -> Option<String> {
    let links = headers.get("link")?.to_str().ok()?;
    let next = links
        .split(',')
        .find(|link| link.contains("rel=\"next\""))?;
    let url = next.split_once('<')?.1.split_once('>')?.0;
    let query = url.split_once('?')?.1;
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs
        .find(|(key, _)| key == "max_id")
        .map(|(_, value)| value.into_owned())
}

/// When a number of Mastodon was given: it begins with milliseconds since 1970.
fn moment_in(id: &str) -> Option<Time> {
    let number: u64 = id.parse().ok()?;
    i64::try_from(number >> 16).ok().map(Time::from_millis)
}

/// The first number that Mastodon gives in this moment.
fn number_at(at: Time) -> String {
    let millis = u64::try_from(at.0 / 1_000).unwrap_or_default();
    (millis << 16).to_string()
}

#[cfg(test)]
mod tests;
