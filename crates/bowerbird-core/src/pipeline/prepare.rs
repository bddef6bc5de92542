//! From frames to spool entries: decode, match, compress, encode. Pure work for a core; no waiting.

use crate::event::{Body, Event, NoticeKind, with_doc};
use crate::frame::Frame;
use crate::ids::SourceName;
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
}

/// A batch ready to be made durable.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    /// Frames that were no keep-alives.
    pub(super) read: u64,
    /// Of those, dropped because no track matched.
    pub(super) unmatched: u64,
    /// The last byte's time, keep-alives included.
    pub(super) heard_at: Option<Time>,
    /// When the first frame came.
    pub(super) first_at: Option<Time>,
    /// Limit notices: when, and how many posts were withheld on this connection so far.
    pub(super) limits: Vec<(Time, u64)>,
    /// The records.
    pub(super) entries: Vec<Entry>,
}

impl Preparer<'_> {
    /// Prepares a batch.
    pub(super) fn prepare(&self, frames: &[Frame]) -> Prepared {
        let mut matcher = self.live.matcher();
        let mut packers = Packers {
            codec: self.codec,
            by_service: Vec::new(),
        };
        let mut prepared = Prepared {
            entries: Vec::with_capacity(frames.len()),
            ..Prepared::default()
        };
        for frame in frames {
            prepared.first_at.get_or_insert(frame.received_at);
            prepared.heard_at = Some(frame.received_at);
            if frame.is_keep_alive() {
                continue;
            }
            prepared.read += 1;
            match self.decoded(frame) {
                Ok(event) => self.event(frame, event, &mut matcher, &mut packers, &mut prepared),
                Err(reason) => prepared
                    .entries
                    .push(self.refused(frame, &reason, &mut packers)),
            }
        }
        prepared
    }

    fn decoded<'f>(&self, frame: &'f Frame) -> Result<Event<'f>, String> {
        match &frame.broken {
            Some(reason) => Err(reason.clone()),
            None => (self.decode)(&frame.bytes).map_err(|refused| refused.reason),
        }
    }

    fn event(
        &self,
        frame: &Frame,
        event: Event<'_>,
        matcher: &mut Matcher,
        packers: &mut Packers<'_>,
        prepared: &mut Prepared,
    ) {
        let captures = self.captures(&event, frame.received_at, matcher);
        let is_new_post = matches!(event.body, Body::Post(_));
        if self.keep == Keep::Matched && is_new_post && captures.is_empty() {
            prepared.unmatched += 1;
            return;
        }
        if let Body::Notice(notice) = &event.body
            && notice.kind == NoticeKind::Limit
        {
            prepared
                .limits
                .push((frame.received_at, notice.withheld.unwrap_or(0)));
        }
        if is_new_post {
            self.sampler
                .offer(&event.id.service, &frame.bytes, self.codec);
        }
        let key = event.id.key();
        let raw = packers.of(&event.id.service).pack(&frame.bytes);
        let content = Content::Event {
            event,
            captures,
            raw: &raw,
        };
        prepared
            .entries
            .push(self.entry(key, frame.received_at, content, raw.len() + 512));
    }

    fn captures(&self, event: &Event<'_>, received_at: Time, matcher: &mut Matcher) -> Vec<Caught> {
        let Some(post) = event.post() else {
            return Vec::new();
        };
        with_doc(&event.id.id, post, |doc| {
            matcher.captures(self.source, received_at, doc)
        })
    }

    fn refused(&self, frame: &Frame, reason: &str, packers: &mut Packers<'_>) -> Entry {
        let raw = packers.of("").pack(&frame.bytes);
        let content = Content::Refused {
            reason: reason.into(),
            raw: &raw,
        };
        self.entry(0, frame.received_at, content, raw.len() + 256)
    }

    fn entry(
        &self,
        key: u64,
        received_at: Time,
        content: Content<'_>,
        about_bytes: usize,
    ) -> Entry {
        let record = Record {
            source: self.source.as_str().into(),
            received_at,
            content,
        };
        Entry {
            key,
            bytes: record.encode(Vec::with_capacity(about_bytes)).into(),
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
