//! The posts and accounts that X's stand-in knows, and how it finds them: by search, by author, by id. Pure.
//!
//! As X's search does, it looks at no quoted text and gives no reposts. Pages are cut by id, so that new posts do not shift them.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use bowerbird_core::event::with_doc;
use bowerbird_core::rules::{Rule, XLimits};
use bowerbird_core::time::Time;
use serde_json::{Map, Value, json};

use super::x_script::Answer;

/// Search reaches back so far.
const REACH: Duration = Duration::from_secs(7 * 86_400);
/// What was posted so shortly ago is not asked for.
const SETTLES: Duration = Duration::from_secs(10);
/// When X's ids begin, in milliseconds.
const EPOCH: i64 = 1_288_834_974_657;

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Posts {
    /// By id.
    posts: BTreeMap<u64, Known>,
    /// Accounts by id.
    users: BTreeMap<u64, Value>,
    /// Questions with one of these words are refused.
    pub(super) refused: Vec<String>,
    /// How many posts of a timeline can be reached.
    pub(super) reach: Option<usize>,
}

#[derive(Debug)]
struct Known {
    at: Time,
    author: String,
    envelope: Value,
}

/// A post by an account, as a line of X's stream has it. Its id holds the moment; posts of one moment differ by `n`.
pub fn x_post(at: Time, n: u64, author: (&str, &str), text: &str) -> Vec<u8> {
    let id = x_id(at, n);
    let (author_id, username) = author;
    let post = json!({
        "data": {
            "id": id, "text": text, "author_id": author_id, "created_at": at, "lang": "en",
            "conversation_id": id, "edit_history_tweet_ids": [id],
        },
        "includes": {"users": [{"id": author_id, "username": username, "name": username}]},
    });
    post.to_string().into_bytes()
}

/// The id of a post of this moment.
pub fn x_id(at: Time, n: u64) -> String {
    let millis = u64::try_from(at.0 / 1_000 - EPOCH).unwrap_or(0);
    ((millis << 22) + n).to_string()
}

