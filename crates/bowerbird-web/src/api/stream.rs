//! Endless answers: the live stream of the pages, and `tail` with a rule of its own.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use bowerbird_core::event::with_doc;
use bowerbird_core::hub::{Delivery, LiveEvent, LiveKind, Subscription};
use bowerbird_core::ids::{SourceName, TrackId};
use bowerbird_core::record::{Content, Record};
use bowerbird_core::rules::Rule;
use bowerbird_core::view::{CaptureView, PostView};
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::{OwnedSemaphorePermit, watch};

use crate::error::ApiError;
use crate::live::{self, HEARTBEAT};
use crate::params::Params;
use crate::site::{App, Site, closed};

/// What just happened, as server-sent events: `post`, `edit` (both with a post), `delete` (`{"key"}`), `missed` (`{"missed"}`: so many
/// were not delivered on this stream; the store has them) and `counts`. Each of the first three has an id; a reader that comes back with it in
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
    let tracks: Result<Vec<TrackId>, _> = params.list("tracks").map(str::parse).collect();
    let tracks = tracks.map_err(|_| {
        ApiError::bad_parameter("tracks", "expected numbers of tracks, separated by commas")
    })?;
    let last = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok())
        .and_then(|id| id.trim().parse().ok());
    let after = last.or(params.parsed("after", "the id of an event")?);
    // An id from before everything was begun anew means nothing any more, and must not hold back what comes.
    let next = app.site.parts.spool.size().await?.next;
    let after = after.filter(|after| *after < next);
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

/// Posts that match a rule as they come, one JSON object a line. Empty lines say that the stream is alive; a line `{"missed":n}` says
/// that n events were not delivered.
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
    let tail = Tail {
        subscription: app.site.parts.hub.subscribe(None),
        rule,
        source: params.source("source")?,
        closing: app.site.closing(),
        _permit: reader(&app.site)?,
    };
    let begun = stream::iter([Ok::<_, std::convert::Infallible>(Bytes::from_static(b"\n"))]);
    let lines = stream::unfold(tail, |mut tail| async move {
        let chunk = tail.next_chunk().await?;
        Some((Ok(chunk), tail))
    });
    let body = Body::from_stream(stream::StreamExt::chain(begun, lines));
    Ok(([(header::CONTENT_TYPE, "application/jsonl")], body).into_response())
}

fn reader(site: &Site) -> Result<OwnedSemaphorePermit, ApiError> {
    Arc::clone(&site.live_readers)
        .try_acquire_owned()
        .map_err(|_| ApiError::busy("live readers"))
}

/// One open tail.
struct Tail {
    subscription: Subscription,
    rule: Option<Rule>,
    source: Option<SourceName>,
    closing: watch::Receiver<bool>,
    _permit: OwnedSemaphorePermit,
}

impl Tail {
    async fn next_chunk(&mut self) -> Option<Bytes> {
        loop {
            let delivery = tokio::select! {
                () = closed(&mut self.closing) => return None,
                delivery = self.subscription.next() => delivery?,
                () = tokio::time::sleep(HEARTBEAT) => return Some(Bytes::from_static(b"\n")),
            };
            let line = match delivery {
                Delivery::Missed(missed) => Some(format!("{{\"missed\":{missed}}}").into_bytes()),
                Delivery::Event(event) => self.line(&event),
            };
            if let Some(mut line) = line {
                line.push(b'\n');
                return Some(line.into());
            }
        }
    }

    /// The event as a line, if it is a post that is wanted.
    fn line(&self, event: &LiveEvent) -> Option<Vec<u8>> {
        if event.kind == LiveKind::Delete {
            return None;
        }
        let record = Record::decode(&event.record).ok()?;
        let Content::Event {
            event: happened,
            captures,
            ..
        } = &record.content
        else {
            return None;
        };
        let (post, source) = (happened.post()?, SourceName::parse(&record.source).ok()?);
        if self.source.as_ref().is_some_and(|wanted| *wanted != source) {
            return None;
        }
        let marks = with_doc(&happened.id.id, post, |doc| match &self.rule {
            Some(rule) => rule.matches(doc).then(|| rule.highlights(doc)),
            None => Some(Vec::new()),
        })?;
        let mut view = PostView::new(&source, record.received_at, &happened.id, post);
        view.captures = captures.iter().map(CaptureView::live).collect();
        view.mark(&marks);
        serde_json::to_vec(&view).ok()
    }
}
