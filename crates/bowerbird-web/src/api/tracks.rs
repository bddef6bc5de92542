//! Tracks: list, make, change, pause, remove, and look back for what one would have caught.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bowerbird_core::ids::TrackId;
use bowerbird_core::rules::Rule;
use bowerbird_core::store::{CaptureCounts, StoreError};
use bowerbird_core::time::Time;
use bowerbird_core::track::{RuleVersion, Track, TrackDraft};
use serde::Serialize;
use utoipa::ToSchema;

use super::rules::RuleProblem;
use super::status::BackfillView;
use crate::error::ApiError;
use crate::params::{self, JsonBody};
use crate::site::{App, Site};

/// The longest name of a track, in characters.
pub(crate) const MAX_NAME_CHARS: usize = 100;
/// Tracks at most: every change reads all of them from the store, and pages list them.
const MOST_TRACKS: usize = 10_000;

/// The longest retention: a hundred years.
const MOST_RETENTION_SECONDS: u64 = 100 * 365 * 24 * 60 * 60;
/// The most sources that a track names.
const MOST_SOURCES: usize = 100;

/// A track with what it has caught.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct TrackView {
    /// What it is.
    #[serde(flatten)]
    pub(crate) track: Track,
    /// Does it capture at this moment (not paused, started, not ended, its rule parses)?
    pub(crate) active: bool,
    /// All its captures.
    pub(crate) captures: u64,
    /// Of those, found afterwards in what was kept.
    pub(crate) backfilled: u64,
    /// When the newest captured post was received.
    pub(crate) last_at: Option<Time>,
    /// What the rule says, in words; empty if it does not parse.
    pub(crate) explanation: String,
    /// Why the rule does not parse; `null` if it does.
    pub(crate) problem: Option<RuleProblem>,
}

/// All tracks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrackList {
    /// By number.
    tracks: Vec<TrackView>,
}

/// What a track captured, and when.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RuleVersions {
    /// The first version first; the last is the present one.
    pub(crate) rules: Vec<RuleVersion>,
}

/// All tracks with their counts.
#[utoipa::path(get, path = "/api/v1/tracks", tag = "tracks", responses((status = 200, body = TrackList)))]
pub(crate) async fn list_tracks(State(app): State<App>) -> Result<Json<TrackList>, ApiError> {
    Ok(Json(TrackList {
        tracks: all_tracks(&app.site).await?,
    }))
}

/// Makes a track; it captures from the next posts on.
#[utoipa::path(
    post, path = "/api/v1/tracks", tag = "tracks", request_body = TrackDraft,
    responses((status = 201, body = TrackView), (status = 409, description = "The name is taken"), (status = 422, description = "The rule does not parse"))
)]
pub(crate) async fn create_track(
    State(app): State<App>,
    JsonBody(draft): JsonBody<TrackDraft>,
) -> Result<Response, ApiError> {
    let track = create(&app.site, draft).await?;
    let location = format!("/api/v1/tracks/{}", track.track.id);
    Ok((
        StatusCode::CREATED,
        [(header::LOCATION, location)],
        Json(track),
    )
        .into_response())
}

/// One track.
#[utoipa::path(
    get, path = "/api/v1/tracks/{id}", tag = "tracks", params(("id" = String, Path, description = "The track's number")),
    responses((status = 200, body = TrackView))
)]
pub(crate) async fn find_track(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<TrackView>, ApiError> {
    track(&app.site, parse_id(&id)?).await.map(Json)
}

/// Every version of a track's rule: what it captured from when to when.
#[utoipa::path(
    get, path = "/api/v1/tracks/{id}/rules", tag = "tracks", params(("id" = String, Path, description = "The track's number")),
    responses((status = 200, body = RuleVersions))
)]
pub(crate) async fn list_rule_versions(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<RuleVersions>, ApiError> {
    let id = parse_id(&id)?;
    let rules = app.site.store().rule_versions(id).await?;
    if rules.is_empty() {
        return Err(ApiError::not_found(format!("track {id}")));
    }
    Ok(Json(RuleVersions { rules }))
}

/// Changes a track: all of it is given again.
#[utoipa::path(
    put, path = "/api/v1/tracks/{id}", tag = "tracks", params(("id" = String, Path, description = "The track's number")),
    request_body = TrackDraft, responses((status = 200, body = TrackView))
)]
pub(crate) async fn update_track(
    State(app): State<App>,
    Path(id): Path<String>,
    JsonBody(draft): JsonBody<TrackDraft>,
) -> Result<Json<TrackView>, ApiError> {
    update(&app.site, parse_id(&id)?, draft).await.map(Json)
}

