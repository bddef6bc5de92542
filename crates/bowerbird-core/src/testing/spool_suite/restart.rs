//! What a kill and a restart leave.

use super::{
    ROOMY, SpoolBackend, append_as, entries, entry, lane, lease_now, offsets_now, put, source,
};
use crate::ids::Lane;
use crate::spool::{LaneStart, SpoolError};
use crate::time::Time;

/// Every check of this file.
pub async fn all(backend: &mut dyn SpoolBackend) {
    backend.begin(ROOMY).await;
    nothing_acknowledged_comes_again_and_nothing_else_is_skipped(backend).await;
    backend.begin(ROOMY).await;
    sources_lanes_and_offsets_go_on(backend).await;
    backend.begin(ROOMY).await;
    leases_and_delays_are_forgotten(backend).await;
    backend.begin(ROOMY).await;
    a_burial_is_remembered(backend).await;
}

/// A lane resumes at its first unacknowledged record.
pub async fn nothing_acknowledged_comes_again_and_nothing_else_is_skipped(
    backend: &mut dyn SpoolBackend,
) {
    let store = Lane::store();
    let first = put(backend.spool(), entries(&["1", "2", "3", "4", "5"])).await;
    assert_eq!(offsets_now(backend.spool(), &store, 9).await.len(), 5);
    let done = [first, first + 1, first + 3];
    backend.spool().ack(&store, &done).await.expect("ack");
    backend.restart().await;
    let given = offsets_now(backend.spool(), &store, 9).await;
    assert_eq!(given, [first + 2, first + 4]);
    backend.spool().ack(&store, &given).await.expect("ack");
    backend.restart().await;
    assert!(lease_now(backend.spool(), &store, 9).await.is_empty());
}

/// Sources, their numbers, lanes and offsets are what they were.
pub async fn sources_lanes_and_offsets_go_on(backend: &mut dyn SpoolBackend) {
    let b = lane("b");
    backend
        .spool()
        .open_lane(&b, LaneStart::Newest)
        .await
        .expect("open");
    backend
        .spool()
        .open_lane(&lane("gone"), LaneStart::Newest)
        .await
        .expect("open");
    let first = put(backend.spool(), entries(&["1", "2"])).await;
    backend
        .spool()
        .drop_lane(&lane("gone"))
        .await
        .expect("drop");
    let sources = backend.spool().sources().await.expect("sources");
    let lanes = backend.spool().lanes().await.expect("lanes");
    let next = backend.spool().size().await.expect("size").next;
    backend.restart().await;
    let spool = backend.spool();
    assert_eq!(spool.sources().await.expect("sources"), sources);
    assert_eq!(spool.lanes().await.expect("lanes"), lanes);
    assert_eq!(spool.size().await.expect("size").next, next);
    let taken = spool.take_source(&source("s")).await.expect("take");
    assert!(taken.lease > sources[0].lease, "a number was given twice");
    let stale = append_as(spool, "s", sources[0].lease, entries(&["3"])).await;
    assert!(matches!(stale, Err(SpoolError::LeaseLost(_))), "{stale:?}");
    let third = append_as(spool, "s", taken.lease, entries(&["3"])).await;
    assert_eq!(third.expect("append"), first + 2);
    assert_eq!(offsets_now(spool, &b, 9).await.len(), 3);
}

/// Leased and delayed records are given again at once, as if for the first time.
pub async fn leases_and_delays_are_forgotten(backend: &mut dyn SpoolBackend) {
    let store = Lane::store();
    let first = put(
        backend.spool(),
        vec![entry(1, "a"), entry(1, "b"), entry(2, "c")],
    )
    .await;
    assert_eq!(offsets_now(backend.spool(), &store, 2).await.len(), 2);
    let later = Time::now().plus(std::time::Duration::from_secs(3_600));
    backend
        .spool()
        .retry(&store, first, later)
        .await
        .expect("retry");
    backend.restart().await;
    let given = lease_now(backend.spool(), &store, 9).await;
    let given: Vec<(u64, u32)> = given.iter().map(|l| (l.offset, l.attempts)).collect();
    assert_eq!(given, [(first, 0), (first + 1, 0), (first + 2, 0)]);
}

/// The buried record does not come back, the record of its burial does.
pub async fn a_burial_is_remembered(backend: &mut dyn SpoolBackend) {
    let store = Lane::store();
    let first = put(backend.spool(), entries(&["1", "2"])).await;
    assert_eq!(offsets_now(backend.spool(), &store, 1).await, [first]);
    backend
        .spool()
        .bury(&store, first, "why")
        .await
        .expect("bury");
    backend.restart().await;
    let given = offsets_now(backend.spool(), &store, 9).await;
    assert_eq!(given, [first + 1, first + 2]);
}
