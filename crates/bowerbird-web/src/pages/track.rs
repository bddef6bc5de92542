//! A track's page: its rule and limits, what it caught, and everything one can do with it.

use axum::extract::{Path, State};
use axum::response::Response;
use bowerbird_core::bill::{Fill, Money, TrackStanding};
use bowerbird_core::rules::Rule;
use bowerbird_core::store::PostQuery;
use bowerbird_core::track::{RuleVersion, TrackDraft};
use maud::{Markup, html};

use super::article::article;
use super::bill::dollars;
use super::format::{colour, moment};
use super::layout::{Nav, Shell};
use super::marks::mark_caught;
use super::names::Names;
use super::rule_box::is_for_x;
use super::{Caller, OurForm, chart, see, token_field, track_form};
use crate::api::chart::last_hour;
use crate::api::completeness::{SPANS, bars};
use crate::api::rules;
use crate::api::status::{BackfillView, source_names};
use crate::api::tracks::{self, TrackView, all_tracks, parse_id};
use crate::error::ApiError;
use crate::format::{number, plural, segment};
use crate::params::Params;
use crate::site::{App, Site};

/// Posts on one page.
const POSTS: usize = 50;

pub(crate) async fn show_track(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    params: Params,
) -> Result<Response, ApiError> {
    let id = parse_id(&id)?;
    let all = all_tracks(&app.site).await?;
    let view = all
        .iter()
        .find(|view| view.track.id == id)
        .ok_or_else(|| ApiError::not_found(format!("track {id}")))?;
    let hour = last_hour(&app.site, &[id]).await?;
    let backfill = app
        .site
        .engine
        .backfills()
        .into_iter()
        .find(|backfill| backfill.track == id)
        .map(BackfillView::from);
    let sources = known_sources(&app.site, &view.track.draft).await?;
    let bars = bars(&app.site, &view.track, &SPANS).await?;
    let standing = app.site.parts.bills.standing();
    let body = html! {
        div.track-page.(colour(id)) data-track=(id) {
            header.page-head {
                h1 { span.swatch aria-hidden="true" {} (view.track.draft.name) }
                (done_note(params.get("done")))
                p.lead { (view.explanation) }
                @if let Some(problem) = &view.problem { p.warning { "Its rule does not parse and captures nothing: " (problem.message) } }
                (facts(view, standing.tracks.get(&id)))
                (earlier_rules(&app.site.store().rule_versions(id).await?))
            }
            (super::gaps::completeness(&bars, id))
            div.home {
                aside.side {
                    section.panel aria-labelledby="change" { h2 #change { "Change" } (track_form::form(view, &sources, is_for_x(&app.site), &caller)) }
                    (actions(view, backfill.as_ref(), &caller))
                }
                div.stream {
                    (chart::figure(&hour, &all))
                    (caught(&app.site, view, &all, params.get("after")).await?)
                }
            }
        }
    };
    let title = view.track.draft.name.as_str();
    Ok(Shell {
        title,
        nav: Nav::Other,
        caller: &caller,
        script: Some("track.js"),
    }
    .page(&body))
}

/// Every source there is, and those the track names though they are no more.
async fn known_sources(site: &Site, draft: &TrackDraft) -> Result<Vec<String>, ApiError> {
    let mut sources = source_names(site).await?;
    sources.extend(draft.sources.iter().map(ToString::to_string));
    sources.sort();
    sources.dedup();
    Ok(sources)
}

fn facts(view: &TrackView, cost: Option<&TrackStanding>) -> Markup {
    let draft = &view.track.draft;
    let state = if draft.paused {
        "Paused"
    } else if view.active {
        "Capturing"
    } else {
        "Not capturing now"
    };
    html! {
        dl.facts {
            div { dt { "State" } dd #track-state { (state) } }
            div { dt { "Caught" } dd #track-captures { (number(view.captures)) } }
            @if view.backfilled > 0 { div { dt { "Of those, backfilled" } dd { (number(view.backfilled)) } } }
            @if let Some(last_at) = view.last_at { div { dt { "Last" } dd { (moment(last_at)) } } }
            div { dt { "Made" } dd { (moment(view.track.created_at)) } }
            @if let Some(cost) = cost.filter(|cost| cost.spent.total > Money::ZERO) {
                div { dt { "Cost this month" } dd { a href="/bill" { (dollars(cost.spent.month)) } } }
            }
        }
        @for budget in cost.iter().flat_map(|cost| &cost.budgets).filter(|budget| budget.fill != Fill::Within) {
            p.warning { "Its budget: " (budget.in_words()) @if budget.fill == Fill::Spent { ". Services that take money are not asked for it until there is more" } "." }
        }
    }
}

/// What it captured before it was changed, the newest first.
fn earlier_rules(rules: &[RuleVersion]) -> Markup {
    let earlier: Vec<&RuleVersion> = rules.iter().rev().skip(1).collect();
    html! {
        @if !earlier.is_empty() {
            details #earlier-rules {
                summary { "Earlier rules (" (number(earlier.len() as u64)) ")" }
                ol {
                    @for rule in earlier {
                        li { (moment(rule.since)) " to " @if let Some(until) = rule.until { (moment(until)) } ": " code { (rule.rule) } }
                    }
                }
            }
        }
    }
}

/// Everything caught as files in one archive.
fn whole_export(view: &TrackView) -> Markup {
    html! {
        form.export method="get" action="/api/v1/export.zip" {
            input type="hidden" name="track" value=(view.track.id);
            label for="export-format" { "Everything with its record" }
            div.buttons {
                select #export-format name="format" {
                    option value="jsonl" { "JSON lines" }
                    option value="csv" { "CSV" }
                    option value="ids" { "ids only" }
                }
                button.quiet type="submit" title="The posts, a README, and a manifest: rules over time, gaps, checksums" { "Download ZIP" }
            }
        }
    }
}

fn actions(view: &TrackView, backfill: Option<&BackfillView>, caller: &Caller) -> Markup {
    let id = view.track.id;
    let (action, word) = if view.track.draft.paused {
        ("resume", "Resume")
    } else {
        ("pause", "Pause")
    };
    html! {
        section.panel aria-labelledby="actions" {
            h2 #actions { "Actions" }
            div.buttons {
                form method="post" action=(format!("/tracks/{id}/{action}")) { (token_field(caller)) button.quiet type="submit" { (word) } }
                form method="post" action=(format!("/tracks/{id}/backfill")) {
                    (token_field(caller))
                    button.quiet type="submit" title="Looks through all kept posts for what this rule would have caught" { "Backfill from kept posts" }
                }
                a.button.quiet href=(format!("/api/v1/export.csv?track={id}")) download { "Download CSV" }
                a.button.quiet href=(format!("/api/v1/export.jsonl?track={id}")) download { "Download JSONL" }
            }
            (whole_export(view))
            p #backfill-state .hint role="status" data-running=(backfill.is_some_and(|backfill| !backfill.done)) {
                @if let Some(backfill) = backfill { (backfill_says(backfill)) }
            }
            details.confirm {
                summary { "Remove…" }
                form method="post" action=(format!("/tracks/{id}/remove")) {
                    (token_field(caller))
                    p { "The track goes with its " (plural(view.captures, "capture", "captures")) "; posts that nothing else holds go with them." }
                    button.danger type="submit" { "Remove this track" }
                }
            }
        }
    }
}

