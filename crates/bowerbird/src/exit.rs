//! How the program ends: exit codes and last words, in one place.

use std::process::ExitCode;

use crate::config::Invalid;
use crate::output::{self, ReaderGone};

/// Wrong arguments or configuration: exit code 2, as clap's own.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// The code for what a command came to; a failure is said once, with all that led to it.
pub(crate) fn code(outcome: &anyhow::Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<ReaderGone>() => ExitCode::SUCCESS,
        Err(error) => {
            output::failure(format_args!("{error:#}"));
            let is_usage = error
                .chain()
                .any(|cause| cause.is::<Usage>() || cause.is::<Invalid>());
            ExitCode::from(if is_usage { 2 } else { 1 })
        }
    }
}
