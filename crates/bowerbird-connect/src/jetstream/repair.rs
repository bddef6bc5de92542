//! Fetching again what a Jetstream missed: the same stream, from where the gap began until it ended. Mostly another instance has what the one that
//! was listened to did not.

use std::sync::Arc;

use async_trait::async_trait;
use bowerbird_core::frame::Batch;
use bowerbird_core::ids::Cursor;
use bowerbird_core::repair::{Missing, Repair};
use bowerbird_core::source::{Opening, Source, SourceError};
use bowerbird_core::time::Time;

use super::place;
use super::source::{self, Jetstream, Service};

/// Pings in a row with nothing between them that show that all that was replayed has come: events follow one another without a pause until then, and pings
/// are half a minute apart.
const QUIET_PINGS: u32 = 2;

/// What a source of this service can do about its gaps.
pub(super) fn offer(service: Arc<Service>) -> Repair {
    let open = move |missing: &Missing, cursor: Option<Cursor>| -> Opening {
        let (service, missing) = (Arc::clone(&service), missing.clone());
        Box::pin(async move {
            let is_begun = cursor.is_some();
            let begin = cursor.unwrap_or_else(|| place::cursor(missing.from, None));
            let mut stream = source::open(&service, Some(begin)).await?;
            if !is_begun {
                // Where nothing happened in the seconds before the gap, its first moments can't be told from a loss, and count as one.
                stream.must_begin_by(missing.from);
            }
            let again = Again {
                stream,
                // Moments of another instance differ a little.
                until: missing.until.plus(place::REWIND),
                quiet: 0,
            };
            Ok(Box::new(again) as Box<dyn Source>)
        })
    };
    Repair {
        by: "Jetstream\u{2019}s replay",
        lacks: "",
        open: Box::new(open),
    }
}

/// A Jetstream that is read until a moment.
#[derive(Debug)]
struct Again {
    stream: Jetstream,
    until: Time,
    quiet: u32,
}

#[async_trait]
impl Source for Again {
    async fn next_batch(&mut self) -> Result<Option<Batch>, SourceError> {
        if self.quiet >= QUIET_PINGS {
            return Ok(None);
        }
        let batch = self.stream.next_batch().await?;
        let Some(batch) = batch else {
            return Ok(None);
        };
        let pings = batch.frames.iter().filter(|frame| frame.is_keep_alive());
        if pings.clone().count() < batch.frames.len() {
            self.quiet = 0;
        }
        self.quiet += u32::try_from(pings.count()).unwrap_or(u32::MAX);
        let reached = batch.cursor.as_ref().map(place::read).transpose()?;
        if reached.is_some_and(|reached| reached.at >= self.until) {
            self.quiet = QUIET_PINGS;
        }
        Ok(Some(batch))
    }
}
