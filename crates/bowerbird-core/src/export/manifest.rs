//! `manifest.json` of an export: what it is, for a program. `docs/exports.md` describes it to those who read it.
//!
//! It is written in three pieces, so that it may list more gaps than memory should hold.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Format;
use super::folder::File;
use crate::gap::Gap;
use crate::store::PostQuery;
use crate::time::Time;
use crate::track::{RuleVersion, Track};

/// Raised when a reader of the version before would misread it; what is only added does not raise it.
const VERSION: u32 = 1;

/// All but the gaps and the files.
#[derive(Debug, Serialize)]
pub(super) struct Manifest {
    /// Says what this file is.
    kind: &'static str,
    /// Of the manifest.
    version: u32,
    /// What wrote it.
    pub(super) software: Software,
    /// When the export began.
    pub(super) made_at: Time,
    /// What stands in the files of posts.
    pub(super) content: &'static str,
    /// What was asked for, by the names of the API's parameters.
    pub(super) query: Map<String, Value>,
    /// The track, if it is one's.
    pub(super) track: Option<Track>,
    /// What the track captured from when to when, the first first.
    pub(super) rules: Vec<RuleVersion>,
    /// What time it speaks for.
    pub(super) period: Span,
    /// How much is in it.
    pub(super) counts: Counts,
    /// Posts whose deletion was kept by then are not in it.
    pub(super) deletions_honoured_until: Time,
}

/// What wrote it.
#[derive(Debug, Serialize)]
pub(super) struct Software {
    name: &'static str,
    pub(super) version: &'static str,
}

/// A time with a beginning and an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Span {
    /// `null`: as far back as there is anything.
    pub(super) from: Option<Time>,
    /// Not within it any more.
    pub(super) until: Time,
}

/// How much is in it.
#[derive(Debug, Default, Serialize)]
pub(super) struct Counts {
    /// Posts in the files: the sum of their rows.
    pub(super) posts: u64,
    /// Posts with an id that can't stand on a line; only where ids are written.
    pub(super) left_out: u64,
    /// Received when the export began, by all sources together, and not kept yet.
    pub(super) waiting: u64,
    /// When the post that came first was received.
    pub(super) first_received_at: Option<Time>,
    /// When the one that came last was.
    pub(super) last_received_at: Option<Time>,
}

impl Manifest {
    /// What is known before the first post.
    pub(super) fn new(
        format: Format,
        query: &PostQuery,
        track: Option<(Track, Vec<RuleVersion>)>,
        circumstances: super::Circumstances,
    ) -> Self {
        let made_at = circumstances.made_at;
        let (track, rules) =
            track.map_or((None, Vec::new()), |(track, rules)| (Some(track), rules));
        let end = track.as_ref().and_then(|track| track.draft.end);
        let ends = [query.until, end].into_iter().flatten();
        Self {
            kind: "bowerbird-export",
            version: VERSION,
            software: Software {
                name: "bowerbird",
                version: circumstances.version,
            },
            made_at,
            content: format.name(),
            query: asked(query),
            track,
            rules,
            period: Span {
                from: query.since,
                until: ends.fold(made_at, Time::min),
            },
            counts: Counts {
                waiting: circumstances.waiting,
                ..Counts::default()
            },
            deletions_honoured_until: made_at,
        }
    }

    /// Where nobody said since when, it speaks for the time since the track was made, or since the first post came if that is earlier.
    pub(super) fn settle_period(&mut self) {
        let made = self.track.as_ref().map(|track| track.created_at);
        let first = [made, self.counts.first_received_at].into_iter().flatten();
        self.period.from = self.period.from.or(first.min());
    }

    /// Does a gap concern what is exported?
    pub(super) fn is_concerned_by(&self, gap: &Gap) -> bool {
        let of_source = |name: &str| gap.source.as_str() == name;
        let source = self.query.get("source").and_then(Value::as_str);
        let listened =
            self.track.is_none() || self.rules.iter().any(|rule| rule.listens_to(&gap.source));
        let for_track = match (gap.track, &self.track) {
            (Some(other), Some(track)) => track.id == other,
            _ => true,
        };
        source.is_none_or(of_source)
            && listened
            && for_track
            && gap.from < self.period.until
            && gap
                .until
                .is_none_or(|until| self.period.from.is_none_or(|from| from < until))
    }

    /// The beginning, up to where the gaps follow.
    pub(super) fn head(&self) -> Vec<u8> {
        let mut head = serde_json::to_vec_pretty(self).expect("keys are text, and a Vec grows");
        head.truncate(head.len() - "\n}".len());
        head.extend_from_slice(b",\n  \"gaps\": [");
        head
    }

    /// One gap, whole.
    pub(super) fn gap(gap: &Value, is_first: bool) -> Vec<u8> {
        let comma = if is_first { "" } else { "," };
        format!("{comma}\n    {gap}").into_bytes()
    }

    /// What follows the gaps: how many there are in each state, and the files.
    pub(super) fn tail(gaps: &BTreeMap<String, u64>, files: &[File]) -> Vec<u8> {
        let gaps = serde_json::to_string(gaps).expect("keys are text");
        let files = files.iter().map(|file| format!("\n    {}", json!(file)));
        let files = files.collect::<Vec<_>>().join(",");
        format!("\n  ],\n  \"gap_counts\": {gaps},\n  \"files\": [{files}\n  ]\n}}\n").into_bytes()
    }
}

/// The question, without what does not restrict.
fn asked(query: &PostQuery) -> Map<String, Value> {
    let has: Vec<_> = query.has.iter().map(|has| json!(has)).collect();
    let named = [
        ("text", json!(query.text)),
        ("author", json!(query.author)),
        ("track", json!(query.track)),
        ("service", json!(query.service)),
        ("source", json!(query.source)),
        ("lang", json!(query.lang)),
        ("since", json!(query.since)),
        ("until", json!(query.until)),
        ("has", json!(has)),
        ("hashtag", json!(query.hashtag)),
        ("embedded", json!(query.embedded)),
    ];
    let restricts = |value: &Value| {
        !(value.is_null() || *value == json!("") || *value == json!([]) || *value == json!(false))
    };
    let given = named.into_iter().filter(|(_, value)| restricts(value));
    given
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
