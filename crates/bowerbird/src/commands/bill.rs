//! `bowerbird bill`: what sources and tracks have cost, how their budgets stand, and where the last days lead.

use anyhow::Result;
use serde_json::Value;

use super::Context;
use super::track::text;
use crate::cli::BillArgs;
use crate::client::Client;
use crate::client::query::Address;
use crate::output::{Output, clean, thousands};

/// Shows all bills.
pub(super) async fn bill(context: &Context, args: &BillArgs) -> Result<()> {
    let client = Client::connect(context, "bill").await?;
    let address = Address::new("/api/v1/bill").with("days", &args.days.to_string());
    let answer: Value = client.get(address.as_str()).await?;
    let output = &context.output;
    if output.json {
        return output.value(&answer);
    }
    let sources = list(&answer, "sources");
    if sources.is_empty() {
        output.talk("nothing costs anything: no source of the configuration takes money");
        return Ok(());
    }
    for source in sources {
        show_source(output, source, args.days)?;
    }
    let tracks = list(&answer, "tracks");
    if tracks.is_empty() {
        return Ok(());
    }
    let rows: Vec<Vec<String>> = tracks.iter().map(track_row).collect();
    output.table(
        &[
            "track",
            "today",
            "this month",
            "ever",
            "a day, at this rate",
            "budget",
        ],
        &rows,
    )
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn show_source(output: &Output, bill: &Value, days: u64) -> Result<()> {
    let spent = |period: &str| text(&bill["spent"], period);
    output.line(format_args!(
        "{}: ${} today, ${} this month, ${} ever; ${} a post",
        clean(&text(bill, "source")),
        spent("day"),
        spent("month"),
        spent("total"),
        text(&bill["prices"], "post"),
    ))?;
    let told = &bill["forecast"];
    if let Some(calls) = told["calls_per_day"].as_f64() {
        output.line(format_args!(
            "  at the rate of the last days: {calls:.0} posts and {} a day, {} by the end of this month",
            about(told, "cost_per_day"),
            about(told, "month"),
        ))?;
    }
    for budget in list(bill, "budgets") {
        output.line(format_args!("  budget: {}", budget_words(budget)))?;
    }
    if bill["withheld"].is_object() {
        output.line(format_args!(
            "  nothing is asked for: {}",
            waiting(&bill["withheld"])
        ))?;
    }
    let shares = list(bill, "shares");
    if shares.is_empty() {
        return output.line(format_args!(
            "  nothing was charged in the last {days} days\n"
        ));
    }
    let row = |share: &Value| {
        let n = share["n"].as_u64().unwrap_or(0);
        vec![
            format!("  {}", whose(share)),
            thousands(n),
            format!("${}", text(share, "cost")),
        ]
    };
    let rows: Vec<Vec<String>> = shares.iter().map(row).collect();
    let heading = format!("  for, in the last {days} days");
    output.table(&[&heading, "how many", "part"], &rows)?;
    output.line("")
}

/// Whose a part is.
fn whose(share: &Value) -> String {
    match (share["track"].as_str(), text(share, "name")) {
        (None, _) if share["what"] == "counts" => "questions for counts".to_owned(),
        (None, _) if share["what"] == "account" => "accounts and profiles".to_owned(),
        (None, _) => "no track".to_owned(),
        (Some(track), name) if name.is_empty() => format!("track {track}, removed"),
        (Some(_), name) => name,
    }
}

/// An estimated amount, to the cent; empty where there is none.
pub(super) fn about(told: &Value, key: &str) -> String {
    let amount: Option<f64> = told[key].as_str().and_then(|amount| amount.parse().ok());
    amount.map_or_else(String::new, |amount| format!("${amount:.2}"))
}

fn track_row(bill: &Value) -> Vec<String> {
    let spent = |period: &str| format!("${}", text(&bill["spent"], period));
    let mut budgets: Vec<String> = list(bill, "budgets").iter().map(budget_words).collect();
    if bill["withheld"].is_object() {
        budgets.push(format!("not asked for: {}", waiting(&bill["withheld"])));
    }
    vec![
        whose(bill),
        spent("day"),
        spent("month"),
        spent("total"),
        about(&bill["forecast"], "cost_per_day"),
        budgets.join("; "),
    ]
}

/// As in "$4.10 of $5.00 a day, 82 %".
fn budget_words(budget: &Value) -> String {
    let period = match budget["period"].as_str() {
        Some("day") => "a day",
        Some("month") => "a month",
        _ => "in all",
    };
    let percent = budget["percent"].as_i64().unwrap_or(0);
    let reached = match budget["spent_at"].as_str() {
        Some(at) => format!(", spent by {at} at this rate"),
        None => String::new(),
    };
    format!(
        "${} of ${} {period}, {percent} %{reached}",
        text(budget, "spent"),
        text(budget, "limit")
    )
}

fn waiting(withheld: &Value) -> String {
    let reason = text(withheld, "reason");
    match withheld["until"].as_str() {
        Some(until) => format!("{reason}, until {until}"),
        None => format!("{reason}, until the limit is raised"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_track_is_told_in_one_row() {
        let bill = json!({
            "track": "4", "name": "cats",
            "spent": {"day": "0.05", "month": "0.95", "total": "1.20"},
            "budgets": [{"period": "day", "limit": "0.05", "spent": "0.05", "percent": 100, "spent_at": null}],
            "forecast": {"cost_per_day": "0.31"},
            "withheld": {"reason": "its budget of $0.05 a day is spent", "until": "2026-11-22T00:00:00.000Z"},
        });
        assert_eq!(
            track_row(&bill),
            [
                "cats",
                "$0.05",
                "$0.95",
                "$1.20",
                "$0.31",
                "$0.05 of $0.05 a day, 100 %; not asked for: its budget of $0.05 a day is spent, until 2026-11-22T00:00:00.000Z"
            ]
        );
        assert_eq!(
            whose(&json!({"track": "4", "name": ""})),
            "track 4, removed"
        );
        assert_eq!(
            whose(&json!({"track": null, "name": "", "what": "post"})),
            "no track"
        );
    }
}
