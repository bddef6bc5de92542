//! What is this store's alone: its file, its versions, its index. The contract is tested by the core's suite.

use std::sync::Arc;

use async_trait::async_trait;
use bowerbird_core::raw::RawCodec;
use bowerbird_core::store::Store;
use bowerbird_core::testing::store_suite::{self, StoreBackend};

use super::{SqliteOptions, SqliteStore};

/// A store in a temporary folder.
struct Backend {
    folder: tempfile::TempDir,
    options: SqliteOptions,
    store: Option<SqliteStore>,
}

impl Backend {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            options: SqliteOptions::default(),
            store: None,
        }
    }

    fn open(&mut self) {
        self.store = None;
        let path = self.folder.path().join("store.db");
        let codec = Arc::<RawCodec>::default();
        self.store = Some(SqliteStore::open(&path, codec, &self.options).unwrap());
    }
}

#[async_trait]
impl StoreBackend for Backend {
    async fn begin(&mut self) {
        self.store = None;
        self.folder = tempfile::tempdir().unwrap();
        self.open();
    }

    fn store(&self) -> &dyn Store {
        self.store.as_ref().expect("begun")
    }

    async fn restart(&mut self) {
        self.open();
    }
}

#[tokio::test]
async fn conforms() {
    store_suite::all(&mut Backend::new()).await;
}
