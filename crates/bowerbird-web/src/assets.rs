//! Style sheet, scripts and picture, built into the program: no build tool, no request elsewhere.
//!
//! Browsers keep them and ask each time whether they are still the same, so that a new version of the program is never met with the
//! scripts of the old.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::error::ApiError;
use crate::site::App;

struct Asset {
    name: &'static str,
    text: &'static str,
}

macro_rules! assets {
    ($($name:literal),* $(,)?) => { [$(Asset { name: $name, text: include_str!(concat!("assets/", $name)) }),*] };
}

const ASSETS: [Asset; 15] = assets![
    "app.css",
    "icon.svg",
    "api.js",
    "app.js",
    "chart.js",
    "feed.js",
    "forget.js",
    "home.js",
    "live-source.js",
    "live-worker.js",
    "live.js",
    "post.js",
    "rule.js",
    "status.js",
    "track.js",
];

/// The assets' route.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/assets/{name}", get(find_asset))
}

async fn find_asset(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, ApiError> {
    let asset = ASSETS
        .iter()
        .find(|asset| asset.name == name)
        .ok_or_else(|| ApiError::not_found("such file"))?;
    let mut hasher = DefaultHasher::new();
    asset.text.hash(&mut hasher);
    let tag = format!("\"{:016x}\"", hasher.finish());
    let content_type = match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/javascript; charset=utf-8",
    };
    let is_known = headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let headers = [
        (header::ETAG, tag),
        (header::CONTENT_TYPE, content_type.to_owned()),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
    ];
    if is_known {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    Ok((headers, asset.text).into_response())
}
