//! What was missed. Dead letters, which belong to the same trait, are in [`super::letters`].

use async_trait::async_trait;
use bowerbird_core::gap::{Cause, Family, Gap, GapState, Mending};
use bowerbird_core::ids::{SourceName, TrackId};
use bowerbird_core::store::{DeadLetter, GapQuery, Ledger, MinuteCount, StoreError};
use bowerbird_core::time::Time;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::SqliteStore;
use super::charts::{self, source_name};
use super::connection::failed;
use super::ingest::Batch;
use super::writer::WriterState;

#[async_trait]
impl Ledger for SqliteStore {
    async fn gaps(
        &self,
        query: &GapQuery,
        before: Option<u64>,
        most: usize,
    ) -> Result<Vec<Gap>, StoreError> {
        let question = Question::new(query, before, most);
        self.readers
            .run(move |connection| {
                connection
                    .prepare_cached(&question.sql)
                    .and_then(|mut all| {
                        let values = params_from_iter(&question.values);
                        all.query_map(values, gap)?.collect()
                    })
                    .map_err(failed)
            })
            .await
    }

    async fn gap(&self, id: u64) -> Result<Option<Gap>, StoreError> {
        self.readers
            .run(move |connection| find(connection, id).map_err(failed))
            .await
    }

    async fn lasting(&self, family: Family) -> Result<Vec<Gap>, StoreError> {
        self.readers
            .run(move |connection| {
                connection
                    .prepare_cached(LASTING)
                    .and_then(|mut all| all.query_map([family as u8], gap)?.collect())
                    .map_err(failed)
            })
            .await
    }

    async fn to_repair(&self, source: &SourceName, most: usize) -> Result<Vec<Gap>, StoreError> {
        let source = source.to_string();
        let wanted = Cause::ALL.iter().filter(|cause| cause.is_wanted());
        let wanted: Vec<&str> = wanted.map(|cause| cause.name()).collect();
        let wanted = serde_json::to_string(&wanted).expect("words are JSON");
        self.readers
            .run(move |connection| {
                connection
                    .prepare_cached(TO_REPAIR)
                    .and_then(|mut all| {
                        all.query_map(params![source, wanted, most], gap)?.collect()
                    })
                    .map_err(failed)
            })
            .await
    }

    async fn mend(&self, id: u64, state: GapState, mending: &Mending) -> Result<(), StoreError> {
        let mending = mending.clone();
        self.write_gaps(move |connection| {
            connection
                .prepare_cached(
                    "UPDATE gap SET state = ?2, repaired_by = ?3, repaired_at = ?4, lacks = ?5, remains = ?6
                     WHERE gap = ?1",
                )?
                .execute(params![
                    id,
                    state.name(),
                    mending.by,
                    mending.at.map(|at| at.0),
                    mending.lacks,
                    mending.remains
                ])
                .map(drop)
        })
        .await
    }

    async fn split(
        &self,
        id: u64,
        at: Time,
        state: GapState,
        mending: &Mending,
    ) -> Result<(), StoreError> {
        let mending = mending.clone();
        self.write_gaps(move |connection| split(connection, id, at, state, &mending))
            .await
    }

    async fn arrivals(
        &self,
        source: &SourceName,
        from: Time,
        until: Time,
    ) -> Result<Vec<MinuteCount>, StoreError> {
        let source = source.to_string();
        self.readers
            .run(move |connection| {
                charts::arrivals(connection, &source, from, until).map_err(failed)
            })
            .await
    }

