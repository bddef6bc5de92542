//! From rows to the public shape of a post, and to its bytes.

use bowerbird_core::ids::TrackId;
use bowerbird_core::raw::RawCodec;
use bowerbird_core::store::{KEPT_BYTES, KeptPost, StoreError};
use bowerbird_core::time::Time;
use bowerbird_core::view::{CaptureView, PostView};
use rusqlite::{Connection, OptionalExtension, Rows, params};
use rustc_hash::FxHashMap;

use super::charts::source_name;
use super::connection::failed;
use super::embedded;
use super::flags;
use super::ingest::{Existing, find, meant_by};

/// One post by service and id.
pub(super) fn one(
    connection: &Connection,
    service: &str,
    id: &str,
) -> rusqlite::Result<Option<PostView>> {
    let Some(number) = service_number(connection, service)? else {
        return Ok(None);
    };
    let row = match find(connection, number, id)? {
        Some(row) => Some(row),
        None => match meant_by(connection, number, id)? {
            Some(id) => find(connection, number, &id)?,
            None => None,
        },
    };
    match row {
        // Known by a notice only: nothing was ever here.
        Some(row) if row.version.is_none() && row.erasure.is_none() => Ok(None),
        Some(row) => Ok(of_rows(connection, &[row])?.pop()),
        None => Ok(None),
    }
}

/// The views of a page's rows, with what came inside them. However many they are, each name is asked for once, and all captures at
/// once.
pub(super) fn of_rows(
    connection: &Connection,
    rows: &[Existing],
) -> rusqlite::Result<Vec<PostView>> {
    let mut names = Names::default();
    let mut captures = captures(connection, rows)?;
    let mut view = |row: &Existing| {
        let captures = captures.remove(&row.post).unwrap_or_default();
        of_row(connection, &mut names, row, captures)
    };
    let mut views: Vec<PostView> = rows.iter().map(&mut view).collect::<Result<_, _>>()?;
    embedded::add(connection, rows, &mut views)?;
    Ok(views)
}

/// The few names that a page's rows have numbers of.
#[derive(Default)]
struct Names {
    services: FxHashMap<i64, String>,
    sources: FxHashMap<i64, String>,
}

impl Names {
    fn service(&mut self, connection: &Connection, number: i64) -> rusqlite::Result<String> {
        let sql = "SELECT name FROM service WHERE service = ?1";
        name(&mut self.services, connection, sql, number)
    }

    fn source(&mut self, connection: &Connection, number: i64) -> rusqlite::Result<String> {
        let sql = "SELECT name FROM source WHERE source = ?1";
        name(&mut self.sources, connection, sql, number)
    }
}

fn name(
    known: &mut FxHashMap<i64, String>,
    connection: &Connection,
    sql: &str,
    number: i64,
) -> rusqlite::Result<String> {
    if let Some(name) = known.get(&number) {
        return Ok(name.clone());
    }
    let name: String = connection
        .prepare_cached(sql)?
        .query_row([number], |row| row.get(0))?;
    known.insert(number, name.clone());
    Ok(name)
}

fn of_row(
    connection: &Connection,
    names: &mut Names,
    row: &Existing,
    captures: Vec<CaptureView>,
) -> rusqlite::Result<PostView> {
    let service = names.service(connection, row.service)?;
    let source = names.source(connection, row.source)?;
    let mut view = PostView {
        key: format!("{service}/{}", row.id),
        service,
        id: row.id.clone(),
        version: row.version.clone().unwrap_or_default(),
        source,
        made_at: row.made_at.map(Time),
        received_at: Time(row.received_at),
        text: row.text.clone(),
        lang: row.lang.clone(),
        edited: row.flags & flags::EDITED != 0,
        deleted_at: row.erased_at.map(Time),
        captures,
        ..PostView::default()
    };
    match row.detail() {
        Some(detail) => detail.fill(&mut view),
        None => view.author.id = author_id(connection, row.author)?,
    }
    Ok(view)
}

fn author_id(connection: &Connection, account: Option<i64>) -> rusqlite::Result<String> {
    let id = connection
        .prepare_cached("SELECT id FROM account WHERE account = ?1")?
        .query_row([account], |row| row.get(0))
        .optional()?;
    Ok(id.unwrap_or_default())
}

