//! The plan: how tracks share the rules of a service that gives few, what is still to be done there, who goes without and what would help.

use axum::extract::State;
use axum::response::Response;
use bowerbird_core::ids::TrackId;
use bowerbird_core::plan::{SlotRule, TrackShare};
use bowerbird_core::track::TrackDraft;
use maud::{Markup, html};

use super::format::{colour, moment};
use super::layout::{Nav, Shell};
use super::names::Names;
use super::{Caller, OurForm, track_form};
use crate::api::plan::{PlanChange, PlanList, PlanView, current, tried};
use crate::api::tracks::{parse_id, track};
use crate::error::ApiError;
use crate::format::{number, plural};
use crate::params::Params;
use crate::site::App;

/// Rows of a list; the API and the command line have all.
const ROWS: usize = 200;
/// Tracks named beside a rule.
const NAMED: usize = 8;

pub(crate) async fn show_plan(
    State(app): State<App>,
    caller: Caller,
    params: Params,
) -> Result<Response, ApiError> {
    params.only(&[])?;
    let plans = current(&app.site).await?;
    let lead = html! {
        p.lead { "Some services filter for us and give few rules for it. All tracks share them: higher priority first, then the older ones." }
    };
    Ok(page(&lead, &plans, &Names::all(&app.site).await?, &caller))
}

/// What saving a form would do.
pub(crate) async fn try_plan(
    State(app): State<App>,
    caller: Caller,
    OurForm(form): OurForm,
) -> Result<Response, ApiError> {
    let id = form.get("id").map(parse_id).transpose()?;
    let before = match id {
        Some(id) => track(&app.site, id).await?.track.draft,
        None => TrackDraft::new("New track", ""),
    };
    let draft = match id {
        Some(_) => track_form::read(&form, &before)?,
        None => TrackDraft {
            rule: form.text("rule"),
            ..before
        },
    };
    let names = Names::all(&app.site).await?;
    let (name, rule) = (draft.name.clone(), draft.rule.clone());
    let change = PlanChange {
        id,
        draft: Some(draft),
        rule: None,
    };
    let plans = tried(&app.site, change).await?;
    let lead = html! {
        p.done role="status" { "Nothing is saved yet. This is what would be if " strong { (name) } " were saved with the rule " code { (rule) } "; go back to do so." }
    };
    Ok(page(&lead, &plans, &names, &caller))
}

fn page(lead: &Markup, plans: &PlanList, names: &Names, caller: &Caller) -> Response {
    let body = html! {
        header.page-head {
            h1 { "Plan" }
            (lead)
        }
        @for view in &plans.plans { (plan(view, names)) }
    };
    Shell {
        title: "Plan",
        nav: Nav::Other,
        caller,
        script: None,
    }
    .page(&body)
}

fn plan(view: &PlanView, names: &Names) -> Markup {
    let plan = &view.plan;
    let id = format!("plan-{}", plan.source);
    html! {
        section.panel aria-labelledby=(id) {
            h2 id=(id) { (plan.source) }
            p.plan-summary { (view.summary) }
            @if !plan.note.is_empty() { p.(if plan.listed_at.is_some() { "warning" } else { "hint" }) { (plan.service) ": " (plan.note) "." } }
            (bar(view))
            dl.facts {
                div { dt { "Rules in use" } dd { (count(plan.rules.len())) " of " (count(plan.slots)) } }
                div { dt.key.foreign { "Others\u{2019}" } dd { (count(plan.foreign)) } }
                div { dt.key.free { "Free" } dd { (count(plan.free)) } }
                div { dt { "Characters" } dd { (count(view.chars)) " of " (count(plan.slots.saturating_mul(plan.max_chars))) } }
                div { dt.key.new { "To add" } dd { (count(view.to_add)) } }
                div { dt { "To remove" } dd { (count(plan.delete.len())) } }
                div { dt.key.kept { "Kept" } dd { (count(plan.rules.len() - view.to_add)) } }
                @if let Some(at) = plan.listed_at { div { dt { "As " (plan.service) " had it" } dd { (moment(at)) } } }
            }
        }
        (left_out(view, names))
        (changes(view, names))
        (shares(view, names))
        (rules(view, names))
    }
}

/// Used, others' and free slots, as parts of a line.
fn bar(view: &PlanView) -> Markup {
    let plan = &view.plan;
    let all = plan.slots.max(plan.rules.len() + plan.foreign).max(1);
    let part = |slots: usize| format!("{:.3}", slots as f64 * 100.0 / all as f64);
    let (kept, new) = (plan.rules.len() - view.to_add, view.to_add);
    let mut x = 0;
    let mut piece = |class: &str, slots: usize| {
        let from = x;
        x += slots;
        html! { @if slots > 0 { rect class=(class) x=(part(from)) y="0" width=(part(slots)) height="4" {} } }
    };
    html! {
        svg.slots viewBox="0 0 100 4" preserveAspectRatio="none" role="img" aria-label=(view.summary) {
            rect class="free" x="0" y="0" width="100" height="4" {}
            (piece("kept", kept)) (piece("new", new)) (piece("foreign", plan.foreign))
        }
    }
}

