//! Bluesky by Jetstream, the whole way: posts are caught, connections break, the program ends and goes on, and what is lost is told.

use bowerbird_connect::testing::{Beat, JetstreamStandIn, Turn, jetstream_post};
use serde_json::Value;

use crate::demo::adds_up;
use crate::harness::{Home, Running, until};

/// Events are a second apart.
fn at(n: u64) -> i64 {
    1_779_719_009_000_000 + 1_000_000 * n.cast_signed()
}

fn push(stand_in: &JetstreamStandIn, numbers: impl IntoIterator<Item = u64>) {
    for n in numbers {
        let bird = if n.is_multiple_of(2) { "wren" } else { "heron" };
        let post = jetstream_post(n, at(n), &format!("post {n} of a {bird}"));
        stand_in.push(at(n), post);
    }
}

fn configure(home: &Home, stand_in: &JetstreamStandIn) {
    let base_url = stand_in.base_url();
    home.write(
        "bowerbird.toml",
        format!("data = 'data'\n[page]\nlisten = '127.0.0.1:0'\n[source.bluesky]\nkind = 'jetstream'\nbase_urls = ['{base_url}']\n"),
    );
}

fn start(home: &Home) -> Running {
    let mut running = home.start(&["run"]);
    running.address();
    running
}

fn total(home: &Home) -> Value {
    home.run(&["top", "--once", "--json"]).json()["total"].clone()
}

fn kept(home: &Home, expected: u64) {
    until("the posts", || {
        (total(home)["kept"] == expected).then_some(())
    });
}

fn gaps(home: &Home) -> Vec<Value> {
    home.run(&["gap", "ls", "--json"]).json_lines()
}

fn stop(running: Running) {
    running.signal("TERM");
    let ended = running.finish();
    assert!(ended.status.success(), "{}", ended.stderr);
}

/// A service, and a home that has kept its first ten posts and then stopped.
fn ten_kept() -> (JetstreamStandIn, Home) {
    let stand_in = JetstreamStandIn::start([]);
    stand_in.replay_all();
    push(&stand_in, 0..10);
    let home = Home::new();
    configure(&home, &stand_in);
    let running = start(&home);
    kept(&home, 10);
    stop(running);
    (stand_in, home)
}

#[test]
fn a_break_and_a_restart_leave_no_gap_and_what_comes_twice_is_kept_once() {
    let cut = Turn::Play(vec![Beat::Events(10), Beat::Tear]);
    let stand_in = JetstreamStandIn::start([cut]);
    stand_in.replay_all();
    push(&stand_in, 0..20);
    let home = Home::new();
    configure(&home, &stand_in);
    let running = start(&home);
    home.run(&["track", "add", "wrens", "wren"]).ok();
    kept(&home, 20);
    assert!(total(&home)["duplicate"].as_u64().unwrap() > 0, "a rewind");
    push(&stand_in, 20..30);
    kept(&home, 30);
    let caught = home
        .run(&["search", "wren", "--track", "wrens", "--json"])
        .json_lines();
    assert_eq!(caught.len(), 5, "{caught:?}");
    assert_eq!(caught[0]["service"].as_str(), Some("bluesky"), "{caught:?}");
    stop(running);

    let connects = stand_in.seen().len();
    push(&stand_in, 30..40);
    let running = start(&home);
    kept(&home, 40);
    let counts = total(&home);
    assert_eq!(counts["refused"], 0, "{counts}");
    assert_eq!(gaps(&home), Vec::<Value>::new());
    let from = at(29) - 5_000_000;
    let resumed = &stand_in.seen()[connects];
    assert!(resumed.contains(&format!("cursor={from}&")), "{resumed}");
    stop(running);
}

#[test]
fn what_the_service_let_go_of_is_a_gap_as_wide_as_the_loss() {
    let (stand_in, home) = ten_kept();

    push(&stand_in, 10..100);
    stand_in.forget_before(at(60));
    let running = start(&home);
    kept(&home, 50);
    let gaps = gaps(&home);
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    let moment = |key: &str| gaps[0][key].as_str().unwrap().to_owned();
    assert_eq!(moment("from"), "2026-05-25T14:23:38.000Z", "{gaps:?}");
    assert_eq!(moment("until"), "2026-05-25T14:24:29.000Z", "{gaps:?}");
    stop(running);
}

