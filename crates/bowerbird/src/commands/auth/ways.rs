//! The ways in: what a person is asked, in which order, and where they are sent.

use anyhow::Result;
use bowerbird_connect::auth::Credential;
use bowerbird_connect::auth::bluesky::BlueskySignIn;
use bowerbird_connect::auth::mastodon::MastodonSignIn;
use bowerbird_connect::auth::x::XSignIn;
use secrecy::ExposeSecret;

use super::redirect::{self, Callback};
use super::{Desk, browser, failed};
use crate::cli::{AuthBluesky, AuthMastodon, AuthWay, AuthX};
use crate::exit::Usage;

/// X, by any of its three ways.
pub(super) async fn x(desk: &Desk<'_>, args: AuthX) -> Result<()> {
    let usual = if args.app_only { "x-bearer" } else { "x-user" };
    let name = desk.name(args.way.name.as_deref().unwrap_or(usual)).await?;
    let settings = &desk.settings.x;
    let x = XSignIn::new(&settings.base_url, &settings.authorize_url);
    let x = x.map_err(|error| Usage(error.to_string()))?;
    let credential = if args.app_only {
        x_app(desk, &x, &args).await?
    } else if args.pin {
        x_pin(desk, &x, &args).await?
    } else {
        x_browser(desk, &x, &args).await?
    };
    desk.keep(&name, &credential).await
}

async fn x_browser(desk: &Desk<'_>, x: &XSignIn, args: &AuthX) -> Result<Credential> {
    let port = args.port.unwrap_or(desk.settings.x.port);
    // Before anything is asked: where the port is taken, nothing typed is in vain.
    let callback = match args.paste {
        true => None,
        false => Some(Callback::open(port).await?),
    };
    let url = match &callback {
        Some(callback) => callback.url.clone(),
        None => format!("http://127.0.0.1:{port}/callback"),
    };
    let id = asked(
        desk,
        args.client_id.as_deref(),
        "the app's OAuth 2 client id: ",
    )?;
    let secret = desk
        .asker
        .secret("its client secret (empty for an app that has none): ")?;
    let secret = Some(secret).filter(|secret| !secret.expose_secret().is_empty());
    let started = x.begin(&id, secret, &url, &args.scopes).map_err(failed)?;
    desk.talk(format_args!(
        "the app must name this callback address in X's console: {url}"
    ));
    send(desk, &args.way, &started.url);
    let code = match callback {
        Some(callback) => {
            desk.talk(format_args!(
                "waiting for the browser to come back, {} s at most",
                args.wait.as_secs()
            ));
            callback
                .wait(&started.state, args.wait, desk.context.output)
                .await?
        }
        None => {
            let pasted = desk.asker.secret("the whole address that the browser was sent back to (its page need not have opened): ")?;
            let query = pasted
                .expose_secret()
                .split_once('?')
                .map_or("", |(_, query)| query);
            let query = query.split('#').next().unwrap_or_default();
            redirect::code(redirect::read(query, &started.state))?
        }
    };
    x.finish(started, code.expose_secret())
        .await
        .map_err(failed)
}

async fn x_pin(desk: &Desk<'_>, x: &XSignIn, args: &AuthX) -> Result<Credential> {
    let key = asked(desk, args.client_id.as_deref(), "the app's API key: ")?;
    let secret = desk.asker.secret("its API key secret: ")?;
    let started = x.begin_pin(&key, secret).await.map_err(failed)?;
    send(desk, &args.way, &started.url);
    let pin = desk.asker.secret("the PIN that X shows: ")?;
    x.finish_pin(started, pin.expose_secret())
        .await
        .map_err(failed)
}

async fn x_app(desk: &Desk<'_>, x: &XSignIn, args: &AuthX) -> Result<Credential> {
    let key = asked(desk, args.client_id.as_deref(), "the app's API key: ")?;
    let secret = desk.asker.secret("its API key secret: ")?;
    x.app_only(&key, &secret).await.map_err(failed)
}

/// A Mastodon server.
pub(super) async fn mastodon(desk: &Desk<'_>, args: AuthMastodon) -> Result<()> {
    let mastodon = MastodonSignIn::new(&args.host);
    let mastodon = mastodon.map_err(|error| Usage(error.to_string()))?;
    let usual = usual_name(mastodon.host());
    let name = desk
        .name(args.way.name.as_deref().unwrap_or(&usual))
        .await?;
    let started = mastodon.begin(&args.scopes).await.map_err(failed)?;
    send(desk, &args.way, &started.url);
    let code = desk.asker.secret("the code that the server shows: ")?;
    let credential = mastodon.finish(started, code.expose_secret()).await;
    desk.keep(&name, &credential.map_err(failed)?).await
}

/// `mastodon-` and the server's name, as far as a secret's name can hold it.
fn usual_name(host: &str) -> String {
    let plain = host.chars().map(|c| match c.to_ascii_lowercase() {
        c if c.is_ascii_lowercase() || c.is_ascii_digit() => c,
        _ => '-',
    });
    "mastodon-".chars().chain(plain).take(64).collect()
}

/// Bluesky.
pub(super) async fn bluesky(desk: &Desk<'_>, args: AuthBluesky) -> Result<()> {
    let name = desk.name(&args.name).await?;
    let settings = &desk.settings.bluesky;
    let bluesky = BlueskySignIn::new(&settings.resolver, &settings.directory);
    let bluesky = bluesky.map_err(|error| Usage(error.to_string()))?;
    let account = args.account.trim_start_matches('@');
    let server = match args.pds {
        Some(server) => server,
        None => bluesky.server_of(account).await.map_err(failed)?,
    };
    desk.talk(format_args!(
        "the account's server is {server}: the password goes there"
    ));
    let password = desk.asker.secret("an app password: ")?;
    let code = args
        .code
        .then(|| desk.asker.line("the code that came by mail: "))
        .transpose()?;
    let session = bluesky
        .session(&server, account, &password, code.as_deref())
        .await;
    desk.keep(&name, &session.map_err(failed)?).await
}

/// What was given as an argument, or is asked for.
fn asked(desk: &Desk<'_>, given: Option<&str>, question: &str) -> Result<String> {
    let answer = match given {
        Some(given) => given.to_owned(),
        None => desk.asker.line(question)?,
    };
    match answer.is_empty() {
        true => Err(Usage(
            "nothing was given: X's console shows it under the app's keys and tokens".to_owned(),
        )
        .into()),
        false => Ok(answer),
    }
}

/// Sends the person to the service.
fn send(desk: &Desk<'_>, way: &AuthWay, url: &str) {
    desk.talk("go to this address and say yes there:");
    // Needed even where talk is not wanted.
    crate::output::needed(url);
    if !way.no_browser && browser::open(url) {
        desk.talk("(a browser was asked to open it)");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_name_of_a_servers_sign_in_is_a_name() {
        for (host, name) in [
            ("mastodon.social", "mastodon-mastodon-social"),
            ("127.0.0.1:3000", "mastodon-127-0-0-1-3000"),
            ("Bücher.example", "mastodon-b-cher-example"),
        ] {
            assert_eq!(usual_name(host), name);
            assert!(bowerbird_core::secrets::SecretName::parse(name).is_ok());
        }
        assert_eq!(usual_name(&"x".repeat(300)).len(), 64);
    }
}
