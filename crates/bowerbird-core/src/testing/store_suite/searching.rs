//! Finding posts: every filter, every order, every script, and pages that neither skip nor repeat.

use std::borrow::Cow;
use std::collections::HashSet;

use super::{
    Lane, StoreBackend, delete_post, hashtag, ids, make_track, new_post, post, search, second,
    source, words,
};
use crate::event::{Entity, EntityKind, Event, Lang, Post, PostRef};
use crate::ids::TrackId;
use crate::store::{Has, Order, PostQuery, Store, StoreError};
use crate::view::CaptureView;

/// All checks of searching.
pub async fn all(backend: &mut dyn StoreBackend) {
    backend.begin().await;
    finds_words_in_every_script(backend).await;
    backend.begin().await;
    refuses_what_makes_no_sense(backend).await;
    backend.begin().await;
    every_filter_narrows(backend).await;
    backend.begin().await;
    filters_hold_together(backend).await;
    backend.begin().await;
    pages_neither_skip_nor_repeat(backend).await;
    backend.begin().await;
    each_post_of_a_page_has_its_own_captures(backend).await;
    backend.begin().await;
    ranks_the_best_first(backend).await;
}

async fn assert_found(store: &dyn Store, query: &PostQuery, expected: &[&str]) {
    let found = ids(store, query.clone()).await;
    assert_eq!(found, expected, "for {query:?}");
}

async fn finds_words_in_every_script(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    let texts = [
        ("1", "The quick brown fox can't jump over Łódź"),
        ("2", "東京タワーに行きました。猫がいた"),
        ("3", "السلام عليكم ورحمة الله"),
        ("4", "สวัสดีชาวโลก"),
        ("5", "Привет, мир! 🐦 quick"),
        ("6", "Café crème in São Paulo"),
    ];
    for (id, text) in texts {
        lane.put(new_post(id, post("ann", text))).await;
    }
    let cases: [(&str, &[&str]); 15] = [
        ("quick", &["5", "1"]),
        ("QUICK fox", &["1"]),
        ("\"quick brown\"", &["1"]),
        ("\"brown quick\"", &[]),
        ("quick -fox", &["5"]),
        ("fox OR мир", &["5", "1"]),
        ("qui*", &["5", "1"]),
        ("東京", &["2"]),
        ("京東", &[]),
        ("猫", &["2"]),
        ("عليكم", &["3"]),
        ("ชาวโลก", &["4"]),
        ("привет", &["5"]),
        ("🐦", &["5"]),
        ("cafe creme sao", &["6"]),
    ];
    for (text, expected) in cases {
        assert_found(lane.store, &words(text), expected).await;
    }
    // Blanks alone ask nothing, nor does a sign without its tag.
    let only_a_sign = PostQuery {
        hashtag: "#".to_owned(),
        ..PostQuery::default()
    };
    for query in [words("  "), only_a_sign] {
        assert_eq!(ids(lane.store, query).await.len(), texts.len());
    }
}

async fn refuses_what_makes_no_sense(backend: &mut dyn StoreBackend) {
    let store = backend.store();
    let queries = [
        words("-only -without"),
        PostQuery {
            limit: 1_001,
            ..PostQuery::default()
        },
        PostQuery {
            after: Some("no cursor".to_owned()),
            ..PostQuery::default()
        },
        PostQuery {
            after: Some("1; DROP TABLE post".to_owned()),
            order: Order::Oldest,
            ..PostQuery::default()
        },
        PostQuery {
            after: Some("r9.9".to_owned()),
            order: Order::Rank,
            ..words("word")
        },
    ];
    for query in queries {
        let answer = store.search(&query).await;
        assert!(
            matches!(answer, Err(StoreError::Invalid(_))),
            "for {query:?}: {answer:?}"
        );
    }
}