#[test]
fn what_was_lost_is_fetched_again_once_the_service_has_it() {
    let (stand_in, home) = ten_kept();

    push(&stand_in, 10..100);
    stand_in.forget_before(at(60));
    let running = start(&home);
    home.run(&["track", "add", "wrens", "wren"]).ok();
    kept(&home, 50);
    let in_state = |state: &'static str| {
        until(state, || {
            let gap = gaps(&home).into_iter().next()?;
            (gap["state"] == state).then_some(gap)
        })
    };
    let gap = in_state("beyond-repair");
    assert_eq!(gap["cause"], "cursor-lost", "{gap}");
    let remains = gap["repair"]["remains"].as_str().unwrap();
    assert!(remains.contains("no longer has all"), "{gap}");

    stand_in.forget_before(at(0));
    let id = gap["id"].as_str().unwrap();
    home.run(&["gap", "repair", id]).ok();
    let gap = in_state("repaired");
    assert_eq!(gap["repair"]["posts"], 50, "{gap}");
    kept(&home, 100);
    let shown = home.run(&["gap", "show", id]).ok().stdout;
    assert!(shown.contains("posts came    50"), "{shown}");
    let of_state = |state: &str| {
        let listed = home.run(&["gap", "ls", "--state", state, "--track", "wrens", "--json"]);
        listed.json_lines().len()
    };
    assert_eq!((of_state("repaired"), of_state("open")), (1, 0));
    let again = home.run(&["gap", "repair", id]);
    assert!(again.stderr.contains("is repaired"), "{}", again.stderr);
    let counts = total(&home);
    let ended = ["kept", "duplicate", "unmatched", "refused", "waiting"];
    let ended = ended.iter().map(|end| counts[end].as_u64().unwrap());
    assert_eq!(counts["read"], ended.sum::<u64>(), "{counts}");
    let track = home.run(&["track", "show", "wrens"]).ok().stdout;
    assert!(track.contains("24h"), "{track}");
    stop(running);
}

#[test]
fn a_refused_cursor_is_a_gap_and_listening_goes_on() {
    let (stand_in, home) = ten_kept();

    stand_in.answer_with([Turn::Refuse(400, r#"{"error":"CursorTooOld"}"#)]);
    push(&stand_in, 10..12);
    let running = start(&home);
    kept(&home, 12);
    let gaps = until("the gap's end", || {
        let gaps = gaps(&home);
        gaps.first()?["until"].is_string().then_some(gaps)
    });
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert!(gaps[0].to_string().contains("CursorTooOld"), "{gaps:?}");
    stop(running);
}

#[test]
fn check_says_what_is_asked_for_and_tries_nothing() {
    let stand_in = JetstreamStandIn::start([]);
    let home = Home::new();
    configure(&home, &stand_in);
    let said = home.run(&["check"]).ok().stdout;
    let expected = format!(
        "source.bluesky: jetstream at {} (not tried): app.bsky.feed.post, app.bsky.actor.profile; all accounts",
        stand_in.base_url()
    );
    assert!(said.contains(&expected), "{said}");
    assert_eq!(stand_in.seen().len(), 0);

    home.write(
        "bowerbird.toml",
        "data = 'data'\n[source.bluesky]\nkind = 'jetstream'\ndids = ['alice.example']\n",
    );
    let said = home.run(&["check"]).failed(2);
    assert!(
        said.contains("source.bluesky") && said.contains("handles are not looked up"),
        "{said}"
    );
}

#[test]
fn the_demo_shows_what_bluesky_says() {
    let stand_in = JetstreamStandIn::start([]);
    stand_in.replay_all();
    push(&stand_in, 0..30);
    let home = Home::new();
    let source = format!("jetstream:{}", stand_in.base_url());
    let counts = home
        .run(&[
            "demo", "--port", "0", "--for", "3s", "--json", "--source", &source,
        ])
        .json();
    adds_up(&counts);
    assert_eq!(counts["kept"], 30, "{counts}");
}

#[test]
fn a_demo_without_network_says_kindly_what_is_wrong() {
    let gone = JetstreamStandIn::start([]).base_url();
    let home = Home::new();
    let source = format!("jetstream:{gone}");
    let ended = home
        .run(&["demo", "--port", "0", "--for", "1s", "--source", &source])
        .ok();
    let said = ended.stderr;
    for expected in [
        "that needs the network, and no account",
        &format!("can't reach Jetstream at {gone}: can't connect"),
    ] {
        assert!(said.contains(expected), "{said}");
    }
}
