//! Signing in at Bluesky: a handle and an app password become a session at the account's own server (PDS).
//!
//! OAuth with DPoP is not here: the crates for it bring some eighty others, and it wants a client that is published at an address of its own.

use bowerbird_core::time::Time;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use super::ask::{Question, SignInError};
use super::credential::{Credential, Grant};
use super::service::Session;
use crate::error::ConnectError;
use crate::http::{self, Answer};

/// Who says which account has a handle.
pub const BLUESKY_RESOLVER: &str = "https://public.api.bsky.app";
/// Who knows where the accounts with a `did:plc:` are.
pub const PLC_DIRECTORY: &str = "https://plc.directory";

/// Whose a session is.
pub(super) const ME_PATH: &str = "/xrpc/com.atproto.server.getSession";

/// Bluesky, for signing in.
#[derive(Debug)]
pub struct BlueskySignIn {
    resolver: String,
    directory: String,
}

/// A document about an account, as far as it says where it is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    #[serde(default)]
    also_known_as: Vec<String>,
    #[serde(default)]
    service: Vec<Service>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Service {
    id: String,
    service_endpoint: serde_json::Value,
}

impl BlueskySignIn {
    /// With these to ask where an account is.
    pub fn new(resolver: &str, directory: &str) -> Result<Self, ConnectError> {
        Ok(Self {
            resolver: http::base_url("auth.bluesky.resolver", resolver)?,
            directory: http::base_url("auth.bluesky.directory", directory)?,
        })
    }

    /// The server of an account, by its handle or DID. An app password is sent there, so the handle and the account must name each other.
    pub async fn server_of(&self, account: &str) -> Result<String, SignInError> {
        let advice = "is the handle right? `--pds https://…` names the account's server itself";
        let (did, handle) = match account.starts_with("did:") {
            true => (account.to_owned(), None),
            false => (self.did(account, advice).await?, Some(account)),
        };
        let url = document_url(&did, &self.directory)?;
        let question = Question {
            of: "the directory of accounts",
            what: "where the account is",
            advice,
            hide: &[],
        };
        let request = http::client(&url)?.get(&url);
        let document: Document = question.json(request).await?;
        if let Some(handle) = handle {
            let named = format!("at://{}", handle.to_ascii_lowercase());
            if !document
                .also_known_as
                .iter()
                .any(|one| one.to_ascii_lowercase() == named)
            {
                return Err(SignInError::Refused(format!(
                    "{did} does not call itself {handle}: nothing was sent to its server; {advice}"
                )));
            }
        }
        let mut services = document.service.iter();
        let server = services.find(|service| service.id.ends_with("#atproto_pds"));
        let server = server.and_then(|service| service.service_endpoint.as_str());
        let server =
            server.ok_or_else(|| SignInError::Refused(format!("{did} has no server; {advice}")))?;
        Ok(http::base_url("the account's server", server)?)
    }

    async fn did(&self, handle: &str, advice: &str) -> Result<String, SignInError> {
        #[derive(Deserialize)]
        struct Found {
            did: String,
        }
        let address = format!("{}/xrpc/com.atproto.identity.resolveHandle", self.resolver);
        let url = Url::parse_with_params(&address, [("handle", handle)]);
        let url =
            url.map_err(|error| ConnectError::setting("auth.bluesky.resolver", error.to_string()))?;
        let question = Question {
            of: "Bluesky",
            what: "this handle",
            advice,
            hide: &[],
        };
        let request = http::client(&self.resolver)?.get(url);
        let found: Found = question.json(request).await?;
        Ok(found.did)
    }

    /// Begins a session at a server. `code` is what came by mail, for an account that asks for a second factor.
    pub async fn session(
        &self,
        server: &str,
        account: &str,
        password: &SecretString,
        code: Option<&str>,
    ) -> Result<Credential, SignInError> {
        let server = http::base_url("--pds", server)?;
        let hide = [password.expose_secret(), code.unwrap_or_default()];
        let question = Question {
            of: &server,
            what: "a session",
            advice: "look at the handle, and use an app password (Settings, Privacy and security, App passwords), which asks for no second factor",
            hide: &hide,
        };
        let mut body = json!({ "identifier": account, "password": password.expose_secret() });
        if let Some(code) = code {
            body["authFactorToken"] = code.into();
        }
        let request = http::client(&server)?
            .post(format!("{server}/xrpc/com.atproto.server.createSession"))
            .header("content-type", "application/json")
            .body(body.to_string());
        let session: Session = question.json(request).await?;
        let (account, id, now) = (
            format!("@{}", session.handle),
            session.did.clone(),
            Time::now(),
        );
        let grant = Grant::Session {
            pair: session.pair(now),
        };
        let mut credential = Credential::new("bluesky", &server, now, grant);
        (credential.account, credential.account_id) = (account, id);
        Ok(credential)
    }
}

/// Where an account's document is: in the directory, or at the host that its DID names.
fn document_url(did: &str, directory: &str) -> Result<String, SignInError> {
    let plain = |text: &str| {
        text.bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
    };
    if let Some(rest) = did.strip_prefix("did:plc:").filter(|rest| plain(rest)) {
        return Ok(format!("{directory}/did:plc:{rest}"));
    }
    if let Some(host) = did.strip_prefix("did:web:").filter(|host| plain(host)) {
        return Ok(format!("https://{host}/.well-known/did.json"));
    }
    Err(SignInError::Refused(
        "the account's id is none that is known (did:plc:… or did:web:…)".to_owned(),
    ))
}

pub(super) fn me(question: &Question<'_>, answer: &Answer) -> Result<String, SignInError> {
    #[derive(Deserialize)]
    struct Me {
        did: String,
        handle: String,
    }
    let me: Me = question.read(answer)?;
    Ok(format!("@{} ({})", me.handle, me.did))
}

#[cfg(test)]
mod tests;
