//! X's calls for rules: list, add, delete. What rules we want is not decided here.

use std::collections::HashMap;

use bowerbird_core::source::{Ladder, SourceError};
use bowerbird_core::time::Time;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::packing::Wanted;
use super::problem;
use super::slots::TAG;
use crate::http;

const PATH: &str = "/2/tweets/search/stream/rules";
/// The most bytes of an answer: a thousand rules of the longest kind are 3 MB.
const MAX_ANSWER_BYTES: usize = 8 << 20;
/// The most bytes of an answer that says what is wrong.
const MAX_PROBLEM_BYTES: usize = 64 << 10;
/// The most pages of a thousand rules: more than any plan has.
const MAX_PAGES: usize = 100;
/// Rules sent at once.
const RULES_A_CALL: usize = 100;

/// X, for one app.
#[derive(Debug, Clone)]
pub(super) struct Api {
    pub(super) client: reqwest::Client,
    pub(super) base_url: String,
    pub(super) bearer: SecretString,
}

/// A rule as X has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Rule {
    #[serde(deserialize_with = "text_or_number")]
    pub(super) id: String,
    pub(super) value: String,
    pub(super) tag: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    data: Vec<Rule>,
    meta: Meta,
    errors: Vec<RuleProblem>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Meta {
    next_token: Option<String>,
}

/// That X did not take a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// Why.
    pub(super) reason: String,
    /// Might X take it as it is another time?
    pub(super) may_pass: bool,
}

/// Why X did not take a rule, in its words.
#[derive(Default, Deserialize)]
#[serde(default)]
struct RuleProblem {
    value: String,
    title: String,
    detail: String,
    details: Vec<String>,
    #[serde(rename = "type")]
    kind: String,
}

impl RuleProblem {
    fn refusal(&self) -> Refusal {
        let words = match self.details.first() {
            Some(details) => details,
            None if !self.detail.is_empty() => &self.detail,
            None if !self.title.is_empty() => &self.title,
            None if !self.kind.is_empty() => &self.kind,
            None => "and does not say why",
        };
        let words: String = words.chars().take(300).collect();
        let may_pass = self.kind.ends_with("/rule-cap");
        Refusal {
            reason: format!("X refused the rule: {words}"),
            may_pass,
        }
    }

    /// X has this very rule already: as good as taken.
    fn is_duplicate(&self) -> bool {
        self.title == "DuplicateRule" || self.kind.ends_with("/duplicate-rules")
    }
}

#[derive(Serialize)]
struct Add<'a> {
    add: Vec<NewRule<'a>>,
}

#[derive(Serialize)]
struct NewRule<'a> {
    value: &'a str,
    tag: &'static str,
}

#[derive(Serialize)]
struct Delete<'a> {
    delete: Ids<'a>,
}

#[derive(Serialize)]
struct Ids<'a> {
    ids: Vec<&'a str>,
}

impl Api {
    /// Every rule of the app, ours and others'.
    pub(super) async fn list(&self) -> Result<Vec<Rule>, SourceError> {
        let mut rules = Vec::new();
        let mut page = String::new();
        for _ in 0..MAX_PAGES {
            let request = self
                .client
                .get(format!("{}{PATH}?max_results=1000{page}", self.base_url));
            let answer = self.ask(request).await?;
            rules.extend(answer.data);
            match answer.meta.next_token {
                Some(token) if !token.is_empty() => {
                    let token: String = form_urlencoded::byte_serialize(token.as_bytes()).collect();
                    page = format!("&pagination_token={token}");
                }
                _ => return Ok(rules),
            }
        }
        Err(SourceError::Stop {
            reason: format!("X lists more than {MAX_PAGES} pages of rules"),
        })
    }

    /// Adds rules; gives for each that was not taken its value and the reason.
    pub(super) async fn add(
        &self,
        rules: &[&Wanted],
    ) -> Result<HashMap<String, Refusal>, SourceError> {
        let mut refused = HashMap::new();
        for rules in rules.chunks(RULES_A_CALL) {
            self.add_some(rules, &mut refused).await?;
        }
        Ok(refused)
    }

    /// X may take none of a call's rules because of one of them: then the others are sent again without it.
    async fn add_some(
        &self,
        rules: &[&Wanted],
        refused: &mut HashMap<String, Refusal>,
    ) -> Result<(), SourceError> {
        let mut waiting = rules.to_vec();
        while !waiting.is_empty() {
            let answer = self.post_rules(&waiting).await?;
            let before = waiting.len();
            let taken = |rule: &Wanted| answer.data.iter().any(|taken| taken.value == rule.value);
            let problem = |rule: &Wanted| {
                answer
                    .errors
                    .iter()
                    .find(|problem| problem.value == rule.value)
            };
            for rule in &waiting {
                if let Some(problem) =
                    problem(rule).filter(|problem| !problem.is_duplicate() && !taken(rule))
                {
                    refused.insert(rule.value.clone(), problem.refusal());
                }
            }
            waiting.retain(|rule| !taken(rule) && problem(rule).is_none());
            if waiting.len() == before {
                return self.add_one_by_one(&waiting, &answer, refused).await;
            }
        }
        Ok(())
    }

