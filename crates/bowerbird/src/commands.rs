//! What each command does; one module each.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::cli::{Cli, Command, Global};
use crate::config::{self, Fetched, Found, SecretPlace, Settings};
use crate::folder::{DataFolder, Missing, Purpose};
use crate::logging;
use crate::output::Output;

mod auth;
mod bill;
mod check;
mod counts;
mod dead;
mod demo;
mod first_source;
mod gap;
mod init;
mod man;
mod posts;
mod replay;
mod run;
mod spool;
mod store;
mod tail;
mod top;
mod track;
mod user;

/// How long renewals of sign-ins that are under way are waited for at the end.
const SETTLE_WITHIN: Duration = Duration::from_millis(1_500);

/// What every command is given.
#[derive(Debug)]
pub(crate) struct Context {
    /// The global flags.
    pub(crate) global: Global,
    /// How to say things.
    pub(crate) output: Output,
}

impl Context {
    /// The configuration, judged, with its secrets.
    pub(crate) async fn settings(&self) -> Result<Settings> {
        Ok(self.configuration().await?.0)
    }

    /// The configuration, judged, with its secrets, and the file it stands in; `None` where the defaults hold.
    async fn configuration(&self) -> Result<(Settings, Option<PathBuf>)> {
        let (found, data) = (self.found()?, self.global.data.as_deref());
        let below = found.below();
        let judged = match SecretPlace::open(&found.file, data, below) {
            Ok(place) => {
                let fetched = Fetched::of(&found.file, &place).await;
                Settings::new(&found.file, data, below, Some(&fetched))
            }
            // All mistakes are told at once, those that have nothing to do with secrets too.
            Err(mut problems) => {
                if let Err(others) = Settings::new(&found.file, data, below, None) {
                    problems.join(others);
                }
                Err(problems)
            }
        };
        match judged {
            Ok(settings) => Ok((settings, found.path)),
            Err(problems) => Err(problems.into_error(found.path.as_deref())),
        }
    }

    /// Where secrets are kept.
    fn secret_place(&self) -> Result<SecretPlace> {
        let found = self.found()?;
        SecretPlace::open(&found.file, self.global.data.as_deref(), found.below())
            .map_err(|problems| problems.into_error(found.path.as_deref()))
    }

    /// The configuration as written.
    fn found(&self) -> Result<Found> {
        config::find(self.global.config.as_deref())
    }

    /// The configuration, judged, without its secrets.
    fn without_secrets(&self) -> Result<Settings> {
        let found = self.found()?;
        Settings::new(
            &found.file,
            self.global.data.as_deref(),
            found.below(),
            None,
        )
        .map_err(|problems| problems.into_error(found.path.as_deref()))
    }

    /// The configuration, and the data folder it names. Only a name typed with the command may be mistyped: the usual folder, or the
    /// configuration's, is empty before it is first used.
    pub(crate) fn folder(&self, missing: Missing) -> Result<(Settings, DataFolder)> {
        let settings = self.without_secrets()?;
        let folder = match (missing, &self.global.data) {
            (Missing::Refuse, Some(typed)) => DataFolder::existing(typed),
            _ => DataFolder::open(&settings.data, Purpose::Main),
        }?;
        Ok((settings, folder))
    }
}

/// Does what was typed.
pub(crate) fn run(cli: Cli) -> Result<()> {
    let context = Context {
        output: Output::new(cli.global.json, cli.global.quiet),
        global: cli.global,
    };
    match cli.command {
        Command::Completions { shell } => man::completions(&context.output, shell),
        Command::Man => man::man(&context.output),
        Command::Init(args) => init::init(&context, &args),
        Command::Bench(args) => block_on(crate::bench::bench(&context, &args)),
        Command::Demo(args) => block_on(demo::demo(&context, &args)),
        Command::Run(args) => block_on(run::run(&context, &args)),
        Command::Replay(args) => block_on(replay::replay(&context, &args)),
        other => {
            logging::start(&context.global, None)?;
            block_on(asking(&context, other))
        }
    }
}

/// The commands that ask the holder of a data folder, or become it for a moment.
async fn asking(context: &Context, command: Command) -> Result<()> {
    match command {
        Command::Check(_) => check::check(context).await,
        Command::Top(args) => top::top(context, &args).await,
        Command::Track(command) => track::track(context, command).await,
        Command::Tail(args) => tail::tail(context, &args).await,
        Command::Search(args) => posts::search(context, &args).await,
        Command::Export(args) => posts::export(context, &args).await,
        Command::Bill(args) => bill::bill(context, &args).await,
        Command::Gap(command) => gap::gap(context, command).await,
        Command::Auth(command) => auth::auth(context, command).await,
        Command::User(command) => user::user(context, command).await,
        Command::Dead(command) => dead::dead(context, command).await,
        Command::Spool(command) => spool::spool(context, command).await,
        Command::Store(command) => store::store(context, command).await,
        _ => unreachable!("the caller has taken the others"),
    }
}

fn block_on(work: impl Future<Output = Result<()>>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = runtime.context("starting the runtime")?;
    let outcome = runtime.block_on(async {
        let outcome = work.await;
        // A sign-in that is being renewed gets the time to be kept: else it would have to be made up for.
        let _ = tokio::time::timeout(SETTLE_WITHIN, bowerbird_connect::auth::settled()).await;
        outcome
    });
    // A task that waits for a disk or a reader must not keep the process from ending.
    runtime.shutdown_background();
    outcome
}
