//! Files of posts, streamed: a page of posts in memory, whatever is exported.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bowerbird_core::counts::{Counts, counts};
use bowerbird_core::export::{Archive, Circumstances, Export, Format};
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

/// Ids of posts, oldest first.
#[utoipa::path(
    get, path = "/api/v1/export.ids", tag = "posts", params(PostFilters),
    responses((status = 200, description = "A line for each post: its service, a blank, its id; cut off without an end if it fails", content_type = "text/plain"))
)]
pub(crate) async fn export_ids(
    State(app): State<App>,
    params: Params,
) -> Result<Response, ApiError> {
    export(&app.site, &params, Format::Ids).await
}

/// Posts in a folder that says what it holds: files of posts, README.md, manifest.json, SHA256SUMS.
#[utoipa::path(
    get, path = "/api/v1/export.zip", tag = "posts",
    params(PostFilters, ("format" = Option<String>, Query, description = "What stands in the files of posts: `jsonl` (if not given), `csv` or `ids`")),
    responses((status = 200, description = "A ZIP of one folder, as docs/exports.md describes it; cut off without an end if it fails", content_type = "application/zip"))
)]
pub(crate) async fn export_zip(
    State(app): State<App>,
    params: Params,
) -> Result<Response, ApiError> {
    params.only(&[&FILTERS, &["format"]])?;
    let query = post_query(&params)?;
    let format = match params.get("format") {
        None => Format::Jsonl,
        Some(name) => format_named(name)?,
    };
    let site = &app.site;
    let permit = permit(site)?;
    let made_at = site.now();
    let sources = counts(site.parts.spool.as_ref(), site.store()).await?;
    let circumstances = Circumstances {
        made_at,
        version: site.options.version,
        waiting: Counts::total(sources.values()).waiting,
    };
    let archive = Archive::begin(site.store(), query, format, circumstances).await?;
    let file = format!("{}.zip", archive.name());
    let writing = Writing::Folder(Box::new(archive));
    stream_out(site, permit, writing, "application/zip", &file).await
}

fn format_named(name: &str) -> Result<Format, ApiError> {
    let found = Format::ALL.into_iter().find(|format| format.name() == name);
    found.ok_or_else(|| {
        let names = Format::ALL.map(Format::name).join(", ");
        ApiError::bad_parameter("format", format_args!("expected one of {names}"))
    })
}

async fn export(site: &Arc<Site>, params: &Params, format: Format) -> Result<Response, ApiError> {
    params.only(&[&FILTERS])?;
    let query = post_query(params)?;
    let permit = permit(site)?;
    let content_type = match format {
        Format::Jsonl => "application/jsonl",
        Format::Csv => "text/csv; charset=utf-8; header=present",
        Format::Ids => "text/plain; charset=utf-8",
    };
    let what = match query.track {
        Some(track) => format!("track-{track}"),
        None => "posts".to_owned(),
    };
    let ids = if format == Format::Ids { "-ids" } else { "" };
    let file = format!("bowerbird-{what}{ids}.{}", format.ending());
    let writing = Writing::File(Box::new(Export::new(query, format)));
    stream_out(site, permit, writing, content_type, &file).await
}

fn permit(site: &Arc<Site>) -> Result<OwnedSemaphorePermit, ApiError> {
    Arc::clone(&site.exports)
        .try_acquire_owned()
        .map_err(|_| ApiError::busy("exports"))
}

async fn stream_out(
    site: &Arc<Site>,
    permit: OwnedSemaphorePermit,
    writing: Writing,
    content_type: &str,
    file: &str,
) -> Result<Response, ApiError> {
    let headers = [
        (header::CONTENT_TYPE, content_type.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{file}\""),
        ),
    ];
    let mut running = Running {
        site: Arc::clone(site),
        writing,
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

/// What is written.
enum Writing {
    /// One file.
    File(Box<Export>),
    /// A folder.
    Folder(Box<Archive>),
}

/// An export while it is read.
struct Running {
    site: Arc<Site>,
    writing: Writing,
    _permit: OwnedSemaphorePermit,
}

impl Running {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, ApiError> {
        if *self.site.closing().borrow() {
            return Err(ApiError::busy("things to end"));
        }
        let store = self.site.store();
        let chunk = match &mut self.writing {
            Writing::File(file) => file.next_chunk(store).await,
            Writing::Folder(folder) => folder.next_chunk(store).await,
        };
        chunk.map_err(|error| {
            tracing::error!(error.message = %error, "An export was cut off");
            error.into()
        })
    }
}
