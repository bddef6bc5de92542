//! A user's named rules: what they are. Their compiled form is [`crate::live`].

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::bill::Budget;
use crate::ids::{SourceName, TrackId};
use crate::time::Time;

/// A user's named rule on some sources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Track {
    /// Its number.
    pub id: TrackId,
    /// How often rule, sources or times were changed; captures say under which version they were made.
    pub rule_version: u32,
    /// Set by whoever may change tracks.
    #[serde(flatten)]
    pub draft: TrackDraft,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub changed_at: Time,
}

/// What a track captured for a while: a version of its rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RuleVersion {
    /// Which; captures name it.
    pub version: u32,
    /// The rule.
    pub rule: String,
    /// The sources it listened to; empty for all.
    pub sources: Vec<SourceName>,
    /// Nothing received before was captured.
    pub start: Option<Time>,
    /// Nothing received from then on was captured.
    pub end: Option<Time>,
    /// When it was set.
    pub since: Time,
    /// When the next took its place; `null` for the present one.
    pub until: Option<Time>,
}

impl RuleVersion {
    /// The version of a track's rule that holds since the track was last changed.
    pub fn present(track: &Track) -> Self {
        Self {
            version: track.rule_version,
            rule: track.draft.rule.clone(),
            sources: track.draft.sources.clone(),
            start: track.draft.start,
            end: track.draft.end,
            since: track.changed_at,
            until: None,
        }
    }

    /// Did it listen to this source?
    pub fn listens_to(&self, source: &SourceName) -> bool {
        self.sources.is_empty() || self.sources.contains(source)
    }
}

/// What a person says of a track.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TrackDraft {
    /// What it is called; unique among tracks.
    pub name: String,
    /// The rule, in the language of `docs/rules.md`.
    pub rule: String,
    /// The sources it listens to; empty for all.
    #[serde(default)]
    pub sources: Vec<SourceName>,
    /// Nothing received before is captured.
    #[serde(default)]
    pub start: Option<Time>,
    /// Nothing received from then on is captured.
    #[serde(default)]
    pub end: Option<Time>,
    /// Captures are let go this many seconds after they were made, and their posts with the last capture; `None` keeps them.
    #[serde(default)]
    pub retention_seconds: Option<u64>,
    /// Captures nothing while paused.
    #[serde(default)]
    pub paused: bool,
    /// Where a service has no room for all tracks, those of higher priority have it first, then the older ones; -100 to 100.
    #[serde(default)]
    pub priority: i32,
    /// The most that may be spent for it on services that take money; its share of posts that others catch too counts.
    #[serde(default)]
    pub budget: Budget,
}

impl TrackDraft {
    /// What a priority may be.
    pub const PRIORITIES: RangeInclusive<i32> = -100..=100;

    /// A running track on all sources without limits in time.
    pub fn new(name: impl Into<String>, rule: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            rule: rule.into(),
            sources: Vec::new(),
            start: None,
            end: None,
            retention_seconds: None,
            paused: false,
            priority: 0,
            budget: Budget::default(),
        }
    }

    /// Does it capture what comes through this source?
    pub fn listens_to(&self, source: &SourceName) -> bool {
        self.sources.is_empty() || self.sources.contains(source)
    }

    /// Does it capture what is received at `now`?
    pub fn is_active(&self, now: Time) -> bool {
        !self.paused && self.is_in_time(now)
    }

    /// Does `at` lie between its start and its end?
    pub fn is_in_time(&self, at: Time) -> bool {
        self.start.is_none_or(|start| start <= at) && self.end.is_none_or(|end| at < end)
    }
}
