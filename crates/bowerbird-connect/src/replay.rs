//! Recorded files as a source: what was captured once goes the way of a live post again.
//!
//! Files, folders, patterns or standard input; JSON lines, lists, single objects, pages of an API, X archives; plain or packed, and tar
//! of these (`docs/sources/replay.md`). What a file is, its bytes say and not its name. A thread reads, unpacks and splits; at most a few
//! batches wait between it and the pipeline, so memory stays flat however large a file is. This module gives out frames, at the recorded pace
//! if asked to; what they mean, [`decode_any`] finds out.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use async_trait::async_trait;
use bowerbird_core::frame::{Batch, Frame};
use bowerbird_core::ids::{Cursor, SourceName};
use bowerbird_core::source::{Connection, Keep, Opening, Source, SourceError, SourceSpec};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::decode_any;
use crate::error::ConnectError;

mod cursor;
mod inputs;
mod pace;
mod reader;
mod scan;
mod split;
mod unpack;
mod worth;

use cursor::Place;
use inputs::Inputs;
use pace::Pace;
use reader::Message;

/// Messages that may wait for the pipeline: enough that reading and storing overlap.
const WAITING: usize = 2;

/// What to replay, and how fast.
#[derive(Debug, Clone, Default)]
pub struct ReplayConfig {
    /// Files, folders, patterns (`*`, `?`, `[…]`, `**`), or `-` for standard input; read in this order.
    pub inputs: Vec<String>,
    /// How fast.
    pub speed: Speed,
    /// Where the reader notes how far it is; keep a clone to watch.
    pub progress: Arc<ReplayProgress>,
}

/// How fast a replay goes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Speed {
    /// As fast as it is taken.
    #[default]
    FlatOut,
    /// So many times as fast as it was recorded, by the times in the posts.
    Recorded(f64),
}

/// How far a replay is, in bytes of its files as they lie on disk.
#[derive(Debug, Default)]
pub struct ReplayProgress {
    n_files: AtomicUsize,
    total: AtomicU64,
    read: AtomicU64,
}

impl ReplayProgress {
    /// What there is to read, as [`connect`] found it.
    pub fn survey(&self) -> Survey {
        Survey {
            n_files: self.n_files.load(Ordering::Relaxed),
            bytes: self.total.load(Ordering::Relaxed),
        }
    }

    /// Bytes read, and bytes there are; of standard input and pipes nobody knows.
    pub fn bytes(&self) -> (u64, Option<u64>) {
        let total = self.total.load(Ordering::Relaxed);
        (
            self.read.load(Ordering::Relaxed),
            (total > 0).then_some(total),
        )
    }
}

/// What a replay would read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Survey {
    /// How many files, standard input among them.
    pub n_files: usize,
    /// How large they are together, as they lie on disk.
    pub bytes: u64,
}

/// Finds out what a replay would read, without reading it.
pub fn survey(inputs: &[String]) -> Result<Survey, ConnectError> {
    let inputs = Inputs::find(inputs)?;
    Ok(Survey {
        n_files: inputs.files.len(),
        bytes: inputs.bytes(),
    })
}

/// Describes the files as a source. What is named and can't be read is an error here; what is met in a folder and can't be read
/// becomes a dead letter later.
pub fn connect(
    name: SourceName,
    keep: Keep,
    config: ReplayConfig,
) -> Result<Connection, ConnectError> {
    if let Speed::Recorded(factor) = config.speed
        && !(factor.is_finite() && factor > 0.0)
    {
        return Err(ConnectError::setting("speed", "expected a number above 0"));
    }
    let inputs = Arc::new(Inputs::find(&config.inputs)?);
    let ReplayProgress { n_files, total, .. } = &*config.progress;
    n_files.store(inputs.files.len(), Ordering::Relaxed);
    total.store(inputs.bytes(), Ordering::Relaxed);
    let spec = SourceSpec {
        name,
        service: "replay".to_owned(),
        decode: decode_any,
        endless: false,
        replays: true,
        stall_after: None,
        keep,
    };
    let open = move |cursor: Option<Cursor>| -> Opening {
        let (inputs, config) = (Arc::clone(&inputs), config.clone());
        Box::pin(async move {
            let source = Replay::open(inputs, &config, cursor)?;
            Ok(Box::new(source) as Box<dyn Source>)
        })
    };
    Ok(Connection {
        spec,
        open: Box::new(open),
        repair: None,
        jobs: Vec::new(),
    })
}

/// Files that are being read.
#[derive(Debug)]
struct Replay {
    inputs: Arc<Inputs>,
    messages: mpsc::Receiver<Message>,
    pace: Option<Pace>,
    /// Frames that wait for their time, with the place behind each.
    waiting: VecDeque<(Instant, Frame, Place)>,
    has_ended: bool,
}

impl Replay {
    fn open(
        inputs: Arc<Inputs>,
        config: &ReplayConfig,
        cursor: Option<Cursor>,
    ) -> Result<Self, SourceError> {
        let from = match cursor {
            Some(cursor) => Some(cursor::read(&cursor, &inputs)?),
            None => None,
        };
        let (sender, messages) = mpsc::channel(WAITING);
        reader::start(
            Arc::clone(&inputs),
            from,
            Arc::clone(&config.progress),
            sender,
        )?;
        let pace = match config.speed {
            Speed::FlatOut => None,
            Speed::Recorded(factor) => Some(Pace::new(factor)),
        };
        Ok(Self {
            inputs,
            messages,
            pace,
            waiting: VecDeque::new(),
            has_ended: false,
        })
    }

    fn batch(&self, frames: Vec<Frame>, place: Option<&Place>) -> Batch {
        Batch {
            frames,
            cursor: place.and_then(|place| place.cursor(&self.inputs)),
        }
    }

    /// The frames whose time has come; at least one waits.
    fn due(&mut self) -> Batch {
        let now = Instant::now();
        let n_due = self
            .waiting
            .iter()
            .take_while(|(due, ..)| *due <= now)
            .count();
        let mut frames = Vec::with_capacity(n_due);
        let mut last = None;
        for (_, frame, place) in self.waiting.drain(..n_due) {
            frames.push(frame);
            last = Some(place);
        }
        self.batch(frames, last.as_ref())
    }
}

#[async_trait]
impl Source for Replay {
    async fn next_batch(&mut self) -> Result<Option<Batch>, SourceError> {
        loop {
            if let Some((due, ..)) = self.waiting.front() {
                tokio::time::sleep_until(*due).await;
                return Ok(Some(self.due()));
            }
            if self.has_ended {
                return Ok(None);
            }
            let chunk = match self.messages.recv().await {
                Some(Message::Chunk(chunk)) => chunk,
                Some(Message::End) => {
                    self.has_ended = true;
                    continue;
                }
                None => {
                    return Err(SourceError::Stop {
                        reason: "the thread that reads files broke down".to_owned(),
                    });
                }
            };
            match &mut self.pace {
                Some(pace) if !chunk.frames.is_empty() => {
                    let frames = chunk.frames.into_iter().zip(chunk.places);
                    self.waiting
                        .extend(frames.map(|(frame, place)| (pace.due(&frame), frame, place)));
                }
                _ => {
                    let place = chunk.end.as_ref().or(chunk.places.last());
                    return Ok(Some(self.batch(chunk.frames, place)));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
