//! What stands between a source and the pipeline: it sets the machine's clock, and notes when connections begin and end and what was handed over.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use bowerbird_core::frame::{Batch, Frame};
use bowerbird_core::repair::{Missing, Repair};
use bowerbird_core::source::{Connection, Decode, Opening, Source, SourceError};
use bowerbird_core::time::Time;
use tokio::sync::watch;

/// When things happen, are received, and what the machine's clock shows then.
#[derive(Debug)]
pub(super) struct Clocks {
    /// When each post happened.
    said: Vec<Time>,
    /// The moment of the last frame that was received: as soon as it happened, or as somebody listened.
    received: i64,
    off_by: i64,
}

impl Default for Clocks {
    fn default() -> Self {
        Self {
            said: Vec::new(),
            received: Self::BEGIN,
            off_by: 0,
        }
    }
}

impl Clocks {
    /// Far from the present of any machine.
    const BEGIN: i64 = 1_704_067_200_000_000;

    /// So many microseconds after the last post, or as much earlier as it is late, another happens.
    pub(super) fn say(&mut self, apart: i64, late_by: i64) -> Time {
        let last = self.said.iter().max().map_or(Self::BEGIN, |last| last.0);
        self.said.push(Time(last + apart - late_by));
        Time(last + apart - late_by)
    }

    /// Sets the machine's clock off by so many microseconds; what it showed before and shows now.
    pub(super) fn set(&mut self, off_by: i64) -> (Time, Time) {
        let before = std::mem::replace(&mut self.off_by, off_by);
        (Time(self.received + before), Time(self.received + off_by))
    }

    /// What it shows as a connection begins: all that was said before is past.
    fn listen(&mut self) {
        self.received = self
            .said
            .iter()
            .fold(self.received, |last, at| last.max(at.0));
    }

    /// What it shows as a frame is received; no two times the same.
    fn shown(&mut self, post: Option<u64>) -> Time {
        let happened = post.and_then(|n| self.said.get(n as usize));
        self.received = happened.map_or(0, |at| at.0).max(self.received + 1);
        Time(self.received + self.off_by)
    }
}

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The clocks.
    pub(super) clocks: Clocks,
    /// How often a connection was opened, with or without success.
    pub(super) opens: u64,
    /// Is one being opened, or open?
    pub(super) is_busy: bool,
    /// Is one open?
    pub(super) is_open: bool,
    /// How often each post was handed over.
    pub(super) posts: BTreeMap<u64, u64>,
    /// Those that came as they were said, or were replayed: not by a repair.
    pub(super) heard: BTreeSet<u64>,
    /// Events that are no posts.
    pub(super) others: u64,
    /// Frames that are no events.
    pub(super) broken: u64,
    /// Somebody has lost patience.
    pub(super) is_late: bool,
}

/// A place to watch from.
#[derive(Debug)]
pub(super) struct Tap {
    seen: Mutex<Seen>,
    changes: watch::Sender<u64>,
}

impl Tap {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            seen: Mutex::default(),
            changes: watch::Sender::default(),
        })
    }

    pub(super) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }

    pub(super) fn note(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.seen());
        self.changes.send_modify(|number| *number += 1);
    }

    /// Waits until something is so, or somebody has lost patience.
    pub(super) async fn until(&self, is_so: impl Fn(&Seen) -> bool) {
        let mut changes = self.changes.subscribe();
        loop {
            {
                let seen = self.seen();
                if is_so(&seen) || seen.is_late {
                    return;
                }
            }
            changes.changed().await.unwrap();
        }
    }

    /// The same connection, watched.
    pub(super) fn onto(self: &Arc<Self>, connection: Connection) -> Connection {
        let tap = Arc::clone(self);
        let (open, decode) = (connection.open, connection.spec.decode);
        let open = move |cursor| -> Opening {
            let (tap, opening) = (Arc::clone(&tap), open(cursor));
            tap.note(|seen| {
                seen.opens += 1;
                seen.is_busy = true;
            });
            Box::pin(async move {
                let busy = Busy(Arc::clone(&tap));
                let source = opening.await?;
                tap.note(|seen| {
                    seen.is_open = true;
                    seen.clocks.listen();
                });
                Ok(Box::new(Tapped {
                    source,
                    decode,
                    busy,
                }) as Box<dyn Source>)
            })
        };
        let repair = connection.repair.map(|repair| {
            let (tap, open) = (Arc::clone(self), repair.open);
            let open = move |missing: &Missing, cursor| -> Opening {
                let (tap, opening) = (Arc::clone(&tap), open(missing, cursor));
                Box::pin(async move {
                    let source = opening.await?;
                    Ok(Box::new(Repairing {
                        source,
                        decode,
                        tap,
                    }) as Box<dyn Source>)
                })
            };
            Repair {
                open: Box::new(open),
                ..repair
            }
        });
        Connection {
            open: Box::new(open),
            repair,
            ..connection
        }
    }
}

impl Seen {
    fn take(&mut self, decode: Decode, frame: &mut Frame, is_live: bool) {
        let post = number(&frame.bytes).filter(|_| frame.broken.is_none());
        frame.received_at = self.clocks.shown(post.filter(|_| is_live));
        if frame.is_keep_alive() {
            return;
        }
        let is_event = frame.broken.is_none() && decode(&frame.bytes).is_ok();
        match post {
            _ if !is_event => self.broken += 1,
            Some(n) => {
                *self.posts.entry(n).or_default() += 1;
                if is_live {
                    self.heard.insert(n);
                }
            }
            None => self.others += 1,
        }
    }
}

/// The number of a post, from its text.
pub(super) fn number(frame: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(frame).ok()?;
    let (_, rest) = text.split_once("post number ")?;
    rest.split(' ').next()?.parse().ok()
}

/// A connection that is opened or open; not any more when dropped.
struct Busy(Arc<Tap>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.note(|seen| {
            seen.is_busy = false;
            seen.is_open = false;
        });
    }
}

struct Tapped {
    source: Box<dyn Source>,
    decode: Decode,
    busy: Busy,
}

#[async_trait]
impl Source for Tapped {
    async fn next_batch(&mut self) -> Result<Option<Batch>, SourceError> {
        let mut batch = self.source.next_batch().await?;
        let tap = &self.busy.0;
        tap.note(|seen| {
            for frame in batch.iter_mut().flat_map(|batch| &mut batch.frames) {
                seen.take(self.decode, frame, true);
            }
        });
        Ok(batch)
    }
}

/// A repair that is read.
struct Repairing {
    source: Box<dyn Source>,
    decode: Decode,
    tap: Arc<Tap>,
}

#[async_trait]
impl Source for Repairing {
    async fn next_batch(&mut self) -> Result<Option<Batch>, SourceError> {
        let mut batch = self.source.next_batch().await?;
        self.tap.note(|seen| {
            for frame in batch.iter_mut().flat_map(|batch| &mut batch.frames) {
                seen.take(self.decode, frame, false);
            }
        });
        Ok(batch)
    }
}
