//! An instance of Mastodon, made up: a server on loopback that streams what happens, by WebSocket and by server-sent events, and keeps timelines, with
//! limits, refusals and faults by a script.
//!
//! As on a real one nothing is replayed: who connects gets what happens from then on. Dropping it ends it.

use std::collections::VecDeque;
use std::sync::Arc;

use bowerbird_core::time::Time;
use futures_util::{FutureExt, SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::mastodon_script::{MastodonBeat, MastodonTurn};
use super::stand_in::{Server, Shared};

/// More of a request is not read.
const MAX_HEAD_BYTES: usize = 16 << 10;
/// Most entries of a page.
const MAX_PAGE: usize = 40;
/// The beginning of a message that never ends, on a WebSocket: a text frame of 4,096 bytes.
const TORN: &[u8] = b"\x81\x7e\x10\x00{\"stream\":[\"public\"],\"event\":\"upd";

/// A server that is an instance for a test.
#[derive(Debug)]
pub struct MastodonStandIn {
    server: Server,
    shared: Arc<Shared<State>>,
}

#[derive(Debug)]
struct State {
    token: String,
    address: String,
    /// Everything that was said, in order.
    log: Vec<Said>,
    /// What timelines hold: streams it is in, its number, and what it is.
    kept: Vec<(Vec<String>, String, Value)>,
    turns: VecDeque<MastodonTurn>,
    /// What the open stream does next, once it has said what is due.
    then: VecDeque<MastodonBeat>,
    /// The next questions are answered so.
    answers: VecDeque<Reply>,
    /// Path and query of every request.
    seen: Vec<String>,
    /// What clients said on WebSockets.
    said: Vec<String>,
    /// How many questions may still be asked, and until when.
    limit: Option<(u64, Time)>,
    /// How many entries a feed has.
    feed: usize,
    is_old: bool,
    open: usize,
}

/// Something that was said on some streams.
#[derive(Debug, Clone)]
struct Said {
    streams: Vec<String>,
    event: String,
    data: String,
}

/// One connection to a stream.
struct Speaker {
    out: Out,
    shared: Arc<Shared<State>>,
    /// The streams that were asked for.
    streams: Vec<String>,
    /// The next thing's place in the log.
    next: usize,
}

/// How it is spoken.
enum Out {
    Socket(Box<WebSocketStream<TcpStream>>),
    Events(TcpStream),
}

/// The connection is over.
struct Over;

impl MastodonStandIn {
    /// Starts one that knows this token (none at all if it is empty), and answers connects to streams by this script, and then without faults.
    pub fn start(token: &str, script: impl IntoIterator<Item = MastodonTurn>) -> Self {
        let shared = Shared::new(State {
            token: token.to_owned(),
            address: String::new(),
            log: Vec::new(),
            kept: Vec::new(),
            turns: script.into_iter().collect(),
            then: VecDeque::new(),
            answers: VecDeque::new(),
            seen: Vec::new(),
            said: Vec::new(),
            limit: None,
            feed: usize::MAX,
            is_old: false,
            open: 0,
        });
        let served = Arc::clone(&shared);
        let server = Server::start(move |listener| serve(listener, served));
        shared.change(|state| state.address = server.address.to_string());
        Self { server, shared }
    }

    /// Where it is, for `base_url`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// Somebody wrote a post: it is said on these streams, and stays in their timelines.
    pub fn post(&self, streams: &[&str], status: Value) {
        self.keep(streams, status.clone());
        self.say(streams, "update", status.to_string());
    }

    /// A post that only timelines have: it came while nobody was told.
    pub fn keep(&self, streams: &[&str], status: Value) {
        let id = status["id"].as_str().unwrap_or_default().to_owned();
        let streams = owned(streams);
        self.shared.change(|state| {
            state.kept.push((streams, id, status));
            state.kept.sort_by_key(|(_, id, _)| (id.len(), id.clone()));
        });
    }

    /// A post is changed.
    pub fn edit(&self, status: Value) {
        let id = status["id"].clone();
        let streams = self.shared.change(|state| {
            let known = state.kept.iter_mut().find(|(_, known, _)| id == **known);
            known.map(|(streams, _, kept)| {
                *kept = status.clone();
                streams.clone()
            })
        });
        let streams = streams.unwrap_or_default();
        let streams: Vec<&str> = streams.iter().map(String::as_str).collect();
        self.say(&streams, "status.update", status.to_string());
    }

    /// A post is deleted, by its number here.
    pub fn delete(&self, streams: &[&str], id: &str) {
        self.shared
            .change(|state| state.kept.retain(|(_, known, _)| known != id));
        self.say(streams, "delete", id.to_owned());
    }

    /// Something else is said.
    pub fn say(&self, streams: &[&str], event: &str, data: impl Into<String>) {
        let said = Said {
            streams: owned(streams),
            event: event.to_owned(),
            data: data.into(),
        };
        self.shared.change(|state| state.log.push(said));
    }

    /// Answers the next connects to streams so.
    pub fn answer_with(&self, turns: impl IntoIterator<Item = MastodonTurn>) {
        self.shared.change(|state| state.turns.extend(turns));
    }

    /// Has the open stream do this once it has said what is due.
    pub fn then(&self, beat: MastodonBeat) {
        self.shared.change(|state| state.then.push_back(beat));
    }

    /// Answers the next question so.
    pub fn answer_question(
        &self,
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: &'static str,
    ) {
        self.shared
            .change(|state| state.answers.push_back((status, headers, body.to_owned())));
    }

    /// From now on so many questions are answered until that moment.
    pub fn limit(&self, left: u64, until: Time) {
        self.shared
            .change(|state| state.limit = Some((left, until)));
    }

    /// Feeds (home, lists) hold no more than so many.
    pub fn shorten_feeds(&self, feed: usize) {
        self.shared.change(|state| state.feed = feed);
    }

    /// From now on it is of an age in which there was one version of its API.
    pub fn grow_old(&self) {
        self.shared.change(|state| state.is_old = true);
    }

    /// Path and query of every request.
    pub fn seen(&self) -> Vec<String> {
        self.shared.state().seen.clone()
    }

    /// What clients said on WebSockets.
    pub fn said(&self) -> Vec<String> {
        self.shared.state().said.clone()
    }

    /// How many streams are open.
    pub fn open(&self) -> usize {
        self.shared.state().open
    }

    /// Waits until something is true of it; give it a time limit where it may never be.
    pub async fn until(&self, is_so: impl Fn(&Self) -> bool) {
        self.shared.until(|| is_so(self)).await;
    }
}

fn owned(streams: &[&str]) -> Vec<String> {
    streams.iter().copied().map(str::to_owned).collect()
}

async fn serve(listener: TcpListener, shared: Arc<Shared<State>>) {
    loop {
        if let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(answer(socket, Arc::clone(&shared)));
        }
    }
}

