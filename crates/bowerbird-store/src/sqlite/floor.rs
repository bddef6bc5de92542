//! What SQLite alone needs for the same rows: the floor that the store is measured against.
//!
//! It copies a store that was filled before, row by row as they are, into a new file with the same tables, indexes and settings,
//! by prepared inserts in transactions of the same size, and takes the time of these inserts alone. Nothing of ours is in that
//! time: no records to read, no duplicates to look for, no words to find. The words of the text index are made beforehand.

use std::path::Path;
use std::time::{Duration, Instant};

use bowerbird_core::store::StoreError;
use rusqlite::types::Value;
use rusqlite::{Connection, Transaction, TransactionBehavior, params, params_from_iter};

use super::connection::{failed, make_durable, open_reader, open_writer};
use super::ingest::Existing;
use super::schema;

/// Batches read into memory at a time.
const BATCHES: usize = 16;

/// What the inserts took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Floor {
    /// Posts that had come by themselves; the rows of those they carried are among the inserts.
    pub posts: u64,
    /// The time of all transactions.
    pub took: Duration,
}

/// Copies the store at `from`, in which nothing was deleted, to a new file, `batch` posts a transaction.
pub fn copy(from: &Path, to: &Path, cache_mib: u32, batch: usize) -> Result<Floor, StoreError> {
    let source = open_reader(from, cache_mib)?;
    let target = open_writer(to, cache_mib)?;
    make_durable(&target, to)?;
    schema::migrate(&target, to)?;
    let mut floor = Floor {
        posts: 0,
        took: Duration::ZERO,
    };
    let mut place = Place::default();
    loop {
        let ready = place
            .next(&source, batch.max(1) * BATCHES, batch.max(1))
            .map_err(failed)?;
        if ready.is_empty() {
            return Ok(floor);
        }
        for batch in &ready {
            floor.posts += batch.posts;
            let begun = Instant::now();
            batch.insert(&target).map_err(failed)?;
            floor.took += begun.elapsed();
        }
    }
}

type Row = Vec<Value>;

/// The rows of one transaction.
#[derive(Debug, Default)]
struct Ready {
    posts: u64,
    tables: Vec<(&'static str, Vec<Row>)>,
    words: Vec<(i64, String, String)>,
}

impl Ready {
    fn insert(&self, target: &Connection) -> rusqlite::Result<()> {
        let transaction = Transaction::new_unchecked(target, TransactionBehavior::Immediate)?;
        for (sql, rows) in &self.tables {
            let mut insert = target.prepare_cached(sql)?;
            for row in rows {
                insert.execute(params_from_iter(row))?;
            }
        }
        let mut index = target
            .prepare_cached("INSERT INTO post_text (rowid, text, facets) VALUES (?1, ?2, ?3)")?;
        for (post, text, facets) in &self.words {
            index.execute(params![post, text, facets])?;
        }
        transaction.commit()
    }
}

/// The tables in which rows lie for every post: what is read, the column that says with which post or account it goes, and what is inserted.
const TABLES: [(&str, &str, bool); 6] = [
    (
        "SELECT * FROM post WHERE post BETWEEN ?1 AND ?2 ORDER BY post",
        "INSERT INTO post VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        false,
    ),
    (
        "SELECT * FROM post_raw WHERE post BETWEEN ?1 AND ?2 ORDER BY post",
        "INSERT INTO post_raw VALUES (?, ?)",
        false,
    ),
    (
        "SELECT * FROM capture WHERE post BETWEEN ?1 AND ?2 ORDER BY post",
        "INSERT INTO capture VALUES (?, ?, ?, ?, ?)",
        false,
    ),
    (
        "SELECT * FROM post_relationship WHERE post BETWEEN ?1 AND ?2 ORDER BY post",
        "INSERT INTO post_relationship VALUES (?, ?, ?, ?)",
        false,
    ),
    (
        "SELECT * FROM account WHERE account BETWEEN ?1 AND ?2 ORDER BY account",
        "INSERT INTO account VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        true,
    ),
    (
        "SELECT * FROM name WHERE account BETWEEN ?1 AND ?2 ORDER BY account",
        "INSERT INTO name VALUES (?, ?, ?, ?)",
        true,
    ),
];

/// How far the copy is.
#[derive(Debug, Default)]
struct Place {
    post: i64,
    account: i64,
}

impl Place {
    /// The next posts, `most` of them that came by themselves, made ready in batches.
    fn next(
        &mut self,
        source: &Connection,
        most: usize,
        batch: usize,
    ) -> rusqlite::Result<Vec<Ready>> {
        let mut ready = Vec::new();
        for _ in 0..most / batch {
            let Some((last, account, posts)) = self.bounds(source, batch)? else {
                break;
            };
            let mut one = Ready {
                posts,
                ..Ready::default()
            };
            for (select, insert, is_of_account) in TABLES {
                let (from, to) = if is_of_account {
                    (self.account + 1, account)
                } else {
                    (self.post + 1, last)
                };
                one.tables.push((insert, rows(source, select, from, to)?));
            }
            one.words = words(source, self.post + 1, last)?;
            (self.post, self.account) = (last, account.max(self.account));
            ready.push(one);
        }
        Ok(ready)
    }

    /// The last post of the next batch, the newest account in it, and how many posts it has that came by themselves.
    fn bounds(
        &self,
        source: &Connection,
        batch: usize,
    ) -> rusqlite::Result<Option<(i64, i64, u64)>> {
        let (last, account, posts): (Option<i64>, Option<i64>, u64) = source
            .prepare_cached(
                "SELECT max(post), max(author), count(own_version)
                 FROM (SELECT post, author, own_version FROM post WHERE post > ?1 ORDER BY post LIMIT ?2)",
            )?
            .query_row(params![self.post, batch], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
        Ok(last.map(|last| (last, account.unwrap_or(0), posts)))
    }
}

fn rows(source: &Connection, select: &str, from: i64, to: i64) -> rusqlite::Result<Vec<Row>> {
    let mut statement = source.prepare_cached(select)?;
    let columns = statement.column_count();
    statement
        .query_map([from, to], |row| {
            (0..columns).map(|column| row.get(column)).collect()
        })?
        .collect()
}

fn words(source: &Connection, from: i64, to: i64) -> rusqlite::Result<Vec<(i64, String, String)>> {
    let sql = format!(
        "SELECT {} FROM post AS p WHERE p.post BETWEEN ?1 AND ?2 AND p.flags & 1024 ORDER BY p.post",
        Existing::COLUMNS
    );
    source
        .prepare_cached(&sql)?
        .query_map([from, to], |row| {
            let row = Existing::read(row)?;
            let words = row.words();
            Ok((row.post, words.text, words.facets))
        })?
        .collect()
}
