//! Deletions of every kind, before and after what they are about.

use std::borrow::Cow;

use super::writing::quoting;
use super::{
    Lane, StoreBackend, delete, delete_post, find, ids, letters, make_track, new_post, post,
    second, source, words, written,
};
use crate::event::{Delete, Embedded, Event, Post, PostRef, Relation};
use crate::ids::EventId;
use crate::store::{Has, KeepPosts, PostQuery, Store};

/// All checks of erasing.
pub async fn all(backend: &mut dyn StoreBackend) {
    backend.begin().await;
    deletes_a_post(backend).await;
    backend.begin().await;
    a_deletion_before_its_post_wins(backend).await;
    backend.begin().await;
    a_repost_goes_with_its_original(backend).await;
    backend.begin().await;
    raw_bytes_of_what_carried_it_go(backend).await;
    backend.begin().await;
    an_account_goes_with_its_posts(backend).await;
    backend.begin().await;
    places_are_scrubbed(backend).await;
    backend.begin().await;
    what_lost_its_place_is_still_found_by_what_it_carries(backend).await;
    backend.begin().await;
    withholding_is_applied_once(backend).await;
    backend.begin().await;
    dead_letters_with_the_post_go(backend).await;
    backend.begin().await;
    dead_letters_after_a_deletion_keep_nothing(backend).await;
}

async fn assert_gone(store: &dyn Store, id: &str) {
    let view = find(store, id).await;
    assert_eq!(view.text, "", "post {id} has lost its text");
    assert!(
        view.deleted_at.is_some(),
        "post {id} says that it was deleted"
    );
    assert!(view.entities.is_empty());
    assert_eq!(store.raw("x", id).await.expect("a store answers"), None);
}

async fn deletes_a_post(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    make_track(lane.store, "one").await;
    lane.put_caught(new_post("1", post("ann", "secret")), &[1])
        .await;
    assert_eq!(lane.put(delete_post("1")).await, written(1, 0, 0));
    assert_eq!(lane.put(delete_post("1")).await, written(0, 1, 0));
    assert_gone(lane.store, "1").await;
    assert_eq!(ids(lane.store, words("secret")).await, [""; 0]);
    assert_eq!(ids(lane.store, PostQuery::default()).await, [""; 0]);
    assert_eq!(
        lane.put(new_post("1", post("ann", "secret"))).await,
        written(0, 1, 0)
    );
    assert_gone(lane.store, "1").await;
    let size = lane.store.size().await.expect("a store answers");
    assert_eq!((size.posts, size.tombstones), (0, 1));
    assert!(
        lane.store
            .kept_after(0, 10)
            .await
            .expect("a store answers")
            .is_empty()
    );
}

async fn a_deletion_before_its_post_wins(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    make_track(lane.store, "one").await;
    assert_eq!(lane.put(delete_post("1")).await, written(1, 0, 0));
    assert_eq!(
        lane.put_caught(new_post("1", post("ann", "secret")), &[1])
            .await,
        written(1, 0, 0)
    );
    assert_gone(lane.store, "1").await;
    assert_eq!(ids(lane.store, words("secret")).await, [""; 0]);
    // In one batch too.
    let batch = vec![
        lane.event(delete_post("2"), &[]),
        lane.event(new_post("2", post("ann", "secret")), &[]),
        lane.event(new_post("3", post("ann", "secret")), &[]),
        lane.event(delete_post("3"), &[]),
        lane.event(new_post("4", quoting("3", "", "secret")), &[]),
    ];
    assert_eq!(lane.write(batch).await, written(5, 0, 0));
    assert_gone(lane.store, "2").await;
    assert_gone(lane.store, "3").await;
    assert_eq!(ids(lane.store, words("secret")).await, [""; 0]);
    assert_eq!(
        lane.store.raw("x", "4").await.expect("a store answers"),
        None
    );
}

pub(super) fn reposting<'a>(id: &'a str, text: &'a str) -> Post<'a> {
    let mut outer = post("rob", text);
    outer.repost_of = Some(PostRef {
        id: Cow::Borrowed(id),
        ..PostRef::default()
    });
    outer.embedded = vec![Embedded {
        id: EventId::new("x", id),
        relation: Relation::Repost,
        post: post("ann", text),
    }];
    outer
}

