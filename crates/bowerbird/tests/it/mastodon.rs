//! Mastodon, the whole way: posts are caught by either road, the same post through two instances is one, deletions find their posts, and what was
//! missed is a gap.

use std::sync::LazyLock;
use std::time::Duration;

use bowerbird_connect::testing::{
    MastodonBeat as Beat, MastodonStandIn, MastodonTurn as Turn, mastodon_id, mastodon_status,
};
use bowerbird_core::time::Time;
use serde_json::Value;

use crate::harness::{Home, Running, until};

const TOKEN: &str = "a-token-of-an-instance";

/// A second of the last ten minutes.
fn at(n: u64) -> Time {
    static BEGIN: LazyLock<Time> = LazyLock::new(|| Time::now().minus(Duration::from_secs(600)));
    BEGIN.plus(Duration::from_secs(n))
}

/// A post of somebody at `birds.example`, as an instance says it that knows it by another number.
fn status(number: &str, n: u64, text: &str) -> Value {
    let mut status = mastodon_status(number, at(n), text);
    status["uri"] = format!("https://birds.example/users/wren/statuses/{n}").into();
    status
}

fn post(stand_in: &MastodonStandIn, n: u64, text: &str) {
    let number = mastodon_id(at(n), n);
    stand_in.post(&["public"], status(&number, n, text));
}

fn configure(home: &Home, instances: &[(&str, &MastodonStandIn)], more: &str) {
    let mut text = "data = 'data'\n[page]\nlisten = '127.0.0.1:0'\n".to_owned();
    for (name, stand_in) in instances {
        let base_url = stand_in.base_url();
        text.push_str(&format!(
            "[source.{name}]\nkind = 'mastodon'\nbase_url = '{base_url}'\ntoken = 'instance'\n{more}\n"
        ));
    }
    home.write("bowerbird.toml", text);
    home.write("data/secrets/instance", format!("{TOKEN}\n"));
}

fn start(home: &Home, stand_ins: &[&MastodonStandIn]) -> Running {
    let mut running = home.start(&["run"]);
    running.address();
    until("streams", || {
        stand_ins.iter().all(|one| one.open() == 1).then_some(())
    });
    running
}

fn total(home: &Home) -> Value {
    home.run(&["top", "--once", "--json"]).json()["total"].clone()
}

fn counted(home: &Home, what: &str, expected: u64) {
    until(what, || (total(home)[what] == expected).then_some(()));
}

fn texts(home: &Home, words: &str) -> Vec<String> {
    let found = home.run(&["search", words, "--json"]).json_lines();
    let text = |post: &Value| post["text"].as_str().unwrap().to_owned();
    found.iter().map(text).collect()
}

fn stop(running: Running) {
    running.signal("TERM");
    let ended = running.finish();
    assert!(ended.status.success(), "{}", ended.stderr);
}

#[test]
fn posts_come_by_either_road_and_are_caught_changed_and_deleted() {
    for transport in ["websocket", "sse"] {
        let stand_in = MastodonStandIn::start(TOKEN, []);
        let home = Home::new();
        let more = format!("transport = '{transport}'");
        configure(&home, &[("nest", &stand_in)], &more);
        let running = start(&home, &[&stand_in]);
        home.run(&["track", "add", "wrens", "wren from:wren@birds.example"])
            .ok();
        for n in 0..10 {
            let bird = if n % 2 == 0 { "wren" } else { "heron" };
            post(&stand_in, n, &format!("post {n} of a {bird}"));
        }
        counted(&home, "kept", 10);
        let caught = home
            .run(&["search", "wren", "--track", "wrens", "--json"])
            .json_lines();
        assert_eq!(caught.len(), 5, "{caught:?}");
        assert_eq!(caught[0]["service"].as_str(), Some("mastodon"));

        let number = mastodon_id(at(1), 1);
        let mut changed = status(&number, 1, "post 1 of a starling");
        changed["edited_at"] = Time::now().to_string().into();
        stand_in.say(&["public"], "status.update", changed.to_string());
        counted(&home, "kept", 11);
        assert_eq!(texts(&home, "starling"), ["post 1 of a starling"]);
        stand_in.delete(&["public"], &number);
        counted(&home, "kept", 12);
        assert_eq!(texts(&home, "starling"), [""; 0]);
        stand_in.say(&["public"], "update", "{\"id\":");
        counted(&home, "refused", 1);
        stop(running);
        assert_eq!(home.run(&["dead", "ls", "--json"]).json_lines().len(), 1);
    }
}

#[test]
fn a_post_through_two_instances_is_one_and_is_deleted_by_either_after_a_restart() {
    let (nest, pond) = (
        MastodonStandIn::start(TOKEN, []),
        MastodonStandIn::start(TOKEN, []),
    );
    let home = Home::new();
    configure(&home, &[("nest", &nest), ("pond", &pond)], "");
    let running = start(&home, &[&nest, &pond]);
    for n in 0..4 {
        let text = format!("post {n} of a wren");
        nest.post(&["public"], status(&mastodon_id(at(n), n), n, &text));
        pond.post(&["public"], status(&format!("77{n}"), n, &text));
    }
    counted(&home, "kept", 4);
    counted(&home, "duplicate", 4);
    stop(running);

    // Nothing is remembered in memory now.
    let running = start(&home, &[&nest, &pond]);
    pond.say(&["public"], "delete", "772");
    nest.say(&["public"], "delete", mastodon_id(at(1), 1));
    counted(&home, "kept", 6);
    let mut left = texts(&home, "wren");
    left.sort();
    assert_eq!(left, ["post 0 of a wren", "post 3 of a wren"]);
    stop(running);
}

