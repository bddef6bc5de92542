//! `bowerbird run`: captures what the configuration says, and serves the page.

use std::time::Instant;

use anyhow::{Context as _, Result};
use bowerbird_core::pipeline::Until;

use super::counts::Summary;
use super::{Context, first_source};
use crate::cli::RunArgs;
use crate::folder::{DataFolder, Purpose};
use crate::house::{House, Plan};
use crate::server::{Door, Server, WhenTaken};
use crate::{logging, signals, wiring};

/// Runs until it is stopped, or until everything bounded is read.
pub(super) async fn run(context: &Context, args: &RunArgs) -> Result<()> {
    let settings = match context.found()?.path {
        Some(_) => context.settings().await?,
        None => first_source::choose(context).await?,
    };
    let folder = DataFolder::open(&settings.data, Purpose::Main)?;
    logging::start(&context.global, Some(&settings.log))?;
    let stop = signals::listen()?;
    let held = folder.take("run").await?;
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
