//! Signing in at X: OAuth 2 with PKCE for a user, OAuth 1.0a by PIN for a user, an app's own bearer token.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bowerbird_core::time::Time;
use reqwest::{RequestBuilder, Url};
use ring::digest;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::access::sign;
use super::ask::{Question, SignInError, form, random};
use super::credential::{Client, Credential, Grant, Keys, Token};
use super::oauth1::encode;
use super::service::{Tokens, bearer, by_client};
use crate::error::ConnectError;
use crate::http::{self, Answer};

/// Where X lets a person say yes to an app.
pub const X_AUTHORIZE_URL: &str = "https://x.com/i/oauth2/authorize";
/// What a user's token may do unless something else is said: read, and be renewed.
pub const X_SCOPES: &str = "tweet.read users.read offline.access";

/// Who a user's token speaks for.
pub(super) const ME_PATH: &str = "/2/users/me";
/// What an app's token may ask that costs nothing.
pub(super) const APP_PATH: &str = "/2/usage/tweets";

/// X, for signing in.
#[derive(Debug)]
pub struct XSignIn {
    client: reqwest::Client,
    base_url: String,
    authorize_url: String,
}

/// An OAuth 2 sign-in that waits for X's redirect.
#[derive(Debug)]
pub struct Started {
    /// Where the person goes; holds no secret.
    pub url: String,
    /// What X's redirect must bring back.
    pub state: String,
    redirect_uri: String,
    client: Client,
    verifier: SecretString,
}

/// An OAuth 1.0a sign-in that waits for the PIN.
#[derive(Debug)]
pub struct PinStarted {
    /// Where the person goes. It names the request, and is worth nothing without the app's secret.
    pub url: String,
    keys: Keys,
}

impl XSignIn {
    /// X at these addresses.
    pub fn new(base_url: &str, authorize_url: &str) -> Result<Self, ConnectError> {
        let base_url = http::base_url("auth.x.base_url", base_url)?;
        Ok(Self {
            client: http::client(&base_url)?,
            authorize_url: http::base_url("auth.x.authorize_url", authorize_url)?,
            base_url,
        })
    }

    /// Begins an OAuth 2 sign-in: with proof of who began it (PKCE, S256), and a state that only this redirect brings back.
    pub fn begin(
        &self,
        client_id: &str,
        client_secret: Option<SecretString>,
        redirect_uri: &str,
        scopes: &str,
    ) -> Result<Started, SignInError> {
        let (verifier, state) = (random(48)?, random(24)?);
        let url = Url::parse_with_params(
            &self.authorize_url,
            [
                ("response_type", "code"),
                ("client_id", client_id),
                ("redirect_uri", redirect_uri),
                ("scope", scopes),
                ("state", &state),
                ("code_challenge", &challenge(&verifier)),
                ("code_challenge_method", "S256"),
            ],
        );
        let url =
            url.map_err(|error| ConnectError::setting("auth.x.authorize_url", error.to_string()))?;
        Ok(Started {
            url: url.into(),
            state,
            redirect_uri: redirect_uri.to_owned(),
            client: Client {
                id: client_id.to_owned(),
                secret: client_secret.map_or_else(|| Token::from(""), Token::from),
                token_url: format!("{}/2/oauth2/token", self.base_url),
                revoke_url: format!("{}/2/oauth2/revoke", self.base_url),
            },
            verifier: verifier.into(),
        })
    }

