//! The streams of an instance by the names Mastodon gives them, and how each is asked for: by server-sent events, by WebSocket, and as a timeline. Pure.

use form_urlencoded::Serializer;

/// A stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stream {
    /// All public posts that the instance sees: `public`, `public:local`, `public:remote`.
    Public(Part),
    /// Public posts with a hashtag: `hashtag:x`, `hashtag:local:x`.
    Hashtag(String, Part),
    /// Posts of a list's accounts: `list:ID`.
    List(String),
    /// The account's home, and its notifications: `user`.
    User,
    /// Its notifications alone: `user:notification`.
    Notifications,
    /// Its direct messages: `direct`.
    Direct,
}

/// Whose posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    All,
    Local,
    Remote,
}

/// What a timeline's entries are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entries {
    Statuses,
    Notifications,
    Conversations,
}

/// The timeline in which what a stream said can be read again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Timeline {
    pub(super) path: String,
    /// The query, without what pages are asked for by; empty or with a `&` at its end.
    pub(super) query: String,
    pub(super) entries: Entries,
    /// Does an instance keep only the newest of it (a feed of about 800)?
    pub(super) is_short: bool,
}

impl Stream {
    /// Reads a stream's name.
    pub(super) fn parse(name: &str) -> Result<Self, String> {
        let part = |rest: Option<&str>| match rest {
            None => Some(Part::All),
            Some("local") => Some(Part::Local),
            Some("remote") => Some(Part::Remote),
            Some(_) => None,
        };
        let (kind, rest) = match name.split_once(':') {
            Some((kind, rest)) => (kind, Some(rest)),
            None => (name, None),
        };
        let found = match (kind, rest) {
            ("public", rest) => part(rest).map(Self::Public),
            ("user", None) => Some(Self::User),
            ("user", Some("notification")) => Some(Self::Notifications),
            ("direct", None) => Some(Self::Direct),
            ("list", Some(id)) => Some(Self::List(id.to_owned())).filter(|_| is_id(id)),
            ("hashtag", Some(rest)) => {
                let (part, tag) = match rest.strip_prefix("local:") {
                    Some(tag) => (Part::Local, tag),
                    None => (Part::All, rest),
                };
                let tag = tag.trim_start_matches('#').to_lowercase();
                is_tag(&tag).then_some(Self::Hashtag(tag, part))
            }
            _ => None,
        };
        found.ok_or_else(|| {
            format!(
                "`{name}` is no stream: expected public, public:local, public:remote, hashtag:TAG, hashtag:local:TAG, list:ID, user, user:notification or direct"
            )
        })
    }

    /// Is it an account's own, whose token is needed everywhere?
    pub(super) fn is_own(&self) -> bool {
        matches!(
            self,
            Self::List(_) | Self::User | Self::Notifications | Self::Direct
        )
    }

    /// Path and query for server-sent events.
    pub(super) fn events(&self, only_media: bool) -> String {
        let mut query = Serializer::new(String::new());
        let path = match self {
            Self::Public(part) => {
                if only_media {
                    query.append_pair("only_media", "true");
                }
                match part {
                    Part::All => "public",
                    Part::Local => "public/local",
                    Part::Remote => "public/remote",
                }
            }
            Self::Hashtag(tag, part) => {
                query.append_pair("tag", tag);
                match part {
                    Part::Local => "hashtag/local",
                    _ => "hashtag",
                }
            }
            Self::List(id) => {
                query.append_pair("list", id);
                "list"
            }
            Self::User => "user",
            Self::Notifications => "user/notification",
            Self::Direct => "direct",
        };
        let query = query.finish();
        let mark = if query.is_empty() { "" } else { "?" };
        ["/api/v1/streaming/", path, mark, &query].concat()
    }

    /// By what a WebSocket asks for it: `stream`, and `tag` or `list`.
    pub(super) fn parameters(&self, only_media: bool) -> Vec<(&'static str, &str)> {
        let name = match (self, only_media) {
            (Self::Public(Part::All), false) => "public",
            (Self::Public(Part::All), true) => "public:media",
            (Self::Public(Part::Local), false) => "public:local",
            (Self::Public(Part::Local), true) => "public:local:media",
            (Self::Public(Part::Remote), false) => "public:remote",
            (Self::Public(Part::Remote), true) => "public:remote:media",
            (Self::Hashtag(_, Part::Local), _) => "hashtag:local",
            (Self::Hashtag(..), _) => "hashtag",
            (Self::List(_), _) => "list",
            (Self::User, _) => "user",
            (Self::Notifications, _) => "user:notification",
            (Self::Direct, _) => "direct",
        };
        let mut parameters = vec![("stream", name)];
        match self {
            Self::Hashtag(tag, _) => parameters.push(("tag", tag)),
            Self::List(id) => parameters.push(("list", id)),
            _ => {}
        }
        parameters
    }

    /// Path and query of a WebSocket that begins with this stream.
    pub(super) fn socket(&self, only_media: bool) -> String {
        let mut query = Serializer::new(String::new());
        query.extend_pairs(self.parameters(only_media));
        ["/api/v1/streaming?", &query.finish()].concat()
    }

