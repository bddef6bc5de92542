//! The text index's changes of one batch, held back until its end.
//!
//! FTS5 writes out all it holds whenever a row comes whose number is not greater than the last, so one deletion amid a thousand
//! new posts would leave a part of its own in the index. Here all removals come first, in order, and then all new rows.
//!
//! A removed row is found no more from the commit on. Its words leave the file in one of two ways. FTS5's `secure-delete` takes
//! them out at once, at some milliseconds a post: that is for what is to be forgotten, up to [`AT_ONCE`] posts a batch. Otherwise a
//! mark is written, and words and mark go when parts of the index are merged; where more is to be forgotten than that, [`purge`] sees
//! to it with the next sweeps.

use rusqlite::{Connection, params};

use super::known::meta;
use super::text::Words;

/// Posts of one batch whose words are taken out at once.
const AT_ONCE: usize = 16;
/// Pages of the index merged in one step of a purge, and steps in one sweep: about 16 MB, some tenths of a second.
const PURGED_PAGES: i64 = 1_000;
const PURGE_STEPS: usize = 4;

/// Why words are removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// They are to be forgotten: nothing of them may stay.
    Forget,
    /// The post is let go, or goes elsewhere.
    LetGo,
}

#[derive(Debug)]
pub(super) struct IndexQueue {
    forgotten: Vec<(i64, Words)>,
    let_go: Vec<(i64, Words)>,
    added: Vec<(i64, Words)>,
    /// Posts whose words may still be taken out at once.
    at_once: usize,
    /// Posts to be forgotten whose words are only marked.
    marked: i64,
}

impl Default for IndexQueue {
    fn default() -> Self {
        Self {
            forgotten: Vec::new(),
            let_go: Vec::new(),
            added: Vec::new(),
            at_once: AT_ONCE,
            marked: 0,
        }
    }
}

impl IndexQueue {
    pub(super) fn add(&mut self, post: i64, words: Words) {
        self.added.push((post, words));
    }

    /// Takes a row out; `words` are those it was added with.
    pub(super) fn remove(&mut self, post: i64, why: Why, words: impl FnOnce() -> Words) {
        if let Some(at) = self.added.iter().rposition(|(added, _)| *added == post) {
            self.added.remove(at);
        } else if why == Why::Forget && self.at_once > 0 {
            self.at_once -= 1;
            self.forgotten.push((post, words()));
        } else {
            self.marked += i64::from(why == Why::Forget);
            self.let_go.push((post, words()));
        }
    }

    /// Writes all of it.
    pub(super) fn flush(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        const REMOVE: &str =
            "INSERT INTO post_text (post_text, rowid, text, facets) VALUES ('delete', ?1, ?2, ?3)";
        const ADD: &str = "INSERT INTO post_text (rowid, text, facets) VALUES (?1, ?2, ?3)";
        if !self.forgotten.is_empty() {
            command(connection, "secure-delete", 1)?;
            insert(connection, REMOVE, &mut self.forgotten)?;
            // FTS5 writes out what it holds before it changes a setting: these removals, while they are secure.
            command(connection, "secure-delete", 0)?;
        }
        insert(connection, REMOVE, &mut self.let_go)?;
        insert(connection, ADD, &mut self.added)?;
        if self.marked > 0 {
            connection
                .prepare_cached("UPDATE meta SET value = value + ?1 WHERE key = 'unpurged'")?
                .execute([std::mem::take(&mut self.marked)])?;
        }
        Ok(())
    }
}

fn insert(
    connection: &Connection,
    sql: &str,
    rows: &mut Vec<(i64, Words)>,
) -> rusqlite::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    rows.sort_by_key(|(post, _)| *post);
    let mut statement = connection.prepare_cached(sql)?;
    for (post, words) in rows.drain(..) {
        statement.execute(params![post, words.text, words.facets])?;
    }
    Ok(())
}

fn command(connection: &Connection, name: &str, value: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO post_text (post_text, rank) VALUES (?1, ?2)")?
        .execute(params![name, value])
        .map(drop)
}

/// Takes words that are only marked out of the file, a step at a time, by merging all parts of the index there are at its
/// beginning; is there anything left to do?
pub(super) fn purge(connection: &Connection) -> rusqlite::Result<bool> {
    let mut is_on = meta(connection, "purging")? == Some(1);
    if !is_on && meta(connection, "unpurged")? == Some(0) {
        return Ok(false);
    }
    for _ in 0..PURGE_STEPS {
        let before = connection.total_changes();
        // A negative number begins with all parts; a positive one goes on.
        let pages = if is_on { PURGED_PAGES } else { -PURGED_PAGES };
        command(connection, "merge", pages)?;
        if !is_on {
            is_on = true;
            set(connection, "unpurged", 0)?;
            set(connection, "purging", 1)?;
            continue;
        }
        // As FTS5 says: a step that had nothing to do changes a row at most.
        if connection.total_changes() - before < 2 {
            set(connection, "purging", 0)?;
            break;
        }
    }
    Ok(true)
}

fn set(connection: &Connection, key: &str, value: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE meta SET value = ?2 WHERE key = ?1")?
        .execute(params![key, value])
        .map(drop)
}
