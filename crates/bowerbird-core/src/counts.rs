//! Counts that add up: `read = kept + unmatched + duplicate + refused + waiting`, for every source, at any moment.
//!
//! The spool counts what is read and dropped, the store what became of the rest, each in the transaction that makes it true. Here
//! they are only brought together; asking the store first and the spool second keeps `waiting` from falling below zero.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::spool::{Spool, SpoolError};
use crate::store::{Posts, StoreError};

/// What became of all frames of a source.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Counts {
    /// Frames that were no keep-alives.
    pub read: u64,
    /// Posts written and other events applied.
    pub kept: u64,
    /// Dropped because no track matched and the source keeps only the matched.
    pub unmatched: u64,
    /// Events that were there.
    pub duplicate: u64,
    /// Dead letters.
    pub refused: u64,
    /// In the spool and not yet in the store.
    pub waiting: u64,
}

impl Counts {
    /// What came since `earlier`; waiting is as it is now.
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            read: self.read.saturating_sub(earlier.read),
            kept: self.kept.saturating_sub(earlier.kept),
            unmatched: self.unmatched.saturating_sub(earlier.unmatched),
            duplicate: self.duplicate.saturating_sub(earlier.duplicate),
            refused: self.refused.saturating_sub(earlier.refused),
            waiting: self.waiting,
        }
    }

    /// Of all sources together.
    pub fn total<'c>(all: impl IntoIterator<Item = &'c Self>) -> Self {
        all.into_iter().fold(Self::default(), |sum, one| Self {
            read: sum.read + one.read,
            kept: sum.kept + one.kept,
            unmatched: sum.unmatched + one.unmatched,
            duplicate: sum.duplicate + one.duplicate,
            refused: sum.refused + one.refused,
            waiting: sum.waiting + one.waiting,
        })
    }
}

/// Why counts could not be had.
#[derive(Debug, thiserror::Error)]
pub enum CountsError {
    /// The spool failed.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The counts of every source, by name.
pub async fn counts(
    spool: &dyn Spool,
    store: &dyn Posts,
) -> Result<BTreeMap<String, Counts>, CountsError> {
    let mut all: BTreeMap<String, Counts> = BTreeMap::new();
    for stored in store.counts().await? {
        let entry = all.entry(stored.source.to_string()).or_default();
        entry.kept = stored.kept;
        entry.duplicate = stored.duplicate;
        entry.refused = stored.refused;
    }
    for source in spool.sources().await? {
        let entry = all.entry(source.source.to_string()).or_default();
        entry.read = source.read;
        entry.unmatched = source.unmatched;
        let ended = entry.kept + entry.unmatched + entry.duplicate + entry.refused;
        entry.waiting = source.read.saturating_sub(ended);
    }
    Ok(all)
}
