//! `bowerbird run`: captures what the configuration says, and serves the page.

use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use bowerbird_core::pipeline::Until;

use super::counts::Summary;
use super::{Context, first_source};
use crate::cli::RunArgs;
use crate::folder::{DataFolder, Held, Purpose};
use crate::house::{House, Plan};
use crate::server::{Door, Server, WhenTaken};
use crate::signals::Stop;
use crate::{logging, signals, wiring};

/// Runs until it is stopped, or until everything bounded is read.
pub(super) async fn run(context: &Context, args: &RunArgs) -> Result<()> {
    let mut settings = match context.found()?.path {
        Some(_) => context.settings().await?,
        None => first_source::choose(context).await?,
    };
    let folder = DataFolder::open(&settings.data, Purpose::Main)?;
    let stop = signals::listen()?;
    let held = if args.standby {
        let Some(held) = stand_by(context, &folder, &stop).await? else {
            return Ok(());
        };
        // The holder may have renewed sign-ins, and the file may have been changed.
        if context.found()?.path.is_some() {
            settings = context.settings().await?;
        }
        if DataFolder::open(&settings.data, Purpose::Main)?.path() != folder.path() {
            bail!("the configuration has come to name another data folder: start again");
        }
        held
    } else {
        folder.take("run").await?
    };
    // Not before the folder is ours: a log file has one writer.
    logging::start(&context.global, Some(&settings.log))?;
    let path = folder.path().to_owned();
    let house = House::open(folder, held, Plan::of(&settings)).await?;
    let before = house.tally().await?;
    let connections = wiring::connections(&settings.sources, &house.parts)?;
    if connections.is_empty() {
        context
            .output
            .talk("no source is configured: the page shows what is kept, and nothing comes in");
    }
    let door = Door::open(settings.listen, WhenTaken::Fail).await?;
    let url = door.url();
    let server = Server::start(&house, Some(door), &stop).await?;
    context
        .output
        .talk(format_args!("page: {}", context.output.bold_talk(&url)));
    context
        .output
        .talk(format_args!("data: {}", path.display()));
    tracing::info!(page.url = url, sources = connections.len(), "Running");
    let begun = Instant::now();
    let until = if args.until_done {
        Until::SourcesEnded
    } else {
        Until::Stopped
    };
    let outcome = house.engine.run(connections, until, stop.watch()).await;
    stop.ask();
    server.finish().await;
    outcome.context("the run ended")?;
    tracing::info!("Ended");
    if args.until_done || context.output.json {
        Summary::between(&before, &house.tally().await?, begun.elapsed()).print(&context.output)?;
    }
    Ok(())
}

/// Waits until nobody else holds the folder; `None` if we are stopped before.
async fn stand_by(context: &Context, folder: &DataFolder, stop: &Stop) -> Result<Option<Held>> {
    let shown = folder.path().display();
    let waiting = folder.take_when_free("run", |holder| {
        context
            .output
            .talk(format_args!("standing by: {holder} holds {shown}"));
    });
    let held = tokio::select! {
        held = waiting => held?,
        () = stop.asked() => return Ok(None),
    };
    context
        .output
        .talk(format_args!("taking over: nobody else holds {shown}"));
    Ok(Some(held))
}
