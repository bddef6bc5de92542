//! Passwords and dictionaries.

use async_trait::async_trait;
use bowerbird_core::raw;
use bowerbird_core::store::{Dictionary, Keys, StoreError};
use bowerbird_core::time::Time;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::SqliteStore;
use super::connection::failed;
use super::writer::WriterState;

#[async_trait]
impl Keys for SqliteStore {
    async fn password(&self, user: &str) -> Result<Option<String>, StoreError> {
        let user = user.to_owned();
        self.readers
            .run(move |connection| {
                connection
                    .prepare_cached("SELECT password FROM \"user\" WHERE name = ?1")
                    .and_then(|mut find| find.query_row([user], |row| row.get(0)).optional())
                    .map_err(failed)
            })
            .await
    }

    async fn set_password(&self, user: &str, phc: &str, at: Time) -> Result<(), StoreError> {
        let (user, phc) = (user.to_owned(), phc.to_owned());
        let set = move |state: &mut WriterState| {
            state
                .connection
                .execute(
                    "INSERT INTO \"user\" (name, password, created_at, changed_at) VALUES (?1, ?2, ?3, ?3)
                     ON CONFLICT (name) DO UPDATE SET password = excluded.password, changed_at = excluded.changed_at",
                    params![user, phc, at.0],
                )
                .map(drop)
                .map_err(failed)
        };
        self.writer.run(set).await
    }

    async fn users(&self) -> Result<Vec<String>, StoreError> {
        self.readers
            .run(|connection| {
                connection
                    .prepare_cached("SELECT name FROM \"user\" ORDER BY name")
                    .and_then(|mut all| all.query_map([], |row| row.get(0))?.collect())
                    .map_err(failed)
            })
            .await
    }

    async fn dictionaries(&self) -> Result<Vec<Dictionary>, StoreError> {
        self.readers
            .run(|connection| dictionaries(connection).map_err(failed))
            .await
    }

    async fn add_dictionary(
        &self,
        service: &str,
        bytes: &[u8],
        at: Time,
    ) -> Result<Dictionary, StoreError> {
        let number = raw::dictionary_number(bytes).ok_or_else(|| {
            StoreError::Invalid("these bytes are no dictionary: they have no number".to_owned())
        })?;
        let (service, bytes) = (service.to_owned(), bytes.to_vec());
        let add = move |state: &mut WriterState| {
            let dictionary = add_dictionary(&state.connection, number, &service, &bytes, at)?;
            state.codec.add(&dictionary);
            Ok(dictionary)
        };
        self.writer.run(add).await
    }
}

fn add_dictionary(
    connection: &Connection,
    number: u32,
    service: &str,
    bytes: &[u8],
    at: Time,
) -> Result<Dictionary, StoreError> {
    connection
        .execute(
            "INSERT INTO dictionary (number, service, bytes, made_at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            params![number, service, bytes, at.0],
        )
        .map_err(failed)?;
    let kept = connection
        .query_row(
            "SELECT number, service, bytes FROM dictionary WHERE service = ?1",
            [service],
            dictionary,
        )
        .optional()
        .map_err(failed)?;
    kept.ok_or_else(|| {
        StoreError::Conflict(format!(
            "another service's dictionary has the number {number}"
        ))
    })
}

pub(super) fn dictionaries(connection: &Connection) -> rusqlite::Result<Vec<Dictionary>> {
    connection
        .prepare_cached("SELECT number, service, bytes FROM dictionary ORDER BY made_at, number")?
        .query_map([], dictionary)?
        .collect()
}

fn dictionary(row: &Row<'_>) -> rusqlite::Result<Dictionary> {
    Ok(Dictionary {
        number: row.get(0)?,
        service: row.get(1)?,
        bytes: row.get(2)?,
    })
}
