//! The connection to an instance: its streams as frames, by one WebSocket or by server-sent events.
//!
//! Nothing is replayed upstream: there is no cursor, and the pipeline notes a gap for the time between two connections, which
//! [`super::repair`] fills from the timelines. What messages mean is in [`super::convert`].

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bowerbird_core::frame::{Batch, Frame};
use bowerbird_core::ids::{Cursor, SourceName};
use bowerbird_core::source::{
    Connection, Keep, Ladder, MAX_BATCH_BYTES, MAX_BATCH_FRAMES, Opening, Source, SourceError,
    SourceSpec,
};
use bowerbird_core::time::Time;
use bytes::Bytes;
use futures_util::stream::{BoxStream, SelectAll};
use futures_util::{FutureExt, SinkExt, StreamExt};
use secrecy::SecretString;
use serde::Deserialize;
use sonic_rs::{JsonValueTrait, LazyValue};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{self, Message};

use super::api::{Api, Instance, refused, retry};
use super::config::{MastodonConfig, MastodonTransport};
use super::frames::{Framer, broken};
use super::sse::{Events, Said};
use super::streams::Stream;
use super::{decode, repair};
use crate::error::ConnectError;
use crate::json;
use crate::websocket::{Host, Refusal, Socket};

/// Mastodon says `:thump` every 15 seconds; twice as much for the way.
const SSE_STALL_AFTER: Duration = Duration::from_secs(45);
/// Servers ping a WebSocket every 20 to 30 seconds.
const SOCKET_STALL_AFTER: Duration = Duration::from_secs(75);
/// How long a stream may take to begin an answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// The largest explanation that is read.
const MAX_WORDS_BYTES: usize = 16 << 10;

/// Describes streams of an instance as a source.
pub fn connect(
    name: SourceName,
    keep: Keep,
    config: MastodonConfig,
) -> Result<Connection, ConnectError> {
    let streams = config.judge(config.token.is_some())?;
    let service = Arc::new(Service {
        api: Api::new(&config.base_url, config.token.clone())?,
        streams,
        transport: config.transport,
        only_media: config.only_media,
    });
    let spec = SourceSpec {
        name,
        service: "mastodon".to_owned(),
        decode,
        endless: true,
        replays: false,
        stall_after: Some(match config.transport {
            MastodonTransport::WebSocket => SOCKET_STALL_AFTER,
            MastodonTransport::Sse => SSE_STALL_AFTER,
        }),
        keep,
    };
    let repair = repair::of(&service);
    let open = move |_: Option<Cursor>| -> Opening {
        let service = Arc::clone(&service);
        Box::pin(async move {
            let source = open(&service).await?;
            Ok(Box::new(source) as Box<dyn Source>)
        })
    };
    Ok(Connection {
        spec,
        open: Box::new(open),
        repair: Some(repair),
        jobs: Vec::new(),
    })
}

/// What all connections of a source share.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) api: Api,
    pub(super) streams: Vec<Stream>,
    transport: MastodonTransport,
    pub(super) only_media: bool,
}

impl Service {
    /// Who the instance is.
    pub(super) async fn instance(&self) -> Result<Instance, SourceError> {
        let wants_me = self.streams.iter().any(Stream::is_own);
        self.api.instance(wants_me).await
    }
}

async fn open(service: &Service) -> Result<Mastodon, SourceError> {
    let instance = service.instance().await?;
    let wire = match service.transport {
        MastodonTransport::WebSocket => {
            Wire::Socket(Box::new(socket(service, &instance.streaming).await?))
        }
        MastodonTransport::Sse => {
            let opened = service.streams.iter();
            let opened = opened.map(|stream| events(service, &instance.streaming, stream));
            let opened = futures_util::future::try_join_all(opened).await?;
            Wire::Events(opened.into_iter().collect())
        }
    };
    Ok(Mastodon {
        host: service.api.base_url.clone(),
        token: service.api.token.clone(),
        framer: Framer::new(&instance.here),
        wire,
        ready: VecDeque::new(),
        ready_bytes: 0,
        ended: None,
    })
}

