//! The subscriptions that X's stand-in holds, and how it answers who changes them. Pure.

use serde_json::{Value, json};

use super::x_posts::parameters;
use super::x_script::Answer;

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    pub(super) all: Vec<Value>,
    /// Kinds of events that are refused.
    pub(super) refused: Vec<String>,
    /// No more than so many.
    pub(super) most: Option<usize>,
    made: u64,
}

impl Subscriptions {
    /// One that is there before anyone comes, or is made.
    pub(super) fn insert(&mut self, event_type: &str, user_id: &str, tag: &str) -> Value {
        self.made += 1;
        let new = json!({
            "subscription_id": (1_976_325_569_252_868_096 + self.made).to_string(),
            "event_type": event_type,
            "filter": {"user_id": user_id},
            "tag": tag,
            "created_at": "2025-10-09T16:35:08.000Z",
            "updated_at": "2025-10-09T16:35:08.000Z",
        });
        self.all.push(new.clone());
        new
    }

    /// Lists, makes or deletes.
    pub(super) fn answer(&mut self, method: &str, query: &str, body: &[u8]) -> Answer {
        let meta = json!({"total_subscriptions": self.all.len()});
        match method {
            "GET" => Answer::plain(200, &json!({"data": self.all, "meta": meta}).to_string()),
            "DELETE" => {
                let parameters = parameters(query);
                let ids = parameters.get("ids").map_or("", String::as_str);
                let gone: Vec<&str> = ids.split(',').collect();
                let id = |it: &Value| {
                    it["subscription_id"]
                        .as_str()
                        .unwrap_or_default()
                        .to_owned()
                };
                self.all.retain(|it| !gone.contains(&id(it).as_str()));
                Answer::plain(200, r#"{"data":{"deleted":true}}"#)
            }
            _ => {
                let asked: Value = serde_json::from_slice(body).unwrap_or_default();
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                let event_type = text(&asked["event_type"]);
                if self.refused.contains(&event_type) {
                    return Answer::plain(
                        403,
                        r#"{"title":"Forbidden","detail":"this event needs the user's consent"}"#,
                    );
                }
                if self.most.is_some_and(|most| self.all.len() >= most) {
                    return Answer::plain(
                        403,
                        r#"{"title":"Forbidden","detail":"the app has no room for more subscriptions"}"#,
                    );
                }
                let user_id = text(&asked["filter"]["user_id"]);
                let new = self.insert(&event_type, &user_id, &text(&asked["tag"]));
                Answer::plain(201, &json!({"data": [new], "meta": meta}).to_string())
            }
        }
    }
}
