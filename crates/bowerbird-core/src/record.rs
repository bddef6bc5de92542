//! A spool record: one event on its way to every lane, in compact form, with what caught it and its raw bytes.
//!
//! The form is versioned: one byte, [`VERSION`] or an earlier one, then `postcard`; what an earlier version wrote is read as `older` says.
//! Reading borrows from the record's bytes. Raw bytes are compressed once,
//! by [`crate::raw`], before they come here, and every lane that keeps them keeps them as they are.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::bill::Charge;
use crate::event::{Alias, Event};
use crate::gap::Cause;
use crate::ids::TrackId;
use crate::time::Time;

mod older;

/// The form this build writes. It reads this and every earlier one.
pub const VERSION: u8 = 4;

/// One record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record<'a> {
    /// The name of the source it came through.
    #[serde(borrow)]
    pub source: Cow<'a, str>,
    /// When the frame's last byte came.
    pub received_at: Time,
    /// What it carries.
    #[serde(borrow)]
    pub content: Content<'a>,
}

/// What a record carries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Content<'a> {
    /// An event.
    Event {
        /// What happened.
        #[serde(borrow)]
        event: Event<'a>,
        /// The tracks whose rules matched.
        captures: Vec<Caught>,
        /// The frame's bytes, compressed by [`crate::raw`].
        #[serde(borrow)]
        raw: &'a [u8],
        /// The gap by whose repair it came; `None` for what came by itself.
        repairs: Option<u64>,
    },
    /// A frame that is no event.
    Refused {
        /// Why.
        #[serde(borrow)]
        reason: Cow<'a, str>,
        /// The frame's bytes, compressed by [`crate::raw`].
        #[serde(borrow)]
        raw: &'a [u8],
    },
    /// A span for which the source can't promise completeness. The same `from` again is the same gap, if it is the same track's and of the same
    /// [family](Cause::family).
    Gap {
        /// The only track it concerns; `None` for all that listen to the source.
        track: Option<TrackId>,
        /// The last byte before it.
        from: Time,
        /// The first byte after it; `None` while it lasts.
        until: Option<Time>,
        /// Why.
        cause: Cause,
        /// What happened, in the words it came in.
        #[serde(borrow)]
        reason: Cow<'a, str>,
        /// How many posts were lost in it, where the service says so.
        lost: Option<u64>,
    },
    /// A record that a lane could not handle.
    Buried {
        /// The lane.
        #[serde(borrow)]
        lane: Cow<'a, str>,
        /// Why.
        #[serde(borrow)]
        reason: Cow<'a, str>,
        /// The record as it was.
        #[serde(borrow)]
        record: &'a [u8],
    },
    /// Calls that the source's service takes money for.
    Charge(Charge),
    /// Other ids of posts; it comes before the event that told them.
    Aliases {
        /// The service whose ids they are.
        #[serde(borrow)]
        service: Cow<'a, str>,
        /// What they are, and of which posts.
        #[serde(borrow)]
        aliases: Vec<Alias<'a>>,
    },
    /// A later version of a post that no track caught, through a source that keeps only what one caught. It is counted as unmatched when it
    /// is read; here it changes the post where that is kept, and is nothing else.
    UncaughtEdit {
        /// The edit.
        #[serde(borrow)]
        event: Event<'a>,
        /// The frame's bytes, compressed by [`crate::raw`].
        #[serde(borrow)]
        raw: &'a [u8],
    },
}

impl<'a> Content<'a> {
    /// What happened, where it is that something did.
    pub fn event(&self) -> Option<&Event<'a>> {
        match self {
            Self::Event { event, .. } | Self::UncaughtEdit { event, .. } => Some(event),
            _ => None,
        }
    }
}

/// That a track's rule matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caught {
    /// The track.
    pub track: TrackId,
    /// Which version of its rule.
    pub rule_version: u32,
}

/// Why bytes are not a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Written by a newer build.
    #[error("record has form {0}, this build reads up to {VERSION}: a newer bowerbird wrote it")]
    Newer(u8),
    /// Not a record at all.
    #[error("record is damaged: {0}")]
    Damaged(String),
}

/// How many characters of a reason are kept when a record is buried.
pub const MOST_REASON: usize = 2_000;

/// The bytes of the record that says `lane` could not handle the one in `bytes`. Burying what was buried before wraps the first record
/// again, not the wrapping, so that it never grows.
pub fn bury(lane: &str, reason: &str, bytes: &[u8]) -> Vec<u8> {
    let reason: String = reason.chars().take(MOST_REASON).collect();
    let was = Record::decode(bytes);
    let (source, received_at) = match &was {
        Ok(record) => (record.source.as_ref(), record.received_at),
        Err(_) => ("unknown", Time::default()),
    };
    let innermost = match &was {
        Ok(Record {
            content: Content::Buried { record, .. },
            ..
        }) => record,
        _ => bytes,
    };
    let buried = Record {
        source: Cow::Borrowed(source),
        received_at,
        content: Content::Buried {
            lane: Cow::Borrowed(lane),
            reason: Cow::Owned(reason),
            record: innermost,
        },
    };
    buried.encode(Vec::with_capacity(innermost.len() + 128))
}

impl<'a> Record<'a> {
    /// The record's bytes, appended to `out`.
    pub fn encode(&self, out: Vec<u8>) -> Vec<u8> {
        let mut out = out;
        out.push(VERSION);
        postcard::to_extend(self, out)
            .expect("a record has no type that postcard refuses, and a Vec grows")
    }

    /// Reads a record, borrowing from `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, RecordError> {
        match bytes.split_first() {
            Some((&VERSION, rest)) => postcard::from_bytes(rest).map_err(damaged),
            Some((1..=3, rest)) => older::read(rest).map_err(damaged),
            Some((&newer, _)) if newer > VERSION => Err(RecordError::Newer(newer)),
            _ => Err(RecordError::Damaged(
                "empty, or of no known form".to_owned(),
            )),
        }
    }
}

fn damaged(error: postcard::Error) -> RecordError {
    RecordError::Damaged(error.to_string())
}

#[cfg(test)]
mod tests;
