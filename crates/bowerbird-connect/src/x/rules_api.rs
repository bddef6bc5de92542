//! X's calls for rules: list, add, delete. What rules we want is not decided here.

use std::collections::HashMap;

use bowerbird_core::source::SourceError;
use serde::{Deserialize, Serialize};

use super::api::{Answered, Api, broken};
use super::limiter::Endpoint;
use super::packing::Wanted;
use super::slots::TAG;

const PATH: &str = "/2/tweets/search/stream/rules";
/// The most bytes of an answer: a thousand rules of the longest kind are 3 MB.
const MAX_ANSWER_BYTES: usize = 8 << 20;
/// The most pages of a thousand rules: more than any plan has.
const MAX_PAGES: usize = 100;
/// Rules sent at once.
pub(super) const RULES_A_CALL: usize = 100;

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

impl Api {
    /// Every rule of the app, ours and others'.
    pub(super) async fn list(&self) -> Result<Vec<Rule>, SourceError> {
        let mut rules = Vec::new();
        let mut page = String::new();
        for _ in 0..MAX_PAGES {
            let request = self.get(&format!("{PATH}?max_results=1000{page}"));
            let answer = self
                .ask_rules(Endpoint::ListRules, request, Expect::Success)
                .await?;
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
        self.change("?dry_run=true", &Add::of(rules), Expect::Refusals)
            .await
    }

    async fn post_rules(&self, rules: &[&Wanted]) -> Result<Answer, SourceError> {
        let values: Vec<&str> = rules.iter().map(|rule| rule.value.as_str()).collect();
        self.change("", &Add::of(&values), Expect::Refusals).await
    }

    /// Deletes at most [`RULES_A_CALL`] rules by their ids; one that is gone already is no error.
    pub(super) async fn delete_rules(&self, ids: &[String]) -> Result<(), SourceError> {
        let delete = Ids { ids };
        let delete = Delete { delete };
        self.change("", &delete, Expect::Success).await.map(drop)
    }

    async fn change(
        &self,
        query: &str,
        body: &impl Serialize,
        expect: Expect,
    ) -> Result<Answer, SourceError> {
        let body = serde_json::to_vec(body).expect("text is JSON");
        let request = self.post(&format!("{PATH}{query}"), body);
        self.ask_rules(Endpoint::ChangeRules, request, expect).await
    }

    /// Sends a request. Where rules are sent, that X takes none of them is an answer too, whether or not it says which of them it means.
    async fn ask_rules(
        &self,
        endpoint: Endpoint,
        request: reqwest::RequestBuilder,
        expect: Expect,
    ) -> Result<Answer, SourceError> {
        let Answered { status, body } = self.ask(endpoint, request, MAX_ANSWER_BYTES).await?;
        let is_refusal = status == 400;
        if is_refusal && expect == Expect::Success {
            return Err(self.of_answer(status, None, &body));
        }
        let answer = serde_json::from_slice::<Answer>(&body);
        let answer = answer.map_err(|_| broken("the answer is not what X documents"))?;
        Ok(Answer {
            is_refusal,
            ..answer
        })
    }
}

/// A problem of a rule, if it is one for the rule's own sake.
fn note_refusal(refused: &mut HashMap<String, Refusal>, rule: &str, problem: &RuleProblem) {
    let refusal = problem.refusal();
    if !refusal.may_pass && !problem.is_duplicate() {
        refused.insert(rule.to_owned(), refusal);
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
