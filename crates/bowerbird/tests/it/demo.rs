//! The demo, as a stranger starts it.

use serde_json::Value;

use crate::harness::{Home, get, until};

/// What must be true of every summary.
#[track_caller]
pub(crate) fn adds_up(counts: &Value) {
    let number = |key: &str| {
        counts[key]
            .as_u64()
            .unwrap_or_else(|| panic!("{key} in {counts}"))
    };
    let ended: u64 = ["kept", "unmatched", "duplicate", "refused", "waiting"]
        .map(number)
        .iter()
        .sum();
    assert_eq!(number("read") + number("carried"), ended, "{counts}");
    assert!(counts["captures"].is_object(), "{counts}");
}

#[test]
fn it_ends_by_itself_and_its_counts_add_up() {
    let home = Home::new();
    let counts = home
        .run(&[
            "demo", "--port", "0", "--for", "3s", "--rate", "300", "--json",
        ])
        .json();
    adds_up(&counts);
    assert!(counts["kept"].as_u64().unwrap() > 100, "{counts}");
    assert_eq!(counts["captures"].as_object().unwrap().len(), 3, "{counts}");
}

#[test]
fn it_shows_a_page_and_goes_on_where_it_was() {
    let home = Home::new();
    let args = ["demo", "--port", "0", "--rate", "300"];
    let folder = home.path(".local/share/bowerbird/demo");
    let folder = folder.to_str().unwrap();
    let mut demo = home.start(&args);
    let address = demo.address();
    demo.says("data: ");
    let (status, page) = get(&address, "/", &[]);
    assert_eq!(status, 200, "{page}");
    assert!(
        page.contains("<!DOCTYPE html>") || page.contains("<!doctype html>"),
        "{page}"
    );
    let size = || {
        home.run(&["store", "size", "--json", "--data", folder])
            .json()["posts"]
            .as_u64()
            .unwrap()
    };
    until("posts in the store", || (size() > 50).then_some(()));

    demo.signal("INT");
    let ended = demo.finish();
    assert!(ended.status.success(), "{}", ended.stderr);
    let before = size();
    let counts = home
        .run(&[
            "demo", "--port", "0", "--rate", "300", "--for", "2s", "--json",
        ])
        .json();
    adds_up(&counts);
    assert_eq!(
        counts["duplicate"], 0,
        "it goes on, and begins nothing again: {counts}"
    );
    assert!(size() > before);

    let counts = home
        .run(&["demo", "--port", "0", "--for", "1s", "--json", "--fresh"])
        .json();
    adds_up(&counts);
    assert!(size() < before, "--fresh forgets what was kept");
}

#[test]
fn a_foreign_page_gets_nowhere() {
    let home = Home::new();
    let mut demo = home.start(&["demo", "--port", "0"]);
    let address = demo.address();
    let (status, _) = get(&address, "/api/v1/status", &[("Host", "evil.example")]);
    assert_eq!(status, 421);
    let (status, _) = get(
        &address,
        "/api/v1/status",
        &[("Origin", "http://evil.example")],
    );
    assert_eq!(status, 403);
}

#[test]
fn a_second_one_says_who_holds_the_folder_and_a_busy_port_moves_it() {
    let home = Home::new();
    let mut demo = home.start(&["demo", "--port", "0"]);
    let address = demo.address();
    let port = address.rsplit(':').next().unwrap();
    let said = home.run(&["demo", "--port", "0"]).failed(1);
    assert!(
        said.contains(&format!("process {}", demo.pid())) && said.contains("bowerbird demo"),
        "{said}"
    );

    let other = home.path("other");
    let mut second = home.start(&["demo", "--port", port, "--data", other.to_str().unwrap()]);
    assert_ne!(second.address(), address);

    home.write(
        "bowerbird.toml",
        format!("data = 'main'\n[page]\nlisten = '{address}'\n"),
    );
    let said = home.run(&["run"]).failed(1);
    assert!(
        said.contains(port) && said.contains("page.listen"),
        "{said}"
    );
}

#[test]
fn it_never_empties_what_it_did_not_make() {
    let home = Home::new();
    home.write("mine/letter.txt", "dear");
    let mine = home.path("mine");
    let said = home
        .run(&[
            "demo",
            "--fresh",
            "--for",
            "1s",
            "--data",
            mine.to_str().unwrap(),
        ])
        .failed(1);
    assert!(said.contains("not made by a demo"), "{said}");
    assert!(mine.join("letter.txt").try_exists().unwrap());
}
