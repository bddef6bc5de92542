//! Why a spool can't be opened, and how its damage is told.

use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use bowerbird_core::spool::SpoolError;

/// Why a directory can't be opened as a spool. Nothing in it was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("spool {} is held by {}", dir.display(), holder(*pid))]
    Held {
        /// The spool's directory.
        dir: PathBuf,
        /// The holder's process id, where it is known.
        pid: Option<u32>,
    },
    /// Update the program.
    #[error(
        "{} has format {version}, this build reads up to {}: a newer bowerbird wrote it",
        file.display(),
        super::format::VERSION
    )]
    Newer {
        /// The segment.
        file: PathBuf,
        /// Its format.
        version: u32,
    },
    /// Repair it.
    #[error("{}", .0.advice())]
    Damaged(#[from] Damage),
    /// The limits do not go together.
    #[error("spool limits: {0}")]
    Limits(String),
    /// The disk or its rights.
    #[error("{doing} {}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A place in a segment that is not what was written there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error(
    "spool file {} is damaged at byte {at}: {what}",
    file.display()
)]
pub struct Damage {
    /// The segment.
    pub file: PathBuf,
    /// Where in it.
    pub at: u64,
    /// In words.
    pub what: String,
}

impl Damage {
    pub(super) fn new(file: &Path, at: u64, what: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            at,
            what: what.into(),
        }
    }

    /// The same with what to do, for who comes upon it while at something else.
    pub(super) fn advice(&self) -> String {
        format!("{self}; stop bowerbird and run `bowerbird spool fsck` to see what is sound")
    }
}

fn holder(pid: Option<u32>) -> String {
    match pid {
        Some(pid) => format!("process {pid}"),
        None => "another process".to_owned(),
    }
}

/// For `map_err`: what was tried, and on what.
pub(super) fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> OpenError {
    let path = path.to_owned();
    move |source| OpenError::Io {
        doing,
        path,
        source,
    }
}

/// An error of the disk in words that say what to do.
pub(super) fn io_text(doing: &str, path: &Path, error: &io::Error) -> String {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            format!("disk full: {doing} {path}: {error}; make room and start again")
        }
        _ => format!("{doing} {path}: {error}"),
    }
}

/// A failure that ends the spool.
pub(super) fn failed(why: impl Into<String>) -> SpoolError {
    SpoolError::Failed(why.into())
}
