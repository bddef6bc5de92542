//! How many posts a gap may have lost, by what came before and after it. Pure.

use std::time::Duration;

use serde::Serialize;

use crate::store::MinuteCount;
use crate::time::Time;

const MINUTE: Duration = Duration::from_secs(60);
const MICROS_A_MINUTE: i64 = 60_000_000;
/// Minutes looked at on each side: as many as the gap has, but not so few that chance decides, nor so many that it is another time of day.
const MINUTES: std::ops::RangeInclusive<i64> = 10..=60;

/// About how many posts a gap has lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Estimate {
    /// So many, about.
    pub posts: u64,
    /// How that was found, for a person.
    pub method: String,
}

/// What an estimate is made of.
#[derive(Debug, Clone)]
pub struct Around<'a> {
    /// When the gap began.
    pub from: Time,
    /// When it ended; the present, if it lasts.
    pub until: Time,
    /// The present.
    pub now: Time,
    /// Since when anything is known of the source.
    pub since: Time,
    /// What came in each minute of [`reach`]; minutes without anything may be left out.
    pub minutes: &'a [MinuteCount],
    /// Other gaps in that time: their minutes say nothing.
    pub others: &'a [(Time, Time)],
}

/// The time whose minutes an estimate of this gap looks at.
pub fn reach(from: Time, until: Time) -> (Time, Time) {
    let span = MINUTE * u32::try_from(minutes_of(from, until)).unwrap_or(60) + MINUTE;
    (from.minus(span), until.plus(span))
}

/// About how many posts came in a gap, if as many came in each minute as before and after; `None` where nothing is known of either.
pub fn estimate(around: &Around<'_>) -> Option<Estimate> {
    let n = minutes_of(around.from, around.until);
    // Whole minutes only: those in which the gap began and ended are cut.
    let last = around.from.0.div_euclid(MICROS_A_MINUTE);
    let first = around.until.0.div_euclid(MICROS_A_MINUTE) + 1;
    let before = rate(around, last - n..last);
    let after = rate(around, first..first + n);
    let (per_minute, method) = match (before, after) {
        (Some(before), Some(after)) => (
            f64::midpoint(before.0, after.0),
            format!("{}, {}", says(before, "before"), says(after, "after")),
        ),
        (Some(only), None) => (only.0, says(only, "before")),
        (None, Some(only)) => (only.0, says(only, "after")),
        (None, None) => return None,
    };
    let minutes = around.until.since(around.from).as_secs_f64() / 60.0;
    // Saturates at the ends, and a count is never negative.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate is no exact number"
    )]
    let posts = (per_minute * minutes).round() as u64;
    Some(Estimate { posts, method })
}

/// How many minutes on each side are looked at.
fn minutes_of(from: Time, until: Time) -> i64 {
    let minutes = until.since(from).as_secs() / 60;
    i64::try_from(minutes)
        .unwrap_or(i64::MAX)
        .clamp(*MINUTES.start(), *MINUTES.end())
}

/// What came a minute, and in how many minutes of which something is known.
fn rate(around: &Around<'_>, minutes: std::ops::Range<i64>) -> Option<(f64, u32)> {
    let begins = |minute: i64| Time(minute.saturating_mul(MICROS_A_MINUTE));
    let is_known = |minute: &i64| {
        let (begin, end) = (begins(*minute), begins(minute + 1));
        begin >= around.since
            && end <= around.now
            && around
                .others
                .iter()
                .all(|(from, until)| *until <= begin || *from >= end)
    };
    let known: Vec<i64> = minutes.filter(is_known).collect();
    if known.is_empty() {
        return None;
    }
    let came = around
        .minutes
        .iter()
        .filter(|count| known.contains(&count.minute.0.div_euclid(MICROS_A_MINUTE)));
    let sum: u64 = came.map(|count| count.count).sum();
    let n = u32::try_from(known.len()).unwrap_or(u32::MAX);
    let sum = u32::try_from(sum).unwrap_or(u32::MAX);
    Some((f64::from(sum) / f64::from(n), n))
}

fn says((per_minute, n): (f64, u32), side: &str) -> String {
    let minutes = if n == 1 { "minute" } else { "minutes" };
    format!("{per_minute:.1} a minute in the {n} {minutes} {side}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(n: i64) -> Time {
        Time(n * MICROS_A_MINUTE)
    }

    /// `counts` are of these minutes.
    fn estimated(
        gap: (i64, i64),
        (since, now): (i64, i64),
        counts: &[(i64, u64)],
        others: &[(i64, i64)],
    ) -> Option<(u64, String)> {
        let minutes: Vec<MinuteCount> = counts
            .iter()
            .map(|(at, count)| MinuteCount {
                minute: minute(*at),
                count: *count,
            })
            .collect();
        let others: Vec<(Time, Time)> = others
            .iter()
            .map(|(from, until)| (minute(*from), minute(*until)))
            .collect();
        let around = Around {
            from: minute(gap.0),
            until: minute(gap.1),
            now: minute(now),
            since: minute(since),
            minutes: &minutes,
            others: &others,
        };
        estimate(&around).map(|it| (it.posts, it.method))
    }

    #[test]
    fn what_came_before_and_after_says_what_is_missing() {
        let each = |range: std::ops::Range<i64>, n: u64| -> Vec<(i64, u64)> {
            range.map(|at| (at, n)).collect()
        };
        let mut both = each(80..100, 6);
        both.extend(each(121..141, 2));
        for (name, gap, known, counts, others, expected) in [
            (
                "both sides",
                (100, 120),
                (0, 1_000),
                both.clone(),
                vec![],
                Some((
                    80,
                    "6.0 a minute in the 20 minutes before, 2.0 a minute in the 20 minutes after",
                )),
            ),
            (
                "it lasts still",
                (100, 120),
                (0, 120),
                both.clone(),
                vec![],
                Some((120, "6.0 a minute in the 20 minutes before")),
            ),
            (
                "it is the beginning",
                (100, 120),
                (100, 1_000),
                both.clone(),
                vec![],
                Some((40, "2.0 a minute in the 20 minutes after")),
            ),
            (
                "nothing else is known",
                (100, 120),
                (100, 120),
                both.clone(),
                vec![],
                None,
            ),
            (
                "another gap says nothing",
                (100, 120),
                (0, 120),
                each(95..100, 6),
                vec![(50, 95)],
                Some((120, "6.0 a minute in the 5 minutes before")),
            ),
            (
                "quiet minutes count",
                (100, 120),
                (0, 120),
                each(99..100, 20),
                vec![],
                Some((20, "1.0 a minute in the 20 minutes before")),
            ),
            (
                "a short gap looks at ten minutes",
                (100, 101),
                (0, 101),
                each(90..100, 7),
                vec![],
                Some((7, "7.0 a minute in the 10 minutes before")),
            ),
            (
                "a long one at an hour",
                (1_000, 2_000),
                (0, 2_000),
                each(0..1_000, 1),
                vec![],
                Some((1_000, "1.0 a minute in the 60 minutes before")),
            ),
        ] {
            let found = estimated(gap, known, &counts, &others);
            let expected = expected.map(|(posts, method)| (posts, method.to_owned()));
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn what_is_looked_at_reaches_far_enough() {
        let (from, until) = reach(minute(100), minute(120));
        assert_eq!((from, until), (minute(79), minute(141)));
    }
}
