//! The commands' way to the HTTP API: through the socket of the process that holds the data folder, or, where none does, in this
//! process over the same router. One code path, so that page, API and command line can't differ.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode, header};
use bowerbird_web::Trust;
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::net::UnixStream;
use tower::ServiceExt;

use crate::commands;
use crate::config::Secrets;
use crate::exit::Usage;
use crate::folder::{DataFolder, Missing};
use crate::house::{House, Plan};

pub(crate) mod query;

use query::Address;

/// The largest answer read as a whole; what may be larger is streamed.
const MAX_ANSWER_BYTES: usize = 64 << 20;
/// How long a process that holds the folder gets to open its socket (it may be starting) or to let the folder go (it may be ending).
const HOLDER_ANSWERS_WITHIN: Duration = Duration::from_secs(10);
/// How often to try meanwhile.
const TRY_EVERY: Duration = Duration::from_millis(50);

/// The most items of a list that the API gives or takes at once.
pub(crate) const MOST_ITEMS: u64 = 1_000;

/// A list that comes in pages.
#[derive(Debug)]
pub(crate) struct List {
    /// Which.
    pub(crate) address: Address,
    /// The name under which a page has its items.
    pub(crate) items: &'static str,
    /// The name under which the next page is asked for.
    pub(crate) cursor: &'static str,
}

/// A way to the API.
#[derive(Debug)]
pub(crate) struct Client {
    way: Way,
}

#[derive(Debug)]
enum Way {
    /// Another process holds the folder and answers here.
    Socket(DataFolder),
    /// This process holds it.
    Here {
        router: Router,
        /// Held open as long as the client lives.
        house: Box<House>,
    },
}

impl Client {
    /// Finds the process that holds the data folder, or becomes it. A folder named on the command line must be there.
    pub(crate) async fn connect(context: &commands::Context, command: &str) -> Result<Self> {
        Self::begin(context, command, Missing::Refuse, Secrets::LeaveOut).await
    }

    /// The same for what may be the first thing done with a data folder, or needs the sources' secrets if no other process has them.
    pub(crate) async fn begin(
        context: &commands::Context,
        command: &str,
        missing: Missing,
        secrets: Secrets,
    ) -> Result<Self> {
        let (mut settings, folder) = context.folder(missing)?;
        let given_up = tokio::time::Instant::now() + HOLDER_ANSWERS_WITHIN;
        loop {
            let holder = match folder.hold(command)? {
                Ok(held) => {
                    if secrets == Secrets::Fetch {
                        settings = context.settings().await?;
                    }
                    let house = House::open(folder, held, Plan::of(&settings)).await?;
                    let router = bowerbird_web::router(&house.site(0), Trust::InProcess);
                    return Ok(Self {
                        way: Way::Here {
                            router,
                            house: Box::new(house),
                        },
                    });
                }
                Err(holder) => holder,
            };
            if connect(&folder).await.is_ok() {
                return Ok(Self {
                    way: Way::Socket(folder),
                });
            }
            if tokio::time::Instant::now() > given_up {
                bail!(
                    "{holder} holds {} and does not answer on its control socket; wait for it to end, or end it",
                    folder.path().display()
                );
            }
            tokio::time::sleep(TRY_EVERY).await;
        }
    }

    /// Is another process running on the folder?
    pub(crate) fn is_running(&self) -> bool {
        matches!(self.way, Way::Socket(_))
    }

    /// What this process holds, if no other does.
    pub(crate) fn house(&self) -> Option<&House> {
        match &self.way {
            Way::Here { house, .. } => Some(house),
            Way::Socket(_) => None,
        }
    }

