//! What priced calls cost, added up.

use std::ops::Range;

use async_trait::async_trait;

use super::StoreError;
use crate::bill::{BillDay, BillShare, Charge, Sums};
use crate::ids::SourceName;
use crate::time::{Day, Time};

/// The bills of all sources.
///
/// # Contract
/// - A charge comes as a record, in the transaction that writes the lane's position, or by `charge`. It falls on the UTC day of its time.
/// - A call with an id is charged once a day for its source and kind, to the tracks it was first charged to; one without, always.
/// - A cost is split among its tracks into parts that differ by a millionth at most and add up to it. What has no track counts as
///   nobody's, so that shares always add up to the whole.
/// - Nothing is ever taken off a bill, whatever becomes of posts and tracks.
#[async_trait]
pub trait Bills: Send + Sync {
    /// Puts calls on a source's bill.
    async fn charge(
        &self,
        source: &SourceName,
        at: Time,
        charge: &Charge,
    ) -> Result<(), StoreError>;
    /// A source's bill day by day, oldest first; days without a charge are left out.
    async fn bill_days(
        &self,
        source: &SourceName,
        days: Range<Day>,
    ) -> Result<Vec<BillDay>, StoreError>;
    /// Who has what share in a source's bill of these days, by what it was for, the dearest first. `n` counts calls the track has a part in.
    async fn bill_shares(
        &self,
        source: &SourceName,
        days: Range<Day>,
    ) -> Result<Vec<BillShare>, StoreError>;
    /// What a source has cost, and what each track has, in the periods that `now` lies in.
    async fn bill_sums(&self, source: &SourceName, now: Time) -> Result<Sums, StoreError>;
}
