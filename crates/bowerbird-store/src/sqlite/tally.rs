//! What one batch adds up to: counts, charts and bounds, written once at its end in the batch's own transaction.

use std::collections::HashMap;

use bowerbird_core::store::Written;
use rusqlite::{Connection, params};
use rustc_hash::FxHashMap;

const MICROS_A_MINUTE: i64 = 60_000_000;
const MICROS_AN_HOUR: i64 = 60 * MICROS_A_MINUTE;

/// The minute a time lies in.
pub(super) fn minute_of(time: i64) -> i64 {
    time.div_euclid(MICROS_A_MINUTE)
}

/// Where a minute begins.
pub(super) fn minute_begins(minute: i64) -> i64 {
    minute.saturating_mul(MICROS_A_MINUTE)
}

/// The hour a time lies in.
pub(super) fn hour_of(time: i64) -> i64 {
    time.div_euclid(MICROS_AN_HOUR)
}

/// How a record ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Kept,
    Duplicate,
    Refused,
}

#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) written: Written,
    pub(super) posts: i64,
    pub(super) tombstones: i64,
    pub(super) dead_letters: i64,
    sources: FxHashMap<i64, [u64; 3]>,
    minutes: FxHashMap<(i64, i64), i64>,
    /// Posts that came by themselves, by source and minute.
    arrivals: FxHashMap<(i64, i64), i64>,
    /// Posts that repairs brought, by gap.
    brought: FxHashMap<u64, i64>,
    /// When the first record of each source in the batch came.
    first: FxHashMap<i64, i64>,
    captures: FxHashMap<i64, CaptureTotal>,
    hours: HashMap<i64, (i64, i64)>,
}

#[derive(Debug, Default, Clone, Copy)]
struct CaptureTotal {
    captures: i64,
    backfilled: i64,
    last_at: Option<i64>,
}

impl Tally {
    pub(super) fn end(&mut self, source: i64, outcome: Outcome) {
        let counts = self.sources.entry(source).or_default();
        match outcome {
            Outcome::Kept => {
                counts[0] += 1;
                self.written.kept += 1;
            }
            Outcome::Duplicate => {
                counts[1] += 1;
                self.written.duplicate += 1;
            }
            Outcome::Refused => {
                counts[2] += 1;
                self.written.refused += 1;
            }
        }
    }

    /// A record of a source came.
    pub(super) fn heard(&mut self, source: i64, received_at: i64) {
        self.first.entry(source).or_insert(received_at);
    }

    /// A post that was not there was kept: it came by itself, or by the repair of a gap.
    pub(super) fn came(&mut self, source: i64, received_at: i64, repairs: Option<u64>) {
        match repairs {
            None => {
                let minute = (source, minute_of(received_at));
                *self.arrivals.entry(minute).or_default() += 1;
            }
            Some(gap) => *self.brought.entry(gap).or_default() += 1,
        }
    }

    /// A post came by itself, and not inside another.
    pub(super) fn arrived(&mut self, received_at: i64) {
        *self.minutes.entry((0, minute_of(received_at))).or_default() += 1;
    }

    /// A capture was added (`n` = 1) or let go (-1). `shown_at` is where the chart counts it.
    pub(super) fn captured(&mut self, track: i64, shown_at: i64, backfilled: bool, n: i64) {
        *self
            .minutes
            .entry((track, minute_of(shown_at)))
            .or_default() += n;
        let total = self.captures.entry(track).or_default();
        total.captures += n;
        total.backfilled += if backfilled { n } else { 0 };
        if n > 0 {
            total.last_at = total.last_at.max(Some(shown_at));
        }
    }

    /// A post written at `made_at` has this number.
    pub(super) fn spans(&mut self, made_at: i64, post: i64) {
        let span = self.hours.entry(hour_of(made_at)).or_insert((post, post));
        *span = (span.0.min(post), span.1.max(post));
    }

    /// Writes all of it.
    pub(super) fn flush(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let mut add = connection.prepare_cached(
            "UPDATE source SET kept = kept + ?2, duplicate = duplicate + ?3, refused = refused + ?4 WHERE source = ?1",
        )?;
        for (source, [kept, duplicate, refused]) in self.sources.drain() {
            add.execute(params![source, kept, duplicate, refused])?;
        }
        self.flush_captures(connection)?;
        self.flush_spans(connection)?;
        let mut widen = connection.prepare_cached(
            "INSERT INTO post_span (hour, first, last) VALUES (?1, ?2, ?3)
             ON CONFLICT (hour) DO UPDATE SET first = min(first, excluded.first), last = max(last, excluded.last)",
        )?;
        for (hour, (first, last)) in self.hours.drain() {
            widen.execute([hour, first, last])?;
        }
        let mut count =
            connection.prepare_cached("UPDATE meta SET value = value + ?2 WHERE key = ?1")?;
        for (key, n) in [
            ("posts", &mut self.posts),
            ("tombstones", &mut self.tombstones),
            ("dead_letters", &mut self.dead_letters),
        ] {
            if *n != 0 {
                count.execute(params![key, std::mem::take(n)])?;
            }
        }
        Ok(())
    }

    /// What says how complete everything is.
    fn flush_spans(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let mut first = connection.prepare_cached(
            "UPDATE source SET first_at = ?2 WHERE source = ?1 AND first_at IS NULL",
        )?;
        for (source, at) in self.first.drain() {
            first.execute([source, at])?;
        }
        let mut count = connection.prepare_cached(
            "INSERT INTO source_minute (source, minute, n) VALUES (?1, ?2, ?3)
             ON CONFLICT (source, minute) DO UPDATE SET n = n + excluded.n",
        )?;
        for ((source, minute), n) in self.arrivals.drain() {
            count.execute([source, minute, n])?;
        }
        let mut brought =
            connection.prepare_cached("UPDATE gap SET came = came + ?2 WHERE gap = ?1")?;
        for (gap, n) in self.brought.drain() {
            brought.execute(params![gap, n])?;
        }
        Ok(())
    }

    fn flush_captures(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let mut count = connection.prepare_cached(
            "INSERT INTO minute_count (track, minute, n) VALUES (?1, ?2, ?3)
             ON CONFLICT (track, minute) DO UPDATE SET n = n + excluded.n",
        )?;
        let mut emptied = connection.prepare_cached(
            "DELETE FROM minute_count WHERE track = ?1 AND minute = ?2 AND n <= 0",
        )?;
        for ((track, minute), n) in self.minutes.drain() {
            count.execute([track, minute, n])?;
            if n <= 0 {
                emptied.execute([track, minute])?;
            }
        }
        let mut total = connection.prepare_cached(
            "INSERT INTO capture_total (track, captures, backfilled, last_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (track) DO UPDATE SET captures = captures + excluded.captures,
                 backfilled = backfilled + excluded.backfilled,
                 last_at = max(coalesce(last_at, excluded.last_at), coalesce(excluded.last_at, last_at))",
        )?;
        for (track, new) in self.captures.drain() {
            total.execute(params![track, new.captures, new.backfilled, new.last_at])?;
        }
        Ok(())
    }
}
