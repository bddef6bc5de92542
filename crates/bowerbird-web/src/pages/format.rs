//! How moments look, and colours. Scripts rewrite moments to the reader's own zone; without them they stand in UTC.

use bowerbird_core::ids::TrackId;
use bowerbird_core::time::Time;
use maud::{Markup, html};

/// Track colours in the style sheet.
const COLOURS: u64 = 8;

/// A moment: date and time of day.
pub(crate) fn moment(time: Time) -> Markup {
    html! { time datetime=(time) data-form="full" { (utc(time)) } }
}

/// A moment of today, most likely: time of day.
pub(crate) fn clock(time: Time) -> Markup {
    let text = time.to_string();
    let short = text.get(11..19).unwrap_or(&text).to_owned();
    html! { time datetime=(text) data-form="clock" title=(utc(time)) { (short) } }
}

fn utc(time: Time) -> String {
    let text = time.to_string();
    match (text.get(..10), text.get(11..19)) {
        (Some(date), Some(clock)) => format!("{date} {clock} UTC"),
        _ => text,
    }
}

/// The value of a `datetime-local` field, in UTC.
pub(crate) fn field_time(time: Option<Time>) -> String {
    time.and_then(|time| time.to_string().get(..16).map(str::to_owned))
        .unwrap_or_default()
}

/// The class that gives a track its colour.
pub(crate) fn colour(track: TrackId) -> String {
    format!("track-{}", track.0 % COLOURS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_stand_in_utc() {
        let time = Time::parse("2026-11-21T08:15:30.5+01:00").unwrap();
        assert_eq!(utc(time), "2026-11-21 07:15:30 UTC");
        assert_eq!(field_time(Some(time)), "2026-11-21T07:15");
    }
}
