//! The thread that reads, unpacks and splits files. It blocks, on the disk and on the pipeline, and is no part of the async world.
//!
//! It is a thread of its own and not one of the runtime's: nothing can wake a read of standard input, and a process that ends must
//! not wait for it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bowerbird_core::frame::Frame;
use bowerbird_core::source::{MAX_BATCH_FRAMES, SourceError};
use bowerbird_core::time::Time;
use bytes::Bytes;
use tokio::sync::mpsc;

use super::ReplayProgress;
use super::cursor::{Identity, Place, Spot};
use super::inputs::{Input, InputKind, Inputs, STDIN};
use super::split::{Layout, Piece, Splitter, Step};
use super::unpack::{self, Found};
use super::worth::is_data;
use crate::x;

/// A chunk of so many bytes is handed over: well within a batch's limit, and two wait at most.
const CHUNK_BYTES: usize = 4 << 20;

/// What the reader hands over.
#[derive(Debug)]
pub(super) enum Message {
    Chunk(Chunk),
    /// Everything was read.
    End,
}

/// Frames, and the place behind each.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    pub(super) frames: Vec<Frame>,
    pub(super) places: Vec<Place>,
    /// The end of a file, where that comes after the last frame.
    pub(super) end: Option<Place>,
    bytes: usize,
}

/// Begins to read in a thread; it ends when everything is read or nobody takes what it reads.
pub(super) fn start(
    inputs: Arc<Inputs>,
    from: Option<Place>,
    progress: Arc<ReplayProgress>,
    sender: mpsc::Sender<Message>,
) -> Result<(), SourceError> {
    let read = move || {
        let mut reader = Reader {
            inputs,
            progress,
            sender,
            chunk: Chunk::default(),
            place: Place {
                file: 0,
                identity: None,
                spot: Spot::BEGINNING,
            },
            is_stream: false,
            now: Time::now(),
        };
        if reader.read_all(from).is_continue() {
            // Nobody may be there to hear it.
            let _ = reader.sender.blocking_send(Message::End);
        }
    };
    let spawned = std::thread::Builder::new()
        .name("replay".to_owned())
        .spawn(read);
    match spawned {
        Ok(_) => Ok(()),
        Err(error) => Err(SourceError::Stop {
            reason: format!("can't start a thread that reads files: {error}"),
        }),
    }
}

struct Reader {
    inputs: Arc<Inputs>,
    progress: Arc<ReplayProgress>,
    sender: mpsc::Sender<Message>,
    chunk: Chunk,
    /// Behind what was read last.
    place: Place,
    /// Does what is read now come as somebody makes it? Then nothing waits for a full chunk.
    is_stream: bool,
    /// When the last bytes came.
    now: Time,
}

impl Reader {
    fn read_all(&mut self, from: Option<Place>) -> ControlFlow<()> {
        let inputs = Arc::clone(&self.inputs);
        let first = from.as_ref().map_or(0, |from| from.file);
        let mut bytes_before: u64 = inputs.files[..first].iter().map(Input::bytes).sum();
        for (number, input) in inputs.files.iter().enumerate().skip(first) {
            self.progress.read.store(bytes_before, Ordering::Relaxed);
            bytes_before += input.bytes();
            let from = from.as_ref().filter(|from| from.file == number);
            let identity = from.and_then(|from| from.identity.clone());
            let spot = from.map_or(Spot::BEGINNING, |from| from.spot);
            self.place = Place {
                file: number,
                identity,
                spot,
            };
            if !spot.is_end {
                self.read_input(input)?;
            }
        }
        self.progress.read.store(bytes_before, Ordering::Relaxed);
        self.flush()
    }

    /// Reads one input from the present place on; at the end of it that place is its end.
    fn read_input(&mut self, input: &Input) -> ControlFlow<()> {
        self.is_stream = input.kind == InputKind::Stream;
        let done = match &input.kind {
            InputKind::Unreadable(reason) => self.report(&input.path.to_string_lossy(), reason),
            InputKind::Stream if input.path == Path::new(STDIN) => {
                self.read_documents(input, &mut io::stdin().lock())
            }
            InputKind::Stream | InputKind::File { .. } => match self.open(input) {
                Ok(file) => self.read_file(input, file),
                Err(error) => self.report(&input.path.to_string_lossy(), &error.to_string()),
            },
        };
        self.place.spot.is_end = true;
        self.chunk.end = Some(self.place.clone());
        done
    }

