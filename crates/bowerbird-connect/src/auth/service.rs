//! What each service is asked about a credential: the next pair of tokens, whom it speaks for, and to take it back.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bowerbird_core::secrets::{SecretName, SecretStore};
use bowerbird_core::source::SourceError;
use bowerbird_core::time::Time;
use reqwest::header::AUTHORIZATION;
use reqwest::{Client as HttpClient, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::access::{Access, sign};
use super::ask::{Question, SignInError, authorization, form};
use super::credential::{Client, Credential, Grant, Keys, Pair, Token};
use super::{bluesky, mastodon, x};
use crate::http;

/// How a token endpoint answers.
#[derive(Deserialize)]
pub(super) struct Tokens {
    pub(super) access_token: String,
    #[serde(default)]
    pub(super) refresh_token: Option<String>,
    /// Seconds.
    #[serde(default)]
    pub(super) expires_in: Option<u64>,
}

impl Tokens {
    /// Both tokens; `before` is the refresh token that was used, which stays where no new one comes.
    pub(super) fn pair(self, before: Option<&Token>, now: Time) -> Option<Pair> {
        let next = self
            .refresh_token
            .map(|text| Token::from(SecretString::from(text)));
        let lasts = self.expires_in.map(std::time::Duration::from_secs);
        Some(Pair {
            access: Token::from(SecretString::from(self.access_token)),
            refresh: next.or_else(|| before.cloned())?,
            expires_at: lasts.map(|lasts| now.plus(lasts)),
            renewal: None,
        })
    }
}

/// How a session begins or goes on.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Session {
    access_jwt: String,
    refresh_jwt: String,
    pub(super) did: String,
    pub(super) handle: String,
}

impl Session {
    pub(super) fn pair(self, now: Time) -> Pair {
        let expires_at = lifetime(&self.access_jwt).map(|lasts| now.plus(lasts));
        Pair {
            access: Token::from(SecretString::from(self.access_jwt)),
            refresh: Token::from(SecretString::from(self.refresh_jwt)),
            expires_at,
            renewal: None,
        }
    }
}

/// How long a JSON web token is good, by the span between its own times: a clock of ours that is wrong makes no difference.
fn lifetime(jwt: &str) -> Option<std::time::Duration> {
    #[derive(Deserialize)]
    struct Claims {
        iat: i64,
        exp: i64,
    }
    let claims = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1)?).ok()?;
    let claims: Claims = serde_json::from_slice(&claims).ok()?;
    let seconds = u64::try_from(claims.exp.checked_sub(claims.iat)?).ok()?;
    Some(std::time::Duration::from_secs(seconds))
}

/// An app's own authorization; a client without a secret says who it is in the form.
pub(super) fn by_client(request: RequestBuilder, client: &Client) -> RequestBuilder {
    if client.secret.is_empty() {
        return request;
    }
    request.basic_auth(&client.id, Some(client.secret.expose_secret()))
}

/// The credential with the next pair.
pub(super) async fn renewed(
    http: &HttpClient,
    credential: &Credential,
) -> Result<Credential, SignInError> {
    let (basic, mut hide) = (credential.basic(), credential.secrets());
    hide.push(&basic);
    let question = Question {
        of: name_of(credential),
        what: "a new token for the refresh token",
        advice: "",
        hide: &hide,
    };
    let mut next = credential.clone();
    let now = Time::now();
    match &mut next.grant {
        Grant::Oauth2 { client, pair } => {
            let fields = [
                ("grant_type", "refresh_token"),
                ("refresh_token", pair.refresh.expose_secret()),
                ("client_id", &client.id),
            ];
            let request = by_client(http.post(&client.token_url), client);
            let tokens: Tokens = renewing(&question, form(request, &fields)).await?;
            let before = pair.refresh.clone();
            if let Some(new) = tokens.pair(Some(&before), now) {
                *pair = new;
            }
        }
        Grant::Session { pair } => {
            let address = format!(
                "{}/xrpc/com.atproto.server.refreshSession",
                credential.base_url
            );
            let request = bearer(http.post(address), pair.refresh.expose_secret())?;
            let session: Session = renewing(&question, request).await?;
            // Handles change; whose session it is does not.
            next.account = format!("@{}", session.handle);
            *pair = session.pair(now);
        }
        Grant::Bearer { .. } | Grant::Oauth1(_) => {}
    }
    Ok(next)
}

