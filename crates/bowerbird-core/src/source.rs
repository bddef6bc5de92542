//! A configured connection to a service: the trait, what the pipeline knows of it, and what its errors ask for.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;

use crate::event::Event;
use crate::frame::Batch;
use crate::ids::{Cursor, SourceName};
use crate::job::JobHandler;
use crate::repair::Repair;
use crate::time::Time;

/// One open connection that yields frames.
///
/// # Contract
/// - `next_batch` waits until there is something to say: frames, a keep-alive, or a moved cursor. `Ok(None)` is the end of
///   a bounded source; an endless one never says it.
/// - It is cancel-safe: a dropped call loses no frame.
/// - It never retries, sleeps to back off, or decides: an error ends this connection, and the pipeline opens another with the last cursor
///   that is durable.
/// - Frames come in the upstream's order. Batches are bounded ([`MAX_BATCH_FRAMES`], [`MAX_BATCH_BYTES`]).
/// - Opening with a cursor yields everything after it, at least once.
#[async_trait]
pub trait Source: Send {
    /// The next frames.
    async fn next_batch(&mut self) -> Result<Option<Batch>, SourceError>;
}

/// The most frames in one batch: one durable commit each, so large enough to pay for the fsync.
pub const MAX_BATCH_FRAMES: usize = 1_000;
/// The most bytes in one batch, so that batches in flight stay within a fixed memory.
pub const MAX_BATCH_BYTES: usize = 8 << 20;

/// Makes an event of a frame, borrowing from it. Pure, and run on any core.
pub type Decode = for<'a> fn(&'a [u8]) -> Result<Event<'a>, Refused>;

/// Why bytes are not an event; kept with them in the dead letters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Refused {
    /// What was expected and what was found, for a person.
    pub reason: String,
}

impl Refused {
    /// A refusal with its reason.
    pub fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
        }
    }
}

/// What the pipeline should do after a source failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// Open again after the ladder's next pause.
    #[error("{reason}")]
    Retry {
        /// Which pauses.
        ladder: Ladder,
        /// What happened.
        reason: String,
    },
    /// Open again at a moment the service named.
    #[error("{reason}")]
    WaitUntil {
        /// When.
        at: Time,
        /// What happened.
        reason: String,
    },
    /// The service cut us off as we read too slowly: open again as after other trouble of the network.
    #[error("{reason}")]
    Slow {
        /// What happened.
        reason: String,
    },
    /// Nothing helps but a person.
    #[error("{reason}")]
    Stop {
        /// What happened and what to do.
        reason: String,
    },
    /// The service no longer has all that came after the cursor: what it lacks is a gap.
    #[error("{reason}")]
    CursorLost {
        /// What happened.
        reason: String,
        /// What is known of the gap; nothing, by default.
        lost: Lost,
    },
}

/// What a service lacks that a cursor asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lost {
    /// The moment that the cursor stands for; not known: when something was last heard.
    pub from: Option<Time>,
    /// From which moment on the service has everything again, and the cursor to open with for it; not known: open without one, and the gap
    /// lasts until something is heard.
    pub resume: Option<(Time, Cursor)>,
}

/// The three ways of pausing between attempts that X documents, good manners everywhere. The first reconnect is immediate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ladder {
    /// TCP and TLS trouble: 250 ms more each time, up to 16 s.
    Network,
    /// The server is in trouble (5xx): 5 s, doubling, up to 320 s.
    Server,
    /// We ask too much (429, 420): 60 s, doubling, up to 16 min.
    RateLimit,
}

/// What the pipeline knows of a source.
#[derive(Debug, Clone)]
pub struct SourceSpec {
    /// Its name in the configuration.
    pub name: SourceName,
    /// The service it speaks to; for a replay of mixed files, `replay`.
    pub service: String,
    /// Turns its frames into events.
    pub decode: Decode,
    /// Does it go on for ever?
    pub endless: bool,
    /// Does opening with a cursor replay everything after it? Then a disconnect leaves no gap.
    pub replays: bool,
    /// Silence longer than this is a stall: the pipeline closes the connection and opens another.
    pub stall_after: Option<Duration>,
    /// What of it is kept.
    pub keep: Keep,
}

/// Which events of a source are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keep {
    /// Everything.
    #[default]
    All,
    /// Posts that some track caught, and whatever concerns posts we may hold (edits, deletions).
    Matched,
}

/// What opening gives.
pub type Opening = Pin<Box<dyn Future<Output = Result<Box<dyn Source>, SourceError>> + Send>>;

/// A source that can be opened any number of times: what a connector's `connect(config)` returns.
pub struct Connection {
    /// What the pipeline knows of it.
    pub spec: SourceSpec,
    /// Opens it where the cursor says, or at the beginning (bounded) or now (endless) without one.
    pub open: Box<dyn Fn(Option<Cursor>) -> Opening + Send + Sync>,
    /// Fetches again what it missed; `None` where nothing can.
    pub repair: Option<Repair>,
    /// What else it does, as jobs.
    pub jobs: Vec<JobHandler>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("spec", &self.spec)
            .finish_non_exhaustive()
    }
}
