//! What to ask X's search for, so that it brings what a source missed, and how far that has come. Pure.
//!
//! The tracks' rules are asked for as [`super::slots`] plans them for the stream, within what search allows: wider than they are where it must be, never
//! narrower. Matching exactly is the pipeline's.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use bowerbird_core::bill::Withheld;
use bowerbird_core::ids::{Cursor, SourceName};
use bowerbird_core::plan::LeftOut;
use bowerbird_core::repair::Missing;
use bowerbird_core::rules::XLimits;
use bowerbird_core::source::{Lost, SourceError};
use bowerbird_core::time::Time;
use bowerbird_core::track::Track;
use serde::{Deserialize, Serialize};

use super::packing::OR;
use super::slots::{Plan, Room, plan};

/// How far back recent search reaches.
const REACH: Duration = Duration::from_secs(7 * 86_400);
/// What is at the edge of that is not asked for: X refuses a question that begins earlier, and asking takes its time.
const EDGE: Duration = Duration::from_secs(60);
/// Where a search is to begin at the edge, it begins so much later, or what comes before it would be lost again and again while calls wait (X lets
/// search be asked for a quarter of an hour at a time, and may do so more than once until all is brought).
const EDGE_ANEW: Duration = Duration::from_secs(3_600);
/// A post reaches the stream some seconds after it was made: what came last before the break was made before that.
const EARLIER: Duration = Duration::from_secs(30);
/// Clocks differ a little.
const LATER: Duration = Duration::from_secs(5);
/// X finds a post only some seconds after it was made, and takes no question about the last ten.
const SETTLED: Duration = Duration::from_secs(30);

/// What is asked of search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Queries {
    /// Each a question, of alternatives.
    pub(super) all: Vec<Query>,
    /// Tracks that search can't be asked for, or not now, and why.
    pub(super) left_out: Vec<LeftOut>,
}

/// A question: at least one of its alternatives is to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) alternatives: Vec<String>,
}

impl Query {
    /// As X is sent it.
    pub(super) fn text(&self) -> String {
        self.alternatives.join(OR)
    }

    /// Two that ask for the same; `None` where there is but one alternative.
    pub(super) fn halves(&self) -> Option<[Self; 2]> {
        let (left, right) = self.alternatives.split_at(self.alternatives.len() / 2);
        let part = |part: &[String]| Self {
            alternatives: part.to_vec(),
        };
        (!left.is_empty()).then(|| [part(left), part(right)])
    }
}

/// What the tracks concerned want to be asked for. One that is paused now is left out, as it would catch nothing of what comes; so is one whose budget is spent.
pub(super) fn queries(
    tracks: &[Track],
    source: &SourceName,
    missing: &Missing,
    max_chars: usize,
    withheld: &Withheld,
    now: Time,
) -> Queries {
    let limits = XLimits {
        max_chars,
        ..XLimits::SEARCH
    };
    let room = Room {
        limits: &limits,
        slots: usize::MAX,
        current: &[],
        apart: &HashSet::new(),
        refused: &HashMap::new(),
        withheld,
    };
    let concerned = concerned(tracks, source, missing);
    let Plan {
        wanted,
        mut left_out,
        ..
    } = plan(&concerned, source, now, room);
    let paused = concerned.iter().filter(|track| track.draft.paused);
    left_out.extend(paused.map(|track| LeftOut {
        track: track.id,
        reason: "it is paused, and would catch nothing of what comes".to_owned(),
    }));
    let query = |alternatives: Vec<super::packing::Alternative>| Query {
        alternatives: alternatives.into_iter().map(|it| it.text).collect(),
    };
    Queries {
        all: wanted
            .into_iter()
            .map(|it| query(it.alternatives))
            .collect(),
        left_out,
    }
}

/// The tracks that missed something, as they were then: whether they have ended since does not matter. One that is paused and was not changed since had been
/// paused before.
fn concerned(tracks: &[Track], source: &SourceName, missing: &Missing) -> Vec<Track> {
    let is_concerned = |track: &&Track| {
        let start = track.draft.start.unwrap_or(track.created_at);
        let began = start.max(track.created_at) < missing.until;
        let had_not_ended = track.draft.end.is_none_or(|end| end > missing.from);
        let was_paused = track.draft.paused && track.changed_at <= missing.from;
        let sources = &track.draft.sources;
        let listens = sources.is_empty() || sources.contains(source);
        let is_meant = missing.track.is_none_or(|only| only == track.id);
        is_meant && listens && began && had_not_ended && !was_paused
    };
    let mut concerned: Vec<Track> = tracks.iter().filter(is_concerned).cloned().collect();
    for track in &mut concerned {
        (track.draft.start, track.draft.end) = (None, None);
    }
    concerned
}