/// One WebSocket: it begins with the first stream, and the others are asked for on it.
async fn socket(service: &Service, streaming: &str) -> Result<Socket, SourceError> {
    let (host, token) = (&service.api.base_url, service.api.token.as_ref());
    let url = streaming.replacen("http", "ws", 1);
    let place = Host::parse("base_url", &url).map_err(|error| SourceError::Stop {
        reason: error.to_string(),
    })?;
    let mut streams = service.streams.iter();
    let first = streams
        .next()
        .map(|stream| stream.socket(service.only_media));
    let opened = place.open_as(&first.unwrap_or_default(), token).await;
    let mut socket = opened.map_err(|refusal| match refusal {
        Refusal::Network(what) => retry(Ladder::Network, format!("can't reach {url}: {what}")),
        Refusal::Answer {
            status,
            words,
            until,
        } => {
            let words = super::api::words(words.as_bytes(), token);
            refused(status, until, &words, host, token.is_some())
        }
    })?;
    for stream in streams {
        let message = Message::text(stream.subscription(service.only_media));
        let sent = socket.send(message).await;
        sent.map_err(|error| {
            retry(
                Ladder::Network,
                format!("the connection to {url} broke: {error}"),
            )
        })?;
    }
    Ok(socket)
}

/// What comes of one stream of server-sent events; each watches over its own silence, as others may go on.
type EventStream = BoxStream<'static, Result<(Arc<str>, Bytes), SourceError>>;

/// Opens one stream of server-sent events.
async fn events(
    service: &Service,
    streaming: &str,
    stream: &Stream,
) -> Result<Reading, SourceError> {
    let (api, target) = (&service.api, stream.events(service.only_media));
    let request = api.with_token(api.client.get([streaming, &target].concat()));
    let request = request.header("accept", "text/event-stream");
    let network = |what: String| retry(Ladder::Network, format!("can't reach {streaming}: {what}"));
    let answer = tokio::time::timeout(ANSWER_WITHIN, request.send()).await;
    let answer =
        answer.map_err(|_| network(format!("no answer within {} s", ANSWER_WITHIN.as_secs())))?;
    let mut answer = answer.map_err(|error| network(crate::http::describe(&error)))?;
    let status = answer.status().as_u16();
    if status != 200 {
        let words = crate::http::body(&mut answer, MAX_WORDS_BYTES);
        let words = tokio::time::timeout(ANSWER_WITHIN, words).await;
        let words = words.map_or_else(|_| Bytes::new(), Result::unwrap_or_default);
        return Err(api.refused(status, answer.headers(), &words));
    }
    let names = stream.parameters(service.only_media);
    let names: Vec<&str> = names.iter().map(|(_, value)| *value).collect();
    let label = serde_json::Value::from(names).to_string();
    Ok(Reading {
        chunks: chunks(Arc::from(label), answer),
        events: Events::default(),
    })
}

/// The chunks of an answer, until it breaks, ends, or falls silent.
fn chunks(label: Arc<str>, answer: reqwest::Response) -> EventStream {
    let begin = Some((label, answer));
    let read = |state: Option<(Arc<str>, reqwest::Response)>| async move {
        let (label, mut answer) = state?;
        let came = tokio::time::timeout(SSE_STALL_AFTER, answer.chunk()).await;
        let broke = |what: String| retry(Ladder::Network, format!("the stream {label} {what}"));
        Some(match came {
            Ok(Ok(Some(chunk))) => (Ok((Arc::clone(&label), chunk)), Some((label, answer))),
            Ok(Ok(None)) => (Err(broke("was closed".to_owned())), None),
            Ok(Err(error)) => (
                Err(broke(format!("broke: {}", crate::http::describe(&error)))),
                None,
            ),
            Err(_) => {
                let silent = format!("was silent for {} s", SSE_STALL_AFTER.as_secs());
                (Err(broke(silent)), None)
            }
        })
    };
    futures_util::stream::unfold(begin, read).boxed()
}

