//! stub
use crate::error::ApiError;
use crate::guard::Visitor;
use crate::site::{App, Trust};
use axum::Router;
use axum::response::{IntoResponse, Response};
pub(crate) fn routes() -> Router<App> {
    Router::new()
}
pub(crate) async fn not_found() -> ApiError {
    ApiError::not_found("such page")
}
pub(crate) fn error_page(error: &ApiError, _visitor: &Visitor, _trust: Trust) -> Response {
    error.status.into_response()
}
