//! What every handler shares: the running parts, the limits, the sessions.

use std::path::PathBuf;
use std::sync::Arc;

use bowerbird_core::bill::Counter;
use bowerbird_core::pipeline::{Engine, Parts};
use bowerbird_core::plan::Planning;
use bowerbird_core::store::Store;
use bowerbird_core::time::Time;
use tokio::sync::{Semaphore, watch};

use crate::error::ApiError;
use crate::session::{Attempts, Sessions};
use crate::tally::Tally;

/// Exports streaming at the same time: each holds a page of posts and asks the store for the next as fast as it is read.
const EXPORTS: usize = 8;
/// Rules tried out at the same time: each takes a core for some milliseconds.
const PREVIEWS: usize = 2;

/// How far a listener's callers are trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Whoever is on this machine; foreign web pages are kept out by Host, Origin and token.
    Loopback,
    /// As loopback, and after signing in with a password only.
    Password,
    /// Whoever may open a socket file in the data folder: the files' own rights decide.
    LocalSocket,
    /// This very process.
    InProcess,
}

impl Trust {
    /// Does it come from a browser or over a network, so that it must prove that it means what it asks?
    pub(crate) fn is_remote(self) -> bool {
        matches!(self, Self::Loopback | Self::Password)
    }
}

/// What the wiring decides.
#[derive(Debug, Clone)]
pub struct SiteOptions {
    /// Where the present comes from.
    pub clock: fn() -> Time,
    /// Host names that may stand in a request's `Host` besides those of the loopback: the name and the address people reach
    /// this machine by.
    pub hosts: Vec<String>,
    /// The port of the page; tells the cookies of two sites on one machine apart.
    pub port: u16,
    /// Pages that may follow live at the same time.
    pub max_live_readers: usize,
    /// Where backups asked for over the network go, by file name only.
    pub backup_folder: PathBuf,
    /// Is the page reached through TLS? Then cookies say so.
    pub secure_cookies: bool,
    /// Says how tracks share the rules of services that give few.
    pub planning: Planning,
    /// The program's version.
    pub version: &'static str,
    /// Who can be asked how many posts a rule would bring.
    pub counters: Vec<Counter>,
}

impl SiteOptions {
    /// Two thousand live readers, the loopback's names, no TLS.
    pub fn new(
        clock: fn() -> Time,
        port: u16,
        backup_folder: PathBuf,
        version: &'static str,
    ) -> Self {
        Self {
            clock,
            hosts: Vec::new(),
            port,
            max_live_readers: 2_000,
            backup_folder,
            secure_cookies: false,
            planning: Planning::default(),
            version,
            counters: Vec::new(),
        }
    }
}

/// One site: shared by all listeners of a process.
#[derive(Debug)]
pub struct Site {
    /// Does what needs the pipeline.
    pub(crate) engine: Arc<Engine>,
    /// Its parts.
    pub(crate) parts: Parts,
    /// What the wiring decided.
    pub(crate) options: SiteOptions,
    /// When this process began.
    pub(crate) started_at: Time,
    /// Who is signed in.
    pub(crate) sessions: Sessions,
    /// Who tried to.
    pub(crate) attempts: Attempts,
    /// A permit for each live reader.
    pub(crate) live_readers: Arc<Semaphore>,
    /// A permit for each running export.
    pub(crate) exports: Arc<Semaphore>,
    /// A permit for each rule being tried out or password being hashed.
    heavy: Arc<Semaphore>,
    /// Held by whoever asks a service what costs money, so that nobody asks for what another has just spent.
    pub(crate) asking: tokio::sync::Mutex<()>,
    /// Counts as all live readers get them.
    pub(crate) tally: Tally,
    closing: watch::Sender<bool>,
}

impl Site {
    /// A site of these parts, which are the engine's.
    pub fn new(engine: Arc<Engine>, parts: Parts, options: SiteOptions) -> Arc<Self> {
        Arc::new(Self {
            started_at: (options.clock)(),
            live_readers: Arc::new(Semaphore::new(options.max_live_readers)),
            exports: Arc::new(Semaphore::new(EXPORTS)),
            heavy: Arc::new(Semaphore::new(PREVIEWS)),
            asking: tokio::sync::Mutex::default(),
            sessions: Sessions::new(),
            attempts: Attempts::default(),
            tally: Tally::default(),
            closing: watch::Sender::new(false),
            engine,
            parts,
            options,
        })
    }

    /// Ends every endless answer (live streams, tails, exports) at once; [`crate::serve()`] calls it when it is told to stop.
    pub(crate) fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Says when to end.
    pub(crate) fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    /// Does what takes a core for a while, a few at a time. Once begun it counts until it is done, whether its caller waits for it or has gone.
    pub(crate) async fn heavy<R: Send + 'static>(
        &self,
        work: impl Future<Output = R> + Send + 'static,
    ) -> Result<R, ApiError> {
        let permit = Arc::clone(&self.heavy).acquire_owned().await;
        let permit = permit.map_err(ApiError::internal)?;
        let done = tokio::spawn(async move {
            let result = work.await;
            drop(permit);
            result
        });
        done.await.map_err(ApiError::internal)
    }

    /// The same for work that waits for nothing.
    pub(crate) async fn heavy_blocking<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Result<R, ApiError> {
        let done = self.heavy(tokio::task::spawn_blocking(work)).await?;
        done.map_err(ApiError::internal)
    }

    /// The present.
    pub(crate) fn now(&self) -> Time {
        (self.options.clock)()
    }

    /// The store.
    pub(crate) fn store(&self) -> &dyn Store {
        self.parts.store.as_ref()
    }
}

/// Waits until the site closes (or is gone).
pub(crate) async fn closed(closing: &mut watch::Receiver<bool>) {
    let _ = closing.wait_for(|closing| *closing).await;
}

/// What a handler is given.
#[derive(Debug, Clone)]
pub(crate) struct App {
    /// The site.
    pub(crate) site: Arc<Site>,
    /// How far this listener's callers are trusted.
    pub(crate) trust: Trust,
}
