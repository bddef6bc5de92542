//! Which service's JSON a frame is, told from the keys of its top level.
//!
//! Services do not label their messages, but each form has keys that no other has. A frame is of the form whose key comes
//! first; values are skipped, not parsed, so the choice costs little beside the decoding. This is not validation.

use bowerbird_core::source::Refused;

use crate::json::keys::{Key, Keys};

/// The forms we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Our own: `{"bowerbird":1,"event":{…}}`.
    Native,
    /// X v2: `{"data":{…},"includes":{…}}`.
    XEnvelope,
    /// X v2 with many posts: `{"data":[…]}`.
    XPage,
    /// X v2: a post by itself, also as twarc flattens it.
    XPost,
    /// X v2: `{"errors":[…]}` and no data, or one error by itself.
    XProblem,
    /// X v2: a line of a compliance job's result.
    XCompliance,
    /// X v1.1: a status.
    Status,
    /// X v1.1: anything else of its streams.
    Control,
    /// X v1.1 with many statuses: `{"statuses":[…]}`, `{"results":[…]}`.
    StatusPage,
    /// X archive: `{"tweet":{…}}`.
    Archived,
    /// Jetstream, both wires.
    Jetstream,
    /// A message of Mastodon's streams, with the instance it came from: `{"mastodon":"…","event":"update","payload":{…}}`.
    MastodonMessage,
    /// A status of Mastodon's API.
    MastodonStatus,
    /// An account of Mastodon's API.
    MastodonAccount,
    /// An activity, an object or an actor of ActivityPub.
    ActivityPub,
    /// Gnip's activity streams.
    Activity,
}

impl Shape {
    /// What a person calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Native => "a Bowerbird event",
            Self::XEnvelope | Self::XPost => "an X v2 post",
            Self::XPage => "a page of X v2 objects",
            Self::XProblem => "an X error message",
            Self::XCompliance => "a line of an X compliance job",
            Self::Status => "an X v1.1 status",
            Self::Control => "an X v1.1 stream message",
            Self::StatusPage => "a page of X v1.1 statuses",
            Self::Archived => "an element of an X archive",
            Self::Jetstream => "a Jetstream event",
            Self::MastodonMessage => "a message of a Mastodon stream",
            Self::MastodonStatus => "a Mastodon status",
            Self::MastodonAccount => "a Mastodon account",
            Self::ActivityPub => "an ActivityPub activity",
            Self::Activity => "a Gnip activity",
        }
    }
}

/// How many keys are looked at, and named in a reason.
const MAX_KEYS: usize = 24;
const MAX_NAMED_KEYS: usize = 8;
const MAX_NAMED_KEY_CHARS: usize = 32;

/// The form of a frame, or a reason that names the keys it has.
pub(crate) fn of(text: &str) -> Result<Shape, Refused> {
    let mut seen = Seen::default();
    for key in Keys::of(text).take(MAX_KEYS) {
        if let Some(shape) = telling(&key) {
            return Ok(shape);
        }
        seen.note(key.name);
    }
    seen.shape().ok_or_else(|| unknown(text))
}

/// The form that has this key, if only one has.
fn telling(key: &Key<'_>) -> Option<Shape> {
    let holds_list = key.value.first() == Some(&b'[');
    Some(match key.name {
        b"bowerbird" => Shape::Native,
        b"data" if holds_list => Shape::XPage,
        b"data" => Shape::XEnvelope,
        b"author_id"
        | b"public_metrics"
        | b"referenced_tweets"
        | b"referenced_posts"
        | b"edit_history_tweet_ids"
        | b"edit_history_post_ids"
        | b"conversation_id"
        | b"context_annotations"
        | b"reply_settings"
        | b"note_tweet"
        | b"note_post"
        | b"edit_controls" => Shape::XPost,
        b"id_str"
        | b"user"
        | b"truncated"
        | b"full_text"
        | b"extended_tweet"
        | b"contributors"
        | b"coordinates"
        | b"favorited"
        | b"retweeted"
        | b"favorite_count"
        | b"retweet_count"
        | b"in_reply_to_status_id"
        | b"in_reply_to_status_id_str"
        | b"in_reply_to_user_id_str"
        | b"in_reply_to_screen_name"
        | b"is_quote_status"
        | b"quoted_status"
        | b"retweeted_status"
        | b"filter_level"
        | b"timestamp_ms"
        | b"quote_count"
        | b"reply_count"
        | b"place"
        | b"extended_entities" => Shape::Status,
        b"delete" | b"scrub_geo" | b"limit" | b"status_withheld" | b"user_withheld"
        | b"disconnect" | b"warning" | b"friends" | b"friends_str" | b"for_user"
        | b"direct_message" | b"control" => Shape::Control,
        b"statuses" | b"results" if holds_list => Shape::StatusPage,
        b"tweet" => Shape::Archived,
        b"did" | b"time_us" | b"commit" | b"$type" => Shape::Jetstream,
        b"mastodon" => Shape::MastodonMessage,
        b"in_reply_to_id"
        | b"in_reply_to_account_id"
        | b"spoiler_text"
        | b"visibility"
        | b"reblog"
        | b"reblogs_count"
        | b"favourites_count"
        | b"media_attachments"
        | b"edited_at" => Shape::MastodonStatus,
        b"acct" => Shape::MastodonAccount,
        b"@context" | b"attributedTo" | b"orderedItems" | b"preferredUsername" | b"inReplyTo" => {
            Shape::ActivityPub
        }
        // Gnip describes who it was, ActivityPub says where that stands.
        b"actor" if key.value.first() == Some(&b'"') => Shape::ActivityPub,
        b"objectType" | b"verb" | b"actor" | b"postedTime" => Shape::Activity,
        _ => return None,
    })
}

