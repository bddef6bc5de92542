//! What X's activity stream is to tell: subscriptions, each to one kind of event of one account, brought in line with the configuration.
//!
//! They outlive connections and belong to the app, as rules do: what is not tagged as ours is never touched. A tag of ours names the account as the
//! configuration does, so that its id need not be looked up again.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bowerbird_core::source::SourceError;
use serde::{Deserialize, Serialize};

use super::accounts::AccountName;
use super::api::{Api, broken};
use super::limiter::Endpoint;
use super::slots::OUR_TAG;
use crate::http;

const PATH: &str = "/2/activity/subscriptions";
/// The most bytes of an answer: a hundred thousand subscriptions.
const MAX_ANSWER_BYTES: usize = 32 << 20;
/// The most pages of a list.
const MAX_PAGES: usize = 1_000;
/// Deleted at once.
const AT_ONCE: usize = 100;

/// One kind of event of one account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Wanted {
    pub(super) user_id: String,
    pub(super) event_type: String,
    /// As the configuration names the account.
    pub(super) name: AccountName,
}

/// A subscription as X has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Subscription {
    subscription_id: String,
    event_type: String,
    filter: Filter,
    tag: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Filter {
    #[serde(skip_serializing_if = "String::is_empty")]
    user_id: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    data: Option<OneOrMany>,
    meta: Meta,
}

/// X gives a list in one place and an object in another.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Many(Vec<Subscription>),
    One(Subscription),
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Meta {
    next_token: Option<String>,
}

#[derive(Serialize)]
struct New<'a> {
    event_type: &'a str,
    filter: Filter,
    tag: String,
}

impl Subscription {
    /// The account's name in the configuration that asked for it; `None` if it is not ours.
    fn name(&self) -> Option<AccountName> {
        let name = self.tag.as_deref()?.strip_prefix(OUR_TAG)?;
        Some(AccountName(name.to_owned()))
    }
}

/// The ids of accounts by their names, as far as our subscriptions tell.
pub(super) fn known(standing: &[Subscription]) -> BTreeMap<AccountName, String> {
    let known = standing
        .iter()
        .filter_map(|it| Some((it.name()?, it.filter.user_id.clone())));
    known.filter(|(_, id)| !id.is_empty()).collect()
}

/// What is to be done.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) add: VecDeque<Wanted>,
    /// By their ids.
    pub(super) delete: Vec<String>,
    /// How many of ours stay.
    pub(super) stay: usize,
}

/// What makes what stands at X what is wanted. Whoever made a subscription that is wanted, it does.
pub(super) fn difference(standing: &[Subscription], wanted: &[Wanted]) -> Difference {
    let key = |it: &Wanted| (it.user_id.clone(), it.event_type.clone());
    let all: BTreeSet<(String, String)> = wanted.iter().map(key).collect();
    let mut there = BTreeSet::new();
    let mut delete = Vec::new();
    for one in standing {
        let key = (one.filter.user_id.clone(), one.event_type.clone());
        if all.contains(&key) {
            there.insert(key);
        } else if one.name().is_some() {
            delete.push(one.subscription_id.clone());
        }
    }
    Difference {
        add: wanted
            .iter()
            .filter(|it| !there.contains(&key(it)))
            .cloned()
            .collect(),
        delete,
        stay: there.len(),
    }
}

/// All subscriptions of the app.
pub(super) async fn list(api: &Api) -> Result<Vec<Subscription>, SourceError> {
    let mut all = Vec::new();
    let mut page = String::new();
    for _ in 0..MAX_PAGES {
        let request = api.get(&format!("{PATH}{page}"));
        let answer = api
            .ask(Endpoint::ListSubscriptions, request, MAX_ANSWER_BYTES)
            .await?;
        if answer.status == 400 {
            return Err(api.of_answer(400, None, &answer.body));
        }
        let answer: Answer = serde_json::from_slice(&answer.body)
            .map_err(|_| broken("its list of subscriptions is not what X documents"))?;
        match answer.data {
            Some(OneOrMany::Many(many)) => all.extend(many),
            Some(OneOrMany::One(one)) => all.push(one),
            None => {}
        }
        match answer.meta.next_token.filter(|token| !token.is_empty()) {
            Some(token) => {
                let token: String = form_urlencoded::byte_serialize(token.as_bytes()).collect();
                page = format!("?pagination_token={token}");
            }
            None => return Ok(all),
        }
    }
    Err(SourceError::Stop {
        reason: format!("X lists more than {MAX_PAGES} pages of subscriptions"),
    })
}

