use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};

use serde_json::Value;

use super::super::folder::File;
use super::*;
use crate::record::Content;
use crate::store::Tracks;
use crate::testing::fake_store::FakeStore;
use crate::testing::store_suite::{Lane, delete_post, new_post, post, second};
use crate::track::TrackDraft;

const CIRCUMSTANCES: Circumstances = Circumstances {
    made_at: second_of_making(),
    version: "1.2.3",
    waiting: 4,
};

const fn second_of_making() -> Time {
    Time(crate::testing::store_suite::START.0 + 1_000 * 1_000_000)
}

/// The whole folder, by name; its ZIP's only folder is the archive's name.
async fn unpacked(store: &dyn Store, mut archive: Archive) -> BTreeMap<String, Vec<u8>> {
    let mut zip = Vec::new();
    while let Some(chunk) = archive.next_chunk(store).await.unwrap() {
        assert!(!chunk.is_empty());
        zip.extend_from_slice(&chunk);
    }
    let mut zip = zip::ZipArchive::new(Cursor::new(zip)).unwrap();
    let mut files = BTreeMap::new();
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index).unwrap();
        let path = entry.name().unwrap().into_owned();
        let name = path.strip_prefix(&format!("{}/", archive.name())).unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        files.insert(name.to_owned(), content);
    }
    files
}

fn text(files: &BTreeMap<String, Vec<u8>>, name: &str) -> String {
    String::from_utf8(files[name].clone()).unwrap()
}

fn manifest(files: &BTreeMap<String, Vec<u8>>) -> Value {
    serde_json::from_slice(&files["manifest.json"]).unwrap()
}

async fn gap(lane: &mut Lane<'_>, from: i64, until: Option<i64>, reason: &str) {
    let content = Content::Gap {
        track: None,
        cause: crate::gap::Cause::Disconnect,
        from: second(from),
        until: until.map(second),
        reason: reason.to_owned().into(),
        lost: None,
    };
    let record = lane.encode(content);
    lane.write(vec![record]).await;
}

/// Track 1 with twelve posts, one of which is deleted; another post that it did not catch.
async fn filled() -> FakeStore {
    let store = FakeStore::new(std::sync::Arc::default());
    let draft = TrackDraft {
        sources: vec!["stream".parse().unwrap()],
        ..TrackDraft::new("Cats `rm` <b>", "cat")
    };
    store.create_track(&draft, second(0)).await.unwrap();
    let draft = TrackDraft {
        rule: "cat OR lynx".to_owned(),
        ..draft
    };
    let id = TrackId(1);
    store.update_track(id, &draft, second(5)).await.unwrap();
    let mut lane = Lane::new(&store);
    for n in 0..12 {
        let event = new_post("placeholder", post("ada", "a cat"));
        let mut event = event;
        event.id.id = format!("p{n}").into();
        lane.put_caught(event, &[1]).await;
    }
    lane.put(new_post("other", post("ada", "a dog"))).await;
    lane.put(delete_post("p3")).await;
    store
}

fn track_one() -> PostQuery {
    PostQuery {
        track: Some(TrackId(1)),
        ..PostQuery::default()
    }
}

#[tokio::test]
async fn what_is_said_of_the_files_is_what_is_in_them() {
    let store = filled().await;
    for format in Format::ALL {
        let archive = Archive::begin(&store, track_one(), format, CIRCUMSTANCES).await;
        let files = unpacked(&store, archive.unwrap().in_parts_of(20)).await;
        let manifest = manifest(&files);
        let listed = manifest["files"].as_array().unwrap();
        assert!(listed.len() > 3, "{format:?} in several files: {listed:?}");
        let mut rows = 0;
        for file in listed {
            let name = file["name"].as_str().unwrap();
            let content = &files[name];
            assert_eq!(file["bytes"], content.len());
            assert_eq!(file["sha256"], File::of(name, content).sha256.as_str());
            let Some(said) = file["rows"].as_u64() else {
                assert_eq!(name, "README.md");
                continue;
            };
            let lines = text(&files, name).lines().count() as u64;
            assert_eq!(lines - u64::from(format == Format::Csv), said, "{name}");
            rows += said;
        }
        assert_eq!(rows, 11, "the deleted one is not in it");
        assert_eq!(manifest["counts"]["posts"], 11);
        assert_eq!(manifest["counts"]["waiting"], 4);
        assert!(
            !files
                .values()
                .any(|file| file.windows(4).any(|w| w == b"x/p3" || w == b"x p3"))
        );
        // All but itself.
        let sums = text(&files, "SHA256SUMS");
        assert_eq!(sums.lines().count(), files.len() - 1);
        for line in sums.lines() {
            let (sum, name) = line.split_once("  ").unwrap();
            assert_eq!(sum, File::of(name, &files[name]).sha256, "{name}");
        }
    }
}

