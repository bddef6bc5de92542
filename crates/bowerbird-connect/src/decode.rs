//! Decodes a frame of any form we know: for replays of files whose form nobody states.

use bowerbird_core::event::Event;
use bowerbird_core::source::Refused;

use crate::shape::{self, Shape};
use crate::{jetstream, json, mastodon, native, x};

/// Decodes a frame by the decoder of its form, told from the keys of its top level. A frame of no known form is refused
/// with a reason that names its keys.
pub fn decode_any(bytes: &[u8]) -> Result<Event<'_>, Refused> {
    let text = json::checked(bytes)?;
    let shape = shape::of(text)?;
    match shape {
        Shape::Native => native::read(text),
        Shape::Jetstream => jetstream::read(text),
        Shape::MastodonMessage
        | Shape::MastodonStatus
        | Shape::MastodonAccount
        | Shape::ActivityPub => mastodon::read(text, shape),
        Shape::Activity => Err(Refused::new(
            "a Gnip activity stream: this format is not read yet",
        )),
        Shape::Status | Shape::Control | Shape::StatusPage | Shape::Archived => {
            x::v11::read(text, shape)
        }
        Shape::XEnvelope | Shape::XPage | Shape::XPost | Shape::XProblem | Shape::XCompliance => {
            x::read(text, shape)
        }
    }
}

#[cfg(test)]
mod tests;
