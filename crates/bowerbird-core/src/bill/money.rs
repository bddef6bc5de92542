//! An amount of money: exact, because a bill must add up.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const MICROS: i64 = 1_000_000;
/// No bill is larger; keeps sums of millions of amounts far from the ends of an `i64`.
const MOST: i64 = 1_000_000_000 * MICROS;

/// US dollars, in millionths. In text formats a decimal string as in `"0.005"` (a number is read too), in binary ones the
/// millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Money(pub i64);

/// Why a text is not an amount; shown to the person who typed it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{given}` is not an amount: expected US dollars from 0 to 1000000000 with at most six decimals, as in 0.005"
)]
pub struct MoneyError {
    given: String,
}

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// So many times this.
    pub fn times(self, n: u64) -> Self {
        Self(self.0.saturating_mul(i64::try_from(n).unwrap_or(i64::MAX)))
    }

    /// What is left of it after `spent`; nothing, if more was.
    pub fn less(self, spent: Self) -> Self {
        Self(self.0.saturating_sub(spent.0).max(0))
    }

    /// Divided into `n` parts, the first ones a millionth larger where it does not come out even: they add up to it.
    pub fn split(self, n: usize) -> impl Iterator<Item = Self> {
        let parts = i64::try_from(n.max(1)).unwrap_or(i64::MAX);
        let (part, more) = (self.0 / parts, self.0 % parts);
        (0..n)
            .zip(0..parts)
            .map(move |(_, place)| Self(part + i64::from(place < more)))
    }

    /// As a number of dollars, for charts and estimates.
    pub fn dollars(self) -> f64 {
        self.0 as f64 / MICROS as f64
    }

    /// The nearest amount; `None` unless it is one.
    pub fn from_dollars(dollars: f64) -> Option<Self> {
        let micros = (dollars * MICROS as f64).round();
        (0.0..=MOST as f64)
            .contains(&micros)
            .then_some(Self(micros as i64))
    }
}

impl FromStr for Money {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || MoneyError {
            given: text.chars().take(40).collect(),
        };
        let plain = text.trim();
        let plain = plain.strip_prefix('$').unwrap_or(plain);
        let (whole, part) = plain.split_once('.').unwrap_or((plain, ""));
        let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || part.len() > 6 || !are_digits(whole) || !are_digits(part) {
            return Err(error());
        }
        let dollars: i64 = whole.parse().map_err(|_| error())?;
        let micros: i64 = format!("{part:0<6}").parse().map_err(|_| error())?;
        let all = dollars
            .checked_mul(MICROS)
            .and_then(|all| all.checked_add(micros));
        all.filter(|all| *all <= MOST).map(Self).ok_or_else(error)
    }
}

impl fmt::Display for Money {
    /// Dollars without a sign: two decimals, or as many as it takes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let micros = self.0.unsigned_abs();
        let part = format!("{:06}", micros % MICROS.unsigned_abs());
        let part = part.trim_end_matches('0');
        write!(f, "{sign}{}.{part:0<2}", micros / MICROS.unsigned_abs())
    }
}

impl Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::ZERO, Add::add)
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_i64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return i64::deserialize(deserializer).map(Self);
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(f64),
            Text(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Number(dollars) => Self::from_dollars(dollars).ok_or_else(|| MoneyError {
                given: dollars.to_string(),
            }),
            Written::Text(text) => text.parse(),
        }
        .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_and_shown_exactly() {
        let cases = [
            ("0.005", 5_000, "0.005"),
            ("5", 5_000_000, "5.00"),
            ("$12.5", 12_500_000, "12.50"),
            (" 0.000001 ", 1, "0.000001"),
            ("1000000000", MOST, "1000000000.00"),
        ];
        for (given, micros, shown) in cases {
            let money: Money = given.parse().unwrap();
            assert_eq!((money.0, money.to_string().as_str()), (micros, shown));
            let json = serde_json::to_string(&money).unwrap();
            assert_eq!(json, format!("\"{shown}\""));
            assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), money);
            let binary = postcard::to_stdvec(&money).unwrap();
            assert_eq!(postcard::from_bytes::<Money>(&binary).unwrap(), money);
        }
        assert_eq!(
            serde_json::from_str::<Money>("0.005").unwrap(),
            Money(5_000)
        );
        assert_eq!(
            serde_json::from_str::<Money>("7").unwrap(),
            Money(7_000_000)
        );
        for wrong in [
            "",
            ".",
            ".5",
            "-1",
            "1,5",
            "1e3",
            "0.0000001",
            "1000000001",
            "five",
            "9999999999999999999",
        ] {
            let error = wrong.parse::<Money>().unwrap_err().to_string();
            assert!(error.contains("as in 0.005"), "{error}");
        }
        for wrong in ["-1", "1e300", "\"-1\"", "null"] {
            assert!(serde_json::from_str::<Money>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn parts_add_up() {
        let parts = |n| Money(5_000).split(n).map(|part| part.0).collect::<Vec<_>>();
        assert_eq!(parts(3), [1_667, 1_667, 1_666]);
        assert_eq!(parts(1), [5_000]);
        assert_eq!(parts(0), [0_i64; 0]);
        for n in 1..100 {
            let sum: Money = Money(5_000).split(n).sum();
            assert_eq!(sum, Money(5_000));
        }
    }
}
