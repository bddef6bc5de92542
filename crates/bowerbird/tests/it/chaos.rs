//! Chaos: sources read from made-up services that break in every way, thousands of posts each, through a real spool into a real store; at the
//! end what is kept and what the ledger calls a gap must be everything that was said, and nothing else.
//!
//! | file | what it is |
//! |---|---|
//! | `plan` | what happens, made from a seed |
//! | `services` | the made-up services; a further source is a few lines there |
//! | `tap` | stands between a source and the pipeline: sets its clock and notes what was handed over |
//! | `director` | carries the plan out |
//! | `judge` | what is wrong with the end, pure |
//!
//! No time passes but by the director's will: ladders of minutes cost nothing, and nothing is judged by how fast a machine is.
//! `BOWERBIRD_CHAOS_SEED=N` has one seed again; `BOWERBIRD_CHAOS_SEEDS=N` tries so many.

use std::time::SystemTime;

mod director;
mod judge;
mod plan;
mod services;
mod tap;

/// Posts that are said in a run.
const POSTS: u64 = 10_000;
/// Seeds that are tried where nothing else is said: the same each time, so that a change is to blame for a failure.
const SEEDS: u64 = 2;

#[test]
fn jetstream_loses_nothing_silently() {
    for seed in seeds() {
        director::run(&services::Jetstream::new(), seed, POSTS);
    }
}

#[test]
fn x_loses_nothing_silently() {
    for seed in seeds() {
        director::run(&services::FilteredStream::new(), seed, POSTS);
    }
}

#[test]
fn mastodon_loses_nothing_silently() {
    for seed in seeds() {
        director::run(&services::Mastodon::new(), seed, POSTS);
    }
}

#[expect(clippy::disallowed_methods, reason = "a test's own knobs")]
fn seeds() -> Vec<u64> {
    let number = |name| std::env::var(name).ok()?.parse::<u64>().ok();
    match (
        number("BOWERBIRD_CHAOS_SEED"),
        number("BOWERBIRD_CHAOS_SEEDS"),
    ) {
        (Some(seed), _) => vec![seed],
        (None, Some(many)) => {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            let first = now.unwrap().as_secs();
            (first..first + many).collect()
        }
        (None, None) => (1..=SEEDS).collect(),
    }
}
