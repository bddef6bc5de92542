//! Letting go: retention, removed tracks, and sources that keep nothing, or for a while.

use super::erase::reposting;
use super::writing::quoting;
use super::{
    Lane, START, StoreBackend, delete_post, edit, find, ids, make_track, new_post, post, second,
    source,
};
use crate::ids::TrackId;
use crate::store::{KeepPosts, PostQuery, Store, Swept};
use crate::time::Time;
use crate::track::TrackDraft;

/// All checks of letting go.
pub async fn all(backend: &mut dyn StoreBackend) {
    backend.begin().await;
    posts_go_when_nothing_holds_them(backend).await;
    backend.begin().await;
    captures_go_with_their_retention(backend).await;
    backend.begin().await;
    posts_of_a_removed_track_go(backend).await;
    backend.begin().await;
    what_is_carried_stays_with_what_carries_it(backend).await;
    backend.begin().await;
    what_came_by_itself_stays_with_what_carries_it(backend).await;
    backend.begin().await;
    what_is_carried_no_more_goes(backend).await;
    backend.begin().await;
    tombstones_stay(backend).await;
    backend.begin().await;
    a_sweep_does_a_bounded_amount(backend).await;
    backend.begin().await;
    captures_alone_are_let_go_to_the_end(backend).await;
    backend.begin().await;
    posts_behind_many_of_another_source_go(backend).await;
}

async fn sweep(store: &dyn Store, now: Time, seconds: Option<u64>, most: usize) -> u64 {
    let keep = [KeepPosts {
        source: source("stream"),
        seconds,
    }];
    let swept = store.sweep(now, &keep, most).await;
    swept.expect("a store sweeps").posts
}

/// Sweeps until nothing is left to do: in how many sweeps, and how many posts went.
async fn sweep_all(store: &dyn Store, now: Time, seconds: Option<u64>, most: usize) -> (u64, u64) {
    let keep = [KeepPosts {
        source: source("stream"),
        seconds,
    }];
    let (mut n_sweeps, mut gone) = (0, 0);
    loop {
        let swept = store.sweep(now, &keep, most).await.expect("a store sweeps");
        assert!(swept.posts <= most as u64, "{swept:?}");
        (n_sweeps, gone) = (n_sweeps + 1, gone + swept.posts);
        if swept.is_done {
            return (n_sweeps, gone);
        }
        assert!(n_sweeps < 1_000, "sweeping comes to an end");
    }
}

async fn left(store: &dyn Store) -> Vec<String> {
    ids(store, PostQuery::default()).await
}

async fn posts_go_when_nothing_holds_them(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    make_track(lane.store, "one").await;
    lane.put_caught(new_post("1", post("ann", "secret")), &[])
        .await;
    lane.put_caught(new_post("2", post("ann", "held")), &[1])
        .await;
    lane.put_caught(new_post("3", post("ann", "young")), &[])
        .await;
    assert_eq!(sweep(lane.store, second(1_000), None, 100).await, 0);
    assert_eq!(
        lane.store
            .sweep(second(1_000), &[], 100)
            .await
            .expect("a store sweeps"),
        Swept {
            posts: 0,
            is_done: true
        }
    );
    assert_eq!(sweep(lane.store, second(11), Some(10), 100).await, 1);
    assert_eq!(left(lane.store).await, ["3", "2"]);
    assert_eq!(
        lane.store.post("x", "1").await.expect("a store answers"),
        None
    );
    assert_eq!(
        lane.store.raw("x", "1").await.expect("a store answers"),
        None
    );
    assert_eq!(sweep(lane.store, second(13), Some(10), 100).await, 1);
    // A source that keeps nothing now.
    lane.put(new_post("4", post("ann", "new"))).await;
    assert_eq!(sweep(lane.store, second(13), Some(0), 100).await, 1);
    assert_eq!(left(lane.store).await, ["2"]);
    assert_eq!(lane.store.size().await.expect("a store answers").posts, 1);
}

