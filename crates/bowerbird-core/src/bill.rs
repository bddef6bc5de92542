//! What priced calls cost, who caused it, and what a budget leaves of it: the arithmetic of the bill. Pure.
//!
//! A post that a source delivers is charged once a UTC day, in equal parts to the tracks that caught it. The pipeline notes what came
//! ([`Charge`]), the store adds it up ([`crate::store::Bills`]), and [`stand`] says which budgets are nearly or wholly used. Amounts are US
//! dollars, as X bills.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::{SourceName, TrackId};
use crate::time::{Day, Time};

mod counts;
mod forecast;
mod live;
mod money;
mod standing;

pub use counts::{Answering, CountedSpan, Counter, NotCounted};
pub use forecast::{Forecast, estimate, forecast, forecast_days};
pub use live::{AllWithheld, LiveBills};
pub use money::{Money, MoneyError};
pub use standing::{
    Budgeted, Fill, Held, SourceStanding, Standing, Sums, TrackStanding, Withheld, stand,
};

/// What a service takes money for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Priced {
    /// A post that was delivered.
    Post,
    /// An account that was looked up, or a change of its profile that was told.
    Account,
    /// A question how many posts a rule would have matched.
    Counts,
}

impl Priced {
    /// As it is written outside.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Account => "account",
            Self::Counts => "counts",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Post, Self::Account, Self::Counts]
            .into_iter()
            .find(|priced| priced.as_str() == text)
    }
}

/// What a source's calls cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Prices {
    /// A delivered post.
    pub post: Money,
    /// An account looked up, or a change of a profile told.
    pub account: Money,
    /// A question for counts.
    pub counts: Money,
}

impl Prices {
    /// The price of one call.
    pub fn of(&self, what: Priced) -> Money {
        match what {
            Priced::Post => self.post,
            Priced::Account => self.account,
            Priced::Counts => self.counts,
        }
    }
}

/// The most that may be spent, by period; none for no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Budget {
    /// On one UTC day.
    pub day: Option<Money>,
    /// In one UTC calendar month.
    pub month: Option<Money>,
    /// Ever.
    pub total: Option<Money>,
}

impl Budget {
    /// Its limits.
    pub fn limits(&self) -> impl Iterator<Item = (Period, Money)> {
        Period::ALL
            .into_iter()
            .filter_map(|period| Some((period, self.of(period)?)))
    }

    /// Is there none?
    pub fn is_unlimited(&self) -> bool {
        self.limits().next().is_none()
    }

    /// As in "$5.00 a day, $100.00 a month"; empty where there is no limit.
    pub fn in_words(&self) -> String {
        let limits = self.limits();
        let words = limits.map(|(period, limit)| format!("${limit} {}", period.in_words()));
        words.collect::<Vec<_>>().join(", ")
    }

    fn of(&self, period: Period) -> Option<Money> {
        match period {
            Period::Day => self.day,
            Period::Month => self.month,
            Period::Total => self.total,
        }
    }

    fn of_mut(&mut self, period: Period) -> &mut Option<Money> {
        match period {
            Period::Day => &mut self.day,
            Period::Month => &mut self.month,
            Period::Total => &mut self.total,
        }
    }
}

/// Why a text is not a limit of a budget; shown to the person who typed it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BudgetError {
    /// No such period, or none at all.
    #[error("`{0}` is not a limit: expected an amount and `day`, `month` or `total`, as in 5/day")]
    Period(String),
    /// No amount.
    #[error(transparent)]
    Amount(#[from] MoneyError),
}

impl std::str::FromStr for Budget {
    type Err = BudgetError;

    /// Reads limits as in `5/day,100/month`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut budget = Self::default();
        for limit in text.split(',') {
            let unknown = || BudgetError::Period(limit.trim().to_owned());
            let (amount, period) = limit.split_once('/').ok_or_else(unknown)?;
            let period = Period::ALL
                .into_iter()
                .find(|known| known.as_str() == period.trim());
            *budget.of_mut(period.ok_or_else(unknown)?) = Some(amount.parse()?);
        }
        Ok(budget)
    }
}

/// What a budget is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Period {
    /// A UTC day.
    Day,
    /// A UTC calendar month.
    Month,
    /// All time.
    Total,
}

impl Period {
    /// All of them, the shortest first.
    pub const ALL: [Self; 3] = [Self::Day, Self::Month, Self::Total];

    /// The first day of the one that `now` lies in.
    pub fn first_day(self, now: Time) -> Day {
        match self {
            Self::Day => now.day(),
            Self::Month => now.day().month_begins(),
            Self::Total => Day(0),
        }
    }

