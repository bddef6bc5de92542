//! What every source must do.
//!
//! A source is compared with itself: read in one go, read with every call dropped and made again, read from each of its
//! cursors. What its frames mean is for its own tests; here two are the same if they decode to the same event id, or, where
//! they don't decode, have the same bytes.

use std::future::poll_fn;
use std::task::Poll;
use std::time::{Duration, Instant};

use crate::frame::{Batch, Frame};
use crate::ids::Cursor;
use crate::source::{Connection, Ladder, MAX_BATCH_BYTES, MAX_BATCH_FRAMES, Source, SourceError};

/// How long a call is waited for before it is dropped.
const SOON: Duration = Duration::from_millis(1);

/// Everything a bounded source must do. Opens it many times: give it some thousand frames at most.
pub async fn bounded(connection: &Connection) {
    assert!(!connection.spec.endless, "a bounded source says so");
    let whole = read(connection, None, usize::MAX).await;
    ends_for_good(connection).await;
    loses_nothing_when_calls_are_dropped(connection, &whole.names).await;
    resumes_at_every_cursor(connection, &whole).await;
}

/// Everything an endless source must do, judged by its first `n_frames`; it must give as many each time it is opened.
pub async fn endless(connection: &Connection, n_frames: usize) {
    assert!(connection.spec.endless, "an endless source says so");
    let first = read(connection, None, n_frames).await;
    assert!(
        first.names.len() >= n_frames,
        "an endless source ended after {} frames",
        first.names.len()
    );
    loses_nothing_when_calls_are_dropped(connection, &first.names[..n_frames]).await;
    if connection.spec.replays {
        resumes_at_every_cursor(connection, &first).await;
    }
}

/// What was read: each frame's name, and which cursor came after how many of them.
struct Reading {
    names: Vec<String>,
    cursors: Vec<(usize, Cursor)>,
}

async fn read(connection: &Connection, cursor: Option<Cursor>, most: usize) -> Reading {
    let mut source = open(connection, cursor).await;
    let mut reading = Reading {
        names: Vec::new(),
        cursors: Vec::new(),
    };
    while reading.names.len() < most {
        let Some(batch) = next(source.next_batch().await) else {
            break;
        };
        take(connection, &batch, &mut reading.names);
        reading
            .cursors
            .extend(batch.cursor.map(|cursor| (reading.names.len(), cursor)));
    }
    reading
}

/// Opens it; where the service allows one connection only, it may need a moment to notice that the last one is gone.
async fn open(connection: &Connection, cursor: Option<Cursor>) -> Box<dyn Source> {
    let patience = Instant::now() + Duration::from_secs(60);
    loop {
        match (connection.open)(cursor.clone()).await {
            Ok(source) => return source,
            Err(SourceError::Retry {
                ladder: Ladder::RateLimit,
                ..
            }) if Instant::now() < patience => tokio::task::yield_now().await,
            Err(error) => panic!("opening failed: {error}"),
        }
    }
}

fn next(answer: Result<Option<Batch>, SourceError>) -> Option<Batch> {
    answer.unwrap_or_else(|error| panic!("reading failed: {error}"))
}

/// Notes a batch's frames, keep-alives left out, and checks its size.
fn take(connection: &Connection, batch: &Batch, names: &mut Vec<String>) {
    let bytes: usize = batch.frames.iter().map(|frame| frame.bytes.len()).sum();
    assert!(
        batch.frames.len() <= MAX_BATCH_FRAMES,
        "{} frames in one batch",
        batch.frames.len()
    );
    assert!(bytes <= MAX_BATCH_BYTES, "{bytes} bytes in one batch");
    let is_in_order = batch.frames.is_sorted_by_key(|frame| frame.received_at);
    assert!(
        is_in_order,
        "a batch's frames came in another order than they stand"
    );
    let messages = batch.frames.iter().filter(|frame| !frame.is_keep_alive());
    names.extend(messages.map(|frame| name(connection, frame)));
}

fn name(connection: &Connection, frame: &Frame) -> String {
    if let Some(reason) = &frame.broken {
        return format!("broken: {reason}");
    }
    match (connection.spec.decode)(&frame.bytes) {
        Ok(event) => event.id.to_string(),
        Err(_) => String::from_utf8_lossy(&frame.bytes).into_owned(),
    }
}

async fn ends_for_good(connection: &Connection) {
    let mut source = open(connection, None).await;
    while next(source.next_batch().await).is_some() {}
    assert!(
        next(source.next_batch().await).is_none(),
        "a source went on after its end"
    );
}

/// Drops each call after one look at it, and the next after a moment, unless they were ready.
async fn loses_nothing_when_calls_are_dropped(connection: &Connection, expected: &[String]) {
    let mut source = open(connection, None).await;
    let mut names = Vec::new();
    while names.len() < expected.len() {
        let answer = match look(&mut *source).await {
            Some(answer) => answer,
            None => match tokio::time::timeout(SOON, source.next_batch()).await {
                Ok(answer) => answer,
                Err(_) => continue,
            },
        };
        match next(answer) {
            Some(batch) => take(connection, &batch, &mut names),
            None => break,
        }
    }
    names.truncate(expected.len());
    assert_same(&names, expected, "with calls dropped");
}

async fn look(source: &mut dyn Source) -> Option<Result<Option<Batch>, SourceError>> {
    let mut call = source.next_batch();
    poll_fn(|context| match call.as_mut().poll(context) {
        Poll::Ready(answer) => Poll::Ready(Some(answer)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// From each cursor on everything that came after it comes; what came before may come again.
async fn resumes_at_every_cursor(connection: &Connection, whole: &Reading) {
    for (before, cursor) in &whole.cursors {
        let expected = &whole.names[*before..];
        let resumed = if connection.spec.endless {
            read_up_to(connection, cursor, &whole.names, *before).await
        } else {
            read(connection, Some(cursor.clone()), usize::MAX)
                .await
                .names
        };
        let repeated = resumed.len().saturating_sub(expected.len());
        assert_same(
            &resumed[repeated..],
            expected,
            &format!("from cursor {}", cursor.0),
        );
    }
}

/// What an endless source gives from a cursor after the first `before` of `whole`, until its last came; at most all of it comes again.
async fn read_up_to(
    connection: &Connection,
    cursor: &Cursor,
    whole: &[String],
    before: usize,
) -> Vec<String> {
    let mut source = open(connection, Some(cursor.clone())).await;
    let mut names = Vec::new();
    let last = whole.last();
    while before < whole.len() && !last.is_some_and(|last| names.contains(last)) {
        let Some(batch) = next(source.next_batch().await) else {
            break;
        };
        take(connection, &batch, &mut names);
        assert!(
            names.len() < 2 * whole.len() + MAX_BATCH_FRAMES,
            "from cursor {} the last frame does not come again",
            cursor.0
        );
    }
    let end = names.iter().rposition(|name| Some(name) == last);
    names.truncate(end.map_or(0, |end| end + 1));
    names
}

fn assert_same(names: &[String], expected: &[String], how: &str) {
    let differs = names
        .iter()
        .zip(expected)
        .position(|(one, other)| one != other);
    if let Some(at) = differs {
        panic!(
            "read {how}, frame {at} is {} and not {}",
            names[at], expected[at]
        );
    }
    assert_eq!(
        names.len(),
        expected.len(),
        "read {how}, not as many frames came"
    );
}
