use secrecy::SecretString;

use super::*;
use crate::mastodon::{MastodonConfig, connect, decode};
use crate::testing::{MastodonStandIn, mastodon_id, mastodon_status};
use bowerbird_core::event::Body;
use bowerbird_core::ids::SourceName;
use bowerbird_core::source::Keep;

const BEGIN: Time = Time(1_790_000_000_000_000);
const MINUTE: u64 = 60;

fn at(minutes: u64) -> Time {
    BEGIN.plus(Duration::from_secs(minutes * MINUTE))
}

/// One post a minute, from the beginning on.
fn posts(stand_in: &MastodonStandIn, streams: &[&str], minutes: std::ops::Range<u64>) {
    for n in minutes {
        let id = mastodon_id(at(n), 0);
        stand_in.keep(streams, mastodon_status(&id, at(n), &format!("post {n}")));
    }
}

fn repair(stand_in: &MastodonStandIn, streams: &[&str]) -> Repair {
    let config = MastodonConfig {
        token: Some(SecretString::from("a-token".to_owned())),
        ..MastodonConfig::new(stand_in.base_url(), streams)
    };
    let name = SourceName::parse("nest").unwrap();
    connect(name, Keep::All, config).unwrap().repair.unwrap()
}

fn missing(from: u64, until: u64) -> Missing {
    Missing {
        from: at(from),
        until: at(until),
        track: None,
    }
}

fn numbers(batch: &Batch) -> Vec<u64> {
    let number = |frame: &Frame| match decode(&frame.bytes).unwrap().body {
        Body::Post(post) => post.text.split(' ').nth(1).unwrap().parse().unwrap(),
        other => panic!("no post: {other:?}"),
    };
    batch.frames.iter().map(number).collect()
}

/// Reads to the end: the posts, the last cursor, and what went wrong.
async fn read(
    repair: &Repair,
    missing: &Missing,
    cursor: Option<Cursor>,
) -> (Vec<u64>, Option<Cursor>, Option<SourceError>) {
    let mut source = (repair.open)(missing, cursor).await.unwrap();
    let (mut found, mut last) = (Vec::new(), None);
    loop {
        match source.next_batch().await {
            Ok(Some(batch)) => {
                found.extend(numbers(&batch));
                last = batch.cursor.or(last);
            }
            Ok(None) => return (found, last, None),
            Err(error) => return (found, last, Some(error)),
        }
    }
}

fn pages(stand_in: &MastodonStandIn) -> Vec<String> {
    let seen = stand_in.seen().into_iter();
    seen.filter(|target| !target.contains("instance") && !target.contains("verify"))
        .collect()
}

#[tokio::test]
async fn all_of_a_span_comes_and_little_besides() {
    let stand_in = MastodonStandIn::start("a-token", []);
    posts(&stand_in, &["public"], 0..1_000);
    let (mut found, _, error) =
        read(&repair(&stand_in, &["public"]), &missing(300, 400), None).await;
    assert_eq!(error, None);
    found.sort_unstable();
    let within: Vec<u64> = found
        .iter()
        .copied()
        .filter(|n| (300..=400).contains(n))
        .collect();
    assert_eq!(within, (300..=400).collect::<Vec<u64>>());
    // The newest page, to learn the numbers; then the span with its margins.
    assert!(found.len() < 40 + 110 + 2 * 40, "{}", found.len());
    let asked = pages(&stand_in);
    assert_eq!(asked[0], "/api/v1/timelines/public?limit=40");
    assert!(
        asked[1].ends_with(&format!("max_id={}", number_at(at(405)))),
        "{asked:?}"
    );
}

#[tokio::test]
async fn numbers_that_tell_nothing_are_paged_from_the_newest() {
    let stand_in = MastodonStandIn::start("a-token", []);
    for n in 0..200 {
        stand_in.keep(
            &["hashtag:wrens"],
            mastodon_status(&format!("{}", 500 + n), at(n), &format!("post {n}")),
        );
    }
    let streams = ["hashtag:wrens"];
    let (mut found, _, error) = read(&repair(&stand_in, &streams), &missing(100, 110), None).await;
    assert_eq!(error, None);
    found.sort_unstable();
    assert_eq!(
        found,
        (40..200).collect::<Vec<u64>>(),
        "pages of 40 down to what lies before the margin"
    );
}

#[tokio::test]
async fn it_goes_on_behind_the_last_page_through_all_timelines() {
    let stand_in = MastodonStandIn::start("a-token", []);
    posts(&stand_in, &["public", "hashtag:wrens"], 0..100);
    let streams = ["public", "hashtag:wrens"];
    let repair = repair(&stand_in, &streams);
    let mut source = (repair.open)(&missing(0, 100), None).await.unwrap();
    let first = source.next_batch().await.unwrap().unwrap();
    assert_eq!(numbers(&first).len(), 40);
    let (found, _, error) = read(&repair, &missing(0, 100), first.cursor).await;
    assert_eq!((found.len(), error), (60 + 100, None));
    let nonsense = (repair.open)(&missing(0, 1), Some(Cursor("7!".to_owned()))).await;
    assert!(matches!(
        nonsense.err().unwrap(),
        SourceError::CursorLost { .. }
    ));
}