/// The parameters of a request.
pub(super) fn parameters(query: &str) -> HashMap<String, String> {
    form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

fn number(parameters: &HashMap<String, String>, name: &str) -> Option<u64> {
    parameters.get(name)?.parse().ok()
}

fn moment(parameters: &HashMap<String, String>, name: &str) -> Option<Time> {
    Time::parse(parameters.get(name)?)
}

/// 400: a parameter is wrong.
fn invalid(parameter: &str, message: &str) -> Answer {
    let body = json!({
        "errors": [{"parameters": {parameter: ["…"]}, "message": message}],
        "title": "Invalid Request",
        "detail": "One or more parameters to your request was invalid.",
        "type": "https://api.twitter.com/2/problems/invalid-request",
    });
    Answer::plain(400, &body.to_string())
}

impl Posts {
    /// Learns a post, and the accounts that come with it.
    pub(super) fn add(&mut self, envelope: &[u8]) {
        let envelope: Value = serde_json::from_slice(envelope).expect("a test's post is JSON");
        let text = |name: &str| {
            envelope["data"][name]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        let id = text("id").parse().expect("a test's post has an id");
        for user in envelope["includes"]["users"]
            .as_array()
            .into_iter()
            .flatten()
        {
            self.add_user(user.clone());
        }
        let known = Known {
            at: Time::parse(&text("created_at")).unwrap_or(Time(0)),
            author: text("author_id"),
            envelope,
        };
        self.posts.insert(id, known);
    }

    /// Learns an account.
    pub(super) fn add_user(&mut self, user: Value) {
        if let Some(id) = user["id"].as_str().and_then(|id| id.parse().ok()) {
            self.users.insert(id, user);
        }
    }

    /// A page of `GET /2/tweets/search/recent`.
    pub(super) fn search(&self, query: &str, now: Time) -> Answer {
        let parameters = parameters(query);
        let asked = parameters.get("query").map_or("", String::as_str);
        let rule = match Rule::parse(asked) {
            Ok(rule) => rule,
            Err(error) => return invalid("query", &error.to_string()),
        };
        let refused = rule.check_for_x(&XLimits::SEARCH);
        if let Some(error) = refused.iter().find(|error| !error.is_warning()) {
            return invalid("query", &error.to_string());
        }
        if let Some(word) = self
            .refused
            .iter()
            .find(|word| asked.contains(word.as_str()))
        {
            return invalid("query", &format!("this stand-in does not look for {word}"));
        }
        let start = moment(&parameters, "start_time").unwrap_or(now.minus(REACH));
        let end = moment(&parameters, "end_time").unwrap_or(now.minus(SETTLES));
        if start < now.minus(REACH) {
            return invalid("start_time", "it is more than seven days ago");
        }
        if end > now.minus(SETTLES) {
            return invalid("end_time", "it is less than ten seconds ago");
        }
        let found = self.posts.iter().filter(|(_, known)| {
            start <= known.at && known.at < end && finds(&rule, &known.envelope)
        });
        page(found, &parameters, "next_token")
    }

    /// A page of `GET /2/users/{id}/tweets`.
    pub(super) fn timeline(&self, author: &str, query: &str) -> Answer {
        let mine: Vec<_> = self
            .posts
            .iter()
            .filter(|(_, known)| known.author == author)
            .collect();
        self.reached(&mine, query)
    }

    /// A page of somebody's home timeline: everything.
    pub(super) fn home(&self, query: &str) -> Answer {
        self.reached(&self.posts.iter().collect::<Vec<_>>(), query)
    }

    /// Of these, a page of what can still be reached.
    fn reached(&self, all: &[(&u64, &Known)], query: &str) -> Answer {
        let parameters = parameters(query);
        let first = all.len() - self.reach.unwrap_or(all.len()).min(all.len());
        let since = number(&parameters, "since_id").unwrap_or(0);
        let start = moment(&parameters, "start_time").unwrap_or(Time(0));
        let found = all[first..].iter().copied();
        let found = found.filter(|(id, known)| **id > since && known.at >= start);
        page(found, &parameters, "pagination_token")
    }

    /// Whom `GET /2/users`, `/2/users/by` name.
    pub(super) fn accounts(&self, path: &str, query: &str) -> Answer {
        let parameters = parameters(query);
        let is_by_name = path.ends_with("/by");
        let key = if is_by_name { "usernames" } else { "ids" };
        let asked = parameters.get(key).map_or("", String::as_str);
        let find = |name: &str| {
            let is_it = |user: &&Value| {
                let field = if is_by_name { "username" } else { "id" };
                user[field]
                    .as_str()
                    .is_some_and(|it| it.eq_ignore_ascii_case(name))
            };
            self.users.values().find(is_it).cloned()
        };
        partial(asked, find, key, "user")
    }

    /// What `GET /2/tweets` names.
    pub(super) fn posts(&self, query: &str) -> Answer {
        let parameters = parameters(query);
        let asked = parameters.get("ids").map_or("", String::as_str);
        let known = |id: &str| self.posts.get(&id.parse::<u64>().ok()?);
        let mut answer = partial(
            asked,
            |id| Some(known(id)?.envelope["data"].clone()),
            "ids",
            "tweet",
        );
        if let Answer::Plain { body, .. } = &mut answer {
            let mut whole: Value = serde_json::from_str(body).expect("it was just written");
            let found = asked.split(',').filter_map(known);
            whole["includes"] = includes(found);
            *body = whole.to_string();
        }
        answer
    }
}

/// What was found of what was asked for, and why the rest was not.
fn partial(
    asked: &str,
    find: impl Fn(&str) -> Option<Value>,
    parameter: &str,
    kind: &str,
) -> Answer {
    let (mut data, mut errors) = (Vec::new(), Vec::new());
    for name in asked.split(',').filter(|name| !name.is_empty()) {
        match find(name) {
            Some(found) => data.push(found),
            None => errors.push(json!({
                "value": name, "resource_id": name, "parameter": parameter, "resource_type": kind,
                "title": "Not Found Error", "detail": format!("Could not find {kind} with {parameter}: [{name}]."),
                "type": "https://api.twitter.com/2/problems/resource-not-found",
            })),
        }
    }
    let mut answer = Map::new();
    if !data.is_empty() {
        answer.insert("data".to_owned(), json!(data));
    }
    if !errors.is_empty() {
        answer.insert("errors".to_owned(), json!(errors));
    }
    Answer::plain(200, &Value::Object(answer).to_string())
}

/// Would search give this post for this question?
fn finds(rule: &Rule, envelope: &Value) -> bool {
    let line = envelope.to_string();
    let event = crate::x::decode_v2(line.as_bytes()).expect("a test's post is one");
    let mut post = event.post().expect("a test's post is one").clone();
    post.embedded.clear();
    post.repost_of.is_none() && with_doc(&event.id.id, &post, |doc| rule.matches(doc))
}

/// A page of what was found, newest first, with the token of the next.
fn page<'k>(
    found: impl Iterator<Item = (&'k u64, &'k Known)>,
    parameters: &HashMap<String, String>,
    token: &str,
) -> Answer {
    let before = match parameters
        .get(token)
        .map(|token| token.strip_prefix("before-"))
    {
        None => None,
        Some(Some(id)) => id.parse::<u64>().ok(),
        Some(None) => return invalid(token, "no such page"),
    };
    let mut found: Vec<(u64, &Known)> = found.map(|(id, known)| (*id, known)).collect();
    found.retain(|(id, _)| before.is_none_or(|before| *id < before));
    found.reverse();
    let size = number(parameters, "max_results").and_then(|size| size.try_into().ok());
    let size: usize = size.unwrap_or(10);
    let is_last = found.len() <= size;
    found.truncate(size);
    let mut meta = json!({"result_count": found.len()});
    if let (Some((newest, _)), Some((oldest, _))) = (found.first(), found.last()) {
        meta["newest_id"] = json!(newest.to_string());
        meta["oldest_id"] = json!(oldest.to_string());
        if !is_last {
            meta["next_token"] = json!(format!("before-{oldest}"));
        }
    }
    let mut answer = json!({"meta": meta});
    if !found.is_empty() {
        let data = found
            .iter()
            .map(|(_, known)| known.envelope["data"].clone());
        answer["data"] = data.collect();
        answer["includes"] = includes(found.iter().map(|(_, known)| *known));
    }
    Answer::plain(200, &answer.to_string())
}

/// What these posts refer to, each once.
fn includes<'k>(posts: impl Iterator<Item = &'k Known>) -> Value {
    let mut lists: Map<String, Value> = Map::new();
    for known in posts {
        for (name, objects) in known.envelope["includes"].as_object().into_iter().flatten() {
            let list = lists.entry(name.clone()).or_insert_with(|| json!([]));
            for object in objects.as_array().into_iter().flatten() {
                if let Some(list) = list.as_array_mut().filter(|list| !list.contains(object)) {
                    list.push(object.clone());
                }
            }
        }
    }
    Value::Object(lists)
}
