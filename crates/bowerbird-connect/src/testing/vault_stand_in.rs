//! HashiCorp Vault, made up: version 2 of its key-value engine on loopback, as its API's description has it. No Vault was asked.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde_json::{Value, json};

use super::plain::{self, Asked, Reply};
use super::stand_in::{Server, Shared};

/// A server that is a Vault for a test, with its engine at `secret`.
#[derive(Debug)]
pub struct VaultStandIn {
    server: Server,
    shared: Arc<Shared<State>>,
}

#[derive(Debug, Default)]
struct State {
    token: String,
    /// Every version of each entry; an empty one was deleted.
    entries: BTreeMap<String, Vec<Option<Value>>>,
    /// What the token may do with entries.
    capabilities: Vec<String>,
    replies: VecDeque<Reply>,
    seen: Vec<Asked>,
}

impl VaultStandIn {
    /// Starts one that this token opens, to read and to write.
    pub fn start(token: &str) -> Self {
        let capabilities = ["create", "read", "update", "delete", "list"];
        let shared = Shared::new(State {
            token: token.to_owned(),
            capabilities: capabilities.map(str::to_owned).to_vec(),
            ..State::default()
        });
        let served = Arc::clone(&shared);
        let answer = move |asked: Asked| served.change(|state| state.answer(asked));
        Self {
            server: Server::start(move |listener| plain::serve(listener, answer)),
            shared,
        }
    }

    /// Where it is.
    pub fn address(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// Answers the next requests so, whatever they are.
    pub fn answer_with(&self, replies: impl IntoIterator<Item = Reply>) {
        self.shared.change(|state| state.replies.extend(replies));
    }

    /// Takes another token from now on.
    pub fn take_token(&self, token: &str) {
        self.shared
            .change(|state| token.clone_into(&mut state.token));
    }

    /// The token may do no more than this with entries.
    pub fn allow_only(&self, capabilities: &[&str]) {
        let owned = capabilities.iter().map(|one| (*one).to_owned()).collect();
        self.shared.change(|state| state.capabilities = owned);
    }

    /// Writes an entry as somebody else would.
    pub fn hold(&self, path: &str, fields: Value) {
        self.shared.change(|state| {
            state
                .entries
                .entry(path.to_owned())
                .or_default()
                .push(Some(fields))
        });
    }

    /// The newest version of an entry.
    pub fn entry(&self, path: &str) -> Option<Value> {
        self.shared.state().entries.get(path)?.last()?.clone()
    }

    /// Every request that came.
    pub fn seen(&self) -> Vec<Asked> {
        self.shared.state().seen.clone()
    }
}

impl State {
    fn answer(&mut self, asked: Asked) -> Reply {
        let (method, path) = (asked.method.clone(), asked.path().to_owned());
        let (lists, body) = (asked.parameter("list") == "true", asked.body.clone());
        let is_open = asked.header("x-vault-token") == self.token;
        self.seen.push(asked);
        if let Some(reply) = self.replies.pop_front() {
            return reply;
        }
        if !is_open {
            return Reply::of(403, json!({ "errors": ["permission denied"] }));
        }
        let body: Value = serde_json::from_str(&body).unwrap_or_default();
        if path == "/v1/sys/capabilities-self" {
            return Reply::of(
                200,
                json!({ "data": { "capabilities": self.capabilities } }),
            );
        }
        if let Some(entry) = path.strip_prefix("/v1/secret/data/") {
            return self.data(&method, entry, &body);
        }
        match path.strip_prefix("/v1/secret/metadata/") {
            Some(below) if lists => self.list(below),
            Some(entry) if method == "DELETE" && self.may("delete") => {
                self.entries.remove(entry);
                Reply::of(204, "")
            }
            Some(_) => Reply::of(
                403,
                json!({ "errors": ["1 error occurred: permission denied"] }),
            ),
            None => Reply::of(404, json!({ "errors": ["no handler for route"] })),
        }
    }

    fn may(&self, what: &str) -> bool {
        self.capabilities.iter().any(|one| one == what)
    }

    fn data(&mut self, method: &str, entry: &str, body: &Value) -> Reply {
        match method {
            "GET" => match self.entries.get(entry).and_then(|all| all.last()) {
                Some(Some(fields)) => Reply::of(
                    200,
                    json!({ "data": { "data": fields, "metadata": { "version": 1 } } }),
                ),
                Some(None) => Reply::of(
                    404,
                    json!({ "data": { "data": null, "metadata": { "deletion_time": "2026-11-01T00:00:00Z" } } }),
                ),
                None => Reply::of(404, json!({ "errors": [] })),
            },
            "POST" | "PUT" if self.may("create") && self.may("update") => {
                let versions = self.entries.entry(entry.to_owned()).or_default();
                versions.push(Some(body["data"].clone()));
                Reply::of(200, json!({ "data": { "version": versions.len() } }))
            }
            _ => Reply::of(
                403,
                json!({ "errors": ["1 error occurred: permission denied"] }),
            ),
        }
    }

    fn list(&self, below: &str) -> Reply {
        let start = format!("{}/", below.trim_end_matches('/'));
        let below = self
            .entries
            .keys()
            .filter_map(|key| key.strip_prefix(&start));
        let mut keys: Vec<&str> = below
            .map(|rest| rest.find('/').map_or(rest, |slash| &rest[..=slash]))
            .collect();
        keys.dedup();
        if keys.is_empty() {
            return Reply::of(404, json!({ "errors": [] }));
        }
        Reply::of(200, json!({ "data": { "keys": keys } }))
    }
}
