//! Arguments of the commands that give posts: `tail`, `search`, `export`, and of `gap`.

use std::path::PathBuf;

use bowerbird_core::ids::SourceName;
use bowerbird_core::store::Has;
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, Subcommand, ValueEnum};

/// Arguments of `tail`.
#[derive(Debug, Args)]
pub(crate) struct TailArgs {
    /// The rule; without one every post, and what is deleted
    pub(crate) rule: Option<String>,
    /// Only what comes through this source; where nothing runs, it is captured as long as this prints
    #[arg(long, value_name = "SOURCE")]
    pub(crate) source: Option<SourceName>,
    /// End after so many lines
    #[arg(long, value_name = "N")]
    pub(crate) most: Option<u64>,
}

/// Which posts.
#[derive(Debug, Args)]
pub(crate) struct QueryArgs {
    /// Words and "phrases", -without, OR, prefix*
    #[arg(default_value = "")]
    pub(crate) text: String,
    /// The author's handle or id
    #[arg(
        long,
        default_value = "",
        hide_default_value = true,
        value_name = "HANDLE"
    )]
    pub(crate) author: String,
    /// Caught by this track (name or number)
    #[arg(long, value_name = "TRACK")]
    pub(crate) track: Option<String>,
    /// Of this service
    #[arg(
        long,
        default_value = "",
        hide_default_value = true,
        value_name = "SERVICE"
    )]
    pub(crate) service: String,
    /// Through this source
    #[arg(long, value_name = "SOURCE")]
    pub(crate) source: Option<String>,
    /// In this language (as in en, ja, und)
    #[arg(
        long,
        default_value = "",
        hide_default_value = true,
        value_name = "CODE"
    )]
    pub(crate) lang: String,
    /// Written at or after
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Written before
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// Having this; may be given several times
    #[arg(long, value_name = "WHAT", value_parser = has_values())]
    pub(crate) has: Vec<String>,
    /// With this hashtag
    #[arg(
        long,
        default_value = "",
        hide_default_value = true,
        value_name = "TAG"
    )]
    pub(crate) hashtag: String,
    /// Also posts that came only inside others (quoted, reposted)
    #[arg(long)]
    pub(crate) embedded: bool,
}

/// Arguments of `search`.
#[derive(Debug, Args)]
pub(crate) struct SearchArgs {
    /// Which posts
    #[command(flatten)]
    pub(crate) query: QueryArgs,
    /// In which order
    #[arg(long, default_value = "newest", value_name = "ORDER")]
    pub(crate) order: OrderArg,
    /// How many
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(crate) limit: u64,
}

/// Arguments of `export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// Which posts
    #[command(flatten)]
    pub(crate) query: QueryArgs,
    /// The form
    #[arg(long, default_value = "jsonl", value_name = "FORM")]
    pub(crate) format: ExportFormat,
    /// Only ids: the same as --format ids
    #[arg(long, conflicts_with = "format")]
    pub(crate) ids: bool,
    /// The file to write; must not exist [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// A folder to write instead: files of posts, a README, a manifest with rules and gaps, checksums; must not exist, or be empty
    #[arg(long, value_name = "FOLDER", conflicts_with = "output")]
    pub(crate) dir: Option<PathBuf>,
}

/// The forms of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// One JSON object a line
    Jsonl,
    /// For spreadsheets
    Csv,
    /// Service and id, one a line
    Ids,
}

/// The orders of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OrderArg {
    /// Newest received first
    Newest,
    /// Oldest received first
    Oldest,
    /// Best fit of the text first
    Rank,
}

/// What a post may have or be, as the API names it.
fn has_values() -> PossibleValuesParser {
    PossibleValuesParser::new(Has::ALL.map(|(_, name, words)| PossibleValue::new(name).help(words)))
}

/// The subcommands of `gap`.
#[derive(Debug, Subcommand)]
pub(crate) enum GapCommand {
    /// List gaps, newest first
    Ls {
        /// Which
        #[command(flatten)]
        filters: GapFilters,
        /// How many
        #[arg(long, default_value_t = 1000, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
        limit: u64,
    },
    /// Show everything that is known of a gap
    Show {
        /// Its number
        id: u64,
    },
    /// Fetch again what was missed, as far as it can be had; needs a process that runs the source
    Repair {
        /// Its number
        id: u64,
    },
}

/// Which gaps.
#[derive(Debug, clap::Args)]
pub(crate) struct GapFilters {
    /// Of this source only
    #[arg(long, value_name = "SOURCE")]
    pub(crate) source: Option<String>,
    /// That concern this track (its name or number)
    #[arg(long, value_name = "TRACK")]
    pub(crate) track: Option<String>,
    /// Of this state: open, repairing, repaired, beyond-repair
    #[arg(long, value_name = "STATE")]
    pub(crate) state: Option<String>,
    /// Ending after this, or lasting (RFC 3339, or a date in UTC)
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Beginning before this
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
}
