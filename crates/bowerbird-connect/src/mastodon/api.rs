//! Asking an instance: who it is, where it streams, pages of its timelines; and what its refusals mean.
//!
//! An instance counts the requests of a token (300 in five minutes) and says with each answer how many are left. All sources of this process that
//! use the same token there share one count ([`Allowance`]), and none asks where nothing is left.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use bowerbird_core::source::{Ladder, SourceError};
use bowerbird_core::time::Time;
use bytes::Bytes;
use reqwest::header::HeaderMap;
use secrecy::{ExposeSecret, SecretString};

use super::frames::Here;
use super::names::authority;
use crate::error::ConnectError;
use crate::json::field::{Field, Maybe};
use crate::json::lenient::objects;
use crate::{http, json};

/// The largest page: 40 statuses with everything stay under 1 MB.
const MAX_BODY_BYTES: usize = 16 << 20;
/// So many requests of a window are left alone by whoever reads again: connecting takes them.
const SPARED: u64 = 20;
/// How much of an explanation is shown.
const MAX_WORDS_CHARS: usize = 300;

/// An instance, and with what token it is asked.
#[derive(Debug, Clone)]
pub(super) struct Api {
    pub(super) client: reqwest::Client,
    /// Without a slash at its end.
    pub(super) base_url: String,
    pub(super) token: Option<SecretString>,
    allowance: Arc<Allowance>,
}

/// An answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// An instance, as it describes itself.
#[derive(Debug, Clone)]
pub(super) struct Instance {
    pub(super) here: Here,
    /// Where it streams, as for HTTP.
    pub(super) streaming: String,
}

objects! {
    struct About<'a> {
        domain: Field<'a>,
        uri: Field<'a>,
        configuration: Maybe<Configuration<'a>>,
        urls: Maybe<Urls<'a>>,
    }

    struct Configuration<'a> {
        urls: Maybe<Urls<'a>>,
    }

    struct Urls<'a> {
        streaming as "streaming" | "streaming_api": Field<'a>,
    }

    struct Me<'a> {
        acct: Field<'a>,
        username: Field<'a>,
    }

    struct Problem<'a> {
        error: Field<'a>,
        error_description: Field<'a>,
    }
}

impl Api {
    pub(super) fn new(base_url: &str, token: Option<SecretString>) -> Result<Self, ConnectError> {
        let base_url = http::base_url("base_url", base_url)?;
        Ok(Self {
            client: http::client(&base_url)?,
            allowance: Allowance::of(&base_url, token.as_ref()),
            base_url,
            token,
        })
    }

    /// Asks for a path with its query, where that leaves enough for connecting; what is not 200 is an error.
    pub(super) async fn get(&self, target: &str) -> Result<Answer, SourceError> {
        let answer = self.ask(target, SPARED).await?;
        match answer.status {
            200 => Ok(answer),
            206 => Err(retry(
                Ladder::Server,
                format!("{} is still making up {target}", self.base_url),
            )),
            status => Err(self.refused(status, &answer.headers, &answer.body)),
        }
    }

    async fn ask(&self, target: &str, spared: u64) -> Result<Answer, SourceError> {
        self.allowance.turn(&self.base_url, spared, Time::now())?;
        let request = self.with_token(self.client.get([&self.base_url, target].concat()));
        let answer = request.timeout(http::REQUEST_TIMEOUT).send().await;
        let network = |what: String| {
            retry(
                Ladder::Network,
                format!("can't reach {}: {what}", self.base_url),
            )
        };
        let mut answer = answer.map_err(|error| network(http::describe(&error)))?;
        self.allowance.note(answer.headers(), Time::now());
        let body = http::body(&mut answer, MAX_BODY_BYTES).await;
        Ok(Answer {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body: body.map_err(|error| network(error.to_string()))?,
        })
    }

    pub(super) fn with_token(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match &self.token {
            Some(token) => request.bearer_auth(token.expose_secret()),
            None => request,
        }
    }

