//! Where each budget stands, and which tracks have to wait as theirs is spent.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Budget, Money, Period, Spent, Tariff, Tariffs};
use crate::ids::{SourceName, TrackId};
use crate::time::Time;
use crate::track::Track;

/// From so many percent on, a person is warned.
const NEAR_PERCENT: i64 = 80;

/// What was spent through one source, by the store's sums.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sums {
    /// In all.
    pub all: Spent,
    /// By track, in parts of shared posts.
    pub tracks: BTreeMap<TrackId, Spent>,
}

/// How full a budget is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Fill {
    /// Less than four fifths.
    Within,
    /// Four fifths or more.
    Near,
    /// The next post would not fit.
    Spent,
}

/// One limit and what is used of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Budgeted {
    /// For what time.
    pub period: Period,
    /// The most that may be spent.
    pub limit: Money,
    /// What was.
    pub spent: Money,
    /// How full it is.
    pub fill: Fill,
    /// When the period ends and the next begins with nothing spent; `null` if never.
    pub ends: Option<Time>,
}

/// A source's bill as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SourceStanding {
    /// What was spent.
    pub spent: Spent,
    /// Its limits.
    pub budgets: Vec<Budgeted>,
    /// The tracks that must wait.
    pub withheld: Withheld,
}

/// A track's share of all bills as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrackStanding {
    /// What was spent for it.
    pub spent: Spent,
    /// Its limits.
    pub budgets: Vec<Budgeted>,
}

/// Tracks for which a source may not ask now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Withheld {
    /// All of them.
    pub all: Option<Held>,
    /// Single ones.
    pub tracks: BTreeMap<TrackId, Held>,
}

/// Why and how long a track must wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Which budget is spent, in words.
    pub reason: String,
    /// When there is money again; `None` until a person raises the limit.
    pub until: Option<Time>,
}

/// Every bill and budget at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// By priced source.
    pub sources: BTreeMap<SourceName, SourceStanding>,
    /// By track that has cost something or has a budget.
    pub tracks: BTreeMap<TrackId, TrackStanding>,
}

impl Withheld {
    /// Why a track must wait; `None` if it need not.
    pub fn get(&self, track: TrackId) -> Option<&Held> {
        self.all.as_ref().or_else(|| self.tracks.get(&track))
    }

    /// Must nobody wait?
    pub fn is_empty(&self) -> bool {
        self.all.is_none() && self.tracks.is_empty()
    }
}

/// Compares what was spent with what may be. A budget is spent when the next post would not fit into it, so that it is never exceeded
/// by what was not under way already.
pub fn stand(
    tariffs: &Tariffs,
    tracks: &[Track],
    sums: &BTreeMap<SourceName, Sums>,
    now: Time,
) -> Standing {
    let mut standing = Standing::default();
    for (source, tariff) in tariffs {
        let spent = sums.get(source).map_or(Spent::default(), |sums| sums.all);
        let budgets = budgeted(&tariff.budget, &spent, tariff.prices.post, now);
        let all = held(&budgets, "the source's");
        let withheld = Withheld {
            all,
            tracks: BTreeMap::new(),
        };
        standing.sources.insert(
            source.clone(),
            SourceStanding {
                spent,
                budgets,
                withheld,
            },
        );
    }
    for (track, spent) in sums.values().flat_map(|sums| &sums.tracks) {
        standing.tracks.entry(*track).or_default().spent += *spent;
    }
    for track in tracks {
        let budget = &track.draft.budget;
        if budget.is_unlimited() {
            continue;
        }
        let of_track = standing.tracks.entry(track.id).or_default();
        let heard = tariffs
            .iter()
            .filter(|(source, _)| track.draft.listens_to(source));
        let dearest = heard.map(|(_, tariff)| tariff.prices.post).max();
        of_track.budgets = budgeted(budget, &of_track.spent, dearest.unwrap_or_default(), now);
        let Some(held) = held(&of_track.budgets, "its") else {
            continue;
        };
        let listens = |(source, of_source): &(&SourceName, &mut SourceStanding)| {
            of_source.withheld.all.is_none()
                && track.draft.is_active(now)
                && track.draft.listens_to(source)
        };
        for (_, of_source) in standing.sources.iter_mut().filter(listens) {
            of_source.withheld.tracks.insert(track.id, held.clone());
        }
    }
    standing
}

