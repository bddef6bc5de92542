//! The one place that makes HTTP clients: with a time limit on everything that ends, a size limit on every answer, our name, and nothing that
//! the surroundings decide.
//!
//! No proxies are taken from the environment, no redirects are followed (a token must not be carried elsewhere), certificates are checked
//! against the system's. What is asked of a service, and what its answers mean, is not here.

use std::borrow::Cow;
use std::sync::Once;
use std::time::Duration;

use bowerbird_core::time::Time;
use bytes::{Bytes, BytesMut};
use reqwest::header::HeaderMap;

use crate::error::ConnectError;
use crate::times;

/// How we call ourselves, so that a service can tell who asks.
const USER_AGENT: &str = concat!("bowerbird/", env!("CARGO_PKG_VERSION"));
/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a request may take that has an end.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// A peer that is gone without a word is noticed after a few of these.
const TCP_KEEPALIVE: Duration = Duration::from_secs(15);

/// Makes a client for a service at `base_url`. Streams have no end and so no time limit of their own: the pipeline watches them.
pub(crate) fn client(base_url: &str) -> Result<reqwest::Client, ConnectError> {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // Another part of the process may have chosen before us.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    let mut builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_keepalive(TCP_KEEPALIVE)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .no_proxy();
    if base_url.starts_with("http://") {
        // Nothing is encrypted, so a machine without certificates will do.
        builder = builder.tls_certs_only(std::iter::empty());
    }
    builder
        .build()
        .map_err(|error| ConnectError::Tls(describe(&error)))
}

/// Checks an address that a secret will be sent to; gives it without a slash at its end.
pub(crate) fn base_url(setting: &'static str, url: &str) -> Result<String, ConnectError> {
    let parsed = reqwest::Url::parse(url);
    let parsed = parsed
        .map_err(|error| ConnectError::setting(setting, format!("not an address: {error}")))?;
    if parsed.query().is_some()
        || parsed.fragment().is_some()
        || !parsed.username().is_empty()
        || parsed.password().is_some()
    {
        return Err(ConnectError::setting(
            setting,
            "expected an address without a user, a query or a fragment",
        ));
    }
    let is_here = match parsed.host_str() {
        Some("localhost" | "[::1]") => true,
        Some(host) => host
            .parse::<std::net::Ipv4Addr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    };
    let is_safe = parsed.scheme() == "https" || (parsed.scheme() == "http" && is_here);
    if !is_safe {
        return Err(ConnectError::setting(
            setting,
            format!(
                "`{url}`: expected an address that begins with https://, as a token is sent there"
            ),
        ));
    }
    Ok(url.trim_end_matches('/').to_owned())
}

/// No service makes us wait longer without being asked again.
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);

/// When more may be asked, by `X-RateLimit-Reset`, a moment as text, or `Retry-After`; `None` if that is no time to come.
pub(crate) fn limited_until(headers: &HeaderMap, now: Time) -> Option<Time> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let told = text("x-ratelimit-reset").and_then(times::rfc3339);
    let after = || {
        let seconds: u64 = text("retry-after")?.trim().parse().ok()?;
        Some(now.plus(Duration::from_secs(seconds.min(LONGEST_WAIT.as_secs()))))
    };
    let at = told.or_else(after).filter(|at| *at > now)?;
    Some(at.min(now.plus(LONGEST_WAIT)))
}

/// Why a body could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    #[error("{0}")]
    Broken(String),
}

