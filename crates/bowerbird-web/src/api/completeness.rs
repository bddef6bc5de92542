//! How complete what a track caught is: bars over the last day, week and month.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use bowerbird_core::completeness::{Cell, Ledger, cells};
use bowerbird_core::gap::GapState;
use bowerbird_core::ids::SourceName;
use bowerbird_core::status::WorkerState;
use bowerbird_core::store::GapQuery;
use bowerbird_core::time::Time;
use bowerbird_core::track::Track;
use serde::Serialize;
use utoipa::ToSchema;

use super::tracks::{self, parse_id};
use crate::error::ApiError;
use crate::params::Params;
use crate::site::{App, Site};

const HOUR: Duration = Duration::from_secs(3_600);
/// The spans a bar may have: its name, how long it is, and how many cells.
pub(crate) const SPANS: [(&str, Duration, u32); 3] = [
    ("24h", HOUR.saturating_mul(24), 48),
    ("7d", HOUR.saturating_mul(24 * 7), 84),
    ("30d", HOUR.saturating_mul(24 * 30), 60),
];
/// Gaps read at a time.
const PAGE: usize = 1_000;

/// How complete what a track caught is, piece by piece.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Completeness)]
pub(crate) struct Bar {
    /// Its span: `24h`, `7d` or `30d`.
    pub(crate) span: String,
    /// Where it begins.
    pub(crate) from: Time,
    /// Where it ends: the present.
    pub(crate) until: Time,
    /// How long each piece is.
    pub(crate) step_seconds: u64,
    /// How complete each piece is, oldest first; the worst within it.
    pub(crate) cells: Vec<Cell>,
}

/// How complete what a track caught is.
#[utoipa::path(
    get, path = "/api/v1/tracks/{id}/completeness", tag = "gaps",
    params(
        ("id" = String, Path, description = "The track's number"),
        ("span" = Option<String>, Query, description = "`24h` (if not given), `7d` or `30d`")
    ),
    responses((status = 200, body = Bar))
)]
pub(crate) async fn find_completeness(
    State(app): State<App>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<Bar>, ApiError> {
    params.only(&[&["span"]])?;
    let wanted = params.get("span").unwrap_or("24h");
    let span = SPANS.iter().find(|(name, ..)| *name == wanted);
    let span = span.ok_or_else(|| ApiError::bad_parameter("span", "expected 24h, 7d or 30d"))?;
    let track = tracks::track(&app.site, parse_id(&id)?).await?.track;
    let bars = bars(&app.site, &track, std::slice::from_ref(span)).await?;
    let bar = bars.into_iter().next();
    bar.map(Json).ok_or_else(|| ApiError::internal("no bar"))
}

/// A track's bars of these spans.
pub(crate) async fn bars(
    site: &Site,
    track: &Track,
    spans: &[(&str, Duration, u32)],
) -> Result<Vec<Bar>, ApiError> {
    let now = site.now();
    let longest = spans.iter().map(|(_, span, _)| *span).max();
    let since = now.minus(longest.unwrap_or_default());
    let draft = &track.draft;
    let heard = heard(site, now).await?;
    let heard: Vec<(SourceName, (Time, Time))> = heard
        .into_iter()
        .filter(|(source, _)| draft.listens_to(source))
        .collect();
    let gaps = gaps(site, track, since, now).await?;
    let spans_heard: Vec<(Time, Time)> = heard.iter().map(|(_, span)| *span).collect();
    let ledger = Ledger {
        there: (
            track
                .created_at
                .max(draft.start.unwrap_or(track.created_at)),
            draft.end.unwrap_or(Time(i64::MAX)),
        ),
        heard: &spans_heard,
        gaps: &gaps,
        now,
    };
    let bar = |(name, span, n): &(&str, Duration, u32)| Bar {
        span: (*name).to_owned(),
        from: now.minus(*span),
        until: now,
        step_seconds: span.as_secs() / u64::from(*n),
        cells: cells(&ledger, (now.minus(*span), now), *n),
    };
    Ok(spans.iter().map(bar).collect())
}

/// From when until when each source is known to have been heard. What was read to its end (a file) says nothing of any time.
async fn heard(site: &Site, now: Time) -> Result<Vec<(SourceName, (Time, Time))>, ApiError> {
    let running = site.parts.status.sources();
    let state = |source: &SourceName| {
        let found = running.iter().find(|known| known.source == *source);
        found.map(|known| known.state)
    };
    let spooled = site.parts.spool.sources().await?;
    let first = site.store().first_heard().await?;
    let mut all = Vec::new();
    for source in spooled {
        let name = source.source;
        let is_live = match state(&name) {
            Some(WorkerState::Ended) => continue,
            state => state == Some(WorkerState::Live),
        };
        let begins = first.iter().find(|(known, _)| *known == name);
        let (Some((_, begins)), Some(last)) = (begins, source.heard_at) else {
            continue;
        };
        all.push((name, (*begins, if is_live { now } else { last })));
    }
    Ok(all)
}

/// Every gap that concerns a track since a moment.
async fn gaps(
    site: &Site,
    track: &Track,
    since: Time,
    now: Time,
) -> Result<Vec<(Time, Time, GapState)>, ApiError> {
    let query = GapQuery {
        sources: track.draft.sources.clone(),
        track: Some(track.id),
        since: Some(since),
        ..GapQuery::default()
    };
    let mut gaps = Vec::new();
    let mut before = None;
    loop {
        let page = site.store().gaps(&query, before, PAGE).await?;
        before = page.last().map(|last| last.id);
        let is_last = page.len() < PAGE;
        let span = page
            .into_iter()
            .map(|gap| (gap.from, gap.until.unwrap_or(now), gap.state));
        gaps.extend(span);
        if is_last {
            return Ok(gaps);
        }
    }
}
