//! Letting go: of captures past their track's retention, and of posts that nothing holds any more.
//!
//! A post is held by a capture, by its source's `keep`, or by a held post that carries it, for a deletion finds what carries a text
//! by the row of the post it is of. Tombstones stay: a post that was deleted must not come back. Each sweep looks at a bounded number of rows and goes on from there the next time.

use bowerbird_core::store::{KeepPosts, Swept};
use bowerbird_core::time::Time;
use rusqlite::{Connection, OptionalExtension, params};

use super::bills;
use super::ingest::{Batch, Existing, find, find_number};

/// Rows looked at in one sweep, for each post it may let go.
const LOOKS: usize = 20;

const MICROS: i64 = 1_000_000;

/// One sweep: how many posts went, and whether a limit was reached.
pub(super) fn sweep(
    open: &mut Batch<'_>,
    now: Time,
    keep: &[KeepPosts],
    most: usize,
) -> rusqlite::Result<Swept> {
    let mut sweep = Sweep {
        open,
        now: now.0,
        keep: Vec::new(),
        left: most,
        is_cut_short: false,
    };
    for rule in keep {
        let number = sweep
            .open
            .known
            .source(sweep.open.connection, rule.source.as_str())?;
        let seconds = rule
            .seconds
            .map(|s| i64::try_from(s).unwrap_or(i64::MAX / MICROS));
        sweep.keep.push((number, seconds));
    }
    bills::forget_calls(sweep.open.connection, now)?;
    sweep.removed_tracks(most)?;
    sweep.retention(most)?;
    sweep.sources(most)?;
    sweep.loose(most)?;
    Ok(Swept {
        posts: (most - sweep.left) as u64,
        is_done: !sweep.is_cut_short && sweep.left > 0,
    })
}

struct Sweep<'s, 'w> {
    open: &'s mut Batch<'w>,
    now: i64,
    /// Sources and the seconds they keep; `None` for ever.
    keep: Vec<(i64, Option<i64>)>,
    /// Posts that may still go in this sweep.
    left: usize,
    /// As many rows were looked at as may be in one sweep, and there may be more.
    is_cut_short: bool,
}

/// A capture that may go.
struct Due {
    post: i64,
    backfilled: bool,
    received_at: i64,
}

impl Sweep<'_, '_> {
    /// Captures of tracks that are gone. Their totals went with the track.
    fn removed_tracks(&mut self, most: usize) -> rusqlite::Result<()> {
        let mut looks = most.saturating_mul(LOOKS);
        for track in self.open.known.removed_tracks.clone() {
            let captures = self.captures_of(track, i64::MAX, &mut looks)?;
            for due in captures {
                if self.left == 0 {
                    return Ok(());
                }
                remove_capture(self.open.connection, due.post, track)?;
                self.let_go(due.post)?;
            }
        }
        Ok(())
    }

    /// Captures older than their track keeps them.
    fn retention(&mut self, most: usize) -> rusqlite::Result<()> {
        let mut looks = most.saturating_mul(LOOKS);
        let tracks: Vec<(i64, i64)> = self
            .open
            .connection
            .prepare_cached(
                "SELECT track, retention_seconds FROM track
                 WHERE retention_seconds IS NOT NULL AND removed_at IS NULL",
            )?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        for (track, seconds) in tracks {
            let limit = self.now.saturating_sub(seconds.saturating_mul(MICROS));
            let captures = self.captures_of(track, limit, &mut looks)?;
            for due in captures {
                if self.left == 0 {
                    return Ok(());
                }
                let shown_at = self.shown_at(&due)?;
                remove_capture(self.open.connection, due.post, track)?;
                self.open
                    .tally
                    .captured(track, shown_at, due.backfilled, -1);
                self.let_go(due.post)?;
            }
        }
        Ok(())
    }

    /// A track's oldest captures up to a time, as many as may still be looked at.
    fn captures_of(
        &mut self,
        track: i64,
        limit: i64,
        looks: &mut usize,
    ) -> rusqlite::Result<Vec<Due>> {
        let captures: Vec<Due> = self
            .open
            .connection
            .prepare_cached(include_str!("sql/captures_until.sql"))?
            .query_map(params![track, limit, *looks], |row| {
                Ok(Due {
                    post: row.get(0)?,
                    backfilled: row.get(1)?,
                    received_at: row.get(2)?,
                })
            })?
            .collect::<Result<_, _>>()?;
        *looks -= captures.len();
        self.is_cut_short |= *looks == 0;
        Ok(captures)
    }

