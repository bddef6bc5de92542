//! What a crash can leave, and disks that fail.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bowerbird_core::ids::Lane;
use bowerbird_core::spool::{LaneStart, Spool, SpoolError};
use bowerbird_core::testing::spool_suite::{append_as, entries, lane, put, source};

use super::faults::Fault;
use super::{SMALL_SEGMENTS, Seen, open, runtime, see, take};
use crate::spool::segment;

/// The last segment of a spool.
fn last_segment(dir: &Path) -> PathBuf {
    segment::list(dir).unwrap().pop().unwrap().1
}

/// A spool in which one step after another was made: what it held before and after the last one, and where in its file that one stands.
struct Steps {
    dir: tempfile::TempDir,
    before: Seen,
    after: Seen,
    start: usize,
    bytes: Vec<u8>,
}

async fn seen_now(dir: &Path) -> Seen {
    see(&open(dir, SMALL_SEGMENTS)).await
}

async fn make_steps(last: impl AsyncFnOnce(&dyn Spool)) -> Steps {
    let dir = tempfile::tempdir().unwrap();
    let spool = open(dir.path(), SMALL_SEGMENTS);
    put(&spool, entries(&["1", "2", "3"])).await;
    spool
        .open_lane(&lane("b"), LaneStart::Oldest)
        .await
        .unwrap();
    take(&spool, &Lane::store(), 2).await;
    spool.take_source(&source("s")).await.unwrap();
    drop(spool);
    let before = seen_now(dir.path()).await;
    let segment = last_segment(dir.path());
    let start = fs::read(&segment).unwrap().len();
    let spool = open(dir.path(), SMALL_SEGMENTS);
    last(&spool).await;
    drop(spool);
    let after = seen_now(dir.path()).await;
    let bytes = fs::read(&segment).unwrap();
    assert!(bytes.len() > start);
    Steps {
        dir,
        before,
        after,
        start,
        bytes,
    }
}

async fn append_some(spool: &dyn Spool) {
    let lease = spool.sources().await.unwrap()[0].lease;
    append_as(spool, "s", lease, entries(&["4", "five", ""]))
        .await
        .unwrap();
}

async fn ack_some(spool: &dyn Spool) {
    spool.ack(&lane("b"), &[0, 2]).await.unwrap();
}

async fn bury_one(spool: &dyn Spool) {
    spool.bury(&Lane::store(), 2, "bad").await.unwrap();
}

#[test]
fn a_step_cut_at_any_byte_is_made_whole_or_not_at_all() {
    runtime().block_on(async {
        let all = [
            make_steps(append_some).await,
            make_steps(ack_some).await,
            make_steps(bury_one).await,
        ];
        for steps in all {
            assert_ne!(steps.before, steps.after);
            let segment = last_segment(steps.dir.path());
            for end in steps.start..=steps.bytes.len() {
                fs::write(&segment, &steps.bytes[..end]).unwrap();
                let found = seen_now(steps.dir.path()).await;
                let is_whole = end == steps.bytes.len();
                let expected = if is_whole {
                    &steps.after
                } else {
                    &steps.before
                };
                assert_eq!(&found, expected, "cut at {end}");
                // What was cut is gone for good, and the log goes on after it.
                let left = fs::read(&segment).unwrap();
                assert_eq!(
                    left,
                    steps.bytes[..if is_whole { end } else { steps.start }]
                );
            }
        }
    });
}

#[test]
fn a_sector_that_was_never_written_is_a_torn_end() {
    runtime().block_on(async {
        let long = "x".repeat(3_000);
        let steps = make_steps(async |spool: &dyn Spool| {
            let lease = spool.sources().await.unwrap()[0].lease;
            append_as(spool, "s", lease, entries(&[&long]))
                .await
                .unwrap();
        });
        let steps = steps.await;
        let segment = last_segment(steps.dir.path());
        let mut zeroes: Vec<_> = (steps.start..steps.bytes.len()).step_by(512).collect();
        for begin in &mut zeroes {
            let sector = *begin / 512 * 512;
            let from = sector.max(steps.start);
            let mut bytes = steps.bytes.clone();
            let until = (sector + 512).min(bytes.len());
            bytes[from..until].fill(0);
            fs::write(&segment, &bytes).unwrap();
            assert_eq!(
                seen_now(steps.dir.path()).await,
                steps.before,
                "zeroes at {from}"
            );
        }
    });
}

#[test]
fn after_a_failed_write_nothing_is_written_and_nothing_half_written_stays() {
    for kind in [io::ErrorKind::StorageFull, io::ErrorKind::Other] {
        runtime().block_on(fail_once(kind));
    }
}

async fn fail_once(kind: io::ErrorKind) {
    let dir = tempfile::tempdir().unwrap();
    let (spool, fault) = open_with_fault(dir.path());
    put(&spool, entries(&["1", "2"])).await;
    let before = fs::read(last_segment(dir.path())).unwrap();
    let lease = spool.sources().await.unwrap()[0].lease;
    fault.set(kind);
    let failed = append_as(&spool, "s", lease, entries(&["3"])).await;
    let is_full = failed
        .as_ref()
        .unwrap_err()
        .to_string()
        .contains("disk full");
    assert_eq!(is_full, kind == io::ErrorKind::StorageFull, "{failed:?}");
    for _ in 0..2 {
        let refused = append_as(&spool, "s", lease, entries(&["3"])).await;
        assert!(matches!(refused, Err(SpoolError::Failed(_))), "{refused:?}");
    }
    let acked = spool.ack(&Lane::store(), &[0]).await;
    assert!(matches!(acked, Err(SpoolError::Failed(_))), "{acked:?}");
    assert_eq!(see(&spool).await.records.len(), 2);
    assert_eq!(fs::read(last_segment(dir.path())).unwrap(), before);
    drop(spool);
    let spool = open(dir.path(), SMALL_SEGMENTS);
    assert_eq!(put(&spool, entries(&["3"])).await, 2);
}

fn open_with_fault(dir: &Path) -> (crate::spool::EmbeddedSpool, Fault) {
    let fault = Fault::default();
    let spool = Fault::with(&fault, || open(dir, SMALL_SEGMENTS));
    (spool, fault)
}

#[test]
fn a_segment_in_the_making_is_forgotten() {
    runtime().block_on(async {
        let dir = tempfile::tempdir().unwrap();
        put(&open(dir.path(), SMALL_SEGMENTS), entries(&["1"])).await;
        let unfinished = dir.path().join("0000000002.new");
        fs::write(&unfinished, "half").unwrap();
        let seen = seen_now(dir.path()).await;
        assert_eq!(seen.records.len(), 1);
        assert!(!unfinished.try_exists().unwrap());
    });
}

#[test]
fn segments_that_came_back_are_removed_again() {
    runtime().block_on(async {
        let dir = tempfile::tempdir().unwrap();
        let spool = open(dir.path(), SMALL_SEGMENTS);
        let long = "x".repeat(3_000);
        put(&spool, entries(&[&long, &long])).await;
        let oldest = fs::read(dir.path().join("0000000001.seg")).unwrap();
        take(&spool, &Lane::store(), 9).await;
        put(&spool, entries(&["3"])).await;
        drop(spool);
        let path = dir.path().join("0000000001.seg");
        assert!(!path.try_exists().unwrap());
        fs::write(&path, oldest).unwrap();
        let seen = seen_now(dir.path()).await;
        assert_eq!(seen.records, [(2, b"3".to_vec())]);
        assert!(!path.try_exists().unwrap());
    });
}