/// Removes a track with its captures; posts that nothing else holds go with them.
#[utoipa::path(
    delete, path = "/api/v1/tracks/{id}", tag = "tracks", params(("id" = String, Path, description = "The track's number")),
    responses((status = 204, description = "Removed"))
)]
pub(crate) async fn delete_track(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    remove(&app.site, parse_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Stops capturing for a while.
#[utoipa::path(
    post, path = "/api/v1/tracks/{id}/pause", tag = "tracks", params(("id" = String, Path, description = "The track's number")),
    responses((status = 200, body = TrackView))
)]
pub(crate) async fn pause_track(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<TrackView>, ApiError> {
    set_paused(&app.site, parse_id(&id)?, true).await.map(Json)
}

/// Captures again.
#[utoipa::path(
    post, path = "/api/v1/tracks/{id}/resume", tag = "tracks", params(("id" = String, Path, description = "The track's number")),
    responses((status = 200, body = TrackView))
)]
pub(crate) async fn resume_track(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<TrackView>, ApiError> {
    set_paused(&app.site, parse_id(&id)?, false).await.map(Json)
}

/// Begins to look through everything kept for what the rule would have caught; while one runs, says how it is getting on.
#[utoipa::path(
    post, path = "/api/v1/tracks/{id}/backfill", tag = "tracks", params(("id" = String, Path, description = "The track's number")),
    responses((status = 202, body = BackfillView))
)]
pub(crate) async fn start_backfill(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<BackfillView>), ApiError> {
    let backfill = backfill(&app.site, parse_id(&id)?).await?;
    Ok((StatusCode::ACCEPTED, Json(backfill)))
}

