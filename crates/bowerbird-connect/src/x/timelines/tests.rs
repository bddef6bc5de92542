//! What polling brings, where it goes on, and what it does when X is in trouble.

use std::sync::Arc;

use bowerbird_core::bill::{AllWithheld, Held, Withheld};
use bowerbird_core::testing::source_suite;

use super::*;
use crate::testing::{Answer, XStandIn, x_id, x_post};
use crate::x::XFeed;

const TOKEN: &str = "token-of-a-test";
const ADA: (&str, &str) = ("12", "Ada");
const BOB: (&str, &str) = ("13", "bob");

fn source(x: &XStandIn, accounts: &[&str]) -> Connection {
    let timelines = XTimelines {
        accounts: accounts.iter().map(|it| (*it).to_owned()).collect(),
        every: Duration::from_millis(20),
    };
    let config = XConfig {
        base_url: x.base_url(),
        feed: XFeed::Timelines(timelines.clone()),
        ..XConfig::new(TOKEN.into())
    };
    let name = SourceName::parse("x").unwrap();
    let whose = Whose::accounts(&timelines.accounts).unwrap();
    connect(name, Keep::All, &config, whose, timelines.every).unwrap()
}

/// A cursor of a moment long before all posts.
fn begin(accounts: &[(&str, &str)]) -> Cursor {
    let place = |id: &str| Place {
        id: id.to_owned(),
        since: None,
        from: Time::now().minus(Duration::from_secs(86_400)),
    };
    let kept = accounts
        .iter()
        .map(|(id, name)| (name.to_lowercase(), place(id)));
    Cursor(serde_json::to_string(&Kept(kept.collect())).unwrap())
}

fn ago(seconds: u64) -> Time {
    Time::now().minus(Duration::from_secs(seconds))
}

fn posts(author: (&str, &str), n: u64) -> Vec<Vec<u8>> {
    let moment = ago(3_600);
    (0..n)
        .map(|n| x_post(moment.plus(Duration::from_secs(n)), n, author, "a post"))
        .collect()
}

fn id(frame: &Frame) -> String {
    decode_v2(&frame.bytes).unwrap().id.id.into_owned()
}

/// The frames of so many batches that are no keep-alives, and the last cursor.
async fn read(source: &mut dyn Source, frames: usize) -> (Vec<String>, Option<Cursor>) {
    let (mut ids, mut cursor) = (Vec::new(), None);
    while ids.len() < frames {
        let batch = source.next_batch().await.unwrap().unwrap();
        ids.extend(batch.frames.iter().filter(|it| !it.is_keep_alive()).map(id));
        cursor = batch.cursor.or(cursor);
    }
    (ids, cursor)
}

#[tokio::test]
async fn behaves_as_a_source() {
    let x = XStandIn::start(TOKEN, []);
    x.know(posts(ADA, 230));
    let inner = source(&x, &["ada"]);
    let first = begin(&[ADA]);
    let connection = Connection {
        spec: inner.spec.clone(),
        open: Box::new(move |cursor| (inner.open)(cursor.or(Some(first.clone())))),
        repair: None,
        jobs: Vec::new(),
    };
    source_suite::endless(&connection, 230).await;
}

#[tokio::test]
async fn money_is_looked_at_before_each_page() {
    let x = XStandIn::start(TOKEN, []);
    x.know(posts(ADA, 230));
    let (withheld, watched) = tokio::sync::watch::channel(Arc::<AllWithheld>::default());
    let config = XConfig {
        base_url: x.base_url(),
        withheld: watched,
        ..XConfig::new(TOKEN.into())
    };
    let name = SourceName::parse("x").unwrap();
    let whose = Whose::accounts(&["ada".to_owned()]).unwrap();
    let every = Duration::from_millis(20);
    let polled = connect(name.clone(), Keep::All, &config, whose, every).unwrap();
    let mut opened = (polled.open)(Some(begin(&[ADA]))).await.unwrap();
    let (ids, _) = read(&mut *opened, 100).await;
    assert_eq!(ids.len(), 100);
    let held = Held {
        reason: "its budget is spent".to_owned(),
        until: None,
    };
    let all = Withheld {
        all: Some(held),
        ..Withheld::default()
    };
    withheld.send_replace(Arc::new([(name, all)].into()));
    let before = x.seen().len();
    let error = opened.next_batch().await.err().unwrap();
    assert!(matches!(error, SourceError::WaitUntil { .. }), "{error}");
    assert_eq!(x.seen().len(), before);
}

