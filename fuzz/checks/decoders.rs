//! What must hold for every decoder whatever the bytes: it returns, and what it returns keeps the vocabulary's promises.
//!
//! Used by the fuzz targets and, on mutated fixtures, by the ordinary tests.
#![allow(dead_code, reason = "each target uses one of these")]

use bowerbird_connect::{decode_any, native, x};
use bowerbird_core::event::Post;
use bowerbird_core::source::Decode;

/// Decodes; an event is checked, and comes through our own wire form as it is.
pub(crate) fn decode(decode: Decode, bytes: &[u8]) {
    match decode(bytes) {
        Ok(event) => {
            assert!(
                !event.id.service.is_empty() && !event.id.id.is_empty(),
                "an event has an id"
            );
            if let Some(post) = event.post() {
                check(post, 2);
            }
            let again = native::encode(&event);
            assert_eq!(
                native::decode(&again).as_ref(),
                Ok(&event),
                "the native form keeps everything"
            );
        }
        Err(refused) => {
            assert!(!refused.reason.is_empty(), "a refusal has a reason");
            assert!(refused.reason.len() < 1_000, "a reason is short");
        }
    }
}

/// Splits a page; each frame decodes or is refused, and is no page itself.
pub(crate) fn split(bytes: &[u8]) {
    for frame in x::split_page(bytes).unwrap_or_default() {
        assert!(
            frame.len() <= bytes.len() + 64,
            "a frame has no more than its page and its wrapping"
        );
        decode(decode_any, &frame);
    }
}

fn check(post: &Post<'_>, levels: u8) {
    for entity in &post.entities {
        let range = entity.span.start as usize..entity.span.end as usize;
        assert!(
            post.text.get(range).is_some(),
            "a span lies on character boundaries"
        );
    }
    assert!(
        levels > 0 || post.embedded.is_empty(),
        "two levels are embedded, no more"
    );
    for inner in &post.embedded {
        check(&inner.post, levels - 1);
    }
}
