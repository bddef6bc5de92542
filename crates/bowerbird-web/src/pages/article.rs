//! One post on a page. `assets/post.js` builds the same elements for posts that come live.

use bowerbird_core::event::{EntityKind, Relation};
use bowerbird_core::view::{AuthorView, EmbeddedView, EntityView, PostView, RefView};
use maud::{Markup, html};

use super::format::{clock, colour, moment};
use super::names::Names;
use super::segments::{Marked, segments};
use crate::format::segment;

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
        article.post data-key=(post.key) data-author=[key(&post.service, &post.author.id)]
            data-original=[post.repost_of.as_ref().and_then(|to| key(&post.service, &to.id))]
            data-original-author=[post.repost_of.as_ref().and_then(|to| key(&post.service, &to.author_id))]
            data-tracks=(caught.join(" ")) tabindex="-1" {
            header.post-head {
                (who(&post.author))
                span.post-meta {
                    @if let Some(lang) = language(&post.lang) {
                        span.lang title=(if post.lang_detected { "language, detected here" } else { "language, as the service says" }) {
                            (lang) @if post.lang_detected { "?" }
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
            @if post.deleted_at.is_some() { p.text.gone { "This post was deleted; its text is gone." } }
            @else { p.text dir="auto" lang=[language(&post.lang)] { (text(post)) } }
            (attachments(&post.entities))
            @for inner in &post.embedded { (embedded(inner)) }
            @if !post.matched_in.is_empty() { p.matched-in { "Matched in " (post.matched_in.join(", ")) } }
            (foot(post, names))
        }
    }
}

/// A post or an account by service and id, by which a deletion finds what is shown of it.
fn key(service: &str, id: &str) -> Option<String> {
    (!id.is_empty()).then(|| format!("{service}/{id}"))
}

/// The language of a text, where it is known.
fn language(lang: &str) -> Option<&str> {
    (lang != "und" && !lang.is_empty()).then_some(lang)
}

fn who(author: &AuthorView) -> Markup {
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
        @if let Some(other) = post.quote_of.as_ref().filter(|other| !is_shown(post, other)) { (line("❝ Quotes", other)) }
    }
}

/// Does the card show the quoted post itself?
fn is_shown(post: &PostView, other: &RefView) -> bool {
    let mut inside = post.embedded.iter();
    inside.any(|inner| inner.relation == Relation::Quote && inner.id == other.id)
}

/// A post that came inside, within the card. A long text is shortened by the style sheet, unless something is marked in it.
fn embedded(inner: &EmbeddedView) -> Markup {
    let (relation, name, sign) = match inner.relation {
        Relation::Quote => ("quote", "quoted post", "❝ "),
        Relation::Repost | Relation::Reply => ("repost", "original", "↻ "),
    };
    html! {
        blockquote.embedded data-relation=(relation) data-key=(inner.key) data-author=[key(&inner.service, &inner.author.id)] {
            @if inner.deleted_at.is_some() {
                p.gone { "The " (name) " was deleted; its text is gone." }
            } @else {
                header.post-head {
                    span { span aria-hidden="true" { (sign) } (who(&inner.author)) }
                    a.when href=(address(&inner.service, &inner.id)) {
                        (name)
                        @if let Some(made_at) = inner.made_at { ", " (clock(made_at)) }
                    }
                }
                p.embedded-text dir="auto" lang=[language(&inner.lang)] { (text(inner)) }
                (attachments(&inner.entities))
            }
        }
    }
}

/// A text, as text, with its marks and links.
fn text<'p>(post: impl Into<Marked<'p>>) -> Markup {
    html! {
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

fn attachments(entities: &[EntityView]) -> Markup {
    let attached = entities.iter().filter(|entity| entity.kind.is_media());
    let attached: Vec<&EntityView> = attached.collect();
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
