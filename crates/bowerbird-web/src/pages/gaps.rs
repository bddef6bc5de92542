//! What was missed: all gaps, one gap with everything known of it, and bars that say how complete a track is.

use axum::extract::{Path, State};
use axum::response::Response;
use bowerbird_core::completeness::Cell;
use bowerbird_core::gap::GapState;
use maud::{Markup, html};

use super::format::moment;
use super::layout::{Nav, Shell};
use super::{Caller, OurForm, see, token_field};
use crate::api::completeness::Bar;
use crate::api::gaps::{self, FILTERS, GapView, Gaps, gap_query};
use crate::error::ApiError;
use crate::format::{number, plural};
use crate::params::{Params, parse_id};
use crate::site::App;

/// Rows of a page.
const ROWS: usize = 100;

pub(crate) async fn show_gaps(
    State(app): State<App>,
    caller: Caller,
    params: Params,
) -> Result<Response, ApiError> {
    params.only(&[&FILTERS, &["before"]])?;
    let query = gap_query(&app.site, &params).await?;
    let before = params.parsed("before", "a gap's number")?;
    let found = gaps::gaps(&app.site, &query, before, ROWS).await?;
    let sources = crate::api::status::source_names(&app.site).await?;
    let asked = params.encoded(&FILTERS);
    let older = |next: &str| format!("/gaps?{asked}&before={next}");
    let body = html! {
        header.page-head {
            h1 { "Gaps" }
            p.lead { "Spans for which a source can\u{2019}t promise that everything came: why, what that may have cost, and what was fetched again." }
        }
        section.panel aria-labelledby="which" {
            h2 #which { "Which" }
            form.controls method="get" action="/gaps" {
                label { "Source " select name="source" {
                    option value="" { "all" }
                    @for source in &sources { option value=(source) selected[params.get("source") == Some(source)] { (source) } }
                } }
                label { "State " select name="state" {
                    option value="" { "all" }
                    @for state in GapState::ALL { option value=(state.name()) selected[params.get("state") == Some(state.name())] { (state_in_words(state)) } }
                } }
                label { "Track number " input name="track" inputmode="numeric" size="6" value=(params.text("track")); }
                label { "Since " input name="since" size="12" placeholder="2026-11-21" value=(params.text("since")); }
                label { "Until " input name="until" size="12" value=(params.text("until")); }
                button.quiet type="submit" { "Show" }
            }
        }
        section.panel #gaps aria-label="Gaps" {
            @if found.gaps.is_empty() { p.empty { "None of this kind." } }
            @else { (table(&found)) }
            @if let Some(next) = &found.next { p.buttons { a.button.quiet rel="next" href=(older(next)) { "Older gaps" } } }
        }
    };
    let page = Shell {
        title: "Gaps",
        nav: Nav::Status,
        caller: &caller,
        script: None,
    };
    Ok(page.page(&body))
}

/// Gaps as a table.
pub(super) fn table(Gaps { gaps, .. }: &Gaps) -> Markup {
    html! {
        div.scroll { table {
            thead { tr {
                @for name in ["Gap", "Source", "From", "Until", "Why", "Lost", "State"] { th scope="col" { (name) } }
            } }
            tbody { @for gap in gaps { (row(gap)) } }
        } }
    }
}

fn row(gap: &GapView) -> Markup {
    html! {
        tr {
            th scope="row" { a href=(format!("/gaps/{}", gap.id)) { (gap.id) } }
            td { (gap.source) @if let Some(track) = gap.track { span.hint { " track " a href=(format!("/tracks/{track}")) { (track) } } } }
            td { (moment(gap.from)) }
            td { @if let Some(until) = gap.until { (moment(until)) } @else { "lasts still" } }
            td { b { (gap.cause.in_words()) } span.hint { " " (gap.reason) } }
            td { (lost(gap)) }
            td {
                (state(gap.state))
                @if gap.repair.posts > 0 { span.hint { " " (plural(gap.repair.posts, "post", "posts")) " came" } }
            }
        }
    }
}

/// How many were lost, as far as anybody can say.
fn lost(gap: &GapView) -> Markup {
    html! {
        @match (gap.lost, &gap.estimate) {
            (Some(lost), _) => (number(lost)),
            (None, Some(about)) => span title=(about.method) { "\u{2248} " (number(about.posts)) },
            (None, None) => "unknown",
        }
    }
}

fn state_in_words(state: GapState) -> &'static str {
    match state {
        GapState::Open => "open",
        GapState::Repairing => "being repaired",
        GapState::Repaired => "repaired",
        GapState::BeyondRepair => "beyond repair",
    }
}

