//! What Jetstream is asked for, and what its refusals mean. Pure.

use std::num::NonZeroU32;

use bowerbird_core::frame::MAX_FRAME_BYTES;
use bowerbird_core::source::{Ladder, Lost, SourceError};
use bowerbird_core::time::Time;
use form_urlencoded::Serializer;
use serde_json::json;

use super::config::{JetstreamConfig, JetstreamWire};
use crate::websocket::Refusal;

/// More accounts than these are told in a message of their own: an address of many kilobytes is refused on the way.
const MAX_DIDS_IN_ADDRESS: usize = 50;

/// A question to Jetstream.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// Path and query.
    pub(super) target: String,
    /// The subprotocol to ask for.
    pub(super) protocol: Option<&'static str>,
    /// What to say before anything comes.
    pub(super) hello: Option<String>,
}

impl Request {
    /// Asks for what is configured, from a moment on if one is given, packed with the dictionary of an id if one is.
    pub(super) fn new(
        config: &JetstreamConfig,
        from: Option<Time>,
        dictionary: Option<NonZeroU32>,
    ) -> Self {
        let (path, protocol, collections, dids) = match config.wire {
            JetstreamWire::Old => ("/subscribe", None, "wantedCollections", "wantedDids"),
            JetstreamWire::New => (
                "/xrpc/network.bsky.jetstream.subscribeEvents",
                Some("xrpc.v1.json"),
                "collections",
                "dids",
            ),
        };
        let says_hello =
            config.wire == JetstreamWire::Old && config.dids.len() > MAX_DIDS_IN_ADDRESS;
        let mut query = Serializer::new(String::new());
        query.append_pair("maxMessageSizeBytes", &MAX_FRAME_BYTES.to_string());
        if let Some(from) = from {
            query.append_pair("cursor", &from.0.to_string());
        }
        match (dictionary, config.wire) {
            (Some(_), JetstreamWire::Old) => {
                query.append_pair("compress", "true");
            }
            (Some(id), JetstreamWire::New) => {
                query.append_pair("zstdDictionary", &id.to_string());
            }
            (None, _) => {}
        }
        if says_hello {
            query.append_pair("requireHello", "true");
        } else {
            query.extend_pairs(config.collections.iter().map(|name| (collections, name)));
            query.extend_pairs(config.dids.iter().map(|did| (dids, did)));
        }
        let hello = json!({
            "type": "options_update",
            "payload": {
                "wantedCollections": config.collections,
                "wantedDids": config.dids,
                "maxMessageSizeBytes": MAX_FRAME_BYTES,
            },
        });
        Self {
            target: format!("{path}?{}", query.finish()),
            protocol,
            hello: says_hello.then(|| hello.to_string()),
        }
    }
}

/// What the pipeline shall do after a refusal by the instance at `host`. `cursor` is what it was asked for; `is_only` says that there is no other
/// instance to ask.
pub(super) fn refused(
    refusal: Refusal,
    host: &str,
    cursor: Option<Time>,
    is_only: bool,
) -> SourceError {
    let (status, words) = match refusal {
        Refusal::Network(reason) => {
            let reason = format!("can't reach Jetstream at {host}: {reason}");
            return retry(Ladder::Network, reason);
        }
        Refusal::Answer { status, words, .. } => (status, words),
    };
    let said = if words.is_empty() {
        format!("Jetstream at {host} answered {status}")
    } else {
        format!("Jetstream at {host} answered {status}: {words}")
    };
    match (status, cursor) {
        (400, Some(cursor)) if words.to_ascii_lowercase().contains("cursor") => {
            SourceError::CursorLost {
                reason: said,
                lost: Lost {
                    from: Some(cursor),
                    resume: None,
                },
            }
        }
        (429, _) => retry(Ladder::RateLimit, said),
        // What answers is no Jetstream: something on the way may be, as the sign-in page of a network.
        (200..=299, _) => retry(
            Ladder::Server,
            format!("{said}, and not as a Jetstream does"),
        ),
        (500..=599, _) => retry(Ladder::Server, said),
        // Another instance may know better.
        _ if !is_only => retry(Ladder::Server, said),
        _ => SourceError::Stop {
            reason: format!("{said}; look at base_urls and what is asked for"),
        },
    }
}

