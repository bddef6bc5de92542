//! Arguments of `auth`. None of them is a secret: those are asked for.

use std::time::Duration;

use bowerbird_connect::auth::mastodon::MASTODON_SCOPES;
use bowerbird_connect::auth::x::X_SCOPES;
use clap::{Args, Subcommand};

use super::parse_span;

/// The subcommands of `auth`.
#[derive(Debug, Subcommand)]
pub(crate) enum AuthCommand {
    /// Sign in at X: as a user in the browser, as a user by PIN, or as an app
    X(AuthX),
    /// Sign in at a Mastodon server, or one that speaks as it does
    Mastodon(AuthMastodon),
    /// Sign in at Bluesky with an app password
    Bluesky(AuthBluesky),
    /// List what is signed in, without its secrets
    List,
    /// Ask the services whom the sign-ins speak for
    Check {
        /// Only this one
        name: Option<String>,
    },
    /// Take a sign-in back at its service, and forget it here
    Revoke {
        /// Which
        name: String,
        /// Only forget it here
        #[arg(long)]
        forget: bool,
    },
}

/// What holds for each way in.
#[derive(Debug, Args)]
pub(crate) struct AuthWay {
    /// The name of the secret under which the sign-in is kept
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Open no browser; the address is printed either way
    #[arg(long)]
    pub(crate) no_browser: bool,
}

/// Arguments of `auth x`.
#[derive(Debug, Args)]
pub(crate) struct AuthX {
    /// By OAuth 1.0a: X shows a PIN, which is typed here. Such a sign-in does not end
    #[arg(long, conflicts_with = "app_only")]
    pub(crate) pin: bool,
    /// Get the bearer token of the app itself, for its API key and secret, as the filtered stream needs it
    #[arg(long)]
    pub(crate) app_only: bool,
    /// The app's OAuth 2 client id, or its API key with --pin and --app-only [default: asked for]
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<String>,
    /// What the sign-in may do
    #[arg(long, default_value = X_SCOPES, value_name = "SCOPES")]
    pub(crate) scopes: String,
    /// Where the browser is sent back to on this machine, http://127.0.0.1:N/callback, which the app at X must name to the letter [default: from the configuration, else 8701]
    #[arg(long, value_name = "N")]
    pub(crate) port: Option<u16>,
    /// Wait so long for the browser
    #[arg(long, default_value = "5m", value_name = "TIME", value_parser = parse_span)]
    pub(crate) wait: Duration,
    /// Do not wait for the browser: the address it was sent back to is pasted here, from another machine
    #[arg(long)]
    pub(crate) paste: bool,
    /// What holds for each way in.
    #[command(flatten)]
    pub(crate) way: AuthWay,
}

/// Arguments of `auth mastodon`.
#[derive(Debug, Args)]
pub(crate) struct AuthMastodon {
    /// The server, as mastodon.social
    pub(crate) host: String,
    /// What the sign-in may do
    #[arg(long, default_value = MASTODON_SCOPES, value_name = "SCOPES")]
    pub(crate) scopes: String,
    /// What holds for each way in.
    #[command(flatten)]
    pub(crate) way: AuthWay,
}

/// Arguments of `auth bluesky`.
#[derive(Debug, Args)]
pub(crate) struct AuthBluesky {
    /// The handle, as wren.bsky.social, or the DID
    pub(crate) account: String,
    /// The account's server [default: found by the handle]
    #[arg(long, value_name = "URL")]
    pub(crate) pds: Option<String>,
    /// The account asks for a second factor: a code that came by mail is typed too. App passwords need none
    #[arg(long)]
    pub(crate) code: bool,
    /// The name of the secret under which the session is kept
    #[arg(long, default_value = "bluesky", value_name = "NAME")]
    pub(crate) name: String,
}
