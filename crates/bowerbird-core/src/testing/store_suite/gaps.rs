//! Gaps: noted by records, found by questions, mended and split by those who repair them.

use std::borrow::Cow;

use super::{Lane, START, StoreBackend, new_post, post, second, source, written};
use crate::event::Event;
use crate::gap::{Cause, Family, Gap, GapState, Mending};
use crate::ids::TrackId;
use crate::record::{Content, Record};
use crate::store::{GapQuery, MinuteCount, Store};
use crate::time::Time;

/// All checks of gaps.
pub async fn all(backend: &mut dyn StoreBackend) {
    backend.begin().await;
    a_gap_begins_and_ends(backend).await;
    backend.begin().await;
    gaps_come_in_pages(backend).await;
    backend.begin().await;
    what_begins_together_is_told_apart(backend).await;
    backend.begin().await;
    gaps_are_found_by_what_they_are(backend).await;
    backend.begin().await;
    the_oldest_is_repaired_first_and_nothing_that_was_wanted(backend).await;
    backend.begin().await;
    what_a_repair_brings_counts_for_its_gap(backend).await;
    backend.begin().await;
    a_gap_is_split_where_a_service_begins_again(backend).await;
    backend.begin().await;
    a_repaired_gap_that_grows_is_open_again(backend).await;
}

fn gap(from: Time, until: Option<Time>, lost: Option<u64>) -> Content<'static> {
    of(Cause::Disconnect, None, from, until, lost)
}

fn of(
    cause: Cause,
    track: Option<u64>,
    from: Time,
    until: Option<Time>,
    lost: Option<u64>,
) -> Content<'static> {
    Content::Gap {
        track: track.map(TrackId),
        from,
        until,
        cause,
        reason: Cow::Borrowed("the connection was cut"),
        lost,
    }
}

async fn write(lane: &mut Lane<'_>, content: Content<'_>) {
    let record = lane.encode(content);
    let done = lane.write(vec![record]).await;
    assert_eq!(done, written(0, 0, 0), "gaps are in no count");
}

async fn found(store: &dyn Store, query: GapQuery) -> Vec<Gap> {
    let gaps = store.gaps(&query, None, 100).await;
    gaps.expect("a store answers")
}

async fn all_gaps(store: &dyn Store) -> Vec<Gap> {
    found(store, GapQuery::default()).await
}

async fn a_gap_begins_and_ends(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    write(&mut lane, gap(second(1), None, None)).await;
    write(&mut lane, gap(second(1), Some(second(5)), Some(2))).await;
    // Told again after a restart, for another cause: it is the same gap, and stays as it is.
    write(
        &mut lane,
        of(Cause::NotRunning, None, second(1), None, None),
    )
    .await;
    write(&mut lane, gap(second(9), None, None)).await;
    lane.through("other");
    write(&mut lane, gap(second(1), None, None)).await;
    let of_stream = GapQuery {
        sources: vec![source("stream")],
        ..GapQuery::default()
    };
    let gaps = found(lane.store, of_stream).await;
    assert_eq!(gaps.len(), 2);
    let expected = Gap {
        id: gaps[1].id,
        source: source("stream"),
        track: None,
        from: second(1),
        until: Some(second(5)),
        cause: Cause::Disconnect,
        reason: "the connection was cut".to_owned(),
        lost: Some(2),
        state: GapState::Open,
        repair: Mending::default(),
    };
    assert_eq!(gaps[1], expected);
    assert_eq!((gaps[0].from, gaps[0].until), (second(9), None));
    let one = lane.store.gap(expected.id).await.expect("a store answers");
    assert_eq!(one, Some(expected));
    let none = lane.store.gap(999_999).await.expect("a store answers");
    assert_eq!(none, None);
    assert_eq!(all_gaps(lane.store).await.len(), 3);
}

async fn a_repaired_gap_that_grows_is_open_again(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    write(&mut lane, gap(second(1), Some(second(5)), None)).await;
    let id = all_gaps(lane.store).await[0].id;
    let by_nobody = Mending::default();
    let mended = lane.store.mend(id, GapState::Repaired, &by_nobody);
    mended.await.expect("a store notes it");
    for (until, expected) in [
        (None, (5, GapState::Repaired)),
        (Some(second(4)), (5, GapState::Repaired)),
        (Some(second(5)), (5, GapState::Repaired)),
        (Some(second(9)), (9, GapState::Open)),
    ] {
        write(&mut lane, gap(second(1), until, None)).await;
        let now = all_gaps(lane.store).await.remove(0);
        assert_eq!(
            (now.until, now.state),
            (Some(second(expected.0)), expected.1)
        );
    }
}

