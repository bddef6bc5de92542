//! Records appended to the spool, a thousand with each fsync.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bowerbird_core::ids::{Cursor, SourceName};
use bowerbird_core::source::MAX_BATCH_FRAMES;
use bowerbird_core::spool::{Append, Entry};

use super::pace::{Pace, rate};
use super::records::{Recorder, SOURCE};
use super::sample::Sample;
use crate::wiring;

/// Posts prepared at a time, so that memory stays the same however many are measured.
const CHUNK: usize = 10_000;

/// Measures over all posts.
pub(super) async fn measure(folder: &Path, sample: &Sample, posts: u64) -> Result<Pace> {
    let spool = wiring::open_spool(&folder.join("bench-spool"), u64::MAX)?;
    let source = SourceName::parse(SOURCE)?;
    let lease = spool.take_source(&source).await?.lease;
    let path = folder.join("spool-floor");
    let mut file = OpenOptions::new()
        .create_new(true)
        .append(true)
        .open(&path)
        .context("opening the floor's file")?;
    let mut recorder = Recorder::new(sample);
    let (mut ours, mut floor) = (Duration::ZERO, Duration::ZERO);
    let mut done = 0_u64;
    for chunk in sample.chunks(CHUNK)? {
        let entries = recorder.entries(&chunk?)?;
        for batch in entries.chunks(MAX_BATCH_FRAMES) {
            let begun = Instant::now();
            append_to_file(&mut file, batch).context("writing the floor's file")?;
            floor += begun.elapsed();

            done += batch.len() as u64;
            let append = Append {
                source: source.clone(),
                lease,
                heard_at: None,
                cursor: Some(Cursor(done.to_string())),
                read: batch.len() as u64,
                unmatched: 0,
                entries: batch.to_vec(),
            };
            let begun = Instant::now();
            spool.append(append).await?;
            ours += begun.elapsed();
        }
    }
    Ok(Pace::new(rate(posts, ours), rate(posts, floor)))
}

/// The floor: the bytes end to end, one write, one fsync.
fn append_to_file(file: &mut std::fs::File, batch: &[Entry]) -> std::io::Result<()> {
    let mut bytes = Vec::with_capacity(batch.iter().map(|entry| entry.bytes.len()).sum());
    batch
        .iter()
        .for_each(|entry| bytes.extend_from_slice(&entry.bytes));
    file.write_all(&bytes)?;
    file.sync_data()
}
