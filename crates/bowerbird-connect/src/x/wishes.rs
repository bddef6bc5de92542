//! What is wanted of X as time goes on: the tracks, who of them must wait as a budget is spent, and when either changes.

use std::sync::Arc;

use bowerbird_core::bill::{AllWithheld, Withheld};
use bowerbird_core::ids::SourceName;
use bowerbird_core::time::Time;
use bowerbird_core::track::Track;
use tokio::sync::watch;

use super::slots::changes_at;

/// Where one source learns what is wanted of it.
#[derive(Debug, Clone)]
pub(super) struct Wishes {
    pub(super) source: SourceName,
    pub(super) tracks: watch::Receiver<Arc<Vec<Track>>>,
    pub(super) withheld: watch::Receiver<Arc<AllWithheld>>,
    /// When time alone changes what was last taken up.
    pub(super) turn: Option<Time>,
}

/// What is wanted now.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub(super) tracks: Arc<Vec<Track>>,
    pub(super) withheld: Withheld,
    pub(super) now: Time,
}

impl Wishes {
    pub(super) fn new(
        source: SourceName,
        tracks: watch::Receiver<Arc<Vec<Track>>>,
        withheld: watch::Receiver<Arc<AllWithheld>>,
    ) -> Self {
        Self {
            source,
            tracks,
            withheld,
            turn: None,
        }
    }

    /// What is wanted as of `now`; from here on, only what comes later is a change.
    pub(super) fn take_up(&mut self, now: Time) -> Wish {
        let tracks = Arc::clone(&self.tracks.borrow_and_update());
        let of_source = self.withheld.borrow_and_update().get(&self.source).cloned();
        // Whatever becomes of it: a turn that has been must not come again at once.
        self.turn = changes_at(&tracks, &self.source, now);
        Wish {
            tracks,
            withheld: of_source.unwrap_or_default(),
            now,
        }
    }

    /// Waits until something else is wanted; `false` if nothing else ever will be.
    pub(super) async fn changed(&mut self) -> bool {
        let turn = self.turn;
        let turn = async {
            match turn {
                Some(at) => tokio::time::sleep(at.since(Time::now())).await,
                None => std::future::pending().await,
            }
        };
        let withheld = async {
            // Where nobody looks after budgets, none is ever spent.
            if self.withheld.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            changed = self.tracks.changed() => changed.is_ok(),
            () = withheld => true,
            () = turn => true,
        }
    }
}
