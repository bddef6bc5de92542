//! Numbers for pages, from the totals that every batch keeps.

use bowerbird_core::ids::{SourceName, TrackId};
use bowerbird_core::store::{CaptureCounts, MinuteCount, StoredCounts};
use bowerbird_core::time::Time;
use rusqlite::{Connection, Row, params};

use super::tally::{minute_begins, minute_of};

pub(super) fn counts(connection: &Connection) -> rusqlite::Result<Vec<StoredCounts>> {
    connection
        .prepare_cached("SELECT name, kept, duplicate, refused FROM source ORDER BY name")?
        .query_map([], |row| {
            Ok(StoredCounts {
                source: source_name(row.get_ref(0)?.as_str()?),
                kept: row.get(1)?,
                duplicate: row.get(2)?,
                refused: row.get(3)?,
            })
        })?
        .collect()
}

pub(super) fn captures(connection: &Connection) -> rusqlite::Result<Vec<CaptureCounts>> {
    connection
        .prepare_cached(
            "SELECT total.track, total.captures, total.backfilled, total.last_at
             FROM capture_total AS total LEFT JOIN track USING (track)
             WHERE track.removed_at IS NULL ORDER BY total.track",
        )?
        .query_map([], |row| {
            Ok(CaptureCounts {
                track: TrackId(row.get(0)?),
                captures: row.get(1)?,
                backfilled: row.get(2)?,
                last_at: row.get::<_, Option<i64>>(3)?.map(Time),
            })
        })?
        .collect()
}

pub(super) fn per_minute(
    connection: &Connection,
    track: Option<TrackId>,
    from: Time,
    until: Time,
) -> rusqlite::Result<Vec<MinuteCount>> {
    let track = track.map_or(0, |track| track.0);
    connection
        .prepare_cached(
            "SELECT minute, n FROM minute_count
             WHERE track = ?1 AND minute >= ?2 AND minute < ?3 AND n > 0 ORDER BY minute",
        )?
        .query_map(
            params![track, minute_of(from.0), minutes_end(until)],
            minute,
        )?
        .collect()
}

pub(super) fn arrivals(
    connection: &Connection,
    source: &str,
    from: Time,
    until: Time,
) -> rusqlite::Result<Vec<MinuteCount>> {
    connection
        .prepare_cached(
            "SELECT minute, n FROM source_minute
             WHERE source = (SELECT source FROM source WHERE name = ?1) AND minute >= ?2 AND minute < ?3
             ORDER BY minute",
        )?
        .query_map(params![source, minute_of(from.0), minutes_end(until)], minute)?
        .collect()
}

/// The minute after the last one of a span.
fn minutes_end(until: Time) -> i64 {
    minute_of(until.0.saturating_sub(1)).saturating_add(1)
}

fn minute(row: &Row<'_>) -> rusqlite::Result<MinuteCount> {
    Ok(MinuteCount {
        minute: Time(minute_begins(row.get(0)?)),
        count: row.get(1)?,
    })
}

/// A source's name as it was written; only names are ever written.
pub(super) fn source_name(text: &str) -> SourceName {
    SourceName::parse(text)
        .or_else(|_| SourceName::parse("unknown"))
        .expect("`unknown` is a name")
}
