//! Gaps and dead letters of a store in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::FakeStore;
use crate::gap::{Family, Gap, GapState, Mending};
use crate::ids::SourceName;
use crate::store::{DeadLetter, GapQuery, Ledger, MinuteCount, StoreError};
use crate::time::Time;

const MICROS_A_MINUTE: i64 = 60_000_000;

/// What is known of the time of sources.
#[derive(Debug, Default)]
pub(super) struct Spans {
    gaps: Vec<Gap>,
    last: u64,
    /// When the first record of each source came.
    first: BTreeMap<SourceName, Time>,
    /// Posts by the minute of each source.
    minutes: BTreeMap<(SourceName, i64), u64>,
}

impl Spans {
    pub(super) fn heard(&mut self, source: &SourceName, at: Time) {
        self.first.entry(source.clone()).or_insert(at);
    }

    /// A post that was not there, by itself or brought by a repair.
    pub(super) fn arrived(&mut self, source: &SourceName, at: Time, repairs: Option<u64>) {
        match repairs {
            None => {
                let minute = at.0.div_euclid(MICROS_A_MINUTE);
                *self.minutes.entry((source.clone(), minute)).or_default() += 1;
            }
            Some(id) => {
                if let Some(gap) = self.find(id) {
                    gap.repair.posts += 1;
                }
            }
        }
    }

    pub(super) fn note(&mut self, gap: Gap) {
        let what = |gap: &Gap| (gap.source.clone(), gap.track, gap.cause.family(), gap.from);
        let known = self.gaps.iter_mut().find(|known| what(known) == what(&gap));
        match known {
            Some(known) => {
                let has_grown = known.until.is_some() && gap.until > known.until;
                if has_grown && known.state == GapState::Repaired {
                    known.state = GapState::Open;
                }
                known.until = known.until.max(gap.until);
                known.lost = known.lost.max(gap.lost);
            }
            None => self.add(gap),
        }
    }

    fn add(&mut self, gap: Gap) {
        self.last += 1;
        let id = self.last;
        self.gaps.push(Gap { id, ..gap });
    }

    fn find(&mut self, id: u64) -> Option<&mut Gap> {
        self.gaps.iter_mut().find(|gap| gap.id == id)
    }
}

#[async_trait]
impl Ledger for FakeStore {
    async fn gaps(
        &self,
        query: &GapQuery,
        before: Option<u64>,
        most: usize,
    ) -> Result<Vec<Gap>, StoreError> {
        let ledger = &self.inner().ledger;
        let place = |gap: &Gap| (gap.from, gap.id);
        let mut all: Vec<&Gap> = ledger.gaps.iter().collect();
        all.sort_by_key(|gap| std::cmp::Reverse(place(gap)));
        let last = match before {
            None => None,
            Some(id) => match all.iter().find(|gap| gap.id == id) {
                Some(last) => Some(place(last)),
                None => return Ok(Vec::new()),
            },
        };
        let wanted = all
            .into_iter()
            .filter(|gap| query.fits(gap) && last.is_none_or(|last| place(gap) < last));
        Ok(wanted.take(most).cloned().collect())
    }

    async fn gap(&self, id: u64) -> Result<Option<Gap>, StoreError> {
        Ok(self.inner().ledger.find(id).cloned())
    }

    async fn lasting(&self, family: Family) -> Result<Vec<Gap>, StoreError> {
        let ledger = &self.inner().ledger;
        let lasts = |gap: &&Gap| gap.until.is_none() && gap.cause.family() == family;
        Ok(ledger.gaps.iter().filter(lasts).cloned().collect())
    }

    async fn to_repair(&self, source: &SourceName, most: usize) -> Result<Vec<Gap>, StoreError> {
        let ledger = &self.inner().ledger;
        let wanted = |gap: &&Gap| {
            gap.source == *source
                && gap.until.is_some()
                && gap.state == GapState::Open
                && !gap.cause.is_wanted()
        };
        let mut found: Vec<Gap> = ledger.gaps.iter().filter(wanted).cloned().collect();
        found.sort_by_key(|gap| (gap.from, gap.id));
        found.truncate(most);
        Ok(found)
    }

    async fn mend(&self, id: u64, state: GapState, mending: &Mending) -> Result<(), StoreError> {
        if let Some(gap) = self.inner().ledger.find(id) {
            gap.state = state;
            let posts = gap.repair.posts;
            gap.repair = Mending {
                posts,
                ..mending.clone()
            };
        }
        Ok(())
    }

    async fn split(
        &self,
        id: u64,
        at: Time,
        state: GapState,
        mending: &Mending,
    ) -> Result<(), StoreError> {
        let ledger = &mut self.inner().ledger;
        let within = |gap: &&mut Gap| gap.from < at && gap.until.is_some_and(|until| at < until);
        let Some(gap) = ledger.find(id).filter(within) else {
            return Ok(());
        };
        let posts = if state == GapState::Repaired {
            std::mem::take(&mut gap.repair.posts)
        } else {
            0
        };
        let before = Gap {
            until: Some(at),
            state,
            repair: Mending {
                posts,
                ..mending.clone()
            },
            ..gap.clone()
        };
        gap.from = at;
        ledger.add(before);
        Ok(())
    }

    async fn arrivals(
        &self,
        source: &SourceName,
        from: Time,
        until: Time,
    ) -> Result<Vec<MinuteCount>, StoreError> {
        let ledger = &self.inner().ledger;
        let all = ledger.minutes.iter();
        let found = all.filter_map(|((of, minute), count)| {
            let begins = Time(minute * MICROS_A_MINUTE);
            let ends = begins.0 + MICROS_A_MINUTE;
            (of == source && ends > from.0 && begins < until).then_some(MinuteCount {
                minute: begins,
                count: *count,
            })
        });
        Ok(found.collect())
    }

    async fn first_heard(&self) -> Result<Vec<(SourceName, Time)>, StoreError> {
        let first = self.inner().ledger.first.clone();
        Ok(first.into_iter().collect())
    }

    async fn dead_letters(
        &self,
        before: Option<u64>,
        most: usize,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        let inner = self.inner();
        let wanted = inner
            .dead
            .iter()
            .rev()
            .filter(|(letter, _)| before.is_none_or(|before| letter.id < before));
        Ok(wanted
            .take(most)
            .map(|(letter, _)| letter.clone())
            .collect())
    }

    async fn dead_letter(&self, id: u64) -> Result<Option<(DeadLetter, Vec<u8>)>, StoreError> {
        Ok(self
            .inner()
            .dead
            .iter()
            .find(|(letter, _)| letter.id == id)
            .cloned())
    }

    async fn drop_dead_letters(&self, ids: &[u64]) -> Result<u64, StoreError> {
        let mut inner = self.inner();
        let before = inner.dead.len();
        inner.dead.retain(|(letter, _)| !ids.contains(&letter.id));
        Ok((before - inner.dead.len()) as u64)
    }
}
