//! What a sign-in gave, as it lies in a secret store: JSON with a version. Or, put there by hand, a bearer token and nothing else.
//!
//! Nothing here asks anybody. No `Debug` of these shows a secret.

use std::fmt;

use bowerbird_core::time::Time;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::http;

/// The form this build writes; it reads no later one.
const VERSION: u32 = 1;

/// A secret in a credential: written into the store's text, and nowhere else.
#[derive(Clone)]
pub struct Token(SecretString);

impl Token {
    /// No secret at all, as of an app that keeps none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.expose_secret().is_empty()
    }

    /// The secret.
    pub(super) fn secret(&self) -> &SecretString {
        &self.0
    }

    pub(super) fn is(&self, other: &SecretString) -> bool {
        self.0.expose_secret() == other.expose_secret()
    }
}

impl ExposeSecret<str> for Token {
    fn expose_secret(&self) -> &str {
        self.0.expose_secret()
    }
}

impl From<&str> for Token {
    fn from(text: &str) -> Self {
        Self(SecretString::from(text.to_owned()))
    }
}

impl From<SecretString> for Token {
    fn from(secret: SecretString) -> Self {
        Self(secret)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Serialize for Token {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose_secret())
    }
}

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(SecretString::from(text)))
    }
}

/// What a sign-in gave.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Credential {
    version: u32,
    /// `x`, `mastodon`, `bluesky`; empty where it is not known.
    pub service: String,
    /// Whose it is, as a person writes it; empty for an app's own.
    pub account: String,
    /// The account's id at the service; empty if it is not known.
    pub account_id: String,
    /// Where it is good: it goes nowhere else. Empty where it is not known.
    pub base_url: String,
    /// When it was got.
    pub obtained_at: Time,
    /// What it is.
    pub grant: Grant,
}

/// The kinds of credentials.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Grant {
    /// A bearer token that is not renewed: X's app-only ones and Mastodon's stay until they are revoked, those of other software end.
    Bearer {
        /// The token.
        token: Token,
        /// Who it was given to, where that is needed to revoke it.
        client: Option<Client>,
        /// When it ends, where the service said so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ends_at: Option<Time>,
    },
    /// OAuth 1.0a keys of a user, which sign each request and stay until they are revoked.
    Oauth1(Keys),
    /// OAuth 2 tokens of a user, of which the refresh token may change each time.
    Oauth2 {
        /// Who they were given to.
        client: Client,
        /// Both tokens.
        pair: Pair,
    },
    /// A session at a Bluesky server, whose tokens change each time.
    Session {
        /// Both tokens.
        pair: Pair,
    },
}

/// OAuth 1.0a keys.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Keys {
    /// The app's key.
    pub consumer_key: String,
    /// The app's secret.
    pub consumer_secret: Token,
    /// The user's token; empty as long as there is none.
    pub token: String,
    /// The user's secret.
    pub token_secret: Token,
}

/// An app at an OAuth 2 service.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Client {
    /// Its id.
    pub id: String,
    /// Its secret; empty for an app that can keep none.
    pub secret: Token,
    /// Where codes and refresh tokens become tokens.
    pub token_url: String,
    /// Where tokens are given back; empty if nowhere.
    pub revoke_url: String,
}

impl Client {
    /// What an `Authorization: Basic` of it holds; empty for an app without a secret.
    pub(super) fn basic(&self) -> String {
        match self.secret.is_empty() {
            true => String::new(),
            false => http::basic(&self.id, self.secret.expose_secret()),
        }
    }
}

/// An access token and what renews it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pair {
    /// Signs requests.
    pub access: Token,
    /// Gets the next pair.
    pub refresh: Token,
    /// When the access token ends, by our clock; not known: when the service refuses it.
    pub expires_at: Option<Time>,
    /// That a renewal was begun whose answer is not kept yet.
    #[serde(default)]
    pub renewal: Option<Renewal>,
}

/// The note that is written before a pair is renewed: who finds it knows that the refresh token may have been used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renewal {
    /// Who began it: made up anew by each process. Empty: nobody is at it any more, and it was cut off.
    pub by: String,
    /// When.
    pub at: Time,
}

impl Renewal {
    /// One that was cut off, and was then refused.
    pub(super) fn over(at: Time) -> Self {
        let by = String::new();
        Self { by, at }
    }

    /// Is nobody at it any more?
    pub(super) fn is_over(&self) -> bool {
        self.by.is_empty()
    }
}

impl Credential {
    /// What a sign-in gave just now.
    pub(super) fn new(service: &str, base_url: &str, now: Time, grant: Grant) -> Self {
        Self {
            version: VERSION,
            service: service.to_owned(),
            account: String::new(),
            account_id: String::new(),
            base_url: base_url.to_owned(),
            obtained_at: now,
            grant,
        }
    }

    /// Reads a secret. What is no JSON object is a bearer token that somebody put there.
    pub fn read(secret: &SecretString) -> Result<Self, String> {
        let text = secret.expose_secret();
        if !text.starts_with('{') {
            let grant = Grant::Bearer {
                token: Token(secret.clone()),
                client: None,
                ends_at: None,
            };
            return Ok(Self::new("", "", Time(0), grant));
        }
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        // What serde says could quote the secret.
        let no_form = |_| "neither a token nor a sign-in that this version can read".to_owned();
        let versioned: Versioned = serde_json::from_str(text).map_err(no_form)?;
        if versioned.version > VERSION {
            return Err(format!(
                "a sign-in of version {}, which only a newer bowerbird reads",
                versioned.version
            ));
        }
        serde_json::from_str(text).map_err(no_form)
    }

