//! Bills: what priced sources and their tracks have cost, what they are going to, and how their budgets stand.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use bowerbird_core::bill::{
    BillDay, BillShare, Budgeted, Fill, Forecast, Held, Money, Priced, Prices, SourceStanding,
    Spent, Standing, TrackStanding, forecast, forecast_days,
};
use bowerbird_core::ids::{SourceName, TrackId};
use bowerbird_core::time::{Day, Time};
use bowerbird_core::track::Track;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::params::Params;
use crate::site::{App, Site};

/// The most days in one answer.
const MOST_DAYS: usize = 400;
/// The days in an answer, if nobody says how many.
const DAYS: usize = 30;

/// All bills. Amounts are US dollars, days and months UTC.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Bill)]
pub(crate) struct BillView {
    /// Each priced source.
    pub(crate) sources: Vec<SourceBill>,
    /// Each track that cost something this month or has a budget, the dearest first. What no track caught is in `sources` only.
    pub(crate) tracks: Vec<TrackBill>,
}

/// A source's bill.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SourceBill {
    /// Its name.
    pub(crate) source: SourceName,
    /// What its calls cost.
    pub(crate) prices: Prices,
    /// What was spent.
    pub(crate) spent: Spent,
    /// Its limits, and how full they are.
    pub(crate) budgets: Vec<BudgetView>,
    /// What goes on if the last seven days do; `null` where it is too early to say.
    pub(crate) forecast: Option<Forecast>,
    /// Why its service is asked for nothing now; `null` if it is.
    pub(crate) withheld: Option<Waiting>,
    /// The days asked for, oldest first; those without a charge are left out.
    pub(crate) days: Vec<BillDay>,
    /// Who has what part in the days asked for, the dearest first.
    pub(crate) shares: Vec<ShareView>,
}

/// A part in a source's bill.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShareView {
    /// Whose; `null` for what no track caught.
    pub(crate) track: Option<TrackId>,
    /// What the track is called; empty for none, or if it was removed.
    pub(crate) name: String,
    /// What for.
    pub(crate) what: Priced,
    /// In how many calls it has a part.
    pub(crate) n: u64,
    /// What its parts cost.
    pub(crate) cost: Money,
}

/// A track's bill, over all sources.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrackBill {
    /// The track.
    pub(crate) track: TrackId,
    /// What it is called; empty if it was removed.
    pub(crate) name: String,
    /// What was spent for it.
    pub(crate) spent: Spent,
    /// Its limits, and how full they are.
    pub(crate) budgets: Vec<BudgetView>,
    /// What goes on if the last seven days do; `null` where it is too early to say.
    pub(crate) forecast: Option<Forecast>,
    /// Why services are not asked for it now; `null` if they are.
    pub(crate) withheld: Option<Waiting>,
}

/// A limit, and when it will be reached.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BudgetUse)]
pub(crate) struct BudgetView {
    /// The limit and what is used of it.
    #[serde(flatten)]
    pub(crate) budget: Budgeted,
    /// How much is used, in percent.
    pub(crate) percent: i64,
    /// When it will be spent, if the last seven days go on; `null` if not before its period ends.
    pub(crate) spent_at: Option<Time>,
}

/// Why and how long a service is not asked.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Waiting {
    /// Which budget is spent, in words.
    pub(crate) reason: String,
    /// When there is money again; `null` until somebody raises the limit.
    pub(crate) until: Option<Time>,
}

impl From<&Held> for Waiting {
    fn from(held: &Held) -> Self {
        Self {
            reason: held.reason.clone(),
            until: held.until,
        }
    }
}

/// What priced sources and their tracks have cost, what they are going to, and how their budgets stand.
#[utoipa::path(
    get, path = "/api/v1/bill", tag = "status",
    params(("days" = Option<usize>, Query, description = "How many UTC days up to today, 1 to 400; 30 if not given")),
    responses((status = 200, body = BillView))
)]
pub(crate) async fn find_bill(
    State(app): State<App>,
    params: Params,
) -> Result<Json<BillView>, ApiError> {
    params.only(&[&["days"]])?;
    let days = params.number("days", DAYS, MOST_DAYS)?;
    bill(&app.site, days).await.map(Json)
}

