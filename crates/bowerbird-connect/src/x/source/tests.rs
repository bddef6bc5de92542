use std::io::Write;

use bowerbird_core::frame::Frame;
use bowerbird_core::source::Ladder;
use bowerbird_core::testing::source_suite;
use secrecy::SecretString;

use super::*;
use crate::synthetic::x_v2_envelope;
use crate::testing::{Answer, Step, XStandIn};
use crate::x::testing::tracks;
use crate::x::{XReport, XStatus, decode_v2};

mod budgets;

const TOKEN: &str = "token-of-a-test";

/// A source that listens to a stand-in.
struct Listening {
    connection: Connection,
    tracks: watch::Sender<Arc<Vec<Track>>>,
    status: Arc<XStatus>,
}

impl Listening {
    fn to(stand_in: &XStandIn, rules: &[&str]) -> Self {
        Self::with(stand_in, rules, |_| {})
    }

    fn with(stand_in: &XStandIn, rules: &[&str], adjust: impl FnOnce(&mut XConfig)) -> Self {
        let mut config = XConfig::new(SecretString::from(TOKEN));
        config.base_url = stand_in.base_url();
        adjust(&mut config);
        let status = Arc::clone(&config.status);
        let (tracks, receiver) = watch::channel(Arc::new(tracks(rules)));
        let connection =
            connect(SourceName::parse("x").unwrap(), Keep::All, config, receiver).unwrap();
        Self {
            connection,
            tracks,
            status,
        }
    }

    fn follow(&self, rules: &[&str]) {
        self.tracks.send_replace(Arc::new(tracks(rules)));
    }

    async fn open(&self) -> Result<Box<dyn Source>, SourceError> {
        (self.connection.open)(None).await
    }

    async fn opened(&self) -> Box<dyn Source> {
        self.open().await.unwrap()
    }
}

/// A stand-in with these answers, and a connection to it.
async fn connected(answers: impl IntoIterator<Item = Answer>) -> (XStandIn, Box<dyn Source>) {
    let stand_in = XStandIn::start(TOKEN, answers);
    let source = Listening::to(&stand_in, &["cat"]).opened().await;
    (stand_in, source)
}

fn posts(n: u64) -> Vec<Vec<u8>> {
    (0..n).map(|n| x_v2_envelope(1, n, 0)).collect()
}

/// Reads until the connection ends: what came, keep-alives left out, and why it ended.
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

/// What the pipeline shall do.
fn asked_for(error: &SourceError) -> String {
    match error {
        SourceError::Retry { ladder, .. } => format!("{ladder:?}"),
        SourceError::WaitUntil { at, .. } => format!("wait until {}", at.seconds()),
        SourceError::Stop { .. } => "stop".to_owned(),
        other => format!("{other:?}"),
    }
}

/// The alternatives of all rules.
fn words(stand_in: &XStandIn) -> Vec<String> {
    let values = values(stand_in);
    let words = values.iter().flat_map(|value| value.split(" OR "));
    let mut words: Vec<String> = words.map(str::to_owned).collect();
    words.sort();
    words
}

fn values(stand_in: &XStandIn) -> Vec<String> {
    let mut values: Vec<String> = stand_in
        .rules()
        .into_iter()
        .map(|rule| rule.value)
        .collect();
    values.sort();
    values
}

#[tokio::test]
async fn behaves_as_a_source() {
    let stand_in = XStandIn::start(TOKEN, (0..3).map(|_| Answer::chunked(posts(900), 777)));
    let listening = Listening::to(&stand_in, &["cat"]);
    source_suite::endless(&listening.connection, 900).await;
}

