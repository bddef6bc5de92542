//! `bowerbird auth`: sign in, list, check, revoke. What the steps are at each service is in `bowerbird_connect::auth`; here a person is asked.
//!
//! No secret is printed, and none is taken as an argument.

use anyhow::{Result, bail};
use bowerbird_connect::auth::{self, Credential, Revoked, SignInError};
use bowerbird_core::secrets::{SecretError, SecretName};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::Context;
use crate::cli::AuthCommand;
use crate::config::SecretPlace;
use crate::config::file::AuthFile;
use crate::exit::Usage;
use crate::signals;
use ask::Asker;

mod ask;
mod browser;
mod redirect;
mod ways;

/// What every part of it is given.
struct Desk<'c> {
    context: &'c Context,
    place: SecretPlace,
    settings: AuthFile,
    asker: Asker,
}

/// Does what was typed.
pub(super) async fn auth(context: &Context, command: AuthCommand) -> Result<()> {
    let desk = Desk {
        context,
        place: context.secret_place()?,
        settings: context.found()?.file.auth,
        asker: Asker::default(),
    };
    match command {
        AuthCommand::X(args) => ways::x(&desk, args).await,
        AuthCommand::Mastodon(args) => ways::mastodon(&desk, args).await,
        AuthCommand::Bluesky(args) => ways::bluesky(&desk, args).await,
        AuthCommand::List => desk.list().await,
        AuthCommand::Check { name } => desk.check_until_asked(name.as_deref()).await,
        AuthCommand::Revoke { name, forget } => desk.revoke(&name, forget).await,
    }
}

fn parse(name: &str) -> Result<SecretName> {
    SecretName::parse(name).map_err(|error| Usage(error.to_string()).into())
}

/// A failure, with its end for a person.
fn failed(error: SignInError) -> anyhow::Error {
    match error {
        SignInError::Setting(error) => Usage(error.to_string()).into(),
        other => anyhow::Error::msg(other.to_string()),
    }
}

