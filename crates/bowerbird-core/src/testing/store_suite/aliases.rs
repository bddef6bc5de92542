//! Posts that are meant by another id than their own.

use std::borrow::Cow;

use super::{Lane, StoreBackend, counts, delete_post, find, new_post, post, written};
use crate::event::Alias;
use crate::record::Content;

/// Every check of this part.
pub async fn all(backend: &mut dyn StoreBackend) {
    a_deletion_finds_its_post_by_another_id(backend).await;
    a_deletion_by_another_id_wins_over_a_post_to_come(backend).await;
    a_post_is_shown_by_another_id(backend).await;
    other_ids_of_another_post_mean_nothing(backend).await;
}

async fn tell(lane: &mut Lane<'_>, alias: &str, id: &str) {
    let told = lane.encode(Content::Aliases {
        service: Cow::Borrowed("x"),
        aliases: vec![Alias {
            alias: Cow::Borrowed(alias),
            id: Cow::Borrowed(id),
        }],
    });
    assert_eq!(lane.write(vec![told]).await, written(0, 0, 0));
}

async fn a_deletion_finds_its_post_by_another_id(backend: &mut dyn StoreBackend) {
    backend.begin().await;
    let mut lane = Lane::new(backend.store());
    for number in ["a/1", "b/9"] {
        tell(&mut lane, number, "uri").await;
    }
    lane.put(new_post("uri", post("ann", "a wren"))).await;
    assert_eq!(lane.put(delete_post("b/9")).await, written(1, 0, 0));
    assert_eq!(lane.put(delete_post("a/1")).await, written(0, 1, 0));
    let found = find(backend.store(), "uri").await;
    assert!(found.deleted_at.is_some() && found.text.is_empty());
    backend.restart().await;
    let mut lane = Lane::new(backend.store());
    lane.offset = 100;
    assert_eq!(lane.put(delete_post("a/1")).await, written(0, 1, 0));
}

async fn a_deletion_by_another_id_wins_over_a_post_to_come(backend: &mut dyn StoreBackend) {
    backend.begin().await;
    let mut lane = Lane::new(backend.store());
    assert_eq!(lane.put(delete_post("a/1")).await, written(1, 0, 0));
    tell(&mut lane, "a/1", "uri").await;
    lane.put(new_post("uri", post("ann", "a wren"))).await;
    let found = find(backend.store(), "uri").await;
    assert!(found.deleted_at.is_some() && found.text.is_empty());
    let size = backend.store().size().await.expect("a store answers");
    assert_eq!(
        (size.posts, size.tombstones),
        (0, 1),
        "one post, one tombstone"
    );
    assert_eq!(counts(backend.store(), "stream").await.refused, 0);
}

async fn a_post_is_shown_by_another_id(backend: &mut dyn StoreBackend) {
    backend.begin().await;
    let mut lane = Lane::new(backend.store());
    tell(&mut lane, "a/1", "uri").await;
    let early = backend.store().post("x", "a/1").await;
    assert!(early.expect("a store answers").is_none());
    lane.put(new_post("uri", post("ann", "a wren"))).await;
    assert_eq!(find(backend.store(), "a/1").await.id, "uri");
}

async fn other_ids_of_another_post_mean_nothing(backend: &mut dyn StoreBackend) {
    backend.begin().await;
    let mut lane = Lane::new(backend.store());
    tell(&mut lane, "a/1", "uri").await;
    lane.put(new_post("uri", post("ann", "a wren"))).await;
    lane.put(delete_post("b/1")).await;
    assert_eq!(find(backend.store(), "uri").await.text, "a wren");
}
