//! Other ids of posts: remembered, looked up, and let go with their posts.
//!
//! A deletion may come by an id whose post has not come yet: it leaves a tombstone under that id, which moves to the post's own as soon
//! as that is told.

use bowerbird_core::event::Alias;
use rusqlite::{Connection, OptionalExtension, params};

use super::content::{Existing, find};
use super::{Arrival, Batch};
use crate::sqlite::flags::Erasure;

impl Batch<'_> {
    /// Remembers other ids, and does what was asked for under them before they were known.
    pub(super) fn aliases(
        &mut self,
        arrival: Arrival,
        service: &str,
        aliases: &[Alias<'_>],
    ) -> rusqlite::Result<()> {
        let service = self.known.service(self.connection, service)?;
        for Alias { alias, id } in aliases {
            let is_new = self
                .connection
                .prepare_cached(
                    "INSERT INTO post_alias (service, alias, id) VALUES (?1, ?2, ?3)
                     ON CONFLICT (service, alias) DO UPDATE SET id = excluded.id WHERE id <> excluded.id",
                )?
                .execute(params![service, alias, id])?;
            if is_new == 0 {
                continue;
            }
            let Some(early) = find(self.connection, service, alias)? else {
                continue;
            };
            let deleted = early.erased();
            self.remove(&early)?;
            if let Some((_, at)) = deleted.filter(|(why, _)| *why == Erasure::Deleted as i64) {
                self.erase(arrival, service, id, Erasure::Deleted, at)?;
            }
        }
        Ok(())
    }

    /// Lets go of the other ids of a post that is let go.
    pub(in crate::sqlite) fn forget_aliases(&mut self, post: &Existing) -> rusqlite::Result<()> {
        self.connection
            .prepare_cached("DELETE FROM post_alias WHERE service = ?1 AND id = ?2")?
            .execute(params![post.service, post.id])
            .map(drop)
    }
}

/// The id of the post that is also called so.
pub(in crate::sqlite) fn meant_by(
    connection: &Connection,
    service: i64,
    alias: &str,
) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached("SELECT id FROM post_alias WHERE service = ?1 AND alias = ?2")?
        .query_row(params![service, alias], |row| row.get(0))
        .optional()
}