/// One stream of server-sent events that is being read.
struct Reading {
    chunks: EventStream,
    events: Events,
}

/// What of it came.
struct Came {
    label: Arc<str>,
    said: Vec<Said>,
    ended: Option<SourceError>,
}

impl futures_util::Stream for Reading {
    type Item = Came;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Came>> {
        let this = &mut *self;
        this.chunks.poll_next_unpin(context).map(|came| {
            let mut said = Vec::new();
            match came? {
                Ok((label, chunk)) => {
                    this.events.push(&chunk, &mut said);
                    Some(Came {
                        label,
                        said,
                        ended: None,
                    })
                }
                Err(error) => {
                    said.extend(this.events.end());
                    Some(Came {
                        label: Arc::from(""),
                        said,
                        ended: Some(error),
                    })
                }
            }
        })
    }
}

/// How streams are read.
enum Wire {
    Socket(Box<Socket>),
    Events(SelectAll<Reading>),
}

/// What reading gave.
enum Read {
    Message(Option<Result<Message, tungstenite::Error>>),
    Events(Option<Came>),
}

impl Wire {
    async fn read(&mut self) -> Read {
        match self {
            Self::Socket(socket) => Read::Message(socket.next().await),
            Self::Events(streams) => Read::Events(streams.next().await),
        }
    }
}

/// Streams that are being read.
struct Mastodon {
    /// Who it is, for people.
    host: String,
    /// Never told, should it be sent back.
    token: Option<SecretString>,
    framer: Framer,
    wire: Wire,
    /// Frames that wait to be handed over.
    ready: VecDeque<Frame>,
    ready_bytes: usize,
    /// Why the connection is over; told when all that was ready is handed over.
    ended: Option<SourceError>,
}

#[async_trait]
impl Source for Mastodon {
    async fn next_batch(&mut self) -> Result<Option<Batch>, SourceError> {
        while self.ready.is_empty() && self.ended.is_none() {
            let read = self.wire.read().await;
            self.take(read);
        }
        while self.ended.is_none() && !self.is_full() {
            let Some(read) = self.wire.read().now_or_never() else {
                break;
            };
            self.take(read);
        }
        match &self.ended {
            Some(error) if self.ready.is_empty() => Err(error.clone()),
            _ => Ok(Some(self.batch())),
        }
    }
}

impl Mastodon {
    fn take(&mut self, read: Read) {
        let now = Time::now();
        match read {
            Read::Message(message) => self.message(message, now),
            Read::Events(Some(came)) => {
                for said in came.said {
                    self.said(&came.label, said, now);
                }
                self.ended = came.ended;
            }
            Read::Events(None) => self.end(Ladder::Network, "closed all streams"),
        }
    }

    fn said(&mut self, label: &str, said: Said, now: Time) {
        let frame = match said {
            Said::Alive => Frame::new(Bytes::new(), now),
            Said::Event(event, data) => self.framer.frame(label, &event, &data, now),
            Said::Broken(bytes, reason) => broken(&bytes, reason, now),
        };
        self.push(frame);
    }

    fn message(&mut self, message: Option<Result<Message, tungstenite::Error>>, now: Time) {
        match message {
            Some(Ok(Message::Text(text))) => self.text(&text, now),
            Some(Ok(Message::Binary(bytes))) => {
                self.push(broken(
                    &bytes,
                    "a message of bytes, expected text".to_owned(),
                    now,
                ));
            }
            // The answer to a ping goes out with the next reading.
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {
                self.push(Frame::new(Bytes::new(), now));
            }
            Some(Ok(Message::Close(close))) => self.closed(close.as_ref()),
            None => self.closed(None),
            Some(Err(tungstenite::Error::Capacity(error))) => {
                self.end(
                    Ladder::Server,
                    &format!("sent a message that is too large: {error}"),
                );
            }
            Some(Err(error)) => {
                self.end(Ladder::Network, &format!("broke the connection: {error}"))
            }
        }
    }

