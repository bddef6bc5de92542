//! When things happen: UTC, microseconds.
//!
//! Inside, a time is one number, because millions of them are compared and written every minute. At the border it is an
//! RFC 3339 string. This is not a calendar: spans, zones and formats belong to `jiff`.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment in UTC, as microseconds since 1970. In text formats an RFC 3339 string, in binary ones the number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(pub i64);

impl Time {
    /// The present. Called by the pipeline and the executable only, and by spools to learn how long a retry has to wait; everything else
    /// is handed the time.
    pub fn now() -> Self {
        Self(jiff::Timestamp::now().as_microsecond())
    }

    /// Parses an RFC 3339 string; an offset is converted to UTC.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>()
            .ok()
            .map(|t| Self(t.as_microsecond()))
    }

    /// The moment so many milliseconds after 1970.
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// Whole seconds since 1970, rounded down.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// The UTC day it lies in.
    pub fn day(self) -> Day {
        Day(self.seconds().div_euclid(SECONDS_A_DAY))
    }

    /// The moment `span` later.
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(micros(span)))
    }

    /// The moment `span` earlier.
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(micros(span)))
    }

    /// How long after `earlier` this is; zero if it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

const SECONDS_A_DAY: i64 = 86_400;

/// A UTC day, as days since 1970. In text formats a string as `2026-11-21`, in binary ones the number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Day(pub i64);

impl Day {
    /// Parses a string as `2026-11-21`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::of(text.parse().ok()?)
    }

    /// Its first moment.
    pub fn begins(self) -> Time {
        Time(self.0.saturating_mul(SECONDS_A_DAY * 1_000_000))
    }

    /// The day after.
    pub fn next(self) -> Self {
        self.plus(1)
    }

    /// So many days later; earlier, if negative.
    pub fn plus(self, days: i64) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// The first day of its month.
    pub fn month_begins(self) -> Self {
        self.date()
            .and_then(|date| Self::of(date.first_of_month()))
            .unwrap_or(self)
    }

    /// The first day of the month after.
    pub fn month_ends(self) -> Self {
        self.date()
            .and_then(|date| Self::of(date.last_of_month()))
            .unwrap_or(self)
            .next()
    }

    fn of(date: jiff::civil::Date) -> Option<Self> {
        let midnight = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(Self(
            midnight.timestamp().as_second().div_euclid(SECONDS_A_DAY),
        ))
    }

    fn date(self) -> Option<jiff::civil::Date> {
        let begins = jiff::Timestamp::from_microsecond(self.begins().0).ok()?;
        Some(begins.to_zoned(jiff::tz::TimeZone::UTC).date())
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.date() {
            Some(date) => write!(f, "{date}"),
            None => write!(f, "day {}", self.0),
        }
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_i64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
            Self::parse(&text)
                .ok_or_else(|| serde::de::Error::custom("expected a day as in 2026-11-21"))
        } else {
            i64::deserialize(deserializer).map(Self)
        }
    }
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

impl fmt::Display for Time {
    /// RFC 3339 in UTC with milliseconds (`2026-11-21T08:15:30.125Z`), or microseconds where there are some.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(stamp) if self.0 % 1_000 == 0 => write!(f, "{stamp:.3}"),
            Ok(stamp) => write!(f, "{stamp:.6}"),
            Err(_) => write!(f, "{}µs", self.0),
        }
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_i64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
            Self::parse(&text).ok_or_else(|| {
                serde::de::Error::custom("expected a time as in 2026-11-21T08:15:30Z")
            })
        } else {
            i64::deserialize(deserializer).map(Self)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_strings_outside_and_numbers_inside() {
        let cases = [
            ("2026-11-21T08:15:30Z", "2026-11-21T08:15:30.000Z"),
            ("2026-11-21T08:15:30.125+09:00", "2026-11-20T23:15:30.125Z"),
            ("2026-05-25T14:23:29.157119Z", "2026-05-25T14:23:29.157119Z"),
            ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500Z"),
        ];
        for (given, shown) in cases {
            let time = Time::parse(given).unwrap();
            assert_eq!(time.to_string(), shown);
            assert_eq!(
                serde_json::from_str::<Time>(&serde_json::to_string(&time).unwrap()).unwrap(),
                time
            );
            assert_eq!(
                postcard::from_bytes::<Time>(&postcard::to_stdvec(&time).unwrap()).unwrap(),
                time
            );
        }
        assert_eq!(Time::parse("yesterday"), None);
        assert!(serde_json::from_str::<Time>("5").is_err());
    }

    #[test]
    fn arithmetic_stops_at_the_ends() {
        assert_eq!(Time(i64::MAX).plus(Duration::MAX), Time(i64::MAX));
        assert_eq!(Time(5).since(Time(9)), Duration::ZERO);
        assert_eq!(Time(9).since(Time(5)), Duration::from_micros(4));
        assert_eq!(Time(-1).seconds(), -1);
    }
}
