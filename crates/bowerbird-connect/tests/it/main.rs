//! The decoders from outside: on fixtures, on fixtures mutated, on pages, on broken input, and on real recordings.
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod broken_input;
mod corpus;
mod corpus_mastodon;
mod fixtures;
mod mutations;
mod pages;
