use super::*;
use crate::event::{Body, Entity, EntityKind, Post};
use crate::ids::EventId;

fn record() -> Record<'static> {
    let post = Post {
        text: "größe 東京 #birds".into(),
        entities: vec![Entity::new(EntityKind::Hashtag, "birds", 14..20)],
        ..Post::default()
    };
    let event = Event {
        id: EventId::new("x", "123"),
        at: Some(Time(5)),
        body: Body::Post(Box::new(post)),
    };
    let captures = vec![Caught {
        track: TrackId(9),
        rule_version: 2,
    }];
    Record {
        source: "s".into(),
        received_at: Time(7),
        content: Content::Event {
            event,
            captures,
            raw: b"raw",
        },
    }
}

#[test]
fn a_record_comes_back_as_it_was_and_borrows() {
    let bytes = record().encode(Vec::new());
    let back = Record::decode(&bytes).unwrap();
    assert_eq!(back, record());
    let Content::Event { event, .. } = &back.content else {
        panic!("an event")
    };
    let text = &event.post().unwrap().text;
    assert!(matches!(text, Cow::Borrowed(_)), "the text is copied");
}

#[test]
fn other_forms_are_refused_with_their_reason() {
    let mut bytes = record().encode(Vec::new());
    bytes[0] = VERSION + 1;
    assert_eq!(Record::decode(&bytes), Err(RecordError::Newer(VERSION + 1)));
    assert!(matches!(Record::decode(b""), Err(RecordError::Damaged(_))));
    assert!(matches!(
        Record::decode(&[0, 1, 2]),
        Err(RecordError::Damaged(_))
    ));
}

/// Law 10: what version 1 wrote stays readable, whatever is added to the types.
#[test]
fn version_1_stays_readable() {
    let bytes = include_bytes!("../../fixtures/record-v1.bin");
    assert_eq!(Record::decode(bytes).unwrap(), record());
    let now = record().encode(Vec::new());
    assert_eq!(now[0], VERSION);
    assert_eq!(
        now[1..],
        bytes[1..],
        "the form of what was there before changed: raise VERSION and keep reading this"
    );
}
