//! Signing in at a Mastodon server, or one that speaks as it does: the app registers itself, the person copies a code.
//!
//! A server from 4.3 on says where each step is done, and that it wants proof of who began it (PKCE); of others the usual places are taken.

use bowerbird_core::time::Time;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::ask::{Question, SignInError, form, random};
use super::credential::{Client, Credential, Grant, Token};
use super::service::{Tokens, bearer};
use super::x::challenge;
use crate::error::ConnectError;
use crate::http::{self, Answer};

/// What a token may do unless something else is said.
pub const MASTODON_SCOPES: &str = "read";

/// Whose a token is.
pub(super) const ME_PATH: &str = "/api/v1/accounts/verify_credentials";
/// Where codes are shown to be copied, instead of a redirect.
const OUT_OF_BAND: &str = "urn:ietf:wg:oauth:2.0:oob";

/// A server, for signing in.
#[derive(Debug)]
pub struct MastodonSignIn {
    client: reqwest::Client,
    base_url: String,
    host: String,
}

/// A sign-in that waits for the code.
#[derive(Debug)]
pub struct Started {
    /// Where the person goes; holds no secret.
    pub url: String,
    client: Client,
    verifier: Option<SecretString>,
}

/// Where the steps are done.
#[derive(Deserialize)]
struct Places {
    authorization_endpoint: String,
    token_endpoint: String,
    #[serde(default)]
    revocation_endpoint: String,
    #[serde(default)]
    app_registration_endpoint: String,
    #[serde(default)]
    code_challenge_methods_supported: Vec<String>,
}

impl Places {
    fn usual(base_url: &str) -> Self {
        Self {
            authorization_endpoint: format!("{base_url}/oauth/authorize"),
            token_endpoint: format!("{base_url}/oauth/token"),
            revocation_endpoint: format!("{base_url}/oauth/revoke"),
            app_registration_endpoint: format!("{base_url}/api/v1/apps"),
            code_challenge_methods_supported: Vec::new(),
        }
    }

    fn has_pkce(&self) -> bool {
        self.code_challenge_methods_supported
            .iter()
            .any(|method| method == "S256")
    }
}

impl MastodonSignIn {
    /// The server of this name, as `mastodon.social`; or an address, as `http://127.0.0.1:3000`.
    pub fn new(host: &str) -> Result<Self, ConnectError> {
        let url = match host.contains("://") {
            true => host.to_owned(),
            false => format!("https://{host}"),
        };
        let base_url = http::base_url("HOST", &url)?;
        let host = base_url.split("://").nth(1).unwrap_or_default().to_owned();
        if host.contains('@') || host.contains('/') {
            return Err(ConnectError::setting(
                "HOST",
                format!("`{host}`: expected a server's name, as mastodon.social"),
            ));
        }
        Ok(Self {
            client: http::client(&base_url)?,
            base_url,
            host,
        })
    }

    /// The server's name.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Registers the app and says where the person goes.
    pub async fn begin(&self, scopes: &str) -> Result<Started, SignInError> {
        let places = self.places().await?;
        let question = Question {
            of: &self.host,
            what: "to register an app",
            advice: "is it a Mastodon server, or one that speaks as it does?",
            hide: &[],
        };
        #[derive(Deserialize)]
        struct App {
            client_id: String,
            client_secret: String,
        }
        let fields = [
            ("client_name", "Bowerbird"),
            ("redirect_uris", OUT_OF_BAND),
            ("scopes", scopes),
        ];
        let request = self.client.post(&places.app_registration_endpoint);
        let app: App = question.json(form(request, &fields)).await?;
        let verifier = places.has_pkce().then(|| random(48)).transpose()?;
        let mut parameters = vec![
            ("response_type", "code".to_owned()),
            ("client_id", app.client_id.clone()),
            ("redirect_uri", OUT_OF_BAND.to_owned()),
            ("scope", scopes.to_owned()),
        ];
        if let Some(verifier) = &verifier {
            parameters.push(("code_challenge", challenge(verifier)));
            parameters.push(("code_challenge_method", "S256".to_owned()));
        }
        let url = Url::parse_with_params(&places.authorization_endpoint, &parameters);
        let url = url.map_err(|error| {
            SignInError::Refused(format!(
                "{} names an address that is none: {error}",
                self.host
            ))
        })?;
        Ok(Started {
            url: url.into(),
            client: Client {
                id: app.client_id,
                secret: SecretString::from(app.client_secret).into(),
                token_url: places.token_endpoint,
                revoke_url: places.revocation_endpoint,
            },
            verifier: verifier.map(SecretString::from),
        })
    }