    /// The text for a secret store.
    pub fn write(&self) -> SecretString {
        let text = serde_json::to_string(self);
        SecretString::from(text.expect("text and numbers can be written as JSON"))
    }

    /// Its kind in words.
    pub fn kind(&self) -> &'static str {
        match (&self.grant, self.service.as_str()) {
            (Grant::Bearer { .. }, "x") => "app-only bearer token",
            (Grant::Bearer { .. }, _) => "bearer token",
            (Grant::Oauth1(_), _) => "OAuth 1.0a keys",
            (Grant::Oauth2 { .. }, _) => "OAuth 2 tokens",
            (Grant::Session { .. }, _) => "session",
        }
    }

    /// Does it change with each renewal, so that it needs a store that can be written?
    pub fn rotates(&self) -> bool {
        self.pair().is_some()
    }

    /// When it ends for good, and a person must sign in again.
    pub fn ends_at(&self) -> Option<Time> {
        match &self.grant {
            Grant::Bearer { ends_at, .. } => *ends_at,
            Grant::Oauth1(_) | Grant::Oauth2 { .. } | Grant::Session { .. } => None,
        }
    }

    /// The tokens of what rotates.
    pub fn pair(&self) -> Option<&Pair> {
        match &self.grant {
            Grant::Oauth2 { pair, .. } | Grant::Session { pair } => Some(pair),
            Grant::Bearer { .. } | Grant::Oauth1(_) => None,
        }
    }

    /// The same, to be changed.
    pub(super) fn pair_mut(&mut self) -> Option<&mut Pair> {
        match &mut self.grant {
            Grant::Oauth2 { pair, .. } | Grant::Session { pair } => Some(pair),
            Grant::Bearer { .. } | Grant::Oauth1(_) => None,
        }
    }

    /// A token that stays as it is, for a source that takes nothing else.
    pub fn bearer(&self) -> Option<SecretString> {
        match &self.grant {
            Grant::Bearer { token, .. } => Some(token.secret().clone()),
            Grant::Oauth1(_) | Grant::Oauth2 { .. } | Grant::Session { .. } => None,
        }
    }

    /// How its app says who it is, which holds the app's secret; empty if it has none.
    pub(super) fn basic(&self) -> String {
        match &self.grant {
            Grant::Oauth2 { client, .. } => client.basic(),
            Grant::Bearer { .. } | Grant::Oauth1(_) | Grant::Session { .. } => String::new(),
        }
    }

    /// All that must never be seen, to be taken out of what a service says.
    pub(super) fn secrets(&self) -> Vec<&str> {
        let tokens: Vec<&Token> = match &self.grant {
            Grant::Bearer { token, client, .. } => {
                let secret = client.as_ref().map(|client| &client.secret);
                std::iter::once(token).chain(secret).collect()
            }
            Grant::Oauth1(keys) => vec![&keys.consumer_secret, &keys.token_secret],
            Grant::Oauth2 { client, pair } => vec![&client.secret, &pair.access, &pair.refresh],
            Grant::Session { pair } => vec![&pair.access, &pair.refresh],
        };
        let plain = tokens.into_iter().map(Token::expose_secret);
        plain.filter(|secret| !secret.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the first version wrote it: stays readable.
    const FIRST: &str = r#"{"version":1,"service":"x","account":"@wren","account_id":"12","base_url":"https://api.x.com","obtained_at":"2026-11-21T15:00:00.000Z","grant":{"kind":"oauth2","client":{"id":"client","secret":"","token_url":"https://api.x.com/2/oauth2/token","revoke_url":"https://api.x.com/2/oauth2/revoke"},"pair":{"access":"ACCESS","refresh":"REFRESH","expires_at":"2026-11-21T17:00:00.000Z","renewal":{"by":"abc","at":"2026-11-21T16:58:00.000Z"}}}}"#;

    #[test]
    fn the_first_form_is_read_and_written_again() {
        let credential = Credential::read(&FIRST.into()).unwrap();
        assert_eq!(credential.account, "@wren");
        assert!(credential.rotates());
        let pair = credential.pair().unwrap();
        assert_eq!(pair.renewal.as_ref().unwrap().by, "abc");
        assert_eq!(credential.write().expose_secret(), FIRST);
        let shown = format!("{credential:?}");
        assert!(
            !shown.contains("ACCESS") && !shown.contains("REFRESH"),
            "{shown}"
        );
    }

    #[test]
    fn a_token_put_there_by_hand_is_a_bearer_token() {
        let credential = Credential::read(&"AAAA%2Bbbb".into()).unwrap();
        assert_eq!(credential.bearer().unwrap().expose_secret(), "AAAA%2Bbbb");
        assert!(!credential.rotates());
    }

    #[test]
    fn what_cannot_be_read_is_not_quoted() {
        for (text, words) in [
            (r#"{"version":2,"grant":"SECRET"}"#, "newer bowerbird"),
            (r#"{"version":1,"grant":"SECRET"}"#, "neither a token"),
            (r#"{"SECRET"#, "neither a token"),
        ] {
            let error = Credential::read(&text.into()).unwrap_err();
            assert!(
                error.contains(words) && !error.contains("SECRET"),
                "{error}"
            );
        }
    }
}
