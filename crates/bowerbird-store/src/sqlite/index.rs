//! The text index's changes of one batch, held back until its end.
//!
//! FTS5 writes out all it holds whenever a row comes whose number is not greater than the last, so one deletion amid a thousand
//! new posts would leave a part of its own in the index. Here all removals come first, in order, and then all new rows.
//!
//! Removals are done with FTS5's `secure-delete`, which takes the words out of the index at once instead of marking them; it is
//! off for batches that remove nothing, because it makes writing slower.

use rusqlite::{CachedStatement, Connection, params};

use super::text::Words;

#[derive(Debug, Default)]
pub(super) struct IndexQueue {
    removed: Vec<(i64, Words)>,
    added: Vec<(i64, Words)>,
}

impl IndexQueue {
    pub(super) fn add(&mut self, post: i64, words: Words) {
        self.added.push((post, words));
    }

    /// Takes a row out; `words` are those it was added with.
    pub(super) fn remove(&mut self, post: i64, words: impl FnOnce() -> Words) {
        if let Some(at) = self.added.iter().rposition(|(added, _)| *added == post) {
            self.added.remove(at);
        } else {
            self.removed.push((post, words()));
        }
    }

    /// Writes all of it.
    pub(super) fn flush(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        if !self.removed.is_empty() {
            self.removed.sort_unstable_by_key(|(post, _)| *post);
            secure(connection, true)?;
            let mut remove = connection.prepare_cached(
                "INSERT INTO post_text (post_text, rowid, text, facets) VALUES ('delete', ?1, ?2, ?3)",
            )?;
            insert(&mut remove, &mut self.removed)?;
            // FTS5 writes out what it holds before it changes a setting: these removals, while they are secure.
            secure(connection, false)?;
        }
        if self.added.is_empty() {
            return Ok(());
        }
        self.added.sort_by_key(|(post, _)| *post);
        let mut add = connection
            .prepare_cached("INSERT INTO post_text (rowid, text, facets) VALUES (?1, ?2, ?3)")?;
        insert(&mut add, &mut self.added)
    }
}

fn insert(
    statement: &mut CachedStatement<'_>,
    rows: &mut Vec<(i64, Words)>,
) -> rusqlite::Result<()> {
    for (post, words) in rows.drain(..) {
        statement.execute(params![post, words.text, words.facets])?;
    }
    Ok(())
}

fn secure(connection: &Connection, on: bool) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO post_text (post_text, rank) VALUES ('secure-delete', ?1)")?
        .execute([i64::from(on)])
        .map(drop)
}
