//! What was missed, what that may have cost, and fetching it again.

use axum::Json;
use axum::extract::{Path, State};
use bowerbird_core::gap::{Around, Cause, Estimate, Gap, GapState, Mending, estimate, reach};
use bowerbird_core::ids::{SourceName, TrackId};
use bowerbird_core::store::{GapQuery, MinuteCount};
use bowerbird_core::time::Time;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::params::{Params, parse_id};
use crate::site::{App, Site};

/// The most gaps in one answer.
const MOST_GAPS: usize = 1_000;
/// Other gaps looked at around one: beyond these an estimate is no better.
const MOST_AROUND: usize = 200;

/// A gap, and what may be said of it besides.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = GapView)]
pub(crate) struct GapView {
    /// Its number.
    pub(crate) id: String,
    /// The source.
    pub(crate) source: SourceName,
    /// The only track it concerns; `null` where it concerns all that listen to the source.
    pub(crate) track: Option<TrackId>,
    /// The last byte before it.
    pub(crate) from: Time,
    /// The first byte after it; `null` while it lasts.
    pub(crate) until: Option<Time>,
    /// Why.
    pub(crate) cause: Cause,
    /// The evidence: what happened, in the words it came in.
    pub(crate) reason: String,
    /// Posts lost in it, where the service says so.
    pub(crate) lost: Option<u64>,
    /// About how many were lost, by what came before and after; `null` where the service says it, or nothing is known.
    pub(crate) estimate: Option<Estimate>,
    /// What became of it.
    pub(crate) state: GapState,
    /// What was done about it.
    pub(crate) repair: RepairView,
}

/// What was done about a gap, and what may be.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Repair)]
pub(crate) struct RepairView {
    /// From where posts were fetched again; empty where nobody has tried.
    pub(crate) by: String,
    /// When its state last changed; `null` while it is open.
    pub(crate) at: Option<Time>,
    /// Posts that came of it and were not there.
    pub(crate) posts: u64,
    /// What this way is known not to bring.
    pub(crate) lacks: String,
    /// Why more can't be had, or is not there yet; empty where nothing is in the way.
    pub(crate) remains: String,
    /// When it is tried next; `null` where nothing waits.
    pub(crate) next_at: Option<Time>,
    /// May it be asked for now?
    pub(crate) can: bool,
}

/// Gaps.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Gaps {
    /// Newest first.
    pub(crate) gaps: Vec<GapView>,
    /// What to pass as `before` for the next ones; `null` at the end.
    pub(crate) next: Option<String>,
}

/// Spans for which a source can't promise completeness.
#[utoipa::path(
    get, path = "/api/v1/gaps", tag = "gaps",
    params(
        ("source" = Option<String>, Query, description = "Of this source only"),
        ("track" = Option<String>, Query, description = "That concern the track with this number"),
        ("state" = Option<GapState>, Query, description = "Of this state only"),
        ("since" = Option<String>, Query, description = "Ending after this, or lasting (RFC 3339, or a date in UTC)"),
        ("until" = Option<String>, Query, description = "Beginning before this"),
        ("before" = Option<String>, Query, description = "`next` of the answer before"),
        ("limit" = Option<usize>, Query, description = "How many, 1 to 1000; 100 if not given")
    ),
    responses((status = 200, body = Gaps))
)]
pub(crate) async fn list_gaps(
    State(app): State<App>,
    params: Params,
) -> Result<Json<Gaps>, ApiError> {
    params.only(&[&FILTERS, &["before", "limit"]])?;
    let query = gap_query(&app.site, &params).await?;
    let before = params.parsed("before", "a gap's number")?;
    let most = params.number("limit", 100, MOST_GAPS)?;
    gaps(&app.site, &query, before, most).await.map(Json)
}

