//! The one thread that writes: it takes what callers ask, joins what waits together into one frame, writes and syncs it, makes it true in
//! memory, and only then answers.
//!
//! After a write or sync that failed nobody knows what the disk holds, so that nothing more is written by this process.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use bowerbird_core::ids::{Lane, SourceName};
use bowerbird_core::spool::{Append, Entry, LaneStart, SpoolError};

use super::draft::{Draft, Drafting};
use super::error::{failed, io_text};
use super::format;
use super::recover;
use super::segment::{self, SegmentFile};
use super::state::Shared;
use super::tail::Frame;

/// How many bytes of records are joined into one frame, so that the first of a group does not wait for many others.
const GROUP_BYTES: usize = 4 << 20;
/// A segment whose records all lanes have acknowledged goes with the first write after so long: what was deleted elsewhere is to go from
/// here too.
const KEEP_DONE_FOR: Duration = Duration::from_secs(3_600);

/// Something to make durable.
#[derive(Debug)]
pub(super) enum Request {
    /// Become a source's one writer; answers with the lease number.
    Take(SourceName),
    /// Answers with the first offset.
    Append(Append),
    /// Make a lane where there is none.
    OpenLane(Lane, LaneStart),
    /// Forget a lane.
    DropLane(Lane),
    /// These are done.
    Ack(Lane, Vec<u64>),
    /// This is done, and what wraps it is appended.
    Bury(Lane, u64, Entry),
}

/// A request and where its answer goes.
#[derive(Debug)]
pub(super) struct Command {
    /// What is asked.
    pub(super) request: Request,
    /// Told when it is durable, or why it is not.
    pub(super) reply: oneshot::Sender<Result<u64, SpoolError>>,
}

/// The writing side of a spool.
#[derive(Debug)]
pub(super) struct Writer {
    /// The spool's directory.
    pub(super) dir: PathBuf,
    /// At which appends are refused.
    pub(super) max_bytes: u64,
    /// At which a new segment is begun.
    pub(super) segment_bytes: u64,
    /// The last segment.
    pub(super) file: SegmentFile,
    /// When this process began to write to it, and its length then.
    pub(super) began: (Instant, u64),
    /// What callers see.
    pub(super) shared: Arc<Shared>,
}

impl Request {
    /// Whether it may share a frame with others. The rest are rare, and what they may do depends on what came before them.
    fn can_share(&self) -> bool {
        matches!(self, Self::Append(_) | Self::Ack(..))
    }

    /// About how many bytes it adds to the log, and whether the size limit holds for it.
    pub(super) fn cost(&self) -> u64 {
        match self {
            Self::Append(append) => {
                let cursor = append.cursor.as_ref().map_or(0, |cursor| cursor.0.len());
                let records = append.entries.iter().map(|e| e.bytes.len() + RECORD_LINE);
                (FRAME + cursor + records.sum::<usize>()) as u64
            }
            _ => 0,
        }
    }
}

/// The most that a record costs beside its bytes, and a frame beside its records.
const RECORD_LINE: usize = 16;
const FRAME: usize = 256;

impl Writer {
    /// Until the spool is dropped.
    pub(super) fn run(mut self, mut inbox: mpsc::Receiver<Command>) {
        let mut next = None;
        while let Some(first) = next.take().or_else(|| inbox.blocking_recv()) {
            let mut group = vec![first];
            let mut bytes = group[0].request.cost() as usize;
            while group[0].request.can_share() && bytes < GROUP_BYTES {
                match inbox.try_recv() {
                    Ok(more) if more.request.can_share() => {
                        bytes += more.request.cost() as usize;
                        group.push(more);
                    }
                    other => {
                        next = other.ok();
                        break;
                    }
                }
            }
            self.commit(group);
        }
    }

