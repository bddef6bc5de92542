//! Asking where signing in is done: one small answer to each request, and what to tell a person where it is no success.

use bowerbird_core::source::{Ladder, SourceError};
use bowerbird_core::time::Time;
use reqwest::RequestBuilder;
use reqwest::header::{HeaderMap, HeaderValue};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::ConnectError;
use crate::http::{self, Answer};

/// The largest answer: tokens, or a document about an account.
const MAX_ANSWER_BYTES: usize = 256 << 10;
/// A clock that is wrong by more than this many seconds is told: signatures and tokens depend on it.
const SKEW_SECONDS: i64 = 120;

/// Why signing in did not work.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The service said no: what was given is wrong, or is not allowed.
    #[error("{0}")]
    Refused(String),
    /// The service can't be reached, or is in trouble: the same may work later.
    #[error("{0}")]
    Unavailable(String),
    /// A setting can't be used.
    #[error(transparent)]
    Setting(#[from] ConnectError),
}

impl SignInError {
    /// What a source does about it.
    pub(super) fn into_source_error(self) -> SourceError {
        let reason = self.to_string();
        match self {
            Self::Unavailable(_) => SourceError::Retry {
                ladder: Ladder::Server,
                reason,
            },
            Self::Refused(_) | Self::Setting(_) => SourceError::Stop { reason },
        }
    }
}

/// A question to a service.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'q> {
    /// Who is asked, for a person: `X`, `mastodon.example`.
    pub(super) of: &'q str,
    /// What is asked for, for a person: `the token`.
    pub(super) what: &'q str,
    /// What to do where the service refuses it.
    pub(super) advice: &'q str,
    /// What is never shown, even if the service sends it back.
    pub(super) hide: &'q [&'q str],
}

impl Question<'_> {
    /// Sends a request; gives a success.
    pub(super) async fn send(&self, request: RequestBuilder) -> Result<Answer, SignInError> {
        let answer = self.ask(request).await?;
        match answer.status {
            200..=299 => Ok(answer),
            _ => Err(self.refusal(&answer, Time::now())),
        }
    }

    /// Sends a request; gives the answer whatever its status.
    pub(super) async fn ask(&self, request: RequestBuilder) -> Result<Answer, SignInError> {
        let asked = http::ask(request, MAX_ANSWER_BYTES).await;
        asked.map_err(|why| {
            SignInError::Unavailable(format!(
                "asking {} for {} failed: {why}",
                self.of, self.what
            ))
        })
    }

    /// Sends a request; gives its JSON answer.
    pub(super) async fn json<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
    ) -> Result<T, SignInError> {
        let answer = self.send(request).await?;
        self.read(&answer)
    }

    /// Reads a JSON answer.
    pub(super) fn read<T: DeserializeOwned>(&self, answer: &Answer) -> Result<T, SignInError> {
        // What serde says could quote a token.
        serde_json::from_slice(&answer.body).map_err(|_| {
            SignInError::Refused(format!(
                "{} answered, but not with {}; is the address right?",
                self.of, self.what
            ))
        })
    }

    /// What an answer that is no success comes to.
    pub(super) fn refusal(&self, answer: &Answer, now: Time) -> SignInError {
        let Question { of, what, .. } = self;
        let status = answer.status;
        let said = self.said(answer);
        let said = match said.is_empty() {
            true => String::new(),
            false => format!(": {said}"),
        };
        let skew = skew(&answer.headers, now);
        match status {
            429 | 420 => SignInError::Unavailable(format!(
                "{of} wants to be asked less ({status}){said}; try again in a quarter of an hour"
            )),
            408 | 425 | 500..=599 => SignInError::Unavailable(format!(
                "{of} is in trouble ({status}){said}; try again later"
            )),
            300..=399 => SignInError::Refused(format!(
                "{of} answers from elsewhere ({status}); set its address to where its API is"
            )),
            _ => SignInError::Refused(format!(
                "{of} refuses {what} ({status}){said}{skew}; {}",
                self.advice
            )),
        }
    }

    /// The service's own words, without secrets.
    fn said(&self, answer: &Answer) -> String {
        #[derive(Deserialize, Default)]
        #[serde(default)]
        struct Said {
            error: Option<serde_json::Value>,
            error_description: Option<String>,
            message: Option<String>,
            detail: Option<String>,
            title: Option<String>,
            errors: Vec<Inner>,
        }
        #[derive(Deserialize, Default)]
        #[serde(default)]
        struct Inner {
            code: Option<i64>,
            message: Option<String>,
        }
        let said: Said = serde_json::from_slice(&answer.body).unwrap_or_default();
        let inner = said.errors.into_iter().next().unwrap_or_default();
        let code = inner.code.map(|code| format!("code {code}"));
        let error = said
            .error
            .and_then(|error| error.as_str().map(str::to_owned));
        let long = said.error_description.or(said.message).or(said.detail);
        let long = long.or(inner.message).or(said.title);
        let parts: Vec<String> = [error, code, long].into_iter().flatten().collect();
        let mut text = parts.join(": ");
        text = http::without(&text, self.hide);
        http::words(&text)
    }
}