/// One gap.
#[utoipa::path(
    get, path = "/api/v1/gaps/{id}", tag = "gaps",
    params(("id" = String, Path, description = "Its number")),
    responses((status = 200, body = GapView))
)]
pub(crate) async fn find_gap(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<GapView>, ApiError> {
    gap(&app.site, parse_id(&id)).await.map(Json)
}

/// Asks for the repair of a gap; the gap as it stands. It goes on by itself.
#[utoipa::path(
    post, path = "/api/v1/gaps/{id}/repair", tag = "gaps",
    params(("id" = String, Path, description = "Its number")),
    responses((status = 202, body = GapView))
)]
pub(crate) async fn repair_gap(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<(axum::http::StatusCode, Json<GapView>), ApiError> {
    let asked = repair(&app.site, parse_id(&id)).await?;
    Ok((axum::http::StatusCode::ACCEPTED, Json(asked)))
}

/// The names of [`gap_query`].
pub(crate) const FILTERS: [&str; 5] = ["source", "track", "state", "since", "until"];

/// Which gaps.
pub(crate) async fn gap_query(site: &Site, params: &Params) -> Result<GapQuery, ApiError> {
    let expected = "open, repairing, repaired or beyond-repair";
    let query = GapQuery {
        sources: params.source("source")?.into_iter().collect(),
        track: params.track("track")?,
        state: params.parsed("state", expected)?,
        since: params.time("since")?,
        until: params.time("until")?,
    };
    let Some(track) = query.track.filter(|_| query.sources.is_empty()) else {
        return Ok(query);
    };
    let track = super::tracks::track(site, track).await?;
    Ok(GapQuery {
        sources: track.track.draft.sources,
        ..query
    })
}

/// Some gaps, newest first.
pub(crate) async fn gaps(
    site: &Site,
    query: &GapQuery,
    before: Option<u64>,
    most: usize,
) -> Result<Gaps, ApiError> {
    // One more tells whether there are more: a page that is just full may be the last.
    let mut found = site.store().gaps(query, before, most + 1).await?;
    let goes_on = found.len() > most;
    found.truncate(most);
    let last = found.last().filter(|_| goes_on);
    let next = last.map(|last| last.id.to_string());
    let first_heard = site.store().first_heard().await?;
    let mut gaps = Vec::with_capacity(found.len());
    for gap in found {
        gaps.push(view(site, gap, &first_heard).await?);
    }
    Ok(Gaps { gaps, next })
}

/// One gap.
pub(crate) async fn gap(site: &Site, id: Option<u64>) -> Result<GapView, ApiError> {
    let found = match id {
        Some(id) => site.store().gap(id).await?,
        None => None,
    };
    let gap = found.ok_or_else(|| ApiError::not_found("gap with this number"))?;
    let first_heard = site.store().first_heard().await?;
    view(site, gap, &first_heard).await
}

/// Asks for the repair of a gap.
pub(crate) async fn repair(site: &Site, id: Option<u64>) -> Result<GapView, ApiError> {
    let id = id.ok_or_else(|| ApiError::not_found("gap with this number"))?;
    site.engine.repair_gap(id).await?;
    gap(site, Some(id)).await
}

async fn view(
    site: &Site,
    gap: Gap,
    first_heard: &[(SourceName, Time)],
) -> Result<GapView, ApiError> {
    let estimate = match gap.lost {
        Some(_) => None,
        None => estimated(site, &gap, first_heard).await?,
    };
    let job = match gap.state {
        GapState::Repaired => None,
        _ => site.engine.repair_job(gap.id).await?,
    };
    let is_over = gap.until.is_some() && gap.state != GapState::Repaired;
    let Gap {
        id,
        source,
        track,
        from,
        until,
        cause,
        reason,
        lost,
        state,
        repair,
    } = gap;
    let Mending {
        by,
        at,
        posts,
        lacks,
        remains,
    } = repair;
    Ok(GapView {
        id: id.to_string(),
        track,
        from,
        until,
        cause,
        reason,
        lost,
        estimate,
        state,
        repair: RepairView {
            by,
            at,
            posts,
            lacks,
            remains,
            next_at: job.map(|job| job.due_at.max(job.made_at)),
            can: is_over && site.engine.can_repair(&source),
        },
        source,
    })
}

/// What a gap may have lost, by what came before and after it.
async fn estimated(
    site: &Site,
    gap: &Gap,
    first_heard: &[(SourceName, Time)],
) -> Result<Option<Estimate>, ApiError> {
    let (store, now) = (site.store(), site.now());
    let until = gap.until.unwrap_or(now).max(gap.from);
    let (begin, end) = reach(gap.from, until);
    let minutes: Vec<MinuteCount> = match gap.track {
        Some(track) => store.per_minute(Some(track), begin, end).await?,
        None => store.arrivals(&gap.source, begin, end).await?,
    };
    let around = GapQuery {
        sources: vec![gap.source.clone()],
        track: gap.track,
        since: Some(begin),
        until: Some(end),
        ..GapQuery::default()
    };
    let others = store.gaps(&around, None, MOST_AROUND).await?;
    let others: Vec<(Time, Time)> = others
        .into_iter()
        .filter(|other| other.id != gap.id && other.cause != Cause::Limit)
        .filter(|other| gap.track.is_some() || other.track.is_none())
        .map(|other| (other.from, other.until.unwrap_or(now)))
        .collect();
    let known = first_heard.iter().find(|(name, _)| *name == gap.source);
    let Some((_, first)) = known else {
        return Ok(None);
    };
    let mut since = *first;
    if let Some(track) = gap.track {
        let live = site.parts.live.get(track);
        since = live.map_or(since, |live| since.max(live.track.created_at));
    }
    Ok(estimate(&Around {
        from: gap.from,
        until,
        now,
        since,
        minutes: &minutes,
        others: &others,
    }))
}
