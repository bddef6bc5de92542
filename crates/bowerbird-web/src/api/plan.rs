//! The plan: how tracks share the few rules of a service that filters for us, and what a change of a track would do there. Nothing here asks a service, or
//! saves anything.

use std::collections::HashSet;

use axum::Json;
use axum::extract::State;
use bowerbird_core::ids::{SourceName, TrackId};
use bowerbird_core::plan::{LeftOut, SlotPlan, SlotRoom};
use bowerbird_core::time::Time;
use bowerbird_core::track::{Track, TrackDraft};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::tracks::checked;
use crate::error::ApiError;
use crate::format::{number, plural};
use crate::params::{JsonBody, Params};
use crate::site::{App, Site};

/// The most rules that a plan may be asked for.
const MOST_RULES: usize = 1_000_000;
/// The most characters of a rule that a plan may be asked for.
const MOST_CHARS: usize = 100_000;
/// The source of a plan where none is configured.
const ASSUMED: &str = "x";

/// Plans, one for each source whose service gives few rules.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Plans)]
pub(crate) struct PlanList {
    /// By source; where none is configured, one made from nothing.
    pub(crate) plans: Vec<PlanView>,
}

/// A plan, and what it comes to.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Plan)]
pub(crate) struct PlanView {
    /// The plan.
    #[serde(flatten)]
    pub(crate) plan: SlotPlan,
    /// How many of its rules are to be added at the service.
    pub(crate) to_add: usize,
    /// How many characters its rules have together.
    pub(crate) chars: usize,
    /// What it comes to, in words.
    pub(crate) summary: String,
    /// Tracks that are left out only because of the change that is tried.
    pub(crate) pushed_out: Vec<LeftOut>,
}

/// Another room than there is.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "it describes what `find_plan` reads; nothing is deserialised into it"
)]
pub(crate) struct OtherRoom {
    /// Only the plan of this source.
    source: Option<String>,
    /// What if the service gave so many rules? Then the plan is made from nothing.
    rules: Option<usize>,
    /// What if its rules had so many characters?
    chars: Option<usize>,
}

/// A change of a track that is to be tried.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlanChange {
    /// The track that is changed; none for a new one.
    #[serde(default)]
    pub(crate) id: Option<TrackId>,
    /// All of it, as it would be saved; none to see the plan without the track, or with another rule only.
    #[serde(default)]
    pub(crate) draft: Option<TrackDraft>,
    /// Its new rule, everything else staying as it is.
    #[serde(default)]
    pub(crate) rule: Option<String>,
}

/// How the tracks share rules, and what is still to be done at the service.
#[utoipa::path(get, path = "/api/v1/plan", tag = "tracks", params(OtherRoom), responses((status = 200, body = PlanList)))]
pub(crate) async fn find_plan(
    State(app): State<App>,
    params: Params,
) -> Result<Json<PlanList>, ApiError> {
    params.only(&[&["source", "rules", "chars"]])?;
    let source = params.source("source")?;
    let usual = app.site.options.planning.usual;
    let is_assumed = params.get("rules").is_some() || params.get("chars").is_some();
    let room = if is_assumed {
        Some(SlotRoom {
            slots: params.number("rules", usual.slots, MOST_RULES)?,
            max_chars: params.number("chars", usual.max_chars, MOST_CHARS)?,
        })
    } else {
        None
    };
    let tracks = app.site.store().tracks().await?;
    let plans = plans(&app.site, tracks, source, room).await?;
    Ok(Json(PlanList {
        plans: plans.into_iter().map(PlanView::now).collect(),
    }))
}

/// What saving a change of a track would do at the service. Saves nothing.
#[utoipa::path(post, path = "/api/v1/plan", tag = "tracks", request_body = PlanChange, responses((status = 200, body = PlanList)))]
pub(crate) async fn try_plan(
    State(app): State<App>,
    JsonBody(change): JsonBody<PlanChange>,
) -> Result<Json<PlanList>, ApiError> {
    tried(&app.site, change).await.map(Json)
}

/// The plans as they are.
pub(crate) async fn current(site: &Site) -> Result<PlanList, ApiError> {
    let tracks = site.store().tracks().await?;
    let plans = plans(site, tracks, None, None).await?;
    Ok(PlanList {
        plans: plans.into_iter().map(PlanView::now).collect(),
    })
}

/// The plans as they would be.
pub(crate) async fn tried(site: &Site, change: PlanChange) -> Result<PlanList, ApiError> {
    let before = site.store().tracks().await?;
    let (after, track) = changed(before.clone(), change, site.now())?;
    let name = |id: TrackId| {
        let track = before.iter().find(|track| track.id == id);
        track.map_or_else(|| id.to_string(), |track| track.draft.name.clone())
    };
    let plans_before = plans(site, before.clone(), None, None).await?;
    let plans_after = plans(site, after, None, None).await?;
    let pairs = plans_before.iter().zip(plans_after);
    Ok(PlanList {
        plans: pairs
            .map(|(before, after)| PlanView::tried(before, after, track, name))
            .collect(),
    })
}