    /// A message of a WebSocket: an event, or why there is none.
    fn text(&mut self, text: &str, now: Time) {
        if text.trim().is_empty() {
            return self.push(Frame::new(Bytes::new(), now));
        }
        let said: Result<Multiplexed<'_>, _> = json::checked(text.as_bytes()).and_then(json::parse);
        let said = match said {
            Ok(said) => said,
            Err(refused) => return self.push(broken(text.as_bytes(), refused.reason, now)),
        };
        if let Some(error) = said.error.as_ref().and_then(LazyValue::as_str) {
            let status = said.status.unwrap_or(400);
            let words = super::api::words(error.as_bytes(), self.token.as_ref());
            let has_token = self.token.is_some();
            self.ended = Some(refused(status, None, &words, &self.host, has_token));
            return;
        }
        let event = said
            .event
            .as_ref()
            .and_then(LazyValue::as_str)
            .map(str::to_owned);
        let Some(event) = event else {
            let reason = "expected a message with an event".to_owned();
            return self.push(broken(text.as_bytes(), reason, now));
        };
        let stream = said.stream.as_ref().map_or("", LazyValue::as_raw_str);
        let payload = said.payload.as_ref();
        // JSON within a string, or the JSON itself.
        let data = payload.map_or("", |payload| {
            payload.as_str().unwrap_or(payload.as_raw_str())
        });
        let frame = self.framer.frame(stream, &event, data, now);
        self.push(frame);
    }

    fn closed(&mut self, close: Option<&CloseFrame>) {
        let ladder = match close.map(|close| close.code) {
            Some(CloseCode::Error | CloseCode::Restart | CloseCode::Again | CloseCode::Policy) => {
                Ladder::Server
            }
            _ => Ladder::Network,
        };
        let why = close.map(|close| {
            let words = super::api::words(close.reason.as_bytes(), self.token.as_ref());
            format!(" ({} {words})", u16::from(close.code))
        });
        self.end(
            ladder,
            &format!("closed the connection{}", why.unwrap_or_default()),
        );
    }

    fn end(&mut self, ladder: Ladder, what: &str) {
        let reason = format!("{} {what}", self.host);
        self.ended.get_or_insert(retry(ladder, reason));
    }

    fn push(&mut self, frame: Frame) {
        // Of keep-alives in a row one says enough.
        let is_told = frame.is_keep_alive() && self.ready.back().is_some_and(Frame::is_keep_alive);
        if !is_told {
            self.ready_bytes += frame.bytes.len();
            self.ready.push_back(frame);
        }
    }

    fn is_full(&self) -> bool {
        self.ready.len() >= MAX_BATCH_FRAMES || self.ready_bytes >= MAX_BATCH_BYTES
    }

    /// What is ready, as far as it fits into a batch.
    fn batch(&mut self) -> Batch {
        let mut bytes = 0;
        let fits = |frame: &&Frame| {
            bytes += frame.bytes.len();
            bytes <= MAX_BATCH_BYTES
        };
        let ready = self.ready.iter().take(MAX_BATCH_FRAMES);
        let n_frames = ready.take_while(fits).count().max(1);
        let frames: Vec<Frame> = self.ready.drain(..n_frames.min(self.ready.len())).collect();
        self.ready_bytes -= frames.iter().map(|frame| frame.bytes.len()).sum::<usize>();
        Batch {
            frames,
            cursor: None,
        }
    }
}

/// A message of a WebSocket, as it comes.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Multiplexed<'a> {
    #[serde(borrow)]
    stream: Option<LazyValue<'a>>,
    #[serde(borrow)]
    event: Option<LazyValue<'a>>,
    #[serde(borrow)]
    payload: Option<LazyValue<'a>>,
    #[serde(borrow)]
    error: Option<LazyValue<'a>>,
    status: Option<u16>,
}

#[cfg(test)]
mod tests;
