//! Reads a stream of X: lines of JSON in an answer without end, packed or not, until X says its last word or the connection ends.
//!
//! All of X's streams are framed alike. Which is asked for, and what happens beside it, is not here.

use std::collections::VecDeque;
use std::io::Write;
use std::time::Duration;

use async_trait::async_trait;
use bowerbird_core::frame::{Batch, Frame};
use bowerbird_core::source::{Ladder, MAX_BATCH_BYTES, MAX_BATCH_FRAMES, Source, SourceError};
use bowerbird_core::time::Time;
use bytes::Bytes;
use futures_util::FutureExt;
use tokio::task::JoinHandle;

use super::backfill::Moments;
use super::lines::Lines;
use super::problem;
use crate::http;

/// X sends something every 20 seconds; a quarter more for the way.
pub(super) const STALL_AFTER: Duration = Duration::from_secs(25);
/// A packed chunk is unpacked in such pieces, as far as lines are wanted: bytes can be packed a thousandfold.
const UNPACK_BYTES: usize = 512;

/// A stream that is being read.
#[derive(Debug)]
pub(super) struct XStream {
    response: reqwest::Response,
    unpack: Option<flate2::write::MultiGzDecoder<Vec<u8>>>,
    /// What has come and is not unpacked yet.
    packed: Bytes,
    lines: Lines,
    /// Lines that wait to be handed over.
    ready: VecDeque<Frame>,
    /// Why the stream is over; told when all that was ready is handed over.
    ended: Option<SourceError>,
    /// The cursor's keeper, where X sends again what was missed.
    moments: Option<Moments>,
    /// The task that follows what is wanted; none where nothing changes, and once it has ended.
    beside: Option<JoinHandle<Option<String>>>,
}

impl Drop for XStream {
    fn drop(&mut self) {
        if let Some(beside) = &self.beside {
            beside.abort();
        }
    }
}

impl XStream {
    /// Reads this answer, as it comes.
    pub(super) fn new(response: reqwest::Response) -> Self {
        let encoding = response.headers().get("content-encoding");
        let is_packed = encoding.is_some_and(|value| value == "gzip");
        Self {
            response,
            unpack: is_packed.then(|| flate2::write::MultiGzDecoder::new(Vec::new())),
            packed: Bytes::new(),
            lines: Lines::default(),
            ready: VecDeque::new(),
            ended: None,
            moments: None,
            beside: None,
        }
    }

    /// With a cursor, where X sends again what was missed; `None` where it does not.
    pub(super) fn with_cursor(mut self, moments: Option<Moments>) -> Self {
        self.moments = moments;
        self
    }

    /// With a task beside it, which ends with the stream, and may end it and say why.
    pub(super) fn beside(mut self, task: JoinHandle<Option<String>>) -> Self {
        self.beside = Some(task);
        self
    }

    /// Takes what reading gave.
    fn take(&mut self, came: Result<Option<Bytes>, reqwest::Error>) {
        match came {
            Ok(Some(chunk)) if self.unpack.is_some() => self.packed = chunk,
            Ok(Some(chunk)) => self.take_chunk(&chunk),
            Ok(None) => self.end("X closed the stream".to_owned()),
            Err(error) => self.end(format!(
                "the stream from X broke: {}",
                http::describe(&error)
            )),
        }
    }

    fn take_chunk(&mut self, chunk: &Bytes) {
        let now = Time::now();
        let before = self.ready.len();
        self.lines.push(chunk, now, &mut self.ready);
        let new = self
            .ready
            .iter()
            .skip(before)
            .filter(|frame| frame.broken.is_none());
        if let Some(problem) = new
            .filter_map(|frame| problem::of_line(&frame.bytes))
            .next()
        {
            self.ended.get_or_insert(problem);
        }
    }

    /// Unpacks a piece of what has come; `false` if nothing is left of it.
    fn unpack(&mut self) -> bool {
        let Some(unpack) = self.unpack.as_mut().filter(|_| !self.packed.is_empty()) else {
            return false;
        };
        let piece = self.packed.split_to(self.packed.len().min(UNPACK_BYTES));
        let unpacked = unpack.write_all(&piece).and_then(|()| unpack.flush());
        let plain = Bytes::from(std::mem::take(unpack.get_mut()));
        self.take_chunk(&plain);
        if let Err(error) = unpacked {
            self.end(format!("the stream from X can't be unpacked: {error}"));
        }
        true
    }

    /// The task beside has ended, and may have said why nothing more must come.
    fn hang_up(&mut self, told: Option<String>) {
        self.beside = None;
        if let Some(reason) = told {
            self.end(format!("hung up: {reason}"));
        }
    }

    fn end(&mut self, reason: String) {
        self.ready.extend(self.lines.end(Time::now()));
        self.ended.get_or_insert(SourceError::Retry {
            ladder: Ladder::Network,
            reason,
        });
    }
}

/// What is ready, as far as it fits into a batch.
pub(super) fn fitting(ready: &mut VecDeque<Frame>) -> Vec<Frame> {
    let mut bytes = 0;
    let fits = |frame: &&Frame| {
        bytes += frame.bytes.len();
        bytes <= MAX_BATCH_BYTES
    };
    let all = ready.iter().take(MAX_BATCH_FRAMES);
    let n_frames = all.take_while(fits).count();
    ready.drain(..n_frames.max(1).min(ready.len())).collect()
}

/// What a task says at its end; never, if it has ended before.
async fn told(task: &mut Option<JoinHandle<Option<String>>>) -> Option<String> {
    match task {
        // A stream whose rules nobody watches over might cost money without end.
        Some(task) => task
            .await
            .unwrap_or_else(|error| Some(format!("following the tracks broke off: {error}"))),
        None => std::future::pending().await,
    }
}

#[async_trait]
impl Source for XStream {
    async fn next_batch(&mut self) -> Result<Option<Batch>, SourceError> {
        while self.ready.is_empty() {
            if let Some(error) = &self.ended {
                return Err(error.clone());
            }
            if self.unpack() {
                continue;
            }
            tokio::select! {
                came = self.response.chunk() => self.take(came),
                told = told(&mut self.beside) => self.hang_up(told),
            }
        }
        // What has come already goes with it: fewer and larger batches while the stream is fast.
        while self.ended.is_none() && self.ready.len() < MAX_BATCH_FRAMES {
            if self.unpack() {
                continue;
            }
            let Some(came) = self.response.chunk().now_or_never() else {
                break;
            };
            self.take(came);
        }
        let frames = fitting(&mut self.ready);
        let moments = self.moments.as_mut();
        let cursor = moments.and_then(|moments| moments.behind(&frames));
        Ok(Some(Batch { frames, cursor }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_follower_that_broke_off_is_a_reason_to_hang_up() {
        let broken = tokio::spawn(async { panic!("of a test") });
        let why = told(&mut Some(broken)).await;
        assert!(
            why.as_ref().is_some_and(|why| why.contains("broke off")),
            "{why:?}"
        );
    }
}
