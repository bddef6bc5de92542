//! Frames that no decoder can make an event of, each with the reason a person reads in the dead letters.

use bowerbird_connect::{decode_any, jetstream, mastodon, native, x};
use bowerbird_core::source::Decode;

fn check(decode: Decode, frame: &str, expected: &str) {
    let reason = match decode(frame.as_bytes()) {
        Ok(event) => panic!("{frame} became {event:?}"),
        Err(refused) => refused.reason,
    };
    assert_eq!(reason, expected, "{frame}");
}

#[test]
fn whatever_it_was_meant_to_be() {
    for (frame, expected) in [
        ("", "empty frame"),
        ("  ", "empty frame"),
        (
            "{",
            "expected an object with keys, found an empty or broken one",
        ),
        (
            "{}",
            "expected an object with keys, found an empty or broken one",
        ),
        ("[]", "expected one object, found a list"),
        ("hello", "expected a JSON object"),
        ("\"text\"", "expected a JSON object"),
        (
            r#"{"like":{"tweetId":"1"}}"#,
            "unknown kind of message; its keys are like",
        ),
        (
            r#"{"id":"tag:search.twitter.com,2005:1","objectType":"activity","verb":"post"}"#,
            "a Gnip activity stream: this format is not read yet",
        ),
    ] {
        check(decode_any, frame, expected);
    }
}

