//! Mastodon, and what speaks as Mastodon does: its streams and timelines, and archives of ActivityPub.

use bowerbird_core::event::Event;
use bowerbird_core::source::Refused;

use crate::json;
use crate::shape::{self, Shape};

mod activity;
mod api;
mod config;
mod convert;
mod frames;
mod html;
mod marks;
mod names;
mod repair;
mod source;
mod sse;
mod streams;
mod wire;

pub use config::{MastodonConfig, MastodonTransport};
pub use source::connect;

/// Decodes a message of a stream, a status, an account, or a thing of ActivityPub.
pub fn decode(bytes: &[u8]) -> Result<Event<'_>, Refused> {
    let text = json::checked(bytes)?;
    match shape::of(text)? {
        shape @ (Shape::MastodonMessage
        | Shape::MastodonStatus
        | Shape::MastodonAccount
        | Shape::ActivityPub) => read(text, shape),
        shape => Err(Refused::new(format!(
            "expected a message of Mastodon, found {}",
            shape.name()
        ))),
    }
}

/// Reads checked text of one of Mastodon's shapes.
pub(crate) fn read(text: &str, shape: Shape) -> Result<Event<'_>, Refused> {
    match shape {
        Shape::MastodonStatus => convert::bare(&json::object(text)?),
        Shape::MastodonAccount => convert::profile(&json::object(text)?),
        Shape::ActivityPub => activity::thing(&json::object(text)?),
        _ => convert::message(&json::object(text)?),
    }
}
