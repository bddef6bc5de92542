//! Looking again at what is kept: from either end, and as a job that outlives its process.

use std::borrow::Cow;

use super::{Lane, StoreBackend, delete_post, find, make_track, new_post, post, second, written};
use crate::ids::TrackId;
use crate::store::{BackfillJob, KEPT_BYTES, KeptPost, Store, StoreError};

/// All checks of looking again.
pub async fn all(backend: &mut dyn StoreBackend) {
    backend.begin().await;
    kept_posts_are_given_from_either_end(backend).await;
    backend.begin().await;
    an_answer_is_bounded_by_its_bytes(backend).await;
    backend.begin().await;
    a_backfill_marks_what_was_kept(backend).await;
    backend.begin().await;
    a_backfill_goes_on_after_a_restart(backend).await;
    backend.begin().await;
    another_rule_begins_anew(backend).await;
    backend.begin().await;
    a_backfill_goes_with_its_track(backend).await;
}

async fn keep(lane: &mut Lane<'_>, ids: &[&str]) {
    for id in ids {
        let kept = lane.put(new_post(id, post("ann", "word"))).await;
        assert_eq!(kept, written(1, 0, 0));
    }
}

async fn kept_after(store: &dyn Store, place: u64, most: usize) -> Vec<KeptPost> {
    let kept = store.kept_after(place, most).await;
    kept.expect("a store answers")
}

async fn backfills(store: &dyn Store) -> Vec<BackfillJob> {
    store.backfills().await.expect("a store answers")
}

async fn begin(store: &dyn Store, track: TrackId, rule_version: u32) -> BackfillJob {
    let begun = store.begin_backfill(track, rule_version, second(50)).await;
    begun.expect("a store notes a job")
}

/// The job after a step over these posts, all of which fit.
async fn step(store: &dyn Store, job: &BackfillJob, posts: &[KeptPost]) -> BackfillJob {
    let places: Vec<u64> = posts.iter().map(|post| post.place).collect();
    let got = BackfillJob {
        reached: places.last().copied().unwrap_or(job.reached),
        looked_at: job.looked_at + posts.len() as u64,
        ..job.clone()
    };
    let stepped = store.backfill(&got, &places, second(99)).await;
    stepped.expect("a store writes")
}

async fn kept_posts_are_given_from_either_end(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    assert!(
        lane.store
            .newest_kept(10)
            .await
            .expect("it answers")
            .is_empty()
    );
    keep(&mut lane, &["1", "2", "3", "4"]).await;
    lane.put(delete_post("3")).await;
    let first = kept_after(lane.store, 0, 2).await;
    let rest = kept_after(lane.store, first[1].place, 2).await;
    let received = |posts: &[KeptPost]| -> Vec<_> {
        posts
            .iter()
            .map(|post| (post.source.as_str().to_owned(), post.received_at))
            .collect()
    };
    let at = |n| ("stream".to_owned(), second(n));
    assert_eq!(received(&first), [at(0), at(1)]);
    assert_eq!(received(&rest), [at(3)], "what was deleted is not given");
    assert!(kept_after(lane.store, rest[0].place, 2).await.is_empty());
    let newest = lane.store.newest_kept(2).await.expect("it answers");
    assert_eq!(received(&newest), [at(3), at(1)]);
    assert_eq!(newest[0].place, rest[0].place);
    let raw = lane.store.raw("x", "4").await.expect("it answers");
    assert_eq!(raw.as_ref(), Some(&newest[0].raw));
}

async fn an_answer_is_bounded_by_its_bytes(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    let long = "long ".repeat(KEPT_BYTES / 15);
    for id in ["1", "2", "3", "4", "5"] {
        let mut said = post("ann", "word");
        said.app = Cow::Borrowed(&long);
        lane.put(new_post(id, said)).await;
    }
    let newest = lane.store.newest_kept(10).await.expect("it answers");
    assert!((3..5).contains(&newest.len()), "{}", newest.len());
    let mut place = 0;
    let mut n_posts = 0;
    loop {
        let page = kept_after(lane.store, place, 10).await;
        assert!(page.len() < 5);
        let Some(last) = page.last() else { break };
        n_posts += page.len();
        place = last.place;
    }
    assert_eq!(n_posts, 5);
}

