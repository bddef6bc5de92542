//! Search: a plain form, and what it finds.

use axum::extract::State;
use axum::response::Response;
use bowerbird_core::store::{Has, Order, Page, PostQuery, StoreError};
use bowerbird_core::track::Track;
use bowerbird_core::view::PostView;
use maud::{Markup, html};

use super::Caller;
use super::article::article;
use super::layout::{Nav, Shell};
use super::marks::{SearchWords, mark_caught};
use super::names::Names;
use crate::api::status::source_names;
use crate::error::ApiError;
use crate::format::segment;
use crate::params::{FILTERS, Params, post_query};
use crate::site::App;

pub(crate) async fn show_search(
    State(app): State<App>,
    caller: Caller,
    params: Params,
) -> Result<Response, ApiError> {
    params.only(&[&FILTERS, &["order", "after", "limit"]])?;
    let tracks = app.site.store().tracks().await?;
    let sources = source_names(&app.site).await?;
    // What the form can't have meant is said above it, with everything typed still in it.
    let asked = post_query(&params);
    let found = match &asked {
        Err(error) => Err(error.clone()),
        Ok(query) => search(&app, query).await,
    };
    let query = asked.unwrap_or_default();
    let body = html! {
        div.home {
            aside.side {
                section.panel {
                    h1 { "Search" }
                    (form(&params, &query, &tracks, &sources))
                }
            }
            div.stream {
                @match &found {
                    Err(error) => p.warning role="alert" { (error.told.message) },
                    Ok(page) => (results(page, &params, &Names::of(&tracks))),
                }
            }
        }
    };
    Ok(Shell {
        title: "Search",
        nav: Nav::Search,
        caller: &caller,
        script: None,
    }
    .page(&body))
}

async fn search(app: &App, query: &PostQuery) -> Result<Page<PostView>, ApiError> {
    let found = app.site.store().search(query).await;
    let mut page = found.map_err(|error| match error {
        StoreError::Invalid(what) => {
            ApiError::bad_request(format!("That can't be searched for: {what}."))
        }
        other => other.into(),
    })?;
    let words = SearchWords::of(&query.text);
    if words.is_empty() {
        mark_caught(&app.site, &mut page.items, query.track).await?;
    } else {
        page.items.iter_mut().for_each(|post| words.mark(post));
    }
    Ok(page)
}

fn form(params: &Params, query: &PostQuery, tracks: &[Track], sources: &[String]) -> Markup {
    let value = |name: &str| params.get(name).unwrap_or_default().to_owned();
    let text_field = |name: &'static str, label: &'static str, hint: &'static str| {
        html! { div { label for=(name) { (label) } input id=(name) name=(name) value=(value(name)) placeholder=(hint) autocomplete="off"; } }
    };
    html! {
        form method="get" action="/search" role="search" {
            label for="text" { "Text" }
            input #text type="search" name="text" value=(value("text")) placeholder="words \"a phrase\" -without prefix*" autocomplete="off";
            div.pair { (text_field("author", "Author", "@handle")) (text_field("hashtag", "Hashtag", "#tag")) }
            div.pair {
                div {
                    label for="track" { "Track" }
                    select #track name="track" {
                        option value="" { "any" }
                        @for track in tracks {
                            option value=(track.id) selected[query.track == Some(track.id)] { (track.draft.name) }
                        }
                    }
                }
                div {
                    label for="source" { "Source" }
                    select #source name="source" {
                        option value="" { "any" }
                        @for source in sources {
                            option value=(source) selected[query.source.as_ref().is_some_and(|known| known.as_str() == source)] { (source) }
                        }
                    }
                }
            }
            div.pair { (text_field("lang", "Language", "en, ja, ar …")) (text_field("service", "Service", "x, bluesky …")) }
            div.pair {
                div { label for="since" { "Written from (UTC)" } input #since type="datetime-local" name="since" value=(value("since")); }
                div { label for="until" { "Until (UTC)" } input #until type="datetime-local" name="until" value=(value("until")); }
            }
            fieldset {
                legend { "Has" }
                @for (has, name, words) in Has::ALL {
                    label.check { input type="checkbox" name="has" value=(name) checked[query.has.contains(&has)]; (words) }
                }
            }
            label.check {
                input type="checkbox" name="embedded" value="true" checked[query.embedded];
                "also posts that came only inside others"
            }
            label for="order" { "Order" }
            select #order name="order" {
                option value="newest" { "newest first" }
                option value="oldest" selected[query.order == Order::Oldest] { "oldest first" }
                option value="rank" selected[query.order == Order::Rank] { "best fit first" }
            }
            button type="submit" { "Search" } " "
            a.button.quiet href="/search" { "Clear" }
        }
    }
}

fn results(page: &Page<PostView>, params: &Params, names: &Names) -> Markup {
    let filters = params.encoded(&FILTERS);
    html! {
        div.results-head {
            h2 { @if page.items.is_empty() { "Nothing found" } @else { "Found" } }
            @if !page.items.is_empty() {
                div.buttons {
                    a.button.quiet href=(format!("/api/v1/export.csv?{filters}")) download { "Download CSV" }
                    a.button.quiet href=(format!("/api/v1/export.jsonl?{filters}")) download { "Download JSONL" }
                    a.button.quiet href=(format!("/api/v1/export.zip?{filters}")) download title="JSON lines with a README, and a manifest: gaps, checksums" { "Download ZIP" }
                }
            }
        }
        @if page.items.is_empty() {
            p.empty { "No kept post fits all of this. Fewer words or filters find more; words match whole, " code { "bower*" } " finds all that begin so." }
        }
        div #feed .posts { @for post in &page.items { (article(post, names)) } }
        @if let Some(next) = &page.next {
            nav.pages aria-label="More results" {
                a.button.quiet rel="next" href=(format!("/search?{}&after={}", params.encoded(&[&FILTERS[..], &["order", "limit"]].concat()), segment(next))) { "More" }
            }
        }
    }
}
