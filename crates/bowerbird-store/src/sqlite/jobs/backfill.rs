//! A track looking again at what was kept, as a row of `job`. What it needs to know is its payload, as JSON: fields may be added, never changed.

use bowerbird_core::ids::TrackId;
use bowerbird_core::store::{BackfillJob, StoreError};
use bowerbird_core::time::Time;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use crate::sqlite::connection::failed;
use crate::sqlite::ingest::Batch;
use crate::sqlite::tracks;

/// A backfill's payload; its key is the track's number.
#[derive(Serialize, Deserialize)]
struct Progress {
    rule_version: u32,
    reached: u64,
    to: u64,
    looked_at: u64,
    added: u64,
}

/// Begins one, or gives the one that is under way.
pub(super) fn begin_or_find(
    open: &Batch<'_>,
    track: TrackId,
    rule_version: u32,
    at: Time,
) -> Result<BackfillJob, StoreError> {
    tracks::find(open.connection, track)?;
    begin(open.connection, track, rule_version, at).map_err(failed)
}

/// Takes a step.
pub(super) fn step(
    open: &mut Batch<'_>,
    job: BackfillJob,
    places: &[u64],
    at: Time,
) -> Result<BackfillJob, StoreError> {
    let added = tracks::backfill(open, job.track, job.rule_version, places, at)?;
    let job = BackfillJob {
        added: job.added + added,
        ..job
    };
    note(open.connection, &job).map_err(failed)?;
    Ok(job)
}

/// All that are not done.
pub(super) fn all(connection: &Connection) -> rusqlite::Result<Vec<BackfillJob>> {
    connection
        .prepare_cached(
            "SELECT key, payload, made_at FROM job WHERE kind = 'backfill'
             ORDER BY length(key), key",
        )?
        .query_map([], read)?
        .collect()
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
        .prepare_cached(include_str!("../sql/upsert_job.sql"))?
        .execute(params!["backfill", key, payload, job.started_at.0])
        .map(drop)
}

/// Removes a track's backfill, if there is one.
pub(in crate::sqlite) fn forget(connection: &Connection, track: TrackId) -> rusqlite::Result<()> {
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