async fn gaps_come_in_pages(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    // Not in the order in which they began; two begin at once.
    for (source, began) in [
        ("stream", 5),
        ("other", 9),
        ("stream", 1),
        ("other", 5),
        ("stream", 3),
    ] {
        lane.through(source);
        write(&mut lane, gap(second(began), None, None)).await;
    }
    for (only, expected) in [(None, vec![9, 5, 5, 3, 1]), (Some("stream"), vec![5, 3, 1])] {
        let query = GapQuery {
            sources: only.map(source).into_iter().collect(),
            ..GapQuery::default()
        };
        let mut began = Vec::new();
        let mut before = None;
        loop {
            let page = lane.store.gaps(&query, before, 2).await;
            let page = page.expect("a store answers");
            assert!(page.len() <= 2);
            began.extend(page.iter().map(|gap| gap.from));
            let Some(last) = page.last() else { break };
            before = Some(last.id);
        }
        let expected: Vec<Time> = expected.into_iter().map(second).collect();
        assert_eq!(began, expected, "{only:?}");
    }
    let after_none = lane
        .store
        .gaps(&GapQuery::default(), Some(u64::MAX), 2)
        .await;
    assert_eq!(after_none.expect("a store answers"), []);
}

async fn what_begins_together_is_told_apart(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    let at = second(1);
    for content in [
        of(Cause::Disconnect, None, at, None, None),
        of(Cause::Budget, Some(4), at, None, None),
        of(Cause::Budget, Some(5), at, None, None),
        of(Cause::Paused, Some(4), at, None, None),
        of(Cause::Limit, None, at, Some(second(2)), Some(7)),
        of(Cause::Budget, Some(4), at, Some(second(9)), None),
    ] {
        write(&mut lane, content).await;
    }
    let mut spans: Vec<_> = all_gaps(lane.store)
        .await
        .iter()
        .map(|gap| (gap.cause, gap.track, gap.until))
        .collect();
    spans.sort_unstable();
    assert_eq!(
        spans,
        [
            (Cause::Disconnect, None, None),
            (Cause::Limit, None, Some(second(2))),
            (Cause::Budget, Some(TrackId(4)), Some(second(9))),
            (Cause::Budget, Some(TrackId(5)), None),
            (Cause::Paused, Some(TrackId(4)), None),
        ]
    );
    for (family, expected) in [
        (Family::Budget, vec![Some(TrackId(5))]),
        (Family::Pause, vec![Some(TrackId(4))]),
        (Family::Limit, vec![]),
    ] {
        let lasting = lane.store.lasting(family).await.expect("a store answers");
        let tracks: Vec<_> = lasting.iter().map(|gap| gap.track).collect();
        assert_eq!(tracks, expected, "{family:?}");
    }
}

async fn gaps_are_found_by_what_they_are(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    write(&mut lane, gap(second(10), Some(second(20)), None)).await;
    write(
        &mut lane,
        of(Cause::Paused, Some(4), second(15), Some(second(30)), None),
    )
    .await;
    write(&mut lane, gap(second(40), None, None)).await;
    lane.through("other");
    write(&mut lane, gap(second(12), Some(second(14)), None)).await;
    let query = GapQuery::default;
    let in_time = |since: i64, until: i64| GapQuery {
        since: Some(second(since)),
        until: Some(second(until)),
        ..query()
    };
    let repaired = Mending::default();
    let stream = all_gaps(lane.store).await;
    let oldest = stream.last().expect("there are four").id;
    let mended = lane.store.mend(oldest, GapState::Repaired, &repaired).await;
    mended.expect("a store writes");
    let state = |state| GapQuery {
        state: Some(state),
        ..query()
    };
    let track = |track| GapQuery {
        track: Some(TrackId(track)),
        ..query()
    };
    let both = GapQuery {
        sources: vec![source("stream"), source("other")],
        ..query()
    };
    for (query, expected) in [
        (query(), vec![40, 15, 12, 10]),
        (both, vec![40, 15, 12, 10]),
        (in_time(20, 40), vec![15]),
        (in_time(19, 41), vec![40, 15, 10]),
        (in_time(0, 10), vec![]),
        (in_time(99, 100), vec![40]),
        (state(GapState::Repaired), vec![10]),
        (state(GapState::Open), vec![40, 15, 12]),
        (track(4), vec![40, 15, 12, 10]),
        (track(5), vec![40, 12, 10]),
    ] {
        let expected: Vec<Time> = expected.into_iter().map(second).collect();
        let gaps = found(lane.store, query.clone()).await;
        let began: Vec<Time> = gaps.iter().map(|gap| gap.from).collect();
        assert_eq!(began, expected, "{query:?}");
    }
}