async fn captures_go_with_their_retention(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    let draft = TrackDraft {
        retention_seconds: Some(100),
        ..TrackDraft::new("short", "word")
    };
    lane.store
        .create_track(&draft, START)
        .await
        .expect("it is made");
    make_track(lane.store, "long").await;
    lane.put_caught(new_post("1", post("ann", "word")), &[1])
        .await;
    lane.put_caught(new_post("2", post("ann", "word")), &[1, 2])
        .await;
    lane.offset = 60;
    lane.put_caught(new_post("3", post("ann", "word")), &[1])
        .await;
    // A source that keeps its posts: only captures go.
    assert_eq!(sweep(lane.store, second(130), None, 100).await, 0);
    assert_eq!(left(lane.store).await, ["3", "2", "1"]);
    let of_track = PostQuery {
        track: Some(TrackId(1)),
        ..PostQuery::default()
    };
    assert_eq!(ids(lane.store, of_track).await, ["3"]);
    let totals = lane.store.captures().await.expect("a store answers");
    assert_eq!((totals[0].captures, totals[1].captures), (1, 1));
    let minutes = lane
        .store
        .per_minute(Some(TrackId(1)), second(0), second(600))
        .await;
    assert_eq!(minutes.expect("a store answers").len(), 1);
    // And then what no capture holds.
    assert_eq!(sweep(lane.store, second(130), Some(0), 100).await, 1);
    assert_eq!(left(lane.store).await, ["3", "2"]);
    assert_eq!(sweep(lane.store, second(500), Some(0), 100).await, 1);
    assert_eq!(left(lane.store).await, ["2"]);
}

async fn posts_of_a_removed_track_go(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    make_track(lane.store, "one").await;
    make_track(lane.store, "two").await;
    lane.put_caught(new_post("1", post("ann", "word")), &[1])
        .await;
    lane.put_caught(new_post("2", post("ann", "word")), &[1, 2])
        .await;
    assert_eq!(sweep(lane.store, second(100), Some(0), 100).await, 0);
    lane.store
        .remove_track(TrackId(1), second(50))
        .await
        .expect("it is removed");
    assert_eq!(
        left(lane.store).await,
        ["2", "1"],
        "they go with the next sweep"
    );
    assert_eq!(sweep(lane.store, second(100), Some(0), 100).await, 1);
    assert_eq!(left(lane.store).await, ["2"]);
}

async fn what_is_carried_stays_with_what_carries_it(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    make_track(lane.store, "one").await;
    lane.put_caught(new_post("9", quoting("1", "", "inner")), &[1])
        .await;
    assert_eq!(sweep(lane.store, second(100), Some(0), 100).await, 0);
    assert_eq!(find(lane.store, "1").await.text, "inner");
    lane.store
        .remove_track(TrackId(1), second(50))
        .await
        .expect("it is removed");
    assert_eq!(sweep(lane.store, second(100), Some(0), 100).await, 2);
    assert_eq!(
        lane.store.post("x", "1").await.expect("a store answers"),
        None
    );
    assert_eq!(
        lane.store.post("x", "9").await.expect("a store answers"),
        None
    );
}

async fn what_came_by_itself_stays_with_what_carries_it(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    make_track(lane.store, "one").await;
    for (inner, outer) in [("1", "8"), ("2", "9")] {
        lane.put(new_post(inner, post("ann", "secret"))).await;
        let outer = match inner {
            "1" => new_post(outer, quoting(inner, "", "secret")),
            _ => new_post(outer, reposting(inner, "secret")),
        };
        lane.put_caught(outer, &[1]).await;
    }
    assert_eq!(sweep(lane.store, second(100), Some(0), 100).await, 0);
    assert_eq!(find(lane.store, "1").await.text, "secret");
    // Had they been let go, their deletion would not find what carries them.
    for id in ["1", "2"] {
        lane.put(delete_post(id)).await;
    }
    for (id, text) in [("8", "look at this"), ("9", "")] {
        assert_eq!(find(lane.store, id).await.text, text);
        let raw = lane.store.raw("x", id).await.expect("a store answers");
        assert_eq!(raw, None, "the bytes of post {id} hold a deleted text");
    }
    // And when nothing holds what carries one, it goes too.
    lane.put(new_post("3", post("ann", "carried"))).await;
    lane.put_caught(new_post("7", quoting("3", "", "carried")), &[1])
        .await;
    assert_eq!(sweep(lane.store, second(100), Some(0), 100).await, 0);
    let removed = lane.store.remove_track(TrackId(1), second(50)).await;
    removed.expect("it is removed");
    // With the one whose quote was deleted.
    assert_eq!(sweep(lane.store, second(100), Some(0), 100).await, 3);
    assert_eq!(left(lane.store).await, [""; 0]);
}

