//! From a file to the store: read, decode, match, spool, write. All cores, all rules.

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, bail};
use bowerbird_core::pipeline::Until;
use bowerbird_core::source::Keep;
use bowerbird_core::time::Time;
use bowerbird_core::track::TrackDraft;
use tokio::sync::watch;

use super::memory;
use super::pace::rate;
use super::sample::Sample;
use crate::cli::Speed;
use crate::folder::{DataFolder, Purpose};
use crate::house::{House, Plan};
use crate::wiring;

/// Posts a second, and the peak of memory.
pub(super) async fn measure(
    folder: &Path,
    sample: &Sample,
    text_index: bool,
) -> Result<(f64, Option<u64>)> {
    let folder = DataFolder::open(&folder.join("whole"), Purpose::Main)?;
    let Ok(held) = folder.hold("bench")? else {
        bail!("somebody holds a folder just made")
    };
    let store = folder.path().join("store.sqlite");
    let plan = Plan {
        store,
        text_index,
        ..Plan::default()
    };
    let house = House::open(folder, held, plan).await?;
    for (n, rule) in sample.rules.iter().enumerate() {
        house
            .parts
            .store
            .create_track(&TrackDraft::new(format!("rule {n}"), rule), Time::now())
            .await?;
    }
    house.engine.take_up_tracks().await?;
    let paths = [sample.file.to_string_lossy().into_owned()];
    let replay = wiring::replay("bench", &paths, Speed::Max, Keep::All)?;
    // Holds nobody back: it is never asked to stop.
    let (_stop, never) = watch::channel(false);
    memory::forget_peak();
    let begun = Instant::now();
    house
        .engine
        .run(vec![replay.connection], Until::SourcesEnded, never)
        .await?;
    let took = begun.elapsed();
    let peak = memory::peak();
    let counts = house.tally().await?.counts;
    if counts.kept != sample.posts {
        bail!("{} posts went in and {counts:?} came of them", sample.posts);
    }
    Ok((rate(sample.posts, took), peak))
}
