use std::time::Duration;

use tokio::sync::watch;

use super::*;
use crate::counts::{Counts, counts};
use crate::event::Event;
use crate::ids::Lane;
use crate::pipeline::engine::{Parts, Until};
use crate::pipeline::tests::house::{self, Act, Script};
use crate::source::Refused;
use crate::spool::{LaneStart, Leased};
use crate::store::DeadLetter;

/// Runs a source with these frames, or none, until the store has everything.
async fn run(parts: &Parts, frames: &[&'static str]) {
    let script = Script::new([vec![Act::Frames(1, frames.to_vec(), None), Act::End]]);
    let connection = script.connection(|spec| spec.endless = false);
    let engine = house::engine(parts).await;
    let (_stop, stopped) = watch::channel(false);
    let running = engine.run(vec![connection], Until::SourcesEnded, stopped);
    running.await.unwrap();
}

fn hook() -> Lane {
    Lane::parse("hook").unwrap()
}

async fn leased(parts: &Parts) -> Vec<Leased> {
    let leased = parts.spool.lease(&hook(), 10, Duration::ZERO).await;
    leased.unwrap()
}

async fn only_letter(parts: &Parts) -> DeadLetter {
    let mut letters = parts.store.dead_letters(None, 10).await.unwrap();
    assert_eq!(letters.len(), 1, "{letters:?}");
    letters.remove(0)
}

async fn counted(parts: &Parts) -> Counts {
    let all = counts(parts.spool.as_ref(), parts.store.as_ref()).await;
    let counts = all.unwrap()[house::name().as_str()].clone();
    let ended = counts.kept + counts.unmatched + counts.duplicate + counts.refused;
    assert_eq!(counts.read, ended + counts.waiting, "{counts:?}");
    counts
}

#[tokio::test(start_paused = true)]
async fn what_a_lane_buried_is_counted_once_and_delivered_again() {
    let parts = house::parts(house::decode);
    let lane = hook();
    parts
        .spool
        .open_lane(&lane, LaneStart::Oldest)
        .await
        .unwrap();
    run(&parts, &["1 a bird"]).await;
    let first = leased(&parts).await.remove(0);
    let spool = &parts.spool;
    spool
        .bury(&lane, first.offset, "answered 500")
        .await
        .unwrap();
    run(&parts, &[]).await;
    let counts = counted(&parts).await;
    assert_eq!((counts.read, counts.kept, counts.refused), (1, 1, 0));
    assert_eq!(counts.waiting, 0);

    let letter = only_letter(&parts).await;
    assert_eq!(letter.lane.as_deref(), Some("hook"));
    let kept = parts.store.dead_letter(letter.id).await.unwrap();
    assert_eq!(kept.unwrap().1, first.bytes);
    let buried: Vec<u64> = leased(&parts).await.iter().map(|one| one.offset).collect();
    spool.ack(&lane, &buried).await.unwrap();
    let engine = house::engine(&parts).await;
    engine.redeliver(letter.id).await.unwrap();
    assert_eq!(leased(&parts).await[0].bytes, first.bytes);
    run(&parts, &[]).await;
    let counts = counted(&parts).await;
    assert_eq!((counts.read, counts.kept, counts.duplicate), (2, 1, 1));
    assert!(parts.store.dead_letters(None, 10).await.unwrap().is_empty());
}

/// What an earlier build understood: no posts about cats.
fn decode_no_cats(bytes: &[u8]) -> Result<Event<'_>, Refused> {
    if bytes.ends_with(b"cat") {
        return Err(Refused::new("what is a cat?"));
    }
    house::decode(bytes)
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_is_decoded_by_a_build_that_understands_it() {
    let parts = house::parts(decode_no_cats);
    let script = Script::new([vec![Act::Frames(1, vec!["1 a cat"], None), Act::End]]);
    let connection = script.connection(|spec| {
        spec.endless = false;
        spec.decode = decode_no_cats;
    });
    let engine = house::engine(&parts).await;
    let (_stop, stopped) = watch::channel(false);
    let running = engine.run(vec![connection], Until::SourcesEnded, stopped);
    running.await.unwrap();
    let letter = only_letter(&parts).await;
    assert_eq!(letter.reason, "what is a cat?");
    let refused = engine.redeliver(letter.id).await;
    assert!(matches!(refused, Err(RedeliverError::StillRefused(_))));
    only_letter(&parts).await;

    let newer = house::restarted(&parts, house::decode);
    house::engine(&newer)
        .await
        .redeliver(letter.id)
        .await
        .unwrap();
    run(&newer, &[]).await;
    let counts = counted(&newer).await;
    assert_eq!((counts.read, counts.kept, counts.refused), (2, 1, 1));
    let post = newer.store.post("test", "1").await.unwrap().unwrap();
    assert_eq!(post.text, "a cat");
    let missing = engine.redeliver(letter.id).await;
    assert!(matches!(
        missing,
        Err(RedeliverError::Store(StoreError::NotFound(_)))
    ));
}
