//! Looking after the store.

use std::path::{Path, PathBuf};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use bowerbird_core::store::StoreSize;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::params::JsonBody;
use crate::site::App;

/// Where a copy goes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BackupTo {
    /// A new file. Over the network its name only, in the folder for backups; over the local socket an absolute path.
    path: String,
}

/// A copy that was written.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BackedUp {
    /// Where.
    path: String,
}

/// How much is in the store.
#[utoipa::path(get, path = "/api/v1/store", tag = "store", responses((status = 200, body = StoreSize)))]
pub(crate) async fn find_store(State(app): State<App>) -> Result<Json<StoreSize>, ApiError> {
    Ok(Json(app.site.store().size().await?))
}

/// Writes a whole, consistent copy of the store while it is in use.
#[utoipa::path(post, path = "/api/v1/store/backup", tag = "store", request_body = BackupTo, responses((status = 201, body = BackedUp)))]
pub(crate) async fn back_up(
    State(app): State<App>,
    JsonBody(asked): JsonBody<BackupTo>,
) -> Result<(StatusCode, Json<BackedUp>), ApiError> {
    let path = if app.trust.is_remote() {
        let folder = &app.site.options.backup_folder;
        let name = file_name(&asked.path)?;
        std::fs::create_dir_all(folder).map_err(ApiError::internal)?;
        folder.join(name)
    } else {
        absolute(&asked.path)?
    };
    if path
        .try_exists()
        .map_err(|error| ApiError::bad_parameter("path", error))?
    {
        return Err(ApiError::conflict(format!(
            "{} exists already.",
            path.display()
        )));
    }
    // It may take longer than an answer may: it goes on, and whoever asked is told so.
    let (store, target) = (app.site.parts.store.clone(), path.clone());
    let copied = tokio::spawn(async move { store.backup(&target).await }).await;
    copied.map_err(ApiError::internal)??;
    Ok((
        StatusCode::CREATED,
        Json(BackedUp {
            path: path.display().to_string(),
        }),
    ))
}

fn file_name(name: &str) -> Result<&str, ApiError> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let fits = !name.is_empty()
        && name.len() <= 100
        && !name.starts_with('.')
        && name.chars().all(is_plain);
    let expected =
        "expected a file name of 1 to 100 letters, digits, `.`, `-`, `_`, not beginning with a dot";
    fits.then_some(name)
        .ok_or_else(|| ApiError::bad_parameter("path", expected))
}

fn absolute(path: &str) -> Result<PathBuf, ApiError> {
    let path = Path::new(path);
    path.is_absolute()
        .then(|| path.to_owned())
        .ok_or_else(|| ApiError::bad_parameter("path", "expected an absolute path"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_the_network_a_backup_stays_in_its_folder() {
        assert_eq!(file_name("2026-11-21.sqlite").unwrap(), "2026-11-21.sqlite");
        for refused in [
            "",
            "..",
            ".hidden",
            "a/b",
            "/etc/passwd",
            "a\\b",
            "a\0b",
            "ä",
        ] {
            assert!(file_name(refused).is_err(), "{refused:?}");
        }
    }
}
