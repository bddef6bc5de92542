use bytes::Bytes;

use super::*;
use crate::event::{Delete, Post};
use crate::ids::{EventId, TrackId};
use crate::source::Refused;
use crate::track::{Track, TrackDraft};

/// A tiny service: `post TEXT`, `delete ID`, anything else is refused.
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
        "delete" => Body::Delete(Delete::Post {
            post_id: rest.into(),
            author_id: "".into(),
        }),
        _ => return Err(Refused::new(format!("unknown word {word}"))),
    };
    Ok(Event {
        id: EventId::new("test", rest),
        at: None,
        body,
    })
}

fn prepare(keep: Keep, frames: &[&str]) -> Prepared {
    let live = LiveTracks::default();
    let track = Track {
        id: TrackId(7),
        rule_version: 3,
        draft: TrackDraft::new("birds", "bird"),
        created_at: Time(0),
        changed_at: Time(0),
    };
    assert!(live.apply(vec![track]).is_empty());
    let source = SourceName::parse("s").unwrap();
    let (codec, sampler) = (RawCodec::default(), Sampler::default());
    let preparer = Preparer {
        source: &source,
        decode,
        keep,
        live: &live,
        codec: &codec,
        sampler: &sampler,
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
        "a bird 1 post a bird",
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
        ["a bird 1 post a bird", "5 0 delete 5"]
    );
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
