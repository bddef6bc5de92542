//! The three ladders of pauses, as X documents them and as every service may expect.

use std::time::Duration;

use crate::source::Ladder;

/// How long to pause before the next attempt, after so many failed in a row. The first is immediate for trouble of the network
/// and of the server; who was told to ask less waits at once.
pub fn pause(ladder: Ladder, failed: u32) -> Duration {
    let doublings = |first: u64, most: u64, steps: u32| {
        let factor = 1_u64.checked_shl(steps).unwrap_or(u64::MAX);
        Duration::from_secs(first.saturating_mul(factor).min(most))
    };
    match (ladder, failed) {
        (Ladder::Network | Ladder::Server, 0 | 1) => Duration::ZERO,
        (Ladder::Network, _) => {
            Duration::from_millis(u64::from(failed - 1).saturating_mul(250).min(16_000))
        }
        (Ladder::Server, _) => doublings(5, 320, failed - 2),
        (Ladder::RateLimit, _) => doublings(60, 960, failed.saturating_sub(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ladders_climb_as_documented() {
        let seconds = |ladder, failed| pause(ladder, failed).as_secs_f64();
        let cases = [
            (
                Ladder::Network,
                [(1, 0.0), (2, 0.25), (3, 0.5), (65, 16.0), (9_999, 16.0)],
            ),
            (
                Ladder::Server,
                [(1, 0.0), (2, 5.0), (3, 10.0), (8, 320.0), (9_999, 320.0)],
            ),
            (
                Ladder::RateLimit,
                [
                    (1, 60.0),
                    (2, 120.0),
                    (5, 960.0),
                    (6, 960.0),
                    (9_999, 960.0),
                ],
            ),
        ];
        for (ladder, steps) in cases {
            for (failed, expected) in steps {
                assert!(
                    (seconds(ladder, failed) - expected).abs() < 1e-9,
                    "{ladder:?} after {failed}"
                );
            }
        }
    }
}
