//! Writing a batch of the store's lane: records to rows, in one transaction with the lane's position and the counts.
//!
//! What each kind of event does is in the folder beside: posts in `post`, what is to be forgotten in `erase`, accounts in
//! `account`, what could not be handled in `letter`. They share a [`Batch`].

use bowerbird_core::event::{Body, Event};
use bowerbird_core::raw::RawCodec;
use bowerbird_core::record::{Content, Record, RecordError};
use bowerbird_core::store::{StoreError, Written};
use bytes::Bytes;
use rusqlite::{CachedStatement, Connection, Transaction, TransactionBehavior, params};

use super::bills;
use super::connection::{failed, set_secure_delete};
use super::index::IndexQueue;
use super::known::Known;
use super::tally::{Outcome, Tally};
use ahead::{ReadRecord, TextWords};

mod account;
mod ahead;
mod alias;
mod between;
mod content;
mod erase;
mod inside;
mod letter;
mod post;

pub(super) use alias::meant_by;
pub(super) use content::{Existing, find, find_number};

/// One transaction's work.
pub(super) struct Batch<'w> {
    pub(super) connection: &'w Connection,
    pub(super) known: &'w mut Known,
    pub(super) tally: Tally,
    pub(super) index: IndexQueue,
    text_index: bool,
    codec: &'w RawCodec,
    hot: Hot<'w>,
    /// Something was taken out: see [`Batch::take_out`].
    erased: bool,
    /// When the last record that could be read was received.
    latest: i64,
    /// The words of the present record's texts, where they were cut ahead.
    words: Vec<TextWords>,
}

/// Statements that run for almost every post, held ready for the length of a batch.
struct Hot<'w> {
    insert_post: CachedStatement<'w>,
    insert_raw: CachedStatement<'w>,
    insert_capture: CachedStatement<'w>,
    insert_relationship: CachedStatement<'w>,
    insert_account: CachedStatement<'w>,
}

/// Through which source, and when, what is being written came.
#[derive(Debug, Clone, Copy)]
struct Arrival {
    source: i64,
    received_at: i64,
}

impl<'w> Batch<'w> {
    fn new(
        connection: &'w Connection,
        known: &'w mut Known,
        codec: &'w RawCodec,
        text_index: bool,
    ) -> rusqlite::Result<Self> {
        let hot = Hot {
            insert_post: connection.prepare_cached(include_str!("sql/insert_post.sql"))?,
            insert_raw: connection
                .prepare_cached("INSERT INTO post_raw (post, raw) VALUES (?1, ?2)")?,
            insert_capture: connection.prepare_cached(
                "INSERT INTO capture (post, track, rule_version, received_at, backfilled)
                 VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
            )?,
            insert_relationship: connection.prepare_cached(
                "INSERT INTO post_relationship (target, kind, post, carried)
                 VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            )?,
            insert_account: connection.prepare_cached(include_str!("sql/insert_account.sql"))?,
        };
        Ok(Self {
            connection,
            known,
            tally: Tally::default(),
            index: IndexQueue::default(),
            text_index,
            codec,
            hot,
            erased: false,
            latest: 0,
            words: Vec::new(),
        })
    }

    /// Writes what was held back for the end.
    fn finish(mut self) -> rusqlite::Result<Written> {
        self.index.flush(self.connection)?;
        self.tally.flush(self.connection)?;
        self.known.flush(self.connection)?;
        if !self.text_index {
            self.connection
                .prepare_cached("UPDATE meta SET value = 1 WHERE key = 'unindexed' AND value = 0")?
                .execute([])?;
        }
        Ok(self.tally.written)
    }

    /// Called before anything is removed: from here to the end of the batch, pages that become free are overwritten too.
    fn take_out(&mut self) -> rusqlite::Result<()> {
        if !self.erased {
            self.erased = true;
            set_secure_delete(self.connection, "ON")?;
        }
        Ok(())
    }

    fn record(&mut self, read: ReadRecord<'_>) -> Result<(), StoreError> {
        self.words = read.words;
        match read.record {
            Ok(record) => self.content(&record).map_err(failed),
            Err(newer @ RecordError::Newer(_)) => Err(StoreError::Newer(newer.to_string())),
            Err(damaged) => {
                let source = self.known.source(self.connection, "unknown");
                source
                    .and_then(|source| self.unreadable(source, &damaged.to_string(), read.bytes))
                    .map_err(failed)
            }
        }
    }

