//! Records as versions 1 to 3 wrote them, read as what they say now. The types here are never changed.

use std::borrow::Cow;

use serde::Deserialize;

use super::{Caught, Content, Record};
use crate::bill::Charge;
use crate::event::{Alias, Event};
use crate::gap::Cause;
use crate::ids::TrackId;
use crate::time::Time;

/// Reads what follows the version.
pub(super) fn read(bytes: &[u8]) -> Result<Record<'_>, postcard::Error> {
    let old: Record3<'_> = postcard::from_bytes(bytes)?;
    Ok(Record {
        source: old.source,
        received_at: old.received_at,
        content: old.content.into(),
    })
}

#[derive(Deserialize)]
struct Record3<'a> {
    #[serde(borrow)]
    source: Cow<'a, str>,
    received_at: Time,
    #[serde(borrow)]
    content: Content3<'a>,
}

/// Version 1 knew the first four, version 2 all but the last.
#[derive(Deserialize)]
enum Content3<'a> {
    Event {
        #[serde(borrow)]
        event: Event<'a>,
        captures: Vec<Caught>,
        #[serde(borrow)]
        raw: &'a [u8],
    },
    Refused {
        #[serde(borrow)]
        reason: Cow<'a, str>,
        #[serde(borrow)]
        raw: &'a [u8],
    },
    Gap {
        from: Time,
        until: Option<Time>,
        #[serde(borrow)]
        reason: Cow<'a, str>,
        lost: Option<u64>,
    },
    Buried {
        #[serde(borrow)]
        lane: Cow<'a, str>,
        #[serde(borrow)]
        reason: Cow<'a, str>,
        #[serde(borrow)]
        record: &'a [u8],
    },
    Charge(Charge),
    /// A gap because a budget was spent.
    Withheld {
        track: Option<TrackId>,
        from: Time,
        until: Option<Time>,
        #[serde(borrow)]
        reason: Cow<'a, str>,
    },
    Aliases {
        #[serde(borrow)]
        service: Cow<'a, str>,
        #[serde(borrow)]
        aliases: Vec<Alias<'a>>,
    },
}

impl<'a> From<Content3<'a>> for Content<'a> {
    fn from(old: Content3<'a>) -> Self {
        match old {
            Content3::Event {
                event,
                captures,
                raw,
            } => Self::Event {
                event,
                captures,
                raw,
                repairs: None,
            },
            Content3::Refused { reason, raw } => Self::Refused { reason, raw },
            Content3::Gap {
                from,
                until,
                reason,
                lost,
            } => Self::Gap {
                track: None,
                from,
                until,
                cause: Cause::told_by(&reason),
                reason,
                lost,
            },
            Content3::Buried {
                lane,
                reason,
                record,
            } => Self::Buried {
                lane,
                reason,
                record,
            },
            Content3::Charge(charge) => Self::Charge(charge),
            Content3::Withheld {
                track,
                from,
                until,
                reason,
            } => Self::Gap {
                track,
                from,
                until,
                cause: Cause::Budget,
                reason,
                lost: None,
            },
            Content3::Aliases { service, aliases } => Self::Aliases { service, aliases },
        }
    }
}
