//! The pages: server-rendered HTML that works without scripts; small modules make it live.
//!
//! What a page shows comes from the same functions as the API, and what a form does goes through them too. Text of posts is escaped like any other
//! text; nothing here writes HTML that came from outside.

use axum::Router;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, html};

use crate::error::ApiError;
use crate::guard::{CSRF_FIELD, Visitor, check_token};
use crate::params::Params;
use crate::site::{App, Trust};

mod article;
mod bill;
mod chart;
mod format;
mod gaps;
mod home;
mod layout;
mod login;
mod marks;
mod names;
mod plan;
mod post_page;
mod rule_box;
mod search;
mod segments;
mod status;
mod track;
mod track_form;

use layout::{Nav, Shell};

/// The pages' routes.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/", get(home::show_home))
        .route("/search", get(search::show_search))
        .route("/posts/{service}/{id}", get(post_page::show_post))
        .route("/status", get(status::show_status))
        .route("/gaps", get(gaps::show_gaps))
        .route("/gaps/{id}", get(gaps::show_gap))
        .route("/gaps/{id}/repair", post(gaps::repair_gap))
        .route("/bill", get(bill::show_bill))
        .route("/status/dead-letters", post(status::handle_dead_letters))
        .route("/plan", get(plan::show_plan).post(plan::try_plan))
        .route("/tracks", post(track::create_track))
        .route(
            "/tracks/{id}",
            get(track::show_track).post(track::update_track),
        )
        .route("/tracks/{id}/pause", post(track::pause_track))
        .route("/tracks/{id}/resume", post(track::resume_track))
        .route("/tracks/{id}/backfill", post(track::backfill_track))
        .route("/tracks/{id}/remove", post(track::remove_track))
        .route("/login", get(login::show_login).post(login::sign_in))
        .route("/logout", post(login::sign_out))
}

/// What every page is told of its caller.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Who, and with which token.
    pub(crate) visitor: Visitor,
    /// Through which listener.
    pub(crate) trust: Trust,
}

impl axum::extract::FromRequestParts<App> for Caller {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        app: &App,
    ) -> Result<Self, Self::Rejection> {
        let visitor = parts.extensions.get::<Visitor>().cloned();
        let visitor = visitor.expect("the guard stands before every route and knows the visitor");
        Ok(Self {
            visitor,
            trust: app.trust,
        })
    }
}

/// A submitted form that carries the visitor's token.
#[derive(Debug)]
pub(crate) struct OurForm(pub(crate) Params);

impl FromRequest<App> for OurForm {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let visitor = request.extensions().get::<Visitor>().cloned();
        let visitor = visitor.expect("the guard stands before every route and knows the visitor");
        let read = bytes::Bytes::from_request(request, app).await;
        let bytes = read.map_err(|error| {
            ApiError::bad_request(format!(
                "The form could not be read: {}.",
                error.body_text()
            ))
        })?;
        let params = Params::parse(&bytes);
        if app.trust.is_remote() {
            check_token(params.get(CSRF_FIELD), &visitor)?;
        }
        Ok(Self(params))
    }
}

/// The field of a form that carries the visitor's token.
pub(crate) fn token_field(caller: &Caller) -> Markup {
    html! { input type="hidden" name=(CSRF_FIELD) value=(caller.visitor.csrf); }
}

/// Where a form leads when it is done.
pub(crate) fn see(address: &str) -> Response {
    Redirect::to(address).into_response()
}

/// No page has this address.
pub(crate) async fn not_found() -> ApiError {
    ApiError::not_found("page with this address")
}

/// An error as a page.
pub(crate) fn error_page(error: &ApiError, visitor: &Visitor, trust: Trust) -> Response {
    let caller = Caller {
        visitor: visitor.clone(),
        trust,
    };
    let title = match error.status {
        StatusCode::NOT_FOUND => "Not here",
        StatusCode::INTERNAL_SERVER_ERROR => "Something failed",
        _ => "That did not work",
    };
    let body = html! {
        section.panel.narrow {
            h1 { (title) }
            p.lead { (error.told.message) }
            @if !error.told.details.is_empty() { p { (error.told.details) } }
            p { a.button href="/" { "To the live page" } " " a.button.quiet href="/search" { "Search what is kept" } }
        }
    };
    let page = Shell {
        title,
        nav: Nav::Other,
        caller: &caller,
        script: None,
    }
    .page(&body);
    (error.status, page).into_response()
}
