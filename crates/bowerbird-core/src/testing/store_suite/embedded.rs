//! Posts that came inside posts, as views show them.

use std::borrow::Cow;

use super::writing::quoting;
use super::{Lane, StoreBackend, delete_post, edit, find, new_post, post, search};
use crate::event::{Embedded, Post, PostRef, Relation};
use crate::ids::EventId;
use crate::store::{PostQuery, Store};
use crate::view::PostView;

/// All checks of what views show of posts inside posts.
pub async fn all(backend: &mut dyn StoreBackend) {
    shown(backend).await;
    backend.begin().await;
    a_later_version_is_shown(backend).await;
    backend.begin().await;
    a_deletion_before_what_quotes_it_wins(backend).await;
    backend.begin().await;
    what_quotes_itself_shows_nothing(backend).await;
}

/// As much as a store that keeps posts inside posts with them can do.
pub async fn shown(backend: &mut dyn StoreBackend) {
    backend.begin().await;
    what_came_inside_is_shown(backend).await;
    backend.begin().await;
    a_deleted_one_is_gone_from_what_quotes_it(backend).await;
}

fn reposting<'a>(id: &'a str, text: &'a str, original: Post<'a>) -> Post<'a> {
    let mut outer = post("rob", text);
    outer.repost_of = Some(PostRef {
        id: Cow::Borrowed(id),
        ..PostRef::default()
    });
    outer.embedded = vec![Embedded {
        id: EventId::new("x", id),
        relation: Relation::Repost,
        post: original,
    }];
    outer
}

/// `relation id author: text` of each.
fn inside(view: &PostView) -> Vec<String> {
    let one = |inner: &crate::view::EmbeddedView| {
        let (relation, author) = (inner.relation, &inner.author.handle);
        assert_eq!(inner.key, format!("x/{}", inner.id));
        format!("{relation:?} {} {author}: {}", inner.id, inner.text)
    };
    view.embedded.iter().map(one).collect()
}

async fn shows(store: &dyn Store, id: &str, expected: &[&str]) {
    let view = find(store, id).await;
    assert_eq!(inside(&view), expected, "post {id}");
    let page = search(store, &PostQuery::default()).await;
    let listed = page.items.iter().find(|listed| listed.id == id);
    assert_eq!(listed, Some(&view), "a page shows post {id} as it is alone");
}

async fn what_came_inside_is_shown(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    lane.put(new_post("1", post("eve", "nothing inside"))).await;
    lane.put(new_post("3", quoting("2", "", "größte #cat")))
        .await;
    lane.put(new_post("5", reposting("4", "said", post("ann", "said"))))
        .await;
    lane.put(new_post(
        "7",
        reposting("6", "RT @ann: sa…", post("ann", "said it all")),
    ))
    .await;
    lane.put(new_post(
        "9",
        reposting("8", "look at this", quoting("2", "", "größte #cat")),
    ))
    .await;
    shows(lane.store, "1", &[]).await;
    shows(lane.store, "3", &["Quote 2 bob: größte #cat"]).await;
    shows(lane.store, "5", &[]).await;
    shows(lane.store, "7", &["Repost 6 ann: said it all"]).await;
    shows(lane.store, "9", &["Quote 2 bob: größte #cat"]).await;
    let view = find(lane.store, "3").await;
    assert_eq!(view.embedded[0].lang, "en");
    assert!(view.embedded[0].made_at.is_some() && view.embedded[0].deleted_at.is_none());
}

async fn a_deleted_one_is_gone_from_what_quotes_it(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    lane.put(new_post("3", quoting("2", "", "regretted"))).await;
    lane.put(new_post("4", quoting("1", "", "stays"))).await;
    lane.put(delete_post("2")).await;
    shows(lane.store, "3", &["Quote 2 : "]).await;
    shows(lane.store, "4", &["Quote 1 bob: stays"]).await;
    let view = find(lane.store, "3").await;
    assert!(view.embedded[0].deleted_at.is_some() && view.deleted_at.is_none());
    let json = serde_json::to_string(&view).expect("views are JSON");
    assert!(
        !json.contains("regretted") && !json.contains("bob"),
        "{json}"
    );
}

async fn a_later_version_is_shown(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    lane.put(new_post("3", quoting("2", "", "at first"))).await;
    lane.put(edit("2", "v2", post("ann", "thought better")))
        .await;
    shows(lane.store, "3", &["Quote 2 ann: thought better"]).await;
}

async fn a_deletion_before_what_quotes_it_wins(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    lane.put(delete_post("2")).await;
    lane.put(new_post("3", quoting("2", "", "regretted"))).await;
    shows(lane.store, "3", &["Quote 2 : "]).await;
}

async fn what_quotes_itself_shows_nothing(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    lane.put(new_post("2", quoting("2", "", "look at this")))
        .await;
    shows(lane.store, "2", &[]).await;
}
