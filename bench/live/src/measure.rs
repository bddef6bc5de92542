//! Counts and latencies of all pages together.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Latencies are counted in steps of this many microseconds …
const STEP: u64 = 100;
/// … up to 20 seconds, and all later ones in the last step.
const STEPS: usize = 200_000;

/// What all pages have seen since [`Measure::begin`].
#[derive(Debug)]
pub(crate) struct Measure {
    running: AtomicBool,
    posts: AtomicU64,
    bytes: AtomicU64,
    missed: AtomicU64,
    closed: AtomicU64,
    latencies: Vec<AtomicU64>,
}

impl Default for Measure {
    fn default() -> Self {
        Self {
            running: AtomicBool::default(),
            posts: AtomicU64::default(),
            bytes: AtomicU64::default(),
            missed: AtomicU64::default(),
            closed: AtomicU64::default(),
            latencies: (0..STEPS).map(|_| AtomicU64::default()).collect(),
        }
    }
}

/// The outcome.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) pages: usize,
    pub(crate) per_page: f64,
    pub(crate) per_second: f64,
    pub(crate) bytes_per_post: usize,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
    pub(crate) missed: u64,
    pub(crate) closed: u64,
}

impl Measure {
    /// Counts from now on.
    pub(crate) fn begin(&self) {
        self.running.store(true, Relaxed);
    }

    /// A post of so many bytes arrived so many microseconds late.
    pub(crate) fn post(&self, late: u64, bytes: usize) {
        if !self.running.load(Relaxed) {
            return;
        }
        self.posts.fetch_add(1, Relaxed);
        self.bytes.fetch_add(bytes as u64, Relaxed);
        let step = usize::try_from(late / STEP).unwrap_or(STEPS).min(STEPS - 1);
        self.latencies[step].fetch_add(1, Relaxed);
    }

    /// A page was told that it missed some.
    pub(crate) fn missed(&self, count: u64) {
        if self.running.load(Relaxed) {
            self.missed.fetch_add(count, Relaxed);
        }
    }

    /// A page's stream ended.
    pub(crate) fn closed(&self) {
        self.closed.fetch_add(1, Relaxed);
    }

    /// Stops counting and says what there was.
    pub(crate) fn report(&self, span: Duration, pages: usize) -> Report {
        self.running.store(false, Relaxed);
        let posts = self.posts.load(Relaxed);
        let per_second = posts as f64 / span.as_secs_f64();
        Report {
            pages,
            per_page: per_second / pages as f64,
            per_second,
            bytes_per_post: usize::try_from(self.bytes.load(Relaxed) / posts.max(1))
                .unwrap_or(0)
                .max(64),
            p50: self.quantile(0.5),
            p99: self.quantile(0.99),
            max: self.quantile(1.0),
            missed: self.missed.load(Relaxed),
            closed: self.closed.load(Relaxed),
        }
    }

    /// In milliseconds: the end of the step in which it lies.
    fn quantile(&self, share: f64) -> f64 {
        let counts: Vec<u64> = self
            .latencies
            .iter()
            .map(|count| count.load(Relaxed))
            .collect();
        let wanted = (counts.iter().sum::<u64>() as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (step, count) in counts.iter().enumerate() {
            seen += count;
            if seen >= wanted && seen > 0 {
                return ((step as u64 + 1) * STEP) as f64 / 1_000.0;
            }
        }
        0.0
    }
}
