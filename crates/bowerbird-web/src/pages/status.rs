//! How everything is doing: sources, counts that add up, spool, gaps, dead letters, store.

use axum::extract::State;
use axum::response::Response;
use bowerbird_core::counts::Counts;
use bowerbird_core::status::WorkerState;
use bowerbird_core::store::{DeadLetter, GapQuery};
use maud::{Markup, html};

use super::format::moment;
use super::layout::{Nav, Shell};
use super::rule_box::is_for_x;
use super::{Caller, OurForm, see, token_field};
use crate::api::dead_letters::{self, DeadLetters};
use crate::api::gaps::{Gaps, gaps};
use crate::api::status::{SourceView, StatusView, status};
use crate::error::ApiError;
use crate::format::{bytes, number, plural, segment};
use crate::params::{Params, parse_id};
use crate::site::App;

/// Rows of a list.
const ROWS: usize = 50;

pub(crate) async fn show_status(
    State(app): State<App>,
    caller: Caller,
    params: Params,
) -> Result<Response, ApiError> {
    let status = status(&app.site).await?;
    let gaps_before = params.parsed("gaps_before", "a gap's number")?;
    let gaps = gaps(&app.site, &GapQuery::default(), gaps_before, ROWS).await?;
    let before = params.parsed("before", "a dead letter's number")?;
    let dead = dead_letters::list(&app.site, before, ROWS).await?;
    let body = html! {
        div #status-page data-now=(status.now) {
            h1 { "Status" }
            p.hint { "Version " (status.version) ", running since " (moment(status.started_at)) ", " (plural(status.live_readers as u64, "live reader", "live readers")) " of at most " (number(status.live_readers_limit as u64)) "." }
            @if let Some(note) = params.get("done") { p.done role="status" { (note) } }
            (sources_panel(&status))
            @if is_for_x(&app.site) { p.hint { "How tracks share X\u{2019}s rules: " a href="/plan" { "the plan" } "." } }
            @if !app.site.parts.bills.tariffs().is_empty() { p.hint { "What it costs: " a href="/bill" { "the bill" } "." } }
            (counts_panel(&status))
            (storage_panel(&status))
            (gaps_panel(&gaps))
            (dead_panel(&dead, &caller))
        }
    };
    Ok(Shell {
        title: "Status",
        nav: Nav::Status,
        caller: &caller,
        script: Some("status.js"),
    }
    .page(&body))
}

fn sources_panel(status: &StatusView) -> Markup {
    html! {
        section.panel #sources aria-labelledby="sources-h" {
            h2 #sources-h { "Sources" }
            @if status.sources.is_empty() { p.empty { "No source is configured: " code { "bowerbird.toml" } " names them; " code { "bowerbird demo" } " brings its own." } }
            @else {
                div.scroll { table {
                    thead { tr { th scope="col" { "Source" } th scope="col" { "State" } th scope="col" { "Since" } th scope="col" { "Last heard" } th scope="col" { "Why" } } }
                    tbody { @for source in &status.sources { (source_row(source)) } }
                } }
            }
        }
    }
}

fn source_row(source: &SourceView) -> Markup {
    let (class, word) = match source.state {
        Some(WorkerState::Live) => ("good", "live"),
        Some(WorkerState::Connecting) => ("busy", "connecting"),
        Some(WorkerState::Waiting) => ("bad", "waiting to try again"),
        Some(WorkerState::Held) => ("busy", "held back"),
        Some(WorkerState::Ended) => ("idle", "read to its end"),
        Some(WorkerState::Stopped) => ("bad", "stopped"),
        None => ("idle", "not running"),
    };
    html! {
        tr {
            th scope="row" { (source.source) @if ![source.source.as_str(), ""].contains(&source.service.as_str()) { span.hint { " " (source.service) } } }
            td { span.state.(class) { (word) } }
            td { @if let Some(since) = source.since { (moment(since)) } }
            td { @if let Some(heard_at) = source.heard_at { (moment(heard_at)) } }
            td {
                (source.detail) @if source.attempts > 0 { " (" (plural(source.attempts.into(), "attempt", "attempts")) ")" }
                @if !source.notes.is_empty() {
                    ul.notes { @for note in &source.notes { li { (note) } } }
                }
            }
        }
    }
}

fn counts_panel(status: &StatusView) -> Markup {
    let row = |name: &str, counts: &Counts| {
        html! {
            tr {
                th scope="row" { (name) }
                @for count in [counts.read, counts.kept, counts.unmatched, counts.duplicate, counts.refused, counts.waiting] { td { (number(count)) } }
            }
        }
    };
    html! {
        section.panel #counts aria-labelledby="counts-h" {
            h2 #counts-h { "Counts" }
            p.hint { "They add up: read = kept + unmatched + duplicate + refused + waiting." }
            div.scroll { table {
                thead { tr { th scope="col" { "Source" } @for name in ["Read", "Kept", "Unmatched", "Duplicate", "Refused", "Waiting"] { th scope="col" { (name) } } } }
                tbody {
                    @for source in &status.sources { (row(&source.source, &source.counts)) }
                    @if status.sources.len() != 1 { (row("All", &status.total)) }
                }
            } }
        }
    }
}

