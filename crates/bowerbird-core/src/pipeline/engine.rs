//! The running whole: what is shared, what is started, in which order it stops.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::bill::LiveBills;
use crate::frame::Frame;
use crate::hub::Hub;
use crate::ids::{Lane, SourceName, TrackId};
use crate::live::LiveTracks;
use crate::raw::RawCodec;
use crate::source::{Connection, Decode, SourceSpec};
use crate::spool::{LaneStart, SourceState, Spool, SpoolError};
use crate::status::Status;
use crate::store::{KeepPosts, Store, StoreError};
use crate::time::Time;

use super::again::Backfill;
use super::dictionary::{Sampler, make_dictionaries};
use super::prepare::{Prepared, Preparer, Price, Repairs};
use super::repairs::Repairer;
use super::source_worker::{AHEAD, SourceWorker};
use super::store_lane;
use super::writer::Writer;

/// How often the store is asked whether tracks changed: a change is taken up within a second, with room to spare.
const TRACKS_EVERY: Duration = Duration::from_millis(250);
/// How often retention is looked after.
const SWEEP_EVERY: Duration = Duration::from_secs(30);
/// Posts let go in one transaction.
const SWEEP_POSTS: usize = 1_000;
/// How long stopping waits for sources to bring home what they have read; what they can't is read again at the next start.
const SOURCES_END_FOR: Duration = Duration::from_millis(500);
/// How long stopping waits for the store to take what is in the spool; the rest is there at the next start.
const DRAIN_FOR: Duration = Duration::from_millis(1_000);

/// What an engine is made of.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The durable log.
    pub spool: Arc<dyn Spool>,
    /// Where posts stay.
    pub store: Arc<dyn Store>,
    /// Live delivery.
    pub hub: Arc<Hub>,
    /// The tracks, compiled.
    pub live: Arc<LiveTracks>,
    /// How each source is doing.
    pub status: Arc<Status>,
    /// Compression of raw bytes.
    pub codec: Arc<RawCodec>,
    /// Reads kept raw bytes again, whatever service they are of.
    pub decode: Decode,
    /// How long each source's posts stay without a capture; a source not named keeps them for ever.
    pub keep: Vec<KeepPosts>,
    /// What priced sources may spend and have spent.
    pub bills: Arc<LiveBills>,
    /// Sources whose gaps are repaired only when somebody asks for it.
    pub repair_by_hand: Vec<SourceName>,
}

/// When a run ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Only when it is stopped.
    Stopped,
    /// When every source has ended and the store has everything.
    SourcesEnded,
}

/// Why a run ended that should not have.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The spool failed.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A defect of ours.
    #[error("a worker broke down: {0}")]
    Panicked(String),
}

/// A process's pipeline.
#[derive(Debug)]
pub struct Engine {
    pub(super) parts: Parts,
    pub(super) sampler: Arc<Sampler>,
    pub(super) store_position: watch::Sender<u64>,
    pub(super) backfills: Mutex<BTreeMap<TrackId, Backfill>>,
    /// The offset after the newest record.
    pub(super) end: Arc<AtomicU64>,
    /// Told when something was put on a bill.
    pub(super) charged: Arc<Notify>,
    /// Told when jobs were made, or became due by hand.
    pub(super) jobs_changed: watch::Sender<()>,
    /// The sources whose gaps can be repaired in this run.
    pub(super) repairable: Mutex<HashSet<SourceName>>,
    writers: Mutex<HashMap<SourceName, Arc<Writer>>>,
    taking_writers: tokio::sync::Mutex<()>,
    taking_up: tokio::sync::Mutex<()>,
    pub(super) taking_up_bills: tokio::sync::Mutex<()>,
}

impl Engine {
    /// Puts the parts together; nothing runs yet.
    pub fn new(parts: Parts) -> Arc<Self> {
        Arc::new(Self {
            parts,
            sampler: Arc::default(),
            store_position: watch::Sender::default(),
            backfills: Mutex::default(),
            end: Arc::default(),
            charged: Arc::default(),
            jobs_changed: watch::Sender::default(),
            repairable: Mutex::default(),
            writers: Mutex::default(),
            taking_writers: tokio::sync::Mutex::default(),
            taking_up: tokio::sync::Mutex::default(),
            taking_up_bills: tokio::sync::Mutex::default(),
        })
    }

