//! What a Mastodon source needs to know, and what can be said against it before anything is asked.

use secrecy::SecretString;

use super::streams::Stream;
use crate::error::ConnectError;

/// More streams than these are better asked for with another source: each costs an instance something.
const MAX_STREAMS: usize = 50;

/// How to read the streams of an instance.
#[derive(Debug, Clone)]
pub struct MastodonConfig {
    /// The instance's address, `https://…`.
    pub base_url: String,
    /// Its streams, as Mastodon names them.
    pub streams: Vec<String>,
    /// An access token; `None` where public streams need none.
    pub token: Option<SecretString>,
    /// How streams are read.
    pub transport: MastodonTransport,
    /// Of public streams only posts with something attached.
    pub only_media: bool,
}

/// The two ways in which an instance streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MastodonTransport {
    /// One WebSocket for all streams, which every kind of server speaks.
    #[default]
    WebSocket,
    /// Server-sent events, one connection for each stream: for where something on the way lets no WebSocket through.
    Sse,
}

impl MastodonConfig {
    /// These streams of this instance, with nothing else said.
    pub fn new(base_url: impl Into<String>, streams: &[&str]) -> Self {
        Self {
            base_url: base_url.into(),
            streams: streams.iter().copied().map(str::to_owned).collect(),
            token: None,
            transport: MastodonTransport::default(),
            only_media: false,
        }
    }

    /// The streams, each once; `has_token` says whether there is, or will be, a token.
    pub(super) fn judge(&self, has_token: bool) -> Result<Vec<Stream>, ConnectError> {
        let wrong = |reason: String| ConnectError::setting("streams", reason);
        if self.streams.is_empty() {
            return Err(wrong(
                "expected at least one, as in [\"public\"]".to_owned(),
            ));
        }
        if self.streams.len() > MAX_STREAMS {
            let count = self.streams.len();
            return Err(wrong(format!(
                "{count} of them: expected at most {MAX_STREAMS}"
            )));
        }
        let mut streams = Vec::new();
        for name in &self.streams {
            let stream = Stream::parse(name).map_err(wrong)?;
            if stream.is_own() && !has_token {
                let reason = format!(
                    "`{name}` is an account's own: it needs that account's token (token = \"…\")"
                );
                return Err(wrong(reason));
            }
            if !streams.contains(&stream) {
                streams.push(stream);
            }
        }
        Ok(streams)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_instance_would_refuse_is_said_before() {
        let judged = |streams: &[&str], has_token| {
            let config = MastodonConfig::new("https://birds.example", streams);
            let judged = config.judge(has_token);
            judged
                .map(|streams| streams.len())
                .map_err(|error| error.to_string())
        };
        assert_eq!(judged(&["public", "hashtag:a", "hashtag:A"], false), Ok(2));
        assert_eq!(judged(&["user", "list:1"], true), Ok(2));
        for (streams, expected) in [
            (&[] as &[&str], "streams: expected at least one"),
            (&["home"], "streams: `home` is no stream"),
            (&["user"], "streams: `user` is an account's own"),
            (&["public"; 51], "streams: 51 of them"),
        ] {
            let said = judged(streams, false).unwrap_err();
            assert!(said.starts_with(expected), "{said}");
        }
    }
}
