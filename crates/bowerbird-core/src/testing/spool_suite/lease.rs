//! Leasing, acknowledging, retrying and burying.

use std::time::Duration;

use super::{
    ROOMY, SpoolBackend, append_as, assert_unknown, entries, entry, lease_now, offsets_now, put,
    source,
};
use crate::ids::Lane;
use crate::record::{Content, Record};
use crate::spool::{LEASE_BYTES, LEASE_FOR, Spool};
use crate::time::Time;

const HOUR: Duration = Duration::from_secs(3_600);

/// Every check of this file.
pub async fn all(backend: &mut dyn SpoolBackend) {
    backend.begin(ROOMY).await;
    each_is_given_once_and_in_order(backend.spool()).await;
    backend.begin(ROOMY).await;
    a_lease_is_bounded_in_bytes(backend.spool()).await;
    backend.begin(ROOMY).await;
    a_lease_waits_for_the_first_record(backend.spool()).await;
    backend.begin(ROOMY).await;
    an_expired_lease_is_given_again(backend).await;
    backend.begin(ROOMY).await;
    acks_come_in_any_order_and_twice(backend).await;
    backend.begin(ROOMY).await;
    a_retry_waits_and_holds_its_key(backend).await;
    backend.begin(ROOMY).await;
    two_retries_of_one_key_stay_in_order(backend).await;
    backend.begin(ROOMY).await;
    a_retry_that_is_due_is_given_at_once(backend.spool()).await;
    backend.begin(ROOMY).await;
    burying_acknowledges_and_appends(backend).await;
    backend.begin(ROOMY).await;
    what_is_not_there_is_told_so(backend.spool()).await;
}

/// Records come in order of offset, at most `most`, and none twice.
pub async fn each_is_given_once_and_in_order(spool: &dyn Spool) {
    let store = Lane::store();
    let first = put(spool, entries(&["1", "2", "3", "4", "5"])).await;
    assert!(offsets_now(spool, &store, 0).await.is_empty());
    assert_eq!(offsets_now(spool, &store, 2).await, [first, first + 1]);
    assert_eq!(offsets_now(spool, &store, 2).await, [first + 2, first + 3]);
    assert_eq!(offsets_now(spool, &store, 9).await, [first + 4]);
    assert!(offsets_now(spool, &store, 9).await.is_empty());
}

/// One lease holds about [`LEASE_BYTES`], and a record greater than that still comes.
pub async fn a_lease_is_bounded_in_bytes(spool: &dyn Spool) {
    let third = "x".repeat(LEASE_BYTES / 3);
    let huge = "y".repeat(LEASE_BYTES + 1);
    let texts: [&str; 6] = [&third, &third, &third, &third, &huge, "last"];
    let first = put(spool, entries(&texts)).await;
    let mut given = Vec::new();
    while given.len() < texts.len() {
        let leased = lease_now(spool, &Lane::store(), 99).await;
        assert!(!leased.is_empty(), "stuck after {given:?}");
        let n_bytes: usize = leased.iter().map(|leased| leased.bytes.len()).sum();
        assert!(
            n_bytes <= LEASE_BYTES || leased.len() == 1,
            "{n_bytes} bytes"
        );
        given.extend(leased.iter().map(|leased| leased.offset));
    }
    let expected: Vec<u64> = (first..first + 6).collect();
    assert_eq!(given, expected);
}

/// A lease that finds nothing waits, and an append ends the wait.
pub async fn a_lease_waits_for_the_first_record(spool: &dyn Spool) {
    let lease = spool.take_source(&source("s")).await.expect("take").lease;
    let store = Lane::store();
    let waiting = spool.lease(&store, 9, HOUR);
    let appending = append_as(spool, "s", lease, entries(&["1", "2"]));
    let (given, first) = tokio::join!(waiting, appending);
    let given: Vec<u64> = given.expect("lease").iter().map(|l| l.offset).collect();
    let first = first.expect("append");
    assert_eq!(given, [first, first + 1]);
}

/// When a lease runs out, its records are given again, with one attempt more; what was acknowledged is not.
pub async fn an_expired_lease_is_given_again(backend: &mut dyn SpoolBackend) {
    let store = Lane::store();
    let first = put(backend.spool(), entries(&["1", "2", "3"])).await;
    let given = lease_now(backend.spool(), &store, 3).await;
    assert!(given.iter().all(|leased| leased.attempts == 0), "{given:?}");
    backend
        .spool()
        .ack(&store, &[first + 1])
        .await
        .expect("ack");
    backend.pass(LEASE_FOR - Duration::from_secs(1)).await;
    assert!(lease_now(backend.spool(), &store, 9).await.is_empty());
    backend.pass(Duration::from_secs(1)).await;
    let again = lease_now(backend.spool(), &store, 9).await;
    let again: Vec<(u64, u32)> = again.iter().map(|l| (l.offset, l.attempts)).collect();
    assert_eq!(again, [(first, 1), (first + 2, 1)]);
    backend.spool().ack(&store, &[first]).await.expect("ack");
    backend.pass(LEASE_FOR).await;
    assert_eq!(offsets_now(backend.spool(), &store, 9).await, [first + 2]);
}

