//! Why a configuration makes no connection: told at start, to the person who wrote it.

use std::path::PathBuf;

/// What is wrong.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// A setting has a value that can't be used.
    #[error("{setting}: {reason}")]
    Setting {
        /// Its key.
        setting: &'static str,
        /// What was expected.
        reason: String,
    },
    /// A file or folder that was named can't be read.
    #[error("can't read {}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// What every request needs is missing on this machine.
    #[error("can't make secure connections: {0}")]
    Tls(String),
}

impl ConnectError {
    /// A setting that can't be used.
    pub(crate) fn setting(setting: &'static str, reason: impl Into<String>) -> Self {
        Self::Setting {
            setting,
            reason: reason.into(),
        }
    }
}
