//! A rate limit of whole seconds: so many events in each, and no memory of the last.

use tokio::time::{Duration, Instant};

/// Allows a number of events in each second.
#[derive(Debug)]
pub(super) struct RateLimit {
    per_second: u32,
    left: u32,
    until: Option<Instant>,
}

impl RateLimit {
    /// At most `per_second`, which may be [changed](Self::set).
    pub(super) fn new(per_second: u32) -> Self {
        Self {
            per_second,
            left: per_second,
            until: None,
        }
    }

    /// Allows so many from the next second on.
    pub(super) fn set(&mut self, per_second: u32) {
        self.per_second = per_second;
    }

    /// May one more happen at `now`?
    pub(super) fn allows(&mut self, now: Instant) -> bool {
        if self.until.is_none_or(|until| now >= until) {
            self.left = self.per_second;
            self.until = Some(now + Duration::from_secs(1));
        }
        let allowed = self.left > 0;
        self.left = self.left.saturating_sub(1);
        allowed
    }
}
