//! A set of offsets kept as ranges: acknowledgements come in runs, so that a lane's set stays small however far it reaches.

use std::collections::BTreeMap;

/// Disjoint ranges with a gap between any two, by their start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Ranges(BTreeMap<u64, u64>);

impl Ranges {
    /// Adds every offset from `from` up to `until` without it.
    pub(super) fn insert(&mut self, from: u64, until: u64) {
        if from >= until {
            return;
        }
        let (mut from, mut until) = (from, until);
        // Every range that begins at or before `until` and ends at or after `from` becomes one with it.
        while let Some((&start, &end)) = self.0.range(..=until).next_back() {
            if end < from {
                break;
            }
            self.0.remove(&start);
            from = from.min(start);
            until = until.max(end);
        }
        self.0.insert(from, until);
    }

    /// The end of the range that holds `offset`.
    pub(super) fn end_of(&self, offset: u64) -> Option<u64> {
        let (_, &end) = self.0.range(..=offset).next_back()?;
        (end > offset).then_some(end)
    }

    /// Takes away what lies below the first hole at or after `position`, and tells where that is.
    pub(super) fn take_up_to_hole(&mut self, position: u64) -> u64 {
        let hole = self.end_of(position).unwrap_or(position);
        while let Some((&start, &end)) = self.0.first_key_value() {
            if end > hole {
                break;
            }
            self.0.remove(&start);
        }
        hole
    }

    /// How many offsets it holds.
    pub(super) fn len(&self) -> u64 {
        self.0.iter().map(|(start, end)| end - start).sum()
    }

    /// The ranges in order.
    pub(super) fn to_vec(&self) -> Vec<(u64, u64)> {
        self.0.iter().map(|(&start, &end)| (start, end)).collect()
    }
}

/// Offsets in any order, as ranges.
pub(super) fn runs(offsets: &[u64]) -> Vec<(u64, u64)> {
    let mut ranges = Ranges::default();
    let mut run: Option<(u64, u64)> = None;
    for &offset in offsets {
        match &mut run {
            Some((_, until)) if *until == offset => *until += 1,
            _ => {
                if let Some((from, until)) = run.replace((offset, offset + 1)) {
                    ranges.insert(from, until);
                }
            }
        }
    }
    if let Some((from, until)) = run {
        ranges.insert(from, until);
    }
    ranges.to_vec()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_set(inserts in prop::collection::vec((0..60_u64, 0..9_u64), 0..40)) {
            let mut naive = BTreeSet::new();
            let mut ranges = Ranges::default();
            for (from, n) in inserts {
                naive.extend(from..from + n);
                ranges.insert(from, from + n);
                prop_assert_eq!(ranges.len(), naive.len() as u64);
            }
            for offset in 0..70 {
                let end = (offset..).find(|o| !naive.contains(o)).filter(|&end| end > offset);
                prop_assert_eq!(ranges.end_of(offset), end);
            }
            let offsets: Vec<u64> = naive.iter().rev().copied().collect();
            prop_assert_eq!(runs(&offsets), ranges.to_vec());
            let hole = ranges.take_up_to_hole(3);
            prop_assert_eq!(hole, (3..).find(|o| !naive.contains(o)).unwrap());
            prop_assert_eq!(ranges.len(), naive.iter().filter(|&&o| o > hole).count() as u64);
        }
    }
}
