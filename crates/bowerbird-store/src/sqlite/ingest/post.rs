//! A post that came, new or edited, and the posts it carries.
//!
//! What a row holds does not depend on the order in which its events come: the text is of the greatest version seen, by itself or
//! carried; the raw bytes are there if that version came by itself; an erasure stays. Only the first arrival by itself, and each
//! greater version after it, is *kept*; the rest is *duplicate*.

use bowerbird_core::event::{Event, Post};
use bowerbird_core::ids::EventId;
use bowerbird_core::record::Caught;
use rusqlite::{OptionalExtension, params};

use super::content::{Existing, NewPost, find};
use super::{Arrival, Batch};
use crate::sqlite::flags::Erasure;
use crate::sqlite::tally::Outcome;

/// Posts carried by carried posts are the last level there is.
const LEVELS: usize = 2;

/// What is known to have happened to a post before it came.
struct Fate {
    author: Option<i64>,
    erased: Option<(i64, i64)>,
    scrubbed: bool,
}

impl Batch<'_> {
    pub(super) fn post(
        &mut self,
        arrival: Arrival,
        event: &Event<'_>,
        post: &Post<'_>,
        edited: bool,
        captures: &[Caught],
        raw: &[u8],
    ) -> rusqlite::Result<Outcome> {
        let id = &event.id;
        let service = self.known.service(self.connection, &id.service)?;
        let carries_erased = self.carried(arrival, id, post, LEVELS)?;
        self.supersede(arrival, service, id, post)?;
        let fate = self.fate(arrival, service, &id.id, post)?;
        let mut new = NewPost::stub(service, &id.id);
        new.version = Some(&id.version);
        new.own_version = Some(&id.version);
        new.author = fate.author;
        new.made_at = post.made_at.map(|time| time.0);
        match fate.erased {
            None => new.say(post, edited, fate.scrubbed),
            Some(erased) => new.blank(erased),
        }
        let whole = !carries_erased && !fate.scrubbed && fate.erased.is_none();
        let raw = Some(raw).filter(|raw| whole && !raw.is_empty());
        let (number, outcome) = match self.insert(arrival, &new, raw)? {
            Some(number) => {
                self.tally.arrived(arrival.received_at);
                (number, Outcome::Kept)
            }
            None => self.again(arrival, new, raw)?,
        };
        self.capture(arrival, number, captures)?;
        Ok(outcome)
    }

    /// A post whose id is there already.
    fn again(
        &mut self,
        arrival: Arrival,
        new: NewPost<'_>,
        raw: Option<&[u8]>,
    ) -> rusqlite::Result<(i64, Outcome)> {
        let old = find(self.connection, new.service, new.id)?
            .ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        let Some(own) = old.own_version.as_deref() else {
            return self.upgrade(arrival, &old, new, raw);
        };
        if new.version <= Some(own) {
            return Ok((old.post, Outcome::Duplicate));
        }
        if old.erasure.is_none() && new.version >= old.version.as_deref() {
            let mut new = new;
            new.withheld = old.withheld.as_deref();
            self.replace(&old, &new, raw)?;
        } else {
            self.connection
                .prepare_cached("UPDATE post SET own_version = ?2 WHERE post = ?1")?
                .execute(params![old.post, new.own_version])?;
        }
        Ok((old.post, Outcome::Kept))
    }

    /// A post that was only carried, or only named, comes by itself: it takes its place in the order of keeping now.
    fn upgrade(
        &mut self,
        arrival: Arrival,
        old: &Existing,
        new: NewPost<'_>,
        raw: Option<&[u8]>,
    ) -> rusqlite::Result<(i64, Outcome)> {
        self.remove(old)?;
        let (mut new, mut raw) = (new, raw);
        if old.version.as_deref() > new.version {
            let own_version = new.own_version;
            new = old.again();
            new.own_version = own_version;
            raw = None;
        }
        new.withheld = old.withheld.as_deref();
        if let Some(erased) = old.erased() {
            new.blank(erased);
            raw = None;
        }
        let number = self
            .insert(arrival, &new, raw)?
            .ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        self.tally.arrived(arrival.received_at);
        Ok((number, Outcome::Kept))
    }

    /// Writes the posts inside a post; is one of them known to be erased?
    fn carried(
        &mut self,
        arrival: Arrival,
        outer: &EventId<'_>,
        post: &Post<'_>,
        levels: usize,
    ) -> rusqlite::Result<bool> {
        let mut erased = false;
        if levels == 0 {
            return Ok(erased);
        }
        for inner in &post.embedded {
            let is_itself = inner.id.id == outer.id && inner.id.service == outer.service;
            if !is_itself {
                erased |= self.carried(arrival, &inner.id, &inner.post, levels - 1)?;
                erased |= self.carry(arrival, &inner.id, &inner.post)?;
            }
        }
        Ok(erased)
    }

    /// Writes one post that came inside another; is it known to be erased?
    fn carry(
        &mut self,
        arrival: Arrival,
        id: &EventId<'_>,
        post: &Post<'_>,
    ) -> rusqlite::Result<bool> {
        let service = self.known.service(self.connection, &id.service)?;
        self.supersede(arrival, service, id, post)?;
        let fate = self.fate(arrival, service, &id.id, post)?;
        let mut new = NewPost::stub(service, &id.id);
        new.version = Some(&id.version);
        new.author = fate.author;
        new.made_at = post.made_at.map(|time| time.0);
        match fate.erased {
            None => new.say(post, !post.supersedes.is_empty(), fate.scrubbed),
            Some(erased) => new.blank(erased),
        }
        let must_go = new.erased.is_some() || fate.scrubbed;
        if self.insert(arrival, &new, None)?.is_some() {
            return Ok(must_go);
        }
        let old =
            find(self.connection, service, &id.id)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        if old.erasure == Some(Erasure::Deleted as i64) {
            return Ok(true);
        }
        if old.erasure.is_none() && new.version > old.version.as_deref() {
            new.own_version = old.own_version.as_deref();
            new.withheld = old.withheld.as_deref();
            self.replace(&old, &new, None)?;
        }
        Ok(must_go)
    }

    fn fate(
        &mut self,
        arrival: Arrival,
        service: i64,
        id: &str,
        post: &Post<'_>,
    ) -> rusqlite::Result<Fate> {
        let author = self.account(arrival, service, &post.author)?;
        let gone_at = author.as_ref().and_then(|author| author.gone_at);
        let mut erased = gone_at
            .filter(|gone| post.made_at.is_none_or(|made| made.0 <= *gone))
            .map(|gone| (Erasure::Deleted as i64, gone));
        if let (None, Some(original)) = (erased, &post.repost_of) {
            // A repost has no text but the original's.
            erased = self
                .connection
                .prepare_cached(
                    "SELECT erasure, erased_at FROM post WHERE service = ?1 AND id = ?2 AND erasure = 1",
                )?
                .query_row(params![service, original.id], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
                .optional()?;
        }
        let scrubbed_to = author
            .as_ref()
            .and_then(|author| author.scrubbed_to.as_deref());
        Ok(Fate {
            author: author.as_ref().map(|author| author.account),
            erased,
            scrubbed: scrubbed_to.is_some_and(|last| !is_id_after(id, last)),
        })
    }

    /// Erases the versions that this one stands for.
    fn supersede(
        &mut self,
        arrival: Arrival,
        service: i64,
        id: &EventId<'_>,
        post: &Post<'_>,
    ) -> rusqlite::Result<()> {
        for old in post.supersedes.iter().filter(|old| **old != id.id) {
            let at = post.made_at.map_or(arrival.received_at, |time| time.0);
            self.erase(arrival, service, old, Erasure::Superseded, at)?;
        }
        Ok(())
    }

    fn capture(
        &mut self,
        arrival: Arrival,
        post: i64,
        captures: &[Caught],
    ) -> rusqlite::Result<()> {
        for caught in captures {
            let track = i64::try_from(caught.track.0).unwrap_or(i64::MAX);
            if self.known.is_removed(track) {
                continue;
            }
            let row = params![post, track, caught.rule_version, arrival.received_at, false];
            if self.hot.insert_capture.execute(row)? > 0 {
                self.tally.captured(track, arrival.received_at, false, 1);
            }
        }
        Ok(())
    }
}

impl Batch<'_> {
    /// A capture of a post that was looked at again; is it new?
    pub(in crate::sqlite) fn capture_afterwards(
        &mut self,
        post: i64,
        track: i64,
        rule_version: u32,
        at: i64,
    ) -> rusqlite::Result<bool> {
        let row = params![post, track, rule_version, at, true];
        Ok(self.hot.insert_capture.execute(row)? > 0)
    }
}

/// Ids are compared as numbers are: a longer one is greater.
pub(super) fn is_id_after(id: &str, other: &str) -> bool {
    (id.len(), id) > (other.len(), other)
}