    fn content(&mut self, record: &Record<'_>) -> rusqlite::Result<()> {
        let source = self.known.source(self.connection, &record.source)?;
        let arrival = Arrival {
            source,
            received_at: record.received_at.0,
        };
        self.latest = arrival.received_at;
        self.tally.heard(source, arrival.received_at);
        match &record.content {
            Content::Event {
                event,
                captures,
                raw,
                repairs,
            } => {
                let outcome = match &event.body {
                    Body::Post(post) => {
                        let edited = !post.supersedes.is_empty();
                        self.post(arrival, event, post, edited, captures, raw)?
                    }
                    Body::Edit(post) => self.post(arrival, event, post, true, captures, raw)?,
                    _ => self.other(arrival, event)?,
                };
                if outcome == Outcome::Kept && event.post().is_some() {
                    self.tally.came(source, arrival.received_at, *repairs);
                }
                self.tally.end(source, outcome);
                Ok(())
            }
            Content::Refused { reason, raw } => self.refused(arrival, reason, raw),
            Content::Gap {
                track,
                from,
                until,
                cause,
                reason,
                lost,
            } => self
                .connection
                .prepare_cached(include_str!("sql/upsert_gap.sql"))?
                .execute(params![
                    source,
                    track.map_or(0, |track| track.0),
                    cause.family() as u8,
                    cause.name(),
                    from.0,
                    until.map(|time| time.0),
                    reason,
                    lost
                ])
                .map(drop),
            Content::UncaughtEdit { event, raw } => self.uncaught_edit(arrival, event, raw),
            Content::Aliases { service, aliases } => self.aliases(arrival, service, aliases),
            Content::Charge(charge) => {
                self.tally.written.charged = true;
                bills::enter(self.connection, source, record.received_at.day(), charge)
            }
            Content::Buried {
                lane,
                reason,
                record,
            } => self.buried(arrival, lane, reason, record),
        }
    }

    /// An event that is no post. A notice is for the pipeline, which makes a gap of it; here it is only counted.
    fn other(&mut self, arrival: Arrival, event: &Event<'_>) -> rusqlite::Result<Outcome> {
        let changed = match &event.body {
            Body::Delete(delete) => self.delete(arrival, event, delete)?,
            Body::Profile(account) => self.profile(arrival, &event.id.service, account)?,
            Body::Relationship(relationship) => self.relationship(arrival, event, relationship)?,
            Body::Interaction(interaction) => self.interaction(arrival, event, interaction)?,
            Body::Notice(_) | Body::Post(_) | Body::Edit(_) => true,
        };
        Ok(if changed {
            Outcome::Kept
        } else {
            Outcome::Duplicate
        })
    }
}

/// Runs `work` in a transaction of its own; what it gave, what was written, and whether anything was erased. If it fails, nothing of it is there, and what was remembered is forgotten.
pub(super) fn transact<R>(
    connection: &Connection,
    known: &mut Known,
    codec: &RawCodec,
    text_index: bool,
    work: impl FnOnce(&mut Batch<'_>) -> Result<R, StoreError>,
) -> Result<(R, Written, bool), StoreError> {
    let done = (|| {
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)
            .map_err(failed)?;
        known.refresh(connection).map_err(failed)?;
        let mut batch = Batch::new(connection, known, codec, text_index).map_err(failed)?;
        let result = work(&mut batch)?;
        let erased = batch.erased;
        let written = batch.finish().map_err(failed)?;
        transaction.commit().map_err(failed)?;
        Ok((result, written, erased))
    })();
    if !matches!(done, Ok((_, _, false))) {
        set_secure_delete(connection, "FAST").map_err(failed)?;
    }
    if done.is_err() {
        known.forget();
    }
    done
}

/// Writes records; see the contract of `Posts::write`.
pub(super) fn write(batch: &mut Batch<'_>, records: &[(u64, Bytes)]) -> Result<(), StoreError> {
    ahead::read(records, batch.text_index, |read| {
        let offset = read.offset;
        if batch.known.position.is_some_and(|done| offset <= done) {
            batch.tally.written.skipped += 1;
            return Ok(());
        }
        batch.record(read)?;
        batch.known.position = Some(offset);
        Ok(())
    })
}
