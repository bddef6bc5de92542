//! Finds out how a document's messages stand in it, from its beginning.

use bowerbird_core::frame::MAX_FRAME_BYTES;
use memchr::memchr;

use super::super::scan::{Scan, Scanned};
use super::{Layout, Splitter, Step, strip_assignment};

/// How much of a beginning is looked at before its first value, at most.
const BEFORE_VALUE: usize = 4 << 10;

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
            Some(b'{') => self.layout_of_objects(),
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
