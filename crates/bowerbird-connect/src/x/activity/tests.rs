//! Which subscriptions stand at X, and what comes of them.

use bowerbird_core::bill::{AllWithheld, Held, Withheld};
use bowerbird_core::event::{Body, Delete};

use super::*;
use crate::testing::{Answer, Step, XStandIn, x_post};
use crate::x::{XFeed, decode_v2};

const TOKEN: &str = "token-of-a-test";

fn activity(accounts: &[&str], events: &[&str]) -> XActivity {
    let texts = |all: &[&str]| all.iter().map(|it| (*it).to_owned()).collect();
    XActivity {
        accounts: texts(accounts),
        events: texts(events),
    }
}

fn source(x: &XStandIn, accounts: &[&str], events: &[&str]) -> (Connection, Arc<XStatus>) {
    let activity = activity(accounts, events);
    let config = XConfig {
        base_url: x.base_url(),
        feed: XFeed::Activity(activity.clone()),
        ..XConfig::new(TOKEN.into())
    };
    let name = SourceName::parse("x").unwrap();
    (
        connect(name, Keep::All, &config, &activity).unwrap(),
        config.status,
    )
}

fn stand_in(script: impl IntoIterator<Item = Answer>) -> XStandIn {
    let x = XStandIn::start(TOKEN, script);
    x.know([("12", "Ada"), ("13", "bob")].map(|author| x_post(Time::now(), 1, author, "hello")));
    x
}

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter()
        .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
        .collect()
}

#[tokio::test]
async fn subscriptions_are_brought_in_line_and_others_are_left_alone() {
    let x = stand_in([]);
    x.hold_subscription("post.create", "12", "bowerbird/ada");
    x.hold_subscription("post.create", "99", "bowerbird/gone");
    x.hold_subscription("like.create", "99", "theirs");
    let (connection, status) = source(
        &x,
        &["@Ada", "bob", "nobody"],
        &["post.create", "post.delete"],
    );
    let mut opened = (connection.open)(None).await.unwrap();
    let expected = pairs(&[
        ("post.create", "12"),
        ("like.create", "99"),
        ("post.delete", "12"),
        ("post.create", "13"),
        ("post.delete", "13"),
    ]);
    assert_eq!(x.subscriptions(), expected);
    assert_eq!(
        (status.report().in_force, status.report().problem.as_str()),
        (4, "")
    );
    // Ada's id was known by the tag; Bob's was looked up, and what X said of him is the first that comes.
    let look_ups: Vec<String> = x
        .seen()
        .into_iter()
        .map(|it| it.target)
        .filter(|it| it.contains("/users/by"))
        .collect();
    assert!(
        look_ups.len() == 1 && look_ups[0].contains("usernames=bob,nobody&"),
        "{look_ups:?}"
    );
    let first = opened.next_batch().await.unwrap().unwrap();
    assert_eq!(decode_v2(&first.frames[0].bytes).unwrap().id.id, "user:13");
    drop(opened);
    x.until(|x| x.open_streams() == 0).await;
    let before = x.seen().len();
    drop((connection.open)(None).await.unwrap());
    let again: Vec<String> = x.seen()[before..]
        .iter()
        .map(|it| format!("{} {}", it.method, it.target))
        .collect();
    assert!(again.iter().all(|it| it.starts_with("GET ")), "{again:?}");
    assert_eq!(x.subscriptions(), expected);
}

#[tokio::test]
async fn what_happens_comes_as_events() {
    let lines = [
        r#"{"data":{"event_uuid":"-2080761390344937796","filter":{"user_id":"12"},"event_type":"post.create","tag":"bowerbird/ada","payload":{"id":"20","text":"Hello","author_id":"12","created_at":"2026-07-24T21:05:48.000Z","public_metrics":{"like_count":3,"like_count_str":"3"}},"includes":{"users":[{"id":"12","username":"Ada","name":"Ada"}]}}}"#,
        r#"{"data":{"event_uuid":"-2781149976877970683","filter":{"user_id":"12"},"event_type":"post.delete","payload":{"id":"20","author_id":"12"},"includes":{"users":[{"data":{"id":"12"}}]}}}"#,
        r#"{"data":{"filter":{"user_id":"12"},"event_type":"profile.update.bio","payload":{"before":"Mars","after":"Mars & Moon"}}}"#,
    ];
    let mut steps: Vec<Step> = lines.iter().map(Step::line).collect();
    steps.push(Step::Close);
    let x = stand_in([Answer::Stream(steps)]);
    let (connection, _) = source(&x, &["12"], &X_ACTIVITY_EVENTS);
    let mut opened = (connection.open)(None).await.unwrap();
    let mut frames = Vec::new();
    while let Ok(Some(batch)) = opened.next_batch().await {
        frames.extend(batch.frames);
    }
    let bodies: Vec<_> = frames
        .iter()
        .map(|frame| decode_v2(&frame.bytes).unwrap().body)
        .collect();
    assert!(
        matches!(&bodies[0], Body::Post(post) if post.author.handle == "Ada"),
        "{bodies:?}"
    );
    assert!(
        matches!(&bodies[1], Body::Delete(Delete::Post { post_id, .. }) if post_id == "20"),
        "{bodies:?}"
    );
    assert!(
        matches!(&bodies[2], Body::Profile(account) if account.bio == "Mars & Moon" && account.id == "12"),
        "{bodies:?}"
    );
}

