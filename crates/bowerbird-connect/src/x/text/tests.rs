//! Tests of escapes and offsets, also against a slow way of counting.

use std::borrow::Cow;

use proptest::prelude::*;

use super::{PlainText, find_signed, is_signed};

fn plain(text: &str) -> PlainText<'_> {
    PlainText::new(Cow::Borrowed(text))
}

fn marked(text: &str, start: u64, end: u64) -> Option<String> {
    let plain = plain(text);
    plain
        .bytes(start, end)
        .map(|range| plain.text[range].to_owned())
}

#[test]
fn escapes_are_undone_once() {
    for (escaped, expected) in [
        ("a &amp; b", "a & b"),
        ("&lt;b&gt; &quot;q&quot;", "<b> \"q\""),
        ("&amp;amp; &amp;lt;", "&amp; &lt;"),
        ("AT&T &; &nbsp; &", "AT&T &; &nbsp; &"),
        ("日本&amp;🐦", "日本&🐦"),
    ] {
        assert_eq!(plain(escaped).text, expected);
    }
}

#[test]
fn text_without_escapes_is_borrowed() {
    assert!(matches!(plain("schön 🐦").text, Cow::Borrowed(_)));
}

#[test]
fn offsets_count_code_points_of_the_escaped_text() {
    for (text, start, end, expected) in [
        ("hi #tag", 3, 7, Some("#tag")),
        ("👩🏽‍🚀 #tag", 5, 9, Some("#tag")),
        ("日本語 #タグ", 4, 7, Some("#タグ")),
        ("a &amp; #tag", 8, 12, Some("#tag")),
        ("a &amp; #tag", 2, 7, Some("&")),
        ("a &amp; #tag", 2, 4, Some("")),
        ("short", 2, 9, None),
        ("short", 4, 2, None),
        ("日本", 2, 2, Some("")),
        ("日本", 0, 3, None),
        ("", 0, 0, Some("")),
    ] {
        assert_eq!(
            marked(text, start, end).as_deref(),
            expected,
            "{text} {start}..{end}"
        );
    }
}

#[test]
fn a_misplaced_mark_is_searched_for() {
    let text = plain("🐦 one #tag two #Tag");
    let place = |marked| {
        text.place(
            marked,
            |word| is_signed(word, ['#', '＃'], "tag"),
            |text| find_signed(text, ['#', '＃'], "tag", 0),
        )
    };
    assert_eq!(place((Some(6), Some(10))), 9..13);
    assert_eq!(place((Some(15), Some(19))), 18..22);
    assert_eq!(place((Some(7), Some(11))), 9..13);
    assert_eq!(place((None, Some(11))), 9..13);
    assert_eq!(place((Some(u64::MAX), Some(1))), 9..13);
    let nowhere = text.place((Some(0), Some(2)), |_| false, |_| None);
    assert_eq!(nowhere, 0..0);
}

#[test]
fn a_sign_is_found_only_before_the_whole_word() {
    let find = |text, value| find_signed(text, ['#', '＃'], value, 0);
    assert_eq!(find("#tags #tag", "tag"), Some(6..10));
    assert_eq!(find("＃日本語 ＃日本", "日本"), Some(13..22));
    assert_eq!(find("#tag_ #", "tag"), None);
    assert_eq!(find_signed("#a #a", ['#', '＃'], "a", 2), Some(3..5));
    assert_eq!(find_signed("é#a", ['#', '＃'], "a", 1), None);
}

proptest! {
    #[test]
    fn agrees_with_counting(text in "([a-c &é日🐦]|&amp;|&lt;){0,30}", start in 0_u64..40, len in 0_u64..10) {
        let chars: Vec<char> = text.chars().collect();
        let (from, until) = (start as usize, (start + len) as usize);
        let found = marked(&text, start, start + len);
        // Where the slow way cuts no escape in two, both say the same.
        if let Some(slice) = chars.get(from..until) {
            let slice: String = slice.iter().collect();
            let before: String = chars[..from].iter().collect();
            let after: String = chars[until..].iter().collect();
            let parts = [before, slice.clone(), after].map(|part| plain(&part).text.into_owned());
            if parts.concat() == plain(&text).text {
                prop_assert_eq!(found, Some(parts[1].clone()));
            }
        } else {
            prop_assert_eq!(found, None);
        }
    }
}
