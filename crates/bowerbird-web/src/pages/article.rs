//! One post on a page. `assets/post.js` builds the same elements for posts that come live.

use bowerbird_core::event::EntityKind;
use bowerbird_core::ids::TrackId;
use bowerbird_core::view::{EntityView, PostView, RefView};
use maud::{Markup, html};

use super::format::{clock, colour, moment};
use super::segments::segments;
use crate::api::tracks::TrackView;
use crate::format::segment;

/// The names of tracks, for saying which caught a post.
#[derive(Debug, Default)]
pub(crate) struct Names(Vec<(TrackId, String)>);

impl Names {
    /// Of these tracks.
    pub(crate) fn of(tracks: &[TrackView]) -> Self {
        Self(
            tracks
                .iter()
                .map(|view| (view.track.id, view.track.draft.name.clone()))
                .collect(),
        )
    }

    fn get(&self, id: TrackId) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| *known == id)
            .map(|(_, name)| name.as_str())
    }
}

/// Where a post's own page is.
pub(crate) fn address(service: &str, id: &str) -> String {
    format!("/posts/{}/{}", segment(service), segment(id))
}

/// A post.
pub(crate) fn article(post: &PostView, names: &Names) -> Markup {
    let caught: Vec<String> = post
        .captures
        .iter()
        .map(|capture| capture.track.to_string())
        .collect();
    html! {
        article.post data-key=(post.key) data-tracks=(caught.join(" ")) tabindex="-1" {
            header.post-head {
                (who(post))
                span.post-meta {
                    @if post.lang != "und" && !post.lang.is_empty() {
                        span.lang title=(if post.lang_detected { "language, detected here" } else { "language, as the service says" }) {
                            (post.lang) @if post.lang_detected { "?" }
                        }
                    }
                    a.when href=(address(&post.service, &post.id)) {
                        @if let Some(made_at) = post.made_at {
                            span.visually-hidden { "written " } (clock(made_at))
                            span.got { " · got " (clock(post.received_at)) }
                        } @else {
                            "got " (clock(post.received_at))
                        }
                    }
                }
            }
            (context(post))
            (text(post))
            (attachments(post))
            (foot(post, names))
        }
    }
}

fn who(post: &PostView) -> Markup {
    let author = &post.author;
    html! {
        span.who {
            bdi.name { @if author.name.is_empty() { (author.handle) } @else { (author.name) } }
            @if author.verified { span.verified role="img" aria-label="verified" title="verified by the service" { "✓" } }
            @if !author.handle.is_empty() { " " bdi.handle { "@" (author.handle) } }
        }
    }
}

fn context(post: &PostView) -> Markup {
    let line = |word: &str, other: &RefView| {
        let who = if other.author_handle.is_empty() {
            String::new()
        } else {
            format!("@{}", other.author_handle)
        };
        html! {
            p.context {
                (word) " "
                @if other.id.is_empty() { bdi { (who) } }
                @else { a href=(address(&post.service, &other.id)) { bdi { @if who.is_empty() { "another post" } @else { (who) } } } }
            }
        }
    };
    html! {
        @if let Some(other) = &post.repost_of { (line("↻ Repost of", other)) }
        @if let Some(other) = &post.reply_to { (line("↩ Reply to", other)) }
        @if let Some(other) = &post.quote_of { (line("❝ Quotes", other)) }
    }
}

/// The text, as text; a deleted post has none.
fn text(post: &PostView) -> Markup {
    if post.deleted_at.is_some() {
        return html! { p.text.gone { "This post was deleted; its text is gone." } };
    }
    let lang = (post.lang != "und" && !post.lang.is_empty()).then_some(&post.lang);
    html! {
        p.text dir="auto" lang=[lang] {
            @for part in segments(post) {
                @match (part.link, part.marked) {
                    (Some(link), true) => { a href=(link) rel="noreferrer noopener nofollow" target="_blank" { mark { (part.text) } } }
                    (Some(link), false) => { a href=(link) rel="noreferrer noopener nofollow" target="_blank" { (part.text) } }
                    (None, true) => { mark { (part.text) } }
                    (None, false) => { (part.text) }
                }
            }
        }
    }
}

fn attachments(post: &PostView) -> Markup {
    let attached: Vec<&EntityView> = post
        .entities
        .iter()
        .filter(|entity| entity.kind.is_media())
        .collect();
    html! {
        @if !attached.is_empty() {
            ul.attachments {
                @for entity in attached {
                    li {
                        span.kind { (kind_name(entity.kind)) }
                        bdi { @if entity.description.is_empty() { "without a description" } @else { (entity.description) } }
                    }
                }
            }
        }
    }
}

fn kind_name(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::Image => "Image",
        EntityKind::Video => "Video",
        _ => "Animation",
    }
}

fn foot(post: &PostView, names: &Names) -> Markup {
    html! {
        footer.post-foot {
            @if !post.captures.is_empty() {
                ul.chips aria-label="Caught by" {
                    @for capture in &post.captures {
                        @if let Some(name) = names.get(capture.track) {
                            li { a.chip.(colour(capture.track)) href=(format!("/tracks/{}", capture.track)) {
                                (name) @if capture.backfilled { span.note { " backfilled" } }
                            } }
                        }
                    }
                }
            }
            @if post.edited { span.tag { "edited" } }
            @if post.sensitive { span.tag { "marked sensitive" } }
            @if let Some(place) = &post.place { span.place { span aria-hidden="true" { "⌖ " } bdi { (place.name) } } }
            span.source { (post.service) @if post.service != post.source { " · " (post.source) } }
        }
    }
}

/// Everything known of a post's times, for its own page.
pub(crate) fn times(post: &PostView) -> Markup {
    html! {
        @if let Some(made_at) = post.made_at { div { dt { "Written" } dd { (moment(made_at)) } } }
        div { dt { "Received" } dd { (moment(post.received_at)) } }
        @if let Some(deleted_at) = post.deleted_at { div { dt { "Deleted" } dd { (moment(deleted_at)) } } }
    }
}