    fn commit(&mut self, group: Vec<Command>) {
        let cost = group.iter().map(|command| command.request.cost()).sum();
        let prepared = self.check_failed().and_then(|()| self.begin_segment(cost));
        if let Err(error) = prepared {
            return refuse(group, &error);
        }
        let (draft, answers) = self.draft(group);
        let written = match draft.is_empty() {
            true => Ok(()),
            false => self.write(draft),
        };
        for (reply, answer) in answers {
            // A caller that has gone away needs no answer.
            let _ = match &written {
                Ok(()) => reply.send(Ok(answer)),
                Err(why) => reply.send(Err(failed(why))),
            };
        }
        if written.is_ok() {
            self.remove_done();
        }
    }

    fn check_failed(&self) -> Result<(), String> {
        match &self.shared.lock().failed {
            Some(why) => Err(format!("nothing is written after a failure: {why}")),
            None => Ok(()),
        }
    }

    /// Joins the group, refusing what can't be done.
    fn draft(&self, group: Vec<Command>) -> (Draft, Vec<Answer>) {
        let state = self.shared.lock();
        let mut drafting = Drafting::new(&state, self.max_bytes);
        let mut answers = Vec::new();
        for Command { request, reply } in group {
            match drafting.add(request) {
                Ok(answer) => answers.push((reply, answer)),
                Err(error) => drop(reply.send(Err(error))),
            }
        }
        (drafting.finish(), answers)
    }

    fn write(&mut self, draft: Draft) -> Result<(), String> {
        let Draft { head, records } = draft;
        let bytes = format::encode_frame(self.file.nonce(), &head, &records);
        if bytes.len() > format::MOST_FRAME {
            return Err(self.fail("a frame grew too long".to_owned()));
        }
        let appended = self.file.append(&bytes);
        appended.map_err(|error| self.fail(io_text("writing to", &self.dir, &error)))?;
        let size = bytes.len() as u64;
        let data = format::FRAME_HEADER + format::head_length(&bytes);
        let data = Bytes::from(bytes).slice(data..size as usize - 1);
        let mut state = self.shared.lock();
        if let Some(segment) = state.segments.back_mut() {
            segment.grow(head.first, size);
        }
        state.tail.push(Frame::new(&head, data));
        state.book.apply(head);
        drop(state);
        self.shared.changed.notify_waiters();
        Ok(())
    }

    /// From now on nothing is written.
    fn fail(&self, why: String) -> String {
        tracing::error!(spool.dir = %self.dir.display(), "The spool failed: {why}");
        self.shared.lock().failed = Some(why.clone());
        why
    }

    /// Begins a new segment where the last is long enough, or where it keeps what no lane needs and `cost` more bytes would not fit.
    fn begin_segment(&mut self, cost: u64) -> Result<(), String> {
        let (is_drained, bytes, next_number) = {
            let state = self.shared.lock();
            let last = state.segments.back().map_or(0, |segment| segment.number);
            (state.book.is_drained(), state.bytes(), last + 1)
        };
        let (since, bytes_then) = self.began;
        let has_grown = self.file.bytes() > bytes_then;
        let is_old = since.elapsed() > KEEP_DONE_FOR;
        let is_full = bytes + cost > self.max_bytes;
        let is_long = self.file.bytes() >= self.segment_bytes;
        if !(is_long || is_drained && has_grown && (is_old || is_full)) {
            return Ok(());
        }
        let snapshot = self.shared.lock().book.snapshot();
        let created = segment::create(&self.dir, next_number, &snapshot);
        let (file, segment) = created
            .map_err(|error| self.fail(io_text("making a segment in", &self.dir, &error)))?;
        self.began = (Instant::now(), file.bytes());
        self.file = file;
        self.shared.lock().segments.push_back(segment);
        self.remove_done();
        Ok(())
    }

    fn remove_done(&self) {
        let mut state = self.shared.lock();
        let state = &mut *state;
        let removed = recover::remove_done(&self.dir, &mut state.segments, &state.book);
        if let Err(error) = removed {
            // It is tried again after the next write; until then the log is only longer than it need be.
            tracing::warn!("{}", io_text("removing segments from", &self.dir, &error));
        }
    }
}

type Answer = (oneshot::Sender<Result<u64, SpoolError>>, u64);

fn refuse(group: Vec<Command>, why: &str) {
    for command in group {
        let _ = command.reply.send(Err(failed(why)));
    }
}
