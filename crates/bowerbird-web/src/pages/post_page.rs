//! One post's own page: everything known of it, and its bytes.

use axum::extract::{Path, State};
use axum::response::Response;
use bowerbird_core::view::PostView;
use maud::{Markup, html};

use super::Caller;
use super::article::{address, article, times};
use super::layout::{Nav, Shell};
use super::marks::mark_caught;
use super::names::Names;
use super::segments::is_web_address;
use crate::error::ApiError;
use crate::format::number;
use crate::site::App;

/// How much of the bytes is shown.
const SHOWN_BYTES: usize = 64 << 10;

pub(crate) async fn show_post(
    State(app): State<App>,
    caller: Caller,
    Path((service, id)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let found = app.site.store().post(&service, &id).await?;
    let mut post = found.ok_or_else(|| {
        ApiError::not_found("such post here")
            .details("It may be known only by reference, or its last track's retention let it go.")
    })?;
    mark_caught(&app.site, std::slice::from_mut(&mut post), None).await?;
    let raw = app.site.store().raw(&service, &id).await?;
    let names = Names::all(&app.site).await?;
    let body = html! {
        div.narrow {
            h1.visually-hidden { "Post" }
            div #feed .posts { (article(&post, &names)) }
            section.panel { h2 { "About it" } (about(&post)) }
            @if let Some(raw) = raw { (bytes(&post, &raw)) }
        }
    };
    Ok(Shell {
        title: "Post",
        nav: Nav::Other,
        caller: &caller,
        script: None,
    }
    .page(&body))
}

fn about(post: &PostView) -> Markup {
    let metrics = &post.metrics;
    let counted = [
        ("Likes", metrics.likes),
        ("Reposts", metrics.reposts),
        ("Replies", metrics.replies),
        ("Quotes", metrics.quotes),
        ("Views", metrics.views),
        ("Bookmarks", metrics.bookmarks),
    ];
    html! {
        dl.facts {
            div { dt { "Id" } dd { code { (post.key) } } }
            @if !post.version.is_empty() { div { dt { "Version" } dd { code { (post.version) } } } }
            div { dt { "Source" } dd { (post.source) } }
            (times(post))
            @if !post.app.is_empty() { div { dt { "Sent with" } dd { (post.app) } } }
            @for (name, count) in counted { @if let Some(count) = count { div { dt { (name) } dd { (number(count)) } } } }
            @if is_web_address(&post.url) {
                div { dt { "On the service" } dd { a href=(post.url) rel="noreferrer noopener nofollow" target="_blank" { (post.url) } } }
            }
        }
    }
}

/// The bytes as text: laid out where they are JSON, cut where they are many.
fn bytes(post: &PostView, raw: &[u8]) -> Markup {
    let laid_out = serde_json::from_slice::<serde_json::Value>(raw)
        .ok()
        .and_then(|value| serde_json::to_string_pretty(&value).ok());
    let text = laid_out.unwrap_or_else(|| String::from_utf8_lossy(raw).into_owned());
    let shown = &text[..text.floor_char_boundary(SHOWN_BYTES)];
    html! {
        section.panel {
            h2 { "As it came" }
            p { a.button.quiet href=(format!("/api/v1{}/raw", address(&post.service, &post.id))) download { "Download the bytes" } }
            details { summary { (number(raw.len() as u64)) " bytes" } pre.raw tabindex="0" { (shown) } }
        }
    }
}
