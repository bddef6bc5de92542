//! How common words are, as far as the rules themselves show it: what many rules name, many posts will hold.
//!
//! It only helps to choose what a rule hangs on. A wrong guess costs time and changes no result.

/// Counters; words share them by their hash.
const COUNTERS: usize = 1 << 16;

/// See the module.
pub(crate) struct Census {
    counts: Box<[u32]>,
}

impl Default for Census {
    fn default() -> Self {
        Self {
            counts: vec![0; COUNTERS].into_boxed_slice(),
        }
    }
}

impl Census {
    /// Counts one more rule that names the word.
    pub(crate) fn add(&mut self, hash: u64) {
        let count = &mut self.counts[place(hash)];
        *count = count.saturating_add(1);
    }

    /// How common a word is held to be, in no unit: longer words are rarer, all else being equal.
    pub(crate) fn frequency(&self, hash: u64, length: usize) -> f32 {
        let letters = length.clamp(1, 12) as f32;
        (1.0 + self.counts[place(hash)] as f32) / (letters * letters)
    }
}

fn place(hash: u64) -> usize {
    (super::feature::spread(hash) >> 48) as usize
}
