//! What the writer remembers between batches, so that it need not ask the database again.
//!
//! All of it can be forgotten at any time, and is, when a transaction failed or another process has written. Bounded: services
//! and sources are few, accounts are kept in two generations of a fixed size.

use bowerbird_core::ids::SourceName;
use rusqlite::{Connection, OptionalExtension};
use rustc_hash::{FxHashMap, FxHashSet};

/// Accounts in one generation; there are at most two, of about 100 bytes an account.
const ACCOUNTS: usize = 32_768;

#[derive(Debug, Default)]
pub(super) struct Known {
    /// `PRAGMA data_version` these were read under.
    data_version: Option<i64>,
    pub(super) next_post: i64,
    /// Offset of the last record committed.
    pub(super) position: Option<u64>,
    services: FxHashMap<String, i64>,
    sources: FxHashMap<String, i64>,
    source_services: FxHashSet<(i64, i64)>,
    pub(super) removed_tracks: Vec<i64>,
    pub(super) accounts: Accounts,
}

impl Known {
    /// Reads what another process may have changed. Called first in every transaction.
    pub(super) fn refresh(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let version: i64 = connection
            .prepare_cached("PRAGMA data_version")?
            .query_row([], |row| row.get(0))?;
        if self.data_version == Some(version) {
            return Ok(());
        }
        *self = Self::default();
        self.next_post = meta(connection, "next_post")?.unwrap_or(1);
        self.position = meta(connection, "position")?.and_then(|n| u64::try_from(n).ok());
        self.removed_tracks = connection
            .prepare_cached("SELECT track FROM track WHERE removed_at IS NOT NULL ORDER BY track")?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        self.data_version = Some(version);
        Ok(())
    }

    /// Forgets everything.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Writes what the next process needs to go on.
    pub(super) fn flush(&self, connection: &Connection) -> rusqlite::Result<()> {
        let mut set = connection.prepare_cached(
            "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        )?;
        set.execute(("next_post", self.next_post))?;
        if let Some(position) = self.position {
            set.execute(("position", position))?;
        }
        Ok(())
    }

    /// A service's number.
    pub(super) fn service(&mut self, connection: &Connection, name: &str) -> rusqlite::Result<i64> {
        numbered(connection, &mut self.services, "service", name)
    }

    /// Notes that posts of a service come through a source.
    pub(super) fn comes_through(
        &mut self,
        connection: &Connection,
        source: i64,
        service: i64,
    ) -> rusqlite::Result<()> {
        if self.source_services.insert((source, service)) {
            connection
                .prepare_cached("INSERT INTO source_service (source, service) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
                .execute([source, service])?;
        }
        Ok(())
    }

    /// A source's number; what is no source's name counts under `unknown`.
    pub(super) fn source(&mut self, connection: &Connection, name: &str) -> rusqlite::Result<i64> {
        if let Some(source) = self.sources.get(name) {
            return Ok(*source);
        }
        let name = if SourceName::parse(name).is_ok() {
            name
        } else {
            "unknown"
        };
        numbered(connection, &mut self.sources, "source", name)
    }

    pub(super) fn is_removed(&self, track: i64) -> bool {
        self.removed_tracks.binary_search(&track).is_ok()
    }
}

/// A number of the store itself.
pub(super) fn meta(connection: &Connection, key: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT value FROM meta WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()
}

fn numbered(
    connection: &Connection,
    known: &mut FxHashMap<String, i64>,
    table: &str,
    name: &str,
) -> rusqlite::Result<i64> {
    if let Some(number) = known.get(name) {
        return Ok(*number);
    }
    connection.execute(
        &format!("INSERT INTO {table} (name) VALUES (?1) ON CONFLICT (name) DO NOTHING"),
        [name],
    )?;
    let number = connection.query_row(
        &format!("SELECT {table} FROM {table} WHERE name = ?1"),
        [name],
        |row| row.get(0),
    )?;
    known.insert(name.to_owned(), number);
    Ok(number)
}

/// What is remembered of an account.
#[derive(Debug, Clone)]
pub(super) struct KnownAccount {
    pub(super) account: i64,
    /// Of the profile as last written.
    pub(super) profile: u64,
    /// When that was.
    pub(super) seen_at: i64,
    pub(super) gone_at: Option<i64>,
    pub(super) scrubbed_to: Option<Box<str>>,
}

/// Accounts by service and id: the ones seen last, in two generations. When the younger is full it becomes the older, and
/// what was not seen since is forgotten.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    young: FxHashMap<i64, FxHashMap<Box<str>, KnownAccount>>,
    old: FxHashMap<i64, FxHashMap<Box<str>, KnownAccount>>,
    n_young: usize,
}

impl Accounts {
    pub(super) fn get(&mut self, service: i64, id: &str) -> Option<KnownAccount> {
        if let Some(known) = self.young.get(&service).and_then(|of| of.get(id)) {
            return Some(known.clone());
        }
        let (id, known) = self.old.get_mut(&service)?.remove_entry(id)?;
        self.put(service, id, known.clone());
        Some(known)
    }

    pub(super) fn put(&mut self, service: i64, id: impl Into<Box<str>>, known: KnownAccount) {
        if self.n_young >= ACCOUNTS {
            self.old = std::mem::take(&mut self.young);
            self.n_young = 0;
        }
        let of_service = self.young.entry(service).or_default();
        if of_service.insert(id.into(), known).is_none() {
            self.n_young += 1;
        }
    }

    pub(super) fn forget(&mut self, service: i64, id: &str) {
        let young = self.young.get_mut(&service).and_then(|of| of.remove(id));
        self.n_young -= usize::from(young.is_some());
        self.old.get_mut(&service).and_then(|of| of.remove(id));
    }
}
