//! Ready records written to the store, as the store's lane writes them.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bowerbird_core::raw::RawCodec;
use bowerbird_core::time::Time;
use bowerbird_store::sqlite::floor;

use super::pace::{Pace, rate};
use super::records::Recorder;
use super::sample::Sample;
use crate::wiring::{self, SqliteOptions};

/// Posts in one transaction, as in the store's lane.
const BATCH: usize = 2_000;
/// Posts prepared at a time.
const CHUNK: usize = 10_000;

/// Measures over all posts: first ours, then the same rows again by plain inserts.
pub(super) async fn measure(folder: &Path, sample: &Sample, text_index: bool) -> Result<Pace> {
    let options = SqliteOptions {
        text_index,
        ..SqliteOptions::default()
    };
    let cache_mib = options.cache_mib;
    let (ours_path, floor_path) = (
        folder.join("bench-store.sqlite"),
        folder.join("floor-store.sqlite"),
    );
    let store = wiring::open_store(&ours_path, &Arc::new(RawCodec::default()), options).await?;
    let mut recorder = Recorder::new(sample);
    if let Some(dictionary) = &recorder.dictionary {
        store
            .add_dictionary(&dictionary.service, &dictionary.bytes, Time::now())
            .await?;
    }
    let mut ours = Duration::ZERO;
    let mut offset = 0;
    for chunk in sample.chunks(CHUNK)? {
        let entries = recorder.entries(&chunk?)?;
        for batch in entries.chunks(BATCH) {
            let ready = (offset..)
                .zip(batch.iter().map(|entry| entry.bytes.clone()))
                .collect();
            offset += batch.len() as u64;
            let begun = Instant::now();
            store.write(ready).await?;
            ours += begun.elapsed();
        }
    }
    drop(store);
    let copied =
        tokio::task::spawn_blocking(move || floor::copy(&ours_path, &floor_path, cache_mib, BATCH))
            .await;
    let copied = copied
        .context("measuring the store's floor")?
        .context("measuring the store's floor")?;
    Ok(Pace::new(
        rate(offset, ours),
        rate(copied.posts, copied.took),
    ))
}
