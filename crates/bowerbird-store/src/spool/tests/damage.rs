//! Damaged files: found, named, and repaired without deleting a byte.

use std::fs;
use std::path::{Path, PathBuf};

use bowerbird_core::ids::Lane;
use bowerbird_core::spool::{LaneStart, Spool, SpoolError};
use bowerbird_core::testing::spool_suite::{entries, lane, lease_now, offsets_now, put};

use super::{SMALL_SEGMENTS, open, runtime, see, take};
use crate::spool::{EmbeddedSpool, OpenError, fsck, segment};

const RECORDS: u64 = 60;

fn segments(dir: &Path) -> Vec<PathBuf> {
    let listed = segment::list(dir).unwrap();
    listed.into_iter().map(|(_, path)| path).collect()
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 0x10;
    fs::write(path, bytes).unwrap();
}

/// Some segments with records 0..[`RECORDS`] in the lanes `store` (two acknowledged) and `b`.
async fn make(dir: &Path) {
    let spool = open(dir, SMALL_SEGMENTS);
    spool
        .open_lane(&lane("b"), LaneStart::Oldest)
        .await
        .unwrap();
    let text = "x".repeat(400);
    for _ in 0..RECORDS / 2 {
        put(&spool, entries(&[&text, "short"])).await;
    }
    take(&spool, &Lane::store(), 2).await;
    drop(spool);
    assert!(segments(dir).len() > 2);
}

/// Everything the lane is given until nothing comes.
async fn drain(spool: &dyn Spool, lane: &Lane) -> Vec<u64> {
    let mut given = Vec::new();
    loop {
        let some = take(spool, lane, 5).await;
        if some.is_empty() {
            return given;
        }
        given.extend(some);
    }
}

#[test]
fn any_flipped_byte_of_the_last_segment_is_found_at_the_start() {
    runtime().block_on(async {
        let dir = tempfile::tempdir().unwrap();
        let spool = open(dir.path(), SMALL_SEGMENTS);
        put(&spool, entries(&["one", "two"])).await;
        take(&spool, &Lane::store(), 1).await;
        put(&spool, entries(&["three"])).await;
        drop(spool);
        let segment = segments(dir.path()).remove(0);
        let sound = fs::read(&segment).unwrap();
        for at in 0..sound.len() {
            let mut bytes = sound.clone();
            bytes[at] ^= 0x10;
            fs::write(&segment, &bytes).unwrap();
            let error = EmbeddedSpool::open(dir.path(), SMALL_SEGMENTS).unwrap_err();
            let advised = error.to_string();
            assert!(advised.contains("bowerbird spool fsck"), "{advised}");
            let OpenError::Damaged(damage) = error else {
                panic!("byte {at}: {error}");
            };
            // Who runs it is not told to run it.
            assert!(!damage.to_string().contains("fsck"), "{damage}");
            let report = fsck(dir.path(), false).unwrap();
            assert!(
                report.damage.contains(&damage),
                "byte {at}: {damage} {report:?}"
            );
            assert_eq!(fs::read(&segment).unwrap(), bytes, "byte {at}: changed");
        }
    });
}

#[test]
fn damage_in_an_older_segment_is_told_when_a_lane_comes_to_it() {
    runtime().block_on(async {
        let dir = tempfile::tempdir().unwrap();
        make(dir.path()).await;
        flip(&segments(dir.path())[1], 2_000);
        let spool = open(dir.path(), SMALL_SEGMENTS);
        let mut given = Vec::new();
        let told = loop {
            match spool.lease(&lane("b"), 3, std::time::Duration::ZERO).await {
                Ok(leased) if leased.is_empty() => panic!("skipped in silence: {given:?}"),
                Ok(leased) => given.extend(leased.iter().map(|leased| leased.offset)),
                Err(error) => break error,
            }
        };
        let SpoolError::Failed(told) = told else {
            panic!("{told}");
        };
        assert!(told.contains("0000000002.seg is damaged at byte"), "{told}");
        let expected: Vec<u64> = (0..given.len() as u64).collect();
        assert_eq!(given, expected);
    });
}

