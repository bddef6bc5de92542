//! Ctrl-C and SIGTERM: the first asks everything to end well, the second ends it at once.

use anyhow::{Context, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// The exit code of a process that was interrupted, as shells give it.
const INTERRUPTED: i32 = 130;

/// Listens from now on; the value becomes true with the first signal, and with [`Stop::ask`].
pub(crate) fn listen() -> Result<Stop> {
    let interrupt = signal(SignalKind::interrupt()).context("listening for Ctrl-C")?;
    let terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let stop = Stop(watch::Sender::new(false));
    tokio::spawn(wait(interrupt, terminate, stop.clone()));
    Ok(stop)
}

/// Asks everything to end.
#[derive(Debug, Clone)]
pub(crate) struct Stop(watch::Sender<bool>);

impl Stop {
    /// Asks.
    pub(crate) fn ask(&self) {
        self.0.send_replace(true);
    }

    /// What to watch.
    pub(crate) fn watch(&self) -> watch::Receiver<bool> {
        self.0.subscribe()
    }

    /// Waits until someone asked.
    pub(crate) async fn asked(&self) {
        let mut watch = self.watch();
        // An error means that nobody is left who could ask; we are, so it can't be.
        let _ = watch.wait_for(|asked| *asked).await;
    }
}

async fn wait(mut interrupt: Signal, mut terminate: Signal, stop: Stop) {
    let mut asked = false;
    loop {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        if asked {
            std::process::exit(INTERRUPTED);
        }
        asked = true;
        stop.ask();
    }
}
