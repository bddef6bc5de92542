//! What X's filtered stream needs to know, and what it lets others know.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bowerbird_core::bill::{AllWithheld, LiveBills, Money, Prices};
use bowerbird_core::plan::LeftOut;
use bowerbird_core::rules::XLimits;
use secrecy::SecretString;
use serde::Serialize;
use tokio::sync::watch;

use super::activity::XActivity;
use super::limiter::Limiter;
use super::standing::Standing;
use super::timelines::XTimelines;
use crate::auth::Access;

/// X itself.
pub const X_BASE_URL: &str = "https://api.x.com";
/// How many rules the plan that is paid per use allows.
pub const X_MAX_RULES: usize = 1_000;

/// What X took when this was built (the rate card of its pay-per-use plan, August 2026).
pub const X_PRICES: Prices = Prices {
    post: Money(5_000),
    account: Money(10_000),
    counts: Money(5_000),
};

/// What of X is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum XFeed {
    /// The stream of what rules match.
    Filtered,
    /// A sample of 1 % of all posts.
    Sample,
    /// Half of a sample of 10 %.
    Sample10 {
        /// Which half: 1 or 2.
        partition: u8,
    },
    /// What is to be forgotten or hidden of posts: a quarter of it.
    PostCompliance {
        /// Which quarter: 1 to 4.
        partition: u8,
    },
    /// What is to be forgotten or hidden of accounts: a quarter of it.
    AccountCompliance {
        /// Which quarter: 1 to 4.
        partition: u8,
    },
    /// What named accounts do.
    Activity(XActivity),
    /// What named accounts post, asked for again and again.
    Timelines(XTimelines),
    /// What those post whom the signed-in user follows, asked for again and again.
    Home {
        /// How long between two looks.
        every: Duration,
    },
}

/// How to read X. Its `Debug` does not show the token.
#[derive(Debug, Clone)]
pub struct XConfig {
    /// What signs requests: the app-only bearer token, or, for what only a user may read, a sign-in.
    pub access: Access,
    /// X's address; another only to speak to a stand-in on this machine.
    pub base_url: String,
    /// What is read of it.
    pub feed: XFeed,
    /// How many minutes of what was missed our plan lets us ask for again; 0 for none.
    pub backfill_minutes: u8,
    /// How many rules our plan allows.
    pub max_rules: usize,
    /// What our plan allows in a rule.
    pub limits: XLimits,
    /// How many characters a question to X's search may have in our plan.
    pub max_query_chars: usize,
    /// Where the source notes which tracks X listens for; keep a clone to watch.
    pub status: Arc<XStatus>,
    /// Counts the calls made with this token: one for all that use it.
    pub limiter: Arc<Limiter>,
    /// Says which tracks must wait as a budget is spent.
    pub withheld: watch::Receiver<Arc<AllWithheld>>,
}

impl XConfig {
    /// X itself, on the plan that is paid per use, where nobody looks after budgets.
    pub fn new(bearer: SecretString) -> Self {
        Self::with(Access::Bearer(bearer))
    }

    /// The same with whatever signs requests.
    pub fn with(access: Access) -> Self {
        Self {
            access,
            base_url: X_BASE_URL.to_owned(),
            feed: XFeed::Filtered,
            backfill_minutes: 0,
            max_rules: X_MAX_RULES,
            limits: XLimits::STREAM,
            max_query_chars: XLimits::SEARCH.max_chars,
            status: Arc::default(),
            limiter: Arc::default(),
            withheld: LiveBills::default().withheld(),
        }
    }
}

/// Which tracks X listens for, as last reconciled, and what is known of the rules there.
#[derive(Debug, Default)]
pub struct XStatus {
    report: Mutex<XReport>,
    standing: Mutex<Standing>,
}

/// What is known of our rules at X.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct XReport {
    /// Rules of ours in force.
    pub in_force: usize,
    /// Rules that others hold on the same app.
    pub foreign: usize,
    /// Tracks that X does not listen for, and why.
    pub left_out: Vec<LeftOut>,
    /// Why the rules could not be brought up to date; empty when all is well.
    pub problem: String,
}

impl XStatus {
    /// What is known now.
    pub fn report(&self) -> XReport {
        self.report
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn set(&self, report: XReport) {
        for left_out in &report.left_out {
            tracing::debug!(track.id = %left_out.track, reason = left_out.reason, "X does not listen for a track");
        }
        *self.report.lock().unwrap_or_else(PoisonError::into_inner) = report;
    }

    /// What is known of the rules at X.
    pub(super) fn standing(&self) -> Standing {
        self.lock_standing().clone()
    }

    pub(super) fn set_standing(&self, standing: Standing) {
        *self.lock_standing() = standing;
    }

    fn lock_standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_problem(&self, problem: &str) {
        self.report
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .problem = problem.to_owned();
    }
}
