//! Cuts a stream of chunks into lines that end with `\r\n`, as X sends them; a chunk's end is not a line's. Pure.
//!
//! A line feed alone is not an end: X says that one may stand inside a message. An empty line is a keep-alive.

use std::collections::VecDeque;

use bowerbird_core::frame::{Frame, MAX_FRAME_BYTES};
use bowerbird_core::time::Time;
use bytes::{Bytes, BytesMut};
use memchr::memchr_iter;

/// What is kept of a line that is too long, or torn.
const BEGINNING: usize = 64 << 10;

/// A stream on its way into lines.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The beginning of a line whose end has not come.
    partial: BytesMut,
    /// How long the line is of which `partial` is only the beginning.
    too_long: Option<u64>,
}

impl Lines {
    /// Takes a chunk that came `now`; what it completes is appended to `frames`.
    pub(super) fn push(&mut self, chunk: &Bytes, now: Time, frames: &mut VecDeque<Frame>) {
        let mut start = 0;
        for at in memchr_iter(b'\n', chunk) {
            let before = if at > start {
                chunk[..at].last()
            } else {
                self.partial.last()
            };
            if before != Some(&b'\r') {
                continue;
            }
            let frame = self.line(chunk.slice(start..at), now);
            start = at + 1;
            // Of many keep-alives in a row one says enough.
            let is_told = frame.is_keep_alive() && frames.back().is_some_and(Frame::is_keep_alive);
            if !is_told {
                frames.push_back(frame);
            }
        }
        self.keep(&chunk[start..]);
    }

    /// The connection is over: what is left of a line that never ended. It is no message; it is kept as a dead letter, so that what was
    /// there can be seen, and the pipeline notes the gap.
    pub(super) fn end(&mut self, now: Time) -> Option<Frame> {
        let partial = std::mem::take(&mut self.partial).freeze();
        let n_bytes = self.too_long.take().unwrap_or(partial.len() as u64);
        if partial.trim_ascii().is_empty() {
            return None;
        }
        let broken = Some(format!(
            "torn: the connection ended {n_bytes} bytes into this message"
        ));
        Some(Frame {
            bytes: beginning(&partial),
            received_at: now,
            broken,
        })
    }

    /// The line that `rest` completes; `rest` or what was kept ends with the carriage return.
    fn line(&mut self, rest: Bytes, now: Time) -> Frame {
        let whole = if self.partial.is_empty() {
            rest
        } else {
            self.keep(&rest);
            std::mem::take(&mut self.partial).freeze()
        };
        let n_bytes = self
            .too_long
            .take()
            .unwrap_or(whole.len() as u64)
            .saturating_sub(1);
        if n_bytes > MAX_FRAME_BYTES as u64 {
            let broken = Some(format!(
                "message of {n_bytes} bytes, more than {MAX_FRAME_BYTES}"
            ));
            return Frame {
                bytes: beginning(&whole),
                received_at: now,
                broken,
            };
        }
        let text = whole.strip_suffix(b"\r").unwrap_or(&whole);
        let is_blank = text.trim_ascii().is_empty();
        let end = if is_blank { 0 } else { text.len() };
        Frame::new(whole.slice(..end), now)
    }

    /// Keeps what may be a line's beginning; of one that is too long only the beginning, and its last byte.
    fn keep(&mut self, rest: &[u8]) {
        if rest.is_empty() {
            return;
        }
        if let Some(n_bytes) = &mut self.too_long {
            *n_bytes += rest.len() as u64;
        } else if self.partial.len() + rest.len() > MAX_FRAME_BYTES + 1 {
            self.too_long = Some((self.partial.len() + rest.len()) as u64);
            let room = BEGINNING.saturating_sub(self.partial.len()).min(rest.len());
            self.partial.extend_from_slice(&rest[..room]);
            self.partial.truncate(BEGINNING);
        } else {
            self.partial.extend_from_slice(rest);
            return;
        }
        // Whether a line feed to come ends the line, the last byte says.
        let last = rest[rest.len() - 1];
        self.partial.truncate(BEGINNING);
        self.partial.extend_from_slice(&[last]);
    }
}

