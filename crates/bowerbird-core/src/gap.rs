//! Gaps: spans for which a source can't promise completeness, why they are there, and what became of them.
//!
//! Vocabulary only. Who notes gaps is in [`crate::pipeline`], where they are kept in [`crate::store::Ledger`].

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ids::{SourceName, TrackId};
use crate::time::Time;

mod estimate;

pub use estimate::{Around, Estimate, estimate, reach};

/// A span for which a source can't promise completeness.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Gap {
    /// Its number, as a string.
    #[serde(serialize_with = "as_string")]
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub id: u64,
    /// The source.
    pub source: SourceName,
    /// The only track it concerns; `null` where it concerns all that listen to the source.
    pub track: Option<TrackId>,
    /// The last byte before it.
    pub from: Time,
    /// The first byte after it; `null` while it lasts.
    pub until: Option<Time>,
    /// Why.
    pub cause: Cause,
    /// The evidence: what happened, in the words it came in.
    pub reason: String,
    /// Posts lost in it, where the service says so.
    pub lost: Option<u64>,
    /// What became of it.
    pub state: GapState,
    /// What was done about it.
    pub repair: Mending,
}

/// What was done about a gap.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Mending {
    /// From where posts were fetched again; empty where nobody has tried.
    pub by: String,
    /// When its state last changed; `null` while it is open.
    pub at: Option<Time>,
    /// Posts that came of it and were not there.
    pub posts: u64,
    /// What this way is known not to bring.
    pub lacks: String,
    /// Why more can't be had, or is not there yet; empty where nothing is in the way.
    pub remains: String,
}

/// Why there is a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The program did not run.
    NotRunning,
    /// The connection broke, or could not be opened.
    Disconnect,
    /// Nothing came for too long, not even a keep-alive.
    Stall,
    /// The service cut us off because we read too slowly.
    SlowReader,
    /// The service withheld posts beyond its limit, and said so.
    Limit,
    /// The service no longer had what came after the cursor.
    CursorLost,
    /// A budget was spent, and the service not asked any more.
    Budget,
    /// The track was paused.
    Paused,
    /// We could not take what came: the spool was full.
    Shedding,
    /// The service had not yet confirmed the rule that asks it for the track.
    Unconfirmed,
}

impl Cause {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::NotRunning,
        Self::Disconnect,
        Self::Stall,
        Self::SlowReader,
        Self::Limit,
        Self::CursorLost,
        Self::Budget,
        Self::Paused,
        Self::Shedding,
        Self::Unconfirmed,
    ];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotRunning => "not-running",
            Self::Disconnect => "disconnect",
            Self::Stall => "stall",
            Self::SlowReader => "slow-reader",
            Self::Limit => "limit",
            Self::CursorLost => "cursor-lost",
            Self::Budget => "budget",
            Self::Paused => "paused",
            Self::Shedding => "shedding",
            Self::Unconfirmed => "unconfirmed",
        }
    }

    /// For a person.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::NotRunning => "not running",
            Self::Disconnect => "disconnected",
            Self::Stall => "stalled",
            Self::SlowReader => "cut off as a slow reader",
            Self::Limit => "withheld by a limit",
            Self::CursorLost => "cursor lost",
            Self::Budget => "budget spent",
            Self::Paused => "track paused",
            Self::Shedding => "spool full",
            Self::Unconfirmed => "rule not confirmed",
        }
    }

    /// What kind of gap it makes: gaps of one source and track that begin at the same moment are the same gap, if they are of one family.
    pub fn family(self) -> Family {
        match self {
            Self::NotRunning
            | Self::Disconnect
            | Self::Stall
            | Self::SlowReader
            | Self::CursorLost
            | Self::Shedding => Family::Connection,
            Self::Budget => Family::Budget,
            Self::Limit => Family::Limit,
            Self::Paused => Family::Pause,
            Self::Unconfirmed => Family::Rule,
        }
    }

    /// Did somebody here want it so? Then it is repaired only if somebody wants that too.
    pub fn is_wanted(self) -> bool {
        matches!(self, Self::Budget | Self::Paused)
    }

    /// What the reason of a gap tells that was noted before causes were: see the migration of the store.
    pub(crate) fn told_by(reason: &str) -> Self {
        if reason.starts_with("the service withheld ") {
            Self::Limit
        } else if reason == "bowerbird was not running" {
            Self::NotRunning
        } else if reason.starts_with("nothing came for ") {
            Self::Stall
        } else if reason.contains("cursor") {
            Self::CursorLost
        } else {
            Self::Disconnect
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The causes of one kind of gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Of the connection.
    Connection = 0,
    /// Of a budget.
    Budget = 1,
    /// Of a limit of the service.
    Limit = 2,
    /// Of a paused track.
    Pause = 3,
    /// Of a rule at the service.
    Rule = 4,
}

/// What became of a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum GapState {
    /// Nothing yet.
    Open,
    /// It is being repaired.
    Repairing,
    /// What could be fetched again was.
    Repaired,
    /// It can't be repaired.
    BeyondRepair,
}

impl GapState {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Open,
        Self::Repairing,
        Self::Repaired,
        Self::BeyondRepair,
    ];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Repairing => "repairing",
            Self::Repaired => "repaired",
            Self::BeyondRepair => "beyond-repair",
        }
    }
}

impl fmt::Display for GapState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that names nothing of the kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected one of {expected}, not `{found}`")]
pub struct UnknownWord {
    expected: String,
    found: String,
}

/// Finds a word among all there are.
fn named<T: Copy>(all: &[T], name: fn(T) -> &'static str, text: &str) -> Result<T, UnknownWord> {
    let found = all.iter().copied().find(|one| name(*one) == text);
    found.ok_or_else(|| UnknownWord {
        expected: all
            .iter()
            .map(|one| name(*one))
            .collect::<Vec<_>>()
            .join(", "),
        found: text.to_owned(),
    })
}

impl FromStr for Cause {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        named(&Self::ALL, Self::name, text)
    }
}

impl FromStr for GapState {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        named(&Self::ALL, Self::name, text)
    }
}

fn as_string<S: serde::Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_written() {
        for cause in Cause::ALL {
            assert_eq!(cause.name().parse(), Ok(cause));
            assert_eq!(serde_json::to_value(cause).unwrap(), cause.name());
        }
        for state in GapState::ALL {
            assert_eq!(state.name().parse(), Ok(state));
            assert_eq!(serde_json::to_value(state).unwrap(), state.name());
        }
        let error = "shut".parse::<GapState>().unwrap_err().to_string();
        assert_eq!(
            error,
            "expected one of open, repairing, repaired, beyond-repair, not `shut`"
        );
    }

    #[test]
    fn old_reasons_tell_their_cause() {
        for (reason, expected) in [
            ("bowerbird was not running", Cause::NotRunning),
            ("nothing came for 20 s, not even a keep-alive", Cause::Stall),
            ("the service withheld posts beyond its limit", Cause::Limit),
            (
                "Jetstream no longer has all after the cursor",
                Cause::CursorLost,
            ),
            ("the connection broke: reset", Cause::Disconnect),
        ] {
            assert_eq!(Cause::told_by(reason), expected, "{reason}");
        }
    }
}
