//! How each worker of a running process is doing, for `top`, the page and the API. Not durable: the spool and the store say
//! what happened, this says what is happening.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use crate::ids::{SourceName, TrackId};
use crate::time::Time;

/// The states of a source's worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum WorkerState {
    /// Opening the connection.
    Connecting,
    /// Connected and reading; quiet or not.
    Live,
    /// Failed, and waiting to open again; `detail` says why and until when.
    Waiting,
    /// The spool is full or the store has fallen far behind: reading pauses until there is room.
    Held,
    /// Read to its end.
    Ended,
    /// Failed for good; a person must act.
    Stopped,
}

/// How one source is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SourceStatus {
    /// The source.
    pub source: SourceName,
    /// The service it speaks to.
    pub service: String,
    /// What its worker does.
    pub state: WorkerState,
    /// Why, in words; empty when all is well.
    pub detail: String,
    /// Since when it is in this state.
    pub since: Time,
    /// Connections in a row that failed or did not last; 0 while frames come.
    pub attempts: u32,
}

/// Where workers write how they are.
#[derive(Debug, Default)]
pub struct Status {
    sources: Mutex<BTreeMap<SourceName, SourceStatus>>,
    notes: Mutex<BTreeMap<(SourceName, &'static str), Vec<String>>>,
    unasked: Mutex<Unasked>,
}

/// The tracks that each service does not listen for, and why; a source is in it once it has told.
pub type Unasked = BTreeMap<SourceName, BTreeMap<TrackId, String>>;

impl Status {
    /// Notes a source's state; the same state again keeps its `since`.
    pub fn set(&self, status: SourceStatus) {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let known = sources
            .get(&status.source)
            .filter(|known| known.state == status.state);
        let since = known.map_or(status.since, |known| known.since);
        sources.insert(status.source.clone(), SourceStatus { since, ..status });
    }

    /// Says what is not as it should be with a source, though it runs; in place of what was said before about the same.
    pub fn set_notes(&self, source: SourceName, about: &'static str, notes: Vec<String>) {
        self.lock_notes().insert((source, about), notes);
    }

    /// Says which tracks a service does not listen for, and why; in place of what was said before.
    pub fn set_unasked(&self, source: SourceName, tracks: BTreeMap<TrackId, String>) {
        let mut unasked = self.unasked.lock().unwrap_or_else(PoisonError::into_inner);
        unasked.insert(source, tracks);
    }

    /// Which tracks services do not listen for.
    pub fn unasked(&self) -> Unasked {
        let unasked = self.unasked.lock().unwrap_or_else(PoisonError::into_inner);
        unasked.clone()
    }

    /// What is not as it should be with a source, though it runs.
    pub fn notes(&self, source: &SourceName) -> Vec<String> {
        let notes = self.lock_notes();
        let of_source = notes.iter().filter(|((name, _), _)| name == source);
        of_source.flat_map(|(_, notes)| notes).cloned().collect()
    }

    fn lock_notes(&self) -> MutexGuard<'_, BTreeMap<(SourceName, &'static str), Vec<String>>> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All sources, by name.
    pub fn sources(&self) -> Vec<SourceStatus> {
        self.sources
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .cloned()
            .collect()
    }
}