/// Asks for the next pair. Only what is said of the tokens themselves is a refusal, as that ends a sign-in; a page in between, or a passing
/// prohibition, is not.
async fn renewing<T: DeserializeOwned>(
    question: &Question<'_>,
    request: RequestBuilder,
) -> Result<T, SignInError> {
    let answer = question.ask(request).await?;
    let is_good = (200..300).contains(&answer.status);
    let outcome = match is_good {
        true => question.read(&answer),
        false => Err(question.refusal(&answer, Time::now())),
    };
    outcome.map_err(|error| {
        // Without the end that an empty advice leaves.
        let reason = error.to_string().trim_end_matches("; ").to_owned();
        match is_final(answer.status, &answer.body) {
            true => SignInError::Refused(reason),
            false => SignInError::Unavailable(reason),
        }
    })
}

/// Does an answer say that these tokens, or this app, are good no more? The words are those of OAuth 2 (RFC 6749) and of Bluesky's description.
fn is_final(status: u16, body: &[u8]) -> bool {
    const FINAL: [&str; 8] = [
        "invalid_grant",
        "invalid_request",
        "invalid_client",
        "unauthorized_client",
        "ExpiredToken",
        "InvalidToken",
        "AccountTakedown",
        "AccountDeactivated",
    ];
    #[derive(Deserialize)]
    struct Said {
        error: String,
    }
    let said = serde_json::from_slice::<Said>(body);
    matches!(status, 400 | 401) && said.is_ok_and(|said| FINAL.contains(&said.error.as_str()))
}

pub(super) fn bearer(request: RequestBuilder, token: &str) -> Result<RequestBuilder, SignInError> {
    let value = authorization(&format!("Bearer {token}")).ok_or_else(|| {
        SignInError::Refused("the token has characters that no token has".to_owned())
    })?;
    Ok(request.header(AUTHORIZATION, value))
}

fn name_of(credential: &Credential) -> &str {
    match credential.service.as_str() {
        "x" => "X",
        "bluesky" => "Bluesky",
        _ => credential.base_url.trim_start_matches("https://"),
    }
}

/// Asks the service whom a credential speaks for; renews it where it must be. The answer is for a person.
pub async fn who(
    name: &SecretName,
    store: &Arc<dyn SecretStore>,
    credential: &Credential,
) -> Result<String, SignInError> {
    let path = match (&credential.grant, credential.service.as_str()) {
        (Grant::Bearer { .. }, "x") => x::APP_PATH,
        (_, "x") => x::ME_PATH,
        (_, "mastodon") => mastodon::ME_PATH,
        (_, "bluesky") => bluesky::ME_PATH,
        _ => {
            return Err(SignInError::Refused(
                "a token put there by hand: nobody knows which service to ask".to_owned(),
            ));
        }
    };
    let base_url = http::base_url("base_url", &credential.base_url)?;
    let client = http::client(&base_url)?;
    let access = Access::of(name, store, credential.clone())?;
    let request = client
        .get(format!("{base_url}{path}"))
        .timeout(http::REQUEST_TIMEOUT);
    let unanswered = |error: SourceError| match error {
        SourceError::Stop { reason } => SignInError::Refused(reason),
        other => SignInError::Unavailable(other.to_string()),
    };
    let mut answer = access.send(request).await.map_err(unanswered)?;
    let present = match &access {
        Access::Oauth2(tokens) | Access::Session(tokens) => tokens.credential().await,
        Access::Bearer(_) | Access::Oauth1(_) => credential.clone(),
    };
    let mut hide = present.secrets();
    hide.extend(credential.secrets());
    let question = Question {
        of: name_of(credential),
        what: "this sign-in",
        advice: "sign in again with `bowerbird auth`, under the same name",
        hide: &hide,
    };
    let headers = std::mem::take(answer.headers_mut());
    let status = answer.status().as_u16();
    let body = http::body(&mut answer, 1 << 20).await;
    let answer = http::Answer {
        status,
        headers,
        body: body.map_err(|error| SignInError::Unavailable(error.to_string()))?,
    };
    if status != 200 {
        return Err(question.refusal(&answer, Time::now()));
    }
    match (&credential.grant, credential.service.as_str()) {
        (Grant::Bearer { .. }, "x") => x::app_name(&question, &answer),
        (_, "x") => x::me(&question, &answer).map(|me| me.shown()),
        (_, "mastodon") => mastodon::me(&question, &answer, &base_url).map(|me| me.0),
        _ => bluesky::me(&question, &answer),
    }
}

/// What became of a credential at its service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revoked {
    /// The service has taken it back.
    AtTheService,
    /// The service has no way for it; for a person: where it is done by hand.
    ByHand(&'static str),
}

const NO_WAY: &str = "the service names no way: revoke it in the account's settings there";

