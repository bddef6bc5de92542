//! Posts and what becomes of them: kept, duplicate, skipped, edited; and that a post comes back as it went in.

use std::borrow::Cow;

use super::{
    Lane, StoreBackend, counts, edit, find, hashtag, ids, make_track, new_post, post, second,
    words, written,
};
use crate::event::{Embedded, Metrics, Place, PostRef, Relation};
use crate::ids::EventId;
use crate::record::Content;
use crate::store::PostQuery;
use crate::view::PostView;

/// All checks of writing.
pub async fn all(backend: &mut dyn StoreBackend) {
    backend.begin().await;
    gives_a_post_back_whole(backend).await;
    backend.begin().await;
    counts_the_second_time_as_duplicate(backend).await;
    backend.begin().await;
    skips_what_was_committed(backend).await;
    backend.begin().await;
    adds_the_captures_of_a_second_source(backend).await;
    backend.begin().await;
    keeps_the_greatest_version(backend).await;
    backend.begin().await;
    takes_an_uncaught_edit_of_what_is_kept_only(backend).await;
    backend.begin().await;
    erases_superseded_versions_before_and_after(backend).await;
    backend.begin().await;
    stores_embedded_posts_uncounted(backend).await;
    backend.begin().await;
    keeps_an_embedded_post_that_comes_itself(backend).await;
}

async fn gives_a_post_back_whole(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    let mut said = post("ann", "héllo 猫 #Birds");
    said.entities = vec![crate::event::Entity::new(
        crate::event::EntityKind::Hashtag,
        "Birds",
        11..17,
    )];
    said.place = Some(Place {
        id: Cow::Borrowed("p1"),
        name: Cow::Borrowed("Oslo"),
        full_name: Cow::Borrowed("Oslo, Norway"),
        country_code: Cow::Borrowed("NO"),
        ..Place::default()
    });
    said.point = Some([10.5, 59.9]);
    said.reply_to = Some(PostRef {
        id: Cow::Borrowed("5"),
        author_id: Cow::Borrowed("id-bob"),
        author_handle: Cow::Borrowed("bob"),
    });
    said.conversation_id = Cow::Borrowed("4");
    said.metrics = Metrics {
        likes: Some(3),
        ..Metrics::default()
    };
    said.app = Cow::Borrowed("Phone");
    said.sensitive = true;
    said.url = Cow::Borrowed("https://x.example/ann/6");
    let event = new_post("6", said);
    let caught = crate::record::Caught {
        track: crate::ids::TrackId(1),
        rule_version: 1,
    };
    let expected = PostView::new(&super::source("stream"), second(0), &event, &[caught])
        .expect("it is a post");
    let json = serde_json::to_vec(&event).expect("events are JSON");
    make_track(lane.store, "one").await;
    assert_eq!(lane.put_caught(event, &[1]).await, written(1, 0, 0));
    assert_eq!(find(lane.store, "6").await, expected);
    let raw = lane.store.raw("x", "6").await.expect("a store answers");
    assert_eq!(raw, Some(json));
    assert_eq!(
        lane.store.post("x", "7").await.expect("a store answers"),
        None
    );
    assert_eq!(
        lane.store.post("y", "6").await.expect("a store answers"),
        None
    );
    assert_eq!(
        lane.store.raw("x", "7").await.expect("a store answers"),
        None
    );
}

async fn counts_the_second_time_as_duplicate(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    assert_eq!(
        lane.put(new_post("1", post("ann", "one"))).await,
        written(1, 0, 0)
    );
    assert_eq!(
        lane.put(new_post("1", post("ann", "one"))).await,
        written(0, 1, 0)
    );
    let two = [
        lane.event(new_post("2", post("ann", "two")), &[]),
        lane.event(new_post("2", post("ann", "two")), &[]),
    ];
    assert_eq!(lane.write(two.into()).await, written(1, 1, 0));
    let all = counts(lane.store, "stream").await;
    assert_eq!((all.kept, all.duplicate, all.refused), (2, 2, 0));
    assert_eq!(ids(lane.store, PostQuery::default()).await, ["2", "1"]);
}

async fn skips_what_was_committed(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    let records: Vec<_> = ["1", "2", "3"]
        .map(|id| lane.event(new_post(id, post("ann", "word")), &[]))
        .into();
    assert_eq!(lane.write(records[..2].to_vec()).await, written(2, 0, 0));
    backend.restart().await;
    let lane = Lane::new(backend.store());
    let again = lane.write(records).await;
    assert_eq!((again.kept, again.duplicate, again.skipped), (1, 0, 2));
    let all = counts(lane.store, "stream").await;
    assert_eq!((all.kept, all.duplicate), (3, 0));
}

async fn adds_the_captures_of_a_second_source(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    make_track(lane.store, "one").await;
    make_track(lane.store, "two").await;
    lane.put_caught(new_post("1", post("ann", "one")), &[1])
        .await;
    lane.through("other");
    lane.put_caught(new_post("1", post("ann", "changed?")), &[1, 2])
        .await;
    let view = find(lane.store, "1").await;
    assert_eq!(view.source, "stream");
    assert_eq!(view.text, "one");
    let tracks: Vec<u64> = view
        .captures
        .iter()
        .map(|capture| capture.track.0)
        .collect();
    assert_eq!(tracks, [1, 2]);
    assert_eq!(counts(lane.store, "other").await.duplicate, 1);
    let totals = lane.store.captures().await.expect("a store answers");
    let totals: Vec<(u64, u64)> = totals.iter().map(|t| (t.track.0, t.captures)).collect();
    assert_eq!(totals, [(1, 1), (2, 1)]);
}

