//! `bowerbird replay`: reads recorded posts from files, as fast as they can be stored or at the speed they were made.

use std::time::Instant;

use anyhow::{Context as _, Result};
use bowerbird_core::pipeline::Until;
use bowerbird_core::source::Keep;
use bowerbird_core::time::Time;
use bowerbird_core::track::TrackDraft;

use super::Context;
use super::counts::Summary;
use crate::cli::{KeepArg, ReplayArgs, TrackRule};
use crate::exit::Usage;
use crate::folder::Missing;
use crate::house::{House, Plan};
use crate::progress::Progress;
use crate::server::Server;
use crate::{logging, signals, wiring};

/// Reads everything once; stopped and started again, it goes on where it was.
pub(super) async fn replay(context: &Context, args: &ReplayArgs) -> Result<()> {
    logging::start(&context.global, None)?;
    let stop = signals::listen()?;
    let output = &context.output;
    args.tracks.iter().try_for_each(check_rule)?;
    let keep = match args.keep {
        KeepArg::All => Keep::All,
        KeepArg::Matched => Keep::Matched,
    };
    // Before anything is made, and once: a large archive is long to walk.
    let replay = wiring::replay(args.name.as_str(), &args.paths, args.speed, keep)?;
    let found = wiring::in_words(replay.found, &args.paths)?;
    let (settings, folder) = context.folder(Missing::Make)?;
    let held = folder.take("replay").await?;
    output.talk(format_args!("data: {}", folder.path().display()));
    output.talk(format_args!("reading {found}"));
    let house = House::open(folder, held, Plan::of(&settings)).await?;
    for track in &args.tracks {
        ensure_track(&house, track).await?;
    }
    house
        .engine
        .take_up_tracks()
        .await
        .context("taking up the tracks")?;
    let before = house.tally().await?;
    let server = Server::start(&house, None, &stop).await?;
    let begun = Instant::now();
    let progress = Progress::start(replay.progress, output);
    let outcome = house
        .engine
        .run(vec![replay.connection], Until::SourcesEnded, stop.watch())
        .await;
    progress.finish();
    stop.ask();
    server.finish().await;
    outcome.context("the replay ended")?;
    let summary = Summary::between(&before, &house.tally().await?, begun.elapsed());
    summary.print(output)?;
    if summary.read == 0 {
        output.talk(format_args!(
            "nothing that `{}` had not read before; under another --name all of it is read",
            args.name
        ));
    }
    house.stopped_source()
}

fn check_rule(track: &TrackRule) -> Result<()> {
    let parsed = bowerbird_core::rules::Rule::parse(&track.rule);
    parsed.map_err(|error| Usage(format!("--track {}: {error}", track.name)))?;
    Ok(())
}

/// Makes a track, or gives the one of that name this rule.
async fn ensure_track(house: &House, wanted: &TrackRule) -> Result<()> {
    let store = &house.parts.store;
    let known = store.tracks().await.context("listing the tracks")?;
    let context = || format!("making the track {}", wanted.name);
    match known
        .into_iter()
        .find(|track| track.draft.name == wanted.name)
    {
        None => {
            let draft = TrackDraft::new(&wanted.name, &wanted.rule);
            store
                .create_track(&draft, Time::now())
                .await
                .with_context(context)?;
        }
        Some(track) if track.draft.rule != wanted.rule => {
            let draft = TrackDraft {
                rule: wanted.rule.clone(),
                ..track.draft
            };
            store
                .update_track(track.id, &draft, Time::now())
                .await
                .with_context(context)?;
        }
        Some(_) => {}
    }
    Ok(())
}
