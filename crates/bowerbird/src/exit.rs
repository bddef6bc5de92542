//! How the program ends: exit codes and last words, in one place.

use std::process::ExitCode;

use crate::config::Invalid;
use crate::output;

/// Wrong arguments or configuration: exit code 2, as clap's own.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// The code for what a command came to; a failure is said once, with all that led to it.
pub(crate) fn code(outcome: &anyhow::Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if reader_is_gone(error) => ExitCode::SUCCESS,
        Err(error) => {
            output::failure(format_args!("{error:#}"));
            let is_usage = error
                .chain()
                .any(|cause| cause.is::<Usage>() || cause.is::<Invalid>());
            ExitCode::from(if is_usage { 2 } else { 1 })
        }
    }
}

/// Whoever read our output has enough (`bowerbird export | head`): no failure.
fn reader_is_gone(error: &anyhow::Error) -> bool {
    let broken = |cause: &std::io::Error| cause.kind() == std::io::ErrorKind::BrokenPipe;
    error.downcast_ref::<std::io::Error>().is_some_and(broken)
}