#[tokio::test]
async fn ids_stand_one_a_line() {
    let store = filled().await;
    let mut lane = Lane::new(&store);
    lane.offset = 100;
    for id in [
        "two\nlines",
        "at://did:plc:a/app.bsky.feed.post/3k",
        "two words",
    ] {
        lane.put_caught(new_post(id, post("ada", "a cat")), &[1])
            .await;
    }
    let archive = Archive::begin(&store, track_one(), Format::Ids, CIRCUMSTANCES).await;
    let files = unpacked(&store, archive.unwrap()).await;
    let ids = text(&files, "ids-00001.txt");
    assert!(ids.starts_with("x p0\nx p1\nx p2\nx p4\n"), "{ids}");
    assert!(
        ids.ends_with("x p11\nx at://did:plc:a/app.bsky.feed.post/3k\nx two words\n"),
        "{ids}"
    );
    assert_eq!(manifest(&files)["counts"]["left_out"], 1);
    assert!(text(&files, "README.md").contains("1 post left out"));
}

#[tokio::test]
async fn rules_over_time_and_gaps_are_told() {
    let store = filled().await;
    let mut lane = Lane::new(&store);
    lane.offset = 200;
    gap(&mut lane, -90, Some(-80), "before the track was there").await;
    gap(&mut lane, 3, Some(4), "cut ``` <script>\n# Shout").await;
    gap(&mut lane, 20, None, "still out").await;
    gap(&mut lane, 2_000, None, "after the export").await;
    lane.through("elsewhere");
    gap(&mut lane, 3, None, "not a source of the track").await;
    let archive = Archive::begin(&store, track_one(), Format::Jsonl, CIRCUMSTANCES).await;
    let files = unpacked(&store, archive.unwrap()).await;
    let manifest = manifest(&files);
    assert_eq!(manifest["kind"], "bowerbird-export");
    assert_eq!(manifest["version"], 1);
    assert_eq!(manifest["software"]["version"], "1.2.3");
    assert_eq!(manifest["track"]["name"], "Cats `rm` <b>");
    let rules = manifest["rules"].as_array().unwrap();
    assert_eq!(
        (&rules[0]["rule"], &rules[0]["until"]),
        (&"cat".into(), &rules[1]["since"])
    );
    assert_eq!(rules[1]["rule"], "cat OR lynx");
    let made_at = CIRCUMSTANCES.made_at.to_string();
    assert_eq!(manifest["period"]["from"], second(0).to_string());
    assert_eq!(manifest["period"]["until"], made_at.as_str());
    assert_eq!(manifest["deletions_honoured_until"], made_at.as_str());
    let gaps = manifest["gaps"].as_array().unwrap();
    let reasons: Vec<_> = gaps
        .iter()
        .map(|gap| gap["reason"].as_str().unwrap())
        .collect();
    assert_eq!(reasons, ["still out", "cut ``` <script>\n# Shout"]);
    assert_eq!(manifest["gap_counts"]["open"], 2);
    let readme = text(&files, "README.md");
    assert!(
        readme.starts_with("# Posts caught by `` Cats `rm` <b> ``\n"),
        "{readme}"
    );
    assert!(
        readme.contains("````"),
        "the fence is longer than what it holds: {readme}"
    );
    assert!(!readme.contains("\n# Shout"), "{readme}");
    assert!(
        readme.contains("There are 2 in this period: 2 open."),
        "{readme}"
    );
    assert!(readme.contains(": `cat OR lynx` on `stream`"), "{readme}");
}

#[tokio::test]
async fn an_empty_one_is_whole_too() {
    let store = FakeStore::new(std::sync::Arc::default());
    let query = PostQuery {
        until: Some(second(7)),
        ..PostQuery::default()
    };
    let archive = Archive::begin(&store, query, Format::Csv, CIRCUMSTANCES).await;
    let files = unpacked(&store, archive.unwrap()).await;
    let names: Vec<_> = files.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "README.md",
            "SHA256SUMS",
            "manifest.json",
            "posts-00001.csv"
        ]
    );
    assert_eq!(text(&files, "posts-00001.csv").lines().count(), 1);
    let manifest = manifest(&files);
    assert_eq!(manifest["period"]["until"], second(7).to_string());
    assert_eq!(manifest["query"], serde_json::json!({ "until": second(7) }));
    assert_eq!(
        (&manifest["track"], &manifest["gaps"]),
        (&Value::Null, &serde_json::json!([]))
    );
    assert!(text(&files, "README.md").contains("No gap is known"));

    let missing = Archive::begin(&store, track_one(), Format::Csv, CIRCUMSTANCES).await;
    assert!(
        matches!(missing, Err(StoreError::NotFound(_))),
        "{missing:?}"
    );
}
