//! Arguments of the commands that run something: `demo`, `init`, `run`, `check`, `top`, `bench`, `replay`.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use bowerbird_core::ids::SourceName;
use clap::{Args, ValueEnum};

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// What to show: `synthetic`, `jetstream` for what Bluesky says now (no account needed; `jetstream:URL` for an instance of your own), or `replay:PATH` for recorded files
    #[arg(long, default_value = "synthetic", value_name = "SOURCE")]
    pub(crate) source: DemoSource,
    /// Posts a second of the synthetic stream
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) rate: u32,
    /// What the synthetic stream is made from: the same number makes the same posts
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
    /// The page's port; when it is taken, the next free one
    #[arg(long, default_value_t = 8700, value_name = "N")]
    pub(crate) port: u16,
    /// End by itself after so long, and print this run's counts (as in 30s, 5m)
    #[arg(long = "for", value_name = "TIME", value_parser = parse_span)]
    pub(crate) run_for: Option<Duration>,
    /// Begin anew: forget what an earlier demo kept
    #[arg(long)]
    pub(crate) fresh: bool,
}

/// What the demo shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DemoSource {
    /// The built-in stream.
    Synthetic,
    /// Recorded files.
    Replay(String),
    /// Bluesky, by its public Jetstream or by the instance at an address.
    Jetstream(Option<String>),
}

impl FromStr for DemoSource {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "synthetic" => Ok(Self::Synthetic),
            None if text == "jetstream" => Ok(Self::Jetstream(None)),
            Some(("replay", path)) if !path.is_empty() => Ok(Self::Replay(path.to_owned())),
            Some(("jetstream", url)) if !url.is_empty() => {
                Ok(Self::Jetstream(Some(url.to_owned())))
            }
            _ => Err(
                "expected `synthetic`, `jetstream`, `jetstream:URL` or `replay:PATH`".to_owned(),
            ),
        }
    }
}

/// Arguments of `init`.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Where to write it
    #[arg(default_value = "bowerbird.toml")]
    pub(crate) path: PathBuf,
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// End when all bounded sources (replays) have been read and stored; without it the page stays
    #[arg(long)]
    pub(crate) until_done: bool,
    /// While another process holds the data folder, wait; take over when it ends or dies
    #[arg(long)]
    pub(crate) standby: bool,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {}

/// Arguments of `top`.
#[derive(Debug, Args)]
pub(crate) struct TopArgs {
    /// Print it once and end
    #[arg(long)]
    pub(crate) once: bool,
    /// How often to look
    #[arg(long, default_value = "1s", value_name = "TIME", value_parser = parse_span)]
    pub(crate) every: Duration,
}

/// Arguments of `bench`.
#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// Posts to measure with
    #[arg(long, default_value_t = 100_000, value_name = "N", value_parser = clap::value_parser!(u64).range(1_000..=100_000_000))]
    pub(crate) posts: u64,
    /// Rules to match against
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(crate) rules: u64,
    /// Where the measured store is made, as `sqlite:FOLDER` [default: a temporary folder]
    #[arg(long, value_name = "URL")]
    pub(crate) store: Option<String>,
    /// Leave the full-text index out
    #[arg(long)]
    pub(crate) no_text_index: bool,
}

/// Arguments of `replay`.
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// Files, folders or patterns; `-` for standard input
    #[arg(required = true, value_name = "PATHS")]
    pub(crate) paths: Vec<String>,
    /// A track to make (or, if it is there with another rule, to change) before reading
    #[arg(long = "track", value_name = "NAME=RULE")]
    pub(crate) tracks: Vec<TrackRule>,
    /// `max`, or a multiple of the speed at which the posts were made
    #[arg(long, default_value = "max", value_name = "N|max")]
    pub(crate) speed: Speed,
    /// Keep every post, or only those that a track caught
    #[arg(long, default_value = "all", value_name = "WHAT")]
    pub(crate) keep: KeepArg,
    /// The name under which these files are counted and resumed
    #[arg(long, default_value = "replay", value_name = "NAME")]
    pub(crate) name: SourceName,
}

/// A track's name and rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TrackRule {
    /// The name.
    pub(crate) name: String,
    /// The rule.
    pub(crate) rule: String,
}

impl FromStr for TrackRule {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, rule) = text
            .split_once('=')
            .ok_or("expected NAME=RULE, as in birds='bird OR #birds'")?;
        let (name, rule) = (name.trim().to_owned(), rule.trim().to_owned());
        if name.is_empty() || rule.is_empty() {
            return Err("expected NAME=RULE, both not empty".to_owned());
        }
        Ok(Self { name, rule })
    }
}

/// How fast to replay.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Speed {
    /// As fast as it can be stored.
    Max,
    /// So many times the recorded speed.
    Times(f64),
}

impl FromStr for Speed {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self::Max);
        }
        let times = text
            .parse::<f64>()
            .ok()
            .filter(|times| times.is_finite() && *times > 0.0);
        times
            .map(Self::Times)
            .ok_or_else(|| "expected `max` or a number above 0, as in 10".to_owned())
    }
}

/// What of a source is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeepArg {
    /// Every post
    All,
    /// Posts that a track caught
    Matched,
}

/// Reads a span of time as people write it; a day has 24 hours.
pub(crate) fn parse_span(text: &str) -> Result<Duration, String> {
    let expected = || format!("`{text}` is not a span of time above zero, as in 30s, 5m, 2h, 30d");
    let span: jiff::Span = text.parse().map_err(|_| expected())?;
    let span = span
        .to_duration(jiff::SpanRelativeTo::days_are_24_hours())
        .map_err(|_| expected())?;
    Duration::try_from(span)
        .ok()
        .filter(|span| !span.is_zero())
        .ok_or_else(expected)
}
