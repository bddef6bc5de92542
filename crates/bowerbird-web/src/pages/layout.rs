//! The frame of every page: head, navigation, landmarks.

use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};

use super::{Caller, token_field};
use crate::site::Trust;

/// Where a page stands in the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nav {
    /// The live page.
    Live,
    /// Search.
    Search,
    /// Status.
    Status,
    /// None of these.
    Other,
}

const ENTRIES: [(Nav, &str, &str); 3] = [
    (Nav::Live, "/", "Live"),
    (Nav::Search, "/search", "Search"),
    (Nav::Status, "/status", "Status"),
];

/// What stands around a page's own part.
#[derive(Debug)]
pub(crate) struct Shell<'p> {
    /// The page's name.
    pub(crate) title: &'p str,
    /// Where it stands.
    pub(crate) nav: Nav,
    /// Who looks at it.
    pub(crate) caller: &'p Caller,
    /// The module that makes it live, by its file name.
    pub(crate) script: Option<&'static str>,
}

impl Shell<'_> {
    /// The whole page.
    pub(crate) fn page(&self, body: &Markup) -> Response {
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                (self.head())
                body {
                    a.skip href="#main" { "Skip to content" }
                    (self.top())
                    main #main tabindex="-1" { (body) }
                    p #announcer .visually-hidden role="status" aria-live="polite" {}
                }
            }
        };
        Html(page.into_string()).into_response()
    }

    fn head(&self) -> Markup {
        html! {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="csrf" content=(self.caller.visitor.csrf);
                title { (self.title) " · Bowerbird" }
                link rel="icon" href="/assets/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/assets/app.css";
                script type="module" src="/assets/app.js" {}
                @if let Some(script) = self.script { script type="module" src=(format!("/assets/{script}")) {} }
            }
        }
    }

    fn top(&self) -> Markup {
        let is_live = matches!(self.script, Some("home.js" | "track.js"));
        html! {
            header.top {
                a.brand href="/" {
                    img src="/assets/icon.svg" alt="" width="28" height="28";
                    "Bowerbird"
                }
                nav aria-label="Main" {
                    @for (nav, address, name) in ENTRIES {
                        a href=(address) aria-current=[(nav == self.nav).then_some("page")] { (name) }
                    }
                }
                @if is_live {
                    p #connection .connection data-state="off" { span.dot aria-hidden="true" {} span.word { "not live" } }
                }
                @if self.caller.trust == Trust::Password {
                    @if let Some(user) = &self.caller.visitor.user {
                        form.inline method="post" action="/logout" {
                            (token_field(self.caller))
                            button.quiet type="submit" { "Sign out " (user) }
                        }
                    }
                }
            }
        }
    }
}
