//! X, the whole way: tracks become rules, posts come back, connections break; accounts are followed.

use std::time::Duration;

use bowerbird_connect::synthetic::x_v2_envelope;
use bowerbird_connect::testing::{Answer, Step, XStandIn, x_id, x_post};
use bowerbird_connect::x::decode_v2;
use bowerbird_core::event::with_doc;
use bowerbird_core::rules::Rule;
use bowerbird_core::time::Time;
use serde_json::Value;

use crate::harness::{Home, Running, until};

const TOKEN: &str = "the-bearer-token-nobody-may-see";

fn line(n: u64) -> Vec<u8> {
    x_v2_envelope(3, n, 1_500)
}

/// A word of the first English post, and how many of the posts a rule of that word matches.
fn word_of(lines: &[Vec<u8>]) -> (String, usize) {
    let events: Vec<_> = lines.iter().map(|line| decode_v2(line).unwrap()).collect();
    let posts = || {
        events
            .iter()
            .map(|event| (&event.id.id, event.post().unwrap()))
    };
    let (_, english) = posts().find(|(_, post)| post.lang.code == "en").unwrap();
    let mut words = english.text.split(|c: char| !c.is_ascii_alphabetic());
    let word = words.find(|word| word.len() > 3).unwrap().to_lowercase();
    let rule = Rule::parse(&word).unwrap();
    let matching = posts()
        .filter(|(id, post)| with_doc(id, post, |doc| rule.matches(doc)))
        .count();
    (word, matching)
}

fn start(home: &Home, x: &XStandIn) -> Running {
    let base_url = x.base_url();
    home.write("data/secrets/x-bearer", format!("{TOKEN}\n"));
    home.write(
        "bowerbird.toml",
        format!("data = 'data'\n[page]\nlisten = '127.0.0.1:0'\n[source.x]\nkind = 'x'\nbearer = 'x-bearer'\nbase_url = '{base_url}'\n"),
    );
    let mut running = home.start(&["run"]);
    running.address();
    running
}

fn total(home: &Home) -> Value {
    home.run(&["top", "--once", "--json"]).json()["total"].clone()
}

#[test]
fn posts_come_through_breaks_and_what_was_missed_is_recorded() {
    let lines: Vec<Vec<u8>> = (0..4).map(line).collect();
    let torn = &lines[2][..lines[2].len() / 2];
    let first = vec![
        Step::line(&lines[0]),
        Step::line(&lines[1]),
        Step::KeepAlive,
        Step::part(torn),
        Step::Cut,
    ];
    let x = XStandIn::start(
        TOKEN,
        [Answer::Stream(first), Answer::lines([&lines[1], &lines[2]])],
    );
    x.hold_rule("cats", "somebody-else");
    let home = Home::new();
    let running = start(&home, &x);
    let (word, matching) = word_of(&lines);
    home.run(&["track", "add", "word", &word]).ok();
    until("our rule at X", || {
        x.rules()
            .iter()
            .any(|rule| rule.tag.starts_with("bowerbird/"))
            .then_some(())
    });

    until("three posts", || (total(&home)["kept"] == 3).then_some(()));
    x.push(&lines[3]);
    until("the fourth", || (total(&home)["kept"] == 4).then_some(()));
    let counts = total(&home);
    assert_eq!(counts["duplicate"], 1, "{counts}");

    let gaps = home.run(&["gap", "ls", "--json"]).json_lines();
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert!(gaps[0]["until"].is_string(), "{gaps:?}");
    let captured = home
        .run(&["search", "--track", "word", "--json"])
        .json_lines();
    assert_eq!(captured.len(), matching, "{word}");

    home.run(&["track", "rm", "word"]).ok();
    until("our rule gone", || {
        x.rules()
            .iter()
            .all(|rule| !rule.tag.starts_with("bowerbird/"))
            .then_some(())
    });
    assert_eq!(x.rules().len(), 1, "what others hold is theirs");
    running.signal("TERM");
    let ended = running.finish();
    assert!(ended.status.success(), "{}", ended.stderr);
    assert!(!ended.stderr.contains(TOKEN), "{}", ended.stderr);
}

