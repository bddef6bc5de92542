//! Which spans a source can't promise: pure bookkeeping, told of every connection's beginning, bytes and end.
//!
//! A gap begins at the last byte and ends with the first after it. A source that replays from its cursor leaves none, unless the
//! cursor was lost; a bounded source has no time of its own and never has any.

use crate::gap::Cause;
use crate::source::{Lost, SourceError, SourceSpec};
use crate::time::Time;

/// A gap as it now stands: open, or with its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GapChange {
    pub(super) from: Time,
    pub(super) until: Option<Time>,
    pub(super) cause: Cause,
    pub(super) reason: String,
    pub(super) lost: Option<u64>,
}

/// Why there is a gap, and in which words that came.
pub(super) type Why<'w> = (Cause, &'w str);

/// What kind of end a source's error is.
pub(super) fn cause_of(error: &SourceError) -> Cause {
    match error {
        SourceError::CursorLost { .. } => Cause::CursorLost,
        SourceError::Slow { .. } => Cause::SlowReader,
        SourceError::Retry { .. } | SourceError::WaitUntil { .. } | SourceError::Stop { .. } => {
            Cause::Disconnect
        }
    }
}

/// The gaps of one source.
#[derive(Debug)]
pub(super) struct Gaps {
    records: bool,
    replays: bool,
    last_heard: Option<Time>,
    open: Option<(Time, Cause, String)>,
    /// Posts withheld on this connection so far, and when we were told.
    withheld: (u64, Option<Time>),
}

impl Gaps {
    /// A source that was last heard, by the spool's durable note, at `heard_at`.
    pub(super) fn new(spec: &SourceSpec, heard_at: Option<Time>) -> Self {
        Self {
            records: spec.endless,
            replays: spec.replays,
            last_heard: heard_at,
            open: None,
            withheld: (0, None),
        }
    }

    /// When something was last heard, as far as is known.
    pub(super) fn last_heard(&self) -> Option<Time> {
        self.last_heard
    }

    /// The process starts; it may not have run for a while.
    pub(super) fn started(&mut self) -> Option<GapChange> {
        self.disconnected((Cause::NotRunning, "bowerbird was not running"))
    }

    /// The connection ended, or went silent.
    pub(super) fn disconnected(&mut self, why: Why<'_>) -> Option<GapChange> {
        self.withheld = (0, None);
        if self.replays {
            return None;
        }
        self.opened(self.last_heard?, why)
    }

    /// The service no longer has what the cursor asks for. What was heard last may be later than that: a replay may have been far behind.
    pub(super) fn cursor_lost(&mut self, reason: &str, lost: &Lost) -> Option<GapChange> {
        let from = [lost.from, self.last_heard].into_iter().flatten().min()?;
        let Some((until, _)) = &lost.resume else {
            return self.opened(from, (Cause::CursorLost, reason));
        };
        (self.records && *until > from).then(|| GapChange {
            from,
            until: Some(*until),
            cause: Cause::CursorLost,
            reason: reason.to_owned(),
            lost: None,
        })
    }

    /// A gap that lasts until something is heard; none where one is open already.
    fn opened(&mut self, from: Time, (cause, reason): Why<'_>) -> Option<GapChange> {
        if !self.records {
            return None;
        }
        if self.open.is_some() {
            return None;
        }
        self.open = Some((from, cause, reason.to_owned()));
        Some(GapChange {
            from,
            until: None,
            cause,
            reason: reason.to_owned(),
            lost: None,
        })
    }

    /// A byte came, keep-alives included.
    pub(super) fn heard(&mut self, first: Time, last: Time) -> Option<GapChange> {
        self.last_heard = Some(last);
        let (from, cause, reason) = self.open.take()?;
        Some(GapChange {
            from,
            until: Some(first.max(from)),
            cause,
            reason,
            lost: None,
        })
    }

    /// The service says how many posts it has withheld on this connection so far.
    pub(super) fn limited(&mut self, at: Time, withheld: u64) -> Option<GapChange> {
        let (before, since) = std::mem::replace(&mut self.withheld, (withheld, Some(at)));
        let lost = withheld.saturating_sub(before);
        let from = since.or(self.last_heard).unwrap_or(at);
        let reason = "the service withheld posts beyond its limit".to_owned();
        (self.records && lost > 0).then_some(GapChange {
            from,
            until: Some(at),
            cause: Cause::Limit,
            reason,
            lost: Some(lost),
        })
    }
}

#[cfg(test)]
mod tests;
