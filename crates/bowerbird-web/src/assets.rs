//! stub
use crate::site::App;
use axum::Router;
pub(crate) fn routes() -> Router<App> {
    Router::new()
}
