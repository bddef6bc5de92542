//! The border where bytes from outside become typed JSON: one UTF-8 check, one limit on nesting, one parse.
//!
//! Every decoder comes through here. What a service writes where nobody expects it is tolerated by the types in
//! [`field`]; this module only refuses what is not JSON at all. It knows no service.

use std::marker::PhantomData;

use bowerbird_core::source::Refused;
use memchr::memchr2;
use serde::Deserialize;
use serde::de::DeserializeSeed;

use lenient::{Object, ReadInto};

pub(crate) mod field;
pub(crate) mod keys;
pub(crate) mod lenient;

/// The deepest nesting that is surely read. Real messages stay under 14. The parser recurses, also over what it skips, so
/// without a limit a hostile frame overflows the stack; a level takes some hundred bytes of it, and in a debug build, which
/// therefore reads less deep, some ten thousand.
const MAX_DEPTH: usize = if cfg!(debug_assertions) { 20 } else { 64 };

/// A frame with no more opening brackets than this is not measured, because even if each were inside the one before, the
/// stack would hold.
const MEASURED_FROM: usize = if cfg!(debug_assertions) {
    MAX_DEPTH
} else {
    1_000
};

/// The most of a parser's own words that goes into a reason.
const MAX_REASON_CHARS: usize = 160;

/// The bytes as text, known to be UTF-8 and not nested too deep; the parser checks neither again.
pub(crate) fn checked(bytes: &[u8]) -> Result<&str, Refused> {
    let text = match simdutf8::basic::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => return Err(not_text(bytes)),
    };
    if text.trim_ascii().is_empty() {
        return Err(Refused::new("empty frame"));
    }
    if is_too_deep(bytes) {
        return Err(Refused::new(format!(
            "nested deeper than {MAX_DEPTH} levels"
        )));
    }
    Ok(text)
}

#[cold]
fn not_text(bytes: &[u8]) -> Refused {
    let offset = match std::str::from_utf8(bytes) {
        Ok(_) => bytes.len(),
        Err(error) => error.valid_up_to(),
    };
    Refused::new(format!("not UTF-8 at byte {offset}"))
}

/// Counting brackets costs a tenth of following them, and few messages have many.
fn is_too_deep(bytes: &[u8]) -> bool {
    n_opening_brackets(bytes) > MEASURED_FROM && deepest(bytes) > MAX_DEPTH
}

/// How many `{` and `[` there are, also in strings; in chunks whose count fits a byte, so that it is done many bytes at a time.
fn n_opening_brackets(bytes: &[u8]) -> usize {
    let in_chunk =
        |chunk: &[u8]| -> u8 { chunk.iter().map(|byte| u8::from(byte | 0x20 == b'{')).sum() };
    bytes
        .chunks(192)
        .map(|chunk| usize::from(in_chunk(chunk)))
        .sum()
}

/// How deep the brackets outside of strings nest.
fn deepest(bytes: &[u8]) -> usize {
    let (mut depth, mut deepest, mut at) = (0_usize, 0, 0);
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => at = end_of_string(bytes, at),
            _ => {}
        }
    }
    deepest
}

/// The offset behind the closing quote of the string whose content begins at `start`, or the end.
pub(crate) fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        at += found;
        if bytes[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    bytes.len()
}

/// Parses checked text into one of our objects, which takes of it what it understands.
pub(crate) fn object<'a, T: Object<'a>>(text: &'a str) -> Result<T, Refused> {
    let mut object = T::default();
    parse_seed(text, ReadInto(&mut object))?;
    Ok(object)
}

/// Parses checked text that must be as `T` says.
pub(crate) fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Refused> {
    parse_seed(text, PhantomData)
}

/// A lone half of a surrogate pair becomes U+FFFD instead of losing the post.
fn parse_seed<'a, S: DeserializeSeed<'a>>(text: &'a str, seed: S) -> Result<S::Value, Refused> {
    let mut reader = sonic_rs::Deserializer::from_str(text).utf8_lossy();
    let parsed = seed.deserialize(&mut reader);
    let parsed = parsed.and_then(|value| reader.end().map(|()| value));
    parsed.map_err(|error| not_json(&error))
}

#[cold]
fn not_json(error: &sonic_rs::Error) -> Refused {
    let words = error.to_string();
    let words = without_quoted(words.lines().next().unwrap_or_default());
    let words: String = words.chars().take(MAX_REASON_CHARS).collect();
    Refused::new(format!("not JSON: {}", words.trim_end_matches('.')))
}

/// A reason outlives the frame, so it must not quote it.
fn without_quoted(words: &str) -> String {
    match (words.find('"'), words.rfind('"')) {
        (Some(first), Some(last)) => [&words[..=first], "…", &words[last..]].concat(),
        _ => words.to_owned(),
    }
}

#[cfg(test)]
mod tests;
