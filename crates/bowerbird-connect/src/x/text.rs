//! X's texts: three characters come escaped, and offsets count code points of the escaped text. Ours are bytes of the plain one.

use std::borrow::Cow;
use std::cell::Cell;
use std::ops::Range;

/// The longest text in which a misplaced mark is looked for; X's longest posts have 25,000 characters.
const MAX_SEARCHED_BYTES: usize = 128 << 10;

/// What X escapes, and what it means.
const ESCAPES: [(&str, char); 4] = [
    ("&amp;", '&'),
    ("&lt;", '<'),
    ("&gt;", '>'),
    ("&quot;", '"'),
];

/// A text without escapes, and the way from X's offsets to ours.
#[derive(Debug)]
pub(crate) struct PlainText<'a> {
    pub(crate) text: Cow<'a, str>,
    offsets: Offsets,
}

/// From X's offsets to bytes of the plain text.
#[derive(Debug)]
enum Offsets {
    /// They are the same.
    Same,
    /// Nothing was escaped: code points of the text itself. Marks mostly come in its order, so counting goes on where it ended:
    /// so many code points, so many bytes.
    Counted(Cell<(usize, usize)>),
    /// For each code point of the escaped text, and for its end, the byte where it begins.
    Listed(Vec<u32>),
}

impl<'a> PlainText<'a> {
    /// Undoes X's escapes.
    pub(crate) fn new(escaped: Cow<'a, str>) -> Self {
        if memchr::memchr(b'&', escaped.as_bytes()).is_some() {
            return unescape(&escaped);
        }
        let offsets = if escaped.is_ascii() {
            Offsets::Same
        } else {
            Offsets::Counted(Cell::new((0, 0)))
        };
        Self {
            text: escaped,
            offsets,
        }
    }

    /// The bytes of X's `start..end`, if that is a part of the text.
    fn bytes(&self, start: u64, end: u64) -> Option<Range<usize>> {
        let (start, end) = (usize::try_from(start).ok()?, usize::try_from(end).ok()?);
        let range = self.byte(start)?..self.byte(end)?;
        self.text.get(range.clone()).map(|_| range)
    }

    /// The byte of X's offset.
    fn byte(&self, offset: usize) -> Option<usize> {
        match &self.offsets {
            Offsets::Same => Some(offset),
            Offsets::Listed(bytes) => bytes.get(offset).map(|byte| *byte as usize),
            Offsets::Counted(last) => {
                let (chars, bytes) = last.get();
                let from = if chars <= offset {
                    (chars, bytes)
                } else {
                    (0, 0)
                };
                let byte = byte_of_char(self.text.as_bytes(), from, offset)?;
                last.set((offset, byte));
                Some(byte)
            }
        }
    }

    /// Where something is marked: at X's offsets if it `fits` there, else where `search` finds it in the text, else nowhere.
    pub(crate) fn place(
        &self,
        marked: (Option<u64>, Option<u64>),
        fits: impl Fn(&str) -> bool,
        search: impl FnOnce(&str) -> Option<Range<usize>>,
    ) -> Range<u32> {
        let given = match marked {
            (Some(start), Some(end)) => self.bytes(start, end),
            _ => None,
        };
        let given = given.filter(|range| fits(&self.text[range.clone()]));
        let searched = || {
            let short_enough = self.text.len() <= MAX_SEARCHED_BYTES;
            short_enough.then(|| search(&self.text)).flatten()
        };
        given.or_else(searched).map_or(0..0, span)
    }
}

/// A range of bytes as an entity's span; nothing of what we read is longer than 4 GiB.
fn span(range: Range<usize>) -> Range<u32> {
    match (u32::try_from(range.start), u32::try_from(range.end)) {
        (Ok(start), Ok(end)) => start..end,
        _ => 0..0,
    }
}

/// Where the code point with this number begins, counting on from a known one; whole blocks are skipped at once.
fn byte_of_char(text: &[u8], from: (usize, usize), wanted: usize) -> Option<usize> {
    const BLOCK: usize = 32;
    let (mut chars, mut at) = from;
    while let Some(block) = text.get(at..at + BLOCK) {
        let begun: u8 = block.iter().map(|byte| u8::from(begins_char(*byte))).sum();
        if chars + usize::from(begun) > wanted {
            break;
        }
        chars += usize::from(begun);
        at += BLOCK;
    }
    // `chars` code points begin before `at`; the wanted one is the next to begin after so many more.
    for (more, byte) in text.get(at..)?.iter().enumerate() {
        if begins_char(*byte) {
            if chars == wanted {
                return Some(at + more);
            }
            chars += 1;
        }
    }
    (chars == wanted).then_some(text.len())
}

/// Is this no continuation of a character in UTF-8?
fn begins_char(byte: u8) -> bool {
    byte & 0b1100_0000 != 0b1000_0000
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn unescape<'a>(escaped: &str) -> PlainText<'a> {
    let mut text = String::with_capacity(escaped.len());
    let mut offsets = Vec::with_capacity(escaped.len());
    let mut rest = escaped;
    while let Some(next) = rest.chars().next() {
        let at = offset(text.len());
        let known = ESCAPES
            .iter()
            .find(|(written, _)| next == '&' && rest.starts_with(written));
        let (written, meant) = known.map_or((next.len_utf8(), next), |(written, meant)| {
            (written.len(), *meant)
        });
        // An escape is ASCII, so its bytes are its code points.
        offsets.resize(
            offsets.len() + if known.is_some() { written } else { 1 },
            at,
        );
        text.push(meant);
        rest = &rest[written..];
    }
    offsets.push(offset(text.len()));
    PlainText {
        text: Cow::Owned(text),
        offsets: Offsets::Listed(offsets),
    }
}

/// Does the text at X's offsets say this, with one of the signs before it?
pub(crate) fn is_signed(text: &str, signs: [char; 2], value: &str) -> bool {
    text.strip_prefix(signs)
        .is_some_and(|word| word == value || word.eq_ignore_ascii_case(value))
}

/// Where a sign followed by this word stands in the text, looking from `after` on.
pub(crate) fn find_signed(
    text: &str,
    signs: [char; 2],
    value: &str,
    after: usize,
) -> Option<Range<usize>> {
    let rest = text.get(after..)?;
    for (at, sign) in rest.match_indices(signs) {
        let start = after + at;
        let end = start + sign.len() + value.len();
        let fits = text
            .get(start..end)
            .is_some_and(|word| is_signed(word, signs, value));
        let ends = |end: usize| {
            !text[end..].starts_with(|next: char| next == '_' || next.is_alphanumeric())
        };
        if fits && ends(end) {
            return Some(start..end);
        }
    }
    None
}

#[cfg(test)]
mod tests;