    fn open(&mut self, input: &Input) -> io::Result<File> {
        if !self.is_stream && self.place.identity.is_none() {
            self.place.identity = Some(Arc::new(Identity::new(&input.path)?));
        }
        File::open(&input.path)
    }

    /// A plain file is read from its place at once; what is packed must be unpacked up to there.
    fn read_file(&mut self, input: &Input, mut file: File) -> ControlFlow<()> {
        let offset = self.place.spot.offset;
        if offset > 0 && self.place.spot.document == 0 && !self.is_stream {
            let plain = unpack::head(&mut file).map(|head| unpack::is_plain(&head));
            let sought = plain.and_then(|plain| {
                file.seek(SeekFrom::Start(if plain { offset } else { 0 }))
                    .map(|_| plain)
            });
            match sought {
                Ok(true) => {
                    self.progress.read.fetch_add(offset, Ordering::Relaxed);
                    let progress = Arc::clone(&self.progress);
                    return self.read_document(
                        &input.path.to_string_lossy(),
                        &mut Counted { file, progress },
                        offset,
                    );
                }
                Ok(false) => {}
                Err(error) => {
                    return self.report(&input.path.to_string_lossy(), &error.to_string());
                }
            }
        }
        let progress = Arc::clone(&self.progress);
        self.read_documents(input, &mut Counted { file, progress })
    }