    /// When the one that `now` lies in ends; `None` if it never does.
    pub fn ends(self, now: Time) -> Option<Time> {
        match self {
            Self::Day => Some(now.day().next().begins()),
            Self::Month => Some(now.day().month_ends().begins()),
            Self::Total => None,
        }
    }

    /// As it is written outside.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
            Self::Total => "total",
        }
    }

    /// As in "$5 a day".
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Day => "a day",
            Self::Month => "a month",
            Self::Total => "in all",
        }
    }
}

/// What was spent in the periods that a moment lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Spent {
    /// On this UTC day.
    pub day: Money,
    /// In this UTC calendar month.
    pub month: Money,
    /// Ever.
    pub total: Money,
}

impl Spent {
    /// In one period.
    pub fn of(&self, period: Period) -> Money {
        match period {
            Period::Day => self.day,
            Period::Month => self.month,
            Period::Total => self.total,
        }
    }
}

impl std::ops::AddAssign for Spent {
    fn add_assign(&mut self, other: Self) {
        self.day += other.day;
        self.month += other.month;
        self.total += other.total;
    }
}

/// Calls of one kind that a source made together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// What was asked for or delivered.
    pub what: Priced,
    /// What one costs.
    pub price: Money,
    /// Each of them.
    pub calls: Vec<Call>,
}

/// One priced call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// What it was for: the same again on the same UTC day costs nothing. Empty: it always costs.
    pub id: String,
    /// The tracks that share it; none if nobody asked for it.
    pub tracks: Vec<TrackId>,
}

/// One UTC day of a bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BillDay {
    /// The day.
    pub day: Day,
    /// What for.
    pub what: Priced,
    /// How many.
    pub n: u64,
    /// What they cost.
    pub cost: Money,
}

/// A track's share of a bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BillShare {
    /// Whose; `null` for what no track caught.
    pub track: Option<TrackId>,
    /// What for.
    pub what: Priced,
    /// How many calls it has a part in.
    pub n: u64,
    /// What its parts cost.
    pub cost: Money,
}

/// What a source costs and may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tariff {
    /// The prices.
    pub prices: Prices,
    /// The most that may be spent.
    pub budget: Budget,
}

/// The tariffs of all priced sources.
pub type Tariffs = BTreeMap<SourceName, Tariff>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_of_the_calendar_in_utc() {
        let at = |text: &str| Time::parse(text).unwrap();
        let cases = [
            (
                Period::Day,
                "2026-11-21T23:59:59Z",
                "2026-11-21",
                Some("2026-11-22T00:00:00Z"),
            ),
            (
                Period::Day,
                "2026-12-31T00:00:00Z",
                "2026-12-31",
                Some("2027-01-01T00:00:00Z"),
            ),
            (
                Period::Month,
                "2026-11-21T08:00:00Z",
                "2026-11-01",
                Some("2026-12-01T00:00:00Z"),
            ),
            (
                Period::Month,
                "2026-12-31T23:00:00Z",
                "2026-12-01",
                Some("2027-01-01T00:00:00Z"),
            ),
            (
                Period::Month,
                "2028-02-29T23:00:00Z",
                "2028-02-01",
                Some("2028-03-01T00:00:00Z"),
            ),
            (Period::Total, "2026-11-21T08:00:00Z", "1970-01-01", None),
        ];
        for (period, now, first, ends) in cases {
            assert_eq!(period.first_day(at(now)).to_string(), first);
            assert_eq!(period.ends(at(now)), ends.map(at));
        }
    }

    #[test]
    fn a_budget_is_read_as_a_person_writes_it() {
        let budget: Budget = serde_json::from_str(r#"{"day": 5, "total": "250.50"}"#).unwrap();
        let limits: Vec<_> = budget.limits().collect();
        assert_eq!(
            limits,
            [
                (Period::Day, Money(5_000_000)),
                (Period::Total, Money(250_500_000))
            ]
        );
        assert_eq!(budget.in_words(), "$5.00 a day, $250.50 in all");
        assert_eq!("5/day, 250.5/total".parse(), Ok(budget));
        for wrong in ["", "5", "5/year", "5/day,", "/day", "much/day"] {
            let error = wrong.parse::<Budget>().unwrap_err().to_string();
            assert!(error.contains("as in"), "{error}");
        }
        assert!(Budget::default().is_unlimited());
        assert!(serde_json::from_str::<Budget>(r#"{"year": 5}"#).is_err());
    }
}
