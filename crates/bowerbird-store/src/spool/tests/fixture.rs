//! A spool that version 1 wrote stays readable.
//!
//! `fixtures/spool-v1` was written by [`write`] when the format was new and is never written again; a new version gets a folder of its own.

use std::fs;
use std::path::{Path, PathBuf};

use bowerbird_core::ids::{Cursor, Lane};
use bowerbird_core::spool::{Append, LaneStart, Spool};
use bowerbird_core::testing::spool_suite::{entries, lane, offsets_now, put, source, texts_now};
use bowerbird_core::time::Time;

use super::{SMALL_SEGMENTS, open, runtime};
use crate::spool::{fsck, segment};

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/spool-v1")
}

/// Two segments, a source with a cursor, a lane with a hole, a burial, a dropped lane.
async fn write(dir: &Path) {
    let spool = open(dir, SMALL_SEGMENTS);
    spool
        .open_lane(&lane("files"), LaneStart::Oldest)
        .await
        .unwrap();
    spool
        .open_lane(&lane("gone"), LaneStart::Oldest)
        .await
        .unwrap();
    let long = "long ".repeat(900);
    put(&spool, entries(&["zero", "één", &long, "三"])).await;
    let files = lane("files");
    assert_eq!(offsets_now(&spool, &files, 9).await, [0, 1, 2, 3]);
    spool.ack(&files, &[0, 2]).await.unwrap();
    spool.bury(&files, 1, "can't be read").await.unwrap();
    spool.drop_lane(&lane("gone")).await.unwrap();
    let append = Append {
        source: source("s"),
        lease: 1,
        heard_at: Some(Time::parse("2026-11-21T08:15:30.125Z").unwrap()),
        cursor: Some(Cursor("line 5".to_owned())),
        read: 3,
        unmatched: 2,
        entries: entries(&["five"]),
    };
    spool.append(append).await.unwrap();
}

async fn check(dir: &Path) {
    let report = fsck(dir, false).unwrap();
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(
        (report.segments, report.records, report.torn_bytes),
        (2, 6, 0)
    );
    let spool = open(dir, SMALL_SEGMENTS);
    let sources = spool.sources().await.unwrap();
    let source = &sources[0];
    assert_eq!(
        (source.lease, source.read, source.unmatched, source.appended),
        (1, 7, 2, 5)
    );
    assert_eq!(source.cursor, Some(Cursor("line 5".to_owned())));
    assert_eq!(
        source.heard_at.unwrap().to_string(),
        "2026-11-21T08:15:30.125Z"
    );
    let lanes = spool.lanes().await.unwrap();
    let lanes: Vec<_> = lanes
        .iter()
        .map(|l| (l.lane.as_str(), l.position, l.waiting))
        .collect();
    assert_eq!(lanes, [("files", 3, 3), ("store", 0, 6)]);
    assert_eq!(offsets_now(&spool, &lane("files"), 9).await, [3, 4, 5]);
    let texts = texts_now(&spool, &Lane::store(), 9).await;
    assert_eq!(
        (&*texts[0], &*texts[1], &*texts[3], &*texts[5]),
        ("zero", "één", "三", "five")
    );
    assert_eq!(texts[2].len(), 4_500);
    assert!(texts[4].contains("can't be read"));
}

#[test]
fn a_spool_of_version_1_is_read() {
    let copy = tempfile::tempdir().unwrap();
    for (_, path) in segment::list(&fixture()).unwrap() {
        fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
    }
    runtime().block_on(check(copy.path()));
}

#[test]
fn what_is_written_today_reads_like_the_fixture() {
    let dir = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        write(dir.path()).await;
        check(dir.path()).await;
    });
}
