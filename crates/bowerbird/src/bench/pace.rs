//! How fast something went, beside its floor.

use std::time::{Duration, Instant};

use serde::Serialize;

/// A speed and the speed of its floor.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Pace {
    /// Ours.
    pub(super) posts_per_s: f64,
    /// The same work with nothing of ours around it.
    pub(super) floor_posts_per_s: f64,
    /// Ours in parts of the floor.
    pub(super) ratio: f64,
}

impl Pace {
    /// Of two speeds.
    pub(super) fn new(ours: f64, floor: f64) -> Self {
        let ratio = if floor > 0.0 { ours / floor } else { 0.0 };
        Self {
            posts_per_s: ours.round(),
            floor_posts_per_s: floor.round(),
            ratio: thousandths(ratio),
        }
    }
}

/// Without what is past the third decimal.
pub(super) fn thousandths(number: f64) -> f64 {
    (number * 1_000.0).round() / 1_000.0
}

/// Posts a second.
#[expect(clippy::cast_precision_loss, reason = "far fewer posts than 2^52")]
pub(super) fn rate(posts: u64, took: Duration) -> f64 {
    posts as f64 / took.as_secs_f64().max(1e-9)
}

/// A speed as a whole number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a speed is positive and small"
)]
pub(super) fn rounded(rate: f64) -> u64 {
    rate.round() as u64
}

/// Times ours and floor in turns, a few rounds of `posts` each, and takes the median of both.
pub(super) fn in_turns(posts: u64, mut ours: impl FnMut(), mut floor: impl FnMut()) -> Pace {
    const ROUNDS: usize = 7;
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        times[1].push(timed(&mut floor));
        times[0].push(timed(&mut ours));
    }
    let [ours, floor] = times.map(|mut times| {
        times.sort();
        rate(posts, times[ROUNDS / 2])
    });
    Pace::new(ours, floor)
}

/// Posts a second of the median of a few rounds of `posts` each.
pub(super) fn median_rate(posts: u64, mut work: impl FnMut()) -> f64 {
    let mut times = [(); 5].map(|()| timed(&mut work));
    times.sort();
    rate(posts, times[times.len() / 2])
}

fn timed(work: &mut impl FnMut()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}
