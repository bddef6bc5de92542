//! The built-in stream: posts of people who do not exist, for trying things out and for tests.
//!
//! Endless unless told otherwise, and the same for the same seed: number n is a pure function of the seed and n, so the cursor is a
//! number and a stream resumes anywhere. Only the times are the clock's. It speaks our native JSON, so what it shows takes the same way
//! as any other post. For load there is [`x_v2_envelope`], the same people in the words of X.

use std::time::Duration;

use async_trait::async_trait;
use bowerbird_core::frame::{Batch, Frame};
use bowerbird_core::ids::{Cursor, SourceName};
use bowerbird_core::source::{
    Connection, Keep, Lost, MAX_BATCH_FRAMES, Opening, Source, SourceError, SourceSpec,
};
use bowerbird_core::time::Time;
use tokio::time::Instant;

use crate::error::ConnectError;
use crate::native;

mod cast;
mod compose;
mod dice;
mod envelope;
mod pace;
mod story;
mod words;

pub use envelope::x_v2_envelope;

use story::Story;

/// The service of the synthetic stream.
const SERVICE: &str = "synthetic";

/// A paced stream looks this often whether posts are due: seldom enough to batch a fast one, often enough to look live.
const TICK: Duration = Duration::from_millis(40);
/// A paced stream that was held up catches up with so much and lets the rest of the delay stand.
const MOST_BEHIND: Duration = Duration::from_secs(2);
/// Frames in a batch of a stream that is not paced: composing them keeps a core busy, and others want their turn.
const FLAT_OUT_FRAMES: u64 = 500;

/// What stream to make.
#[derive(Debug, Clone, PartialEq)]
pub struct SyntheticConfig {
    /// What it is made from: the same number makes the same posts.
    pub seed: u64,
    /// Posts a second on average; 0 for as many as are taken.
    pub rate: f64,
    /// How many posts there are; `None` for ever.
    pub count: Option<u64>,
}

impl Default for SyntheticConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            rate: 20.0,
            count: None,
        }
    }
}

/// Describes the stream as a source.
pub fn connect(
    name: SourceName,
    keep: Keep,
    config: SyntheticConfig,
) -> Result<Connection, ConnectError> {
    if !(config.rate.is_finite() && config.rate >= 0.0) {
        return Err(ConnectError::setting(
            "rate",
            "expected a number of posts a second, or 0 for as many as are taken",
        ));
    }
    let spec = SourceSpec {
        name,
        service: SERVICE.to_owned(),
        decode: native::decode,
        endless: config.count.is_none(),
        replays: true,
        stall_after: None,
        keep,
    };
    let open = move |cursor: Option<Cursor>| -> Opening {
        let opened = Synthetic::open(&config, cursor);
        Box::pin(async move { opened.map(|source| Box::new(source) as Box<dyn Source>) })
    };
    Ok(Connection {
        spec,
        open: Box::new(open),
        repair: None,
        jobs: Vec::new(),
    })
}

/// The frame that is number `n` of a stream, as if it happened at `now`.
pub fn frame(seed: u64, n: u64, now: Time) -> Vec<u8> {
    let story = Story {
        seed,
        gap: Duration::from_secs(1),
    };
    native::encode(&story.event(n, now))
}

/// A stream that is being read.
#[derive(Debug)]
struct Synthetic {
    story: Story,
    rate: f64,
    /// The number of the next post.
    next: u64,
    /// The first number that there is not.
    end: u64,
    /// When the pace began, and with which post.
    pace: Option<(Instant, u64)>,
}

impl Synthetic {
    fn open(config: &SyntheticConfig, cursor: Option<Cursor>) -> Result<Self, SourceError> {
        let next = match cursor {
            None => 0,
            Some(Cursor(text)) => {
                let lost = || SourceError::CursorLost {
                    reason: "the cursor is not one of a synthetic stream".to_owned(),
                    lost: Lost::default(),
                };
                text.parse().map_err(|_| lost())?
            }
        };
        let gap = if config.rate > 0.0 {
            Duration::from_secs_f64((1.0 / config.rate).min(3_600.0))
        } else {
            Duration::from_millis(1)
        };
        Ok(Self {
            story: Story {
                seed: config.seed,
                gap,
            },
            rate: config.rate,
            next,
            end: config.count.unwrap_or(u64::MAX),
            pace: None,
        })
    }

    /// Waits until a post is due; how many may be given now.
    async fn wait(&mut self) -> u64 {
        if self.rate == 0.0 {
            return FLAT_OUT_FRAMES;
        }
        loop {
            let (began, first) = *self.pace.get_or_insert((Instant::now(), self.next));
            let due = first.saturating_add(pace::due(self.rate, began.elapsed()));
            let behind = due.saturating_sub(self.next);
            if behind as f64 > self.rate * MOST_BEHIND.as_secs_f64() + MAX_BATCH_FRAMES as f64 {
                self.pace = None;
                return MAX_BATCH_FRAMES as u64;
            }
            if behind > 0 {
                return behind.min(MAX_BATCH_FRAMES as u64);
            }
            tokio::time::sleep(TICK).await;
        }
    }
}

#[async_trait]
impl Source for Synthetic {
    async fn next_batch(&mut self) -> Result<Option<Batch>, SourceError> {
        if self.next >= self.end {
            return Ok(None);
        }
        let most = self.wait().await;
        let until = self.next.saturating_add(most).min(self.end);
        let now = Time::now();
        let frames = (self.next..until)
            .map(|n| Frame::new(native::encode(&self.story.event(n, now)).into(), now));
        let frames = frames.collect();
        self.next = until;
        Ok(Some(Batch {
            frames,
            cursor: Some(Cursor(until.to_string())),
        }))
    }
}

#[cfg(test)]
mod tests;
