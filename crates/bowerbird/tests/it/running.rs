//! The command line against a running process, through its socket.

use std::process::Command;

use serde_json::Value;

use crate::harness::{Finished, Home, Running, until};

const CONFIG: &str = "
data = 'data'
[page]
listen = '127.0.0.1:0'
[source.made-up]
kind = 'synthetic'
rate = 300
";

fn start(home: &Home) -> Running {
    home.write("bowerbird.toml", CONFIG);
    let mut running = home.start(&["run"]);
    running.address();
    running
}

#[test]
fn a_track_made_elsewhere_captures_within_a_moment() {
    let home = Home::new();
    let _running = start(&home);
    home.run(&[
        "track",
        "add",
        "everything",
        "lang:en OR lang:ja OR lang:es OR lang:ar OR lang:ru",
    ])
    .ok();
    let captures =
        || home.run(&["track", "show", "everything", "--json"]).json()["captures"].as_u64();
    until("captures", || captures().filter(|captures| *captures > 20));

    home.run(&["track", "add", "later", "lang:en"]).ok();
    let backfill = home.run(&["track", "backfill", "later", "--json"]).json();
    assert_eq!(backfill["done"], true);
    assert!(backfill["added"].as_u64().unwrap() > 0, "{backfill}");

    let found = home
        .run(&["search", "--track", "later", "--limit", "5", "--json"])
        .json_lines();
    assert_eq!(found.len(), 5);
    assert!(found.iter().all(|post| post["lang"] == "en"));
}

#[test]
fn tail_prints_what_matches_as_it_comes() {
    let home = Home::new();
    let _running = start(&home);
    let lines = home
        .run(&["tail", "lang:ja", "--source", "made-up", "--most", "3"])
        .json_lines();
    assert_eq!(lines.len(), 3);
    assert!(
        lines
            .iter()
            .all(|post| post["lang"] == "ja" && post["source"] == "made-up"),
        "{lines:?}"
    );
}

#[test]
fn tail_captures_a_source_where_nothing_runs() {
    let home = Home::new();
    let archive = "[source.archive]\nkind = 'replay'\npaths = ['posts.jsonl']\n";
    home.write("posts.jsonl", crate::replay::lines(0, 3));
    home.write("bowerbird.toml", format!("{CONFIG}{archive}"));
    let lines = home
        .run(&["tail", "lang:ja", "--source", "made-up", "--most", "3"])
        .json_lines();
    assert_eq!(lines.len(), 3);
    assert!(lines.iter().all(|post| post["lang"] == "ja"), "{lines:?}");
    let kept = home.run(&["store", "size", "--json"]).json();
    assert!(kept["posts"].as_u64().unwrap() >= 3, "{kept}");

    let mut capturing = home.start(&["tail", "--source", "made-up"]);
    assert!(capturing.gives().is_some());
    home.run(&["track", "add", "all", "lang:ja"]).ok();
    capturing.signal("INT");
    capturing.finish().ok();

    let said = home.run(&["tail", "--source", "gone"]).failed(2);
    assert!(said.contains("archive, made-up"), "{said}");
    let said = home.run(&["tail", "--source", "archive"]).failed(2);
    assert!(said.contains("bowerbird replay"), "{said}");
}

#[test]
fn tail_ends_with_its_reader_and_with_the_process_it_listens_to() {
    let home = Home::new();
    let running = start(&home);
    let mut listening = home.command(&["tail"]).spawn().unwrap();
    let mut first = [0];
    std::io::Read::read_exact(listening.stdout.as_mut().unwrap(), &mut first).unwrap();
    drop(listening.stdout.take());
    let ended = listening.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(
        ended.status.success() && !said.contains("bowerbird:"),
        "{said}"
    );

    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let mut command = home.command(&["tail"]);
    command.stdout(full.unwrap());
    let said = Finished::of(command).failed(1);
    assert!(said.contains("writing to standard output"), "{said}");

    let mut listening = home.start(&["tail", "-q"]);
    assert!(listening.gives().is_some());
    running.signal("KILL");
    let said = listening.finish().failed(1);
    assert!(
        said.contains("was killed") && !said.contains("chunk"),
        "{said}"
    );
}

