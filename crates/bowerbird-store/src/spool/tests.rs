//! The embedded spool against the conformance suite, the model, crashes, damage and failing disks.

mod crash;
mod damage;
pub(super) mod faults;
mod fixture;
mod lock;
mod many;

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use proptest::prelude::*;
use tempfile::TempDir;

use bowerbird_core::ids::Lane;
use bowerbird_core::spool::{LaneState, Peeked, SourceState, Spool};
use bowerbird_core::testing::spool_suite::{self, SpoolBackend};

use super::{EmbeddedSpool, SpoolOptions};

/// Segments of a few frames, so that every test rolls over some.
const SMALL_SEGMENTS: SpoolOptions = SpoolOptions {
    max_bytes: 256 << 20,
    segment_bytes: 4 << 10,
};

struct Backend {
    dir: TempDir,
    options: SpoolOptions,
    spool: Option<EmbeddedSpool>,
}

impl Backend {
    fn new(segment_bytes: u64) -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            options: SpoolOptions {
                segment_bytes,
                ..SMALL_SEGMENTS
            },
            spool: None,
        }
    }
}

#[async_trait]
impl SpoolBackend for Backend {
    async fn begin(&mut self, max_bytes: u64) {
        self.spool = None;
        self.dir = tempfile::tempdir().unwrap();
        self.options.max_bytes = max_bytes;
        self.spool = Some(open(self.dir.path(), self.options));
    }

    fn spool(&self) -> &dyn Spool {
        self.spool.as_ref().unwrap()
    }

    async fn restart(&mut self) {
        self.spool = None;
        self.spool = Some(open(self.dir.path(), self.options));
    }

    async fn pass(&self, span: Duration) {
        // Paused only here: a paused clock runs on when all tasks wait, and does not see that the writer's thread is at work.
        tokio::time::pause();
        tokio::time::advance(span).await;
        tokio::time::resume();
    }
}

fn open(dir: &Path, options: SpoolOptions) -> EmbeddedSpool {
    EmbeddedSpool::open(dir, options).unwrap()
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().build().unwrap()
}

/// Everything that a caller can see of a spool that was just opened.
#[derive(Debug, PartialEq)]
struct Seen {
    records: Vec<(u64, Vec<u8>)>,
    sources: Vec<SourceState>,
    lanes: Vec<LaneState>,
    next: u64,
}

async fn see(spool: &dyn Spool) -> Seen {
    let record = |peeked: Peeked| (peeked.offset, peeked.bytes.to_vec());
    let peeked = spool.peek(0, usize::MAX).await.unwrap();
    Seen {
        records: peeked.into_iter().map(record).collect(),
        sources: spool.sources().await.unwrap(),
        lanes: spool.lanes().await.unwrap(),
        next: spool.size().await.unwrap().next,
    }
}

/// Acknowledges what is there, at most so many.
async fn take(spool: &dyn Spool, lane: &Lane, most: usize) -> Vec<u64> {
    let offsets = spool_suite::offsets_now(spool, lane, most).await;
    spool.ack(lane, &offsets).await.unwrap();
    offsets
}

#[test]
fn it_keeps_the_contract() {
    for segment_bytes in [1, 4 << 10, 64 << 20] {
        runtime().block_on(spool_suite::all(&mut Backend::new(segment_bytes)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn it_follows_the_model(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let actions = spool_suite::model::actions(&bytes);
        runtime().block_on(spool_suite::model::walk(&mut Backend::new(4 << 10), &actions));
    }
}
