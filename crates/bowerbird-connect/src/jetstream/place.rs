//! Where in Jetstream's time we are: moments of events, cursors, and what is missing where the service begins later than it was asked to. Pure.
//!
//! A cursor is the moment, in microseconds, of the last event that was handed over, and a mark of that event. Moments are the instance's own: they are
//! not quite in order, and another instance's differ a little; so a connection begins some seconds before its cursor, and what comes again is
//! kept once. Where the first event is later than the cursor by no more than that, only the event of the cursor itself shows that nothing is missing.

use std::time::Duration;

use bowerbird_core::ids::Cursor;
use bowerbird_core::source::{Lost, SourceError};
use bowerbird_core::time::Time;
use sonic_rs::JsonValueTrait;

use super::config::JetstreamWire;
use crate::times;

/// How long before its cursor a connection begins.
pub(super) const REWIND: Duration = Duration::from_secs(5);
/// Jetstream takes smaller numbers for something else.
const LEAST_MICROS: i64 = 1_000_000_000_000_000;

/// When an event happened, by its instance's clock; `None` for what is no event.
pub(super) fn moment(wire: JetstreamWire, message: &[u8]) -> Option<Time> {
    let at = match wire {
        // Looks no further than the key, which comes second in every event.
        JetstreamWire::Old => Time(sonic_rs::get(message, ["time_us"]).ok()?.as_i64()?),
        JetstreamWire::New => {
            let time = sonic_rs::get(message, ["payload", "time"]).ok()?;
            times::rfc3339(time.as_str()?)?
        }
    };
    (at.0 >= LEAST_MICROS).then_some(at)
}

/// By what an event is known again, whatever instance it comes from.
pub(super) fn mark(wire: JetstreamWire, message: &[u8]) -> Option<Mark> {
    let commit = match wire {
        JetstreamWire::Old => sonic_rs::get(message, ["commit"]).ok()?,
        JetstreamWire::New => sonic_rs::get(message, ["payload"]).ok()?,
    };
    let part = |name| sonic_rs::get(commit.as_raw_str(), [name]).ok();
    let mut hash = crc32fast::Hasher::new();
    for name in ["rev", "collection", "rkey"] {
        hash.update(part(name)?.as_raw_str().as_bytes());
    }
    Some(Mark(hash.finalize()))
}

/// The cursor of an event.
pub(super) fn cursor(at: Time, mark: Option<Mark>) -> Cursor {
    Cursor(match mark {
        Some(Mark(mark)) => format!("{} {mark:08x}", at.0),
        None => at.0.to_string(),
    })
}

/// What a cursor stands for.
pub(super) fn read(cursor: &Cursor) -> Result<Place, SourceError> {
    let (micros, mark) = match cursor.0.split_once(' ') {
        Some((micros, mark)) => (micros, u32::from_str_radix(mark, 16).ok().map(Mark)),
        None => (cursor.0.as_str(), None),
    };
    let at = micros.parse().ok().filter(|at| *at >= LEAST_MICROS);
    let at = at.map(Time).ok_or_else(|| SourceError::CursorLost {
        reason: "the cursor is not one of Jetstream".to_owned(),
        lost: Lost::default(),
    })?;
    Ok(Place { at, mark })
}

/// An event, known again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark(u32);

/// Where a connection goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The moment of the last event that we have.
    pub(super) at: Time,
    /// That event, if it can be known again.
    pub(super) mark: Option<Mark>,
}

/// Whether all that comes after a cursor comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// Nothing has come yet.
    Untold(Place),
    /// Nothing has come yet, and the first event must not be later than this: for a gap that no event begins.
    Strict(Time),
    /// The first event, of this moment, is a little later than the cursor.
    Late(Place, Time),
    /// Nothing is missing.
    None,
}

impl Doubt {
    /// What an event of this moment says of it. An error says that the service has let go of what came after the cursor, without telling.
    pub(super) fn judge(
        self,
        at: Time,
        mark: impl FnOnce() -> Option<Mark>,
    ) -> Result<Self, SourceError> {
        let (place, first) = match self {
            Self::None => return Ok(self),
            Self::Strict(from) if at <= from => return Ok(Self::None),
            Self::Strict(from) => return Err(let_go(from, at)),
            Self::Untold(place) => (place, at),
            Self::Late(place, first) => (place, first),
        };
        if first <= place.at || (place.mark.is_some() && place.mark == mark()) {
            return Ok(Self::None);
        }
        let is_over = at > place.at.plus(REWIND);
        match place.mark {
            _ if is_over => Err(let_go(place.at, first)),
            Some(_) => Ok(Self::Late(place, first)),
            None => Ok(Self::None),
        }
    }
}

