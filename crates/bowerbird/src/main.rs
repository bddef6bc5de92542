//! Bowerbird: capture social streams by rules; keep, watch, search and export them.
//!
//! The executable: command line, configuration and wiring. It knows every other crate, and nothing else does. Where to look:
//!
//! - [`cli`]: what can be typed. [`commands`]: what each command does. [`output`], [`exit`]: what it says and how it ends.
//! - [`config`]: `bowerbird.toml`. [`folder`]: the data folder. [`logging`], [`signals`].
//! - [`wiring`]: the one place that knows all kinds of sources and stores. [`house`]: everything put together in one process.
//! - [`server`]: the page, the API and the control socket. [`client`]: the commands' way to the API, with a process or without.
//! - [`mod@bench`]: measures each part beside the same work with nothing of ours around it.

use std::process::ExitCode;

use clap::Parser;

mod bench;
mod cli;
mod client;
mod commands;
mod config;
mod exit;
mod folder;
mod house;
mod logging;
mod output;
mod progress;
mod server;
mod signals;
mod wiring;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    exit::code(&commands::run(cli))
}
