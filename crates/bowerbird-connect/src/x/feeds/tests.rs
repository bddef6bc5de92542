//! Streams that are the same for everybody: what is asked for, what comes, and how they end.

use bowerbird_core::bill::{AllWithheld, Held, Withheld};
use bowerbird_core::event::{Body, Delete};
use bowerbird_core::frame::Frame;
use bowerbird_core::testing::source_suite;

use super::*;
use crate::synthetic::x_v2_envelope;
use crate::testing::{Answer, Step, XStandIn};

const TOKEN: &str = "token-of-a-test";

fn connection(x: &XStandIn, feed: XFeed, backfill_minutes: u8) -> Connection {
    let config = XConfig {
        base_url: x.base_url(),
        feed,
        backfill_minutes,
        ..XConfig::new(TOKEN.into())
    };
    connect_with(config).unwrap()
}

fn connect_with(config: XConfig) -> Result<Connection, ConnectError> {
    let tracks = watch::channel(Arc::default()).1;
    connect(SourceName::parse("x").unwrap(), Keep::All, config, tracks)
}

/// The frames until the end, and why it ended.
async fn read(source: &mut dyn Source) -> (Vec<Frame>, SourceError) {
    let mut frames = Vec::new();
    loop {
        match source.next_batch().await {
            Ok(batch) => frames.extend(batch.unwrap().frames),
            Err(error) => return (frames, error),
        }
    }
}

#[tokio::test]
async fn behaves_as_a_source() {
    let posts: Vec<_> = (0..700).map(|n| x_v2_envelope(1, n, 0)).collect();
    let x = XStandIn::start(TOKEN, (0..3).map(|_| Answer::chunked(&posts, 777)));
    source_suite::endless(&connection(&x, XFeed::Sample, 0), 700).await;
}

#[tokio::test]
async fn each_is_asked_for_at_its_own_place() {
    let x = XStandIn::start(TOKEN, []);
    for (feed, expected) in [
        (XFeed::Sample, "/2/tweets/sample/stream?tweet.fields="),
        (
            XFeed::Sample10 { partition: 2 },
            "/2/tweets/sample10/stream?partition=2&tweet.fields=",
        ),
        (
            XFeed::PostCompliance { partition: 4 },
            "/2/tweets/compliance/stream?partition=4",
        ),
        (
            XFeed::AccountCompliance { partition: 1 },
            "/2/users/compliance/stream?partition=1",
        ),
    ] {
        x.until(|x| x.open_streams() == 0).await;
        drop((connection(&x, feed, 0).open)(None).await.unwrap());
        let seen = x.seen();
        let target = &seen.last().unwrap().target;
        assert!(target.starts_with(expected), "{target}");
    }
}

#[tokio::test]
async fn wrong_numbers_are_told_at_the_start() {
    for (feed, backfill_minutes, expected) in [
        (
            XFeed::Sample10 { partition: 3 },
            0,
            "partition: expected a number from 1 to 2",
        ),
        (
            XFeed::PostCompliance { partition: 0 },
            0,
            "partition: expected a number from 1 to 4",
        ),
        (
            XFeed::Sample,
            6,
            "backfill_minutes: expected a number from 0 to 5",
        ),
    ] {
        let config = XConfig {
            feed,
            backfill_minutes,
            ..XConfig::new(TOKEN.into())
        };
        assert_eq!(connect_with(config).unwrap_err().to_string(), expected);
    }
}

#[tokio::test]
async fn what_was_missed_is_asked_for_again_where_the_plan_has_it() {
    let x = XStandIn::start(
        TOKEN,
        [Answer::Stream(vec![
            Step::line(x_v2_envelope(1, 1, 0)),
            Step::Close,
        ])],
    );
    let sample = connection(&x, XFeed::Sample, 5);
    assert!(sample.spec.replays);
    let mut source = (sample.open)(None).await.unwrap();
    let batch = source.next_batch().await.unwrap().unwrap();
    let cursor = batch.cursor.unwrap();
    assert!(read(&mut *source).await.0.is_empty());
    let again = || async {
        x.until(|x| x.open_streams() == 0).await;
        drop((sample.open)(Some(cursor.clone())).await.unwrap());
        x.seen().last().unwrap().target.clone()
    };
    assert!(again().await.ends_with("&backfill_minutes=1"));
    assert!(!x.seen()[0].target.contains("backfill"));
    let long_ago = backfill::cursor(Time::now().minus(std::time::Duration::from_secs(3_600)));
    let lost = (sample.open)(Some(long_ago)).await.err().unwrap();
    let SourceError::CursorLost { lost, .. } = lost else {
        panic!("{lost}");
    };
    x.until(|x| x.open_streams() == 0).await;
    drop((sample.open)(Some(lost.resume.unwrap().1)).await.unwrap());
    assert!(
        x.seen()
            .last()
            .unwrap()
            .target
            .ends_with("&backfill_minutes=5")
    );
}