    /// Asks for something.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.ask(Method::GET, path, None).await
    }

    /// Gives the items of a list that comes in pages to `take`, at most `limit` of them; how many there were.
    pub(crate) async fn each(
        &self,
        list: &List,
        limit: u64,
        mut take: impl FnMut(&Value) -> Result<()>,
    ) -> Result<u64> {
        let mut taken = 0;
        let mut from: Option<String> = None;
        while taken < limit {
            let most = (limit - taken).min(MOST_ITEMS).to_string();
            let address = list.address.clone().with("limit", &most);
            let address = address.with_some(list.cursor, from.as_deref());
            let page: Value = self.get(address.as_str()).await?;
            let items = page[list.items].as_array().map_or(&[][..], Vec::as_slice);
            items.iter().try_for_each(&mut take)?;
            taken += items.len() as u64;
            from = page["next"].as_str().map(str::to_owned);
            if from.is_none() || items.is_empty() {
                break;
            }
        }
        Ok(taken)
    }

    /// Sends something.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T> {
        self.ask(Method::POST, path, Some(serde_json::to_vec(body)?))
            .await
    }

    /// Replaces something.
    pub(crate) async fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T> {
        self.ask(Method::PUT, path, Some(serde_json::to_vec(body)?))
            .await
    }

    /// Removes something.
    pub(crate) async fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.ask(Method::DELETE, path, None).await
    }

    /// Asks for bytes as they are.
    pub(crate) async fn bytes(&self, path: &str) -> Result<Bytes> {
        let response = self.send(Method::GET, path, None).await?;
        whole(response.into_body()).await
    }

    /// Asks for an answer of any length, or without an end, to be taken piece by piece.
    pub(crate) async fn stream(&self, path: &str) -> Result<Pieces> {
        let response = self.send(Method::GET, path, None).await?;
        Ok(Pieces {
            body: response.into_body(),
        })
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<T> {
        let response = self.send(method, path, body).await?;
        let answer = whole(response.into_body()).await?;
        // No content is the JSON value null.
        let answer: &[u8] = if answer.is_empty() { b"null" } else { &answer };
        serde_json::from_slice(answer).with_context(|| format!("reading the answer of {path}"))
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Response<Body>> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost");
        let request = match body {
            Some(body) => request
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(body)),
            None => request.body(Body::empty()),
        };
        let request = request.with_context(|| format!("asking for {path}"))?;
        let response = match &self.way {
            Way::Here { router, .. } => router.clone().oneshot(request).await?,
            Way::Socket(folder) => send_to_socket(folder, request).await?,
        };
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let answer = whole(response.into_body()).await?;
        Err(told(status, &answer))
    }
}

/// An answer taken piece by piece.
#[derive(Debug)]
pub(crate) struct Pieces {
    body: Body,
}

impl Pieces {
    /// The next piece; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>> {
        while let Some(frame) = self.body.frame().await {
            // What the transport calls it helps nobody.
            let frame = frame.map_err(|_| {
                anyhow::anyhow!(
                    "the answer was cut off: the process that gives it failed or was killed"
                )
            })?;
            if let Ok(data) = frame.into_data() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }
}

async fn connect(folder: &DataFolder) -> Result<UnixStream> {
    let (path, _open_folder) = folder.socket()?;
    UnixStream::connect(&path)
        .await
        .with_context(|| format!("connecting to {}", path.display()))
}

async fn send_to_socket(folder: &DataFolder, request: Request<Body>) -> Result<Response<Body>> {
    let stream = connect(folder).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // Ends with the answer's last byte, or when the answer is dropped; its failure shows there.
    tokio::spawn(connection);
    let response = sender
        .send_request(request)
        .await
        .context("the process that holds the data folder did not answer")?;
    Ok(response.map(Body::new))
}

async fn whole(body: Body) -> Result<Bytes> {
    let read = Limited::new(body, MAX_ANSWER_BYTES).collect().await;
    let read = read
        .map_err(|error| anyhow::anyhow!("{error}"))
        .context("reading the answer")?;
    Ok(read.to_bytes())
}

/// What the API said went wrong; that the question makes no sense is wrong usage, as where clap finds it.
fn told(status: StatusCode, answer: &[u8]) -> anyhow::Error {
    #[derive(serde::Deserialize)]
    struct Answer {
        error: Told,
    }
    #[derive(serde::Deserialize)]
    struct Told {
        message: String,
        #[serde(default)]
        details: String,
    }
    let told = match serde_json::from_slice::<Answer>(answer) {
        Ok(Answer { error }) if error.details.is_empty() => error.message,
        Ok(Answer { error }) => format!("{} {}", error.message, error.details),
        Err(_) => format!("the API answered {status}"),
    };
    match status {
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => Usage(told).into(),
        _ => anyhow::anyhow!(told),
    }
}
