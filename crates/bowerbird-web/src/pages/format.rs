//! How moments, numbers and spans look. Scripts rewrite moments to the reader's own zone; without them they stand in UTC.

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

/// A number with its thousands apart.
pub(crate) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Bytes for a person.
pub(crate) fn bytes(bytes: u64) -> String {
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let mut unit = 0;
    let mut scaled = bytes;
    let mut tenths = 0;
    while scaled >= 1_024 && unit + 1 < units.len() {
        tenths = scaled % 1_024 * 10 / 1_024;
        scaled /= 1_024;
        unit += 1;
    }
    if unit == 0 {
        format!("{bytes} bytes")
    } else {
        format!("{scaled}.{tenths} {}", units[unit])
    }
}

/// `1 post`, `2 posts`.
pub(crate) fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(count), if count == 1 { one } else { many })
}

/// The class that gives a track its colour.
pub(crate) fn colour(track: TrackId) -> String {
    format!("track-{}", track.0 % COLOURS)
}

/// A path segment, percent-encoded.
pub(crate) fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_thousands_apart() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
        ];
        for (given, expected) in cases {
            assert_eq!(number(given), expected);
        }
    }

    #[test]
    fn bytes_are_for_a_person() {
        let cases = [
            (0, "0 bytes"),
            (1_023, "1023 bytes"),
            (1_536, "1.5 KiB"),
            (3 << 30, "3.0 GiB"),
        ];
        for (given, expected) in cases {
            assert_eq!(bytes(given), expected);
        }
    }

    #[test]
    fn an_id_with_slashes_is_one_segment() {
        assert_eq!(segment("https://a.b/@c/1"), "https%3A%2F%2Fa.b%2F%40c%2F1");
    }

    #[test]
    fn moments_stand_in_utc() {
        let time = Time::parse("2026-11-21T08:15:30.5+01:00").unwrap();
        assert_eq!(utc(time), "2026-11-21 07:15:30 UTC");
        assert_eq!(field_time(Some(time)), "2026-11-21T07:15");
    }
}