#[tokio::test]
async fn it_begins_now_and_goes_on_after_the_last_post_of_each() {
    let x = XStandIn::start(TOKEN, []);
    x.know(posts(ADA, 3));
    x.know(posts(BOB, 1));
    let polled = source(&x, &["@Ada", "bob", "77"]);
    assert!(polled.spec.replays);
    let mut opened = (polled.open)(None).await.unwrap();
    // What X says of the two comes first, and the cursor knows them from then on.
    let (ids, cursor) = read(&mut *opened, 2).await;
    assert_eq!(ids, ["user:12", "user:13"]);
    x.know([x_post(
        Time::now().plus(Duration::from_secs(1)),
        1,
        ADA,
        "new",
    )]);
    let (ids, _) = read(&mut *opened, 1).await;
    assert_eq!(ids.len(), 1, "nothing old came");
    drop(opened);
    // What came meanwhile comes then, and nobody is looked up again.
    let late = Time::now().plus(Duration::from_secs(2));
    x.know([x_post(late, 2, BOB, "late"), x_post(late, 3, ADA, "late")]);
    let mut again = (polled.open)(cursor).await.unwrap();
    let (mut ids, cursor) = read(&mut *again, 3).await;
    ids.sort();
    assert!(
        ids.contains(&x_id(late, 2)) && ids.contains(&x_id(late, 3)),
        "{ids:?}"
    );
    let kept = read_cursor(&cursor.unwrap());
    assert_eq!(kept.0["bob"].since, Some(x_id(late, 2)));
    let look_ups = x
        .seen()
        .iter()
        .filter(|it| it.target.starts_with("/2/users/by"))
        .count();
    assert_eq!(look_ups, 1);
}

fn read_cursor(cursor: &Cursor) -> Kept {
    super::read(Some(cursor)).unwrap()
}

#[tokio::test]
async fn the_cursor_moves_only_behind_the_last_page() {
    let x = XStandIn::start(TOKEN, []);
    x.know(posts(ADA, 250));
    let polled = source(&x, &["ada"]);
    let mut opened = (polled.open)(Some(begin(&[ADA]))).await.unwrap();
    let mut n = 0;
    loop {
        let batch = opened.next_batch().await.unwrap().unwrap();
        n += batch.frames.len();
        if batch.cursor.is_some() {
            break;
        }
        assert!(n < 250);
    }
    assert_eq!(n, 250);
}

#[tokio::test]
async fn more_than_x_reaches_back_is_a_loss_that_is_told() {
    let x = XStandIn::start(TOKEN, []);
    let n = REACH as u64 + 100;
    x.know(posts(ADA, n));
    x.reach_back(REACH);
    let polled = source(&x, &["ada"]);
    let mut opened = (polled.open)(Some(begin(&[ADA]))).await.unwrap();
    let mut came = 0;
    let lost = loop {
        match opened.next_batch().await {
            Ok(batch) => came += batch.unwrap().frames.len(),
            Err(error) => break error,
        }
    };
    assert_eq!(came, REACH);
    let SourceError::CursorLost { lost, reason } = lost else {
        panic!("{lost}");
    };
    assert!(reason.contains("`ada` more was posted"), "{reason}");
    let (at, cursor) = lost.resume.unwrap();
    assert!(lost.from.unwrap() < at && at < Time::now());
    let kept = read_cursor(&cursor);
    assert!(kept.0["ada"].since.is_some());
}

