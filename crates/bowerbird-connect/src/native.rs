//! Our own wire form of an event, versioned: `{"bowerbird":1,"event":{…}}`. The synthetic source speaks it, and a user's
//! program may.
//!
//! What comes in it comes from outside all the same: spans are brought onto character boundaries and embedded posts cut
//! to the two levels an event may have.

use bowerbird_core::event::{Embedded, Event, Post};
use bowerbird_core::source::Refused;
use serde::{Deserialize, Serialize};

use crate::json;

/// The form this build writes. It reads this and every earlier one.
const VERSION: u64 = 1;

#[derive(Serialize, Deserialize)]
struct Envelope<E> {
    bowerbird: u64,
    event: E,
}

/// Reads only the version, so that a newer form is named instead of misread.
#[derive(Deserialize)]
struct Versioned {
    bowerbird: u64,
}

/// Reads an event.
pub fn decode(bytes: &[u8]) -> Result<Event<'_>, Refused> {
    read(json::checked(bytes)?)
}

/// The event as bytes, without a line's end.
pub fn encode(event: &Event<'_>) -> Vec<u8> {
    let envelope = Envelope {
        bowerbird: VERSION,
        event,
    };
    sonic_rs::to_vec(&envelope).expect("an event has no map with other than text keys")
}

pub(crate) fn read(text: &str) -> Result<Event<'_>, Refused> {
    let envelope: Envelope<Event<'_>> =
        json::parse(text).map_err(|refused| newer(text).unwrap_or(refused))?;
    if let Some(refused) = check_version(envelope.bowerbird) {
        return Err(refused);
    }
    let mut event = envelope.event;
    if event.id.service.is_empty() || event.id.id.is_empty() {
        return Err(Refused::new("event.id: service or id is empty"));
    }
    if let bowerbird_core::event::Body::Post(post) | bowerbird_core::event::Body::Edit(post) =
        &mut event.body
    {
        tidy(post, 2);
    }
    Ok(event)
}

#[cold]
fn newer(text: &str) -> Option<Refused> {
    check_version(json::parse::<Versioned>(text).ok()?.bowerbird)
}

fn check_version(version: u64) -> Option<Refused> {
    (version != VERSION).then(|| {
        Refused::new(format!(
            "a Bowerbird event of form {version}; this build reads form {VERSION}"
        ))
    })
}

/// Brings spans onto character boundaries of the text, and drops what is embedded deeper than `levels`.
fn tidy(post: &mut Post<'_>, levels: u8) {
    for entity in &mut post.entities {
        let span = entity.span.start as usize..entity.span.end as usize;
        if post.text.get(span).is_none() {
            entity.span = 0..0;
        }
    }
    if levels == 0 {
        post.embedded.clear();
    }
    for Embedded { post, .. } in &mut post.embedded {
        tidy(post, levels - 1);
    }
}

#[cfg(test)]
mod tests;
