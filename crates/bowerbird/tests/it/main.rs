//! End-to-end tests: the executable as a stranger meets it, each in a home of its own.
//!
//! One binary; what is slow and needs a quiet machine is in `kill` and run by `scripts/test` after everything else.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails where it stands, and says what it measured"
)]

mod auth;
mod bad_input;
mod bill;
mod chaos;
mod cli;
mod configuration;
mod demo;
mod dice;
mod harness;
mod jetstream;
mod kill;
mod mastodon;
mod mastodon_mock;
mod no_secret;
mod replay;
mod running;
mod standby;
mod tidy;
mod x_stream;