    /// Makes a token of the code, and asks whose it is.
    pub async fn finish(&self, started: Started, code: &str) -> Result<Credential, SignInError> {
        let Started {
            client, verifier, ..
        } = started;
        let verifier = verifier.unwrap_or_default();
        let hide = [
            client.secret.expose_secret(),
            verifier.expose_secret(),
            code,
        ];
        let question = Question {
            of: &self.host,
            what: "a token for this code",
            advice: "a code works once and for some minutes: begin again and copy all of it",
            hide: &hide,
        };
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", OUT_OF_BAND),
            ("client_id", client.id.as_str()),
            ("client_secret", client.secret.expose_secret()),
        ];
        if !verifier.expose_secret().is_empty() {
            fields.push(("code_verifier", verifier.expose_secret()));
        }
        let tokens: Tokens = question
            .json(form(self.client.post(&client.token_url), &fields))
            .await?;
        let now = Time::now();
        let token = Token::from(SecretString::from(tokens.access_token));
        // Other software than Mastodon's own gives tokens that end, after some months as a rule.
        let lasts = tokens.expires_in.map(std::time::Duration::from_secs);
        let grant = Grant::Bearer {
            token: token.clone(),
            client: Some(client),
            ends_at: lasts.map(|lasts| now.plus(lasts)),
        };
        let hide = [token.expose_secret()];
        let question = Question {
            what: "whose the token is",
            advice: "the scope read:accounts is needed, which read holds",
            hide: &hide,
            of: &self.host,
        };
        let request = bearer(
            self.client.get(format!("{}{ME_PATH}", self.base_url)),
            token.expose_secret(),
        )?;
        let (account, id) = me(&question, &question.send(request).await?, &self.base_url)?;
        let mut credential = Credential::new("mastodon", &self.base_url, now, grant);
        (credential.account, credential.account_id) = (account, id);
        Ok(credential)
    }

    async fn places(&self) -> Result<Places, SignInError> {
        let request = self.client.get(format!(
            "{}/.well-known/oauth-authorization-server",
            self.base_url
        ));
        let question = Question {
            of: &self.host,
            what: "where signing in is done",
            advice: "is the name right?",
            hide: &[],
        };
        let answer = http::ask(request, 256 << 10).await.map_err(|why| {
            SignInError::Unavailable(format!(
                "asking {} failed: {why}; is the name right?",
                self.host
            ))
        })?;
        match answer.status {
            200 => {}
            // Servers before 4.3 don't say.
            404 | 406 | 410 => return Ok(Places::usual(&self.base_url)),
            _ => return Err(question.refusal(&answer, Time::now())),
        }
        // Other software answers every path it does not know with its front page.
        let Ok(mut places) = question.read::<Places>(&answer) else {
            return Ok(Places::usual(&self.base_url));
        };
        if places.app_registration_endpoint.is_empty() {
            places.app_registration_endpoint =
                Places::usual(&self.base_url).app_registration_endpoint;
        }
        let all = [
            &places.authorization_endpoint,
            &places.token_endpoint,
            &places.app_registration_endpoint,
            &places.revocation_endpoint,
        ];
        for place in all.into_iter().filter(|place| !place.is_empty()) {
            http::base_url("its address for signing in", place)?;
        }
        Ok(places)
    }
}

/// The account as a person writes it, with its server, and its id.
pub(super) fn me(
    question: &Question<'_>,
    answer: &Answer,
    base_url: &str,
) -> Result<(String, String), SignInError> {
    #[derive(Deserialize)]
    struct Account {
        id: String,
        acct: String,
    }
    let account: Account = question.read(answer)?;
    let host = base_url.split("://").nth(1).unwrap_or_default();
    Ok((format!("@{}@{host}", account.acct), account.id))
}

#[cfg(test)]
mod tests;