    /// What a refusal asks for.
    pub(super) fn refused(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> SourceError {
        let reset = http::limited_until(headers, Time::now());
        refused(
            status,
            reset,
            &words(body, self.token.as_ref()),
            &self.base_url,
            self.token.is_some(),
        )
    }

    /// Who it is and where it streams. Old servers say less, and stream where they are.
    pub(super) async fn instance(&self, wants_me: bool) -> Result<Instance, SourceError> {
        let mut streaming = String::new();
        let host = authority(&self.base_url).to_lowercase();
        let mut domain = String::new();
        for target in ["/api/v2/instance", "/api/v1/instance"] {
            let answer = self.ask(target, 0).await?;
            match answer.status {
                200 => {
                    (domain, streaming) = about(&answer.body);
                    break;
                }
                401 | 403 | 429 | 500.. => {
                    return Err(self.refused(answer.status, &answer.headers, &answer.body));
                }
                300..=399 => return Err(self.refused(answer.status, &answer.headers, b"")),
                _ => {}
            }
        }
        if domain.is_empty() {
            domain.clone_from(&host);
        }
        let streaming = self.streaming(&streaming)?;
        let me = if wants_me && self.token.is_some() {
            self.me(&domain).await?
        } else {
            String::new()
        };
        Ok(Instance {
            here: Here { host, domain, me },
            streaming,
        })
    }

    /// Where it streams, if the token may be sent there.
    fn streaming(&self, said: &str) -> Result<String, SourceError> {
        let url = match said.split_once("://") {
            Some(("wss" | "https", rest)) => format!("https://{rest}"),
            Some(("ws" | "http", rest)) => format!("http://{rest}"),
            _ => self.base_url.clone(),
        };
        let url = http::base_url("streaming", &url);
        url.map_err(|error| SourceError::Stop {
            reason: format!(
                "{} says that it streams elsewhere, where nothing may be sent: {error}",
                self.base_url
            ),
        })
    }

    /// Whose token it is, by handle: notifications do not say to whom they are. A token may do without the right to ask.
    async fn me(&self, domain: &str) -> Result<String, SourceError> {
        let answer = self.ask("/api/v1/accounts/verify_credentials", 0).await?;
        match answer.status {
            200 => {
                let text = json::checked(&answer.body).unwrap_or_default();
                let me: Me<'_> = json::object(text).unwrap_or_default();
                let name = me.acct.or(&me.username).as_str();
                let is_bare = !name.is_empty() && !name.contains('@');
                Ok(if is_bare {
                    [name, "@", domain].concat()
                } else {
                    name.to_owned()
                })
            }
            401 | 429 | 500.. => Err(self.refused(answer.status, &answer.headers, &answer.body)),
            _ => Ok(String::new()),
        }
    }
}

/// The domain of an instance's handles and the address it streams at, as far as it says so.
fn about(body: &[u8]) -> (String, String) {
    let text = json::checked(body).unwrap_or_default();
    let about: About<'_> = json::object(text).unwrap_or_default();
    let newer = about.configuration.get().and_then(|said| said.urls.get());
    let streaming = newer
        .or(about.urls.get())
        .map(|urls| urls.streaming.as_str());
    let domain = about.domain.or(&about.uri).as_str();
    let domain = domain.split_once("://").map_or(domain, |(_, rest)| rest);
    let domain = domain.split('/').next().unwrap_or_default().to_lowercase();
    (domain, streaming.unwrap_or_default().to_owned())
}

/// What a refusal asks for; `host` is who refuses, `has_token` whether a token was sent.
pub(super) fn refused(
    status: u16,
    reset: Option<Time>,
    words: &str,
    host: &str,
    has_token: bool,
) -> SourceError {
    let said = if words.is_empty() {
        format!("{host} answered {status}")
    } else {
        format!("{host} answered {status}: {words}")
    };
    let sign_in = format!("`bowerbird auth mastodon {}` gets one", authority(host));
    let stop = |what: &str| SourceError::Stop {
        reason: format!("{said}; {what}"),
    };
    match status {
        401 if has_token => stop(&format!(
            "the token is not valid there: {sign_in}, or put one of this instance into the secret"
        )),
        401 => stop(&format!(
            "it wants a token, as Mastodon does for every stream since 4.2: {sign_in}; set token to its name"
        )),
        403 => stop("the token does not reach that far: it needs the scope `read`"),
        408 | 425 | 500..=599 => retry(Ladder::Server, said),
        429 => match reset {
            Some(at) => SourceError::WaitUntil { at, reason: said },
            None => retry(Ladder::RateLimit, said),
        },
        300..=399 => stop("set base_url to where the instance really is"),
        _ => stop("look at base_url and streams"),
    }
}

pub(super) fn retry(ladder: Ladder, reason: String) -> SourceError {
    SourceError::Retry { ladder, reason }
}

/// What an answer says, short and on one line, without the token.
pub(super) fn words(body: &[u8], token: Option<&SecretString>) -> String {
    let problem = json::checked(body)
        .ok()
        .and_then(|text| json::object::<Problem<'_>>(text).ok());
    let told = problem.map(|problem| {
        problem
            .error_description
            .or(&problem.error)
            .text()
            .into_owned()
    });
    let told = told.filter(|words| !words.is_empty());
    let told = told.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned());
    let token = token.map_or("", |token| token.expose_secret());
    // Before it is cut: half a token would stay.
    let told = http::without(&told, &[token]);
    let printable = told.replace(|c: char| c.is_control(), " ");
    let words = printable.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().take(MAX_WORDS_CHARS).collect()
}

/// How many requests an instance still takes of a token.
#[derive(Debug, Default)]
pub(super) struct Allowance {
    left: Mutex<Option<(u64, Time)>>,
}

impl Allowance {
    /// The one of this token at this instance.
    fn of(base_url: &str, token: Option<&SecretString>) -> Arc<Self> {
        type Known = HashMap<(String, u64), Weak<Allowance>>;
        static KNOWN: LazyLock<(RandomState, Mutex<Known>)> = LazyLock::new(Default::default);
        let (state, known) = &*KNOWN;
        let hash = state.hash_one(token.map(|token| token.expose_secret()));
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, allowance| allowance.strong_count() > 0);
        let place = known.entry((base_url.to_owned(), hash)).or_default();
        place.upgrade().unwrap_or_else(|| {
            let new = Arc::new(Self::default());
            *place = Arc::downgrade(&new);
            new
        })
    }

