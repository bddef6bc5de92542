use bowerbird_core::event::{Body, Delete};

use super::*;
use crate::testing::{
    MastodonBeat as Beat, MastodonStandIn, MastodonTurn as Turn, mastodon_id, mastodon_status,
};

const AT: Time = Time(1_790_000_000_000_000);
const BOTH: [MastodonTransport; 2] = [MastodonTransport::WebSocket, MastodonTransport::Sse];

fn config(stand_in: &MastodonStandIn, streams: &[&str]) -> MastodonConfig {
    MastodonConfig {
        token: Some(SecretString::from("a-token".to_owned())),
        ..MastodonConfig::new(stand_in.base_url(), streams)
    }
}

fn connection(config: MastodonConfig) -> Connection {
    connect(SourceName::parse("nest").unwrap(), Keep::All, config).unwrap()
}

async fn opened(config: MastodonConfig) -> Box<dyn Source> {
    (connection(config).open)(None).await.unwrap()
}

async fn refusal(config: MastodonConfig) -> SourceError {
    (connection(config).open)(None).await.err().unwrap()
}

fn post(stand_in: &MastodonStandIn, streams: &[&str], n: u64) {
    stand_in.post(
        streams,
        mastodon_status(&mastodon_id(AT, n), AT, &format!("post {n} of a wren")),
    );
}

/// Messages until there are so many, keep-alives left out.
async fn messages(source: &mut dyn Source, n: usize) -> Vec<Frame> {
    let mut frames: Vec<Frame> = Vec::new();
    while frames.len() < n {
        let batch = source.next_batch().await.unwrap().unwrap();
        assert_eq!(batch.cursor, None);
        frames.extend(
            batch
                .frames
                .into_iter()
                .filter(|frame| !frame.is_keep_alive()),
        );
    }
    frames
}

/// Reads until the connection ends.
async fn read(source: &mut dyn Source) -> (Vec<Frame>, SourceError) {
    let mut frames = Vec::new();
    loop {
        match source.next_batch().await {
            Ok(batch) => frames.extend(
                batch
                    .unwrap()
                    .frames
                    .into_iter()
                    .filter(|frame| !frame.is_keep_alive()),
            ),
            Err(error) => return (frames, error),
        }
    }
}

/// How many frames are no keep-alives.
fn posts_in(batch: &Batch) -> usize {
    let frames = batch.frames.iter();
    frames.filter(|frame| !frame.is_keep_alive()).count()
}

/// What a frame says, in short.
fn shown(frame: &Frame) -> String {
    if let Some(reason) = &frame.broken {
        return format!("broken: {}", reason.split([':', ' ']).next().unwrap());
    }
    let event = decode(&frame.bytes).unwrap();
    match &event.body {
        Body::Post(post) => post.text.to_string(),
        Body::Edit(post) => format!("now: {}", post.text),
        Body::Delete(Delete::Post { post_id, .. }) => format!("no more: {post_id}"),
        Body::Notice(notice) => notice.text.to_string(),
        other => format!("{other:?}"),
    }
}

fn asked_for(error: &SourceError) -> String {
    match error {
        SourceError::Retry { ladder, .. } => format!("{ladder:?}"),
        SourceError::WaitUntil { .. } => "wait".to_owned(),
        SourceError::Stop { .. } => "stop".to_owned(),
        SourceError::CursorLost { .. } => "lost".to_owned(),
        SourceError::Slow { .. } => "slow".to_owned(),
    }
}

