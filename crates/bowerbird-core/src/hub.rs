//! Live delivery: what was just made durable, to any number of readers.
//!
//! The hub is an ephemeral lane: ingest [`offers`](Hub::offer) each batch and goes on at once. Each event is rendered
//! a single time, when a reader needs it, and all get the same bytes. Who is too slow is told how many it missed and never slows anyone.
//! Pages get no more than any can show; whoever looks for something of its own in all that comes has a [way of its own](Passing) to it. The
//! newest records stay in memory, for pages that open or resume, and for trying out a rule.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use rustc_hash::FxHashSet;
use tokio::sync::{broadcast, mpsc};

use crate::event::{Body, Delete, with_doc};
use crate::ids::{SourceName, TrackId};
use crate::live::LiveTracks;
use crate::record::{Content, Record};
use crate::spool::Entry;
use crate::view::PostView;

mod limit;
mod passing;
mod recent;

use limit::RateLimit;
pub use passing::{Passed, Passing};
use recent::Recent;
pub use recent::Touched;

/// How many of the newest records are held for resuming and for trying out rules: a few minutes of a busy stream.
pub const RECENT_RECORDS: usize = 2_000;
/// How many bytes they may have together.
pub const RECENT_BYTES: usize = 16 << 20;
/// Events rendered for pages a second, at most: more than any page can show, few enough to leave the cores to capturing.
pub const EVENTS_PER_SECOND: u32 = 2_000;
/// How far a reader may fall behind before it misses events.
const READER_QUEUE: usize = 4_096;
/// Records that may wait to be rendered: counted one by one, for a slow stream's batches hold one each.
const INTAKE_QUEUE: usize = 16_384;
/// How many of them are taken at a time.
const AT_ONCE: usize = 1_000;

/// What happened, rendered for readers.
#[derive(Debug, Clone)]
pub struct LiveEvent {
    /// Its offset in the spool: the id by which a reader resumes.
    pub offset: u64,
    /// What it is.
    pub kind: LiveKind,
    /// Which tracks caught it.
    pub tracks: Vec<TrackId>,
    /// A [`PostView`], for a deletion `{"key": …}`, for an account that is gone `{"author": …, "status": …}`, as JSON.
    pub json: Bytes,
    /// The same as a whole server-sent event: `event`, `id`, `data`, blank line.
    pub sse: Bytes,
}

/// The kinds of live events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LiveKind {
    /// A post.
    Post,
    /// A later version of a post.
    Edit,
    /// A post is to be removed from sight, with what passes it on, and from within what quotes it.
    Delete,
    /// An account is gone: so are all its posts.
    Gone,
}

impl LiveKind {
    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Edit => "edit",
            Self::Delete => "delete",
            Self::Gone => "gone",
        }
    }

    /// Does it end what is shown? Then it concerns every reader, whichever tracks it follows.
    pub fn is_end(self) -> bool {
        matches!(self, Self::Delete | Self::Gone)
    }
}

/// What a reader gets.
#[derive(Debug, Clone)]
pub enum Delivery {
    /// An event.
    Event(Arc<LiveEvent>),
    /// So many events were not delivered to this reader; the store has them.
    Missed(u64),
}

/// Where readers subscribe.
#[derive(Debug)]
pub struct Hub {
    live: Arc<LiveTracks>,
    readers: broadcast::Sender<Delivery>,
    passing: broadcast::Sender<Passed>,
    recent: Mutex<Recent>,
    intake: mpsc::Sender<Arc<Offered>>,
}

#[derive(Debug)]
struct Offered {
    offset: u64,
    entry: Entry,
    /// Once someone has asked for it; nothing for what is not shown.
    rendered: OnceLock<Option<Arc<LiveEvent>>>,
}

impl Offered {
    fn new(offset: u64, key: u64, bytes: Vec<u8>) -> Self {
        Self {
            offset,
            entry: Entry {
                key,
                bytes: bytes.into(),
            },
            rendered: OnceLock::new(),
        }
    }

    fn size(&self) -> usize {
        self.entry.bytes.len()
    }
}

impl Hub {
    /// A hub, and the task that serves it: spawn [`HubTask::run`].
    pub fn new(live: Arc<LiveTracks>) -> (Arc<Self>, HubTask) {
        let (intake, offered) = mpsc::channel(INTAKE_QUEUE);
        let (readers, _) = broadcast::channel(READER_QUEUE);
        let (passing, _) = broadcast::channel(passing::QUEUE);
        let hub = Arc::new(Self {
            live,
            readers,
            passing,
            recent: Mutex::default(),
            intake,
        });
        (Arc::clone(&hub), HubTask { hub, offered })
    }

