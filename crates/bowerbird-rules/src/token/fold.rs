//! Folding: two spellings of one word become one string.
//!
//! Both profiles lower-case by Unicode's full mapping, compose accents (so a decomposed `é` equals a composed one), drop
//! characters that change nothing, and write a final sigma as a sigma. [`Profile::Search`] also drops diacritics and
//! compatibility forms. Folding never splits a text; that is the tokenizer's work.

use std::iter::once;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use super::Profile;
use super::chars::{Class, class, is_ignored};

/// Appends `raw`, folded, to `out`.
pub(crate) fn fold_into(raw: &str, profile: Profile, out: &mut String) {
    if raw.is_ascii() {
        let start = out.len();
        out.push_str(raw);
        out[start..].make_ascii_lowercase();
        return;
    }
    match profile {
        Profile::Stream => fold_exact(raw, out),
        Profile::Search => fold_loose(raw, out),
    }
}

/// `raw`, folded.
pub(crate) fn fold(raw: &str, profile: Profile) -> String {
    let mut out = String::with_capacity(raw.len());
    fold_into(raw, profile, &mut out);
    out
}

/// Is `raw`, folded for the stream, the same as `folded`? Allocates nothing.
pub(crate) fn equals_folded(raw: &str, folded: &str) -> bool {
    if raw.is_ascii() {
        return raw.eq_ignore_ascii_case(folded);
    }
    undot(lower(raw).nfc()).eq(folded.chars())
}

/// Does `folded` occur in `raw`, folded for the stream?
pub(crate) fn contains_folded(raw: &str, folded: &str) -> bool {
    find_folded(raw, folded, 0).is_some()
        || (!raw.is_ascii() && fold(raw, Profile::Stream).contains(folded))
}

/// Where `folded` first occurs in `raw`, as byte offsets into `raw`, from `start` on. Accents compare as written.
pub(crate) fn find_folded(raw: &str, folded: &str, start: usize) -> Option<(usize, usize)> {
    raw.get(start..)?.char_indices().find_map(|(offset, _)| {
        let from = start + offset;
        starts_folded(&raw[from..], folded).map(|length| (from, from + length))
    })
}

/// If `raw` begins with `folded`, how many of its bytes that takes.
fn starts_folded(raw: &str, folded: &str) -> Option<usize> {
    let mut wanted = folded.chars().peekable();
    for (offset, c) in raw.char_indices() {
        if wanted.peek().is_none() {
            return Some(offset);
        }
        if lower_char(c).any(|l| wanted.next() != Some(l)) {
            return None;
        }
    }
    wanted.peek().is_none().then_some(raw.len())
}

fn fold_exact(raw: &str, out: &mut String) {
    let simple = raw
        .chars()
        .all(|c| c < '\u{300}' && c != 'İ' && c != '\u{AD}');
    if simple {
        out.extend(raw.chars().flat_map(char::to_lowercase));
    } else if is_nfc_quick(lower(raw)) == IsNormalized::Yes {
        out.extend(undot(lower(raw)));
    } else {
        out.extend(undot(lower(raw).nfc()));
    }
}

fn fold_loose(raw: &str, out: &mut String) {
    let from = out.len();
    let apart: String = if raw.contains(keeps_form) {
        lower(raw).nfd().collect()
    } else {
        lower(raw).nfkd().collect()
    };
    let mut base = ' ';
    let kept = apart.chars().filter(move |&c| {
        let keep = !is_diacritic(c) || (c == '\u{306}' && base == 'и');
        base = c;
        keep
    });
    // A compatibility form may hold signs of its own ("½" is "1⁄2"); they are no part of a word.
    let words = kept.flat_map(lower_char).flat_map(spell_out);
    out.extend(words.nfc().filter(|&c| c.is_alphanumeric() || is_mark(c)));
    // What would be no word any more stays as it is.
    let begins_word = |c| matches!(class(c), Class::Word | Class::Unit);
    if !out[from..].starts_with(begins_word) {
        out.truncate(from);
        fold_exact(raw, out);
    }
}

/// Characters whose compatibility form falls apart into pieces of different characters: Thai and Lao "am", and Hangul
/// letters that stand alone.
fn keeps_form(c: char) -> bool {
    matches!(c, '\u{E33}' | '\u{EB3}' | '\u{3131}'..='\u{318E}' | '\u{FFA0}'..='\u{FFDC}')
}

fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

/// Does folding for search keep `c`, which has no other form, as it is?
pub(crate) fn is_kept_loose(c: char) -> bool {
    !is_diacritic(c) && spell_out(c).eq(once(c)) && (c.is_alphanumeric() || is_mark(c))
}

/// Lower-cased characters without those that change nothing; not yet composed.
fn lower(raw: &str) -> impl Iterator<Item = char> + Clone {
    raw.chars().filter(|&c| !is_ignored(c)).flat_map(lower_char)
}

/// `c` in lower case, a final sigma as a sigma.
pub(crate) fn lower_char(c: char) -> impl Iterator<Item = char> + Clone {
    let c = if c == 'ς' { 'σ' } else { c };
    c.to_lowercase()
}

/// Drops the dot above an `i`: what `İ` leaves when lower-cased.
fn undot(chars: impl Iterator<Item = char>) -> impl Iterator<Item = char> {
    let mut before = ' ';
    chars.filter(move |&c| {
        let dot = c == '\u{307}' && before == 'i';
        before = c;
        !dot
    })
}

/// Marks that people leave out when they type in a hurry: Latin, Greek and Cyrillic accents, Arabic and Hebrew vowels.
fn is_diacritic(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36F}'
        | '\u{591}'..='\u{5BD}' | '\u{5BF}' | '\u{5C1}' | '\u{5C2}' | '\u{5C4}' | '\u{5C5}' | '\u{5C7}'
        | '\u{640}' | '\u{64B}'..='\u{65F}' | '\u{670}'
        | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20DC}')
}

/// Letters that Unicode does not decompose, but people do.
fn spell_out(c: char) -> impl Iterator<Item = char> {
    let (first, second) = match c {
        'ø' => ('o', None),
        'ł' => ('l', None),
        'đ' => ('d', None),
        'ħ' => ('h', None),
        'ı' => ('i', None),
        'ß' => ('s', Some('s')),
        'æ' => ('a', Some('e')),
        'œ' => ('o', Some('e')),
        other => (other, None),
    };
    once(first).chain(second)
}