async fn a_repost_goes_with_its_original(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    lane.put(new_post("2", reposting("1", "secret"))).await;
    lane.put(delete_post("1")).await;
    assert_gone(lane.store, "1").await;
    assert_gone(lane.store, "2").await;
    assert_eq!(
        lane.put(new_post("3", reposting("1", "secret"))).await,
        written(1, 0, 0)
    );
    assert_gone(lane.store, "3").await;
    assert_eq!(ids(lane.store, words("secret")).await, [""; 0]);
}

async fn raw_bytes_of_what_carried_it_go(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    lane.put(new_post("2", quoting("1", "", "secret"))).await;
    lane.put(new_post("3", post("ann", "another"))).await;
    lane.put(delete_post("1")).await;
    assert_gone(lane.store, "1").await;
    assert_eq!(find(lane.store, "2").await.text, "look at this");
    assert_eq!(
        lane.store.raw("x", "2").await.expect("a store answers"),
        None
    );
    assert!(
        lane.store
            .raw("x", "3")
            .await
            .expect("a store answers")
            .is_some()
    );
    lane.put(new_post("4", quoting("1", "", "secret"))).await;
    assert_eq!(find(lane.store, "4").await.text, "look at this");
    assert_eq!(
        lane.store.raw("x", "4").await.expect("a store answers"),
        None
    );
    // Two levels in.
    let mut outer = reposting("6", "look at this");
    outer.embedded[0].post = quoting("5", "", "secret");
    lane.put(new_post("7", outer)).await;
    lane.put(delete_post("5")).await;
    assert_eq!(find(lane.store, "7").await.text, "look at this");
    assert_eq!(
        lane.store.raw("x", "7").await.expect("a store answers"),
        None
    );
}

async fn an_account_goes_with_its_posts(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    let gone = || {
        delete(Delete::Account {
            account_id: Cow::Borrowed("id-ann"),
            status: Cow::Borrowed("deleted"),
        })
    };
    lane.put(new_post("1", post("ann", "secret"))).await;
    lane.put(new_post("2", post("bob", "stays"))).await;
    let batch = vec![
        lane.event(new_post("3", post("ann", "secret")), &[]),
        lane.event(gone(), &[]),
    ];
    assert_eq!(lane.write(batch).await, written(2, 0, 0));
    assert_eq!(lane.put(gone()).await, written(0, 1, 0));
    lane.put(new_post("4", post("ann", "secret"))).await;
    for id in ["1", "3", "4"] {
        assert_gone(lane.store, id).await;
    }
    assert_eq!(find(lane.store, "1").await.author.id, "id-ann");
    assert_eq!(find(lane.store, "1").await.author.handle, "");
    assert_eq!(ids(lane.store, PostQuery::default()).await, ["2"]);
    // It is back: what it writes from then on is kept.
    let mut later = post("ann", "hello again");
    later.made_at = Some(second(100));
    lane.put(new_post("5", later)).await;
    assert_eq!(find(lane.store, "5").await.text, "hello again");
}

async fn places_are_scrubbed(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    let at_home = || {
        let mut said = post("ann", "at home");
        said.point = Some([1.0, 2.0]);
        said
    };
    lane.put(new_post("9", at_home())).await;
    lane.put(new_post("11", at_home())).await;
    let scrub = || {
        delete(Delete::Location {
            account_id: Cow::Borrowed("id-ann"),
            up_to_post_id: Cow::Borrowed("10"),
        })
    };
    assert_eq!(lane.put(scrub()).await, written(1, 0, 0));
    assert_eq!(lane.put(scrub()).await, written(0, 1, 0));
    lane.put(new_post("8", at_home())).await;
    for (id, point) in [("8", None), ("9", None), ("11", Some([1.0, 2.0]))] {
        let view = find(lane.store, id).await;
        assert_eq!((view.point, view.text.as_str()), (point, "at home"));
        let raw = lane.store.raw("x", id).await.expect("a store answers");
        assert_eq!(raw.is_some(), point.is_some());
    }
    let with_place = PostQuery {
        has: vec![Has::Geo],
        ..PostQuery::default()
    };
    assert_eq!(ids(lane.store, with_place).await, ["11"]);
}

