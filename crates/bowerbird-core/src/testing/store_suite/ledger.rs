//! Dead letters.

use super::{Lane, StoreBackend, counts, letters, new_post, post, second, written};
use crate::store::{DeadLetter, Store};

/// All checks of dead letters.
pub async fn all(backend: &mut dyn StoreBackend) {
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