#[test]
fn a_token_that_x_refuses_stops_the_source_and_says_so() {
    let x = XStandIn::start(TOKEN, [Answer::unauthorized()]);
    x.answer_rules_with([Answer::unauthorized(), Answer::unauthorized()]);
    let home = Home::new();
    home.run(&[
        "track",
        "add",
        "cats",
        "cat",
        "--data",
        home.path("data").to_str().unwrap(),
    ])
    .ok();
    let _running = start(&home, &x);
    let stopped = || {
        let status = home.run(&["top", "--once", "--json"]).json();
        let source = status["sources"]
            .as_array()?
            .iter()
            .find(|source| source["source"] == "x")?
            .clone();
        (source["state"] == "stopped").then_some(source)
    };
    let source = until("a stopped source", stopped);
    assert!(!source["detail"].as_str().unwrap().is_empty(), "{source}");
    assert!(!source.to_string().contains(TOKEN), "{source}");
}

#[test]
fn check_finds_the_secret_or_says_where_it_looked() {
    let x = XStandIn::start(TOKEN, []);
    let home = Home::new();
    let text = format!(
        "data = 'data'\n[source.x]\nkind = 'x'\nbearer = 'x-bearer'\nbase_url = '{}'\n",
        x.base_url()
    );
    home.write("bowerbird.toml", text);
    let said = home.run(&["check"]).failed(2);
    assert!(
        said.contains("BOWERBIRD_SECRET_X_BEARER") && said.contains("data/secrets/x-bearer"),
        "{said}"
    );
    // Who only asks the store needs no secret.
    home.run(&["track", "ls"]).ok();

    let mut command = home.command(&["check"]);
    command.env("BOWERBIRD_SECRET_X_BEARER", TOKEN);
    let finished = crate::harness::Finished::of(command).ok();
    assert!(!finished.stdout.contains(TOKEN));
    assert_eq!(x.connects(), 0, "checking has no side effects");
}

