//! Files of posts, streamed: a page of posts in memory, whatever is exported.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bowerbird_core::export::{Export, Format};
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::OwnedSemaphorePermit;

use crate::error::ApiError;
use crate::params::{FILTERS, Params, PostFilters, post_query};
use crate::site::{App, Site};

/// Posts as JSON lines, oldest first.
#[utoipa::path(
    get, path = "/api/v1/export.jsonl", tag = "posts", params(PostFilters),
    responses((status = 200, description = "One post a line, as in /api/v1/posts; cut off without an end if it fails", content_type = "application/jsonl"))
)]
pub(crate) async fn export_jsonl(
    State(app): State<App>,
    params: Params,
) -> Result<Response, ApiError> {
    export(&app.site, &params, Format::Jsonl).await
}

/// Posts for a spreadsheet, oldest first.
#[utoipa::path(
    get, path = "/api/v1/export.csv", tag = "posts", params(PostFilters),
    responses((status = 200, description = "UTF-8 with a byte order mark, a line of names, a line for each post; cut off without an end if it fails", content_type = "text/csv"))
)]
pub(crate) async fn export_csv(
    State(app): State<App>,
    params: Params,
) -> Result<Response, ApiError> {
    export(&app.site, &params, Format::Csv).await
}

async fn export(site: &Arc<Site>, params: &Params, format: Format) -> Result<Response, ApiError> {
    params.only(&[&FILTERS])?;
    let query = post_query(params)?;
    let permit = Arc::clone(&site.exports)
        .try_acquire_owned()
        .map_err(|_| ApiError::busy("exports"))?;
    let (ending, content_type) = match format {
        Format::Jsonl => ("jsonl", "application/jsonl"),
        Format::Csv => ("csv", "text/csv; charset=utf-8; header=present"),
    };
    let what = match query.track {
        Some(track) => format!("track-{track}"),
        None => "posts".to_owned(),
    };
    let file = format!("attachment; filename=\"bowerbird-{what}.{ending}\"");
    let headers = [
        (header::CONTENT_TYPE, content_type.to_owned()),
        (header::CONTENT_DISPOSITION, file),
    ];
    let mut running = Running {
        site: Arc::clone(site),
        export: Export::new(query, format),
        _permit: permit,
    };
    // The first piece is fetched before the answer begins, so that a question that makes no sense gets a proper error.
    let first = running.next_chunk().await?.unwrap_or_default();
    let rest = stream::unfold(running, |mut running| async move {
        let chunk = running
            .next_chunk()
            .await
            .map_err(|error| std::io::Error::other(error.told.message))
            .transpose()?;
        Some((chunk, running))
    });
    let body = Body::from_stream(stream::StreamExt::chain(stream::iter([Ok(first)]), rest));
    Ok((headers, body).into_response())
}

/// An export while it is read.
struct Running {
    site: Arc<Site>,
    export: Export,
    _permit: OwnedSemaphorePermit,
}

impl Running {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, ApiError> {
        if *self.site.closing().borrow() {
            return Err(ApiError::busy("things to end"));
        }
        let chunk = self.export.next_chunk(self.site.store()).await;
        chunk.map_err(|error| {
            tracing::error!(error.message = %error, "An export was cut off");
            error.into()
        })
    }
}