/// All bills, with the last `days` days.
pub(crate) async fn bill(site: &Site, days: usize) -> Result<BillView, ApiError> {
    let now = site.now();
    let standing = site.parts.bills.standing();
    let tracks: BTreeMap<TrackId, Track> = site
        .store()
        .tracks()
        .await?
        .into_iter()
        .map(|track| (track.id, track))
        .collect();
    let mut recent = Recent::default();
    let mut sources = Vec::new();
    for (source, of_source) in &standing.sources {
        let charged = Charged::of(site, source, days).await?;
        recent.add(
            &charged,
            site.store().bill_shares(source, forecast_days(now)).await?,
        );
        let name = |track| name_of(track, &tracks);
        sources.push(source_bill(site, source, of_source, charged, name).await?);
    }
    Ok(BillView {
        sources,
        tracks: track_bills(&standing, &tracks, &recent, now),
    })
}

/// What a source was charged lately.
struct Charged {
    /// The days asked for, and those that say when charging began.
    days: Vec<BillDay>,
    /// The first of those asked for.
    wanted_from: Day,
}

impl Charged {
    async fn of(site: &Site, source: &SourceName, days: usize) -> Result<Self, ApiError> {
        let today = site.now().day();
        let back = i64::try_from(days).unwrap_or(i64::MAX) - 1;
        let wanted_from = today.plus(-back);
        let from = wanted_from.min(today.plus(-DAYS_OF_RATE));
        let days = site.store().bill_days(source, from..today.next()).await?;
        Ok(Self { days, wanted_from })
    }

    /// When charging began, as far as a forecast looks.
    fn since(&self) -> Option<Time> {
        self.days.first().map(|first| first.day.begins())
    }

    /// Posts and what they cost in the days that a forecast looks at. Questions for counts are asked once, and do not go on.
    fn posts(&self, now: Time) -> (u64, Money) {
        let of_forecast = forecast_days(now);
        let posts = self.days.iter().filter(|day| day.what == Priced::Post);
        posts
            .filter(|day| of_forecast.contains(&day.day))
            .fold((0, Money::ZERO), |sum, day| {
                (sum.0 + day.n, sum.1 + day.cost)
            })
    }
}

/// How far back the first charge is looked for: longer than a forecast looks.
const DAYS_OF_RATE: i64 = 31;

async fn source_bill(
    site: &Site,
    source: &SourceName,
    standing: &SourceStanding,
    charged: Charged,
    name: impl Fn(Option<TrackId>) -> String,
) -> Result<SourceBill, ApiError> {
    let now = site.now();
    let (n, cost) = charged.posts(now);
    let forecast = charged
        .since()
        .and_then(|since| forecast(n, cost, since, &standing.spent, now));
    let wanted = charged.wanted_from..now.day().next();
    let shares = site.store().bill_shares(source, wanted.clone()).await?;
    let share = |share: BillShare| ShareView {
        track: share.track,
        name: name(share.track),
        what: share.what,
        n: share.n,
        cost: share.cost,
    };
    let days = charged.days.into_iter();
    Ok(SourceBill {
        source: source.clone(),
        prices: site.parts.bills.prices(source),
        spent: standing.spent,
        budgets: budgets(&standing.budgets, forecast.as_ref(), now),
        forecast,
        withheld: standing.withheld.all.as_ref().map(Waiting::from),
        days: days.filter(|day| wanted.contains(&day.day)).collect(),
        shares: shares.into_iter().map(share).collect(),
    })
}

fn name_of(track: Option<TrackId>, tracks: &BTreeMap<TrackId, Track>) -> String {
    let known = track.and_then(|track| tracks.get(&track));
    known.map_or_else(String::new, |known| known.draft.name.clone())
}

/// What tracks had lately of all sources, for their forecasts.
#[derive(Default)]
struct Recent {
    /// Posts and what they cost, by track.
    posts: BTreeMap<TrackId, (u64, Money)>,
    /// Since when anything is charged.
    since: Option<Time>,
}

