//! What stand-ins share that answer each request with one whole body: reading requests, handing them to a function, and keeping what was seen.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// The largest body that is taken.
const MAX_BODY_BYTES: usize = 1 << 20;

/// A request that came.
#[derive(Debug, Clone)]
pub struct Asked {
    /// `GET`, `POST` …
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, as text.
    pub body: String,
}

impl Asked {
    /// The path, without the query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// A header; empty if it did not come.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(one, _)| one == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// A parameter of the query or of a form in the body; empty if it did not come.
    pub fn parameter(&self, name: &str) -> String {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        let mut all = form_urlencoded::parse(query.as_bytes())
            .chain(form_urlencoded::parse(self.body.as_bytes()));
        let found = all.find(|(one, _)| one == name);
        found.map_or_else(String::new, |(_, value)| value.into_owned())
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(&'static str, String)>,
    /// Its body.
    pub body: String,
    /// What is done with it.
    pub way: Way,
}

/// What is done with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// It is sent.
    Send,
    /// It is not, and the connection breaks off.
    Cut,
    /// It is not, and the connection stays.
    Hold,
}

impl Reply {
    /// A status and a body.
    pub fn of(status: u16, body: impl ToString) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.to_string(),
            way: Way::Send,
        }
    }

    /// No answer: the connection breaks off.
    pub fn cut() -> Self {
        Self {
            way: Way::Cut,
            ..Self::of(500, "")
        }
    }

    /// The same with a header.
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }
}

/// Answers every request so.
pub(super) async fn serve(
    listener: TcpListener,
    answer: impl Fn(Asked) -> Reply + Send + Sync + 'static,
) {
    let answer = Arc::new(answer);
    loop {
        let Ok((socket, _)) = listener.accept().await else {
            continue;
        };
        let answer = Arc::clone(&answer);
        tokio::spawn(async move {
            let service = hyper::service::service_fn(move |request| {
                let answer = Arc::clone(&answer);
                async move { respond(answer(read(request).await)).await }
            });
            // The caller's leaving and a cut of ours both end in an error here.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(socket), service)
                .await;
        });
    }
}

async fn read(request: Request<Incoming>) -> Asked {
    let (head, body) = request.into_parts();
    let target = head.uri.path_and_query();
    let headers = head.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    let body = Limited::new(body, MAX_BODY_BYTES).collect().await;
    let body = body.map_or_else(|_| Bytes::new(), http_body_util::Collected::to_bytes);
    Asked {
        method: head.method.to_string(),
        target: target.map_or_else(String::new, ToString::to_string),
        headers: headers.collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
    }
}

/// An error makes hyper hang up.
async fn respond(reply: Reply) -> Result<Response<Full<Bytes>>, Cut> {
    match reply.way {
        Way::Send => {}
        Way::Cut => return Err(Cut),
        Way::Hold => std::future::pending().await,
    }
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(*name, value);
    }
    let body = Full::new(Bytes::from(reply.body));
    Ok(response.body(body).expect("scripts have valid headers"))
}

/// That the script breaks a connection off.
#[derive(Debug, thiserror::Error)]
#[error("cut by the script")]
struct Cut;