/// The service begins later than it was asked to.
fn let_go(asked: Time, first: Time) -> SourceError {
    SourceError::CursorLost {
        reason: "Jetstream no longer has all that came after the cursor, and begins later"
            .to_owned(),
        lost: Lost {
            from: Some(asked),
            resume: Some((first, cursor(first, None))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_found_on_either_wire() {
        let old = JetstreamWire::Old;
        let new = JetstreamWire::New;
        let at = Some(Time(1_779_719_009_157_119));
        for (wire, message, expected) in [
            (
                old,
                r#"{"did":"did:plc:a","time_us":1779719009157119,"kind":"commit"}"#,
                at,
            ),
            (
                old,
                r#"{"did":"\"time_us\":1","time_us":1779719009157119}"#,
                at,
            ),
            (old, r#"{"commit":{"time_us":1779719009157119}}"#, None),
            (old, r#"{"time_us":7}"#, None),
            (old, r#"{"time_us":"1779719009157119"}"#, None),
            (old, r#"{"time_us":99999999999999999999999}"#, None),
            (old, "garbage", None),
            (old, "", None),
            (
                new,
                r#"{"$type":"message","payload":{"seq":1,"time":"2026-05-25T14:23:29.157119Z"}}"#,
                at,
            ),
            (new, r#"{"$type":"error","error":"ConsumerTooSlow"}"#, None),
            (new, r#"{"payload":{"time":7}}"#, None),
        ] {
            assert_eq!(moment(wire, message.as_bytes()), expected, "{message}");
        }
    }

    #[test]
    fn a_cursor_is_a_moment_and_a_mark() {
        let at = Time(1_779_719_009_157_119);
        for mark in [None, Some(Mark(7))] {
            assert_eq!(read(&cursor(at, mark)), Ok(Place { at, mark }));
        }
        for text in ["", "7", "-1779719009157119", "yesterday", " 00000007"] {
            let error = read(&Cursor(text.to_owned())).unwrap_err();
            assert!(matches!(error, SourceError::CursorLost { .. }), "{text}");
        }
    }

    #[test]
    fn an_event_is_known_again_whatever_its_moment() {
        let event = |time: &str, rev: &str| {
            let commit = format!(r#"{{"rev":"{rev}","collection":"a.b","rkey":"r"}}"#);
            let event = format!(r#"{{"did":"did:plc:a","time_us":{time},"commit":{commit}}}"#);
            mark(JetstreamWire::Old, event.as_bytes())
        };
        assert!(event("1", "x").is_some());
        assert_eq!(event("1", "x"), event("2", "x"));
        assert_ne!(event("1", "x"), event("1", "y"));
        assert_eq!(
            mark(JetstreamWire::Old, br#"{"did":"did:plc:a","identity":{}}"#),
            None
        );
        let new = br#"{"payload":{"rev":"x","collection":"a.b","rkey":"r"}}"#;
        assert_eq!(mark(JetstreamWire::New, new), event("1", "x"));
    }

    #[test]
    fn what_comes_first_tells_whether_something_is_missing() {
        let asked = Time(1_779_719_009_157_119);
        let after = |seconds: u64| asked.plus(Duration::from_secs(seconds));
        let (same, other) = (Some(Mark(7)), Some(Mark(8)));
        for (mark, events, expected) in [
            (same, vec![(asked.minus(REWIND), other)], "whole"),
            (same, vec![(asked, other)], "whole"),
            (same, vec![(after(2), same)], "whole"),
            (same, vec![(after(2), other), (after(3), same)], "whole"),
            (same, vec![(after(2), other), (after(3), None)], "doubt"),
            (same, vec![(after(2), other), (after(6), other)], "lost 2"),
            (same, vec![(after(6), other)], "lost 6"),
            (same, vec![(after(6), same)], "whole"),
            (None, vec![(after(2), None)], "whole"),
            (None, vec![(after(6), None)], "lost 6"),
        ] {
            let mut doubt = Ok(Doubt::Untold(Place { at: asked, mark }));
            for (at, mark) in &events {
                doubt = doubt.and_then(|doubt| doubt.judge(*at, || *mark));
            }
            let found = match doubt {
                Ok(Doubt::None) => "whole".to_owned(),
                Ok(_) => "doubt".to_owned(),
                Err(SourceError::CursorLost { lost, .. }) => {
                    assert_eq!(lost.from, Some(asked));
                    let (first, resume) = lost.resume.unwrap();
                    assert_eq!(resume, cursor(first, None));
                    format!("lost {}", first.since(asked).as_secs())
                }
                Err(other) => other.to_string(),
            };
            assert_eq!(found, expected, "{events:?}");
        }
    }
}
