//! The embedded spool: one directory of plain segment files, held by one process.
//!
//! Why plain files and not a database: `docs/decisions/0001-embedded-spool.md`. What stands in them: `format`. How it works:
//!
//! - One thread writes (`writer`). What callers ask at the same time shares one frame, one write and one fdatasync.
//! - Lanes that have caught up are given slices of what was just written (`tail`); a laggard reads its segments in order (`reader`).
//! - Sources, lanes and acknowledgements go through the same log as records; each segment begins with the state of them all, so that opening
//!   reads one segment (`recover`), and a segment that every lane is done with is simply removed.
//! - Leases, delays and attempts are in memory only (`queue`).
//!
//! [`fsck()`] looks at all of it, and repairs. This is not a database: no record can be found but by its offset.

mod draft;
mod error;
mod format;
mod fsck;
mod lock;
mod look;
mod queue;
mod ranges;
mod reader;
mod recover;
mod segment;
mod state;
mod tail;
mod writer;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use bowerbird_core::ids::{Lane, SourceName};
use bowerbird_core::record;
use bowerbird_core::spool::{
    Append, Entry, LEASE_BYTES, LaneStart, LaneState, Leased, Peeked, SourceState, Spool,
    SpoolError, SpoolSize,
};
use bowerbird_core::time::Time;

pub use error::{Damage, OpenError};
pub use fsck::{Report, fsck};

use error::failed;
use lock::Lock;
use queue::LaneQueue;
use reader::LogReader;
use state::Shared;
use tail::Room;
use writer::{Command, Request, Writer};

/// How many callers may wait for the writer before further ones wait for them.
const MOST_WAITING: usize = 64;
/// Longer waits are cut to this, so that no sum of times can overflow.
const LONGEST_WAIT: Duration = Duration::from_secs(10 * 365 * 86_400);

/// How much a spool may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpoolOptions {
    /// The size at which appends are refused until lanes have caught up.
    pub max_bytes: u64,
    /// The size at which a new segment file is begun. Space comes back segment by segment; at most a quarter of `max_bytes` is used.
    pub segment_bytes: u64,
}

impl Default for SpoolOptions {
    /// 8 GiB in segments of 64 MiB.
    fn default() -> Self {
        Self {
            max_bytes: 8 << 30,
            segment_bytes: 64 << 20,
        }
    }
}

/// A [`Spool`] in one directory. It blocks shortly when dropped: what is being written is finished first.
#[derive(Debug)]
pub struct EmbeddedSpool {
    dir: PathBuf,
    limit: u64,
    shared: Arc<Shared>,
    inbox: Option<mpsc::Sender<Command>>,
    writer: Option<JoinHandle<()>>,
    _lock: Lock,
}

impl EmbeddedSpool {
    /// Opens the spool in a directory, made with mode 0700 if it is not there. Blocks on the disk while it reads the last segment.
    pub fn open(dir: &Path, options: SpoolOptions) -> Result<Self, OpenError> {
        if options.max_bytes < 16 << 10 || options.segment_bytes == 0 {
            let what = "max_bytes is at least 16384, segment_bytes at least 1";
            return Err(OpenError::Limits(what.to_owned()));
        }
        make_dir(dir)?;
        let lock = lock::take(dir)?;
        let (state, file) = recover::recover(dir)?;
        let shared = Arc::new(Shared::new(state));
        let writer = Writer {
            dir: dir.to_owned(),
            max_bytes: options.max_bytes,
            segment_bytes: options.segment_bytes.min(options.max_bytes / 4),
            began: (std::time::Instant::now(), 0),
            file,
            shared: Arc::clone(&shared),
        };
        let (inbox, commands) = mpsc::channel(MOST_WAITING);
        let thread = std::thread::Builder::new().name("spool-writer".to_owned());
        let thread = thread.spawn(move || writer.run(commands));
        let thread = thread.map_err(error::io_error("starting the writer of", dir))?;
        Ok(Self {
            dir: dir.to_owned(),
            limit: options.max_bytes,
            shared,
            inbox: Some(inbox),
            writer: Some(thread),
            _lock: lock,
        })
    }

    /// Its directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Has the writer do something, and waits until it is durable.
    async fn ask(&self, request: Request) -> Result<u64, SpoolError> {
        let ended = || failed("the spool's writer has ended");
        let inbox = self.inbox.as_ref().ok_or_else(ended)?;
        let (reply, answer) = oneshot::channel();
        let sent = inbox.send(Command { request, reply }).await;
        sent.map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }
}

#[async_trait]
impl Spool for EmbeddedSpool {
    async fn take_source(&self, source: &SourceName) -> Result<SourceState, SpoolError> {
        let lease = self.ask(Request::Take(source.clone())).await?;
        let state = self.shared.lock().book.sources.get(source).cloned();
        let state = state.ok_or_else(|| failed("a source just taken is not there"))?;
        Ok(SourceState { lease, ..state })
    }