/// A post like no other of these, and what finds it.
fn rich() -> Post<'static> {
    let mut said = post("Dora", "something rich");
    said.lang = Lang {
        code: Cow::Borrowed("pt-BR"),
        detected: false,
    };
    said.made_at = Some(second(-7_200));
    let kinds = [
        EntityKind::Mention,
        EntityKind::Cashtag,
        EntityKind::Link,
        EntityKind::Image,
    ];
    said.entities = kinds.map(|kind| Entity::new(kind, "value", 0..0)).into();
    said.entities.push(hashtag("Climate_Action"));
    said.entities.push(hashtag("東京"));
    let other = |id: &'static str| {
        Some(PostRef {
            id: Cow::Borrowed(id),
            ..PostRef::default()
        })
    };
    said.reply_to = other("100");
    said.quote_of = other("101");
    said.repost_of = other("102");
    said.point = Some([1.0, 2.0]);
    said.supersedes = vec!["103".into()];
    said
}

/// A question that a change makes of one that asks nothing.
fn asking(change: impl FnOnce(&mut PostQuery)) -> PostQuery {
    let mut query = PostQuery::default();
    change(&mut query);
    query
}

async fn every_filter_narrows(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    make_track(lane.store, "one").await;
    lane.put(new_post("1", post("ann", "plain"))).await;
    lane.through("other");
    let mut event = new_post("2", rich());
    event.id.service = Cow::Borrowed("mastodon");
    lane.put_caught(event, &[1]).await;
    lane.through("stream");
    lane.put(new_post("3", post("ann", "plain"))).await;
    for query in that_find_the_rich_one() {
        assert_found(lane.store, &query, &["2"]).await;
        for (text, expected) in [("rich", &["2"][..]), ("plain", &[])] {
            let with_words = PostQuery {
                text: text.to_owned(),
                ..query.clone()
            };
            assert_found(lane.store, &with_words, expected).await;
        }
    }
    let since = asking(|query| query.since = Some(second(-3_600)));
    assert_found(lane.store, &since, &["3", "1"]).await;
    let nothing = [
        asking(|query| query.author = "nobody".to_owned()),
        asking(|query| query.service = "nowhere".to_owned()),
        asking(|query| query.source = Some(source("nothing"))),
        asking(|query| query.track = Some(TrackId(9))),
        asking(|query| query.hashtag = "climate".to_owned()),
        asking(|query| query.lang = "p".to_owned()),
    ];
    for query in &nothing {
        assert_found(lane.store, query, &[]).await;
    }
}

fn that_find_the_rich_one() -> Vec<PostQuery> {
    let mut queries = vec![
        asking(|query| query.author = "@dora".to_owned()),
        asking(|query| query.author = "id-Dora".to_owned()),
        asking(|query| query.track = Some(TrackId(1))),
        asking(|query| query.service = "mastodon".to_owned()),
        asking(|query| query.source = Some(source("other"))),
        asking(|query| query.lang = "pt".to_owned()),
        asking(|query| query.lang = "PT-br".to_owned()),
        asking(|query| query.until = Some(second(-3_600))),
        asking(|query| query.hashtag = "climate_action".to_owned()),
        asking(|query| query.hashtag = "#東京".to_owned()),
    ];
    let has = [
        Has::Media,
        Has::Links,
        Has::Hashtags,
        Has::Mentions,
        Has::Cashtags,
        Has::Geo,
        Has::Reply,
        Has::Quote,
        Has::Repost,
        Has::Edited,
    ];
    queries.extend(has.map(|has| asking(|query| query.has = vec![has])));
    queries
}

async fn filters_hold_together(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    make_track(lane.store, "one").await;
    let all: Vec<(usize, String)> = (0..40).map(|n| (n, n.to_string())).collect();
    for (n, id) in &all {
        let mut said = post(["ann", "bob"][n % 2], ["word", "other"][n / 2 % 2]);
        if n % 3 == 0 {
            said.entities = vec![hashtag("tag")];
        }
        said.made_at = Some(second(i64::try_from(n * 600).expect("small")));
        lane.put_caught(new_post(id, said), &[1][..usize::from(n % 5 == 0)])
            .await;
    }
    let query = PostQuery {
        text: "word".to_owned(),
        author: "ann".to_owned(),
        hashtag: "tag".to_owned(),
        track: Some(TrackId(1)),
        ..PostQuery::default()
    };
    assert_found(lane.store, &query, &["0"]).await;
    let query = PostQuery {
        author: "ann".to_owned(),
        track: Some(TrackId(1)),
        since: Some(second(6_000)),
        until: Some(second(18_000)),
        ..PostQuery::default()
    };
    assert_found(lane.store, &query, &["20", "10"]).await;
    let oldest = PostQuery {
        order: Order::Oldest,
        ..query
    };
    assert_found(lane.store, &oldest, &["10", "20"]).await;
}

