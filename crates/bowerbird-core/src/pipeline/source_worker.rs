//! One source, run: open, read, prepare, append; on trouble note the gap, pause, and open again.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::gap::Cause;
use crate::ids::Cursor;
use crate::source::{Connection, Ladder, Source, SourceError};
use crate::status::{SourceStatus, WorkerState};
use crate::time::Time;

use super::backoff::pause;
use super::engine::{Engine, EngineError};
use super::gaps::{GapChange, Gaps, cause_of};
use super::in_flight::InFlight;
use super::news::News;
use super::prepare::Prepared;
use super::writer::{self, Writer};

/// How far a source that can wait may run ahead of the store: within what the spool still holds in memory.
pub(super) const AHEAD: u64 = 6_000;
/// A connection that lived this long was a good one: the next failure starts its ladder anew. Shorter, and two programs
/// that cut each other's connection would do so for ever.
const GOOD_CONNECTION: Duration = Duration::from_secs(30);
/// A connection that ends this long after the spool was full at the latest ended for that: by then a service has seen that nobody read.
const SHED_WITHIN: Duration = Duration::from_secs(60);
/// Keep-alives make *last heard* durable no more often than this.
const HEARD_EVERY: Duration = Duration::from_secs(5);

/// Runs one source until it ends, stops for good, or is told to stop.
pub(super) struct SourceWorker {
    engine: Arc<Engine>,
    connection: Connection,
    writer: Arc<Writer>,
    gaps: Gaps,
    cursor: Option<Cursor>,
    failed: u32,
    news: News,
    heard_durably: Option<Time>,
    /// When the spool was last seen full.
    held: Mutex<Option<Instant>>,
    stop: watch::Receiver<bool>,
}

/// How reading one connection ended.
enum ReadEnd {
    /// A bounded source is read to its end.
    Finished,
    /// We were told to stop.
    Told,
    /// The connection failed, or was given up.
    Failed(SourceError, Cause),
}

impl SourceWorker {
    /// Becomes the source's one holder.
    pub(super) async fn new(
        engine: Arc<Engine>,
        connection: Connection,
        stop: watch::Receiver<bool>,
    ) -> Result<Self, EngineError> {
        let (writer, state) = engine.take_writer(&connection.spec.name).await?;
        let gaps = Gaps::new(&connection.spec, state.heard_at);
        let (cursor, heard_durably) = (state.cursor, state.heard_at);
        Ok(Self {
            engine,
            connection,
            writer,
            gaps,
            cursor,
            failed: 0,
            news: News::default(),
            heard_durably,
            held: Mutex::default(),
            stop,
        })
    }

    /// The source's whole life in this process.
    pub(super) async fn run(mut self) -> Result<(), EngineError> {
        let change = self.gaps.started();
        self.note_gap(change).await?;
        let name = self.connection.spec.name.clone();
        let engine = Arc::clone(&self.engine);
        tokio::select! {
            known = engine.bill_is_whole(&name) => known?,
            () = told_to_stop(&self.stop) => return Ok(()),
        }
        loop {
            self.status(WorkerState::Connecting, "");
            let end = match self.open().await {
                Some(Ok(source)) => self.read(source).await?,
                Some(Err(error)) => failed(error),
                None => ReadEnd::Told,
            };
            match end {
                ReadEnd::Finished => {
                    self.status(WorkerState::Ended, "");
                    return Ok(());
                }
                ReadEnd::Told => return self.note_heard().await,
                ReadEnd::Failed(error, cause) => {
                    self.failed += 1;
                    if !self.recover(error, cause).await? {
                        return Ok(());
                    }
                }
            }
        }
    }

    async fn open(&mut self) -> Option<Result<Box<dyn Source>, SourceError>> {
        let opening = (self.connection.open)(self.cursor.clone());
        let told = told_to_stop(&self.stop);
        tokio::select! {
            opened = opening => Some(opened),
            () = told => None,
        }
    }

