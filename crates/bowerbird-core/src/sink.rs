//! Where events go besides the store: the trait.

use async_trait::async_trait;

use crate::spool::Leased;

pub mod lines;

/// A consumer of records outside the program.
///
/// # Contract
/// - `write` hands over the batch in order and returns when the other side has taken responsibility for all of it; after an error the whole
///   batch may come again (at least once).
/// - `check` finds out whether writing would work, without a side effect.
#[async_trait]
pub trait Sink: Send {
    /// Writes a batch.
    async fn write(&mut self, batch: &[Leased]) -> Result<(), SinkError>;
    /// Would it work?
    async fn check(&mut self) -> Result<(), SinkError>;
}

/// What the pipeline should do after a sink failed.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// Try the batch again later.
    #[error("{0}")]
    Retry(String),
    /// This record can never be written; the rest can.
    #[error("record {offset}: {reason}")]
    Bury {
        /// Which.
        offset: u64,
        /// Why.
        reason: String,
    },
    /// Nobody listens any more (a closed pipe): end the lane quietly.
    #[error("the reader is gone")]
    Closed,
    /// Nothing helps but a person.
    #[error("{0}")]
    Stop(String),
}
