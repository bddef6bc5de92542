//! The house's order, kept by a test: sizes, names, edges between crates, fixtures, and what tests may not do.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// No file is longer; generated ones and `tests.rs` are exempt.
const MAX_LINES: usize = 800;
/// About so many packages the lock file may hold, everything counted.
const PACKAGE_BUDGET: usize = 400;

/// Which crates of ours each crate may depend on, in tests too.
const EDGES: [(&str, &[&str]); 6] = [
    ("bowerbird-rules", &[]),
    ("bowerbird-core", &["bowerbird-rules"]),
    ("bowerbird-store", &["bowerbird-core"]),
    ("bowerbird-connect", &["bowerbird-core"]),
    ("bowerbird-web", &["bowerbird-core"]),
    (
        "bowerbird",
        &[
            "bowerbird-rules",
            "bowerbird-core",
            "bowerbird-store",
            "bowerbird-connect",
            "bowerbird-web",
        ],
    ),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string()
}

/// Every file below a folder, but for what is built or fetched.
fn files(below: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(below) else {
        return;
    };
    for entry in entries {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if ["target", "node_modules", ".git", "test-output"]
            .iter()
            .any(|skip| name == *skip)
        {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            files(&entry.path(), found);
        } else {
            found.push(entry.path());
        }
    }
}

fn all_files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    files(&root(), &mut found);
    found.sort();
    found
}

fn rust_files() -> Vec<(PathBuf, String)> {
    let sources = all_files()
        .into_iter()
        .filter(|path| path.extension().is_some_and(|end| end == "rs"));
    sources
        .map(|path| (path.clone(), std::fs::read_to_string(path).unwrap()))
        .collect()
}

/// Fails with all complaints at once.
fn report(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    let mut complaints = Vec::new();
    for (path, text) in rust_files() {
        let lines = text.lines().count();
        let is_exempt = path.ends_with("tests.rs") || text.starts_with("// @generated");
        if lines > MAX_LINES && !is_exempt {
            complaints.push(format!(
                "{}: {lines} lines, {MAX_LINES} are the limit",
                shown(&path)
            ));
        }
        let fuzz_target = text.contains("#![no_main]");
        let is_test = path.components().any(|part| part.as_os_str() == "tests");
        if !text.starts_with("//!") && !is_exempt && !is_test && !fuzz_target {
            complaints.push(format!("{}: no module doc at its top", shown(&path)));
        }
        if path.ends_with("mod.rs") {
            complaints.push(format!(
                "{}: `foo.rs` beside `foo/`, not `foo/mod.rs`",
                shown(&path)
            ));
        }
    }
    report(&complaints);
}

#[test]
fn crates_depend_only_on_what_they_may() {
    let mut complaints = Vec::new();
    let allowed: BTreeMap<&str, &[&str]> = EDGES.into_iter().collect();
    for entry in std::fs::read_dir(root().join("crates")).unwrap() {
        let folder = entry.unwrap();
        let name = folder.file_name().into_string().unwrap();
        let Some(allowed) = allowed.get(name.as_str()) else {
            complaints.push(format!("crates/{name}: not in ARCHITECTURE's map"));
            continue;
        };
        let manifest = std::fs::read_to_string(folder.path().join("Cargo.toml")).unwrap();
        let manifest: toml::Table = manifest.parse().unwrap();
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let Some(dependencies) = manifest.get(section).and_then(toml::Value::as_table) else {
                continue;
            };
            let ours = dependencies
                .keys()
                .filter(|other| other.starts_with("bowerbird"));
            for other in ours.filter(|other| !allowed.contains(&other.as_str()) && **other != name)
            {
                complaints.push(format!("crates/{name}: [{section}] may not name {other}"));
            }
        }
    }
    report(&complaints);
}

#[test]
fn tests_do_not_sleep_and_none_is_ignored() {
    // Taken apart, so that this file does not find itself.
    let forbidden = [
        (concat!("#[ign", "ore"), "runs nowhere"),
        (concat!("thread::sl", "eep"), "wait for what you wait for"),
        (concat!("#[should_", "panic"), "assert on the error"),
    ];
    let asleep = concat!("time::sl", "eep(");
    let mut complaints = Vec::new();
    for (path, text) in rust_files() {
        let is_test_file =
            path.ends_with("tests.rs") || path.components().any(|part| part.as_os_str() == "tests");
        for (number, line) in text.lines().enumerate() {
            for (pattern, why) in forbidden
                .iter()
                .filter(|(pattern, _)| line.contains(pattern))
            {
                complaints.push(format!(
                    "{}:{}: `{pattern}`: {why}",
                    shown(&path),
                    number + 1
                ));
            }
            if is_test_file && line.contains(asleep) {
                complaints.push(format!(
                    "{}:{}: sleeps: wait for what you wait for",
                    shown(&path),
                    number + 1
                ));
            }
        }
    }
    report(&complaints);
}

#[test]
fn every_fixture_is_used() {
    let sources: String = rust_files().into_iter().map(|(_, text)| text).collect();
    let mut complaints = Vec::new();
    for path in all_files() {
        let in_fixtures = path.components().any(|part| part.as_os_str() == "fixtures");
        if !in_fixtures {
            continue;
        }
        // Named itself, or its folder is read as a whole.
        let named = |path: &Path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            sources.contains(&format!("{name}\"")) || sources.contains(&format!("/{name}"))
        };
        let below_fixtures = path
            .ancestors()
            .take_while(|above| !above.ends_with("fixtures"));
        if !below_fixtures.into_iter().any(named) {
            complaints.push(format!("{}: no test names it", shown(&path)));
        }
    }
    report(&complaints);
}

#[test]
fn every_test_module_is_listed() {
    // One integration binary: a file in tests/it that main.rs does not name would never run.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let main = std::fs::read_to_string(folder.join("main.rs")).unwrap();
    let mut complaints = Vec::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.extension().is_some_and(|end| end == "rs")
            && stem != "main"
            && !main.contains(&format!("mod {stem};"))
        {
            complaints.push(format!("{}: not named in main.rs", shown(&path)));
        }
    }
    report(&complaints);
}

#[test]
fn the_lock_file_stays_within_its_budget() {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let names: Vec<&str> = lock
        .lines()
        .filter_map(|line| line.strip_prefix("name = "))
        .collect();
    let distinct: BTreeSet<&&str> = names.iter().collect();
    eprintln!(
        "Cargo.lock: {} packages ({} names), the budget is {PACKAGE_BUDGET}",
        names.len(),
        distinct.len()
    );
    assert!(names.len() <= PACKAGE_BUDGET, "{} packages", names.len());
}
