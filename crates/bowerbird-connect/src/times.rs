//! The ways services write a moment, read without a general parser: five of them per post would cost a tenth of its decoding.

use bowerbird_core::time::Time;

/// Reads `2021-04-01T15:52:31.000Z`, or any RFC 3339 time the slow way.
pub(crate) fn rfc3339(text: &str) -> Option<Time> {
    zulu(text.as_bytes()).or_else(|| Time::parse(text))
}

/// `2021-04-01T15:52:31Z`, with one to six decimals or none.
fn zulu(text: &[u8]) -> Option<Time> {
    let (whole, rest) = text.split_at_checked(19)?;
    if whole[4] != b'-' || whole[7] != b'-' || whole[10] != b'T' {
        return None;
    }
    let date = (
        digits(&whole[..4])?,
        digits(&whole[5..7])?,
        digits(&whole[8..10])?,
    );
    let micros = match rest {
        b"Z" => 0,
        [b'.', decimals @ .., b'Z'] if (1..=6).contains(&decimals.len()) => {
            let places = u32::try_from(decimals.len()).ok()?;
            digits(decimals)? * 10_i64.pow(6 - places)
        }
        _ => return None,
    };
    at(date, clock(&whole[11..])?).map(|time| Time(time.0 + micros))
}

/// Reads `Wed Aug 27 13:08:45 +0000 2008`.
pub(crate) fn classic(text: &str) -> Option<Time> {
    let text = text.as_bytes();
    if text.len() != 30 || !text.is_ascii() {
        return None;
    }
    let month = MONTHS.iter().position(|name| *name == &text[4..7])?;
    let month = i64::try_from(month).ok()? + 1;
    let date = (digits(&text[26..30])?, month, digits(&text[8..10])?);
    offset(at(date, clock(&text[11..19])?)?, &text[20..25])
}

/// Reads `2018-04-01 02:20:50 +0000`.
pub(crate) fn spaced(text: &str) -> Option<Time> {
    let text = text.as_bytes();
    if text.len() != 25 || text[4] != b'-' || text[7] != b'-' {
        return None;
    }
    let date = (
        digits(&text[..4])?,
        digits(&text[5..7])?,
        digits(&text[8..10])?,
    );
    offset(at(date, clock(&text[11..19])?)?, &text[20..25])
}

const MONTHS: [&[u8]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

/// The number that plain digits write.
fn digits(text: &[u8]) -> Option<i64> {
    let mut number = 0;
    for byte in text {
        if !byte.is_ascii_digit() {
            return None;
        }
        number = number * 10 + i64::from(byte - b'0');
    }
    Some(number)
}

/// Seconds since midnight of `13:08:45`.
fn clock(text: &[u8]) -> Option<i64> {
    let (hours, minutes, seconds) = (
        digits(&text[..2])?,
        digits(&text[3..5])?,
        digits(&text[6..8])?,
    );
    let is_clock = text[2] == b':' && text[5] == b':' && hours < 24 && minutes < 60 && seconds < 60;
    is_clock.then_some(hours * 3_600 + minutes * 60 + seconds)
}

/// `local` seen from UTC, where `zone` is as `+0130`.
fn offset(local: Time, zone: &[u8]) -> Option<Time> {
    let seconds = digits(&zone[1..3])? * 3_600 + digits(&zone[3..5])? * 60;
    match zone[0] {
        b'+' => Some(Time(local.0 - seconds * 1_000_000)),
        b'-' => Some(Time(local.0 + seconds * 1_000_000)),
        _ => None,
    }
}

/// A date (year, month, day) and seconds since its midnight. Days are counted from 1 March, so that leap days come last.
fn at((year, month, day): (i64, i64, i64), seconds: i64) -> Option<Time> {
    if !(1..=12).contains(&month) || day < 1 || day > days_in(year, month) {
        return None;
    }
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let days = year * 365 + leap_days + (month * 153 + 2) / 5 + day - 1;
    const FROM_MARCH_0_TO_1970: i64 = 719_468;
    Some(Time(
        ((days - FROM_MARCH_0_TO_1970) * 86_400 + seconds) * 1_000_000,
    ))
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::{classic, rfc3339, spaced, zulu};
    use bowerbird_core::time::Time;
    use proptest::prelude::*;

    fn shown(time: Option<Time>) -> String {
        time.map_or_else(|| "none".to_owned(), |time| time.to_string())
    }

    #[test]
    fn reads_every_way_of_writing() {
        assert_eq!(
            shown(rfc3339("2021-04-01T15:52:31.000Z")),
            "2021-04-01T15:52:31.000Z"
        );
        assert_eq!(
            shown(rfc3339("2021-04-01T15:52:31+02:00")),
            "2021-04-01T13:52:31.000Z"
        );
        assert_eq!(
            shown(classic("Wed Aug 27 13:08:45 +0000 2008")),
            "2008-08-27T13:08:45.000Z"
        );
        assert_eq!(
            shown(classic("Fri Feb 29 23:59:59 +0130 2008")),
            "2008-02-29T22:29:59.000Z"
        );
        assert_eq!(
            shown(spaced("2018-04-01 02:20:50 +0000")),
            "2018-04-01T02:20:50.000Z"
        );
    }

    #[test]
    fn refuses_what_is_no_moment() {
        for text in [
            "",
            "2021-02-29T00:00:00Z",
            "2021-13-01T00:00:00Z",
            "2021-01-01T24:00:00Z",
            "äöü",
        ] {
            assert_eq!(rfc3339(text), None, "{text}");
        }
        assert_eq!(classic("Wed Foo 27 13:08:45 +0000 2008"), None);
        assert_eq!(classic("Wed Aug 27 13:08:45 +0000 20ä"), None);
        assert_eq!(spaced("2018-04-01 02:20:50 *0000"), None);
        assert_eq!(spaced("2018-04-01ä02:20:50 +0000"), None);
    }

    proptest! {
        #[test]
        fn agrees_with_the_calendar(micros in -60_000_000_000_000_000_i64..200_000_000_000_000_000) {
            let text = Time(micros).to_string();
            prop_assert_eq!(zulu(text.as_bytes()), Some(Time(micros)));
        }

        #[test]
        fn never_panics(text in "\\PC{0,40}") {
            let _ = (rfc3339(&text), classic(&text), spaced(&text));
        }
    }
}
