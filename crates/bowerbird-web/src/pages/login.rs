//! Signing in and out.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::layout::{Nav, Shell};
use super::{Caller, OurForm, see, token_field};
use crate::error::ApiError;
use crate::guard::{session_cookie, session_token};
use crate::params::Params;
use crate::password;
use crate::site::App;

pub(crate) async fn show_login(caller: Caller, params: Params) -> Response {
    page(&caller, params.get("next").unwrap_or("/"), "", None)
}

pub(crate) async fn sign_in(
    State(app): State<App>,
    caller: Caller,
    OurForm(form): OurForm,
) -> Result<Response, ApiError> {
    let (user, next) = (form.text("user"), form.text("next"));
    let given = form.get("password").unwrap_or_default().to_owned();
    match password::sign_in(&app.site, &user, given).await {
        Ok(token) => Ok((
            [(header::SET_COOKIE, session_cookie(&app.site, &token))],
            see(own_address(&next)),
        )
            .into_response()),
        Err(error) if error.cause.is_none() => {
            let mut response = page(&caller, &next, &user, Some(&error));
            *response.status_mut() = error.status;
            Ok(response)
        }
        Err(error) => Err(error),
    }
}

pub(crate) async fn sign_out(State(app): State<App>, headers: HeaderMap, _: OurForm) -> Response {
    if let Some(token) = session_token(&app.site, &headers) {
        app.site.sessions.close(&token);
    }
    (
        [(header::SET_COOKIE, session_cookie(&app.site, ""))],
        see("/login"),
    )
        .into_response()
}

/// A path of ours, and nothing that leads elsewhere (`//host`, `/\host`).
fn own_address(next: &str) -> &str {
    let leads_elsewhere =
        next.starts_with("//") || next.contains('\\') || next.chars().any(char::is_control);
    if next.starts_with('/') && !leads_elsewhere {
        next
    } else {
        "/"
    }
}

fn page(caller: &Caller, next: &str, user: &str, error: Option<&ApiError>) -> Response {
    let body: Markup = html! {
        section.panel.narrow.sign-in {
            h1 { "Sign in" }
            @if let Some(error) = error { p.warning role="alert" { (error.told.message) } }
            form method="post" action="/login" {
                (token_field(caller))
                input type="hidden" name="next" value=(own_address(next));
                label for="user" { "Name" }
                input #user name="user" value=(user) required autocomplete="username" autocapitalize="none";
                label for="password" { "Password" }
                input #password name="password" type="password" required autocomplete="current-password";
                button type="submit" { "Sign in" }
            }
            p.hint { "Passwords are set on the machine itself: " code { "bowerbird user passwd NAME" } }
        }
    };
    Shell {
        title: "Sign in",
        nav: Nav::Other,
        caller,
        script: None,
    }
    .page(&body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_signing_in_one_stays_here() {
        let cases = [
            ("/search", "/search"),
            ("//evil", "/"),
            ("/\\evil", "/"),
            ("https://evil", "/"),
            ("", "/"),
            ("/a\nb", "/"),
        ];
        for (given, expected) in cases {
            assert_eq!(own_address(given), expected, "{given:?}");
        }
    }
}
