//! `bowerbird user`: passwords of the page and the API.

use std::io::{BufRead, IsTerminal};

use anyhow::{Context as _, Result};
use bowerbird_web::format::segment;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::Context;
use crate::cli::UserCommand;
use crate::client::Client;
use crate::config::Secrets;
use crate::exit::Usage;
use crate::folder::Missing;

/// Sets or lists.
pub(super) async fn user(context: &Context, command: UserCommand) -> Result<()> {
    match command {
        UserCommand::Passwd { user, stdin } => {
            let password = if stdin {
                from_stdin()?
            } else {
                from_terminal(&user)?
            };
            let client = Client::begin(context, "user", Missing::Make, Secrets::LeaveOut).await?;
            let address = format!("/api/v1/users/{}/password", segment(&user));
            let _: Value = client
                .put(&address, &json!({ "password": password.expose_secret() }))
                .await?;
            context
                .output
                .talk(format_args!("set; {user} signs in with it from now on"));
            if client.is_running() {
                context.output.talk("a process that was started without any password asks for it after its next start");
            }
            Ok(())
        }
        UserCommand::Ls => {
            let client = Client::connect(context, "user").await?;
            let answer: Value = client.get("/api/v1/users").await?;
            for user in answer["users"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
            {
                if context.output.json {
                    context.output.value(&json!({ "user": user }))?
                } else {
                    context.output.line(user)?
                }
            }
            Ok(())
        }
    }
}

/// Asks twice, showing nothing.
fn from_terminal(user: &str) -> Result<SecretString> {
    if !std::io::stdin().is_terminal() {
        return Err(Usage(
            "standard input is no terminal; give the password there as one line with --stdin"
                .to_owned(),
        )
        .into());
    }
    let ask = |what: String| {
        rpassword::prompt_password(what)
            .map(SecretString::from)
            .context("reading the password")
    };
    let password = ask(format!("new password for {user}: "))?;
    let again = ask("the same again: ".to_owned())?;
    if password.expose_secret() != again.expose_secret() {
        return Err(Usage("the two differ; nothing was changed".to_owned()).into());
    }
    Ok(password)
}

fn from_stdin() -> Result<SecretString> {
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .context("reading the password from standard input")?;
    Ok(SecretString::from(
        line.trim_end_matches(['\r', '\n']).to_owned(),
    ))
}
