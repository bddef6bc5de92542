//! The command line without any process running: help, completions, errors, exit codes, and commands over a folder opened directly.

use crate::harness::{Finished, Home};

#[test]
fn completions_and_man_page_print() {
    let home = Home::new();
    for (shell, mark) in [
        ("bash", "_bowerbird()"),
        ("zsh", "#compdef bowerbird"),
        ("fish", "complete -c bowerbird"),
    ] {
        let printed = home.run(&["completions", shell]).ok().stdout;
        assert!(printed.contains(mark), "{shell}");
    }
    let page = home.run(&["man"]).ok().stdout;
    assert!(
        page.contains(".TH bowerbird 1") && page.contains("demo"),
        "{page}"
    );
}

#[test]
fn wrong_arguments_are_exit_code_2_and_failures_1() {
    let home = Home::new();
    home.run(&["fly"]).failed(2);
    home.run(&["demo", "--source", "radio"]).failed(2);
    home.run(&["replay", "x.jsonl", "--name", "No Name"])
        .failed(2);
    home.run(&["track", "add", "birds", "bird OR ("]).failed(2);
    home.run(&["search", "bird", "--since", "yesterday"])
        .failed(2);
    let said = home.run(&["track", "show", "nothing"]).failed(1);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(
        said.starts_with("bowerbird: ") && said.contains("bowerbird track ls"),
        "{said}"
    );
}

#[test]
fn tracks_live_without_a_process() {
    let home = Home::new();
    home.run(&[
        "track",
        "add",
        "birds",
        "bird OR #birds",
        "--retention",
        "30d",
    ])
    .ok();
    let tracks = home.run(&["track", "ls", "--json"]).json_lines();
    assert_eq!(tracks.len(), 1);
    assert_eq!(tracks[0]["name"], "birds");
    assert_eq!(tracks[0]["retention_seconds"], 30 * 86_400);

    home.run(&[
        "track",
        "edit",
        "birds",
        "--rule",
        "bird",
        "--end",
        "2030-01-01",
        "--source",
        "x",
        "--priority",
        "-7",
    ])
    .ok();
    home.run(&["track", "pause", "birds"]).ok();
    let track = home.run(&["track", "show", "birds", "--json"]).json();
    assert_eq!(track["priority"], -7);
    assert_eq!(track["rule"], "bird");
    assert_eq!(track["end"], "2030-01-01T00:00:00.000Z");
    assert_eq!(track["sources"][0], "x");
    assert_eq!(track["paused"], true);
    home.run(&[
        "track",
        "edit",
        "1",
        "--end",
        "none",
        "--source",
        "all",
        "--retention",
        "none",
    ])
    .ok();
    home.run(&["track", "resume", "1"]).ok();
    let track = home.run(&["track", "show", "1", "--json"]).json();
    assert!(
        track["end"].is_null() && track["retention_seconds"].is_null(),
        "{track}"
    );
    assert_eq!(track["sources"].as_array().unwrap().len(), 0);
    assert_eq!(track["priority"], -7, "what is not given stays");

    let again = home.run(&["track", "add", "birds", "owl"]).failed(1);
    assert!(again.contains("birds"), "{again}");
    home.run(&["track", "rm", "birds"]).ok();
    assert!(home.run(&["track", "ls", "--json"]).json_lines().is_empty());
}

#[test]
fn a_rule_is_explained_and_its_error_has_a_place() {
    let home = Home::new();
    let told = home.run(&["track", "check", "bird lang:en"]).ok().stdout;
    assert!(told.contains("bird"), "{told}");
    let said = home.run(&["track", "check", "bird OR ("]).failed(2);
    assert!(said.contains("at character 9"), "{said}");
}