    async fn first_heard(&self) -> Result<Vec<(SourceName, Time)>, StoreError> {
        self.readers
            .run(|connection| {
                connection
                    .prepare_cached(
                        "SELECT name, first_at FROM source WHERE first_at IS NOT NULL ORDER BY name",
                    )
                    .and_then(|mut all| {
                        let read = |row: &Row<'_>| {
                            Ok((source_name(row.get_ref(0)?.as_str()?), Time(row.get(1)?)))
                        };
                        all.query_map([], read)?.collect()
                    })
                    .map_err(failed)
            })
            .await
    }

    async fn dead_letters(
        &self,
        before: Option<u64>,
        most: usize,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        self.letters(before, most).await
    }

    async fn dead_letter(&self, id: u64) -> Result<Option<(DeadLetter, Vec<u8>)>, StoreError> {
        self.letter(id).await
    }

    async fn drop_dead_letters(&self, ids: &[u64]) -> Result<u64, StoreError> {
        self.drop_letters(ids).await
    }
}

impl SqliteStore {
    /// A change of gaps, in a transaction of its own.
    async fn write_gaps(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static,
    ) -> Result<(), StoreError> {
        let write = move |state: &mut WriterState| {
            let work = |open: &mut Batch<'_>| work(open.connection).map_err(failed);
            state.transact(work).map(|((), _)| ())
        };
        self.writer.run(write).await
    }
}

const LASTING: &str = concat!(
    include_str!("sql/gaps.sql"),
    "WHERE family = ?1 AND until_at IS NULL ORDER BY gap"
);
const TO_REPAIR: &str = concat!(
    include_str!("sql/gaps.sql"),
    include_str!("sql/to_repair.sql")
);

/// A question for a page of gaps, newest first.
struct Question {
    sql: String,
    values: Vec<Value>,
}

impl Question {
    /// Only what is asked for is in it, so that each finds its page in an index.
    fn new(query: &GapQuery, before: Option<u64>, most: usize) -> Self {
        let mut wanted = Vec::new();
        let mut values: Vec<Value> = Vec::new();
        let mut ask = |condition: &str, value: Value| {
            values.push(value);
            wanted.push(condition.replace('?', &format!("?{}", values.len())));
        };
        match query.sources.as_slice() {
            [] => {}
            [one] => ask(
                "gap.source = (SELECT source FROM source WHERE name = ?)",
                one.to_string().into(),
            ),
            some => ask(
                "source.name IN (SELECT value FROM json_each(?))",
                serde_json::to_string(some).expect("names are JSON").into(),
            ),
        }
        if let Some(track) = query.track {
            ask("track IN (0, ?)", number(track.0).into());
        }
        if let Some(state) = query.state {
            ask("state = ?", state.name().to_owned().into());
        }
        if let Some(since) = query.since {
            ask(
                "coalesce(until_at, 9223372036854775807) > ?",
                since.0.into(),
            );
        }
        if let Some(until) = query.until {
            ask("from_at < ?", until.0.into());
        }
        if let Some(before) = before {
            ask(
                "(from_at, gap) < (SELECT last.from_at, last.gap FROM gap AS last WHERE last.gap = ?)",
                number(before).into(),
            );
        }
        if wanted.is_empty() {
            wanted.push("true".to_owned());
        }
        values.push(i64::try_from(most).unwrap_or(i64::MAX).into());
        let sql = format!(
            "{} WHERE {} ORDER BY from_at DESC, gap DESC LIMIT ?{}",
            include_str!("sql/gaps.sql"),
            wanted.join(" AND "),
            values.len()
        );
        Self { sql, values }
    }
}

/// No row has a number that does not fit.
fn number(id: u64) -> i64 {
    i64::try_from(id).unwrap_or(-1)
}

fn find(connection: &Connection, id: u64) -> rusqlite::Result<Option<Gap>> {
    connection
        .prepare_cached(concat!(include_str!("sql/gaps.sql"), "WHERE gap = ?1"))?
        .query_row([number(id)], gap)
        .optional()
}

