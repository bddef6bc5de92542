//! When each post of the synthetic stream is due: an average rate that swings and bursts, as real streams do.

use std::time::Duration;

/// How busy each second of a minute is, in hundredths of the rate; the table's mean is 100.
const SWING: [u64; 60] = [
    60, 60, 70, 70, 80, 80, 90, 90, 100, 100, 110, 110, 120, 120, 110, 110, 100, 90, 80,
    70, // a slow wave
    60, 50, 50, 40, 40, 420, 500, 380, 220, 120, // silence before a burst
    100, 90, 80, 80, 80, 70, 70, 70, 60, 60, 60, 60, 70, 70, 80, 80, 90, 90, 100,
    100, // and back
    40, 40, 30, 30, 30, 40, 50, 60, 60, 60, // a quiet end
];

/// How many posts are due so long after the beginning.
pub(super) fn due(rate: f64, elapsed: Duration) -> u64 {
    let minutes = elapsed.as_secs() / 60;
    let second = usize::try_from(elapsed.as_secs() % 60).expect("less than 60");
    let whole: u64 = minutes * SWING.iter().sum::<u64>() + SWING[..second].iter().sum::<u64>();
    let part = SWING[second] as f64 * f64::from(elapsed.subsec_nanos()) / 1e9;
    let hundredths = (whole as f64 + part) * rate * scale();
    (hundredths / 100.0) as u64
}

/// Brings the table's mean to exactly 100.
fn scale() -> f64 {
    100.0 * SWING.len() as f64 / SWING.iter().sum::<u64>() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_holds_as_many_posts_as_the_rate_says() {
        for minutes in [1, 2, 60] {
            assert_eq!(
                due(20.0, Duration::from_secs(60 * minutes)),
                1_200 * minutes
            );
        }
    }

    #[test]
    fn time_only_adds_posts_and_bursts_are_steep() {
        let at = |tenths: u64| due(50.0, Duration::from_millis(tenths * 100));
        assert!((0..1_300).all(|tenth| at(tenth) <= at(tenth + 1)));
        let (quiet, burst) = (at(510) - at(500), at(270) - at(260));
        assert!(burst > 5 * quiet, "{burst} against {quiet}");
    }
}
