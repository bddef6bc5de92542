//! X's calls for rules: list, add, delete. What rules we want is not decided here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
pub(super) const RULES_A_CALL: usize = 100;

/// X, for one app.
#[derive(Debug, Clone)]
pub(super) struct Api {
    pub(super) client: reqwest::Client,
    pub(super) base_url: String,
    pub(super) bearer: SecretString,
    /// How many changes of rules X allows still, as it last said.
    pub(super) allowance: Arc<Mutex<Option<Allowance>>>,
}

/// What is left of a limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Allowance {
    calls: usize,
    until: Time,
}

/// Which answers a call may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    /// Only that it is done.
    Success,
    /// X may also say that it does not take the rules.
    Refusals,
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
    /// Of the whole call, where `errors` say nothing.
    title: String,
    detail: String,
    /// X took nothing of the call.
    #[serde(skip)]
    is_refusal: bool,
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

/// What became of rules that were sent.
#[derive(Debug, Default)]
pub(super) struct Added {
    /// Those that X has now, as it has them.
    pub(super) taken: Vec<Rule>,
    /// Those it did not take, by their text.
    pub(super) refused: HashMap<String, Refusal>,
}

impl Added {
    /// One rule, as X answered of it; a problem counts only where the rule was not taken.
    fn note(&mut self, value: &str, taken: Option<&Rule>, problem: Option<&RuleProblem>) {
        let is_there = |id: &str| Rule {
            id: id.to_owned(),
            value: value.to_owned(),
            tag: TAG.to_owned(),
        };
        match (taken, problem) {
            (Some(taken), _) => self.taken.push(is_there(&taken.id)),
            (None, Some(problem)) if problem.is_duplicate() => {
                self.taken.push(is_there(&problem.id));
            }
            (None, Some(problem)) => {
                self.refused.insert(value.to_owned(), problem.refusal());
            }
            (None, None) => {}
        }
    }
}

/// Why X did not take a rule, in its words.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct RuleProblem {
    value: String,
    #[serde(deserialize_with = "text_or_number")]
    id: String,
    title: String,
    detail: String,
    message: String,
    details: Vec<String>,
    #[serde(rename = "type")]
    kind: String,
}

