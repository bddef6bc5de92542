use bowerbird_core::event::Body;
use bowerbird_core::repair::Missing;
use bowerbird_core::testing::source_suite;

use super::*;
use crate::testing::{Beat, JetstreamStandIn, Turn, jetstream_dictionary, jetstream_post};

/// A moment of which there are events; they are a tenth of a second apart.
const BEGIN: i64 = 1_779_719_009_000_000;
const STEP: i64 = 100_000;

fn at(n: u64) -> i64 {
    BEGIN + STEP * n.cast_signed()
}

fn post(n: u64) -> Vec<u8> {
    jetstream_post(n, at(n), &format!("post {n} of a bird"))
}

/// A stand-in with a log of so many posts.
fn holding(n: u64, script: impl IntoIterator<Item = Turn>) -> JetstreamStandIn {
    let stand_in = JetstreamStandIn::start(script);
    for n in 0..n {
        stand_in.push(at(n), post(n));
    }
    stand_in
}

fn config(stand_in: &JetstreamStandIn) -> JetstreamConfig {
    JetstreamConfig {
        base_urls: vec![stand_in.base_url()],
        ..JetstreamConfig::default()
    }
}

fn connection(config: JetstreamConfig) -> Connection {
    connect(SourceName::parse("bluesky").unwrap(), Keep::All, config).unwrap()
}

/// The cursor of the post of a number.
fn cursor(n: u64) -> Option<Cursor> {
    let mark = place::mark(JetstreamWire::Old, &post(n));
    Some(place::cursor(Time(at(n)), mark))
}

async fn opened(stand_in: &JetstreamStandIn, cursor: Option<Cursor>) -> Box<dyn Source> {
    (connection(config(stand_in)).open)(cursor).await.unwrap()
}

async fn refusal(config: JetstreamConfig, cursor: Option<Cursor>) -> SourceError {
    (connection(config).open)(cursor).await.err().unwrap()
}

/// Reads until the connection ends: what came, keep-alives left out, the last cursor, and why it ended.
async fn read(source: &mut dyn Source) -> (Vec<Frame>, Option<Cursor>, SourceError) {
    let mut frames = Vec::new();
    let mut cursor = None;
    loop {
        match source.next_batch().await {
            Ok(batch) => {
                let batch = batch.expect("it has no end");
                let messages = batch.frames.into_iter();
                frames.extend(messages.filter(|frame| !frame.is_keep_alive()));
                cursor = batch.cursor.or(cursor);
            }
            Err(error) => return (frames, cursor, error),
        }
    }
}

/// The numbers of posts.
fn numbers(frames: &[Frame]) -> Vec<u64> {
    let number = |frame: &Frame| match decode(&frame.bytes).unwrap().body {
        Body::Post(post) => post.text.split(' ').nth(1).unwrap().parse().unwrap(),
        other => panic!("no post: {other:?}"),
    };
    frames.iter().map(number).collect()
}

/// What the pipeline shall do.
fn asked_for(error: &SourceError) -> String {
    match error {
        SourceError::Retry { ladder, .. } => format!("{ladder:?}"),
        SourceError::WaitUntil { .. } => "wait".to_owned(),
        SourceError::Slow { .. } => "slow".to_owned(),
        SourceError::Stop { .. } => "stop".to_owned(),
        SourceError::CursorLost { .. } => "lost".to_owned(),
    }
}

fn dictionary_file(folder: &tempfile::TempDir, id: u32) -> std::path::PathBuf {
    let path = folder.path().join("a.zdict");
    std::fs::write(&path, jetstream_dictionary(id)).unwrap();
    path
}

#[tokio::test]
async fn it_is_a_source() {
    let stand_in = holding(2_500, []);
    stand_in.replay_all();
    source_suite::endless(&connection(config(&stand_in)), 2_500).await;
}

#[tokio::test]
async fn it_is_a_source_when_messages_are_packed() {
    let folder = tempfile::tempdir().unwrap();
    let stand_in = holding(1_200, []);
    stand_in.replay_all();
    let config = JetstreamConfig {
        dictionary: Some(dictionary_file(&folder, 7)),
        ..config(&stand_in)
    };
    source_suite::endless(&connection(config), 1_200).await;
    assert!(stand_in.seen()[0].contains("&compress=true"));
}

