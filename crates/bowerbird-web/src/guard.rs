//! What stands before every handler: who may ask, from where, and what every answer carries.
//!
//! On the network, loopback included, a request must name a host that we are (else a foreign page could reach us by a name it makes point here),
//! must not come from a foreign page, must be signed in where a password is asked for, and, to change anything, must carry the token that only
//! our own pages can read. A local socket is guarded by the rights of its file instead.

use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};

use crate::error::ApiError;
use crate::pages;
use crate::session::{Session, random_token};
use crate::site::{App, Site, Trust};

/// The largest body taken: a rule may have 256 KiB, and a form writes some characters as nine.
const MAX_BODY_BYTES: usize = 4 << 20;
/// How long a handler may think before its answer begins.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// Where programs and our modules put the token.
pub(crate) const CSRF_HEADER: &str = "x-csrf-token";
/// Where forms put it.
pub(crate) const CSRF_FIELD: &str = "csrf";

/// Every answer carries these. With a stricter referrer policy browsers would hide from us too where a form comes from. The content policy lets a page load from here alone, be framed by nobody, and run nothing that stands in it.
const HEADERS: [(&str, &str); 7] = [
    (
        "content-security-policy",
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), geolocation=(), microphone=()",
    ),
];

/// The visitor, as far as known.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    /// Who is signed in.
    pub(crate) user: Option<String>,
    /// The token that changes must carry.
    pub(crate) csrf: String,
}

impl Visitor {
    /// Who was turned away and gets nothing.
    fn stranger() -> Self {
        Self {
            user: None,
            csrf: String::new(),
        }
    }
}

/// Puts the guard before all routes.
pub(crate) fn protect(routes: Router<App>, app: App) -> Router<App> {
    routes
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(middleware::from_fn_with_state(app, guard))
}

async fn guard(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let request_id = random_token();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let is_page = !path.starts_with("/api/");
    let mut visitor = visitor(&app.site, request.headers());
    request.extensions_mut().insert(visitor.clone());
    let answered = match admit(&app, &request, &visitor) {
        // Whoever may open the local socket may also wait: a copy of a large store takes its time.
        Ok(()) if !app.trust.is_remote() => next.run(request).await,
        Ok(()) => tokio::time::timeout(ANSWER_WITHIN, next.run(request))
            .await
            .unwrap_or_else(|_| ApiError::timed_out().into_response()),
        Err(Refusal::Error(error)) => {
            // A page that a foreign name may read holds no token of ours.
            visitor = Visitor::stranger();
            error.into_response()
        }
        Err(Refusal::SignIn) => {
            return finish(
                Redirect::to(&login_address(&path)).into_response(),
                &request_id,
            );
        }
    };
    let mut response = answered;
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        if let Some(cause) = &error.cause {
            tracing::error!(request.id = request_id, request.method = %method, request.path = path, error.cause = cause, "A request failed");
        }
        if is_page {
            response = pages::error_page(&error, &visitor, app.trust);
        }
    }
    finish(response, &request_id)
}

fn finish(mut response: Response, request_id: &str) -> Response {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    if let Ok(value) = HeaderValue::from_str(request_id) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
    response
}

enum Refusal {
    Error(ApiError),
    SignIn,
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self::Error(error)
    }
}

fn admit(app: &App, request: &Request, visitor: &Visitor) -> Result<(), Refusal> {
    if !app.trust.is_remote() {
        return Ok(());
    }
    let (headers, path) = (request.headers(), request.uri().path());
    check_host(&app.site, headers)?;
    check_origin(request)?;
    let is_open = path.starts_with("/assets/")
        || matches!(path, "/login" | "/api/v1/login" | "/api/v1/session");
    if app.trust == Trust::Password && visitor.user.is_none() && !is_open {
        return Err(if path.starts_with("/api/") {
            ApiError::unauthorized().into()
        } else {
            Refusal::SignIn
        });
    }
    // A form carries its token inside; the page's handler compares it.
    if changes(request.method()) && path.starts_with("/api/") {
        check_token(
            headers
                .get(CSRF_HEADER)
                .and_then(|value| value.to_str().ok()),
            visitor,
        )?;
    }
    Ok(())
}

fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Compares a token with the visitor's.
pub(crate) fn check_token(given: Option<&str>, visitor: &Visitor) -> Result<(), ApiError> {
    let expected = visitor.csrf.as_bytes();
    let given = given.unwrap_or_default().as_bytes();
    // Looks at every byte, whichever differs: nobody learns from the time it takes.
    let differing = expected
        .iter()
        .zip(given)
        .fold(0, |differing, (a, b)| differing | (a ^ b));
    if expected.len() == given.len() && differing == 0 {
        Ok(())
    } else {
        Err(ApiError::bad_token())
    }
}

/// Does the request address a host that we are?
fn check_host(site: &Site, headers: &HeaderMap) -> Result<(), ApiError> {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let name = host_name(host).to_ascii_lowercase();
    let name = name.trim_end_matches('.');
    let is_loopback =
        matches!(name, "localhost" | "127.0.0.1" | "[::1]") || name.ends_with(".localhost");
    let is_ours = site
        .options
        .hosts
        .iter()
        .any(|known| host_name(known).eq_ignore_ascii_case(name));
    if is_loopback || is_ours {
        Ok(())
    } else {
        Err(ApiError::misdirected())
    }
}

/// A `Host` without its port.
fn host_name(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port))
            if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') =>
        {
            name
        }
        _ => host,
    }
}

/// Does it come from one of our own pages, or from no page at all?
fn check_origin(request: &Request) -> Result<(), ApiError> {
    let headers = request.headers();
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let foreign = || ApiError::forbidden("Another page's script asked for this.");
    if let Some(origin) = text("origin") {
        let authority = origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"));
        if authority.is_none() || authority != text("host") {
            return Err(foreign());
        }
    }
    let is_link = request.method() == Method::GET && text("sec-fetch-mode") == Some("navigate");
    match text("sec-fetch-site") {
        Some("cross-site" | "same-site") if !is_link => Err(foreign()),
        _ => Ok(()),
    }
}

fn visitor(site: &Site, headers: &HeaderMap) -> Visitor {
    match session(site, headers) {
        Some(session) => Visitor {
            user: Some(session.user),
            csrf: session.csrf,
        },
        None => Visitor {
            user: None,
            csrf: site.sessions.anonymous_csrf().to_owned(),
        },
    }
}

fn session(site: &Site, headers: &HeaderMap) -> Option<Session> {
    site.sessions
        .find(&session_token(site, headers)?, site.now())
}

/// What the session's cookie says.
pub(crate) fn session_token(site: &Site, headers: &HeaderMap) -> Option<String> {
    let name = cookie_name(site);
    let cookies = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut pairs = cookies
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value.to_owned())
}

/// The cookie that keeps a session, or with an empty token the one that ends it.
pub(crate) fn session_cookie(site: &Site, token: &str) -> HeaderValue {
    let secure = if site.options.secure_cookies {
        "; Secure"
    } else {
        ""
    };
    let ends = if token.is_empty() { "; Max-Age=0" } else { "" };
    let cookie = format!(
        "{}={token}; Path=/; HttpOnly; SameSite=Strict{secure}{ends}",
        cookie_name(site)
    );
    HeaderValue::from_str(&cookie).expect("names and tokens are plain ASCII")
}

/// Browsers keep cookies by host, not by port; ours must not meet those of another site on this machine.
fn cookie_name(site: &Site) -> String {
    format!("bowerbird_session_{}", site.options.port)
}

fn login_address(path: &str) -> String {
    let next: String = form_urlencoded::byte_serialize(path.as_bytes()).collect();
    if path == "/" {
        "/login".to_owned()
    } else {
        format!("/login?next={next}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_loses_its_port_only() {
        let cases = [
            ("localhost:8080", "localhost"),
            ("localhost", "localhost"),
            ("[::1]:80", "[::1]"),
            ("[::1]", "[::1]"),
            ("evil.example:127", "evil.example"),
            ("", ""),
        ];
        for (given, expected) in cases {
            assert_eq!(host_name(given), expected, "{given}");
        }
    }

    #[test]
    fn tokens_must_be_the_same() {
        let visitor = Visitor {
            user: None,
            csrf: "abc".to_owned(),
        };
        assert!(check_token(Some("abc"), &visitor).is_ok());
        for wrong in [None, Some(""), Some("ab"), Some("abd"), Some("abcd")] {
            assert!(check_token(wrong, &visitor).is_err(), "{wrong:?}");
        }
    }
}