    /// Makes tokens of the code that the redirect brought, and asks whose they are.
    pub async fn finish(&self, started: Started, code: &str) -> Result<Credential, SignInError> {
        let Started {
            client,
            verifier,
            redirect_uri,
            ..
        } = started;
        let basic = client.basic();
        let hide = [
            client.secret.expose_secret(),
            &basic,
            verifier.expose_secret(),
            code,
        ];
        let question = Question {
            of: "X",
            what: "tokens for this code",
            advice: "a code lasts 30 s and works once, and the redirect address must be the app's to the letter: begin again",
            hide: &hide,
        };
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &redirect_uri),
            ("code_verifier", verifier.expose_secret()),
            ("client_id", &client.id),
        ];
        let request = by_client(self.client.post(&client.token_url), &client);
        let tokens: Tokens = question.json(form(request, &fields)).await?;
        let now = Time::now();
        let pair = tokens.pair(None, now).ok_or_else(|| {
            SignInError::Refused(
                "X gave no refresh token, so the sign-in would end after two hours: the scope offline.access is needed".to_owned(),
            )
        })?;
        let request = bearer(
            self.client.get(format!("{}{ME_PATH}", self.base_url)),
            pair.access.expose_secret(),
        )?;
        let hide = [pair.access.expose_secret(), pair.refresh.expose_secret()];
        let question = Question {
            what: "whose the tokens are",
            advice: "the scopes tweet.read and users.read are needed",
            hide: &hide,
            of: "X",
        };
        let me = me(&question, &question.send(request).await?)?;
        let mut credential =
            Credential::new("x", &self.base_url, now, Grant::Oauth2 { client, pair });
        (credential.account, credential.account_id) = (format!("@{}", me.username), me.id);
        Ok(credential)
    }

    /// Begins an OAuth 1.0a sign-in of this app.
    pub async fn begin_pin(
        &self,
        key: &str,
        secret: SecretString,
    ) -> Result<PinStarted, SignInError> {
        let mut keys = Keys {
            consumer_key: key.to_owned(),
            consumer_secret: secret.into(),
            token: String::new(),
            token_secret: Token::from(""),
        };
        let request = self
            .client
            .post(format!("{}/oauth/request_token", self.base_url));
        let advice = "look at the API key and secret; the app needs user authentication with a callback address set, even for a PIN";
        let answer = self
            .signed(
                "a request token",
                advice,
                &keys,
                request,
                &[("oauth_callback", "oob")],
            )
            .await?;
        (keys.token, keys.token_secret) = (answer.oauth_token, answer.oauth_token_secret);
        let url = format!(
            "{}/oauth/authorize?oauth_token={}",
            self.base_url,
            encode(&keys.token)
        );
        Ok(PinStarted { url, keys })
    }

    /// Makes keys of the PIN that X showed.
    pub async fn finish_pin(
        &self,
        started: PinStarted,
        pin: &str,
    ) -> Result<Credential, SignInError> {
        let mut keys = started.keys;
        let request = self
            .client
            .post(format!("{}/oauth/access_token", self.base_url));
        let advice = "the PIN works once and for a few minutes: begin again and type the digits that X shows";
        let answer = self
            .signed(
                "keys for this PIN",
                advice,
                &keys,
                request,
                &[("oauth_verifier", pin)],
            )
            .await?;
        (keys.token, keys.token_secret) = (answer.oauth_token, answer.oauth_token_secret);
        let mut credential = Credential::new("x", &self.base_url, Time::now(), Grant::Oauth1(keys));
        (credential.account, credential.account_id) =
            (format!("@{}", answer.screen_name), answer.user_id);
        Ok(credential)
    }

    /// Gets the bearer token of an app for its key and secret, which are not kept.
    pub async fn app_only(
        &self,
        key: &str,
        secret: &SecretString,
    ) -> Result<Credential, SignInError> {
        let basic = basic(key, secret);
        let hide = [secret.expose_secret(), &basic];
        let question = Question {
            of: "X",
            what: "a bearer token for this app",
            advice: "look at the API key and secret (not the OAuth 2 client's)",
            hide: &hide,
        };
        let request = self.client.post(format!("{}/oauth2/token", self.base_url));
        let request = form(
            by_key(request, key, secret),
            &[("grant_type", "client_credentials")],
        );
        let tokens: Tokens = question.json(request).await?;
        let token = Token::from(SecretString::from(tokens.access_token));
        Ok(Credential::new(
            "x",
            &self.base_url,
            Time::now(),
            Grant::Bearer {
                token,
                client: None,
                ends_at: None,
            },
        ))
    }

    async fn signed(
        &self,
        what: &str,
        advice: &str,
        keys: &Keys,
        request: RequestBuilder,
        more: &[(&str, &str)],
    ) -> Result<OauthTokens, SignInError> {
        let mut hide = vec![
            keys.consumer_secret.expose_secret(),
            keys.token_secret.expose_secret(),
        ];
        hide.extend(
            more.iter()
                .filter(|(name, _)| *name == "oauth_verifier")
                .map(|(_, value)| *value),
        );
        let question = Question {
            of: "X",
            what,
            advice,
            hide: &hide,
        };
        let request =
            sign(keys, request, more).map_err(|error| SignInError::Refused(error.to_string()))?;
        let answer = question.send(request).await?;
        OauthTokens::read(&answer.body).ok_or_else(|| {
            SignInError::Refused(format!(
                "X answered, but not with {what}; is auth.x.base_url right?"
            ))
        })
    }
}

/// What OAuth 1.0a answers, as a form.
#[derive(Default)]
struct OauthTokens {
    oauth_token: String,
    oauth_token_secret: Token,
    user_id: String,
    screen_name: String,
}

impl Default for Token {
    fn default() -> Self {
        Self::from("")
    }
}

impl OauthTokens {
    fn read(body: &[u8]) -> Option<Self> {
        let mut tokens = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            match name.as_ref() {
                "oauth_token" => tokens.oauth_token = value.into_owned(),
                "oauth_token_secret" => {
                    tokens.oauth_token_secret = Token::from(SecretString::from(value.into_owned()))
                }
                "user_id" => tokens.user_id = value.into_owned(),
                "screen_name" => tokens.screen_name = value.into_owned(),
                _ => {}
            }
        }
        (!tokens.oauth_token.is_empty() && !tokens.oauth_token_secret.is_empty()).then_some(tokens)
    }
}

/// The proof that whoever brings the verifier began the sign-in (RFC 7636).
pub(crate) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()))
}

/// An app's key and secret, each percent-encoded first, as X has it.
pub(super) fn by_key(request: RequestBuilder, key: &str, secret: &SecretString) -> RequestBuilder {
    request.basic_auth(encode(key), Some(encode(secret.expose_secret())))
}

/// What that sends, which holds the secret.
pub(super) fn basic(key: &str, secret: &SecretString) -> String {
    http::basic(&encode(key), &encode(secret.expose_secret()))
}

/// An account at X.
#[derive(Deserialize)]
pub(super) struct Me {
    id: String,
    username: String,
}

impl Me {
    pub(super) fn shown(&self) -> String {
        format!("@{} ({})", self.username, self.id)
    }
}

pub(super) fn me(question: &Question<'_>, answer: &Answer) -> Result<Me, SignInError> {
    #[derive(Deserialize)]
    struct Said {
        data: Me,
    }
    question.read::<Said>(answer).map(|said| said.data)
}

pub(super) fn app_name(question: &Question<'_>, answer: &Answer) -> Result<String, SignInError> {
    #[derive(Deserialize)]
    struct Said {
        data: Usage,
    }
    #[derive(Deserialize)]
    struct Usage {
        #[serde(default)]
        project_id: serde_json::Value,
    }
    let said: Said = question.read(answer)?;
    let project = match said.data.project_id {
        serde_json::Value::String(id) => id,
        other => other.to_string(),
    };
    Ok(format!("an app of project {project}"))
}

#[cfg(test)]
mod tests;
