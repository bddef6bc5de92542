//! X's texts: three characters come escaped, and offsets count code points of the escaped text. Ours are bytes of the plain one.

use std::borrow::Cow;
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
    /// For each code point of the escaped text, and for its end, the byte of `text` where it begins; `None` where they are the same.
    offsets: Option<Vec<u32>>,
}

impl<'a> PlainText<'a> {
    /// Undoes X's escapes. `has_marks` says whether offsets will be asked for.
    pub(crate) fn new(escaped: Cow<'a, str>, has_marks: bool) -> Self {
        if escaped.contains('&') {
            return unescape(&escaped);
        }
        let offsets = (has_marks && !escaped.is_ascii()).then(|| starts_of_chars(&escaped));
        Self {
            text: escaped,
            offsets,
        }
    }

    /// The bytes of X's `start..end`, if that is a part of the text.
    fn bytes(&self, start: u64, end: u64) -> Option<Range<usize>> {
        let (start, end) = (usize::try_from(start).ok()?, usize::try_from(end).ok()?);
        let range = match &self.offsets {
            None => start..end,
            Some(offsets) => *offsets.get(start)? as usize..*offsets.get(end)? as usize,
        };
        self.text.get(range.clone()).map(|_| range)
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

fn starts_of_chars(text: &str) -> Vec<u32> {
    let mut offsets = Vec::with_capacity(text.len() / 2);
    offsets.extend(text.char_indices().map(|(at, _)| offset(at)));
    offsets.push(offset(text.len()));
    offsets
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
        offsets: Some(offsets),
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
