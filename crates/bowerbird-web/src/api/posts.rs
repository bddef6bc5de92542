//! Kept posts: find them, read one, see its bytes; and the newest, from memory.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bowerbird_core::hub::LiveEvent;
use bowerbird_core::store::Page;
use bowerbird_core::view::PostView;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::params::{FILTERS, Params, PostFilters, post_query};
use crate::site::App;

/// The most posts from memory in one answer.
const MOST_RECENT: usize = 200;

/// One page of posts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PostPage {
    /// The posts.
    items: Vec<PostView>,
    /// What to pass as `after` for the next page; `null` at the end.
    next: Option<String>,
}

/// The newest posts, from memory.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecentPosts {
    /// Newest first.
    #[schema(value_type = Vec<PostView>)]
    items: Vec<Box<RawValue>>,
    /// From where a live stream goes on: pass it as `after`; `null` if nothing has come yet.
    after: Option<String>,
}

/// Finds kept posts, a page at a time: no post twice and none skipped, whatever comes in meanwhile.
#[utoipa::path(
    get, path = "/api/v1/posts", tag = "posts",
    params(
        PostFilters,
        ("order" = Option<String>, Query, description = "`newest` received first (if not given), `oldest`, or `rank`: best fit of the text"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
        ("limit" = Option<usize>, Query, description = "Posts a page, 1 to 1000; 50 if not given")
    ),
    responses((status = 200, body = PostPage))
)]
pub(crate) async fn search_posts(
    State(app): State<App>,
    params: Params,
) -> Result<Json<PostPage>, ApiError> {
    params.only(&[&FILTERS, &["order", "after", "limit"]])?;
    let Page { items, next } = app.site.store().search(&post_query(&params)?).await?;
    Ok(Json(PostPage { items, next }))
}

/// One post.
#[utoipa::path(
    get, path = "/api/v1/posts/{service}/{id}", tag = "posts",
    params(("service" = String, Path, description = "The service"), ("id" = String, Path, description = "The service's id, percent-encoded")),
    responses((status = 200, body = PostView))
)]
pub(crate) async fn find_post(
    State(app): State<App>,
    Path((service, id)): Path<(String, String)>,
) -> Result<Json<PostView>, ApiError> {
    let found = app.site.store().post(&service, &id).await?;
    found
        .map(Json)
        .ok_or_else(|| ApiError::not_found("such post here"))
}

/// One post's bytes as they came.
#[utoipa::path(
    get, path = "/api/v1/posts/{service}/{id}/raw", tag = "posts",
    params(("service" = String, Path, description = "The service"), ("id" = String, Path, description = "The service's id, percent-encoded")),
    responses((status = 200, description = "The frame it came in", content_type = "application/octet-stream"), (status = 404, description = "Unknown, deleted, or known only from inside another post"))
)]
pub(crate) async fn find_raw(
    State(app): State<App>,
    Path((service, id)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let found = app.site.store().raw(&service, &id).await?;
    let bytes = found.ok_or_else(|| ApiError::not_found("such post with bytes of its own here"))?;
    Ok(raw_response(bytes))
}

/// Bytes from outside are never anything that a browser would show.
pub(crate) fn raw_response(bytes: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"raw.txt\"",
        ),
    ];
    (headers, bytes).into_response()
}

/// The newest posts of this run, marked with what their tracks matched.
#[utoipa::path(
    get, path = "/api/v1/recent", tag = "live",
    params(
        ("track" = Option<String>, Query, description = "Caught by the track with this number"),
        ("limit" = Option<usize>, Query, description = "How many, 1 to 200; 50 if not given")
    ),
    responses((status = 200, body = RecentPosts))
)]
pub(crate) async fn list_recent(
    State(app): State<App>,
    params: Params,
) -> Result<Json<RecentPosts>, ApiError> {
    params.only(&[&["track", "limit"]])?;
    let most = params.number("limit", 50, MOST_RECENT)?;
    let events = app
        .site
        .parts
        .hub
        .recent_posts(params.track("track")?, most);
    let items = events
        .iter()
        .map(|event| json(event))
        .collect::<Result<_, _>>()?;
    Ok(Json(RecentPosts {
        items,
        after: events.first().map(|event| event.offset.to_string()),
    }))
}

fn json(event: &LiveEvent) -> Result<Box<RawValue>, ApiError> {
    serde_json::from_slice(&event.json).map_err(ApiError::internal)
}
