//! What every sink must do.
//!
//! What it writes where is for its own tests; here is how it answers: to nothing, to the same batch twice, to a record
//! that nobody can read, and to being asked whether it would work.

use std::borrow::Cow;

use bytes::Bytes;

use crate::event::{Body, Event, Post};
use crate::ids::EventId;
use crate::record::{Content, Record};
use crate::sink::{Sink, SinkError};
use crate::spool::Leased;
use crate::time::Time;

/// Everything a sink must do that is able to write.
pub async fn all(sink: &mut dyn Sink) {
    sink.check().await.expect("checking a sink that works");
    sink.write(&[]).await.expect("writing nothing");
    let batch: Vec<Leased> = (0..3).map(leased_post).collect();
    sink.write(&batch).await.expect("writing posts");
    sink.write(&batch)
        .await
        .expect("writing the same posts again, as after a crash");
    sink.check()
        .await
        .expect("checking a sink that has written");
    let damaged = Leased {
        offset: 7,
        attempts: 0,
        bytes: Bytes::from_static(b"\x01damaged"),
    };
    match sink.write(&[damaged]).await {
        // A sink that hands on the bytes as they are need not look into them.
        Ok(()) => {}
        Err(SinkError::Bury { offset, .. }) => assert_eq!(offset, 7, "the damaged record is named"),
        Err(other) => panic!("one damaged record stops the lane: {other}"),
    }
    sink.write(&batch)
        .await
        .expect("going on after a damaged record");
}

/// A record as a lane gives it: a post with the text `post <offset>` by `wren`.
pub fn leased_post(offset: u64) -> Leased {
    let mut post = Post {
        text: Cow::Owned(format!("post {offset}")),
        ..Post::default()
    };
    post.author.handle = Cow::Borrowed("wren");
    let id = EventId::new("synthetic", offset.to_string());
    let event = Event {
        id,
        at: None,
        body: Body::Post(Box::new(post)),
    };
    let content = Content::Event {
        event,
        captures: Vec::new(),
        raw: b"",
        repairs: None,
    };
    let record = Record {
        source: Cow::Borrowed("demo"),
        received_at: Time(1_790_000_000_000_000),
        content,
    };
    Leased {
        offset,
        attempts: 0,
        bytes: record.encode(Vec::new()).into(),
    }
}