fn count(count: usize) -> String {
    number(count as u64)
}

fn left_out(view: &PlanView, names: &Names) -> Markup {
    let (out, source) = (&view.plan.left_out, &view.plan.source);
    let id = format!("left-out-{source}");
    let is_new = |id: TrackId| view.pushed_out.iter().any(|one| one.track == id);
    html! {
        @if !out.is_empty() {
            section.panel aria-labelledby=(id) {
                h2 id=(id) { "Left out" }
                p.hint { (view.plan.service) " is not asked for " (plural(out.len() as u64, "track", "tracks")) "; what comes through others\u{2019} rules is still caught." }
                div.scroll { table {
                    thead { tr { th scope="col" { "Track" } th scope="col" { "Why, and what would help" } } }
                    tbody { @for one in out.iter().take(ROWS) { tr {
                        th scope="row" { (link(one.track, names)) @if is_new(one.track) { " " span.note { "by this change" } } }
                        td { (one.reason) }
                    } } }
                } }
                (more(out.len()))
            }
        }
    }
}

fn changes(view: &PlanView, names: &Names) -> Markup {
    let plan = &view.plan;
    let id = format!("changes-{}", plan.source);
    let new: Vec<&SlotRule> = plan.rules.iter().filter(|rule| !rule.stands).collect();
    html! {
        @if view.to_add + plan.delete.len() > 0 {
            section.panel aria-labelledby=(id) {
                h2 id=(id) { "To be done at " (plan.service) }
                ul.diff {
                    @for rule in plan.delete.iter().take(ROWS) { li.old { span.sign { "remove " } code { (rule) } } }
                    @for rule in new.iter().take(ROWS) { li.new { span.sign { "add " } code { (rule.rule) } " " (tracks(rule, names)) } }
                }
                (more(plan.delete.len().max(new.len())))
            }
        }
    }
}

fn shares(view: &PlanView, names: &Names) -> Markup {
    let plan = &view.plan;
    let id = format!("shares-{}", plan.source);
    html! {
        section.panel aria-labelledby=(id) {
            h2 id=(id) { "Tracks" }
            @if plan.shares.is_empty() { p.empty { "No track asks " (plan.service) " for anything now." } }
            @else {
                div.scroll { table {
                    thead { tr { th scope="col" { "Track" } th.number scope="col" { "Priority" } th.number scope="col" { "Share" } th.number scope="col" { "In rules" } th.number scope="col" { "Characters" } } }
                    tbody { @for share in plan.shares.iter().take(ROWS) { (share_row(share, names)) } }
                } }
                (more(plan.shares.len()))
            }
        }
    }
}

fn share_row(share: &TrackShare, names: &Names) -> Markup {
    html! {
        tr.(colour(share.track)) {
            th scope="row" { span.swatch aria-hidden="true" {} (link(share.track, names)) }
            td.number { (share.priority) }
            td.number { (format!("{:.2}", share.share)) }
            td.number { (count(share.slots)) }
            td.number { (count(share.chars)) }
        }
    }
}

fn rules(view: &PlanView, names: &Names) -> Markup {
    let plan = &view.plan;
    html! {
        @if !plan.rules.is_empty() {
            details.panel {
                summary { "The rules themselves" }
                div.scroll { table {
                    thead { tr { th scope="col" { "Rule" } th.number scope="col" { "Characters" } th scope="col" { "Tracks" } } }
                    tbody { @for rule in plan.rules.iter().take(ROWS) { tr {
                        td.rule-text { code { (rule.rule) } @if !rule.stands { " " span.note { "to add" } } }
                        td.number { (count(rule.chars)) }
                        td { (tracks(rule, names)) }
                    } } }
                } }
                (more(plan.rules.len()))
            }
        }
    }
}

/// Whose a rule is.
fn tracks(rule: &SlotRule, names: &Names) -> Markup {
    let others = rule.tracks.len().saturating_sub(NAMED);
    html! {
        span.hint {
            @for (nth, track) in rule.tracks.iter().take(NAMED).enumerate() { @if nth > 0 { ", " } (link(*track, names)) }
            @if others > 0 { " and " (count(others)) " more" }
        }
    }
}

/// A track's name, leading to its page; one that is not saved yet has none.
fn link(track: TrackId, names: &Names) -> Markup {
    let name = names.get(track);
    html! {
        @if let Some(name) = name { a href=(format!("/tracks/{track}")) { (name) } } @else { "the new track" }
    }
}

fn more(rows: usize) -> Markup {
    html! {
        @if rows > ROWS { p.hint { "And " (count(rows - ROWS)) " more; " code { "bowerbird track plan" } " lists all." } }
    }
}