/// A whole body of at most so many bytes.
pub(crate) async fn body(
    response: &mut reqwest::Response,
    most: usize,
) -> Result<Bytes, BodyError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| BodyError::Broken(describe(&error)))?
    {
        if body.len() + chunk.len() > most {
            return Err(BodyError::TooLarge(most));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// A whole answer. Its `Debug` shows no body.
pub(crate) struct Answer {
    /// Its status.
    pub(crate) status: u16,
    /// Its headers.
    pub(crate) headers: reqwest::header::HeaderMap,
    /// Its body; may hold secrets, and is never shown as it is.
    pub(crate) body: Bytes,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Sends a request that ends within [`REQUEST_TIMEOUT`], with an answer of at most so many bytes; an error says what happened, without the address.
pub(crate) async fn ask(request: reqwest::RequestBuilder, most: usize) -> Result<Answer, String> {
    let answer = request.timeout(REQUEST_TIMEOUT).send().await;
    let mut answer = answer.map_err(|error| describe(&error))?;
    let body = body(&mut answer, most).await;
    Ok(Answer {
        status: answer.status().as_u16(),
        headers: std::mem::take(answer.headers_mut()),
        body: body.map_err(|error| error.to_string())?,
    })
}

/// A text without these secrets, plain or as they are in a form, whatever else is in it.
pub(crate) fn without(text: &str, secrets: &[&str]) -> String {
    let plain = secrets.iter().copied().filter(|one| !one.is_empty());
    let mut forms: Vec<Cow<'_, str>> = Vec::new();
    for secret in plain {
        let in_form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        forms.push(in_form.replace('+', "%20").into());
        forms.push(in_form.into());
        forms.push(secret.into());
    }
    // The longest first: one may be the beginning of another.
    forms.sort_unstable_by_key(|secret| std::cmp::Reverse(secret.len()));
    let hidden = |text: String, secret: Cow<'_, str>| text.replace(&*secret, "…");
    forms.into_iter().fold(text.to_owned(), hidden)
}

/// What `Authorization: Basic` holds of a name and a secret: to be taken out of what a service says, as the secret itself.
pub(crate) fn basic(name: &str, secret: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(format!("{name}:{secret}"))
}

/// How much of a service's words is passed on.
const MAX_WORDS: usize = 300;

/// A service's own words, short and on one line.
pub(crate) fn words(text: &str) -> String {
    let printable = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    printable.take(MAX_WORDS).collect()
}

/// An error and what caused it, without the address.
pub(crate) fn describe(error: &reqwest::Error) -> String {
    let mut words = match () {
        () if error.is_timeout() => "it took too long".to_owned(),
        () if error.is_connect() => "can't connect".to_owned(),
        () => "the connection broke".to_owned(),
    };
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        words.push_str(": ");
        words.push_str(&error.to_string());
        cause = error.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_go_only_where_nobody_listens_in() {
        for (url, expected) in [
            ("https://api.x.com", Ok("https://api.x.com")),
            ("https://api.x.com/", Ok("https://api.x.com")),
            ("http://127.0.0.1:8080", Ok("http://127.0.0.1:8080")),
            ("http://localhost:1", Ok("http://localhost:1")),
            ("http://[::1]:1", Ok("http://[::1]:1")),
            ("http://api.x.com", Err(())),
            ("http://127.0.0.1.example.org", Err(())),
            ("https://user:secret@api.x.com", Err(())),
            ("https://api.x.com?a=b", Err(())),
            ("ftp://127.0.0.1", Err(())),
            ("api.x.com", Err(())),
        ] {
            assert_eq!(
                base_url("base_url", url).map_err(|_| ()),
                expected.map(str::to_owned),
                "{url}"
            );
        }
    }

    #[test]
    fn a_secret_that_begins_another_hides_neither_badly() {
        assert_eq!(
            without("a key-1 b key c", &["key", "", "key-1"]),
            "a … b … c"
        );
    }

    #[test]
    fn a_secret_is_hidden_as_it_is_sent_in_a_form_too() {
        let secret = "a b/c~*=";
        for sent in ["a b/c~*=", "a+b%2Fc%7E*%3D", "a%20b%2Fc%7E*%3D"] {
            assert_eq!(without(&format!("token={sent}&x"), &[secret]), "token=…&x");
        }
    }

    #[test]
    fn a_password_in_an_address_is_not_told() {
        for url in [
            "http://user:secret@api.x.com",
            "https://user:secret@api.x.com",
            "https://user:secret@:",
            "ftp://user:secret@api.x.com/?a",
        ] {
            let error = base_url("base_url", url).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
        }
    }
}
