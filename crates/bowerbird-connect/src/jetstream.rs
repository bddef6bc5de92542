//! Bluesky through Jetstream: the events of the old wire (`/subscribe`) and of the new one (`subscribeEvents`).

use bowerbird_core::event::Event;
use bowerbird_core::source::Refused;

use crate::json;
use crate::shape::{self, Shape};

mod config;
mod convert;
mod marks;
mod place;
mod repair;
mod request;
mod source;
mod unpack;
mod wire;

pub use config::{JETSTREAM_BASE_URLS, JETSTREAM_COLLECTIONS, JetstreamConfig, JetstreamWire};
pub use source::connect;

/// Decodes an event of either wire.
pub fn decode(bytes: &[u8]) -> Result<Event<'_>, Refused> {
    let text = json::checked(bytes)?;
    match shape::of(text)? {
        Shape::Jetstream => read(text),
        shape => Err(Refused::new(format!(
            "expected a Jetstream event, found {}",
            shape.name()
        ))),
    }
}

/// Takes packed messages of the old wire one after the other, as a connection and the pipeline do: unpacks each, looks for its moment, decodes it. For measuring.
#[cfg(feature = "testing")]
pub fn packed_decoder(
    dictionary: &[u8],
) -> Result<impl FnMut(&[u8]) -> bool, crate::error::ConnectError> {
    let mut unpack = unpack::Unpack::new(dictionary)?;
    Ok(move |packed: &[u8]| {
        unpack.unpack(packed).is_ok_and(|message| {
            place::moment(JetstreamWire::Old, &message).is_some() && decode(&message).is_ok()
        })
    })
}

/// Reads checked text that looks like an event of Jetstream.
pub(crate) fn read(text: &str) -> Result<Event<'_>, Refused> {
    convert::event(&json::object(text)?)
}
