//! What every [`Spool`] must do, sentence by sentence of its contract.
//!
//! Each check is a plain function that is handed an empty spool and panics where the spool is wrong; [`all`] runs them, each on a fresh
//! one. [`model`] drives a spool through any sequence of actions beside a naive model. What only one backend can be asked (torn files,
//! failing disks, kills) is tested with that backend.

pub mod append;
pub mod lanes;
pub mod lease;
pub mod limits;
pub mod model;
pub mod restart;

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::ids::{Cursor, Lane, SourceName};
use crate::spool::{Append, Entry, Leased, Spool, SpoolError};
use crate::time::Time;

/// A backend under test.
#[async_trait]
pub trait SpoolBackend: Send {
    /// Throws away what there was and begins an empty spool with this size limit.
    async fn begin(&mut self, max_bytes: u64);
    /// The present spool.
    fn spool(&self) -> &dyn Spool;
    /// Ends the present spool as a kill would and opens it again.
    async fn restart(&mut self);
    /// Lets time pass, as leases and retries see it.
    async fn pass(&self, span: Duration);
}

/// A size limit that no check meets by chance.
pub const ROOMY: u64 = 256 << 20;

/// Every check, each on a fresh spool.
pub async fn all(backend: &mut dyn SpoolBackend) {
    append::all(backend).await;
    lanes::all(backend).await;
    lease::all(backend).await;
    limits::all(backend).await;
    restart::all(backend).await;
}

/// A source's name; panics on a bad one.
pub fn source(name: &str) -> SourceName {
    SourceName::parse(name).expect("the suite's source names are names")
}

/// A lane's name; panics on a bad one.
pub fn lane(name: &str) -> Lane {
    Lane::parse(name).expect("the suite's lane names are names")
}

/// Records with these texts, each under its own key.
pub fn entries(texts: &[&str]) -> Vec<Entry> {
    let keyed = texts.iter().enumerate();
    keyed
        .map(|(n, text)| entry(1_000 + n as u64, text))
        .collect()
}

/// A record under a key.
pub fn entry(key: u64, text: &str) -> Entry {
    Entry {
        key,
        bytes: Bytes::copy_from_slice(text.as_bytes()),
    }
}

/// Appends under a source that was taken before.
pub async fn append_as(
    spool: &dyn Spool,
    name: &str,
    lease: u64,
    entries: Vec<Entry>,
) -> Result<u64, SpoolError> {
    let n_read = entries.len() as u64;
    spool
        .append(Append {
            source: source(name),
            lease,
            heard_at: Some(Time(1_000_000)),
            cursor: Some(Cursor("after".to_owned())),
            read: n_read,
            unmatched: 0,
            entries,
        })
        .await
}

/// Takes the source `s` and appends; the offset of the first record.
pub async fn put(spool: &dyn Spool, entries: Vec<Entry>) -> u64 {
    let state = spool.take_source(&source("s")).await;
    let lease = state.expect("a source can be taken").lease;
    let first = append_as(spool, "s", lease, entries).await;
    first.expect("an append within the limit succeeds")
}

/// What is there now, without waiting.
pub async fn lease_now(spool: &dyn Spool, lane: &Lane, most: usize) -> Vec<Leased> {
    let leased = spool.lease(lane, most, Duration::ZERO).await;
    leased.expect("a lane that exists can lease")
}

/// The texts of what is there now.
pub async fn texts_now(spool: &dyn Spool, lane: &Lane, most: usize) -> Vec<String> {
    let leased = lease_now(spool, lane, most).await;
    leased.iter().map(|leased| text(&leased.bytes)).collect()
}

/// The offsets of what is there now.
pub async fn offsets_now(spool: &dyn Spool, lane: &Lane, most: usize) -> Vec<u64> {
    let leased = lease_now(spool, lane, most).await;
    leased.iter().map(|leased| leased.offset).collect()
}

/// A record's bytes as text.
pub fn text(bytes: &Bytes) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Panics unless the call was refused as [`SpoolError::Unknown`].
pub fn assert_unknown<T: std::fmt::Debug>(result: Result<T, SpoolError>, what: &str) {
    assert!(
        matches!(result, Err(SpoolError::Unknown(_))),
        "{what}: {result:?}"
    );
}
