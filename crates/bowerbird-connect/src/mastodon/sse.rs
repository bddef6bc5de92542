//! Cuts a stream of chunks into server-sent events, as Mastodon sends them; a chunk's end is not an event's. Pure.
//!
//! Comments (`:thump`) say that the other side is there. `id` and `retry` are not used by Mastodon, and passed over. Nothing is held beyond what
//! a frame may have, which no library at hand promises.

use bowerbird_core::frame::MAX_FRAME_BYTES;
use memchr::memchr;

/// What is kept of what is too long, or torn.
const BEGINNING: usize = 4 << 10;

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// A comment: nothing has happened.
    Alive,
    /// An event by its name, and its data.
    Event(String, String),
    /// Bytes that are no event, by their beginning, and why.
    Broken(Vec<u8>, String),
}

/// A stream on its way into events.
#[derive(Debug, Default)]
pub(super) struct Events {
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    name: String,
    /// The lines of data so far; `None` where none came.
    data: Option<Vec<u8>>,
    /// How long the event is of which only the beginning is held.
    too_long: Option<usize>,
}

impl Events {
    /// Takes a chunk; what it completes is appended to `said`.
    pub(super) fn push(&mut self, chunk: &[u8], said: &mut Vec<Said>) {
        let mut rest = chunk;
        while let Some(end) = memchr(b'\n', rest) {
            self.keep(&rest[..end]);
            rest = &rest[end + 1..];
            let line = std::mem::take(&mut self.line);
            let line = line.strip_suffix(b"\r").unwrap_or(&line);
            if self.too_long.is_none() || line.is_empty() {
                self.line(line, said);
            }
        }
        self.keep(rest);
    }

    /// The connection is over: what there is of an event that never ended.
    pub(super) fn end(&mut self) -> Option<Said> {
        let mut rest = self.data.take().unwrap_or_default();
        rest.append(&mut self.line);
        if rest.trim_ascii().is_empty() {
            return None;
        }
        let n_bytes = self.too_long.unwrap_or(rest.len());
        rest.truncate(BEGINNING);
        let reason = format!("torn: the connection ended {n_bytes} bytes into this event");
        Some(Said::Broken(rest, reason))
    }

    fn keep(&mut self, bytes: &[u8]) {
        let before = self.line.len() + self.data.as_ref().map_or(0, Vec::len);
        match &mut self.too_long {
            Some(n_bytes) => {
                *n_bytes += bytes.len();
                // An empty line, which ends the event, is still told from one that is not.
                self.line.extend_from_slice(&bytes[..bytes.len().min(2)]);
                self.line.truncate(2);
            }
            None if before + bytes.len() > MAX_FRAME_BYTES => {
                self.too_long = Some(before + bytes.len());
                let data = self.data.get_or_insert_default();
                data.extend_from_slice(&self.line);
                data.extend_from_slice(&bytes[..bytes.len().min(BEGINNING)]);
                data.truncate(BEGINNING);
                data.shrink_to_fit();
                self.line = bytes[..bytes.len().min(2)].to_vec();
            }
            None => self.line.extend_from_slice(bytes),
        }
    }

