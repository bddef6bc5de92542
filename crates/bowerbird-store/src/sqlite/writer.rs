//! The one thread that writes, with the one connection that may.
//!
//! Whoever wants something written hands over a piece of work and waits for its answer. The queue is short: callers wait, not work.

use std::sync::Arc;
use std::thread::JoinHandle;

use bowerbird_core::raw::RawCodec;
use bowerbird_core::store::{StoreError, Written};
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::connection::{failed, set_secure_delete};
use super::index;
use super::ingest::{Batch, transact};
use super::known::Known;

/// Callers beyond these wait to hand their work over.
const QUEUE: usize = 16;

type Work = Box<dyn FnOnce(&mut WriterState) + Send>;

/// What the thread holds.
#[derive(Debug)]
pub(super) struct WriterState {
    pub(super) connection: Connection,
    pub(super) codec: Arc<RawCodec>,
    pub(super) text_index: bool,
    known: Known,
    /// The log may still hold text that was erased.
    pub(super) log_is_stale: bool,
}

impl WriterState {
    pub(super) fn new(connection: Connection, codec: Arc<RawCodec>, text_index: bool) -> Self {
        Self {
            connection,
            codec,
            text_index,
            known: Known::default(),
            log_is_stale: true,
        }
    }

    /// Runs `work` in a transaction of its own.
    pub(super) fn transact<R>(
        &mut self,
        work: impl FnOnce(&mut Batch<'_>) -> Result<R, StoreError>,
    ) -> Result<(R, Written), StoreError> {
        let (result, written, erased) = transact(
            &self.connection,
            &mut self.known,
            &self.codec,
            self.text_index,
            work,
        )?;
        self.log_is_stale |= erased;
        Ok((result, written))
    }

    /// Takes a step in purging the text index; was there anything to do?
    pub(super) fn purge(&mut self) -> Result<bool, StoreError> {
        let step = || {
            let transaction = self.connection.unchecked_transaction()?;
            set_secure_delete(&transaction, "ON")?;
            let purged = index::purge(&transaction)?;
            transaction.commit()?;
            Ok(purged)
        };
        let purged = step().map_err(failed);
        set_secure_delete(&self.connection, "FAST").map_err(failed)?;
        purged
    }

    /// The next transaction reads again what is remembered.
    pub(super) fn forget(&mut self) {
        self.known.forget();
    }
}

/// A handle to the thread; dropping it waits for the work handed over.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Work>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(state: WriterState) -> std::io::Result<Self> {
        let (queue, mut work) = mpsc::channel::<Work>(QUEUE);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                let mut state = state;
                while let Some(work) = work.blocking_recv() {
                    work(&mut state);
                }
            })?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
        })
    }

    /// Runs `work` on the thread. Once handed over it runs to its end, whether or not someone still waits.
    pub(super) async fn run<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut WriterState) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        let (answer, answered) = oneshot::channel();
        let work: Work = Box::new(move |state| {
            // The caller may have gone; the work is done all the same.
            let _ = answer.send(work(state));
        });
        let stopped = || StoreError::Failed("the store's writer has stopped".to_owned());
        let queue = self.queue.as_ref().ok_or_else(stopped)?;
        queue.send(work).await.map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was told to whoever waited for its answer.
            let _ = thread.join();
        }
    }
}
