//! Spans in which a service is not asked for what a track wants, though the connection is well: gaps that begin and end when somebody says so.

use std::collections::{BTreeMap, btree_map};

use crate::gap::Cause;
use crate::ids::{SourceName, TrackId};
use crate::spool::Entry;
use crate::store::StoreError;
use crate::time::Time;

use super::engine::{Engine, EngineError};
use super::gaps::GapChange;
use super::prepare::Prepared;
use super::writer;

/// Whom a span is of: a track on a source (`None`: all of the source's).
pub(super) type Whose = (SourceName, Option<TrackId>);

/// Spans of one cause that last.
#[derive(Debug)]
pub(super) struct Spans {
    cause: Cause,
    /// Since when, and why.
    lasting: BTreeMap<Whose, (Time, String)>,
}

impl Spans {
    /// Those that lasted when the last process ended.
    pub(super) async fn load(engine: &Engine, cause: Cause) -> Result<Self, StoreError> {
        let gaps = engine.parts.store.lasting(cause.family()).await?;
        let lasting = gaps
            .into_iter()
            .map(|gap| ((gap.source, gap.track), (gap.from, gap.reason)));
        Ok(Self {
            cause,
            lasting: lasting.collect(),
        })
    }

    /// Whose last, and why.
    pub(super) fn lasting(&self) -> impl Iterator<Item = (Whose, String)> {
        let all = self.lasting.iter();
        all.map(|(whose, (_, reason))| (whose.clone(), reason.clone()))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lasting.is_empty()
    }

    /// Notes who waits now, and why: what is new begins, what is no more ends. All of a source in one go.
    pub(super) async fn note(
        &mut self,
        engine: &Engine,
        waiting: BTreeMap<Whose, String>,
        now: Time,
    ) -> Result<(), EngineError> {
        let mut entries: BTreeMap<SourceName, Vec<Entry>> = BTreeMap::new();
        let mut write = |(source, track): &Whose, change: &GapChange| {
            let entry = writer::gap(source, *track, change);
            entries.entry(source.clone()).or_default().push(entry);
        };
        let cause = self.cause;
        let change = |from, until, reason| GapChange {
            from,
            until,
            cause,
            reason,
            lost: None,
        };
        let over = self
            .lasting
            .extract_if(.., |whose, _| !waiting.contains_key(whose));
        for (whose, (from, reason)) in over {
            write(&whose, &change(from, Some(now.max(from)), reason));
        }
        for (whose, reason) in waiting {
            if let btree_map::Entry::Vacant(new) = self.lasting.entry(whose) {
                write(new.key(), &change(now, None, reason.clone()));
                new.insert((now, reason));
            }
        }
        for (source, entries) in entries {
            let prepared = Prepared {
                entries,
                ..Prepared::default()
            };
            let writer = engine.writer(&source).await?;
            writer.append(prepared, None, |_| {}).await?;
        }
        Ok(())
    }
}
