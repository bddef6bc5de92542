//! The store in one SQLite file: posts, people, tracks and what was missed, with full-text search.
//!
//! One thread writes, in batches; a few connections read beside it, undisturbed. Everything is one file (with its log beside it
//! while in use), so a backup is one file too. How the rows lie and why is in `docs/decisions/0002-sqlite-layout.md`. It is not
//! for several machines: that will be PostgreSQL, with the same tables.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bowerbird_core::ids::TrackId;
use bowerbird_core::raw::RawCodec;
use bowerbird_core::store::{
    CaptureCounts, KeptPost, MinuteCount, Page, PostQuery, Posts, StoreError, StoredCounts, Written,
};
use bowerbird_core::time::Time;
use bowerbird_core::view::PostView;
use bytes::Bytes;

mod bills;
mod charts;
mod connection;
mod detail;
mod embedded;
mod flags;
pub mod floor;
mod index;
mod ingest;
mod jobs;
mod keys;
mod known;
mod ledger;
mod letters;
mod readers;
mod schema;
mod search;
mod sweep;
mod tally;
#[cfg(test)]
mod tests;
mod text;
mod tracks;
mod upkeep;
mod view;
mod writer;

use readers::Readers;
use search::Ranked;
use writer::{Writer, WriterState};

/// How to open a store.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// Keep a full-text index? Without one, searches by text and hashtag are refused.
    pub text_index: bool,
    /// Megabytes of pages the writer keeps in memory.
    pub cache_mib: u32,
    /// Connections that read at the same time.
    pub readers: usize,
    /// A question that takes longer is stopped.
    pub search_for: Duration,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            text_index: true,
            cache_mib: 32,
            readers: 4,
            search_for: Duration::from_secs(10),
        }
    }
}

/// A store in one file.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    codec: Arc<RawCodec>,
    text_index: bool,
    writer: Writer,
    readers: Arc<Readers>,
    ranked: Arc<Ranked>,
}

impl SqliteStore {
    /// Opens the file, making it (with mode 0600) where there is none, and brings it to this build's version. Blocks for as long
    /// as that takes. The dictionaries in it become known to `codec`.
    pub fn open(
        path: &Path,
        codec: Arc<RawCodec>,
        options: &SqliteOptions,
    ) -> Result<Self, StoreError> {
        let connection = connection::open_writer(path, options.cache_mib)?;
        schema::check(&connection, path)?;
        connection::make_durable(&connection, path)?;
        schema::migrate(&connection, path)?;
        for dictionary in keys::dictionaries(&connection).map_err(connection::failed)? {
            codec.add(&dictionary);
        }
        let state = WriterState::new(connection, Arc::clone(&codec), options.text_index);
        let writer = Writer::start(state)
            .map_err(|error| StoreError::Failed(format!("can't start a thread: {error}")))?;
        Ok(Self {
            path: path.to_owned(),
            codec,
            text_index: options.text_index,
            writer,
            readers: Readers::new(path.to_owned(), options.readers, options.search_for),
            ranked: Arc::default(),
        })
    }
}

#[async_trait]
impl Posts for SqliteStore {
    async fn write(&self, batch: Vec<(u64, Bytes)>) -> Result<Written, StoreError> {
        let write = move |state: &mut WriterState| {
            let ((), written) = state.transact(|open| ingest::write(open, &batch))?;
            Ok(written)
        };
        self.writer.run(write).await
    }

    async fn search(&self, query: &PostQuery) -> Result<Page<PostView>, StoreError> {
        let (query, ranked, text_index) =
            (query.clone(), Arc::clone(&self.ranked), self.text_index);
        let search = move |connection: &rusqlite::Connection| {
            search::search(connection, &query, &ranked, text_index)
        };
        self.readers.run(search).await
    }

    async fn post(&self, service: &str, id: &str) -> Result<Option<PostView>, StoreError> {
        let (service, id) = (service.to_owned(), id.to_owned());
        self.readers
            .run(move |connection| view::one(connection, &service, &id).map_err(connection::failed))
            .await
    }

    async fn raw(&self, service: &str, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let (service, id) = (service.to_owned(), id.to_owned());
        let codec = Arc::clone(&self.codec);
        self.readers
            .run(move |connection| view::raw(connection, &codec, &service, &id))
            .await
    }

    async fn kept_after(&self, place: u64, most: usize) -> Result<Vec<KeptPost>, StoreError> {
        let codec = Arc::clone(&self.codec);
        self.readers
            .run(move |connection| {
                view::kept_after(connection, &codec, place, most).map_err(connection::failed)
            })
            .await
    }

    async fn newest_kept(&self, most: usize) -> Result<Vec<KeptPost>, StoreError> {
        let codec = Arc::clone(&self.codec);
        self.readers
            .run(move |connection| {
                view::newest_kept(connection, &codec, most).map_err(connection::failed)
            })
            .await
    }

    async fn counts(&self) -> Result<Vec<StoredCounts>, StoreError> {
        self.readers
            .run(|connection| charts::counts(connection).map_err(connection::failed))
            .await
    }

    async fn captures(&self) -> Result<Vec<CaptureCounts>, StoreError> {
        self.readers
            .run(|connection| charts::captures(connection).map_err(connection::failed))
            .await
    }

    async fn per_minute(
        &self,
        track: Option<TrackId>,
        from: Time,
        until: Time,
    ) -> Result<Vec<MinuteCount>, StoreError> {
        self.readers
            .run(move |connection| {
                charts::per_minute(connection, track, from, until).map_err(connection::failed)
            })
            .await
    }
}
