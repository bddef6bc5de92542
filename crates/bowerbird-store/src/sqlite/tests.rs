//! What is this store's alone: its file, its versions, its index. The contract is tested by the core's suite.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bowerbird_core::store::{PostQuery, Posts, Store, StoreError, Tracks, Upkeep};
use bowerbird_core::testing::store_suite::{self, Lane, StoreBackend, model, new_post, post};
use proptest::prelude::*;
use rusqlite::Connection;

use super::{SqliteOptions, SqliteStore, floor};

mod index;

/// A store in a temporary folder.
struct Backend {
    folder: tempfile::TempDir,
    store: Option<SqliteStore>,
}

impl Backend {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            store: None,
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("store.db")
    }
}

fn open(path: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(path, Arc::default(), &SqliteOptions::default())
}

#[async_trait]
impl StoreBackend for Backend {
    async fn begin(&mut self) {
        self.store = None;
        self.folder = tempfile::tempdir().unwrap();
        self.restart().await;
    }

    fn store(&self) -> &dyn Store {
        self.store.as_ref().expect("begun")
    }

    async fn restart(&mut self) {
        self.store = None;
        self.store = Some(open(&self.path()).unwrap());
    }
}

#[tokio::test]
async fn conforms() {
    store_suite::all(&mut Backend::new()).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn writes_commute_and_are_idempotent(
        steps in prop::collection::vec((any::<u8>(), any::<u8>()), 0..60),
        batch in 1_usize..70,
    ) {
        let steps: Vec<_> = steps.into_iter().map(|(kind, number)| model::Step::of(kind, number)).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut backend = Backend::new();
            backend.begin().await;
            model::check(backend.store(), &steps, batch).await;
        });
    }
}

/// A large batch is read ahead by a helper; a small one is not. Both must write the same.
#[tokio::test]
async fn large_batches_are_as_small_ones() {
    let mut found = Vec::new();
    for batch in [7, 1_000] {
        let mut backend = Backend::new();
        backend.begin().await;
        let mut lane = Lane::new(backend.store());
        let texts: Vec<String> = (0..1_000)
            .map(|n| format!("text{} 猫 of {n}", n % 5))
            .collect();
        let records: Vec<_> = (0..1_000)
            .map(|n: usize| lane.event(new_post(&n.to_string(), post("ann", &texts[n])), &[]))
            .collect();
        for records in records.chunks(batch) {
            lane.write(records.to_vec()).await;
        }
        found.push(store_suite::ids(lane.store, store_suite::words("text3 猫")).await);
    }
    assert_eq!(found[0].len(), 200);
    assert_eq!(found[0], found[1]);
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let mut backend = Backend::new();
    backend.begin().await;
    Lane::new(backend.store())
        .put(new_post("1", post("ann", "word")))
        .await;
    let backup = backend.folder.path().join("backup.db");
    backend.store().backup(&backup).await.unwrap();
    for entry in std::fs::read_dir(backend.folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", entry.path());
    }
}

#[test]
fn says_what_is_wrong_with_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let check = |expected: &str| match open(&path) {
        Err(StoreError::Failed(words)) => assert!(words.contains(expected), "{words}"),
        other => panic!("{other:?}"),
    };
    std::fs::write(
        &path,
        "this is a letter to my grandmother, not a database".repeat(100),
    )
    .unwrap();
    check("is not a database");
    std::fs::remove_file(&path).unwrap();
    let foreign = Connection::open(&path).unwrap();
    foreign
        .execute_batch("CREATE TABLE cats (name TEXT)")
        .unwrap();
    drop(foreign);
    check("another program");
    let missing = folder.path().join("no/such/folder/store.db");
    let words = open(&missing).unwrap_err().to_string();
    assert!(words.contains("folder must exist"), "{words}");
}

