//! Endless answers: the live stream of the pages, and `tail` with a rule of its own.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use bowerbird_core::hub::{Passed, Passing};
use bowerbird_core::rules::Rule;
use bowerbird_core::sink::Sink;
use bowerbird_core::sink::lines::{JsonLines, LinesFilter};
use bowerbird_core::spool::Leased;
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, Interval, interval_at};

use crate::error::ApiError;
use crate::live::{self, CHUNK_BYTES, HEARTBEAT};
use crate::params::Params;
use crate::site::{App, Site, closed};

/// What just happened, as server-sent events: `post`, `edit` (both with a post), `delete` (`{"key"}`), `gone` (`{"author", "status"}`:
/// an account with all its posts; `author` is `service/id`), `missed` (`{"missed"}`: so many
/// were not delivered on this stream; the store has them) and `counts`. Each of the first four has an id; a reader that comes back with it in
/// `Last-Event-ID` or `after` gets what it missed, as far as it is still in memory.
#[utoipa::path(
    get, path = "/api/v1/live", tag = "live",
    params(
        ("tracks" = Option<String>, Query, description = "Numbers of tracks, separated by commas; everything if not given"),
        ("after" = Option<String>, Query, description = "The last event's id; the header Last-Event-ID wins"),
        ("last-event-id" = Option<String>, Header, description = "The last event's id")
    ),
    responses((status = 200, description = "Server-sent events", content_type = "text/event-stream"), (status = 503, description = "Too many live readers"))
)]
pub(crate) async fn live(
    State(app): State<App>,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, ApiError> {
    params.only(&[&["tracks", "after"]])?;
    let tracks = params.tracks("tracks")?;
    let last = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok())
        .and_then(|id| id.trim().parse().ok());
    let after = last.or(params.parsed("after", "the id of an event")?);
    let body = live::events(&app.site, tracks, after, reader(&app.site)?);
    Ok((
        [
            (header::CONTENT_TYPE, "text/event-stream"),
            (header::CACHE_CONTROL, "no-store"),
        ],
        body,
    )
        .into_response())
}

/// Posts that match a rule as they come, one JSON object a line; without a rule every post, a line `{"deleted":"service/id"}` for each
/// that is deleted, and `{"gone":"service/id"}` for each account that is gone with all its posts. Empty lines say that the stream is alive; a line `{"missed":n}` says that n events were not delivered.
#[utoipa::path(
    get, path = "/api/v1/tail", tag = "live",
    params(
        ("rule" = Option<String>, Query, description = "The rule; everything if not given"),
        ("source" = Option<String>, Query, description = "Only what comes through this source")
    ),
    responses((status = 200, description = "Posts, one a line", content_type = "application/jsonl"), (status = 422, description = "The rule does not parse"))
)]
pub(crate) async fn tail(State(app): State<App>, params: Params) -> Result<Response, ApiError> {
    params.only(&[&["rule", "source"]])?;
    let rule = params
        .get("rule")
        .map(Rule::parse)
        .transpose()
        .map_err(|error| ApiError::bad_rule(&error))?;
    let source = params.source("source")?;
    let tail = Tail {
        passing: app.site.parts.hub.passing(),
        // An empty line at once, so that whoever asked knows that it listens.
        lines: JsonLines::new(b"\n".to_vec(), LinesFilter { rule, source }),
        heartbeat: interval_at(Instant::now() + HEARTBEAT, HEARTBEAT),
        closing: app.site.closing(),
        _permit: reader(&app.site)?,
    };
    let body = Body::from_stream(stream::unfold(tail, |mut tail| async move {
        let chunk = tail.next_chunk().await?;
        Some((Ok::<_, std::convert::Infallible>(chunk), tail))
    }));
    Ok(([(header::CONTENT_TYPE, "application/jsonl")], body).into_response())
}

fn reader(site: &Site) -> Result<OwnedSemaphorePermit, ApiError> {
    Arc::clone(&site.live_readers)
        .try_acquire_owned()
        .map_err(|_| ApiError::busy("live readers"))
}

/// One open tail: a sink whose writer is the answer.
struct Tail {
    passing: Passing,
    lines: JsonLines<Vec<u8>>,
    heartbeat: Interval,
    closing: watch::Receiver<bool>,
    _permit: OwnedSemaphorePermit,
}

impl Tail {
    async fn next_chunk(&mut self) -> Option<Bytes> {
        while self.lines.get_mut().is_empty() {
            tokio::select! {
                () = closed(&mut self.closing) => return None,
                passed = self.passing.next() => self.take(passed?).await,
                _ = self.heartbeat.tick() => self.lines.get_mut().push(b'\n'),
            }
            while self.lines.get_mut().len() < CHUNK_BYTES
                && let Some(passed) = self.passing.try_next()
            {
                self.take(passed).await;
            }
        }
        self.heartbeat.reset();
        Some(std::mem::take(self.lines.get_mut()).into())
    }

    async fn take(&mut self, passed: Passed) {
        match passed {
            Passed::Missed(missed) => {
                let told = format!("{{\"missed\":{missed}}}\n");
                self.lines.get_mut().extend_from_slice(told.as_bytes());
            }
            Passed::Record { offset, bytes } => {
                let record = Leased {
                    offset,
                    attempts: 0,
                    bytes,
                };
                // Memory takes every line; what can't be read is buried by the lane that keeps it, and told of there.
                if let Err(error) = self.lines.write(&[record]).await {
                    tracing::warn!(error.message = %error, "A record was left out of a tail");
                }
            }
        }
    }
}
