//! Is there money to ask X? For sources that no single track pays for: a spent budget of the source closes them.

use std::sync::Arc;
use std::time::Duration;

use bowerbird_core::bill::{AllWithheld, Held};
use bowerbird_core::ids::SourceName;
use bowerbird_core::source::SourceError;
use bowerbird_core::time::Time;
use tokio::sync::watch;

/// A budget that is spent for good is looked at again after this: somebody may have raised it.
pub(super) const LOOK_AGAIN: Duration = Duration::from_secs(3_600);

/// What a source's budget says.
#[derive(Debug, Clone)]
pub(super) struct Purse {
    pub(super) source: SourceName,
    pub(super) withheld: watch::Receiver<Arc<AllWithheld>>,
}

impl Purse {
    /// That X may be asked now; else when.
    pub(super) fn check(&self, now: Time) -> Result<(), SourceError> {
        match self.held() {
            None => Ok(()),
            Some(held) => Err(wait(&held, now)),
        }
    }

    /// Waits until nothing may be asked for any more; why.
    pub(super) async fn spent(mut self) -> Option<String> {
        loop {
            if let Some(held) = self.held() {
                return Some(held.reason);
            }
            if self.withheld.changed().await.is_err() {
                // Where nobody looks after budgets, none is ever spent.
                return std::future::pending().await;
            }
        }
    }

    fn held(&self) -> Option<Held> {
        let withheld = self.withheld.borrow();
        withheld.get(&self.source)?.all.clone()
    }
}

/// Until there is money again, or somebody may have raised the limit.
pub(super) fn wait(held: &Held, now: Time) -> SourceError {
    SourceError::WaitUntil {
        at: held.until.unwrap_or(now.plus(LOOK_AGAIN)),
        reason: held.reason.clone(),
    }
}
