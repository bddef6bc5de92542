//! What a text is cut into, in several scripts, and that spans always fit.

use proptest::prelude::*;

use super::chars::{Class, class};
use super::fold::fold_into;
use super::{Profile, tokenize};

fn tokens(text: &str, profile: Profile) -> Vec<String> {
    let mut found = Vec::new();
    tokenize(text, profile, &mut |token| {
        found.push(token.text.to_owned())
    });
    found
}

#[track_caller]
fn stream(text: &str, expected: &str) {
    assert_eq!(
        tokens(text, Profile::Stream).join("|"),
        expected,
        "{text:?}"
    );
}

#[track_caller]
fn search(text: &str, expected: &str) {
    assert_eq!(
        tokens(text, Profile::Search).join("|"),
        expected,
        "{text:?}"
    );
}

#[test]
fn punctuation_and_symbols_part_words() {
    stream("I like coca-cola", "i|like|coca|cola");
    stream("Don't, don’t!", "don|t|don|t");
    stream("#snake_case @some_one $BRK.A", "snake|case|some|one|brk|a");
    stream("https://example.com/a?b=1", "https|example|com|a|b|1");
    stream("1,000.50 €3 ½ x²", "1|000|50|3|½|x²");
    stream("a\u{200B}b…c—d", "a|b|c|d");
    stream("", "");
    stream(" \n\t!? ", "");
}

#[test]
fn case_is_folded_in_every_script() {
    stream("ΣΊΣΥΦΟΣ σίσυφος", "σίσυφοσ|σίσυφοσ");
    stream("ПРИВЕТ Ёлка", "привет|ёлка");
    stream("ԲԱՐԵՒ", "բարեւ");
    stream("İstanbul ISTANBUL ısparta", "istanbul|istanbul|ısparta");
    stream("STRASSE Straße", "strasse|straße");
}

#[test]
fn composed_and_decomposed_are_one() {
    stream("caf\u{e9} cafe\u{301}", "café|café");
    stream(
        "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af} 한글",
        "한|글|한|글",
    );
    stream("か\u{3099} が", "が|が");
    stream("Việt Vie\u{323}\u{302}t", "việt|việt");
}

#[test]
fn what_cannot_be_seen_does_not_count() {
    stream("می\u{200C}خواهم میخواهم", "میخواهم|میخواهم");
    stream("\u{200F}שלום\u{200F} co\u{AD}op", "שלום|coop");
    stream("葛\u{E0100}", "葛");
}

#[test]
fn diacritics_count_for_rules_and_not_for_search() {
    stream("touché", "touché");
    search("touché Ærø Łódź đ ñ", "touche|aero|lodz|d|n");
    search("мой ёж їжак", "мой|еж|іжак");
    search("مُحَمَّد كـــتاب", "محمد|كتاب");
    search("שָׁלוֹם", "שלום");
    search("が ガ ｶﾞ हिन्दी", "が|ガ|ガ|हिन्दी");
    search("Ｆｕｌｌ ﬁne Straße ½", "full|fine|strasse|12");
}

#[test]
fn scripts_without_blanks_give_characters() {
    stream("東京タワーでiPhone15を", "東|京|タ|ワ|ー|で|iphone15|を");
    stream("我爱北京。", "我|爱|北|京");
    stream("สวัสดีครับ", "ส|วั|ส|ดี|ค|รั|บ");
    stream("한국에서 ㅋㅋ", "한|국|에|서|ㅋ|ㅋ");
    stream("ភាសាខ្មែរ", "ភា|សា|ខ្|មែ|រ");
    stream("မြန်မာ", "မြ|န်|မာ");
}

#[test]
fn scripts_with_blanks_keep_their_words() {
    stream("नमस्ते दुनिया", "नमस्ते|दुनिया");
    stream("مرحبا بالعالم", "مرحبا|بالعالم");
    stream("বাংলা தமிழ் አማርኛ", "বাংলা|தமிழ்|አማርኛ");
}

#[test]
fn emoji_are_whole() {
    stream("love❤️you❤", "love|❤|you|❤");
    stream("👍🏽👍", "👍🏽|👍");
    stream("👨‍👩‍👧‍👦!🏳️‍🌈", "👨‍👩‍👧‍👦|🏳‍🌈");
    stream("🇩🇪🇫🇷 🇩", "🇩🇪|🇫🇷|🇩");
    stream(
        "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}x",
        "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}|x",
    );
    stream("1️⃣ © ™", "1⃣");
    stream("😃‍", "😃");
    search("👍🏽", "👍🏽");
}