    /// Where the chart counts a capture.
    fn shown_at(&self, due: &Due) -> rusqlite::Result<i64> {
        if !due.backfilled {
            return Ok(due.received_at);
        }
        let received_at = self
            .open
            .connection
            .prepare_cached("SELECT received_at FROM post WHERE post = ?1")?
            .query_row([due.post], |row| row.get(0))
            .optional()?;
        Ok(received_at.unwrap_or(due.received_at))
    }

    /// Posts of each source past its `keep`, from where the last sweep ended.
    fn sources(&mut self, most: usize) -> rusqlite::Result<()> {
        for (source, seconds) in self.keep.clone() {
            let Some(seconds) = seconds else { continue };
            let (swept_to, swept_seconds): (i64, Option<i64>) = self
                .open
                .connection
                .prepare_cached("SELECT swept_to, swept_seconds FROM source WHERE source = ?1")?
                .query_row([source], |row| Ok((row.get(0)?, row.get(1)?)))?;
            // Under another `keep` all posts are looked at again.
            let from = if swept_seconds == Some(seconds) {
                swept_to
            } else {
                0
            };
            let to = self.sweep_source(source, seconds, from, most.saturating_mul(LOOKS))?;
            self.open
                .connection
                .prepare_cached(
                    "UPDATE source SET swept_to = ?2, swept_seconds = ?3 WHERE source = ?1",
                )?
                .execute(params![source, to, seconds])?;
        }
        Ok(())
    }

    fn sweep_source(
        &mut self,
        source: i64,
        seconds: i64,
        from: i64,
        most_looks: usize,
    ) -> rusqlite::Result<i64> {
        let limit = self.now.saturating_sub(seconds.saturating_mul(MICROS));
        let rows: Vec<(i64, i64, i64)> = self
            .open
            .connection
            .prepare_cached(
                "SELECT post, source, received_at FROM post WHERE post > ?1 ORDER BY post LIMIT ?2",
            )?
            .query_map(params![from, most_looks], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?
            .collect::<Result<_, _>>()?;
        let is_full = rows.len() == most_looks;
        let mut to = from;
        for (post, of, received_at) in rows {
            let is_due = of == source;
            if is_due && (received_at > limit || self.left == 0) {
                return Ok(to);
            }
            if is_due {
                self.let_go(post)?;
            }
            to = post;
        }
        self.is_cut_short |= is_full;
        Ok(to)
    }

    /// Posts that lost what carried them. Those whose `keep` is not over come up in their order.
    fn loose(&mut self, most: usize) -> rusqlite::Result<()> {
        let looks = most.saturating_mul(LOOKS);
        let posts: Vec<i64> = self
            .open
            .connection
            .prepare_cached("SELECT post FROM loose ORDER BY post LIMIT ?1")?
            .query_map([looks], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        self.is_cut_short |= posts.len() == looks;
        for post in posts {
            if self.left == 0 {
                break;
            }
            self.let_go(post)?;
            self.open
                .connection
                .prepare_cached("DELETE FROM loose WHERE post = ?1")?
                .execute([post])?;
        }
        Ok(())
    }

    /// Removes a post if nothing holds it, and then what it carried if nothing else holds that.
    fn let_go(&mut self, post: i64) -> rusqlite::Result<()> {
        let mut candidates = vec![post];
        while let Some(post) = candidates.pop() {
            let Some(row) = find_number(self.open.connection, post)? else {
                continue;
            };
            if row.erasure.is_some() || self.is_held(&row)? {
                continue;
            }
            self.open.remove(&row)?;
            self.open.forget_aliases(&row)?;
            self.left = self.left.saturating_sub(1);
            let links: Vec<String> = row
                .detail()
                .map(|detail| detail.links().map(|link| link.id.to_owned()).collect())
                .unwrap_or_default();
            for id in links {
                let inner = find(self.open.connection, row.service, &id)?;
                candidates.extend(inner.map(|inner| inner.post));
            }
        }
        Ok(())
    }

    fn is_held(&self, row: &Existing) -> rusqlite::Result<bool> {
        let seconds = self.keep.iter().find(|(source, _)| *source == row.source);
        let is_kept = match seconds {
            Some((_, Some(seconds))) => {
                row.received_at > self.now.saturating_sub(seconds.saturating_mul(MICROS))
            }
            // For ever, or a source that nothing was said of.
            Some((_, None)) | None => true,
        };
        if is_kept {
            return Ok(true);
        }
        self.open
            .connection
            .prepare_cached(include_str!("sql/is_held.sql"))?
            .query_row([row.post], |found| found.get(0))
    }
}

fn remove_capture(connection: &Connection, post: i64, track: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM capture WHERE post = ?1 AND track = ?2")?
        .execute([post, track])
        .map(drop)
}
