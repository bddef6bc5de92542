//! Passwords, dictionaries, sizes and backups.

use super::{Lane, START, StoreBackend, new_post, post, second};
use crate::raw;
use crate::store::{GapQuery, StoreError, StoreSize};

/// All checks of small things.
pub async fn all(backend: &mut dyn StoreBackend) {
    backend.begin().await;
    keeps_passwords(backend).await;
    backend.begin().await;
    keeps_one_dictionary_a_service(backend).await;
    backend.begin().await;
    an_empty_store_is_empty(backend).await;
    backend.begin().await;
    everything_is_there_after_a_restart(backend).await;
}

async fn keeps_passwords(backend: &mut dyn StoreBackend) {
    let store = backend.store();
    assert_eq!(store.password("ann").await.expect("a store answers"), None);
    store
        .set_password("bob", "phc 1", START)
        .await
        .expect("a store writes");
    store
        .set_password("ann", "phc 2", START)
        .await
        .expect("a store writes");
    store
        .set_password("bob", "phc 3", second(1))
        .await
        .expect("a store writes");
    backend.restart().await;
    let store = backend.store();
    assert_eq!(
        store.users().await.expect("a store answers"),
        ["ann", "bob"]
    );
    let password = store.password("bob").await.expect("a store answers");
    assert_eq!(password.as_deref(), Some("phc 3"));
}

/// A dictionary's bytes: samples of small posts that share much.
fn dictionary(of: &str) -> Vec<u8> {
    let samples: Vec<Vec<u8>> = (0..2_000)
        .map(|n| {
            format!(
                r#"{{"{of}":"{}","text":"sample number {n}","author":"{}"}}"#,
                n * 7_919,
                n % 17
            )
            .into_bytes()
        })
        .collect();
    raw::train(&samples).expect("the samples are many and alike")
}

async fn keeps_one_dictionary_a_service(backend: &mut dyn StoreBackend) {
    let store = backend.store();
    assert_eq!(store.dictionaries().await.expect("a store answers"), []);
    let (bytes, other) = (dictionary("one"), dictionary("two"));
    let made = store
        .add_dictionary("x", &bytes, START)
        .await
        .expect("it is kept");
    assert_eq!((made.service.as_str(), &made.bytes), ("x", &bytes));
    assert_eq!(Some(made.number), raw::dictionary_number(&bytes));
    let again = store
        .add_dictionary("x", &other, START)
        .await
        .expect("it answers");
    assert_eq!(again, made, "the first one wins");
    store
        .add_dictionary("mastodon", &other, second(1))
        .await
        .expect("it is kept");
    backend.restart().await;
    let all = backend
        .store()
        .dictionaries()
        .await
        .expect("a store answers");
    assert_eq!(all.len(), 2);
    assert_eq!(all[0], made);
    let bad = backend
        .store()
        .add_dictionary("y", b"no dictionary", START)
        .await;
    assert!(matches!(bad, Err(StoreError::Invalid(_))), "{bad:?}");
}

async fn an_empty_store_is_empty(backend: &mut dyn StoreBackend) {
    let store = backend.store();
    let size = store.size().await.expect("a store answers");
    let expected = StoreSize {
        posts: 0,
        tombstones: 0,
        accounts: 0,
        dead_letters: 0,
        bytes: size.bytes,
    };
    assert_eq!(size, expected);
    assert_eq!(store.counts().await.expect("a store answers"), []);
    assert_eq!(store.captures().await.expect("a store answers"), []);
    assert_eq!(store.tracks().await.expect("a store answers"), []);
    assert_eq!(
        store
            .gaps(&GapQuery::default(), None, 10)
            .await
            .expect("a store answers"),
        []
    );
    assert_eq!(
        store.write(Vec::new()).await.expect("a store writes"),
        super::written(0, 0, 0)
    );
}

async fn everything_is_there_after_a_restart(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    for id in ["1", "2", "3"] {
        lane.put(new_post(id, post("ann", "word"))).await;
    }
    let before = (
        super::ids(lane.store, super::words("word")).await,
        lane.store.counts().await.expect("a store answers"),
        lane.store
            .per_minute(None, second(0), second(60))
            .await
            .expect("a store answers"),
    );
    backend.restart().await;
    let store = backend.store();
    let after = (
        super::ids(store, super::words("word")).await,
        store.counts().await.expect("a store answers"),
        store
            .per_minute(None, second(0), second(60))
            .await
            .expect("a store answers"),
    );
    assert_eq!(after, before);
}
