//! The HTTP API, the pages and live delivery.
//!
//! Everything a person can do here is a route under `/api/v1`, described in `openapi.json`; the pages and the command line are clients
//! of the same routes. Whoever wires the program builds a [`Site`] from the running parts and serves [`router`]s of it, each with the
//! [`Trust`] its listener deserves. This crate knows the store, the spool and the pipeline by their traits and their core types only.

mod api;
mod assets;
mod error;
pub mod format;
mod guard;
mod live;
mod pages;
mod params;
mod password;
mod serve;
mod session;
mod site;
mod tally;

pub use serve::serve;
pub use site::{Site, SiteOptions, Trust};

use std::sync::Arc;

/// Everything the site answers, for callers that deserve `trust`. Call it on a listener with [`serve()`], or in-process as a
/// `tower` service.
pub fn router(site: &Arc<Site>, trust: Trust) -> axum::Router {
    let app = site::App {
        site: Arc::clone(site),
        trust,
    };
    let routes = api::routes().merge(pages::routes()).merge(assets::routes());
    guard::protect(routes.fallback(pages::not_found), app.clone()).with_state(app)
}
