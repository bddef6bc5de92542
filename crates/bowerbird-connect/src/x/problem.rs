//! What X says when something is wrong, and what the pipeline shall do then. Pure.
//!
//! At connecting X answers with a status and a problem object; later it writes one into the stream and hangs up.

use std::borrow::Cow;
use std::time::Duration;

use bowerbird_core::source::{Ladder, SourceError};
use bowerbird_core::time::Time;

use crate::json;
use crate::json::field::Field;
use crate::json::lenient::objects;

/// The longest wait that X may ask for; a limit's window is a quarter of an hour.
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);
/// How much of X's words is passed on.
const MAX_WORDS: usize = 300;

objects! {
    /// A problem object, as far as it tells what to do.
    pub(super) struct Problem<'a> {
        title: Field<'a>,
        detail: Field<'a>,
        message: Field<'a>,
        connection_issue: Field<'a>,
        disconnect_type: Field<'a>,
        kind as "type": Field<'a>,
        errors: Vec<Problem<'a>>,
        data: Field<'a>,
    }
}

impl<'a> Problem<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let text = json::checked(bytes).ok()?;
        json::object(text).ok()
    }

    /// The innermost: X wraps some in `errors`.
    fn inner(&self) -> &Self {
        self.errors.first().unwrap_or(self)
    }

    /// X's own words.
    pub(super) fn words(&self) -> Cow<'a, str> {
        self.detail.or(&self.message).or(&self.title).text()
    }

    /// X's own words, short and on one line.
    fn line(&self) -> String {
        let words = self.words();
        let printable = words.chars().map(|c| if c.is_control() { ' ' } else { c });
        printable.take(MAX_WORDS).collect()
    }
}

/// What an answer other than 200 asks for. `reset` is the header `x-rate-limit-reset`.
pub(super) fn of_answer(status: u16, reset: Option<&str>, body: &[u8], now: Time) -> SourceError {
    let whole = Problem::read(body).unwrap_or_default();
    let problem = whole.inner();
    let words = problem.line();
    let said = if words.is_empty() {
        String::new()
    } else {
        format!(": {words}")
    };
    let retry = |ladder, reason| SourceError::Retry { ladder, reason };
    match status {
        401 => SourceError::Stop {
            reason: format!(
                "X does not accept the token (401){said}; put a valid one into the secret: `bowerbird auth x --app-only`, or `bowerbird auth x` for what only a user may read: `bowerbird auth x --app-only` gets one"
            ),
        },
        403 => SourceError::Stop {
            reason: format!(
                "X forbids it (403){said}; look at the app's access, its credits and its cap in X's console"
            ),
        },
        409 => retry(
            Ladder::Server,
            format!("X has no rules of this app (409){said}"),
        ),
        429 if problem.connection_issue.as_str() == "TooManyConnections" => retry(
            Ladder::RateLimit,
            format!("another connection holds the stream of this app (429){said}"),
        ),
        429 => match until(reset, now) {
            Some(at) => SourceError::WaitUntil {
                at,
                reason: format!("X's rate limit is reached (429){said}"),
            },
            None => retry(
                Ladder::RateLimit,
                format!("X's rate limit is reached (429){said}"),
            ),
        },
        420 => retry(
            Ladder::RateLimit,
            format!("X wants to be asked less (420){said}"),
        ),
        408 | 425 | 500..=599 => retry(Ladder::Server, format!("X is in trouble ({status}){said}")),
        300..=399 => SourceError::Stop {
            reason: format!(
                "X answers from elsewhere ({status}); set base_url to where its API is"
            ),
        },
        _ => SourceError::Stop {
            reason: format!("X does not understand us ({status}){said}; a newer bowerbird may"),
        },
    }
}

/// When a limit ends, by the header `x-rate-limit-reset`; `None` if that is no time to come.
pub(super) fn until(reset: Option<&str>, now: Time) -> Option<Time> {
    let seconds: i64 = reset?.trim().parse().ok()?;
    let at = Time(seconds.checked_mul(1_000_000)?);
    (at > now).then(|| at.min(now.plus(LONGEST_WAIT)))
}