/// Acknowledging out of order, twice, and before leasing.
pub async fn acks_come_in_any_order_and_twice(backend: &mut dyn SpoolBackend) {
    let store = Lane::store();
    let spool = backend.spool();
    let first = put(spool, entries(&["1", "2", "3", "4"])).await;
    assert_eq!(offsets_now(spool, &store, 2).await.len(), 2);
    spool
        .ack(&store, &[first + 3, first + 1])
        .await
        .expect("ack");
    spool.ack(&store, &[first + 1]).await.expect("ack");
    spool.ack(&store, &[]).await.expect("ack");
    assert_eq!(offsets_now(spool, &store, 9).await, [first + 2]);
    let lanes = spool.lanes().await.expect("lanes");
    assert_eq!((lanes[0].position, lanes[0].waiting), (first, 2));
    spool.ack(&store, &[first + 2, first]).await.expect("ack");
    let lanes = spool.lanes().await.expect("lanes");
    assert_eq!((lanes[0].position, lanes[0].waiting), (first + 4, 0));
    backend.pass(LEASE_FOR).await;
    assert!(lease_now(backend.spool(), &store, 9).await.is_empty());
}

/// A record waits for its retry; later ones with its key wait with it, others go on.
pub async fn a_retry_waits_and_holds_its_key(backend: &mut dyn SpoolBackend) {
    let store = Lane::store();
    let spool = backend.spool();
    let batch = vec![entry(1, "a"), entry(2, "b"), entry(1, "c"), entry(3, "d")];
    let first = put(spool, batch).await;
    assert_eq!(offsets_now(spool, &store, 1).await, [first]);
    let later = Time::now().plus(HOUR);
    spool.retry(&store, first, later).await.expect("retry");
    assert_eq!(offsets_now(spool, &store, 9).await, [first + 1, first + 3]);
    let also_held = put(spool, vec![entry(1, "e")]).await;
    spool
        .ack(&store, &[first + 1, first + 3])
        .await
        .expect("ack");
    assert!(lease_now(spool, &store, 9).await.is_empty());
    backend.pass(HOUR).await;
    let given = lease_now(backend.spool(), &store, 9).await;
    let given: Vec<(u64, u32)> = given.iter().map(|l| (l.offset, l.attempts)).collect();
    assert_eq!(given, [(first, 1), (first + 2, 0), (also_held, 0)]);
}

/// Of two delayed records of one key the later never comes before the earlier.
pub async fn two_retries_of_one_key_stay_in_order(backend: &mut dyn SpoolBackend) {
    let store = Lane::store();
    let spool = backend.spool();
    let first = put(spool, vec![entry(1, "a"), entry(1, "b")]).await;
    assert_eq!(offsets_now(spool, &store, 9).await.len(), 2);
    let soon = Time::now().plus(HOUR / 2);
    spool
        .retry(&store, first, Time::now().plus(HOUR))
        .await
        .expect("retry");
    spool.retry(&store, first + 1, soon).await.expect("retry");
    backend.pass(HOUR / 2).await;
    assert!(lease_now(backend.spool(), &store, 9).await.is_empty());
    backend.pass(HOUR / 2).await;
    assert_eq!(
        offsets_now(backend.spool(), &store, 9).await,
        [first, first + 1]
    );
}

/// A retry whose time has come is given by the next lease.
pub async fn a_retry_that_is_due_is_given_at_once(spool: &dyn Spool) {
    let store = Lane::store();
    let first = put(spool, entries(&["1"])).await;
    for attempts in 0..3 {
        let given = lease_now(spool, &store, 9).await;
        assert_eq!((given[0].offset, given[0].attempts), (first, attempts));
        spool.retry(&store, first, Time(0)).await.expect("retry");
    }
}

/// A buried record is done, and a record that wraps it comes after, in every lane.
pub async fn burying_acknowledges_and_appends(backend: &mut dyn SpoolBackend) {
    let store = Lane::store();
    let spool = backend.spool();
    let first = put(spool, vec![entry(1, "no record at all"), entry(2, "fine")]).await;
    assert_eq!(offsets_now(spool, &store, 1).await, [first]);
    let before = spool.sources().await.expect("sources");
    spool
        .bury(&store, first, "can't be read")
        .await
        .expect("bury");
    assert_unknown(spool.bury(&store, first, "again").await, "buried twice");
    assert_eq!(spool.sources().await.expect("sources"), before);
    let given = lease_now(spool, &store, 9).await;
    let offsets: Vec<u64> = given.iter().map(|leased| leased.offset).collect();
    assert_eq!(offsets, [first + 1, first + 2]);
    let buried = Record::decode(&given[1].bytes).expect("a record");
    let expected = Content::Buried {
        lane: "store".into(),
        reason: "can't be read".into(),
        record: b"no record at all",
    };
    assert_eq!(buried.content, expected);
    spool.ack(&store, &offsets).await.expect("ack");
    backend.pass(LEASE_FOR).await;
    assert!(lease_now(backend.spool(), &store, 9).await.is_empty());
}

/// Calls that name a record that is not there, or not in the right state, change nothing.
pub async fn what_is_not_there_is_told_so(spool: &dyn Spool) {
    let store = Lane::store();
    let first = put(spool, entries(&["1", "2"])).await;
    assert_unknown(
        spool.ack(&store, &[first, first + 2]).await,
        "ack of the future",
    );
    assert_unknown(
        spool.retry(&store, first, Time(0)).await,
        "retry of a record never given",
    );
    assert_unknown(
        spool.retry(&store, first + 2, Time(0)).await,
        "retry of the future",
    );
    assert_unknown(
        spool.bury(&store, first + 2, "why").await,
        "bury of the future",
    );
    assert_eq!(offsets_now(spool, &store, 9).await, [first, first + 1]);
    spool.ack(&store, &[first]).await.expect("ack");
    assert_unknown(
        spool.retry(&store, first, Time(0)).await,
        "retry of the done",
    );
    assert_unknown(spool.bury(&store, first, "why").await, "bury of the done");
}
