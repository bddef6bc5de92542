//! Arguments of the commands that look after things: `bill`, `user`, `dead`, `spool`, `store`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Which days of the bill to show.
#[derive(Debug, Args)]
pub(crate) struct BillArgs {
    /// So many UTC days up to today
    #[arg(long, default_value_t = 30, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=400))]
    pub(crate) days: u64,
}

/// The subcommands of `user`.
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Set a user's password, asked for on the terminal
    Passwd {
        /// Whose
        #[arg(default_value = "admin")]
        user: String,
        /// Read it from standard input instead (one line)
        #[arg(long)]
        stdin: bool,
    },
    /// List users that have a password
    Ls,
}

/// The subcommands of `dead`.
#[derive(Debug, Subcommand)]
pub(crate) enum DeadCommand {
    /// List dead letters, newest first
    Ls {
        /// How many
        #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
        limit: u64,
    },
    /// Show one with its bytes
    Show {
        /// Its number
        id: u64,
        /// Print nothing but the bytes as they came
        #[arg(long)]
        raw: bool,
    },
    /// Send some through again, as if they had just come
    Retry {
        /// Their numbers
        #[arg(required = true)]
        ids: Vec<u64>,
    },
    /// Remove some for good
    Drop {
        /// Their numbers
        #[arg(required = true)]
        ids: Vec<u64>,
    },
}

/// The subcommands of `spool`.
#[derive(Debug, Subcommand)]
pub(crate) enum SpoolCommand {
    /// Show sources, lanes and how full it is
    Ls,
    /// Look at records
    Peek {
        /// From this offset on [default: the oldest]
        #[arg(long, value_name = "OFFSET")]
        from: Option<u64>,
        /// How many
        #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000))]
        most: u64,
    },
    /// Check every byte of it; no process may run on the folder
    Fsck {
        /// Write damaged files anew from what is sound in them; the old ones are put aside, never deleted
        #[arg(long)]
        repair: bool,
    },
}

/// The subcommands of `store`.
#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Write a whole, consistent copy while the store is in use
    Backup {
        /// The new file; must not exist
        path: PathBuf,
    },
    /// Show how much is in it
    Size,
}