impl Desk<'_> {
    fn talk(&self, text: impl std::fmt::Display) {
        self.context.output.talk(text);
    }

    /// A name under which a sign-in could be kept; says so before anybody is asked for anything.
    async fn name(&self, given: &str) -> Result<SecretName> {
        let name = parse(given)?;
        match self.place.store.can_put(&name).await {
            Ok(()) => Ok(name),
            Err(error @ SecretError::ReadOnly(_)) => Err(Usage(format!(
                "the sign-in could not be kept: {error} (`secrets.store` in the configuration)"
            ))
            .into()),
            Err(error) => bail!("the sign-in could not be kept: {error}"),
        }
    }

    /// Keeps a sign-in, and says what was done.
    async fn keep(&self, name: &SecretName, credential: &Credential) -> Result<()> {
        if let Some(before) = self.credential(name).await.ok().flatten() {
            self.talk(format_args!(
                "`{name}` is replaced: it was {}",
                whose(&before)
            ));
        }
        let kept = self.place.store.put(name, &credential.write()).await;
        kept.map_err(|error| anyhow::anyhow!("signed in, but the sign-in could not be kept: {error}; revoke it at the service, and begin again"))?;
        if self.context.output.json {
            return self.context.output.value(&shown(name, credential));
        }
        if let Some(at) = credential.ends_at() {
            self.talk(format_args!(
                "it ends at {at} and is not renewed: sign in again before"
            ));
        }
        let line = format!("signed in: {name} is {}", whose(credential));
        self.context.output.line(line)
    }

    async fn credential(&self, name: &SecretName) -> Result<Option<Credential>> {
        let secret = self.place.store.get(name).await?;
        let read = secret.map(|secret| Credential::read(&secret)).transpose();
        read.map_err(|error| anyhow::anyhow!("secret `{name}` is {error}"))
    }

    /// The sign-in of this name, which must be there.
    async fn held(&self, name: &SecretName) -> Result<Credential> {
        match self.credential(name).await? {
            Some(credential) => Ok(credential),
            None => bail!(
                "secret `{name}` is neither {}; `bowerbird auth list` says what there is",
                self.place.of(name)
            ),
        }
    }

    async fn list(&self) -> Result<()> {
        let mut rows = Vec::new();
        for name in self.place.store.list().await? {
            let credential = match self.credential(&name).await {
                Ok(Some(credential)) => credential,
                // Gone in this moment.
                Ok(None) => continue,
                Err(error) => {
                    self.talk(format_args!("{error:#}"));
                    continue;
                }
            };
            if self.context.output.json {
                self.context.output.value(&shown(&name, &credential))?;
                continue;
            }
            let ends = match (credential.pair(), credential.ends_at()) {
                (None, None) => "when revoked".to_owned(),
                (None, Some(at)) => format!("{at}: sign in again before"),
                (Some(pair), _) => match pair.expires_at {
                    Some(at) => format!("renewed by itself, next after {at}"),
                    None => "renewed by itself".to_owned(),
                },
            };
            rows.push(vec![
                name.to_string(),
                or_dash(&credential.service),
                credential.kind().to_owned(),
                or_dash(&credential.account),
                ends,
            ]);
        }
        if self.context.output.json {
            return Ok(());
        }
        if rows.is_empty() {
            self.talk("nothing is signed in; `bowerbird auth x`, `auth mastodon HOST` and `auth bluesky HANDLE` do that");
            return Ok(());
        }
        let headings = ["NAME", "SERVICE", "KIND", "ACCOUNT", "ENDS"];
        self.context.output.table(&headings, &rows)
    }

    /// Checks, unless it is asked to end. What is being renewed is then waited for: a process that is killed in between loses the new tokens.
    async fn check_until_asked(&self, only: Option<&str>) -> Result<()> {
        let stop = signals::listen()?;
        tokio::select! {
            checked = self.check(only) => checked,
            () = stop.asked() => bail!("interrupted: not every sign-in was checked"),
        }
    }

    async fn check(&self, only: Option<&str>) -> Result<()> {
        let names = match only {
            Some(name) => vec![parse(name)?],
            None => self.place.store.list().await?,
        };
        let (mut n_failed, mut n_asked) = (0, 0);
        for name in &names {
            let credential = match self.held(name).await {
                Ok(credential) => credential,
                Err(error) if only.is_some() => return Err(error),
                Err(error) => {
                    n_failed += 1;
                    self.told(name, Err(format!("{error:#}")))?;
                    continue;
                }
            };
            if credential.service.is_empty() && only.is_none() {
                self.talk(format_args!(
                    "{name}: a token put there by hand: nobody knows which service to ask"
                ));
                continue;
            }
            n_asked += 1;
            let outcome = self.ask_who(name, &credential).await;
            n_failed += u32::from(outcome.is_err());
            self.told(name, outcome)?;
        }
        match n_failed {
            0 if n_asked == 0 => {
                self.talk("nothing is signed in that could be checked");
                Ok(())
            }
            0 => Ok(()),
            _ => bail!("{n_failed} of {} could not be used", names.len()),
        }
    }

    async fn ask_who(&self, name: &SecretName, credential: &Credential) -> Result<String, String> {
        if credential.rotates() {
            let can = self.place.store.can_put(name).await;
            can.map_err(|error| format!("its new tokens could not be kept: {error}"))?;
        }
        let who = auth::who(name, &self.place.store, credential).await;
        who.map_err(|error| error.to_string())
    }

    fn told(&self, name: &SecretName, outcome: Result<String, String>) -> Result<()> {
        let output = &self.context.output;
        if output.json {
            let (ok, said) = match &outcome {
                Ok(who) => (true, json!({ "account": who })),
                Err(error) => (false, json!({ "error": error })),
            };
            let mut line = json!({ "name": name.as_str(), "ok": ok });
            if let (Value::Object(line), Value::Object(said)) = (&mut line, said) {
                line.extend(said);
            }
            return output.value(&line);
        }
        match outcome {
            Ok(who) => output.line(format_args!("{name}: {}", crate::output::clean(&who))),
            Err(error) => output.line(format_args!("{name}: {}", crate::output::clean(&error))),
        }
    }

    async fn revoke(&self, given: &str, forget: bool) -> Result<()> {
        let name = parse(given)?;
        if !forget {
            let credential = self.held(&name).await?;
            let app = self.app_of(&credential)?;
            let app = app.as_ref().map(|(key, secret)| (key.as_str(), secret));
            match auth::revoke(&credential, app).await.map_err(failed)? {
                Revoked::AtTheService => self.talk(format_args!("revoked: {}", whose(&credential))),
                Revoked::ByHand(how) => {
                    self.talk(format_args!("not revoked at the service: {how}"))
                }
            }
        }
        match self.place.store.remove(&name).await {
            Ok(()) => {
                self.talk(format_args!("`{name}` is forgotten here"));
                Ok(())
            }
            Err(error) => bail!("`{name}` could not be forgotten here: {error}"),
        }
    }

    /// The key and secret of the app, which X wants to take an app's own token back, and which are not kept.
    fn app_of(&self, credential: &Credential) -> Result<Option<(String, SecretString)>> {
        if credential.service != "x" || credential.bearer().is_none() {
            return Ok(None);
        }
        self.talk("X takes an app's token back from the app only");
        let key = self
            .asker
            .line("the app's API key (empty: it is only forgotten here): ")?;
        if key.is_empty() {
            return Ok(None);
        }
        let secret = self.asker.secret("the app's API key secret: ")?;
        Ok(Some((key, secret)))
    }
}

fn whose(credential: &Credential) -> String {
    let (service, kind) = (&credential.service, credential.kind());
    match credential.account.as_str() {
        "" if service.is_empty() => "a token put there by hand".to_owned(),
        "" => format!("an app at {service}, {kind}"),
        account => format!("{} at {service}, {kind}", crate::output::clean(account)),
    }
}

fn or_dash(text: &str) -> String {
    if text.is_empty() {
        "–".to_owned()
    } else {
        text.to_owned()
    }
}

/// Everything about a sign-in but its secrets.
fn shown(name: &SecretName, credential: &Credential) -> Value {
    let is_by_hand = credential.service.is_empty();
    let pair = credential.pair();
    json!({
        "name": name.as_str(),
        "service": credential.service,
        "kind": credential.kind(),
        "account": credential.account,
        "account_id": credential.account_id,
        "base_url": credential.base_url,
        "obtained_at": (!is_by_hand).then_some(credential.obtained_at),
        "is_renewed": pair.is_some(),
        "access_expires_at": pair.and_then(|pair| pair.expires_at).or(credential.ends_at()),
    })
}