/// Gives a credential back to its service. `app` are the key and secret of the app, which X wants for an app-only token.
pub async fn revoke(
    credential: &Credential,
    app: Option<(&str, &SecretString)>,
) -> Result<Revoked, SignInError> {
    let by_hand = |text| Ok(Revoked::ByHand(text));
    if credential.base_url.is_empty() {
        return by_hand("a token put there by hand: revoke it where it was made");
    }
    let base_url = http::base_url("base_url", &credential.base_url)?;
    let http = http::client(&base_url)?;
    let app_basic = app.map(|(key, secret)| x::basic(key, secret));
    let (basic, mut hide) = (credential.basic(), credential.secrets());
    hide.extend(app.map(|(_, secret)| secret.expose_secret()));
    hide.extend(app_basic.as_deref());
    hide.push(&basic);
    let question = Question {
        of: name_of(credential),
        what: "to revoke it",
        advice: "`bowerbird auth revoke --forget` only forgets it here",
        hide: &hide,
    };
    let request = match (&credential.grant, credential.service.as_str()) {
        (Grant::Bearer { token, .. }, "x") => {
            let Some((key, secret)) = app else {
                return by_hand("regenerate the bearer token in X's console");
            };
            let request = http.post(format!("{base_url}/oauth2/invalidate_token"));
            let request = x::by_key(request, key, secret);
            form(request, &[("access_token", token.expose_secret())])
        }
        (Grant::Oauth1(keys), _) => {
            let request = http.post(format!("{base_url}/1.1/oauth/invalidate_token"));
            signed(keys, request)?
        }
        (
            Grant::Bearer {
                token,
                client: Some(client),
                ..
            },
            _,
        ) => {
            if client.revoke_url.is_empty() {
                return by_hand(NO_WAY);
            }
            let fields = [
                ("client_id", client.id.as_str()),
                ("client_secret", client.secret.expose_secret()),
                ("token", token.expose_secret()),
            ];
            form(http.post(&client.revoke_url), &fields)
        }
        (Grant::Bearer { .. }, _) => {
            return by_hand("a token put there by hand: revoke it where it was made");
        }
        (Grant::Oauth2 { client, .. }, _) if client.revoke_url.is_empty() => {
            return by_hand(NO_WAY);
        }
        (Grant::Oauth2 { client, pair }, _) => {
            let revoking = |token: &Token, hint: &str| {
                let fields = [
                    ("token", token.expose_secret()),
                    ("token_type_hint", hint),
                    ("client_id", client.id.as_str()),
                ];
                form(by_client(http.post(&client.revoke_url), client), &fields)
            };
            question
                .send(revoking(&pair.refresh, "refresh_token"))
                .await?;
            revoking(&pair.access, "access_token")
        }
        (Grant::Session { pair }, _) => {
            let address = format!("{base_url}/xrpc/com.atproto.server.deleteSession");
            bearer(http.post(address), pair.refresh.expose_secret())?
        }
    };
    question.send(request).await.map(|_| Revoked::AtTheService)
}

fn signed(keys: &Keys, request: RequestBuilder) -> Result<RequestBuilder, SignInError> {
    sign(keys, request, &[]).map_err(|error| SignInError::Refused(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bowerbird_core::memory::MemorySecrets;

    #[tokio::test]
    async fn of_a_token_put_there_by_hand_it_is_said_that_nobody_knows_whom_to_ask() {
        let credential = Credential::read(&"a-token".into()).unwrap();
        let store: Arc<dyn SecretStore> = Arc::new(MemorySecrets::default());
        let name = SecretName::parse("by-hand").unwrap();
        let error = who(&name, &store, &credential).await.unwrap_err();
        assert!(error.to_string().contains("put there by hand"), "{error}");
    }

    #[test]
    fn only_words_about_the_tokens_end_a_sign_in() {
        for (status, body, expected) in [
            (400, r#"{"error":"invalid_grant"}"#, true),
            (401, r#"{"error":"invalid_client"}"#, true),
            (400, r#"{"error":"ExpiredToken","message":"no"}"#, true),
            (403, r#"{"error":"invalid_grant"}"#, false),
            (400, r#"{"error":"no"}"#, false),
            (401, r#"{"title":"Unauthorized"}"#, false),
            (400, "<html>", false),
            (200, "<html>", false),
        ] {
            assert_eq!(
                is_final(status, body.as_bytes()),
                expected,
                "{status} {body}"
            );
        }
    }

    #[test]
    fn a_token_of_json_says_how_long_it_lasts() {
        let claims = URL_SAFE_NO_PAD.encode(br#"{"iat":1000,"exp":8200,"sub":"did:plc:x"}"#);
        assert_eq!(
            lifetime(&format!("h.{claims}.s")),
            Some(std::time::Duration::from_secs(7_200))
        );
        for wrong in ["", "opaque", "a.b.c", "a.!.c"] {
            assert_eq!(lifetime(wrong), None, "{wrong}");
        }
    }
}
