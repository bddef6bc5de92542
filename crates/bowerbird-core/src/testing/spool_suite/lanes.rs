//! Lanes: made, dropped, independent of each other, and what they hold back.

use super::{ROOMY, SpoolBackend, assert_unknown, entries, lane, lease_now, offsets_now, put};
use crate::ids::Lane;
use crate::spool::{LaneStart, LaneState, Spool};
use crate::time::Time;

/// Every check of this file.
pub async fn all(backend: &mut dyn SpoolBackend) {
    backend.begin(ROOMY).await;
    the_store_lane_is_there_for_good(backend.spool()).await;
    backend.begin(ROOMY).await;
    a_lane_begins_where_it_was_told(backend.spool()).await;
    backend.begin(ROOMY).await;
    lanes_are_independent(backend.spool()).await;
    backend.begin(ROOMY).await;
    opening_again_changes_nothing(backend.spool()).await;
    backend.begin(ROOMY).await;
    a_dropped_lane_holds_nothing_back(backend.spool()).await;
    backend.begin(ROOMY).await;
    an_unknown_lane_is_told_so(backend.spool()).await;
    backend.begin(ROOMY).await;
    a_lane_says_where_it_stands(backend.spool()).await;
    backend.begin(ROOMY).await;
    peeking_leases_nothing(backend.spool()).await;
}

/// The store's lane exists in an empty spool, begins with the first record, and can't be dropped.
pub async fn the_store_lane_is_there_for_good(spool: &dyn Spool) {
    let lanes = spool.lanes().await.expect("lanes");
    assert_eq!(lanes.len(), 1, "{lanes:?}");
    assert_eq!(lanes[0].lane, Lane::store());
    let first = put(spool, entries(&["1"])).await;
    assert_unknown(spool.drop_lane(&Lane::store()).await, "store lane dropped");
    assert_eq!(offsets_now(spool, &Lane::store(), 9).await, [first]);
}

/// `Oldest` gives what is still there, `Newest` only what comes after.
pub async fn a_lane_begins_where_it_was_told(spool: &dyn Spool) {
    let first = put(spool, entries(&["1", "2"])).await;
    spool
        .open_lane(&lane("old"), LaneStart::Oldest)
        .await
        .expect("open");
    spool
        .open_lane(&lane("new"), LaneStart::Newest)
        .await
        .expect("open");
    put(spool, entries(&["3"])).await;
    let everything = [first, first + 1, first + 2];
    assert_eq!(offsets_now(spool, &lane("old"), 9).await, everything);
    assert_eq!(offsets_now(spool, &lane("new"), 9).await, [first + 2]);
}

/// What one lane leases and acknowledges, another still gets.
pub async fn lanes_are_independent(spool: &dyn Spool) {
    spool
        .open_lane(&lane("b"), LaneStart::Newest)
        .await
        .expect("open");
    let first = put(spool, entries(&["1", "2"])).await;
    let store = Lane::store();
    assert_eq!(offsets_now(spool, &store, 9).await, [first, first + 1]);
    spool.ack(&store, &[first, first + 1]).await.expect("ack");
    assert_eq!(offsets_now(spool, &lane("b"), 9).await, [first, first + 1]);
    assert!(lease_now(spool, &store, 9).await.is_empty(), "given twice");
}

/// Opening a lane that exists leaves it where it is.
pub async fn opening_again_changes_nothing(spool: &dyn Spool) {
    let b = lane("b");
    spool.open_lane(&b, LaneStart::Oldest).await.expect("open");
    let first = put(spool, entries(&["1", "2"])).await;
    spool.ack(&b, &[first]).await.expect("ack");
    for start in [LaneStart::Oldest, LaneStart::Newest] {
        spool.open_lane(&b, start).await.expect("open");
    }
    assert_eq!(offsets_now(spool, &b, 9).await, [first + 1]);
}

/// A dropped lane is forgotten: not listed, and new when it is made again.
pub async fn a_dropped_lane_holds_nothing_back(spool: &dyn Spool) {
    let b = lane("b");
    spool.open_lane(&b, LaneStart::Oldest).await.expect("open");
    let first = put(spool, entries(&["1", "2"])).await;
    spool.drop_lane(&b).await.expect("drop");
    let lanes = spool.lanes().await.expect("lanes");
    assert_eq!(lanes.len(), 1, "{lanes:?}");
    assert_unknown(
        spool.lease(&b, 1, std::time::Duration::ZERO).await,
        "leased",
    );
    spool.open_lane(&b, LaneStart::Newest).await.expect("open");
    assert!(
        lease_now(spool, &b, 9).await.is_empty(),
        "began before it was made"
    );
    assert_eq!(offsets_now(spool, &Lane::store(), 1).await, [first]);
}

/// Every call for a lane that does not exist is refused.
pub async fn an_unknown_lane_is_told_so(spool: &dyn Spool) {
    let nobody = lane("nobody");
    let first = put(spool, entries(&["1"])).await;
    let leased = spool.lease(&nobody, 1, std::time::Duration::ZERO).await;
    assert_unknown(leased, "lease");
    assert_unknown(spool.ack(&nobody, &[first]).await, "ack");
    assert_unknown(spool.retry(&nobody, first, Time(0)).await, "retry");
    assert_unknown(spool.bury(&nobody, first, "why").await, "bury");
    assert_unknown(spool.drop_lane(&nobody).await, "drop");
}

/// Position, waiting, leased and delayed count what they say.
pub async fn a_lane_says_where_it_stands(spool: &dyn Spool) {
    let store = Lane::store();
    let first = put(spool, entries(&["1", "2", "3", "4", "5"])).await;
    assert_eq!(offsets_now(spool, &store, 4).await.len(), 4);
    spool.ack(&store, &[first, first + 2]).await.expect("ack");
    let later = Time::now().plus(std::time::Duration::from_secs(3_600));
    spool.retry(&store, first + 1, later).await.expect("retry");
    let expected = LaneState {
        lane: store,
        position: first + 1,
        waiting: 3,
        leased: 1,
        delayed: 1,
    };
    assert_eq!(spool.lanes().await.expect("lanes"), [expected]);
}

/// Peeking gives records from an offset on and takes them from nobody.
pub async fn peeking_leases_nothing(spool: &dyn Spool) {
    let first = put(spool, entries(&["1", "2", "3"])).await;
    let peeked = spool.peek(first + 1, 1).await.expect("peek");
    let peeked: Vec<u64> = peeked.iter().map(|peeked| peeked.offset).collect();
    assert_eq!(peeked, [first + 1]);
    assert!(spool.peek(first + 3, 9).await.expect("peek").is_empty());
    assert_eq!(offsets_now(spool, &Lane::store(), 9).await.len(), 3);
}
