//! What could not be handled, kept with its reason.
//!
//! The same bytes from the same source are one dead letter, however often they come: a service that repeats one bad
//! message every second fills no disk. The second time they count as duplicate. What another lane than the store's buried was counted
//! as it was written, and is not counted again. Nothing is kept of a letter that holds a post known to be deleted.

use bowerbird_core::event::{Event, Post};
use bowerbird_core::ids::{EventId, Lane};
use bowerbird_core::record::{Content, Record};
use rusqlite::params;

use super::{Arrival, Batch};
use crate::sqlite::tally::Outcome;

/// Characters shown for a glance.
const EXCERPT_CHARS: usize = 200;
/// No more of a letter's bytes than this is searched for ids, and no more ids than this are noted.
const SEARCHED_BYTES: usize = 1 << 20;
const MOST_WORDS: usize = 256;
/// Ids are at least so long where this matters; shorter runs are in every message.
const WORD_BYTES: std::ops::RangeInclusive<usize> = 5..=64;

struct Letter<'l> {
    arrival: Arrival,
    lane: Option<&'l str>,
    reason: &'l str,
    /// As it is kept.
    bytes: &'l [u8],
    packed: bool,
    /// As a person reads it.
    readable: &'l [u8],
    /// It holds what was deleted.
    must_go: bool,
}

impl Letter<'_> {
    /// Is it how a frame ended? What another lane buried ended as it was written.
    fn counts(&self) -> bool {
        self.lane.is_none_or(|lane| lane == Lane::store().as_str())
    }
}

