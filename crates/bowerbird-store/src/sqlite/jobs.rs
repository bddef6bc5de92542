//! Durable tasks, as rows of `job`.

use async_trait::async_trait;
use bowerbird_core::ids::{SourceName, TrackId};
use bowerbird_core::store::{BackfillJob, Job, JobEnd, JobLease, Jobs, NewJob, StoreError};
use bowerbird_core::time::Time;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::SqliteStore;
use super::charts::source_name;
use super::connection::failed;
use super::ingest::Batch;
use super::writer::WriterState;

mod backfill;

pub(super) use backfill::forget;

#[async_trait]
impl Jobs for SqliteStore {
    async fn add_jobs(&self, jobs: &[NewJob], at: Time) -> Result<u64, StoreError> {
        let jobs = jobs.to_vec();
        self.write_jobs(move |connection| add(connection, &jobs, at))
            .await
    }

    async fn lease_jobs(
        &self,
        kind: &str,
        source: &SourceName,
        most: usize,
        now: Time,
        until: Time,
    ) -> Result<Vec<Job>, StoreError> {
        let (kind, source) = (kind.to_owned(), source.to_string());
        self.write_jobs(move |connection| lease(connection, (&kind, &source), most, now, until))
            .await
    }

    async fn note_job(
        &self,
        lease: JobLease,
        payload: &[u8],
        until: Time,
    ) -> Result<(), StoreError> {
        let payload = payload.to_vec();
        let note = move |connection: &Connection| {
            let noted = connection
                .prepare_cached(
                    "UPDATE job SET payload = ?3, leased_until = ?4
                     WHERE job = ?1 AND attempts = ?2 AND leased_until IS NOT NULL",
                )?
                .execute(params![lease.id, lease.attempt, payload, until.0])?;
            Ok(noted > 0)
        };
        if self.write_jobs(note).await? {
            return Ok(());
        }
        let lost = format!("job {} is done, or another\u{2019}s now", lease.id);
        Err(StoreError::Conflict(lost))
    }

    async fn end_jobs(&self, ends: &[(JobLease, JobEnd)]) -> Result<(), StoreError> {
        let ends = ends.to_vec();
        self.write_jobs(move |connection| ends.iter().try_for_each(|one| end(connection, one)))
            .await
    }

    async fn job(&self, kind: &str, key: &str) -> Result<Option<Job>, StoreError> {
        let (kind, key) = (kind.to_owned(), key.to_owned());
        self.readers
            .run(move |connection| {
                connection
                    .prepare_cached(concat!(
                        include_str!("sql/jobs.sql"),
                        "WHERE source IS NOT NULL AND kind = ?1 AND key = ?2"
                    ))
                    .and_then(|mut find| find.query_row([kind, key], read).optional())
                    .map_err(failed)
            })
            .await
    }

    async fn jobs(
        &self,
        kind: Option<&str>,
        after: u64,
        most: usize,
    ) -> Result<Vec<Job>, StoreError> {
        let kind = kind.map(str::to_owned);
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        self.readers
            .run(move |connection| {
                connection
                    .prepare_cached(concat!(
                        include_str!("sql/jobs.sql"),
                        "WHERE source IS NOT NULL AND job > ?1 AND kind = coalesce(?2, kind) ORDER BY job LIMIT ?3"
                    ))
                    .and_then(|mut all| all.query_map(params![after, kind, most], read)?.collect())
                    .map_err(failed)
            })
            .await
    }

    async fn retry_jobs(&self, ids: &[u64], at: Time) -> Result<u64, StoreError> {
        let ids = ids.to_vec();
        let retry = move |connection: &Connection| {
            let mut retry = connection.prepare_cached(
                "UPDATE job SET dead = 0, due_at = ?2, reason = '' WHERE job = ?1 AND source IS NOT NULL",
            )?;
            sum(ids
                .iter()
                .map(|id| retry.execute(params![number(*id), at.0])))
        };
        self.write_jobs(retry).await
    }

    async fn drop_jobs(&self, ids: &[u64]) -> Result<u64, StoreError> {
        let ids = ids.to_vec();
        let drop = move |connection: &Connection| {
            let mut drop = connection
                .prepare_cached("DELETE FROM job WHERE job = ?1 AND source IS NOT NULL")?;
            sum(ids.iter().map(|id| drop.execute([number(*id)])))
        };
        self.write_jobs(drop).await
    }

    async fn begin_backfill(
        &self,
        track: TrackId,
        rule_version: u32,
        at: Time,
    ) -> Result<BackfillJob, StoreError> {
        let begin = move |state: &mut WriterState| {
            let work =
                |open: &mut Batch<'_>| backfill::begin_or_find(open, track, rule_version, at);
            state.transact(work).map(|(job, _)| job)
        };
        self.writer.run(begin).await
    }

