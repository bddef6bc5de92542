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
    /// - `Retry` and `WaitUntil`: again later. `Stop`: again in an hour and at the next start, as a person may have looked by then. `CursorLost`:
    ///   what lies before its `resume` is not to be had, and with the cursor of that the rest is; without one, nothing more is to be had, now or
    ///   later, and the gap is beyond repair for that reason.
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
