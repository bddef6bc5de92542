//! Tracks: made, changed, removed; captures counted and charted.

use super::{Lane, START, StoreBackend, find, ids, make_track, new_post, post, second, source};
use crate::ids::TrackId;
use crate::store::{CaptureCounts, PostQuery, Store, StoreError};
use crate::time::Time;
use crate::track::{RuleVersion, TrackDraft};

/// All checks of tracks.
pub async fn all(backend: &mut dyn StoreBackend) {
    backend.begin().await;
    makes_changes_and_removes(backend).await;
    backend.begin().await;
    knows_every_rule_a_track_had(backend).await;
    backend.begin().await;
    says_what_it_can_not_do(backend).await;
    backend.begin().await;
    counts_captures(backend).await;
    backend.begin().await;
    charts_minutes(backend).await;
    backend.begin().await;
    removed_tracks_show_no_more(backend).await;
}

async fn change(store: &dyn Store) -> u64 {
    store.change_number().await.expect("a store answers")
}

async fn makes_changes_and_removes(backend: &mut dyn StoreBackend) {
    let store = backend.store();
    let mut before = change(store).await;
    let mut draft = TrackDraft {
        sources: vec![source("stream")],
        start: Some(second(1)),
        end: Some(second(2)),
        retention_seconds: Some(60),
        paused: true,
        priority: 7,
        ..TrackDraft::new("Birds", "bird")
    };
    let made = store.create_track(&draft, START).await.expect("it is made");
    assert_eq!((made.rule_version, &made.draft), (1, &draft));
    assert_eq!((made.created_at, made.changed_at), (START, START));
    assert_eq!(change(store).await, before + 1);
    before += 1;
    // What does not change what is captured does not change the rule's version.
    "Birds!".clone_into(&mut draft.name);
    draft.paused = false;
    draft.priority = -3;
    let renamed = store
        .update_track(made.id, &draft, second(9))
        .await
        .expect("it is changed");
    assert_eq!((renamed.rule_version, &renamed.draft), (1, &draft));
    assert_eq!((renamed.created_at, renamed.changed_at), (START, second(9)));
    "bird OR owl".clone_into(&mut draft.rule);
    let changed = store
        .update_track(made.id, &draft, second(10))
        .await
        .expect("it is changed");
    assert_eq!(changed.rule_version, 2);
    assert_eq!(change(store).await, before + 2);
    let other = make_track(store, "Cats").await;
    assert!(other.id > made.id);
    assert_eq!(
        store.tracks().await.expect("a store answers"),
        [changed.clone(), other.clone()]
    );
    store
        .remove_track(made.id, second(11))
        .await
        .expect("it is removed");
    backend.restart().await;
    let store = backend.store();
    assert_eq!(store.tracks().await.expect("a store answers"), [other]);
    assert_eq!(change(store).await, before + 4);
    let again = make_track(store, "Birds!").await;
    assert!(again.id > made.id, "a number is never given twice");
}

/// Rules of before, with when they held.
pub async fn knows_every_rule_a_track_had(backend: &mut dyn StoreBackend) {
    let store = backend.store();
    let mut draft = TrackDraft::new("Birds", "bird");
    let made = store.create_track(&draft, START).await.expect("it is made");
    let first = RuleVersion::present(&made);
    let versions = store.rule_versions(made.id).await;
    assert_eq!(
        versions.expect("a store answers"),
        std::slice::from_ref(&first)
    );
    // What is captured is the rule, the sources and the times; a name is not.
    let mut expected = vec![first];
    let changes: [fn(&mut TrackDraft); 5] = [
        |draft| "owl".clone_into(&mut draft.rule),
        |draft| "Owls".clone_into(&mut draft.name),
        |draft| draft.sources = vec![source("stream")],
        |draft| draft.start = Some(second(-5)),
        |draft| draft.end = Some(second(500)),
    ];
    for (n, change) in (1..).zip(changes) {
        change(&mut draft);
        let changed = store.update_track(made.id, &draft, second(n)).await;
        let changed = changed.expect("it is changed");
        if n != 2 {
            expected.last_mut().expect("there is one").until = Some(second(n));
            expected.push(RuleVersion::present(&changed));
        }
        assert_eq!(changed.rule_version as usize, expected.len());
    }
    backend.restart().await;
    let store = backend.store();
    let versions = store.rule_versions(made.id).await;
    assert_eq!(versions.expect("a store answers"), expected);
    let none = store.rule_versions(TrackId(99)).await;
    assert_eq!(none.expect("a store answers"), []);
    store
        .remove_track(made.id, second(9))
        .await
        .expect("it is removed");
    let gone = store.rule_versions(made.id).await;
    assert_eq!(gone.expect("a store answers"), []);
}

