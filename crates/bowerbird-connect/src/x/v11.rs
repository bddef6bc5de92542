//! X's v1.1 forms: statuses of every generation, the other messages of its streams, and the elements of X archives.
//!
//! The streams ended in 2023; the form lives on in archives and recordings, from 2010's statuses without a single entity to
//! today's exports with every number as text.

use bowerbird_core::event::{Event, NoticeKind};
use bowerbird_core::source::Refused;

use super::other;
use crate::json;
use crate::json::field::Maybe;
use crate::json::lenient::objects;
use crate::shape::{self, Shape};

mod control;
mod convert;
mod marks;
mod wire;

/// Decodes a v1.1 status (classic, compatible, extended, or of an X archive) or another message of a v1.1 stream.
pub fn decode_v11(bytes: &[u8]) -> Result<Event<'_>, Refused> {
    let text = json::checked(bytes)?;
    read(text, shape::of(text)?)
}

objects! {
    /// An element of `window.YTD.tweets.part0`.
    struct Archived<'a> {
        tweet: Maybe<wire::Status<'a>>,
    }
}

/// Reads checked text of a known form.
pub(crate) fn read(text: &str, shape: Shape) -> Result<Event<'_>, Refused> {
    match shape {
        // A status with nothing but an id and a text looks like a post of v2.
        Shape::Status | Shape::XPost => convert::status_event(&json::object(text)?, ""),
        Shape::Archived => {
            let archived: Archived<'_> = json::object(text)?;
            match archived.tweet.get() {
                Some(status) => convert::status_event(status, "tweet"),
                None => Err(Refused::new("tweet: expected an object")),
            }
        }
        Shape::Control => control::read(text),
        Shape::StatusPage => Err(Refused::new(
            "a page without statuses, or one that was not split into its statuses",
        )),
        _ => Err(Refused::new(format!(
            "expected an X v1.1 message, found {}",
            shape.name()
        ))),
    }
}

/// A message that is kept as a mere notice.
fn only_counted<'a>(id: String, text: impl Into<std::borrow::Cow<'a, str>>) -> Event<'a> {
    other::notice(id, NoticeKind::Other, text)
}