/// All tracks with the change made, and which track it is about.
fn changed(
    mut tracks: Vec<Track>,
    change: PlanChange,
    now: Time,
) -> Result<(Vec<Track>, TrackId), ApiError> {
    let place = match change.id {
        None => None,
        Some(id) => {
            let place = tracks.iter().position(|track| track.id == id);
            Some(place.ok_or_else(|| ApiError::not_found(format!("track {id}")))?)
        }
    };
    let draft = match (change.draft, change.rule) {
        (Some(_), Some(_)) => {
            let expected = "expected not to stand beside a draft, which has a rule";
            return Err(ApiError::bad_parameter("rule", expected));
        }
        (Some(draft), None) => Some(checked(draft)?),
        (None, Some(rule)) => {
            let new = || TrackDraft::new("new", "");
            let known = place.map_or_else(new, |place| tracks[place].draft.clone());
            Some(checked(TrackDraft { rule, ..known })?)
        }
        (None, None) => None,
    };
    match (place, draft) {
        (Some(place), Some(draft)) => {
            tracks[place].draft = draft;
            let id = tracks[place].id;
            Ok((tracks, id))
        }
        (Some(place), None) => {
            let id = tracks.remove(place).id;
            Ok((tracks, id))
        }
        (None, Some(draft)) => {
            let last = tracks.iter().map(|track| track.id.0).max();
            let id = TrackId(last.unwrap_or(0) + 1);
            tracks.push(Track {
                id,
                rule_version: 1,
                draft,
                created_at: now,
                changed_at: now,
            });
            Ok((tracks, id))
        }
        (None, None) => {
            let expected = "expected a track's number, a draft or a rule";
            Err(ApiError::bad_parameter("id", expected))
        }
    }
}

/// The plan of each source (or only of this one), or of one that would have this room.
async fn plans(
    site: &Site,
    tracks: Vec<Track>,
    source: Option<SourceName>,
    room: Option<SlotRoom>,
) -> Result<Vec<SlotPlan>, ApiError> {
    let (planning, now) = (site.options.planning.clone(), site.now());
    let assumed = source.clone().map_or_else(
        || SourceName::parse(ASSUMED).map_err(ApiError::internal),
        Ok,
    )?;
    let make = move || -> Vec<SlotPlan> {
        if let Some(room) = room {
            return vec![(planning.assumed)(&assumed, room, &tracks, now)];
        }
        let wanted = planning.planners.iter();
        let wanted =
            wanted.filter(|planner| source.as_ref().is_none_or(|it| *it == planner.source));
        let plans: Vec<SlotPlan> = wanted.map(|planner| planner.plan(&tracks, now)).collect();
        if !plans.is_empty() {
            return plans;
        }
        vec![SlotPlan {
            note: "made from nothing: no such source is configured".to_owned(),
            ..(planning.assumed)(&assumed, planning.usual, &tracks, now)
        }]
    };
    site.heavy_blocking(make).await
}

impl PlanView {
    /// As things are.
    fn now(plan: SlotPlan) -> Self {
        let (to_add, to_delete) = (plan.to_add(), plan.delete.len());
        let used = used(&plan);
        let summary = match (to_add, to_delete) {
            (0, 0) => format!("{} has what the tracks need; {used}.", plan.service),
            _ => format!(
                "{} to add and {} to remove at {}; {used}.",
                plural(to_add as u64, "rule", "rules"),
                number(to_delete as u64),
                plan.service
            ),
        };
        Self::new(plan, summary)
    }

    /// As they would be with the change of a track; `name` knows what tracks are called.
    fn tried(
        before: &SlotPlan,
        after: SlotPlan,
        track: TrackId,
        name: impl Fn(TrackId) -> String,
    ) -> Self {
        let were_out: HashSet<TrackId> = before.left_out.iter().map(|one| one.track).collect();
        let others = after.left_out.iter().filter(|one| one.track != track);
        let pushed_out: Vec<LeftOut> = others
            .filter(|one| !were_out.contains(&one.track))
            .cloned()
            .collect();
        let mut summary = format!(
            "This would add {} and remove {} at {}; {}.",
            plural(after.to_add() as u64, "rule", "rules"),
            number(after.delete.len() as u64),
            after.service,
            used(&after)
        );
        if let Some(out) = after.left_out.iter().find(|one| one.track == track) {
            let said = format!(
                " {} would not be asked for it: {}.",
                after.service, out.reason
            );
            summary.push_str(&said);
        }
        if let Some(first) = pushed_out.first() {
            let others = match pushed_out.len() {
                1 => String::new(),
                n => format!(" and {} more", number(n as u64 - 1)),
            };
            let said = format!(" It would push out {}{others}.", name(first.track));
            summary.push_str(&said);
        }
        Self {
            pushed_out,
            ..Self::new(after, summary)
        }
    }

    fn new(plan: SlotPlan, summary: String) -> Self {
        Self {
            to_add: plan.to_add(),
            chars: plan.chars(),
            summary,
            pushed_out: Vec::new(),
            plan,
        }
    }
}

/// `212 of 1,000 slots`.
fn used(plan: &SlotPlan) -> String {
    let (used, all) = (plan.rules.len() + plan.foreign, plan.slots);
    format!("{} of {} slots", number(used as u64), number(all as u64))
}

#[cfg(test)]
mod tests;