async fn takes_an_uncaught_edit_of_what_is_kept_only(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    let uncaught = |lane: &mut Lane<'_>, id: &str| {
        lane.encode(Content::UncaughtEdit {
            event: edit(id, "b", post("ann", "thought better")),
            raw: b"",
        })
    };
    lane.put(new_post("1", post("ann", "a wren"))).await;
    for id in ["1", "2", "1"] {
        let record = uncaught(&mut lane, id);
        assert_eq!(lane.write(vec![record]).await, written(0, 0, 0));
    }
    let view = find(lane.store, "1").await;
    assert_eq!(
        (view.text.as_str(), view.version.as_str(), view.edited),
        ("thought better", "b", true)
    );
    let other = lane.store.post("x", "2").await;
    assert!(other.expect("a store answers").is_none());
    let counted = counts(lane.store, "stream").await;
    assert_eq!((counted.kept, counted.duplicate), (1, 0));
}

async fn keeps_the_greatest_version(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    lane.put(edit("1", "b", post("ann", "second"))).await;
    assert_eq!(
        lane.put(edit("1", "a", post("ann", "first"))).await,
        written(0, 1, 0)
    );
    assert_eq!(find(lane.store, "1").await.text, "second");
    assert_eq!(
        lane.put(edit("1", "c", post("ann", "third"))).await,
        written(1, 0, 0)
    );
    let view = find(lane.store, "1").await;
    assert_eq!(
        (view.text.as_str(), view.version.as_str(), view.edited),
        ("third", "c", true)
    );
    assert_eq!(ids(lane.store, words("second")).await, [""; 0]);
    assert_eq!(ids(lane.store, words("third")).await, ["1"]);
    assert_eq!(lane.store.size().await.expect("a store answers").posts, 1);
}

async fn erases_superseded_versions_before_and_after(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    let mut third = post("ann", "third");
    third.supersedes = vec!["1".into(), "2".into()];
    lane.put(new_post("1", post("ann", "first"))).await;
    assert_eq!(lane.put(edit("3", "", third)).await, written(1, 0, 0));
    assert_eq!(
        lane.put(new_post("2", post("ann", "second"))).await,
        written(1, 0, 0)
    );
    for id in ["1", "2"] {
        let view = find(lane.store, id).await;
        assert_eq!(view.text, "");
        assert!(view.deleted_at.is_some());
        assert_eq!(
            lane.store.raw("x", id).await.expect("a store answers"),
            None
        );
    }
    assert_eq!(ids(lane.store, PostQuery::default()).await, ["3"]);
    assert!(find(lane.store, "3").await.edited);
    let size = lane.store.size().await.expect("a store answers");
    assert_eq!((size.posts, size.tombstones), (1, 2));
}

async fn stores_embedded_posts_uncounted(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    lane.put(new_post("9", quoting("1", "", "inner elephant")))
        .await;
    assert_eq!(find(lane.store, "1").await.text, "inner elephant");
    assert_eq!(
        lane.store.raw("x", "1").await.expect("a store answers"),
        None
    );
    assert_eq!(ids(lane.store, words("elephant")).await, [""; 0]);
    let with_embedded = PostQuery {
        embedded: true,
        ..words("elephant")
    };
    assert_eq!(ids(lane.store, with_embedded).await, ["1"]);
    assert_eq!(ids(lane.store, PostQuery::default()).await, ["9"]);
    assert_eq!(counts(lane.store, "stream").await.kept, 1);
    assert_eq!(lane.store.size().await.expect("a store answers").posts, 1);
    assert_eq!(
        lane.store
            .kept_after(0, 10)
            .await
            .expect("a store answers")
            .len(),
        1
    );
}

async fn keeps_an_embedded_post_that_comes_itself(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    lane.put(new_post("9", quoting("1", "", "inner"))).await;
    let place = lane.store.kept_after(0, 10).await.expect("a store answers")[0].place;
    assert_eq!(
        lane.put(new_post("1", post("bob", "inner"))).await,
        written(1, 0, 0)
    );
    assert_eq!(
        lane.put(new_post("1", post("bob", "inner"))).await,
        written(0, 1, 0)
    );
    let later = lane
        .store
        .kept_after(place, 10)
        .await
        .expect("a store answers");
    assert_eq!(
        later.len(),
        1,
        "it takes its place in the order of keeping when it comes"
    );
    assert_eq!(later[0].received_at, second(1));
    assert_eq!(ids(lane.store, PostQuery::default()).await, ["1", "9"]);
    // A version seen inside another post is greater than the one that comes by itself.
    lane.put(new_post("10", quoting("2", "b", "later"))).await;
    assert_eq!(
        lane.put(edit("2", "a", post("bob", "earlier"))).await,
        written(1, 0, 0)
    );
    assert_eq!(find(lane.store, "2").await.text, "later");
    assert_eq!(
        lane.store.raw("x", "2").await.expect("a store answers"),
        None
    );
    assert_eq!(ids(lane.store, words("earlier")).await, [""; 0]);
}

/// A post with another inside.
pub fn quoting<'a>(id: &'a str, version: &'a str, text: &'a str) -> crate::event::Post<'a> {
    let mut outer = post("ann", "look at this");
    outer.entities = vec![hashtag("look")];
    outer.quote_of = Some(PostRef {
        id: Cow::Borrowed(id),
        ..PostRef::default()
    });
    let mut inner_id = EventId::new("x", id);
    inner_id.version = Cow::Borrowed(version);
    outer.embedded = vec![Embedded {
        id: inner_id,
        relation: Relation::Quote,
        post: post("bob", text),
    }];
    outer
}
