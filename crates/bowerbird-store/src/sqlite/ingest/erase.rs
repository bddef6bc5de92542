//! What is to be forgotten: posts, accounts, places; and what may not be shown everywhere.
//!
//! Text leaves the row, the raw bytes, the index and the dead letters in one transaction. It also leaves what carried it: a repost
//! of a deleted post has no text of its own and goes with it, and raw bytes that hold the deleted text inside another post go too.
//! All of it is remembered for what has not come yet.

use bowerbird_core::event::{Account, Delete, Event};
use rusqlite::{Connection, params};

use super::alias::meant_by;
use super::content::{Existing, NewPost, find, find_number};
use super::post::is_id_after;
use super::{Arrival, Batch};
use crate::sqlite::flags::{self, Erasure};

/// A post inside a post inside a post.
const LEVELS: usize = 2;

impl Batch<'_> {
    /// Applies a deletion; did it change anything?
    pub(super) fn delete(
        &mut self,
        arrival: Arrival,
        event: &Event<'_>,
        delete: &Delete<'_>,
    ) -> rusqlite::Result<bool> {
        let service = self.known.service(self.connection, &event.id.service)?;
        let at = event.at.map_or(arrival.received_at, |time| time.0);
        match delete {
            Delete::Post { post_id, .. } => {
                let meant = meant_by(self.connection, service, post_id)?;
                if meant.is_some() {
                    self.drop_letters_with(post_id)?;
                }
                let id = meant.as_deref().unwrap_or(post_id);
                self.erase(arrival, service, id, Erasure::Deleted, at)
            }
            Delete::Account { account_id, status } => {
                self.account_gone(arrival, service, account_id, status, at)
            }
            Delete::Location {
                account_id,
                up_to_post_id,
            } => self.scrub(arrival, service, account_id, up_to_post_id),
            Delete::WithheldPost { post_id, countries } => {
                self.withhold_post(arrival, service, post_id, countries)
            }
            Delete::WithheldAccount {
                account_id,
                countries,
            } => self.withhold_account(arrival, service, account_id, countries),
        }
    }

    /// Leaves nothing of a post but its id; was anything there to be erased, or is it news?
    pub(super) fn erase(
        &mut self,
        arrival: Arrival,
        service: i64,
        id: &str,
        why: Erasure,
        at: i64,
    ) -> rusqlite::Result<bool> {
        let erased = (why as i64, at);
        match find(self.connection, service, id)? {
            None => {
                let mut stub = NewPost::stub(service, id);
                stub.blank(erased);
                self.insert(arrival, &stub, None)?;
            }
            Some(old) if old.erasure.is_some_and(|before| before <= erased.0) => return Ok(false),
            Some(old) => {
                self.blank(&old, erased)?;
                if why == Erasure::Deleted {
                    self.erase_carriers(old.post, erased)?;
                }
            }
        }
        self.drop_letters_with(id)?;
        Ok(true)
    }

    fn blank(&mut self, old: &Existing, erased: (i64, i64)) -> rusqlite::Result<()> {
        let mut new = old.again();
        new.blank(erased);
        self.replace(old, &new, None)
    }

    /// Erases reposts of a deleted post, and the raw bytes of whatever carried it.
    fn erase_carriers(&mut self, target: i64, erased: (i64, i64)) -> rusqlite::Result<()> {
        let reposts = pointing_at(self.connection, target)?;
        self.remove_raw_of_carriers(target, LEVELS)?;
        for (post, _) in reposts.iter().filter(|(_, kind)| *kind == flags::REPOSTS) {
            let repost = find_number(self.connection, *post)?;
            if let Some(repost) = repost.filter(|repost| repost.erasure.is_none()) {
                self.blank(&repost, erased)?;
            }
        }
        Ok(())
    }

    fn account_gone(
        &mut self,
        arrival: Arrival,
        service: i64,
        id: &str,
        status: &str,
        at: i64,
    ) -> rusqlite::Result<bool> {
        let Some(account) = self.account_of(arrival, service, id)? else {
            return Ok(false);
        };
        let changed = self
            .connection
            .prepare_cached(include_str!("../sql/account_gone.sql"))?
            .execute(params![account, at, status])?;
        if changed == 0 {
            return Ok(false);
        }
        self.known.accounts.forget(service, id);
        self.connection
            .prepare_cached("DELETE FROM name WHERE account = ?1")?
            .execute([account])?;
        for post in self.posts_of(account)? {
            let Some(old) = find_number(self.connection, post)? else {
                continue;
            };
            if old.made_at.is_none_or(|made| made <= at) {
                self.erase(arrival, service, &old.id, Erasure::Deleted, at)?;
            }
        }
        Ok(true)
    }

    fn scrub(
        &mut self,
        arrival: Arrival,
        service: i64,
        id: &str,
        up_to: &str,
    ) -> rusqlite::Result<bool> {
        let Some(account) = self.account_of(arrival, service, id)? else {
            return Ok(false);
        };
        let changed = self
            .connection
            .prepare_cached(
                "UPDATE account SET scrubbed_to = ?2
                 WHERE account = ?1 AND (length(?2), ?2) > (length(scrubbed_to), scrubbed_to)",
            )?
            .execute(params![account, up_to])?;
        if changed == 0 {
            return Ok(false);
        }
        self.known.accounts.forget(service, id);
        for post in self.posts_of(account)? {
            let Some(old) = find_number(self.connection, post)? else {
                continue;
            };
            if is_id_after(&old.id, up_to) || old.erasure.is_some() {
                continue;
            }
            let mut new = old.again();
            new.flags &= !flags::GEO;
            if let Some(detail) = &mut new.detail {
                detail.place = None;
                detail.point = None;
            }
            // By these a deletion of what it carries still finds it.
            new.carries = self.carries(&old)?;
            self.replace(&old, &new, None)?;
            self.remove_raw_of_carriers(old.post, LEVELS)?;
        }
        Ok(true)
    }

    fn remove_raw_of_carriers(&mut self, target: i64, levels: usize) -> rusqlite::Result<()> {
        if levels > 0 {
            for (post, _) in pointing_at(self.connection, target)? {
                self.remove_raw(post)?;
                self.remove_raw_of_carriers(post, levels - 1)?;
            }
        }
        Ok(())
    }

    fn withhold_post(
        &mut self,
        arrival: Arrival,
        service: i64,
        id: &str,
        countries: &[std::borrow::Cow<'_, str>],
    ) -> rusqlite::Result<bool> {
        let old = find(self.connection, service, id)?;
        let before = old.as_ref().and_then(|old| old.withheld.as_deref());
        let after = joined(before.unwrap_or_default(), countries);
        match &old {
            None => {
                let mut stub = NewPost::stub(service, id);
                stub.withheld = Some(&after);
                self.insert(arrival, &stub, None)?;
            }
            Some(_) if before == Some(after.as_str()) => return Ok(false),
            Some(old) => {
                self.connection
                    .prepare_cached("UPDATE post SET withheld = ?2 WHERE post = ?1")?
                    .execute(params![old.post, after])?;
            }
        }
        Ok(true)
    }

    fn withhold_account(
        &mut self,
        arrival: Arrival,
        service: i64,
        id: &str,
        countries: &[std::borrow::Cow<'_, str>],
    ) -> rusqlite::Result<bool> {
        let Some(account) = self.account_of(arrival, service, id)? else {
            return Ok(false);
        };
        let before: String = self
            .connection
            .prepare_cached("SELECT withheld FROM account WHERE account = ?1")?
            .query_row([account], |row| row.get(0))?;
        let after = joined(&before, countries);
        self.connection
            .prepare_cached("UPDATE account SET withheld = ?2 WHERE account = ?1")?
            .execute(params![account, after])?;
        Ok(before != after)
    }

    /// An account's number, though only its id may be known.
    fn account_of(
        &mut self,
        arrival: Arrival,
        service: i64,
        id: &str,
    ) -> rusqlite::Result<Option<i64>> {
        let named = Account {
            id: id.into(),
            ..Account::default()
        };
        let known = self.account(arrival, service, &named)?;
        Ok(known.map(|known| known.account))
    }

    /// Every post of an account that has its text.
    fn posts_of(&mut self, account: i64) -> rusqlite::Result<Vec<i64>> {
        self.index.flush(self.connection)?;
        self.connection
            .prepare_cached(include_str!("../sql/posts_of.sql"))?
            .query_map(
                params![format!("{{facets}} : \"a:{account}\""), account],
                |row| row.get(0),
            )?
            .collect()
    }
}

/// What carries or reposts a post: its number, and how.
fn pointing_at(connection: &Connection, target: i64) -> rusqlite::Result<Vec<(i64, i64)>> {
    connection
        .prepare_cached("SELECT post, kind FROM post_relationship WHERE target = ?1")?
        .query_map([target], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Countries before and now, sorted, each once.
fn joined(before: &str, countries: &[std::borrow::Cow<'_, str>]) -> String {
    let before = before.split(',').filter(|code| !code.is_empty());
    let mut all: Vec<&str> = before.chain(countries.iter().map(AsRef::as_ref)).collect();
    all.sort_unstable();
    all.dedup();
    all.join(",")
}
