//! From frames to spool entries: decode, match, compress, encode. Pure work for a core; no waiting.

use bytes::Bytes;

use crate::bill::{Call, Charge, Money, Priced, Withheld};
use crate::event::{Body, Event, NoticeKind, aliases_of, with_doc};
use crate::frame::Frame;
use crate::hub::Touched;
use crate::ids::{SourceName, TrackId};
use crate::live::{LiveTracks, Matcher};
use crate::raw::{Packer, RawCodec};
use crate::record::{Caught, Content, Record};
use crate::source::{Decode, Keep};
use crate::spool::Entry;
use crate::time::Time;

use super::dictionary::Sampler;

/// What preparing needs to know.
#[derive(Debug)]
pub(super) struct Preparer<'p> {
    pub(super) source: &'p SourceName,
    pub(super) decode: Decode,
    pub(super) keep: Keep,
    pub(super) live: &'p LiveTracks,
    pub(super) codec: &'p RawCodec,
    pub(super) sampler: &'p Sampler,
    pub(super) price: Price<'p>,
    /// The gap that is being repaired; `None` for what comes by itself.
    pub(super) repairs: Option<Repairs>,
}

/// A gap that is being repaired.
#[derive(Debug, Clone, Copy)]
pub(super) struct Repairs {
    pub(super) gap: u64,
    /// What happened in it is matched against the tracks as if it had come then.
    pub(super) from: Time,
    pub(super) until: Time,
}

/// What a post of the source costs, and who does not pay.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Price<'p> {
    /// Nothing, where posts are free.
    pub(super) post: Money,
    /// Of an account, or a change of its profile.
    pub(super) account: Money,
    /// The tracks that the service is not asked for now: what others paid for reaches them free.
    pub(super) withheld: Option<&'p Withheld>,
}

/// A batch ready to be made durable.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    /// Frames that were no keep-alives.
    pub(super) read: u64,
    /// Of those, no more than edits of what is kept, because no track matched.
    pub(super) unmatched: u64,
    /// The last byte's time, keep-alives included.
    pub(super) heard_at: Option<Time>,
    /// When the first frame came.
    pub(super) first_at: Option<Time>,
    /// Limit notices: when, and how many posts were withheld on this connection so far.
    pub(super) limits: Vec<(Time, u64)>,
    /// What the records delete, for live memory.
    pub(super) touched: Touched,
    /// The records.
    pub(super) entries: Vec<Entry>,
}

/// The records of a batch, encoded one after another into one buffer: one allocation, and what is read together lies together.
#[derive(Default)]
struct Encoded {
    buffer: Vec<u8>,
    ends: Vec<(u64, usize)>,
}

impl Encoded {
    fn push(&mut self, key: u64, record: &Record<'_>) {
        self.buffer = record.encode(std::mem::take(&mut self.buffer));
        self.ends.push((key, self.buffer.len()));
    }

    fn into_entries(self) -> Vec<Entry> {
        let buffer = Bytes::from(self.buffer);
        let starts = std::iter::once(0).chain(self.ends.iter().map(|(_, end)| *end));
        let records = starts.zip(&self.ends);
        let entry = |(start, (key, end)): (usize, &(u64, usize))| Entry {
            key: *key,
            bytes: buffer.slice(start..*end),
        };
        records.map(entry).collect()
    }
}

/// What one batch is worked on with.
struct Work<'p> {
    matcher: Matcher,
    packers: Packers<'p>,
    prepared: Prepared,
    encoded: Encoded,
    /// The posts that cost something.
    calls: Vec<Call>,
    /// The accounts that do.
    accounts: Vec<Call>,
}