impl Recent {
    fn add(&mut self, charged: &Charged, shares: Vec<BillShare>) {
        self.since = [self.since, charged.since()].into_iter().flatten().min();
        for share in shares.iter().filter(|share| share.what == Priced::Post) {
            if let Some(track) = share.track {
                let posts = self.posts.entry(track).or_default();
                *posts = (posts.0 + share.n, posts.1 + share.cost);
            }
        }
    }
}

/// The tracks' bills. What was removed, or has no budget, and cost nothing this month is left out.
fn track_bills(
    standing: &Standing,
    tracks: &BTreeMap<TrackId, Track>,
    recent: &Recent,
    now: Time,
) -> Vec<TrackBill> {
    let one = |(track, of_track): (&TrackId, &TrackStanding)| {
        let (n, cost) = recent.posts.get(track).copied().unwrap_or_default();
        let forecast = tracks
            .get(track)
            .zip(recent.since)
            .and_then(|(known, since)| {
                let since = since.max(known.created_at);
                forecast(n, cost, since, &of_track.spent, now)
            });
        let mut held = standing
            .sources
            .values()
            .filter_map(|source| source.withheld.tracks.get(track));
        TrackBill {
            track: *track,
            name: name_of(Some(*track), tracks),
            spent: of_track.spent,
            budgets: budgets(&of_track.budgets, forecast.as_ref(), now),
            forecast,
            withheld: held.next().map(Waiting::from),
        }
    };
    let told = |(track, of_track): &(&TrackId, &TrackStanding)| {
        of_track.spent.month > Money::ZERO
            || (tracks.contains_key(track) && !of_track.budgets.is_empty())
    };
    let mut bills: Vec<TrackBill> = standing.tracks.iter().filter(told).map(one).collect();
    bills.sort_by_key(|bill| (-bill.spent.month.0, -bill.spent.total.0, bill.track));
    bills
}

fn budgets(budgets: &[Budgeted], forecast: Option<&Forecast>, now: Time) -> Vec<BudgetView> {
    let one = |budget: &Budgeted| {
        let left = budget.limit.less(budget.spent);
        let spent_at = forecast
            .filter(|_| budget.fill != Fill::Spent)
            .and_then(|forecast| forecast.reaches(left, now));
        BudgetView {
            percent: budget.percent(),
            spent_at: spent_at.filter(|at| budget.ends.is_none_or(|ends| *at < ends)),
            budget: budget.clone(),
        }
    };
    budgets.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bowerbird_core::bill::Period;

    #[test]
    fn a_limit_that_is_reached_before_its_period_ends_says_when() {
        let now = Time::parse("2026-11-21T12:00:00Z").unwrap();
        let forecast = Forecast::of_rate(7.0, 200.0, Money(1_000_000), &Spent::default(), now);
        let budget = |period: Period, limit: i64| Budgeted {
            period,
            limit: Money(limit),
            spent: Money(500_000),
            fill: Fill::Within,
            ends: period.ends(now),
        };
        let all = [
            budget(Period::Day, 1_500_000),
            budget(Period::Month, 3_500_000),
            budget(Period::Month, 30_000_000),
            budget(Period::Total, 30_500_000),
        ];
        let told = budgets(&all, Some(&forecast), now);
        let spent_at: Vec<_> = told
            .iter()
            .map(|one| one.spent_at.map(|at| at.to_string()))
            .collect();
        let expected = [
            None,
            Some("2026-11-24T12:00:00.000Z"),
            None,
            Some("2026-12-21T12:00:00.000Z"),
        ];
        assert_eq!(spent_at, expected.map(|at| at.map(str::to_owned)));
        assert_eq!(told[0].percent, 33);
        let spent = Budgeted {
            fill: Fill::Spent,
            ..all[1].clone()
        };
        assert_eq!(budgets(&[spent], Some(&forecast), now)[0].spent_at, None);
        assert!(
            budgets(&all, None, now)
                .iter()
                .all(|one| one.spent_at.is_none())
        );
    }
}