#[tokio::test]
async fn everything_that_happens_comes_by_either_road() {
    for transport in BOTH {
        let stand_in = MastodonStandIn::start("a-token", []);
        let streams = ["public", "hashtag:wrens", "list:7"];
        let mut source = opened(MastodonConfig {
            transport,
            ..config(&stand_in, &streams)
        })
        .await;
        let is_ready = |stand_in: &MastodonStandIn| match transport {
            MastodonTransport::WebSocket => stand_in.said().len() == 2,
            MastodonTransport::Sse => stand_in.open() == 3,
        };
        stand_in.until(is_ready).await;
        post(&stand_in, &["public"], 1);
        let mut found = messages(&mut *source, 1).await;
        post(&stand_in, &["list:7"], 2);
        found.extend(messages(&mut *source, 1).await);
        post(&stand_in, &["public:local", "hashtag:wrens"], 3);
        found.extend(messages(&mut *source, 1).await);
        let id = mastodon_id(AT, 1);
        let mut changed = mastodon_status(&id, AT, "a heron");
        changed["edited_at"] = AT.plus(Duration::from_secs(5)).to_string().into();
        stand_in.edit(changed);
        found.extend(messages(&mut *source, 1).await);
        stand_in.delete(&["public"], &id);
        found.extend(messages(&mut *source, 1).await);
        stand_in.delete(&["public"], "12");
        found.extend(messages(&mut *source, 1).await);
        stand_in.say(&["public"], "announcement.delete", "5");
        found.extend(messages(&mut *source, 1).await);
        let found: Vec<String> = found.iter().map(shown).collect();
        let host = stand_in.base_url().replace("http://", "");
        let expected = [
            "post 1 of a wren",
            "post 2 of a wren",
            "post 3 of a wren",
            "now: a heron",
            &format!("no more: https://birds.example/users/wren/statuses/{id}"),
            &format!("no more: {host}/12"),
            "announcement.delete",
        ];
        assert_eq!(found, expected, "{transport:?}");
    }
}

#[tokio::test]
async fn a_frame_says_where_it_is_from() {
    let stand_in = MastodonStandIn::start("a-token", []);
    let mut source = opened(config(&stand_in, &["user"])).await;
    stand_in.until(|stand_in| stand_in.open() == 1).await;
    post(&stand_in, &["user"], 1);
    let frames = messages(&mut *source, 1).await;
    let text = String::from_utf8_lossy(&frames[0].bytes).into_owned();
    let host = stand_in.base_url().replace("http://", "");
    let expected = format!(
        r#"{{"mastodon":"{host}","domain":"nest.example","me":"me@nest.example","stream":["user"],"event":"update","payload":{{"#
    );
    assert!(text.starts_with(&expected), "{text}");
    let asked = &stand_in.seen();
    assert_eq!(
        asked[..2],
        ["/api/v2/instance", "/api/v1/accounts/verify_credentials"]
    );
}

#[tokio::test]
async fn it_is_a_source() {
    for transport in BOTH {
        let beats = vec![Beat::Alive, Beat::Alive];
        let stand_in = MastodonStandIn::start("", [Turn::Play(beats)]);
        let mut source = opened(MastodonConfig {
            transport,
            ..config(&stand_in, &["public"])
        })
        .await;
        stand_in.until(|stand_in| stand_in.open() == 1).await;
        for n in 0..2_500 {
            post(&stand_in, &["public"], n);
        }
        let mut found = 0;
        while found < 2_500 {
            // A call that is dropped loses nothing.
            if let Some(batch) = source.next_batch().now_or_never() {
                found += posts_in(&batch.unwrap().unwrap());
            }
            if found < 2_500 {
                let batch = source.next_batch().await.unwrap().unwrap();
                assert!(batch.frames.len() <= MAX_BATCH_FRAMES);
                found += posts_in(&batch);
            }
        }
        assert_eq!(found, 2_500);
    }
}

