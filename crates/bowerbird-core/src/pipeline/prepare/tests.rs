use bytes::Bytes;

use super::*;
use crate::bill::Held;
use crate::event::{Aliases, Delete, Post};
use crate::ids::{EventId, TrackId};
use crate::source::Refused;
use crate::track::{Track, TrackDraft};

/// A tiny service: `post TEXT`, `edit TEXT`, `named TEXT` (a post with another id), `delete ID`, `profile ID`, anything else is refused.
fn decode(bytes: &[u8]) -> Result<Event<'_>, Refused> {
    let text = std::str::from_utf8(bytes).map_err(|_| Refused::new("not text"))?;
    let (word, rest) = text
        .split_once(' ')
        .ok_or_else(|| Refused::new("expected two words"))?;
    let body = match word {
        "post" => Body::Post(Box::new(Post {
            text: rest.into(),
            ..Post::default()
        })),
        "edit" => Body::Edit(Box::new(Post {
            text: rest.into(),
            ..Post::default()
        })),
        "named" => Body::Post(Box::new(Post {
            text: rest.into(),
            aliases: Aliases::one("7".to_owned()),
            ..Post::default()
        })),
        "delete" => Body::Delete(Delete::Post {
            post_id: rest.into(),
            author_id: "".into(),
        }),
        "profile" => Body::Profile(Box::default()),
        _ => return Err(Refused::new(format!("unknown word {word}"))),
    };
    Ok(Event {
        id: EventId::new("test", rest),
        at: None,
        body,
    })
}

fn prepare(keep: Keep, frames: &[&str]) -> Prepared {
    prepare_priced(keep, frames, Price::default())
}

fn prepare_priced(keep: Keep, frames: &[&str], price: Price<'_>) -> Prepared {
    let live = LiveTracks::default();
    let track = |id| Track {
        id: TrackId(id),
        rule_version: 3,
        draft: TrackDraft::new("birds", "bird"),
        created_at: Time(0),
        changed_at: Time(0),
    };
    assert!(live.apply(vec![track(7), track(8)]).is_empty());
    let source = SourceName::parse("s").unwrap();
    let (codec, sampler) = (RawCodec::default(), Sampler::default());
    let preparer = Preparer {
        source: &source,
        decode,
        keep,
        live: &live,
        codec: &codec,
        sampler: &sampler,
        price,
        repairs: None,
    };
    let frame =
        |(n, text): (usize, &&str)| Frame::new(Bytes::from((*text).to_owned()), Time(n as i64));
    preparer.prepare(&frames.iter().enumerate().map(frame).collect::<Vec<_>>())
}

fn contents(prepared: &Prepared) -> Vec<String> {
    let describe = |entry: &Entry| {
        let record = Record::decode(&entry.bytes).unwrap();
        match record.content {
            Content::Event {
                event,
                captures,
                raw,
                ..
            } => {
                let raw = RawCodec::default().unpack(raw).unwrap();
                format!(
                    "{} {} {}",
                    event.id.id,
                    captures.len(),
                    String::from_utf8(raw).unwrap()
                )
            }
            Content::Refused { reason, .. } => reason.into_owned(),
            other => format!("{other:?}"),
        }
    };
    prepared.entries.iter().map(describe).collect()
}

#[test]
fn every_frame_ends_once() {
    let prepared = prepare(
        Keep::All,
        &[
            "post a bird",
            "post a cat",
            "",
            "delete 5",
            "nonsense",
            "sing 5",
        ],
    );
    assert_eq!((prepared.read, prepared.unmatched), (5, 0));
    let expected = [
        "a bird 2 post a bird",
        "a cat 0 post a cat",
        "5 0 delete 5",
        "expected two words",
        "unknown word sing",
    ];
    assert_eq!(contents(&prepared), expected);
    assert_eq!(
        (prepared.first_at, prepared.heard_at),
        (Some(Time(0)), Some(Time(5)))
    );
}

#[test]
fn keeping_the_matched_still_lets_deletions_through() {
    let prepared = prepare(Keep::Matched, &["post a bird", "post a cat", "delete 5"]);
    assert_eq!((prepared.read, prepared.unmatched), (3, 1));
    assert_eq!(
        contents(&prepared),
        ["a bird 2 post a bird", "5 0 delete 5"]
    );
}

