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
