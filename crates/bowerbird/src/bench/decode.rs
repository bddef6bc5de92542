//! Bytes to an event, on one core.

use std::hint::black_box;

use anyhow::{Context, Result};
use bowerbird_connect::{floor, x::decode_v2};

use super::pace::{Pace, in_turns};
use super::sample::Sample;

/// Measures over the posts in memory.
pub(super) fn measure(sample: &Sample) -> Result<Pace> {
    for line in sample.lines.iter().take(100) {
        decode_v2(line).context("decoding a made-up post")?;
        floor::decode_v2(line).context("decoding a made-up post")?;
    }
    let ours = || {
        sample
            .lines
            .iter()
            .for_each(|line| drop(black_box(decode_v2(line))))
    };
    let floor = || {
        sample
            .lines
            .iter()
            .for_each(|line| drop(black_box(floor::decode_v2(line))))
    };
    Ok(in_turns(sample.lines.len() as u64, ours, floor))
}
