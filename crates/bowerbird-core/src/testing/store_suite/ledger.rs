//! Gaps and dead letters.

use std::borrow::Cow;

use super::{Lane, StoreBackend, counts, letters, new_post, post, second, source, written};
use crate::ids::TrackId;
use crate::record::Content;
use crate::store::{DeadLetter, Gap, Store};
use crate::time::Time;

/// All checks of the ledger.
pub async fn all(backend: &mut dyn StoreBackend) {
    backend.begin().await;
    a_gap_begins_and_ends(backend).await;
    backend.begin().await;
    gaps_come_in_pages(backend).await;
    backend.begin().await;
    a_track_may_have_a_gap_of_its_own(backend).await;
    backend.begin().await;
    refused_frames_become_dead_letters(backend).await;
    backend.begin().await;
    what_a_lane_buries_is_kept_whole(backend).await;
    backend.begin().await;
    what_the_stores_lane_buries_is_refused(backend).await;
    backend.begin().await;
    unreadable_records_are_dead_letters(backend).await;
}

async fn only_letter(store: &dyn Store) -> DeadLetter {
    let mut all = letters(store).await;
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

fn gap(from: Time, until: Option<Time>, lost: Option<u64>) -> Content<'static> {
    Content::Gap {
        from,
        until,
        reason: Cow::Borrowed("the connection was cut"),
        lost,
    }
}

async fn a_track_may_have_a_gap_of_its_own(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    let withheld = |track: Option<u64>, until| Content::Withheld {
        track: track.map(TrackId),
        from: second(1),
        until,
        reason: Cow::Borrowed("its budget is spent"),
    };
    for content in [
        gap(second(1), None, None),
        withheld(Some(4), None),
        withheld(Some(5), None),
        withheld(Some(4), Some(second(9))),
    ] {
        let record = lane.encode(content);
        assert_eq!(lane.write(vec![record]).await, written(0, 0, 0));
    }
    let gaps = lane
        .store
        .gaps(None, None, 10)
        .await
        .expect("a store answers");
    let mut spans: Vec<_> = gaps.iter().map(|gap| (gap.track, gap.until)).collect();
    spans.sort_unstable();
    assert_eq!(
        spans,
        [
            (None, None),
            (Some(TrackId(4)), Some(second(9))),
            (Some(TrackId(5)), None)
        ]
    );
    let waiting = lane.store.withheld().await.expect("a store answers");
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    assert_eq!(
        (waiting[0].track, waiting[0].from),
        (Some(TrackId(5)), second(1))
    );
}

async fn a_gap_begins_and_ends(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    let closed = gap(second(1), Some(second(5)), Some(2));
    for content in [
        gap(second(1), None, None),
        closed,
        gap(second(1), None, None),
    ] {
        let record = lane.encode(content);
        assert_eq!(
            lane.write(vec![record]).await,
            written(0, 0, 0),
            "gaps are in no count"
        );
    }
    let record = lane.encode(gap(second(9), None, None));
    lane.write(vec![record]).await;
    lane.through("other");
    let record = lane.encode(gap(second(1), None, None));
    lane.write(vec![record]).await;
    let gaps = lane
        .store
        .gaps(Some(&source("stream")), None, 10)
        .await
        .expect("a store answers");
    let expected = |gap: &Gap, from, until, lost| {
        assert_eq!((gap.from, gap.until, gap.lost), (from, until, lost));
        assert_eq!(
            (gap.reason.as_str(), gap.state.as_str()),
            ("the connection was cut", "open")
        );
    };
    assert_eq!(gaps.len(), 2);
    expected(&gaps[0], second(9), None, None);
    expected(&gaps[1], second(1), Some(second(5)), Some(2));
    assert_eq!(
        lane.store
            .gaps(None, None, 10)
            .await
            .expect("a store answers")
            .len(),
        3
    );
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
        let record = lane.encode(gap(second(began), None, None));
        lane.write(vec![record]).await;
    }
    for (only, expected) in [(None, vec![9, 5, 5, 3, 1]), (Some("stream"), vec![5, 3, 1])] {
        let only = only.map(source);
        let mut began = Vec::new();
        let mut before = None;
        loop {
            let page = lane.store.gaps(only.as_ref(), before, 2).await;
            let page = page.expect("a store answers");
            assert!(page.len() <= 2);
            began.extend(page.iter().map(|gap| gap.from));
            let Some(last) = page.last() else { break };
            before = Some(last.id);
        }
        let expected: Vec<Time> = expected.into_iter().map(second).collect();
        assert_eq!(began, expected, "{only:?}");
    }
    let after_none = lane.store.gaps(None, Some(u64::MAX), 2).await;
    assert_eq!(after_none.expect("a store answers"), []);
}

