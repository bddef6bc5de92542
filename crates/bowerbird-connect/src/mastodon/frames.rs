//! What came from an instance as frames: the message as it is, with the instance that said it.
//!
//! An instance's numbers mean something only there, and a stream does not say where it is from; so a frame is
//! `{"mastodon":"HOST","domain":…,"me":…,"stream":…,"event":…,"payload":…}`, where the payload is the very bytes of the status. A deletion names
//! a number only: of the newest posts the source remembers the uri, so that a page that shows one lets go of it at once; of older ones the store
//! knows it.

use std::collections::{HashMap, VecDeque};

use bowerbird_core::frame::{Frame, MAX_FRAME_BYTES};
use bowerbird_core::time::Time;
use bytes::Bytes;
use sonic_rs::JsonValueTrait;

/// How many posts are remembered: as many as pages show and try rules on.
const REMEMBERED: usize = 4_000;
/// Longer numbers and uris are not worth remembering.
const MAX_REMEMBERED_BYTES: usize = 512;
/// What is kept of a message that is too large.
const BEGINNING: usize = 4 << 10;

/// Where messages come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Here {
    /// The name in the instance's address.
    pub(super) host: String,
    /// The name in its accounts' handles.
    pub(super) domain: String,
    /// The handle of the account whose token it is; empty where that is of no matter.
    pub(super) me: String,
}

/// Makes frames.
#[derive(Debug)]
pub(super) struct Framer {
    /// What every frame begins with.
    beginning: String,
    uris: HashMap<Box<str>, Box<str>>,
    order: VecDeque<Box<str>>,
}

impl Framer {
    pub(super) fn new(here: &Here) -> Self {
        let mut beginning = format!("{{\"mastodon\":{}", quoted(&here.host));
        for (key, value) in [("domain", &here.domain), ("me", &here.me)] {
            if !value.is_empty() && *value != here.host {
                beginning.push_str(&format!(",\"{key}\":{}", quoted(value)));
            }
        }
        Self {
            beginning,
            uris: HashMap::new(),
            order: VecDeque::new(),
        }
    }

    /// The frame of an event; `stream` is JSON, or nothing.
    pub(super) fn frame(&mut self, stream: &str, event: &str, data: &str, now: Time) -> Frame {
        let data = data.trim();
        if data.len() > MAX_FRAME_BYTES - BEGINNING {
            let reason = format!("message of {} bytes, more than a frame holds", data.len());
            return broken(data.as_bytes(), reason, now);
        }
        let mut text = String::with_capacity(self.beginning.len() + data.len() + 128);
        text.push_str(&self.beginning);
        if !stream.is_empty() {
            text.push_str(",\"stream\":");
            text.push_str(stream);
        }
        text.push_str(",\"event\":");
        text.push_str(&quoted(event));
        if event == "delete"
            && let Some(uri) = self.uris.get(data)
        {
            text.push_str(",\"uri\":");
            text.push_str(&quoted(uri));
        }
        match data {
            "" | "undefined" => {}
            data if data.starts_with('{') => {
                self.remember(event, data);
                text.push_str(",\"payload\":");
                text.push_str(data);
            }
            data => {
                text.push_str(",\"payload\":");
                text.push_str(&quoted(data));
            }
        }
        text.push('}');
        Frame::new(Bytes::from(text), now)
    }

    fn remember(&mut self, event: &str, status: &str) {
        if !matches!(event, "update" | "status.update") {
            return;
        }
        let text = |key: &str| {
            let value = sonic_rs::get(status, [key]).ok()?;
            let text = value.as_str()?;
            (text.len() <= MAX_REMEMBERED_BYTES).then(|| Box::<str>::from(text))
        };
        let (Some(id), Some(uri)) = (text("id"), text("uri")) else {
            return;
        };
        if self.uris.insert(id.clone(), uri).is_none() {
            self.order.push_back(id);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.uris.remove(&oldest);
        }
    }
}

/// What can't be made a frame of goes to the dead letters by its beginning.
pub(super) fn broken(bytes: &[u8], reason: String, now: Time) -> Frame {
    Frame {
        bytes: Bytes::copy_from_slice(&bytes[..bytes.len().min(BEGINNING)]),
        received_at: now,
        broken: Some(reason),
    }
}

/// Text as JSON.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mastodon::decode;
    use bowerbird_core::event::{Body, Delete};

    fn framer(domain: &str) -> Framer {
        Framer::new(&Here {
            host: "sub.birds.example".to_owned(),
            domain: domain.to_owned(),
            me: String::new(),
        })
    }

    fn text(frame: &Frame) -> &str {
        std::str::from_utf8(&frame.bytes).unwrap()
    }

    #[test]
    fn the_message_stays_as_it_is_and_says_where_it_is_from() {
        let status = r#"{"id":"7","uri":"https://a.example/7", "content" : "<p>\u00e9</p>"}"#;
        let frame = framer("birds.example").frame("[\"public\"]", "update", status, Time(5));
        let expected = format!(
            r#"{{"mastodon":"sub.birds.example","domain":"birds.example","stream":["public"],"event":"update","payload":{status}}}"#
        );
        assert_eq!(
            (text(&frame), frame.received_at),
            (expected.as_str(), Time(5))
        );
        let mut same = framer("sub.birds.example");
        for (event, data, expected) in [
            ("delete", "12", r#","event":"delete","payload":"12"}"#),
            (
                "filters_changed",
                "undefined",
                r#","event":"filters_changed"}"#,
            ),
            ("a\"b", "\"", r#","event":"a\"b","payload":"\""}"#),
        ] {
            let frame = same.frame("", event, data, Time(5));
            assert_eq!(
                text(&frame),
                format!(r#"{{"mastodon":"sub.birds.example"{expected}"#)
            );
        }
    }

    #[test]
    fn a_deletion_says_the_uri_where_it_is_remembered() {
        let mut framer = framer("");
        let deleted = |framer: &mut Framer, id: &str| {
            let frame = framer.frame("", "delete", id, Time(5));
            match decode(&frame.bytes).unwrap().body {
                Body::Delete(Delete::Post { post_id, .. }) => post_id.into_owned(),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(deleted(&mut framer, "0"), "sub.birds.example/0");
        for n in 0..=REMEMBERED {
            let status = format!(r#"{{"id":"{n}","uri":"https://a.example/{n}","content":""}}"#);
            framer.frame("", "update", &status, Time(5));
        }
        assert_eq!(deleted(&mut framer, "1"), "https://a.example/1");
        assert_eq!(
            deleted(&mut framer, "0"),
            "sub.birds.example/0",
            "forgotten"
        );
        assert_eq!(
            (framer.uris.len(), framer.order.len()),
            (REMEMBERED, REMEMBERED)
        );
    }

    #[test]
    fn garbage_is_a_frame_that_is_refused() {
        let mut framer = framer("");
        for (data, reason) in [
            ("{\"id\":", "not JSON"),
            ("[1]", "payload.uri"),
            ("{}", "payload.uri"),
            ("", "payload.uri"),
        ] {
            let frame = framer.frame("", "update", data, Time(5));
            let refused = decode(&frame.bytes).unwrap_err().reason;
            assert!(refused.contains(reason), "{data}: {refused}");
        }
        let huge = "x".repeat(MAX_FRAME_BYTES);
        let frame = framer.frame("", "update", &huge, Time(5));
        assert!(frame.broken.is_some() && frame.bytes.len() == BEGINNING);
    }
}
