//! Says which tracks X does not listen for, and why, whenever that changes: in the log, and beside the source's state.

use std::sync::Arc;
use std::time::Duration;

use bowerbird_connect::x::{XReport, XStatus};
use bowerbird_core::ids::SourceName;
use bowerbird_core::live::LiveTracks;
use bowerbird_core::status::Status;

/// How often to look.
const EVERY: Duration = Duration::from_secs(2);

/// The most that is said beside a source's state.
const MOST_NOTES: usize = 100;

/// Looks until the process ends.
pub(super) async fn tell(
    source: SourceName,
    x: Arc<XStatus>,
    status: Arc<Status>,
    tracks: Arc<LiveTracks>,
) {
    let mut told = XReport::default();
    loop {
        tokio::time::sleep(EVERY).await;
        let now = x.report();
        if now == told {
            continue;
        }
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
        status.set_notes(source.clone(), "rules", notes(&now, &tracks));
        told = now;
    }
}

/// What a person should know of a report.
fn notes(report: &XReport, tracks: &LiveTracks) -> Vec<String> {
    let problem = (!report.problem.is_empty()).then(|| {
        format!(
            "the rules at X could not be brought up to date: {}",
            report.problem
        )
    });
    let left_out = report.left_out.iter().map(|left_out| {
        let name = tracks.get(left_out.track).map_or_else(
            || left_out.track.to_string(),
            |live| live.track.draft.name.clone(),
        );
        format!("not asked for: {name}: {}", left_out.reason)
    });
    let mut notes: Vec<String> = problem.into_iter().chain(left_out).collect();
    if notes.len() > MOST_NOTES {
        let more = notes.len() - MOST_NOTES;
        notes.truncate(MOST_NOTES);
        notes.push(format!("and {more} more; `bowerbird track plan` lists all"));
    }
    notes
}
