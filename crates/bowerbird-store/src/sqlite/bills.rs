//! Bills: charges to rows, and rows added up.

use std::ops::Range;

use async_trait::async_trait;
use bowerbird_core::bill::{BillDay, BillShare, Charge, Money, Period, Priced, Spent, Sums};
use bowerbird_core::ids::{SourceName, TrackId};
use bowerbird_core::store::{Bills, StoreError};
use bowerbird_core::time::{Day, Time};
use rusqlite::{Connection, Row, params};
use rustc_hash::FxHashMap;

use super::SqliteStore;
use super::connection::failed;
use super::ingest::Batch;
use super::writer::WriterState;

/// The number that stands for no track.
const NOBODY: u64 = 0;

#[async_trait]
impl Bills for SqliteStore {
    async fn charge(
        &self,
        source: &SourceName,
        at: Time,
        charge: &Charge,
    ) -> Result<(), StoreError> {
        let (source, charge) = (source.clone(), charge.clone());
        let work = move |state: &mut WriterState| {
            let work = |open: &mut Batch<'_>| {
                let source = open.known.source(open.connection, source.as_str());
                source
                    .and_then(|source| enter(open.connection, source, at.day(), &charge))
                    .map_err(failed)
            };
            state.transact(work).map(|((), _)| ())
        };
        self.writer.run(work).await
    }

    async fn bill_days(
        &self,
        source: &SourceName,
        days: Range<Day>,
    ) -> Result<Vec<BillDay>, StoreError> {
        let name = source.to_string();
        self.readers
            .run(move |connection| {
                connection
                    .prepare_cached(include_str!("sql/bill_days.sql"))
                    .and_then(|mut all| {
                        all.query_map(params![name, days.start.0, days.end.0], day)?
                            .collect()
                    })
                    .map_err(failed)
            })
            .await
    }

    async fn bill_shares(
        &self,
        source: &SourceName,
        days: Range<Day>,
    ) -> Result<Vec<BillShare>, StoreError> {
        let name = source.to_string();
        self.readers
            .run(move |connection| {
                connection
                    .prepare_cached(include_str!("sql/bill_shares.sql"))
                    .and_then(|mut all| {
                        all.query_map(params![name, days.start.0, days.end.0], share)?
                            .collect()
                    })
                    .map_err(failed)
            })
            .await
    }

    async fn bill_sums(&self, source: &SourceName, now: Time) -> Result<Sums, StoreError> {
        let name = source.to_string();
        self.readers
            .run(move |connection| sums(connection, &name, now).map_err(failed))
            .await
    }
}

/// Puts calls on the bill of a source and a day.
pub(super) fn enter(
    connection: &Connection,
    source: i64,
    day: Day,
    charge: &Charge,
) -> rusqlite::Result<()> {
    let what = charge.what.as_str();
    let mut note = connection.prepare_cached(
        "INSERT INTO billed (day, source, what, id) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
    )?;
    let mut n_charged = 0;
    let mut shares: FxHashMap<u64, (i64, Money)> = FxHashMap::default();
    for call in &charge.calls {
        if !call.id.is_empty() && note.execute(params![day.0, source, what, call.id])? == 0 {
            continue;
        }
        let nobody = [TrackId(NOBODY)];
        let tracks = if call.tracks.is_empty() {
            &nobody[..]
        } else {
            &call.tracks
        };
        let parts = charge.price.split(tracks.len());
        for (track, part) in tracks.iter().zip(parts) {
            let share = shares.entry(track.0).or_default();
            share.0 += 1;
            share.1 += part;
        }
        n_charged += 1;
    }
    if n_charged == 0 {
        return Ok(());
    }
    connection
        .prepare_cached(include_str!("sql/upsert_bill.sql"))?
        .execute(params![
            source,
            day.0,
            what,
            n_charged,
            charge.price.times(n_charged).0
        ])?;
    let mut share = connection.prepare_cached(include_str!("sql/upsert_bill_share.sql"))?;
    let mut month = connection.prepare_cached(include_str!("sql/upsert_bill_month.sql"))?;
    let mut total = connection.prepare_cached(include_str!("sql/upsert_bill_total.sql"))?;
    for (track, (n, cost)) in shares {
        share.execute(params![source, day.0, track, what, n, cost.0])?;
        month.execute(params![source, day.month_begins().0, track, cost.0])?;
        total.execute(params![source, track, cost.0])?;
    }
    Ok(())
}

