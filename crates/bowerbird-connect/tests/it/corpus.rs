//! Replays folders of real recordings as a person would, prints what became of each, and compares with what is known of them.
//!
//! `BOWERBIRD_CORPUS` names the folder of these folders; without it there is nothing to do. What is expected of each collection
//! stands in [`expected`], with the reason wherever it is not the number of posts that the collection's own list states.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bowerbird_connect::decode_any;
use bowerbird_connect::replay::{self, ReplayConfig};
use bowerbird_core::event::{Event, Post};
use bowerbird_core::frame::Frame;
use bowerbird_core::ids::SourceName;
use bowerbird_core::source::Keep;

mod expected;

/// What became of one collection.
#[derive(Default)]
struct Tally {
    read: usize,
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
    fn count(&mut self, frame: &Frame) {
        self.read += 1;
        let reason = match (&frame.broken, decode_any(&frame.bytes)) {
            (Some(reason), _) => reason.clone(),
            (None, Err(refused)) => refused.reason,
            (None, Ok(event)) => return self.event(&event),
        };
        *self.refused.entry(reason).or_default() += 1;
    }

    fn event(&mut self, event: &Event<'_>) {
        let Some(post) = event.post() else {
            self.other += 1;
            self.deletes +=
                usize::from(matches!(event.body, bowerbird_core::event::Body::Delete(_)));
            return;
        };
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
}

/// Reads everything in a folder, as `bowerbird replay` does.
async fn replayed(folder: &Path) -> Tally {
    let config = ReplayConfig {
        inputs: vec![folder.to_str().unwrap().to_owned()],
        ..ReplayConfig::default()
    };
    let name = SourceName::parse("corpus").unwrap();
    let connection = replay::connect(name, Keep::All, config).unwrap();
    let mut source = (connection.open)(None).await.unwrap();
    let mut tally = Tally::default();
    while let Some(batch) = source.next_batch().await.unwrap() {
        batch.frames.iter().for_each(|frame| tally.count(frame));
    }
    tally
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "the table is what this test is for")]
#[expect(
    clippy::disallowed_methods,
    reason = "the recordings are not part of the project; the environment says where they are"
)]
async fn every_recording_decodes_as_expected() {
    let Ok(corpus) = std::env::var("BOWERBIRD_CORPUS") else {
        println!("skipped: BOWERBIRD_CORPUS does not name a folder of recordings");
        return;
    };
    let mut collections: BTreeMap<String, Tally> = BTreeMap::new();
    for entry in std::fs::read_dir(corpus).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            let name = entry.file_name().into_string().unwrap();
            collections.insert(name, replayed(&entry.path()).await);
        }
    }
    let failures = compare(&collections);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[expect(clippy::print_stdout, reason = "the table is what this test is for")]
fn compare(collections: &BTreeMap<String, Tally>) -> Vec<String> {
    let mut failures = Vec::new();
    println!(
        "{:>7} {:>7} {:>7} {:>7} {:>7} {:>9}  collection",
        "read", "unique", "own", "stated", "other", "misplaced"
    );
    for (name, tally) in collections {
        let expected = expected::of(name);
        let stated =
            expected.map_or_else(|| "–".to_owned(), |expected| expected.stated.to_string());
        println!(
            "{:>7} {:>7} {:>7} {stated:>7} {:>7} {:>9}  {name}{}",
            tally.read,
            tally.ids.len(),
            tally.own_ids.len(),
            tally.other,
            format!("{}/{}", tally.misplaced, tally.marked),
            expected.map_or("", |expected| expected.note),
        );
        for (reason, count) in &tally.refused {
            println!("{:>51} {count} × {reason}", "");
        }
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