#[test]
fn a_track_that_x_cannot_be_asked_for_is_told_beside_the_source() {
    let x = XStandIn::start(TOKEN, []);
    let home = Home::new();
    let running = start(&home, &x);
    home.run(&["track", "add", "parts", "contains:form"]).ok();
    home.run(&["track", "add", "cats", "cat"]).ok();
    let notes = until("the note", || {
        let top = home.run(&["top", "--once", "--json"]).json();
        let notes = top["sources"][0]["notes"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        (!notes.is_empty()).then_some(notes)
    });
    let note = notes[0].as_str().unwrap();
    assert!(
        notes.len() == 1 && note.starts_with("not asked for: parts: X can't be asked for it"),
        "{notes:?}"
    );
    home.run(&["track", "rm", "parts"]).ok();
    until("no note", || {
        let top = home.run(&["top", "--once", "--json"]).json();
        top["sources"][0]["notes"]
            .as_array()
            .is_some_and(Vec::is_empty)
            .then_some(())
    });
    running.signal("INT");
    running.finish().ok();
}

#[test]
fn the_plan_of_a_running_source_is_what_stands_at_x_and_what_would_change() {
    let x = XStandIn::start(TOKEN, []);
    x.hold_rule("theirs", "somebody-else");
    let home = Home::new();
    let running = start(&home, &x);
    home.run(&["track", "add", "cats", "cat"]).ok();
    let plan = || home.run(&["track", "plan", "--json"]).json();
    let settled = until("the rule to stand", || {
        let plan = plan();
        (plan["rules"][0]["stands"] == true).then_some(plan)
    });
    assert_eq!(settled["to_add"], 0);
    assert_eq!(settled["foreign"], 1);
    assert_eq!(settled["free"], 998);
    assert_eq!(settled["note"], "");
    assert!(settled["listed_at"].is_string(), "{settled}");
    assert_eq!(settled["shares"][0]["share"], 1.0);
    let tried = home
        .run(&["track", "add", "dogs", "dog", "--plan", "--json"])
        .json();
    assert_eq!(
        tried["summary"],
        "This would add 1 rule and remove 1 at X; 2 of 1,000 slots."
    );
    assert_eq!(tried["delete"], serde_json::json!(["cat"]));
    assert_eq!(x.rules().len(), 2, "nothing was asked of X");
    running.signal("INT");
    running.finish().ok();
}

/// Two sources with one token: timelines go on after a restart where they were, what accounts do is told beside them, and all of it is on the bill.
#[test]
fn timelines_and_activities_of_accounts_are_followed_over_a_restart() {
    let x = XStandIn::start(TOKEN, []);
    let ada = ("12", "ada");
    let at = |seconds| Time::now().plus(Duration::from_secs(seconds));
    x.know([x_post(
        Time::now().minus(Duration::from_secs(3_600)),
        1,
        ada,
        "old",
    )]);
    let home = Home::new();
    home.write("data/secrets/x-bearer", format!("{TOKEN}\n"));
    let common = format!(
        "kind = 'x'\nbearer = 'x-bearer'\nbase_url = '{}'\naccounts = ['@Ada']",
        x.base_url()
    );
    home.write(
        "bowerbird.toml",
        format!("data = 'data'\n[page]\nlisten = '127.0.0.1:0'\n[source.posts]\n{common}\nstream = 'timelines'\nevery = '5s'\n[source.acts]\n{common}\nstream = 'activity'\n"),
    );
    let mut running = home.start(&["run"]);
    running.address();
    until("both subscriptions", || {
        (x.subscriptions().len() == 2).then_some(())
    });
    until("somebody who listens", || {
        (x.open_streams() == 1).then_some(())
    });
    x.know([x_post(at(1), 2, ada, "a new one")]);
    let texts = |home: &Home| -> Vec<String> {
        let found = home.run(&["search", "--json"]).json_lines();
        let text = |post: &Value| post["text"].as_str().unwrap_or_default().to_owned();
        let mut texts: Vec<String> = found.iter().map(text).collect();
        texts.sort();
        texts
    };
    until("the new post", || {
        (texts(&home) == ["a new one"]).then_some(())
    });
    running.signal("TERM");
    assert!(running.finish().status.success());
    x.know([x_post(at(2), 3, ada, "while away")]);
    let mut running = home.start(&["run"]);
    running.address();
    until("what came meanwhile", || {
        (texts(&home).len() == 2).then_some(())
    });
    until("somebody who listens", || {
        (x.open_streams() == 1).then_some(())
    });
    let id = x_id(at(0), 9);
    x.push(format!(r#"{{"data":{{"event_uuid":"-1","event_type":"post.create","filter":{{"user_id":"12"}},"payload":{{"id":"{id}","text":"at once","author_id":"12"}}}}}}"#));
    until("what was told", || (texts(&home).len() == 3).then_some(()));
    x.push(format!(r#"{{"data":{{"event_uuid":"-2","event_type":"post.delete","filter":{{"user_id":"12"}},"payload":{{"id":"{id}","author_id":"12"}}}}}}"#));
    until("what is to be forgotten", || {
        (texts(&home) == ["a new one", "while away"]).then_some(())
    });
    // A polled timeline has no gap, a stream that can't be resumed has one.
    let gaps = home.run(&["gap", "ls", "--json"]).json_lines();
    assert!(gaps.iter().all(|gap| gap["source"] == "acts"), "{gaps:?}");
    let bill = home.run(&["bill", "--json"]).json().to_string();
    assert!(bill.contains(r#""what":"account""#), "{bill}");
    running.signal("TERM");
    let ended = running.finish();
    assert!(
        ended.status.success() && !ended.stderr.contains(TOKEN),
        "{}",
        ended.stderr
    );
}