#[tokio::test]
async fn without_a_cursor_it_begins_now() {
    let stand_in = holding(3, []);
    let mut source = opened(&stand_in, None).await;
    stand_in.until(|stand_in| stand_in.open() == 1).await;
    stand_in.push(at(3), post(3));
    let batch = source.next_batch().await.unwrap().unwrap();
    assert_eq!(numbers(&batch.frames), [3]);
    assert_eq!(batch.cursor, cursor(3));
}

#[tokio::test]
async fn it_begins_a_little_before_its_cursor() {
    let script = [Turn::Play(vec![Beat::Events(60), Beat::Cut])];
    let stand_in = holding(200, script);
    let mut source = opened(&stand_in, cursor(100)).await;
    let (frames, last, error) = read(&mut *source).await;
    let expected: Vec<u64> = (50..110).collect();
    assert_eq!(numbers(&frames), expected);
    assert_eq!(last, cursor(109));
    assert_eq!(asked_for(&error), "Network");
}

#[tokio::test]
async fn where_the_service_has_let_go_of_what_came_after_the_cursor_the_loss_is_told() {
    let stand_in = holding(400, []);
    stand_in.forget_before(at(300));
    let service = connection(config(&stand_in));
    let mut source = (service.open)(cursor(100)).await.unwrap();
    let (frames, _, error) = read(&mut *source).await;
    assert!(
        frames.is_empty(),
        "what came is read with the next connection"
    );
    let SourceError::CursorLost { lost, .. } = error else {
        panic!("a lost cursor: {error}")
    };
    assert_eq!(lost.from, Some(Time(at(100))));
    let resume = place::cursor(Time(at(300)), None);
    assert_eq!(lost.resume, Some((Time(at(300)), resume.clone())));

    let mut source = (service.open)(Some(resume)).await.unwrap();
    let batch = source.next_batch().await.unwrap().unwrap();
    assert_eq!(
        numbers(&batch.frames)[0],
        300,
        "and nothing is lost any more"
    );
}

