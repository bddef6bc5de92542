//! A post that came, new or edited.
//!
//! What a row holds does not depend on the order in which its events come: the text is of the greatest version seen, by itself or
//! carried; the raw bytes are there if that version came by itself; an erasure stays. Only the first arrival by itself, and each
//! greater version after it, is *kept*; the rest is *duplicate*.

use bowerbird_core::event::{Body, Event, Post};
use bowerbird_core::ids::EventId;
use bowerbird_core::record::Caught;
use rusqlite::params;

use super::content::{Carries, Existing, NewPost, find};
use super::{Arrival, Batch};
use crate::sqlite::flags::{self, Erasure};
use crate::sqlite::tally::Outcome;

/// What is known to have happened to a post before it came.
pub(super) struct Fate {
    pub(super) author: Option<i64>,
    pub(super) erased: Option<(i64, i64)>,
    pub(super) scrubbed: bool,
    /// The row of the post it reposts.
    original: Option<i64>,
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
        let inside = self.inside(arrival, id, post)?;
        self.supersede(arrival, service, id, post)?;
        let fate = self.fate(arrival, service, &id.id, post)?;
        let mut new = NewPost::stub(service, &id.id);
        new.version = Some(&id.version);
        new.own_version = Some(&id.version);
        new.settle(post, edited, &fate, inside.carries);
        let whole = !inside.must_go && !fate.scrubbed && fate.erased.is_none();
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

    /// An edit that is not wanted for itself: only of a post that is kept by itself it is the next version. It was counted when it was read.
    pub(super) fn uncaught_edit(
        &mut self,
        arrival: Arrival,
        event: &Event<'_>,
        raw: &[u8],
    ) -> rusqlite::Result<()> {
        let Body::Edit(post) = &event.body else {
            return Ok(());
        };
        let service = self.known.service(self.connection, &event.id.service)?;
        let known = find(self.connection, service, &event.id.id)?;
        if known.is_some_and(|known| known.own_version.is_some()) {
            self.post(arrival, event, post, true, &[], raw)?;
        }
        Ok(())
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
        let carries = self.carries(old)?;
        self.remove(old)?;
        let (mut new, mut raw) = (new, raw);
        if old.version.as_deref() > new.version {
            let own_version = new.own_version;
            new = old.again();
            new.own_version = own_version;
            new.carries = carries;
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
        self.connection
            .prepare_cached("UPDATE post_relationship SET target = ?2 WHERE target = ?1")?
            .execute([old.post, number])?;
        self.tally.arrived(arrival.received_at);
        Ok((number, Outcome::Kept))
    }

    /// What is known of a post's author, and of the post it passes on.
    pub(super) fn fate(
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
        let mut original = None;
        if let Some(reposted) = post.repost_of.as_ref().filter(|to| !to.id.is_empty()) {
            // A repost has no text but the original's.
            let found = find(self.connection, service, &reposted.id)?;
            let gone = found.as_ref().and_then(Existing::erased);
            erased = erased.or(gone.filter(|(why, _)| *why == Erasure::Deleted as i64));
            original = match found {
                Some(row) => Some(row.post),
                None if post.text.is_empty() => None,
                None => self.insert(arrival, &NewPost::stub(service, &reposted.id), None)?,
            };
        }
        let scrubbed_to = author
            .as_ref()
            .and_then(|author| author.scrubbed_to.as_deref());
        Ok(Fate {
            author: author.as_ref().map(|author| author.account),
            erased,
            scrubbed: scrubbed_to.is_some_and(|last| !is_id_after(id, last)),
            original,
        })
    }

    /// Erases the versions that this one stands for.
    pub(super) fn supersede(
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

impl<'p> NewPost<'p> {
    /// Takes what a post says, as far as its fate lets it.
    pub(super) fn settle(
        &mut self,
        post: &'p Post<'p>,
        edited: bool,
        fate: &Fate,
        carries: Vec<Carries>,
    ) {
        self.author = fate.author;
        self.made_at = post.made_at.map(|time| time.0);
        if let Some(erased) = fate.erased {
            return self.blank(erased);
        }
        self.say(post, edited, fate.scrubbed);
        self.carries = carries;
        let is_carried = |target| self.carries.iter().any(|known| known.target == target);
        if let Some(target) = fate.original.filter(|target| !is_carried(*target)) {
            self.carries.push(Carries {
                kind: flags::REPOSTS,
                target,
                carried: false,
            });
        }
    }
}

/// Ids are compared as numbers are: a longer one is greater.
pub(super) fn is_id_after(id: &str, other: &str) -> bool {
    (id.len(), id) > (other.len(), other)
}