pub(super) fn retry(ladder: Ladder, reason: String) -> SourceError {
    SourceError::Retry { ladder, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> JetstreamConfig {
        JetstreamConfig {
            collections: vec!["app.bsky.feed.post".into(), "app.bsky.graph.*".into()],
            ..JetstreamConfig::default()
        }
    }

    #[test]
    fn the_old_wire_is_asked_in_its_address() {
        let asked = Request::new(&config(), None, None);
        let expected = "/subscribe?maxMessageSizeBytes=8388608&wantedCollections=app.bsky.feed.post&wantedCollections=app.bsky.graph.*";
        assert_eq!(
            (asked.target.as_str(), asked.protocol, asked.hello),
            (expected, None, None)
        );
        let some = JetstreamConfig {
            collections: Vec::new(),
            dids: vec!["did:plc:a".into()],
            ..config()
        };
        let asked = Request::new(&some, Some(Time(1_779_719_009_157_119)), NonZeroU32::new(7));
        let expected = "/subscribe?maxMessageSizeBytes=8388608&cursor=1779719009157119&compress=true&wantedDids=did%3Aplc%3Aa";
        assert_eq!(asked.target, expected);
    }

    #[test]
    fn many_accounts_are_told_in_a_message() {
        let many = JetstreamConfig {
            dids: (0..51).map(|n| format!("did:plc:{n}")).collect(),
            ..config()
        };
        let asked = Request::new(&many, None, None);
        let expected = "/subscribe?maxMessageSizeBytes=8388608&requireHello=true";
        assert_eq!(asked.target, expected);
        let hello: serde_json::Value = serde_json::from_str(&asked.hello.unwrap()).unwrap();
        assert_eq!(hello["type"], "options_update");
        assert_eq!(hello["payload"]["wantedDids"][50], "did:plc:50");
        assert_eq!(
            hello["payload"]["wantedCollections"][0],
            "app.bsky.feed.post"
        );
    }

    #[test]
    fn the_new_wire_has_names_of_its_own() {
        let new = JetstreamConfig {
            wire: JetstreamWire::New,
            dids: vec!["did:plc:a".into()],
            ..config()
        };
        let asked = Request::new(&new, Some(Time(1_779_719_009_157_119)), NonZeroU32::new(7));
        assert_eq!(asked.protocol, Some("xrpc.v1.json"));
        let expected = "/xrpc/network.bsky.jetstream.subscribeEvents?maxMessageSizeBytes=8388608&cursor=1779719009157119&zstdDictionary=7&collections=app.bsky.feed.post&collections=app.bsky.graph.*&dids=did%3Aplc%3Aa";
        assert_eq!(asked.target, expected);
    }

    #[test]
    fn refusals_say_what_to_do() {
        let cursor = Some(Time(7));
        for (status, words, cursor, is_only, expected) in [
            (429, "", None, true, "RateLimit"),
            (503, "bootstrapping", None, true, "Server"),
            (400, r#"{"error":"CursorTooOld"}"#, cursor, true, "lost"),
            (400, "bad cursor", None, true, "stop"),
            (400, "too many collections", cursor, true, "stop"),
            (404, "", cursor, true, "stop"),
            (200, "<html>", cursor, true, "Server"),
            (301, "", cursor, false, "Server"),
            (400, "invalid did", cursor, false, "Server"),
        ] {
            let refusal = Refusal::Answer {
                status,
                words: words.to_owned(),
                until: None,
            };
            let error = refused(refusal, "wss://one.example", cursor, is_only);
            let found = match &error {
                SourceError::Retry { ladder, .. } => format!("{ladder:?}"),
                SourceError::CursorLost { lost, .. } => {
                    assert_eq!(lost.from, cursor);
                    "lost".to_owned()
                }
                SourceError::Stop { .. } => "stop".to_owned(),
                SourceError::WaitUntil { .. } => "wait".to_owned(),
                SourceError::Slow { .. } => "slow".to_owned(),
            };
            assert_eq!(found, expected, "{status} {words}");
            let said = error.to_string();
            assert!(
                said.contains("wss://one.example") && said.contains(words),
                "{said}"
            );
        }
    }
}
