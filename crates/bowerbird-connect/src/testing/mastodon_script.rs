//! What Mastodon's stand-in does, step by step, and what it serves.

use bowerbird_core::time::Time;
use serde_json::{Value, json};

/// How one connect to a stream is answered. Whatever is played, the connection then goes on as a real one would.
#[derive(Debug, Clone)]
pub enum MastodonTurn {
    /// With what happens from now on, after these beats.
    Play(Vec<MastodonBeat>),
    /// With a status and a body, and no stream.
    Refuse(u16, &'static str),
}

/// What a connection does next.
#[derive(Debug, Clone)]
pub enum MastodonBeat {
    /// Sends so many of the events to come, waiting for them.
    Events(usize),
    /// Sends this as it is: a message of a WebSocket, or bytes of a stream of events.
    Text(String),
    /// Sends a sign of life: a ping, or `:thump`.
    Alive,
    /// Says nothing more, and stays.
    Stall,
    /// Breaks the connection off.
    Cut,
    /// Breaks it off in the middle of a message.
    Tear,
    /// Hangs up as it should be; a WebSocket with a code and a reason.
    Close(u16, &'static str),
}

/// The number that Mastodon gives the `n`th post of a moment.
pub fn mastodon_id(at: Time, n: u64) -> String {
    let millis = u64::try_from(at.0 / 1_000).unwrap_or_default();
    ((millis << 16) + n % 65_536).to_string()
}

/// A post by the account `wren` of `birds.example`, as an instance that knows it by this number says it.
pub fn mastodon_status(id: &str, at: Time, text: &str) -> Value {
    json!({
        "id": id,
        "created_at": at.to_string(),
        "in_reply_to_id": null,
        "in_reply_to_account_id": null,
        "sensitive": false,
        "spoiler_text": "",
        "visibility": "public",
        "language": "en",
        "uri": format!("https://birds.example/users/wren/statuses/{id}"),
        "url": format!("https://birds.example/@wren/{id}"),
        "replies_count": 0,
        "reblogs_count": 0,
        "favourites_count": 0,
        "edited_at": null,
        "content": format!("<p>{text}</p>"),
        "reblog": null,
        "account": {
            "id": "41",
            "username": "wren",
            "acct": "wren@birds.example",
            "display_name": "Wren",
            "note": "<p>Watches birds.</p>",
            "url": "https://birds.example/@wren",
            "created_at": "2019-03-14T00:00:00.000Z",
            "followers_count": 120,
            "following_count": 30,
            "statuses_count": 2041,
        },
        "media_attachments": [],
        "mentions": [],
        "tags": [],
        "card": null,
        "poll": null,
    })
}
