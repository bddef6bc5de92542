//! Splits a document into messages: lines, elements of a list, values one after another, or messages that say their length.
//!
//! Which of these a document is, its first value tells: one that fills a line makes a document of lines, where only line ends are
//! looked for. No message is held beyond [`MAX_FRAME_BYTES`]; what is torn or too long is given out as such, with its beginning,
//! and splitting goes on behind it.

use bowerbird_core::frame::MAX_FRAME_BYTES;
use bytes::{Buf, Bytes, BytesMut};
use memchr::memchr;
use serde::{Deserialize, Serialize};

use super::scan::{Scan, Scanned};
use crate::x::archive::strip_assignment;

mod layout;

/// What is kept of a message that is too long.
const BEGINNING: usize = 64 << 10;
/// How much is read at once.
const READ_BYTES: usize = 256 << 10;

/// How a document's messages stand in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Layout {
    /// Not known yet: nothing has been read.
    Unknown,
    /// One on each line.
    Lines,
    /// Values one after another, over as many lines as they like.
    Values,
    /// Elements of a list.
    List,
    /// Elements of the list in an object that is a collection of ActivityPub (`outbox.json`).
    Items,
    /// Nothing more: what is left describes the collection.
    Rest,
    /// Each behind a line with its length.
    Lengths,
}

/// One message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) bytes: Bytes,
    /// Why it is not whole.
    pub(super) broken: Option<String>,
    /// Where in the document it begins.
    pub(super) start: u64,
    /// Where reading goes on after it. For what the document's end has torn, its beginning: the rest may be written later.
    pub(super) resume: u64,
}

/// What the splitter says next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A message.
    Piece(Piece),
    /// Read more with [`Splitter::fill`], or say that this is the end.
    NeedMore,
    /// All has been said.
    End,
}

/// A document on its way into messages.
#[derive(Debug)]
pub(super) struct Splitter {
    buffer: BytesMut,
    /// Where in the document the buffer begins.
    offset: u64,
    pub(super) layout: Layout,
    is_at_end: bool,
    /// For lines: how much of the buffer holds no line end.
    searched: usize,
    /// For values: the look at the one that the buffer begins with.
    scan: Scan,
    too_long: Option<TooLong>,
    /// A torn value, given out when it is known where the next begins; what lies between is left out.
    torn: Option<Piece>,
}

/// A message that is being passed over.
#[derive(Debug)]
struct TooLong {
    /// Where it begins.
    start: u64,
    /// Where it ends, if it said so.
    until: Option<u64>,
    beginning: Bytes,
}

impl Splitter {
    /// Splits a document from an offset on, in a layout known from before.
    pub(super) fn new(offset: u64, layout: Layout) -> Self {
        Self {
            buffer: BytesMut::new(),
            offset,
            layout,
            is_at_end: false,
            searched: 0,
            scan: Scan::default(),
            too_long: None,
            torn: None,
        }
    }

    /// Reads once into the splitter; how much came.
    pub(super) fn fill(
        &mut self,
        read: impl FnOnce(&mut [u8]) -> std::io::Result<usize>,
    ) -> std::io::Result<usize> {
        let before = self.buffer.len();
        self.buffer.resize(before + READ_BYTES, 0);
        let came = read(&mut self.buffer[before..]);
        self.buffer
            .truncate(before + came.as_ref().copied().unwrap_or(0).min(READ_BYTES));
        came
    }

    /// There is no more to read.
    pub(super) fn end(&mut self) {
        self.is_at_end = true;
    }

    /// The next message, as far as what was read reaches.
    pub(super) fn next(&mut self) -> Step {
        loop {
            let step = match self.layout {
                Layout::Unknown => self.find_layout(),
                Layout::Lines => self.next_line(),
                Layout::Values | Layout::List | Layout::Items => self.next_value(),
                Layout::Rest => Some(self.next_rest()),
                Layout::Lengths => self.next_counted(),
            };
            if let Some(step) = step {
                return step;
            }
        }
    }

    fn next_line(&mut self) -> Option<Step> {
        let Some(found) = memchr(b'\n', &self.buffer[self.searched..]) else {
            self.searched = self.buffer.len();
            return self.line_without_end();
        };
        let end = self.searched + found;
        if self.too_long.is_some() {
            return Some(self.end_too_long(end + 1));
        }
        let line = self.buffer[..end].trim_ascii();
        let is_whole = line.first() != Some(&b'{') || line.last() == Some(&b'}');
        if !is_whole {
            // A value that goes on is told by how the next line begins.
            match self.buffer.get(end + 1) {
                None if !self.is_at_end => {
                    self.searched = end;
                    return Some(Step::NeedMore);
                }
                Some(b' ' | b'\t' | b'}' | b']') => {
                    self.layout = Layout::Values;
                    self.searched = 0;
                    return None;
                }
                _ => {}
            }
        }
        self.searched = 0;
        let is_blank = line.is_empty();
        let piece = self.take(end + 1);
        (!is_blank).then_some(Step::Piece(piece))
    }

