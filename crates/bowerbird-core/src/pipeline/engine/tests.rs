use tokio::time::Instant;

use super::*;
use crate::memory::MemorySpool;
use crate::pipeline::tests::house::{self, Act, Script, spooled};
use crate::spool::{Append, Entry};
use crate::testing::fake_store::FakeStore;

fn lane(name: &str) -> Lane {
    Lane::parse(name).unwrap()
}

#[tokio::test(start_paused = true)]
async fn stopping_takes_a_moment_though_a_lane_keeps_the_spool_full() {
    let mut parts = house::parts(house::decode);
    parts.spool = Arc::new(MemorySpool::new(300));
    let stuck = lane("stuck");
    parts
        .spool
        .open_lane(&stuck, LaneStart::Oldest)
        .await
        .unwrap();
    let frames = [
        "1 a bird", "2 a cat", "3 a dog", "4 a fox", "5 an owl", "6 an ox",
    ];
    let acts = frames.map(|frame| Act::Frames(1, vec![frame], None));
    let script = Script::new([acts.to_vec()]);
    let engine = house::engine(&parts).await;
    let (stop, stopped) = watch::channel(false);
    let running = engine.run(vec![script.connection(|_| {})], Until::Stopped, stopped);
    let told = async {
        let is_held = async || {
            let sources = parts.status.sources();
            sources
                .iter()
                .any(|source| source.state == crate::status::WorkerState::Held)
        };
        house::until(is_held).await;
        stop.send_replace(true);
        Instant::now()
    };
    let (ended, told_at) = tokio::join!(running, told);
    ended.unwrap();
    assert!(told_at.elapsed() <= SOURCES_END_FOR + DRAIN_FOR);
    // What was appended is kept, and what was not is read again.
    let appended = spooled(parts.spool.as_ref()).await.len() as u64;
    assert!((1..6).contains(&appended));
    assert_eq!(parts.store.size().await.unwrap().posts, appended);
}

#[tokio::test(start_paused = true)]
async fn sources_that_ended_end_the_run_once_the_store_has_everything() {
    let parts = house::parts(house::decode);
    let acts = vec![Act::Frames(1, vec!["1 a bird", "2 a cat"], None), Act::End];
    let script = Script::new([acts]);
    let connection = script.connection(|spec| spec.endless = false);
    let engine = house::engine(&parts).await;
    let (_stop, stopped) = watch::channel(false);
    let running = engine.run(vec![connection], Until::SourcesEnded, stopped);
    running.await.unwrap();
    assert_eq!(parts.store.size().await.unwrap().posts, 2);
    let lanes = parts.spool.lanes().await.unwrap();
    assert_eq!(lanes[0].waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_ends_the_run_and_loses_nothing() {
    let parts = house::parts(house::decode);
    // The store of these tests fails at what it can't read.
    let source = SourceName::parse("other").unwrap();
    let lease = parts.spool.take_source(&source).await.unwrap().lease;
    let append = |bytes: &'static [u8]| Append {
        source: source.clone(),
        lease,
        heard_at: None,
        cursor: None,
        read: 0,
        unmatched: 0,
        entries: vec![Entry {
            key: 0,
            bytes: bytes.into(),
        }],
    };
    parts.spool.append(append(b"damaged")).await.unwrap();
    let engine = house::engine(&parts).await;
    let (_stop, stopped) = watch::channel(false);
    let ended = engine.run(Vec::new(), Until::Stopped, stopped).await;
    assert!(matches!(ended, Err(EngineError::Store(_))), "{ended:?}");
    let waiting = parts.spool.lanes().await.unwrap()[0].waiting;
    assert_eq!(waiting, 1, "nothing is acknowledged that is not kept");
}

#[tokio::test(start_paused = true)]
async fn sweeping_goes_on_until_all_is_looked_at_though_no_post_goes() {
    let mut parts = house::parts(house::decode);
    let store = Arc::new(FakeStore::new(Arc::clone(&parts.codec)));
    store.takes_sweeps(1_000);
    parts.store = store.clone();
    let engine = house::engine(&parts).await;
    let (stop, stopped) = watch::channel(false);
    let began = Instant::now();
    let running = engine.run(Vec::new(), Until::Stopped, stopped);
    let told = async {
        house::until(async || store.sweeps_left() == 0).await;
        stop.send_replace(true);
        began.elapsed()
    };
    let (ended, took) = tokio::join!(running, told);
    ended.unwrap();
    assert!(took < SWEEP_EVERY, "it slept between two sweeps");
}
