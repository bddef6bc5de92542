//! A look into the spool.

use axum::Json;
use axum::extract::State;
use bowerbird_core::event::Body;
use bowerbird_core::ids::TrackId;
use bowerbird_core::record::{Content, Record};
use bowerbird_core::spool::{LaneState, Peeked, SourceState, SpoolSize};
use bowerbird_core::time::Time;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::params::Params;
use crate::site::App;

/// The most records in one answer.
const MOST_RECORDS: usize = 1_000;
/// How much of a text is shown, in characters.
const EXCERPT_CHARS: usize = 200;

/// The spool: how full, whose lanes, which sources.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Spool)]
pub(crate) struct SpoolView {
    /// How full it is.
    size: SpoolSize,
    /// Where each lane stands.
    lanes: Vec<LaneState>,
    /// Every source ever taken.
    sources: Vec<SourceState>,
}

/// Records.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SpoolRecords)]
pub(crate) struct Records {
    /// In order of offset.
    records: Vec<RecordView>,
}

/// One record, for a person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SpoolRecord)]
pub(crate) struct RecordView {
    /// Its place in the spool.
    offset: String,
    /// `post`, `edit`, `delete`, `profile`, `relationship`, `interaction`, `notice`, `refused`, `gap`, `buried`, or `unreadable`.
    kind: &'static str,
    /// The source; empty if unreadable.
    source: String,
    /// When it was received.
    received_at: Option<Time>,
    /// The event's id as `service/id@version`; empty if it is no event.
    event: String,
    /// A post's text or a reason, cut to 200 characters.
    excerpt: String,
    /// The tracks that caught it.
    tracks: Vec<TrackId>,
    /// How many bytes it has.
    bytes: usize,
}

/// The spool: how full, whose lanes, which sources.
#[utoipa::path(get, path = "/api/v1/spool", tag = "spool", responses((status = 200, body = SpoolView)))]
pub(crate) async fn find_spool(State(app): State<App>) -> Result<Json<SpoolView>, ApiError> {
    let spool = app.site.parts.spool.as_ref();
    let (size, lanes) = (spool.size().await?, spool.lanes().await?);
    Ok(Json(SpoolView {
        size,
        lanes,
        sources: spool.sources().await?,
    }))
}

/// Looks at records without taking them.
#[utoipa::path(
    get, path = "/api/v1/spool/records", tag = "spool",
    params(
        ("from" = Option<String>, Query, description = "The first offset; the oldest record if not given"),
        ("limit" = Option<usize>, Query, description = "How many, 1 to 1000; 20 if not given")
    ),
    responses((status = 200, body = Records))
)]
pub(crate) async fn peek_records(
    State(app): State<App>,
    params: Params,
) -> Result<Json<Records>, ApiError> {
    params.only(&[&["from", "limit"]])?;
    let spool = app.site.parts.spool.as_ref();
    let from = match params.parsed("from", "an offset")? {
        Some(from) => from,
        None => spool.size().await?.oldest,
    };
    let records = spool
        .peek(from, params.number("limit", 20, MOST_RECORDS)?)
        .await?;
    Ok(Json(Records {
        records: records.iter().map(view).collect(),
    }))
}

fn view(peeked: &Peeked) -> RecordView {
    let mut view = RecordView {
        offset: peeked.offset.to_string(),
        kind: "unreadable",
        source: String::new(),
        received_at: None,
        event: String::new(),
        excerpt: String::new(),
        tracks: Vec::new(),
        bytes: peeked.bytes.len(),
    };
    let record = match Record::decode(&peeked.bytes) {
        Ok(record) => record,
        Err(error) => {
            view.excerpt = error.to_string();
            return view;
        }
    };
    view.source = record.source.to_string();
    view.received_at = Some(record.received_at);
    let excerpt = |text: &str| text.chars().take(EXCERPT_CHARS).collect();
    match &record.content {
        Content::Event {
            event, captures, ..
        } => {
            view.kind = event_kind(&event.body);
            view.event = event.id.to_string();
            view.excerpt = event
                .post()
                .map_or_else(String::new, |post| excerpt(&post.text));
            view.tracks = captures.iter().map(|caught| caught.track).collect();
        }
        Content::UncaughtEdit { event, .. } => {
            (view.kind, view.event) = (event_kind(&event.body), event.id.to_string());
            view.excerpt = event
                .post()
                .map_or_else(String::new, |post| excerpt(&post.text));
        }
        Content::Refused { reason, .. } => (view.kind, view.excerpt) = ("refused", excerpt(reason)),
        Content::Gap { track, reason, .. } => {
            (view.kind, view.excerpt) = ("gap", excerpt(reason));
            view.tracks = track.iter().copied().collect();
        }
        Content::Charge(charge) => {
            let (n, what) = (charge.calls.len(), charge.what.as_str());
            let cost = charge.price.times(n as u64);
            (view.kind, view.excerpt) = ("charge", format!("{n} × {what}, ${cost} at most"));
        }
        Content::Aliases { aliases, .. } => {
            let told = aliases
                .iter()
                .map(|known| format!("{} is {}", known.alias, known.id));
            (view.kind, view.excerpt) = ("aliases", excerpt(&told.collect::<Vec<_>>().join(", ")));
        }
        Content::Buried { lane, reason, .. } => {
            (view.kind, view.excerpt) = ("buried", excerpt(&format!("by lane {lane}: {reason}")));
        }
    }
    view
}

fn event_kind(body: &Body<'_>) -> &'static str {
    match body {
        Body::Post(_) => "post",
        Body::Edit(_) => "edit",
        Body::Delete(_) => "delete",
        Body::Profile(_) => "profile",
        Body::Relationship(_) => "relationship",
        Body::Interaction(_) => "interaction",
        Body::Notice(_) => "notice",
    }
}
