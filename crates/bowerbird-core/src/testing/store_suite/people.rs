//! Accounts, and what is between them and posts: counted once, whatever the order.

use std::borrow::Cow;

use super::{Lane, StoreBackend, ids, new_post, post, second, written};
use crate::event::{Account, Body, Event, Interaction, Notice, NoticeKind, Relationship};
use crate::ids::EventId;
use crate::store::PostQuery;

/// All checks of people.
pub async fn all(backend: &mut dyn StoreBackend) {
    backend.begin().await;
    accounts_are_counted_once(backend).await;
    backend.begin().await;
    a_changed_handle_is_found_by_both(backend).await;
    backend.begin().await;
    interactions_commute(backend).await;
    backend.begin().await;
    relationships_are_applied_once(backend).await;
    backend.begin().await;
    notices_are_kept(backend).await;
}

fn account(handle: &str) -> Account<'_> {
    Account {
        id: Cow::Borrowed("7"),
        handle: Cow::Borrowed(handle),
        ..Account::default()
    }
}

fn profile(handle: &str) -> Event<'_> {
    Event {
        id: EventId::new("x", "profile"),
        at: None,
        body: Body::Profile(Box::new(account(handle))),
    }
}

async fn accounts_are_counted_once(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    lane.put(new_post("1", post("ann", "one"))).await;
    lane.put(new_post("2", post("ann", "two"))).await;
    lane.put(new_post("3", post("bob", "three"))).await;
    assert_eq!(lane.put(profile("cid")).await, written(1, 0, 0));
    assert_eq!(lane.put(profile("cid")).await, written(0, 1, 0));
    let size = lane.store.size().await.expect("a store answers");
    assert_eq!(size.accounts, 3);
    backend.restart().await;
    let mut lane = Lane::new(backend.store());
    lane.offset = 10;
    assert_eq!(lane.put(profile("cid")).await, written(0, 1, 0));
    lane.put(new_post("4", post("bob", "four"))).await;
    assert_eq!(
        lane.store.size().await.expect("a store answers").accounts,
        3
    );
}

async fn a_changed_handle_is_found_by_both(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    let mut said = post("old_name", "one");
    said.author.id = Cow::Borrowed("7");
    lane.put(new_post("1", said)).await;
    assert_eq!(lane.put(profile("new_name")).await, written(1, 0, 0));
    for author in ["old_name", "NEW_name", "@new_name", "7"] {
        let query = PostQuery {
            author: author.to_owned(),
            ..PostQuery::default()
        };
        assert_eq!(ids(lane.store, query).await, ["1"], "by {author}");
    }
}

fn like(at: i64, ended: bool, post_id: &str) -> Event<'_> {
    Event {
        id: EventId::new("x", "like 1"),
        at: Some(second(at)),
        body: Body::Interaction(Interaction {
            kind: Cow::Borrowed("like"),
            ended,
            account: Box::new(account("ann")),
            post_id: Cow::Borrowed(post_id),
        }),
    }
}

async fn interactions_commute(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    assert_eq!(lane.put(like(1, false, "5")).await, written(1, 0, 0));
    assert_eq!(lane.put(like(1, false, "5")).await, written(0, 1, 0));
    assert_eq!(lane.put(like(2, true, "")).await, written(1, 0, 0));
    assert_eq!(lane.put(like(2, true, "")).await, written(0, 1, 0));
    // What was before is no news any more.
    assert_eq!(lane.put(like(1, false, "5")).await, written(0, 1, 0));
    backend.begin().await;
    let mut lane = Lane::new(backend.store());
    assert_eq!(lane.put(like(2, true, "")).await, written(1, 0, 0));
    // It says which post it was about.
    assert_eq!(lane.put(like(1, false, "5")).await, written(1, 0, 0));
    assert_eq!(lane.put(like(1, false, "5")).await, written(0, 1, 0));
}

async fn relationships_are_applied_once(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    let follows = |at, ended| Event {
        id: EventId::new("x", "follow 1"),
        at: Some(second(at)),
        body: Body::Relationship(Relationship {
            kind: Cow::Borrowed("follows"),
            ended,
            source: Box::new(account("ann")),
            target: Box::new(Account {
                id: Cow::Borrowed("8"),
                ..Account::default()
            }),
        }),
    };
    assert_eq!(lane.put(follows(1, false)).await, written(1, 0, 0));
    assert_eq!(lane.put(follows(1, false)).await, written(0, 1, 0));
    assert_eq!(lane.put(follows(2, true)).await, written(1, 0, 0));
    assert_eq!(lane.put(follows(1, false)).await, written(0, 1, 0));
}

async fn notices_are_kept(backend: &mut dyn StoreBackend) {
    let mut lane = Lane::new(backend.store());
    let notice = Event {
        id: EventId::new("x", "limit 1"),
        at: None,
        body: Body::Notice(Notice {
            kind: NoticeKind::Limit,
            withheld: Some(3),
            text: Cow::Borrowed("limit"),
        }),
    };
    assert_eq!(lane.put(notice).await, written(1, 0, 0));
}
