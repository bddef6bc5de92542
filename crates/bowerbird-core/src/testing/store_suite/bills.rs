//! Bills: what is charged, to whom, and how it adds up.

use std::ops::Range;

use super::{Lane, START, StoreBackend, second, source};
use crate::bill::{BillDay, BillShare, Call, Charge, Money, Priced, Spent};
use crate::ids::TrackId;
use crate::record::Content;
use crate::store::{Store, Written};
use crate::time::{Day, Time};

const POST: Money = Money(5_000);
const EVER: Range<Day> = Day(0)..Day(1_000_000);

/// All checks of bills.
pub async fn all(backend: &mut dyn StoreBackend) {
    backend.begin().await;
    a_post_is_charged_once_a_day_and_split(backend).await;
    backend.begin().await;
    sums_are_by_period(backend).await;
    backend.begin().await;
    calls_without_an_id_always_cost(backend).await;
    backend.begin().await;
    a_bill_outlives_its_tracks_and_a_restart(backend).await;
}

fn charge(calls: &[(&str, &[u64])]) -> Charge {
    let call = |(id, tracks): &(&str, &[u64])| Call {
        id: (*id).to_owned(),
        tracks: tracks.iter().copied().map(TrackId).collect(),
    };
    Charge {
        what: Priced::Post,
        price: POST,
        calls: calls.iter().map(call).collect(),
    }
}

/// The days of a whole bill.
async fn days(store: &dyn Store) -> Vec<BillDay> {
    let found = store.bill_days(&source("stream"), EVER).await;
    found.expect("a store answers")
}

async fn shares(store: &dyn Store) -> Vec<BillShare> {
    let found = store.bill_shares(&source("stream"), EVER).await;
    found.expect("a store answers")
}

fn day(after: i64, n: u64, micros: i64) -> BillDay {
    BillDay {
        day: START.day().plus(after),
        what: Priced::Post,
        n,
        cost: Money(micros),
    }
}

fn charged() -> Written {
    Written {
        charged: true,
        ..Written::default()
    }
}

async fn a_post_is_charged_once_a_day_and_split(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    let calls: [(&str, &[u64]); 4] = [("1", &[1, 2, 3]), ("2", &[1]), ("3", &[]), ("1", &[4])];
    let record = lane.encode(Content::Charge(charge(&calls)));
    assert_eq!(lane.write(vec![record.clone()]).await, charged());
    let again = lane.encode(Content::Charge(charge(&calls)));
    assert_eq!(lane.write(vec![again]).await, charged());
    let skipped = lane.write(vec![record]).await;
    assert_eq!((skipped.skipped, skipped.charged), (1, false));
    let store = lane.store;
    assert_eq!(days(store).await, [day(0, 3, 15_000)]);
    let shares = shares(store).await;
    let all: Money = shares.iter().map(|share| share.cost).sum();
    assert_eq!(all, Money(15_000), "shares add up to the whole: {shares:?}");
    let who: Vec<_> = shares.iter().map(|share| (share.track, share.n)).collect();
    assert_eq!(who[..2], [(Some(TrackId(1)), 2), (None, 1)]);
    assert_eq!(who.len(), 4, "who only came the second time pays nothing");
    for share in &shares[2..] {
        assert!((1_666..=1_667).contains(&share.cost.0), "{share:?}");
        assert!(
            share.track.is_some() && share.what == Priced::Post,
            "{share:?}"
        );
    }
    let other = store.bill_days(&source("other"), EVER).await;
    assert_eq!(other.expect("a store answers"), []);
}

async fn sums_are_by_period(backend: &mut dyn StoreBackend) {
    let store = backend.store();
    let stream = source("stream");
    let now = Time::parse("2026-03-15T12:00:00Z").expect("a time");
    let when = [
        "2025-12-31T23:59:59Z",
        "2026-02-28T10:00:00Z",
        "2026-03-01T00:00:00Z",
        "2026-03-15T00:00:00Z",
        "2026-03-15T11:00:00Z",
    ];
    for (n, at) in when.into_iter().enumerate() {
        let id = n.to_string();
        let one = charge(&[(&id, &[7])]);
        let at = Time::parse(at).expect("a time");
        let entered = store.charge(&stream, at, &one).await;
        entered.expect("a store writes");
    }
    // The same post on another day is charged again.
    let again = store.charge(&stream, now, &charge(&[("0", &[])])).await;
    again.expect("a store writes");
    let sums = store.bill_sums(&stream, now).await;
    let sums = sums.expect("a store answers");
    let spent = |day, month, total| Spent {
        day: POST.times(day),
        month: POST.times(month),
        total: POST.times(total),
    };
    assert_eq!(sums.all, spent(3, 4, 6));
    let tracks: Vec<_> = sums.tracks.into_iter().collect();
    assert_eq!(tracks, [(TrackId(7), spent(2, 3, 5))]);
    let march = Day::parse("2026-03-01").expect("a day")..Day::parse("2026-03-15").expect("a day");
    let days = store.bill_days(&stream, march.clone()).await;
    assert_eq!(days.expect("a store answers").len(), 1);
    let shares = store.bill_shares(&stream, march).await;
    assert_eq!(shares.expect("a store answers")[0].cost, POST);
}

async fn calls_without_an_id_always_cost(backend: &mut dyn StoreBackend) {
    let store = backend.store();
    let counts = Charge {
        what: Priced::Counts,
        ..charge(&[("", &[1])])
    };
    for _ in 0..2 {
        let entered = store.charge(&source("stream"), second(0), &counts).await;
        entered.expect("a store writes");
    }
    let expected = BillDay {
        what: Priced::Counts,
        ..day(0, 2, 10_000)
    };
    assert_eq!(days(store).await, [expected]);
}

async fn a_bill_outlives_its_tracks_and_a_restart(backend: &mut dyn StoreBackend) {
    let store = backend.store();
    let draft = crate::track::TrackDraft::new("cats", "cat");
    let track = store.create_track(&draft, START).await;
    let id = track.expect("a store writes").id;
    let entered = store
        .charge(&source("stream"), second(1), &charge(&[("1", &[id.0])]))
        .await;
    entered.expect("a store writes");
    let removed = store.remove_track(id, second(2)).await;
    removed.expect("a store writes");
    let swept = store.sweep(second(3), &[], 100).await;
    swept.expect("a store sweeps");
    backend.restart().await;
    let store = backend.store();
    let again = store
        .charge(&source("stream"), second(4), &charge(&[("1", &[])]))
        .await;
    again.expect("a store writes");
    assert_eq!(days(store).await, [day(0, 1, 5_000)]);
    assert_eq!(shares(store).await[0].track, Some(id));
    let later = store.sweep(second(3 * 86_400), &[], 100).await;
    later.expect("a store sweeps");
    assert_eq!(days(store).await, [day(0, 1, 5_000)]);
}
