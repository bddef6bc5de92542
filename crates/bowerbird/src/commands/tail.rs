//! `bowerbird tail`: posts that match a rule, as they come.
//!
//! The API writes the lines, here they are passed on. Where a process runs on the data folder, it is asked; where none does and a source is
//! named, that source is captured in this process for as long as somebody listens, as `run` would.

use std::io::Write;

use anyhow::{Context as _, Result, bail};
use bowerbird_core::ids::SourceName;
use bowerbird_core::pipeline::{EngineError, Until};
use tokio::task::JoinHandle;

use super::Context;
use crate::cli::TailArgs;
use crate::client::query::Address;
use crate::client::{Client, Pieces};
use crate::config::Secrets;
use crate::exit::Usage;
use crate::folder::Missing;
use crate::house::House;
use crate::output::plural;
use crate::server::Server;
use crate::signals::{self, Stop};
use crate::wiring;

/// Prints until the reader has enough or nothing more comes.
pub(super) async fn tail(context: &Context, args: &TailArgs) -> Result<()> {
    let source = args.source.as_ref();
    // With a source, it may be the first thing captured.
    let (missing, secrets) = if source.is_some() {
        (Missing::Make, Secrets::Fetch)
    } else {
        (Missing::Refuse, Secrets::LeaveOut)
    };
    let client = Client::begin(context, "tail", missing, secrets).await?;
    let address = Address::new("/api/v1/tail")
        .with_some("rule", args.rule.as_deref())
        .with_some("source", source.map(SourceName::as_str));
    // Listening comes first: nothing that is captured here is missed.
    let mut pieces = client.stream(address.as_str()).await?;
    let Some(house) = client.house() else {
        context.output.talk("listening; Ctrl-C ends it");
        return print(context, args.most, &mut pieces).await;
    };
    let mut capture = Capture::start(house, source).await?;
    context.output.talk("capturing; Ctrl-C ends it");
    let printed = tokio::select! {
        printed = print(context, args.most, &mut pieces) => printed,
        () = capture.stop.asked() => Ok(()),
        ended = &mut capture.run => return ended?.context("capturing ended").and_then(|()| house.stopped_source()),
    };
    capture.finish().await?;
    printed
}

/// One source, captured while somebody listens.
struct Capture {
    stop: Stop,
    run: JoinHandle<Result<(), EngineError>>,
    server: Server,
}

impl Capture {
    async fn start(house: &House, source: Option<&SourceName>) -> Result<Self> {
        let Some(name) = source else {
            bail!(
                "nothing runs on this data folder, so nothing comes: start `bowerbird run`, capture a source here with --source, or name a demo's folder with --data"
            );
        };
        let mut sources = house.sources().to_vec();
        let known: Vec<&str> = sources.iter().map(|one| one.name.as_str()).collect();
        let known = format!("the configuration names {}", known.join(", "));
        sources.retain(|one| one.name == *name);
        let connections = wiring::connections(&sources, &house.parts)?;
        match connections.first() {
            None => return Err(Usage(format!("there is no source `{name}`; {known}")).into()),
            Some(found) if !found.spec.endless => {
                let told = format!(
                    "`{name}` has an end: `bowerbird replay` reads such files, and `bowerbird export` prints what they held"
                );
                return Err(Usage(told).into());
            }
            Some(_) => {}
        }
        let stop = signals::listen()?;
        let server = Server::start(house, None, &stop).await?;
        let (engine, stopped) = (house.engine.clone(), stop.watch());
        let run = async move { engine.run(connections, Until::SourcesEnded, stopped).await };
        Ok(Self {
            stop,
            run: tokio::spawn(run),
            server,
        })
    }

    /// Lets the store take up what was captured.
    async fn finish(self) -> Result<()> {
        self.stop.ask();
        self.server.finish().await;
        self.run.await?.context("capturing ended")
    }
}

async fn print(context: &Context, most: Option<u64>, pieces: &mut Pieces) -> Result<()> {
    let mut lines = Lines {
        left: most,
        begun: Vec::new(),
    };
    while lines.left != Some(0)
        && let Some(piece) = pieces.next().await?
    {
        lines.take(context, &piece)?;
    }
    Ok(())
}

/// A line that says how many events were not delivered.
#[derive(serde::Deserialize)]
struct Missed {
    missed: u64,
}

/// Puts pieces together into lines, and prints the ones with a post.
struct Lines {
    /// How many are still wanted; `None` for all.
    left: Option<u64>,
    /// The line whose end has not come yet.
    begun: Vec<u8>,
}

impl Lines {
    fn take(&mut self, context: &Context, piece: &[u8]) -> Result<()> {
        let mut out = Vec::new();
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            self.begun.extend_from_slice(part);
            if !part.ends_with(b"\n") {
                break;
            }
            let line = std::mem::take(&mut self.begun);
            if line == b"\n" || self.left == Some(0) {
                continue;
            }
            if let Ok(Missed { missed }) = serde_json::from_slice(&line) {
                context.output.talk(format_args!(
                    "too fast to show everything: {} left out, which the store has",
                    plural(missed, "event", "events")
                ));
                continue;
            }
            out.write_all(&line)?;
            self.left = self.left.map(|left| left - 1);
        }
        context.output.bytes(&out)
    }
}