/// Words about a clock that is wrong, if the service's differs.
fn skew(headers: &HeaderMap, now: Time) -> String {
    let date = headers.get("date").and_then(|date| date.to_str().ok());
    let theirs = date.and_then(|date| {
        jiff::fmt::rfc2822::DateTimeParser::new()
            .parse_timestamp(date)
            .ok()
    });
    let Some(theirs) = theirs else {
        return String::new();
    };
    let seconds = now.seconds() - theirs.as_second();
    let (way, by) = match seconds {
        SKEW_SECONDS.. => ("ahead of", seconds),
        _ if seconds <= -SKEW_SECONDS => ("behind", -seconds),
        _ => return String::new(),
    };
    format!(
        " (this machine's clock is {} min {way} the service's: set it first)",
        by / 60
    )
}

/// A form as a body.
pub(super) fn form(request: RequestBuilder, fields: &[(&str, &str)]) -> RequestBuilder {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    request
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body)
}

/// An `Authorization` that no log shows; `None` if there are characters in it that a header can't have.
pub(super) fn authorization(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Letters and digits that nobody can guess: `bytes` of the system's randomness.
pub(super) fn random(bytes: usize) -> Result<String, SignInError> {
    use base64::Engine;
    let mut drawn = vec![0; bytes];
    getrandom::fill(&mut drawn).map_err(|error| {
        SignInError::Unavailable(format!("this machine gives no random bytes: {error}"))
    })?;
    Ok(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(drawn))
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUESTION: Question<'static> = Question {
        of: "X",
        what: "the token",
        advice: "look at the key",
        hide: &["SECRET"],
    };

    fn told(status: u16, date: Option<&str>, body: &str) -> String {
        let mut headers = HeaderMap::new();
        if let Some(date) = date {
            headers.insert("date", date.parse().unwrap());
        }
        let answer = Answer {
            status,
            headers,
            body: body.to_owned().into(),
        };
        // 2026-11-21T15:00:00Z
        let error = QUESTION.refusal(&answer, Time::from_millis(1_795_273_200_000));
        let class = match error {
            SignInError::Unavailable(_) => "later",
            _ => "no",
        };
        format!("{class}: {error}")
    }

    #[test]
    fn every_refusal_says_what_to_do_and_no_secret() {
        for (status, date, body, expected) in [
            (
                400,
                None,
                r#"{"error":"invalid_grant","error_description":"bad SECRET"}"#,
                "no: X refuses the token (400): invalid_grant: bad …; look at the key",
            ),
            (
                403,
                None,
                r#"{"errors":[{"code":99,"message":"Unable to verify your credentials"}]}"#,
                "no: X refuses the token (403): code 99: Unable to verify your credentials; look at the key",
            ),
            (
                401,
                Some("Sat, 21 Nov 2026 14:48:00 GMT"),
                r#"{"errors":[{"code":135,"message":"Timestamp out of bounds."}]}"#,
                "no: X refuses the token (401): code 135: Timestamp out of bounds. (this machine's clock is 12 min ahead of the service's: set it first); look at the key",
            ),
            (
                401,
                Some("Sat, 21 Nov 2026 15:03:00 GMT"),
                "",
                "no: X refuses the token (401) (this machine's clock is 3 min behind the service's: set it first); look at the key",
            ),
            (
                401,
                Some("Sat, 21 Nov 2026 15:00:30 GMT"),
                r#"{"error":"AuthMissing","message":"Authentication Required"}"#,
                "no: X refuses the token (401): AuthMissing: Authentication Required; look at the key",
            ),
            (
                503,
                None,
                "<html>",
                "later: X is in trouble (503); try again later",
            ),
            (
                429,
                None,
                "",
                "later: X wants to be asked less (429); try again in a quarter of an hour",
            ),
            (
                301,
                None,
                "",
                "no: X answers from elsewhere (301); set its address to where its API is",
            ),
        ] {
            assert_eq!(told(status, date, body), expected);
        }
    }
}