#[test]
fn x_v2() {
    for (frame, expected) in [
        (
            r#"{"data":{"id":"1","text":17}}"#,
            "data.text: expected text, found a number",
        ),
        (r#"{"data":{"id":"1"}}"#, "data.text is missing"),
        (r#"{"data":{"text":"a"}}"#, "data.id is missing"),
        (
            r#"{"data":{"id":{},"text":"a"}}"#,
            "data.id: expected text, found an object",
        ),
        (r#"{"data":{"id":"","text":"a"}}"#, "data.id is empty"),
        (r#"{"data":null}"#, "data: expected an object"),
        (r#"{"data":"x"}"#, "data: expected an object"),
        (
            r#"{"id":"1","text":null,"author_id":"2"}"#,
            "text is missing",
        ),
        (
            r#"{"id":true,"text":"a","author_id":"2"}"#,
            "id: expected text, found true or false",
        ),
        (
            r#"{"data":[{"id":"1","username":"a"}]}"#,
            "a page without posts, or one that was not split into its posts",
        ),
        (
            r#"{"data":{"id":"1","text":"a"},"includes":{"users":[{"id":"2","na"#,
            "not JSON: EOF while parsing at line 1 column 64",
        ),
        (
            r#"{"errors":[{"code":88,"message":"Rate limit exceeded"}]}"#,
            "an error and no post: Rate limit exceeded",
        ),
        (
            r#"{"title":"Unauthorized","type":"about:blank","status":401,"detail":"Unauthorized"}"#,
            "an error and no post: Unauthorized",
        ),
        (
            r#"{"data":{"event_type":"post.create","payload":{"id":"1"}}}"#,
            "data.payload.text is missing",
        ),
        (
            r#"{"id":"1","action":"upload"}"#,
            "action: expected `delete`",
        ),
        (
            r#"{"id_str":"1","user":{}}"#,
            "expected an X v2 object, found an X v1.1 status",
        ),
        (
            r#"{"did":"did:plc:a"}"#,
            "expected an X v2 object, found a Jetstream event",
        ),
    ] {
        check(x::decode_v2, frame, expected);
    }
}

#[test]
fn x_v11() {
    for (frame, expected) in [
        (
            r#"{"id_str":"1","text":["a"]}"#,
            "text: expected text, found a list",
        ),
        (
            r#"{"id_str":"1","full_text":7,"text":"a"}"#,
            "text: expected text, found a number",
        ),
        (r#"{"user":{},"text":"a"}"#, "id is missing"),
        (r#"{"tweet":{"id_str":"1"}}"#, "tweet.text is missing"),
        (r#"{"tweet":[]}"#, "tweet: expected an object"),
        (r#"{"delete":{"status":{}}}"#, "delete.status.id is missing"),
        (r#"{"delete":{}}"#, "delete.status: expected an object"),
        (
            r#"{"scrub_geo":{"up_to_status_id":1}}"#,
            "scrub_geo.user_id is missing",
        ),
        (
            r#"{"status_withheld":{"user_id":1}}"#,
            "status_withheld.id is missing",
        ),
        (
            r#"{"statuses":[]}"#,
            "a page without statuses, or one that was not split into its statuses",
        ),
        (
            r#"{"data":{"id":"1"}}"#,
            "expected an X v1.1 message, found an X v2 post",
        ),
        (
            r#"{"for_user":1,"message":{"for_user":2,"message":{}}}"#,
            "message: a message for a user within another",
        ),
        (r#"{"for_user":1,"message":7}"#, "expected a JSON object"),
    ] {
        check(x::decode_v11, frame, expected);
    }
}

#[test]
fn bluesky_through_jetstream() {
    let commit = |rest: &str| {
        format!(
            r#"{{"did":"did:plc:a","time_us":1,"kind":"commit","commit":{{"rev":"r","collection":"app.bsky.feed.post",{rest}}}}}"#
        )
    };
    for (frame, expected) in [
        (
            r#"{"kind":"commit","time_us":1}"#.to_owned(),
            "did is missing",
        ),
        (
            r#"{"did":"did:plc:a","handle":"wren.example"}"#.to_owned(),
            "kind is missing",
        ),
        (
            r#"{"did":"did:plc:a","kind":"commit"}"#.to_owned(),
            "commit: expected an object",
        ),
        (
            r#"{"did":"did:plc:a","kind":"account"}"#.to_owned(),
            "account: expected an object",
        ),
        (
            commit(r#""operation":"create","rkey":"k""#),
            "commit.record: expected an object",
        ),
        (
            commit(r#""operation":"create","rkey":"k","record":{}"#),
            "commit.record.text is missing",
        ),
        (
            commit(r#""operation":"create","rkey":"k","record":{"text":1}"#),
            "commit.record.text: expected text, found a number",
        ),
        (commit(r#""operation":"create""#), "commit.rkey is missing"),
        (
            commit(r#""operation":"frob","rkey":"k""#),
            "commit.operation: expected create, update or delete",
        ),
        (
            r#"{"data":{"id":"1"}}"#.to_owned(),
            "expected a Jetstream event, found an X v2 post",
        ),
    ] {
        check(jetstream::decode, &frame, expected);
    }
}

#[test]
fn mastodon_and_activitypub() {
    for (frame, expected) in [
        (
            r#"{"mastodon":"a.example","payload":{}}"#,
            "event is missing",
        ),
        (
            r#"{"mastodon":7,"event":"update"}"#,
            "mastodon: expected text, found a number",
        ),
        (
            r#"{"mastodon":"a.example","event":"update"}"#,
            "payload.uri is missing",
        ),
        (
            r#"{"mastodon":"a.example","event":"update","payload":{"uri":"u","content":5}}"#,
            "payload.content: expected text, found a number",
        ),
        (
            r#"{"mastodon":"a.example","event":"delete","payload":{}}"#,
            "payload: expected text, found an object",
        ),
        (
            r#"{"mastodon":"a.example","event":"notification","payload":{"type":"favourite","status":{}}}"#,
            "payload.status.uri is missing",
        ),
        (r#"{"id":"1","edited_at":null}"#, "uri is missing"),
        (r#"{"@context":"x"}"#, "type is missing"),
        (
            r#"{"@context":"x","type":"Create","object":"https://a/1"}"#,
            "object: expected an object",
        ),
        (
            r#"{"@context":"x","type":"Create","object":{"type":"Note"}}"#,
            "object.id is missing",
        ),
        (
            r#"{"@context":"x","type":"Person"}"#,
            "preferredUsername is missing",
        ),
        (
            r#"{"data":{"id":"1"}}"#,
            "expected a message of Mastodon, found an X v2 post",
        ),
    ] {
        check(mastodon::decode, frame, expected);
    }
}

#[test]
fn our_own_form() {
    for (frame, expected) in [
        (
            r#"{"bowerbird":7}"#,
            "a Bowerbird event of form 7; this build reads form 1",
        ),
        (
            r#"{"data":{"id":"1"}}"#,
            "not JSON: missing field `bowerbird` at line 1 column 19",
        ),
    ] {
        check(native::decode, frame, expected);
    }
}

#[test]
fn a_reason_never_quotes_the_post() {
    let secret = "what nobody should read in a list of dead letters";
    for frame in [
        format!(r#"{{"data":{{"id":"1","text":"{secret}""#),
        format!(r#"{{"id_str":["{secret}"],"user":1}}"#),
        format!(r#"{{"bowerbird":1,"event":"{secret}"}}"#),
        format!(r#"{{"did":["{secret}"],"kind":"{secret}"}}"#),
    ] {
        let reason = decode_any(frame.as_bytes()).unwrap_err().reason;
        assert!(!reason.contains("nobody"), "{reason}");
    }
}

/// Each level that a debug build lets through costs stack; threads usually have 2 MiB of it, of which a decoder may take three quarters.
#[test]
fn the_deepest_nesting_fits_the_usual_stack() {
    let nested = |open: &str, close: &str, n: usize| {
        let (open, close) = (open.repeat(n), close.repeat(n));
        format!(r#"{{"id":"1","id_str":"1","text":"a","x":0,{open}"y":0{close}}}"#)
    };
    let frames = [
        nested(r#""retweeted_status":{"#, "}", 19),
        nested(r#""author_id":"1","referenced_tweets":[{"#, "}]", 9),
        nested(r#""foreign":{"#, "}", 19),
    ];
    let stack = std::thread::Builder::new().stack_size(3 << 19);
    let thread = stack.spawn(move || {
        for frame in frames {
            decode_any(frame.as_bytes()).unwrap();
        }
    });
    thread.unwrap().join().unwrap();
}
