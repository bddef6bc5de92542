//! The API: every number and action, under `/api/v1`.
//!
//! Shapes of core types are given as they are; answers that are lists come as an object with one named list, so that more can be said later.
//! The description in `openapi.json` is generated from the handlers and compared with the file by a test.

use axum::Router;
use axum::routing::{get, post, put};
use utoipa::openapi::{ContentBuilder, RefOr, ResponseBuilder};
use utoipa::{Modify, OpenApi};

use crate::error::ApiError;
use crate::site::App;

pub(crate) mod account;
pub(crate) mod bill;
pub(crate) mod chart;
pub(crate) mod completeness;
pub(crate) mod counts;
pub(crate) mod dead_letters;
pub(crate) mod export;
pub(crate) mod gaps;
pub(crate) mod plan;
pub(crate) mod posts;
pub(crate) mod rules;
pub(crate) mod spool;
pub(crate) mod status;
pub(crate) mod stream;
pub(crate) mod tracks;
pub(crate) mod upkeep;

/// The API's routes; each is described beside its handler and listed in [`Document`].
pub(crate) fn routes() -> Router<App> {
    let v1 = Router::new()
        .route("/openapi.json", get(openapi))
        .route("/status", get(status::find_status))
        .route("/counts", get(status::find_counts))
        .route("/gaps", get(gaps::list_gaps))
        .route("/gaps/{id}", get(gaps::find_gap))
        .route("/gaps/{id}/repair", post(gaps::repair_gap))
        .route("/bill", get(bill::find_bill))
        .route(
            "/tracks",
            get(tracks::list_tracks).post(tracks::create_track),
        )
        .route(
            "/tracks/{id}",
            get(tracks::find_track)
                .put(tracks::update_track)
                .delete(tracks::delete_track),
        )
        .route("/tracks/{id}/rules", get(tracks::list_rule_versions))
        .route(
            "/tracks/{id}/completeness",
            get(completeness::find_completeness),
        )
        .route("/tracks/{id}/pause", post(tracks::pause_track))
        .route("/tracks/{id}/resume", post(tracks::resume_track))
        .route(
            "/tracks/{id}/backfill",
            get(tracks::find_backfill).post(tracks::start_backfill),
        )
        .route("/plan", get(plan::find_plan).post(plan::try_plan))
        .route("/rules/check", post(rules::check_rule))
        .route("/rules/counts", post(counts::count_rule))
        .route("/posts", get(posts::search_posts))
        .route("/posts/{service}/{id}", get(posts::find_post))
        .route("/posts/{service}/{id}/raw", get(posts::find_raw))
        .route("/recent", get(posts::list_recent))
        .route("/chart", get(chart::find_chart))
        .route("/export.jsonl", get(export::export_jsonl))
        .route("/export.csv", get(export::export_csv))
        .route("/export.ids", get(export::export_ids))
        .route("/export.zip", get(export::export_zip))
        .route("/live", get(stream::live))
        .route("/tail", get(stream::tail))
        .route("/dead-letters", get(dead_letters::list_dead_letters))
        .route(
            "/dead-letters/retry",
            post(dead_letters::retry_dead_letters),
        )
        .route("/dead-letters/drop", post(dead_letters::drop_dead_letters))
        .route("/dead-letters/{id}", get(dead_letters::find_dead_letter))
        .route(
            "/dead-letters/{id}/raw",
            get(dead_letters::find_dead_letter_raw),
        )
        .route("/spool", get(spool::find_spool))
        .route("/spool/records", get(spool::peek_records))
        .route("/store", get(upkeep::find_store))
        .route("/store/backup", post(upkeep::back_up))
        .route("/session", get(account::find_session))
        .route("/login", post(account::login))
        .route("/logout", post(account::logout))
        .route("/users", get(account::list_users))
        .route("/users/{name}/password", put(account::set_password))
        .method_not_allowed_fallback(|| async { ApiError::method_not_allowed() })
        .fallback(|| async {
            ApiError::not_found("such address; /api/v1/openapi.json lists them")
        });
    Router::new().nest("/api/v1", v1)
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Bowerbird", description = "Capture social streams by rules; keep, watch, search and export them."),
    paths(
        openapi,
        status::find_status, status::find_counts, bill::find_bill,
        gaps::list_gaps, gaps::find_gap, gaps::repair_gap, completeness::find_completeness,
        tracks::list_tracks, tracks::create_track, tracks::find_track, tracks::list_rule_versions, tracks::update_track, tracks::delete_track,
        tracks::pause_track, tracks::resume_track, tracks::find_backfill, tracks::start_backfill,
        rules::check_rule, counts::count_rule, plan::find_plan, plan::try_plan,
        posts::search_posts, posts::find_post, posts::find_raw, posts::list_recent,
        chart::find_chart, export::export_jsonl, export::export_csv, export::export_ids, export::export_zip, stream::live, stream::tail,
        dead_letters::list_dead_letters, dead_letters::find_dead_letter, dead_letters::find_dead_letter_raw,
        dead_letters::retry_dead_letters, dead_letters::drop_dead_letters,
        spool::find_spool, spool::peek_records, upkeep::find_store, upkeep::back_up,
        account::find_session, account::login, account::logout, account::list_users, account::set_password,
    ),
    components(schemas(crate::error::ErrorBody, crate::tally::LiveCounts)),
    modifiers(&Errors)
)]
struct Document;

/// Every operation may answer with an error, always of the same shape.
struct Errors;

impl Modify for Errors {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let content = ContentBuilder::new()
            .schema(Some(utoipa::openapi::Ref::from_schema_name("Error")))
            .build();
        let error = ResponseBuilder::new()
            .description("What went wrong, for programs and for people")
            .content("application/json", content)
            .build();
        for item in document.paths.paths.values_mut() {
            let operations = [
                &mut item.get,
                &mut item.post,
                &mut item.put,
                &mut item.delete,
            ]
            .into_iter()
            .filter_map(Option::as_mut);
            for operation in operations {
                operation
                    .responses
                    .responses
                    .insert("default".to_owned(), RefOr::T(error.clone()));
            }
        }
    }
}

/// The API's description as JSON, as it stands in the repository's `openapi.json`.
pub(crate) fn openapi_json() -> String {
    let mut text = Document::openapi()
        .to_pretty_json()
        .expect("a description has string keys only");
    text.push('\n');
    text
}

/// This description.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "api", responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json")))]
async fn openapi() -> ([(axum::http::HeaderName, &'static str); 1], String) {
    (
        [(axum::http::header::CONTENT_TYPE, "application/json")],
        openapi_json(),
    )
}

#[cfg(test)]
mod tests;