#[tokio::test]
async fn asks_for_everything_and_says_who_it_is() {
    let (stand_in, _source) = connected([]).await;
    let seen = stand_in.seen();
    let connect = seen
        .iter()
        .find(|seen| seen.target.contains("stream?"))
        .unwrap();
    for field in [
        "tweet.fields=",
        "referenced_tweets.id.author_id",
        "context_annotations",
        "place_type",
        "voting_status",
    ] {
        assert!(connect.target.contains(field), "{field}");
    }
    assert!(
        seen.iter()
            .all(|seen| seen.user_agent.starts_with("bowerbird/"))
    );
}

#[tokio::test]
async fn frames_come_whole_however_they_are_chunked() {
    let posts = posts(20);
    for chunk_bytes in [1, 2, 3, 1_000, 100_000] {
        let Answer::Stream(mut steps) = Answer::chunked(&posts, chunk_bytes) else {
            unreachable!()
        };
        steps.push(Step::Close);
        let (_stand_in, mut source) = connected([Answer::Stream(steps)]).await;
        let (frames, error) = read(&mut *source).await;
        let frames: Vec<_> = frames.iter().map(|frame| frame.bytes.to_vec()).collect();
        assert_eq!(frames, posts);
        assert_eq!(asked_for(&error), "Network");
    }
}

#[tokio::test]
async fn the_same_post_twice_comes_twice_and_is_one_event() {
    let post = x_v2_envelope(1, 5, 0);
    let steps = vec![
        Step::line(&post),
        Step::KeepAlive,
        Step::line(&post),
        Step::Close,
    ];
    let (_stand_in, mut source) = connected([Answer::Stream(steps)]).await;
    let (frames, _) = read(&mut *source).await;
    let ids: Vec<_> = frames
        .iter()
        .map(|frame| decode_v2(&frame.bytes).unwrap().id.into_owned())
        .collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test]
async fn keep_alives_are_empty_frames() {
    let (_stand_in, mut source) = connected([Answer::Stream(vec![Step::KeepAlive])]).await;
    let batch = source.next_batch().await.unwrap().unwrap();
    assert!(batch.frames.iter().all(Frame::is_keep_alive));
    assert_eq!(batch.cursor, None);
}

#[tokio::test]
async fn a_cut_inside_a_frame_leaves_a_torn_one_and_the_next_connection_goes_on() {
    let posts = posts(2);
    let cut = vec![
        Step::line(&posts[0]),
        Step::part(&posts[1][..40]),
        Step::Cut,
    ];
    let stand_in = XStandIn::start(TOKEN, [Answer::Stream(cut), Answer::lines(&posts[1..])]);
    let listening = Listening::to(&stand_in, &["cat"]);
    let mut source = listening.opened().await;
    let (frames, error) = read(&mut *source).await;
    assert_eq!(frames[0].bytes, posts[0]);
    assert_eq!(frames[1].bytes, posts[1][..40]);
    assert!(
        frames[1].broken.as_ref().unwrap().starts_with("torn"),
        "{:?}",
        frames[1].broken
    );
    assert_eq!(asked_for(&error), "Network");
    drop(source);
    stand_in.until(|stand_in| stand_in.connects() == 1).await;
    let mut source = reopened(&listening).await;
    assert_eq!(
        source.next_batch().await.unwrap().unwrap().frames[0].bytes,
        posts[1]
    );
}