/// What a line of the stream asks for, if it is X's last word before hanging up.
pub(super) fn of_line(line: &[u8]) -> Option<SourceError> {
    if line.starts_with(b"{\"data\"") {
        return None;
    }
    let whole = Problem::read(line)?;
    let has_data = whole.data != Field::Absent;
    let is_problem = !has_data && (!whole.errors.is_empty() || !whole.title.is_empty());
    if !is_problem {
        return None;
    }
    let problem = whole.inner();
    let name = problem
        .disconnect_type
        .or(&problem.connection_issue)
        .or(&problem.title)
        .or(&problem.kind)
        .as_str();
    let reason = format!(
        "X ended the stream ({}): {}",
        name.chars().take(60).collect::<String>(),
        problem.line()
    );
    let ladder = match name {
        // Someone else took our place: to take it back at once would make a duel.
        "ForceDisconnect" | "TooManyConnections" => Ladder::RateLimit,
        "ClientApplicationStateDegraded"
        | "InvalidRules"
        | "RulesInvalidIssue"
        | "RuleConfigurationIssue"
        | "InternalError" => Ladder::Server,
        _ => Ladder::Network,
    };
    Some(SourceError::Retry { ladder, reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(1_790_000_000_000_000);

    fn kind(error: &SourceError) -> String {
        match error {
            SourceError::Retry { ladder, .. } => format!("{ladder:?}"),
            SourceError::WaitUntil { at, .. } => format!("wait {}", at.since(NOW).as_secs()),
            SourceError::Stop { .. } => "stop".to_owned(),
            SourceError::CursorLost { .. } => "cursor".to_owned(),
            SourceError::Slow { .. } => "slow".to_owned(),
        }
    }

    #[test]
    fn every_answer_says_what_to_do() {
        let too_many = r#"{"title":"ConnectionException","detail":"This stream is currently at the maximum allowed connection limit.","connection_issue":"TooManyConnections"}"#;
        let limit = r#"{"errors":[{"code":88,"message":"Rate limit exceeded"}]}"#;
        for (status, reset, body, expected) in [
            (401, None, r#"{"title":"Unauthorized"}"#, "stop"),
            (
                403,
                None,
                r#"{"title":"UsageCapExceeded","period":"Monthly"}"#,
                "stop",
            ),
            (
                409,
                None,
                r#"{"connection_issue":"RuleConfigurationIssue"}"#,
                "Server",
            ),
            (429, Some("1790000090"), too_many, "RateLimit"),
            (429, Some("1790000090"), limit, "wait 90"),
            (429, Some("1790900000"), limit, "wait 3600"),
            (429, Some("1780000000"), limit, "RateLimit"),
            (429, Some("soon"), limit, "RateLimit"),
            (429, None, "not JSON", "RateLimit"),
            (420, None, "", "RateLimit"),
            (503, None, "<html>", "Server"),
            (500, None, "", "Server"),
            (302, None, "", "stop"),
            (400, None, r#"{"detail":"bad parameter"}"#, "stop"),
            (404, None, "", "stop"),
        ] {
            assert_eq!(
                kind(&of_answer(status, reset, body.as_bytes(), NOW)),
                expected,
                "{status} {body}"
            );
        }
        let words = of_answer(403, None, br#"{"detail":"no\ncredits"}"#, NOW).to_string();
        assert!(words.contains("no credits"), "{words}");
    }

    #[test]
    fn the_last_word_in_a_stream_is_recognised() {
        let disconnect = |kind: &str| {
            format!(
                r#"{{"errors":[{{"title":"operational-disconnect","disconnect_type":"{kind}","detail":"d","type":"t"}}]}}"#
            )
        };
        for (line, expected) in [
            (disconnect("UpstreamOperationalDisconnect"), Some("Network")),
            (disconnect("SlowReader"), Some("Network")),
            (disconnect("ForceDisconnect"), Some("RateLimit")),
            (disconnect("InternalError"), Some("Server")),
            (
                r#"{"title":"ConnectionException","connection_issue":"TooManyConnections"}"#
                    .to_owned(),
                Some("RateLimit"),
            ),
            (
                r#"{"data":{"id":"1"},"errors":[{"title":"Not Found Error"}]}"#.to_owned(),
                None,
            ),
            (
                r#"{"errors":[{"title":"Not Found Error"}],"data":{"id":"1"}}"#.to_owned(),
                None,
            ),
            (r#"{"includes":{},"data":{"id":"1"}}"#.to_owned(), None),
            ("not JSON".to_owned(), None),
            (r#"{"title":7}"#.to_owned(), None),
            (
                r#"{"title":"operational-disconnect","detail":null,"disconnect_type":"ForceDisconnect"}"#.to_owned(),
                Some("RateLimit"),
            ),
        ] {
            assert_eq!(
                of_line(line.as_bytes()).as_ref().map(kind).as_deref(),
                expected,
                "{line}"
            );
        }
    }
}