/// Forgets which calls were charged on days past. Yesterday's stay: what was received before midnight may be written after.
pub(super) fn forget_calls(connection: &Connection, now: Time) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM billed WHERE day < ?1")?
        .execute([now.day().plus(-1).0])
        .map(drop)
}

fn sums(connection: &Connection, source: &str, now: Time) -> rusqlite::Result<Sums> {
    let mut sums = Sums::default();
    let mut add = |track: u64, spent: Spent| {
        sums.all += spent;
        if track != NOBODY {
            *sums.tracks.entry(TrackId(track)).or_default() += spent;
        }
    };
    let [day, month] = [Period::Day, Period::Month].map(|period| period.first_day(now));
    let mut all = connection.prepare_cached(include_str!("sql/bill_sums.sql"))?;
    let mut rows = all.query(params![source, day.0, month.0])?;
    while let Some(row) = rows.next()? {
        let spent = Spent {
            day: Money(row.get(1)?),
            month: Money(row.get(2)?),
            total: Money(row.get(3)?),
        };
        add(row.get(0)?, spent);
    }
    Ok(sums)
}

fn day(row: &Row<'_>) -> rusqlite::Result<BillDay> {
    Ok(BillDay {
        day: Day(row.get(0)?),
        what: priced(row, 1)?,
        n: row.get(2)?,
        cost: Money(row.get(3)?),
    })
}

fn share(row: &Row<'_>) -> rusqlite::Result<BillShare> {
    let track: u64 = row.get(0)?;
    Ok(BillShare {
        track: (track != NOBODY).then_some(TrackId(track)),
        what: priced(row, 1)?,
        n: row.get(2)?,
        cost: Money(row.get(3)?),
    })
}

fn priced(row: &Row<'_>, column: usize) -> rusqlite::Result<Priced> {
    let what = row.get_ref(column)?.as_str()?;
    Priced::parse(what).ok_or_else(|| {
        let unknown = format!("`{what}` is nothing that this build knows a price of");
        let text = rusqlite::types::Type::Text;
        rusqlite::Error::FromSqlConversionFailure(column, text, unknown.into())
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use bowerbird_core::bill::Call;

    use super::*;
    use crate::sqlite::schema;

    const POST: Money = Money(5_000);

    fn charged(connection: &Connection, id: &str, at: &str) {
        let charge = Charge {
            what: Priced::Post,
            price: POST,
            calls: vec![Call {
                id: id.to_owned(),
                tracks: vec![TrackId(7)],
            }],
        };
        let day = Time::parse(at).unwrap().day();
        enter(connection, 1, day, &charge).unwrap();
    }

    #[test]
    fn sums_add_up_no_days_but_the_present() {
        let connection = Connection::open_in_memory().unwrap();
        schema::migrate(&connection, Path::new(":memory:")).unwrap();
        connection
            .execute("INSERT INTO source (source, name) VALUES (1, 'stream')", [])
            .unwrap();
        for (id, at) in [
            ("1", "2026-02-28T10:00:00Z"),
            ("2", "2026-03-01T00:00:00Z"),
            ("3", "2026-03-14T00:00:00Z"),
            ("4", "2026-03-15T11:00:00Z"),
        ] {
            charged(&connection, id, at);
        }
        let now = Time::parse("2026-03-15T12:00:00Z").unwrap();
        connection
            .execute("DELETE FROM bill_share WHERE day < ?1", [now.day().0])
            .unwrap();
        let sums = sums(&connection, "stream", now).unwrap();
        let expected = Spent {
            day: POST,
            month: POST.times(3),
            total: POST.times(4),
        };
        assert_eq!(sums.all, expected);
        assert_eq!(sums.tracks[&TrackId(7)], expected);
    }
}
