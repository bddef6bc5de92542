//! Appends, the numbers of sources' holders, and what is kept of a source.

use super::{ROOMY, SpoolBackend, append_as, entries, put, source, texts_now};
use crate::ids::{Cursor, Lane};
use crate::spool::{Append, SourceState, Spool, SpoolError};
use crate::time::Time;

/// Every check of this file.
pub async fn all(backend: &mut dyn SpoolBackend) {
    backend.begin(ROOMY).await;
    offsets_grow_by_one_over_all_sources(backend.spool()).await;
    backend.begin(ROOMY).await;
    an_empty_append_tells_the_next_offset(backend.spool()).await;
    backend.begin(ROOMY).await;
    only_the_last_holder_appends(backend.spool()).await;
    backend.begin(ROOMY).await;
    a_source_keeps_its_cursor_last_heard_and_counts(backend.spool()).await;
    backend.begin(ROOMY).await;
    sources_are_listed_by_name(backend.spool()).await;
    backend.begin(ROOMY).await;
    records_come_back_byte_for_byte(backend.spool()).await;
}

/// Offsets grow by one for each record, over all sources.
pub async fn offsets_grow_by_one_over_all_sources(spool: &dyn Spool) {
    let a = spool.take_source(&source("a")).await.expect("take").lease;
    let b = spool.take_source(&source("b")).await.expect("take").lease;
    let first = append_as(spool, "a", a, entries(&["1", "2"])).await;
    let second = append_as(spool, "b", b, entries(&["3"])).await;
    let third = append_as(spool, "a", a, entries(&["4", "5"])).await;
    let first = first.expect("append");
    assert_eq!(second.expect("append"), first + 2);
    assert_eq!(third.expect("append"), first + 3);
    assert_eq!(spool.size().await.expect("size").next, first + 5);
    let given = texts_now(spool, &Lane::store(), 9).await;
    assert_eq!(given, ["1", "2", "3", "4", "5"]);
}

/// An append without records tells the offset of the next one.
pub async fn an_empty_append_tells_the_next_offset(spool: &dyn Spool) {
    let first = put(spool, entries(&["1", "2"])).await;
    assert_eq!(put(spool, Vec::new()).await, first + 2);
    assert_eq!(put(spool, entries(&["3"])).await, first + 2);
}

/// A holder whose number is no longer the last, or that never took the source, changes nothing.
pub async fn only_the_last_holder_appends(spool: &dyn Spool) {
    let old = spool.take_source(&source("s")).await.expect("take").lease;
    let new = spool.take_source(&source("s")).await.expect("take");
    assert!(new.lease > old, "a lease number is greater than any before");
    for (name, lease) in [("s", old), ("s", new.lease + 1), ("other", new.lease)] {
        let refused = append_as(spool, name, lease, entries(&["lost"])).await;
        assert!(
            matches!(&refused, Err(SpoolError::LeaseLost(of)) if *of == source(name)),
            "{refused:?}"
        );
    }
    assert_eq!(
        spool.sources().await.expect("sources"),
        std::slice::from_ref(&new)
    );
    append_as(spool, "s", new.lease, entries(&["kept"]))
        .await
        .expect("append");
    assert_eq!(texts_now(spool, &Lane::store(), 9).await, ["kept"]);
}

/// Cursor and last-heard stay where an append says nothing; counts add up.
pub async fn a_source_keeps_its_cursor_last_heard_and_counts(spool: &dyn Spool) {
    let lease = spool.take_source(&source("s")).await.expect("take").lease;
    let append = |heard_at, cursor: Option<&str>, read, unmatched, texts: &[&str]| Append {
        source: source("s"),
        lease,
        heard_at,
        cursor: cursor.map(|cursor| Cursor(cursor.to_owned())),
        read,
        unmatched,
        entries: entries(texts),
    };
    let batches = [
        append(Some(Time(5)), Some("one"), 3, 1, &["1", "2"]),
        append(None, None, 2, 2, &[]),
        append(Some(Time(7)), None, 0, 0, &["gap"]),
        append(None, Some("two"), 1, 0, &["3"]),
    ];
    for batch in batches {
        spool.append(batch).await.expect("append");
    }
    let expected = SourceState {
        source: source("s"),
        lease,
        cursor: Some(Cursor("two".to_owned())),
        heard_at: Some(Time(7)),
        read: 6,
        unmatched: 3,
        appended: 4,
    };
    assert_eq!(
        spool.sources().await.expect("sources"),
        std::slice::from_ref(&expected)
    );
    let taken = spool.take_source(&source("s")).await.expect("take");
    assert!(taken.lease > lease, "taking gives a greater number");
    assert_eq!(SourceState { lease, ..taken }, expected);
}

/// Every source ever taken is listed, by name.
pub async fn sources_are_listed_by_name(spool: &dyn Spool) {
    for name in ["b", "a", "c"] {
        spool.take_source(&source(name)).await.expect("take");
    }
    let sources = spool.sources().await.expect("sources");
    let names: Vec<&str> = sources.iter().map(|s| s.source.as_str()).collect();
    assert_eq!(names, ["a", "b", "c"]);
}

/// Empty records, zero bytes and big records are given back unchanged.
pub async fn records_come_back_byte_for_byte(spool: &dyn Spool) {
    let big: Vec<u8> = (0..300_000_u32)
        .map(|n| (n.wrapping_mul(n) >> 7) as u8)
        .collect();
    let given = [Vec::new(), vec![0; 5_000], big, vec![0xff]];
    let mut batch = entries(&["", "", "", ""]);
    for (entry, bytes) in batch.iter_mut().zip(&given) {
        entry.bytes = bytes.clone().into();
    }
    let first = put(spool, batch).await;
    let peeked = spool.peek(first, 9).await.expect("peek");
    let peeked: Vec<Vec<u8>> = peeked.iter().map(|p| p.bytes.to_vec()).collect();
    assert_eq!(peeked, given);
}
