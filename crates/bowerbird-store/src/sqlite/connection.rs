//! Opening the database file, and saying in plain words what SQLite answered.
//!
//! Every connection of the store is made here, so that the settings that durability and erasing rest on stand in one
//! place. The schema is [`super::schema`].

use std::fs::OpenOptions;
use std::path::Path;
use std::time::Duration;

use bowerbird_core::store::StoreError;
use rusqlite::{Connection, ErrorCode, OpenFlags};

/// Larger than a raw post, so that few of them spill into pages of their own.
const PAGE_BYTES: u32 = 8_192;
/// Another process may hold the writer's place for one of its batches, not longer.
const BUSY_FOR: Duration = Duration::from_secs(10);
/// Pages of log before they are copied into the database: pages written again and again meanwhile are copied once.
const CHECKPOINT_PAGES: u32 = 4_096;
/// The log file is cut back to this after a checkpoint.
const LOG_BYTES: u64 = 64 << 20;
/// Statements kept compiled on each connection; there are fewer.
const STATEMENTS: usize = 128;

/// The one connection that writes. Makes the file, readable by its owner alone, where there is none.
pub(super) fn open_writer(path: &Path, cache_mib: u32) -> Result<Connection, StoreError> {
    match create_private(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map_err(|error| cannot_open(path, &error.to_string())),
    }?;
    let connection = open(path)?;
    connection
        .execute_batch(&format!(
            "PRAGMA page_size = {PAGE_BYTES}; PRAGMA cache_size = -{};",
            cache_mib * 1024
        ))
        .map_err(|error| opening(path, error))?;
    Ok(connection)
}

/// What the writer needs once the file is known to be ours.
///
/// `synchronous = FULL`: the spool lets go of what was acknowledged, so a commit must be on the disk. `secure_delete = FAST`:
/// deleted rows are overwritten in the pages that are written anyway; only whole freed pages keep their old bytes until they are
/// used again. Transactions that erase turn it `ON`, which writes those too; it would cost every merge of the text index.
pub(super) fn make_durable(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    connection
        .execute_batch(&format!(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             PRAGMA secure_delete = FAST;
             PRAGMA temp_store = MEMORY;
             PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES};
             PRAGMA journal_size_limit = {LOG_BYTES};"
        ))
        .map_err(|error| opening(path, error))
}

/// `ON` or `FAST`, see [`make_durable`].
pub(super) fn set_secure_delete(connection: &Connection, to: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached(&format!("PRAGMA secure_delete = {to}"))?
        .query_row([], |_| Ok(()))
}

/// A connection that reads.
pub(super) fn open_reader(path: &Path, cache_mib: u32) -> Result<Connection, StoreError> {
    let connection = open(path)?;
    connection
        .execute_batch(&format!(
            "PRAGMA query_only = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{}",
            cache_mib * 1024
        ))
        .map_err(|error| opening(path, error))?;
    Ok(connection)
}

fn open(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(path, flags).map_err(|error| opening(path, error))?;
    connection
        .busy_timeout(BUSY_FOR)
        .map_err(|error| opening(path, error))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// Makes a new empty file that only its owner can read.
pub(super) fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

fn cannot_open(path: &Path, why: &str) -> StoreError {
    StoreError::Failed(format!(
        "can't open the database {}: {why}; its folder must exist and be writable by this user",
        path.display()
    ))
}

/// A failure while opening, naming the file.
pub(super) fn opening(path: &Path, error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => StoreError::Failed(format!(
            "{} is not a database: name another file, or put a backup in its place",
            path.display()
        )),
        Some(ErrorCode::DatabaseCorrupt) => StoreError::Failed(format!(
            "the database {} is damaged: put a backup in its place",
            path.display()
        )),
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            cannot_open(path, &error.to_string())
        }
        _ => failed(error),
    }
}

/// A failure while at work. The transaction it happened in is rolled back: nothing is half written.
pub(super) fn failed(error: rusqlite::Error) -> StoreError {
    let words = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the disk is full: free some space".to_owned(),
        Some(ErrorCode::SystemIoFailure) => format!("the disk did not obey ({error})"),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            format!("the database is damaged ({error}): put a backup in its place")
        }
        Some(ErrorCode::ReadOnly) => "the database file is read-only".to_owned(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another program holds the database".to_owned()
        }
        Some(ErrorCode::OperationInterrupted) => {
            return StoreError::Invalid(
                "this took too long and was stopped: ask for less, for a shorter time or with more words"
                    .to_owned(),
            );
        }
        _ => error.to_string(),
    };
    StoreError::Failed(words)
}