fn numbered(n: u32, id: &str) -> Event<'_> {
    let text = if n.is_multiple_of(3) {
        "word word"
    } else {
        "a word among others"
    };
    new_post(id, post("ann", text))
}

async fn pages_neither_skip_nor_repeat(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    let names: Vec<String> = (0..60).map(|n| n.to_string()).collect();
    for (n, id) in (0..30).zip(&names) {
        lane.put(numbered(n, id)).await;
    }
    let mut later = (30..).zip(&names[30..]);
    for order in [Order::Newest, Order::Rank, Order::Oldest] {
        let mut query = PostQuery {
            order,
            limit: 7,
            ..words("word")
        };
        let mut seen = Vec::new();
        let first: HashSet<String> = ids(lane.store, words("word")).await.into_iter().collect();
        loop {
            let page = search(lane.store, &query).await;
            assert!(page.items.len() <= 7);
            seen.extend(page.items.into_iter().map(|post| post.id));
            query.after = page.next;
            if query.after.is_none() {
                break;
            }
            // What is written meanwhile does not shift what was there.
            if let Some((n, id)) = later.next() {
                lane.put(numbered(n, id)).await;
            }
        }
        let once: HashSet<String> = seen.iter().cloned().collect();
        assert_eq!(once.len(), seen.len(), "{order:?} repeats: {seen:?}");
        assert!(first.is_subset(&once), "{order:?} skips: {seen:?}");
    }
}

async fn ranks_the_best_first(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    lane.put(new_post("1", post("ann", "bird bird bird"))).await;
    lane.put(new_post(
        "2",
        post(
            "ann",
            "a bird among very many other words that are about nothing",
        ),
    ))
    .await;
    lane.put(new_post("3", post("ann", "bird"))).await;
    lane.put(delete_post("3")).await;
    let query = PostQuery {
        order: Order::Rank,
        ..words("bird")
    };
    assert_found(lane.store, &query, &["1", "2"]).await;
    let no_words = PostQuery {
        order: Order::Rank,
        ..PostQuery::default()
    };
    assert_found(lane.store, &no_words, &["2", "1"]).await;
}

async fn each_post_of_a_page_has_its_own_captures(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    for name in ["one", "two", "three"] {
        make_track(lane.store, name).await;
    }
    let caught: [(&str, &[u64]); 4] = [("1", &[3, 1, 2]), ("2", &[]), ("3", &[2]), ("4", &[2, 1])];
    for (n, (id, tracks)) in caught.into_iter().enumerate() {
        lane.through(["stream", "other"][n % 2]);
        lane.put_caught(new_post(id, post("ann", "word")), tracks)
            .await;
    }
    let removed = lane.store.remove_track(TrackId(1), second(50)).await;
    removed.expect("it is removed");
    let page = search(lane.store, &PostQuery::default()).await;
    let tracks = |captures: &[CaptureView]| -> Vec<u64> {
        captures.iter().map(|capture| capture.track.0).collect()
    };
    let shown = page.items.iter().map(|post| {
        let captures = tracks(&post.captures);
        (post.key.as_str(), post.source.as_str(), captures)
    });
    let shown: Vec<_> = shown.collect();
    let expected = [
        ("x/4", "other", vec![2]),
        ("x/3", "stream", vec![2]),
        ("x/2", "other", vec![]),
        ("x/1", "stream", vec![2, 3]),
    ];
    assert_eq!(shown, expected);
}
