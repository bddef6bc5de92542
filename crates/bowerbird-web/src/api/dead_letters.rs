//! What could not be handled: look at it, try it again, drop it.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use bowerbird_core::store::DeadLetter;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::posts::raw_response;
use crate::error::ApiError;
use crate::params::{JsonBody, Params, parse_id};
use crate::site::{App, Site};

/// The most dead letters in one answer, and in one request.
const MOST: usize = 1_000;

/// Dead letters.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadLetters {
    /// Newest first.
    pub(crate) dead_letters: Vec<DeadLetter>,
    /// What to pass as `before` for the next ones; `null` at the end.
    pub(crate) next: Option<String>,
}

/// Which dead letters.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ids {
    /// Their numbers, 1 to 1000 of them.
    ids: Vec<String>,
}

/// What became of a retry.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Retried {
    /// Those that went through again, and are dead letters no more.
    pub(crate) delivered: Vec<String>,
    /// Those that did not, and why.
    pub(crate) failed: Vec<NotRetried>,
}

/// One that did not go through.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NotRetried {
    /// Its number.
    pub(crate) id: String,
    /// Why.
    pub(crate) reason: String,
}

/// What became of dropping.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Dropped {
    /// How many there were and are no more.
    pub(crate) dropped: u64,
}

/// Dead letters, newest first.
#[utoipa::path(
    get, path = "/api/v1/dead-letters", tag = "status",
    params(
        ("before" = Option<String>, Query, description = "`next` of the answer before"),
        ("limit" = Option<usize>, Query, description = "How many, 1 to 1000; 50 if not given")
    ),
    responses((status = 200, body = DeadLetters))
)]
pub(crate) async fn list_dead_letters(
    State(app): State<App>,
    params: Params,
) -> Result<Json<DeadLetters>, ApiError> {
    params.only(&[&["before", "limit"]])?;
    let before = params.parsed("before", "a dead letter's number")?;
    list(&app.site, before, params.number("limit", 50, MOST)?)
        .await
        .map(Json)
}

/// Some dead letters, newest first.
pub(crate) async fn list(
    site: &Site,
    before: Option<u64>,
    most: usize,
) -> Result<DeadLetters, ApiError> {
    // One more tells whether there are more: a page that is just full may be the last.
    let mut dead_letters = site.store().dead_letters(before, most + 1).await?;
    let goes_on = dead_letters.len() > most;
    dead_letters.truncate(most);
    let last = dead_letters.last().filter(|_| goes_on);
    let next = last.map(|last| last.id.to_string());
    Ok(DeadLetters { dead_letters, next })
}

/// One dead letter.
#[utoipa::path(
    get, path = "/api/v1/dead-letters/{id}", tag = "status", params(("id" = String, Path, description = "Its number")),
    responses((status = 200, body = DeadLetter))
)]
pub(crate) async fn find_dead_letter(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<DeadLetter>, ApiError> {
    Ok(Json(found(&app.site, &id).await?.0))
}

/// One dead letter's bytes.
#[utoipa::path(
    get, path = "/api/v1/dead-letters/{id}/raw", tag = "status", params(("id" = String, Path, description = "Its number")),
    responses((status = 200, description = "The bytes as they came; a record of ours if a lane buried it", content_type = "application/octet-stream"))
)]
pub(crate) async fn find_dead_letter_raw(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    Ok(raw_response(found(&app.site, &id).await?.1))
}

/// Sends dead letters through again, as if they had just come.
#[utoipa::path(post, path = "/api/v1/dead-letters/retry", tag = "status", request_body = Ids, responses((status = 200, body = Retried)))]
pub(crate) async fn retry_dead_letters(
    State(app): State<App>,
    JsonBody(asked): JsonBody<Ids>,
) -> Result<Json<Retried>, ApiError> {
    retry(&app.site, &numbers(&asked.ids)?).await.map(Json)
}

/// Removes dead letters for good.
#[utoipa::path(post, path = "/api/v1/dead-letters/drop", tag = "status", request_body = Ids, responses((status = 200, body = Dropped)))]
pub(crate) async fn drop_dead_letters(
    State(app): State<App>,
    JsonBody(asked): JsonBody<Ids>,
) -> Result<Json<Dropped>, ApiError> {
    let dropped = app
        .site
        .store()
        .drop_dead_letters(&numbers(&asked.ids)?)
        .await?;
    Ok(Json(Dropped { dropped }))
}

/// Tries each again; one that fails does not keep the others back.
pub(crate) async fn retry(site: &Site, ids: &[u64]) -> Result<Retried, ApiError> {
    let mut retried = Retried {
        delivered: Vec::new(),
        failed: Vec::new(),
    };
    for id in ids {
        match site.engine.redeliver(*id).await.map_err(ApiError::from) {
            Ok(()) => retried.delivered.push(id.to_string()),
            Err(error) if error.cause.is_some() => return Err(error),
            Err(error) => retried.failed.push(NotRetried {
                id: id.to_string(),
                reason: error.told.message,
            }),
        }
    }
    Ok(retried)
}

fn numbers(ids: &[String]) -> Result<Vec<u64>, ApiError> {
    if !(1..=MOST).contains(&ids.len()) {
        return Err(ApiError::bad_parameter(
            "ids",
            format_args!("expected 1 to {MOST} numbers"),
        ));
    }
    let numbers: Option<Vec<u64>> = ids.iter().map(|id| parse_id(id)).collect();
    numbers.ok_or_else(|| {
        ApiError::bad_parameter("ids", "expected numbers of dead letters, as in [\"12\"]")
    })
}

async fn found(site: &Site, id: &str) -> Result<(DeadLetter, Vec<u8>), ApiError> {
    let missing = || ApiError::not_found_named("dead letter", id);
    let number = parse_id(id).ok_or_else(missing)?;
    site.store().dead_letter(number).await?.ok_or_else(missing)
}
