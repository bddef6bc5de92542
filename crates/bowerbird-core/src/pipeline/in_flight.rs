//! Batches of one source on their way through preparing: several at once, given back in the order in which they were read.

use std::collections::VecDeque;

use tokio::task::JoinHandle;

use crate::ids::Cursor;

use super::engine::EngineError;
use super::prepare::Prepared;

/// Batches being prepared at once: one more than the cores they can use, so that reading never waits for the disk.
pub(super) const MOST: usize = 3;

/// The batches, each with the cursor behind it.
#[derive(Debug, Default)]
pub(super) struct InFlight(VecDeque<(JoinHandle<Prepared>, Option<Cursor>)>);

impl InFlight {
    pub(super) fn has_room(&self) -> bool {
        self.0.len() < MOST
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn push(&mut self, preparing: JoinHandle<Prepared>, cursor: Option<Cursor>) {
        self.0.push_back((preparing, cursor));
    }

    /// Waits for the oldest batch; for ever, if there is none. Cancel-safe: the batch leaves the queue only when it is done.
    pub(super) async fn next(&mut self) -> Result<(Prepared, Option<Cursor>), EngineError> {
        let Some((preparing, _)) = self.0.front_mut() else {
            return std::future::pending().await;
        };
        let prepared = preparing
            .await
            .map_err(|panicked| EngineError::Panicked(panicked.to_string()))?;
        let cursor = self.0.pop_front().and_then(|(_, cursor)| cursor);
        Ok((prepared, cursor))
    }
}
