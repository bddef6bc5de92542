use tokio::sync::watch;

use super::*;
use crate::event::Event;
use crate::hub::Touched;
use crate::pipeline::engine::{Parts, Until};
use crate::pipeline::tests::house::{self, Act, Script};
use crate::source::Refused;
use crate::track::TrackDraft;

/// Reads posts through the front door until the store has them all.
async fn keep(parts: &Parts, frames: Vec<&'static str>) {
    let script = Script::new([vec![Act::Frames(1, frames, None), Act::End]]);
    let connection = script.connection(|spec| spec.endless = false);
    let engine = house::engine(parts).await;
    let (_stop, stopped) = watch::channel(false);
    engine
        .run(vec![connection], Until::SourcesEnded, stopped)
        .await
        .unwrap();
}

async fn make_track(parts: &Parts, rule: &str) -> TrackId {
    let draft = TrackDraft::new("late", rule);
    let made = parts.store.create_track(&draft, Time(0)).await;
    made.unwrap().id
}

/// The track's backfill when it is over.
async fn over(engine: &Engine, track: TrackId) -> Backfill {
    let done = || {
        let mut all = engine.backfills().into_iter();
        all.find(|one| one.track == track && one.done)
    };
    house::until(async || done().is_some()).await;
    done().unwrap()
}

fn posts(numbers: std::ops::Range<usize>) -> Vec<&'static str> {
    let post = |n: usize| &*format!("{n} a bird, number {n}").leak();
    numbers.map(post).collect()
}