#[test]
fn exports_and_pages_agree() {
    let home = Home::new();
    let running = start(&home);
    let size = || {
        home.run(&["store", "size", "--json"]).json()["posts"]
            .as_u64()
            .unwrap()
    };
    until("some posts", || (size() > 300).then_some(()));
    running.signal("TERM");
    assert!(running.finish().status.success());
    // Nothing moves now: the same commands, over the folder itself.
    let exported = home.run(&["export"]).json_lines();
    let searched = home
        .run(&["search", "--limit", "100000", "--order", "oldest", "--json"])
        .json_lines();
    let keys = |posts: &[Value]| {
        posts
            .iter()
            .map(|post| post["key"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(&exported), keys(&searched));
    let csv = home.run(&["export", "--format", "csv"]).ok().stdout;
    assert_eq!(csv.matches("\r\n").count(), exported.len() + 1);

    let copy = home.path("copy.sqlite");
    home.run(&["store", "backup", copy.to_str().unwrap()]).ok();
    assert!(std::fs::metadata(&copy).unwrap().len() > 100_000);

    let wrote = home.run(&["export", "--dir", "folder", "--json"]).json();
    assert_eq!(wrote["counts"]["posts"], exported.len());
    let sums = Command::new("sha256sum")
        .args(["-c", "--strict", "SHA256SUMS"])
        .current_dir(home.path("folder"))
        .output();
    let sums = sums.unwrap();
    assert!(sums.status.success(), "{sums:?}");
    assert_eq!(
        String::from_utf8_lossy(&sums.stdout)
            .matches(": OK")
            .count(),
        3
    );
    let lines = std::fs::read_to_string(home.path("folder/posts-00001.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), exported.len());
    let ids = home.run(&["export", "--ids"]).ok().stdout;
    let ids: Vec<_> = ids.lines().map(|line| line.replacen(' ', "/", 1)).collect();
    assert_eq!(ids, keys(&exported));
}

#[test]
fn a_folder_that_does_not_fit_is_not_there() {
    let home = Home::new();
    let running = start(&home);
    let size = || {
        let size = home.run(&["store", "size", "--json"]).json();
        size["posts"].as_u64().unwrap()
    };
    until("some posts", || (size() > 1_000).then_some(()));
    // The process that captures may write; the one that makes the folder runs out of room after 16 KiB.
    let program = home.command(&["export", "--dir", "folder"]);
    let mut command = Command::new("bash");
    command
        .args([
            "-c",
            "trap '' XFSZ; ulimit -f 16; exec \"$0\" export --dir folder",
        ])
        .arg(program.get_program())
        .env_clear()
        .env("HOME", home.path(""))
        .env("PATH", "/usr/bin:/bin")
        .current_dir(home.path(""));
    let said = Finished::of(command).failed(1);
    assert!(said.contains("writing folder"), "{said}");
    let entries = std::fs::read_dir(home.path("")).unwrap();
    let mut left = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(
        left.all(|name| !name.contains("folder")),
        "nothing is left of it"
    );
    running.signal("TERM");
    assert!(running.finish().status.success());
}

#[test]
fn a_backup_is_taken_while_it_runs() {
    let home = Home::new();
    let _running = start(&home);
    let copy = home.path("copy.sqlite");
    home.run(&["store", "backup", copy.to_str().unwrap()]).ok();
    let header = std::fs::read(&copy).unwrap();
    assert!(header.starts_with(b"SQLite format 3\0"));
    home.run(&["store", "backup", copy.to_str().unwrap()])
        .failed(1);
}

#[test]
fn two_processes_never_share_a_folder() {
    let home = Home::new();
    let running = start(&home);
    let said = home.run(&["run"]).failed(1);
    assert!(
        said.contains(&format!("process {}", running.pid())) && said.contains("bowerbird run"),
        "{said}"
    );
    home.write("nothing.jsonl", "");
    let said = home.run(&["replay", "nothing.jsonl"]).failed(1);
    assert!(
        said.contains(&format!("process {}", running.pid())),
        "{said}"
    );
    let said = home.run(&["spool", "fsck"]).failed(1);
    assert!(said.contains("holds"), "{said}");
}

#[test]
fn a_folder_deep_below_others_has_a_socket_too() {
    let home = Home::new();
    let deep = home.path(format!("{}/{}", "a".repeat(100), "b".repeat(100)));
    let deep = deep.to_str().unwrap();
    home.write("bowerbird.toml", CONFIG);
    let mut running = home.start(&["run", "--data", deep]);
    running.address();
    home.run(&["top", "--once", "--data", deep]).ok();
}

#[test]
fn top_shows_a_source_that_is_live() {
    let home = Home::new();
    let _running = start(&home);
    let live = || {
        let status = home.run(&["top", "--once", "--json"]).json();
        (status["sources"][0]["state"] == "live").then_some(status)
    };
    let status = until("a live source", live);
    assert_eq!(status["sources"][0]["source"], "made-up");
    let shown = home.run(&["top", "--once"]).ok().stdout;
    assert!(
        shown.contains("made-up") && shown.contains("live"),
        "{shown}"
    );
}