#[test]
fn a_rule_is_tested_on_files_post_by_post() {
    let home = Home::new();
    let file = home.path("posts.jsonl");
    let post =
        |id: u64, text: &str| format!(r#"{{"data":{{"id":"{id}","text":"{text}","lang":"en"}}}}"#);
    let lines = [post(1, "a bird"), post(2, "a cat"), "torn".to_owned()];
    std::fs::write(&file, lines.join("\n")).unwrap();
    let file = file.to_str().unwrap();
    let finished = home.run(&["track", "test", "bird -cat", file, "--json"]);
    let told = finished.json_lines();
    assert_eq!(told.len(), 2);
    assert_eq!(
        (&told[0]["matches"], &told[1]["matches"]),
        (&true.into(), &false.into())
    );
    assert_eq!(told[1]["fails"], serde_json::json!(["bird", "-cat"]));
    let told = home.run(&["track", "test", "bird", file]).ok();
    assert!(
        told.stdout
            .contains("no match  x/2  a cat\n          fails: bird\n"),
        "{}",
        told.stdout
    );
    assert!(
        told.stderr
            .contains("1 of 2 posts match; 0 other events, 1 frames that could not be read"),
        "{}",
        told.stderr
    );
    let said = home.run(&["track", "test", "formm:a", file]).failed(2);
    assert!(said.contains("from:"), "{said}");
    home.run(&["track", "test", "bird", "no such file"])
        .failed(2);
}

#[test]
fn the_plan_for_x_says_who_shares_and_who_goes_without() {
    let home = Home::new();
    for (name, rule) in [
        ("a", "cat OR dog"),
        ("b", "contains:x"),
        ("c", "cat lang:en"),
        ("d", "a long phrase"),
    ] {
        home.run(&["track", "add", name, rule]).ok();
    }
    let plan = home
        .run(&["track", "plan", "--rules", "1", "--chars", "12", "--json"])
        .json();
    assert_eq!(plan["rules"][0]["rule"], "cat OR dog");
    assert_eq!(plan["rules"][0]["tracks"], serde_json::json!(["1", "3"]));
    assert_eq!(plan["left_out"].as_array().unwrap().len(), 2);
    let told = home.run(&["track", "plan"]).ok().stdout;
    assert!(
        told.contains("x: 1 of 1,000 rules, 0 others’, 999 free; 27 of 1,024,000 characters\n"),
        "{told}"
    );
    assert!(told.contains("no such source is configured"), "{told}");
    assert!(
        told.contains("left out: b: X can't be asked for it"),
        "{told}"
    );
    let tried = ["track", "add", "e", "cow", "--priority", "9", "--plan"];
    let told = home.run(&tried).ok().stdout;
    assert!(
        told.starts_with("This would add 1 rule and remove 0 at X; 1 of 1,000 slots."),
        "{told}"
    );
    assert_eq!(home.run(&["track", "ls", "--json"]).json_lines().len(), 4);
    let tried = ["track", "edit", "b", "--rule", "owl", "--plan", "--json"];
    let plan = home.run(&tried).json();
    assert_eq!(plan["left_out"], serde_json::json!([]));
    let kept = home.run(&["track", "show", "b", "--json"]).json();
    assert_eq!(kept["rule"], "contains:x", "nothing is saved");
}

#[test]
fn a_mistyped_folder_is_told_of_and_not_made() {
    let home = Home::new();
    let asking: [&[&str]; 6] = [
        &["search", "anything"],
        &["export"],
        &["spool", "ls"],
        &["spool", "fsck"],
        &["track", "ls"],
        &["tail", "anything"],
    ];
    for command in asking {
        let said = home.run(&[command, &["--data", "mistyped"]].concat());
        let said = said.failed(2);
        assert!(said.contains("there is no data folder mistyped"), "{said}");
    }
    assert!(!home.path("mistyped").try_exists().unwrap());
    home.run(&["track", "add", "rain", "rain", "--data", "begun"])
        .ok();
    assert!(
        home.run(&["track", "ls", "--data", "begun"])
            .ok()
            .stdout
            .contains("rain")
    );
}

#[test]
fn an_empty_folder_answers_every_question() {
    let home = Home::new();
    assert!(
        home.run(&["search", "anything", "--json"])
            .json_lines()
            .is_empty()
    );
    assert!(home.run(&["export"]).ok().stdout.is_empty());
    assert!(
        home.run(&["export", "--format", "csv"])
            .ok()
            .stdout
            .starts_with("\u{feff}post,")
    );
    assert!(home.run(&["dead", "ls", "--json"]).json_lines().is_empty());
    assert!(home.run(&["gap", "ls", "--json"]).json_lines().is_empty());
    assert_eq!(home.run(&["store", "size", "--json"]).json()["posts"], 0);
    assert_eq!(
        home.run(&["spool", "ls", "--json"]).json()["lanes"][0]["lane"],
        "store"
    );
    assert_eq!(
        home.run(&["spool", "fsck", "--json"]).json()["damage"]
            .as_array()
            .unwrap()
            .len(),
        0
    );
    assert!(home.run(&["top", "--json"]).json()["total"]["read"] == 0);
    let said = home.run(&["tail", "bird"]).failed(1);
    assert!(said.contains("bowerbird run"), "{said}");
}

#[test]
fn passwords_come_from_standard_input_and_are_never_shown() {
    let home = Home::new();
    let set = home
        .run_with_input(
            &["user", "passwd", "ada", "--stdin"],
            b"correct horse battery\n",
        )
        .ok();
    assert!(!set.stderr.contains("correct") && !set.stdout.contains("correct"));
    assert_eq!(home.run(&["user", "ls"]).ok().stdout, "ada\n");
    let said = home
        .run_with_input(&["user", "passwd", "ada", "--stdin"], b"short\n")
        .failed(2);
    assert!(said.contains("at least"), "{said}");
    home.run(&["user", "passwd", "ada"]).failed(2);
}

#[test]
fn an_export_never_overwrites() {
    let home = Home::new();
    home.write("out.jsonl", "precious");
    home.run(&["export", "-o", "out.jsonl"]).failed(2);
    assert_eq!(
        std::fs::read_to_string(home.path("out.jsonl")).unwrap(),
        "precious"
    );
    home.run(&["export", "-o", "new.jsonl"]).ok();
    assert!(home.path("new.jsonl").try_exists().unwrap());
}

#[test]
fn a_folder_is_exported_whole_or_not_at_all() {
    let home = Home::new();
    home.write("storms/notes.txt", "precious");
    let said = home.run(&["export", "--dir", "storms"]).failed(2);
    assert!(said.contains("storms is there already"), "{said}");
    home.write("a-file", "precious");
    home.run(&["export", "--dir", "a-file"]).failed(2);
    home.run(&["export", "--dir", ".."]).failed(2);
    home.run(&["export", "--dir", "new", "-o", "x"]).failed(2);
    home.run(&["export", "--dir", "new", "--since", "tomorrow"])
        .failed(2);
    assert!(!home.path("new").try_exists().unwrap());

    std::fs::create_dir(home.path("empty")).unwrap();
    home.run(&["export", "--dir", "empty/"]).ok();
    let manifest = std::fs::read(home.path("empty/manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest["counts"]["posts"], 0);
    assert_eq!(partial(&home), Vec::<String>::new());
}

/// What an export left beside the folder.
fn partial(home: &Home) -> Vec<String> {
    let entries = std::fs::read_dir(home.path("")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.contains("partial")).collect()
}

#[test]
fn a_full_disk_is_said_to_be_full() {
    let home = Home::new();
    for args in [&["man"][..], &["track", "ls", "--json"], &["top", "--once"]] {
        home.run(&["track", "add", args[0], "bird"]).ok();
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
        let mut command = home.command(args);
        command.stdout(full.unwrap());
        let said = Finished::of(command).failed(1);
        assert!(
            said.contains("writing to standard output: No space"),
            "{said}"
        );
    }
}

#[test]
fn a_reader_that_has_enough_is_no_failure() {
    use std::process::Stdio;
    let home = Home::new();
    let mut child = home
        .command(&["man"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert!(
        ended.status.success(),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
}
