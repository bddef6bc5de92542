//! What is wanted of X as time goes on: the tracks, who of them must wait as a budget is spent, and when either changes.

use std::sync::Arc;
use std::time::Duration;

use bowerbird_core::bill::{AllWithheld, Withheld};
use bowerbird_core::ids::SourceName;
use bowerbird_core::time::Time;
use bowerbird_core::track::Track;
use tokio::sync::watch;

use super::slots::{changes_at, in_order};

/// X is looked at again after this at the latest: others may change the app's rules, and one listing costs nothing.
const LOOK_AGAIN: Duration = Duration::from_secs(3_600);

/// Where one source learns what is wanted of it.
#[derive(Debug, Clone)]
pub(super) struct Wishes {
    pub(super) source: SourceName,
    pub(super) tracks: watch::Receiver<Arc<Vec<Track>>>,
    pub(super) withheld: watch::Receiver<Arc<AllWithheld>>,
    /// When time alone changes what was last taken up, or what X has is to be looked at again.
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
        let look_again = now.plus(LOOK_AGAIN);
        let turn = changes_at(&tracks, &self.source, now);
        self.turn = Some(turn.map_or(look_again, |turn| turn.min(look_again)));
        Wish {
            tracks,
            withheld: of_source.unwrap_or_default(),
            now,
        }
    }

    /// Looks at X again after this at the latest.
    pub(super) fn look_again_within(&mut self, span: Duration) {
        let at = Time::now().plus(span);
        self.turn = Some(self.turn.map_or(at, |turn| turn.min(at)));
    }

    /// Waits until nothing may be asked for. What changes meanwhile still counts as a change.
    pub(super) async fn nothing_to_ask(&self) {
        let mut watched = self.clone();
        while watched.take_up(Time::now()).idle(&self.source).is_none() {
            if !watched.changed().await {
                return std::future::pending().await;
            }
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

impl Wish {
    /// Why nothing may be asked for now; `None` if some track asks for something, and there is money for it.
    pub(super) fn idle(&self, source: &SourceName) -> Option<String> {
        if let Some(held) = &self.withheld.all {
            return Some(held.reason.clone());
        }
        let asking = in_order(&self.tracks, source, self.now);
        let mut held = asking.iter().map(|track| self.withheld.get(track.id));
        match held.next() {
            None => Some("no track needs a rule at X".to_owned()),
            Some(None) => None,
            Some(Some(first)) => held
                .all(|held| held.is_some())
                .then(|| first.reason.clone()),
        }
    }
}

#[cfg(test)]
mod tests;