    async fn backfill(
        &self,
        job: &BackfillJob,
        places: &[u64],
        at: Time,
    ) -> Result<BackfillJob, StoreError> {
        let (job, places) = (job.clone(), places.to_vec());
        let step = move |state: &mut WriterState| {
            let work = |open: &mut Batch<'_>| backfill::step(open, job, &places, at);
            state.transact(work).map(|(job, _)| job)
        };
        self.writer.run(step).await
    }

    async fn backfills(&self) -> Result<Vec<BackfillJob>, StoreError> {
        self.readers
            .run(|connection| backfill::all(connection).map_err(failed))
            .await
    }
}

impl SqliteStore {
    /// A change of jobs, in a transaction of its own.
    async fn write_jobs<R: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<R> + Send + 'static,
    ) -> Result<R, StoreError> {
        let write = move |state: &mut WriterState| {
            let work = |open: &mut Batch<'_>| work(open.connection).map_err(failed);
            state.transact(work).map(|(result, _)| result)
        };
        self.writer.run(write).await
    }
}

fn add(connection: &Connection, jobs: &[NewJob], at: Time) -> rusqlite::Result<u64> {
    let mut add = connection.prepare_cached(include_str!("sql/add_job.sql"))?;
    let added = jobs.iter().map(|job| {
        add.execute(params![
            job.kind,
            job.key,
            job.source.as_str(),
            job.payload,
            job.due_at.0,
            job.priority,
            at.0
        ])
    });
    sum(added)
}

fn lease(
    connection: &Connection,
    (kind, source): (&str, &str),
    most: usize,
    now: Time,
    until: Time,
) -> rusqlite::Result<Vec<Job>> {
    let next: Vec<i64> = connection
        .prepare_cached(include_str!("sql/next_jobs.sql"))?
        .query_map(params![source, kind, now.0, most], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut take = connection.prepare_cached(
        "UPDATE job SET leased_until = ?2, attempts = attempts + 1 WHERE job = ?1",
    )?;
    let mut find =
        connection.prepare_cached(concat!(include_str!("sql/jobs.sql"), "WHERE job = ?1"))?;
    let taken = next.into_iter().map(|job| {
        take.execute([job, until.0])?;
        find.query_row([job], read)
    });
    taken.collect()
}

fn end(connection: &Connection, (lease, end): &(JobLease, JobEnd)) -> rusqlite::Result<()> {
    let ended = match end {
        JobEnd::Done => connection
            .prepare_cached(
                "DELETE FROM job WHERE job = ?1 AND attempts = ?2 AND leased_until IS NOT NULL",
            )?
            .execute(params![lease.id, lease.attempt]),
        JobEnd::Later { at, reason } => connection
            .prepare_cached(
                "UPDATE job SET leased_until = NULL, due_at = ?3, reason = ?4
                 WHERE job = ?1 AND attempts = ?2 AND leased_until IS NOT NULL",
            )?
            .execute(params![lease.id, lease.attempt, at.0, reason]),
        JobEnd::Dead { reason } => connection
            .prepare_cached(
                "UPDATE job SET leased_until = NULL, dead = 1, reason = ?3
                 WHERE job = ?1 AND attempts = ?2 AND leased_until IS NOT NULL",
            )?
            .execute(params![lease.id, lease.attempt, reason]),
    };
    ended.map(drop)
}

/// No row has a number that does not fit.
fn number(id: u64) -> i64 {
    i64::try_from(id).unwrap_or(-1)
}

fn sum(changed: impl Iterator<Item = rusqlite::Result<usize>>) -> rusqlite::Result<u64> {
    changed.map(|n| n.map(|n| n as u64)).sum()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Job> {
    Ok(Job {
        id: row.get(0)?,
        kind: row.get(1)?,
        key: row.get(2)?,
        source: source_name(row.get_ref(3)?.as_str()?),
        payload: row.get(4)?,
        due_at: Time(row.get(5)?),
        leased_until: row.get::<_, Option<i64>>(6)?.map(Time),
        attempts: row.get(7)?,
        priority: row.get(8)?,
        reason: row.get(9)?,
        dead: row.get(10)?,
        made_at: Time(row.get(11)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::schema;

    #[test]
    fn the_next_jobs_are_found_in_an_index() {
        let connection = Connection::open_in_memory().unwrap();
        schema::migrate(&connection, std::path::Path::new(":memory:")).unwrap();
        let explain = format!("EXPLAIN QUERY PLAN {}", include_str!("sql/next_jobs.sql"));
        let mut plan = connection.prepare(&explain).unwrap();
        let steps = plan.raw_query().mapped(|row| row.get::<_, String>(3));
        let steps: Vec<String> = steps.map(Result::unwrap).collect();
        let expected = "SEARCH job USING INDEX job_next (source=? AND kind=?)";
        assert_eq!(steps, [expected]);
    }
}