    /// What to do where no line ends.
    fn line_without_end(&mut self) -> Option<Step> {
        if self.is_at_end {
            return Some(self.last_piece("the file ends inside this line"));
        }
        if self.too_long.is_some() || self.buffer.len() > MAX_FRAME_BYTES {
            self.pass_over();
        }
        Some(Step::NeedMore)
    }

    fn next_value(&mut self) -> Option<Step> {
        if self.torn.is_some() {
            return Some(self.find_new_beginning());
        }
        if self.too_long.is_none() && self.scan.is_new() {
            let blank = self
                .buffer
                .iter()
                .position(|byte| !is_between_values(*byte));
            self.skip(blank.unwrap_or(self.buffer.len()));
            match self.buffer.first() {
                None => return Some(self.end_of_values()),
                Some(b'[') if self.layout == Layout::Values => return self.step_over(Layout::List),
                Some(b']') if self.layout == Layout::List => return self.step_over(Layout::Values),
                Some(b']') if self.layout == Layout::Items => return self.step_over(Layout::Rest),
                Some(b'{' | b'[' | b'"') => {}
                Some(_) => return self.next_word(),
            }
        }
        match self.scan.look(&self.buffer) {
            Scanned::Ended(end) if self.too_long.is_some() => Some(self.end_too_long(end)),
            Scanned::Ended(end) => Some(Step::Piece(self.take(end))),
            Scanned::Torn(end) => {
                let step = if self.too_long.is_some() {
                    self.end_too_long(end)
                } else {
                    Step::Piece(self.take(end))
                };
                let Step::Piece(mut piece) = step else {
                    return Some(step);
                };
                piece
                    .broken
                    .get_or_insert_with(|| "a line ends inside a string".to_owned());
                self.torn = Some(shortened(piece));
                None
            }
            Scanned::More if self.is_at_end => {
                Some(self.last_piece("the file ends inside this value"))
            }
            Scanned::More => {
                if self.too_long.is_some() || self.buffer.len() > MAX_FRAME_BYTES {
                    self.pass_over();
                }
                Some(Step::NeedMore)
            }
        }
    }

    /// Passes over everything.
    fn next_rest(&mut self) -> Step {
        self.skip(self.buffer.len());
        if self.is_at_end {
            Step::End
        } else {
            Step::NeedMore
        }
    }

    fn step_over(&mut self, layout: Layout) -> Option<Step> {
        self.skip(1);
        self.layout = layout;
        None
    }

    /// A number, a word, or bytes that are no JSON at all: up to the next comma, bracket or line end.
    fn next_word(&mut self) -> Option<Step> {
        let end = self
            .buffer
            .iter()
            .position(|byte| matches!(byte, b',' | b']' | b'\n'));
        match end {
            Some(end) => Some(Step::Piece(self.take(end.max(1)))),
            None if self.is_at_end || self.buffer.len() > BEGINNING => {
                let all = self.buffer.len();
                Some(Step::Piece(self.take(all)))
            }
            None => Some(Step::NeedMore),
        }
    }

    /// After a torn value: passes over lines until one begins a value.
    fn find_new_beginning(&mut self) -> Step {
        while let Some(end) = memchr(b'\n', &self.buffer) {
            let next = &self.buffer[end + 1..];
            let indent = next
                .iter()
                .take_while(|byte| matches!(byte, b' ' | b'\t'))
                .count();
            let begins = match next.get(indent) {
                None if !self.is_at_end => return Step::NeedMore,
                Some(b'{') => indent == 0 || matches!(self.layout, Layout::List | Layout::Items),
                Some(b']') => indent == 0,
                _ => false,
            };
            self.skip(end + 1);
            if begins {
                return self.give_torn();
            }
        }
        self.skip(self.buffer.len());
        if self.is_at_end {
            self.give_torn()
        } else {
            Step::NeedMore
        }
    }

    fn give_torn(&mut self) -> Step {
        let piece = self.torn.take().expect("asked for only after a torn value");
        Step::Piece(Piece {
            resume: self.offset,
            ..piece
        })
    }

    fn end_of_values(&mut self) -> Step {
        match (self.is_at_end, self.layout) {
            (false, _) => Step::NeedMore,
            (true, Layout::List | Layout::Items) => {
                self.layout = Layout::Values;
                let (start, broken) = (
                    self.offset,
                    Some("the file ends inside its list".to_owned()),
                );
                Step::Piece(Piece {
                    bytes: Bytes::new(),
                    broken,
                    start,
                    resume: start,
                })
            }
            (true, _) => Step::End,
        }
    }