#[tokio::test]
async fn what_the_service_let_go_of_just_after_the_cursor_is_told_before_the_cursor_moves() {
    let stand_in = holding(110, []);
    stand_in.forget_before(at(102));
    let service = connection(config(&stand_in));
    let mut source = (service.open)(cursor(100)).await.unwrap();
    let batch = source.next_batch().await.unwrap().unwrap();
    assert_eq!(batch.cursor, None, "101 may be missing, or come late");
    stand_in.push(at(200), post(200));
    let (_, last, error) = read(&mut *source).await;
    assert_eq!(last, None);
    let SourceError::CursorLost { lost, .. } = error else {
        panic!("a lost cursor: {error}")
    };
    assert_eq!(lost.from, Some(Time(at(100))));
    assert_eq!(lost.resume.unwrap().0, Time(at(102)));
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let stand_in = JetstreamStandIn::start([
        Turn::Refuse(400, r#"{"error":"CursorTooOld","message":"begin later"}"#),
        Turn::Refuse(503, "bootstrapping"),
        Turn::Refuse(429, ""),
        Turn::Refuse(404, "not here"),
    ]);
    for expected in ["lost", "Server", "RateLimit", "stop"] {
        let error = refusal(config(&stand_in), cursor(1)).await;
        assert_eq!(asked_for(&error), expected, "{error}");
        if let SourceError::CursorLost { lost, .. } = &error {
            assert_eq!(lost.from, Some(Time(at(1))));
            assert!(error.to_string().contains("begin later"), "{error}");
        }
    }
    let foreign = Some(Cursor("of something else".to_owned()));
    let error = refusal(config(&stand_in), foreign).await;
    assert_eq!(asked_for(&error), "lost");
}

#[tokio::test]
async fn where_nobody_listens_it_says_so_and_the_next_address_has_its_turn() {
    let gone = JetstreamStandIn::start([]).base_url();
    let stand_in = holding(1, []);
    let config = JetstreamConfig {
        base_urls: vec![gone.clone(), stand_in.base_url()],
        ..JetstreamConfig::default()
    };
    let service = connection(config);
    let error = (service.open)(None).await.err().unwrap();
    assert_eq!(asked_for(&error), "Network");
    let said = error.to_string();
    let begins = format!("can't reach Jetstream at {gone}: can't connect");
    assert!(said.starts_with(&begins), "{said}");
    (service.open)(None).await.unwrap();
    assert_eq!(stand_in.seen().len(), 1);
}

#[tokio::test]
async fn a_moment_that_has_not_come_yet_is_no_cursor() {
    let hour = Duration::from_secs(3_600);
    let begun = Time::now();
    let ahead = begun.plus(hour).0;
    let event = jetstream_post(1, ahead, "a bird of tomorrow");
    let stand_in = JetstreamStandIn::start([]);
    stand_in.replay_all();
    stand_in.push(ahead, event);
    let mut source = opened(&stand_in, None).await;
    let batch = source.next_batch().await.unwrap().unwrap();
    let cursor = place::read(&batch.cursor.unwrap()).unwrap().at;
    assert!(begun <= cursor && cursor < begun.plus(hour), "{cursor}");
}

#[tokio::test]
async fn what_speaks_http_only_is_no_jetstream() {
    let x = crate::testing::XStandIn::start("token", []);
    let config = JetstreamConfig {
        base_urls: vec![x.base_url().replace("http://", "ws://")],
        ..JetstreamConfig::default()
    };
    let error = refusal(config, None).await;
    assert_eq!(asked_for(&error), "stop", "{error}");
    assert!(error.to_string().contains("answered 401"), "{error}");
}

#[tokio::test]
async fn endings_of_every_kind_climb_the_right_ladder_and_lose_nothing() {
    let endings = [
        (Beat::Cut, "Network", "broke"),
        (Beat::Tear, "Network", "broke"),
        (
            Beat::Close(1000, ""),
            "Network",
            "closed the connection (1000)",
        ),
        (Beat::Close(1008, "too slow"), "slow", "(1008: too slow)"),
        (Beat::Close(1008, "bye"), "Network", "(1008: bye)"),
        (
            Beat::Close(1012, "restarting"),
            "Server",
            "(1012: restarting)",
        ),
        (
            Beat::Binary(vec![b'x'; MAX_MESSAGE_BYTES + 1]),
            "Server",
            "more than 16777216 bytes",
        ),
    ];
    for (ending, expected, words) in endings {
        let beats = vec![Beat::Events(3), Beat::Ping, ending.clone()];
        let stand_in = holding(3, [Turn::Play(beats)]);
        let mut source = opened(&stand_in, cursor(0)).await;
        let (frames, last, error) = read(&mut *source).await;
        assert_eq!((numbers(&frames), last), (vec![0, 1, 2], cursor(2)));
        assert_eq!(asked_for(&error), expected, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn pings_are_answered_and_count_as_a_sign_of_life() {
    let beats = vec![Beat::Ping, Beat::AwaitPong, Beat::Events(1)];
    let stand_in = holding(1, [Turn::Play(beats)]);
    let mut source = opened(&stand_in, cursor(0)).await;
    let batch = source.next_batch().await.unwrap().unwrap();
    assert!(batch.frames.iter().all(Frame::is_keep_alive));
    assert_eq!(batch.cursor, None);
    // Comes only after the answer did.
    let batch = source.next_batch().await.unwrap().unwrap();
    assert_eq!(numbers(&batch.frames), [0]);
}

#[tokio::test]
async fn silence_is_no_end_and_the_pipeline_is_told_how_long_it_may_last() {
    let beats = vec![Beat::Events(1), Beat::Stall];
    let stand_in = holding(2, [Turn::Play(beats)]);
    let service = connection(config(&stand_in));
    let mut source = (service.open)(cursor(0)).await.unwrap();
    let batch = source.next_batch().await.unwrap().unwrap();
    assert_eq!(numbers(&batch.frames), [0]);
    assert!(source.next_batch().now_or_never().is_none());
    assert_eq!(service.spec.stall_after, Some(Duration::from_secs(45)));
    let mut source = (service.open)(batch.cursor).await.unwrap();
    let mut seen = Vec::new();
    while seen.len() < 2 {
        seen.extend(numbers(&source.next_batch().await.unwrap().unwrap().frames));
    }
    assert_eq!(seen, [0, 1], "what was held back comes with the next");
}

#[tokio::test]
async fn a_message_that_cannot_be_read_is_kept_with_its_reason_and_reading_goes_on() {
    let large = "x".repeat(MAX_FRAME_BYTES + 1);
    let beats = vec![
        Beat::Text(large),
        Beat::Binary(b"packed?".to_vec()),
        Beat::Text(String::new()),
        Beat::Text("no JSON".to_owned()),
        Beat::Events(1),
        Beat::Cut,
    ];
    let stand_in = holding(1, [Turn::Play(beats)]);
    let mut source = opened(&stand_in, cursor(0)).await;
    let (frames, last, _) = read(&mut *source).await;
    let reasons: Vec<_> = frames.iter().map(|frame| frame.broken.as_deref()).collect();
    let expected = [
        Some("message of 8388609 bytes, more than 8388608"),
        Some("a packed message, though none was asked for"),
        Some("an empty message"),
        None,
        None,
    ];
    assert_eq!(reasons, expected);
    assert_eq!(frames[0].bytes.len(), BEGINNING);
    assert!(decode(&frames[3].bytes).is_err());
    assert_eq!(numbers(&frames[4..]), [0]);
    assert_eq!(last, cursor(0));
}

#[tokio::test]
async fn the_wrong_dictionary_stops_it_before_anything_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let stand_in = holding(3, []);
    let config = JetstreamConfig {
        dictionary: Some(dictionary_file(&folder, 8)),
        ..config(&stand_in)
    };
    let mut source = (connection(config).open)(cursor(0)).await.unwrap();
    let (frames, last, error) = read(&mut *source).await;
    assert!(frames.is_empty() && last.is_none());
    assert_eq!(asked_for(&error), "stop");
    assert!(error.to_string().contains("dictionary 7"), "{error}");
}

#[tokio::test]
async fn many_accounts_are_told_before_anything_comes() {
    let stand_in = holding(1, []);
    let config = JetstreamConfig {
        dids: (0..10_000).map(|n| format!("did:plc:account{n}")).collect(),
        ..config(&stand_in)
    };
    let mut source = (connection(config).open)(cursor(0)).await.unwrap();
    let batch = source.next_batch().await.unwrap().unwrap();
    assert_eq!(numbers(&batch.frames), [0]);
    let said = stand_in.said();
    assert!(said.len() == 1 && said[0].contains("did:plc:account9999"));
    assert!(stand_in.seen()[0].len() < 200, "{:?}", stand_in.seen());
}

#[tokio::test]
async fn the_new_wire_is_read_too() {
    let payload = |n: u64| {
        let time = Time(at(n));
        format!(
            r##"{{"$type":"message","payload":{{"$type":"network.bsky.jetstream.subscribeEvents#commit","seq":{n},"did":"did:plc:a","time":"{time}","rev":"3l{n}","operation":"create","collection":"app.bsky.feed.post","rkey":"{n}","cid":"b","record":{{"$type":"app.bsky.feed.post","text":"post {n}"}}}}}}"##
        )
    };
    let slow = r#"{"$type":"error","error":"ConsumerTooSlow","message":"read faster"}"#;
    let beats = vec![
        Beat::Events(2),
        Beat::Text(slow.to_owned()),
        Beat::Close(1008, "ConsumerTooSlow"),
    ];
    let stand_in = JetstreamStandIn::start([Turn::Play(beats)]);
    for n in 0..2 {
        stand_in.push(at(n), payload(n));
    }
    let config = JetstreamConfig {
        wire: JetstreamWire::New,
        ..config(&stand_in)
    };
    let mut source = (connection(config).open)(cursor(0)).await.unwrap();
    let (frames, last, error) = read(&mut *source).await;
    assert_eq!(numbers(&frames[..2]), [0, 1]);
    let mark = place::mark(JetstreamWire::New, payload(1).as_bytes());
    let expected = Some(place::cursor(Time(at(1)), mark));
    assert_eq!((frames.len(), last), (3, expected));
    assert!(error.to_string().contains("ConsumerTooSlow"), "{error}");
    assert!(stand_in.seen()[0].starts_with("/xrpc/network.bsky.jetstream.subscribeEvents?"));
}

#[tokio::test]
async fn the_new_wire_packs_with_the_dictionary_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let stand_in = JetstreamStandIn::start([]);
    stand_in.replay_all();
    let time = Time(at(1));
    stand_in.push(
        at(1),
        format!(r#"{{"$type":"message","payload":{{"$type":"network.bsky.jetstream.subscribeEvents#commit","seq":1,"did":"did:plc:a","time":"{time}","rev":"3l1","operation":"create","collection":"app.bsky.feed.post","rkey":"1","cid":"b","record":{{"$type":"app.bsky.feed.post","text":"post 1"}}}}}}"#),
    );
    let config = JetstreamConfig {
        wire: JetstreamWire::New,
        dictionary: Some(dictionary_file(&folder, 7)),
        ..config(&stand_in)
    };
    let mut source = (connection(config).open)(None).await.unwrap();
    let batch = source.next_batch().await.unwrap().unwrap();
    assert_eq!(numbers(&batch.frames), [1]);
    assert!(
        stand_in.seen()[0].contains("&zstdDictionary=7"),
        "{:?}",
        stand_in.seen()
    );
}

#[test]
fn a_wrong_setting_is_told_at_start() {
    let said = |config: JetstreamConfig| {
        let name = SourceName::parse("bluesky").unwrap();
        connect(name, Keep::All, config).unwrap_err().to_string()
    };
    let urls = JetstreamConfig {
        base_urls: vec!["https://jetstream.example".into()],
        ..JetstreamConfig::default()
    };
    assert!(said(urls).starts_with("base_urls: expected an address that begins with wss://"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.zdict");
    std::fs::write(&path, "just text").unwrap();
    let dictionary = JetstreamConfig {
        dictionary: Some(path),
        ..JetstreamConfig::default()
    };
    assert_eq!(
        said(dictionary),
        "dictionary: the file is not a zstd dictionary"
    );
}

/// What fetching a gap again brings, until it ends.
async fn mended(stand_in: &JetstreamStandIn, from: u64, until: u64) -> Vec<u64> {
    let missing = Missing {
        from: Time(at(from)),
        until: Time(at(until)),
        track: None,
    };
    let repair = connection(config(stand_in)).repair.unwrap();
    let mut source = (repair.open)(&missing, None).await.unwrap();
    let mut frames = Vec::new();
    while let Some(batch) = source.next_batch().await.unwrap() {
        frames.extend(batch.frames);
    }
    frames.retain(|frame| !frame.is_keep_alive());
    numbers(&frames)
}

#[tokio::test]
async fn a_gap_is_fetched_again_from_a_little_before_to_a_little_after() {
    let script = [Turn::Play(vec![Beat::Events(300), Beat::Stall])];
    let stand_in = holding(400, script);
    let numbers = mended(&stand_in, 100, 120).await;
    assert_eq!(numbers[0], 50);
    assert!(numbers.contains(&170), "until it is surely over");
}

#[tokio::test]
async fn what_an_instance_let_go_of_within_seconds_is_not_said_to_be_repaired() {
    let stand_in = holding(400, []);
    stand_in.forget_before(at(102));
    let missing = Missing {
        from: Time(at(100)),
        until: Time(at(120)),
        track: None,
    };
    let repair = connection(config(&stand_in)).repair.unwrap();
    let mut source = (repair.open)(&missing, None).await.unwrap();
    let (frames, _, error) = read(&mut *source).await;
    assert!(frames.is_empty());
    let SourceError::CursorLost { lost, .. } = error else {
        panic!("a lost cursor: {error}")
    };
    assert_eq!(lost.from, Some(Time(at(100))));
    assert_eq!(lost.resume.map(|(at, _)| at), Some(Time(at(102))));
}

#[tokio::test]
async fn where_nothing_came_after_a_gap_a_long_silence_says_that_all_has_come() {
    // What passes a narrow filter may come after minutes.
    let mut beats = vec![Beat::Events(12)];
    beats.extend((0..19).map(|_| Beat::Ping));
    beats.push(Beat::Events(8));
    beats.extend((0..20).map(|_| Beat::Ping));
    beats.push(Beat::Stall);
    let stand_in = holding(20, [Turn::Play(beats)]);
    let expected: Vec<u64> = (0..20).collect();
    assert_eq!(mended(&stand_in, 10, 500).await, expected);
}

#[tokio::test]
async fn a_slow_reader_is_told_apart() {
    let beats = vec![Beat::Close(1008, "ConsumerTooSlow")];
    let stand_in = holding(1, [Turn::Play(beats)]);
    let mut source = opened(&stand_in, None).await;
    let (_, _, error) = read(&mut *source).await;
    assert_eq!(asked_for(&error), "slow", "{error}");
}