fn budgeted(budget: &Budget, spent: &Spent, next: Money, now: Time) -> Vec<Budgeted> {
    let one = |(period, limit): (Period, Money)| {
        let spent = spent.of(period);
        Budgeted {
            period,
            limit,
            spent,
            fill: fill(limit, spent, next),
            ends: period.ends(now),
        }
    };
    budget.limits().map(one).collect()
}

fn fill(limit: Money, spent: Money, next: Money) -> Fill {
    if spent + next.max(Money(1)) > limit {
        Fill::Spent
    } else if i128::from(spent.0) * 100 >= i128::from(limit.0) * i128::from(NEAR_PERCENT) {
        Fill::Near
    } else {
        Fill::Within
    }
}

/// The spent budget that takes longest to come back.
fn held(budgets: &[Budgeted], whose: &str) -> Option<Held> {
    let spent = budgets.iter().filter(|one| one.fill == Fill::Spent);
    let longest = spent.max_by_key(|one| (one.ends.is_none(), one.ends))?;
    let (limit, period) = (longest.limit, longest.period.in_words());
    Some(Held {
        reason: format!("{whose} budget of ${limit} {period} is spent"),
        until: longest.ends,
    })
}

impl Budgeted {
    /// How much of it is used, in percent; 100 where nothing may be spent.
    pub fn percent(&self) -> i64 {
        if self.limit.0 <= 0 {
            return 100;
        }
        let percent = i128::from(self.spent.0) * 100 / i128::from(self.limit.0);
        i64::try_from(percent).unwrap_or(i64::MAX)
    }

    /// As in "82 % of $5.00 a day is spent".
    pub fn in_words(&self) -> String {
        format!(
            "{} % of ${} {} is spent",
            self.percent(),
            self.limit,
            self.period.in_words()
        )
    }
}

