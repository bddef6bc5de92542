//! Backups, sizes, and the front of sweeping.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use bowerbird_core::store::{KeepPosts, StoreError, StoreSize, Swept, Upkeep};
use bowerbird_core::time::Time;
use rusqlite::Connection;

use super::SqliteStore;
use super::connection::{create_private, failed};
use super::known::meta;
use super::sweep;
use super::writer::WriterState;

#[async_trait]
impl Upkeep for SqliteStore {
    async fn sweep(&self, now: Time, keep: &[KeepPosts], most: usize) -> Result<Swept, StoreError> {
        let keep = keep.to_vec();
        let sweep = move |state: &mut WriterState| {
            let (swept, _) =
                state.transact(|open| sweep::sweep(open, now, &keep, most).map_err(failed))?;
            let purged = state.purge()?;
            state.log_is_stale |= purged;
            if state.log_is_stale {
                // Erased text may still stand in the log: it is emptied, or, while someone reads, left to the next sweep.
                let busy: bool = state
                    .connection
                    .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
                    .unwrap_or(true);
                state.log_is_stale = busy;
            }
            Ok(swept)
        };
        self.writer.run(sweep).await
    }

    async fn backup(&self, path: &Path) -> Result<(), StoreError> {
        let path = path.to_owned();
        self.readers
            .copy(move |connection| backup(connection, &path))
            .await
    }

    async fn size(&self) -> Result<StoreSize, StoreError> {
        let path = self.path.clone();
        self.readers
            .run(move |connection| size(connection, &path).map_err(failed))
            .await
    }
}

fn backup(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let at = path.display();
    let cannot = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            StoreError::Conflict(format!("{at} exists: name a new file"))
        }
        _ => StoreError::Invalid(format!("can't write {at}: {error}")),
    };
    let text = path
        .to_str()
        .ok_or_else(|| StoreError::Invalid(format!("{at} is not UTF-8: name another file")))?;
    create_private(path).map_err(cannot)?;
    // A reader may write nothing, not even into another file.
    let may_write = |yes: bool| connection.pragma_update(None, "query_only", !yes);
    let vacuumed = may_write(true).and_then(|()| connection.execute("VACUUM INTO ?1", [text]));
    let copied = may_write(false)
        .and(vacuumed)
        .map_err(failed)
        .and_then(|_| {
            let file = std::fs::File::open(path).map_err(cannot)?;
            file.sync_all().map_err(cannot)
        });
    if copied.is_err() {
        // Half a copy is none; if it can't be removed either, the first reason is the one to tell.
        let _ = std::fs::remove_file(path);
    }
    copied
}

fn size(connection: &Connection, path: &Path) -> rusqlite::Result<StoreSize> {
    let number =
        |key| meta(connection, key).map(|n| n.and_then(|n| u64::try_from(n).ok()).unwrap_or(0));
    let log = PathBuf::from(format!("{}-wal", path.display()));
    let bytes_of = |file: &Path| std::fs::metadata(file).map_or(0, |found| found.len());
    Ok(StoreSize {
        posts: number("posts")?,
        tombstones: number("tombstones")?,
        // Accounts are never removed, and numbered without holes.
        accounts: connection.query_row(
            "SELECT coalesce(max(account), 0) FROM account",
            [],
            |row| row.get(0),
        )?,
        dead_letters: number("dead_letters")?,
        bytes: bytes_of(path) + bytes_of(&log),
    })
}