    /// Takes a batch that is durable; never waits. What it deletes leaves memory at once, by what was `touched`.
    pub fn offer(&self, first_offset: u64, entries: &[Entry], touched: &Touched) {
        let offered = |(entry, offset): (&Entry, u64)| {
            Arc::new(Offered {
                offset,
                entry: entry.clone(),
                rendered: OnceLock::new(),
            })
        };
        // What is no event is nothing to show, and nothing to miss.
        let events = entries.iter().zip(first_offset..);
        let events = events.filter(|(entry, _)| entry.key != Entry::NO_EVENT);
        let batch: Vec<Arc<Offered>> = events.map(offered).collect();
        let mut recent = self.recent();
        recent.take(first_offset, &batch, touched);
        if self.readers.receiver_count() + self.passing.receiver_count() > 0 {
            match self.intake.try_reserve_many(batch.len()) {
                Ok(places) => places.zip(batch).for_each(|(place, one)| place.send(one)),
                Err(_) => recent.overrun += batch.len() as u64,
            }
        }
    }

    /// Every record from now on, for who looks for something of its own in all of them.
    pub fn passing(&self) -> Passing {
        Passing::new(self.passing.subscribe())
    }

    /// A reader of everything from now on; with `after`, first what came after that offset, as far as it is still here.
    pub fn subscribe(&self, after: Option<u64>) -> Subscription {
        let receiver = self.readers.subscribe();
        let backlog = after.map_or_else(VecDeque::new, |offset| self.backlog(offset));
        let given = backlog.iter().filter_map(|delivery| match delivery {
            Delivery::Event(event) => Some(event.offset),
            Delivery::Missed(_) => None,
        });
        Subscription {
            receiver,
            given: given.collect(),
            backlog,
        }
    }

    fn backlog(&self, after: u64) -> VecDeque<Delivery> {
        let (missed, records): (u64, Vec<Arc<Offered>>) = {
            let recent = self.recent();
            let oldest = recent
                .records
                .front()
                .map_or(after + 1, |first| first.offset);
            let newer = recent
                .records
                .iter()
                .filter(|one| one.offset > after)
                .cloned()
                .collect();
            (oldest.saturating_sub(after + 1), newer)
        };
        let gap = (missed > 0).then_some(Delivery::Missed(missed));
        let events = records
            .iter()
            .filter_map(|one| self.render(one))
            .map(Delivery::Event);
        gap.into_iter().chain(events).collect()
    }

    /// The newest records, oldest first; for trying out a rule.
    pub fn recent_records(&self) -> Vec<Bytes> {
        self.recent()
            .records
            .iter()
            .map(|one| one.entry.bytes.clone())
            .collect()
    }

    /// The newest posts as they are shown, newest first, of one track or of all.
    pub fn recent_posts(&self, track: Option<TrackId>, most: usize) -> Vec<Arc<LiveEvent>> {
        let records: Vec<Arc<Offered>> = self.recent().records.iter().rev().cloned().collect();
        let shown = records.iter().filter_map(|one| self.render(one));
        let shown = shown.filter(|event| event.kind == LiveKind::Post);
        let wanted = shown.filter(|event| track.is_none_or(|track| event.tracks.contains(&track)));
        wanted.take(most).collect()
    }

    /// How many readers there are.
    pub fn readers(&self) -> usize {
        self.readers.receiver_count()
    }

    fn recent(&self) -> std::sync::MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An event as all readers get it, made when the first one needs it.
    fn render(&self, one: &Offered) -> Option<Arc<LiveEvent>> {
        let rendered = || self.rendered(one).map(Arc::new);
        one.rendered.get_or_init(rendered).clone()
    }