impl Tariff {
    /// Does it cost anything?
    pub fn is_free(&self) -> bool {
        self.prices.post == Money::ZERO && self.prices.counts == Money::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::super::Prices;
    use super::*;
    use crate::track::TrackDraft;

    const POST: Money = Money(5_000);

    fn at(text: &str) -> Time {
        Time::parse(text).unwrap()
    }

    fn track(id: u64, budget: Budget) -> Track {
        Track {
            id: TrackId(id),
            rule_version: 1,
            draft: TrackDraft {
                budget,
                ..TrackDraft::new(format!("track {id}"), "cat")
            },
            created_at: Time(0),
            changed_at: Time(0),
        }
    }

    fn a_day(micros: i64) -> Budget {
        Budget {
            day: Some(Money(micros)),
            ..Budget::default()
        }
    }

    fn spent(micros: i64) -> Spent {
        let money = Money(micros);
        Spent {
            day: money,
            month: money,
            total: money,
        }
    }

    fn standing(budget: Budget, tracks: &[Track], sums: Sums) -> Standing {
        let x = SourceName::parse("x").unwrap();
        let prices = Prices {
            post: POST,
            account: POST,
            counts: POST,
        };
        let tariffs = BTreeMap::from([(x.clone(), Tariff { prices, budget })]);
        let sums = BTreeMap::from([(x, sums)]);
        stand(&tariffs, tracks, &sums, at("2026-11-21T12:00:00Z"))
    }

    #[test]
    fn a_budget_fills_up_to_the_last_post_that_fits() {
        let limit = Money(1_000_000);
        let cases = [
            (0, Fill::Within),
            (799_999, Fill::Within),
            (800_000, Fill::Near),
            (995_000, Fill::Near),
            (995_001, Fill::Spent),
            (1_000_000, Fill::Spent),
            (2_000_000, Fill::Spent),
        ];
        for (spent, expected) in cases {
            assert_eq!(fill(limit, Money(spent), POST), expected, "{spent}");
        }
        assert_eq!(fill(Money::ZERO, Money::ZERO, POST), Fill::Spent);
        assert_eq!(fill(Money::ZERO, Money::ZERO, Money::ZERO), Fill::Spent);
    }

    #[test]
    fn a_track_whose_budget_is_spent_waits_for_the_next_period() {
        let rich = track(1, a_day(1_000_000));
        let poor = track(2, a_day(10_000));
        let broke = track(
            3,
            Budget {
                total: Some(Money(10_000)),
                ..a_day(10_000)
            },
        );
        let free = track(4, Budget::default());
        let tracks = BTreeMap::from([1, 2, 3, 4].map(|id| (TrackId(id), spent(10_000))));
        let sums = Sums {
            all: spent(40_000),
            tracks,
        };
        let standing = standing(Budget::default(), &[rich, poor, broke, free], sums);
        let (_, x) = standing.sources.first_key_value().unwrap();
        assert_eq!(x.withheld.all, None);
        let waiting: Vec<_> = x.withheld.tracks.iter().collect();
        let expected = [
            (
                TrackId(2),
                "its budget of $0.01 a day is spent",
                Some(at("2026-11-22T00:00:00Z")),
            ),
            (TrackId(3), "its budget of $0.01 in all is spent", None),
        ];
        assert_eq!(waiting.len(), expected.len());
        for ((track, held), (id, reason, until)) in waiting.into_iter().zip(expected) {
            assert_eq!(
                (*track, held.reason.as_str(), held.until),
                (id, reason, until)
            );
        }
        assert_eq!(standing.tracks[&TrackId(1)].budgets[0].percent(), 1);
        assert_eq!(standing.tracks[&TrackId(4)].spent, spent(10_000));
    }

    #[test]
    fn nobody_is_asked_for_when_the_source_has_no_money() {
        let month = Budget {
            month: Some(Money(50_000)),
            ..a_day(60_000)
        };
        let sums = Sums {
            all: spent(50_000),
            tracks: BTreeMap::new(),
        };
        let standing = standing(month, &[track(1, a_day(0))], sums);
        let (_, x) = standing.sources.first_key_value().unwrap();
        let held = x.withheld.get(TrackId(9)).unwrap();
        assert_eq!(held.reason, "the source's budget of $0.05 a month is spent");
        assert_eq!(held.until, Some(at("2026-12-01T00:00:00Z")));
        assert!(x.withheld.tracks.is_empty(), "said once, for all");
        assert_eq!(x.budgets[0].in_words(), "83 % of $0.06 a day is spent");
    }

    #[test]
    fn a_track_is_judged_by_what_it_listens_to() {
        let source = |name: &str| SourceName::parse(name).unwrap();
        let tariff = |post: i64| Tariff {
            prices: Prices {
                post: Money(post),
                account: Money(post),
                counts: Money(post),
            },
            budget: Budget::default(),
        };
        let tariffs = [
            (source("cheap"), tariff(5_000)),
            (source("dear"), tariff(50_000)),
        ]
        .into();
        let mut track = track(1, a_day(40_000));
        track.draft.sources = vec![source("cheap")];
        let now = at("2026-11-21T12:00:00Z");
        let standing = stand(&tariffs, &[track], &BTreeMap::new(), now);
        assert_eq!(standing.tracks[&TrackId(1)].budgets[0].fill, Fill::Within);
    }

    #[test]
    fn only_tracks_that_would_be_asked_for_wait() {
        let elsewhere = {
            let mut track = track(1, a_day(0));
            track.draft.sources = vec![SourceName::parse("other").unwrap()];
            track
        };
        let paused = {
            let mut track = track(2, a_day(0));
            track.draft.paused = true;
            track
        };
        let standing = standing(Budget::default(), &[elsewhere, paused], Sums::default());
        assert!(standing.sources.values().all(|x| x.withheld.is_empty()));
    }
}