    /// One request is about to be made, if more than `spared` are left; or when one may be.
    fn turn(&self, host: &str, spared: u64, now: Time) -> Result<(), SourceError> {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *left {
            Some((number, until)) if *number <= spared && *until > now => {
                Err(SourceError::WaitUntil {
                    at: *until,
                    reason: format!("the rate limit of {host} is used up"),
                })
            }
            Some((number, until)) if *until > now => {
                *number -= 1;
                Ok(())
            }
            _ => {
                *left = None;
                Ok(())
            }
        }
    }

    /// What an answer says of it.
    fn note(&self, headers: &HeaderMap, now: Time) {
        let number = headers.get("x-ratelimit-remaining");
        let number = number.and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let (Some(number), Some(until)) = (number, http::limited_until(headers, now)) else {
            return;
        };
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        *left = match *left {
            // Answers overtake one another: within a window the least holds.
            Some((known, same)) if same == until => Some((known.min(number), until)),
            _ => Some((number, until)),
        };
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: Time = Time(1_790_000_000_000_000);

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| {
            let name = reqwest::header::HeaderName::from_static(name);
            (name, value.parse().unwrap())
        });
        pairs.collect()
    }

    fn in_seconds(seconds: i64) -> String {
        Time(NOW.0 + seconds * 1_000_000).to_string()
    }

    #[test]
    fn every_answer_says_what_to_do() {
        let later = in_seconds(90);
        let much_later = in_seconds(90_000);
        let past = in_seconds(-5);
        for (status, header, has_token, expected) in [
            (401, None, true, "stop the token is not valid there"),
            (401, None, false, "stop it wants a token"),
            (403, None, true, "stop the token does not reach"),
            (400, None, true, "stop look at base_url and streams"),
            (404, None, true, "stop look at base_url and streams"),
            (301, None, true, "stop set base_url"),
            (
                429,
                Some(("x-ratelimit-reset", later.as_str())),
                true,
                "wait 90",
            ),
            (
                429,
                Some(("x-ratelimit-reset", much_later.as_str())),
                true,
                "wait 3600",
            ),
            (
                429,
                Some(("x-ratelimit-reset", past.as_str())),
                true,
                "RateLimit",
            ),
            (
                429,
                Some(("x-ratelimit-reset", "1790000090")),
                true,
                "RateLimit",
            ),
            (429, Some(("retry-after", "7")), true, "wait 7"),
            (429, None, true, "RateLimit"),
            (500, None, true, "Server"),
            (503, None, false, "Server"),
        ] {
            let headers = headers(header.as_slice());
            let error = refused(
                status,
                http::limited_until(&headers, NOW),
                "No",
                "https://b.example",
                has_token,
            );
            let said = error.to_string();
            let found = match &error {
                SourceError::Retry { ladder, .. } => format!("{ladder:?}"),
                SourceError::WaitUntil { at, .. } => format!("wait {}", at.since(NOW).as_secs()),
                SourceError::Stop { reason } => {
                    format!("stop {}", reason.split_once("; ").unwrap().1)
                }
                SourceError::CursorLost { .. } => "lost".to_owned(),
                SourceError::Slow { .. } => "slow".to_owned(),
            };
            assert!(found.starts_with(expected), "{status}: {found}");
            assert!(
                said.starts_with(&format!("https://b.example answered {status}: No")),
                "{said}"
            );
        }
    }

    #[test]
    fn what_an_answer_says_is_one_short_line() {
        assert_eq!(
            words(br#"{"error":"The access\ntoken is invalid"}"#, None),
            "The access token is invalid"
        );
        assert_eq!(
            words(br#"{"error":"a","error_description":"b"}"#, None),
            "b"
        );
        assert_eq!(words(b"<html>\n\x1bno", None), "<html> no");
        assert_eq!(words(&[b'x'; 9_000], None).len(), MAX_WORDS_CHARS);
        assert_eq!(words(b"", None), "");
        let token = SecretString::from("a/token");
        let said = words(br#"{"error":"no a\/token"}"#, Some(&token));
        assert_eq!(said, "no …");
    }

    #[test]
    fn instances_of_every_age_say_where_they_stream() {
        for (body, expected) in [
            (
                r#"{"domain":"Birds.example","configuration":{"urls":{"streaming":"wss://s.example"}}}"#,
                ("birds.example", "wss://s.example"),
            ),
            (
                r#"{"uri":"birds.example","urls":{"streaming_api":"wss://s.example"}}"#,
                ("birds.example", "wss://s.example"),
            ),
            (
                r#"{"uri":"https://birds.example/","urls":{}}"#,
                ("birds.example", ""),
            ),
            (r#"{"domain":7}"#, ("", "")),
            ("not JSON", ("", "")),
        ] {
            let (domain, streaming) = about(body.as_bytes());
            assert_eq!((domain.as_str(), streaming.as_str()), expected, "{body}");
        }
        let api = Api::new("https://birds.example/", None).unwrap();
        for (said, expected) in [
            ("wss://s.example/", Some("https://s.example")),
            ("", Some("https://birds.example")),
            ("ws://127.0.0.1:1", Some("http://127.0.0.1:1")),
            ("ws://s.example", None),
        ] {
            assert_eq!(api.streaming(said).ok().as_deref(), expected, "{said}");
        }
    }

    #[test]
    fn reading_again_leaves_enough_for_connecting() {
        let one = Allowance::default();
        let until = in_seconds(60);
        one.note(
            &headers(&[
                ("x-ratelimit-remaining", "21"),
                ("x-ratelimit-reset", &until),
            ]),
            NOW,
        );
        assert!(one.turn("b", SPARED, NOW).is_ok());
        let Err(SourceError::WaitUntil { at, .. }) = one.turn("b", SPARED, NOW) else {
            panic!("20 are left, and these are spared");
        };
        assert_eq!(at.to_string(), until);
        assert!(one.turn("b", 0, NOW).is_ok(), "to connect");
    }

    #[test]
    fn where_nothing_is_left_nothing_is_asked() {
        let token = SecretString::from("a".to_owned());
        let one = Allowance::of("https://b.example", Some(&token));
        let same = Allowance::of("https://b.example", Some(&token));
        let other = Allowance::of("https://b.example", None);
        assert!(Arc::ptr_eq(&one, &same) && !Arc::ptr_eq(&one, &other));
        let until = in_seconds(60);
        let says = |left| {
            headers(&[
                ("x-ratelimit-remaining", left),
                ("x-ratelimit-reset", &until),
            ])
        };
        one.note(&says("1"), NOW);
        one.note(&says("2"), NOW);
        assert!(same.turn("b", 0, NOW).is_ok());
        let Err(SourceError::WaitUntil { at, .. }) = same.turn("b", 0, NOW) else {
            panic!("nothing is left");
        };
        assert_eq!(at.to_string(), until);
        assert!(other.turn("b", 0, NOW).is_ok());
        assert!(
            one.turn("b", 0, NOW.plus(Duration::from_secs(61))).is_ok(),
            "a new window"
        );
    }
}