async fn says_what_it_can_not_do(backend: &mut dyn StoreBackend) {
    let store = backend.store();
    let made = make_track(store, "Birds").await;
    make_track(store, "Cats").await;
    let before = change(store).await;
    let draft = TrackDraft::new("Cats", "cat");
    let taken = store.create_track(&draft, START).await;
    assert!(matches!(taken, Err(StoreError::Conflict(_))), "{taken:?}");
    let taken = store.update_track(made.id, &draft, START).await;
    assert!(matches!(taken, Err(StoreError::Conflict(_))), "{taken:?}");
    let missing = store.update_track(TrackId(99), &draft, START).await;
    assert!(
        matches!(missing, Err(StoreError::NotFound(_))),
        "{missing:?}"
    );
    let missing = store.remove_track(TrackId(99), START).await;
    assert!(
        matches!(missing, Err(StoreError::NotFound(_))),
        "{missing:?}"
    );
    let missing = store.begin_backfill(TrackId(99), 1, START).await;
    assert!(
        matches!(missing, Err(StoreError::NotFound(_))),
        "{missing:?}"
    );
    assert_eq!(change(store).await, before, "what failed changed nothing");
}

async fn counts_captures(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    make_track(lane.store, "one").await;
    make_track(lane.store, "two").await;
    for (id, tracks) in [("1", &[1][..]), ("2", &[1, 2]), ("3", &[]), ("1", &[1])] {
        lane.put_caught(new_post(id, post("ann", "word")), tracks)
            .await;
    }
    let expected = |track, captures, last_at| CaptureCounts {
        track: TrackId(track),
        captures,
        backfilled: 0,
        last_at: Some(last_at),
    };
    let totals = lane.store.captures().await.expect("a store answers");
    assert_eq!(
        totals,
        [expected(1, 2, second(1)), expected(2, 1, second(1))]
    );
}

async fn charts_minutes(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    make_track(lane.store, "one").await;
    // Record n comes at second n.
    for n in 0..150 {
        let id = n.to_string();
        let tracks = &[1][..usize::from(n % 2 == 0)];
        lane.put_caught(new_post(&id, post("ann", "word")), tracks)
            .await;
    }
    lane.put(new_post("0", post("ann", "word"))).await;
    let minutes = |track, from, until| {
        let store = lane.store;
        async move {
            let found = store.per_minute(track, from, until).await;
            let found = found.expect("a store answers");
            found
                .into_iter()
                .map(|m| (m.minute, m.count))
                .collect::<Vec<(Time, u64)>>()
        }
    };
    let all = [(second(0), 60), (second(60), 60), (second(120), 30)];
    assert_eq!(minutes(None, second(0), second(600)).await, all);
    assert_eq!(minutes(None, second(0), second(120)).await, all[..2]);
    assert_eq!(minutes(None, second(60), second(180)).await, all[1..]);
    let caught = [(second(0), 30), (second(60), 30), (second(120), 15)];
    assert_eq!(
        minutes(Some(TrackId(1)), second(0), second(600)).await,
        caught
    );
    assert_eq!(minutes(Some(TrackId(2)), second(0), second(600)).await, []);
}

async fn removed_tracks_show_no_more(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    let track = make_track(lane.store, "one").await.id;
    lane.put_caught(new_post("1", post("ann", "word")), &[1])
        .await;
    lane.store
        .remove_track(track, second(5))
        .await
        .expect("it is removed");
    // A record that was on its way.
    lane.put_caught(new_post("2", post("ann", "word")), &[1])
        .await;
    for id in ["1", "2"] {
        assert_eq!(find(lane.store, id).await.captures, []);
    }
    assert_eq!(lane.store.captures().await.expect("a store answers"), []);
    let of_track = PostQuery {
        track: Some(track),
        ..PostQuery::default()
    };
    assert_eq!(ids(lane.store, of_track).await, [""; 0]);
}
