//! Recorded files in, counts out.

use std::fmt::Write as _;

use bowerbird_connect::synthetic::x_v2_envelope;

use crate::demo::adds_up;
use crate::harness::{Home, until};

/// So many lines as X's stream sends them, from number `first` on.
pub(crate) fn lines(first: u64, count: u64) -> String {
    let line = |n| String::from_utf8(x_v2_envelope(1, n, 1_500)).unwrap();
    (first..first + count).fold(String::new(), |mut all, n| {
        writeln!(all, "{}", line(n)).unwrap();
        all
    })
}

#[test]
fn every_post_once_however_often_and_in_how_many_files_it_comes() {
    let home = Home::new();
    home.write("recordings/a.jsonl", lines(0, 300));
    home.write("recordings/b.jsonl", lines(200, 300));
    let counts = home
        .run(&[
            "replay",
            "recordings",
            "--json",
            "--track",
            "all=lang:en OR -lang:en",
        ])
        .json();
    adds_up(&counts);
    assert_eq!(
        (&counts["read"], &counts["kept"], &counts["duplicate"]),
        (&600.into(), &500.into(), &100.into()),
        "{counts}"
    );
    assert_eq!(counts["captures"]["all"], 500, "{counts}");

    // Read to its end is read to its end, which is said.
    let again = home.run(&["replay", "recordings"]).ok().stderr;
    assert!(
        again.contains("reading 2 files") && again.contains("--name"),
        "{again}"
    );
    let again = home.run(&["replay", "recordings", "--json"]).json();
    assert_eq!(again["read"], 0, "{again}");
    // Under another name it is another source, and everything is there.
    let again = home
        .run(&["replay", "recordings", "--json", "--name", "second"])
        .json();
    assert_eq!(
        (&again["read"], &again["duplicate"]),
        (&600.into(), &600.into()),
        "{again}"
    );
}

#[test]
fn a_folder_without_files_is_a_mistake() {
    let home = Home::new();
    std::fs::create_dir(home.path("empty")).unwrap();
    let said = home.run(&["replay", "empty"]).failed(1);
    assert!(said.contains("no file in empty"), "{said}");
}

#[test]
fn packed_files_and_standard_input() {
    let home = Home::new();
    home.write(
        "a.jsonl.zst",
        zstd::encode_all(lines(0, 100).as_bytes(), 1).unwrap(),
    );
    let counts = home.run(&["replay", "a.jsonl.zst", "--json"]).json();
    assert_eq!(counts["kept"], 100, "{counts}");
    let counts = home
        .run_with_input(
            &["replay", "-", "--json", "--name", "stdin"],
            lines(50, 100).as_bytes(),
        )
        .json();
    assert_eq!(
        (&counts["kept"], &counts["duplicate"]),
        (&50.into(), &50.into()),
        "{counts}"
    );
}

#[test]
fn only_what_was_caught_is_kept_where_that_was_asked_for() {
    let home = Home::new();
    home.write("a.jsonl", lines(0, 500));
    let counts = home
        .run(&[
            "replay",
            "a.jsonl",
            "--json",
            "--keep",
            "matched",
            "--track",
            "ja=lang:ja",
        ])
        .json();
    adds_up(&counts);
    let (kept, unmatched) = (
        counts["kept"].as_u64().unwrap(),
        counts["unmatched"].as_u64().unwrap(),
    );
    assert!(
        kept > 0 && unmatched > 0 && kept + unmatched == 500,
        "{counts}"
    );
    assert_eq!(counts["captures"]["ja"], kept, "{counts}");
    let found = home
        .run(&["search", "--limit", "1000", "--json"])
        .json_lines();
    assert!(found.iter().all(|post| post["lang"] == "ja"));
}

#[test]
fn interrupted_it_goes_on_where_it_was() {
    let home = Home::new();
    home.write("a.jsonl", lines(0, 20_000));
    let running = home.start(&["replay", "a.jsonl", "--json"]);
    let read = || home.run(&["top", "--once", "--json"]).json()["total"]["read"].as_u64();
    until("the first posts", || read().filter(|read| *read > 0));
    running.signal("INT");
    let ended = running.finish();
    assert!(ended.status.success(), "{}", ended.stderr);
    let first: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    adds_up(&first);
    let second = home.run(&["replay", "a.jsonl", "--json"]).json();
    adds_up(&second);
    let sum = |key: &str| first[key].as_u64().unwrap() + second[key].as_u64().unwrap();
    assert_eq!(
        (sum("read"), sum("kept"), sum("duplicate")),
        (20_000, 20_000, 0),
        "{first} {second}"
    );
}

#[test]
fn what_is_not_there_is_said() {
    let home = Home::new();
    let said = home.run(&["replay", "missing.jsonl"]).failed(1);
    assert!(said.contains("missing.jsonl"), "{said}");
    let said = home
        .run(&["replay", "missing.jsonl", "--track", "a=("])
        .failed(2);
    assert!(said.contains("--track a"), "{said}");
}

#[test]
fn a_demo_shows_recorded_files_too() {
    let home = Home::new();
    home.write("a.jsonl", lines(0, 400));
    let args = [
        "demo",
        "--source",
        "replay:a.jsonl",
        "--for",
        "4s",
        "--port",
        "0",
        "--json",
    ];
    let counts = home.run(&args).json();
    adds_up(&counts);
    assert_eq!(counts["kept"], 400, "{counts}");
}

/// Everything recorded that this machine has, the whole way: prints what became of it.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "names a folder of recordings for tests only"
)]
fn the_corpus_goes_the_whole_way() {
    let Ok(corpus) = std::env::var("BOWERBIRD_CORPUS") else {
        eprintln!("no recordings: BOWERBIRD_CORPUS is not set");
        return;
    };
    let home = Home::new();
    let tracks = [
        "--track",
        "latin=the OR que OR and",
        "--track",
        "kana=の OR は",
        "--track",
        "arabic=في OR من",
    ];
    let counts = home
        .run(&[["replay", &corpus, "--json"].as_slice(), &tracks].concat())
        .json();
    eprintln!("{counts}");
    adds_up(&counts);
    assert!(counts["kept"].as_u64().unwrap() > 20_000, "{counts}");
}
