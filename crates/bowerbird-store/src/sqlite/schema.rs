//! The schema's versions: which one a file has, and the way from each to the next.
//!
//! Each version is one numbered file, applied in one transaction; a file once released is never changed.

use std::path::Path;

use bowerbird_core::store::StoreError;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::connection::opening;

/// Says in the file's header that it is ours: "Bowb".
const APPLICATION_ID: i64 = 0x426f_7762;

const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002.sql"),
    include_str!("migrations/0003.sql"),
    include_str!("migrations/0004.sql"),
    include_str!("migrations/0005.sql"),
];

/// Refuses a file of another program or of a newer version, having changed nothing.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let (application, version, tables) =
        header(connection).map_err(|error| opening(path, error))?;
    let is_new = application == 0 && version == 0 && tables == 0;
    if !is_new && application != APPLICATION_ID {
        return Err(StoreError::Failed(format!(
            "{} is a database of another program: name another file",
            path.display()
        )));
    }
    if usize::try_from(version).is_ok_and(|version| version <= MIGRATIONS.len()) {
        Ok(())
    } else {
        Err(StoreError::Newer(format!(
            "a newer bowerbird wrote {} (version {version}, this build reads up to {}): use that one, or another file",
            path.display(),
            MIGRATIONS.len()
        )))
    }
}

/// Brings the file to the newest version.
pub(super) fn migrate(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    loop {
        let step = || {
            let transaction =
                Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
            // Read again inside the transaction: another process may have been quicker.
            let (_, version, _) = header(&transaction)?;
            let next = usize::try_from(version).unwrap_or(usize::MAX);
            let Some(sql) = MIGRATIONS.get(next) else {
                return Ok(true);
            };
            transaction.execute_batch(sql)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", version + 1)?;
            transaction.commit()?;
            if version > 0 {
                tracing::info!(
                    store.version = version + 1,
                    "Store brought to a new version"
                );
            }
            Ok(false)
        };
        if step().map_err(|error| opening(path, error))? {
            return Ok(());
        }
    }
}

fn header(connection: &Connection) -> rusqlite::Result<(i64, i64, i64)> {
    let one = |sql| connection.query_row(sql, [], |row| row.get(0));
    Ok((
        one("PRAGMA application_id")?,
        one("PRAGMA user_version")?,
        one("SELECT count(*) FROM sqlite_schema")?,
    ))
}
