//! Jetstream, made up: a WebSocket server on loopback that keeps a log of events and serves it from a cursor, as the real one does, with faults by a
//! script.
//!
//! Dropping it ends it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::jetstream_script::{Beat, Turn, jetstream_dictionary};
use super::stand_in::{Server, Shared};

/// Jetstream pings every 30 seconds; this does so more often.
const PING_EVERY: Duration = Duration::from_secs(5);
/// The dictionary it packs with, where it is asked to.
const DICTIONARY: u32 = 7;
/// The beginning of a message that never ends: a text frame of 4,096 bytes.
const TORN: &[u8] = b"\x81\x7e\x10\x00{\"did\":\"did:plc:";

/// A server that is Jetstream for a test.
#[derive(Debug)]
pub struct JetstreamStandIn {
    server: Server,
    shared: Arc<Shared<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// Events with their moments, in order.
    log: Vec<(i64, Vec<u8>)>,
    /// What is older is no longer there, and nobody is told.
    kept_from: i64,
    /// Does a connect without a cursor begin at the log's first event, and not with what comes next?
    is_replay: bool,
    turns: VecDeque<Turn>,
    /// What the open connection does next, before any further event.
    then: VecDeque<Beat>,
    /// Path and query of every connect.
    seen: Vec<String>,
    /// What clients said.
    said: Vec<String>,
    sent: usize,
    open: usize,
}

/// One connection.
struct Speaker {
    socket: WebSocketStream<TcpStream>,
    shared: Arc<Shared<State>>,
    /// Old events that are still to be replayed, in the order of their moments.
    replay: VecDeque<Vec<u8>>,
    /// The next new event's place in the log.
    next: usize,
    zstd: Option<zstd::bulk::Compressor<'static>>,
}

/// The connection is over.
struct Over;

impl JetstreamStandIn {
    /// Starts one that answers connects by this script, and then without faults.
    pub fn start(script: impl IntoIterator<Item = Turn>) -> Self {
        let state = State {
            turns: script.into_iter().collect(),
            ..State::default()
        };
        let shared = Shared::new(state);
        let served = Arc::clone(&shared);
        Self {
            server: Server::start(move |listener| serve(listener, served)),
            shared,
        }
    }

    /// Where it is, for `base_urls`.
    pub fn base_url(&self) -> String {
        format!("ws://{}", self.server.address)
    }

    /// Something has happened at this moment (in µs): all who listen are told, and those who come later with an earlier cursor.
    pub fn push(&self, at: i64, event: impl Into<Vec<u8>>) {
        self.shared
            .change(|state| state.log.push((at, event.into())));
    }

    /// Forgets what is older than this moment, without telling. Who is connected has heard it, or hears it still.
    pub fn forget_before(&self, at: i64) {
        self.shared.change(|state| state.kept_from = at);
    }

    /// Gives everything to those who come without a cursor.
    pub fn replay_all(&self) {
        self.shared.change(|state| state.is_replay = true);
    }

    /// Answers the next connects so.
    pub fn answer_with(&self, turns: impl IntoIterator<Item = Turn>) {
        self.shared.change(|state| state.turns.extend(turns));
    }

    /// Has the open connection do this once it has sent what is due.
    pub fn then(&self, beat: Beat) {
        self.shared.change(|state| state.then.push_back(beat));
    }

    /// Path and query of every connect.
    pub fn seen(&self) -> Vec<String> {
        self.shared.state().seen.clone()
    }

    /// What clients said.
    pub fn said(&self) -> Vec<String> {
        self.shared.state().said.clone()
    }

    /// How many connections are open.
    pub fn open(&self) -> usize {
        self.shared.state().open
    }

    /// How many events were sent in all.
    pub fn sent(&self) -> usize {
        self.shared.state().sent
    }

    /// Waits until something is true of it; give it a time limit where it may never be.
    pub async fn until(&self, is_so: impl Fn(&Self) -> bool) {
        self.shared.until(|| is_so(self)).await;
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared<State>>) {
    loop {
        if let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(answer(socket, Arc::clone(&shared)));
        }
    }
}

#[expect(clippy::result_large_err, reason = "the library's type of a refusal")]
async fn answer(socket: TcpStream, shared: Arc<Shared<State>>) {
    let mut target = String::new();
    let mut beats = Vec::new();
    let mut begin = (VecDeque::new(), 0);
    let greet = |request: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
        target = request
            .uri()
            .path_and_query()
            .map_or_else(String::new, ToString::to_string);
        let protocol = "sec-websocket-protocol";
        if let Some(asked) = request.headers().get(protocol) {
            response.headers_mut().insert(protocol, asked.clone());
        }
        let turn = shared.change(|state| {
            state.seen.push(target.clone());
            // Whoever is told that the connection is there hears what is pushed from now on.
            begin = state.begin(&target);
            // What another connection should have done, which is over.
            state.then.clear();
            state.turns.pop_front()
        });
        match turn {
            Some(Turn::Refuse(status, body)) => Err(refusal(status, body)),
            Some(Turn::RefuseCursor) if number(&target, "cursor").is_some() => {
                Err(refusal(400, r#"{"error":"CursorTooOld"}"#))
            }
            Some(Turn::Play(turn)) => {
                beats = turn;
                Ok(response)
            }
            Some(Turn::RefuseCursor) | None => Ok(response),
        }
    };
    let Ok(socket) = tokio_tungstenite::accept_hdr_async(socket, greet).await else {
        return;
    };
    shared.change(|state| state.open += 1);
    let mut speaker = Speaker::new(socket, &shared, &target, begin);
    // Either way the connection is over, and dropping it says so.
    let _ = speaker.speak(beats, &target).await;
    drop(speaker);
    shared.change(|state| state.open -= 1);
}

fn refusal(status: u16, body: &str) -> ErrorResponse {
    let mut refusal = ErrorResponse::new(Some(body.to_owned()));
    *refusal.status_mut() = status.try_into().expect("scripts have valid statuses");
    let length = body.len().to_string();
    let length = length.try_into().expect("digits are a header's value");
    refusal.headers_mut().insert("content-length", length);
    refusal
}

/// Does a connect ask for packed messages, on either wire?
fn is_packed(target: &str) -> bool {
    target.contains("compress=true")
        || number(target, "zstdDictionary") == Some(i64::from(DICTIONARY))
}

/// A parameter's number.
fn number(target: &str, name: &str) -> Option<i64> {
    let query = target.split_once('?')?.1;
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(key, _)| key == name)?.1.parse().ok()
}

