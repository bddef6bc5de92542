//! Finds where a JSON value ends, without understanding it: counts brackets outside of strings.
//!
//! A value may come in pieces; nothing is looked at twice. JSON forbids a line's end inside a string, and no writer makes
//! one: there a message was torn and the next began.

use memchr::memchr3;

/// What a look at more bytes has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scanned {
    /// The value goes on behind these bytes.
    More,
    /// The value ends before this offset.
    Ended(usize),
    /// A line ends inside a string, at this offset.
    Torn(usize),
}

/// A look through one value, from its first byte on.
#[derive(Debug, Default)]
pub(super) struct Scan {
    at: usize,
    depth: usize,
    is_in_string: bool,
}

impl Scan {
    /// Looks on. `bytes` begins where it began before, and may have grown.
    pub(super) fn look(&mut self, bytes: &[u8]) -> Scanned {
        while self.at < bytes.len() {
            let found = if self.is_in_string {
                self.in_string(bytes)
            } else {
                self.between_strings(bytes)
            };
            if let Some(found) = found {
                return found;
            }
        }
        Scanned::More
    }

    /// Has nothing been looked at yet?
    pub(super) fn is_new(&self) -> bool {
        self.at == 0 && self.depth == 0
    }

    /// The first `n` bytes were taken away.
    pub(super) fn forget(&mut self, n: usize) {
        self.at = self.at.saturating_sub(n);
    }

    fn in_string(&mut self, bytes: &[u8]) -> Option<Scanned> {
        let Some(found) = memchr3(b'"', b'\\', b'\n', &bytes[self.at..]) else {
            self.at = bytes.len();
            return None;
        };
        let at = self.at + found;
        match bytes[at] {
            b'"' => {
                self.is_in_string = false;
                self.at = at + 1;
                (self.depth == 0).then_some(Scanned::Ended(at + 1))
            }
            b'\\' => {
                // An escape at the very end is looked at again with what follows it.
                let is_whole = at + 1 < bytes.len();
                self.at = if is_whole { at + 2 } else { at };
                (!is_whole).then_some(Scanned::More)
            }
            _ => {
                self.at = at;
                Some(Scanned::Torn(at))
            }
        }
    }

    fn between_strings(&mut self, bytes: &[u8]) -> Option<Scanned> {
        let is_telling = |byte: &u8| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']');
        let Some(found) = bytes[self.at..].iter().position(is_telling) else {
            self.at = bytes.len();
            return None;
        };
        let at = self.at + found;
        self.at = at + 1;
        match bytes[at] {
            b'"' => self.is_in_string = true,
            b'{' | b'[' => self.depth += 1,
            _ => {
                self.depth = self.depth.saturating_sub(1);
                return (self.depth == 0).then_some(Scanned::Ended(at + 1));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_ends_at_its_last_bracket() {
        for (text, expected) in [
            (r#"{"a":1}x"#, Scanned::Ended(7)),
            (r#"{"a":"}]\"}"}  "#, Scanned::Ended(13)),
            (r#"[[],[{}]],"#, Scanned::Ended(9)),
            (r#""a\\" "#, Scanned::Ended(5)),
            (r#"{"a":{"b":1}"#, Scanned::More),
            ("{\"a\":\"b\n", Scanned::Torn(7)),
        ] {
            assert_eq!(Scan::default().look(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn pieces_are_looked_at_as_the_whole_is() {
        let text = r#"{"a":"\\\"}","b":[1,{"c":"\u007d"}]} "#.as_bytes();
        let expected = Scan::default().look(text);
        for cut in 0..text.len() - 1 {
            let mut scan = Scan::default();
            let first = scan.look(&text[..cut]);
            let last = if first == Scanned::More {
                scan.look(text)
            } else {
                first
            };
            assert_eq!(last, expected, "cut at {cut}");
        }
    }
}
