//! Tests of our own wire form.

use bowerbird_core::event::{Body, Embedded, Entity, EntityKind, Event, Post, Relation};
use bowerbird_core::ids::EventId;

use super::{decode, encode};

fn event(post: Post<'static>) -> Event<'static> {
    Event {
        id: EventId::new("test", "1"),
        at: None,
        body: Body::Post(Box::new(post)),
    }
}

fn post(text: &'static str) -> Post<'static> {
    Post {
        text: text.into(),
        ..Post::default()
    }
}

#[test]
fn what_is_encoded_is_decoded() {
    let mut post = post("line\n\"quoted\" 🐦\u{0}");
    post.point = Some([-9.14, 38.71]);
    post.entities.push(Entity::new(EntityKind::Link, "x", 0..4));
    let event = event(post);
    let bytes = encode(&event);
    assert!(bytes.starts_with(br#"{"bowerbird":1,"event":{"#));
    assert!(!bytes.contains(&b'\n'));
    assert_eq!(decode(&bytes).unwrap(), event);
}

#[test]
fn spans_from_outside_are_brought_onto_boundaries() {
    let mut outer = post("日本");
    for span in [0..3, 1..3, 3..900, std::ops::Range { start: 6, end: 3 }] {
        outer
            .entities
            .push(Entity::new(EntityKind::Hashtag, "x", span));
    }
    let bytes = encode(&event(outer));
    let decoded = decode(&bytes).unwrap();
    let spans = decoded
        .post()
        .unwrap()
        .entities
        .iter()
        .map(|entity| entity.span.clone());
    assert_eq!(spans.collect::<Vec<_>>(), [0..3, 0..0, 0..0, 0..0]);
}

#[test]
fn embedded_posts_end_after_two_levels() {
    let mut inner = post("innermost");
    for _ in 0..5 {
        let mut outer = post("outer");
        outer.embedded.push(Embedded {
            id: EventId::new("test", "2"),
            relation: Relation::Quote,
            post: inner,
        });
        inner = outer;
    }
    let bytes = encode(&event(inner));
    let decoded = decode(&bytes).unwrap();
    let second = &decoded.post().unwrap().embedded[0].post.embedded[0].post;
    assert!(second.embedded.is_empty());
}

#[test]
fn another_form_is_named() {
    let reason = |text: &'static str| decode(text.as_bytes()).unwrap_err().reason;
    assert_eq!(
        reason(r#"{"bowerbird":2,"event":{"new":true}}"#),
        "a Bowerbird event of form 2; this build reads form 1"
    );
    assert!(reason(r#"{"bowerbird":1,"event":{"id":7}}"#).starts_with("not JSON"));
}
