//! Durable tasks, as rows of `job`. What a kind needs to know of itself is its payload, as JSON: fields may be added, never changed.

use async_trait::async_trait;
use bowerbird_core::ids::TrackId;
use bowerbird_core::store::{BackfillJob, Jobs, StoreError};
use bowerbird_core::time::Time;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use super::SqliteStore;
use super::connection::failed;
use super::ingest::Batch;
use super::tracks;
use super::writer::WriterState;

/// A backfill's payload; its key is the track's number.
#[derive(Serialize, Deserialize)]
struct Progress {
    rule_version: u32,
    reached: u64,
    to: u64,
    looked_at: u64,
    added: u64,
}

#[async_trait]
impl Jobs for SqliteStore {
    async fn begin_backfill(
        &self,
        track: TrackId,
        rule_version: u32,
        at: Time,
    ) -> Result<BackfillJob, StoreError> {
        let begin = move |state: &mut WriterState| {
            let work = |open: &mut Batch<'_>| {
                tracks::find(open.connection, track)?;
                begin(open.connection, track, rule_version, at).map_err(failed)
            };
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
        let (mut job, places) = (job.clone(), places.to_vec());
        let step = move |state: &mut WriterState| {
            let work = |open: &mut Batch<'_>| {
                job.added += tracks::backfill(open, job.track, job.rule_version, &places, at)?;
                note(open.connection, &job).map_err(failed)?;
                Ok(job)
            };
            state.transact(work).map(|(job, _)| job)
        };
        self.writer.run(step).await
    }

    async fn backfills(&self) -> Result<Vec<BackfillJob>, StoreError> {
        self.readers
            .run(|connection| {
                connection
                    .prepare_cached(
                        "SELECT key, payload, made_at FROM job WHERE kind = 'backfill'
                         ORDER BY length(key), key",
                    )
                    .and_then(|mut all| all.query_map([], read)?.collect())
                    .map_err(failed)
            })
            .await
    }
}

fn begin(
    connection: &Connection,
    track: TrackId,
    rule_version: u32,
    at: Time,
) -> rusqlite::Result<BackfillJob> {
    let known = connection
        .prepare_cached(
            "SELECT key, payload, made_at FROM job WHERE kind = 'backfill' AND key = ?1",
        )?
        .query_row([track.to_string()], read)
        .optional()?;
    if let Some(known) = known.filter(|known| known.rule_version == rule_version) {
        return Ok(known);
    }
    let to = connection.query_row("SELECT coalesce(max(post), 0) FROM post_raw", [], |row| {
        row.get(0)
    })?;
    let job = BackfillJob::new(track, rule_version, to, at);
    note(connection, &job)?;
    Ok(job)
}

/// Writes how far a job is; one that is done is no more.
fn note(connection: &Connection, job: &BackfillJob) -> rusqlite::Result<()> {
    let key = job.track.to_string();
    if job.is_done() {
        return forget(connection, job.track);
    }
    let progress = Progress {
        rule_version: job.rule_version,
        reached: job.reached,
        to: job.to,
        looked_at: job.looked_at,
        added: job.added,
    };
    let payload = serde_json::to_vec(&progress).expect("numbers are JSON");
    connection
        .prepare_cached(include_str!("sql/upsert_job.sql"))?
        .execute(params!["backfill", key, payload, job.started_at.0])
        .map(drop)
}

/// Removes a track's backfill, if there is one.
pub(super) fn forget(connection: &Connection, track: TrackId) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM job WHERE kind = 'backfill' AND key = ?1")?
        .execute([track.to_string()])
        .map(drop)
}

fn read(row: &Row<'_>) -> rusqlite::Result<BackfillJob> {
    let foreign = |column, error: Box<dyn std::error::Error + Send + Sync>| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Blob, error)
    };
    let track = row.get_ref(0)?.as_str()?.parse();
    let progress: Progress = serde_json::from_slice(row.get_ref(1)?.as_blob()?)
        .map_err(|error| foreign(1, error.into()))?;
    Ok(BackfillJob {
        track: track.map_err(|error: std::num::ParseIntError| foreign(0, error.into()))?,
        rule_version: progress.rule_version,
        reached: progress.reached,
        to: progress.to,
        looked_at: progress.looked_at,
        added: progress.added,
        started_at: Time(row.get(2)?),
    })
}