fn storage_panel(status: &StatusView) -> Markup {
    let (spool, store) = (&status.spool, &status.store);
    html! {
        section.panel #storage aria-labelledby="storage-h" {
            h2 #storage-h { "Spool and store" }
            dl.facts {
                div { dt { "Spool" } dd { (bytes(spool.bytes)) " of " (bytes(spool.limit)) } }
                @for lane in &status.lanes {
                    div { dt { "Lane " (lane.lane) } dd { (plural(lane.waiting, "record", "records")) " waiting" @if lane.delayed > 0 { ", " (number(lane.delayed)) " for a retry" } } }
                }
                div { dt { "Posts" } dd { (number(store.posts)) } }
                div { dt { "Deleted or superseded" } dd { (number(store.tombstones)) } }
                div { dt { "Accounts" } dd { (number(store.accounts)) } }
                div { dt { "Store on disk" } dd { (bytes(store.bytes)) } }
            }
        }
    }
}

fn gaps_panel(gaps: &Gaps) -> Markup {
    html! {
        section.panel #gaps aria-labelledby="gaps-h" {
            h2 #gaps-h { "Gaps" }
            @if gaps.gaps.is_empty() { p.empty { "None: for every source, all of the time since it was first heard is accounted for." } }
            @else {
                (super::gaps::table(gaps))
                p.buttons {
                    a.button.quiet href="/gaps" { "Choose among them" }
                    @if let Some(next) = &gaps.next { a.button.quiet rel="next" href=(format!("/status?gaps_before={next}#gaps")) { "Older gaps" } }
                }
            }
        }
    }
}

fn dead_panel(dead: &DeadLetters, caller: &Caller) -> Markup {
    html! {
        section.panel #dead aria-labelledby="dead-h" {
            h2 #dead-h { "Dead letters" }
            @if dead.dead_letters.is_empty() { p.empty { "None: everything that came could be handled." } }
            @else {
                form method="post" action="/status/dead-letters" {
                    (token_field(caller))
                    div.scroll { table {
                        thead { tr { th scope="col" { span.visually-hidden { "Choose" } } th scope="col" { "Source" } th scope="col" { "Received" } th scope="col" { "Why" } th scope="col" { "Begins" } } }
                        tbody { @for letter in &dead.dead_letters { (dead_row(letter)) } }
                    } }
                    div.buttons {
                        button type="submit" name="what" value="retry" { "Try the chosen again" }
                        button.danger type="submit" name="what" value="drop" { "Drop the chosen for good" }
                        @if let Some(next) = &dead.next { a.button.quiet href=(format!("/status?before={next}#dead")) { "Older ones" } }
                    }
                }
            }
        }
    }
}

fn dead_row(letter: &DeadLetter) -> Markup {
    html! {
        tr {
            td { input type="checkbox" name="id" value=(letter.id) aria-label=(format!("Choose dead letter {}", letter.id)); }
            th scope="row" { (letter.source) @if let Some(lane) = &letter.lane { span.hint { " by lane " (lane) } } }
            td { (moment(letter.received_at)) }
            td { (letter.reason) }
            td { code.excerpt { (letter.excerpt) } " " a href=(format!("/api/v1/dead-letters/{}/raw", letter.id)) download { (bytes(letter.bytes)) } }
        }
    }
}

/// Tries again or drops what was chosen.
pub(crate) async fn handle_dead_letters(
    State(app): State<App>,
    OurForm(form): OurForm,
) -> Result<Response, ApiError> {
    let ids: Option<Vec<u64>> = form.list("id").take(ROWS).map(parse_id).collect();
    let ids =
        ids.ok_or_else(|| ApiError::bad_parameter("id", "expected numbers of dead letters"))?;
    let note = match (form.get("what"), ids.is_empty()) {
        (_, true) => "Nothing was chosen.".to_owned(),
        (Some("retry"), _) => {
            let retried = dead_letters::retry(&app.site, &ids).await?;
            let first = retried
                .failed
                .first()
                .map_or_else(String::new, |failed| format!(" {}", failed.reason));
            format!(
                "{} went through, {} did not.{first}",
                retried.delivered.len(),
                retried.failed.len()
            )
        }
        (Some("drop"), _) => {
            let dropped = app.site.store().drop_dead_letters(&ids).await?;
            format!(
                "{} dropped.",
                plural(dropped, "dead letter", "dead letters")
            )
        }
        _ => return Err(ApiError::bad_parameter("what", "expected retry or drop")),
    };
    Ok(see(&format!("/status?done={}#dead", segment(&note))))
}
