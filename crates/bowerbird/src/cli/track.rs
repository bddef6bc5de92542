//! Arguments of `track`.

use clap::{Args, Subcommand};

/// The subcommands of `track`.
#[derive(Debug, Subcommand)]
pub(crate) enum TrackCommand {
    /// List all tracks with their counts
    Ls,
    /// Make a track
    Add {
        /// What it is called
        name: String,
        /// The rule
        rule: String,
        /// Everything else about it
        #[command(flatten)]
        changes: TrackChanges,
        /// Only say what it would change at services that give few rules; save nothing
        #[arg(long)]
        plan: bool,
    },
    /// Show one track
    Show {
        /// Its name or number
        track: String,
    },
    /// Change a track; what is not given stays
    Edit {
        /// Its name or number
        track: String,
        /// The new name
        #[arg(long)]
        name: Option<String>,
        /// The new rule
        #[arg(long)]
        rule: Option<String>,
        /// Everything else about it
        #[command(flatten)]
        changes: TrackChanges,
        /// Only say what it would change at services that give few rules; save nothing
        #[arg(long)]
        plan: bool,
    },
    /// Stop capturing for a while
    Pause {
        /// Its name or number
        track: String,
    },
    /// Capture again
    Resume {
        /// Its name or number
        track: String,
    },
    /// Remove a track with its captures
    Rm {
        /// Its name or number
        track: String,
    },
    /// Look through all kept posts for what the rule would have caught
    Backfill {
        /// Its name or number
        track: String,
    },
    /// Explain a rule and try it on the newest posts, changing nothing
    Check {
        /// The rule
        rule: String,
        /// Ask this source's service how many posts there were, which costs money
        #[arg(long, value_name = "SOURCE")]
        counts: Option<String>,
    },
    /// Say of each post in files whether a rule matches it, and why or why not
    Test(TestArgs),
    /// Show how the tracks share X's rules, what is still to be done there and who goes without, asking X nothing
    Plan(PlanArgs),
}

/// What may be said of a track besides its name and rule.
#[derive(Debug, Default, Args)]
pub(crate) struct TrackChanges {
    /// Listen to this source only; may be given several times. `all` for every source
    #[arg(long = "source", value_name = "SOURCE")]
    pub(crate) sources: Vec<String>,
    /// Capture nothing received before (as in 2026-11-21T08:00:00Z; `none` for no start)
    #[arg(long, value_name = "TIME")]
    pub(crate) start: Option<String>,
    /// Capture nothing received from then on (`none` for no end)
    #[arg(long, value_name = "TIME")]
    pub(crate) end: Option<String>,
    /// Let captures go after so long (as in 30d, 12h; `none` keeps them)
    #[arg(long, value_name = "SPAN")]
    pub(crate) retention: Option<String>,
    /// Where a service has no room for all tracks, higher ones have it first, then older ones (-100 to 100; 0 if never said)
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) priority: Option<i32>,
    /// The most US dollars to spend on it (as in 5/day, or 5/day,100/month,300/total; `none` for no limit)
    #[arg(long, value_name = "LIMITS")]
    pub(crate) budget: Option<String>,
}

/// What to try a rule on.
#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// The rule
    pub(crate) rule: String,
    /// Files, folders, patterns, or `-` for standard input, as `bowerbird replay` reads them
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<String>,
}

/// Which plan to show. With `--rules` or `--chars` it is made from nothing, for that room.
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// The plan of this source only
    #[arg(long, value_name = "SOURCE")]
    pub(crate) source: Option<String>,
    /// What if X gave so many rules?
    #[arg(long, value_name = "N")]
    pub(crate) rules: Option<usize>,
    /// What if each might have so many characters?
    #[arg(long, value_name = "N")]
    pub(crate) chars: Option<usize>,
}
