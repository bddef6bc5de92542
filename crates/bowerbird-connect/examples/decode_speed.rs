//! How fast X v2 envelopes are decoded on one core, beside the floor, in turns so that a slow moment slows both.
//!
//! `cargo run --release --example decode_speed -p bowerbird-connect [FILE [NAME]]` decodes the envelopes (one a line) of a file, or
//! one of our fixtures again and again; with a name, only that is measured, for a profiler.

use std::error::Error;
use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

use bowerbird_connect::{decode_any, floor, x};

const FIXTURE: &[u8] = include_bytes!("../fixtures/x/post-with-everything.json");
/// Short rounds, many of them: the best one is one that nothing else disturbed.
const ROUNDS: usize = 400;
const POSTS_PER_ROUND: usize = 1_000;

/// Something to measure over all frames.
type Measured<'m> = (&'m str, &'m dyn Fn(&[u8]) -> bool);

fn main() -> Result<(), Box<dyn Error>> {
    let file = match std::env::args().nth(1) {
        Some(path) => std::fs::read(path)?,
        None => one_line(FIXTURE)?,
    };
    let frames: Vec<&[u8]> = file
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .collect();
    let measured: [Measured<'_>; 3] = [
        ("floor", &|frame| black_box(floor::decode_v2(frame)).is_ok()),
        ("decode_v2", &|frame| black_box(x::decode_v2(frame)).is_ok()),
        ("decode_any", &|frame| black_box(decode_any(frame)).is_ok()),
    ];
    let only = std::env::args().nth(2);
    let measured: Vec<_> = measured
        .into_iter()
        .filter(|(name, _)| only.as_ref().is_none_or(|only| only == name))
        .collect();
    let mut best = [Duration::MAX; 3];
    for _ in 0..ROUNDS {
        for (place, (_, decode)) in measured.iter().enumerate() {
            let begun = Instant::now();
            let n_decoded = frames
                .iter()
                .cycle()
                .take(POSTS_PER_ROUND)
                .filter(|frame| decode(frame))
                .count();
            best[place] = best[place].min(begun.elapsed());
            black_box(n_decoded);
        }
    }
    let mut out = std::io::stdout();
    let n_bytes: usize = frames.iter().map(|frame| frame.len()).sum();
    writeln!(
        out,
        "{} frames of {} bytes",
        frames.len(),
        n_bytes / frames.len().max(1)
    )?;
    for (place, (name, decode)) in measured.iter().enumerate() {
        let n_good = frames.iter().filter(|frame| decode(frame)).count();
        let per_s = POSTS_PER_ROUND as f64 / best[place].as_secs_f64();
        let ratio = best[0].as_secs_f64() / best[place].as_secs_f64();
        writeln!(
            out,
            "{name:>10}: {per_s:>9.0} posts/s, ratio {ratio:.2}, {n_good} decoded"
        )?;
    }
    Ok(())
}

/// The fixture without its line ends.
fn one_line(json: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let value: serde_json::Value = serde_json::from_slice(json)?;
    Ok(serde_json::to_vec(&value)?)
}