#[test]
fn an_edit_that_nothing_caught_is_no_more_than_that() {
    let frames = ["edit a bird", "edit a cat", "named a bird"];
    let prepared = prepare(Keep::Matched, &frames);
    assert_eq!((prepared.read, prepared.unmatched), (3, 1));
    let kinds = prepared.entries.iter().map(|entry| {
        let kind = match Record::decode(&entry.bytes).unwrap().content {
            Content::Event { event, .. } => format!("event {}", event.id.id),
            Content::UncaughtEdit { event, .. } => format!("uncaught {}", event.id.id),
            other => format!("{other:?}"),
        };
        let kind = kind.split(" {").next().unwrap_or_default().to_owned();
        (kind, entry.key != Entry::NO_EVENT)
    });
    let expected = [
        ("event a bird", true),
        ("uncaught a cat", false),
        ("Aliases", false),
        ("event a bird", true),
    ];
    let expected = expected.map(|(kind, is_shown)| (kind.to_owned(), is_shown));
    assert_eq!(kinds.collect::<Vec<_>>(), expected);
    let all = prepare(Keep::All, &["edit a cat"]);
    assert_eq!(contents(&all), ["a cat 0 edit a cat"]);
}

#[test]
fn keep_alives_are_heard_and_not_counted() {
    let prepared = prepare(Keep::All, &["", ""]);
    assert_eq!(
        (prepared.read, prepared.entries.len(), prepared.heard_at),
        (0, 0, Some(Time(1)))
    );
}

#[test]
fn what_a_source_calls_broken_is_not_decoded() {
    let live = LiveTracks::default();
    let source = SourceName::parse("s").unwrap();
    let (codec, sampler) = (RawCodec::default(), Sampler::default());
    let keep = Keep::All;
    let preparer = Preparer {
        source: &source,
        decode,
        keep,
        live: &live,
        codec: &codec,
        sampler: &sampler,
        price: Price::default(),
        repairs: None,
    };
    let torn = Frame {
        broken: Some("torn at the end of the file".into()),
        ..Frame::new("post a".into(), Time(1))
    };
    assert_eq!(
        contents(&preparer.prepare(&[torn])),
        ["torn at the end of the file"]
    );
}

#[test]
fn what_costs_money_is_put_on_the_bill_whether_it_is_kept_or_not() {
    let held = Held {
        reason: "spent".to_owned(),
        until: None,
    };
    let withheld = |tracks: &[u64]| Withheld {
        tracks: tracks
            .iter()
            .map(|id| (TrackId(*id), held.clone()))
            .collect(),
        ..Withheld::default()
    };
    let cases = [
        (withheld(&[]), [7, 8].as_slice()),
        (withheld(&[7]), &[8]),
        (withheld(&[7, 8]), &[7, 8]),
    ];
    for (withheld, expected) in cases {
        let price = Price {
            post: Money(5_000),
            account: Money(10_000),
            withheld: Some(&withheld),
        };
        let frames = [
            "post a bird",
            "post nothing",
            "delete a bird",
            "no event",
            "",
            "post a bird",
        ];
        let prepared = prepare_priced(Keep::Matched, &frames, price);
        assert_eq!((prepared.read, prepared.unmatched), (5, 1));
        let last = prepared.entries.last().unwrap();
        let Content::Charge(charge) = Record::decode(&last.bytes).unwrap().content else {
            panic!("the charge comes last");
        };
        assert_eq!((charge.what, charge.price), (Priced::Post, Money(5_000)));
        let calls: Vec<(&str, Vec<u64>)> = charge
            .calls
            .iter()
            .map(|call| {
                (
                    call.id.as_str(),
                    call.tracks.iter().map(|track| track.0).collect(),
                )
            })
            .collect();
        let bird = ("a bird", expected.to_vec());
        assert_eq!(
            calls,
            [bird.clone(), ("nothing", vec![]), ("", vec![]), bird]
        );
    }
}

#[test]
fn what_is_free_is_on_no_bill() {
    let prepared = prepare(Keep::All, &["post a bird"]);
    assert_eq!(contents(&prepared), ["a bird 2 post a bird"]);
}

#[test]
fn accounts_are_charged_apart_from_posts() {
    let price = Price {
        post: Money(5_000),
        account: Money(10_000),
        withheld: None,
    };
    let prepared = prepare_priced(
        Keep::All,
        &["profile 12", "post a bird", "profile 13"],
        price,
    );
    let charges = prepared.entries[3..].iter().map(|entry| {
        let Content::Charge(charge) = Record::decode(&entry.bytes).unwrap().content else {
            panic!("charges come last");
        };
        (charge.what, charge.price, charge.calls.len())
    });
    let charges: Vec<_> = charges.collect();
    let expected = [
        (Priced::Post, Money(5_000), 1),
        (Priced::Account, Money(10_000), 2),
    ];
    assert_eq!(charges, expected);
    let free = prepare(Keep::All, &["profile 12", "post a bird"]);
    assert_eq!(free.entries.len(), 2);
}