fn state(state: GapState) -> Markup {
    let class = match state {
        GapState::Open => "bad",
        GapState::Repairing => "busy",
        GapState::Repaired => "good",
        GapState::BeyondRepair => "idle",
    };
    html! { span.state.(class) { (state_in_words(state)) } }
}

pub(crate) async fn show_gap(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    params: Params,
) -> Result<Response, ApiError> {
    let gap = gaps::gap(&app.site, parse_id(&id)).await?;
    let title = format!("Gap {}", gap.id);
    let body = html! {
        header.page-head {
            h1 { (title) }
            @if params.get("done").is_some() { p.done role="status" { "It is fetched again as soon as it can be." } }
            p.lead { (gap.source) ": " (gap.cause.in_words()) }
        }
        section.panel aria-labelledby="what" {
            h2 #what { "What was missed" }
            dl.facts {
                div { dt { "From" } dd { (moment(gap.from)) } }
                div { dt { "Until" } dd { @if let Some(until) = gap.until { (moment(until)) } @else { "lasts still" } } }
                div { dt { "Concerns" } dd { @if let Some(track) = gap.track { a href=(format!("/tracks/{track}")) { "track " (track) } } @else { "all tracks of this source" } } }
                div { dt { "Lost" } dd #gap-lost { (lost(&gap)) } }
                div { dt { "State" } dd #gap-state { (state(gap.state)) } }
            }
            @if let Some(about) = &gap.estimate { p.hint { "Estimated: " (about.method) "." } }
            p { b { "Evidence: " } (gap.reason) }
        }
        (repair_panel(&gap, &caller))
        p { a href="/gaps" { "All gaps" } }
    };
    let page = Shell {
        title: &title,
        nav: Nav::Status,
        caller: &caller,
        script: None,
    };
    Ok(page.page(&body))
}

fn repair_panel(gap: &GapView, caller: &Caller) -> Markup {
    let repair = &gap.repair;
    html! {
        section.panel aria-labelledby="repair" {
            h2 #repair { "Repair" }
            @if repair.by.is_empty() { p { "Nobody has tried to fetch it again." } }
            @else {
                dl.facts {
                    div { dt { "From where" } dd { (repair.by) } }
                    @if let Some(at) = repair.at { div { dt { "Last change" } dd { (moment(at)) } } }
                    div { dt { "Came" } dd #gap-came { (plural(repair.posts, "post", "posts")) } }
                    @if !repair.lacks.is_empty() { div { dt { "This way never brings" } dd { (repair.lacks) } } }
                }
            }
            @if !repair.remains.is_empty() { p.warning { (repair.remains) } }
            @if let Some(next_at) = repair.next_at { p.hint { "Tried next at " (moment(next_at)) "." } }
            @if repair.can {
                form method="post" action=(format!("/gaps/{}/repair", gap.id)) {
                    (token_field(caller))
                    button type="submit" { "Fetch it again now" }
                }
            } @else if gap.until.is_some() && gap.state != GapState::Repaired {
                p.hint { "Nothing that runs now can fetch again what this source missed." }
            }
        }
    }
}

pub(crate) async fn repair_gap(
    State(app): State<App>,
    Path(id): Path<String>,
    _: OurForm,
) -> Result<Response, ApiError> {
    let asked = gaps::repair(&app.site, parse_id(&id)).await?;
    Ok(see(&format!("/gaps/{}?done=asked", asked.id)))
}

/// Bars that say how complete a track is.
pub(super) fn completeness(bars: &[Bar], track: bowerbird_core::ids::TrackId) -> Markup {
    html! {
        section.panel.completeness aria-labelledby="completeness-h" {
            h2 #completeness-h { "Completeness" }
            @for bar in bars { (one_bar(bar)) }
            p.hint.legend {
                @for cell in Cell::ALL { span.key { span.cell.(cell.name()) {} " " (cell.in_words()) } " " }
            }
            p { a href=(format!("/gaps?track={track}")) { "Gaps that concern this track" } }
        }
    }
}

fn one_bar(bar: &Bar) -> Markup {
    let step = std::time::Duration::from_secs(bar.step_seconds);
    let said: Vec<String> = Cell::ALL
        .into_iter()
        .filter_map(|cell| {
            let n = bar.cells.iter().filter(|one| **one == cell).count();
            (n > 0).then(|| format!("{n} of {} {}", bar.cells.len(), cell.in_words()))
        })
        .collect();
    let label = format!("The last {}: {}", bar.span, said.join(", "));
    html! {
        div.bar-row {
            span.bar-name { (bar.span) }
            div.bar role="img" aria-label=(label) data-span=(bar.span) {
                @for (at, cell) in (0u32..).zip(&bar.cells) {
                    span.cell.(cell.name()) title=(format!("from {}: {}", bar.from.plus(step * at), cell.in_words())) {}
                }
            }
        }
    }
}