    /// Loads dictionaries and tracks and opens the store's lane. Enough for commands that only look.
    pub async fn start(&self) -> Result<(), EngineError> {
        for dictionary in self.parts.store.dictionaries().await? {
            self.parts.codec.add(&dictionary);
        }
        self.take_up_tracks().await?;
        self.take_up_bills(Time::now()).await?;
        self.parts
            .spool
            .open_lane(&Lane::store(), LaneStart::Oldest)
            .await?;
        let size = self.parts.spool.size().await?;
        self.end.store(size.next, Ordering::Relaxed);
        let lanes = self.parts.spool.lanes().await?;
        let position = lanes
            .iter()
            .find(|lane| lane.lane == Lane::store())
            .map_or(size.next, |lane| lane.position);
        self.store_position.send_replace(position);
        Ok(())
    }

    /// Runs the sources and everything behind them until `stop` says so, or as `until` says; then lets the store catch up
    /// for a moment. The first failure of spool or store ends it.
    pub async fn run(
        self: &Arc<Self>,
        connections: Vec<Connection>,
        until: Until,
        stop: watch::Receiver<bool>,
    ) -> Result<(), EngineError> {
        self.resume_backfills().await?;
        let mut services: JoinSet<Result<(), EngineError>> = JoinSet::new();
        let (stop_store, store_stopped) = watch::channel(false);
        let parts = &self.parts;
        let lane = store_lane::run(
            Arc::clone(&parts.spool),
            Arc::clone(&parts.store),
            self.store_position.clone(),
            Arc::clone(&self.charged),
            store_stopped,
        );
        let mut lane = tokio::spawn(lane);
        services.spawn(Arc::clone(self).watch_tracks());
        services.spawn(Arc::clone(self).sweep());
        let keys: Arc<dyn crate::store::Keys> = parts.store.clone();
        let dictionaries =
            make_dictionaries(Arc::clone(&self.sampler), Arc::clone(&parts.codec), keys);
        services.spawn(async { dictionaries.await.map_err(EngineError::from) });

        let lasting = connections.iter().filter(|one| one.spec.endless);
        let endless: Vec<SourceName> = lasting.map(|one| one.spec.name.clone()).collect();
        let (mut repairers, mut job_workers) = (Vec::new(), Vec::new());
        let mut sources: JoinSet<Result<(), EngineError>> = JoinSet::new();
        for mut connection in connections {
            let handlers = std::mem::take(&mut connection.jobs).into_iter();
            job_workers.extend(handlers.map(|handler| (connection.spec.clone(), handler)));
            if let Some(repair) = connection.repair.take() {
                self.lock_repairable().insert(connection.spec.name.clone());
                let repairer = Repairer {
                    engine: Arc::clone(self),
                    spec: connection.spec.clone(),
                    repair,
                    asked: HashSet::new(),
                };
                repairers.push(repairer);
            }
            let worker = SourceWorker::new(Arc::clone(self), connection, stop.clone()).await?;
            sources.spawn(worker.run());
        }
        // Not before every source has its writer: jobs, repairs and bills are noted through the same.
        for (spec, handler) in job_workers {
            services.spawn(Arc::clone(self).do_jobs(spec, handler));
        }
        for repairer in repairers {
            services.spawn(repairer.run());
        }
        services.spawn(Arc::clone(self).watch_bills());
        services.spawn(Arc::clone(self).watch_unasked(endless));
        let outcome = tokio::select! {
            outcome = all_done(&mut sources, until, stop.clone()) => outcome,
            () = stopped_since(stop, SOURCES_END_FOR) => Ok(()),
            failed = services.join_next() => failed.map_or(Ok(()), flatten),
            failed = &mut lane => return flatten(failed),
        };
        sources.shutdown().await;
        let _ = stop_store.send(true);
        let drained = match until {
            Until::SourcesEnded if outcome.is_ok() => Ok(lane.await),
            _ => tokio::time::timeout(DRAIN_FOR, &mut lane).await,
        };
        services.shutdown().await;
        outcome.and(drained.map_or(Ok(()), flatten))
    }

    /// Takes up the tracks as the store has them now; a rule that no longer parses is logged and left out.
    pub async fn take_up_tracks(&self) -> Result<(), StoreError> {
        // One at a time, or what was read first could be taken up last.
        let _taking_up = self.taking_up.lock().await;
        let tracks = self.parts.store.tracks().await?;
        for (track, error) in self.parts.live.apply(tracks) {
            tracing::error!(track.id = %track, error.message = %error, "A track's rule does not parse and captures nothing");
        }
        Ok(())
    }

