//! Live delivery: one reader's server-sent events, joined a few at a time.
//!
//! The hub has rendered every event once for all; a reader only picks those of its tracks and joins what has come within a tick into one
//! write, which is worth seven times the throughput of a write each. A reader that does not read fills its own socket and then misses events;
//! it is told how many. Nothing here waits for a reader, and everything ends when the site closes.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bowerbird_core::hub::{Delivery, LiveEvent, Subscription};
use bowerbird_core::ids::TrackId;
use bytes::{Bytes, BytesMut};
use futures_util::stream;
use tokio::sync::{OwnedSemaphorePermit, watch};

use crate::site::{Site, closed};

/// How long events are gathered before they are written: unnoticeable on a page, and it bounds the writes a second.
const TICK: Duration = Duration::from_millis(40);
/// About how many bytes are joined at most.
pub(crate) const CHUNK_BYTES: usize = 64 << 10;
/// How often a quiet stream says that it is there, so that both sides notice a dead connection.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(15);
/// First words of a stream: how long a browser waits before it opens again (milliseconds).
const PRELUDE: &str = "retry: 2000\n: live\n\n";

/// One open page.
struct Reader {
    subscription: Subscription,
    /// Empty for everything.
    tracks: Vec<TrackId>,
    tally: watch::Receiver<Bytes>,
    closing: watch::Receiver<bool>,
    /// Begins with the prelude.
    out: BytesMut,
    /// Counts against the limit of live readers while the stream lives.
    _permit: OwnedSemaphorePermit,
}

/// The body of a live stream, with what came after an offset first.
pub(crate) fn events(
    site: &Arc<Site>,
    tracks: Vec<TrackId>,
    after: Option<u64>,
    permit: OwnedSemaphorePermit,
) -> Body {
    let mut tally = site.tally.subscribe(site);
    tally.mark_changed();
    let reader = Reader {
        subscription: site.parts.hub.subscribe(after),
        tracks,
        tally,
        closing: site.closing(),
        out: BytesMut::from(PRELUDE),
        _permit: permit,
    };
    Body::from_stream(stream::unfold(reader, |mut reader| async move {
        let chunk = reader.next_chunk().await?;
        Some((Ok::<_, std::convert::Infallible>(chunk), reader))
    }))
}

impl Reader {
    /// What to write next; `None` when the stream ends.
    async fn next_chunk(&mut self) -> Option<Bytes> {
        while self.out.is_empty() {
            tokio::select! {
                () = closed(&mut self.closing) => return None,
                delivery = self.subscription.next() => {
                    self.add(&delivery?);
                    tokio::time::sleep(TICK).await;
                    self.add_waiting();
                }
                changed = self.tally.changed() => {
                    changed.ok()?;
                    self.out.extend_from_slice(&self.tally.borrow_and_update());
                }
                () = tokio::time::sleep(HEARTBEAT) => self.out.extend_from_slice(b": still here\n\n"),
            }
        }
        Some(self.out.split().freeze())
    }

    /// Adds what is there without waiting.
    fn add_waiting(&mut self) {
        while self.out.len() < CHUNK_BYTES {
            match self.subscription.try_next() {
                Some(delivery) => self.add(&delivery),
                None => break,
            }
        }
    }

    fn add(&mut self, delivery: &Delivery) {
        match delivery {
            Delivery::Event(event) if is_wanted(event, &self.tracks) => {
                self.out.extend_from_slice(&event.sse)
            }
            Delivery::Event(_) => {}
            Delivery::Missed(missed) => {
                let told = format!("event: missed\ndata: {{\"missed\":{missed}}}\n\n");
                self.out.extend_from_slice(told.as_bytes());
            }
        }
    }
}

/// What ends concerns everyone: which tracks a post was caught by may have changed since.
fn is_wanted(event: &LiveEvent, tracks: &[TrackId]) -> bool {
    tracks.is_empty()
        || event.kind.is_end()
        || event.tracks.iter().any(|track| tracks.contains(track))
}
