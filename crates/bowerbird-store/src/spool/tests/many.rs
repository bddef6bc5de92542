//! Many at once, laggards, and lanes that do not answer.

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;

use bowerbird_core::ids::Lane;
use bowerbird_core::spool::{Entry, LaneStart, Spool};
use bowerbird_core::testing::spool_suite::{
    append_as, entries, entry, lane, lease_now, offsets_now, put, source, text,
};
use bowerbird_core::time::Time;

use super::{SMALL_SEGMENTS, open, runtime, take};
use crate::spool::queue::MOST_OPEN;
use crate::spool::{SpoolOptions, segment};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_sources_and_lanes_at_once_lose_nothing() {
    const SOURCES: u64 = 8;
    const BATCHES: u64 = 40;
    let dir = tempfile::tempdir().unwrap();
    let spool = Arc::new(open(dir.path(), SMALL_SEGMENTS));
    spool
        .open_lane(&lane("b"), LaneStart::Oldest)
        .await
        .unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..SOURCES {
        let spool = Arc::clone(&spool);
        tasks.spawn(async move {
            let name = format!("s{n}");
            let lease = spool.take_source(&source(&name)).await.unwrap().lease;
            for batch in 0..BATCHES {
                let texts = [format!("{name} {batch} a"), format!("{name} {batch} b")];
                let batch = texts.iter().map(|text| entry(n, text)).collect();
                append_as(&*spool, &name, lease, batch).await.unwrap();
            }
        });
    }
    let mut consumers = tokio::task::JoinSet::new();
    for lane in [Lane::store(), lane("b")] {
        let spool = Arc::clone(&spool);
        consumers.spawn(async move {
            let mut given = Vec::new();
            while given.len() < (SOURCES * BATCHES * 2) as usize {
                let leased = spool
                    .lease(&lane, 7, Duration::from_secs(60))
                    .await
                    .unwrap();
                let offsets: Vec<u64> = leased.iter().map(|leased| leased.offset).collect();
                spool.ack(&lane, &offsets).await.unwrap();
                given.extend(
                    leased
                        .into_iter()
                        .map(|leased| (leased.offset, text(&leased.bytes))),
                );
            }
            given
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
    while let Some(given) = consumers.join_next().await {
        let given = given.unwrap();
        assert!(
            given
                .iter()
                .map(|given| given.0)
                .eq(0..SOURCES * BATCHES * 2)
        );
        for n in 0..SOURCES {
            let name = format!("s{n} ");
            let of_source = given
                .iter()
                .map(|given| &given.1)
                .filter(|t| t.starts_with(&name));
            let expected = (0..BATCHES).flat_map(|b| ["a", "b"].map(|c| format!("{name}{b} {c}")));
            assert!(of_source.cloned().eq(expected), "{name}");
        }
    }
    assert!(
        segment::list(dir.path()).unwrap().len() <= 2,
        "done segments are removed"
    );
}

#[test]
fn a_laggard_reads_everything_back_from_the_files() {
    runtime().block_on(async {
        let dir = tempfile::tempdir().unwrap();
        let options = SpoolOptions {
            max_bytes: 1 << 30,
            segment_bytes: 3 << 20,
        };
        let spool = open(dir.path(), options);
        let lease = spool.take_source(&source("s")).await.unwrap().lease;
        // More than the tail keeps in memory.
        let record = |n: u64| Bytes::from(vec![(n % 251) as u8; 40_000]);
        for batch in 0..30 {
            let records = (batch * 20..batch * 20 + 20).map(|n| Entry {
                key: n,
                bytes: record(n),
            });
            append_as(&spool, "s", lease, records.collect())
                .await
                .unwrap();
        }
        let mut n = 0;
        loop {
            let leased = lease_now(&spool, &Lane::store(), 33).await;
            if leased.is_empty() {
                break;
            }
            for leased in &leased {
                assert_eq!((leased.offset, &leased.bytes), (n, &record(n)));
                n += 1;
            }
            // Some are given back, and come again out of older files.
            let first = leased[0].offset;
            spool.retry(&Lane::store(), first, Time(0)).await.unwrap();
            let again = lease_now(&spool, &Lane::store(), 1).await;
            assert_eq!((again[0].offset, &again[0].bytes), (first, &record(first)));
        }
        assert_eq!(n, 600);
    });
}

#[test]
fn a_lane_that_does_not_answer_is_given_no_more_than_so_many() {
    runtime().block_on(async {
        let dir = tempfile::tempdir().unwrap();
        let spool = open(dir.path(), SpoolOptions::default());
        let texts = vec!["x"; MOST_OPEN + 10];
        put(&spool, entries(&texts)).await;
        let mut n_given = 0;
        loop {
            let given = offsets_now(&spool, &Lane::store(), 30_000).await.len();
            n_given += given;
            if given == 0 {
                break;
            }
        }
        assert_eq!(n_given, MOST_OPEN);
        spool.ack(&Lane::store(), &[3, 4]).await.unwrap();
        assert_eq!(take(&spool, &Lane::store(), 9).await.len(), 2);
    });
}

#[test]
fn a_lease_that_is_dropped_has_given_nothing() {
    runtime().block_on(async {
        let dir = tempfile::tempdir().unwrap();
        let spool = open(dir.path(), SMALL_SEGMENTS);
        put(&spool, entries(&["1", "2"])).await;
        drop(spool);
        // Nothing is in memory: the first look goes to the file, and is dropped there.
        let spool = open(dir.path(), SMALL_SEGMENTS);
        let store = Lane::store();
        let mut lease = spool.lease(&store, 9, Duration::ZERO);
        let polled = std::future::poll_fn(|context| Poll::Ready(lease.as_mut().poll(context)));
        let is_given = polled.await.is_ready();
        drop(lease);
        let expected: &[u64] = if is_given { &[] } else { &[0, 1] };
        assert_eq!(offsets_now(&spool, &store, 9).await, expected);
    });
}
