//! Language codes: which X knows, and when two of them mean the same language.

/// The codes that X's pages list today, or listed before 2026.
const KNOWN: &[&str] = &[
    "am", "ar", "bg", "bn", "bo", "bs", "ca", "ckb", "cs", "cy", "da", "de", "dv", "el", "en",
    "es", "et", "eu", "fa", "fi", "fr", "gu", "hi", "hi-Latn", "hr", "ht", "hu", "hy", "in", "is",
    "it", "iw", "ja", "ka", "km", "kn", "ko", "lo", "lt", "lv", "ml", "mr", "my", "ne", "nl", "no",
    "or", "pa", "pl", "ps", "pt", "ro", "ru", "sd", "si", "sk", "sl", "sr", "sv", "ta", "te", "th",
    "tl", "tr", "ug", "uk", "und", "ur", "vi", "zh", "zh-CN", "zh-TW",
];

/// Codes that name one language: the one X uses stands first.
const SAME: &[(&str, &str)] = &[
    ("in", "id"),
    ("iw", "he"),
    ("no", "nb"),
    ("no", "nn"),
    ("tl", "fil"),
    ("ji", "yi"),
];

/// Does X list this code?
pub(crate) fn is_known_to_x(code: &str) -> bool {
    KNOWN.contains(&code)
}

/// Is a post marked `found` in the language `wanted`? `en` covers `en-GB`, not the other way round.
pub(crate) fn is_language(found: &str, wanted: &str) -> bool {
    if found.is_empty() {
        return wanted == "und";
    }
    if found.eq_ignore_ascii_case(wanted) {
        return true;
    }
    let main = found.split(['-', '_']).next().unwrap_or(found);
    main.len() != found.len() && same(main, wanted) || same(found, wanted)
}

fn same(a: &str, b: &str) -> bool {
    key(a).eq_ignore_ascii_case(key(b))
}

/// One code for all codes of a language; its case does not count.
pub(crate) fn key(code: &str) -> &str {
    SAME.iter()
        .find(|(_, other)| code.eq_ignore_ascii_case(other))
        .map_or(code, |&(first, _)| first)
}

/// The keys of all codes that a post marked `found` is covered by.
pub(crate) fn keys(found: &str) -> [&str; 2] {
    let found = if found.is_empty() { "und" } else { found };
    let main = found.split(['-', '_']).next().unwrap_or(found);
    [key(found), key(main)]
}

/// The English name of a language, if it is a common one.
pub(crate) fn english_name(code: &str) -> Option<&'static str> {
    Some(match code.split('-').next().unwrap_or(code) {
        "am" => "Amharic",
        "ar" => "Arabic",
        "bg" => "Bulgarian",
        "bn" => "Bengali",
        "ca" => "Catalan",
        "cs" => "Czech",
        "da" => "Danish",
        "de" => "German",
        "el" => "Greek",
        "en" => "English",
        "es" => "Spanish",
        "et" => "Estonian",
        "eu" => "Basque",
        "fa" => "Persian",
        "fi" => "Finnish",
        "fr" => "French",
        "gu" => "Gujarati",
        "he" | "iw" => "Hebrew",
        "hi" => "Hindi",
        "hr" => "Croatian",
        "hu" => "Hungarian",
        "hy" => "Armenian",
        "id" | "in" => "Indonesian",
        "is" => "Icelandic",
        "it" => "Italian",
        "ja" => "Japanese",
        "ka" => "Georgian",
        "kn" => "Kannada",
        "ko" => "Korean",
        "lt" => "Lithuanian",
        "lv" => "Latvian",
        "ml" => "Malayalam",
        "mr" => "Marathi",
        "nl" => "Dutch",
        "no" | "nb" | "nn" => "Norwegian",
        "pl" => "Polish",
        "pt" => "Portuguese",
        "ro" => "Romanian",
        "ru" => "Russian",
        "sk" => "Slovak",
        "sl" => "Slovenian",
        "sr" => "Serbian",
        "sv" => "Swedish",
        "ta" => "Tamil",
        "te" => "Telugu",
        "th" => "Thai",
        "tl" | "fil" => "Tagalog",
        "tr" => "Turkish",
        "uk" => "Ukrainian",
        "ur" => "Urdu",
        "vi" => "Vietnamese",
        "zh" => "Chinese",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_covers_its_regions() {
        assert!(
            is_language("en-GB", "en") && is_language("EN", "en") && is_language("pt_BR", "pt")
        );
        assert!(
            !is_language("en", "en-GB")
                && !is_language("zh-CN", "zh-TW")
                && !is_language("eng", "en")
        );
    }

    #[test]
    fn old_and_new_codes_are_one() {
        assert!(is_language("id", "in") && is_language("he-IL", "iw") && is_language("nb", "no"));
    }

    #[test]
    fn unknown_is_a_language_of_its_own() {
        assert!(is_language("", "und") && is_language("und", "und") && !is_language("", "en"));
    }
}
