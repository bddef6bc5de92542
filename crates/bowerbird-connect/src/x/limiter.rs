//! How often X may be asked: one count of calls for each of X's windows, shared by all that use a credential. Pure but for its lock.
//!
//! X gives each endpoint a number of calls in a quarter of an hour and says with every answer how many are left. Before X has said anything of a window,
//! what it documents holds. A call takes its turn before it is made, so that no more are under way than are left, whoever makes them; where none is left,
//! it is not made, and the error says when it may be. What is done about that is the pipeline's.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bowerbird_core::source::SourceError;
use bowerbird_core::time::Time;
use reqwest::header::HeaderMap;

use super::problem;

/// How long a window of X is.
const WINDOW: Duration = Duration::from_secs(900);

/// What X counts the calls of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Endpoint {
    /// Connecting to the filtered stream.
    FilteredStream,
    /// Connecting to the sample of 1 %.
    SampleStream,
    /// Connecting to a half of the sample of 10 %.
    Sample10Stream,
    /// Connecting to what is to be forgotten of posts.
    PostComplianceStream,
    /// Connecting to what is to be forgotten of accounts.
    AccountComplianceStream,
    /// Listing its rules.
    ListRules,
    /// Adding and deleting its rules.
    ChangeRules,
    /// Counting posts.
    Counts,
    /// A page of recent search.
    RecentSearch,
    /// Looking accounts up.
    Accounts,
    /// A page of an account's timeline.
    Timeline,
    /// A page of the home timeline.
    Home,
    /// Asking who is signed in.
    Me,
    /// Connecting to the activity stream.
    ActivityStream,
    /// Listing its subscriptions.
    ListSubscriptions,
    /// Making and deleting its subscriptions.
    ChangeSubscriptions,
}

impl Endpoint {
    /// For a person: what is asked.
    fn name(self) -> &'static str {
        match self {
            Self::FilteredStream => "connecting to the filtered stream",
            Self::SampleStream | Self::Sample10Stream => "connecting to a sample stream",
            Self::PostComplianceStream | Self::AccountComplianceStream => {
                "connecting to a compliance stream"
            }
            Self::ListRules => "listing rules",
            Self::ChangeRules => "changing rules",
            Self::Counts => "counting posts",
            Self::RecentSearch => "recent search",
            Self::Accounts => "looking accounts up",
            Self::Timeline => "timelines",
            Self::Home => "the home timeline",
            Self::Me => "asking who is signed in",
            Self::ActivityStream => "connecting to the activity stream",
            Self::ListSubscriptions => "listing subscriptions",
            Self::ChangeSubscriptions => "changing subscriptions",
        }
    }

    /// How many calls a window has, as X documents for an app.
    fn documented(self) -> usize {
        match self {
            Self::FilteredStream | Self::SampleStream => 50,
            Self::ListRules | Self::RecentSearch | Self::ActivityStream => 450,
            Self::ListSubscriptions | Self::ChangeSubscriptions => 500,
            Self::Timeline => 10_000,
            Self::Home => 180,
            Self::Me => 75,
            Self::ChangeRules
            | Self::Sample10Stream
            | Self::PostComplianceStream
            | Self::AccountComplianceStream => 100,
            Self::Counts | Self::Accounts => 300,
        }
    }

    /// Does X hold such a call open? Then it answers 429 also where a connection is too many, which says nothing of the window.
    fn is_stream(self) -> bool {
        matches!(
            self,
            Self::FilteredStream
                | Self::ActivityStream
                | Self::SampleStream
                | Self::Sample10Stream
                | Self::PostComplianceStream
                | Self::AccountComplianceStream
        )
    }
}

/// The calls of one credential. Share it among all that use the credential.
#[derive(Debug, Default)]
pub struct Limiter {
    windows: Mutex<HashMap<Endpoint, Window>>,
}

/// What is left of a window.
#[derive(Debug, Clone, Copy)]
struct Window {
    /// How many calls may still be begun.
    left: usize,
    until: Time,
    /// Has X said so, or do we count by what it documents?
    is_told: bool,
    in_flight: usize,
    /// Calls of this window that nobody answered: X may have counted them, whatever it said before.
    lost: usize,
}

/// The right to make one call, taken from its window whatever becomes of it.
#[derive(Debug)]
pub(super) struct Turn {
    limiter: Arc<Limiter>,
    endpoint: Endpoint,
    is_answered: bool,
}

impl Limiter {
    /// The right to make a call now; else when one may be made.
    pub(super) fn turn(
        self: &Arc<Self>,
        endpoint: Endpoint,
        now: Time,
    ) -> Result<Turn, SourceError> {
        let mut windows = self.lock();
        let window = window(&mut windows, endpoint, now);
        if window.left == 0 {
            let reason = format!("X's rate limit for {} is used up", endpoint.name());
            return Err(SourceError::WaitUntil {
                at: window.until,
                reason,
            });
        }
        window.left -= 1;
        window.in_flight += 1;
        Ok(Turn {
            limiter: Arc::clone(self),
            endpoint,
            is_answered: false,
        })
    }

    /// That so many calls can follow one another now; else when they can.
    pub(super) fn has_room(
        &self,
        endpoint: Endpoint,
        calls: usize,
        now: Time,
    ) -> Result<(), SourceError> {
        let mut windows = self.lock();
        let window = window(&mut windows, endpoint, now);
        if window.left >= calls {
            return Ok(());
        }
        let (left, name) = (window.left, endpoint.name());
        Err(SourceError::WaitUntil {
            at: window.until,
            reason: format!(
                "X's rate limit leaves {left} calls for {name}, and {calls} must follow one another"
            ),
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Endpoint, Window>> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The window of an endpoint as of now; a new one where it is over.
fn window(windows: &mut HashMap<Endpoint, Window>, endpoint: Endpoint, now: Time) -> &mut Window {
    let new = |in_flight: usize| Window {
        left: endpoint.documented().saturating_sub(in_flight),
        until: now.plus(WINDOW),
        is_told: false,
        in_flight,
        lost: 0,
    };
    let window = windows.entry(endpoint).or_insert_with(|| new(0));
    if window.until <= now {
        *window = new(window.in_flight);
    }
    window
}

impl Turn {
    /// Takes up what X said of the window with its answer.
    pub(super) fn answered(mut self, status: u16, headers: &HeaderMap, now: Time) {
        self.is_answered = true;
        let text = |name: &str| headers.get(name)?.to_str().ok();
        let until = problem::until(text("x-rate-limit-reset"), now);
        let left = text("x-rate-limit-remaining").and_then(|left| left.trim().parse().ok());
        let is_refused = status == 429 && !self.endpoint.is_stream();
        let left = if is_refused { Some(0) } else { left };
        if let (Some(left), Some(until)) = (left, until) {
            let mut windows = self.limiter.lock();
            let window = window(&mut windows, self.endpoint, now);
            window.take_up(left, until);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(window) = self.limiter.lock().get_mut(&self.endpoint) {
            window.in_flight = window.in_flight.saturating_sub(1);
            window.lost += usize::from(!self.is_answered);
        }
    }
}

impl Window {
    /// X says that so many calls are left. It may not have counted yet what is under way beside the call that it answers, or was lost.
    fn take_up(&mut self, left: usize, until: Time) {
        let others = self.in_flight.saturating_sub(1) + self.lost;
        let left = left.saturating_sub(others);
        let is_known = self.is_told && self.until == until;
        // Answers may come in another order than they were given.
        self.left = if is_known { self.left.min(left) } else { left };
        self.until = until;
        self.is_told = true;
    }
}

#[cfg(test)]
mod tests;
