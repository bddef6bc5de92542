//! Decodes every file of a folder of real recordings, prints what became of it, and compares with what is known of them.
//!
//! The folder is named by `BOWERBIRD_CORPUS`; without it there is nothing to do. What is expected of each collection stands
//! in [`expected`], with the reason wherever it is not the number of posts that the collection's own list states.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bowerbird_connect::decode_any;
use bowerbird_core::event::{Event, Post};

mod container;
mod expected;

/// What became of one file.
#[derive(Default)]
struct Tally {
    read: usize,
    posts: usize,
    other: usize,
    refused: BTreeMap<String, usize>,
    /// Every post by service and id, embedded ones too.
    ids: BTreeSet<String>,
    /// Those that were frames of their own.
    own_ids: BTreeSet<String>,
    deletes: usize,
    misplaced: usize,
    marked: usize,
}

impl Tally {
    fn count(&mut self, frame: &[u8]) {
        self.read += 1;
        match decode_any(frame) {
            Ok(event) => self.event(&event),
            Err(refused) => *self.refused.entry(refused.reason).or_default() += 1,
        }
    }

    fn event(&mut self, event: &Event<'_>) {
        let Some(post) = event.post() else {
            self.other += 1;
            self.deletes +=
                usize::from(matches!(event.body, bowerbird_core::event::Body::Delete(_)));
            return;
        };
        self.posts += 1;
        let id = format!("{}/{}", event.id.service, event.id.id);
        self.own_ids.insert(id.clone());
        self.ids.insert(id);
        self.post(post);
    }

    fn post(&mut self, post: &Post<'_>) {
        for entity in &post.entities {
            let range = entity.span.start as usize..entity.span.end as usize;
            let covered = post
                .text
                .get(range)
                .expect("spans are on character boundaries");
            self.marked += 1;
            self.misplaced += usize::from(covered.is_empty() && !entity.kind.is_media());
        }
        for inner in &post.embedded {
            self.ids
                .insert(format!("{}/{}", inner.id.service, inner.id.id));
            self.post(&inner.post);
        }
    }

    fn add(&mut self, other: Self) {
        self.read += other.read;
        self.posts += other.posts;
        self.other += other.other;
        self.deletes += other.deletes;
        self.misplaced += other.misplaced;
        self.marked += other.marked;
        self.ids.extend(other.ids);
        self.own_ids.extend(other.own_ids);
        for (reason, count) in other.refused {
            *self.refused.entry(reason).or_default() += count;
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            let list = if entry.file_type().unwrap().is_dir() {
                &mut folders
            } else {
                &mut found
            };
            list.push(entry.path());
        }
    }
    found.sort();
    found
}

#[test]
#[expect(clippy::print_stdout, reason = "the table is what this test is for")]
#[expect(
    clippy::disallowed_methods,
    reason = "the recordings are not part of the project; the environment says where they are"
)]
fn every_recording_decodes_as_expected() {
    let Ok(corpus) = std::env::var("BOWERBIRD_CORPUS") else {
        println!("skipped: BOWERBIRD_CORPUS does not name a folder of recordings");
        return;
    };
    let corpus = Path::new(&corpus);
    let mut collections: BTreeMap<String, Tally> = BTreeMap::new();
    println!(
        "{:>6} {:>6} {:>6} {:>7}  file",
        "read", "posts", "other", "refused"
    );
    for path in files(corpus) {
        let name = path.strip_prefix(corpus).unwrap().display().to_string();
        let mut tally = Tally::default();
        match container::frames(&path) {
            Ok(frames) => frames.iter().for_each(|frame| tally.count(frame)),
            Err(why) => {
                println!("{:>28}  {name}: {why}", "–");
                continue;
            }
        }
        let n_refused: usize = tally.refused.values().sum();
        println!(
            "{:>6} {:>6} {:>6} {n_refused:>7}  {name}",
            tally.read, tally.posts, tally.other
        );
        for (reason, count) in &tally.refused {
            println!("{:>32} {count} × {reason}", "");
        }
        assert_eq!(tally.read, tally.posts + tally.other + n_refused, "{name}");
        let collection = name.split('/').next().unwrap_or_default().to_owned();
        collections.entry(collection).or_default().add(tally);
    }
    let failures = compare(&collections);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[expect(clippy::print_stdout, reason = "the table is what this test is for")]
fn compare(collections: &BTreeMap<String, Tally>) -> Vec<String> {
    let mut failures = Vec::new();
    println!(
        "\n{:>7} {:>7} {:>7} {:>7} {:>9}  collection",
        "unique", "own", "stated", "other", "misplaced"
    );
    for (name, tally) in collections {
        let expected = expected::of(name);
        let stated =
            expected.map_or_else(|| "–".to_owned(), |expected| expected.stated.to_string());
        println!(
            "{:>7} {:>7} {stated:>7} {:>7} {:>9}  {name}{}",
            tally.ids.len(),
            tally.own_ids.len(),
            tally.other,
            format!("{}/{}", tally.misplaced, tally.marked),
            expected.map_or("", |expected| expected.note),
        );
        let Some(expected) = expected else { continue };
        if (tally.ids.len(), tally.other) != (expected.unique, expected.other) {
            failures.push(format!(
                "{name}: {} unique posts and {} other events, expected {} and {}",
                tally.ids.len(),
                tally.other,
                expected.unique,
                expected.other
            ));
        }
    }
    failures
}