    fn next_counted(&mut self) -> Option<Step> {
        if let Some(TooLong {
            until: Some(until), ..
        }) = self.too_long
        {
            return Some(self.pass_over_counted(until));
        }
        let Some(end) = memchr(b'\n', &self.buffer) else {
            return self.counted_without_end();
        };
        let line = self.buffer[..end].trim_ascii();
        if line.is_empty() {
            self.skip(end + 1);
            return None;
        }
        let length = std::str::from_utf8(line)
            .ok()
            .and_then(|digits| digits.parse::<usize>().ok());
        let Some(length) = length else {
            // Not a length: from here on lines.
            self.layout = Layout::Lines;
            return None;
        };
        if length > MAX_FRAME_BYTES {
            let until = self
                .offset
                .saturating_add(end as u64 + 1)
                .saturating_add(length as u64);
            self.too_long = Some(TooLong {
                start: self.offset,
                until: Some(until),
                beginning: self.beginning(end + 1),
            });
            return None;
        }
        if self.buffer.len() >= end + 1 + length {
            self.skip(end + 1);
            let piece = self.take(length);
            return (!piece.bytes.is_empty()).then_some(Step::Piece(piece));
        }
        Some(if self.is_at_end {
            self.last_piece("the file ends inside this message")
        } else {
            Step::NeedMore
        })
    }

    /// What to do where a length may yet come.
    fn counted_without_end(&mut self) -> Option<Step> {
        if !self.is_at_end && self.buffer.len() <= BEGINNING {
            return Some(Step::NeedMore);
        }
        self.layout = Layout::Lines;
        None
    }

    fn pass_over_counted(&mut self, until: u64) -> Step {
        let left = usize::try_from(until - self.offset).unwrap_or(usize::MAX);
        let n = left.min(self.buffer.len());
        if n < left && !self.is_at_end {
            self.skip(n);
            return Step::NeedMore;
        }
        self.end_too_long(n)
    }

    /// Keeps a message's beginning and lets the rest of what was read go.
    fn pass_over(&mut self) {
        if self.too_long.is_none() {
            self.too_long = Some(TooLong {
                start: self.offset,
                until: None,
                beginning: self.beginning(0),
            });
        }
        let n = self.buffer.len();
        self.scan.forget(n);
        self.offset += n as u64;
        self.buffer = BytesMut::new();
        self.searched = 0;
    }

    fn end_too_long(&mut self, end: usize) -> Step {
        self.skip(end);
        self.searched = 0;
        self.scan = Scan::default();
        let TooLong {
            start, beginning, ..
        } = self
            .too_long
            .take()
            .expect("asked for only while one is passed over");
        let n_bytes = self.offset - start;
        Step::Piece(Piece {
            bytes: beginning,
            broken: Some(too_long(n_bytes)),
            start,
            resume: self.offset,
        })
    }

    /// The beginning of a message that stands in the buffer from `at` on.
    fn beginning(&self, at: usize) -> Bytes {
        let end = self.buffer.len().min(at + BEGINNING);
        Bytes::copy_from_slice(&self.buffer[at..end])
    }

    /// The first `n` bytes as a message.
    fn take(&mut self, n: usize) -> Piece {
        let start = self.offset;
        self.offset += n as u64;
        self.scan = Scan::default();
        let bytes = self.buffer.split_to(n).freeze();
        let lead = bytes.len() - bytes.trim_ascii_start().len();
        let trail = bytes[lead..].trim_ascii_end().len();
        let bytes = bytes.slice(lead..lead + trail);
        let broken = (bytes.len() > MAX_FRAME_BYTES).then(|| too_long(bytes.len() as u64));
        let piece = Piece {
            bytes,
            broken,
            start,
            resume: self.offset,
        };
        if piece.broken.is_some() {
            shortened(piece)
        } else {
            piece
        }
    }

    fn skip(&mut self, n: usize) {
        self.buffer.advance(n);
        self.offset += n as u64;
    }

    /// What stands at the document's end without one of its own.
    fn last_piece(&mut self, torn: &str) -> Step {
        if self.too_long.is_some() {
            let all = self.buffer.len();
            return self.end_too_long(all);
        }
        let all = self.buffer.len();
        let mut piece = self.take(all);
        self.searched = 0;
        let is_whole = self.layout == Layout::Lines && piece.bytes.last() == Some(&b'}');
        if piece.bytes.is_empty() {
            return Step::End;
        }
        if is_whole || piece.broken.is_some() {
            return Step::Piece(piece);
        }
        piece.broken = Some(torn.to_owned());
        piece.resume = piece.start;
        Step::Piece(shortened(piece))
    }
}

/// Of what is broken only the beginning is kept.
fn shortened(piece: Piece) -> Piece {
    let end = piece.bytes.len().min(BEGINNING);
    Piece {
        bytes: Bytes::copy_from_slice(&piece.bytes[..end]),
        ..piece
    }
}

fn too_long(n_bytes: u64) -> String {
    format!("message of {n_bytes} bytes, more than {MAX_FRAME_BYTES}")
}

/// White space, commas, the semicolon after an archive's list, and the separator of RFC 7464.
fn is_between_values(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b',' | b';' | 0x1e)
}

#[cfg(test)]
mod tests;
