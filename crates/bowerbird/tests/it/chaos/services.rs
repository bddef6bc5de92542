//! The made-up services: how each says a post, and how it fails. A further source is a further one of these.

use std::time::Duration;

use bowerbird_connect::jetstream::{self, JetstreamConfig};
use bowerbird_connect::mastodon::{self, MastodonConfig};
use bowerbird_connect::testing::{
    Answer, Beat, JetstreamStandIn, MastodonBeat, MastodonStandIn, MastodonTurn, Step, Turn,
    XStandIn, jetstream_post, mastodon_id, mastodon_status,
};
use bowerbird_connect::x::{self, XConfig};
use bowerbird_core::ids::SourceName;
use bowerbird_core::pipeline::Parts;
use bowerbird_core::source::{Connection, Keep};
use bowerbird_core::time::Time;
use secrecy::SecretString;

use super::judge::Clock;
use super::plan::{End, Refusal};

const TOKEN: &str = "token-of-a-test";

/// A service, as the director needs it.
pub(super) trait Service {
    /// What the source is called.
    fn name(&self) -> &'static str;
    /// By whose clock its gaps are told.
    fn clock(&self) -> Clock;
    /// Reads it.
    fn connection(&self, parts: &Parts) -> Connection;
    /// Says the post of a number, for the first time or again, to whoever listens; it happened at this moment.
    fn say(&self, n: u64, at: Time, text: &str);
    /// Says something that is no message, and different for each number: what is refused once is refused no second time.
    fn garble(&self, n: u64);
    /// Ends the connection, after what was said; what is torn off is different for each number.
    fn end(&self, how: End, n: u64);
    /// Answers the next connect so.
    fn refuse(&self, how: Refusal);
    /// Lets go of what happened before.
    fn forget_before(&self, at: Time);
}

/// Bluesky by Jetstream: it replays.
pub(super) struct Jetstream(JetstreamStandIn);

impl Jetstream {
    pub(super) fn new() -> Self {
        Self(JetstreamStandIn::start([]))
    }
}

impl Service for Jetstream {
    fn name(&self) -> &'static str {
        "jetstream"
    }

    fn clock(&self) -> Clock {
        Clock::Service
    }

    fn connection(&self, _: &Parts) -> Connection {
        let config = JetstreamConfig {
            base_urls: vec![self.0.base_url()],
            ..JetstreamConfig::default()
        };
        jetstream::connect(name(self), Keep::All, config).unwrap()
    }

    fn say(&self, n: u64, at: Time, text: &str) {
        self.0.push(at.0, jetstream_post(n, at.0, text));
    }

    fn garble(&self, n: u64) {
        self.0.then(Beat::Text(format!("{{\"did\":{n}")));
    }

    fn end(&self, how: End, _: u64) {
        self.0.then(match how {
            End::Cut => Beat::Cut,
            End::Tear => Beat::Tear,
            End::Close => Beat::Close(1012, "restarting"),
            End::Stall => Beat::Stall,
        });
    }

    fn refuse(&self, how: Refusal) {
        self.0.answer_with([match how {
            Refusal::Unavailable => Turn::Refuse(503, "bootstrapping"),
            Refusal::TooMany => Turn::Refuse(429, ""),
            Refusal::Cursor => Turn::RefuseCursor,
        }]);
    }

    fn forget_before(&self, at: Time) {
        self.0.forget_before(at.0);
    }
}

/// X's filtered stream: what nobody hears is gone.
pub(super) struct FilteredStream(XStandIn);

impl FilteredStream {
    pub(super) fn new() -> Self {
        let x = XStandIn::start(TOKEN, []);
        // Ladders cost no time here, so there are more connects in a quarter of an hour than X allows by itself.
        let tomorrow = Time::now().plus(Duration::from_secs(86_400));
        x.allow_connects(1_000_000, tomorrow.seconds());
        Self(x)
    }
}

impl Service for FilteredStream {
    fn name(&self) -> &'static str {
        "x"
    }

    fn clock(&self) -> Clock {
        Clock::Reader
    }

    fn connection(&self, parts: &Parts) -> Connection {
        let config = XConfig {
            base_url: self.0.base_url(),
            ..XConfig::new(SecretString::from(TOKEN))
        };
        x::connect(name(self), Keep::All, config, parts.live.watch()).unwrap()
    }

    fn say(&self, n: u64, _: Time, text: &str) {
        self.0.push(format!(
            r#"{{"data":{{"id":"{id}","text":"{text}","author_id":"7","created_at":"2024-01-01T00:00:00.000Z","edit_history_tweet_ids":["{id}"]}},"matching_rules":[{{"id":"1","tag":""}}]}}"#,
            id = 1_700_000_000_000_000_000 + n
        ));
    }

    fn garble(&self, n: u64) {
        self.0.push(format!("{{\"data\":{n}"));
    }

    fn end(&self, how: End, n: u64) {
        match how {
            End::Tear => {
                self.0
                    .then(Step::part(format!("{{\"data\":{{\"id\":\"17{n}")));
                self.0.then(Step::Cut);
            }
            End::Cut => self.0.then(Step::Cut),
            End::Close => {
                self.0
                    .then(Answer::disconnect_line("UpstreamOperationalDisconnect"));
                self.0.then(Step::Close);
            }
            End::Stall => self.0.then(Step::Stall),
        }
    }

    fn refuse(&self, how: Refusal) {
        self.0.answer_connects_with([match how {
            Refusal::TooMany => Answer::too_many_connections(),
            Refusal::Unavailable | Refusal::Cursor => Answer::unavailable(),
        }]);
    }

    fn forget_before(&self, _: Time) {}
}

/// An instance of Mastodon, by its WebSocket: what nobody hears stays in its timelines.
pub(super) struct Mastodon(MastodonStandIn);

impl Mastodon {
    pub(super) fn new() -> Self {
        Self(MastodonStandIn::start(TOKEN, []))
    }
}

impl Service for Mastodon {
    fn name(&self) -> &'static str {
        "mastodon"
    }

    fn clock(&self) -> Clock {
        Clock::Reader
    }

    fn connection(&self, _: &Parts) -> Connection {
        let config = MastodonConfig {
            token: Some(SecretString::from(TOKEN)),
            ..MastodonConfig::new(self.0.base_url(), &["public"])
        };
        mastodon::connect(name(self), Keep::All, config).unwrap()
    }

    fn say(&self, n: u64, at: Time, text: &str) {
        let status = mastodon_status(&mastodon_id(at, n), at, text);
        self.0.post(&["public"], status);
    }

    fn garble(&self, n: u64) {
        self.0.then(MastodonBeat::Text(format!("{{\"event\":{n}")));
    }

    fn end(&self, how: End, _: u64) {
        self.0.then(match how {
            End::Cut => MastodonBeat::Cut,
            End::Tear => MastodonBeat::Tear,
            End::Close => MastodonBeat::Close(1012, "restarting"),
            End::Stall => MastodonBeat::Stall,
        });
    }

    fn refuse(&self, how: Refusal) {
        self.0.answer_with([match how {
            Refusal::TooMany => MastodonTurn::Refuse(429, r#"{"error":"Too many requests"}"#),
            Refusal::Unavailable | Refusal::Cursor => MastodonTurn::Refuse(503, ""),
        }]);
    }

    fn forget_before(&self, _: Time) {}
}

pub(super) fn name(service: &impl Service) -> SourceName {
    SourceName::parse(service.name()).unwrap()
}