    fn rendered(&self, one: &Offered) -> Option<LiveEvent> {
        let record = Record::decode(&one.entry.bytes).ok()?;
        let Content::Event {
            event, captures, ..
        } = &record.content
        else {
            return None;
        };
        let source = SourceName::parse(&record.source).ok()?;
        let (kind, json) = match &event.body {
            Body::Delete(Delete::Post { post_id, .. }) => {
                let key = format!("{}/{post_id}", event.id.service);
                let json = serde_json::to_vec(&serde_json::json!({ "key": key }));
                (LiveKind::Delete, json.ok()?)
            }
            Body::Delete(Delete::Account { account_id, status }) => {
                let author = format!("{}/{account_id}", event.id.service);
                let json = serde_json::json!({ "author": author, "status": status });
                (LiveKind::Gone, serde_json::to_vec(&json).ok()?)
            }
            body => {
                let post = event.post()?;
                let mut view = PostView::new(&source, record.received_at, event, captures)?;
                let found = with_doc(&event.id.id, post, |doc| {
                    self.live.highlights(doc, captures)
                });
                view.mark(post, found);
                let kind = if matches!(body, Body::Edit(_)) {
                    LiveKind::Edit
                } else {
                    LiveKind::Post
                };
                (kind, serde_json::to_vec(&view).ok()?)
            }
        };
        let tracks = captures.iter().map(|caught| caught.track).collect();
        let (sse, json) = server_sent(kind, one.offset, &json);
        Some(LiveEvent {
            offset: one.offset,
            kind,
            tracks,
            json,
            sse,
        })
    }
}

/// The event, and the JSON within it.
fn server_sent(kind: LiveKind, offset: u64, json: &[u8]) -> (Bytes, Bytes) {
    let mut out = Vec::with_capacity(json.len() + 48);
    out.extend_from_slice(format!("event: {}\nid: {offset}\ndata: ", kind.as_str()).as_bytes());
    let begin = out.len();
    out.extend_from_slice(json);
    out.extend_from_slice(b"\n\n");
    let out = Bytes::from(out);
    let json = out.slice(begin..begin + json.len());
    (out, json)
}

/// The one task that renders and sends.
#[derive(Debug)]
pub struct HubTask {
    hub: Arc<Hub>,
    offered: mpsc::Receiver<Arc<Offered>>,
}

impl HubTask {
    /// Runs until it is dropped.
    pub async fn run(mut self) {
        let mut limit = RateLimit::new(EVENTS_PER_SECOND);
        let mut passer = passing::Passer::new(self.hub.passing.clone());
        let mut batch = Vec::with_capacity(AT_ONCE);
        while self.offered.recv_many(&mut batch, AT_ONCE).await > 0 {
            let missed = std::mem::take(&mut self.hub.recent().overrun);
            passer.pass(&batch, missed);
            self.show(&batch, missed, &mut limit);
            batch.clear();
        }
    }

    /// Sends a batch to the pages, as far as they can show it. No page is no error: the next one starts from the recent records.
    fn show(&self, batch: &[Arc<Offered>], missed: u64, limit: &mut RateLimit) {
        let readers = &self.hub.readers;
        if readers.receiver_count() == 0 {
            return;
        }
        let mut missed = missed;
        for one in batch {
            if !limit.allows(tokio::time::Instant::now()) {
                missed += 1;
                continue;
            }
            if let Some(event) = self.hub.render(one) {
                let _ = readers.send(Delivery::Event(event));
            }
        }
        if missed > 0 {
            let _ = readers.send(Delivery::Missed(missed));
        }
    }
}

/// One reader's place.
#[derive(Debug)]
pub struct Subscription {
    receiver: broadcast::Receiver<Delivery>,
    backlog: VecDeque<Delivery>,
    /// What the backlog holds or held: it may be in the queue too, and is not given twice. Not by order: what several sources
    /// append is not offered in the order of its offsets.
    given: FxHashSet<u64>,
}

impl Subscription {
    /// Waits for the next delivery; `None` when the hub is gone. Cancel-safe.
    pub async fn next(&mut self) -> Option<Delivery> {
        if let Some(delivery) = self.backlog.pop_front() {
            return Some(delivery);
        }
        loop {
            let delivery = match self.receiver.recv().await {
                Ok(delivery) => delivery,
                Err(broadcast::error::RecvError::Lagged(missed)) => Delivery::Missed(missed),
                Err(broadcast::error::RecvError::Closed) => return None,
            };
            if self.is_new(&delivery) {
                return Some(delivery);
            }
        }
    }

    /// What is there already, without waiting.
    pub fn try_next(&mut self) -> Option<Delivery> {
        if let Some(delivery) = self.backlog.pop_front() {
            return Some(delivery);
        }
        loop {
            let delivery = match self.receiver.try_recv() {
                Ok(delivery) => delivery,
                Err(broadcast::error::TryRecvError::Lagged(missed)) => Delivery::Missed(missed),
                Err(_) => return None,
            };
            if self.is_new(&delivery) {
                return Some(delivery);
            }
        }
    }

    fn is_new(&self, delivery: &Delivery) -> bool {
        !matches!(delivery, Delivery::Event(event) if self.given.contains(&event.offset))
    }
}

#[cfg(test)]
mod tests;