    /// Reads until the connection ends one way or another; everything read before is durable when this returns.
    async fn read(&mut self, mut source: Box<dyn Source>) -> Result<ReadEnd, EngineError> {
        let opened_at = Instant::now();
        let mut in_flight = InFlight::default();
        let end = loop {
            let may_read = in_flight.has_room() && !self.is_ahead();
            tokio::select! {
                biased;
                () = told_to_stop(&self.stop) => break ReadEnd::Told,
                prepared = in_flight.next(), if !in_flight.is_empty() => {
                    let (prepared, cursor) = prepared?;
                    self.append(prepared, cursor).await?;
                }
                batch = source.next_batch(), if may_read => match batch {
                    Ok(Some(batch)) => {
                        let preparing = self.engine.prepare(&self.connection.spec, batch.frames, None);
                        in_flight.push(preparing, batch.cursor);
                    }
                    Ok(None) => break ReadEnd::Finished,
                    Err(error) => break failed(error),
                },
                stalled = self.stall(), if may_read => break ReadEnd::Failed(stalled, Cause::Stall),
                () = self.store_moved(), if !may_read && in_flight.is_empty() => {}
            }
        };
        while !in_flight.is_empty() {
            let (prepared, cursor) = in_flight.next().await?;
            self.append(prepared, cursor).await?;
        }
        if opened_at.elapsed() >= GOOD_CONNECTION {
            self.failed = 0;
        }
        Ok(end)
    }

    /// Says so when nothing has come for too long; never, where silence means nothing. Only time in which we listen counts: each
    /// turn of the loop begins anew.
    async fn stall(&self) -> SourceError {
        let Some(after) = self.connection.spec.stall_after else {
            return std::future::pending().await;
        };
        tokio::time::sleep(after).await;
        let after = after.as_secs();
        SourceError::Retry {
            ladder: Ladder::Network,
            reason: format!("nothing came for {after} s, not even a keep-alive"),
        }
    }

    async fn append(
        &mut self,
        mut prepared: Prepared,
        cursor: Option<Cursor>,
    ) -> Result<(), EngineError> {
        if let (Some(first), Some(last)) = (prepared.first_at, prepared.heard_at) {
            self.status(WorkerState::Live, "");
            let limits = std::mem::take(&mut prepared.limits);
            let limited = limits
                .into_iter()
                .filter_map(|(at, n)| self.gaps.limited(at, n));
            let mut changes: Vec<GapChange> = limited.collect();
            changes.extend(self.gaps.heard(first, last));
            let gaps = changes.iter().map(|change| self.gap_entry(change));
            prepared.entries.extend(gaps);
            if prepared.read == 0 && prepared.entries.is_empty() && !self.is_worth_noting(last) {
                return Ok(());
            }
            self.heard_durably = Some(last);
        }
        self.writer
            .append(prepared, cursor.clone(), |why| self.held(why))
            .await?;
        if cursor.is_some() {
            self.cursor = cursor;
        }
        Ok(())
    }

    fn is_worth_noting(&self, heard: Time) -> bool {
        self.heard_durably
            .is_none_or(|noted| heard.since(noted) >= HEARD_EVERY)
    }

