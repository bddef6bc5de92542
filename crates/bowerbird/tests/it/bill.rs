//! The bill of a source that takes money, the whole way: posts come, are charged and shared, a budget is spent, its rule goes and comes back.

use std::collections::BTreeMap;

use bowerbird_connect::synthetic::x_v2_envelope;
use bowerbird_connect::testing::{Answer, XStandIn};
use bowerbird_connect::x::decode_v2;
use bowerbird_core::event::with_doc;
use bowerbird_core::rules::Rule;
use serde_json::{Value, json};

use crate::harness::{Home, Running, until};

const TOKEN: &str = "token-of-a-test";

fn start(home: &Home, x: &XStandIn) -> Running {
    let base_url = x.base_url();
    home.write("data/secrets/x-bearer", TOKEN);
    home.write(
        "bowerbird.toml",
        format!("data = 'data'\n[page]\nlisten = '127.0.0.1:0'\n[source.x]\nkind = 'x'\nbearer = 'x-bearer'\nbase_url = '{base_url}'\nbudget = {{ month = 1 }}\n"),
    );
    let mut running = home.start(&["run"]);
    running.address();
    running
}

/// A word that some posts of the stand-in have, those posts, and the others.
fn posts() -> (String, Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let all: Vec<Vec<u8>> = (0..400).map(|n| x_v2_envelope(3, n, 1_500)).collect();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for line in &all {
        let event = decode_v2(line).unwrap();
        let words = event
            .post()
            .unwrap()
            .text
            .split(|c: char| !c.is_ascii_lowercase());
        words
            .filter(|word| word.len() > 4)
            .for_each(|word| *counts.entry(word.to_owned()).or_default() += 1);
    }
    let (word, _) = counts.into_iter().max_by_key(|(_, count)| *count).unwrap();
    let rule = Rule::parse(&word).unwrap();
    let (matched, others) = all.into_iter().partition(|line| {
        let event = decode_v2(line).unwrap();
        with_doc(&event.id.id, event.post().unwrap(), |doc| rule.matches(doc))
    });
    (word, matched, others)
}

fn bill(home: &Home) -> Value {
    home.run(&["bill", "--json"]).json()
}

/// The track's parts and those of nobody, as they are printed.
fn shares(bill: &Value) -> Vec<(String, String)> {
    let shares = bill["sources"][0]["shares"].as_array().unwrap();
    let share = |share: &Value| {
        let part = |key: &str| share[key].as_str().unwrap_or("").to_owned();
        (part("name"), part("cost"))
    };
    shares.iter().map(share).collect()
}

/// What X is asked for, in order of the alphabet.
fn asked(x: &XStandIn) -> Vec<String> {
    let rules = x.rules();
    let words = rules.iter().flat_map(|rule| rule.value.split(" OR "));
    let mut words: Vec<String> = words.map(str::to_owned).collect();
    words.sort();
    words
}

#[test]
fn a_budget_is_spent_and_its_rule_withdrawn_until_there_is_more() {
    let (word, matched, others) = posts();
    assert!(matched.len() > 3, "{word}");
    let x = XStandIn::start(TOKEN, []);
    let home = Home::new();
    let running = start(&home, &x);
    home.run(&["track", "add", "words", &word, "--budget", "0.02/total"])
        .ok();
    home.run(&["track", "add", "zebras", "zebra"]).ok();
    until("the rules", || {
        (asked(&x) == [word.as_str(), "zebra"] && x.connects() == 1).then_some(())
    });

    // One that nobody asked for, three of the track, and one of those again.
    for line in [
        &others[0],
        &matched[0],
        &matched[1],
        &matched[2],
        &matched[0],
    ] {
        x.push(line);
    }
    let told = until("four posts on the bill", || {
        let bill = bill(&home);
        (bill["sources"][0]["spent"]["total"] == "0.02").then_some(bill)
    });
    let expected = [("words", "0.015"), ("", "0.005")];
    assert_eq!(
        shares(&told),
        expected.map(|(name, cost)| (name.to_owned(), cost.to_owned()))
    );
    assert_eq!(told["tracks"][0]["withheld"], Value::Null);

    x.push(&matched[3]);
    until("the rule to be withdrawn", || {
        (asked(&x) == ["zebra"]).then_some(())
    });
    let reason = "its budget of $0.02 in all is spent";
    let gap = until("the gap", || {
        let gaps = home.run(&["gap", "ls", "--json"]).json_lines();
        gaps.into_iter().find(|gap| gap["reason"] == reason)
    });
    assert_eq!((&gap["track"], &gap["until"]), (&json!("1"), &Value::Null));
    let notes = until("the notes", || {
        let top = home.run(&["top", "--once", "--json"]).json();
        let notes = top["sources"][0]["notes"].to_string();
        notes.contains("higher limit").then_some(notes)
    });
    assert!(
        notes.contains("words: 100 % of $0.02 in all is spent"),
        "{notes}"
    );
    let printed = home.run(&["bill"]).ok().stdout;
    assert!(
        printed.contains("$0.02 of $0.02 in all, 100 %"),
        "{printed}"
    );

    home.run(&["track", "edit", "words", "--budget", "1/total"])
        .ok();
    until("the rule to come back", || {
        (asked(&x) == [word.as_str(), "zebra"]).then_some(())
    });
    until("the gap to end", || {
        let gaps = home.run(&["gap", "ls", "--json"]).json_lines();
        let gap = gaps.into_iter().find(|gap| gap["reason"] == reason)?;
        gap["until"].is_string().then_some(())
    });
    assert_eq!(x.connects(), 1, "all on one connection");
    running.signal("INT");
    running.finish().ok();

    // The bill outlives the process.
    assert_eq!(bill(&home)["sources"][0]["spent"]["total"], "0.025");
}

#[test]
fn x_is_asked_for_counts_when_a_person_asks() {
    let x = XStandIn::start(TOKEN, []);
    x.answer_at("/2/tweets/counts/recent", [Answer::plain(
        200,
        r#"{"data":[{"start":"2026-11-14T00:00:00Z","end":"2026-11-15T00:00:00Z","tweet_count":700},{"start":"2026-11-15T00:00:00Z","end":"2026-11-16T00:00:00Z","tweet_count":900}]}"#,
    )]);
    let home = Home::new();
    let running = start(&home, &x);
    let told = home
        .run(&["track", "check", "birds", "--counts", "x"])
        .ok()
        .stdout;
    let expected = "by x's own counts: 1,600 posts in 2.0 days, $4.00 a day; asking cost $0.005";
    assert!(told.contains(expected), "{told}");
    let days = bill(&home)["sources"][0]["days"].clone();
    assert_eq!(
        (&days[0]["what"], &days[0]["cost"]),
        (&json!("counts"), &json!("0.005"))
    );
    running.signal("INT");
    running.finish().ok();
}
