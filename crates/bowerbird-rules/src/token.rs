//! The one tokenizer: rules, full-text search and highlighting all see a text as the same row of tokens.
//!
//! A word is a run of letters, digits and the marks on them; everything else parts words, apostrophes, hyphens and
//! underscores too. Scripts written without blanks give one token per character, and so does Hangul, so that a keyword
//! finds its word inside a longer run. An emoji is one token with its skin tone, joiners and flag letters. It is not a
//! linguist: no stemming, no dictionary, no stop words.

pub(crate) mod chars;
pub(crate) mod fold;

use std::ops::Range;

use chars::{Class, JOINER, class, is_modifier, is_presentation};
use fold::fold_into;

/// How far two spellings may differ and still be the same word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Case and Unicode's ways of writing one character do not count; diacritics do. For rules.
    Stream,
    /// Diacritics and compatibility forms do not count either. For full-text search.
    Search,
}

/// One token of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token<'a> {
    /// The folded text: what is compared.
    pub text: &'a str,
    /// Where it stands in the original, in bytes, on character boundaries.
    pub span: Range<usize>,
    /// Its number in the row, from 0.
    pub position: usize,
    /// Does it follow the token before it with nothing in between?
    pub glued: bool,
}

/// Calls `each` with every token of `text`, in order.
pub fn tokenize(text: &str, profile: Profile, each: &mut impl FnMut(Token<'_>)) {
    let mut folded = String::new();
    let (mut at, mut position, mut end) = (0, 0, usize::MAX);
    while let Some((span, next, picture)) = next_token(text, at) {
        at = next;
        let raw = &text[span.clone()];
        let glued = span.start == end;
        // What is ignored between two tokens does not part them.
        end = next;
        let is_plain = raw
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if !is_plain {
            folded.clear();
            if picture {
                folded.extend(raw.chars().filter(|&c| !is_presentation(c)));
            } else {
                fold_into(raw, profile, &mut folded);
            }
        }
        let text = if is_plain { raw } else { folded.as_str() };
        if !text.is_empty() {
            each(Token {
                text,
                span,
                position,
                glued,
            });
            position += 1;
        }
    }
}

/// The next token at or after `at`: its span, where to go on, and whether it is a picture.
fn next_token(text: &str, at: usize) -> Option<(Range<usize>, usize, bool)> {
    let bytes = text.as_bytes();
    let mut start = at;
    let kind = loop {
        let byte = *bytes.get(start)?;
        if byte.is_ascii() {
            if byte.is_ascii_alphanumeric() {
                break Class::Word;
            }
            start += 1;
            continue;
        }
        let c = char_at(text, start)?;
        match class(c) {
            Class::Break | Class::Mark | Class::Ignored => start += c.len_utf8(),
            kind => break kind,
        }
    };
    let (end, next) = match kind {
        Class::Word => word_end(text, start),
        Class::Emoji => picture_end(text, start),
        Class::Regional => flag_end(text, start),
        _ => unit_end(text, start),
    };
    Some((
        start..end,
        next,
        matches!(kind, Class::Emoji | Class::Regional),
    ))
}

/// The end of the word that starts at `start`, without and with the ignored characters after it.
fn word_end(text: &str, start: usize) -> (usize, usize) {
    let bytes = text.as_bytes();
    let (mut end, mut at) = (start, start);
    while let Some(&byte) = bytes.get(at) {
        if byte.is_ascii() {
            if !byte.is_ascii_alphanumeric() {
                break;
            }
            at += 1;
            end = at;
            continue;
        }
        let Some(c) = char_at(text, at) else { break };
        match class(c) {
            Class::Word | Class::Mark => {
                at += c.len_utf8();
                end = at;
            }
            Class::Ignored => at += c.len_utf8(),
            _ => break,
        }
    }
    (end, at)
}

/// The end of one character of a script without blanks, with the marks on it.
fn unit_end(text: &str, start: usize) -> (usize, usize) {
    let mut end = start;
    let mut at = start;
    for c in text[start..].chars() {
        match class(c) {
            Class::Mark => {}
            Class::Ignored => {
                at += c.len_utf8();
                continue;
            }
            _ if at == start => {}
            _ => break,
        }
        at += c.len_utf8();
        end = at;
    }
    (end, at)
}

/// The end of a picture: its modifiers, and further pictures joined to it.
fn picture_end(text: &str, start: usize) -> (usize, usize) {
    let mut rest = text[start..].chars().peekable();
    let mut end = start + rest.next().map_or(0, char::len_utf8);
    let mut joined = false;
    while let Some(c) = rest.next() {
        let joins = c == JOINER && rest.peek().is_some_and(|&next| class(next) == Class::Emoji);
        if !(joined || joins || is_presentation(c) || is_modifier(c)) {
            break;
        }
        joined = joins;
        end += c.len_utf8();
    }
    (end, end)
}

/// The end of a flag: two regional letters, or one that stands alone.
fn flag_end(text: &str, start: usize) -> (usize, usize) {
    let letters = text[start..]
        .chars()
        .take(2)
        .take_while(|&c| class(c) == Class::Regional);
    let end = start + letters.map(char::len_utf8).sum::<usize>();
    (end, end)
}

fn char_at(text: &str, at: usize) -> Option<char> {
    text.get(at..)?.chars().next()
}

#[cfg(test)]
pub(crate) mod tests;