#[tokio::test]
async fn a_damaged_file_is_an_error_and_no_panic() {
    let mut backend = Backend::new();
    backend.begin().await;
    let mut lane = Lane::new(backend.store());
    let records: Vec<_> = (0..500)
        .map(|n| lane.event(new_post(&n.to_string(), post("ann", "word")), &[]))
        .collect();
    lane.write(records).await;
    backend.store = None;
    let mut bytes = std::fs::read(backend.path()).unwrap();
    let (from, to) = (bytes.len() / 8, bytes.len() / 8 * 7);
    bytes[from..to].fill(0xa5);
    std::fs::write(backend.path(), bytes).unwrap();
    let answer = match open(&backend.path()) {
        Ok(store) => store.search(&PostQuery::default()).await.map(drop),
        Err(error) => Err(error),
    };
    match answer {
        Err(StoreError::Failed(words)) => assert!(words.contains("damaged"), "{words}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_newer_store_is_refused_and_not_changed() {
    let mut backend = Backend::new();
    backend.begin().await;
    backend.store = None;
    let connection = Connection::open(backend.path()).unwrap();
    connection
        .execute_batch("PRAGMA user_version = 99; PRAGMA journal_mode = DELETE")
        .unwrap();
    drop(connection);
    let before = std::fs::read(backend.path()).unwrap();
    let refused = open(&backend.path()).unwrap_err();
    assert!(matches!(refused, StoreError::Newer(_)), "{refused:?}");
    assert!(refused.to_string().contains("version 99"), "{refused}");
    assert_eq!(std::fs::read(backend.path()).unwrap(), before);
}

/// The store as version 1 wrote it. Made by `makes_the_fixture` once, and never again.
#[tokio::test]
async fn version_1_stays_readable() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/store-v1.db");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    std::fs::copy(fixture, &path).unwrap();
    let store = open(&path).unwrap();
    let found = store_suite::ids(&store, store_suite::words("猫")).await;
    assert_eq!(found, ["2"]);
    let view = store_suite::find(&store, "2").await;
    assert_eq!(
        (view.author.handle.as_str(), view.text.as_str()),
        ("ann", "two 猫 #Birds")
    );
    assert_eq!(view.captures.len(), 1);
    assert!(store.raw("x", "2").await.unwrap().is_some());
    assert!(store_suite::find(&store, "1").await.deleted_at.is_some());
    let tracks = store.tracks().await.unwrap();
    let draft = &tracks[0].draft;
    assert_eq!((draft.name.as_str(), draft.priority), ("one", 0));
    assert_eq!(store.size().await.unwrap().posts, 1);
}

/// What the fixture holds; with `BOWERBIRD_FIXTURE` set it is written there.
#[tokio::test]
async fn makes_the_fixture() {
    let mut backend = Backend::new();
    backend.begin().await;
    let mut lane = Lane::new(backend.store());
    store_suite::make_track(lane.store, "one").await;
    lane.put(new_post("1", post("ann", "one"))).await;
    let mut said = post("ann", "two 猫 #Birds");
    said.entities = vec![store_suite::hashtag("Birds")];
    lane.put_caught(new_post("2", said), &[1]).await;
    lane.put(store_suite::delete_post("1")).await;
    if let Some(path) = std::env::vars_os().find(|(name, _)| name == "BOWERBIRD_FIXTURE") {
        backend.store().backup(Path::new(&path.1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_backup_while_writing_opens_clean() {
    let mut backend = Backend::new();
    backend.begin().await;
    let mut lane = Lane::new(backend.store());
    let batches: Vec<Vec<_>> = (0..20)
        .map(|batch| {
            (0..100)
                .map(|n| {
                    let id = (batch * 100 + n).to_string();
                    lane.event(new_post(&id, post("ann", "word")), &[])
                })
                .collect()
        })
        .collect();
    let copy = backend.folder.path().join("copy.db");
    let write = async {
        for batch in batches {
            lane.write(batch).await;
        }
    };
    let backup = async {
        backend.store().backup(&copy).await.unwrap();
        let again = backend.store().backup(&copy).await;
        assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
    };
    tokio::join!(write, backup);
    let kept = open(&copy).unwrap();
    let size = kept.size().await.unwrap();
    assert_eq!(size.posts % 100, 0, "a copy holds whole batches");
    let mut query = PostQuery {
        limit: 1_000,
        ..PostQuery::default()
    };
    let mut listed = 0;
    loop {
        let page = kept.search(&query).await.unwrap();
        listed += page.items.len() as u64;
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    assert_eq!(listed, size.posts);
    let connection = Connection::open(&copy).unwrap();
    let check: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(check, "ok");
}

#[tokio::test]
async fn a_full_disk_leaves_nothing_half_written() {
    let mut backend = Backend::new();
    backend.begin().await;
    let mut lane = Lane::new(backend.store());
    lane.put(new_post("1", post("ann", "word"))).await;
    // The engine answers as on a full disk when the file may not grow.
    let store = backend.store.as_ref().unwrap();
    let limit = |pages: &'static str| {
        store.writer.run(move |state| {
            state
                .connection
                .query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
                .unwrap();
            Ok(())
        })
    };
    limit("1").await.unwrap();
    let records: Vec<_> = (2..1_000)
        .map(|n| lane.event(new_post(&n.to_string(), post("ann", "word")), &[]))
        .collect();
    match lane.store.write(records.clone()).await {
        Err(StoreError::Failed(words)) => assert!(words.contains("disk is full"), "{words}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(store.size().await.unwrap().posts, 1);
    assert_eq!(store_suite::counts(store, "stream").await.kept, 1);
    limit("1000000").await.unwrap();
    let written = lane.write(records).await;
    assert_eq!((written.kept, written.skipped), (998, 0));
    assert_eq!(store.size().await.unwrap().posts, 999);
    assert_eq!(store_suite::counts(store, "stream").await.kept, 999);
    let found = store_suite::ids(store, store_suite::words("word")).await;
    assert_eq!(found.len(), 999);
}

#[tokio::test]
async fn a_wild_search_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions {
        search_for: Duration::ZERO,
        ..SqliteOptions::default()
    };
    let store =
        SqliteStore::open(&folder.path().join("store.db"), Arc::default(), &options).unwrap();
    let wild = |connection: &Connection| {
        let count = "WITH RECURSIVE n (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n) SELECT count(*) FROM n";
        let answer = connection.query_row(count, [], |row| row.get::<_, i64>(0));
        answer.map_err(super::connection::failed)
    };
    match store.readers.run(wild).await {
        Err(StoreError::Invalid(words)) => assert!(words.contains("took too long"), "{words}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn without_a_text_index_words_are_refused_and_filters_work() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let options = SqliteOptions {
        text_index: false,
        ..SqliteOptions::default()
    };
    let store = SqliteStore::open(&path, Arc::default(), &options).unwrap();
    let mut lane = Lane::new(&store);
    lane.put(new_post("1", post("ann", "secret"))).await;
    lane.put(new_post("2", post("bob", "word"))).await;
    let refused = store.search(&store_suite::words("word")).await;
    assert!(
        matches!(refused, Err(StoreError::Invalid(_))),
        "{refused:?}"
    );
    let by_ann = PostQuery {
        author: "ann".to_owned(),
        ..PostQuery::default()
    };
    assert_eq!(store_suite::ids(&store, by_ann.clone()).await, ["1"]);
    // Opened with an index later, what was kept without one is still found by filters, and erased.
    drop(store);
    let store = open(&path).unwrap();
    let mut lane = Lane::new(&store);
    lane.offset = 10;
    assert_eq!(store_suite::ids(&store, by_ann.clone()).await, ["1"]);
    lane.put(store_suite::delete(
        bowerbird_core::event::Delete::Account {
            account_id: "id-ann".into(),
            status: "deleted".into(),
        },
    ))
    .await;
    assert_eq!(store_suite::ids(&store, by_ann).await, [""; 0]);
}

/// A second process with the same file, as a command beside a running server.
#[tokio::test]
async fn two_processes_see_each_other() {
    let mut backend = Backend::new();
    backend.begin().await;
    let other = open(&backend.path()).unwrap();
    let track = store_suite::make_track(&other, "one").await;
    assert_eq!(
        backend.store().tracks().await.unwrap(),
        std::slice::from_ref(&track)
    );
    let mut lane = Lane::new(backend.store());
    lane.put_caught(new_post("1", post("ann", "word")), &[1])
        .await;
    other
        .remove_track(track.id, store_suite::second(9))
        .await
        .unwrap();
    lane.put_caught(new_post("2", post("ann", "word")), &[1])
        .await;
    assert_eq!(store_suite::find(&other, "2").await.captures, []);
    assert_eq!(backend.store().captures().await.unwrap(), []);
}

#[tokio::test]
async fn the_floor_copies_every_row() {
    let mut backend = Backend::new();
    backend.begin().await;
    let mut lane = Lane::new(backend.store());
    store_suite::make_track(lane.store, "one").await;
    for n in 0..25 {
        lane.put_caught(new_post(&n.to_string(), post("ann", "word")), &[1])
            .await;
    }
    lane.put(new_post(
        "30",
        store_suite::writing::quoting("31", "", "inner"),
    ))
    .await;
    backend.store = None;
    let copy = backend.folder.path().join("floor.db");
    let floor = floor::copy(&backend.path(), &copy, 8, 10).unwrap();
    assert_eq!(floor.posts, 26);
    let rows = |path: &Path| {
        let connection = Connection::open(path).unwrap();
        [
            "post",
            "post_raw",
            "capture",
            "post_relationship",
            "account",
            "post_text_docsize",
        ]
        .map(|table| {
            let count = format!("SELECT count(*) FROM {table}");
            connection
                .query_row(&count, [], |row| row.get::<_, i64>(0))
                .unwrap()
        })
    };
    assert_eq!(rows(&backend.path()), rows(&copy));
    assert_eq!(rows(&copy), [27, 26, 25, 1, 2, 27]);
}