/// How a track's backfill is getting on, if it runs or ended in this run of the program.
#[utoipa::path(
    get, path = "/api/v1/tracks/{id}/backfill", tag = "tracks", params(("id" = String, Path, description = "The track's number")),
    responses((status = 200, body = BackfillView), (status = 404, description = "None was started"))
)]
pub(crate) async fn find_backfill(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<BackfillView>, ApiError> {
    let id = parse_id(&id)?;
    let found = app
        .site
        .engine
        .backfills()
        .into_iter()
        .find(|backfill| backfill.track == id);
    let found =
        found.ok_or_else(|| ApiError::not_found(format!("backfill of track {id} in this run")))?;
    Ok(Json(found.into()))
}

/// A track's number as it stands in an address.
pub(crate) fn parse_id(text: &str) -> Result<TrackId, ApiError> {
    params::parse_id(text)
        .map(TrackId)
        .ok_or_else(|| ApiError::not_found_named("track", text))
}

/// All tracks with their counts, by number.
pub(crate) async fn all_tracks(site: &Site) -> Result<Vec<TrackView>, ApiError> {
    let captures = site.store().captures().await?;
    let captures: HashMap<TrackId, CaptureCounts> = captures
        .into_iter()
        .map(|counts| (counts.track, counts))
        .collect();
    let tracks = site.store().tracks().await?.into_iter();
    let views = tracks.map(|track| {
        let caught = captures.get(&track.id);
        view(site, track, caught)
    });
    Ok(views.collect())
}

/// One track with its counts.
pub(crate) async fn track(site: &Site, id: TrackId) -> Result<TrackView, ApiError> {
    let track = stored(site, id).await?;
    with_counts(site, track).await
}

async fn with_counts(site: &Site, track: Track) -> Result<TrackView, ApiError> {
    let captures = site.store().captures().await?;
    let caught = captures.iter().find(|counts| counts.track == track.id);
    Ok(view(site, track, caught))
}

async fn stored(site: &Site, id: TrackId) -> Result<Track, ApiError> {
    let found = site
        .store()
        .tracks()
        .await?
        .into_iter()
        .find(|track| track.id == id);
    found.ok_or_else(|| ApiError::not_found(format!("track {id}")))
}

fn view(site: &Site, track: Track, caught: Option<&CaptureCounts>) -> TrackView {
    let parsed = Rule::parse(&track.draft.rule);
    TrackView {
        active: track.draft.is_active(site.now()) && parsed.is_ok(),
        captures: caught.map_or(0, |counts| counts.captures),
        backfilled: caught.map_or(0, |counts| counts.backfilled),
        last_at: caught.and_then(|counts| counts.last_at),
        explanation: parsed
            .as_ref()
            .map_or_else(|_| String::new(), Rule::explain),
        problem: parsed
            .err()
            .map(|error| RuleProblem::new(&track.draft.rule, &error)),
        track,
    }
}

/// Makes a track, and has it captured at once.
pub(crate) async fn create(site: &Site, draft: TrackDraft) -> Result<TrackView, ApiError> {
    let draft = checked(draft)?;
    if site.store().tracks().await?.len() >= MOST_TRACKS {
        return Err(ApiError::conflict(format!(
            "There are {MOST_TRACKS} tracks already, which is the most."
        )));
    }
    let track = site.store().create_track(&draft, site.now()).await?;
    taken_up(site, track).await
}

/// Changes a track.
pub(crate) async fn update(
    site: &Site,
    id: TrackId,
    draft: TrackDraft,
) -> Result<TrackView, ApiError> {
    let track = site
        .store()
        .update_track(id, &checked(draft)?, site.now())
        .await?;
    taken_up(site, track).await
}

/// Pauses or resumes a track.
pub(crate) async fn set_paused(
    site: &Site,
    id: TrackId,
    paused: bool,
) -> Result<TrackView, ApiError> {
    let draft = TrackDraft {
        paused,
        ..stored(site, id).await?.draft
    };
    let track = site.store().update_track(id, &draft, site.now()).await?;
    taken_up(site, track).await
}

/// Removes a track.
pub(crate) async fn remove(site: &Site, id: TrackId) -> Result<(), ApiError> {
    site.store().remove_track(id, site.now()).await?;
    site.engine.take_up_tracks().await?;
    Ok(())
}

/// Begins a backfill.
pub(crate) async fn backfill(site: &Site, id: TrackId) -> Result<BackfillView, ApiError> {
    let track = stored(site, id).await?;
    Rule::parse(&track.draft.rule).map_err(|error| ApiError::bad_rule(&error))?;
    let started = site
        .engine
        .start_backfill(id)
        .await
        .map_err(|error| match error {
            StoreError::NotFound(_) => ApiError::busy("changes of tracks"),
            other => other.into(),
        })?;
    Ok(started.into())
}

/// The engine looks for changes several times a second; doing it now spares the person that wait.
async fn taken_up(site: &Site, track: Track) -> Result<TrackView, ApiError> {
    site.engine.take_up_tracks().await?;
    with_counts(site, track).await
}

/// A draft that may be saved, as far as it alone says.
pub(crate) fn checked(draft: TrackDraft) -> Result<TrackDraft, ApiError> {
    let name = draft.name.trim().to_owned();
    if name.is_empty()
        || name.chars().count() > MAX_NAME_CHARS
        || name.chars().any(char::is_control)
    {
        let expected =
            format!("expected 1 to {MAX_NAME_CHARS} characters, and no control characters");
        return Err(ApiError::bad_parameter("name", expected));
    }
    if draft
        .start
        .zip(draft.end)
        .is_some_and(|(start, end)| end <= start)
    {
        return Err(ApiError::bad_parameter(
            "end",
            "expected a time after the start",
        ));
    }
    if draft
        .retention_seconds
        .is_some_and(|seconds| !(1..=MOST_RETENTION_SECONDS).contains(&seconds))
    {
        return Err(ApiError::bad_parameter(
            "retention_seconds",
            format_args!("expected 1 to {MOST_RETENTION_SECONDS}, or null to keep for ever"),
        ));
    }
    let allowed = TrackDraft::PRIORITIES;
    if !allowed.contains(&draft.priority) {
        let (least, most) = (allowed.start(), allowed.end());
        let expected = format_args!("expected {least} to {most}");
        return Err(ApiError::bad_parameter("priority", expected));
    }
    if draft.sources.len() > MOST_SOURCES {
        return Err(ApiError::bad_parameter(
            "sources",
            format_args!("expected at most {MOST_SOURCES}"),
        ));
    }
    Rule::parse(&draft.rule).map_err(|error| ApiError::bad_rule(&error))?;
    Ok(TrackDraft { name, ..draft })
}
