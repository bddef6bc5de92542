//! What must not stop anything: bad bytes, missing rights, full disks, damaged files, data of a newer program.
//!
//! Each is a clear error or a dead letter; everything else goes on; nothing already acknowledged is lost.

use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::demo::adds_up;
use crate::harness::{Finished, Home};
use crate::replay::lines;

/// Where the data of `replay` lies.
fn data(home: &Home) -> PathBuf {
    home.path(".local/share/bowerbird/main")
}

fn posts(home: &Home) -> u64 {
    home.run(&["store", "size", "--json"]).json()["posts"]
        .as_u64()
        .unwrap()
}

#[test]
fn bad_lines_become_dead_letters_and_the_rest_goes_on() {
    let home = Home::new();
    let good = lines(0, 10);
    let whole = good.lines().next().unwrap();
    let torn = whole
        .get(..whole.len() / 2)
        .unwrap_or("{\"data\":{\"id\":\"1\",\"te")
        .as_bytes()
        .to_vec();
    let deep = [b"[".repeat(10_000), b"]".repeat(10_000)].concat();
    let deep_inside = format!(
        "{{\"data\":{{\"id\":\"5\",\"text\":\"x\",\"a\":{}1{}}}}}",
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    let cases: [(&str, Vec<u8>); 6] = [
        ("a torn line", torn),
        (
            "invalid UTF-8",
            b"{\"data\":{\"id\":\"1\",\"text\":\"\xff\xfe\"}}".to_vec(),
        ),
        (
            "a 50 MB line",
            [
                b"{\"data\":{\"id\":\"2\",\"text\":\"".to_vec(),
                vec![b'a'; 50 << 20],
                b"\"}}".to_vec(),
            ]
            .concat(),
        ),
        ("nesting 10,000 deep", deep),
        (
            "nesting 10,000 deep inside a post",
            deep_inside.into_bytes(),
        ),
        (
            "a number where text belongs",
            b"{\"data\":{\"id\":\"3\",\"text\":42}}".to_vec(),
        ),
    ];
    let mut file = Vec::new();
    for (n, (_, bad)) in cases.iter().enumerate() {
        file.extend_from_slice(good.lines().nth(n).unwrap().as_bytes());
        file.push(b'\n');
        file.extend_from_slice(bad);
        file.push(b'\n');
    }
    file.extend_from_slice(good.lines().nth(9).unwrap().as_bytes());
    home.write("in/bad.jsonl", file);
    home.write("in/empty.jsonl", "");
    let counts = home.run(&["replay", "in", "--json"]).json();
    adds_up(&counts);
    let refused = counts["refused"].as_u64().unwrap();
    // What stands inside a post and is never looked at may be anything.
    assert!((5..=6).contains(&refused), "{counts}");
    assert_eq!(
        counts["kept"].as_u64().unwrap(),
        7 + 6 - refused,
        "{counts}"
    );

    let letters = home.run(&["dead", "ls", "--json"]).json_lines();
    assert_eq!(letters.len() as u64, refused);
    for letter in &letters {
        assert!(!letter["reason"].as_str().unwrap().is_empty(), "{letter}");
    }
    let id = letters[0]["id"].as_str().unwrap();
    let raw = home.run(&["dead", "show", id, "--raw"]).ok().stdout;
    assert!(raw.contains("42"), "{raw}");
    let said = home.run(&["dead", "retry", id]).failed(1);
    assert!(said.contains("1 of 1 did not go through"), "{said}");
    home.run(&["dead", "drop", id]).ok();
    assert_eq!(
        home.run(&["dead", "ls", "--json"]).json_lines().len() as u64,
        refused - 1
    );
}

#[test]
fn a_folder_without_rights_is_named() {
    let home = Home::new();
    let closed = home.path("closed");
    std::fs::create_dir(&closed).unwrap();
    set_mode(&closed, 0o500);
    home.write("recordings/a.jsonl", lines(0, 3));
    let target = closed.join("data");
    let args = ["store", "size", "--data", target.to_str().unwrap()];
    let said = as_nobody(&home, &args).failed(1);
    assert!(
        said.contains("closed/data") && said.to_lowercase().contains("permission denied"),
        "{said}"
    );

    set_mode(&home.path("recordings"), 0o700);
    set_mode(&home.path("recordings/a.jsonl"), 0o000);
    let open = home.path("open");
    std::fs::create_dir(&open).unwrap();
    set_mode(&open, 0o777);
    let args = [
        "replay",
        "recordings/a.jsonl",
        "--data",
        open.to_str().unwrap(),
    ];
    let said = as_nobody(&home, &args).failed(1);
    assert!(said.contains("recordings"), "{said}");
    set_mode(&closed, 0o700);
}

fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Runs it without root's rights, which know no limits. Its home is open to all, and the executable copied there: the place it was built in
/// may be root's alone.
fn as_nobody(home: &Home, args: &[&str]) -> Finished {
    if !is_root() {
        return home.run(args);
    }
    set_mode(&home.path(""), 0o777);
    let executable = home.path("bowerbird-copy");
    if !executable.try_exists().unwrap() {
        std::fs::copy(env!("CARGO_BIN_EXE_bowerbird"), &executable).unwrap();
        set_mode(&executable, 0o755);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(executable)
        .args(args);
    command
        .env_clear()
        .env("HOME", home.path(""))
        .env("PATH", "/usr/bin:/bin")
        .current_dir(home.path(""));
    Finished::of(command)
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

#[test]
fn a_full_disk_is_said_and_nothing_acknowledged_is_lost() {
    if !is_root()
        || !Command::new("unshare")
            .args(["-m", "true"])
            .status()
            .is_ok_and(|status| status.success())
    {
        eprintln!("skipped: a full disk is a small tmpfs, and mounting one needs root");
        return;
    }
    let home = Home::new();
    home.write("a.jsonl", lines(0, 20_000));
    std::fs::create_dir(home.path("disk")).unwrap();
    // Full at first, then with room.
    let script = r#"
        set -u
        mount -t tmpfs -o size=96m tmpfs disk || exit 99
        head -c 80m /dev/zero > disk/ballast
        "$0" replay a.jsonl --data disk/data --json > first.json 2> first.err
        echo $? > first.code
        rm disk/ballast
        "$0" replay a.jsonl --data disk/data --json > second.json 2> second.err
        echo $? > second.code
        "$0" store size --data disk/data --json > size.json
    "#;
    let mut command = Command::new("unshare");
    command
        .args(["-m", "sh", "-c", script, env!("CARGO_BIN_EXE_bowerbird")])
        .current_dir(home.path(""));
    command
        .env_clear()
        .env("HOME", home.path(""))
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    Finished::of(command).ok();
    let read = |name: &str| std::fs::read_to_string(home.path(name)).unwrap();
    assert_eq!(
        read("first.code").trim(),
        "1",
        "{} {}",
        read("first.json"),
        read("first.err")
    );
    let said = read("first.err");
    assert!(said.contains("full"), "{said}");
    assert_eq!(read("second.code").trim(), "0", "{}", read("second.err"));
    let size: serde_json::Value = serde_json::from_str(&read("size.json")).unwrap();
    assert_eq!(size["posts"], 20_000, "{said}\n{}", read("second.json"));
}

#[test]
fn a_damaged_spool_file_is_named_and_repaired() {
    let home = Home::new();
    home.write("a.jsonl", lines(0, 2_000));
    home.run(&["replay", "a.jsonl", "--json"]).ok();
    let segment = newest_segment(&data(&home).join("spool"));
    let length = std::fs::metadata(&segment).unwrap().len();
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .open(&segment)
        .unwrap();
    file.seek(SeekFrom::Start(length / 2)).unwrap();
    file.write_all(&[0x5a; 64]).unwrap();
    drop(file);

    let said = home.run(&["replay", "a.jsonl", "--json"]).failed(1);
    assert!(
        said.contains(".seg") && said.contains("bowerbird spool fsck"),
        "{said}"
    );
    let said = home.run(&["spool", "fsck"]).failed(1);
    assert!(said.contains("--repair"), "{said}");
    home.run(&["spool", "fsck", "--repair"]).ok();
    home.run(&["spool", "fsck"]).ok();
    home.write("b.jsonl", lines(2_000, 100));
    let counts = home
        .run(&["replay", "b.jsonl", "--name", "b", "--json"])
        .json();
    adds_up(&counts);
    assert_eq!(counts["kept"], 100, "{counts}");
    assert_eq!(posts(&home), 2_100);
}

fn newest_segment(folder: &Path) -> PathBuf {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .filter(|path| path.extension().is_some_and(|end| end == "seg"))
        .max()
        .unwrap()
}

#[test]
fn a_store_of_a_newer_program_is_left_as_it_is() {
    let home = Home::new();
    home.run(&["track", "add", "birds", "bird"]).ok();
    let path = data(&home).join("store.sqlite");
    // SQLite keeps `user_version` here, the greater end first.
    let mut file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.seek(SeekFrom::Start(60)).unwrap();
    file.write_all(&9_999_u32.to_be_bytes()).unwrap();
    drop(file);
    let before = std::fs::read(&path).unwrap();
    let said = home.run(&["track", "ls"]).failed(1);
    assert!(
        said.contains("store.sqlite") && said.contains("newer"),
        "{said}"
    );
    assert!(std::fs::read(&path).unwrap() == before, "it was changed");
}

#[test]
fn a_store_that_is_no_database_is_named() {
    let home = Home::new();
    home.write(
        ".local/share/bowerbird/main/store.sqlite",
        "this is a letter, not a database, and long enough to be looked at".repeat(50),
    );
    let said = home.run(&["track", "ls"]).failed(1);
    assert!(said.contains("store.sqlite"), "{said}");
}