#[tokio::test]
async fn what_x_does_not_take_is_told_and_stops_nothing_else() {
    let x = stand_in([]);
    x.refuse_subscriptions("dm.received");
    let (connection, status) = source(&x, &["12"], &["dm.received", "post.create"]);
    drop((connection.open)(None).await.unwrap());
    assert_eq!(x.subscriptions(), pairs(&[("post.create", "12")]));
    let problem = status.report().problem;
    assert!(
        problem.contains("dm.received of 12") && problem.contains("consent"),
        "{problem}"
    );
    let (connection, _) = source(&x, &["13"], &["dm.received"]);
    let error = (connection.open)(None).await.err().unwrap();
    assert!(
        matches!(error, SourceError::Stop { .. }) && error.to_string().contains("refused all"),
        "{error}"
    );
}

#[tokio::test]
async fn a_limit_of_subscriptions_is_no_reason_not_to_listen() {
    let x = stand_in([]);
    x.hold_subscription("post.create", "12", "bowerbird/12");
    let reset = Time::now().seconds() + 600;
    let path = "/2/activity/subscriptions";
    let list = r#"{"data":[{"subscription_id":"1","event_type":"post.create","filter":{"user_id":"12"},"tag":"bowerbird/12"}]}"#;
    x.answer_at(
        path,
        [Answer::plain(200, list), Answer::rate_limited(reset)],
    );
    let (connection, status) = source(&x, &["12"], &["post.create", "post.delete"]);
    let mut opened = (connection.open)(None).await.unwrap();
    assert!(
        status.report().problem.contains("rate limit"),
        "{:?}",
        status.report()
    );
    x.push(r#"{"data":{"event_type":"post.delete","payload":{"id":"20","author_id":"12"}}}"#);
    assert_eq!(opened.next_batch().await.unwrap().unwrap().frames.len(), 1);
    // Where nothing stands, it waits.
    let bare = stand_in([]);
    bare.answer_at(
        path,
        [Answer::plain(200, "{}"), Answer::rate_limited(reset)],
    );
    let (connection, _) = source(&bare, &["12"], &["post.create"]);
    let error = (connection.open)(None).await.err().unwrap();
    assert!(
        matches!(error, SourceError::WaitUntil { at, .. } if at.seconds() == reset),
        "{error}"
    );
}

#[tokio::test]
async fn where_there_is_no_room_what_nobody_wants_makes_it() {
    let x = stand_in([]);
    x.hold_subscription("post.create", "99", "bowerbird/gone");
    x.allow_subscriptions(1);
    let (connection, status) = source(&x, &["12"], &["post.create"]);
    drop((connection.open)(None).await.unwrap());
    assert_eq!(x.subscriptions(), pairs(&[("post.create", "12")]));
    assert_eq!(status.report().problem, "");
}

#[tokio::test]
async fn what_nobody_wants_is_deleted_when_a_limit_is_over() {
    let x = stand_in([]);
    x.hold_subscription("post.create", "12", "bowerbird/12");
    x.hold_subscription("post.create", "99", "bowerbird/gone");
    let list = r#"{"data":[{"subscription_id":"1976325569252868097","event_type":"post.create","filter":{"user_id":"12"},"tag":"bowerbird/12"},{"subscription_id":"1976325569252868098","event_type":"post.create","filter":{"user_id":"99"},"tag":"bowerbird/gone"}]}"#;
    let soon = Time::now().seconds() + 1;
    x.answer_at(
        "/2/activity/subscriptions",
        [Answer::plain(200, list), Answer::rate_limited(soon)],
    );
    let (connection, _) = source(&x, &["12"], &["post.create", "post.delete"]);
    let opened = (connection.open)(None).await.unwrap();
    let expected = pairs(&[("post.create", "12"), ("post.delete", "12")]);
    x.until(|x| x.subscriptions() == expected).await;
    drop(opened);
}

#[tokio::test]
async fn a_wrong_token_stops() {
    let x = XStandIn::start("another", []);
    let (connection, _) = source(&x, &["12"], &["post.create"]);
    let error = (connection.open)(None).await.err().unwrap();
    assert!(matches!(error, SourceError::Stop { .. }), "{error}");
    assert!(!error.to_string().contains(TOKEN));
}

#[tokio::test]
async fn a_spent_budget_hangs_up() {
    let x = stand_in([]);
    let activity = activity(&["12"], &["post.create"]);
    let (withheld, watched) = tokio::sync::watch::channel(Arc::<AllWithheld>::default());
    let config = XConfig {
        base_url: x.base_url(),
        withheld: watched,
        ..XConfig::new(TOKEN.into())
    };
    let name = SourceName::parse("x").unwrap();
    let connection = connect(name.clone(), Keep::All, &config, &activity).unwrap();
    let mut opened = (connection.open)(None).await.unwrap();
    let held = Held {
        reason: "its budget is spent".to_owned(),
        until: None,
    };
    let all = Withheld {
        all: Some(held),
        ..Withheld::default()
    };
    withheld.send_replace(Arc::new([(name, all)].into()));
    let error = loop {
        match opened.next_batch().await {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(error.to_string(), "hung up: its budget is spent");
    assert!(matches!(
        (connection.open)(None).await,
        Err(SourceError::WaitUntil { .. })
    ));
}

#[test]
fn kinds_of_events_are_judged() {
    let config = XConfig::new(TOKEN.into());
    let name = || SourceName::parse("x").unwrap();
    for events in [&[][..], &["Post.Create"], &["post create"], &[""]] {
        let wrong = connect(name(), Keep::All, &config, &activity(&["12"], events));
        assert!(wrong.is_err(), "{events:?}");
    }
}