/// `assets/track.js` says the same while it runs.
fn backfill_says(backfill: &BackfillView) -> String {
    let (looked_at, added) = (
        plural(backfill.looked_at, "kept post", "kept posts"),
        plural(backfill.added, "capture", "captures"),
    );
    match (backfill.done, backfill.error.as_str()) {
        (false, _) => format!("Backfill: {looked_at} looked at so far, {added} added."),
        (true, "") => format!("Backfill done: {looked_at} looked at, {added} added."),
        (true, error) => format!("Backfill failed after {looked_at}: {error}."),
    }
}

async fn caught(
    site: &Site,
    view: &TrackView,
    all: &[TrackView],
    after: Option<&str>,
) -> Result<Markup, ApiError> {
    let id = view.track.id;
    let query = PostQuery {
        track: Some(id),
        limit: POSTS,
        after: after.map(str::to_owned),
        ..PostQuery::default()
    };
    let mut page = site.store().search(&query).await?;
    mark_caught(site, &mut page.items, Some(id)).await?;
    let names = Names::of_views(all);
    Ok(html! {
        h2 { "Caught posts" }
        div.controls {
            button #fresh .fresh type="button" hidden {}
            a.quiet.button href=(format!("/search?track={id}")) { "Search in them" }
        }
        div #feed .posts data-more=[after.map(|_| "true")] { @for post in &page.items { (article(post, &names)) } }
        @if page.items.is_empty() {
            p #nothing-yet .empty { "Nothing caught yet. Posts appear here as soon as one matches; Backfill looks through those kept before." }
        }
        @if let Some(next) = &page.next {
            nav.pages aria-label="More posts" { a.button.quiet rel="next" href=(format!("/tracks/{id}?after={}", segment(next))) { "Older posts" } }
        }
    })
}

