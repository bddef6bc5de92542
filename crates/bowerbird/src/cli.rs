//! What can be typed: every command, flag and help text, and nothing of what they do.
//!
//! The arguments of each command are in [`crate::cli`]'s submodules; what they do is in [`crate::commands`].

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

mod admin;
mod auth;
mod posts;
mod running;
mod track;

pub(crate) use admin::{BillArgs, DeadCommand, SpoolCommand, StoreCommand, UserCommand};
pub(crate) use auth::{AuthBluesky, AuthCommand, AuthMastodon, AuthWay, AuthX};
pub(crate) use posts::{
    ExportArgs, ExportFormat, GapCommand, GapFilters, OrderArg, QueryArgs, SearchArgs, TailArgs,
};
pub(crate) use running::{
    BenchArgs, CheckArgs, DemoArgs, DemoSource, InitArgs, KeepArg, ReplayArgs, RunArgs, Speed,
    TopArgs, TrackRule, parse_span,
};
pub(crate) use track::{PlanArgs, TestArgs, TrackChanges, TrackCommand};

/// Capture social streams by rules; keep, watch, search and export them.
#[derive(Debug, Parser)]
#[command(
    name = "bowerbird",
    version,
    max_term_width = 100,
    propagate_version = true
)]
#[command(
    after_help = "Try it: bowerbird demo\nExit codes: 0 done, 1 failed, 2 wrong arguments or configuration."
)]
pub(crate) struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub(crate) global: Global,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What holds for every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Global {
    /// The configuration file [default: ./bowerbird.toml, else bowerbird/bowerbird.toml in the user's configuration folder]
    #[arg(short, long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The data folder [default: from the configuration, else bowerbird/main in the user's data folder]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Print what a program can read
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say more on standard error; twice for everything
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet")]
    pub(crate) verbose: u8,
    /// Say less on standard error; twice for errors only
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) quiet: u8,
    /// The form of log lines [default: from the configuration, else text]
    #[arg(long, global = true, value_name = "FORM")]
    pub(crate) log: Option<LogForm>,
}

/// The forms of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogForm {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Everything the program does.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show it all on this machine: a built-in stream, three tracks, the page
    Demo(DemoArgs),
    /// Write a commented bowerbird.toml to begin with
    Init(InitArgs),
    /// Capture what the configuration says, and serve the page
    Run(RunArgs),
    /// Check the configuration, and what can be checked without side effects
    Check(CheckArgs),
    /// Show how a running process is doing
    Top(TopArgs),
    /// Measure each part on this machine beside the same work with nothing of ours around it
    Bench(BenchArgs),
    /// List, make and change tracks
    #[command(subcommand)]
    Track(TrackCommand),
    /// Print posts that match a rule as they come, one JSON object a line
    Tail(TailArgs),
    /// Find kept posts
    Search(SearchArgs),
    /// Write kept posts to a file or to standard output
    Export(ExportArgs),
    /// Read recorded posts from files
    Replay(ReplayArgs),
    /// Show what sources and tracks have cost, and how their budgets stand
    Bill(BillArgs),
    /// Show what was missed
    #[command(subcommand)]
    Gap(GapCommand),
    /// Sign in at services, and look after what is signed in
    #[command(subcommand)]
    Auth(AuthCommand),
    /// Passwords of the page and the API
    #[command(subcommand)]
    User(UserCommand),
    /// What could not be handled: look at it, try it again, drop it
    #[command(subcommand)]
    Dead(DeadCommand),
    /// Look into the spool
    #[command(subcommand)]
    Spool(SpoolCommand),
    /// Look after the store
    #[command(subcommand)]
    Store(StoreCommand),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

#[cfg(test)]
mod tests;
