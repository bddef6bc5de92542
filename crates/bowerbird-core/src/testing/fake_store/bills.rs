//! Bills in memory: every charged part, added up whenever somebody asks.

use std::collections::BTreeMap;
use std::ops::Range;

use async_trait::async_trait;

use super::FakeStore;
use crate::bill::{BillDay, BillShare, Charge, Money, Period, Priced, Spent, Sums};
use crate::ids::{SourceName, TrackId};
use crate::store::{Bills, StoreError};
use crate::time::{Day, Time};

/// All that was charged.
#[derive(Debug, Default)]
pub(super) struct Charged {
    calls: Vec<ChargedCall>,
}

#[derive(Debug)]
struct ChargedCall {
    source: SourceName,
    day: Day,
    what: Priced,
    id: String,
    price: Money,
    parts: Vec<(Option<TrackId>, Money)>,
}

impl Charged {
    pub(super) fn enter(&mut self, source: &SourceName, day: Day, charge: &Charge) {
        for call in &charge.calls {
            let is_same = |known: &ChargedCall| {
                (&known.source, known.day, known.what, &known.id)
                    == (source, day, charge.what, &call.id)
            };
            if !call.id.is_empty() && self.calls.iter().any(is_same) {
                continue;
            }
            let tracks: Vec<Option<TrackId>> = match call.tracks.as_slice() {
                [] => vec![None],
                tracks => tracks.iter().copied().map(Some).collect(),
            };
            let parts = charge.price.split(tracks.len());
            let parts = tracks.iter().copied().zip(parts).collect();
            self.calls.push(ChargedCall {
                source: source.clone(),
                day,
                what: charge.what,
                id: call.id.clone(),
                price: charge.price,
                parts,
            });
        }
    }

    fn of<'c>(
        &'c self,
        source: &SourceName,
        days: Range<Day>,
    ) -> impl Iterator<Item = &'c ChargedCall> {
        self.calls
            .iter()
            .filter(move |call| call.source == *source && days.contains(&call.day))
    }
}

#[async_trait]
impl Bills for FakeStore {
    async fn charge(
        &self,
        source: &SourceName,
        at: Time,
        charge: &Charge,
    ) -> Result<(), StoreError> {
        self.inner().charged.enter(source, at.day(), charge);
        Ok(())
    }

    async fn bill_days(
        &self,
        source: &SourceName,
        days: Range<Day>,
    ) -> Result<Vec<BillDay>, StoreError> {
        let mut sums: BTreeMap<(Day, Priced), (u64, Money)> = BTreeMap::new();
        for call in self.inner().charged.of(source, days) {
            let sum = sums.entry((call.day, call.what)).or_default();
            *sum = (sum.0 + 1, sum.1 + call.price);
        }
        let day = |((day, what), (n, cost))| BillDay { day, what, n, cost };
        Ok(sums.into_iter().map(day).collect())
    }

    async fn bill_shares(
        &self,
        source: &SourceName,
        days: Range<Day>,
    ) -> Result<Vec<BillShare>, StoreError> {
        let mut sums: BTreeMap<(Option<TrackId>, Priced), (u64, Money)> = BTreeMap::new();
        for call in self.inner().charged.of(source, days) {
            for (track, cost) in &call.parts {
                let sum = sums.entry((*track, call.what)).or_default();
                *sum = (sum.0 + 1, sum.1 + *cost);
            }
        }
        let share = |((track, what), (n, cost))| BillShare {
            track,
            what,
            n,
            cost,
        };
        let mut shares: Vec<_> = sums.into_iter().map(share).collect();
        shares.sort_by_key(|share| (-share.cost.0, share.track, share.what));
        Ok(shares)
    }

    async fn bill_sums(&self, source: &SourceName, now: Time) -> Result<Sums, StoreError> {
        let mut sums = Sums::default();
        for call in self.inner().charged.of(source, Day(0)..Day(i64::MAX)) {
            let since = |period: Period| call.day >= period.first_day(now);
            for (track, part) in &call.parts {
                let when = |is_within: bool| if is_within { *part } else { Money::ZERO };
                let spent = Spent {
                    day: when(since(Period::Day)),
                    month: when(since(Period::Month)),
                    total: *part,
                };
                sums.all += spent;
                if let Some(track) = track {
                    *sums.tracks.entry(*track).or_default() += spent;
                }
            }
        }
        Ok(sums)
    }
}