fn beginning(bytes: &Bytes) -> Bytes {
    if bytes.len() <= BEGINNING {
        bytes.clone()
    } else {
        Bytes::copy_from_slice(&bytes[..BEGINNING])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(chunks: &[&[u8]]) -> (Vec<(String, bool)>, Option<String>) {
        let mut lines = Lines::default();
        let mut frames = VecDeque::new();
        for chunk in chunks {
            lines.push(&Bytes::copy_from_slice(chunk), Time(1), &mut frames);
        }
        let torn = lines
            .end(Time(2))
            .map(|frame| String::from_utf8_lossy(&frame.bytes).into_owned());
        let shown = |frame: Frame| {
            (
                String::from_utf8_lossy(&frame.bytes).into_owned(),
                frame.broken.is_some(),
            )
        };
        (frames.into_iter().map(shown).collect(), torn)
    }

    fn texts(chunks: &[&[u8]]) -> Vec<String> {
        split(chunks).0.into_iter().map(|(text, _)| text).collect()
    }

    #[test]
    fn lines_end_with_both_characters() {
        assert_eq!(texts(&[b"a\r\nb\nc\r\n"]), ["a", "b\nc"]);
        assert_eq!(texts(&[b"a\r", b"\nb\r\n"]), ["a", "b"]);
        assert_eq!(texts(&[b"a\rb\r\n"]), ["a\rb"]);
        assert_eq!(texts(&[b"\n\r\n"]), [""]);
        assert_eq!(texts(&[]), [""; 0]);
    }

    #[test]
    fn empty_lines_are_keep_alives_and_one_of_many_is_enough() {
        assert_eq!(texts(&[b"\r\n"]), [""]);
        assert_eq!(texts(&[b"\r\n\r\n\r", b"\na\r\n\r\n"]), ["", "a", ""]);
    }

    #[test]
    fn what_is_torn_at_the_end_is_told() {
        let (lines, torn) = split(&[b"a\r\n{\"data\":{\"i"]);
        assert_eq!((lines.len(), torn.as_deref()), (1, Some("{\"data\":{\"i")));
        assert_eq!(split(&[b"a\r\n\r"]).1, None);
    }

    #[test]
    fn a_line_that_is_too_long_leaves_its_beginning() {
        let long = vec![b'x'; 50 << 20];
        let chunks: Vec<&[u8]> = long
            .chunks(70_001)
            .chain([b"\r".as_slice(), b"\nb\r\n"])
            .collect();
        let (lines, _) = split(&chunks);
        assert_eq!(lines.len(), 2);
        assert_eq!((lines[0].0.len(), lines[0].1), (BEGINNING, true));
        assert_eq!(lines[1], ("b".to_owned(), false));
    }

    #[test]
    fn memory_does_not_grow_with_a_line() {
        let mut lines = Lines::default();
        let chunk = Bytes::from(vec![b'x'; 1 << 20]);
        let mut frames = VecDeque::new();
        for _ in 0..200 {
            lines.push(&chunk, Time(1), &mut frames);
            assert!(lines.partial.capacity() <= 2 * (MAX_FRAME_BYTES + chunk.len()));
        }
        assert!(frames.is_empty());
    }

    proptest! {
        #[test]
        fn chunks_do_not_matter(stream in "[ab\r\n]{0,60}", cuts in proptest::collection::vec(1_usize..7, 0..40)) {
            let stream = stream.as_bytes();
            let mut chunks = Vec::new();
            let mut rest = stream;
            for cut in cuts {
                let (chunk, after) = rest.split_at(cut.min(rest.len()));
                chunks.push(chunk);
                rest = after;
            }
            chunks.push(rest);
            prop_assert_eq!(split(&chunks), split(&[stream]));
        }

        #[test]
        fn nothing_is_lost(lines in proptest::collection::vec("[a-z]{1,9}", 0..9)) {
            let stream: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
            prop_assert_eq!(texts(&[stream.as_bytes()]), lines);
        }
    }
}
