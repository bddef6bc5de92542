//! The conformance suite on the spool in memory.

use std::time::Duration;

use async_trait::async_trait;
use proptest::prelude::*;

use super::MemorySpool;
use crate::spool::Spool;
use crate::testing::spool_suite::{self, SpoolBackend};

struct Backend(MemorySpool);

#[async_trait]
impl SpoolBackend for Backend {
    async fn begin(&mut self, max_bytes: u64) {
        self.0 = MemorySpool::new(max_bytes);
    }

    fn spool(&self) -> &dyn Spool {
        &self.0
    }

    async fn restart(&mut self) {
        self.0.restart();
    }

    async fn pass(&self, span: Duration) {
        tokio::time::advance(span).await;
    }
}

fn paused() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().unwrap()
}

#[test]
fn it_keeps_the_contract() {
    paused().block_on(spool_suite::all(&mut Backend(MemorySpool::new(0))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn it_follows_the_model(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let actions = spool_suite::model::actions(&bytes);
        let mut backend = Backend(MemorySpool::new(0));
        paused().block_on(spool_suite::model::walk(&mut backend, &actions));
    }
}