impl State {
    /// What is replayed to a connect, and the place in the log of the first new event after.
    fn begin(&self, target: &str) -> (VecDeque<Vec<u8>>, usize) {
        // A cursor in the future is as good as none.
        let newest = self.log.iter().map(|(at, _)| *at).max();
        let cursor = number(target, "cursor").filter(|cursor| Some(*cursor) <= newest);
        let from = match cursor {
            Some(cursor) => cursor.max(self.kept_from),
            None if self.is_replay => self.kept_from,
            None => i64::MAX,
        };
        let mut replay: Vec<&(i64, Vec<u8>)> =
            self.log.iter().filter(|(at, _)| *at >= from).collect();
        replay.sort_by_key(|(at, _)| *at);
        let replay = replay.into_iter().map(|(_, event)| event.clone());
        (replay.collect(), self.log.len())
    }
}

impl Speaker {
    fn new(
        socket: WebSocketStream<TcpStream>,
        shared: &Arc<Shared<State>>,
        target: &str,
        (replay, next): (VecDeque<Vec<u8>>, usize),
    ) -> Self {
        let zstd = is_packed(target).then(|| {
            zstd::bulk::Compressor::with_dictionary(3, &jetstream_dictionary(DICTIONARY))
                .expect("a dictionary can be used")
        });
        Self {
            socket,
            shared: Arc::clone(shared),
            replay,
            next,
            zstd,
        }
    }

    async fn speak(&mut self, beats: Vec<Beat>, target: &str) -> Result<(), Over> {
        if target.contains("requireHello=true") {
            while self.shared.state().said.is_empty() {
                self.listen().await?;
            }
        }
        for beat in beats {
            self.act(beat).await?;
        }
        loop {
            self.event().await?;
        }
    }

    async fn act(&mut self, beat: Beat) -> Result<(), Over> {
        match beat {
            Beat::Events(n) => {
                for _ in 0..n {
                    Box::pin(self.event()).await?;
                }
            }
            Beat::Text(text) => self.send(Message::text(text)).await?,
            Beat::Binary(bytes) => self.send(Message::binary(bytes)).await?,
            Beat::Ping => {
                self.send(Message::Ping(Bytes::from_static(b"you?")))
                    .await?
            }
            Beat::AwaitPong => while !self.listen().await?.is_pong() {},
            Beat::Stall => std::future::pending().await,
            Beat::Cut => return Err(Over),
            Beat::Tear => {
                // Whether it is heard or not, this is the end.
                let _ = self.socket.get_mut().write_all(TORN).await;
                return Err(Over);
            }
            Beat::Close(code, reason) => {
                let close = CloseFrame {
                    code: code.into(),
                    reason: reason.into(),
                };
                self.send(Message::Close(Some(close))).await?;
                while self.listen().await.is_ok() {}
                return Err(Over);
            }
        }
        Ok(())
    }

    /// Sends the next event that is due, when there is one.
    async fn event(&mut self) -> Result<(), Over> {
        let mut changes = self.shared.changes();
        loop {
            if let Some(event) = self.due() {
                let message = match &mut self.zstd {
                    Some(zstd) => {
                        Message::binary(zstd.compress(&event).expect("there is memory to pack"))
                    }
                    None => Message::text(String::from_utf8_lossy(&event).into_owned()),
                };
                self.send(message).await?;
                self.shared.change(|state| state.sent += 1);
                return Ok(());
            }
            let next = self.shared.state().then.pop_front();
            if let Some(beat) = next {
                self.act(beat).await?;
                continue;
            }
            tokio::select! {
                // The sender lives in what this holds.
                _ = changes.changed() => {}
                heard = self.listen() => drop(heard?),
                () = tokio::time::sleep(PING_EVERY) => self.send(Message::Ping(Bytes::new())).await?,
            }
        }
    }

    fn due(&mut self) -> Option<Vec<u8>> {
        if let Some(old) = self.replay.pop_front() {
            return Some(old);
        }
        let state = self.shared.state();
        let (_, event) = state.log.get(self.next)?;
        self.next += 1;
        Some(event.clone())
    }

    async fn listen(&mut self) -> Result<Message, Over> {
        let Some(Ok(message)) = self.socket.next().await else {
            return Err(Over);
        };
        if let Message::Text(text) = &message {
            self.shared
                .change(|state| state.said.push(text.to_string()));
        }
        Ok(message)
    }

    async fn send(&mut self, message: Message) -> Result<(), Over> {
        self.socket.send(message).await.map_err(|_| Over)
    }
}
