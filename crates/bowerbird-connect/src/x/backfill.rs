//! Asking X to send again what came while we were away (`backfill_minutes`, where our plan has it). Pure.
//!
//! The cursor of such a stream is the moment of its last byte. X counts whole minutes back from the connect, five at most; it sends more than was missed, older
//! posts first, and what comes twice is a duplicate.

use std::time::Duration;

use bowerbird_core::ids::Cursor;
use bowerbird_core::source::{Lost, SourceError};
use bowerbird_core::time::Time;

/// The most minutes that X sends again.
pub const MAX_BACKFILL_MINUTES: u8 = 5;
/// Posts reach the stream some seconds late, and connecting takes its time.
const MARGIN: Duration = Duration::from_secs(10);

/// The cursor after a byte that came at this moment.
pub(super) fn cursor(at: Time) -> Cursor {
    Cursor(at.0.to_string())
}

/// As a parameter that follows others; nothing where nothing is asked for.
pub(super) fn parameter(
    cursor: Option<&Cursor>,
    most: u8,
    now: Time,
) -> Result<String, SourceError> {
    let minutes = minutes(cursor, most, now)?;
    Ok(minutes.map_or_else(String::new, |n| format!("&backfill_minutes={n}")))
}

/// How many minutes to ask for with this cursor, where `most` may be asked for; `None` to begin now. What lies further back is lost.
fn minutes(cursor: Option<&Cursor>, most: u8, now: Time) -> Result<Option<u8>, SourceError> {
    let Some(cursor) = cursor.filter(|_| most > 0) else {
        return Ok(None);
    };
    let Some(from) = cursor.0.parse().ok().map(Time) else {
        return Err(SourceError::CursorLost {
            reason: "the cursor is not one of a stream of X".to_owned(),
            lost: Lost::default(),
        });
    };
    let away = now.since(from) + MARGIN;
    let reach = Duration::from_secs(60 * u64::from(most));
    if away <= reach {
        let minutes = away.as_secs().div_ceil(60).max(1);
        return Ok(Some(u8::try_from(minutes).unwrap_or(most).min(most)));
    }
    // A little less than all, so that the next attempt is in time.
    let resume = now.minus(reach).plus(3 * MARGIN);
    Err(SourceError::CursorLost {
        reason: format!("X sends again what came in the last {most} minutes, not more"),
        lost: Lost {
            from: Some(from),
            resume: Some((resume, self::cursor(resume))),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(1_790_000_000_000_000);

    #[test]
    fn as_many_minutes_are_asked_for_as_are_missing() {
        let ago = |seconds| cursor(NOW.minus(Duration::from_secs(seconds)));
        for (away, most, expected) in [
            (0, 5, Some(1)),
            (49, 5, Some(1)),
            (51, 5, Some(2)),
            (110, 5, Some(2)),
            (290, 5, Some(5)),
            (50, 1, Some(1)),
            (9_999, 0, None),
        ] {
            assert_eq!(
                minutes(Some(&ago(away)), most, NOW),
                Ok(expected),
                "{away} s"
            );
        }
        assert_eq!(minutes(None, 5, NOW), Ok(None));
        // A clock that was set back.
        let ahead = cursor(NOW.plus(Duration::from_secs(60)));
        assert_eq!(minutes(Some(&ahead), 5, NOW), Ok(Some(1)));
    }

    #[test]
    fn what_lies_further_back_is_lost_and_the_rest_is_not() {
        let from = NOW.minus(Duration::from_secs(600));
        let Err(SourceError::CursorLost { lost, .. }) = minutes(Some(&cursor(from)), 5, NOW) else {
            panic!("ten minutes are more than five");
        };
        let (at, rest) = lost.resume.unwrap();
        assert_eq!((lost.from, NOW.since(at).as_secs()), (Some(from), 270));
        assert_eq!(minutes(Some(&rest), 5, NOW), Ok(Some(5)));
        let odd = Cursor("yesterday".to_owned());
        let odd = minutes(Some(&odd), 5, NOW);
        assert!(
            matches!(odd, Err(SourceError::CursorLost { .. })),
            "{odd:?}"
        );
    }
}
