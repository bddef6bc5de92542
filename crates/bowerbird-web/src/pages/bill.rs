//! The bill: what priced sources and their tracks have cost, how their budgets stand, and where the last days lead.

use axum::extract::State;
use axum::response::Response;
use bowerbird_core::bill::{BillDay, Fill, Forecast, Money, Priced, Spent};
use bowerbird_core::ids::TrackId;
use bowerbird_core::time::{Day, Time};
use maud::{Markup, PreEscaped, html};

use super::Caller;
use super::format::moment;
use super::layout::{Nav, Shell};
use crate::api::bill::{BillView, BudgetView, SourceBill, TrackBill, Waiting, bill};
use crate::error::ApiError;
use crate::format::{number, plural};
use crate::params::Params;
use crate::site::App;

/// Rows of a table.
const ROWS: usize = 200;
/// Days on the chart.
const DAYS: usize = 30;
/// The chart's size in its own units.
const WIDTH: i64 = 600;
const HEIGHT: i64 = 90;

pub(crate) async fn show_bill(
    State(app): State<App>,
    caller: Caller,
    params: Params,
) -> Result<Response, ApiError> {
    params.only(&[])?;
    let bill = bill(&app.site, DAYS).await?;
    let body = html! {
        header.page-head {
            h1 { "Bill" }
            p.lead { "What services take for what they deliver, in US dollars; days and months are UTC. The services' own consoles are authoritative." }
        }
        @if bill.sources.is_empty() {
            p.empty { "Nothing costs anything: no source in " code { "bowerbird.toml" } " is one that takes money. X's does, and gets its bill here." }
        }
        @for source in &bill.sources { (source_panel(source, app.site.now())) }
        @if !bill.sources.is_empty() { (tracks_panel(&bill)) }
    };
    Ok(Shell {
        title: "Bill",
        nav: Nav::Other,
        caller: &caller,
        script: None,
    }
    .page(&body))
}

fn source_panel(bill: &SourceBill, now: Time) -> Markup {
    let heading = format!("bill-{}", bill.source);
    html! {
        section.panel aria-labelledby=(heading) {
            h2 id=(heading) { (bill.source) }
            @if let Some(waiting) = &bill.withheld { (waits("Nothing is asked for: ", waiting)) }
            dl.facts {
                (spent(&bill.spent))
                div { dt { "A post" } dd { (dollars(bill.prices.post)) } }
                div { dt { "A question for counts" } dd { (dollars(bill.prices.counts)) } }
            }
            (outlook(bill.forecast.as_ref()))
            (budgets(&bill.budgets))
            @if bill.days.is_empty() { p.empty { "Nothing was charged in the last 30 days." } }
            @else {
                (chart(&bill.days, now.day()))
                (shares(bill))
            }
        }
    }
}

fn spent(spent: &Spent) -> Markup {
    html! {
        @for (name, amount) in [("Today", spent.day), ("This month", spent.month), ("Ever", spent.total)] {
            div { dt { (name) } dd { (dollars(amount)) } }
        }
    }
}

/// Where the last days lead.
fn outlook(forecast: Option<&Forecast>) -> Markup {
    html! {
        @if let Some(told) = forecast {
            p.outlook { "At the rate of the last " (days(told.days)) ": " (plural(told.calls_per_day.round() as u64, "post", "posts")) " and " (cents(told.cost_per_day)) " a day, " (cents(told.month)) " by the end of this month." }
        }
    }
}

/// Each limit with how full it is.
pub(super) fn budgets(budgets: &[BudgetView]) -> Markup {
    html! {
        @for view in budgets {
            @let budget = &view.budget;
            div.budget data-fill=(fill(budget.fill)) {
                meter min="0" max="100" high="80" optimum="0" value=(view.percent.clamp(0, 100)) aria-label=(format!("Used of the budget {}", budget.period.in_words())) {}
                span {
                    (dollars(budget.spent)) " of " (dollars(budget.limit)) " " (budget.period.in_words()) ", " (view.percent) " %"
                    @if let Some(at) = view.spent_at { "; spent by " (moment(at)) " at this rate" }
                }
            }
        }
    }
}

fn fill(fill: Fill) -> &'static str {
    match fill {
        Fill::Within => "within",
        Fill::Near => "near",
        Fill::Spent => "spent",
    }
}

fn waits(what: &str, waiting: &Waiting) -> Markup {
    html! {
        p.warning {
            (what) (waiting.reason)
            @if let Some(until) = waiting.until { "; there is money again at " (moment(until)) } @else { "; it takes a higher limit" } "."
        }
    }
}

