//! Gaps and dead letters.

use std::borrow::Cow;

use super::{Lane, StoreBackend, counts, new_post, post, second, source, written};
use crate::record::Content;
use crate::store::Gap;
use crate::time::Time;

/// All checks of the ledger.
pub async fn all(backend: &mut dyn StoreBackend) {
    backend.begin().await;
    a_gap_begins_and_ends(backend).await;
    backend.begin().await;
    refused_frames_become_dead_letters(backend).await;
    backend.begin().await;
    what_a_lane_buries_is_kept_whole(backend).await;
    backend.begin().await;
    unreadable_records_are_dead_letters(backend).await;
}

fn gap(from: Time, until: Option<Time>, lost: Option<u64>) -> Content<'static> {
    Content::Gap {
        from,
        until,
        reason: Cow::Borrowed("the connection was cut"),
        lost,
    }
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
        .gaps(Some(&source("stream")), 10)
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
            .gaps(None, 10)
            .await
            .expect("a store answers")
            .len(),
        3
    );
    assert_eq!(
        lane.store
            .gaps(None, 1)
            .await
            .expect("a store answers")
            .len(),
        1
    );
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
    let letters = lane
        .store
        .dead_letters(None, 10)
        .await
        .expect("a store answers");
    assert_eq!(letters.len(), 2);
    assert_eq!(letters[0].excerpt, "[]");
    let torn = &letters[1];
    assert_eq!(
        (torn.source.as_str(), torn.lane.as_deref()),
        ("stream", None)
    );
    assert_eq!(
        (torn.reason.as_str(), torn.excerpt.as_str()),
        ("no JSON", "{torn")
    );
    assert_eq!((torn.bytes, torn.received_at), (5, second(0)));
    let older = lane
        .store
        .dead_letters(Some(letters[0].id), 10)
        .await
        .expect("a store answers");
    assert_eq!(older, letters[1..]);
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
    let record = lane.encode(Content::Buried {
        lane: Cow::Borrowed("hook"),
        reason: Cow::Borrowed("answered 500"),
        record: &inner,
    });
    assert_eq!(lane.write(vec![record]).await, written(0, 0, 1));
    let letter = lane
        .store
        .dead_letters(None, 10)
        .await
        .expect("a store answers")
        .remove(0);
    assert_eq!(
        (letter.lane.as_deref(), letter.reason.as_str()),
        (Some("hook"), "answered 500")
    );
    assert!(
        letter.excerpt.starts_with(r#"{"id""#),
        "a person sees the frame"
    );
    let (_, bytes) = lane
        .store
        .dead_letter(letter.id)
        .await
        .expect("a store answers")
        .expect("it is there");
    assert_eq!(bytes, inner, "the record can be delivered again");
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
    assert_eq!(
        lane.store
            .dead_letters(None, 10)
            .await
            .expect("a store answers")
            .len(),
        2
    );
}