    fn line(&mut self, line: &[u8], said: &mut Vec<Said>) {
        if line.is_empty() {
            return self.whole(said);
        }
        if line[0] == b':' {
            // Of many in a row one says enough.
            if said.last() != Some(&Said::Alive) {
                said.push(Said::Alive);
            }
            return;
        }
        let (field, value) = match memchr(b':', line) {
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (line, &b""[..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"event" => self.name = String::from_utf8_lossy(value).into_owned(),
            b"data" => match &mut self.data {
                Some(data) => {
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
                None => self.data = Some(value.to_vec()),
            },
            _ => {}
        }
    }

    /// An empty line: the event is whole.
    fn whole(&mut self, said: &mut Vec<Said>) {
        let name = std::mem::take(&mut self.name);
        let data = self.data.take();
        if let Some(n_bytes) = self.too_long.take() {
            let reason = format!("event of {n_bytes} bytes, more than {MAX_FRAME_BYTES}");
            said.push(Said::Broken(data.unwrap_or_default(), reason));
            return;
        }
        match data {
            // Without a name it would be a `message`, which Mastodon never sends; a name without data says enough.
            None if name.is_empty() => {}
            data => match String::from_utf8(data.unwrap_or_default()) {
                Ok(data) => said.push(Said::Event(name, data)),
                Err(error) => {
                    let mut bytes = error.into_bytes();
                    bytes.truncate(BEGINNING);
                    said.push(Said::Broken(bytes, "not UTF-8".to_owned()));
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(chunks: &[&[u8]]) -> (Vec<Said>, Option<Said>) {
        let mut events = Events::default();
        let mut said = Vec::new();
        for chunk in chunks {
            events.push(chunk, &mut said);
        }
        (said, events.end())
    }

    fn event(name: &str, data: &str) -> Said {
        Said::Event(name.to_owned(), data.to_owned())
    }

    #[test]
    fn events_are_what_mastodon_sends() {
        let stream = b":)\n\n:thump\n\nevent: update\ndata: {\"id\":\"1\"}\n\nevent: delete\r\ndata: 1\r\n\r\nevent: filters_changed\ndata: undefined\n\n";
        let expected = [
            Said::Alive,
            event("update", "{\"id\":\"1\"}"),
            event("delete", "1"),
            event("filters_changed", "undefined"),
        ];
        assert_eq!(cut(&[stream]), (expected.into(), None));
        assert_eq!(
            cut(&[b"event:a\ndata:b\ndata: c\n\n"]).0,
            [event("a", "b\nc")]
        );
        assert_eq!(
            cut(&[b"event: a\n\nid: 4\nretry: 5\n\n"]).0,
            [event("a", "")]
        );
        assert_eq!(cut(&[b"\xef\n\n", b"\n"]).0, []);
    }

    #[test]
    fn what_is_torn_or_no_text_is_told() {
        let (said, torn) = cut(&[b"event: update\ndata: {\"id\":"]);
        assert!(said.is_empty());
        let Some(Said::Broken(bytes, reason)) = torn else {
            panic!("{torn:?}");
        };
        assert_eq!(bytes, b"data: {\"id\":");
        assert!(reason.starts_with("torn:"), "{reason}");
        let (said, _) = cut(&[b"event: update\ndata: \xff\n\n"]);
        assert_eq!(
            said,
            [Said::Broken(b"\xff".to_vec(), "not UTF-8".to_owned())]
        );
    }

    #[test]
    fn memory_does_not_grow_with_an_event() {
        let mut events = Events::default();
        let mut said = Vec::new();
        events.push(b"event: update\ndata: ", &mut said);
        for _ in 0..40 {
            events.push(&vec![b'x'; 1 << 20], &mut said);
            let held = events.line.capacity() + events.data.as_ref().map_or(0, Vec::capacity);
            assert!(held <= 4 * MAX_FRAME_BYTES, "{held}");
        }
        events.push(b"\ndata: more\n\nevent: delete\ndata: 1\n\n", &mut said);
        let [Said::Broken(bytes, reason), next] = said.as_slice() else {
            panic!("{}", said.len());
        };
        assert_eq!((bytes.len(), next), (BEGINNING, &event("delete", "1")));
        assert!(reason.contains("more than"), "{reason}");
    }

    proptest! {
        #[test]
        fn chunks_do_not_matter(stream in "[:a \r\n]{0,60}|(event: a\ndata: b\n\n|:x\n){0,9}", cuts in proptest::collection::vec(1_usize..7, 0..40)) {
            let stream = stream.as_bytes();
            let mut chunks = Vec::new();
            let mut rest = stream;
            for cut in cuts {
                let (chunk, after) = rest.split_at(cut.min(rest.len()));
                chunks.push(chunk);
                rest = after;
            }
            chunks.push(rest);
            prop_assert_eq!(cut(&chunks), cut(&[stream]));
        }
    }
}