fn split(
    connection: &Connection,
    id: u64,
    at: Time,
    state: GapState,
    mending: &Mending,
) -> rusqlite::Result<()> {
    let within = |gap: &Gap| gap.from < at && gap.until.is_some_and(|until| at < until);
    let Some(whole) = find(connection, id)?.filter(within) else {
        return Ok(());
    };
    let takes_posts = state == GapState::Repaired;
    connection
        .prepare_cached(
            "UPDATE gap SET from_at = ?2, came = CASE WHEN ?3 THEN 0 ELSE came END WHERE gap = ?1",
        )?
        .execute(params![id, at.0, takes_posts])?;
    let source: i64 =
        connection.query_row("SELECT source FROM gap WHERE gap = ?1", [id], |row| {
            row.get(0)
        })?;
    connection
        .prepare_cached(include_str!("sql/split_gap.sql"))?
        .execute(params![
            source,
            whole.track.map_or(0, |track| track.0),
            whole.cause.family() as u8,
            whole.cause.name(),
            whole.from.0,
            at.0,
            whole.reason,
            whole.lost,
            state.name(),
            mending.by,
            mending.at.map(|at| at.0),
            if takes_posts { whole.repair.posts } else { 0 },
            mending.lacks,
            mending.remains,
        ])
        .map(drop)
}

fn gap(row: &Row<'_>) -> rusqlite::Result<Gap> {
    Ok(Gap {
        id: row.get(0)?,
        source: source_name(row.get_ref(1)?.as_str()?),
        track: match row.get(2)? {
            0 => None,
            track => Some(TrackId(track)),
        },
        from: Time(row.get(3)?),
        until: row.get::<_, Option<i64>>(4)?.map(Time),
        cause: word(row, 5)?,
        reason: row.get(6)?,
        lost: row.get(7)?,
        state: word(row, 8)?,
        repair: Mending {
            by: row.get(9)?,
            at: row.get::<_, Option<i64>>(10)?.map(Time),
            posts: row.get(11)?,
            lacks: row.get(12)?,
            remains: row.get(13)?,
        },
    })
}

/// One of the words that there are.
fn word<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<T>
where
    T: std::str::FromStr<Err = bowerbird_core::gap::UnknownWord>,
{
    let text = row.get_ref(column)?.as_str()?;
    text.parse().map_err(|error: T::Err| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.into())
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

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
        let one = vec![SourceName::parse("one").unwrap()];
        let all = GapQuery::default;
        let of_source = || GapQuery {
            sources: one.clone(),
            ..all()
        };
        let in_time = GapQuery {
            track: Some(TrackId(1)),
            state: Some(GapState::Open),
            since: Some(Time(1)),
            until: Some(Time(2)),
            ..all()
        };
        for (query, before, expected) in [
            (all(), None, "SCAN gap USING INDEX gap_by_time"),
            (
                all(),
                Some(1),
                "SEARCH gap USING INDEX gap_by_time (from_at<?)",
            ),
            (
                of_source(),
                None,
                "SEARCH gap USING INDEX gap_by_source (source=?)",
            ),
            (
                of_source(),
                Some(1),
                "SEARCH gap USING INDEX gap_by_source (source=? AND from_at<?)",
            ),
            (
                in_time,
                None,
                "SEARCH gap USING INDEX gap_by_time (from_at<?)",
            ),
        ] {
            let steps = steps(&Question::new(&query, before, 10).sql);
            assert_eq!(steps[0], expected, "{query:?}: {steps:?}");
            assert!(!steps.join(" ").contains("B-TREE"), "{steps:?}");
        }
    }

    #[test]
    fn what_lasts_and_what_is_to_be_repaired_is_found_in_an_index() {
        for (sql, expected) in [
            (LASTING, "SEARCH gap USING INDEX gap_lasting (family=?)"),
            (TO_REPAIR, "SEARCH gap USING INDEX gap_to_repair (source=?)"),
        ] {
            let steps = steps(sql);
            assert_eq!(steps[0], expected, "{steps:?}");
            assert!(!steps.join(" ").contains("ORDER BY"), "{steps:?}");
        }
    }
}
