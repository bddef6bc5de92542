//! Where the browser comes back to: a port on loopback that takes one redirect, of the sign-in that was begun and no other.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::exit::Usage;
use crate::output::{Output, clean};

/// What a redirect said.
#[derive(Debug)]
pub(super) enum Said {
    /// Yes, with a code.
    Code(SecretString),
    /// No, in the service's words.
    No(String),
    /// It belongs to another sign-in, or to nobody's.
    Stranger,
}

/// Reads a redirect's query. `state` is what this sign-in's redirect brings back.
pub(super) fn read(query: &str, state: &str) -> Said {
    let field = |name: &str| {
        let mut all = form_urlencoded::parse(query.as_bytes());
        all.find(|(one, _)| one == name)
            .map(|(_, value)| value.into_owned())
    };
    if field("state").as_deref() != Some(state) {
        return Said::Stranger;
    }
    match (field("code"), field("error")) {
        (Some(code), None) if !code.is_empty() => Said::Code(SecretString::from(code)),
        (_, Some(error)) => Said::No(clean(&error)),
        _ => Said::Stranger,
    }
}

/// The code in a redirect, or why there is none.
pub(super) fn code(said: Said) -> Result<SecretString> {
    match said {
        Said::Code(code) => Ok(code),
        Said::No(error) if error == "access_denied" => {
            bail!("X was told no (access_denied): nothing was signed in")
        }
        Said::No(error) => bail!(
            "X refuses the sign-in ({error}): look at the client id, the scopes, and the callback address in X's console"
        ),
        Said::Stranger => bail!(
            "that is not the redirect of this sign-in (its state differs): begin again, and use the address that is printed"
        ),
    }
}

/// A port that waits for the redirect.
#[derive(Debug)]
pub(super) struct Callback {
    listener: TcpListener,
    /// Its address, as the app at the service must name it.
    pub(super) url: String,
}

/// What the page shares with who waits.
struct Shared {
    state: String,
    said: mpsc::Sender<Said>,
    output: Output,
}

impl Callback {
    /// Listens; a port that is taken is told with what to do.
    pub(super) async fn open(port: u16) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
        let listener = listener.map_err(|error| match error.kind() {
            std::io::ErrorKind::AddrInUse => anyhow::Error::new(Usage(format!(
                "port {port} is in use, and the browser could not come back: end what listens there, or name another with --port, and its http://127.0.0.1:PORT/callback in X's console"
            ))),
            _ => anyhow::Error::new(error).context(format!("listening on 127.0.0.1:{port}")),
        })?;
        let port = listener.local_addr().context("asking for the port")?.port();
        Ok(Self {
            listener,
            url: format!("http://127.0.0.1:{port}/callback"),
        })
    }

    /// Waits so long for the redirect with this state.
    pub(super) async fn wait(
        self,
        state: &str,
        within: Duration,
        output: Output,
    ) -> Result<SecretString> {
        let url = self.url;
        let (said, mut hear) = mpsc::channel(1);
        let shared = Arc::new(Shared {
            state: state.to_owned(),
            said,
            output,
        });
        let router = Router::new()
            .route("/callback", axum::routing::get(answer))
            .with_state(shared);
        let server = tokio::spawn(async move { axum::serve(self.listener, router).await });
        let heard = tokio::time::timeout(within, hear.recv()).await;
        // The answer to the browser is written before this: it is small, and its task is not the server's.
        server.abort();
        match heard {
            Ok(Some(said)) => code(said),
            Ok(None) | Err(_) => bail!(
                "no redirect came within {} s: {url} must be among the app's callback addresses in X's console. Begin again; `--paste` if the browser is on another machine, `--pin` if there is none",
                within.as_secs()
            ),
        }
    }
}

/// Answers the browser. The page has no script, and asks for nothing.
async fn answer(State(shared): State<Arc<Shared>>, RawQuery(query): RawQuery) -> Response {
    let said = read(query.as_deref().unwrap_or_default(), &shared.state);
    let (status, text) = match &said {
        Said::Code(_) => (
            StatusCode::OK,
            "Bowerbird has what it needs. This page can be closed.",
        ),
        Said::No(_) => (
            StatusCode::OK,
            "Nothing was signed in. This page can be closed.",
        ),
        Said::Stranger => (
            StatusCode::BAD_REQUEST,
            "This is not the sign-in that Bowerbird waits for. Use the address that it printed.",
        ),
    };
    if matches!(said, Said::Stranger) {
        // An old tab, or somebody who would have us sign in as somebody else: the right one may come yet.
        shared.output.talk(
            "a redirect came whose state is not this sign-in's: it is ignored, and waited on",
        );
    } else {
        // A second redirect of the same sign-in changes nothing.
        let _ = shared.said.try_send(said);
    }
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONNECTION, "close"),
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
    ];
    (status, headers, text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_sign_ins_redirect_counts() {
        for (query, expected) in [
            ("state=s&code=c", "code"),
            ("code=c&state=s&extra=1", "code"),
            ("state=s&error=access_denied", "told no"),
            ("state=s&error=invalid_scope", "invalid_scope"),
            ("state=s&error=a%0Ab", "(a b)"),
            ("state=t&code=c", "state differs"),
            ("state=t&error=access_denied", "state differs"),
            ("code=c", "state differs"),
            ("state=s", "state differs"),
            ("state=s&code=", "state differs"),
            ("", "state differs"),
        ] {
            let said = match code(read(query, "s")) {
                Ok(_) => "code".to_owned(),
                Err(error) => error.to_string(),
            };
            assert!(said.contains(expected), "{query}: {said}");
        }
    }
}
