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
            repairs: None,
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

/// Law 10: what earlier versions wrote stays readable, whatever is added to the types.
#[test]
fn what_earlier_versions_wrote_stays_readable() {
    let of = |content| Record {
        source: "s".into(),
        received_at: Time(7),
        content,
    };
    let gap = Content::Gap {
        track: None,
        from: Time(1),
        until: Some(Time(7)),
        cause: Cause::NotRunning,
        reason: "bowerbird was not running".into(),
        lost: Some(3),
    };
    let withheld = Content::Gap {
        track: Some(TrackId(9)),
        from: Time(2),
        until: None,
        cause: Cause::Budget,
        reason: "its budget is spent".into(),
        lost: None,
    };
    let cases: [(&[u8], Record<'_>); 3] = [
        (include_bytes!("../../fixtures/record-v1.bin"), record()),
        (include_bytes!("../../fixtures/record-v2-gap.bin"), of(gap)),
        (
            include_bytes!("../../fixtures/record-v2-withheld.bin"),
            of(withheld),
        ),
    ];
    for (bytes, expected) in cases {
        assert_eq!(Record::decode(bytes).unwrap(), expected);
    }
}

/// What this version writes; once another is released, these are fixtures of an earlier one.
#[test]
fn the_present_form_does_not_change() {
    let gap = Record {
        content: Content::Gap {
            track: Some(TrackId(9)),
            from: Time(1),
            until: Some(Time(7)),
            cause: Cause::Unconfirmed,
            reason: "not yet".into(),
            lost: Some(3),
        },
        ..record()
    };
    let cases: [(&[u8], Record<'_>); 2] = [
        (include_bytes!("../../fixtures/record-v4.bin"), record()),
        (include_bytes!("../../fixtures/record-v4-gap.bin"), gap),
    ];
    for (bytes, record) in cases {
        assert_eq!(
            record.encode(Vec::new()),
            bytes,
            "the form of what was there before changed: raise VERSION and keep reading this"
        );
    }
}