#[tokio::test]
async fn a_hidden_account_stops_no_other() {
    let x = XStandIn::start(TOKEN, []);
    x.know(posts(BOB, 2));
    x.answer_at(
        "/2/users/12/tweets",
        [Answer::plain(200, r#"{"errors":[{"resource_id":"12","detail":"Sorry, you are not authorized to see the user with id: [12].","title":"Authorization Error"}]}"#)],
    );
    let polled = source(&x, &["ada", "bob"]);
    let mut opened = (polled.open)(Some(begin(&[ADA, BOB]))).await.unwrap();
    let (ids, _) = read(&mut *opened, 2).await;
    assert_eq!(ids.len(), 2);
    for _ in 0..3 {
        opened.next_batch().await.unwrap();
    }
    let asked = x
        .seen()
        .iter()
        .filter(|it| it.target.starts_with("/2/users/12/"))
        .count();
    assert_eq!(asked, 1, "not again before long");
}

#[tokio::test]
async fn trouble_says_what_to_do_and_costs_nothing() {
    let x = XStandIn::start(TOKEN, []);
    x.know(posts(ADA, 2));
    let polled = source(&x, &["ada"]);
    let reset = Time::now().seconds() + 600;
    for (answer, expected) in [
        (Answer::unavailable(), "Server"),
        (Answer::plain(200, "<html>"), "Network"),
        (
            Answer::plain(200, r#"{"meta":{"result_count":5}}"#),
            "Network",
        ),
        (Answer::unauthorized(), "stop"),
        (Answer::plain(400, "{}"), "stop"),
        (Answer::rate_limited(reset), "wait"),
    ] {
        x.answer_at("/2/users/12/tweets", [answer]);
        let mut opened = (polled.open)(Some(begin(&[ADA]))).await.unwrap();
        let error = opened.next_batch().await.unwrap_err();
        let did = match &error {
            SourceError::Retry { ladder, .. } => format!("{ladder:?}"),
            SourceError::Stop { .. } => "stop".to_owned(),
            SourceError::WaitUntil { at, .. } if at.seconds() == reset => "wait".to_owned(),
            _ => "?".to_owned(),
        };
        assert_eq!(did, expected, "{error}");
        assert!(!error.to_string().contains(TOKEN));
    }
    let nobody = source(&x, &["nobody"]);
    let error = (nobody.open)(None).await.err().unwrap();
    assert!(matches!(error, SourceError::Stop { .. }), "{error}");
    let odd = (polled.open)(Some(Cursor("yesterday".to_owned())))
        .await
        .err()
        .unwrap();
    assert!(matches!(odd, SourceError::CursorLost { .. }), "{odd}");
}

#[test]
fn ids_hold_their_moment() {
    let at = Time::parse("2026-11-21T08:15:30.125Z").unwrap();
    assert_eq!(made_at(&x_id(at, 7)), at);
}

#[tokio::test]
async fn home_is_what_the_signed_in_user_sees() {
    let x = XStandIn::start(TOKEN, []);
    x.answer_at(
        "/2/users/me",
        [Answer::plain(
            200,
            r#"{"data":{"id":"77","username":"me","name":"Me"}}"#,
        )],
    );
    x.know(posts(ADA, 3));
    let config = XConfig {
        base_url: x.base_url(),
        ..XConfig::new(TOKEN.into())
    };
    let name = SourceName::parse("x").unwrap();
    let every = Duration::from_millis(20);
    let home = connect(name, Keep::All, &config, Whose::Home, every).unwrap();
    let mut opened = (home.open)(None).await.unwrap();
    let (ids, cursor) = read(&mut *opened, 1).await;
    assert_eq!(ids, ["user:77"]);
    let late = Time::now().plus(Duration::from_secs(2));
    x.know([x_post(late, 1, ADA, "hello"), x_post(late, 2, BOB, "hello")]);
    let (ids, _) = read(&mut *opened, 2).await;
    assert_eq!(ids.len(), 2);
    drop((home.open)(cursor).await.unwrap());
    let targets: Vec<String> = x.seen().into_iter().map(|it| it.target).collect();
    let at_home = "/2/users/77/timelines/reverse_chronological?max_results=100&start_time=";
    assert!(
        targets.iter().any(|it| it.starts_with(at_home)),
        "{targets:?}"
    );
    let asked_who = targets
        .iter()
        .filter(|it| it.starts_with("/2/users/me?"))
        .count();
    assert_eq!(asked_who, 1);
}