/// A bar for each of the last days, and the same as a table.
fn chart(charged: &[BillDay], today: Day) -> Markup {
    let first = today.plus(1 - DAYS as i64);
    let cost = |day: Day| -> Money {
        let of_day = charged.iter().filter(|charge| charge.day == day);
        of_day.map(|charge| charge.cost).sum()
    };
    let costs: Vec<Money> = (0..DAYS as i64).map(|n| cost(first.plus(n))).collect();
    let all: Money = costs.iter().copied().sum();
    let most = costs.iter().max().copied().unwrap_or_default();
    let count = DAYS as i64;
    let bar = |(place, cost): (i64, &Money)| {
        let height = i128::from(cost.0) * i128::from(HEIGHT - 4) / i128::from(most.0.max(1));
        let (left, right) = (place * WIDTH / count + 1, (place + 1) * WIDTH / count);
        let top = i128::from(HEIGHT) - height;
        format!("M{left} {HEIGHT}V{top}H{right}V{HEIGHT}Z")
    };
    let bars: String = (0..).zip(&costs).map(bar).collect();
    let label = format!("{} in the last {DAYS} days", cents_text(all));
    html! {
        figure.chart {
            figcaption { span { "Dollars per day" } span.total { (label) } }
            svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } preserveAspectRatio="none" role="img" aria-label=(label) { path.bars d=(PreEscaped(bars)) {} }
            p.scale aria-hidden="true" { span { (cents(most)) " / day" } span { "today" } }
            details.table-of-chart {
                summary { "The same as a table" }
                div.scroll { table {
                    thead { tr { th scope="col" { "Day" } th scope="col" { "What" } th scope="col" { "How many" } th scope="col" { "Cost" } } }
                    tbody { @for charge in charged.iter().rev() {
                        tr { th scope="row" { (charge.day) } td { (charge.what.as_str()) } td { (number(charge.n)) } td { (dollars(charge.cost)) } }
                    } }
                } }
            }
        }
    }
}

fn shares(bill: &SourceBill) -> Markup {
    let all: Money = bill.shares.iter().map(|share| share.cost).sum();
    html! {
        h3 { "Who it was for, in the last 30 days" }
        div.scroll { table.amounts {
            thead { tr { th scope="col" { "Track" } th scope="col" { "How many" } th scope="col" { "Its part" } th scope="col" { "Of all" } } }
            tbody { @for share in bill.shares.iter().take(ROWS) {
                tr {
                    th scope="row" { @match share.what {
                        Priced::Counts => { "Questions for counts" }
                        Priced::Account => { "Accounts and profiles" }
                        Priced::Post => { (whose(share.track, &share.name)) }
                    } }
                    td { (number(share.n)) }
                    td { (dollars(share.cost)) }
                    td { (share.cost.0 * 100 / all.0.max(1)) " %" }
                }
            } }
        } }
        (more(bill.shares.len()))
        p.hint { "A post that several tracks caught is split among them. What no track caught is what the service had to be asked for more widely than the rules say." }
    }
}

fn whose(track: Option<TrackId>, name: &str) -> Markup {
    html! {
        @match track {
            None => { "No track" },
            Some(track) if name.is_empty() => { "Track " (track) ", removed" },
            Some(track) => { a href=(format!("/tracks/{track}")) { (name) } },
        }
    }
}

fn tracks_panel(bill: &BillView) -> Markup {
    html! {
        section.panel aria-labelledby="tracks-h" {
            h2 #tracks-h { "Tracks" }
            @if bill.tracks.is_empty() { p.empty { "No track has cost anything yet, and none has a budget." } }
            @else {
                div.scroll { table.amounts {
                    thead { tr { th scope="col" { "Track" } th scope="col" { "Today" } th scope="col" { "This month" } th scope="col" { "Ever" } th scope="col" { "A day, at this rate" } th scope="col" { "Budget" } } }
                    tbody { @for track in bill.tracks.iter().take(ROWS) { (track_row(track)) } }
                } }
                (more(bill.tracks.len()))
            }
        }
    }
}

fn track_row(bill: &TrackBill) -> Markup {
    html! {
        tr {
            th scope="row" { (whose(Some(bill.track), &bill.name)) }
            td { (dollars(bill.spent.day)) }
            td { (dollars(bill.spent.month)) }
            td { (dollars(bill.spent.total)) }
            td { @if let Some(told) = &bill.forecast { (cents(told.cost_per_day)) } }
            td {
                (budgets(&bill.budgets))
                @if let Some(waiting) = &bill.withheld { (waits("Not asked for: ", waiting)) }
            }
        }
    }
}

/// What a table does not show.
fn more(rows: usize) -> Markup {
    html! {
        @if rows > ROWS { p.hint { (number((rows - ROWS) as u64)) " more, cheaper ones: " code { "bowerbird bill" } " and the API list all." } }
    }
}

/// Exactly.
pub(super) fn dollars(amount: Money) -> Markup {
    html! { "$" (amount) }
}

/// An estimate, to the cent.
fn cents(amount: Money) -> Markup {
    html! { (cents_text(amount)) }
}

fn cents_text(amount: Money) -> String {
    format!("${:.2}", amount.dollars())
}

fn days(days: f64) -> String {
    if days < 2.0 {
        format!("{:.0} hours", days * 24.0)
    } else {
        format!("{days:.0} days")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dearest_day_reaches_the_top_and_the_last_bar_is_today() {
        let today = Day::parse("2026-11-21").unwrap();
        let day = |back: i64, micros| BillDay {
            day: today.plus(-back),
            what: Priced::Post,
            n: 1,
            cost: Money(micros),
        };
        let drawn = chart(&[day(1, 500_000), day(0, 600_000), day(0, 400_000)], today);
        let drawn = drawn.into_string();
        assert!(
            drawn.contains("M561 90V47H580V90ZM581 90V4H600V90Z\""),
            "{drawn}"
        );
        assert!(drawn.contains("$1.50 in the last 30 days"), "{drawn}");
    }

    #[test]
    fn spans_are_said_roughly() {
        assert_eq!(days(0.25), "6 hours");
        assert_eq!(days(7.4), "7 days");
    }
}
