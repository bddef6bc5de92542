//! What is going to be spent, if things go on as they did.

use std::ops::Range;
use std::time::Duration;

use serde::Serialize;

use super::{Money, Period, Spent};
use crate::time::{Day, Time};

/// So many whole days before today are looked at, and today so far.
const FORECAST_DAYS: i64 = 7;
/// Less than this says nothing of a day.
const AT_LEAST: Duration = Duration::from_secs(3_600);

const SECONDS_A_DAY: f64 = 86_400.0;

/// The rate of the last days, and where it leads.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Forecast {
    /// How many days it is drawn from.
    pub days: f64,
    /// Delivered posts and other priced calls a day.
    pub calls_per_day: f64,
    /// US dollars a day.
    pub cost_per_day: Money,
    /// What this UTC month will have cost at its end.
    pub month: Money,
}

impl Forecast {
    /// From how many calls there are a day, and what they cost.
    pub fn of_rate(
        days: f64,
        calls_per_day: f64,
        cost_per_day: Money,
        spent: &Spent,
        now: Time,
    ) -> Self {
        let left = Period::Month
            .ends(now)
            .map_or(Duration::ZERO, |ends| ends.since(now));
        let more = cost_per_day.dollars() * left.as_secs_f64() / SECONDS_A_DAY;
        Self {
            days,
            calls_per_day,
            cost_per_day,
            month: spent.month + Money::from_dollars(more).unwrap_or(Money(i64::MAX / 2)),
        }
    }

    /// The minute in which so much more will have been spent; `None` if never.
    pub fn reaches(&self, more: Money, now: Time) -> Option<Time> {
        let days = more.dollars() / self.cost_per_day.dollars();
        let span = Duration::try_from_secs_f64(days * SECONDS_A_DAY).ok()?;
        let minutes = now.plus(span).seconds().div_euclid(60);
        Some(Time::from_millis(minutes * 60_000))
    }
}

/// The days that a forecast looks at.
pub fn forecast_days(now: Time) -> Range<Day> {
    now.day().plus(-FORECAST_DAYS)..now.day().next()
}

/// Goes on with the rate of the last days: `n` calls cost `cost` in [`forecast_days`], and `since` is when they could begin (a track's making, the
/// first day of a bill). `None` where it is too early to say.
pub fn forecast(n: u64, cost: Money, since: Time, spent: &Spent, now: Time) -> Option<Forecast> {
    // A quiet week counts as much as a busy one, but not the time before there was anything to spend on.
    let begin = since.max(forecast_days(now).start.begins());
    estimate(n, cost, now.since(begin), spent, now)
}

/// Goes on as in a span in which `n` calls cost `cost`. `None` where it is too short to say.
pub fn estimate(n: u64, cost: Money, span: Duration, spent: &Spent, now: Time) -> Option<Forecast> {
    if span < AT_LEAST {
        return None;
    }
    let days = span.as_secs_f64() / SECONDS_A_DAY;
    let cost_per_day = Money::from_dollars(cost.dollars() / days)?;
    Some(Forecast::of_rate(
        days,
        n as f64 / days,
        cost_per_day,
        spent,
        now,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const POST: Money = Money(5_000);

    fn at(text: &str) -> Time {
        Time::parse(text).unwrap()
    }

    #[test]
    fn the_last_days_go_on() {
        let now = at("2026-11-21T12:00:00Z");
        let days = forecast_days(now);
        assert_eq!(
            (days.start.to_string(), days.end.to_string()),
            ("2026-11-14".into(), "2026-11-22".into())
        );
        let spent = Spent {
            month: Money(3_750_000),
            ..Spent::default()
        };
        let told = forecast(750, POST.times(750), Time(0), &spent, now).unwrap();
        assert_eq!((told.days, told.calls_per_day), (7.5, 100.0));
        assert_eq!(told.cost_per_day, Money(500_000));
        // 9.5 days are left of November.
        assert_eq!(told.month, Money(3_750_000 + 4_750_000));
        assert_eq!(
            told.reaches(Money(1_000_000), now),
            Some(at("2026-11-23T12:00:00Z"))
        );
    }

    #[test]
    fn what_began_today_is_not_spread_over_a_week() {
        let now = at("2026-11-21T12:00:00Z");
        let spent = Spent::default();
        let told = forecast(60, POST.times(60), at("2026-11-21T06:00:00Z"), &spent, now).unwrap();
        assert_eq!((told.days, told.calls_per_day), (0.25, 240.0));
        for too_early in ["2026-11-21T11:30:00Z", "2026-12-01T00:00:00Z"] {
            assert_eq!(forecast(60, POST, at(too_early), &spent, now), None);
        }
    }

    #[test]
    fn where_nothing_is_spent_nothing_is_reached() {
        let told = Forecast::of_rate(7.0, 0.0, Money::ZERO, &Spent::default(), Time(0));
        assert_eq!(told.reaches(Money(1), Time(0)), None);
    }
}
