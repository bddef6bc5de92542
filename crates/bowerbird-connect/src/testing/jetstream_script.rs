//! What Jetstream's stand-in does, step by step, and what it sends.

use serde_json::json;

/// How one connect is answered. Whatever is played, the connection then goes on as a real one would.
#[derive(Debug, Clone)]
pub enum Turn {
    /// With events, from the cursor on, after these beats.
    Play(Vec<Beat>),
    /// With a status and a body, and no WebSocket.
    Refuse(u16, &'static str),
    /// With a refusal of the cursor, if there is one; else as without a script.
    RefuseCursor,
}

/// What a connection does next.
#[derive(Debug, Clone)]
pub enum Beat {
    /// Sends so many of the events that are due, waiting for them.
    Events(usize),
    /// Sends this as a text message.
    Text(String),
    /// Sends these bytes as a binary message.
    Binary(Vec<u8>),
    /// Sends a ping.
    Ping,
    /// Waits for the answer to a ping.
    AwaitPong,
    /// Says nothing more, and stays.
    Stall,
    /// Breaks the connection off.
    Cut,
    /// Breaks it off in the middle of a message.
    Tear,
    /// Hangs up as it should be, with a code and a reason.
    Close(u16, &'static str),
}

/// A post by the account of a number, as the old wire carries it: `at` is its `time_us`.
pub fn jetstream_post(n: u64, at: i64, text: &str) -> Vec<u8> {
    let event = json!({
        "did": format!("did:plc:account{:04}", n % 10),
        "time_us": at,
        "kind": "commit",
        "commit": {
            "rev": format!("3l{n:011}"),
            "operation": "create",
            "collection": "app.bsky.feed.post",
            "rkey": format!("3k{n:011}"),
            "record": {
                "$type": "app.bsky.feed.post",
                "createdAt": "2026-08-01T10:00:00.000Z",
                "langs": ["en"],
                "text": text,
            },
            "cid": "bafyreibowerbird",
        },
    });
    // `did` and `time_us` come first, as they do from Jetstream.
    let text = event.to_string();
    let (did, time) = (&event["did"], &event["time_us"]);
    let rest = text.trim_start_matches('{');
    let rest = rest.replace(&format!("\"did\":{did},"), "");
    let rest = rest.replace(&format!(",\"time_us\":{time}"), "");
    format!("{{\"did\":{did},\"time_us\":{time},{rest}").into_bytes()
}

/// A dictionary to pack with, made of made-up posts. Which, `id` says.
///
/// # Panics
/// Never: the posts are enough to make one.
pub fn jetstream_dictionary(id: u32) -> Vec<u8> {
    const BYTES: usize = 4 << 10;
    const MAGIC_BYTES: usize = 4;
    let posts: Vec<Vec<u8>> = (0..500)
        .map(|n| {
            jetstream_post(
                n * 7,
                1_779_719_009_157_119 + 37 * n.cast_signed(),
                "a bird, and another",
            )
        })
        .collect();
    let mut dictionary = zstd::dict::from_samples(&posts, BYTES).expect("posts make a dictionary");
    dictionary[MAGIC_BYTES..2 * MAGIC_BYTES].copy_from_slice(&id.to_le_bytes());
    dictionary
}
