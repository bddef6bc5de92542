//! Accounts named in the configuration: their ids, looked up where only a handle is known (`GET /2/users/by`), with what X says of them.

use bowerbird_core::frame::Frame;
use bowerbird_core::source::SourceError;
use bowerbird_core::time::Time;
use bytes::Bytes;
use serde::Deserialize;
use sonic_rs::LazyValue;

use super::api::{Api, broken};
use super::fields::of_accounts;
use super::limiter::Endpoint;
use crate::error::ConnectError;
use crate::json;

/// Accounts asked for at once.
const AT_ONCE: usize = 100;
/// The most bytes of an answer: a hundred accounts are some 200 KB.
const MAX_ANSWER_BYTES: usize = 8 << 20;
/// The most accounts of one source: its cursor names them all.
pub(super) const MAX_ACCOUNTS: usize = 1_000;

/// An account as the configuration names it: in lower case, without `@`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct AccountName(pub(super) String);

impl AccountName {
    /// The id, where it is one; a handle of X has a letter or is none that is in use.
    pub(super) fn id(&self) -> Option<&str> {
        let is_id = self.0.bytes().all(|byte| byte.is_ascii_digit());
        is_id.then_some(self.0.as_str())
    }
}

/// Judges the names of a configuration.
pub(super) fn names(accounts: &[String]) -> Result<Vec<AccountName>, ConnectError> {
    let wrong = |reason: String| ConnectError::setting("accounts", reason);
    if accounts.is_empty() || accounts.len() > MAX_ACCOUNTS {
        return Err(wrong(format!("expected 1 to {MAX_ACCOUNTS} accounts")));
    }
    let mut names = Vec::new();
    for account in accounts {
        let name = account.trim().trim_start_matches('@').to_lowercase();
        let is_id = (1..=20).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_digit());
        let is_handle = (1..=15).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !is_id && !is_handle {
            return Err(wrong(format!(
                "`{account}` is no account of X: expected a handle or an id"
            )));
        }
        names.push(AccountName(name));
    }
    names.sort();
    names.dedup();
    Ok(names)
}

/// What X says of accounts.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Handles in lower case, and ids.
    pub(super) ids: Vec<(AccountName, String)>,
    /// Each account, for the pipeline.
    pub(super) frames: Vec<Frame>,
    /// Names, and why there is nothing.
    pub(super) missing: Vec<(String, String)>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer<'a> {
    #[serde(borrow)]
    data: Vec<LazyValue<'a>>,
    errors: Vec<NotFound>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Named {
    id: String,
    username: String,
}

/// Why X does not give something that was asked for among others.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct NotFound {
    /// What was asked for.
    value: serde_json::Value,
    detail: String,
    title: String,
}

impl NotFound {
    /// What was asked for.
    pub(super) fn asked(&self) -> &str {
        self.value.as_str().unwrap_or_default()
    }

    /// In X's words.
    pub(super) fn reason(&self) -> String {
        let words = if self.detail.is_empty() {
            &self.title
        } else {
            &self.detail
        };
        words
            .chars()
            .filter(|c| !c.is_control())
            .take(200)
            .collect()
    }
}

/// Looks handles up.
pub(super) async fn look_up(api: &Api, handles: &[&AccountName]) -> Result<Found, SourceError> {
    let mut found = Found::default();
    for handles in handles.chunks(AT_ONCE) {
        let names: Vec<&str> = handles.iter().map(|name| name.0.as_str()).collect();
        let target = format!(
            "/2/users/by?usernames={}&{}",
            names.join(","),
            of_accounts()
        );
        let answer = api
            .ask(Endpoint::Accounts, api.get(&target), MAX_ANSWER_BYTES)
            .await?;
        if answer.status == 400 {
            return Err(api.of_answer(400, None, &answer.body));
        }
        take(&answer.body, &mut found)
            .ok_or_else(|| broken("accounts are not what X documents"))?;
    }
    for (_, reason) in &mut found.missing {
        *reason = api.without_token(reason);
    }
    Ok(found)
}

/// Who is signed in: the id, and what X says of the account.
pub(super) async fn me(api: &Api) -> Result<(String, Frame), SourceError> {
    let target = format!("/2/users/me?{}", of_accounts());
    let answer = api
        .ask(Endpoint::Me, api.get(&target), MAX_ANSWER_BYTES)
        .await?;
    if answer.status == 400 {
        return Err(api.of_answer(400, None, &answer.body));
    }
    let answered: Option<Me> = serde_json::from_slice(&answer.body).ok();
    let me = answered.filter(|me| !me.data.id.is_empty());
    let me = me.ok_or_else(|| broken("who is signed in is not what X documents"))?;
    Ok((me.data.id, Frame::new(answer.body, Time::now())))
}

#[derive(Deserialize)]
struct Me {
    data: Named,
}

fn take(body: &[u8], found: &mut Found) -> Option<()> {
    let answer: Answer<'_> = json::parse(json::checked(body).ok()?).ok()?;
    let now = Time::now();
    for object in &answer.data {
        let raw = object.as_raw_str();
        let named: Named = serde_json::from_str(raw).ok()?;
        found
            .ids
            .push((AccountName(named.username.to_lowercase()), named.id));
        let bytes = Bytes::from(format!(r#"{{"data":{raw}}}"#));
        found.frames.push(Frame::new(bytes, now));
    }
    let missing = answer
        .errors
        .iter()
        .map(|error| (error.asked().to_owned(), error.reason()));
    found.missing.extend(missing);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Answer as Said, XStandIn};
    use crate::x::{XConfig, decode_v2};
    use bowerbird_core::event::Body;

    #[test]
    fn accounts_are_handles_or_ids() {
        let list = |all: &[&str]| names(&all.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());
        let all = list(&["@Ada", "ada", "12", "b_3"]).unwrap();
        let texts: Vec<&str> = all.iter().map(|name| name.0.as_str()).collect();
        assert_eq!(texts, ["12", "ada", "b_3"]);
        assert_eq!((all[0].id(), all[1].id()), (Some("12"), None));
        for wrong in [
            "",
            "a b",
            "a_name_that_is_too_long",
            "é",
            "a,b",
            "123456789012345678901",
        ] {
            assert!(list(&["ada", wrong]).is_err(), "{wrong}");
        }
        assert!(list(&[]).is_err());
    }

    #[tokio::test]
    async fn what_is_found_and_what_is_not_is_told() {
        let x = XStandIn::start("token", []);
        x.know([crate::testing::x_post(
            Time::now(),
            1,
            ("12", "Ada"),
            "hello",
        )]);
        let config = XConfig {
            base_url: x.base_url(),
            ..XConfig::new("token".into())
        };
        let api = Api::new(&config).unwrap();
        let [ada, nobody] = ["ada", "nobody"].map(|name| AccountName(name.to_owned()));
        let found = look_up(&api, &[&ada, &nobody]).await.unwrap();
        assert_eq!(found.ids, [(ada.clone(), "12".to_owned())]);
        assert_eq!(found.missing[0].0, "nobody");
        assert!(found.missing[0].1.contains("Could not find"), "{found:?}");
        let event = decode_v2(&found.frames[0].bytes).unwrap();
        assert!(
            matches!(&event.body, Body::Profile(account) if account.handle == "Ada"),
            "{event:?}"
        );
        x.answer_at(
            "/2/users/by",
            [Said::plain(200, "<html>"), Said::unavailable()],
        );
        for _ in 0..2 {
            assert!(matches!(
                look_up(&api, &[&ada]).await,
                Err(SourceError::Retry { .. })
            ));
        }
    }
}