/// The head of a request.
struct Head {
    target: String,
    token: String,
    key: Option<String>,
}

async fn head(socket: &mut TcpStream) -> Option<Head> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") && bytes.len() < MAX_HEAD_BYTES {
        bytes.push(socket.read_u8().await.ok()?);
    }
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = text.lines();
    let target = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers: Vec<(String, &str)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .collect();
    let header = |name: &str| {
        let found = headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let token = header("authorization").unwrap_or_default();
    Some(Head {
        target,
        token: token.trim_start_matches("Bearer ").to_owned(),
        key: header("sec-websocket-key"),
    })
}

async fn answer(mut socket: TcpStream, shared: Arc<Shared<State>>) {
    let Some(head) = head(&mut socket).await else {
        return;
    };
    shared.change(|state| state.seen.push(head.target.clone()));
    if head.target.starts_with("/api/v1/streaming") {
        return stream(socket, &head, shared).await;
    }
    let (status, headers, body) = shared.change(|state| reply(state, &head));
    // Whoever asked may be gone.
    let _ = respond(&mut socket, status, &headers, &body).await;
}

async fn respond(
    socket: &mut TcpStream,
    status: u16,
    headers: &[(&'static str, String)],
    body: &str,
) -> std::io::Result<()> {
    let mut text = format!(
        "HTTP/1.1 {status} So\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.push_str(body);
    socket.write_all(text.as_bytes()).await?;
    socket.shutdown().await
}

/// Status, headers and body.
type Reply = (u16, Vec<(&'static str, String)>, String);

fn refusal(status: u16, error: &str) -> Reply {
    (status, Vec::new(), json!({ "error": error }).to_string())
}

/// The answer to a question.
fn reply(state: &mut State, head: &Head) -> Reply {
    if let Some(answer) = state.answers.pop_front() {
        return answer;
    }
    let (path, query) = head.target.split_once('?').unwrap_or((&head.target, ""));
    let streaming = format!("ws://{}", state.address);
    match path {
        "/api/v2/instance" if !state.is_old => {
            let about = json!({"domain": "nest.example", "version": "4.5.0", "configuration": {"urls": {"streaming": streaming}}});
            return (200, Vec::new(), about.to_string());
        }
        "/api/v1/instance" => {
            let about = json!({"uri": "nest.example", "urls": {"streaming_api": streaming}});
            return (200, Vec::new(), about.to_string());
        }
        _ => {}
    }
    if let Some((left, until)) = &mut state.limit {
        if *left == 0 {
            let headers = limits(0, *until);
            return (
                429,
                headers,
                json!({"error": "Too many requests"}).to_string(),
            );
        }
        *left -= 1;
    }
    let (status, mut headers, body) = if !state.token.is_empty() && head.token != state.token {
        refusal(401, "The access token is invalid")
    } else {
        page(state, path, query)
    };
    if let Some((left, until)) = state.limit {
        headers.extend(limits(left, until));
    }
    (status, headers, body)
}

fn limits(left: u64, until: Time) -> Vec<(&'static str, String)> {
    vec![
        ("x-ratelimit-limit", "300".to_owned()),
        ("x-ratelimit-remaining", left.to_string()),
        ("x-ratelimit-reset", until.to_string()),
    ]
}

/// A page of a timeline, or whose token it is.
fn page(state: &State, path: &str, query: &str) -> Reply {
    let parameter = |name: &str| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    let local = if parameter("local").is_some() {
        ":local"
    } else {
        ""
    };
    let stream = match path
        .trim_start_matches("/api/v1/")
        .trim_start_matches("timelines/")
    {
        "accounts/verify_credentials" => {
            let me = json!({"id": "1", "username": "me", "acct": "me"});
            return (200, Vec::new(), me.to_string());
        }
        "public" => format!("public{local}"),
        "home" => "user".to_owned(),
        "notifications" => "user:notification".to_owned(),
        "conversations" => "direct".to_owned(),
        rest => match rest.split_once('/') {
            Some(("tag", tag)) => format!("hashtag{local}:{tag}"),
            Some(("list", id)) => format!("list:{id}"),
            _ => return refusal(404, "Record not found"),
        },
    };
    let feed = match stream.as_str() {
        "user" => state.feed,
        list if list.starts_with("list:") => state.feed,
        _ => usize::MAX,
    };
    let limit = parameter("limit").and_then(|limit| limit.parse().ok());
    let before = parameter("max_id");
    let is_before = |id: &str| {
        let key = |id: &str| (id.len(), id.to_owned());
        before.as_deref().is_none_or(|before| key(id) < key(before))
    };
    let found = state.kept.iter().rev();
    let found = found.filter(|(streams, ..)| streams.contains(&stream));
    let found = found.take(feed).filter(|(_, id, _)| is_before(id));
    let found: Vec<&(Vec<String>, String, Value)> =
        found.take(limit.unwrap_or(20).min(MAX_PAGE)).collect();
    let mut headers = Vec::new();
    if let Some((_, last, _)) = found.last() {
        let next = format!(
            "<http://{}{path}?max_id={last}>; rel=\"next\"",
            state.address
        );
        let previous = format!("<http://{}{path}?min_id=1>; rel=\"prev\"", state.address);
        headers.push(("link", format!("{next}, {previous}")));
    }
    let entries: Vec<&Value> = found.iter().map(|(_, _, status)| status).collect();
    (200, headers, json!(entries).to_string())
}

async fn stream(mut socket: TcpStream, head: &Head, shared: Arc<Shared<State>>) {
    let (turn, is_known) = shared.change(|state| {
        let is_known = state.token.is_empty() || head.token == state.token;
        (state.turns.pop_front(), is_known)
    });
    let beats = match turn {
        Some(MastodonTurn::Refuse(status, body)) => {
            // Whoever asked may be gone.
            let _ = respond(&mut socket, status, &[], body).await;
            return;
        }
        _ if !is_known => {
            let (status, headers, body) = refusal(401, "Missing access token");
            let _ = respond(&mut socket, status, &headers, &body).await;
            return;
        }
        Some(MastodonTurn::Play(beats)) => beats,
        None => Vec::new(),
    };
    // Whoever is told that the stream is there hears what happens from now on, and does nothing that another should have done.
    let next = shared.change(|state| {
        state.then.clear();
        state.log.len()
    });
    let greeting = match &head.key {
        Some(key) => format!(
            "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: {}\r\n\r\n",
            derive_accept_key(key.as_bytes())
        ),
        None => "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n3\r\n:)\n\r\n".to_owned(),
    };
    if socket.write_all(greeting.as_bytes()).await.is_err() {
        return;
    }
    let out = match head.key {
        Some(_) => {
            let socket = WebSocketStream::from_raw_socket(socket, Role::Server, None).await;
            Out::Socket(Box::new(socket))
        }
        None => Out::Events(socket),
    };
    shared.change(|state| state.open += 1);
    let mut speaker = Speaker {
        out,
        shared: Arc::clone(&shared),
        streams: vec![asked_for(&head.target)],
        next,
    };
    // Either way the connection is over, and dropping it says so.
    let _ = speaker.speak(beats).await;
    drop(speaker);
    shared.change(|state| state.open -= 1);
}

/// The stream that an address asks for, by Mastodon's name.
fn asked_for(target: &str) -> String {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = path
        .trim_start_matches("/api/v1/streaming")
        .trim_matches('/');
    let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let value = |name: &str| {
        pairs
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    };
    let name = value("stream").map_or_else(|| path.replace('/', ":"), str::to_owned);
    with_value(&name, value("tag").or(value("list")))
}

fn with_value(name: &str, value: Option<&str>) -> String {
    match value {
        Some(value) => format!("{name}:{value}"),
        None => name.to_owned(),
    }
}

impl Speaker {
    async fn speak(&mut self, beats: Vec<MastodonBeat>) -> Result<(), Over> {
        for beat in beats {
            self.act(beat).await?;
        }
        loop {
            self.event().await?;
        }
    }

    async fn act(&mut self, beat: MastodonBeat) -> Result<(), Over> {
        match beat {
            MastodonBeat::Events(n) => {
                for _ in 0..n {
                    Box::pin(self.event()).await?;
                }
            }
            MastodonBeat::Text(text) => self.send(&text).await?,
            MastodonBeat::Alive => match &mut self.out {
                Out::Socket(socket) => {
                    let ping = socket.send(Message::Ping(Bytes::new()));
                    ping.await.map_err(|_| Over)?;
                }
                Out::Events(_) => self.send(":thump\n\n").await?,
            },
            MastodonBeat::Stall => std::future::pending().await,
            MastodonBeat::Cut => return Err(Over),
            MastodonBeat::Tear => {
                // Whether it is heard or not, this is the end.
                match &mut self.out {
                    Out::Socket(socket) => drop(socket.get_mut().write_all(TORN).await),
                    Out::Events(_) => drop(self.send("event: update\ndata: {\"id\":").await),
                }
                return Err(Over);
            }
            MastodonBeat::Close(code, reason) => {
                match &mut self.out {
                    Out::Socket(socket) => {
                        let close = CloseFrame {
                            code: code.into(),
                            reason: reason.into(),
                        };
                        let told = socket.send(Message::Close(Some(close)));
                        told.await.map_err(|_| Over)?;
                        while let Some(Ok(_)) = socket.next().await {}
                    }
                    Out::Events(socket) => drop(socket.write_all(b"0\r\n\r\n").await),
                }
                return Err(Over);
            }
        }
        Ok(())
    }

    /// Sends the next thing that is said on a stream that was asked for, when there is one.
    async fn event(&mut self) -> Result<(), Over> {
        let mut changes = self.shared.changes();
        loop {
            while let Some(Ok(message)) = self.heard().now_or_never() {
                self.take(&message);
            }
            if let Some((stream, said)) = self.due() {
                let text = match &self.out {
                    Out::Socket(_) => {
                        json!({"stream": [stream], "event": said.event, "payload": said.data})
                            .to_string()
                    }
                    Out::Events(_) => format!("event: {}\ndata: {}\n\n", said.event, said.data),
                };
                return self.send(&text).await;
            }
            let next = self.shared.state().then.pop_front();
            if let Some(beat) = next {
                self.act(beat).await?;
                continue;
            }
            tokio::select! {
                // The sender lives in what this holds.
                _ = changes.changed() => {}
                heard = self.heard() => {
                    let message = heard?;
                    self.take(&message);
                }
            }
        }
    }

    fn due(&mut self) -> Option<(String, Said)> {
        let state = self.shared.state();
        while let Some(said) = state.log.get(self.next) {
            self.next += 1;
            let stream = self
                .streams
                .iter()
                .find(|stream| said.streams.contains(stream));
            if let Some(stream) = stream {
                return Some((stream.clone(), said.clone()));
            }
        }
        None
    }

    /// What the client says; of one that only reads, that it is gone.
    async fn heard(&mut self) -> Result<Message, Over> {
        match &mut self.out {
            Out::Socket(socket) => socket.next().await.and_then(Result::ok).ok_or(Over),
            Out::Events(socket) => {
                let _ = socket.read_u8().await;
                Err(Over)
            }
        }
    }

    fn take(&mut self, message: &Message) {
        let Message::Text(text) = message else {
            return;
        };
        let asked: Value = serde_json::from_str(text).unwrap_or_default();
        if asked["type"] == "subscribe" {
            let value = asked["tag"].as_str().or(asked["list"].as_str());
            let name = asked["stream"].as_str().unwrap_or_default();
            self.streams.push(with_value(name, value));
        }
        self.shared
            .change(|state| state.said.push(text.to_string()));
    }

    async fn send(&mut self, text: &str) -> Result<(), Over> {
        match &mut self.out {
            Out::Socket(socket) => socket.send(Message::text(text)).await.map_err(|_| Over),
            Out::Events(socket) => {
                let chunk = format!("{:x}\r\n{text}\r\n", text.len());
                socket.write_all(chunk.as_bytes()).await.map_err(|_| Over)
            }
        }
    }
}
