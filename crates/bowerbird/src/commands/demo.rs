//! `bowerbird demo`: everything on this machine, with nothing to set up.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, Result};
use bowerbird_core::pipeline::Until;
use bowerbird_core::source::{Connection, Keep};
use bowerbird_core::time::Time;
use bowerbird_core::track::TrackDraft;

use super::Context;
use super::counts::Summary;
use crate::cli::{DemoArgs, DemoSource, Speed};
use crate::config::env;
use crate::exit::Usage;
use crate::folder::{DataFolder, Held, Purpose};
use crate::house::{House, Plan};
use crate::server::{Door, Server, WhenTaken};
use crate::{logging, signals, wiring};

/// The demo's spool needs no more.
const SPOOL_MAX_BYTES: u64 = 1 << 30;

/// Runs the demo until it is stopped, or for as long as was said.
pub(super) async fn demo(context: &Context, args: &DemoArgs) -> Result<()> {
    logging::start(&context.global, None)?;
    let stop = signals::listen()?;
    let (folder, held) = hold(context, args).await?;
    let path = folder.path().to_owned();
    let store = path.join("store.sqlite");
    let plan = Plan {
        spool_max_bytes: SPOOL_MAX_BYTES,
        store,
        ..Plan::default()
    };
    let house = House::open(folder, held, plan).await?;
    let before = house.tally().await?;
    if before.counts.read == 0 {
        make_tracks(&house).await?;
    }
    let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, args.port));
    let door = Door::open(wanted, WhenTaken::TakeNext).await?;
    let url = door.url();
    let connection = connection(args)?;
    let server = Server::start(&house, Some(door), &stop).await?;
    let output = &context.output;
    output.talk(format_args!("page: {}", output.bold_talk(&url)));
    output.talk(format_args!("data: {}", path.display()));
    if let DemoSource::Jetstream(_) = &args.source {
        output.talk(
            "source: what Bluesky says now, by Jetstream; that needs the network, and no account",
        );
    }
    output.talk("Ctrl-C ends it; the next start goes on where it was.");
    if let Some(span) = args.run_for {
        let stop = stop.clone();
        tokio::spawn(async move {
            tokio::time::sleep(span).await;
            stop.ask();
        });
    }
    let begun = Instant::now();
    let outcome = house
        .engine
        .run(vec![connection], Until::Stopped, stop.watch())
        .await;
    stop.ask();
    server.finish().await;
    outcome.context("the demo ended")?;
    if args.run_for.is_some() || output.json {
        Summary::between(&before, &house.tally().await?, begun.elapsed()).print(output)?;
    }
    Ok(())
}

/// The demo's own folder, never `run`'s; emptied where that was asked for.
async fn hold(context: &Context, args: &DemoArgs) -> Result<(DataFolder, Held)> {
    let usual = || env::data_home().map(|home| home.join("bowerbird/demo"));
    let path: Option<PathBuf> = context.global.data.clone().or_else(usual);
    let path = path.ok_or_else(|| {
        Usage("neither HOME nor XDG_DATA_HOME is set: give a folder with --data".to_owned())
    })?;
    let folder = DataFolder::open(&path, Purpose::Demo)?;
    let held = folder.take("demo").await?;
    if args.fresh {
        folder.clear(&held)?;
    }
    Ok((folder, held))
}

async fn make_tracks(house: &House) -> Result<()> {
    for (name, rule) in wiring::DEMO_TRACKS {
        let draft = TrackDraft::new(name, rule);
        house
            .parts
            .store
            .create_track(&draft, Time::now())
            .await
            .with_context(|| format!("making the track {name}"))?;
    }
    house
        .engine
        .take_up_tracks()
        .await
        .context("taking up the tracks")
}

fn connection(args: &DemoArgs) -> Result<Connection> {
    match &args.source {
        DemoSource::Synthetic => wiring::synthetic("synthetic", args.rate, args.seed, Keep::All),
        DemoSource::Replay(path) => {
            wiring::replay("replay", std::slice::from_ref(path), Speed::Max, Keep::All)
                .map(|replay| replay.connection)
        }
        DemoSource::Jetstream(url) => wiring::jetstream("jetstream", url.as_deref(), Keep::All),
    }
}
