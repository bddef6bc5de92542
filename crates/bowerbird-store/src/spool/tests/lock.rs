//! One holder, private files, and what is refused without a change.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::{SMALL_SEGMENTS, open};
use crate::spool::{EmbeddedSpool, OpenError, SpoolOptions, fsck};

/// Every file but the lock, by name.
fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    let named = entries.map(|entry| {
        let name = entry.file_name().into_string().unwrap();
        (name, fs::read(entry.path()).unwrap_or_default())
    });
    named.filter(|(name, _)| name != "lock").collect()
}

#[test]
fn a_second_opener_is_told_who_holds_it() {
    let dir = tempfile::tempdir().unwrap();
    let held = open(dir.path(), SMALL_SEGMENTS);
    let errors = [
        EmbeddedSpool::open(dir.path(), SMALL_SEGMENTS).unwrap_err(),
        fsck(dir.path(), false).unwrap_err(),
    ];
    for error in errors {
        let expected = format!("is held by process {}", std::process::id());
        assert!(error.to_string().contains(&expected), "{error}");
    }
    drop(held);
    open(dir.path(), SMALL_SEGMENTS);
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt;

    let dir = tempfile::tempdir().unwrap();
    let spool = dir.path().join("deep/spool");
    open(&spool, SMALL_SEGMENTS);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&spool), 0o700);
    for entry in fs::read_dir(&spool).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
}

#[test]
fn a_newer_format_is_refused_and_nothing_changed() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path(), SMALL_SEGMENTS);
    let segment = dir.path().join("0000000001.seg");
    let mut bytes = fs::read(&segment).unwrap();
    bytes[8] = 2;
    bytes[12..].reverse();
    fs::write(&segment, bytes).unwrap();
    fs::write(dir.path().join("0000000002.new"), "in the making").unwrap();
    let before = files(dir.path());
    let errors = [
        EmbeddedSpool::open(dir.path(), SMALL_SEGMENTS).unwrap_err(),
        fsck(dir.path(), true).unwrap_err(),
    ];
    for error in errors {
        assert!(
            matches!(error, OpenError::Newer { version: 2, .. }),
            "{error}"
        );
        assert!(
            error.to_string().contains("a newer bowerbird wrote it"),
            "{error}"
        );
    }
    assert_eq!(files(dir.path()), before);
}

#[test]
fn what_cannot_be_opened_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let error = EmbeddedSpool::open(&file, SMALL_SEGMENTS).unwrap_err();
    assert!(matches!(error, OpenError::Io { .. }), "{error}");
    let error = fsck(&dir.path().join("nowhere"), true).unwrap_err();
    assert!(matches!(error, OpenError::Io { .. }), "{error}");
    assert!(!dir.path().join("nowhere").try_exists().unwrap());
    let tiny = SpoolOptions {
        max_bytes: 100,
        segment_bytes: 100,
    };
    let error = EmbeddedSpool::open(&dir.path().join("tiny"), tiny).unwrap_err();
    assert!(matches!(error, OpenError::Limits(_)), "{error}");
}