async fn what_lost_its_place_is_still_found_by_what_it_carries(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    make_track(lane.store, "one").await;
    lane.put_caught(new_post("2", reposting("1", "secret")), &[1])
        .await;
    lane.put_caught(new_post("4", quoting("3", "", "carried")), &[1])
        .await;
    for author in ["id-rob", "id-bob", "id-ann"] {
        let scrub = delete(Delete::Location {
            account_id: Cow::Borrowed(author),
            up_to_post_id: Cow::Borrowed("10"),
        });
        lane.put(scrub).await;
    }
    let keep_nothing = [KeepPosts {
        source: source("stream"),
        seconds: Some(0),
    }];
    let swept = lane.store.sweep(second(100), &keep_nothing, 100).await;
    swept.expect("a store sweeps");
    assert_eq!(find(lane.store, "3").await.text, "carried", "4 holds it");
    lane.put(delete_post("1")).await;
    assert_gone(lane.store, "2").await;
    assert_eq!(ids(lane.store, words("secret")).await, [""; 0]);
}

async fn withholding_is_applied_once(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    let withheld: [fn() -> Event<'static>; 2] = [
        || {
            delete(Delete::WithheldPost {
                post_id: Cow::Borrowed("1"),
                countries: vec!["DE".into()],
            })
        },
        || {
            delete(Delete::WithheldAccount {
                account_id: Cow::Borrowed("id-ann"),
                countries: vec!["DE".into()],
            })
        },
    ];
    for event in withheld {
        assert_eq!(lane.put(event()).await, written(1, 0, 0));
        assert_eq!(lane.put(event()).await, written(0, 1, 0));
    }
    assert_eq!(
        lane.store.post("x", "1").await.expect("a store answers"),
        None
    );
    assert_eq!(
        lane.put(new_post("1", post("ann", "word"))).await,
        written(1, 0, 0)
    );
    assert_eq!(find(lane.store, "1").await.text, "word");
}

async fn dead_letters_with_the_post_go(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    let (_, inner) = lane.event(new_post("123456789", post("ann", "secret")), &[]);
    let buried = lane.buried("hook", &inner);
    let refused = lane.refused("no text", br#"{"id":123456789,"txt":"secret"}"#);
    let other = lane.refused("no text", br#"{"id":987654321,"txt":"other"}"#);
    let (_, answer) = lane.event(new_post("4", answering("123456789")), &[]);
    let answer = lane.buried("hook", &answer);
    let batch = vec![buried, refused, other, answer];
    assert_eq!(lane.write(batch).await, written(0, 0, 2));
    lane.put(delete_post("123456789")).await;
    let left = excerpts(lane.store).await;
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(
        left[0].contains(r#""id":"4""#),
        "an answer holds nothing of it"
    );
    assert!(left[1].contains("other"));
    let size = lane.store.size().await.expect("a store answers");
    assert_eq!(size.dead_letters, 2);
}

fn answering(id: &str) -> Post<'_> {
    let mut answer = post("bob", "no!");
    answer.reply_to = Some(PostRef {
        id: Cow::Borrowed(id),
        ..PostRef::default()
    });
    answer
}

async fn dead_letters_after_a_deletion_keep_nothing(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    lane.put(delete_post("123456789")).await;
    lane.put(delete_post("at://did:plc:abc/app.bsky.feed.post/3k5"))
        .await;
    for event in [
        new_post("123456789", post("ann", "secret")),
        new_post(
            "at://did:plc:abc/app.bsky.feed.post/3k5",
            post("ann", "secret"),
        ),
        new_post("2", reposting("123456789", "secret")),
        new_post("3", quoting("123456789", "", "secret")),
    ] {
        let (_, inner) = lane.event(event, &[]);
        let buried = lane.buried("hook", &inner);
        assert_eq!(lane.write(vec![buried]).await, written(0, 0, 0));
    }
    let refused = lane.refused("no text", br#"{"id":123456789,"txt":"secret"}"#);
    assert_eq!(
        lane.write(vec![refused]).await,
        written(0, 0, 1),
        "it was read, and ends once"
    );
    assert_eq!(excerpts(lane.store).await, [""; 0]);
    let (_, inner) = lane.event(new_post("4", answering("123456789")), &[]);
    let buried = lane.buried("hook", &inner);
    lane.write(vec![buried]).await;
    assert_eq!(excerpts(lane.store).await.len(), 1);
}

async fn excerpts(store: &dyn Store) -> Vec<String> {
    let letters = letters(store).await.into_iter();
    letters.map(|letter| letter.excerpt).collect()
}