#[test]
fn a_break_is_a_gap_and_reading_goes_on() {
    let stand_in = MastodonStandIn::start(TOKEN, [Turn::Play(vec![Beat::Events(3), Beat::Cut])]);
    let home = Home::new();
    configure(&home, &[("nest", &stand_in)], "");
    let running = start(&home, &[&stand_in]);
    for n in 0..3 {
        post(&stand_in, n, "a wren");
    }
    counted(&home, "kept", 3);
    let connects = |stand_in: &MastodonStandIn| {
        let seen = stand_in.seen().into_iter();
        seen.filter(|target| target.contains("/streaming")).count()
    };
    until("the next connection", || {
        (connects(&stand_in) == 2 && stand_in.open() == 1).then_some(())
    });
    post(&stand_in, 4, "a wren");
    counted(&home, "kept", 4);
    let gaps = until("the gap's end", || {
        let gaps = home.run(&["gap", "ls", "--json"]).json_lines();
        gaps.first()?["until"].is_string().then_some(gaps)
    });
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    stop(running);
}

#[test]
fn a_token_that_is_refused_stops_it_says_why_and_is_never_shown() {
    let stand_in = MastodonStandIn::start("another-token", []);
    let home = Home::new();
    configure(&home, &[("nest", &stand_in)], "");
    let mut running = home.start(&["run", "-v"]);
    running.address();
    let told = until("that it stopped", || {
        let told = home.run(&["top", "--once", "--json"]).ok().stdout;
        told.contains("put one of this instance into the secret")
            .then_some(told)
    });
    assert!(!told.contains(TOKEN), "{told}");
    running.signal("TERM");
    let ended = running.finish();
    assert!(!ended.stderr.contains(TOKEN), "{}", ended.stderr);
    let asked = stand_in.seen();
    assert_eq!(
        asked
            .iter()
            .filter(|target| target.contains("/streaming"))
            .count(),
        1,
        "{asked:?}"
    );
}

#[test]
fn check_says_what_is_asked_for_and_tries_nothing() {
    let stand_in = MastodonStandIn::start(TOKEN, []);
    let home = Home::new();
    configure(
        &home,
        &[("nest", &stand_in)],
        "streams = ['hashtag:wrens', 'user']",
    );
    let said = home.run(&["check"]).ok().stdout;
    let expected = format!(
        "source.nest: mastodon at {}, token found (not tried), by WebSocket: hashtag:wrens, user",
        stand_in.base_url()
    );
    assert!(said.contains(&expected), "{said}");
    assert_eq!(stand_in.seen().len(), 0);
    for (wrong, expected) in [
        ("streams = ['home']", "`home` is no stream"),
        ("streams = []", "expected at least one"),
        ("transport = 'telegraph'", "unknown variant `telegraph`"),
    ] {
        configure(&home, &[("nest", &stand_in)], wrong);
        let said = home.run(&["check"]).failed(2);
        assert!(
            said.contains("source.nest") && said.contains(expected),
            "{said}"
        );
    }
}

#[test]
fn an_archive_of_an_account_and_pages_of_the_api_are_replayed() {
    let home = Home::new();
    let note = |n: u64, text: &str| {
        serde_json::json!({
            "id": format!("https://birds.example/users/wren/statuses/{n}/activity"), "type": "Create",
            "actor": "https://birds.example/users/wren", "published": "2026-08-01T10:00:00Z",
            "to": ["https://www.w3.org/ns/activitystreams#Public"], "cc": [],
            "object": {
                "id": format!("https://birds.example/users/wren/statuses/{n}"), "type": "Note",
                "published": "2026-08-01T10:00:00Z", "attributedTo": "https://birds.example/users/wren",
                "content": format!("<p>{text}</p>"), "to": [], "cc": [], "tag": [], "attachment": [],
            },
        })
    };
    let outbox = serde_json::json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": "outbox.json", "type": "OrderedCollection",
        "totalItems": 2, "orderedItems": [note(1, "an old wren"), note(2, "an old heron")],
    });
    let likes = serde_json::json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": "likes.json", "type": "OrderedCollection",
        "orderedItems": ["https://birds.example/users/wren/statuses/9"],
    });
    home.write("archive/outbox.json", outbox.to_string());
    home.write("archive/likes.json", likes.to_string());
    let page = serde_json::json!([
        status("5", 5, "a page's wren"),
        status("6", 2, "an old heron")
    ]);
    home.write(
        "archive/page.json",
        serde_json::to_string_pretty(&page).unwrap(),
    );
    let counts = home.run(&["replay", "archive", "--json"]).json();
    assert_eq!(counts["refused"], 0, "{counts}");
    let mut found = texts(&home, "wren");
    found.sort();
    assert_eq!(found, ["a page's wren", "an old wren"]);
    assert_eq!(texts(&home, "heron"), ["an old heron"]);
}
