//! Asking X to send again what came while we were away (`backfill_minutes`, where our plan has it). Pure.
//!
//! The cursor of such a stream is the moment of its last byte; while X still sends what was missed, the moment of the last post, as a break in the middle of that would lose
//! the rest otherwise. X counts whole minutes back from the connect, five at most; it sends more than was missed, older
//! posts first, and what comes twice is a duplicate.

use std::time::Duration;

use bowerbird_core::frame::Frame;
use bowerbird_core::ids::Cursor;
use bowerbird_core::source::{Lost, SourceError};
use bowerbird_core::time::Time;
use sonic_rs::JsonValueTrait;

use crate::json;

/// The most minutes that X sends again.
pub const MAX_BACKFILL_MINUTES: u8 = 5;
/// Posts reach the stream some seconds late, and connecting takes its time.
const MARGIN: Duration = Duration::from_secs(10);

/// X's ids hold the millisecond they were given, counted from this one.
const EPOCH_MILLIS: u64 = 1_288_834_974_657;

/// When a post was made, by its id.
pub(super) fn made_at(id: &str) -> Time {
    let id: u64 = id.parse().unwrap_or(0);
    Time::from_millis(((id >> 22) + EPOCH_MILLIS).cast_signed())
}

/// How far a stream has come.
#[derive(Debug)]
pub(super) struct Moments {
    /// While X sends again what was missed: when the connection was made, and the last post's moment, if one is known.
    again: Option<(Time, Option<Time>)>,
}

impl Moments {
    /// Of a connection made now, that may ask for so many minutes again and has asked with this parameter; `None` where nothing is sent again.
    pub(super) fn new(most: u8, parameter: &str, now: Time) -> Option<Self> {
        let again = (!parameter.is_empty()).then_some((now, None));
        (most > 0).then_some(Self { again })
    }

    /// The cursor behind these; `None` where it stays what it was.
    pub(super) fn behind(&mut self, frames: &[Frame]) -> Option<Cursor> {
        for frame in frames {
            let Some((connected, last)) = &mut self.again else {
                break;
            };
            // X is silent only where it has nothing left to send.
            let made = post_made_at(frame);
            if frame.is_keep_alive() || made.is_some_and(|made| made >= *connected) {
                self.again = None;
            } else if let Some(made) = made {
                *last = Some(last.map_or(made, |last| last.max(made)));
            }
        }
        match self.again {
            None => frames.last().map(|frame| cursor(frame.received_at)),
            Some((_, last)) => last.map(cursor),
        }
    }
}

/// When the post of a line was made, or of an activity about one.
fn post_made_at(frame: &Frame) -> Option<Time> {
    let text = json::checked(&frame.bytes).ok()?;
    let id = |path: &[&str]| {
        let value = sonic_rs::get(text, path).ok()?;
        value.as_str().map(made_at)
    };
    id(&["data", "id"]).or_else(|| id(&["data", "payload", "id"]))
}

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
    fn while_x_sends_again_the_cursor_is_the_last_posts_moment() {
        let ago = |seconds| NOW.minus(Duration::from_secs(seconds));
        let id = |at: Time| ((at.0 / 1_000 - EPOCH_MILLIS.cast_signed()) << 22).to_string();
        let frame = |text: String| Frame::new(text.into(), NOW.plus(Duration::from_secs(1)));
        let post = |at| frame(format!(r#"{{"data":{{"text":"a","id":"{}"}}}}"#, id(at)));
        let activity = |at| {
            let payload = format!(r#"{{"id":"{}"}}"#, id(at));
            frame(format!(
                r#"{{"data":{{"event_type":"post.create","payload":{payload}}}}}"#
            ))
        };
        let now = Some(cursor(NOW.plus(Duration::from_secs(1))));
        let begun = || Moments::new(5, "&backfill_minutes=3", NOW).unwrap();
        let mut moments = begun();
        let odd = frame(r#"{"errors":[]}"#.to_owned());
        assert_eq!(moments.behind(std::slice::from_ref(&odd)), None);
        let some = [post(ago(170)), activity(ago(160)), post(ago(165)), odd];
        assert_eq!(moments.behind(&some), Some(cursor(ago(160))));
        assert_eq!(moments.behind(&[post(ago(100))]), Some(cursor(ago(100))));
        // A post that was made since, or silence: all was sent.
        assert_eq!(moments.behind(&[post(NOW), post(ago(1))]), now);
        assert_eq!(moments.behind(&[post(ago(1))]), now);
        assert_eq!(begun().behind(&[frame(String::new())]), now);
        // Nothing was asked for again, or can be.
        let mut plain = Moments::new(5, "", NOW).unwrap();
        assert_eq!(plain.behind(&[post(ago(100))]), now);
        assert!(Moments::new(0, "", NOW).is_none());
    }

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
