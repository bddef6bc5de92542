//! Reading records ahead of the writer: a second core decodes them and cuts their texts into words while the first writes.
//!
//! Of the time a post takes, about a seventh needs no database. Only large batches get a helper; it lives as long as its batch.

use std::sync::mpsc::sync_channel;

use bowerbird_core::event::Post;
use bowerbird_core::record::{Record, RecordError};
use bowerbird_core::rules::search_tokens;
use bytes::Bytes;

/// Records handed over at a time.
const STEP: usize = 64;
/// Steps the helper may be ahead.
const STEPS: usize = 4;
/// Smaller batches are not worth a thread.
const LEAST: usize = 4 * STEP;
/// A post within a post within a post.
const LEVELS: usize = 2;

/// A record, read.
#[derive(Debug)]
pub(super) struct ReadRecord<'r> {
    pub(super) offset: u64,
    pub(super) bytes: &'r [u8],
    pub(super) record: Result<Record<'r>, RecordError>,
    pub(super) words: Vec<TextWords>,
}

/// A text, told by where it lies, and its words.
#[derive(Debug)]
pub(super) struct TextWords {
    text: (usize, usize),
    words: String,
}

/// Takes the words of a text, if they were cut.
pub(super) fn take_words(known: &mut [TextWords], text: &str) -> Option<String> {
    let place = place_of(text);
    let found = known.iter_mut().find(|one| one.text == place)?;
    Some(std::mem::take(&mut found.words)).filter(|words| !words.is_empty())
}

fn place_of(text: &str) -> (usize, usize) {
    (text.as_ptr().addr(), text.len())
}

/// Hands every record to `write`, in order, until it fails.
pub(super) fn read<E>(
    records: &[(u64, Bytes)],
    with_words: bool,
    mut write: impl FnMut(ReadRecord<'_>) -> Result<(), E>,
) -> Result<(), E> {
    if records.len() < LEAST {
        return records
            .iter()
            .try_for_each(|record| write(read_one(record, false)));
    }
    std::thread::scope(|scope| {
        let (send, receive) = sync_channel::<Vec<ReadRecord<'_>>>(STEPS);
        scope.spawn(move || {
            for step in records.chunks(STEP) {
                let read = step
                    .iter()
                    .map(|record| read_one(record, with_words))
                    .collect();
                // The writer has failed and reads no more.
                if send.send(read).is_err() {
                    return;
                }
            }
        });
        receive.into_iter().flatten().try_for_each(write)
    })
}

fn read_one((offset, bytes): &(u64, Bytes), with_words: bool) -> ReadRecord<'_> {
    let record = Record::decode(bytes);
    let mut words = Vec::new();
    let post = record
        .as_ref()
        .ok()
        .and_then(|record| record.content.event()?.post());
    if let Some(post) = post.filter(|_| with_words) {
        cut(post, LEVELS, &mut words);
    }
    ReadRecord {
        offset: *offset,
        bytes,
        record,
        words,
    }
}

fn cut(post: &Post<'_>, levels: usize, words: &mut Vec<TextWords>) {
    words.push(TextWords {
        text: place_of(&post.text),
        words: search_tokens(&post.text),
    });
    if levels > 0 {
        for inner in &post.embedded {
            cut(&inner.post, levels - 1, words);
        }
    }
}
