//! Everything put together in one process: spool, store, hub and engine of one data folder, and the site over them.
//!
//! `run`, `demo` and `replay` live in a house as long as they run; other commands open one for a moment when no process does.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use bowerbird_core::bill::LiveBills;
use bowerbird_core::counts::{self, Counts};
use bowerbird_core::hub::Hub;
use bowerbird_core::live::LiveTracks;
use bowerbird_core::pipeline::{Engine, Parts};
use bowerbird_core::raw::RawCodec;
use bowerbird_core::status::{Status, WorkerState};
use bowerbird_core::store::KeepPosts;
use bowerbird_core::time::Time;

use bowerbird_web::{Site, SiteOptions};

use crate::config::SourceSettings;
use crate::folder::{DataFolder, Held};
use crate::wiring;

/// What a house needs to know besides its folder.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// At so many bytes the spool takes no more.
    pub(crate) spool_max_bytes: u64,
    /// The SQLite file.
    pub(crate) store: std::path::PathBuf,
    /// Keep a full-text index?
    pub(crate) text_index: bool,
    /// How long posts that no track caught stay, by source.
    pub(crate) keep: Vec<KeepPosts>,
    /// Further names of the page's host.
    pub(crate) hosts: Vec<String>,
    /// Do browsers reach the page through TLS?
    pub(crate) behind_tls: bool,
    /// The sources, running or not: what they cost, and how tracks share their rules.
    pub(crate) sources: Vec<SourceSettings>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            spool_max_bytes: 8 << 30,
            store: std::path::PathBuf::new(),
            text_index: true,
            keep: Vec::new(),
            hosts: Vec::new(),
            behind_tls: false,
            sources: Vec::new(),
        }
    }
}

impl Plan {
    /// As the configuration says.
    pub(crate) fn of(settings: &crate::config::Settings) -> Self {
        Self {
            spool_max_bytes: settings.spool_max_bytes,
            store: settings.store.clone(),
            keep: settings.sources.iter().map(keep_posts).collect(),
            hosts: settings.hosts.clone(),
            behind_tls: settings.behind_tls,
            sources: settings.sources.clone(),
            ..Self::default()
        }
    }
}

fn keep_posts(source: &SourceSettings) -> KeepPosts {
    KeepPosts {
        source: source.name.clone(),
        seconds: source.keep_for.map(|span| span.as_secs()),
    }
}

/// A data folder opened.
#[derive(Debug)]
pub(crate) struct House {
    /// The folder.
    pub(crate) folder: DataFolder,
    /// What the engine is made of.
    pub(crate) parts: Parts,
    /// The pipeline.
    pub(crate) engine: Arc<Engine>,
    plan: Plan,
    /// Last, so that the folder is let go after everything else.
    _held: Held,
}

impl House {
    /// Opens spool and store and takes up the tracks; nothing is read yet. The caller holds the folder.
    pub(crate) async fn open(folder: DataFolder, held: Held, plan: Plan) -> Result<Self> {
        let spool = wiring::open_spool(&folder.path().join("spool"), plan.spool_max_bytes)?;
        let options = wiring::SqliteOptions {
            text_index: plan.text_index,
            ..wiring::SqliteOptions::default()
        };
        let codec = Arc::new(RawCodec::default());
        let store = wiring::open_store(&plan.store, &codec, options).await?;
        let live = Arc::new(LiveTracks::default());
        let (hub, hub_task) = Hub::new(Arc::clone(&live));
        tokio::spawn(hub_task.run());
        let parts = Parts {
            spool,
            store,
            hub,
            live,
            status: Arc::new(Status::default()),
            codec,
            decode: wiring::decode_any,
            keep: plan.keep.clone(),
            bills: Arc::new(LiveBills::new(wiring::tariffs(&plan.sources))),
            repair_by_hand: wiring::repair_by_hand(&plan.sources),
        };
        let engine = Engine::new(parts.clone());
        engine
            .start()
            .await
            .context("starting on the data folder")?;
        Ok(Self {
            folder,
            parts,
            engine,
            plan,
            _held: held,
        })
    }

    /// The site over this house; `port` is the page's.
    pub(crate) fn site(&self, port: u16) -> Arc<Site> {
        let backups = self.folder.path().join("backups");
        let mut options = SiteOptions::new(Time::now, port, backups, env!("CARGO_PKG_VERSION"));
        options.hosts.clone_from(&self.plan.hosts);
        options.secure_cookies = self.plan.behind_tls;
        options.planning = wiring::planning(&self.plan.sources);
        options.counters = wiring::counters(&self.plan.sources);
        Site::new(Arc::clone(&self.engine), self.parts.clone(), options)
    }

    /// The sources it was opened for, running or not.
    pub(crate) fn sources(&self) -> &[SourceSettings] {
        &self.plan.sources
    }

    /// A source that a person must look after is a failure that says why.
    pub(crate) fn stopped_source(&self) -> Result<()> {
        let mut sources = self.parts.status.sources().into_iter();
        match sources.find(|source| source.state == WorkerState::Stopped) {
            Some(source) => bail!("{}: {}", source.source, source.detail),
            None => Ok(()),
        }
    }

    /// What became of everything read so far, over all sources, and each track's captures by name.
    pub(crate) async fn tally(&self) -> Result<Tally> {
        let by_source =
            counts::counts(self.parts.spool.as_ref(), self.parts.store.as_ref()).await?;
        let tracks = self.parts.store.tracks().await?;
        let counted = self.parts.store.captures().await?;
        let captures = tracks.iter().map(|track| {
            let count = counted.iter().find(|count| count.track == track.id);
            (
                track.draft.name.clone(),
                count.map_or(0, |count| count.captures),
            )
        });
        Ok(Tally {
            counts: Counts::total(by_source.values()),
            captures: captures.collect(),
        })
    }
}

/// Counts at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Tally {
    /// Over all sources.
    pub(crate) counts: Counts,
    /// Captures by track's name.
    pub(crate) captures: std::collections::BTreeMap<String, u64>,
}

impl Tally {
    /// What came since `earlier`.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        let captures = self.captures.iter().map(|(name, count)| {
            let before = earlier.captures.get(name).copied().unwrap_or(0);
            (name.clone(), count.saturating_sub(before))
        });
        Self {
            counts: self.counts.since(&earlier.counts),
            captures: captures.collect(),
        }
    }
}