/// The span to ask for, and where in it we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The first second asked for.
    pub(super) start: Time,
    /// Nothing from here on is.
    pub(super) end: Time,
    /// Which question is next.
    pub(super) at: usize,
    /// The next page of it, as X calls it; `None` for the first.
    pub(super) page: Option<String>,
    /// What X did not look for until here.
    pub(super) refused: Refusals,
}

/// What X does not look for: a few alternatives with X's words, and how many there are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Refusals {
    pub(super) told: Vec<String>,
    pub(super) all: usize,
}

impl Refusals {
    /// How many are told.
    const MAX_TOLD: usize = 3;

    pub(super) fn note(&mut self, told: String) {
        self.all += 1;
        if self.told.len() < Self::MAX_TOLD {
            self.told.push(told);
        }
    }
}

/// A place, as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    /// What was missing from where on.
    from: Time,
    /// What was asked for, and how far it came; not given: nothing yet.
    #[serde(default)]
    asked: Option<Asked>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Asked {
    /// Of the questions: others are asked from the first on.
    digest: u64,
    at: usize,
    page: Option<String>,
    #[serde(default)]
    refused: Refusals,
}

impl Place {
    /// Where to begin or go on; else what search can't do, now or ever.
    pub(super) fn new(
        missing: &Missing,
        cursor: Option<&Cursor>,
        queries: &Queries,
        now: Time,
    ) -> Result<Self, SourceError> {
        let unknown = || SourceError::CursorLost {
            reason: "the cursor is not one of X's search".to_owned(),
            lost: Lost::default(),
        };
        let kept: Option<Kept> = cursor
            .map(|cursor| serde_json::from_str(&cursor.0).map_err(|_| unknown()))
            .transpose()?;
        let from = kept.as_ref().map_or(missing.from, |kept| kept.from);
        let settled = missing.until.plus(LATER).plus(SETTLED);
        if settled > now {
            return Err(SourceError::WaitUntil {
                at: settled,
                reason: "X's search does not find yet what was posted last".to_owned(),
            });
        }
        let earliest = now.minus(REACH).plus(EDGE);
        if from < earliest {
            return Err(out_of_reach(missing, from, kept, now));
        }
        let asked = kept.and_then(|kept| kept.asked);
        let asked = asked.filter(|asked| asked.digest == queries.digest());
        let (at, page, refused) = asked.map_or((0, None, Refusals::default()), |asked| {
            (asked.at, asked.page, asked.refused)
        });
        Ok(Self {
            start: from.minus(EARLIER).max(earliest),
            end: missing.until.plus(LATER),
            at,
            page,
            refused,
        })
    }

    /// To go on from here.
    pub(super) fn cursor(&self, from: Time, queries: &Queries) -> Cursor {
        let kept = Kept {
            from,
            asked: Some(Asked {
                digest: queries.digest(),
                at: self.at,
                page: self.page.clone(),
                refused: self.refused.clone(),
            }),
        };
        Cursor(serde_json::to_string(&kept).expect("numbers and text are JSON"))
    }

    /// Where the missing span begins, as a cursor has it.
    pub(super) fn from(missing: &Missing, cursor: Option<&Cursor>) -> Time {
        let kept = cursor.and_then(|cursor| serde_json::from_str::<Kept>(&cursor.0).ok());
        kept.map_or(missing.from, |kept| kept.from)
    }
}

impl Queries {
    /// The same for the same questions; should it change with a new version of this program, they are asked anew.
    fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for query in &self.all {
            query.alternatives.hash(&mut hasher);
        }
        hasher.finish()
    }
}

/// What lies too far back for search, and where it can begin. Questions that are answered stay so; a page of one is a page of another span.
fn out_of_reach(missing: &Missing, from: Time, kept: Option<Kept>, now: Time) -> SourceError {
    let reaches = now.minus(REACH).plus(EDGE_ANEW);
    let asked = kept.and_then(|kept| kept.asked);
    let rest = Kept {
        from: reaches,
        asked: asked.map(|asked| Asked {
            page: None,
            ..asked
        }),
    };
    let rest = serde_json::to_string(&rest).expect("a number is JSON");
    SourceError::CursorLost {
        reason: "X's recent search reaches back seven days".to_owned(),
        lost: Lost {
            from: Some(from),
            resume: (reaches < missing.until).then_some((reaches, Cursor(rest))),
        },
    }
}

/// A moment as X's parameters take it, in whole seconds: earlier ones for a start.
pub(super) fn second(at: Time) -> String {
    let whole = Time(at.seconds() * 1_000_000).to_string();
    match whole.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => whole,
    }
}

#[cfg(test)]
mod tests;
