//! Signing in and out, and passwords.

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::guard::{Visitor, session_cookie, session_token};
use crate::params::JsonBody;
use crate::password::{MAX_USER_CHARS, hash_password, is_user_name, sign_in};
use crate::site::{App, Trust};

/// Who asks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionView {
    /// Who is signed in; `null` if nobody is.
    user: Option<String>,
    /// Must one sign in here?
    password_required: bool,
    /// What a request that changes something must carry in `X-CSRF-Token`.
    csrf: String,
}

/// Name and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    /// The user's name.
    user: String,
    /// The password.
    password: String,
}

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPassword {
    /// The new password, at least 10 characters.
    password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login")
    }
}

impl fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewPassword")
    }
}

/// Users.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Users {
    /// Names of those that have a password.
    users: Vec<String>,
}

/// Who asks, and the token for changes.
#[utoipa::path(get, path = "/api/v1/session", tag = "users", responses((status = 200, body = SessionView)))]
pub(crate) async fn find_session(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
) -> Json<SessionView> {
    let password_required = app.trust == Trust::Password;
    Json(SessionView {
        user: visitor.user,
        password_required,
        csrf: visitor.csrf,
    })
}

/// Signs in: sets the session's cookie and gives its token.
#[utoipa::path(
    post, path = "/api/v1/login", tag = "users", request_body = Login,
    responses((status = 200, body = SessionView), (status = 401, description = "Name and password do not go together"), (status = 429, description = "Too many attempts"))
)]
pub(crate) async fn login(
    State(app): State<App>,
    JsonBody(login): JsonBody<Login>,
) -> Result<Response, ApiError> {
    let token = sign_in(&app.site, &login.user, login.password).await?;
    let session = app
        .site
        .sessions
        .find(&token, app.site.now())
        .ok_or_else(ApiError::unauthorized)?;
    let password_required = app.trust == Trust::Password;
    let view = SessionView {
        user: Some(session.user),
        password_required,
        csrf: session.csrf,
    };
    Ok((
        [(header::SET_COOKIE, session_cookie(&app.site, &token))],
        Json(view),
    )
        .into_response())
}

/// Signs out.
#[utoipa::path(post, path = "/api/v1/logout", tag = "users", responses((status = 204, description = "Signed out")))]
pub(crate) async fn logout(State(app): State<App>, headers: HeaderMap) -> Response {
    if let Some(token) = session_token(&app.site, &headers) {
        app.site.sessions.close(&token);
    }
    (
        StatusCode::NO_CONTENT,
        [(header::SET_COOKIE, session_cookie(&app.site, ""))],
    )
        .into_response()
}

/// Users that have a password; over the local socket only.
#[utoipa::path(get, path = "/api/v1/users", tag = "users", responses((status = 200, body = Users)))]
pub(crate) async fn list_users(State(app): State<App>) -> Result<Json<Users>, ApiError> {
    local_only(&app)?;
    Ok(Json(Users {
        users: app.site.store().users().await?,
    }))
}

/// Sets a user's password and signs the user out everywhere; over the local socket only.
#[utoipa::path(
    put, path = "/api/v1/users/{name}/password", tag = "users", params(("name" = String, Path, description = "The user's name")),
    request_body = NewPassword, responses((status = 204, description = "Set"))
)]
pub(crate) async fn set_password(
    State(app): State<App>,
    Path(name): Path<String>,
    JsonBody(new): JsonBody<NewPassword>,
) -> Result<StatusCode, ApiError> {
    local_only(&app)?;
    if !is_user_name(&name) {
        let expected =
            format!("expected 1 to {MAX_USER_CHARS} letters, digits, `.`, `-`, `_`, `@`");
        return Err(ApiError::bad_parameter("name", expected));
    }
    let hashed = tokio::task::spawn_blocking(move || hash_password(&new.password)).await;
    let phc = hashed
        .map_err(ApiError::internal)?
        .map_err(|what| ApiError::bad_parameter("password", what))?;
    app.site
        .store()
        .set_password(&name, &phc, app.site.now())
        .await?;
    app.site.sessions.close_all(&name);
    Ok(StatusCode::NO_CONTENT)
}

fn local_only(app: &App) -> Result<(), ApiError> {
    if app.trust.is_remote() {
        let refused = ApiError::forbidden("Passwords are set on the machine itself.");
        return Err(refused.details("Run `bowerbird user passwd NAME` there."));
    }
    Ok(())
}
