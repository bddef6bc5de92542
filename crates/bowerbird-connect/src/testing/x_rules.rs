//! The rules that X's stand-in holds, and how it answers who changes them. Pure.

use serde::Deserialize;
use serde_json::{Value, json};

/// A rule at the stand-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandInRule {
    /// Its id.
    pub id: String,
    /// The rule.
    pub value: String,
    /// Whose it is.
    pub tag: String,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) rules: Vec<StandInRule>,
    /// Rules with one of these words are refused.
    pub(super) refused: Vec<String>,
    /// Calls with one of these words are refused without saying which rule is meant.
    pub(super) refused_unnamed: Vec<String>,
    pub(super) max_rules: usize,
    pub(super) page_rules: usize,
    next_id: u64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            refused: Vec::new(),
            refused_unnamed: Vec::new(),
            max_rules: 1_000,
            page_rules: 1_000,
            next_id: 1_700_000_000_000_000_001,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    #[serde(default)]
    add: Vec<New>,
    delete: Option<Ids>,
}

#[derive(Deserialize)]
struct New {
    value: String,
    #[serde(default)]
    tag: String,
}

#[derive(Deserialize)]
struct Ids {
    ids: Vec<String>,
}

impl Rules {
    pub(super) fn insert(&mut self, value: &str, tag: &str) -> &StandInRule {
        let id = self.next_id.to_string();
        self.next_id += 1;
        self.rules.push(StandInRule {
            id,
            value: value.to_owned(),
            tag: tag.to_owned(),
        });
        self.rules.last().expect("one was just pushed")
    }

    /// The texts of all.
    pub(super) fn texts(&self) -> Vec<String> {
        self.rules.iter().map(|rule| rule.value.clone()).collect()
    }

    /// One page of the list; the token is where it begins.
    pub(super) fn list(&self, query: &str) -> Value {
        let token = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("pagination_token="));
        let start: usize = token
            .and_then(|token| token.parse().ok())
            .unwrap_or(0)
            .min(self.rules.len());
        let end = (start + self.page_rules).min(self.rules.len());
        let mut meta = json!({"sent": "2026-01-01T00:00:00.000Z", "result_count": end - start});
        if end < self.rules.len() {
            meta["next_token"] = json!(end.to_string());
        }
        let rules: Vec<Value> = self.rules[start..end].iter().map(shown).collect();
        // X leaves the list out where it is empty.
        if rules.is_empty() {
            json!({"meta": meta})
        } else {
            json!({"data": rules, "meta": meta})
        }
    }

    /// Adds or deletes: the status and the answer.
    pub(super) fn change(&mut self, body: &[u8]) -> (u16, Value) {
        match serde_json::from_slice::<Change>(body) {
            Ok(Change { add, delete: None }) if !add.is_empty() => self.add(&add),
            Ok(Change {
                add,
                delete: Some(ids),
            }) if add.is_empty() => {
                let before = self.rules.len();
                self.rules.retain(|rule| !ids.ids.contains(&rule.id));
                (
                    200,
                    json!({"meta": {"summary": {"deleted": before - self.rules.len(), "not_deleted": 0}}}),
                )
            }
            _ => (
                400,
                json!({"title": "Invalid Request", "detail": "expected exactly one of add and delete"}),
            ),
        }
    }

    /// What adding these would be answered with, changing nothing.
    pub(super) fn dry_run(&mut self, body: &[u8]) -> (u16, Value) {
        let before = self.rules.clone();
        let answer = self.change(body);
        self.rules = before;
        answer
    }

    /// As X does: where one rule is invalid, none of the call is taken.
    fn add(&mut self, new: &[New]) -> (u16, Value) {
        let unnamed = &self.refused_unnamed;
        let is_meant = |new: &New| unnamed.iter().any(|word| new.value.contains(word.as_str()));
        if new.iter().any(is_meant) {
            return (
                400,
                json!({"title": "Invalid Request", "detail": "One or more parameters is invalid.", "errors": [{"parameters": {}, "message": "this is not a valid request"}]}),
            );
        }
        let invalid: Vec<Value> = new
            .iter()
            .filter(|new| self.is_refused(&new.value))
            .map(invalid)
            .collect();
        if !invalid.is_empty() {
            return (
                400,
                json!({"errors": invalid, "meta": {"summary": {"created": 0, "not_created": new.len()}}}),
            );
        }
        let (mut data, mut errors) = (Vec::new(), Vec::new());
        for new in new {
            if let Some(known) = self.rules.iter().find(|rule| rule.value == new.value) {
                errors.push(json!({"value": new.value, "id": known.id, "title": "DuplicateRule", "type": "https://api.twitter.com/2/problems/duplicate-rules"}));
            } else if self.rules.len() >= self.max_rules {
                errors.push(json!({"value": new.value, "title": "RulesCapExceeded", "detail": "the cap is reached", "type": "https://api.twitter.com/2/problems/rule-cap"}));
            } else {
                data.push(shown(self.insert(&new.value, &new.tag)));
            }
        }
        let mut answer =
            json!({"meta": {"summary": {"created": data.len(), "not_created": errors.len()}}});
        if !data.is_empty() {
            answer["data"] = json!(data);
        }
        if !errors.is_empty() {
            answer["errors"] = json!(errors);
        }
        (201, answer)
    }

    fn is_refused(&self, value: &str) -> bool {
        self.refused
            .iter()
            .any(|word| value.contains(word.as_str()))
    }
}

fn shown(rule: &StandInRule) -> Value {
    if rule.tag.is_empty() {
        return json!({"id": rule.id, "value": rule.value});
    }
    json!({"id": rule.id, "value": rule.value, "tag": rule.tag})
}

fn invalid(new: &New) -> Value {
    json!({
        "value": new.value,
        "details": ["this stand-in does not take the rule (at position 1)"],
        "title": "UnprocessableEntity",
        "type": "https://api.twitter.com/2/problems/invalid-rules",
    })
}