    /// Notes the gap and waits as the error asks; `false` if the source is not to be opened again.
    async fn recover(&mut self, error: SourceError, cause: Cause) -> Result<bool, EngineError> {
        let reason = error.to_string();
        let was_held = self
            .lock_held()
            .take()
            .is_some_and(|at| at.elapsed() < SHED_WITHIN);
        let change = match &error {
            SourceError::CursorLost { lost, .. } => self.gaps.cursor_lost(&reason, lost),
            _ if was_held => {
                let shed = format!("the spool was full and nothing was read; then: {reason}");
                self.gaps.disconnected((Cause::Shedding, &shed))
            }
            _ => self.gaps.disconnected((cause, &reason)),
        };
        self.note_gap(change).await?;
        let source = self.connection.spec.name.as_str();
        // Whatever a service says, attempts in a row come ever more slowly.
        let at_least = pause(Ladder::Network, self.failed);
        let wait = match error {
            SourceError::Stop { .. } => {
                tracing::error!(
                    source.name = source,
                    reason,
                    "The source stopped; a person must look"
                );
                self.status(WorkerState::Stopped, &reason);
                return Ok(false);
            }
            SourceError::CursorLost { lost, .. } => {
                self.cursor = lost.resume.map(|(_, cursor)| cursor);
                at_least
            }
            SourceError::Slow { .. } => at_least,
            SourceError::Retry { ladder, .. } => pause(ladder, self.failed),
            SourceError::WaitUntil { at, .. } => at.since(Time::now()).max(at_least),
        };
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        if self.news.is_news(self.failed, &reason) {
            tracing::warn!(
                source.name = source,
                reason,
                wait_ms,
                attempts = self.failed,
                "The source's connection ended; opening another"
            );
        }
        self.status(
            WorkerState::Waiting,
            &format!("{reason}; next attempt at {}", Time::now().plus(wait)),
        );
        tokio::select! {
            () = tokio::time::sleep(wait) => Ok(true),
            () = told_to_stop(&self.stop) => Ok(false),
        }
    }

    /// Makes durable when something was last heard, so that the gap until the next start begins there.
    async fn note_heard(&mut self) -> Result<(), EngineError> {
        let heard_at = self.gaps.last_heard();
        if heard_at <= self.heard_durably {
            return Ok(());
        }
        let prepared = Prepared {
            heard_at,
            ..Prepared::default()
        };
        self.heard_durably = heard_at;
        self.writer
            .append(prepared, None, |why| self.held(why))
            .await?;
        Ok(())
    }

    async fn note_gap(&mut self, change: Option<GapChange>) -> Result<(), EngineError> {
        let Some(change) = change else { return Ok(()) };
        let prepared = Prepared {
            entries: vec![self.gap_entry(&change)],
            // Or a start after a crash would know of an earlier moment only, and begin another gap there.
            heard_at: self.gaps.last_heard(),
            ..Prepared::default()
        };
        self.heard_durably = prepared.heard_at;
        self.writer
            .append(prepared, None, |why| self.held(why))
            .await?;
        Ok(())
    }

    fn gap_entry(&self, change: &GapChange) -> crate::spool::Entry {
        writer::gap(&self.connection.spec.name, None, change)
    }

    /// Has a source that can wait run too far ahead of the store? A live stream can't wait: what it can't hold is a gap.
    fn is_ahead(&self) -> bool {
        let spec = &self.connection.spec;
        let can_wait = !spec.endless || spec.replays;
        let written = *self.engine.store_position.borrow();
        can_wait
            && self
                .writer
                .end
                .load(Ordering::Relaxed)
                .saturating_sub(written)
                > AHEAD
    }

    async fn store_moved(&self) {
        let mut position = self.engine.store_position.subscribe();
        if self.is_ahead() && position.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Nothing can be read now.
    fn held(&self, why: &str) {
        *self.lock_held() = Some(Instant::now());
        self.status(WorkerState::Held, why);
    }

    fn lock_held(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn status(&self, state: WorkerState, detail: &str) {
        self.engine.parts.status.set(SourceStatus {
            source: self.connection.spec.name.clone(),
            service: self.connection.spec.service.clone(),
            state,
            detail: detail.to_owned(),
            since: Time::now(),
            attempts: match state {
                WorkerState::Live => 0,
                _ => self.failed,
            },
        });
    }
}

fn failed(error: SourceError) -> ReadEnd {
    let cause = cause_of(&error);
    ReadEnd::Failed(error, cause)
}

/// Returns when `stop` says so, or when whoever could say so is gone.
async fn told_to_stop(stop: &watch::Receiver<bool>) {
    let mut stop = stop.clone();
    // An error means that the sender is gone: nobody is left to run for.
    let _ = stop.wait_for(|stop| *stop).await;
}

#[cfg(test)]
mod tests;