/// Makes one; X's reason where it does not take it.
pub(super) async fn add(api: &Api, wanted: &Wanted) -> Result<Result<(), String>, SourceError> {
    let new = New {
        event_type: &wanted.event_type,
        filter: Filter {
            user_id: wanted.user_id.clone(),
        },
        tag: format!("{OUR_TAG}{}", wanted.name.0),
    };
    let body = serde_json::to_vec(&new).expect("text is JSON");
    let mut response = api
        .begin(Endpoint::ChangeSubscriptions, api.post(PATH, body))
        .await?;
    match response.status().as_u16() {
        // Somebody else may have made it just now.
        200 | 201 | 409 => Ok(Ok(())),
        400 | 403 | 422 => Ok(Err(api.refusal(&mut response).await.to_string())),
        _ => Err(api.refusal(&mut response).await),
    }
}

/// Deletes some, by their ids; those that are gone already are no error.
pub(super) async fn delete(api: &Api, ids: &[String]) -> Result<(), SourceError> {
    for ids in ids.chunks(AT_ONCE) {
        let request = api.delete(&format!("{PATH}?ids={}", ids.join(",")));
        let mut response = api.begin(Endpoint::ChangeSubscriptions, request).await?;
        if !matches!(response.status().as_u16(), 200..=299 | 404) {
            return Err(api.refusal(&mut response).await);
        }
        // So that the connection can be used again; what it says does not matter.
        let _ = http::body(&mut response, MAX_ANSWER_BYTES).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(user_id: &str, event_type: &str) -> Wanted {
        Wanted {
            user_id: user_id.to_owned(),
            event_type: event_type.to_owned(),
            name: AccountName(format!("name{user_id}")),
        }
    }

    fn standing(id: &str, user_id: &str, event_type: &str, tag: Option<&str>) -> Subscription {
        Subscription {
            subscription_id: id.to_owned(),
            event_type: event_type.to_owned(),
            filter: Filter {
                user_id: user_id.to_owned(),
            },
            tag: tag.map(str::to_owned),
        }
    }

    #[test]
    fn what_is_wanted_is_added_and_only_ours_is_deleted() {
        let there = [
            standing("1", "12", "post.create", Some("bowerbird/ada")),
            standing("2", "12", "post.delete", Some("theirs")),
            standing("3", "9", "post.create", Some("bowerbird/gone")),
            standing("4", "9", "post.create", None),
        ];
        let all = [
            wanted("12", "post.create"),
            wanted("12", "post.delete"),
            wanted("7", "post.create"),
        ];
        let difference = difference(&there, &all);
        assert_eq!(difference.add, [all[2].clone()]);
        assert_eq!(
            (difference.delete, difference.stay),
            (vec!["3".to_owned()], 2)
        );
        let known = known(&there);
        assert_eq!(known[&AccountName("ada".to_owned())], "12");
        assert_eq!(known.len(), 2);
    }

    #[test]
    fn lists_come_as_lists_or_objects() {
        for (text, n) in [
            (
                r#"{"data":[{"subscription_id":"1","event_type":"post.create","filter":{"user_id":"12"},"tag":"bowerbird/ada"}],"meta":{"total_subscriptions":1}}"#,
                1,
            ),
            (
                r#"{"data":{"subscription_id":"1","event_type":"news.new","filter":{"keyword":"cat"}}}"#,
                1,
            ),
            (r#"{"data":[],"meta":{"total_subscriptions":0}}"#, 0),
            (r#"{"meta":{}}"#, 0),
        ] {
            let answer: Answer = serde_json::from_str(text).unwrap();
            let found = match answer.data {
                Some(OneOrMany::Many(many)) => many.len(),
                Some(OneOrMany::One(_)) => 1,
                None => 0,
            };
            assert_eq!(found, n, "{text}");
        }
    }
}