/// The captures of rows by their post, each post's by track.
fn captures(
    connection: &Connection,
    rows: &[Existing],
) -> rusqlite::Result<FxHashMap<i64, Vec<CaptureView>>> {
    let numbers: Vec<i64> = rows.iter().map(|row| row.post).collect();
    let json = serde_json::to_string(&numbers)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    let mut all: FxHashMap<i64, Vec<CaptureView>> = FxHashMap::default();
    let mut found = connection.prepare_cached(include_str!("sql/captures_of.sql"))?;
    let mut found = found.query([json])?;
    while let Some(row) = found.next()? {
        all.entry(row.get(0)?).or_default().push(CaptureView {
            track: TrackId(row.get(1)?),
            rule_version: row.get(2)?,
            backfilled: row.get(3)?,
        });
    }
    for captures in all.values_mut() {
        captures.sort_by_key(|capture| capture.track);
    }
    Ok(all)
}

/// A service's number, if it has one yet.
pub(super) fn service_number(
    connection: &Connection,
    service: &str,
) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT service FROM service WHERE name = ?1")?
        .query_row([service], |row| row.get(0))
        .optional()
}

/// One post's bytes as they came.
pub(super) fn raw(
    connection: &Connection,
    codec: &RawCodec,
    service: &str,
    id: &str,
) -> Result<Option<Vec<u8>>, StoreError> {
    let packed = connection
        .prepare_cached(
            "SELECT raw FROM post_raw JOIN post USING (post) JOIN service USING (service)
             WHERE service.name = ?1 AND post.id = ?2",
        )
        .and_then(|mut find| {
            find.query_row(params![service, id], |row| row.get::<_, Vec<u8>>(0))
                .optional()
        })
        .map_err(failed)?;
    let unpacked = packed.map(|packed| codec.unpack(&packed)).transpose();
    unpacked.map_err(|error| StoreError::Failed(format!("{service}/{id}: {error}")))
}

/// Posts with their bytes in the order they were kept.
pub(super) fn kept_after(
    connection: &Connection,
    codec: &RawCodec,
    place: u64,
    most: usize,
) -> rusqlite::Result<Vec<KeptPost>> {
    let mut statement = connection.prepare_cached(concat!(
        include_str!("sql/kept.sql"),
        "WHERE post_raw.post > ?1 ORDER BY post_raw.post"
    ))?;
    let rows = statement.query([i64::try_from(place).unwrap_or(i64::MAX)])?;
    kept(rows, codec, most)
}

/// The same from the other end.
pub(super) fn newest_kept(
    connection: &Connection,
    codec: &RawCodec,
    most: usize,
) -> rusqlite::Result<Vec<KeptPost>> {
    let mut statement = connection.prepare_cached(concat!(
        include_str!("sql/kept.sql"),
        "ORDER BY post_raw.post DESC"
    ))?;
    kept(statement.query([])?, codec, most)
}

/// As many as fit an answer. One whose bytes are damaged is passed over, and said.
fn kept(mut rows: Rows<'_>, codec: &RawCodec, most: usize) -> rusqlite::Result<Vec<KeptPost>> {
    let mut kept = Vec::new();
    let mut n_bytes = 0;
    while kept.len() < most && n_bytes < KEPT_BYTES {
        let Some(row) = rows.next()? else { break };
        let place = row.get(0)?;
        match codec.unpack(row.get_ref(3)?.as_blob()?) {
            Ok(raw) => {
                n_bytes += raw.len();
                kept.push(KeptPost {
                    place,
                    source: source_name(row.get_ref(1)?.as_str()?),
                    received_at: Time(row.get(2)?),
                    raw,
                });
            }
            Err(error) => {
                tracing::error!(post.number = place, error = %error, "Raw bytes of a post can't be read");
            }
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::sqlite::schema;

    #[test]
    fn captures_are_found_by_their_post() {
        let connection = Connection::open_in_memory().unwrap();
        schema::migrate(&connection, Path::new(":memory:")).unwrap();
        let sql = format!("EXPLAIN QUERY PLAN {}", include_str!("sql/captures_of.sql"));
        let mut plan = connection.prepare(&sql).unwrap();
        let steps = plan.query_map(["[]"], |row| row.get::<_, String>(3));
        let steps: Vec<String> = steps.unwrap().map(Result::unwrap).collect();
        let by_post = "SEARCH capture USING PRIMARY KEY (post=?)";
        assert!(steps.iter().any(|step| step == by_post), "{steps:?}");
    }
}
