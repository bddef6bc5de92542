//! What a repair brings, and what it does when X is in trouble.

use std::collections::BTreeSet;
use std::time::Duration;

use bowerbird_core::bill::{Held, Withheld};
use bowerbird_core::ids::TrackId;
use bowerbird_core::source::{Connection, Keep, Ladder, SourceSpec};
use bowerbird_core::testing::source_suite;

use super::*;
use crate::testing::{Answer, XStandIn, x_post};
use crate::x::testing::tracks;
use crate::x::{XConfig, decode_v2};

const TOKEN: &str = "token-of-a-test";
const SPAN: Duration = Duration::from_secs(600);

/// A gap that ended ten minutes ago.
fn missing() -> Missing {
    let until = Time::now().minus(SPAN);
    Missing {
        from: until.minus(SPAN),
        until,
        track: None,
    }
}

fn searching(x: &XStandIn, rules: &[&str]) -> Searching {
    let config = XConfig {
        base_url: x.base_url(),
        ..XConfig::new(TOKEN.into())
    };
    Searching {
        api: Api::new(&config).unwrap(),
        source: SourceName::parse("x").unwrap(),
        tracks: watch::channel(Arc::new(tracks(rules))).1,
        withheld: config.withheld,
        max_chars: 40,
    }
}

/// So many posts with each of these texts, spread over a span.
fn posts(missing: &Missing, texts: &[&str], n: u64) -> Vec<Vec<u8>> {
    let step = SPAN.as_secs() / n.max(1);
    let at = |n: u64| missing.from.plus(Duration::from_secs(1 + n * step));
    let each = |(place, text): (u64, &&str)| -> Vec<Vec<u8>> {
        let post = |n: u64| x_post(at(n), place * 1_000 + n, ("12", "ada"), text);
        (0..n).map(post).collect()
    };
    (0..).zip(texts).flat_map(each).collect()
}

fn stand_in() -> XStandIn {
    XStandIn::start(TOKEN, [])
}

/// What came, until the end or an error, and the cursor behind it.
async fn read(source: &mut dyn Source) -> (Vec<String>, Option<Cursor>, Option<SourceError>) {
    let (mut ids, mut cursor) = (Vec::new(), None);
    loop {
        match source.next_batch().await {
            Ok(Some(batch)) => {
                let id = |frame: &Frame| decode_v2(&frame.bytes).unwrap().id.id.to_string();
                ids.extend(batch.frames.iter().map(id));
                cursor = batch.cursor.or(cursor);
            }
            Ok(None) => return (ids, cursor, None),
            Err(error) => return (ids, cursor, Some(error)),
        }
    }
}

async fn all(searching: &Searching, missing: &Missing) -> (Vec<String>, Option<SourceError>) {
    let mut search = searching.open(missing, None, Time::now()).unwrap();
    let (ids, _, error) = read(&mut search).await;
    (ids, error)
}

fn searches(x: &XStandIn) -> usize {
    let seen = x.seen();
    seen.iter()
        .filter(|seen| seen.target.starts_with(PATH))
        .count()
}

#[tokio::test]
async fn behaves_as_a_bounded_source() {
    let (x, missing) = (stand_in(), missing());
    x.know(posts(&missing, &["a cat"], 250));
    let searching = searching(&x, &["cat", "\"an elephant in a room\""]);
    let repair = searching.clone().repair();
    let connection = Connection {
        spec: SourceSpec {
            name: searching.source.clone(),
            service: "x".to_owned(),
            decode: decode_v2,
            endless: false,
            replays: false,
            stall_after: None,
            keep: Keep::All,
        },
        open: Box::new(move |cursor| (repair.open)(&missing, cursor)),
        repair: None,
        jobs: Vec::new(),
    };
    source_suite::bounded(&connection).await;
}

#[tokio::test]
async fn what_was_missed_comes_once_for_each_question_and_nothing_else() {
    let (x, missing) = (stand_in(), missing());
    x.know(posts(&missing, &["a cat", "a dog", "a fish"], 120));
    let long_before = Missing {
        from: missing.from.minus(2 * SPAN),
        ..missing.clone()
    };
    x.know(posts(&long_before, &["a cat before"], 1));
    let (ids, error) = all(&searching(&x, &["cat", "dog sample:100"]), &missing).await;
    assert_eq!(error, None);
    let distinct: BTreeSet<&String> = ids.iter().collect();
    assert_eq!((ids.len(), distinct.len()), (240, 240));
    assert!(ids.is_sorted_by(|a, b| b <= a), "newest first");
    let seen = x.seen();
    let target = &seen[0].target;
    assert!(target.contains("query=cat+OR+dog&start_time="), "{target}");
    assert!(target.contains("max_results=100&tweet.fields="), "{target}");
}

