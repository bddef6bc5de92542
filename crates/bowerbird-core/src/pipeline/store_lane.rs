//! The store's lane: lease, write, acknowledge.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};

use crate::ids::Lane;
use crate::spool::Spool;
use crate::store::Store;

use super::engine::EngineError;

/// Records in one transaction at most: large enough to pay for its fsync many times over, small enough to commit in
/// a fraction of a second.
const BATCH: usize = 2_000;
/// How long to wait for the first record before looking whether to stop.
const WAIT: Duration = Duration::from_millis(200);

/// Moves records from the spool to the store until `stop` says so and nothing is left, or `stop` is dropped. Sends each
/// position reached, and tells `charged` when something was put on a bill.
///
/// A store that fails ends the lane: what is in the spool stays there, and the process says so.
pub(super) async fn run(
    spool: Arc<dyn Spool>,
    store: Arc<dyn Store>,
    position: watch::Sender<u64>,
    charged: Arc<Notify>,
    stop: watch::Receiver<bool>,
) -> Result<(), EngineError> {
    let lane = Lane::store();
    loop {
        let stopping = *stop.borrow();
        let wait = if stopping { Duration::ZERO } else { WAIT };
        let leased = spool.lease(&lane, BATCH, wait).await?;
        let Some(last) = leased.last().map(|record| record.offset) else {
            if stopping {
                return Ok(());
            }
            continue;
        };
        let offsets: Vec<u64> = leased.iter().map(|record| record.offset).collect();
        let batch = leased
            .into_iter()
            .map(|record| (record.offset, record.bytes))
            .collect();
        let written = store.write(batch).await?;
        if written.charged {
            charged.notify_one();
        }
        spool.ack(&lane, &offsets).await?;
        position.send_replace(last + 1);
    }
}
