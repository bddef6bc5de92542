//! Dead letters, for people to look at.

use std::sync::Arc;

use bowerbird_core::store::{DeadLetter, StoreError};
use bowerbird_core::time::Time;
use rusqlite::{OptionalExtension, Row, params};

use super::SqliteStore;
use super::charts::source_name;
use super::connection::failed;
use super::ingest::Batch;
use super::writer::WriterState;

impl SqliteStore {
    pub(super) async fn letters(
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

    pub(super) async fn letter(
        &self,
        id: u64,
    ) -> Result<Option<(DeadLetter, Vec<u8>)>, StoreError> {
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

    pub(super) async fn drop_letters(&self, ids: &[u64]) -> Result<u64, StoreError> {
        let ids = ids.to_vec();
        let drop = move |state: &mut WriterState| {
            let work = |open: &mut Batch<'_>| open.drop_letters(&ids).map_err(failed);
            state.transact(work).map(|(dropped, _)| dropped)
        };
        self.writer.run(drop).await
    }
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