/// Opens again as the pipeline would; the stand-in may not have noticed yet that the last reader is gone.
async fn reopened(listening: &Listening) -> Box<dyn Source> {
    loop {
        match listening.open().await {
            Ok(source) => return source,
            Err(SourceError::Retry {
                ladder: Ladder::RateLimit,
                ..
            }) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn the_last_word_is_handed_over_and_then_obeyed() {
    for (disconnect, ladder) in [
        ("UpstreamOperationalDisconnect", "Network"),
        ("ForceDisconnect", "RateLimit"),
    ] {
        let steps = vec![
            Step::line(&posts(1)[0]),
            Answer::disconnect_line(disconnect),
            Step::Close,
        ];
        let (_stand_in, mut source) = connected([Answer::Stream(steps)]).await;
        let (frames, error) = read(&mut *source).await;
        assert_eq!(frames.len(), 2);
        assert!(matches!(
            decode_v2(&frames[1].bytes).unwrap().body,
            bowerbird_core::event::Body::Notice(_)
        ));
        assert_eq!(asked_for(&error), ladder);
    }
}

#[tokio::test]
async fn packed_streams_are_unpacked() {
    let posts = posts(50);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for post in &posts {
        packed.write_all(post).unwrap();
        packed.write_all(b"\r\n").unwrap();
        packed.flush().unwrap();
    }
    let packed = packed.finish().unwrap();
    let packed = Answer::Packed(packed.chunks(333).map(Step::part).collect());
    let (_stand_in, mut source) = connected([packed]).await;
    let mut frames = Vec::new();
    while frames.len() < posts.len() {
        frames.extend(
            source
                .next_batch()
                .await
                .unwrap()
                .unwrap()
                .frames
                .into_iter()
                .map(|frame| frame.bytes.to_vec()),
        );
    }
    assert_eq!(frames, posts);
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let reset = Time::now().seconds() + 600;
    let answers = [
        (Answer::unavailable(), "Server"),
        (Answer::unauthorized(), "stop"),
        (Answer::usage_capped(), "stop"),
        (Answer::too_many_connections(), "RateLimit"),
        (Answer::rate_limited(reset), &*format!("wait until {reset}")),
        (Answer::plain(302, ""), "stop"),
    ];
    let stand_in = XStandIn::start(TOKEN, answers.iter().map(|(answer, _)| answer.clone()));
    let listening = Listening::to(&stand_in, &["cat"]);
    for (answer, expected) in &answers {
        let error = listening.open().await.err().unwrap();
        assert_eq!(asked_for(&error), *expected, "{answer:?}");
    }
    assert!(listening.open().await.is_ok());
}

#[tokio::test]
async fn only_one_connection_is_had() {
    let stand_in = XStandIn::start(TOKEN, []);
    let listening = Listening::to(&stand_in, &["cat"]);
    let _first = listening.opened().await;
    let second = listening.open().await.err().unwrap();
    assert_eq!(asked_for(&second), "RateLimit");
}

#[tokio::test]
async fn a_wrong_token_stops_and_is_never_told() {
    let stand_in = XStandIn::start("another token", []);
    let listening = Listening::to(&stand_in, &["cat"]);
    let error = listening.open().await.err().unwrap();
    assert_eq!(asked_for(&error), "stop");
    let echo = format!(r#"{{"title":"Forbidden","detail":"{TOKEN} is not allowed"}}"#);
    let stand_in = XStandIn::start(TOKEN, [Answer::plain(403, &echo)]);
    let echoed = Listening::to(&stand_in, &["cat"])
        .open()
        .await
        .err()
        .unwrap();
    let config = XConfig::new(SecretString::from(TOKEN));
    for shown in [
        format!("{error:?}"),
        format!("{echoed} {echoed:?}"),
        format!("{config:?}"),
        format!("{:?}", listening.connection),
    ] {
        assert!(!shown.contains(TOKEN), "{shown}");
    }
}

#[tokio::test]
async fn rules_are_brought_in_line_and_others_are_left_alone() {
    let stand_in = XStandIn::start(TOKEN, []);
    stand_in.limit_rules(1_000, 2);
    stand_in.hold_rule("their rule", "theirs");
    stand_in.hold_rule("untagged", "");
    stand_in.hold_rule("dog", "bowerbird/9/1");
    stand_in.hold_rule("cat", "bowerbird/1/7");
    stand_in.hold_rule("bird", "not-bowerbird/1/1");
    let listening = Listening::to(&stand_in, &["cat", "owl", "wren"]);
    let _source = listening.opened().await;
    assert_eq!(
        values(&stand_in),
        ["bird", "cat OR owl OR wren", "their rule", "untagged"]
    );
    let tags: Vec<_> = stand_in
        .rules()
        .into_iter()
        .filter(|rule| rule.tag.starts_with("bowerbird/"))
        .map(|rule| rule.tag)
        .collect();
    assert_eq!(tags, ["bowerbird/plan-2"]);
    assert_eq!(
        listening.status.report(),
        XReport {
            in_force: 1,
            foreign: 3,
            ..XReport::default()
        }
    );
    let seen = stand_in.seen();
    let position = |word: &str| {
        seen.iter()
            .position(|seen| seen.body.contains(word))
            .unwrap()
    };
    assert!(
        position("\"add\"") < position("\"delete\""),
        "nothing falls between"
    );
}

#[tokio::test]
async fn a_refused_rule_stops_no_other() {
    let stand_in = XStandIn::start(TOKEN, []);
    stand_in.refuse_rules_with("cheese");
    let listening = Listening::to(&stand_in, &["cat", "cheese", "has:images", "owl"]);
    let _source = listening.opened().await;
    assert_eq!(words(&stand_in), ["cat", "owl"]);
    let report = listening.status.report();
    assert_eq!(report.in_force, 1);
    let mut left_out: Vec<_> = report
        .left_out
        .iter()
        .map(|left_out| (left_out.track.0, left_out.reason.as_str()))
        .collect();
    left_out.sort_unstable();
    assert_eq!(left_out.len(), 2);
    assert_eq!(
        left_out[0],
        (
            2,
            "X refused the rule: this stand-in does not take the rule (at position 1)"
        )
    );
    assert!(
        left_out[1].1.starts_with("X can't be asked for it: "),
        "{left_out:?}"
    );
    listening.follow(&["cat", "cheese", "owl", "wren"]);
    stand_in
        .until(|stand_in| values(stand_in).len() == 1 && words(stand_in) == ["cat", "owl", "wren"])
        .await;
}

#[tokio::test]
async fn who_was_to_share_a_refused_rule_gets_its_own() {
    let stand_in = XStandIn::start(TOKEN, []);
    stand_in.refuse_rules_with("blue cheese");
    let listening = Listening::to(&stand_in, &["blue cheese", "blue cat cheese", "owl"]);
    let _source = listening.opened().await;
    assert_eq!(values(&stand_in), ["blue cat cheese OR owl"]);
    let report = listening.status.report();
    assert_eq!((report.in_force, report.left_out.len()), (1, 1));
}

#[tokio::test]
async fn what_stands_stays_until_what_replaces_it_is_taken() {
    let stand_in = XStandIn::start(TOKEN, []);
    stand_in.refuse_rules_with("cheese");
    stand_in.hold_rule("cat OR owl OR eel", "bowerbird/plan-2");
    let listening = Listening::to(&stand_in, &["cat", "cheese", "owl"]);
    let _source = listening.opened().await;
    assert_eq!(words(&stand_in), ["cat", "owl"]);
    for held in stand_in.history() {
        let held = held.join(" OR ");
        assert!(held.contains("cat") && held.contains("owl"), "{held}");
    }
}

#[tokio::test]
async fn what_x_refused_is_not_sent_again_and_what_it_had_no_room_for_is() {
    let stand_in = XStandIn::start(TOKEN, [Answer::unavailable(), Answer::unavailable()]);
    stand_in.refuse_rules_with("cheese");
    stand_in.limit_rules(1, 1_000);
    // No two of them fit into one rule.
    let listening = Listening::with(&stand_in, &["cat", "cheese", "owl"], |config| {
        config.limits.max_chars = 6;
    });
    let sent = |word: &str| {
        stand_in
            .seen()
            .iter()
            .filter(|seen| seen.body.contains(word))
            .count()
    };
    assert!(listening.open().await.is_err());
    let before = (sent("cheese"), sent("owl"));
    assert_eq!(listening.status.report().in_force, 1);
    assert!(listening.open().await.is_err());
    assert_eq!((sent("cheese"), sent("owl")), (before.0, before.1 + 1));
    assert_eq!(listening.status.report().left_out.len(), 2);
}

#[tokio::test]
async fn no_more_rules_than_there_are_slots() {
    let stand_in = XStandIn::start(TOKEN, []);
    stand_in.limit_rules(3, 1_000);
    stand_in.hold_rule("theirs", "x");
    stand_in.hold_rule("old", "bowerbird/8/1");
    stand_in.hold_rule("older", "bowerbird/9/1");
    // No two of them fit into one rule.
    let rules = ["one", "two", "three"].map(|word| format!("\"{}\"", [word; 140].join(" ")));
    let rules = rules.each_ref().map(String::as_str);
    let listening = Listening::with(&stand_in, &rules, |config| config.max_rules = 3);
    let _source = listening.opened().await;
    assert_eq!(values(&stand_in), [rules[0], rules[1], "theirs"]);
    assert_eq!(listening.status.report().left_out.len(), 1);
}

#[tokio::test]
async fn without_a_rule_it_waits_and_does_not_connect() {
    let stand_in = XStandIn::start(TOKEN, []);
    stand_in.hold_rule("theirs", "x");
    let listening = Listening::to(&stand_in, &[]);
    let opening = listening.open();
    let follow = async {
        stand_in.until(|stand_in| !stand_in.seen().is_empty()).await;
        assert_eq!(stand_in.connects(), 0);
        listening.follow(&["cat"]);
    };
    let (opened, ()) = tokio::join!(opening, follow);
    assert!(opened.is_ok());
    assert_eq!(
        (values(&stand_in).as_slice(), stand_in.connects()),
        (["cat".to_owned(), "theirs".to_owned()].as_slice(), 1)
    );
}

#[tokio::test]
async fn without_a_rule_and_without_hope_it_stops() {
    let stand_in = XStandIn::start(TOKEN, []);
    let Listening {
        connection, tracks, ..
    } = Listening::to(&stand_in, &[]);
    drop(tracks);
    let opened = (connection.open)(None).await;
    assert_eq!(asked_for(&opened.err().unwrap()), "stop");
}

#[tokio::test]
async fn tracks_are_followed_without_connecting_again() {
    let stand_in = XStandIn::start(TOKEN, []);
    let listening = Listening::to(&stand_in, &["cat"]);
    let mut source = listening.opened().await;
    listening.follow(&["cat", "owl"]);
    stand_in
        .until(|stand_in| values(stand_in) == ["cat OR owl"])
        .await;
    stand_in.answer_rules_with([Answer::plain(418, "{}")]);
    listening.follow(&["owl"]);
    stand_in.until(|stand_in| stand_in.seen().len() >= 7).await;
    listening.follow(&["owl", "wren"]);
    stand_in
        .until(|stand_in| values(stand_in) == ["owl OR wren"])
        .await;
    let post = x_v2_envelope(1, 1, 0);
    stand_in.push(&post);
    let frames = source.next_batch().await.unwrap().unwrap().frames;
    assert_eq!((&frames[0].bytes[..], stand_in.connects()), (&post[..], 1));
}

/// A track's turn has come, X says no, and nothing more changes: then nothing more is asked.
#[tokio::test]
async fn a_turn_that_x_would_not_follow_does_not_come_again_at_once() {
    let stand_in = XStandIn::start(TOKEN, []);
    stand_in.answer_rules_with([Answer::unauthorized()]);
    let config = XConfig {
        base_url: stand_in.base_url(),
        ..XConfig::new(TOKEN.into())
    };
    let rules = Reconciler {
        api: Api::new(&config).unwrap(),
        source: SourceName::parse("x").unwrap(),
        limits: bowerbird_core::rules::XLimits::STREAM,
        max_rules: 10,
        status: Arc::default(),
    };
    let (_tracks, receiver) = watch::channel(Arc::new(tracks(&["cat"])));
    let mut wishes = Wishes::new(
        rules.source.clone(),
        receiver,
        XConfig::new(TOKEN.into()).withheld,
    );
    wishes.turn = Some(Time(0));
    let following = tokio::spawn(follow(rules, wishes, None));
    stand_in.until(|stand_in| !stand_in.seen().is_empty()).await;
    let asked_again = stand_in.until(|stand_in| stand_in.seen().len() > 1);
    let asked_again = tokio::time::timeout(5 * TOGETHER, asked_again).await;
    assert!(asked_again.is_err(), "{:?}", stand_in.seen());
    following.abort();
}

#[tokio::test]
async fn a_network_without_x_is_tried_again() {
    let stand_in = XStandIn::start(TOKEN, []);
    let listening = Listening::to(&stand_in, &["cat"]);
    drop(stand_in);
    let error = listening.open().await.err().unwrap();
    assert_eq!(asked_for(&error), "Network");
}

/// Without a rule of ours there is nothing to listen to, and posts of others' rules are paid for too.
#[tokio::test]
async fn when_no_track_needs_a_rule_any_more_the_stream_ends() {
    let stand_in = XStandIn::start(TOKEN, []);
    stand_in.hold_rule("theirs", "x");
    let listening = Listening::to(&stand_in, &["cat"]);
    let mut source = listening.opened().await;
    listening.follow(&[]);
    let (_, error) = ended(source.as_mut()).await;
    assert_eq!(error.to_string(), "hung up: no track needs a rule at X");
    assert_eq!(values(&stand_in), ["theirs"]);
    assert_eq!(listening.status.report().in_force, 0);
}

/// As [`read`], for what would never end if it were wrong.
async fn ended(source: &mut dyn Source) -> (Vec<Frame>, SourceError) {
    let read = tokio::time::timeout(Duration::from_secs(20), read(source)).await;
    read.expect("the stream ends by itself")
}

#[tokio::test]
async fn where_every_rule_is_refused_the_stream_ends_too() {
    let stand_in = XStandIn::start(TOKEN, []);
    stand_in.refuse_rules_with("cheese");
    let listening = Listening::to(&stand_in, &["cat"]);
    let mut source = listening.opened().await;
    listening.follow(&["cheese"]);
    let (_, error) = ended(source.as_mut()).await;
    assert_eq!(
        error.to_string(),
        "hung up: no rule of ours stands at X any more"
    );
}

#[tokio::test]
async fn with_trouble_at_x_it_begins_with_the_rules_that_stand() {
    let stand_in = XStandIn::start(TOKEN, []);
    let listening = Listening::to(&stand_in, &["cat"]);
    // Nothing is known of X yet: what stands there may be anything.
    stand_in.answer_rules_with([Answer::unavailable()]);
    assert_eq!(asked_for(&listening.open().await.err().unwrap()), "Server");
    drop(listening.opened().await);
    listening.follow(&["cat", "owl"]);
    for trouble in [
        Answer::unavailable(),
        Answer::plain(429, "{}"),
        Answer::rate_limited(Time::now().seconds() + 900),
    ] {
        stand_in.answer_rules_with([trouble.clone()]);
        let before = stand_in.connects();
        let source = reopened_in_trouble(&listening, &trouble, &stand_in).await;
        assert!(stand_in.connects() > before, "{trouble:?}");
        drop(source);
    }
}

/// Opens again; each try meets the trouble anew.
async fn reopened_in_trouble(
    listening: &Listening,
    trouble: &Answer,
    stand_in: &XStandIn,
) -> Box<dyn Source> {
    loop {
        match listening.open().await {
            Ok(source) => return source,
            // The last reader's leaving is not noticed yet.
            Err(error) => {
                assert!(error.to_string().contains("another connection"), "{error}");
                stand_in.answer_rules_with([trouble.clone()]);
            }
        }
    }
}
