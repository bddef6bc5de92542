//! Fetching again what a Jetstream missed: the same stream, from where the gap began until it ended. Mostly another instance has what the one that
//! was listened to did not.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bowerbird_core::frame::Batch;
use bowerbird_core::ids::Cursor;
use bowerbird_core::repair::{Missing, Repair};
use bowerbird_core::source::{Opening, Source, SourceError};
use bowerbird_core::time::Time;

use super::place;
use super::source::{self, Jetstream, Service};

/// Pings in a row with nothing between them that show that all that was replayed has come, at the least: ten minutes, as they are half a minute apart. An
/// event from after the gap shows it better, but where a filter lets little pass none may come for long, and a service reads hours of its log until the
/// next that does.
const QUIET_PINGS: u32 = 20;
/// One more ping for so much of a gap: a service is taken to read its log no slower than ten times as fast as it was written.
const GAP_PER_PING: Duration = Duration::from_secs(300);

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
                quiet_enough: quiet_enough(&missing),
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

/// How many pings with nothing between them say that nothing more of a gap comes.
fn quiet_enough(missing: &Missing) -> u32 {
    let span = missing.until.since(missing.from);
    let pings = span.as_secs() / GAP_PER_PING.as_secs();
    u32::try_from(pings).unwrap_or(u32::MAX).max(QUIET_PINGS)
}

/// A Jetstream that is read until a moment.
#[derive(Debug)]
struct Again {
    stream: Jetstream,
    until: Time,
    quiet: u32,
    quiet_enough: u32,
}

#[async_trait]
impl Source for Again {
    async fn next_batch(&mut self) -> Result<Option<Batch>, SourceError> {
        if self.quiet >= self.quiet_enough {
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
            self.quiet = self.quiet_enough;
        }
        Ok(Some(batch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_gap_takes_a_longer_silence() {
        let hours = |n: i64| Missing {
            from: Time(0),
            until: Time(n * 3_600_000_000),
            track: None,
        };
        let pings = [0, 1, 12, 36].map(|n| quiet_enough(&hours(n)));
        assert_eq!(pings, [20, 20, 144, 432]);
    }
}
