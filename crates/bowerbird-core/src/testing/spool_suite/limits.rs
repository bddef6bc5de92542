//! The size limit, and that nothing is dropped before every lane has acknowledged it.

use super::{SpoolBackend, append_as, assert_unknown, entries, lane, lease_now, put, source};
use crate::ids::Lane;
use crate::spool::{LaneStart, Spool, SpoolError};

/// Small, but room for some hundred records of a few hundred bytes.
const SMALL: u64 = 64 << 10;

/// Every check of this file.
pub async fn all(backend: &mut dyn SpoolBackend) {
    backend.begin(SMALL).await;
    a_full_spool_refuses_and_drains(backend.spool()).await;
    backend.begin(SMALL).await;
    what_can_never_fit_is_told_so(backend.spool()).await;
    backend.begin(SMALL).await;
    the_slowest_lane_holds_records_back(backend.spool()).await;
    backend.begin(SMALL).await;
    burying_is_not_held_by_the_limit(backend.spool()).await;
}

/// Appends until the spool is full; how many records it took.
async fn fill(spool: &dyn Spool) -> u64 {
    let lease = spool.take_source(&source("s")).await.expect("take").lease;
    let text = "x".repeat(500);
    for n in 0..SMALL {
        let before = spool.sources().await.expect("sources");
        let next = spool.size().await.expect("size").next;
        match append_as(spool, "s", lease, entries(&[&text])).await {
            Ok(_) => {}
            Err(SpoolError::Full { .. }) => {
                assert_eq!(spool.sources().await.expect("sources"), before);
                assert_eq!(spool.size().await.expect("size").next, next);
                return n;
            }
            Err(other) => panic!("{other}"),
        }
    }
    panic!("never full");
}

/// Acknowledges everything that is there.
async fn drain(spool: &dyn Spool, lane: &Lane) -> u64 {
    let mut n_drained = 0;
    loop {
        let leased = lease_now(spool, lane, 100).await;
        if leased.is_empty() {
            return n_drained;
        }
        n_drained += leased.len() as u64;
        let offsets: Vec<u64> = leased.iter().map(|leased| leased.offset).collect();
        spool.ack(lane, &offsets).await.expect("ack");
    }
}

/// At the limit an append changes nothing; once lanes have caught up it is taken. Offsets go on.
pub async fn a_full_spool_refuses_and_drains(spool: &dyn Spool) {
    let mut next = spool.size().await.expect("size").next;
    for _ in 0..5 {
        let n_taken = fill(spool).await;
        assert!(n_taken >= 20, "full after {n_taken} records");
        next += n_taken;
        let size = spool.size().await.expect("size");
        assert!(size.bytes <= size.limit, "{size:?}");
        assert_eq!(size.next, next);
        assert_eq!(drain(spool, &Lane::store()).await, n_taken);
    }
}

/// An append greater than the limit is refused for good, not as full.
pub async fn what_can_never_fit_is_told_so(spool: &dyn Spool) {
    let lease = spool.take_source(&source("s")).await.expect("take").lease;
    let huge = "x".repeat(SMALL as usize + 1);
    let refused = append_as(spool, "s", lease, entries(&[&huge])).await;
    assert_unknown(refused, "an append over the limit");
    append_as(spool, "s", lease, entries(&["fine"]))
        .await
        .expect("append");
}

/// A record stays until the last lane has acknowledged it; a dropped lane lets go.
pub async fn the_slowest_lane_holds_records_back(spool: &dyn Spool) {
    let slow = lane("slow");
    spool
        .open_lane(&slow, LaneStart::Oldest)
        .await
        .expect("open");
    let n_taken = fill(spool).await;
    assert_eq!(drain(spool, &Lane::store()).await, n_taken);
    assert_eq!(
        fill(spool).await,
        0,
        "records went before the slow lane had them"
    );
    assert_eq!(lease_now(spool, &slow, 1).await.len(), 1);
    spool.drop_lane(&slow).await.expect("drop");
    assert!(
        fill(spool).await >= 20,
        "a dropped lane still holds records back"
    );
}

/// A full spool still lets a lane bury.
pub async fn burying_is_not_held_by_the_limit(spool: &dyn Spool) {
    let store = Lane::store();
    let first = put(spool, entries(&["bad"])).await;
    let n_taken = fill(spool).await;
    assert_eq!(lease_now(spool, &store, 1).await.len(), 1);
    spool.bury(&store, first, "bad").await.expect("bury");
    assert_eq!(drain(spool, &store).await, n_taken + 1);
}
