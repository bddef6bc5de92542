//! Asking X: every call of every endpoint goes out here, with its credential, within its limits. What is asked and what answers mean is not here.

use std::sync::Arc;
use std::time::Duration;

use bowerbird_core::source::{Ladder, SourceError};
use bowerbird_core::time::Time;
use bytes::Bytes;
use reqwest::RequestBuilder;
use secrecy::ExposeSecret;

use super::config::XConfig;
use super::limiter::{Endpoint, Limiter};
use super::problem;
use crate::auth::Access;
use crate::error::ConnectError;
use crate::http;

/// The most bytes of an answer that says what is wrong.
const MAX_PROBLEM_BYTES: usize = 64 << 10;
/// How long X may take to begin an answer that has no end.
const BEGIN_WITHIN: Duration = Duration::from_secs(30);

/// X, for one credential.
#[derive(Debug, Clone)]
pub(super) struct Api {
    client: reqwest::Client,
    base_url: String,
    access: Access,
    limiter: Arc<Limiter>,
}

/// An answer that was read.
#[derive(Debug)]
pub(super) struct Answered {
    /// 200, 201 or 400.
    pub(super) status: u16,
    pub(super) body: Bytes,
}

impl Api {
    /// As configured.
    pub(super) fn new(config: &XConfig) -> Result<Self, ConnectError> {
        let base_url = http::base_url("base_url", &config.base_url)?;
        Ok(Self {
            client: http::client(&base_url)?,
            base_url,
            access: config.access.clone(),
            limiter: Arc::clone(&config.limiter),
        })
    }

    /// A GET of this path, with its query.
    pub(super) fn get(&self, target: &str) -> RequestBuilder {
        self.client.get(format!("{}{target}", self.base_url))
    }

    /// A POST of this path, with its query.
    pub(super) fn post(&self, target: &str, json: Vec<u8>) -> RequestBuilder {
        self.client
            .post(format!("{}{target}", self.base_url))
            .header("content-type", "application/json")
            .body(json)
    }

    /// A DELETE of this path, with its query.
    pub(super) fn delete(&self, target: &str) -> RequestBuilder {
        self.client.delete(format!("{}{target}", self.base_url))
    }

    /// That so many calls can follow one another now; else when they can.
    pub(super) fn has_room(&self, endpoint: Endpoint, calls: usize) -> Result<(), SourceError> {
        self.limiter.has_room(endpoint, calls, Time::now())
    }

    /// Sends a request in its turn, and reads the answer, of at most so many bytes: that it is done, or 400, which may be an answer too. Anything else is
    /// what the pipeline shall do about it.
    pub(super) async fn ask(
        &self,
        endpoint: Endpoint,
        request: RequestBuilder,
        most: usize,
    ) -> Result<Answered, SourceError> {
        let mut response = self.begin(endpoint, request).await?;
        let status = response.status().as_u16();
        if !matches!(status, 200 | 201 | 400) {
            return Err(self.refusal(&mut response).await);
        }
        let body = http::body(&mut response, most)
            .await
            .map_err(|error| broken(&error.to_string()))?;
        Ok(Answered { status, body })
    }

    /// Sends a request in its turn; gives the answer whatever its status, still to be read.
    pub(super) async fn begin(
        &self,
        endpoint: Endpoint,
        request: RequestBuilder,
    ) -> Result<reqwest::Response, SourceError> {
        let request = request.timeout(http::REQUEST_TIMEOUT);
        self.send(endpoint, request).await
    }

    /// Begins to read a stream, which has no end and so no time limit of its own.
    pub(super) async fn stream(
        &self,
        endpoint: Endpoint,
        target: &str,
    ) -> Result<reqwest::Response, SourceError> {
        let request = self.get(target).header("accept-encoding", "gzip");
        let answer = tokio::time::timeout(BEGIN_WITHIN, self.send(endpoint, request)).await;
        let within = BEGIN_WITHIN.as_secs();
        let late = |_| broken(&format!("it did not answer within {within} s"));
        let mut response = answer.map_err(late)??;
        match response.status().as_u16() {
            200 => Ok(response),
            _ => Err(self.refusal(&mut response).await),
        }
    }

    async fn send(
        &self,
        endpoint: Endpoint,
        request: RequestBuilder,
    ) -> Result<reqwest::Response, SourceError> {
        let turn = self.limiter.turn(endpoint, Time::now())?;
        let response = self.access.send(request).await?;
        turn.answered(response.status().as_u16(), response.headers(), Time::now());
        Ok(response)
    }

    /// What an answer that is no success asks for; reads it to its end.
    pub(super) async fn refusal(&self, response: &mut reqwest::Response) -> SourceError {
        let status = response.status().as_u16();
        let reset = response
            .headers()
            .get("x-rate-limit-reset")
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let body = tokio::time::timeout(
            http::REQUEST_TIMEOUT,
            http::body(response, MAX_PROBLEM_BYTES),
        )
        .await;
        let body = body.ok().and_then(Result::ok).unwrap_or_default();
        self.of_answer(status, reset.as_deref(), &body)
    }

    /// As [`problem::of_answer`], but never with a token in it, whatever the other side sends back.
    pub(super) fn of_answer(&self, status: u16, reset: Option<&str>, body: &[u8]) -> SourceError {
        let text = self.without_token(&String::from_utf8_lossy(body));
        problem::of_answer(status, reset, text.as_bytes(), Time::now())
    }

    /// What the other side says, without a token in it.
    pub(super) fn without_token(&self, text: &str) -> String {
        match &self.access {
            Access::Bearer(token) => text.replace(token.expose_secret(), "…"),
            // A token that is renewed is not known here: what looks like one goes.
            Access::Oauth1(_) | Access::Oauth2(_) | Access::Session(_) => without_tokens(text),
        }
    }
}

/// Leaves out every long run of what tokens are made of.
fn without_tokens(text: &str) -> String {
    const LONGEST_WORD: usize = 40;
    let is_of_token =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~' | '+' | '%');
    let mut kept = String::with_capacity(text.len());
    for piece in text.split_inclusive(|c| !is_of_token(c)) {
        let run = piece.trim_end_matches(|c| !is_of_token(c));
        if run.len() > LONGEST_WORD {
            kept.push('…');
            kept.push_str(&piece[run.len()..]);
        } else {
            kept.push_str(piece);
        }
    }
    kept
}

/// X could not be asked, or its answer not be read.
pub(super) fn broken(reason: &str) -> SourceError {
    SourceError::Retry {
        ladder: Ladder::Network,
        reason: format!("asking X failed: {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use super::without_tokens;

    #[test]
    fn what_looks_like_a_token_is_left_out() {
        let token = "AAAAAAAAAAAAAAAAAAAAAMLheAAAAAAA0_x-y.z~1234567890";
        for (text, expected) in [
            (
                format!("the token \"{token}\" is bad"),
                "the token \"…\" is bad",
            ),
            (token.to_owned(), "…"),
            (
                "https://api.x.com/2/problems/not-found".to_owned(),
                "https://api.x.com/2/problems/not-found",
            ),
            (String::new(), ""),
        ] {
            assert_eq!(without_tokens(&text), expected);
        }
    }
}
