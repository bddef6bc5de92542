//! The one tokenizer: rules, full-text search and highlighting all see a text as the same row of tokens.
//!
//! A word is a run of letters, digits and the marks on them; everything else parts words, apostrophes, hyphens and
//! underscores too. Scripts written without blanks give one token per character, and so does Hangul, so that a keyword
//! finds its word inside a longer run. An emoji is one token with its skin tone, joiners and flag letters. It is not a
//! linguist: no stemming, no dictionary, no stop words.

pub(crate) mod chars;
pub(crate) mod fold;

use std::ops::Range;

use chars::{Class, JOINER, Table, Traits, class, is_modifier, is_presentation, table};
use fold::{fold_into, lower_char};

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
    tokenize_with(text, profile, &mut String::new(), each);
}

/// The same, with memory of the caller's for folded words.
pub(crate) fn tokenize_with(
    text: &str,
    profile: Profile,
    folded: &mut String,
    each: &mut impl FnMut(Token<'_>),
) {
    let (stays, lowers) = match profile {
        Profile::Stream => (Traits::STAYS, Traits::LOWERS),
        Profile::Search => (Traits::STAYS_LOOSE, Traits::LOWERS_LOOSE),
    };
    let cutter = Cutter {
        text,
        table: table(),
    };
    let (mut at, mut position) = (0, 0);
    // Nothing stands before the first token.
    let mut end = usize::MAX;
    while let Some(cut) = cutter.next(at) {
        let raw = &text[cut.span.clone()];
        let glued = cut.span.start == end;
        // What is ignored between two tokens does not part them.
        (at, end) = (cut.next, cut.next);
        let token_text = if cut.traits.has(stays) {
            raw
        } else {
            folded.clear();
            if cut.picture {
                folded.extend(raw.chars().filter(|&c| !is_presentation(c)));
            } else if cut.traits.has(lowers) {
                folded.extend(raw.chars().flat_map(lower_char));
            } else {
                fold_into(raw, profile, folded);
            }
            folded.as_str()
        };
        if !token_text.is_empty() {
            each(Token {
                text: token_text,
                span: cut.span,
                position,
                glued,
            });
            position += 1;
        }
    }
}

/// One token as it stands in the text.
struct Cut {
    span: Range<usize>,
    /// Where to go on: behind the ignored characters that follow.
    next: usize,
    /// What all its characters have in common.
    traits: Traits,
    picture: bool,
}

/// Cuts a text into tokens.
struct Cutter<'a> {
    text: &'a str,
    table: &'static Table,
}

impl Cutter<'_> {
    /// The first token at or after `at`.
    fn next(&self, at: usize) -> Option<Cut> {
        let bytes = self.text.as_bytes();
        let mut start = at;
        loop {
            let byte = *bytes.get(start)?;
            if byte.is_ascii() {
                if byte.is_ascii_alphanumeric() {
                    return Some(self.word(start));
                }
                start += 1;
                continue;
            }
            let c = self.char_at(start)?;
            let traits = self.table.traits(c);
            match traits.class() {
                Class::Word => return Some(self.word(start)),
                Class::Unit => return Some(self.unit(start, traits)),
                Class::Emoji => return Some(picture(start, picture_end(self.text, start))),
                Class::Regional => return Some(picture(start, flag_end(self.text, start))),
                Class::Break | Class::Mark | Class::Ignored => start += c.len_utf8(),
            }
        }
    }

    /// The word that starts at `start`.
    fn word(&self, start: usize) -> Cut {
        let bytes = self.text.as_bytes();
        let (mut end, mut at, mut common) = (start, start, Traits::PLAIN);
        while let Some(&byte) = bytes.get(at) {
            if byte.is_ascii() {
                let traits = match byte {
                    b'a'..=b'z' | b'0'..=b'9' => Traits::PLAIN,
                    b'A'..=b'Z' => Traits::CAPITAL,
                    _ => break,
                };
                common = if at == end {
                    common.with(traits)
                } else {
                    Traits::NONE
                };
                at += 1;
                end = at;
                continue;
            }
            let Some(c) = self.char_at(at) else { break };
            let traits = self.table.traits(c);
            match traits.class() {
                Class::Word | Class::Mark => {
                    // An ignored character inside must be dropped.
                    common = if at == end {
                        common.with(traits)
                    } else {
                        Traits::NONE
                    };
                    at += c.len_utf8();
                    end = at;
                }
                Class::Ignored => at += c.len_utf8(),
                _ => break,
            }
        }
        Cut {
            span: start..end,
            next: at,
            traits: common,
            picture: false,
        }
    }

    /// One character of a script without blanks, and the marks on it.
    fn unit(&self, start: usize, first: Traits) -> Cut {
        let (mut end, mut at, mut common) = (start, start, first);
        for c in self.text[start..].chars() {
            let traits = self.table.traits(c);
            match traits.class() {
                Class::Ignored => {
                    at += c.len_utf8();
                    continue;
                }
                Class::Mark => {
                    common = if at == end {
                        common.with(traits)
                    } else {
                        Traits::NONE
                    }
                }
                _ if at > start => break,
                _ => {}
            }
            at += c.len_utf8();
            end = at;
        }
        Cut {
            span: start..end,
            next: at,
            traits: common,
            picture: false,
        }
    }

    fn char_at(&self, at: usize) -> Option<char> {
        self.text.get(at..)?.chars().next()
    }
}

fn picture(start: usize, end: usize) -> Cut {
    Cut {
        span: start..end,
        next: end,
        traits: Traits::NONE,
        picture: true,
    }
}

/// The end of a picture: its modifiers, and further pictures joined to it.
fn picture_end(text: &str, start: usize) -> usize {
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
    end
}

/// The end of a flag: two regional letters, or one that stands alone.
fn flag_end(text: &str, start: usize) -> usize {
    let letters = text[start..]
        .chars()
        .take(2)
        .take_while(|&c| class(c) == Class::Regional);
    start + letters.map(char::len_utf8).sum::<usize>()
}

#[cfg(test)]
pub(crate) mod tests;
