//! A credential in use: it signs requests, and is renewed where it ends.

use std::sync::Arc;

use bowerbird_core::secrets::{SecretName, SecretStore};
use bowerbird_core::source::{Ladder, SourceError};
use bowerbird_core::time::Time;
use reqwest::RequestBuilder;
use reqwest::header::AUTHORIZATION;
use secrecy::{ExposeSecret, SecretString};

use super::ask::{SignInError, authorization, random};
use super::credential::{Credential, Grant, Keys};
use super::oauth1::{self, Moment, Signed};
use super::rotating::Rotating;
use crate::http;

/// The largest form that is signed.
const MAX_FORM_BYTES: usize = 1 << 20;

/// What signs requests. Clones share one sign-in, so that it is renewed once for all of them.
#[derive(Debug, Clone)]
pub enum Access {
    /// A bearer token that stays: X's app-only one, Mastodon's.
    Bearer(SecretString),
    /// OAuth 1.0a keys of a user.
    Oauth1(Arc<Keys>),
    /// OAuth 2 tokens of a user.
    Oauth2(Rotating),
    /// A session at a Bluesky server.
    Session(Rotating),
}

impl Access {
    /// The access that a secret of a store gives; what is renewed is put back there under the same name.
    pub fn new(
        name: &SecretName,
        store: &Arc<dyn SecretStore>,
        secret: &SecretString,
    ) -> Result<Self, SignInError> {
        let credential = Credential::read(secret)
            .map_err(|error| SignInError::Refused(format!("secret `{name}` is {error}")))?;
        Self::of(name, store, credential)
    }

    /// The same for a credential that was read.
    pub(super) fn of(
        name: &SecretName,
        store: &Arc<dyn SecretStore>,
        credential: Credential,
    ) -> Result<Self, SignInError> {
        let rotating = |credential| Rotating::new(name.clone(), Arc::clone(store), credential);
        Ok(match &credential.grant {
            Grant::Bearer { token, .. } => Self::Bearer(token.secret().clone()),
            Grant::Oauth1(keys) => Self::Oauth1(Arc::new(keys.clone())),
            Grant::Oauth2 { .. } => Self::Oauth2(rotating(credential)?),
            Grant::Session { .. } => Self::Session(rotating(credential)?),
        })
    }

    /// Puts the `Authorization` into a request. Call it last: OAuth 1.0a signs method, address and form as they are.
    ///
    /// # Errors
    /// `Retry` while a sign-in can't be renewed just now, `Stop` where a person must sign in again.
    pub async fn authorize(&self, request: RequestBuilder) -> Result<RequestBuilder, SourceError> {
        Ok(self.signed(request, None).await?.0)
    }

    /// Signs a request and sends it. Where the service does not accept a token that can be renewed (401), that is done, and the request is sent
    /// once more. Gives the answer whatever its status, still to be read.
    ///
    /// # Errors
    /// As [`authorize`](Self::authorize); `Retry` where the service can't be reached.
    pub async fn send(&self, request: RequestBuilder) -> Result<reqwest::Response, SourceError> {
        let again = match self {
            Self::Oauth2(_) | Self::Session(_) => request.try_clone(),
            Self::Bearer(_) | Self::Oauth1(_) => None,
        };
        let (request, used) = self.signed(request, None).await?;
        let answer = request.send().await.map_err(broken)?;
        match (again, used) {
            (Some(again), Some(used)) if answer.status().as_u16() == 401 => {
                let (request, _) = self.signed(again, Some(&used)).await?;
                request.send().await.map_err(broken)
            }
            _ => Ok(answer),
        }
    }

    /// The request with its `Authorization`, and the token in that, if it can be renewed.
    async fn signed(
        &self,
        request: RequestBuilder,
        refused: Option<&SecretString>,
    ) -> Result<(RequestBuilder, Option<SecretString>), SourceError> {
        let token = match self {
            Self::Bearer(token) => token.clone(),
            Self::Oauth1(keys) => return Ok((sign(keys, request, &[])?, None)),
            Self::Oauth2(tokens) | Self::Session(tokens) => tokens.token(refused).await?,
        };
        let value = authorization(&format!("Bearer {}", token.expose_secret()));
        let value = value.ok_or_else(|| SourceError::Stop {
            reason: "the token has characters that no token has: put a valid one into the secret"
                .to_owned(),
        })?;
        let is_renewed = matches!(self, Self::Oauth2(_) | Self::Session(_));
        Ok((
            request.header(AUTHORIZATION, value),
            is_renewed.then_some(token),
        ))
    }
}

/// Signs a request by OAuth 1.0a, with a nonce and the time of this moment.
pub(super) fn sign(
    keys: &Keys,
    request: RequestBuilder,
    more: &[(&str, &str)],
) -> Result<RequestBuilder, SourceError> {
    let stop = |reason: &str| SourceError::Stop {
        reason: reason.to_owned(),
    };
    let nonce = random(24).map_err(SignInError::into_source_error)?;
    // X takes letters and digits only.
    let nonce: String = nonce.chars().filter(char::is_ascii_alphanumeric).collect();
    let (client, request) = request.build_split();
    // The error would quote the address.
    let mut request = request.map_err(|_| stop("the request can't be made"))?;
    let is_form = request.headers().get("content-type").is_some_and(|kind| {
        kind.as_bytes()
            .starts_with(b"application/x-www-form-urlencoded")
    });
    let form = match request.body().and_then(reqwest::Body::as_bytes) {
        Some(form) if is_form && form.len() > MAX_FORM_BYTES => {
            return Err(stop("the form is too large to be signed"));
        }
        Some(form) if is_form => form,
        _ => b"",
    };
    let signed = Signed {
        method: request.method().as_str(),
        url: request.url(),
        form,
        more,
    };
    let moment = Moment {
        nonce: &nonce,
        seconds: Time::now().seconds(),
    };
    let value = authorization(&oauth1::header(keys, signed, moment));
    let value = value.ok_or_else(|| stop("the keys have characters that no key has"))?;
    request.headers_mut().insert(AUTHORIZATION, value);
    Ok(RequestBuilder::from_parts(client, request))
}

fn broken(error: reqwest::Error) -> SourceError {
    SourceError::Retry {
        ladder: Ladder::Network,
        reason: format!("asking the service failed: {}", http::describe(&error)),
    }
}
