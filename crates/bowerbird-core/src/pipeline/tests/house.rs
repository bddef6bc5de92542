//! A pipeline in memory and a source that does what it is told, for the tests of this folder.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::event::{Body, Delete, Event, Notice, NoticeKind, Post};
use crate::frame::{Batch, Frame};
use crate::gap::Cause;
use crate::hub::Hub;
use crate::ids::{Cursor, EventId, SourceName};
use crate::live::LiveTracks;
use crate::memory::MemorySpool;
use crate::raw::RawCodec;
use crate::record::{Content, Record};
use crate::source::{Connection, Decode, Keep, Refused, Source, SourceError, SourceSpec};
use crate::spool::Spool;
use crate::testing::fake_store::FakeStore;
use crate::time::Time;

use crate::pipeline::engine::{Engine, Parts};

/// A pipeline with nothing in it.
pub(in crate::pipeline) fn parts(decode: Decode) -> Parts {
    let live = Arc::new(LiveTracks::default());
    let (hub, task) = Hub::new(Arc::clone(&live));
    tokio::spawn(task.run());
    let codec = Arc::new(RawCodec::default());
    Parts {
        spool: Arc::new(MemorySpool::new(64 << 20)),
        store: Arc::new(FakeStore::new(Arc::clone(&codec))),
        hub,
        live,
        status: Arc::default(),
        codec,
        decode,
        keep: Vec::new(),
        bills: Arc::default(),
        repair_by_hand: Vec::new(),
    }
}

/// What a process that starts again finds: spool and store, and nothing else.
pub(in crate::pipeline) fn restarted(parts: &Parts, decode: Decode) -> Parts {
    Parts {
        spool: Arc::clone(&parts.spool),
        store: Arc::clone(&parts.store),
        ..self::parts(decode)
    }
}

/// An engine that has started on these parts.
pub(in crate::pipeline) async fn engine(parts: &Parts) -> Arc<Engine> {
    let engine = Engine::new(parts.clone());
    engine.start().await.unwrap();
    engine
}

/// `7 a bird` is post 7, `-7` its deletion, `!9` a notice that nine posts were withheld.
pub(in crate::pipeline) fn decode(bytes: &[u8]) -> Result<Event<'_>, Refused> {
    let text = std::str::from_utf8(bytes).map_err(|error| Refused::new(error.to_string()))?;
    let event = |id: &str, body| Event {
        id: EventId::new("test", id.to_owned()),
        at: None,
        body,
    };
    if let Some(id) = text.strip_prefix('-') {
        let deleted = Delete::Post {
            post_id: Cow::Borrowed(id),
            author_id: Cow::Borrowed(""),
        };
        return Ok(event(id, Body::Delete(deleted)));
    }
    if let Some(withheld) = text.strip_prefix('!') {
        let limit = Notice {
            kind: NoticeKind::Limit,
            withheld: withheld.parse().ok(),
            text: Cow::Borrowed(""),
        };
        return Ok(event("limit", Body::Notice(limit)));
    }
    let (id, said) = text
        .split_once(' ')
        .ok_or_else(|| Refused::new("no text after the id"))?;
    let post = Post {
        text: Cow::Borrowed(said),
        ..Post::default()
    };
    Ok(event(id, Body::Post(Box::new(post))))
}

/// Waits until something is so. On paused time, time passes between two looks only if nothing else can happen.
pub(in crate::pipeline) async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let mut look = tokio::time::interval(Duration::from_millis(1));
    while !is_so().await {
        look.tick().await;
    }
}

/// What the scripted source does next.
#[derive(Debug, Clone)]
pub(in crate::pipeline) enum Act {
    /// Frames received at this second, an empty one a keep-alive, and the cursor behind them.
    Frames(i64, Vec<&'static str>, Option<&'static str>),
    /// Says nothing for so long.
    Quiet(Duration),
    /// Fails.
    Fail(SourceError),
    /// Ends.
    End,
}

/// A source that follows a script: one list of acts for each time it is opened. When all are done it tells, and says nothing more.
#[derive(Debug, Default)]
pub(in crate::pipeline) struct Script {
    opens: Mutex<VecDeque<Vec<Act>>>,
    /// How long after the first each opening was, and with which cursor.
    opened: Mutex<Vec<(Instant, Option<Cursor>)>>,
    /// How long each opening takes.
    opening: Mutex<Duration>,
    played: Notify,
}

impl Script {
    pub(in crate::pipeline) fn new(opens: impl IntoIterator<Item = Vec<Act>>) -> Arc<Self> {
        Arc::new(Self {
            opens: Mutex::new(opens.into_iter().collect()),
            ..Self::default()
        })
    }

    /// From now on.
    pub(in crate::pipeline) fn opening_takes(&self, span: Duration) {
        *self.opening.lock().unwrap() = span;
    }

    /// Waits until every act was played.
    pub(in crate::pipeline) async fn played(&self) {
        self.played.notified().await;
    }

    /// The pauses before each opening but the first.
    pub(in crate::pipeline) fn pauses(&self) -> Vec<Duration> {
        let opened = self.opened.lock().unwrap();
        opened.windows(2).map(|two| two[1].0 - two[0].0).collect()
    }

