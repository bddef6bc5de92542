//! Configuration: from a file of text to settings that are right.
//!
//! [`mod@file`] is what can be written in `bowerbird.toml`, a doc for each key. [`settings`] is what the program works with: names, addresses
//! and spans parsed, paths resolved, secrets fetched by name. All mistakes are reported together, each with the path of its
//! key. The environment is read in [`mod@env`] and nowhere else.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::exit::Usage;

pub(crate) mod env;
pub(crate) mod file;
pub(crate) mod problems;
pub(crate) mod secrets;
pub(crate) mod settings;
pub(crate) mod sources;

pub(crate) use file::File;
pub(crate) use problems::{Invalid, Problems};
pub(crate) use secrets::{Fetched, SecretPlace};
pub(crate) use settings::{LogSettings, Secrets, Settings};
pub(crate) use sources::{SourceKind, SourceSettings, XSettings};

/// The commented example that `init` writes; a test parses it and compares it with the defaults.
pub(crate) const EXAMPLE: &str = include_str!("../../../config.example.toml");

/// A configuration file as found.
#[derive(Debug)]
pub(crate) struct Found {
    /// Where it is; `None` when there is none and the defaults hold.
    pub(crate) path: Option<PathBuf>,
    /// What it says.
    pub(crate) file: File,
}

impl Found {
    /// The folder that paths in it begin at.
    pub(crate) fn below(&self) -> &Path {
        let folder = self.path.as_deref().and_then(Path::parent);
        folder.unwrap_or(Path::new(""))
    }
}

/// Reads the file that was named, or the one at a usual place, or none.
pub(crate) fn find(named: Option<&Path>) -> Result<Found> {
    let path = match named {
        Some(path) => Some(path.to_owned()),
        None => usual_places().into_iter().find(|path| path.is_file()),
    };
    let Some(path) = path else {
        return Ok(Found {
            path: None,
            file: File::default(),
        });
    };
    let shown = path.display();
    let text = std::fs::read_to_string(&path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Usage(format!(
            "there is no configuration {shown}; `bowerbird init {shown}` writes one"
        ))
        .into(),
        _ => anyhow::Error::new(error).context(format!("reading the configuration {shown}")),
    })?;
    let file = File::parse(&text).map_err(|problems| problems.into_error(Some(&path)))?;
    Ok(Found {
        path: Some(path),
        file,
    })
}

fn usual_places() -> Vec<PathBuf> {
    let mut places = vec![PathBuf::from("bowerbird.toml")];
    places.extend(env::config_home().map(|home| home.join("bowerbird/bowerbird.toml")));
    places
}

#[cfg(test)]
mod tests;
