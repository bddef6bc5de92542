//! How many posts of the last week X counts for a rule (`GET /2/tweets/counts/recent`).
//!
//! Counts are of X's search, which differs from its stream: the text of a quoted post is not looked at, and reposts of a word are not counted. Search
//! takes 512 characters, so a long rule is several questions.

use std::sync::Arc;

use bowerbird_core::bill::{Answering, CountedSpan, Counter, NotCounted};
use bowerbird_core::ids::SourceName;
use bowerbird_core::rules::{Rule, XLimits};
use bowerbird_core::time::Time;
use serde::Deserialize;

use super::api::Api;
use super::config::XConfig;
use super::limiter::Endpoint;
use super::packing::OR;
use crate::error::ConnectError;
use crate::http;

const PATH: &str = "/2/tweets/counts/recent";
/// The most bytes of an answer: eight days are 600.
const MAX_ANSWER_BYTES: usize = 64 << 10;

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    data: Vec<Span>,
}

#[derive(Deserialize)]
struct Span {
    start: Time,
    end: Time,
    tweet_count: u64,
}

/// Asks X, with the token of a source.
pub fn counter(source: SourceName, config: &XConfig) -> Result<Counter, ConnectError> {
    let asking = Arc::new(Api::new(config)?);
    let ask = move |question: String| -> Answering {
        let asking = Arc::clone(&asking);
        Box::pin(async move { ask_for_counts(&asking, &question).await })
    };
    Ok(Counter::new(source, questions, ask))
}

async fn ask_for_counts(api: &Api, question: &str) -> Result<Vec<CountedSpan>, NotCounted> {
    let query: String = form_urlencoded::byte_serialize(question.as_bytes()).collect();
    let request = api.get(&format!("{PATH}?granularity=day&query={query}"));
    let mut response = api
        .begin(Endpoint::Counts, request)
        .await
        .map_err(|error| not_counted(error.to_string(), false))?;
    if response.status().as_u16() != 200 {
        let reason = api.refusal(&mut response).await.to_string();
        return Err(not_counted(reason, false));
    }
    // From here on X has answered, and takes its money.
    let body = http::body(&mut response, MAX_ANSWER_BYTES)
        .await
        .map_err(|error| not_counted(error.to_string(), true))?;
    let unknown = || not_counted("the answer is not what X documents".to_owned(), true);
    spans(&body).ok_or_else(unknown)
}

fn not_counted(reason: String, is_charged: bool) -> NotCounted {
    NotCounted { reason, is_charged }
}

fn spans(body: &[u8]) -> Option<Vec<CountedSpan>> {
    let answer: Answer = serde_json::from_slice(body).ok()?;
    let span = |span: &Span| CountedSpan {
        from: span.start,
        until: span.end,
        posts: span.tweet_count,
    };
    Some(answer.data.iter().map(span).collect())
}

/// A rule's alternatives, as many in each question as fit.
fn questions(rule: &Rule) -> Result<Vec<String>, String> {
    // A count is an estimate: what a word excludes beside what it should is left in.
    let limits = XLimits {
        folds_marks: false,
        ..XLimits::SEARCH
    };
    let upstream = rule
        .upstream(&limits)
        .map_err(|error| error.message.clone())?;
    let mut questions: Vec<String> = Vec::new();
    for alternative in upstream.alternatives {
        let text = alternative.to_string();
        match questions.last_mut() {
            Some(last) if chars(last) + chars(OR) + chars(&text) <= limits.max_chars => {
                last.push_str(OR);
                last.push_str(&text);
            }
            _ => questions.push(text),
        }
    }
    Ok(questions)
}

fn chars(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Answer as Said, XStandIn};

    const TOKEN: &str = "token-of-a-test";

    #[test]
    fn a_long_rule_is_several_questions_each_short_enough() {
        let ask = |rule: &str| questions(&Rule::parse(rule).unwrap());
        assert_eq!(ask("cat OR dog").unwrap(), ["cat OR dog"]);
        let words: Vec<String> = (0..120).map(|n| format!("word{n}")).collect();
        let long = ask(&words.join(" OR ")).unwrap();
        assert!(long.len() > 1);
        for question in &long {
            let parsed = Rule::parse(question).unwrap();
            assert!(chars(question) <= 512 && parsed.check_for_x(&XLimits::SEARCH).is_empty());
        }
        let asked: Vec<&str> = long.iter().flat_map(|one| one.split(OR)).collect();
        assert_eq!(asked.len(), words.len());
        let refused = ask("-cat").unwrap_err();
        assert!(refused.contains("alone"), "{refused}");
    }

    #[tokio::test]
    async fn x_counts_by_day_and_says_why_it_does_not() {
        let stand_in = XStandIn::start(TOKEN, []);
        stand_in.answer_at(PATH, [
            Said::plain(200, r#"{"data":[{"start":"2026-11-20T00:00:00.000Z","end":"2026-11-21T00:00:00.000Z","tweet_count":42},{"start":"2026-11-21T00:00:00.000Z","end":"2026-11-21T08:00:00.000Z","tweet_count":0}],"meta":{"total_tweet_count":42}}"#),
            Said::plain(403, r#"{"title":"Forbidden","detail":"no credits"}"#),
            Said::plain(200, "<html>"),
        ]);
        let config = XConfig {
            base_url: stand_in.base_url(),
            ..XConfig::new(TOKEN.into())
        };
        let counter = counter(SourceName::parse("x").unwrap(), &config).unwrap();
        let spans = counter.ask("cat OR \"a b\"".to_owned()).await.unwrap();
        assert_eq!(spans.iter().map(|span| span.posts).sum::<u64>(), 42);
        assert_eq!(spans[1].until, Time::parse("2026-11-21T08:00:00Z").unwrap());
        let target = &stand_in.seen()[0].target;
        assert_eq!(
            target,
            "/2/tweets/counts/recent?granularity=day&query=cat+OR+%22a+b%22"
        );
        for (expected, is_charged) in [("no credits", false), ("not what X documents", true)] {
            let error = counter.ask("cat".to_owned()).await.unwrap_err();
            assert!(error.reason.contains(expected), "{error}");
            assert_eq!(error.is_charged, is_charged);
        }
    }
}
