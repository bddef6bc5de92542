//! Connections that read, a few at a time, each question with an end.
//!
//! A question is stopped when its time is up, and when nobody waits for its answer any more. Readers see the last commit and
//! never wait for the writer.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bowerbird_core::store::StoreError;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::Semaphore;

use super::connection::{failed, open_reader};

/// Steps of SQLite's machine between two looks at the clock: well under a millisecond.
const STEPS: i32 = 20_000;
/// Megabytes of pages that one reader keeps.
const CACHE_MIB: u32 = 8;

#[derive(Debug)]
pub(super) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
    /// A question may take so long.
    limit: Duration,
}

/// Says on its drop that nobody waits.
struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Readers {
    pub(super) fn new(path: PathBuf, most: usize, limit: Duration) -> Arc<Self> {
        Arc::new(Self {
            path,
            idle: Mutex::default(),
            permits: Arc::new(Semaphore::new(most.max(1))),
            limit,
        })
    }

    /// Runs `work` on a thread that may block, in one read transaction.
    pub(super) async fn run<R: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Connection) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        let in_transaction = move |connection: &Connection| {
            let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Deferred)
                .map_err(failed)?;
            work(&transaction)
        };
        self.with(Some(self.limit), in_transaction).await
    }

    /// Copies all there is: as long as it takes, and not in a transaction of ours, because SQLite makes its own.
    pub(super) async fn copy<R: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Connection) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        self.with(None, work).await
    }

    async fn with<R: Send + 'static>(
        self: &Arc<Self>,
        limit: Option<Duration>,
        work: impl FnOnce(&Connection) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        let closed = |_| StoreError::Failed("the store is closed".to_owned());
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(closed)?;
        let nobody_waits = Arc::new(AtomicBool::new(false));
        let _waiting = Waiting(Arc::clone(&nobody_waits));
        let readers = Arc::clone(self);
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let mut connection = readers.take()?;
            let end = limit.map(|limit| Instant::now() + limit);
            let is_over = move || {
                nobody_waits.load(Ordering::Relaxed) || end.is_some_and(|end| Instant::now() > end)
            };
            connection
                .progress_handler(STEPS, Some(is_over))
                .map_err(failed)?;
            let answer = work(&connection);
            connection
                .progress_handler(0, None::<fn() -> bool>)
                .map_err(failed)?;
            readers
                .idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(connection);
            answer
        });
        let ended = |_| StoreError::Failed("a reader of the store has ended".to_owned());
        task.await.map_err(ended)?
    }

    fn take(&self) -> Result<Connection, StoreError> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        idle.map_or_else(|| open_reader(&self.path, CACHE_MIB), Ok)
    }
}
