//! Secrets in HashiCorp Vault, version 2 of its key-value engine, by HTTP.
//!
//! A secret is the field `value` of the entry `PREFIX/NAME`. Its earlier versions are Vault's affair (`max_versions` of the engine or entry);
//! removing takes them all. How the token comes to be is Vault's affair too: we are given one, or a file where an agent keeps it.

use std::path::PathBuf;

use async_trait::async_trait;
use bowerbird_core::secrets::{
    MAX_SECRET_BYTES, SecretError, SecretName, SecretStore, check_secret,
};
use reqwest::Method;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use crate::error::ConnectError;
use crate::http::{self, Answer};

/// The largest answer: a list of names, or one secret at its largest, quoted at its worst.
const MAX_ANSWER_BYTES: usize = 8 * MAX_SECRET_BYTES;
/// A token's file has no more bytes.
const MAX_TOKEN_BYTES: u64 = 16 << 10;

/// How to reach secrets in a Vault.
#[derive(Debug, Clone)]
pub struct VaultConfig {
    /// Vault's address.
    pub address: String,
    /// Where its key-value engine is mounted.
    pub mount: String,
    /// What comes before each secret's name; may be empty.
    pub prefix: String,
    /// What opens it.
    pub token: VaultToken,
}

/// What opens a Vault.
#[derive(Debug, Clone)]
pub enum VaultToken {
    /// This one.
    Fixed(SecretString),
    /// What a file holds at each request: an agent may renew it.
    File(PathBuf),
}

/// Secrets in a Vault.
#[derive(Debug)]
pub struct VaultSecrets {
    client: reqwest::Client,
    address: String,
    mount: String,
    prefix: String,
    token: VaultToken,
}

impl VaultSecrets {
    /// Looks at the configuration; nothing is asked of the Vault yet.
    pub fn new(config: VaultConfig) -> Result<Self, ConnectError> {
        let address = http::base_url("secrets.vault.address", &config.address)?;
        Ok(Self {
            client: http::client(&address)?,
            address,
            mount: path("secrets.vault.mount", &config.mount, 1)?,
            prefix: path("secrets.vault.prefix", &config.prefix, 0)?,
            token: config.token,
        })
    }

    /// `data` or `metadata` of a name, or, without one, of all.
    fn entry(&self, of: &str, name: &str) -> String {
        let parts = [self.mount.as_str(), of, self.prefix.as_str(), name];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        parts.join("/")
    }

    async fn token(&self) -> Result<HeaderValue, SecretError> {
        let secret = match &self.token {
            VaultToken::Fixed(secret) => secret.clone(),
            VaultToken::File(path) => read_token(path.clone()).await?,
        };
        let header = HeaderValue::from_str(secret.expose_secret().trim());
        let mut header = header.map_err(|_| {
            SecretError::Refused("the Vault token has characters that no token has".to_owned())
        })?;
        header.set_sensitive(true);
        Ok(header)
    }

    /// Asks; a refusal is without the token, even if Vault sends it back.
    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<serde_json::Value>,
    ) -> Result<Answer, SecretError> {
        let url = format!("{}/v1/{path}", self.address);
        let request = self.client.request(method, url);
        let token = self.token().await?;
        let shown = token.to_str().unwrap_or_default().to_owned();
        let mut request = request
            .header("x-vault-token", token)
            .header("x-vault-request", "true");
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        let answer = http::ask(request, MAX_ANSWER_BYTES).await;
        let mut answer =
            answer.map_err(|reason| SecretError::Unavailable(format!("Vault: {reason}")))?;
        if answer.status != 200 {
            let body = String::from_utf8_lossy(&answer.body);
            answer.body = http::without(&body, &[&shown]).into();
        }
        Ok(answer)
    }
}