impl Preparer<'_> {
    /// Prepares a batch.
    pub(super) fn prepare(&self, frames: &[Frame]) -> Prepared {
        let mut work = Work {
            matcher: self.live.matcher(),
            packers: Packers {
                codec: self.codec,
                by_service: Vec::new(),
            },
            prepared: Prepared::default(),
            encoded: Encoded::default(),
            calls: Vec::new(),
            accounts: Vec::new(),
        };
        for frame in frames {
            work.prepared.first_at.get_or_insert(frame.received_at);
            work.prepared.heard_at = Some(frame.received_at);
            if frame.is_keep_alive() {
                continue;
            }
            work.prepared.read += 1;
            match self.decoded(frame) {
                Ok(event) => self.event(frame, event, &mut work),
                Err(reason) => {
                    if self.price.post > Money::ZERO && frame.broken.is_none() {
                        // What we do not understand is billed all the same.
                        work.calls.push(Call {
                            id: String::new(),
                            tracks: Vec::new(),
                        });
                    }
                    self.refused(frame, &reason, &mut work);
                }
            }
        }
        for (what, price, calls) in [
            (Priced::Post, self.price.post, work.calls),
            (Priced::Account, self.price.account, work.accounts),
        ] {
            if let Some(received_at) = work.prepared.heard_at.filter(|_| !calls.is_empty()) {
                let charge = Content::Charge(Charge { what, price, calls });
                let record = self.record(received_at, charge);
                work.encoded.push(Entry::NO_EVENT, &record);
            }
        }
        Prepared {
            entries: work.encoded.into_entries(),
            ..work.prepared
        }
    }

    fn decoded<'f>(&self, frame: &'f Frame) -> Result<Event<'f>, String> {
        match &frame.broken {
            Some(reason) => Err(reason.clone()),
            None => (self.decode)(&frame.bytes).map_err(|refused| refused.reason),
        }
    }

    fn event(&self, frame: &Frame, event: Event<'_>, work: &mut Work<'_>) {
        let matched_at = self.repairs.map_or(frame.received_at, |gap| {
            let happened = event.at.unwrap_or(gap.until);
            happened.min(gap.until).max(gap.from)
        });
        let captures = self.captures(&event, matched_at, &mut work.matcher);
        let key = event.id.key();
        if self.price.post > Money::ZERO && event.post().is_some() {
            work.calls.push(self.price.call(&event, &captures));
        }
        if self.price.account > Money::ZERO && matches!(event.body, Body::Profile(_)) {
            work.accounts.push(Call {
                id: format!("{} {}", event.id.id, event.id.version),
                tracks: Vec::new(),
            });
        }
        match &event.body {
            Body::Post(_) if self.keep == Keep::Matched && captures.is_empty() => {
                work.prepared.unmatched += 1;
                return;
            }
            Body::Edit(_) if self.keep == Keep::Matched && captures.is_empty() => {
                work.prepared.unmatched += 1;
                return self.uncaught_edit(frame, event, work);
            }
            Body::Post(_) => self
                .sampler
                .offer(&event.id.service, &frame.bytes, self.codec),
            Body::Notice(notice) if notice.kind == NoticeKind::Limit => {
                let withheld = notice.withheld.unwrap_or(0);
                work.prepared.limits.push((frame.received_at, withheld));
            }
            _ => {}
        }
        let aliases = aliases_of(&event);
        if !aliases.is_empty() {
            let service = event.id.service.as_ref().into();
            let known = Content::Aliases { service, aliases };
            let record = self.record(frame.received_at, known);
            // Nothing to show, and in order with nothing: the store minds not which comes first, the name or what is done by it.
            work.encoded.push(Entry::NO_EVENT, &record);
        }
        work.prepared.touched.note(work.encoded.ends.len(), &event);
        let raw = work.packers.of(&event.id.service).pack(&frame.bytes);
        let content = Content::Event {
            event,
            captures,
            raw,
            repairs: self.repairs.map(|gap| gap.gap),
        };
        let record = self.record(frame.received_at, content);
        work.encoded.push(key, &record);
    }

    /// Whether its post is kept, only the store knows.
    fn uncaught_edit(&self, frame: &Frame, event: Event<'_>, work: &mut Work<'_>) {
        work.prepared.touched.note(work.encoded.ends.len(), &event);
        let raw = work.packers.of(&event.id.service).pack(&frame.bytes);
        let content = Content::UncaughtEdit { event, raw };
        let record = self.record(frame.received_at, content);
        work.encoded.push(Entry::NO_EVENT, &record);
    }

    fn captures(&self, event: &Event<'_>, received_at: Time, matcher: &mut Matcher) -> Vec<Caught> {
        let Some(post) = event.post() else {
            return Vec::new();
        };
        with_doc(&event.id.id, post, |doc| {
            matcher.captures(self.source, received_at, doc)
        })
    }

    fn refused(&self, frame: &Frame, reason: &str, work: &mut Work<'_>) {
        let raw = work.packers.of("").pack(&frame.bytes);
        let content = Content::Refused {
            reason: reason.into(),
            raw,
        };
        let record = self.record(frame.received_at, content);
        work.encoded.push(Entry::NO_EVENT, &record);
    }

    fn record<'r>(&'r self, received_at: Time, content: Content<'r>) -> Record<'r> {
        Record {
            source: self.source.as_str().into(),
            received_at,
            content,
        }
    }
}

impl Price<'_> {
    /// A delivered post, shared by those who asked for it; if only those who must wait caught it, by them.
    fn call(&self, event: &Event<'_>, captures: &[Caught]) -> Call {
        let caught: Vec<TrackId> = captures.iter().map(|caught| caught.track).collect();
        let waits = |track: &TrackId| self.withheld.is_some_and(|held| held.get(*track).is_some());
        let asking: Vec<TrackId> = caught
            .iter()
            .copied()
            .filter(|track| !waits(track))
            .collect();
        Call {
            id: event.id.id.to_string(),
            tracks: if asking.is_empty() { caught } else { asking },
        }
    }
}

/// One packer for each service met in a batch; a replay may hold several.
struct Packers<'c> {
    codec: &'c RawCodec,
    by_service: Vec<(String, Packer)>,
}

impl Packers<'_> {
    fn of(&mut self, service: &str) -> &mut Packer {
        let known = self.by_service.iter().position(|(name, _)| name == service);
        let index = known.unwrap_or_else(|| {
            self.by_service
                .push((service.to_owned(), self.codec.packer(service)));
            self.by_service.len() - 1
        });
        &mut self.by_service[index].1
    }
}

#[cfg(test)]
mod tests;
