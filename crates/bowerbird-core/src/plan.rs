//! The plan: how tracks share the few rules (slots) that a service lets us hold, as page, API and command line show it.
//!
//! Connectors make plans, and the wiring hands whoever shows them a [`Planning`]. Nothing here knows a service, or how a plan is made.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{SourceName, TrackId};
use crate::time::Time;
use crate::track::Track;

/// A track that a service is not asked for, or not for all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct LeftOut {
    /// Which.
    pub track: TrackId,
    /// Why, and what would help.
    pub reason: String,
}

/// A rule that tracks share at a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SlotRule {
    /// As the service is sent it.
    pub rule: String,
    /// Its length in characters, as the service counts.
    pub chars: usize,
    /// Who wants it.
    pub tracks: Vec<TrackId>,
    /// Does it stand at the service already?
    pub stands: bool,
}

/// What one track takes of the slots.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TrackShare {
    /// Which.
    pub track: TrackId,
    /// What it is called.
    pub name: String,
    /// Its priority.
    pub priority: i32,
    /// Over how many rules what it asks for is spread.
    pub slots: usize,
    /// Its part of those rules, where what several tracks ask for counts for each as an equal part; all tracks' together are the rules in use.
    pub share: f64,
    /// How many characters it asks for, alone or with others.
    pub chars: usize,
}

/// How the tracks of one source share its service's rules, and what of that is still to be done there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SlotPlan {
    /// The source.
    pub source: SourceName,
    /// What people call its service.
    pub service: String,
    /// When the rules at the service were last listed or changed by this process; `null`: never, and the plan is made as if it had none of ours.
    pub listed_at: Option<Time>,
    /// Why the plan is made from nothing, or why the service can't be brought in line with it just now; empty when all is well.
    pub note: String,
    /// How many rules the service allows.
    pub slots: usize,
    /// How many characters each may have.
    pub max_chars: usize,
    /// Rules that others hold on the same app.
    pub foreign: usize,
    /// Slots that neither the plan nor others use.
    pub free: usize,
    /// The rules of the plan.
    pub rules: Vec<SlotRule>,
    /// Rules of ours that stand at the service and nobody wants any more.
    pub delete: Vec<String>,
    /// What each track takes, those that get room first first.
    pub shares: Vec<TrackShare>,
    /// Tracks that the service is not asked for, in the same order, and why.
    pub left_out: Vec<LeftOut>,
}

impl SlotPlan {
    /// How many rules are to be added at the service.
    pub fn to_add(&self) -> usize {
        self.rules.iter().filter(|rule| !rule.stands).count()
    }

    /// Characters of all rules of the plan.
    pub fn chars(&self) -> usize {
        self.rules.iter().map(|rule| rule.chars).sum()
    }
}

/// How many rules a service gives, and how long each may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotRoom {
    /// Rules.
    pub slots: usize,
    /// Characters of each.
    pub max_chars: usize,
}

type MakePlan = dyn Fn(&[Track], Time) -> SlotPlan + Send + Sync;

/// Plans for one source, from what stands at its service.
#[derive(Clone)]
pub struct Planner {
    /// The source.
    pub source: SourceName,
    make: Arc<MakePlan>,
}

impl Planner {
    /// `make` gives the plan for these tracks, all there are, as of a moment; it may take a while, and asks no service.
    pub fn new(
        source: SourceName,
        make: impl Fn(&[Track], Time) -> SlotPlan + Send + Sync + 'static,
    ) -> Self {
        let make = Arc::new(make);
        Self { source, make }
    }

    /// The plan for these tracks, all there are, as of `now`.
    pub fn plan(&self, tracks: &[Track], now: Time) -> SlotPlan {
        (self.make)(tracks, now)
    }
}

impl fmt::Debug for Planner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Planner({})", self.source)
    }
}

/// The plan for these tracks of a source that would have this room, made from nothing.
pub type AssumedPlan = fn(&SourceName, SlotRoom, &[Track], Time) -> SlotPlan;

/// All there is to plan with.
#[derive(Debug, Clone)]
pub struct Planning {
    /// One for each source whose service has slots.
    pub planners: Vec<Planner>,
    /// For trying out, and where no such source is configured.
    pub assumed: AssumedPlan,
    /// The room of a plan that nothing else was said of.
    pub usual: SlotRoom,
}

impl Default for Planning {
    /// For a program without such sources.
    fn default() -> Self {
        Self {
            planners: Vec::new(),
            assumed: |source, room, _, _| SlotPlan {
                source: source.clone(),
                service: "no service".to_owned(),
                listed_at: None,
                note: "there is nothing to plan for here".to_owned(),
                slots: room.slots,
                max_chars: room.max_chars,
                foreign: 0,
                free: room.slots,
                rules: Vec::new(),
                delete: Vec::new(),
                shares: Vec::new(),
                left_out: Vec::new(),
            },
            usual: SlotRoom {
                slots: 0,
                max_chars: 0,
            },
        }
    }
}
