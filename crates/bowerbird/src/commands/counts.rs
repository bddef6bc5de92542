//! The summary that `demo --for`, `replay` and `run` end with.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use crate::house::Tally;
use crate::output::{Output, thousands};

/// This run's counts, as one object. `read + carried = kept + unmatched + duplicate + refused + waiting`.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    /// Frames read.
    pub(super) read: u64,
    /// Posts written and other events applied.
    kept: u64,
    /// Dropped because no track matched.
    unmatched: u64,
    /// Events that were there.
    duplicate: u64,
    /// Dead letters.
    refused: u64,
    /// Read and not yet in the store; the next start goes on with them.
    waiting: u64,
    /// Taken over from an earlier run that ended before the store had them.
    carried: u64,
    /// A number per track.
    captures: BTreeMap<String, u64>,
    /// How long it took.
    seconds: f64,
}

impl Summary {
    /// What came between two moments.
    pub(crate) fn between(before: &Tally, after: &Tally, took: Duration) -> Self {
        let came = after.since(before);
        Self {
            read: came.counts.read,
            kept: came.counts.kept,
            unmatched: came.counts.unmatched,
            duplicate: came.counts.duplicate,
            refused: came.counts.refused,
            waiting: came.counts.waiting,
            carried: before.counts.waiting,
            captures: came.captures,
            seconds: (took.as_secs_f64() * 1_000.0).round() / 1_000.0,
        }
    }

    /// Prints it: one object for programs, lines for people.
    pub(crate) fn print(&self, output: &Output) -> Result<()> {
        if output.json {
            return output.value(self);
        }
        let named = [
            ("read", self.read),
            ("carried over", self.carried),
            ("kept", self.kept),
            ("unmatched", self.unmatched),
            ("duplicate", self.duplicate),
            ("refused", self.refused),
            ("waiting", self.waiting),
        ];
        let always = ["read", "kept"];
        for (name, count) in named
            .iter()
            .filter(|(name, count)| *count > 0 || always.contains(name))
        {
            output.line(format_args!("{name:<13}{:>15}", thousands(*count)))?;
        }
        for (track, count) in &self.captures {
            output.line(format_args!(
                "{:>28}  captured by {}",
                thousands(*count),
                crate::output::clean(track)
            ))?;
        }
        #[expect(clippy::cast_precision_loss, reason = "shown rounded")]
        let rate = self.read as f64 / self.seconds.max(0.001);
        output.talk(format_args!("in {:.1} s: {rate:.0} a second", self.seconds));
        if self.refused > 0 {
            output.talk("what was refused is a dead letter: `bowerbird dead ls` says why");
        }
        Ok(())
    }
}