async fn the_oldest_is_repaired_first_and_nothing_that_was_wanted(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    write(&mut lane, gap(second(30), Some(second(31)), None)).await;
    write(&mut lane, gap(second(20), Some(second(21)), None)).await;
    write(&mut lane, gap(second(40), None, None)).await;
    write(
        &mut lane,
        of(Cause::Paused, Some(4), second(1), Some(second(2)), None),
    )
    .await;
    write(
        &mut lane,
        of(
            Cause::Unconfirmed,
            Some(4),
            second(5),
            Some(second(6)),
            None,
        ),
    )
    .await;
    lane.through("other");
    write(&mut lane, gap(second(3), Some(second(4)), None)).await;
    let to_repair = async |most| {
        let gaps = lane.store.to_repair(&source("stream"), most).await;
        gaps.expect("a store answers")
    };
    let began = |gaps: &[Gap]| -> Vec<Time> { gaps.iter().map(|gap| gap.from).collect() };
    let open = to_repair(9).await;
    assert_eq!(began(&open), [second(5), second(20), second(30)]);
    assert_eq!(to_repair(1).await, open[..1]);
    let mending = Mending {
        by: "the service\u{2019}s replay".to_owned(),
        at: Some(second(50)),
        posts: 99,
        lacks: "deletions".to_owned(),
        remains: "too old".to_owned(),
    };
    let beyond = GapState::BeyondRepair;
    let mended = lane.store.mend(open[0].id, beyond, &mending).await;
    mended.expect("a store writes");
    assert_eq!(began(&to_repair(9).await), [second(20), second(30)]);
    let after = lane.store.gap(open[0].id).await.expect("a store answers");
    let after = after.expect("it is there");
    assert_eq!(after.state, beyond);
    // How many came is counted by the store alone.
    assert_eq!(
        after.repair,
        Mending {
            posts: 0,
            ..mending
        }
    );
}

/// The next record of a post that came by itself, or by the repair of a gap.
fn brought(lane: &mut Lane<'_>, event: Event<'_>, repairs: Option<u64>) -> (u64, bytes::Bytes) {
    let (offset, bytes) = lane.event(event, &[]);
    let mut record = Record::decode(&bytes).expect("the suite writes records");
    if let Content::Event { repairs: by, .. } = &mut record.content {
        *by = repairs;
    }
    let bytes = record.encode(Vec::new());
    (offset, bytes.into())
}

async fn what_a_repair_brings_counts_for_its_gap(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    write(&mut lane, gap(second(-9), Some(second(-1)), None)).await;
    let id = all_gaps(lane.store).await[0].id;
    let by_itself = brought(&mut lane, new_post("1", post("ann", "word")), None);
    assert_eq!(lane.write(vec![by_itself]).await, written(1, 0, 0));
    let mut records = Vec::new();
    for number in ["1", "2", "3", "2"] {
        let event = new_post(number, post("ann", "word"));
        records.push(brought(&mut lane, event, Some(id)));
    }
    let deletion = super::delete_post("2");
    records.push(brought(&mut lane, deletion, Some(id)));
    let done = lane.write(records).await;
    assert_eq!(done, written(3, 2, 0));
    let gap = all_gaps(lane.store).await.remove(0);
    assert_eq!(
        gap.repair.posts, 2,
        "what was there does not count, nor what is no post"
    );
    let by_itself = MinuteCount {
        minute: START,
        count: 1,
    };
    for (of, from, expected) in [
        ("stream", 0, vec![by_itself]),
        ("stream", 60, vec![]),
        ("other", 0, vec![]),
    ] {
        let (from, until) = (second(from), second(from + 60));
        let arrivals = lane.store.arrivals(&source(of), from, until).await;
        assert_eq!(arrivals.expect("a store answers"), expected, "{of}");
    }
    let first = lane.store.first_heard().await.expect("a store answers");
    assert_eq!(first, [(source("stream"), second(0))]);
}

async fn a_gap_is_split_where_a_service_begins_again(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    write(&mut lane, gap(second(10), Some(second(40)), None)).await;
    let id = all_gaps(lane.store).await[0].id;
    let came = brought(&mut lane, new_post("1", post("ann", "word")), Some(id));
    lane.write(vec![came]).await;
    let why = |remains: &str| Mending {
        remains: remains.to_owned(),
        ..Mending::default()
    };
    for (at, state, remains) in [
        (20, GapState::Repaired, ""),
        (30, GapState::BeyondRepair, "gone"),
        // Not within what is left.
        (30, GapState::Repaired, ""),
        (40, GapState::Repaired, ""),
    ] {
        let split = lane.store.split(id, second(at), state, &why(remains)).await;
        split.expect("a store writes");
    }
    let gaps = all_gaps(lane.store).await;
    let said: Vec<_> = gaps
        .iter()
        .map(|gap| {
            let remains = gap.repair.remains.as_str();
            (gap.from, gap.until, gap.state, gap.repair.posts, remains)
        })
        .collect();
    let expected = [
        (second(30), Some(second(40)), GapState::Open, 0, ""),
        (
            second(20),
            Some(second(30)),
            GapState::BeyondRepair,
            0,
            "gone",
        ),
        (second(10), Some(second(20)), GapState::Repaired, 1, ""),
    ];
    assert_eq!(said, expected);
    assert_eq!(gaps[0].id, id, "the rest keeps the number");
}
