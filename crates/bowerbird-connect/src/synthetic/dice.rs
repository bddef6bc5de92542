//! Numbers that look like chance and are not: the same seed, post and purpose always give the same ones.
//!
//! A generator for every post instead of one for the stream is what lets a stream resume anywhere. Not for secrets.

/// A sequence of numbers for one post and one purpose.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    /// `purpose` keeps the choices of different parts of a post independent of one another.
    pub(super) fn new(seed: u64, n: u64, purpose: u64) -> Self {
        let mut dice = Self(seed ^ purpose.rotate_left(48));
        dice.0 = dice.next() ^ n;
        dice.next();
        dice
    }

    /// The next 64 bits (SplitMix64).
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, which is small against 2⁶⁴.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    /// True `percent` times in a hundred.
    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of `choices`, which is not empty.
    pub(super) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        let index = self.below(choices.len() as u64);
        choices[usize::try_from(index).expect("an index into a slice fits usize")]
    }
}
