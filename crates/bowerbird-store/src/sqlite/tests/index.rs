//! What is erased is in no file any more, and searches take the way they are meant to.

use std::path::Path;

use bowerbird_core::store::{PostQuery, Store};
use bowerbird_core::testing::store_suite::{
    self, Lane, StoreBackend, delete_post, hashtag, new_post, post, second,
};
use rusqlite::Connection;

use super::Backend;

/// Is this text, as bytes, in any file of the folder?
fn is_on_disk(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    })
}

async fn fill(lane: &mut Lane<'_>, from: usize) {
    let records: Vec<_> = (from..from + 300)
        .map(|n| {
            lane.event(
                new_post(&n.to_string(), post("bob", "some other words")),
                &[],
            )
        })
        .collect();
    lane.write(records).await;
}

#[tokio::test]
async fn deleted_text_leaves_every_file() {
    let mut backend = Backend::new();
    backend.begin().await;
    let mut lane = Lane::new(backend.store());
    fill(&mut lane, 1_000).await;
    let mut said = post("ann", "Xyzzyplugh Qwertzuiop");
    said.entities = vec![hashtag("Frobnicate")];
    lane.put(new_post("1", said)).await;
    fill(&mut lane, 2_000).await;
    let folder = backend.folder.path();
    let secrets = [
        "Xyzzyplugh",
        "xyzzyplugh",
        "qwertzuiop",
        "Frobnicate",
        "#frobnicate",
    ];
    for secret in secrets {
        assert!(
            is_on_disk(folder, secret),
            "{secret} is looked for in the right place"
        );
    }
    lane.put(delete_post("1")).await;
    sweep(lane.store).await;
    for secret in secrets {
        assert!(!is_on_disk(folder, secret), "{secret} is still on the disk");
    }
    assert_eq!(
        store_suite::ids(lane.store, store_suite::words("xyzzyplugh")).await,
        [""; 0]
    );
    assert_eq!(
        store_suite::ids(lane.store, store_suite::words("other"))
            .await
            .len(),
        600
    );
}

async fn sweep(store: &dyn Store) {
    store.sweep(second(0), &[], 1).await.unwrap();
}

#[tokio::test]
async fn the_index_stays_whole() {
    let mut backend = Backend::new();
    backend.begin().await;
    let mut lane = Lane::new(backend.store());
    fill(&mut lane, 0).await;
    let deletions: Vec<_> = (0..300)
        .step_by(3)
        .map(|n| lane.event(delete_post(&n.to_string()), &[]))
        .collect();
    lane.write(deletions).await;
    fill(&mut lane, 300).await;
    backend.store = None;
    let connection = Connection::open(backend.path()).unwrap();
    connection
        .execute(
            "INSERT INTO post_text (post_text, rank) VALUES ('integrity-check', 0)",
            [],
        )
        .unwrap();
    let count: i64 = connection
        .query_row(
            "SELECT count(*) FROM post_text WHERE post_text MATCH 'other'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(count, 500);
}

#[tokio::test]
async fn every_walk_goes_along_an_index() {
    let mut backend = Backend::new();
    backend.begin().await;
    fill(&mut Lane::new(backend.store()), 0).await;
    let store = backend.store.as_ref().unwrap();
    let queries = [
        PostQuery::default(),
        PostQuery {
            text: "other".to_owned(),
            ..PostQuery::default()
        },
        PostQuery {
            author: "bob".to_owned(),
            ..PostQuery::default()
        },
        PostQuery {
            track: Some(bowerbird_core::ids::TrackId(1)),
            ..PostQuery::default()
        },
        PostQuery {
            since: Some(second(-100)),
            ..PostQuery::default()
        },
    ];
    for query in queries {
        let plan = store
            .readers
            .run(move |connection| crate::sqlite::search::explain(connection, &query))
            .await
            .unwrap();
        let sorts = plan.iter().any(|step| step.contains("TEMP B-TREE"));
        assert!(!sorts, "rows come in order: {plan:?}");
    }
}

#[tokio::test]
async fn deleted_texts_leave_every_file_however_many() {
    let mut backend = Backend::new();
    backend.begin().await;
    let mut lane = Lane::new(backend.store());
    let texts: Vec<String> = (0..200).map(|n| format!("secret{n}secret")).collect();
    let records: Vec<_> = texts
        .iter()
        .map(|text| lane.event(new_post(text, post("ann", text)), &[]))
        .collect();
    lane.write(records).await;
    fill(&mut lane, 0).await;
    let deletions: Vec<_> = texts[..100]
        .iter()
        .map(|text| lane.event(delete_post(text), &[]))
        .collect();
    lane.write(deletions).await;
    for text in &texts[..100] {
        assert_eq!(
            store_suite::ids(lane.store, store_suite::words(text)).await,
            [""; 0]
        );
    }
    // A sweep does a bounded amount of it.
    for _ in 0..4 {
        sweep(lane.store).await;
    }
    let found = store_suite::ids(lane.store, store_suite::words("secret150secret")).await;
    assert_eq!(found, ["secret150secret"]);
    backend.store = None;
    let bytes = std::fs::read(backend.path()).unwrap();
    // The ids stay, once in the row and once in its index; the words do not.
    let rest: Vec<&String> = texts
        .iter()
        .filter(|text| {
            bytes
                .windows(text.len())
                .filter(|w| *w == text.as_bytes())
                .count()
                > 2
        })
        .collect();
    assert_eq!(rest, texts[100..].iter().collect::<Vec<_>>());
}
