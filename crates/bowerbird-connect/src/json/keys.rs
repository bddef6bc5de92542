//! Walks the keys of a JSON object's top level without parsing what they hold, so that a decoder can be chosen cheaply.
//!
//! It validates nothing: the decoder that is chosen parses everything again, and refuses what is wrong.

use super::end_of_string;

/// The keys of the object that `text` begins with, as written (escapes are not undone), each with the first byte of its value.
/// Ends at the first thing that is not as it should be.
pub(crate) struct Keys<'a> {
    bytes: &'a [u8],
    /// Where the next key is looked for; `None` at the end.
    at: Option<usize>,
    /// Where the value of the last key begins, to be skipped when the next one is asked for.
    value: Option<usize>,
}

/// A key, and where its value begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) value: &'a [u8],
}

impl<'a> Keys<'a> {
    /// The keys of the object in `text`; none if it is no object.
    pub(crate) fn of(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let start = skip_space(bytes, 0);
        let at = (bytes.get(start) == Some(&b'{')).then_some(start + 1);
        Self {
            bytes,
            at,
            value: None,
        }
    }
}

impl<'a> Iterator for Keys<'a> {
    type Item = Key<'a>;

    fn next(&mut self) -> Option<Key<'a>> {
        let mut at = self.at.take()?;
        if let Some(value) = self.value.take() {
            at = skip_space(self.bytes, end_of_value(self.bytes, value));
            if self.bytes.get(at) != Some(&b',') {
                return None;
            }
            at += 1;
        }
        at = skip_space(self.bytes, at);
        if self.bytes.get(at) != Some(&b'"') {
            return None;
        }
        let end = end_of_string(self.bytes, at + 1);
        let name = self.bytes.get(at + 1..end.checked_sub(1)?)?;
        let colon = skip_space(self.bytes, end);
        if self.bytes.get(colon) != Some(&b':') {
            return None;
        }
        let value = skip_space(self.bytes, colon + 1);
        self.at = Some(value);
        self.value = Some(value);
        Some(Key {
            name,
            value: self.bytes.get(value..)?,
        })
    }
}

fn skip_space(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    while matches!(bytes.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

/// The offset behind the value that begins at `start`.
fn end_of_value(bytes: &[u8], start: usize) -> usize {
    let (mut depth, mut at) = (0_usize, start);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => at = end_of_string(bytes, at + 1),
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' | b',' if depth == 0 => return at,
            b'}' | b']' => {
                depth -= 1;
                at += 1;
            }
            _ => at += 1,
        }
        if depth == 0 && matches!(byte, b'"' | b'}' | b']') {
            return at;
        }
    }
    at
}