/// A mount or a prefix: parts of an address, each plain.
fn path(setting: &'static str, text: &str, least: usize) -> Result<String, ConnectError> {
    let trimmed = text.trim_matches('/');
    let parts: Vec<&str> = trimmed.split('/').filter(|part| !part.is_empty()).collect();
    let is_plain = |part: &&str| {
        let mut bytes = part.bytes();
        !part.starts_with('.')
            && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    if parts.len() < least || !parts.iter().all(is_plain) {
        return Err(ConnectError::setting(
            setting,
            format!(
                "`{text}`: expected names of a–z, A–Z, 0–9, `-`, `_`, `.`, with `/` between them"
            ),
        ));
    }
    Ok(parts.join("/"))
}

async fn read_token(path: PathBuf) -> Result<SecretString, SecretError> {
    let read = tokio::task::spawn_blocking(move || {
        let wrong = |what: &dyn std::fmt::Display| {
            SecretError::Refused(format!(
                "the file of Vault's token, {}: {what}",
                path.display()
            ))
        };
        let about = std::fs::metadata(&path).map_err(|error| wrong(&error))?;
        if about.len() > MAX_TOKEN_BYTES {
            return Err(wrong(&"too large for a token"));
        }
        let text = std::fs::read_to_string(&path).map_err(|error| wrong(&error))?;
        match text.trim() {
            "" => Err(wrong(&"it is empty")),
            token => Ok(SecretString::from(token.to_owned())),
        }
    });
    read.await.unwrap_or_else(|_| {
        Err(SecretError::Unavailable(
            "the program is ending: Vault was not asked".to_owned(),
        ))
    })
}

/// What Vault's refusal asks for. Its `errors` are its own words and no secret; what we sent is not repeated.
fn refusal(answer: &Answer, path: &str) -> SecretError {
    #[derive(Deserialize, Default)]
    struct Said {
        #[serde(default)]
        errors: Vec<String>,
    }
    let said: Said = serde_json::from_slice(&answer.body).unwrap_or_default();
    let said = match said.errors.is_empty() {
        true => String::new(),
        false => format!(": {}", http::words(&said.errors.join("; "))),
    };
    let status = answer.status;
    match status {
        403 => SecretError::Refused(format!(
            "Vault forbids it (403){said}; look whether the token is valid still, and its policy allows `{path}`"
        )),
        // 412: this node has not caught up. 472, 473: a standby that takes no requests.
        412 | 429 | 472 | 473 | 500..=599 => {
            SecretError::Unavailable(format!("Vault can't answer just now ({status}){said}"))
        }
        404 => SecretError::Refused(format!(
            "Vault has nothing at `{path}` (404){said}; look at secrets.vault.mount: version 2 of the key-value engine is needed"
        )),
        300..=399 => SecretError::Refused(format!(
            "Vault answers from elsewhere ({status}); set secrets.vault.address to the active node"
        )),
        _ => SecretError::Refused(format!("Vault does not understand us ({status}){said}")),
    }
}

#[derive(Deserialize)]
struct Wrapped<T> {
    data: T,
}

fn read<T: for<'de> Deserialize<'de>>(answer: &Answer) -> Result<T, SecretError> {
    // What could not be read is not shown: it may hold the secret.
    let read = serde_json::from_slice::<Wrapped<T>>(&answer.body);
    read.map(|wrapped| wrapped.data).map_err(|_| {
        SecretError::Refused(
            "Vault's answer has not the form of version 2 of its key-value engine; look at secrets.vault.mount"
                .to_owned(),
        )
    })
}

#[async_trait]
impl SecretStore for VaultSecrets {
    async fn get(&self, name: &SecretName) -> Result<Option<SecretString>, SecretError> {
        #[derive(Deserialize)]
        struct Entry {
            data: Option<Fields>,
        }
        #[derive(Deserialize)]
        struct Fields {
            value: Option<String>,
        }
        let path = self.entry("data", name.as_str());
        let answer = self.ask(Method::GET, &path, None).await?;
        match answer.status {
            200 => {}
            // So it says of what never was, and of what was deleted.
            404 => return Ok(None),
            _ => return Err(refusal(&answer, &path)),
        }
        let entry: Entry = read(&answer)?;
        match entry.data.and_then(|fields| fields.value) {
            Some(value) if !value.trim().is_empty() => {
                Ok(Some(SecretString::from(value.trim().to_owned())))
            }
            _ => Err(SecretError::Refused(format!(
                "secret `{name}`: the entry {path} in Vault has no field `value` with a text"
            ))),
        }
    }

    async fn put(&self, name: &SecretName, secret: &SecretString) -> Result<(), SecretError> {
        check_secret(name, secret.expose_secret().len())?;
        let path = self.entry("data", name.as_str());
        let body = json!({ "data": { "value": secret.expose_secret() } });
        let answer = self.ask(Method::POST, &path, Some(body)).await?;
        match answer.status {
            200 | 204 => Ok(()),
            _ => Err(refusal(&answer, &path)),
        }
    }

    async fn remove(&self, name: &SecretName) -> Result<(), SecretError> {
        let path = self.entry("metadata", name.as_str());
        let answer = self.ask(Method::DELETE, &path, None).await?;
        match answer.status {
            200 | 204 | 404 => Ok(()),
            _ => Err(refusal(&answer, &path)),
        }
    }

    async fn list(&self) -> Result<Vec<SecretName>, SecretError> {
        #[derive(Deserialize)]
        struct Keys {
            keys: Vec<String>,
        }
        let path = self.entry("metadata", "");
        let asked = format!("{path}?list=true");
        let answer = self.ask(Method::GET, &asked, None).await?;
        match answer.status {
            200 => {}
            404 => return Ok(Vec::new()),
            _ => return Err(refusal(&answer, &path)),
        }
        let keys: Keys = read(&answer)?;
        // What ends in `/` is a folder, and what is no name is not ours.
        let names = keys.keys.iter().map(|key| SecretName::parse(key));
        let mut names: Vec<SecretName> = names.flatten().collect();
        names.sort();
        Ok(names)
    }

    async fn can_put(&self, name: &SecretName) -> Result<(), SecretError> {
        #[derive(Deserialize)]
        struct Abilities {
            capabilities: Vec<String>,
        }
        let path = self.entry("data", name.as_str());
        let body = json!({ "paths": [path] });
        let asked = "sys/capabilities-self";
        let answer = self.ask(Method::POST, asked, Some(body)).await?;
        if answer.status != 200 {
            return Err(refusal(&answer, asked));
        }
        let abilities: Abilities = read(&answer)?;
        let has = |what: &str| abilities.capabilities.iter().any(|one| one == what);
        // The first version needs `create`, each later one `update`.
        if has("root") || (has("create") && has("update")) {
            Ok(())
        } else {
            Err(SecretError::ReadOnly(format!(
                "the token's policy in Vault must allow `create` and `update` of `{path}`; it allows: {}",
                abilities.capabilities.join(", ")
            )))
        }
    }
}

#[cfg(test)]
mod tests;
