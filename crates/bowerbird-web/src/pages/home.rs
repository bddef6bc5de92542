//! The live page: what is arriving, the tracks, and a box for a new rule.

use axum::extract::State;
use axum::response::Response;
use bowerbird_core::ids::TrackId;
use bowerbird_core::store::PostQuery;
use bowerbird_core::view::PostView;
use maud::{Markup, html};

use super::article::article;
use super::format::{clock, colour};
use super::layout::{Nav, Shell};
use super::marks::mark_caught;
use super::names::Names;
use super::rule_box::{is_for_x, rule_field, rule_help, try_button};
use super::{Caller, chart, token_field};
use crate::api::chart::last_hour;
use crate::api::tracks::{TrackView, all_tracks};
use crate::error::ApiError;
use crate::format::number;
use crate::site::{App, Site};

/// Posts on the page when it opens.
const POSTS: usize = 40;

pub(crate) async fn show_home(
    State(app): State<App>,
    caller: Caller,
) -> Result<Response, ApiError> {
    let tracks = all_tracks(&app.site).await?;
    let ids: Vec<TrackId> = tracks.iter().map(|view| view.track.id).collect();
    let hour = last_hour(&app.site, &ids).await?;
    let Newest { posts, after } = newest(&app.site).await?;
    let names = Names::of_views(&tracks);
    let body = html! {
        div.home {
            aside.side {
                (new_track(&caller, is_for_x(&app.site)))
                (track_list(&tracks, is_for_x(&app.site)))
            }
            div.stream {
                h1.visually-hidden { "Live" }
                (chart::figure(&hour, &tracks))
                (controls())
                div #feed .posts role="feed" aria-label="Posts as they arrive" aria-busy="false" data-after=[after] {
                    @for post in &posts { (article(post, &names)) }
                }
                @if posts.is_empty() { (nothing_yet()) }
            }
        }
    };
    Ok(Shell {
        title: "Live",
        nav: Nav::Live,
        caller: &caller,
        script: Some("home.js"),
    }
    .page(&body))
}

/// The newest posts, and from where to go on live.
struct Newest {
    posts: Vec<PostView>,
    after: Option<u64>,
}

/// From memory, where they have their marks; after a restart from the store.
async fn newest(site: &Site) -> Result<Newest, ApiError> {
    let recent = site.parts.hub.recent_posts(None, POSTS);
    let after = recent.first().map(|event| event.offset);
    let parsed: Result<Vec<PostView>, _> = recent
        .iter()
        .map(|event| serde_json::from_slice(&event.json))
        .collect();
    let posts = parsed.map_err(ApiError::internal)?;
    if !posts.is_empty() {
        return Ok(Newest { posts, after });
    }
    let query = PostQuery {
        limit: POSTS,
        ..PostQuery::default()
    };
    let mut posts = site.store().search(&query).await?.items;
    mark_caught(site, &mut posts, None).await?;
    Ok(Newest { posts, after })
}

fn new_track(caller: &Caller, for_x: bool) -> Markup {
    html! {
        section.panel aria-labelledby="new-track" {
            h2 #new-track { "New track" }
            form #new-track-form method="post" action="/tracks" {
                (token_field(caller))
                (rule_field("new-rule", "", 2, for_x))
                label for="new-name" { "Name" }
                input #new-name name="name" maxlength="100" autocomplete="off" placeholder="taken from the rule if left empty";
                p.form-error role="alert" hidden {}
                button type="submit" { "Start capturing" }
                (try_button(for_x))
            }
            (rule_help())
        }
    }
}

fn track_list(tracks: &[TrackView], for_x: bool) -> Markup {
    html! {
        section.panel aria-labelledby="tracks" {
            h2 #tracks { "Tracks" }
            ul #track-list .track-list { @for view in tracks { (track_item(view)) } }
            @if for_x { p.hint { a href="/plan" { "How they share X\u{2019}s rules" } } }
            p #no-tracks hidden[!tracks.is_empty()] { "No tracks yet. Type a rule above: posts that match it are caught from then on, and counted here." }
        }
    }
}

/// One track in the list; `assets/home.js` builds the same.
fn track_item(view: &TrackView) -> Markup {
    let id = view.track.id;
    let state = if view.track.draft.paused {
        "paused"
    } else if view.active {
        "capturing"
    } else {
        "not now"
    };
    html! {
        li.(colour(id)) data-track=(id) data-state=(state) {
            a.track-name href=(format!("/tracks/{id}")) { span.swatch aria-hidden="true" {} (view.track.draft.name) }
            span.count { (number(view.captures)) }
            code.track-rule { (view.track.draft.rule) }
            span.track-foot {
                span.state { (state) }
                @if let Some(last_at) = view.last_at { span.last { "last " (clock(last_at)) } }
                button.only.quiet type="button" aria-pressed="false" hidden { "Only this" }
            }
        }
    }
}

fn controls() -> Markup {
    html! {
        div.controls {
            button #pause type="button" aria-pressed="false" aria-controls="feed" hidden { "Pause" }
            button #fresh .fresh type="button" hidden {}
            span #rate .rate {}
            span #missed .missed hidden {}
            noscript { p { "Without scripts this page shows what had arrived when it was opened. " a href="/" { "Show what is new" } } }
        }
    }
}

fn nothing_yet() -> Markup {
    html! {
        p #nothing-yet .empty {
            "No posts yet: as soon as a source brings some, they appear here by themselves. "
            a href="/status" { "How the sources are doing" }
        }
    }
}