    /// The cursor each opening was given.
    pub(in crate::pipeline) fn cursors(&self) -> Vec<Option<String>> {
        let opened = self.opened.lock().unwrap();
        let cursor = |(_, cursor): &(Instant, Option<Cursor>)| cursor.clone().map(|c| c.0);
        opened.iter().map(cursor).collect()
    }

    /// A connection to it: endless, replaying nothing, keeping all.
    pub(in crate::pipeline) fn connection(
        self: &Arc<Self>,
        change: impl FnOnce(&mut SourceSpec),
    ) -> Connection {
        let mut spec = SourceSpec {
            name: name(),
            service: "test".to_owned(),
            decode,
            endless: true,
            replays: false,
            stall_after: None,
            keep: Keep::All,
        };
        change(&mut spec);
        let script = Arc::clone(self);
        let open = move |cursor| {
            script.opened.lock().unwrap().push((Instant::now(), cursor));
            let acts = script.opens.lock().unwrap().pop_front();
            let source = Scripted {
                acts: acts.unwrap_or_default().into(),
                script: Arc::clone(&script),
            };
            // A failure that is the first act is one of opening.
            let opened: Result<Box<dyn Source>, SourceError> = match source.acts.front() {
                Some(Act::Fail(error)) => Err(error.clone()),
                _ => Ok(Box::new(source)),
            };
            let takes = *script.opening.lock().unwrap();
            let opening: crate::source::Opening = Box::pin(async move {
                tokio::time::sleep_until(Instant::now() + takes).await;
                opened
            });
            opening
        };
        Connection {
            spec,
            open: Box::new(open),
            repair: None,
            jobs: Vec::new(),
        }
    }
}

pub(in crate::pipeline) fn name() -> SourceName {
    SourceName::parse("scripted").unwrap()
}

struct Scripted {
    acts: VecDeque<Act>,
    script: Arc<Script>,
}

#[async_trait]
impl Source for Scripted {
    async fn next_batch(&mut self) -> Result<Option<Batch>, SourceError> {
        // Cancel-safe: an act is taken once it is done.
        if let Some(Act::Quiet(span)) = self.acts.front() {
            tokio::time::sleep_until(Instant::now() + *span).await;
            self.acts.pop_front();
        }
        match self.acts.pop_front() {
            Some(Act::Frames(second, frames, cursor)) => {
                let at = Time(second * 1_000_000);
                let frame =
                    |text: &&'static str| Frame::new(Bytes::from_static(text.as_bytes()), at);
                Ok(Some(Batch {
                    frames: frames.iter().map(frame).collect(),
                    cursor: cursor.map(|cursor| Cursor(cursor.to_owned())),
                }))
            }
            Some(Act::Fail(error)) => Err(error),
            Some(Act::End) => Ok(None),
            Some(Act::Quiet(_)) => Ok(Some(Batch::default())),
            None => {
                if self.script.opens.lock().unwrap().is_empty() {
                    self.script.played.notify_one();
                }
                std::future::pending().await
            }
        }
    }
}

/// The spool's records in words: a post's text, a deletion's id, a gap's seconds, reason and loss.
pub(in crate::pipeline) async fn spooled(spool: &dyn Spool) -> Vec<String> {
    let records = spool.peek(0, 10_000).await.unwrap();
    let seconds = |time: Time| time.seconds();
    let say = |bytes: &Bytes| match Record::decode(bytes).unwrap().content {
        Content::Event { event, .. } => match &event.body {
            Body::Post(post) => post.text.to_string(),
            Body::Delete(_) => format!("deletion of {}", event.id.id),
            _ => "notice".to_owned(),
        },
        Content::Gap {
            track,
            until,
            cause: Cause::Budget | Cause::Paused | Cause::Unconfirmed,
            reason,
            ..
        } => {
            let who = track.map_or_else(|| "all".to_owned(), |track| format!("track {track}"));
            let ends = if until.is_some() { "ends" } else { "begins" };
            format!("{who}'s waiting {ends}: {reason}")
        }
        Content::Gap {
            from,
            until,
            reason,
            lost,
            ..
        } => {
            let until = until.map_or_else(|| "…".to_owned(), |until| seconds(until).to_string());
            let lost = lost.map_or_else(String::new, |lost| format!(", {lost} lost"));
            format!("gap {} to {until}: {reason}{lost}", seconds(from))
        }
        Content::Refused { reason, .. } => format!("refused: {reason}"),
        Content::Buried { .. } => "buried".to_owned(),
        Content::UncaughtEdit { event, .. } => format!("uncaught edit of {}", event.id.id),
        Content::Aliases { aliases, .. } => {
            let told = aliases
                .iter()
                .map(|known| format!("{} is {}", known.alias, known.id));
            told.collect::<Vec<_>>().join(", ")
        }
        Content::Charge(charge) => {
            let ids: Vec<_> = charge.calls.iter().map(|call| call.id.as_str()).collect();
            format!("${} each for {}", charge.price, ids.join(", "))
        }
    };
    records.iter().map(|record| say(&record.bytes)).collect()
}