    /// The message that asks for it on a WebSocket that is open.
    pub(super) fn subscription(&self, only_media: bool) -> String {
        let mut message = serde_json::Map::new();
        message.insert("type".to_owned(), "subscribe".into());
        for (key, value) in self.parameters(only_media) {
            message.insert(key.to_owned(), value.into());
        }
        serde_json::Value::Object(message).to_string()
    }

    /// Where what it said can be read again; the home stream's is in two places.
    pub(super) fn timelines(&self, only_media: bool) -> Vec<Timeline> {
        let statuses = |path: String, query: &str, is_short| Timeline {
            path,
            query: query.to_owned(),
            entries: Entries::Statuses,
            is_short,
        };
        let notifications = Timeline {
            path: "/api/v1/notifications".to_owned(),
            query: String::new(),
            entries: Entries::Notifications,
            is_short: false,
        };
        let whose = |part: &Part| match part {
            Part::All => "",
            Part::Local => "local=true&",
            Part::Remote => "remote=true&",
        };
        match self {
            Self::Public(part) => {
                let media = if only_media { "only_media=true&" } else { "" };
                let query = [whose(part), media].concat();
                vec![statuses(
                    "/api/v1/timelines/public".to_owned(),
                    &query,
                    false,
                )]
            }
            Self::Hashtag(tag, part) => {
                let tag: String = form_urlencoded::byte_serialize(tag.as_bytes()).collect();
                let path = ["/api/v1/timelines/tag/", &tag].concat();
                vec![statuses(path, whose(part), false)]
            }
            Self::List(id) => vec![statuses(["/api/v1/timelines/list/", id].concat(), "", true)],
            Self::User => vec![
                statuses("/api/v1/timelines/home".to_owned(), "", true),
                notifications,
            ],
            Self::Notifications => vec![notifications],
            Self::Direct => vec![Timeline {
                path: "/api/v1/conversations".to_owned(),
                entries: Entries::Conversations,
                ..notifications
            }],
        }
    }
}

/// A list's id stands in a path, so it is no more than letters and digits.
fn is_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn is_tag(tag: &str) -> bool {
    let is_plain = |c: char| {
        !(c.is_whitespace() || c.is_control() || matches!(c, '/' | ':' | '?' | '#' | ','))
    };
    !tag.is_empty() && tag.len() <= 256 && tag.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stream_is_asked_for_by_its_name() {
        for (name, events, socket, timelines) in [
            ("public", "public", "stream=public", "public?"),
            (
                "public:local",
                "public/local",
                "stream=public%3Alocal",
                "public?local=true&",
            ),
            (
                "public:remote",
                "public/remote",
                "stream=public%3Aremote",
                "public?remote=true&",
            ),
            (
                "hashtag:Wrens",
                "hashtag?tag=wrens",
                "stream=hashtag&tag=wrens",
                "tag/wrens?",
            ),
            (
                "hashtag:local:#鳥",
                "hashtag/local?tag=%E9%B3%A5",
                "stream=hashtag%3Alocal&tag=%E9%B3%A5",
                "tag/%E9%B3%A5?local=true&",
            ),
            ("list:12", "list?list=12", "stream=list&list=12", "list/12?"),
            ("user", "user", "stream=user", "home? notifications?"),
            (
                "user:notification",
                "user/notification",
                "stream=user%3Anotification",
                "notifications?",
            ),
            ("direct", "direct", "stream=direct", "conversations?"),
        ] {
            let stream = Stream::parse(name).unwrap();
            assert_eq!(stream.events(false), format!("/api/v1/streaming/{events}"));
            assert_eq!(stream.socket(false), format!("/api/v1/streaming?{socket}"));
            let found = stream.timelines(false);
            let found: Vec<String> = found
                .iter()
                .map(|line| format!("{}?{}", line.path, line.query))
                .collect();
            let found = found
                .join(" ")
                .replace("/api/v1/timelines/", "")
                .replace("/api/v1/", "");
            assert_eq!(found, timelines, "{name}");
        }
        let tagged = Stream::parse("hashtag:wrens").unwrap();
        let expected = r#"{"stream":"hashtag","tag":"wrens","type":"subscribe"}"#;
        let sorted: serde_json::Value = serde_json::from_str(&tagged.subscription(true)).unwrap();
        assert_eq!(
            sorted,
            serde_json::from_str::<serde_json::Value>(expected).unwrap()
        );
    }

    #[test]
    fn media_alone_are_asked_for_of_public_streams() {
        let local = Stream::parse("public:local").unwrap();
        assert_eq!(
            local.events(true),
            "/api/v1/streaming/public/local?only_media=true"
        );
        assert_eq!(local.parameters(true), [("stream", "public:local:media")]);
        assert_eq!(
            local.timelines(true)[0].query,
            "local=true&only_media=true&"
        );
        assert_eq!(
            Stream::parse("user").unwrap().events(true),
            "/api/v1/streaming/user"
        );
    }

    #[test]
    fn what_is_no_stream_is_named() {
        for name in [
            "",
            "home",
            "public:media",
            "hashtag",
            "hashtag:",
            "hashtag:a b",
            "hashtag:local:",
            "list",
            "list:",
            "list:../x",
            "user:x",
            "direct:1",
            "Public",
            "hashtag:a/b",
        ] {
            let said = Stream::parse(name).unwrap_err();
            assert!(
                said.starts_with(&format!("`{name}` is no stream")),
                "{said}"
            );
        }
    }
}