#[tokio::test]
async fn an_empty_timeline_is_read_to_its_end() {
    let stand_in = MastodonStandIn::start("a-token", []);
    let (found, _, error) = read(&repair(&stand_in, &["public"]), &missing(0, 10), None).await;
    assert_eq!((found.len(), error), (0, None));
}

#[tokio::test]
async fn a_feed_that_reaches_no_further_back_says_where_it_begins() {
    let stand_in = MastodonStandIn::start("a-token", []);
    posts(&stand_in, &["user"], 0..100);
    stand_in.shorten_feeds(50);
    let repair = repair(&stand_in, &["user"]);
    let (found, last, error) = read(&repair, &missing(10, 100), None).await;
    assert_eq!(found.len(), 50);
    let Some(SourceError::CursorLost { lost, .. }) = error else {
        panic!("{error:?}");
    };
    assert_eq!(lost.from, Some(at(10)));
    let (resume, cursor) = lost.resume.unwrap();
    assert_eq!(resume, at(50));
    let (_, _, error) = read(&repair, &missing(10, 100), last).await;
    let again = matches!(error, Some(SourceError::CursorLost { .. }));
    assert!(again, "told again, if nobody noted it");
    let (found, _, error) = read(&repair, &missing(50, 100), Some(cursor)).await;
    assert_eq!((found.len(), error), (0, None), "all else was read before");
    let (_, _, error) = read(&repair, &missing(60, 100), None).await;
    assert_eq!(error, None, "what it still has is all there");
}

#[tokio::test]
async fn it_asks_no_more_than_it_may() {
    let stand_in = MastodonStandIn::start("a-token", []);
    posts(&stand_in, &["public"], 0..400);
    let until = Time::now().plus(Duration::from_secs(120));
    // Of 23 it leaves 20 to whoever has to connect.
    stand_in.limit(23, until);
    let repair = repair(&stand_in, &["public"]);
    let (found, last, error) = read(&repair, &missing(0, 400), None).await;
    let Some(SourceError::WaitUntil { at, .. }) = error else {
        panic!("{error:?}");
    };
    assert_eq!((found.len(), at.to_string()), (120, until.to_string()));
    assert_eq!(pages(&stand_in).len(), 3, "the fourth was not asked for");
    stand_in.limit(300, until.plus(Duration::from_secs(300)));
    let mut source = (repair.open)(&missing(0, 400), last).await.unwrap();
    let error = source.next_batch().await.unwrap_err();
    let waits = matches!(error, SourceError::WaitUntil { .. });
    assert!(waits, "the window has not ended: {error}");
}

#[tokio::test]
async fn notifications_and_conversations_are_read_again_too() {
    let stand_in = MastodonStandIn::start("a-token", []);
    let status = mastodon_status("7", at(5), "post 5");
    let told = serde_json::json!({"id": "3", "type": "mention", "created_at": at(5).to_string(), "account": status["account"], "status": status});
    let talk =
        serde_json::json!({"id": "9", "unread": true, "accounts": [], "last_status": status});
    stand_in.keep(&["user:notification"], told);
    stand_in.keep(&["direct"], talk);
    let streams = ["user:notification", "direct"];
    let (found, _, error) = read(&repair(&stand_in, &streams), &missing(0, 10), None).await;
    assert_eq!((found, error), (vec![5, 5], None));
}

#[tokio::test]
async fn what_is_no_page_stops_it() {
    let stand_in = MastodonStandIn::start("a-token", []);
    let repair = repair(&stand_in, &["public"]);
    let mut source = (repair.open)(&missing(0, 10), None).await.unwrap();
    stand_in.answer_question(200, Vec::new(), "<html>");
    let error = source.next_batch().await.unwrap_err();
    assert!(matches!(error, SourceError::Stop { .. }), "{error}");
    stand_in.answer_question(404, Vec::new(), "");
    let error = source.next_batch().await.unwrap_err();
    assert!(matches!(error, SourceError::Stop { .. }), "{error}");
    stand_in.answer_question(206, Vec::new(), "[]");
    let error = source.next_batch().await.unwrap_err();
    assert!(matches!(error, SourceError::Retry { .. }), "{error}");
    stand_in.answer_question(502, Vec::new(), "");
    let error = source.next_batch().await.unwrap_err();
    assert!(matches!(error, SourceError::Retry { .. }), "{error}");
}

#[test]
fn numbers_tell_their_moment() {
    // Made at 23:05:46.839, and numbered when it was saved.
    let told = moment_in("108914327388663283").unwrap().to_string();
    assert_eq!(told, "2022-08-30T23:05:47.507Z");
    assert_eq!(moment_in("9xYz"), None);
    let at = Time::parse("2022-08-30T23:05:46.839Z").unwrap();
    assert_eq!(moment_in(&number_at(at)), Some(at));
}
