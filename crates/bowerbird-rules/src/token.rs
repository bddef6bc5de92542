//! The one tokenizer: rules, full-text search and highlighting all see a text as the same row of tokens.
//!
//! A word is a run of letters, digits and the marks on them; everything else parts words, apostrophes, hyphens and
//! underscores too. Scripts written without blanks give one token per character, and so does Hangul, so that a keyword
//! finds its word inside a longer run. An emoji is one token with its skin tone, joiners and flag letters. It is not a
//! linguist: no stemming, no dictionary, no stop words.

pub(crate) mod chars;
mod cutter;
pub(crate) mod fold;
pub(crate) mod runs;

use std::ops::Range;

use chars::{Table, Traits, is_presentation, table};
pub(crate) use cutter::Cut;
use cutter::Cutter;
use fold::{fold_into, lower_char};
use runs::each_run;

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
    let folded = &mut String::new();
    let table = table();
    let mut position = 0;
    each_run(text.as_bytes(), |run| {
        let span = run.start..run.end;
        if run.is_ascii {
            let raw = &text[span.clone()];
            each(Token {
                text: lowered(raw, folded),
                span,
                position,
                glued: false,
            });
            position += 1;
        } else {
            each_in_run(text, span, profile, table, folded, &mut |cut, folded| {
                each(Token {
                    text: folded.unwrap_or(&text[cut.span.clone()]),
                    span: cut.span,
                    position,
                    glued: cut.glued,
                });
                position += 1;
            });
        }
    });
}

/// Calls `each` with every token of a run that holds more than ASCII, and with its folded text, if that is not what stands there.
pub(crate) fn each_in_run(
    text: &str,
    run: Range<usize>,
    profile: Profile,
    table: &Table,
    folded: &mut String,
    each: &mut impl FnMut(Cut, Option<&str>),
) {
    let (stays, lowers) = match profile {
        Profile::Stream => (Traits::STAYS, Traits::LOWERS),
        Profile::Search => (Traits::STAYS_LOOSE, Traits::LOWERS_LOOSE),
    };
    Cutter::new(text, run, table).each(|cut| {
        let raw = &text[cut.span.clone()];
        if cut.traits.has(stays) {
            each(cut, None);
            return;
        }
        folded.clear();
        if cut.picture {
            folded.extend(raw.chars().filter(|&c| !is_presentation(c)));
        } else if cut.traits.has(lowers) {
            folded.extend(raw.chars().flat_map(lower_char));
        } else {
            fold_into(raw, profile, folded);
        }
        if !folded.is_empty() {
            each(cut, Some(folded));
        }
    });
}

/// ASCII in lower case.
fn lowered<'a>(raw: &'a str, memory: &'a mut String) -> &'a str {
    if !raw.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return raw;
    }
    memory.clear();
    memory.push_str(raw);
    memory.make_ascii_lowercase();
    memory
}

#[cfg(test)]
pub(crate) mod tests;
