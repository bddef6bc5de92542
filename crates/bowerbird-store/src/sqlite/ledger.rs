//! Gaps and dead letters, for people to look at.

use std::sync::Arc;

use async_trait::async_trait;
use bowerbird_core::ids::{SourceName, TrackId};
use bowerbird_core::store::{DeadLetter, Gap, Ledger, StoreError};
use bowerbird_core::time::Time;
use rusqlite::{OptionalExtension, Row, params};

use super::SqliteStore;
use super::charts::source_name;
use super::connection::failed;
use super::ingest::Batch;
use super::writer::WriterState;

#[async_trait]
impl Ledger for SqliteStore {
    async fn gaps(
        &self,
        source: Option<&SourceName>,
        before: Option<u64>,
        most: usize,
    ) -> Result<Vec<Gap>, StoreError> {
        // No row has this number.
        let before = before.map(|id| i64::try_from(id).unwrap_or(-1));
        let source = source.map(ToString::to_string);
        self.readers
            .run(move |connection| {
                connection
                    .prepare_cached(&page_of_gaps(source.is_some(), before.is_some()))
                    .and_then(|mut all| {
                        all.query_map(params![source, before, most], gap)?.collect()
                    })
                    .map_err(failed)
            })
            .await
    }

    async fn withheld(&self) -> Result<Vec<Gap>, StoreError> {
        self.readers
            .run(|connection| {
                connection
                    .prepare_cached(include_str!("sql/withheld.sql"))
                    .and_then(|mut all| all.query_map([], gap)?.collect())
                    .map_err(failed)
            })
            .await
    }

    async fn dead_letters(
        &self,
        before: Option<u64>,
        most: usize,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        let before = before
            .and_then(|id| i64::try_from(id).ok())
            .unwrap_or(i64::MAX);
        self.readers
            .run(move |connection| {
                connection
                    .prepare_cached(concat!(
                        include_str!("sql/dead_letters.sql"),
                        "WHERE dead_letter < ?1 ORDER BY dead_letter DESC LIMIT ?2"
                    ))
                    .and_then(|mut all| all.query_map(params![before, most], letter)?.collect())
                    .map_err(failed)
            })
            .await
    }

    async fn dead_letter(&self, id: u64) -> Result<Option<(DeadLetter, Vec<u8>)>, StoreError> {
        let codec = Arc::clone(&self.codec);
        self.readers
            .run(move |connection| {
                let found = connection
                    .prepare_cached(concat!(
                        include_str!("sql/dead_letters.sql"),
                        "WHERE dead_letter = ?1"
                    ))
                    .and_then(|mut find| {
                        let read =
                            |row: &Row<'_>| Ok((letter(row)?, row.get::<_, bool>(7)?, row.get(8)?));
                        find.query_row([id], read).optional()
                    })
                    .map_err(failed)?;
                let Some((letter, packed, bytes)) = found else {
                    return Ok(None);
                };
                let bytes: Vec<u8> = bytes;
                let whole = if packed {
                    codec.unpack(&bytes)
                } else {
                    Ok(bytes)
                };
                whole
                    .map(|bytes| Some((letter, bytes)))
                    .map_err(|error| StoreError::Failed(format!("dead letter {id}: {error}")))
            })
            .await
    }

    async fn drop_dead_letters(&self, ids: &[u64]) -> Result<u64, StoreError> {
        let ids = ids.to_vec();
        let drop = move |state: &mut WriterState| {
            let work = |open: &mut Batch<'_>| open.drop_letters(&ids).map_err(failed);
            state.transact(work).map(|(dropped, _)| dropped)
        };
        self.writer.run(drop).await
    }
}

/// The question for a page of gaps: of one source (its name is `?1`) or of all, from the newest or from the one numbered `?2` on.
/// Each of the four finds its page in an index.
fn page_of_gaps(of_source: bool, goes_on: bool) -> String {
    let source = "gap.source = (SELECT source FROM source WHERE name = ?1)";
    let before =
        "(from_at, gap) < (SELECT last.from_at, last.gap FROM gap AS last WHERE last.gap = ?2)";
    format!(
        "{} WHERE {} AND {} ORDER BY from_at DESC, gap DESC LIMIT ?3",
        include_str!("sql/gaps.sql"),
        if of_source { source } else { "true" },
        if goes_on { before } else { "true" },
    )
}

fn gap(row: &Row<'_>) -> rusqlite::Result<Gap> {
    Ok(Gap {
        id: row.get(0)?,
        source: source_name(row.get_ref(1)?.as_str()?),
        from: Time(row.get(2)?),
        until: row.get::<_, Option<i64>>(3)?.map(Time),
        reason: row.get(4)?,
        lost: row.get(5)?,
        state: row.get(6)?,
        track: match row.get(7)? {
            0 => None,
            track => Some(TrackId(track)),
        },
    })
}

fn letter(row: &Row<'_>) -> rusqlite::Result<DeadLetter> {
    Ok(DeadLetter {
        id: row.get(0)?,
        source: source_name(row.get_ref(1)?.as_str()?),
        lane: row.get(2)?,
        reason: row.get(3)?,
        received_at: Time(row.get(4)?),
        bytes: row.get(5)?,
        excerpt: row.get(6)?,
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rusqlite::Connection;

    use super::*;
    use crate::sqlite::schema;

    /// How SQLite goes about a question.
    fn steps(sql: &str) -> Vec<String> {
        let connection = Connection::open_in_memory().unwrap();
        schema::migrate(&connection, Path::new(":memory:")).unwrap();
        let explain = format!("EXPLAIN QUERY PLAN {sql}");
        let mut plan = connection.prepare(&explain).unwrap();
        // What the parameters are does not matter to the plan.
        let steps = plan.raw_query().mapped(|row| row.get(3));
        steps.map(Result::unwrap).collect()
    }

    #[test]
    fn pages_of_gaps_are_found_in_an_index() {
        for (of_source, goes_on, expected) in [
            (false, false, "SCAN gap USING INDEX gap_by_time"),
            (
                false,
                true,
                "SEARCH gap USING INDEX gap_by_time (from_at<?)",
            ),
            (
                true,
                false,
                "SEARCH gap USING INDEX gap_by_source (source=?)",
            ),
            (
                true,
                true,
                "SEARCH gap USING INDEX gap_by_source (source=? AND from_at<?)",
            ),
        ] {
            let steps = steps(&page_of_gaps(of_source, goes_on));
            assert_eq!(steps[0], expected, "{steps:?}");
            assert!(!steps.join(" ").contains("B-TREE"), "{steps:?}");
        }
    }

    #[test]
    fn who_waits_is_found_in_an_index() {
        let steps = steps(include_str!("sql/withheld.sql"));
        assert_eq!(
            steps[0], "SEARCH gap USING INDEX gap_lasting (family=?)",
            "{steps:?}"
        );
        assert!(!steps.join(" ").contains("B-TREE"), "{steps:?}");
    }
}