#[tokio::test]
async fn it_goes_on_where_it_was() {
    let (x, missing) = (stand_in(), missing());
    x.know(posts(&missing, &["cat"], 150));
    let rules = ["cat OR owl", "\"something long that fills a whole\""];
    let searching = searching(&x, &rules);
    let whole = all(&searching, &missing).await.0;
    let before = searches(&x);
    assert_eq!(whole.len(), 150);
    // The second page is refused for a while.
    let mut search = searching.open(&missing, None, Time::now()).unwrap();
    let first = search.next_batch().await.unwrap().unwrap();
    x.answer_at(PATH, [Answer::unavailable()]);
    let (rest, _, error) = read(&mut search).await;
    assert!(
        matches!(
            error,
            Some(SourceError::Retry {
                ladder: Ladder::Server,
                ..
            })
        ),
        "{error:?}"
    );
    assert_eq!((first.frames.len(), rest.len()), (100, 0));
    let mut search = searching
        .open(&missing, first.cursor.as_ref(), Time::now())
        .unwrap();
    let (rest, _, error) = read(&mut search).await;
    assert_eq!((rest.len(), error), (50, None));
    assert_eq!(rest, whole[100..]);
    assert_eq!(searches(&x) - before, 1 + 1 + (before - 1));
}

#[tokio::test]
async fn trouble_says_what_to_do() {
    let (x, missing) = (stand_in(), missing());
    let reset = Time::now().seconds() + 600;
    for (answer, expected) in [
        (Answer::unauthorized(), "stop"),
        (Answer::usage_capped(), "stop"),
        (Answer::plain(200, "<html>"), "retry"),
        (
            Answer::plain(200, r#"{"data":[],"meta":{"result_count":7}}"#),
            "retry",
        ),
        (
            Answer::plain(400, r#"{"title":"Invalid Request","detail":"end_time"}"#),
            "stop",
        ),
        (Answer::rate_limited(reset), "wait"),
    ] {
        x.answer_at(PATH, [answer]);
        let error = all(&searching(&x, &["cat"]), &missing).await.1.unwrap();
        let did = match error {
            SourceError::Stop { .. } => "stop",
            SourceError::Retry { .. } => "retry",
            SourceError::WaitUntil { at, .. } if at.seconds() == reset => "wait",
            _ => "?",
        };
        assert_eq!(did, expected, "{error}");
        assert!(!error.to_string().contains(TOKEN));
    }
}

#[tokio::test]
async fn a_rate_limit_is_kept_to_whoever_asks() {
    let (x, missing) = (stand_in(), missing());
    let reset = Time::now().seconds() + 600;
    x.answer_at(PATH, [Answer::rate_limited(reset)]);
    let searching = searching(&x, &["cat"]);
    for _ in 0..3 {
        let (ids, error) = all(&searching, &missing).await;
        assert!(
            matches!(error, Some(SourceError::WaitUntil { at, .. }) if at.seconds() == reset),
            "{error:?}"
        );
        assert_eq!((ids.len(), searches(&x)), (0, 1));
    }
}

#[tokio::test]
async fn what_x_does_not_look_for_costs_only_itself() {
    let (x, missing) = (stand_in(), missing());
    x.refuse_queries_with("dog");
    x.know(posts(&missing, &["cat", "owl", "dog"], 3));
    let (ids, error) = all(
        &searching(&x, &["cat", "dog", "owl", "\"fish and chips and peas\""]),
        &missing,
    )
    .await;
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 6);
    let error = error.unwrap();
    let SourceError::CursorLost { reason, lost } = &error else {
        panic!("{error}");
    };
    assert_eq!(lost.resume, None);
    assert!(
        reason.contains("`dog` (this stand-in does not look for dog)"),
        "{reason}"
    );
}

#[tokio::test]
async fn a_page_that_x_has_forgotten_is_asked_for_from_the_first() {
    let (x, missing) = (stand_in(), missing());
    x.know(posts(&missing, &["cat"], 110));
    let searching = searching(&x, &["cat"]);
    let queries = queries(
        &tracks(&["cat"]),
        &searching.source,
        &missing,
        40,
        &Withheld::default(),
        Time::now(),
    );
    let mut place = Place::new(&missing, None, &queries, Time::now()).unwrap();
    place.page = Some("gone".to_owned());
    let cursor = place.cursor(missing.from, &queries);
    let mut search = searching
        .open(&missing, Some(&cursor), Time::now())
        .unwrap();
    let (ids, _, error) = read(&mut search).await;
    assert_eq!((ids.len(), error), (110, None));
}

#[tokio::test]
async fn without_money_it_waits() {
    let (x, missing) = (stand_in(), missing());
    let mut searching = searching(&x, &["cat", "dog"]);
    let until = Time::now().plus(SPAN);
    let held = Held {
        reason: "its budget is spent".to_owned(),
        until: Some(until),
    };
    for (withheld, waits) in [
        (
            Withheld {
                all: Some(held.clone()),
                ..Withheld::default()
            },
            true,
        ),
        (
            Withheld {
                tracks: [(TrackId(1), held.clone()), (TrackId(2), held.clone())].into(),
                ..Withheld::default()
            },
            true,
        ),
        (
            Withheld {
                tracks: [(TrackId(9), held.clone())].into(),
                ..Withheld::default()
            },
            false,
        ),
        (Withheld::default(), false),
    ] {
        let all = AllWithheld::from([(searching.source.clone(), withheld)]);
        searching.withheld = watch::channel(Arc::new(all)).1;
        let opened = searching.open(&missing, None, Time::now());
        let waited = matches!(&opened, Err(SourceError::WaitUntil { at, .. }) if *at == until);
        assert_eq!((waited, opened.is_ok()), (waits, !waits));
    }
    assert_eq!(searches(&x), 0);
}

fn held(reason: &str) -> Held {
    Held {
        reason: reason.to_owned(),
        until: None,
    }
}

#[tokio::test]
async fn one_without_money_keeps_nobody_else_waiting_and_is_told() {
    let (x, missing) = (stand_in(), missing());
    x.know(posts(&missing, &["cat", "dog"], 150));
    let mut searching = searching(&x, &["cat", "dog"]);
    let (withheld, watched) = watch::channel(Arc::<AllWithheld>::default());
    searching.withheld = watched;
    let set = |tracks: &[u64], all: Option<Held>| {
        let tracks = tracks
            .iter()
            .map(|n| (TrackId(*n), held("its budget is spent")));
        let tracks = tracks.collect();
        let all = AllWithheld::from([(searching.source.clone(), Withheld { all, tracks })]);
        withheld.send_replace(Arc::new(all));
    };
    set(&[2], None);
    let (ids, error) = all(&searching, &missing).await;
    let error = error.unwrap().to_string();
    assert_eq!(ids.len(), 150);
    assert!(
        error.contains("not asked for: track 2 (its budget is spent"),
        "{error}"
    );
    // What happens meanwhile holds before the next page.
    set(&[], None);
    let mut search = searching.open(&missing, None, Time::now()).unwrap();
    search.next_batch().await.unwrap();
    let before = searches(&x);
    set(&[2], None);
    let (_, _, error) = read(&mut search).await;
    assert!(
        matches!(error, Some(SourceError::Retry { .. })),
        "{error:?}"
    );
    set(&[], Some(held("all is spent")));
    let mut search = searching.open(&missing, None, Time::now());
    assert!(matches!(
        search.as_mut().err(),
        Some(SourceError::WaitUntil { .. })
    ));
    assert_eq!(searches(&x), before);
}

#[tokio::test]
async fn what_was_refused_is_told_after_a_restart_too() {
    let (x, missing) = (stand_in(), missing());
    x.refuse_queries_with("dog");
    x.know(posts(
        &missing,
        &["cat and more of what fills a question"],
        1,
    ));
    let rules = [
        "dog",
        "\"cat and more of what fills a question\"",
        "bio:vet",
    ];
    let searching = searching(&x, &rules);
    let mut search = searching.open(&missing, None, Time::now()).unwrap();
    let (_, cursor, error) = read(&mut search).await;
    let told = error.unwrap().to_string();
    assert!(
        told.contains("`dog` (") && told.contains("track 3 (X can't be asked"),
        "{told}"
    );
    let mut again = searching
        .open(&missing, cursor.as_ref(), Time::now())
        .unwrap();
    let (ids, _, error) = read(&mut again).await;
    assert_eq!((ids.len(), error.unwrap().to_string()), (0, told));
}

#[tokio::test]
async fn words_of_x_have_no_token_and_a_page_is_asked_for_anew_only_once() {
    let (x, missing) = (stand_in(), missing());
    let refusal = |name: &str, words: &str| {
        let text = format!(
            r#"{{"errors":[{{"parameters":{{"{name}":["…"]}},"message":"{words}"}}],"detail":"{words}"}}"#
        );
        Answer::plain(400, &text)
    };
    let searching = searching(&x, &["cat"]);
    x.answer_at(PATH, [refusal("query", &format!("bad {TOKEN}"))]);
    let told = all(&searching, &missing).await.1.unwrap().to_string();
    assert!(told.contains("(bad …)") && !told.contains(TOKEN), "{told}");
    let page = |next: &str| {
        Answer::plain(
            200,
            &format!(r#"{{"meta":{{"result_count":0,"next_token":"{next}"}}}}"#),
        )
    };
    x.answer_at(
        PATH,
        [
            page("a"),
            refusal("next_token", "gone"),
            page("b"),
            refusal("next_token", "gone"),
        ],
    );
    let error = all(&searching, &missing).await.1;
    assert!(matches!(error, Some(SourceError::Stop { .. })), "{error:?}");
    x.answer_at(PATH, [refusal("start_time", "too early")]);
    let error = all(&searching, &missing).await.1;
    assert!(
        matches!(error, Some(SourceError::Retry { .. })),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_rule_that_search_cannot_be_asked_for_is_beyond_repair() {
    let (x, missing) = (stand_in(), missing());
    let opened = searching(&x, &["bio:vet"]).open(&missing, None, Time::now());
    let Some(SourceError::CursorLost { lost, .. }) = opened.err() else {
        panic!("it must say that nothing is to be had");
    };
    assert_eq!(lost.resume, None);
    // Where nobody listened, nothing is missing.
    let nobody = searching(&x, &[]);
    assert_eq!(all(&nobody, &missing).await, (Vec::new(), None));
}
