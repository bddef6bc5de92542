//! How everything is doing, and counts that add up.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use bowerbird_core::counts::{Counts, counts};
use bowerbird_core::pipeline::Backfill;
use bowerbird_core::spool::{LaneState, SpoolSize};
use bowerbird_core::status::WorkerState;
use bowerbird_core::store::StoreSize;
use bowerbird_core::time::Time;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::site::{App, Site};

/// How everything is doing.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Status)]
pub(crate) struct StatusView {
    /// The program's version.
    pub(crate) version: String,
    /// The present.
    pub(crate) now: Time,
    /// When this process began.
    pub(crate) started_at: Time,
    /// Counts of all sources together.
    pub(crate) total: Counts,
    /// Each source.
    pub(crate) sources: Vec<SourceView>,
    /// Live readers at the moment.
    pub(crate) live_readers: usize,
    /// Live readers at most.
    pub(crate) live_readers_limit: usize,
    /// How full the spool is.
    pub(crate) spool: SpoolSize,
    /// Where each lane of the spool stands.
    pub(crate) lanes: Vec<LaneState>,
    /// How much is in the store.
    pub(crate) store: StoreSize,
    /// Backfills that run, or ended in this run.
    pub(crate) backfills: Vec<BackfillView>,
}

/// One source: what its worker does, where it is, what became of what it read.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Source)]
pub(crate) struct SourceView {
    /// Its name.
    pub(crate) source: String,
    /// The service it speaks to; empty if it does not run now.
    pub(crate) service: String,
    /// What its worker does; `null` if it does not run now.
    pub(crate) state: Option<WorkerState>,
    /// Why, in words; empty when all is well.
    pub(crate) detail: String,
    /// What is not as it should be, though it runs: tracks that the service can't be asked for, above all.
    pub(crate) notes: Vec<String>,
    /// Since when it is in this state.
    pub(crate) since: Option<Time>,
    /// Connections in a row that failed or did not last; 0 while frames come.
    pub(crate) attempts: u32,
    /// When it was last heard, keep-alives included.
    pub(crate) heard_at: Option<Time>,
    /// Where it would resume.
    pub(crate) cursor: Option<String>,
    /// What became of what it read.
    pub(crate) counts: Counts,
}

/// Counts that add up: `read = kept + unmatched + duplicate + refused + waiting`.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = AllCounts)]
pub(crate) struct CountsView {
    /// Of all sources together.
    pub(crate) total: Counts,
    /// Of each source, by its name.
    pub(crate) sources: BTreeMap<String, Counts>,
}

/// How a backfill is getting on.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Backfill)]
pub(crate) struct BackfillView {
    /// The track.
    pub(crate) track: bowerbird_core::ids::TrackId,
    /// Kept posts looked at so far.
    pub(crate) looked_at: u64,
    /// Captures added so far.
    pub(crate) added: u64,
    /// Is it over?
    pub(crate) done: bool,
    /// Why it failed; empty if it did not.
    pub(crate) error: String,
    /// When it began.
    pub(crate) started_at: Time,
}

impl From<Backfill> for BackfillView {
    fn from(backfill: Backfill) -> Self {
        let Backfill {
            track,
            looked_at,
            added,
            done,
            error,
            started_at,
        } = backfill;
        Self {
            track,
            looked_at,
            added,
            done,
            error,
            started_at,
        }
    }
}

/// How everything is doing.
#[utoipa::path(get, path = "/api/v1/status", tag = "status", responses((status = 200, body = StatusView)))]
pub(crate) async fn find_status(State(app): State<App>) -> Result<Json<StatusView>, ApiError> {
    status(&app.site).await.map(Json)
}

/// What became of everything read, by source and together.
#[utoipa::path(get, path = "/api/v1/counts", tag = "status", responses((status = 200, body = CountsView)))]
pub(crate) async fn find_counts(State(app): State<App>) -> Result<Json<CountsView>, ApiError> {
    let sources = counts(app.site.parts.spool.as_ref(), app.site.store()).await?;
    Ok(Json(CountsView {
        total: Counts::total(sources.values()),
        sources,
    }))
}

/// How everything is doing, now.
pub(crate) async fn status(site: &Site) -> Result<StatusView, ApiError> {
    let spool = site.parts.spool.as_ref();
    let counts = counts(spool, site.store()).await?;
    Ok(StatusView {
        version: site.options.version.to_owned(),
        now: site.now(),
        started_at: site.started_at,
        total: Counts::total(counts.values()),
        sources: sources(site, counts).await?,
        live_readers: site
            .options
            .max_live_readers
            .saturating_sub(site.live_readers.available_permits()),
        live_readers_limit: site.options.max_live_readers,
        spool: spool.size().await?,
        lanes: spool.lanes().await?,
        store: site.store().size().await?,
        backfills: site
            .engine
            .backfills()
            .into_iter()
            .map(BackfillView::from)
            .collect(),
    })
}

/// The names of all sources that run or ever ran, sorted.
pub(crate) async fn source_names(site: &Site) -> Result<Vec<String>, ApiError> {
    let running = site
        .parts
        .status
        .sources()
        .into_iter()
        .map(|source| source.source.to_string());
    let mut names: Vec<String> = running.collect();
    names.extend(
        site.parts
            .spool
            .sources()
            .await?
            .into_iter()
            .map(|source| source.source.to_string()),
    );
    names.sort();
    names.dedup();
    Ok(names)
}

/// Every source that runs, or of which spool or store know something.
async fn sources(
    site: &Site,
    counts: BTreeMap<String, Counts>,
) -> Result<Vec<SourceView>, ApiError> {
    let mut views: BTreeMap<String, SourceView> = BTreeMap::new();
    for (source, counts) in counts {
        let view = SourceView {
            counts,
            ..SourceView::unknown(&source)
        };
        views.insert(source, view);
    }
    for running in site.parts.status.sources() {
        let name = running.source.to_string();
        let view = views
            .entry(name.clone())
            .or_insert_with(|| SourceView::unknown(&name));
        view.service = running.service;
        view.state = Some(running.state);
        view.detail = running.detail;
        view.notes = site.parts.status.notes(&running.source);
        view.since = Some(running.since);
        view.attempts = running.attempts;
    }
    for spooled in site.parts.spool.sources().await? {
        if let Some(view) = views.get_mut(spooled.source.as_str()) {
            view.heard_at = spooled.heard_at;
            view.cursor = spooled.cursor.map(|cursor| cursor.0);
        }
    }
    Ok(views.into_values().collect())
}

impl SourceView {
    fn unknown(source: &str) -> Self {
        Self {
            source: source.to_owned(),
            service: String::new(),
            state: None,
            detail: String::new(),
            notes: Vec::new(),
            since: None,
            attempts: 0,
            heard_at: None,
            cursor: None,
            counts: Counts::default(),
        }
    }
}