    fn read_documents(&mut self, input: &Input, content: &mut dyn Read) -> ControlFlow<()> {
        let from = self.place.spot;
        let path = input.path.to_string_lossy();
        let mut number = 0;
        let mut visit = |found: Found<'_>| {
            let document = number;
            number += 1;
            if document < from.document {
                return ControlFlow::Continue(());
            }
            if document > from.document {
                self.place.spot = Spot {
                    document,
                    ..Spot::BEGINNING
                };
            }
            match found {
                Found::Damaged { name, error } => self.report(name, &error.to_string()),
                Found::Document { name, head, .. }
                    if !(is_data(name, head) || input.is_named && name == path) =>
                {
                    tracing::debug!(path = name, "Not a file of posts, left out");
                    ControlFlow::Continue(())
                }
                Found::Document { name, content, .. } => self.read_document(name, content, 0),
            }
        };
        unpack::visit_all(&path, content, &mut visit)
    }

    /// Reads a document from the present place on; `content` stands at offset `at` of it.
    fn read_document(&mut self, name: &str, content: &mut dyn Read, at: u64) -> ControlFlow<()> {
        let from = self.place.spot;
        let ahead = from.offset - at;
        if let Err(error) = io::copy(&mut content.take(ahead), &mut io::sink()) {
            return self.report(name, &error.to_string());
        }
        let mut splitter = Splitter::new(from.offset, from.layout);
        let mut parts_before = from.part;
        let mut failed = None;
        loop {
            match splitter.next() {
                Step::Piece(piece) => {
                    self.take(piece, splitter.layout, std::mem::take(&mut parts_before))?;
                }
                Step::NeedMore => {
                    if self.is_stream {
                        self.flush()?;
                    }
                    let came = splitter.fill(|space| read(content, space));
                    self.now = Time::now();
                    match came {
                        Ok(0) => splitter.end(),
                        Ok(_) => {}
                        Err(error) => {
                            failed = Some(error);
                            splitter.end();
                        }
                    }
                }
                Step::End => break,
            }
        }
        match failed {
            Some(error) => self.report(name, &error.to_string()),
            None => ControlFlow::Continue(()),
        }
    }

    /// Gives out a message; a page as its posts, but for those given out before.
    fn take(&mut self, piece: Piece, layout: Layout, parts_before: u32) -> ControlFlow<()> {
        let document = self.place.spot.document;
        let behind = Spot {
            document,
            offset: piece.resume,
            layout,
            part: 0,
            is_end: false,
        };
        if let Some(reason) = piece.broken {
            self.place.spot = behind;
            return self.push(piece.bytes, Some(reason));
        }
        let parts = if may_be_page(&piece.bytes) {
            x::split_page(&piece.bytes)
        } else {
            None
        };
        let Some(parts) = parts else {
            self.place.spot = behind;
            return self.push(piece.bytes, None);
        };
        let n_parts = u32::try_from(parts.len()).unwrap_or(u32::MAX);
        for (part, frame) in (1..=n_parts).zip(parts) {
            if part > parts_before {
                self.place.spot = if part == n_parts {
                    behind
                } else {
                    Spot {
                        offset: piece.start,
                        part,
                        ..behind
                    }
                };
                self.push(frame.into(), None)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Says that something can't be read, where it will be found: among the dead letters.
    fn report(&mut self, name: &str, reason: &str) -> ControlFlow<()> {
        tracing::warn!(path = name, reason, "A file can't be read to its end");
        self.push(
            Bytes::copy_from_slice(name.as_bytes()),
            Some(format!("can't read {name}: {reason}")),
        )
    }

    fn push(&mut self, bytes: Bytes, broken: Option<String>) -> ControlFlow<()> {
        if self.chunk.frames.len() >= MAX_BATCH_FRAMES
            || self.chunk.bytes + bytes.len() > CHUNK_BYTES
        {
            self.flush()?;
        }
        self.chunk.bytes += bytes.len();
        self.chunk.frames.push(Frame {
            bytes,
            received_at: self.now,
            broken,
        });
        self.chunk.places.push(self.place.clone());
        self.chunk.end = None;
        ControlFlow::Continue(())
    }

    fn flush(&mut self) -> ControlFlow<()> {
        let chunk = std::mem::take(&mut self.chunk);
        if chunk.frames.is_empty() && chunk.end.is_none() {
            return ControlFlow::Continue(());
        }
        match self.sender.blocking_send(Message::Chunk(chunk)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }
}

/// A read that a signal has interrupted is made again.
fn read(content: &mut dyn Read, space: &mut [u8]) -> io::Result<usize> {
    loop {
        match content.read(space) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            came => return came,
        }
    }
}

/// Could this be a page of an API's answer? Told from its first key, so that a line of a stream costs nothing.
fn may_be_page(bytes: &[u8]) -> bool {
    let Some(rest) = bytes.strip_prefix(b"{") else {
        return false;
    };
    let Some(rest) = rest.trim_ascii_start().strip_prefix(b"\"") else {
        return false;
    };
    let Some(end) = rest.iter().take(24).position(|byte| *byte == b'"') else {
        return false;
    };
    let (key, rest) = rest.split_at(end);
    let value = rest[1..]
        .trim_ascii_start()
        .strip_prefix(b":")
        .map(<[u8]>::trim_ascii_start);
    match key {
        b"data" | b"statuses" | b"results" => {
            value.is_some_and(|value| value.first() == Some(&b'['))
        }
        b"includes" | b"meta" | b"errors" | b"search_metadata" | b"next" => true,
        _ => false,
    }
}

/// A file that counts what is read of it.
struct Counted {
    file: File,
    progress: Arc<ReplayProgress>,
}

impl Read for Counted {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let came = self.file.read(space)?;
        self.progress.read.fetch_add(came as u64, Ordering::Relaxed);
        Ok(came)
    }
}

#[cfg(test)]
mod tests {
    use super::may_be_page;

    #[test]
    fn pages_are_told_from_lines_by_their_first_key() {
        for (text, expected) in [
            (r#"{"data":[{"id":"1"}]}"#, true),
            (r#"{ "statuses" : [ ]}"#, true),
            (r#"{"meta":{},"data":[]}"#, true),
            (r#"{"data":{"id":"1"}}"#, false),
            (r#"{"created_at":"x"}"#, false),
            ("{", false),
            ("[1]", false),
            (r#"{"data"#, false),
        ] {
            assert_eq!(may_be_page(text.as_bytes()), expected, "{text}");
        }
    }
}