async fn refused_frames_become_dead_letters(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    for (text, expected) in [
        ("{torn", (0, 0, 1)),
        ("{torn", (0, 1, 0)),
        ("[]", (0, 0, 1)),
    ] {
        let record = lane.refused("no JSON", text.as_bytes());
        let (kept, duplicate, refused) = expected;
        assert_eq!(
            lane.write(vec![record]).await,
            written(kept, duplicate, refused)
        );
    }
    let all = counts(lane.store, "stream").await;
    assert_eq!((all.kept, all.duplicate, all.refused), (0, 1, 2));
    let all = letters(lane.store).await;
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].excerpt, "[]");
    let torn = &all[1];
    assert_eq!(
        (torn.source.as_str(), torn.lane.as_deref()),
        ("stream", None)
    );
    assert_eq!(
        (torn.reason.as_str(), torn.excerpt.as_str()),
        ("no JSON", "{torn")
    );
    assert_eq!((torn.bytes, torn.received_at), (5, second(0)));
    let older = lane.store.dead_letters(Some(all[0].id), 10).await;
    assert_eq!(older.expect("a store answers"), all[1..]);
    let (again, bytes) = lane
        .store
        .dead_letter(torn.id)
        .await
        .expect("a store answers")
        .expect("it is there");
    assert_eq!((&again, bytes.as_slice()), (torn, b"{torn".as_slice()));
    for dropped in [1, 0] {
        let ids = [torn.id, 999_999];
        assert_eq!(
            lane.store
                .drop_dead_letters(&ids)
                .await
                .expect("a store writes"),
            dropped
        );
    }
    assert_eq!(
        lane.store
            .dead_letter(torn.id)
            .await
            .expect("a store answers"),
        None
    );
    assert_eq!(
        lane.store
            .size()
            .await
            .expect("a store answers")
            .dead_letters,
        1
    );
}

async fn what_a_lane_buries_is_kept_whole(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    let (_, inner) = lane.event(new_post("1", post("ann", "word")), &[]);
    // Twice the same is one letter, and neither is a frame that was read.
    for _ in 0..2 {
        let record = lane.buried("hook", &inner);
        assert_eq!(lane.write(vec![record]).await, written(0, 0, 0));
    }
    let all = counts(lane.store, "stream").await;
    assert_eq!((all.kept, all.duplicate, all.refused), (0, 0, 0));
    let letter = only_letter(lane.store).await;
    assert_eq!(
        (letter.lane.as_deref(), letter.reason.as_str()),
        (Some("hook"), "answered 500")
    );
    assert!(
        letter.excerpt.starts_with(r#"{"id""#),
        "a person sees the frame"
    );
    let found = lane.store.dead_letter(letter.id).await;
    let (_, bytes) = found.expect("a store answers").expect("it is there");
    assert_eq!(bytes, inner, "the record can be delivered again");
}

async fn what_the_stores_lane_buries_is_refused(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    let (_, inner) = lane.event(new_post("1", post("ann", "word")), &[]);
    for refused in [1, 0] {
        let record = lane.buried("store", &inner);
        let expected = written(0, 1 - refused, refused);
        assert_eq!(lane.write(vec![record]).await, expected);
    }
    assert_eq!(only_letter(lane.store).await.lane.as_deref(), Some("store"));
}

async fn unreadable_records_are_dead_letters(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    let good = lane.event(new_post("1", post("ann", "word")), &[]);
    let mut cut = lane.event(new_post("2", post("ann", "word")), &[]);
    cut.1.truncate(20);
    let empty = (lane.offset, bytes::Bytes::new());
    lane.offset += 1;
    let last = lane.event(new_post("3", post("ann", "word")), &[]);
    assert_eq!(
        lane.write(vec![good, cut, empty, last]).await,
        written(2, 0, 2)
    );
    assert_eq!(letters(lane.store).await.len(), 2);
}