    async fn append(&self, append: Append) -> Result<u64, SpoolError> {
        self.ask(Request::Append(append)).await
    }

    async fn sources(&self) -> Result<Vec<SourceState>, SpoolError> {
        Ok(self.shared.lock().book.sources.values().cloned().collect())
    }

    async fn open_lane(&self, lane: &Lane, start: LaneStart) -> Result<(), SpoolError> {
        let request = Request::OpenLane(lane.clone(), start);
        self.ask(request).await.map(drop)
    }

    async fn drop_lane(&self, lane: &Lane) -> Result<(), SpoolError> {
        self.ask(Request::DropLane(lane.clone())).await?;
        self.shared.lock().readers.remove(lane);
        Ok(())
    }

    async fn lanes(&self) -> Result<Vec<LaneState>, SpoolError> {
        let now = Instant::now();
        let mut state = self.shared.lock();
        let next = state.book.next;
        let lanes: &mut BTreeMap<Lane, LaneQueue> = &mut state.book.lanes;
        let states = lanes.iter_mut().map(|(lane, queue)| {
            queue.expire(now);
            queue.state(lane, next)
        });
        Ok(states.collect())
    }

    async fn lease(
        &self,
        lane: &Lane,
        most: usize,
        wait: Duration,
    ) -> Result<Vec<Leased>, SpoolError> {
        let deadline = Instant::now() + wait.min(LONGEST_WAIT);
        loop {
            let mut changed = std::pin::pin!(self.shared.changed.notified());
            changed.as_mut().enable();
            let look = self.look(lane, most).await?;
            if !look.given.is_empty() || most == 0 {
                return Ok(look.given);
            }
            if look.has_moved {
                continue;
            }
            if Instant::now() >= deadline {
                return Ok(Vec::new());
            }
            let wake_at = look.next_change.map_or(deadline, |at| at.min(deadline));
            // Whether it changed or the time came: look again.
            let _ = timeout_at(wake_at, changed).await;
        }
    }

    async fn ack(&self, lane: &Lane, offsets: &[u64]) -> Result<(), SpoolError> {
        let request = Request::Ack(lane.clone(), offsets.to_vec());
        self.ask(request).await.map(drop)
    }

    async fn retry(&self, lane: &Lane, offset: u64, at: Time) -> Result<(), SpoolError> {
        let until = Instant::now() + at.since(Time::now()).min(LONGEST_WAIT);
        let mut state = self.shared.lock();
        let queue = state.book.lane_mut(lane)?;
        if !queue.retry(offset, until) {
            return Err(SpoolError::never_leased(lane, offset));
        }
        drop(state);
        self.shared.changed.notify_waiters();
        Ok(())
    }

    async fn bury(&self, lane: &Lane, offset: u64, reason: &str) -> Result<(), SpoolError> {
        let waits = !self.shared.lock().book.lane(lane)?.has_acked(offset);
        let room = Room {
            records: usize::from(waits),
            bytes: 0,
        };
        let fetched = self.fetch(&mut LogReader::default(), offset, room).await?;
        let found = fetched
            .records
            .first()
            .filter(|record| record.offset == offset);
        let found = found.ok_or_else(|| SpoolError::not_waiting(lane, offset))?;
        let entry = Entry {
            key: found.key,
            bytes: record::bury(lane.as_str(), reason, &found.bytes).into(),
        };
        let request = Request::Bury(lane.clone(), offset, entry);
        self.ask(request).await.map(drop)
    }

    async fn peek(&self, from: u64, most: usize) -> Result<Vec<Peeked>, SpoolError> {
        let room = Room {
            records: most,
            bytes: LEASE_BYTES,
        };
        let found = self.collect(&mut LogReader::default(), from, room).await?;
        let peeked = found.records.into_iter().map(|stored| Peeked {
            offset: stored.offset,
            bytes: stored.bytes,
        });
        Ok(peeked.collect())
    }

    async fn size(&self) -> Result<SpoolSize, SpoolError> {
        let state = self.shared.lock();
        Ok(SpoolSize {
            oldest: state.oldest(),
            next: state.book.next,
            bytes: state.bytes(),
            limit: self.limit,
        })
    }
}

impl Drop for EmbeddedSpool {
    fn drop(&mut self) {
        self.inbox = None;
        if let Some(writer) = self.writer.take() {
            // A writer that panicked has said so itself.
            let _ = writer.join();
        }
    }
}

fn make_dir(dir: &Path) -> Result<(), OpenError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let created = builder.create(dir);
    created.map_err(error::io_error("making the directory", dir))?;
    if let Some(parent) = dir.parent() {
        // A parent that may not be read can't be synced either; then the directory is as durable as the system makes it.
        let _ = segment::sync_dir(parent);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
