//! Log lines: as text or JSON, to standard error or to rotated files.
//!
//! Ours are written from the level asked for; those of libraries only when something is wrong, for they may quote what they send.

use std::sync::Mutex;

use anyhow::{Context, Result};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::cli::{Global, LogForm};
use crate::config::LogSettings;
use crate::config::file::{LogFormat, LogLevel};

mod rotated;

use rotated::RotatedFile;

/// Starts logging. Without settings (most commands) only warnings are shown, on standard error.
pub(crate) fn start(global: &Global, settings: Option<&LogSettings>) -> Result<()> {
    let level = shifted(
        settings.map_or(LogLevel::Warn, |log| log.level),
        global.verbose,
        global.quiet,
    );
    let as_json = match global.log {
        Some(form) => form == LogForm::Json,
        None => settings.is_some_and(|log| log.format == LogFormat::Json),
    };
    match settings.and_then(|log| log.folder.as_ref().map(|folder| (log, folder))) {
        Some((log, folder)) => {
            let file = RotatedFile::open(folder, log.max_bytes, log.keep_files)
                .with_context(|| format!("opening the log file in {}", folder.display()))?;
            install(Mutex::new(file), level, as_json);
        }
        None => install(std::io::stderr, level, as_json),
    }
    Ok(())
}

fn install<W>(writer: W, level: LevelFilter, as_json: bool)
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_ansi(false)
        .with_target(false);
    let lines = if as_json {
        lines.json().flatten_event(true).boxed()
    } else {
        lines.boxed()
    };
    let filter = Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_target("bowerbird", level);
    // Fails only if logging was started before, and then it goes on as it was.
    let _ = tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .try_init();
}

/// The level, `-v` louder and `-q` quieter.
fn shifted(level: LogLevel, verbose: u8, quiet: u8) -> LevelFilter {
    const LEVELS: [LevelFilter; 5] = [
        LevelFilter::ERROR,
        LevelFilter::WARN,
        LevelFilter::INFO,
        LevelFilter::DEBUG,
        LevelFilter::TRACE,
    ];
    let index = match level {
        LogLevel::Error => 0,
        LogLevel::Warn => 1,
        LogLevel::Info => 2,
        LogLevel::Debug => 3,
        LogLevel::Trace => 4,
    };
    let index: usize = (index + usize::from(verbose)).saturating_sub(usize::from(quiet));
    LEVELS[index.min(LEVELS.len() - 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v_and_q_shift_the_level_and_stop_at_the_ends() {
        assert_eq!(shifted(LogLevel::Info, 0, 0), LevelFilter::INFO);
        assert_eq!(shifted(LogLevel::Info, 1, 0), LevelFilter::DEBUG);
        assert_eq!(shifted(LogLevel::Info, 0, 1), LevelFilter::WARN);
        assert_eq!(shifted(LogLevel::Error, 0, 9), LevelFilter::ERROR);
        assert_eq!(shifted(LogLevel::Trace, 9, 0), LevelFilter::TRACE);
    }
}
