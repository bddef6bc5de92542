//! The connection to a Jetstream: what comes, as frames, with the moment of the last as the cursor.
//!
//! Jetstream replays from a cursor, so a broken connection leaves no gap; what comes twice is kept once, by the store. What frames mean is
//! in [`super::convert`].

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bowerbird_core::frame::{Batch, Frame, MAX_FRAME_BYTES};
use bowerbird_core::ids::{Cursor, SourceName};
use bowerbird_core::source::{
    Connection, Keep, Ladder, MAX_BATCH_BYTES, MAX_BATCH_FRAMES, Opening, Source, SourceError,
    SourceSpec,
};
use bowerbird_core::time::Time;
use bytes::Bytes;
use futures_util::{FutureExt, SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{self, Message};

use super::config::{JetstreamConfig, JetstreamWire};
use super::place::Doubt;
use super::request::{Request, refused, retry};
use super::unpack::{self, Unpack, UnpackError};
use super::{decode, place, repair};
use crate::error::ConnectError;
use crate::websocket::{Host, MAX_MESSAGE_BYTES, Refusal, Socket};

/// Jetstream pings every 30 seconds; half as much more for the way.
const STALL_AFTER: Duration = Duration::from_secs(45);
/// What is kept of a message that is too large.
const BEGINNING: usize = 4 << 10;

/// Describes a Jetstream as a source. The same address is asked again only when all others have had their turn.
pub fn connect(
    name: SourceName,
    keep: Keep,
    config: JetstreamConfig,
) -> Result<Connection, ConnectError> {
    config.judge()?;
    let hosts = config
        .base_urls
        .iter()
        .map(|url| Host::parse("base_urls", url));
    let hosts = hosts.collect::<Result<Vec<Host>, _>>()?;
    let dictionary = config.read_dictionary()?;
    if let Some(dictionary) = &dictionary {
        unpack::id(dictionary)?;
    }
    let spec = SourceSpec {
        name,
        service: "bluesky".to_owned(),
        decode,
        endless: true,
        replays: true,
        stall_after: Some(STALL_AFTER),
        keep,
    };
    let service = Arc::new(Service {
        config,
        hosts,
        dictionary,
        turn: AtomicUsize::new(0),
    });
    let streaming = Arc::clone(&service);
    let open = move |cursor: Option<Cursor>| -> Opening {
        let service = Arc::clone(&streaming);
        Box::pin(async move {
            let source = open(&service, cursor).await?;
            Ok(Box::new(source) as Box<dyn Source>)
        })
    };
    Ok(Connection {
        spec,
        open: Box::new(open),
        repair: Some(repair::offer(service)),
        jobs: Vec::new(),
    })
}

/// What all connections of a source share.
#[derive(Debug)]
pub(super) struct Service {
    config: JetstreamConfig,
    hosts: Vec<Host>,
    dictionary: Option<Vec<u8>>,
    /// How many connections were opened: each is another host's turn, as there is a next one only where the last has failed.
    turn: AtomicUsize,
}

pub(super) async fn open(
    service: &Service,
    cursor: Option<Cursor>,
) -> Result<Jetstream, SourceError> {
    let asked = cursor.as_ref().map(place::read).transpose()?;
    let turn = service.turn.fetch_add(1, Ordering::Relaxed);
    let host = &service.hosts[turn % service.hosts.len()];
    let unpack = service.dictionary.as_deref().map(Unpack::new).transpose();
    let unpack = unpack.map_err(|error| SourceError::Stop {
        reason: error.to_string(),
    })?;
    let from = asked.map(|asked| asked.at.minus(place::REWIND));
    let dictionary = unpack.as_ref().map(Unpack::id);
    let request = Request::new(&service.config, from, dictionary);
    let is_only = service.hosts.len() == 1;
    let refused = |refusal| refused(refusal, &host.written, asked.map(|asked| asked.at), is_only);
    let mut socket = host
        .open(&request.target, request.protocol)
        .await
        .map_err(refused)?;
    if let Some(hello) = request.hello {
        let sent = socket.send(Message::text(hello)).await;
        sent.map_err(|error| refused(Refusal::Network(error.to_string())))?;
    }
    Ok(Jetstream {
        host: host.written.clone(),
        wire: service.config.wire,
        socket,
        unpack,
        doubt: asked.map_or(Doubt::None, Doubt::Untold),
        ready: VecDeque::new(),
        ready_bytes: 0,
        ended: None,
    })
}

/// A Jetstream that is being read.
#[derive(Debug)]
pub(super) struct Jetstream {
    /// Who it is, for people.
    host: String,
    wire: JetstreamWire,
    socket: Socket,
    unpack: Option<Unpack>,
    /// Does all come that came after the cursor?
    doubt: Doubt,
    /// Frames that wait to be handed over, and when they happened.
    ready: VecDeque<(Frame, Option<Time>)>,
    ready_bytes: usize,
    /// Why the connection is over; told when all that was ready is handed over.
    ended: Option<SourceError>,
}

#[async_trait]
impl Source for Jetstream {
    async fn next_batch(&mut self) -> Result<Option<Batch>, SourceError> {
        while self.ready.is_empty() && self.ended.is_none() {
            let came = self.socket.next().await;
            self.take(came);
        }
        while self.ended.is_none() && !self.is_full() {
            let Some(came) = self.socket.next().now_or_never() else {
                break;
            };
            self.take(came);
        }
        match &self.ended {
            Some(error) if self.ready.is_empty() => Err(error.clone()),
            _ => Ok(Some(self.batch())),
        }
    }
}

impl Jetstream {
    /// The first event must not be later than this, or something was let go of.
    pub(super) fn must_begin_by(&mut self, at: Time) {
        self.doubt = Doubt::Strict(at);
    }

    /// Takes what reading gave.
    fn take(&mut self, came: Option<Result<Message, tungstenite::Error>>) {
        let now = Time::now();
        match came {
            Some(Ok(Message::Text(text))) => self.message(text.into(), now),
            Some(Ok(Message::Binary(packed))) => self.packed(packed, now),
            // The answer to a ping goes out with the next reading.
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {
                self.push(Frame::new(Bytes::new(), now), None);
            }
            Some(Ok(Message::Close(close))) => {
                self.ended = Some(closed(&self.host, close.as_ref()))
            }
            Some(Err(error)) => self.ended = Some(broke(&self.host, &error)),
            None => self.ended = Some(closed(&self.host, None)),
        }
    }

    fn packed(&mut self, packed: Bytes, now: Time) {
        let unpacked = match &mut self.unpack {
            Some(unpack) => unpack.unpack(&packed),
            None => Err(UnpackError::Broken(
                "a packed message, though none was asked for".to_owned(),
            )),
        };
        match unpacked {
            Ok(bytes) => self.message(bytes, now),
            Err(UnpackError::Broken(reason)) => self.refuse(&packed, reason, now),
            Err(UnpackError::WrongDictionary(reason)) => {
                self.ended = Some(SourceError::Stop { reason });
            }
        }
    }

    fn message(&mut self, bytes: Bytes, now: Time) {
        if bytes.len() > MAX_FRAME_BYTES {
            let reason = format!(
                "message of {} bytes, more than {MAX_FRAME_BYTES}",
                bytes.len()
            );
            return self.refuse(&bytes, reason, now);
        }
        // Empty would be a keep-alive.
        if bytes.is_empty() {
            return self.refuse(&bytes, "an empty message".to_owned(), now);
        }
        // A moment that has not come yet is a wrong clock's. As a cursor it would skip everything until then.
        let at = place::moment(self.wire, &bytes).map(|at| at.min(now));
        if let Some(at) = at {
            match self.doubt.judge(at, || place::mark(self.wire, &bytes)) {
                Ok(doubt) => self.doubt = doubt,
                Err(error) => {
                    self.ended = Some(error);
                    return;
                }
            }
        }
        // While it is in doubt what is missing, the cursor must not move past that.
        let at = at.filter(|_| self.doubt == Doubt::None);
        self.push(Frame::new(bytes, now), at);
    }

    /// A message that can't be read goes to the dead letters, by its beginning.
    fn refuse(&mut self, bytes: &Bytes, reason: String, now: Time) {
        let beginning = bytes.slice(..bytes.len().min(BEGINNING));
        let frame = Frame {
            bytes: Bytes::copy_from_slice(&beginning),
            received_at: now,
            broken: Some(reason),
        };
        self.push(frame, None);
    }

    fn push(&mut self, frame: Frame, at: Option<Time>) {
        self.ready_bytes += frame.bytes.len();
        self.ready.push_back((frame, at));
    }

    fn is_full(&self) -> bool {
        self.ready.len() >= MAX_BATCH_FRAMES || self.ready_bytes >= MAX_BATCH_BYTES
    }

    /// What is ready, as far as it fits into a batch.
    fn batch(&mut self) -> Batch {
        let mut batch = Batch::default();
        let (mut bytes, mut last) = (0, None);
        while let Some((frame, _)) = self.ready.front() {
            bytes += frame.bytes.len();
            let fits = batch.frames.len() < MAX_BATCH_FRAMES && bytes <= MAX_BATCH_BYTES;
            if !fits && !batch.frames.is_empty() {
                break;
            }
            let Some((frame, at)) = self.ready.pop_front() else {
                break;
            };
            self.ready_bytes -= frame.bytes.len();
            last = at.map(|at| (at, frame.bytes.clone())).or(last);
            batch.frames.push(frame);
        }
        batch.cursor = last.map(|(at, bytes)| place::cursor(at, place::mark(self.wire, &bytes)));
        batch
    }
}

/// The service hung up, perhaps with a reason.
fn closed(host: &str, close: Option<&CloseFrame>) -> SourceError {
    let ladder = match close.map(|close| close.code) {
        Some(CloseCode::Error | CloseCode::Restart | CloseCode::Again) => Ladder::Server,
        _ => Ladder::Network,
    };
    let why = match close {
        Some(close) if close.reason.is_empty() => format!(" ({})", u16::from(close.code)),
        Some(close) => {
            let printable = close.reason.replace(char::is_control, " ");
            format!(" ({}: {printable})", u16::from(close.code))
        }
        None => String::new(),
    };
    if close.is_some_and(|close| is_too_slow(&close.reason)) {
        return SourceError::Slow {
            reason: format!("Jetstream at {host} cut us off as a slow reader{why}"),
        };
    }
    retry(
        ladder,
        format!("Jetstream at {host} closed the connection{why}"),
    )
}

/// As the wires say it: `ConsumerTooSlow`, `consumer too slow`.
fn is_too_slow(reason: &str) -> bool {
    let reason = reason.to_ascii_lowercase();
    reason.contains("tooslow") || reason.contains("too slow")
}

/// Reading failed.
fn broke(host: &str, error: &tungstenite::Error) -> SourceError {
    match error {
        // The same message would come again at once: patience, or another host's turn.
        tungstenite::Error::Capacity(_) => {
            let reason = format!(
                "Jetstream at {host} sent a message of more than {MAX_MESSAGE_BYTES} bytes"
            );
            retry(Ladder::Server, reason)
        }
        error => {
            let reason = format!("the connection to Jetstream at {host} broke: {error}");
            retry(Ladder::Network, reason)
        }
    }
}

#[cfg(test)]
mod tests;
