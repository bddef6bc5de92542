//! Opens WebSockets: an HTTP request by the one client there is, so that names, certificates, time limits and our name are the same
//! everywhere, and then messages of a bounded size.
//!
//! What is asked of a service, and what its messages mean, is not here.

use std::time::Duration;

use bowerbird_core::frame::MAX_FRAME_BYTES;
use bowerbird_core::time::Time;
use bytes::Bytes;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::error::ConnectError;
use crate::http;

/// How long a service may take to begin an answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// A larger message breaks the connection. One between this and [`MAX_FRAME_BYTES`] is refused by itself, and reading goes on.
pub(crate) const MAX_MESSAGE_BYTES: usize = 2 * MAX_FRAME_BYTES;
/// What is read at once: a stream of small messages fills it, and a quiet source shall cost little.
const READ_BYTES: usize = 32 << 10;
/// The most of an explanation that is read.
const MAX_WORDS_BYTES: usize = 16 << 10;
/// The most of it that is shown.
const MAX_WORDS_CHARS: usize = 300;

/// A WebSocket.
pub(crate) type Socket = WebSocketStream<reqwest::Upgraded>;

/// A service that is spoken to by WebSocket.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    /// Where it is, as it was written.
    pub(crate) written: String,
    /// The same for HTTP, without a slash at its end.
    base_url: String,
    client: reqwest::Client,
}

/// Why there is no WebSocket.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Nobody answered as HTTP does.
    Network(String),
    /// There was an answer, but no WebSocket.
    Answer {
        /// The HTTP status.
        status: u16,
        /// The beginning of what it says.
        words: String,
        /// Until when it wants to be left alone, where it says so.
        until: Option<Time>,
    },
}

impl Host {
    /// The service at an address that begins with `wss://`, or `ws://` where nothing is to be encrypted. `setting` is the key it stands under.
    pub(crate) fn parse(setting: &'static str, url: &str) -> Result<Self, ConnectError> {
        let base_url = http_url(url).map_err(|reason| ConnectError::setting(setting, reason))?;
        Ok(Self {
            written: url.trim_end_matches('/').to_owned(),
            client: http::client(&base_url)?,
            base_url,
        })
    }

    /// Opens a WebSocket at a path with its query; `protocol` is the subprotocol to ask for, if any.
    pub(crate) async fn open(
        &self,
        target: &str,
        protocol: Option<&'static str>,
    ) -> Result<Socket, Refusal> {
        self.upgrade(
            target,
            |request| match protocol {
                Some(protocol) => request.header("sec-websocket-protocol", protocol),
                None => request,
            },
            None,
        )
        .await
    }

    /// Opens a WebSocket with a token, if there is one: in the header for tokens, and as the subprotocol, where some servers look only.
    pub(crate) async fn open_as(
        &self,
        target: &str,
        token: Option<&SecretString>,
    ) -> Result<Socket, Refusal> {
        self.upgrade(
            target,
            |request| {
                let Some(token) = token.map(|token| token.expose_secret()) else {
                    return request;
                };
                let request = request.bearer_auth(token);
                match HeaderValue::from_str(token) {
                    Ok(mut value) if token.bytes().all(is_token_byte) => {
                        value.set_sensitive(true);
                        request.header("sec-websocket-protocol", value)
                    }
                    _ => request,
                }
            },
            token,
        )
        .await
    }