impl RuleProblem {
    fn refusal(&self) -> Refusal {
        let words = match self.details.first() {
            Some(details) => details,
            None if !self.detail.is_empty() => &self.detail,
            None if !self.message.is_empty() => &self.message,
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
    ids: &'a [String],
}

impl Answer {
    /// What X says of a call with only one rule.
    fn of_only_rule(&self) -> RuleProblem {
        match self.errors.first() {
            Some(problem) => problem.clone(),
            None => RuleProblem {
                title: self.title.clone(),
                detail: self.detail.clone(),
                ..RuleProblem::default()
            },
        }
    }
}

impl<'a> Add<'a> {
    fn of(values: &[&'a str]) -> Self {
        let new = values.iter().map(|value| NewRule { value, tag: TAG });
        Self { add: new.collect() }
    }
}

impl Allowance {
    /// As the headers of an answer say; `None` if they do not.
    fn of(headers: &reqwest::header::HeaderMap, now: Time) -> Option<Self> {
        let text = |name: &str| headers.get(name)?.to_str().ok();
        let calls = text("x-rate-limit-remaining")?.trim().parse().ok()?;
        let until = problem::until(text("x-rate-limit-reset"), now)?;
        Some(Self { calls, until })
    }
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

    /// Adds rules, and notes of each whether X took it; after an error, of those that X was asked for before.
    pub(super) async fn add(
        &self,
        rules: &[&Wanted],
        added: &mut Added,
    ) -> Result<(), SourceError> {
        for rules in rules.chunks(RULES_A_CALL) {
            self.add_some(rules, added).await?;
        }
        Ok(())
    }

    /// X may take none of a call's rules because of one of them: then the others are sent again without it.
    async fn add_some(&self, rules: &[&Wanted], added: &mut Added) -> Result<(), SourceError> {
        let mut waiting = rules.to_vec();
        while !waiting.is_empty() {
            let answer = self.post_rules(&waiting).await?;
            let before = waiting.len();
            waiting.retain(|rule| {
                let taken = answer.data.iter().find(|taken| taken.value == rule.value);
                let mut problems = answer.errors.iter();
                let problem = problems.find(|problem| problem.value == rule.value);
                added.note(&rule.value, taken, problem);
                taken.is_none() && problem.is_none()
            });
            if waiting.len() == before {
                return self.add_one_by_one(&waiting, &answer, added).await;
            }
        }
        Ok(())
    }

    /// X does not say which rule it means: each is sent by itself, and X's answer is about that one.
    async fn add_one_by_one(
        &self,
        rules: &[&Wanted],
        answer: &Answer,
        added: &mut Added,
    ) -> Result<(), SourceError> {
        if let [only] = rules {
            added.note(&only.value, None, Some(&answer.of_only_rule()));
            return Ok(());
        }
        for rule in rules {
            let answer = self.post_rules(&[rule]).await?;
            added.note(
                &rule.value,
                answer.data.first(),
                Some(&answer.of_only_rule()),
            );
        }
        Ok(())
    }

    /// Asks X which of these it would refuse for their own sake, changing nothing.
    pub(super) async fn would_refuse(
        &self,
        rules: &[&str],
    ) -> Result<HashMap<String, Refusal>, SourceError> {
        let mut refused = HashMap::new();
        for rules in rules.chunks(RULES_A_CALL) {
            let answer = self.try_rules(rules).await?;
            let is_about = |rule: &&str| answer.errors.iter().any(|it| it.value == **rule);
            if answer.is_refusal && !rules.iter().any(is_about) {
                for rule in rules {
                    let answer = self.try_rules(&[rule]).await?;
                    if answer.is_refusal {
                        note_refusal(&mut refused, rule, &answer.of_only_rule());
                    }
                }
                continue;
            }
            for problem in &answer.errors {
                if rules.contains(&problem.value.as_str()) {
                    note_refusal(&mut refused, &problem.value, problem);
                }
            }
        }
        Ok(refused)
    }

    async fn try_rules(&self, rules: &[&str]) -> Result<Answer, SourceError> {
        self.post("?dry_run=true", &Add::of(rules), Expect::Refusals)
            .await
    }

    async fn post_rules(&self, rules: &[&Wanted]) -> Result<Answer, SourceError> {
        let values: Vec<&str> = rules.iter().map(|rule| rule.value.as_str()).collect();
        self.post("", &Add::of(&values), Expect::Refusals).await
    }

    /// That so many calls that change rules will be answered now, as far as X has said; else when they will.
    pub(super) fn check_allowance(&self, calls: usize, now: Time) -> Result<(), SourceError> {
        let allowance = *self.lock_allowance();
        let used_up = allowance.filter(|left| left.calls < calls && now < left.until);
        match used_up {
            Some(left) => Err(SourceError::WaitUntil {
                at: left.until,
                reason: format!(
                    "X allows {} changes of rules still, and {calls} must follow one another",
                    left.calls
                ),
            }),
            None => Ok(()),
        }
    }

    fn lock_allowance(&self) -> MutexGuard<'_, Option<Allowance>> {
        self.allowance
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Deletes at most [`RULES_A_CALL`] rules by their ids; one that is gone already is no error.
    pub(super) async fn delete(&self, ids: &[String]) -> Result<(), SourceError> {
        let delete = Ids { ids };
        let delete = Delete { delete };
        self.post("", &delete, Expect::Success).await.map(drop)
    }

    async fn post(
        &self,
        query: &str,
        body: &impl Serialize,
        expect: Expect,
    ) -> Result<Answer, SourceError> {
        let body = serde_json::to_vec(body).expect("text is JSON");
        let request = self
            .client
            .post(format!("{}{PATH}{query}", self.base_url))
            .header("content-type", "application/json")
            .body(body);
        let mut allowance = None;
        let answer = self.ask_noting(request, expect, &mut allowance).await;
        if allowance.is_some() {
            *self.lock_allowance() = allowance;
        }
        answer
    }

    async fn ask(&self, request: reqwest::RequestBuilder) -> Result<Answer, SourceError> {
        self.ask_noting(request, Expect::Success, &mut None).await
    }

    /// Sends a request. Where rules are sent, that X takes none of them is an answer too, whether or not it says which of them it means.
    async fn ask_noting(
        &self,
        request: reqwest::RequestBuilder,
        expect: Expect,
        allowance: &mut Option<Allowance>,
    ) -> Result<Answer, SourceError> {
        let request = request
            .bearer_auth(self.bearer.expose_secret())
            .timeout(http::REQUEST_TIMEOUT);
        let mut response = request
            .send()
            .await
            .map_err(|error| broken(&http::describe(&error)))?;
        *allowance = Allowance::of(response.headers(), Time::now());
        let status = response.status().as_u16();
        if !matches!(status, 200 | 201 | 400) {
            return Err(refusal(&mut response, &self.bearer).await);
        }
        let body = http::body(&mut response, MAX_ANSWER_BYTES)
            .await
            .map_err(|error| broken(&error.to_string()))?;
        let answer = serde_json::from_slice::<Answer>(&body).ok();
        let is_refusal = status == 400;
        match answer {
            Some(_) if is_refusal && expect == Expect::Success => {
                Err(of_answer(status, None, &body, &self.bearer))
            }
            Some(answer) => Ok(Answer {
                is_refusal,
                ..answer
            }),
            None => Err(broken("the answer is not what X documents")),
        }
    }
}

/// A problem of a rule, if it is one for the rule's own sake.
fn note_refusal(refused: &mut HashMap<String, Refusal>, rule: &str, problem: &RuleProblem) {
    let refusal = problem.refusal();
    if !refusal.may_pass && !problem.is_duplicate() {
        refused.insert(rule.to_owned(), refusal);
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
