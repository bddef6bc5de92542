//! What goes wrong with a request, as the caller is told it.
//!
//! Each constructor is one thing that can be wrong. What failed inside is logged once, with the request's id, and never sent. Errors of
//! other crates become this one at the border; nothing else here has an error type of its own.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bowerbird_core::counts::CountsError;
use bowerbird_core::pipeline::RedeliverError;
use bowerbird_core::spool::SpoolError;
use bowerbird_core::store::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

/// An answer that is no success.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    /// The HTTP status.
    pub(crate) status: StatusCode,
    /// What the caller is told.
    pub(crate) told: Box<Told>,
    /// What failed inside, for the log.
    pub(crate) cause: Option<String>,
    /// When to try again, in seconds.
    retry_after: Option<u64>,
}

/// The body of every error.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Error)]
pub(crate) struct ErrorBody {
    /// What went wrong.
    error: Box<Told>,
}

/// What went wrong.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = ErrorDetails)]
pub(crate) struct Told {
    /// For programs: `not_found`, `bad_rule`, …; new ones may come.
    pub(crate) code: &'static str,
    /// For people: one sentence.
    pub(crate) message: String,
    /// What would help, or what was expected; empty if there is nothing to add.
    pub(crate) details: String,
    /// For a rule or a query: where, counted in characters from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) position: Option<usize>,
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let told = Box::new(Told {
            code,
            message: message.into(),
            details: String::new(),
            position: None,
        });
        Self {
            status,
            told,
            cause: None,
            retry_after: None,
        }
    }

    /// Adds what would help.
    pub(crate) fn details(mut self, details: impl Into<String>) -> Self {
        self.told.details = details.into();
        self
    }

    /// The request makes no sense.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// A query parameter or a form's field has a value that it can't have.
    pub(crate) fn bad_parameter(name: &str, expected: impl std::fmt::Display) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "bad_parameter",
            format!("`{name}`: {expected}"),
        )
    }

    /// The rule does not parse.
    pub(crate) fn bad_rule(error: &bowerbird_core::rules::RuleError) -> Self {
        let message = format!(
            "The rule has an error at character {}: {}.",
            error.position, error.message
        );
        let mut built = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_rule", message);
        built.told.details = error.hint.as_deref().map_or_else(String::new, sentence);
        built.told.position = Some(error.position);
        built
    }

    /// There is no such thing.
    pub(crate) fn not_found(what: impl std::fmt::Display) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("There is no {what}."),
        )
    }

    /// There is nothing of this kind that is called so; what was given is shown as far as it is sensible.
    pub(crate) fn not_found_named(kind: &str, given: &str) -> Self {
        let shown: String = given.chars().take(40).collect();
        Self::not_found(format_args!("{kind} `{shown}`"))
    }

    /// Known address, other method.
    pub(crate) fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "This address does not answer that method.",
        )
    }

    /// It is there already, or not in a state for this.
    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", message)
    }

    /// Sign in first.
    pub(crate) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "Sign in first.")
            .details("POST user and password to /api/v1/login, or open /login in a browser.")
    }

    /// Name and password do not go together; which of them is wrong is not said.
    pub(crate) fn wrong_password() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "wrong_password",
            "Name and password do not go together.",
        )
    }

    /// Not from here.
    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    /// The token that proves that one of our own pages asks is missing or old.
    pub(crate) fn bad_token() -> Self {
        Self::new(StatusCode::FORBIDDEN, "bad_token", "This page was opened before the program was started again.").details(
            "Reload the page. Programs: send `X-CSRF-Token` with the `csrf` of GET /api/v1/session.",
        )
    }

    /// The request addressed a host that this is not.
    pub(crate) fn misdirected() -> Self {
        Self::new(
            StatusCode::MISDIRECTED_REQUEST,
            "wrong_host",
            "This program does not answer under that host name.",
        )
        .details(
            "Use localhost or 127.0.0.1, or name the host in the configuration under `page.hosts`.",
        )
    }

    /// Too many at once.
    pub(crate) fn busy(what: &str) -> Self {
        let mut built = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            format!("Too many {what} at once."),
        );
        built.retry_after = Some(5);
        built
    }

    /// Too many wrong passwords.
    pub(crate) fn too_many_attempts(seconds: u64) -> Self {
        let message = format!("Too many attempts. Wait {seconds} seconds and try again.");
        let mut built = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", message);
        built.retry_after = Some(seconds);
        built
    }

    /// It took too long.
    pub(crate) fn timed_out() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "timed_out",
            "That took too long; nothing more is known.",
        )
    }

    /// A service that was asked did not answer as it should.
    pub(crate) fn upstream(source: &str, why: &str) -> Self {
        Self::new(
            StatusCode::BAD_GATEWAY,
            "upstream",
            sentence(&format!("{source} did not answer: {why}")),
        )
    }

    /// Something failed inside.
    pub(crate) fn internal(cause: impl std::fmt::Display) -> Self {
        let message =
            "Something failed inside; the log says what, under this answer's X-Request-Id.";
        let mut built = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message);
        built.cause = Some(cause.to_string());
        built
    }
}

/// A fragment as a sentence of its own.
fn sentence(fragment: &str) -> String {
    let mut chars = fragment.chars();
    let first = chars.next().map(char::to_uppercase);
    let mut said: String = first.into_iter().flatten().chain(chars).collect();
    if !said.ends_with(['.', '?', '`']) {
        said.push('.');
    }
    said
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (
            self.status,
            Json(ErrorBody {
                error: self.told.clone(),
            }),
        )
            .into_response();
        if let Some(seconds) = self.retry_after {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        // The guard logs the cause, and shows the error as a page where a page was asked for.
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(what) => Self::not_found(what),
            StoreError::Conflict(message) => Self::conflict(message),
            StoreError::Invalid(message) => Self::bad_request(message),
            StoreError::Newer(_) | StoreError::Failed(_) => Self::internal(error),
        }
    }
}

impl From<SpoolError> for ApiError {
    fn from(error: SpoolError) -> Self {
        match error {
            SpoolError::Unknown(message) => Self::bad_request(message),
            SpoolError::Full { .. } => {
                Self::busy("records waiting in the spool").details(error.to_string())
            }
            SpoolError::LeaseLost(_) | SpoolError::Failed(_) => Self::internal(error),
        }
    }
}

impl From<CountsError> for ApiError {
    fn from(error: CountsError) -> Self {
        match error {
            CountsError::Spool(error) => error.into(),
            CountsError::Store(error) => error.into(),
        }
    }
}

impl From<RedeliverError> for ApiError {
    fn from(error: RedeliverError) -> Self {
        match error {
            RedeliverError::StillRefused(reason) => {
                Self::conflict(format!("Still refused: {reason}."))
            }
            RedeliverError::Store(error) => error.into(),
            RedeliverError::Spool(error) => error.into(),
        }
    }
}