/// Keys that tell only together, or only where no other came.
#[derive(Default)]
struct Seen {
    id: bool,
    text: bool,
    action: bool,
    errors: bool,
    title: bool,
    kind: bool,
    event: bool,
    target: bool,
}

impl Seen {
    fn note(&mut self, name: &[u8]) {
        match name {
            b"id" => self.id = true,
            b"text" => self.text = true,
            b"action" => self.action = true,
            b"errors" | b"error" => self.errors = true,
            b"title" => self.title = true,
            b"type" => self.kind = true,
            b"event" => self.event = true,
            b"target" | b"target_object" => self.target = true,
            _ => {}
        }
    }

    fn shape(&self) -> Option<Shape> {
        if self.id && self.text {
            Some(Shape::XPost)
        } else if self.event && self.target {
            Some(Shape::Control)
        } else if self.id && self.action {
            Some(Shape::XCompliance)
        } else if self.errors || (self.title && self.kind) {
            Some(Shape::XProblem)
        } else {
            None
        }
    }
}

#[cold]
fn unknown(text: &str) -> Refused {
    let mut names: Vec<String> = Keys::of(text)
        .take(MAX_NAMED_KEYS + 1)
        .map(|key| {
            let name = String::from_utf8_lossy(key.name);
            name.chars().take(MAX_NAMED_KEY_CHARS).collect()
        })
        .collect();
    if names.len() > MAX_NAMED_KEYS {
        names[MAX_NAMED_KEYS] = "…".to_owned();
    }
    if !names.is_empty() {
        let names = names.join(", ");
        return Refused::new(format!("unknown kind of message; its keys are {names}"));
    }
    Refused::new(match text.trim_ascii_start().bytes().next() {
        Some(b'{') => "expected an object with keys, found an empty or broken one",
        Some(b'[') => "expected one object, found a list",
        _ => "expected a JSON object",
    })
}

#[cfg(test)]
mod tests {
    use super::{Shape, of};

    #[test]
    fn each_form_is_told_by_its_keys() {
        for (text, expected) in [
            (r#"{"bowerbird":1,"event":{}}"#, Shape::Native),
            (r#"{"data":{"id":"1"}}"#, Shape::XEnvelope),
            (
                r#"{"includes":{"tweets":[{"user":1}]},"data":{}}"#,
                Shape::XEnvelope,
            ),
            (r#"{"errors":[{}],"data" : [ {} ]}"#, Shape::XPage),
            (r#"{"text":"a","id":"1"}"#, Shape::XPost),
            (
                r#"{"id":"1","text":"{\"user\":1}","author_id":"2"}"#,
                Shape::XPost,
            ),
            (r#"{"errors":[{"title":"x"}]}"#, Shape::XProblem),
            (r#"{"title":"x","type":"about:blank"}"#, Shape::XProblem),
            (r#"{"id":"1","action":"delete"}"#, Shape::XCompliance),
            (r#"{"created_at":"x","id":1,"id_str":"1"}"#, Shape::Status),
            (r#"{"text":"x","truncated":false}"#, Shape::Status),
            (r#"{"limit":{"track":1}}"#, Shape::Control),
            (
                r#"{"event":"follow","source":{},"target":{}}"#,
                Shape::Control,
            ),
            (r#"{"statuses":[]}"#, Shape::StatusPage),
            (r#"{"tweet":{"id":"1"}}"#, Shape::Archived),
            (r#"{"did":"did:plc:x","kind":"commit"}"#, Shape::Jetstream),
            (r#"{"$type":"message","payload":{}}"#, Shape::Jetstream),
            (
                r#"{"mastodon":"a.example","event":"delete","payload":"1"}"#,
                Shape::MastodonMessage,
            ),
            (
                r#"{"id":"1","created_at":"x","in_reply_to_id":null}"#,
                Shape::MastodonStatus,
            ),
            (
                r#"{"account":{},"application":null,"content":"","edited_at":null}"#,
                Shape::MastodonStatus,
            ),
            (
                r#"{"id":"1","username":"a","acct":"a"}"#,
                Shape::MastodonAccount,
            ),
            (
                r#"{"id":"https://a/1","type":"Create","actor":"https://a/users/b"}"#,
                Shape::ActivityPub,
            ),
            (r#"{"@context":"x","type":"Note"}"#, Shape::ActivityPub),
            (
                r#"{"id":"tag:search","actor":{"objectType":"person"}}"#,
                Shape::Activity,
            ),
            (
                r#"{"id":"tag:search","objectType":"activity"}"#,
                Shape::Activity,
            ),
        ] {
            assert_eq!(of(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn an_unknown_form_is_refused_with_its_keys() {
        let reason = |text| of(text).unwrap_err().reason;
        assert_eq!(
            reason(r#"{"foo":1,"bar":{"data":2}}"#),
            "unknown kind of message; its keys are foo, bar"
        );
        assert_eq!(
            reason(r#"{"stream":["public"],"event":"delete","payload":"1"}"#),
            "unknown kind of message; its keys are stream, event, payload"
        );
        assert_eq!(reason("[1]"), "expected one object, found a list");
        assert_eq!(reason("12"), "expected a JSON object");
        let many: Vec<String> = (0..20).map(|n| format!(r#""key{n}":1"#)).collect();
        let many = format!("{{{}}}", many.join(","));
        assert!(of(&many).unwrap_err().reason.ends_with("key7, …"));
    }
}
