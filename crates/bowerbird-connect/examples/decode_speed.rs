//! How fast X v2 envelopes are decoded on one core, beside the floor, in turns so that a slow moment slows both.
//!
//! `cargo run --release --example decode_speed -p bowerbird-connect [FILE [NAME]]` decodes the envelopes (one a line) of a file, or
//! made-up ones; with a name, only that is measured, for a profiler.

use std::error::Error;
use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

use bowerbird_connect::synthetic::x_v2_envelope;
use bowerbird_connect::{decode_any, floor, x};

/// Frames that are made up where no file is named, and their size: X's are about as large with every field and expansion.
const FRAMES: u64 = 1_000;
const FRAME_BYTES: usize = 3_234;
/// Short rounds, many of them: the best one is one that nothing else disturbed.
const ROUNDS: usize = 400;
const POSTS_PER_ROUND: usize = 1_000;

/// Something to measure over all frames.
type Measured<'m> = (&'m str, &'m dyn Fn(&[u8]) -> bool);

fn main() -> Result<(), Box<dyn Error>> {
    let file = match std::env::args().nth(1) {
        Some(path) => std::fs::read(path)?,
        None => (0..FRAMES)
            .map(|n| x_v2_envelope(1, n, FRAME_BYTES))
            .collect::<Vec<_>>()
            .join(&b'\n'),
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