#[tokio::test]
async fn what_is_to_be_forgotten_comes_as_deletions() {
    let lines = [
        r#"{"data":{"delete":{"tweet":{"id":"1","author_id":"2"},"event_at":"2026-07-24T21:05:48.000Z"}}}"#,
        r#"{"data":{"withheld":{"tweet":{"id":"1","author_id":"2"},"withheld_in_countries":["DE"],"event_at":"2026-07-24T21:05:48.000Z"}}}"#,
        r#"{"data":{"user_suspend":{"user":{"id":"2"},"event_at":"2026-07-24T21:05:48.000Z"}}}"#,
        r#"{"data":{"scrub_geo":{"user":{"id":"2"},"up_to_tweet_id":"9","event_at":"2026-07-24T21:05:48.000Z"}}}"#,
    ];
    let mut steps: Vec<Step> = lines.iter().map(Step::line).collect();
    steps.push(Step::Close);
    let x = XStandIn::start(TOKEN, [Answer::Stream(steps)]);
    let feed = XFeed::PostCompliance { partition: 1 };
    let connection = connection(&x, feed, 0);
    let (frames, _) = read(&mut *(connection.open)(None).await.unwrap()).await;
    let deletes = frames.iter().map(|frame| {
        let event = decode_v2(&frame.bytes).unwrap();
        match event.body {
            Body::Delete(Delete::Post { .. }) => "post",
            Body::Delete(Delete::WithheldPost { .. }) => "withheld",
            Body::Delete(Delete::Account { .. }) => "account",
            Body::Delete(Delete::Location { .. }) => "places",
            _ => "?",
        }
    });
    assert_eq!(
        deletes.collect::<Vec<_>>(),
        ["post", "withheld", "account", "places"]
    );
}

#[test]
fn compliance_events_with_nothing_to_forget_are_noted_whatever_they_are_called() {
    for (line, expected) in [
        (
            r#"{"data":{"user_profile_modification":{"user":{"id":"2"},"event_at":"2026-07-24T21:05:48.000Z","profile_field":"name","new_value":"Bob"}}}"#,
            "compliance:user_profile_modification:2:2026-07-24T21:05:48.000Z",
        ),
        (
            r#"{"data":{"tweet_edit":{"tweet":{"id":"7","edit_tweet_ids":["7","8"]},"event_at":"2026-07-24T21:05:48.000Z"}}}"#,
            "compliance:tweet_edit:7:2026-07-24T21:05:48.000Z",
        ),
        (
            r#"{"data":{"something_new":{"event_at":"2026-07-24T21:05:48.000Z"}}}"#,
            "compliance:something_new::2026-07-24T21:05:48.000Z",
        ),
    ] {
        let event = decode_v2(line.as_bytes()).unwrap();
        assert_eq!(event.id.id, expected);
        assert!(matches!(event.body, Body::Notice(_)), "{event:?}");
    }
    for line in [
        r#"{"data":{"something":{"id":"1"}}}"#,
        r#"{"data":{"something":{"event_at":"soon"}}}"#,
        r#"{"data":{"one":{"event_at":"2026-07-24T21:05:48.000Z"},"id":""}}"#,
    ] {
        assert!(decode_v2(line.as_bytes()).is_err(), "{line}");
    }
}

#[tokio::test]
async fn refusals_and_breaks_are_as_on_any_stream_of_x() {
    let reset = Time::now().seconds() + 600;
    let answers = [
        Answer::unauthorized(),
        Answer::usage_capped(),
        Answer::unavailable(),
        Answer::too_many_connections(),
        Answer::Stream(vec![Step::part("{\"data\":{\"id\":\"1"), Step::Cut]),
        Answer::Stream(vec![
            Answer::disconnect_line("ForceDisconnect"),
            Step::Stall,
        ]),
        Answer::rate_limited(reset),
    ];
    let x = XStandIn::start(TOKEN, answers);
    let connection = connection(&x, XFeed::Sample, 0);
    let mut kinds = Vec::new();
    for _ in 0..7 {
        x.until(|x| x.open_streams() == 0).await;
        let error = match (connection.open)(None).await {
            Ok(mut source) => read(&mut *source).await.1,
            Err(error) => error,
        };
        assert!(!error.to_string().contains(TOKEN));
        kinds.push(match error {
            SourceError::Stop { .. } => "stop".to_owned(),
            SourceError::Retry { ladder, .. } => format!("{ladder:?}"),
            SourceError::WaitUntil { at, .. } => format!("{}", at.seconds() == reset),
            SourceError::CursorLost { .. } | SourceError::Slow { .. } => "?".to_owned(),
        });
    }
    assert_eq!(
        kinds,
        [
            "stop",
            "stop",
            "Server",
            "RateLimit",
            "Network",
            "RateLimit",
            "true"
        ]
    );
}

#[tokio::test]
async fn a_spent_budget_hangs_up_and_waits() {
    let x = XStandIn::start(TOKEN, []);
    let until = Time::now().plus(std::time::Duration::from_secs(600));
    let (withheld, watched) = watch::channel(Arc::<AllWithheld>::default());
    let config = XConfig {
        base_url: x.base_url(),
        feed: XFeed::Sample,
        withheld: watched,
        ..XConfig::new(TOKEN.into())
    };
    let connection = connect_with(config).unwrap();
    let mut source = (connection.open)(None).await.unwrap();
    let held = Held {
        reason: "its budget is spent".to_owned(),
        until: Some(until),
    };
    let all = Withheld {
        all: Some(held),
        ..Withheld::default()
    };
    withheld.send_replace(Arc::new([(SourceName::parse("x").unwrap(), all)].into()));
    let (_, error) = read(&mut *source).await;
    assert_eq!(error.to_string(), "hung up: its budget is spent");
    let before = x.seen().len();
    let error = (connection.open)(None).await.err().unwrap();
    assert!(
        matches!(error, SourceError::WaitUntil { at, .. } if at == until),
        "{error}"
    );
    assert_eq!(x.seen().len(), before);
}