async fn a_backfill_marks_what_was_kept(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    let track = make_track(lane.store, "late").await.id;
    let nothing = begin(lane.store, track, 4).await;
    assert!(nothing.is_done(), "nothing is kept");
    assert_eq!(backfills(lane.store).await, []);
    keep(&mut lane, &["1", "2", "3"]).await;
    let posts = kept_after(lane.store, 0, 10).await;
    let job = begin(lane.store, track, 4).await;
    assert_eq!(
        job,
        BackfillJob::new(track, 4, posts[2].place, second(50)),
        "it ends with what was kept when it began"
    );
    let fitting = [posts[0].place, posts[2].place, 999_999];
    let done = BackfillJob {
        reached: posts[2].place,
        looked_at: 3,
        ..job
    };
    for added in [2, 0] {
        let after = lane.store.backfill(&done, &fitting, second(99)).await;
        assert_eq!(after.expect("a store writes").added, added);
    }
    let capture = &find(lane.store, "1").await.captures[0];
    assert_eq!(
        (capture.track, capture.rule_version, capture.backfilled),
        (track, 4, true)
    );
    assert_eq!(find(lane.store, "2").await.captures, []);
    let totals = &lane.store.captures().await.expect("a store answers")[0];
    assert_eq!((totals.captures, totals.backfilled), (2, 2));
    assert_eq!(
        totals.last_at,
        Some(second(2)),
        "when the post was received, not when it was found"
    );
    let minutes = lane
        .store
        .per_minute(Some(track), second(0), second(60))
        .await;
    assert_eq!(minutes.expect("a store answers")[0].count, 2);
    assert_eq!(backfills(lane.store).await, [], "what is done is no job");
}

async fn a_backfill_goes_on_after_a_restart(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    keep(&mut lane, &["1", "2", "3"]).await;
    let track = make_track(lane.store, "late").await.id;
    let other = make_track(lane.store, "other").await.id;
    let job = begin(lane.store, track, 1).await;
    let waiting = begin(lane.store, other, 1).await;
    let job = step(lane.store, &job, &kept_after(lane.store, 0, 2).await).await;
    assert_eq!((job.looked_at, job.added), (2, 2));
    backend.restart().await;
    let store = backend.store();
    assert_eq!(backfills(store).await, [job.clone(), waiting]);
    assert_eq!(begin(store, track, 1).await, job, "it is begun once");
    let rest = kept_after(store, job.reached, 10).await;
    assert_eq!(rest.len(), 1);
    let done = step(store, &job, &rest).await;
    assert!(done.is_done());
    assert_eq!((done.looked_at, done.added), (3, 3));
    assert_eq!(backfills(store).await.len(), 1);
}

async fn another_rule_begins_anew(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    keep(&mut lane, &["1", "2"]).await;
    let track = make_track(lane.store, "late").await.id;
    let job = begin(lane.store, track, 1).await;
    step(lane.store, &job, &kept_after(lane.store, 0, 1).await).await;
    keep(&mut lane, &["3"]).await;
    let anew = begin(lane.store, track, 2).await;
    let to = kept_after(lane.store, 0, 10).await[2].place;
    assert_eq!(anew, BackfillJob::new(track, 2, to, second(50)));
    assert_eq!(backfills(lane.store).await, [anew]);
}

async fn a_backfill_goes_with_its_track(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    keep(&mut lane, &["1"]).await;
    let track = make_track(lane.store, "late").await.id;
    let job = begin(lane.store, track, 1).await;
    let removed = lane.store.remove_track(track, second(60)).await;
    removed.expect("it is removed");
    assert_eq!(backfills(lane.store).await, []);
    let late = lane.store.backfill(&job, &[1], second(99)).await;
    assert!(matches!(late, Err(StoreError::NotFound(_))), "{late:?}");
}