#[test]
fn spans_point_at_the_original() {
    let text = "Hé CAFE\u{301}, 東京!";
    let mut cuts = Vec::new();
    tokenize(text, Profile::Stream, &mut |token| {
        cuts.push((
            text[token.span.clone()].to_owned(),
            token.position,
            token.glued,
        ));
    });
    let expected = [
        ("Hé", 0, false),
        ("CAFE\u{301}", 1, false),
        ("東", 2, false),
        ("京", 3, true),
    ];
    assert_eq!(
        cuts,
        expected.map(|(cut, position, glued)| (cut.to_owned(), position, glued))
    );
}

/// Texts in which something is likely to go wrong.
pub(crate) fn awkward_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-zA-Z0-9]{1,6}",
        2 => "[ \n\t.,!?'’#@$:/_-]{1,2}",
        2 => "\\PC{1,4}",
        1 => Just("e\u{301}".to_owned()),
        1 => Just("\u{200D}".to_owned()),
        1 => Just("👨‍👩‍👧".to_owned()),
        1 => Just("👍🏽".to_owned()),
        1 => Just("❤️".to_owned()),
        1 => Just("東京".to_owned()),
        1 => Just("\u{1112}\u{1161}\u{11ab}".to_owned()),
        1 => Just("שָׁלוֹם\u{200F}".to_owned()),
        1 => Just("กำ".to_owned()),
        1 => Just("İ".to_owned()),
        1 => ".{0,3}",
    ];
    prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn spans_fit_and_are_in_order(text in awkward_text(), loose: bool) {
        let profile = if loose { Profile::Search } else { Profile::Stream };
        let (mut end, mut count) = (0, 0);
        tokenize(&text, profile, &mut |token| {
            assert!(token.span.start >= end && token.span.end > token.span.start);
            assert!(text.get(token.span.clone()).is_some());
            assert!(!token.text.is_empty() && !token.text.contains(char::is_whitespace));
            assert!(!token.text.chars().any(|c| c.is_ascii() && !c.is_ascii_alphanumeric()));
            assert_eq!(token.position, count);
            assert!(!token.glued || token.position > 0);
            end = token.span.end;
            count += 1;
        });
    }

    #[test]
    fn case_never_counts(text in awkward_text()) {
        // Unicode's upper case loses some letters (ß, ŉ); what it keeps must compare equal.
        let lower = text.to_lowercase();
        prop_assert_eq!(tokens(&lower, Profile::Stream), tokens(&lower.to_lowercase(), Profile::Stream));
        let ascii = text.to_ascii_uppercase();
        prop_assert_eq!(tokens(&text, Profile::Stream), tokens(&ascii, Profile::Stream));
    }

    #[test]
    fn composition_never_counts(text in "[a-zéèñüåçıñ ]{0,30}|[가-힣 ]{0,10}|[ガギグ ]{0,10}") {
        use unicode_normalization::UnicodeNormalization;
        let apart: String = text.nfd().collect();
        prop_assert_eq!(tokens(&text, Profile::Stream), tokens(&apart, Profile::Stream));
    }

    #[test]
    fn tokens_are_stable(text in awkward_text()) {
        // A token, tokenised again, is itself: what the index holds and what a query asks agree.
        for token in tokens(&text, Profile::Search) {
            prop_assert_eq!(tokens(&token, Profile::Search).concat(), token);
        }
    }
}

#[test]
fn folding_for_search_leaves_a_word() {
    // A sign for a letter that people write without its stroke.
    assert_eq!(tokens("ꟸ", Profile::Search), ["h"]);
    // An isolated vowel sign, which falls apart into a blank and a sign, and a mark on it.
    assert_eq!(
        tokens("\u{FE70}\u{B01}", Profile::Search),
        ["\u{FE70}\u{B01}"]
    );
}

/// The short cuts of the table must give what folding gives.
#[test]
fn short_cuts_fold_as_folding_does() {
    // Every letter of the older scripts, and some of the tens of thousands beyond.
    let is_tried = |c: char| c < '\u{3400}' || (c as u32).is_multiple_of(61);
    let is_letter = |c: char| matches!(class(c), Class::Word | Class::Unit);
    let letters = ('\u{80}'..='\u{1FFFF}').filter(|&c| is_tried(c) && is_letter(c));
    for c in letters {
        for profile in [Profile::Stream, Profile::Search] {
            for text in [
                format!("{c}"),
                format!("{c}\u{323}"),
                format!("{c}\u{64E}\u{651}"),
            ] {
                let mut whole = String::new();
                fold_into(&text, profile, &mut whole);
                assert_eq!(tokens(&text, profile), [whole], "{text:?} {profile:?}");
            }
        }
    }
}
