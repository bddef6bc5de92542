//! X (formerly Twitter): its API v2, and the v1.1 forms that most archives have.

use bowerbird_core::event::Event;
use bowerbird_core::source::Refused;

use crate::json;
use crate::shape::{self, Shape};

mod accounts;
mod activity;
mod api;
pub(crate) mod archive;
mod backfill;
mod config;
mod convert;
mod counts;
mod feeds;
mod fields;
mod helps;
mod limiter;
mod lines;
mod marks;
mod other;
mod packing;
mod page;
mod planner;
mod problem;
mod purse;
mod queries;
mod reconcile;
mod rules_api;
mod search;
mod slots;
mod source;
mod standing;
mod steps;
mod stream;
mod subscriptions;
#[cfg(test)]
mod testing;
mod text;
mod timelines;
pub(crate) mod v11;
mod wire;
mod wishes;

pub use activity::{X_ACTIVITY_EVENTS, XActivity};
pub use backfill::MAX_BACKFILL_MINUTES;
pub use bowerbird_core::plan::LeftOut;
pub use config::{X_BASE_URL, X_MAX_RULES, X_PRICES, XConfig, XFeed, XReport, XStatus};
pub use counts::counter;
pub use feeds::connect;
pub use limiter::Limiter;
pub use page::split_page;
pub use planner::{assumed_plan, planner};
pub use timelines::XTimelines;
pub use v11::decode_v11;

/// Decodes a line of an X v2 stream or an object of its API: a post with its `includes`, a post by itself (also flattened
/// by twarc), an activity, a compliance event, or an error message.
pub fn decode_v2(bytes: &[u8]) -> Result<Event<'_>, Refused> {
    let text = json::checked(bytes)?;
    read(text, shape::of(text)?)
}

/// Reads checked text of a known form.
pub(crate) fn read(text: &str, shape: Shape) -> Result<Event<'_>, Refused> {
    match shape {
        Shape::XEnvelope => {
            let envelope: wire::Envelope<'_> = json::object(text)?;
            if other::is_post(&envelope.data) {
                convert::post_event(&envelope.data, &envelope.includes, "data")
            } else {
                other::read(text)
            }
        }
        Shape::XPost => {
            let post: wire::Post<'_> = json::object(text)?;
            convert::post_event(&post, &wire::Includes::default(), "")
        }
        Shape::XProblem => other::problem(text),
        Shape::XCompliance => other::compliance_line(text),
        Shape::XPage => Err(Refused::new(
            "a page without posts, or one that was not split into its posts",
        )),
        _ => Err(Refused::new(format!(
            "expected an X v2 object, found {}",
            shape.name()
        ))),
    }
}