#[tokio::test]
async fn signs_of_life_are_empty_frames() {
    for transport in BOTH {
        let stand_in = MastodonStandIn::start("", [Turn::Play(vec![Beat::Alive])]);
        let mut source = opened(MastodonConfig {
            transport,
            ..config(&stand_in, &["public"])
        })
        .await;
        let batch = source.next_batch().await.unwrap().unwrap();
        assert!(batch.frames.iter().all(Frame::is_keep_alive), "{batch:?}");
    }
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    for transport in BOTH {
        let stand_in = MastodonStandIn::start(
            "a-token",
            [
                Turn::Refuse(400, r#"{"error":"Unknown channel requested"}"#),
                Turn::Refuse(401, r#"{"error":"Missing access token"}"#),
                Turn::Refuse(404, "Not found"),
                Turn::Refuse(429, ""),
                Turn::Refuse(503, "<html>Bad"),
            ],
        );
        for (expected, words) in [
            ("stop", "Unknown channel requested"),
            ("stop", "Missing access token"),
            ("stop", "Not found"),
            ("RateLimit", "answered 429"),
            ("Server", "<html>Bad"),
        ] {
            let error = refusal(MastodonConfig {
                transport,
                ..config(&stand_in, &["public"])
            })
            .await;
            assert_eq!(asked_for(&error), expected, "{error}");
            assert!(error.to_string().contains(words), "{error}");
            assert!(!error.to_string().contains("a-token"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_token_that_is_sent_back_is_not_told() {
    let said = r#"{"error":"the token a\u002dtoken, which is a-token, is not valid"}"#;
    for transport in BOTH {
        let refusals = [400, 401, 403, 429, 503].map(|status| Turn::Refuse(status, said));
        let stand_in = MastodonStandIn::start("a-token", refusals);
        for _ in 0..5 {
            let config = MastodonConfig {
                transport,
                ..config(&stand_in, &["public"])
            };
            let error = refusal(config).await.to_string();
            assert!(error.contains("the token …"), "{error}");
            assert!(!error.contains("a-token"), "{error}");
        }
    }
    let said = r#"{"error":"no a-token","status":401}"#.to_owned();
    let stand_in = MastodonStandIn::start("a-token", [Turn::Play(vec![Beat::Text(said)])]);
    let mut source = opened(config(&stand_in, &["public"])).await;
    let (_, error) = read(&mut *source).await;
    assert!(error.to_string().contains("no …"), "{error}");
}

#[tokio::test]
async fn a_wrong_token_and_none_stop_it_and_say_what_to_do() {
    let stand_in = MastodonStandIn::start("another", []);
    let error = refusal(config(&stand_in, &["public"])).await;
    assert_eq!(asked_for(&error), "stop");
    assert!(
        error
            .to_string()
            .contains("put one of this instance into the secret"),
        "{error}"
    );
    let error = refusal(config(&stand_in, &["user"])).await;
    assert_eq!(
        asked_for(&error),
        "stop",
        "told when it asks whose token it is"
    );
    let without = MastodonConfig::new(stand_in.base_url(), &["public"]);
    let error = refusal(without).await;
    assert_eq!(asked_for(&error), "stop");
    assert!(error.to_string().contains("since 4.2"), "{error}");
}

#[tokio::test]
async fn a_stream_refused_on_an_open_socket_stops_it() {
    let error = r#"{"error":"Unknown stream type","status":400}"#;
    let script = [Turn::Play(vec![Beat::Text(error.to_owned()), Beat::Stall])];
    let stand_in = MastodonStandIn::start("", script);
    let mut source = opened(config(&stand_in, &["public"])).await;
    let (_, error) = read(&mut *source).await;
    assert_eq!(asked_for(&error), "stop");
    assert!(error.to_string().contains("Unknown stream type"), "{error}");
}

#[tokio::test]
async fn endings_of_every_kind_climb_the_right_ladder_and_lose_nothing() {
    let endings = [
        (Beat::Cut, "Network"),
        (Beat::Tear, "Network"),
        (Beat::Close(1000, ""), "Network"),
        (Beat::Close(1011, "oops"), "Server"),
        (Beat::Close(1012, "restart"), "Server"),
    ];
    for (ending, expected) in endings {
        for transport in BOTH {
            let is_events = transport == MastodonTransport::Sse;
            let script = [Turn::Play(vec![Beat::Events(3), ending.clone()])];
            let stand_in = MastodonStandIn::start("", script);
            let mut source = opened(MastodonConfig {
                transport,
                ..config(&stand_in, &["public"])
            })
            .await;
            stand_in.until(|stand_in| stand_in.open() == 1).await;
            for n in 0..3 {
                post(&stand_in, &["public"], n);
            }
            let (frames, error) = read(&mut *source).await;
            let found: Vec<String> = frames.iter().map(shown).collect();
            let mut wanted = vec!["post 0 of a wren", "post 1 of a wren", "post 2 of a wren"];
            if is_events && matches!(ending, Beat::Tear) {
                wanted.push("broken: torn");
            }
            assert_eq!(found, wanted, "{ending:?} {transport:?}");
            let expected = if is_events { "Network" } else { expected };
            assert_eq!(asked_for(&error), expected, "{ending:?}: {error}");
        }
    }
}

#[tokio::test]
async fn rubbish_is_a_dead_letter_and_reading_goes_on() {
    for (transport, rubbish, reason) in [
        (MastodonTransport::WebSocket, "what?", "broken: not"),
        (
            MastodonTransport::WebSocket,
            r#"{"stream":["public"]}"#,
            "broken: expected",
        ),
        (
            MastodonTransport::Sse,
            "event: update\ndata: {\"id\n\n",
            "not JSON",
        ),
    ] {
        let script = [Turn::Play(vec![Beat::Text(rubbish.to_owned())])];
        let stand_in = MastodonStandIn::start("", script);
        let mut source = opened(MastodonConfig {
            transport,
            ..config(&stand_in, &["public"])
        })
        .await;
        stand_in.until(|stand_in| stand_in.open() == 1).await;
        let mut frames = messages(&mut *source, 1).await;
        post(&stand_in, &["public"], 1);
        frames.extend(messages(&mut *source, 1).await);
        let found = match &frames[0].broken {
            Some(_) => shown(&frames[0]),
            None => decode(&frames[0].bytes).unwrap_err().reason,
        };
        assert!(found.contains(reason), "{found}");
        assert_eq!(shown(&frames[1]), "post 1 of a wren");
    }
}

#[tokio::test]
async fn one_stream_that_falls_silent_ends_all_though_others_speak() {
    let stand_in = MastodonStandIn::start(
        "",
        [Turn::Play(vec![Beat::Stall]), Turn::Play(vec![Beat::Stall])],
    );
    let transport = MastodonTransport::Sse;
    let mut source = opened(MastodonConfig {
        transport,
        ..config(&stand_in, &["public", "hashtag:a"])
    })
    .await;
    stand_in.until(|stand_in| stand_in.open() == 2).await;
    tokio::time::pause();
    let (_, error) = read(&mut *source).await;
    assert_eq!(asked_for(&error), "Network");
    assert!(error.to_string().contains("was silent for 45 s"), "{error}");
}

#[tokio::test]
async fn servers_of_every_age_are_asked_as_they_understand() {
    let stand_in = MastodonStandIn::start("", []);
    stand_in.grow_old();
    let _source = opened(config(&stand_in, &["public:local"])).await;
    let expected = [
        "/api/v2/instance",
        "/api/v1/instance",
        "/api/v1/streaming?stream=public%3Alocal",
    ];
    assert_eq!(stand_in.seen(), expected);
}

#[tokio::test]
async fn a_limit_is_waited_for_until_its_end() {
    let stand_in = MastodonStandIn::start("", []);
    let until = Time::now().plus(Duration::from_secs(90));
    stand_in.answer_question(429, vec![("x-ratelimit-reset", until.to_string())], "");
    let error = refusal(config(&stand_in, &["public"])).await;
    let SourceError::WaitUntil { at, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(at.to_string(), until.to_string());
}

#[tokio::test]
async fn where_nobody_listens_it_says_so() {
    let gone = MastodonStandIn::start("", []).base_url();
    let error = refusal(MastodonConfig::new(&gone, &["public"])).await;
    assert_eq!(asked_for(&error), "Network");
    let begins = format!("can't reach {gone}: can't connect");
    assert!(error.to_string().starts_with(&begins), "{error}");
}
