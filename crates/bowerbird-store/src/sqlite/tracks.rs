//! Tracks and every version of their rules.

use async_trait::async_trait;
use bowerbird_core::bill::{Budget, Money};
use bowerbird_core::ids::{SourceName, TrackId};
use bowerbird_core::store::{StoreError, Tracks};
use bowerbird_core::time::Time;
use bowerbird_core::track::{RuleVersion, Track, TrackDraft};
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, Transaction, params};

use super::SqliteStore;
use super::connection::failed;
use super::ingest::Batch;
use super::jobs;
use super::known::meta;
use super::writer::WriterState;

#[async_trait]
impl Tracks for SqliteStore {
    async fn tracks(&self) -> Result<Vec<Track>, StoreError> {
        self.readers
            .run(|connection| {
                connection
                    .prepare_cached(concat!(
                        include_str!("sql/tracks.sql"),
                        "WHERE track.removed_at IS NULL ORDER BY track.track"
                    ))
                    .and_then(|mut all| all.query_map([], read)?.collect())
                    .map_err(failed)
            })
            .await
    }

    async fn create_track(&self, draft: &TrackDraft, at: Time) -> Result<Track, StoreError> {
        let draft = draft.clone();
        self.change(move |connection| {
            let track = TrackId(
                connection
                    .query_row("SELECT coalesce(max(track), 0) + 1 FROM track", [], |row| {
                        row.get(0)
                    })
                    .map_err(failed)?,
            );
            let made = Track {
                id: track,
                rule_version: 1,
                draft,
                created_at: at,
                changed_at: at,
            };
            write(connection, &made).map_err(|error| taken(error, &made.draft.name))?;
            write_rule(connection, &made).map_err(failed)?;
            Ok(made)
        })
        .await
    }

    async fn update_track(
        &self,
        id: TrackId,
        draft: &TrackDraft,
        at: Time,
    ) -> Result<Track, StoreError> {
        let draft = draft.clone();
        self.change(move |connection| {
            let before = find(connection, id)?;
            let what_is_captured =
                |d: &TrackDraft| (d.rule.clone(), d.sources.clone(), d.start, d.end);
            let is_new_rule = what_is_captured(&draft) != what_is_captured(&before.draft);
            let after = Track {
                id,
                rule_version: before.rule_version + u32::from(is_new_rule),
                draft,
                created_at: before.created_at,
                changed_at: at,
            };
            write(connection, &after).map_err(|error| taken(error, &after.draft.name))?;
            if is_new_rule {
                write_rule(connection, &after).map_err(failed)?;
            }
            Ok(after)
        })
        .await
    }

    async fn remove_track(&self, id: TrackId, at: Time) -> Result<(), StoreError> {
        self.change(move |connection| {
            find(connection, id)?;
            let remove = || {
                connection.execute(
                    "UPDATE track SET removed_at = ?2 WHERE track = ?1",
                    params![id.0, at.0],
                )?;
                connection.execute("DELETE FROM capture_total WHERE track = ?1", [id.0])?;
                connection.execute("DELETE FROM minute_count WHERE track = ?1", [id.0])?;
                jobs::forget(connection, id)
            };
            remove().map_err(failed)
        })
        .await
    }

    async fn rule_versions(&self, id: TrackId) -> Result<Vec<RuleVersion>, StoreError> {
        self.readers
            .run(move |connection| {
                connection
                    .prepare_cached(include_str!("sql/rule_versions.sql"))
                    .and_then(|mut all| all.query_map([id.0], read_rule)?.collect())
                    .map_err(failed)
            })
            .await
    }

    async fn change_number(&self) -> Result<u64, StoreError> {
        self.readers
            .run(|connection| {
                let number = meta(connection, "change_number").map_err(failed)?;
                Ok(number.and_then(|n| u64::try_from(n).ok()).unwrap_or(0))
            })
            .await
    }
}

impl SqliteStore {
    /// A change of tracks, in one transaction with the change number.
    async fn change<R: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        self.writer
            .run(move |state: &mut WriterState| {
                let transaction = Transaction::new_unchecked(
                    &state.connection,
                    rusqlite::TransactionBehavior::Immediate,
                )
                .map_err(failed)?;
                let result = work(&transaction)?;
                transaction
                    .execute(
                        "UPDATE meta SET value = value + 1 WHERE key = 'change_number'",
                        [],
                    )
                    .map_err(failed)?;
                transaction.commit().map_err(failed)?;
                state.forget();
                Ok(result)
            })
            .await
    }
}