#[test]
fn a_repair_keeps_what_is_sound_and_deletes_nothing() {
    runtime().block_on(async {
        let dir = tempfile::tempdir().unwrap();
        make(dir.path()).await;
        let before = see(&open(dir.path(), SMALL_SEGMENTS)).await;
        let n_segments = segments(dir.path()).len();
        for nth in 0..n_segments {
            for at in [10, 20, 60, 1_000, 2_000, 3_000, 3_900] {
                let copy = tempfile::tempdir().unwrap();
                for path in segments(dir.path()) {
                    fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
                }
                let hurt = segments(copy.path()).swap_remove(nth);
                if fs::metadata(&hurt).unwrap().len() <= at as u64 {
                    continue;
                }
                flip(&hurt, at);
                repair_and_check(copy.path(), &hurt, &before).await;
            }
        }
    });
}

async fn repair_and_check(dir: &Path, hurt: &Path, before: &super::Seen) {
    let damaged = fs::read(hurt).unwrap();
    let found = fsck(dir, false).unwrap();
    assert!(!found.is_sound(), "{hurt:?}");
    assert_eq!(fs::read(hurt).unwrap(), damaged, "looking changed it");
    let report = fsck(dir, true).unwrap();
    assert_eq!(report.damage, found.damage);
    let mut moved = report.moved.iter().map(|path| fs::read(path).unwrap());
    assert!(moved.any(|bytes| bytes == damaged), "{report:?}");
    let again = fsck(dir, true).unwrap();
    assert!(again.is_sound(), "{again:?}");
    let spool = open(dir, SMALL_SEGMENTS);
    let kept = see(&spool).await.records;
    let is_sound = |record: &&(u64, Vec<u8>)| before.records.contains(record);
    assert_eq!(kept.iter().filter(is_sound).count(), kept.len());
    assert!(
        kept.len() >= before.records.len() - 2,
        "{} kept",
        kept.len()
    );
    let next = put(&spool, entries(&["new"])).await;
    let mut expected: Vec<u64> = kept.iter().map(|record| record.0).collect();
    expected.push(next);
    assert!(next >= expected[expected.len() - 2]);
    let given = drain(&spool, &lane("b")).await;
    let is_lane_kept = found.lanes.iter().any(|state| state.lane == lane("b"));
    assert!(is_lane_kept, "{found:?}");
    assert_eq!(given, expected);
    drain(&spool, &Lane::store()).await;
    for state in spool.lanes().await.unwrap() {
        assert_eq!((state.position, state.waiting), (next + 1, 0), "{state:?}");
    }
}

#[test]
fn a_missing_segment_is_told_and_repaired() {
    for nth in [0, 1] {
        runtime().block_on(async {
            let dir = tempfile::tempdir().unwrap();
            make(dir.path()).await;
            fs::remove_file(&segments(dir.path())[nth]).unwrap();
            let error = EmbeddedSpool::open(dir.path(), SMALL_SEGMENTS).unwrap_err();
            assert!(matches!(error, OpenError::Damaged(_)), "{error}");
            let report = fsck(dir.path(), true).unwrap();
            assert!(report.lost_records > 0, "{report:?}");
            let spool = open(dir.path(), SMALL_SEGMENTS);
            let given = drain(&spool, &lane("b")).await;
            assert_eq!(given.len() as u64, RECORDS - report.lost_records);
            assert!(given.is_sorted());
            assert_eq!(*given.last().unwrap(), RECORDS - 1);
            assert!(lease_now(&spool, &lane("b"), 9).await.is_empty());
        });
    }
}

#[test]
fn a_sound_spool_is_reported_and_left_alone() {
    runtime().block_on(async {
        let dir = tempfile::tempdir().unwrap();
        make(dir.path()).await;
        let report = fsck(dir.path(), true).unwrap();
        assert!(report.is_sound() && report.moved.is_empty(), "{report:?}");
        assert_eq!(
            (report.records, report.lost_records, report.torn_bytes),
            (RECORDS, 0, 0)
        );
        let waiting: Vec<u64> = report.lanes.iter().map(|lane| lane.waiting).collect();
        assert_eq!(waiting, [RECORDS, RECORDS - 2]);
        assert_eq!(report.sources.len(), 1);
        let torn = segments(dir.path()).pop().unwrap();
        let mut bytes = fs::read(&torn).unwrap();
        bytes.extend([0xb0, 0x3e, 0xb1]);
        fs::write(&torn, bytes).unwrap();
        let report = fsck(dir.path(), true).unwrap();
        assert_eq!((report.is_sound(), report.torn_bytes), (true, 3));
        let spool = open(dir.path(), SMALL_SEGMENTS);
        assert_eq!(
            offsets_now(&spool, &Lane::store(), 99).await.len() as u64,
            RECORDS - 2
        );
    });
}