    /// `secret` is what `with` puts into the request that nobody may see, should it be sent back.
    async fn upgrade(
        &self,
        target: &str,
        with: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
        secret: Option<&SecretString>,
    ) -> Result<Socket, Refusal> {
        let key = generate_key();
        let request = self
            .client
            .get([&self.base_url, target].concat())
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", &key);
        let answer = tokio::time::timeout(ANSWER_WITHIN, with(request).send()).await;
        let answer = answer.map_err(|_| {
            Refusal::Network(format!("no answer within {} s", ANSWER_WITHIN.as_secs()))
        })?;
        let network = |error: reqwest::Error| Refusal::Network(http::describe(&error));
        let mut answer = answer.map_err(network)?;
        let status = answer.status().as_u16();
        if status != 101 {
            let until = http::limited_until(answer.headers(), Time::now());
            let words =
                tokio::time::timeout(ANSWER_WITHIN, http::body(&mut answer, MAX_WORDS_BYTES)).await;
            let words = words.map_or_else(|_| Bytes::new(), Result::unwrap_or_default);
            let secret = secret.map_or("", |secret| secret.expose_secret());
            return Err(Refusal::Answer {
                status,
                until,
                words: shown(&words, secret),
            });
        }
        let accepted = answer.headers().get("sec-websocket-accept");
        if accepted.map(HeaderValue::as_bytes) != Some(derive_accept_key(key.as_bytes()).as_bytes())
        {
            return Err(Refusal::Network(
                "what answers does not speak WebSocket".to_owned(),
            ));
        }
        let stream = answer.upgrade().await.map_err(network)?;
        let limits = WebSocketConfig::default()
            .read_buffer_size(READ_BYTES)
            .write_buffer_size(0)
            .max_message_size(Some(MAX_MESSAGE_BYTES))
            .max_frame_size(Some(MAX_MESSAGE_BYTES));
        Ok(WebSocketStream::from_raw_socket(stream, Role::Client, Some(limits)).await)
    }
}

/// What may stand in a subprotocol's name, by RFC 9110.
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// The beginning of what an answer says, in one line, without the secret.
fn shown(words: &[u8], secret: &str) -> String {
    // Before it is cut: half a secret would stay.
    let words = http::without(&String::from_utf8_lossy(words), &[secret]);
    let printable = words.replace(|c: char| c.is_control(), " ");
    let words = printable.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().take(MAX_WORDS_CHARS).collect()
}

/// An address for HTTP. No secret goes there, so it need not be encrypted; what stands in it is shown, so a password may not.
fn http_url(url: &str) -> Result<String, String> {
    let expected = "expected an address that begins with wss:// (or ws://), without a user, a query or a fragment";
    let http = match url.split_once("://") {
        Some(("wss", rest)) => format!("https://{rest}"),
        Some(("ws", rest)) => format!("http://{rest}"),
        _ => return Err(expected.to_owned()),
    };
    let parsed = reqwest::Url::parse(&http).map_err(|error| format!("not an address: {error}"))?;
    let is_plain = parsed.query().is_none()
        && parsed.fragment().is_none()
        && parsed.username().is_empty()
        && parsed.password().is_none();
    if is_plain {
        Ok(http.trim_end_matches('/').to_owned())
    } else {
        Err(expected.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_of_websockets() {
        for (url, expected) in [
            ("wss://jetstream.example", Ok("https://jetstream.example")),
            ("wss://jetstream.example/", Ok("https://jetstream.example")),
            ("ws://jetstream:6008", Ok("http://jetstream:6008")),
            ("ws://[::1]:1/below", Ok("http://[::1]:1/below")),
            ("https://jetstream.example", Err(())),
            ("jetstream.example", Err(())),
            ("wss://", Err(())),
            ("wss://user:secret@jetstream.example", Err(())),
            ("wss://jetstream.example?cursor=1", Err(())),
            ("wss://jetstream.example#a", Err(())),
        ] {
            let read = http_url(url);
            assert_eq!(read.as_deref().map_err(|_| ()), expected, "{url}: {read:?}");
            assert!(read.err().is_none_or(|error| !error.contains("secret")));
        }
    }

    #[test]
    fn what_an_answer_says_is_one_short_line() {
        let said = shown(b" no\r\n \x1bsuch  thing as a-token\n", "a-token");
        assert_eq!(said, "no such thing as …");
        assert_eq!(shown(&[b'x'; 9_000], "").len(), MAX_WORDS_CHARS);
        assert_eq!(shown(b"\xff", ""), "\u{fffd}");
        let cut = [&[b'x'; MAX_WORDS_CHARS - 3][..], b"a-token"].concat();
        assert!(shown(&cut, "a-token").ends_with("x…"));
    }
}
