//! "Does any rule hang on this feature?", answered from a few bytes: nearly all features of a post end here.
//!
//! A Bloom filter whose bits for one feature lie in one word, so a question costs one look at memory. Bits are only ever set, so
//! all snapshots share one filter: a bit too many costs a search in vain and nothing else.

use std::sync::atomic::{AtomicU64, Ordering};

/// Bits kept for each feature when the filter is full.
const BITS_PER_FEATURE: usize = 10;

/// The smallest filter, in words.
const MIN_WORDS: usize = 1 << 10;

/// See the module.
pub(crate) struct Filter {
    words: Box<[AtomicU64]>,
}

/// What the filter knows of a feature; looked at before it is needed, so that several can be fetched from memory at once.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Answer {
    feature: u64,
    word: u64,
}

impl Default for Filter {
    fn default() -> Self {
        Self::for_features(0)
    }
}

impl Filter {
    /// Room for `features` and more.
    pub(crate) fn for_features(features: usize) -> Self {
        let words = (features * BITS_PER_FEATURE / 64 + 1).next_power_of_two();
        Self {
            words: (0..words.max(MIN_WORDS))
                .map(|_| AtomicU64::new(0))
                .collect(),
        }
    }

    /// How many features it answers for without too many false alarms.
    pub(crate) fn room(&self) -> usize {
        self.words.len() * 64 / BITS_PER_FEATURE
    }

    /// How much memory it takes.
    pub(crate) fn memory_bytes(&self) -> usize {
        size_of_val(&*self.words)
    }

    /// Notes a feature.
    pub(crate) fn set(&self, feature: u64) {
        self.words[self.place(feature)].fetch_or(bits(feature), Ordering::Relaxed);
    }

    /// Notes that a longer row of words begins with the one that is this feature.
    pub(crate) fn set_start(&self, feature: u64) {
        self.words[self.place(feature)].fetch_or(start_bits(feature), Ordering::Relaxed);
    }

    /// What is known of a feature.
    pub(crate) fn look(&self, feature: u64) -> Answer {
        Answer {
            feature,
            word: self.words[self.place(feature)].load(Ordering::Relaxed),
        }
    }

    /// May a rule hang on this feature? `false` is certain.
    pub(crate) fn may_hold(&self, feature: u64) -> bool {
        self.look(feature).may_hold()
    }

    fn place(&self, feature: u64) -> usize {
        (feature >> 20) as usize & (self.words.len() - 1)
    }
}

impl Answer {
    pub(crate) fn feature(self) -> u64 {
        self.feature
    }

    /// May a rule hang on the feature? `false` is certain.
    pub(crate) fn may_hold(self) -> bool {
        let bits = bits(self.feature);
        self.word & bits == bits
    }

    /// Either of the two that follow? Most answers end here, by one bit of each.
    pub(crate) fn may_matter(self) -> bool {
        (self.word >> (self.feature & 63) | self.word >> (self.feature >> 58)) & 1 != 0
    }

    /// May one hang on a longer row of words that begins with the one that is this feature? `false` is certain.
    pub(crate) fn may_start(self) -> bool {
        let bits = start_bits(self.feature);
        self.word & bits == bits
    }
}

/// Three bits of a word, never one of them twice: there are not many.
fn bits(feature: u64) -> u64 {
    three(feature, feature >> 6, feature >> 11)
}

fn start_bits(feature: u64) -> u64 {
    three(feature >> 58, feature >> 53, feature >> 49)
}

fn three(first: u64, second: u64, third: u64) -> u64 {
    let bit = 1_u64.rotate_left(first as u32 & 63);
    bit | bit.rotate_left(1 + (second as u32 & 31)) | bit.rotate_right(1 + (third as u32 & 15))
}