fn done_note(done: Option<&str>) -> Markup {
    let said = match done {
        Some("created") => "The track is capturing.",
        Some("saved") => "Saved.",
        Some("paused") => "Paused.",
        Some("resumed") => "Capturing again.",
        Some("backfill") => "Looking through what is kept.",
        _ => return html! {},
    };
    html! { p.done role="status" { (said) } }
}

pub(crate) async fn create_track(
    State(app): State<App>,
    OurForm(form): OurForm,
) -> Result<Response, ApiError> {
    let rule = form.text("rule");
    let name = match form.text("name") {
        name if name.is_empty() => rules::check(&app.site, rule.clone(), 0).await?.name,
        name => name,
    };
    // A rule that does not parse has no name to suggest; it is the rule that is told of.
    Rule::parse(&rule).map_err(|error| ApiError::bad_rule(&error))?;
    let made = tracks::create(&app.site, TrackDraft::new(name, rule)).await?;
    Ok(see(&format!("/tracks/{}?done=created", made.track.id)))
}

pub(crate) async fn update_track(
    State(app): State<App>,
    Path(id): Path<String>,
    OurForm(form): OurForm,
) -> Result<Response, ApiError> {
    let before = tracks::track(&app.site, parse_id(&id)?).await?;
    let draft = track_form::read(&form, &before.track.draft)?;
    let saved = tracks::update(&app.site, before.track.id, draft).await?;
    Ok(see(&format!("/tracks/{}?done=saved", saved.track.id)))
}

pub(crate) async fn pause_track(
    State(app): State<App>,
    Path(id): Path<String>,
    _: OurForm,
) -> Result<Response, ApiError> {
    let view = tracks::set_paused(&app.site, parse_id(&id)?, true).await?;
    Ok(see(&format!("/tracks/{}?done=paused", view.track.id)))
}

pub(crate) async fn resume_track(
    State(app): State<App>,
    Path(id): Path<String>,
    _: OurForm,
) -> Result<Response, ApiError> {
    let view = tracks::set_paused(&app.site, parse_id(&id)?, false).await?;
    Ok(see(&format!("/tracks/{}?done=resumed", view.track.id)))
}

pub(crate) async fn backfill_track(
    State(app): State<App>,
    Path(id): Path<String>,
    _: OurForm,
) -> Result<Response, ApiError> {
    let started = tracks::backfill(&app.site, parse_id(&id)?).await?;
    Ok(see(&format!("/tracks/{}?done=backfill", started.track)))
}

pub(crate) async fn remove_track(
    State(app): State<App>,
    Path(id): Path<String>,
    _: OurForm,
) -> Result<Response, ApiError> {
    tracks::remove(&app.site, parse_id(&id)?).await?;
    Ok(see("/"))
}
