//! Finds out how a document's messages stand in it, from its beginning.

use bowerbird_core::frame::MAX_FRAME_BYTES;
use memchr::{memchr, memmem};

use super::super::scan::{Scan, Scanned};
use super::{Layout, Splitter, Step, strip_assignment};

/// How much of a beginning is looked at before its first value, at most.
const BEFORE_VALUE: usize = 4 << 10;

/// How things of ActivityPub begin.
const CONTEXT: &[u8] = b"\"@context\"";

/// Is there a collection with items?
enum Items {
    /// The first begins there.
    Begin(usize),
    /// More must be read to know.
    Perhaps,
    None,
}

impl Splitter {
    /// Sets the layout, or asks for more. Nothing but a byte order mark, white space and an assignment is passed over.
    pub(super) fn find_layout(&mut self) -> Option<Step> {
        if self.buffer.is_empty() && self.is_at_end {
            return Some(Step::End);
        }
        if self.buffer.len() < 3 && !self.is_at_end {
            return Some(Step::NeedMore);
        }
        let mark = if self.buffer.starts_with(b"\xef\xbb\xbf") {
            3
        } else {
            0
        };
        let blank = self.buffer[mark..]
            .iter()
            .take_while(|byte| byte.is_ascii_whitespace())
            .count();
        self.skip(mark + blank);
        let layout = match self.buffer.first() {
            None => {
                return Some(if self.is_at_end {
                    Step::End
                } else {
                    Step::NeedMore
                });
            }
            Some(b'[') => Some(Layout::Values),
            Some(b'{') => match self.find_items() {
                Items::Begin(at) => {
                    self.skip(at);
                    Some(Layout::Items)
                }
                Items::Perhaps => return Some(Step::NeedMore),
                Items::None => self.layout_of_objects(),
            },
            Some(b'0'..=b'9') => self.layout_of_numbers(),
            Some(_) => self.layout_behind_assignment(),
        };
        match layout {
            Some(layout) => {
                self.layout = layout;
                None
            }
            None => Some(Step::NeedMore),
        }
    }

    /// Where the items of a collection begin, if this is one and they are objects.
    fn find_items(&self) -> Items {
        const KEY: &[u8] = b"\"orderedItems\"";
        let beginning = &self.buffer[..self.buffer.len().min(BEFORE_VALUE)];
        let may_come = !self.is_at_end && self.buffer.len() < BEFORE_VALUE;
        let Some(key) = memmem::find(beginning, KEY) else {
            // All collections say first what they are of.
            let inside = self.buffer[1..].trim_ascii_start();
            let n = inside.len().min(CONTEXT.len());
            return match inside[..n] == CONTEXT[..n] && may_come {
                true => Items::Perhaps,
                false => Items::None,
            };
        };
        let mut at = key + KEY.len();
        for expected in [b':', b'[', b'{'] {
            let blank = self.buffer[at..].iter();
            at += blank.take_while(|byte| byte.is_ascii_whitespace()).count();
            match self.buffer.get(at) {
                Some(found) if *found == expected => at += 1,
                None if !self.is_at_end => return Items::Perhaps,
                _ => return Items::None,
            }
        }
        Items::Begin(at - 1)
    }

    /// An object that ends where its line does makes lines.
    fn layout_of_objects(&self) -> Option<Layout> {
        match Scan::default().look(&self.buffer) {
            Scanned::Torn(_) => Some(Layout::Lines),
            Scanned::Ended(end) => {
                let has_lines = memchr(b'\n', &self.buffer[..end]).is_some();
                let behind = self.buffer[end..]
                    .iter()
                    .find(|byte| !matches!(byte, b' ' | b'\t' | b'\r'));
                match behind {
                    _ if has_lines => Some(Layout::Values),
                    Some(b'\n') => Some(Layout::Lines),
                    None if self.is_at_end => Some(Layout::Lines),
                    None if self.buffer.len() - end < BEFORE_VALUE => None,
                    _ => Some(Layout::Values),
                }
            }
            Scanned::More if self.is_at_end || self.buffer.len() > MAX_FRAME_BYTES => {
                let next_line =
                    memchr(b'\n', &self.buffer).and_then(|end| self.buffer.get(end + 1));
                let goes_on = matches!(next_line, Some(b' ' | b'\t' | b'}' | b']' | b'"'));
                Some(if goes_on {
                    Layout::Values
                } else {
                    Layout::Lines
                })
            }
            Scanned::More => None,
        }
    }

    /// A first line of digits alone makes messages with their lengths.
    fn layout_of_numbers(&self) -> Option<Layout> {
        let Some(end) = memchr(b'\n', &self.buffer) else {
            let is_hopeless = self.is_at_end || self.buffer.len() > BEFORE_VALUE;
            return is_hopeless.then_some(Layout::Lines);
        };
        let is_length = self.buffer[..end]
            .trim_ascii()
            .iter()
            .all(u8::is_ascii_digit);
        Some(if is_length {
            Layout::Lengths
        } else {
            Layout::Lines
        })
    }

    fn layout_behind_assignment(&mut self) -> Option<Layout> {
        if let Some(n) = strip_assignment(&self.buffer) {
            self.skip(n);
            return Some(Layout::Values);
        }
        let is_hopeless = self.is_at_end || self.buffer.len() > BEFORE_VALUE;
        is_hopeless.then_some(Layout::Lines)
    }
}
