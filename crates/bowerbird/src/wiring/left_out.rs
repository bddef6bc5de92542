//! Says in the log which tracks X does not listen for, and why, whenever that changes.

use std::sync::Arc;
use std::time::Duration;

use bowerbird_connect::x::{XReport, XStatus};
use bowerbird_core::ids::SourceName;

/// How often to look.
const EVERY: Duration = Duration::from_secs(2);

/// Looks until the process ends.
pub(super) async fn tell(source: SourceName, status: Arc<XStatus>) {
    let mut told = XReport::default();
    loop {
        tokio::time::sleep(EVERY).await;
        let now = status.report();
        for left_out in now
            .left_out
            .iter()
            .filter(|one| !told.left_out.contains(one))
        {
            let (track, reason) = (left_out.track, &left_out.reason);
            tracing::warn!(source.name = %source, track.id = %track, reason, "X does not listen for a track");
        }
        if now.problem != told.problem && !now.problem.is_empty() {
            let problem = &now.problem;
            tracing::warn!(source.name = %source, problem, "The rules at X could not be brought up to date");
        }
        told = now;
    }
}