    /// Prepares frames of a source, on any core; those that the repair of a gap brought say so.
    pub(super) fn prepare(
        self: &Arc<Self>,
        spec: &SourceSpec,
        frames: Vec<Frame>,
        repairs: Option<Repairs>,
    ) -> JoinHandle<Prepared> {
        let (engine, spec) = (Arc::clone(self), spec.clone());
        tokio::task::spawn_blocking(move || {
            let withheld = Arc::clone(&engine.parts.bills.withheld().borrow());
            let preparer = Preparer {
                source: &spec.name,
                decode: spec.decode,
                keep: spec.keep,
                live: &engine.parts.live,
                codec: &engine.parts.codec,
                sampler: &engine.sampler,
                price: Price {
                    post: engine.parts.bills.prices(&spec.name).post,
                    account: engine.parts.bills.prices(&spec.name).account,
                    withheld: withheld.get(&spec.name),
                },
                repairs,
            };
            preparer.prepare(&frames)
        })
    }

    /// Waits until the store has all that is in the spool now.
    pub(super) async fn store_has_caught_up(&self) {
        let end = self.end.load(Ordering::Relaxed);
        self.store_has(end).await;
    }

    /// Waits until the store is not far behind the spool.
    pub(super) async fn store_is_near(&self) {
        let end = self.end.load(Ordering::Relaxed);
        self.store_has(end.saturating_sub(AHEAD)).await;
    }

    async fn store_has(&self, end: u64) {
        let mut position = self.store_position.subscribe();
        // An error means that the sender is gone, and it is ours.
        let _ = position.wait_for(|position| *position >= end).await;
    }

    async fn watch_tracks(self: Arc<Self>) -> Result<(), EngineError> {
        let mut known = None;
        loop {
            let number = self.parts.store.change_number().await?;
            if known != Some(number) {
                self.take_up_tracks().await?;
                known = Some(number);
            }
            tokio::time::sleep(TRACKS_EVERY).await;
        }
    }

    async fn sweep(self: Arc<Self>) -> Result<(), EngineError> {
        loop {
            let (store, keep) = (&self.parts.store, &self.parts.keep);
            // Captures may go, and posts may have been looked at, though no post went.
            while !store.sweep(Time::now(), keep, SWEEP_POSTS).await?.is_done {
                tokio::task::yield_now().await;
            }
            tokio::time::sleep(SWEEP_EVERY).await;
        }
    }

    /// Becomes the one writer of a source in the spool.
    pub(super) async fn take_writer(
        &self,
        source: &SourceName,
    ) -> Result<(Arc<Writer>, SourceState), SpoolError> {
        let _taking = self.taking_writers.lock().await;
        self.take_as_writer(source).await
    }

    async fn take_as_writer(
        &self,
        source: &SourceName,
    ) -> Result<(Arc<Writer>, SourceState), SpoolError> {
        let state = self.parts.spool.take_source(source).await?;
        let writer = Arc::new(Writer {
            source: source.clone(),
            lease: state.lease,
            spool: Arc::clone(&self.parts.spool),
            hub: Arc::clone(&self.parts.hub),
            end: Arc::clone(&self.end),
        });
        let mut writers = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        writers.insert(source.clone(), Arc::clone(&writer));
        Ok((writer, state))
    }

    /// The writer that holds a source in this process; takes the source if none does.
    pub(super) async fn writer(&self, source: &SourceName) -> Result<Arc<Writer>, SpoolError> {
        // Looking and taking are one, or of two at once the first would hold a lease that is no more.
        let _taking = self.taking_writers.lock().await;
        let known = self
            .writers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(source)
            .cloned();
        match known {
            Some(writer) => Ok(writer),
            None => Ok(self.take_as_writer(source).await?.0),
        }
    }
}

/// Waits until every source is done and, where the end of the sources is not the end of the run, until it is stopped.
async fn all_done(
    sources: &mut JoinSet<Result<(), EngineError>>,
    until: Until,
    mut stop: watch::Receiver<bool>,
) -> Result<(), EngineError> {
    while let Some(ended) = sources.join_next().await {
        flatten(ended)?;
    }
    if until == Until::Stopped {
        // An error means that the sender is gone: nobody is left to run for.
        let _ = stop.wait_for(|stop| *stop).await;
    }
    Ok(())
}

/// Returns a while after `stop` said so, or after whoever could say so is gone.
async fn stopped_since(mut stop: watch::Receiver<bool>, grace: Duration) {
    // An error means that the sender is gone: nobody is left to run for.
    let _ = stop.wait_for(|stop| *stop).await;
    tokio::time::sleep(grace).await;
}

fn flatten(
    ended: Result<Result<(), EngineError>, tokio::task::JoinError>,
) -> Result<(), EngineError> {
    ended.map_err(|panicked| EngineError::Panicked(panicked.to_string()))?
}

#[cfg(test)]
mod tests;
