//! Fetching again what a source missed: what a connector offers for it. The pipeline decides when, and keeps the books.

use std::fmt;

use crate::ids::{Cursor, TrackId};
use crate::source::Opening;
use crate::time::Time;

/// What of a source is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The last byte before.
    pub from: Time,
    /// The first byte after.
    pub until: Time,
    /// The only track it concerns; `None` for all that listen to the source.
    pub track: Option<TrackId>,
}

/// How a source's gaps are filled.
pub struct Repair {
    /// From where, for a person: `the service's replay`, `recent search`.
    pub by: &'static str,
    /// What it is known not to bring back, for a person; empty where it brings everything.
    pub lacks: &'static str,
    /// Opens what is missing as a bounded source; with a cursor, after the batch that it came with.
    ///
    /// # Contract
    /// - All of the [`Source`](crate::source::Source) contract; `Ok(None)` says that everything was brought that can be.
    /// - It may bring more than was asked for: whatever comes twice is a duplicate.
    /// - `Retry` and `WaitUntil`: again later. `Stop`: this gap can't be filled, for that reason. `CursorLost`: the service has let go of what
    ///   lies before its `resume`, and with the cursor of that the rest is to be had; without one, nothing is.
    pub open: OpenRepair,
}

/// Opens what is missing; see [`Repair::open`].
pub type OpenRepair = Box<dyn Fn(&Missing, Option<Cursor>) -> Opening + Send + Sync>;

impl fmt::Debug for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repair")
            .field("by", &self.by)
            .field("lacks", &self.lacks)
            .finish_non_exhaustive()
    }
}