/// Marks posts as caught afterwards; how many captures were new.
pub(super) fn backfill(
    open: &mut Batch<'_>,
    track: TrackId,
    rule_version: u32,
    places: &[u64],
    at: Time,
) -> Result<u64, StoreError> {
    find(open.connection, track)?;
    let number = i64::try_from(track.0).unwrap_or(i64::MAX);
    let mut new = 0;
    for place in places {
        let place = i64::try_from(*place).unwrap_or(i64::MAX);
        let received_at = open
            .connection
            .prepare_cached(
                "SELECT received_at FROM post WHERE post = ?1 AND own_version IS NOT NULL",
            )
            .and_then(|mut find| find.query_row([place], |row| row.get(0)).optional())
            .map_err(failed)?;
        let Some(received_at) = received_at else {
            continue;
        };
        if open
            .capture_afterwards(place, number, rule_version, at.0)
            .map_err(failed)?
        {
            open.tally.captured(number, received_at, true, 1);
            new += 1;
        }
    }
    Ok(new)
}

/// A track that was not removed.
pub(super) fn find(connection: &Connection, id: TrackId) -> Result<Track, StoreError> {
    connection
        .prepare_cached(concat!(
            include_str!("sql/tracks.sql"),
            "WHERE track.track = ?1 AND track.removed_at IS NULL"
        ))
        .and_then(|mut find| find.query_row([id.0], read).optional())
        .map_err(failed)?
        .ok_or_else(|| StoreError::NotFound(format!("track {id}")))
}

fn read(row: &Row<'_>) -> rusqlite::Result<Track> {
    let time = |column| time(row, column);
    let money = |column| {
        row.get::<_, Option<i64>>(column)
            .map(|limit| limit.map(Money))
    };
    Ok(Track {
        id: TrackId(row.get(0)?),
        rule_version: row.get(1)?,
        draft: TrackDraft {
            name: row.get(2)?,
            rule: row.get(3)?,
            sources: sources(row, 4)?,
            start: time(5)?,
            end: time(6)?,
            retention_seconds: row.get(7)?,
            paused: row.get(8)?,
            priority: row.get(11)?,
            budget: Budget {
                day: money(12)?,
                month: money(13)?,
                total: money(14)?,
            },
        },
        created_at: Time(row.get(9)?),
        changed_at: Time(row.get(10)?),
    })
}

fn read_rule(row: &Row<'_>) -> rusqlite::Result<RuleVersion> {
    Ok(RuleVersion {
        version: row.get(0)?,
        rule: row.get(1)?,
        sources: sources(row, 2)?,
        start: time(row, 3)?,
        end: time(row, 4)?,
        since: Time(row.get(5)?),
        until: time(row, 6)?,
    })
}

fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Time>> {
    row.get::<_, Option<i64>>(column).map(|time| time.map(Time))
}

/// Names as they are kept: a JSON array.
fn sources(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<SourceName>> {
    let kept = row.get_ref(column)?.as_str()?;
    serde_json::from_str(kept).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.into())
    })
}

fn write(connection: &Connection, track: &Track) -> rusqlite::Result<()> {
    let limit = |money: Option<Money>| money.map(|money| money.0);
    let budget = &track.draft.budget;
    connection
        .prepare_cached(include_str!("sql/upsert_track.sql"))?
        .execute(params![
            track.id.0,
            track.draft.name,
            track.rule_version,
            track
                .draft
                .retention_seconds
                .map(|s| i64::try_from(s).unwrap_or(i64::MAX)),
            track.draft.paused,
            track.created_at.0,
            track.changed_at.0,
            track.draft.priority,
            limit(budget.day),
            limit(budget.month),
            limit(budget.total),
        ])
        .map(drop)
}

fn write_rule(connection: &Connection, track: &Track) -> rusqlite::Result<()> {
    let sources = serde_json::to_string(&track.draft.sources).expect("a list of names is JSON");
    connection
        .prepare_cached(
            "INSERT INTO rule (track, version, rule, sources, start_at, end_at, made_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            track.id.0,
            track.rule_version,
            track.draft.rule,
            sources,
            track.draft.start.map(|time| time.0),
            track.draft.end.map(|time| time.0),
            track.changed_at.0,
        ])
        .map(drop)
}

/// The only thing in which two tracks can collide is their name.
fn taken(error: rusqlite::Error, name: &str) -> StoreError {
    if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) {
        StoreError::Conflict(format!("there is a track named `{name}` already"))
    } else {
        failed(error)
    }
}
