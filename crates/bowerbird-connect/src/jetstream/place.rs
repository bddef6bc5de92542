//! Where in Jetstream's time we are: moments of events, cursors, and what is missing where the service begins later than it was asked to. Pure.
//!
//! A cursor is the moment, in microseconds, of the last event that was handed over. Moments are the instance's own: they are not quite in order, and
//! another instance's differ a little; so a connection begins some seconds before its cursor, and what comes again is kept once.

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

/// The cursor of an event.
pub(super) fn cursor(at: Time) -> Cursor {
    Cursor(at.0.to_string())
}

/// The moment that a cursor stands for.
pub(super) fn read(cursor: &Cursor) -> Result<Time, SourceError> {
    let micros = cursor.0.parse().ok().filter(|at| *at >= LEAST_MICROS);
    micros.map(Time).ok_or_else(|| SourceError::CursorLost {
        reason: "the cursor is not one of Jetstream".to_owned(),
        lost: Lost::default(),
    })
}

/// What is wrong if the first event that came is this one. The event of the cursor itself must come again, if it is still there: one that is
/// later says that the service has let go of what came before, without telling.
pub(super) fn missing(asked: Time, first: Time) -> Option<SourceError> {
    (first > asked.plus(REWIND)).then(|| SourceError::CursorLost {
        reason: "Jetstream no longer has all that came after the cursor, and begins later"
            .to_owned(),
        lost: Lost {
            from: Some(asked),
            resume: Some((first, cursor(first))),
        },
    })
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
    fn a_cursor_is_a_moment() {
        let at = Time(1_779_719_009_157_119);
        assert_eq!(read(&cursor(at)), Ok(at));
        for text in ["", "7", "-1779719009157119", "yesterday"] {
            let error = read(&Cursor(text.to_owned())).unwrap_err();
            assert!(matches!(error, SourceError::CursorLost { .. }), "{text}");
        }
    }

    #[test]
    fn a_first_event_that_is_later_than_the_cursor_tells_of_a_loss() {
        let asked = Time(1_779_719_009_157_119);
        let second = Duration::from_secs(1);
        for first in [asked.minus(REWIND), asked, asked.plus(REWIND)] {
            assert_eq!(missing(asked, first), None, "{first:?}");
        }
        let first = asked.plus(REWIND).plus(second);
        let Some(SourceError::CursorLost { lost, .. }) = missing(asked, first) else {
            panic!("a loss is told");
        };
        assert_eq!(lost.from, Some(asked));
        assert_eq!(lost.resume, Some((first, cursor(first))));
    }
}