#[tokio::test(start_paused = true)]
async fn a_rule_is_tried_on_what_was_kept_before_a_restart() {
    let before = house::parts(house::decode);
    keep(&before, vec!["1 a bird", "2 a cat", "3 a bird again"]).await;
    let after = house::restarted(&before, house::decode);
    let engine = house::engine(&after).await;
    let tried = engine.preview(Rule::parse("bird").unwrap(), 1).await;
    let tried = tried.unwrap();
    assert_eq!((tried.looked_at, tried.caught), (3, 2));
    assert_eq!(tried.samples[0].text, "a bird again");
    assert!(after.hub.recent_posts(None, 10).is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_live_and_kept_is_tried_once_and_what_was_deleted_never() {
    let before = house::parts(house::decode);
    keep(&before, vec!["1 a bird", "2 a bird, regretted"]).await;
    let after = house::restarted(&before, house::decode);
    keep(&after, vec!["3 a bird", "4 a cat"]).await;
    let bird = || Rule::parse("bird").unwrap();
    let engine = house::engine(&after).await;
    let tried = engine.preview(bird(), 0).await.unwrap();
    assert_eq!((tried.looked_at, tried.caught), (4, 3));
    // The hub knows of a deletion before the store does.
    let deletion = crate::spool::Entry {
        key: 2,
        bytes: deletion_of("2").into(),
    };
    after.hub.offer(100, &[deletion], &Touched::default());
    let tried = engine.preview(bird(), 5).await.unwrap();
    assert_eq!((tried.looked_at, tried.caught), (3, 2));
    assert!(tried.samples.iter().all(|post| post.text == "a bird"));
}

fn deletion_of(id: &str) -> Vec<u8> {
    let frame = format!("-{id}");
    let record = crate::record::Record {
        source: "scripted".into(),
        received_at: Time(9),
        content: crate::record::Content::Event {
            event: house::decode(frame.as_bytes()).unwrap(),
            captures: Vec::new(),
            raw: b"",
            repairs: None,
        },
    };
    record.encode(Vec::new())
}

#[tokio::test(start_paused = true)]
async fn no_more_posts_are_tried_than_the_hub_would_hold() {
    let before = house::parts(house::decode);
    keep(&before, posts(0..RECENT_RECORDS + 100)).await;
    let engine = house::engine(&house::restarted(&before, house::decode)).await;
    let tried = engine.preview(Rule::parse("bird").unwrap(), 1).await;
    let tried = tried.unwrap();
    assert_eq!(tried.looked_at, RECENT_RECORDS as u64);
    assert_eq!(tried.samples[0].text, "a bird, number 2099");
}

/// The process falls when it comes to post 1,234.
fn decode_until_1234(bytes: &[u8]) -> Result<Event<'_>, Refused> {
    assert!(!bytes.starts_with(b"1234 "), "here the process falls");
    house::decode(bytes)
}

#[tokio::test(start_paused = true)]
async fn a_backfill_goes_on_where_the_last_process_left_it() {
    let before = house::parts(house::decode);
    keep(&before, posts(0..2_000)).await;
    let track = make_track(&before, "bird").await;
    let falling = house::restarted(&before, decode_until_1234);
    let engine = house::engine(&falling).await;
    engine.start_backfill(track).await.unwrap();
    let fallen = over(&engine, track).await;
    assert!(fallen.error.contains("broke down"), "{}", fallen.error);
    assert_eq!((fallen.looked_at, fallen.added), (1_000, 1_000));

    let after = house::restarted(&before, house::decode);
    let engine = house::engine(&after).await;
    let (stop, stopped) = watch::channel(false);
    let running = engine.run(Vec::new(), Until::Stopped, stopped);
    let done = async {
        let done = over(&engine, track).await;
        stop.send_replace(true);
        done
    };
    let (ended, done) = tokio::join!(running, done);
    ended.unwrap();
    assert_eq!(done.error, "");
    assert_eq!((done.looked_at, done.added), (2_000, 2_000));
    assert_eq!(done.started_at, fallen.started_at);
    let counts = &after.store.captures().await.unwrap()[0];
    assert_eq!((counts.captures, counts.backfilled), (2_000, 2_000));
    assert_eq!(after.store.backfills().await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn a_backfill_looks_with_the_rule_as_it_is_now() {
    let parts = house::parts(house::decode);
    keep(&parts, vec!["1 a bird", "2 a cat"]).await;
    let track = make_track(&parts, "bird").await;
    let begun = parts.store.begin_backfill(track, 1, Time(5)).await.unwrap();
    let draft = TrackDraft::new("late", "cat");
    let changed = parts.store.update_track(track, &draft, Time(6)).await;
    assert_eq!(changed.unwrap().rule_version, 2);
    let engine = house::engine(&parts).await;
    assert_eq!(begun.rule_version, 1);
    engine.resume_backfills().await.unwrap();
    let done = over(&engine, track).await;
    assert_eq!((done.looked_at, done.added), (2, 1));
    let cat = parts.store.post("test", "2").await.unwrap().unwrap();
    assert_eq!(cat.captures[0].rule_version, 2);
}

#[tokio::test(start_paused = true)]
async fn starting_again_while_one_runs_starts_nothing() {
    let parts = house::parts(house::decode);
    keep(&parts, posts(0..1_000)).await;
    let track = make_track(&parts, "bird").await;
    let engine = house::engine(&parts).await;
    let (first, second) = tokio::join!(engine.start_backfill(track), engine.start_backfill(track));
    assert_eq!(first.unwrap().started_at, second.unwrap().started_at);
    assert_eq!(over(&engine, track).await.looked_at, 1_000);
    let missing = engine.start_backfill(TrackId(99)).await;
    assert!(matches!(missing, Err(StoreError::NotFound(_))));
}

#[tokio::test(start_paused = true)]
async fn a_backfill_goes_on_though_whoever_asked_for_it_goes_away() {
    let parts = house::parts(house::decode);
    keep(&parts, vec!["1 a bird", "2 a cat"]).await;
    let track = make_track(&parts, "bird").await;
    let engine = house::engine(&parts).await;
    // Something is still on its way to the store, so that beginning takes a while.
    engine.end.fetch_add(1, Ordering::Relaxed);
    tokio::select! {
        biased;
        begun = engine.start_backfill(track) => panic!("{begun:?} without waiting"),
        () = std::future::ready(()) => {}
    }
    let done = over(&engine, track).await;
    assert_eq!((done.looked_at, done.added), (2, 1));
}
