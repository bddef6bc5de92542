//! What a Jetstream source needs to know, and what can be said against it before anything is asked.

use std::path::PathBuf;

use crate::error::ConnectError;

/// Bluesky's public instances, which ask for no account.
pub const JETSTREAM_BASE_URLS: [&str; 4] = [
    "wss://jetstream2.us-east.bsky.network",
    "wss://jetstream1.us-west.bsky.network",
    "wss://jetstream1.us-east.bsky.network",
    "wss://jetstream2.us-west.bsky.network",
];
/// Posts, and what accounts say of themselves. Likes alone would be more than everything else together.
pub const JETSTREAM_COLLECTIONS: [&str; 2] = ["app.bsky.feed.post", "app.bsky.actor.profile"];

/// How many collections Jetstream takes.
const MAX_COLLECTIONS: usize = 100;
/// How many accounts Jetstream takes.
const MAX_DIDS: usize = 10_000;
/// No dictionary is larger by far; the published one has 110 KiB.
const MAX_DICTIONARY_BYTES: u64 = 8 << 20;

/// How to read a Jetstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JetstreamConfig {
    /// Addresses of instances that serve the same, `wss://…` each; the next takes its turn when one fails.
    pub base_urls: Vec<String>,
    /// What is spoken there.
    pub wire: JetstreamWire,
    /// The collections to ask for, as `app.bsky.feed.post` or `app.bsky.feed.*`; none: all.
    pub collections: Vec<String>,
    /// The accounts to ask for; none: all.
    pub dids: Vec<String>,
    /// The file of the dictionary that the service packs with; without it messages come unpacked.
    pub dictionary: Option<PathBuf>,
}

/// The two forms in which Jetstream speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum JetstreamWire {
    /// `/subscribe`, which every instance speaks.
    #[default]
    Old,
    /// `/xrpc/network.bsky.jetstream.subscribeEvents`, since 2026.
    New,
}

impl Default for JetstreamConfig {
    fn default() -> Self {
        Self {
            base_urls: JETSTREAM_BASE_URLS.map(str::to_owned).to_vec(),
            wire: JetstreamWire::Old,
            collections: JETSTREAM_COLLECTIONS.map(str::to_owned).to_vec(),
            dids: Vec::new(),
            dictionary: None,
        }
    }
}

impl JetstreamConfig {
    /// What of it Jetstream would refuse.
    pub(super) fn judge(&self) -> Result<(), ConnectError> {
        if self.base_urls.is_empty() {
            return Err(ConnectError::setting(
                "base_urls",
                "expected at least one address",
            ));
        }
        if let Some(wrong) = self.collections.iter().find(|name| !is_collection(name)) {
            let expected =
                "expected the name of a collection, as app.bsky.feed.post or app.bsky.feed.*";
            return Err(ConnectError::setting(
                "collections",
                format!("`{wrong}`: {expected}"),
            ));
        }
        if let Some(wrong) = self.dids.iter().find(|did| !is_did(did)) {
            let expected =
                "expected a DID, as did:plc:z72i7hdynmk6r22z27h6tvur; handles are not looked up";
            return Err(ConnectError::setting(
                "dids",
                format!("`{wrong}`: {expected}"),
            ));
        }
        at_most("collections", self.collections.len(), MAX_COLLECTIONS)?;
        at_most("dids", self.dids.len(), MAX_DIDS)?;
        Ok(())
    }

    /// The dictionary's bytes, if there is one.
    pub(super) fn read_dictionary(&self) -> Result<Option<Vec<u8>>, ConnectError> {
        let Some(path) = &self.dictionary else {
            return Ok(None);
        };
        let unreadable = |source| ConnectError::Unreadable {
            path: path.clone(),
            source,
        };
        if std::fs::metadata(path).map_err(unreadable)?.len() > MAX_DICTIONARY_BYTES {
            let reason = format!("more than {MAX_DICTIONARY_BYTES} bytes: not a dictionary");
            return Err(ConnectError::setting("dictionary", reason));
        }
        std::fs::read(path).map(Some).map_err(unreadable)
    }
}

fn at_most(setting: &'static str, count: usize, most: usize) -> Result<(), ConnectError> {
    if count > most {
        let reason = format!("{count} of them: Jetstream takes at most {most}");
        return Err(ConnectError::setting(setting, reason));
    }
    Ok(())
}

/// A name of at least two parts, the last of which may be a star.
fn is_collection(name: &str) -> bool {
    let stem = name.strip_suffix(".*").unwrap_or(name);
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    name.len() <= 320 && name.contains('.') && stem.split('.').all(is_part)
}

/// `did:METHOD:ID`.
fn is_did(did: &str) -> bool {
    let Some((method, id)) = did
        .strip_prefix("did:")
        .and_then(|rest| rest.split_once(':'))
    else {
        return false;
    };
    let is_plain =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b':' | b'%' | b'-');
    did.len() <= 2_048
        && !method.is_empty()
        && method.bytes().all(|b| b.is_ascii_lowercase())
        && !id.is_empty()
        && id.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collections_and_accounts_are_looked_at() {
        for (name, expected) in [
            ("app.bsky.feed.post", true),
            ("app.bsky.*", true),
            ("place.stream.key-2", true),
            ("*", false),
            ("post", false),
            ("app..post", false),
            ("app.bsky.f*", false),
            ("app.bsky.feed.post&cursor=1", false),
            ("", false),
        ] {
            assert_eq!(is_collection(name), expected, "{name}");
        }
        for (did, expected) in [
            ("did:plc:z72i7hdynmk6r22z27h6tvur", true),
            ("did:web:example.org", true),
            ("bsky.app", false),
            ("@bsky.app", false),
            ("did:plc:", false),
            ("did:plc", false),
            ("did:plc:a b", false),
        ] {
            assert_eq!(is_did(did), expected, "{did}");
        }
    }

    #[test]
    fn what_jetstream_would_refuse_is_said_before() {
        let whole = JetstreamConfig::default();
        whole.judge().unwrap();
        let many = |n: usize, text: &str| vec![text.to_owned(); n];
        let said = |config: JetstreamConfig| config.judge().unwrap_err().to_string();
        for (config, expected) in [
            (
                JetstreamConfig {
                    base_urls: Vec::new(),
                    ..whole.clone()
                },
                "base_urls: expected at least one address",
            ),
            (
                JetstreamConfig {
                    collections: many(101, "app.bsky.feed.post"),
                    ..whole.clone()
                },
                "collections: 101 of them: Jetstream takes at most 100",
            ),
            (
                JetstreamConfig {
                    dids: many(10_001, "did:plc:a"),
                    ..whole.clone()
                },
                "dids: 10001 of them: Jetstream takes at most 10000",
            ),
            (
                JetstreamConfig {
                    dids: many(1, "alice.example"),
                    ..whole.clone()
                },
                "dids: `alice.example`: expected a DID",
            ),
        ] {
            let said = said(config);
            assert!(said.starts_with(expected), "{said}");
        }
    }

    #[test]
    fn a_dictionary_that_is_not_there_is_named() {
        let config = JetstreamConfig {
            dictionary: Some("/nowhere/a.zdict".into()),
            ..JetstreamConfig::default()
        };
        let error = config.read_dictionary().unwrap_err().to_string();
        assert_eq!(error, "can't read /nowhere/a.zdict");
    }
}