impl Batch<'_> {
    pub(super) fn refused(
        &mut self,
        arrival: Arrival,
        reason: &str,
        raw: &[u8],
    ) -> rusqlite::Result<()> {
        let unpacked = self.codec.unpack(raw).ok();
        let must_go = self.names_deleted(unpacked.as_deref().unwrap_or(raw))?;
        self.letter(&Letter {
            arrival,
            lane: None,
            reason,
            bytes: raw,
            packed: unpacked.is_some(),
            readable: unpacked.as_deref().unwrap_or(raw),
            must_go,
        })
    }

    pub(super) fn buried(
        &mut self,
        arrival: Arrival,
        lane: &str,
        reason: &str,
        record: &[u8],
    ) -> rusqlite::Result<()> {
        let read = Record::decode(record).ok().map(|read| read.content);
        let frame = match &read {
            Some(
                Content::Event { raw, .. }
                | Content::UncaughtEdit { raw, .. }
                | Content::Refused { raw, .. },
            ) => self.codec.unpack(raw).ok(),
            _ => None,
        };
        let readable = frame.as_deref().unwrap_or(record);
        let must_go = match read.as_ref().and_then(Content::event) {
            Some(event) => self.holds_deleted(event)?,
            _ => self.names_deleted(readable)?,
        };
        self.letter(&Letter {
            arrival,
            lane: Some(lane),
            reason,
            bytes: record,
            packed: false,
            readable,
            must_go,
        })
    }

    /// A record that can't be read.
    pub(super) fn unreadable(
        &mut self,
        source: i64,
        reason: &str,
        bytes: &[u8],
    ) -> rusqlite::Result<()> {
        let received_at = self.latest;
        let must_go = self.names_deleted(bytes)?;
        self.letter(&Letter {
            arrival: Arrival {
                source,
                received_at,
            },
            lane: Some("store"),
            reason,
            bytes,
            packed: false,
            readable: bytes,
            must_go,
        })
    }

    fn letter(&mut self, letter: &Letter<'_>) -> rusqlite::Result<()> {
        let is_new = letter.must_go || self.keep(letter)?;
        if letter.counts() {
            let outcome = if is_new {
                Outcome::Refused
            } else {
                Outcome::Duplicate
            };
            self.tally.end(letter.arrival.source, outcome);
        }
        Ok(())
    }

    /// Writes a letter; was it new?
    fn keep(&mut self, letter: &Letter<'_>) -> rusqlite::Result<bool> {
        let whole = if letter.packed {
            letter.readable
        } else {
            letter.bytes
        };
        let inserted = self
            .connection
            .prepare_cached(include_str!("../sql/insert_dead_letter.sql"))?
            .execute(params![
                letter.arrival.source,
                letter.lane,
                letter.reason,
                letter.arrival.received_at,
                whole.len(),
                excerpt(letter.readable),
                letter.packed,
                letter.bytes,
                fingerprint(whole),
            ])?;
        if inserted == 0 {
            return Ok(false);
        }
        let number = self.connection.last_insert_rowid();
        self.tally.dead_letters += 1;
        let mut note = self.connection.prepare_cached(
            "INSERT INTO dead_letter_word (word, dead_letter) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        )?;
        for word in words(letter.readable).take(MOST_WORDS) {
            note.execute(params![word, number])?;
        }
        Ok(true)
    }

    /// Is this the post, or a carrier of one, that was deleted or superseded?
    fn holds_deleted(&self, event: &Event<'_>) -> rusqlite::Result<bool> {
        let Some(post) = event.post() else {
            return Ok(false);
        };
        Ok(self.is_deleted(&event.id)? || self.carries_deleted(&event.id, post)?)
    }

    fn carries_deleted(&self, id: &EventId<'_>, post: &Post<'_>) -> rusqlite::Result<bool> {
        if let Some(original) = &post.repost_of
            && self.is_deleted(&EventId::new(&*id.service, &*original.id))?
        {
            return Ok(true);
        }
        for inner in &post.embedded {
            if self.is_deleted(&inner.id)? || self.carries_deleted(&inner.id, &inner.post)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn is_deleted(&self, id: &EventId<'_>) -> rusqlite::Result<bool> {
        self.connection
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM service CROSS JOIN post USING (service)
                 WHERE service.name = ?1 AND post.id = ?2 AND erasure IS NOT NULL)",
            )?
            .query_row([&*id.service, &*id.id], |row| row.get(0))
    }

    /// Does the id of a deleted post, of whatever service, stand in these bytes?
    fn names_deleted(&self, readable: &[u8]) -> rusqlite::Result<bool> {
        let mut find = self.connection.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM service CROSS JOIN post USING (service)
             WHERE post.id = ?1 AND erasure IS NOT NULL)",
        )?;
        for word in words(readable).take(MOST_WORDS) {
            if find.query_row([word], |row| row.get(0))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Removes dead letters in which a deleted post's id stands; of what a lane buried only those that hold the post, not an answer to it.
    pub(super) fn drop_letters_with(&mut self, id: &str) -> rusqlite::Result<()> {
        let Some(word) = words(id.as_bytes()).last() else {
            return Ok(());
        };
        let found: Vec<(u64, Option<Vec<u8>>)> = self
            .connection
            .prepare_cached(
                "SELECT dead_letter, CASE WHEN lane IS NOT NULL THEN bytes END
                 FROM dead_letter_word JOIN dead_letter USING (dead_letter) WHERE word = ?1",
            )?
            .query_map([word], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let mut letters = Vec::new();
        for (letter, buried) in found {
            let read = buried
                .as_deref()
                .and_then(|bytes| Record::decode(bytes).ok());
            let must_go = match read.as_ref().and_then(|read| read.content.event()) {
                Some(event) => self.holds_deleted(event)?,
                _ => true,
            };
            if must_go {
                letters.push(letter);
            }
        }
        self.drop_letters(&letters).map(drop)
    }

    /// Removes dead letters; how many there were.
    pub(in crate::sqlite) fn drop_letters(&mut self, letters: &[u64]) -> rusqlite::Result<u64> {
        let mut dropped = 0;
        if !letters.is_empty() {
            self.take_out()?;
        }
        for letter in letters {
            dropped += self
                .connection
                .prepare_cached("DELETE FROM dead_letter WHERE dead_letter = ?1")?
                .execute([letter])?;
            self.connection
                .prepare_cached("DELETE FROM dead_letter_word WHERE dead_letter = ?1")?
                .execute([letter])?;
        }
        self.tally.dead_letters -= i64::try_from(dropped).unwrap_or(i64::MAX);
        Ok(dropped as u64)
    }
}

fn excerpt(bytes: &[u8]) -> String {
    let beginning = &bytes[..bytes.len().min(EXCERPT_CHARS * 4)];
    String::from_utf8_lossy(beginning)
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(EXCERPT_CHARS)
        .collect()
}

/// Runs that may be ids: of letters, digits, `-` and `_`, with a digit among them.
fn words(bytes: &[u8]) -> impl Iterator<Item = &str> {
    bytes[..bytes.len().min(SEARCHED_BYTES)]
        .split(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')))
        .filter(|run| WORD_BYTES.contains(&run.len()) && run.iter().any(u8::is_ascii_digit))
        .filter_map(|run| std::str::from_utf8(run).ok())
}

/// FNV-1a of 128 bits: tells letters apart, and is stored, so it may never change.
fn fingerprint(bytes: &[u8]) -> [u8; 16] {
    let mut hash: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    for byte in bytes {
        hash ^= u128::from(*byte);
        hash = hash.wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    }
    hash.to_be_bytes()
}
