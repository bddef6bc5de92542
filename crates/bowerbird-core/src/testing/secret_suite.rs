//! What every secret store must do.
//!
//! That a secret outlives a crash, and how it lies on a disk or a wire, is for each backend's own tests.

use secrecy::{ExposeSecret, SecretString};

use crate::secrets::{MAX_SECRET_BYTES, SecretError, SecretName, SecretStore};

/// Everything an empty store must do that takes secrets.
pub async fn all(store: &dyn SecretStore) {
    let (one, other) = (name("suite-one"), name("suite_2"));
    assert_eq!(list(store).await, Vec::<String>::new(), "an empty store");
    assert!(get(store, &one).await.is_none(), "nothing was put yet");
    store
        .remove(&one)
        .await
        .expect("removing what is not there");
    store
        .can_put(&one)
        .await
        .expect("a store that takes secrets");

    put(store, &one, "first").await;
    assert_eq!(get(store, &one).await.as_deref(), Some("first"));
    put(store, &one, "second, longer").await;
    assert_eq!(get(store, &one).await.as_deref(), Some("second, longer"));
    put(store, &one, "3").await;
    assert_eq!(
        get(store, &one).await.as_deref(),
        Some("3"),
        "the whole is replaced"
    );

    // Each byte counts: a document with lines and characters that quoting could hurt.
    let document = "{\"a\": \"\\n\\\"€\u{1f426}\",\n \"b\": [1, 2]}\t ü";
    put(store, &other, document).await;
    assert_eq!(get(store, &other).await.as_deref(), Some(document));
    assert_eq!(
        get(store, &one).await.as_deref(),
        Some("3"),
        "names are apart"
    );
    assert_eq!(list(store).await, ["suite-one", "suite_2"], "in order");

    let largest = "x".repeat(MAX_SECRET_BYTES);
    put(store, &other, &largest).await;
    assert_eq!(get(store, &other).await, Some(largest), "the largest");
    for (what, wrong) in [
        ("empty", String::new()),
        ("too large", "y".repeat(MAX_SECRET_BYTES + 1)),
    ] {
        let refused = store.put(&one, &SecretString::from(wrong)).await;
        assert!(
            matches!(refused, Err(SecretError::Refused(_))),
            "a secret that is {what}: {refused:?}"
        );
    }
    assert_eq!(
        get(store, &one).await.as_deref(),
        Some("3"),
        "what was refused changes nothing"
    );

    store.remove(&one).await.expect("removing");
    assert!(get(store, &one).await.is_none(), "it was removed");
    assert_eq!(list(store).await, ["suite_2"]);
    put(store, &one, "again").await;
    assert_eq!(
        get(store, &one).await.as_deref(),
        Some("again"),
        "after its removal"
    );
    tells_no_secret(store, "again");
    store.remove(&one).await.expect("removing");
    store.remove(&other).await.expect("removing");
    assert_eq!(list(store).await, Vec::<String>::new(), "empty again");
}

/// Everything a store must do that takes nothing and holds exactly this secret.
pub async fn read_only(store: &dyn SecretStore, held: &SecretName, value: &str) {
    assert_eq!(get(store, held).await.as_deref(), Some(value));
    assert_eq!(list(store).await, [held.as_str()]);
    let absent = name("suite-absent");
    assert!(get(store, &absent).await.is_none());
    for name in [held, &absent] {
        let put = store.put(name, &SecretString::from("new")).await;
        let removed = store.remove(name).await;
        let asked = store.can_put(name).await;
        for answer in [put, removed, asked] {
            assert!(
                matches!(answer, Err(SecretError::ReadOnly(_))),
                "{name}: {answer:?}"
            );
        }
    }
    assert_eq!(
        get(store, held).await.as_deref(),
        Some(value),
        "nothing was changed"
    );
    tells_no_secret(store, value);
}

/// A secret's name; panics on a bad one.
pub fn name(text: &str) -> SecretName {
    SecretName::parse(text).expect("the suite's names are names")
}

fn tells_no_secret(store: &dyn SecretStore, value: &str) {
    let shown = format!("{store:?}");
    assert!(!shown.contains(value), "its Debug tells a secret: {shown}");
}

async fn get(store: &dyn SecretStore, name: &SecretName) -> Option<String> {
    let found = store.get(name).await.expect("getting a secret");
    found.map(|secret| secret.expose_secret().to_owned())
}

async fn put(store: &dyn SecretStore, name: &SecretName, value: &str) {
    let secret = SecretString::from(value.to_owned());
    store.put(name, &secret).await.expect("putting a secret");
}

async fn list(store: &dyn SecretStore) -> Vec<String> {
    let names = store.list().await.expect("listing secrets");
    names.iter().map(|name| name.as_str().to_owned()).collect()
}