    /// X does not say which rule it means: each is sent by itself, and X's answer is about that one.
    async fn add_one_by_one(
        &self,
        rules: &[&Wanted],
        answer: &Answer,
        refused: &mut HashMap<String, Refusal>,
    ) -> Result<(), SourceError> {
        if let [only] = rules {
            let silent = RuleProblem::default();
            let problem = answer.errors.first().unwrap_or(&silent);
            refused.insert(only.value.clone(), problem.refusal());
            return Ok(());
        }
        for rule in rules {
            let answer = self.post_rules(&[rule]).await?;
            let problem = answer
                .errors
                .first()
                .filter(|problem| answer.data.is_empty() && !problem.is_duplicate());
            if let Some(problem) = problem {
                refused.insert(rule.value.clone(), problem.refusal());
            }
        }
        Ok(())
    }

    async fn post_rules(&self, rules: &[&Wanted]) -> Result<Answer, SourceError> {
        let add = rules
            .iter()
            .map(|rule| NewRule {
                value: &rule.value,
                tag: TAG,
            })
            .collect();
        self.post(&Add { add }).await
    }

    /// Deletes rules by their ids; one that is gone already is no error.
    pub(super) async fn delete(&self, ids: &[&str]) -> Result<(), SourceError> {
        for ids in ids.chunks(RULES_A_CALL) {
            self.post(&Delete {
                delete: Ids { ids: ids.to_vec() },
            })
            .await?;
        }
        Ok(())
    }

    async fn post(&self, body: &impl Serialize) -> Result<Answer, SourceError> {
        let body = serde_json::to_vec(body).expect("text is JSON");
        let request = self
            .client
            .post(format!("{}{PATH}", self.base_url))
            .header("content-type", "application/json")
            .body(body);
        self.ask(request).await
    }

    /// Sends a request. An answer with rules in it, or with problems of rules, is an answer, whatever its status.
    async fn ask(&self, request: reqwest::RequestBuilder) -> Result<Answer, SourceError> {
        let request = request
            .bearer_auth(self.bearer.expose_secret())
            .timeout(http::REQUEST_TIMEOUT);
        let mut response = request
            .send()
            .await
            .map_err(|error| broken(&http::describe(&error)))?;
        let status = response.status().as_u16();
        if !matches!(status, 200 | 201 | 400) {
            return Err(refusal(&mut response, &self.bearer).await);
        }
        let body = http::body(&mut response, MAX_ANSWER_BYTES)
            .await
            .map_err(|error| broken(&error.to_string()))?;
        let answer = serde_json::from_slice::<Answer>(&body).ok();
        match answer {
            Some(answer)
                if status != 400
                    || answer
                        .errors
                        .iter()
                        .any(|problem| !problem.value.is_empty()) =>
            {
                Ok(answer)
            }
            Some(_) => Err(of_answer(status, None, &body, &self.bearer)),
            None => Err(broken("the answer is not what X documents")),
        }
    }
}

/// What an answer that is no success asks for; reads it to its end.
pub(super) async fn refusal(
    response: &mut reqwest::Response,
    bearer: &SecretString,
) -> SourceError {
    let status = response.status().as_u16();
    let reset = response
        .headers()
        .get("x-rate-limit-reset")
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let body = tokio::time::timeout(
        http::REQUEST_TIMEOUT,
        http::body(response, MAX_PROBLEM_BYTES),
    )
    .await;
    let body = body.ok().and_then(Result::ok).unwrap_or_default();
    of_answer(status, reset.as_deref(), &body, bearer)
}

/// As [`problem::of_answer`], but never with the token in it, whatever the other side sends back.
fn of_answer(status: u16, reset: Option<&str>, body: &[u8], bearer: &SecretString) -> SourceError {
    let text = String::from_utf8_lossy(body).replace(bearer.expose_secret(), "…");
    problem::of_answer(status, reset, text.as_bytes(), Time::now())
}

fn broken(reason: &str) -> SourceError {
    SourceError::Retry {
        ladder: Ladder::Network,
        reason: format!("asking X for its rules failed: {reason}"),
    }
}

/// Ids come as text, and in old answers as numbers.
fn text_or_number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Id {
        Text(String),
        Number(u64),
    }
    Ok(match Id::deserialize(deserializer)? {
        Id::Text(text) => text,
        Id::Number(number) => number.to_string(),
    })
}