async fn what_is_carried_no_more_goes(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    make_track(lane.store, "one").await;
    for id in ["1", "2", "3"] {
        lane.put(new_post(id, post("ann", "carried"))).await;
    }
    for (outer, inner) in [("7", "1"), ("8", "2"), ("9", "3")] {
        lane.put_caught(new_post(outer, quoting(inner, "", "carried")), &[1])
            .await;
    }
    assert_eq!(sweep(lane.store, second(100), Some(0), 100).await, 0);
    lane.put(delete_post("7")).await;
    lane.put(edit("8", "v2", post("ann", "thought better")))
        .await;
    // One at a time, to the end.
    let (_, gone) = sweep_all(lane.store, second(100), Some(0), 1).await;
    assert_eq!(gone, 2);
    assert_eq!(left(lane.store).await, ["9", "8", "3"]);
}

async fn tombstones_stay(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    lane.put(delete_post("1")).await;
    sweep(lane.store, second(1_000), Some(0), 100).await;
    lane.put(new_post("1", post("ann", "secret"))).await;
    assert_eq!(find(lane.store, "1").await.text, "");
}

async fn a_sweep_does_a_bounded_amount(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    for n in 0..10 {
        let id = n.to_string();
        lane.put(new_post(&id, post("ann", "word"))).await;
    }
    assert_eq!(sweep(lane.store, second(100), Some(0), 4).await, 4);
    assert_eq!(left(lane.store).await.len(), 6);
    assert_eq!(sweep(lane.store, second(100), Some(0), 100).await, 6);
}

async fn captures_alone_are_let_go_to_the_end(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    let draft = TrackDraft {
        retention_seconds: Some(100),
        ..TrackDraft::new("short", "word")
    };
    let made = lane.store.create_track(&draft, START).await;
    made.expect("it is made");
    make_track(lane.store, "gone").await;
    let ids: Vec<String> = (0..90).map(|n| n.to_string()).collect();
    let records = ids.iter().enumerate();
    let records: Vec<_> = records
        .map(|(n, id)| lane.event(new_post(id, post("ann", "word")), &[1 + n as u64 % 2]))
        .collect();
    lane.write(records).await;
    let removed = lane.store.remove_track(TrackId(2), second(100)).await;
    removed.expect("it is removed");
    // The posts stay: no sweep can say by them that there is more to do.
    let (n_sweeps, gone) = sweep_all(lane.store, second(1_000), None, 1).await;
    assert_eq!(gone, 0);
    let totals = lane.store.captures().await.expect("a store answers");
    assert_eq!(totals[0].captures, 0, "after {n_sweeps} sweeps");
    let again = sweep_all(lane.store, second(1_000), Some(0), 1_000).await;
    assert_eq!(again, (1, 90), "nothing held them any more");
}

async fn posts_behind_many_of_another_source_go(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    lane.through("other");
    let ids: Vec<String> = (0..90).map(|n| n.to_string()).collect();
    let records: Vec<_> = ids
        .iter()
        .map(|id| lane.event(new_post(id, post("ann", "word")), &[]))
        .collect();
    lane.write(records).await;
    lane.through("stream");
    lane.put(new_post("last", post("ann", "word"))).await;
    let (_, gone) = sweep_all(lane.store, second(1_000), Some(0), 1).await;
    assert_eq!(gone, 1);
    assert_eq!(left(lane.store).await.len(), 90);
}
