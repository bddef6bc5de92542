//! Says which tracks X does not listen for, and why, whenever that changes: in the log, and beside the source's state.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use bowerbird_connect::x::{XReport, XStatus};
use bowerbird_core::ids::{SourceName, TrackId};
use bowerbird_core::live::LiveTracks;
use bowerbird_core::status::Status;

/// How often to look.
const EVERY: Duration = Duration::from_secs(2);

/// The most tracks that are named together.
const MOST_NAMES: usize = 3;

/// The most that is said beside a source's state, and at once in the log.
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
        let known: HashSet<(TrackId, &str)> = told
            .left_out
            .iter()
            .map(|one| (one.track, one.reason.as_str()))
            .collect();
        let new = now.left_out.iter();
        let new = new.filter(|one| !known.contains(&(one.track, one.reason.as_str())));
        for (n, left_out) in new.enumerate() {
            let (track, reason) = (left_out.track, &left_out.reason);
            if n == MOST_NOTES {
                tracing::warn!(source.name = %source, "X does not listen for more tracks; `bowerbird track plan` lists all");
                break;
            }
            tracing::warn!(source.name = %source, track.id = %track, reason, "X does not listen for a track");
        }
        if now.problem != told.problem && !now.problem.is_empty() {
            let problem = &now.problem;
            tracing::warn!(source.name = %source, problem, "The rules at X could not be brought up to date");
        }
        status.set_notes(source.clone(), "rules", notes(&now, &tracks));
        let left_out = now.left_out.iter();
        let unasked = left_out.map(|one| (one.track, one.reason.clone()));
        status.set_unasked(source.clone(), unasked.collect());
        told = now;
    }
}

/// The first of these tracks by name, and how many more there are.
fn names(ids: &[TrackId], tracks: &LiveTracks) -> String {
    let name = |id: &TrackId| {
        let live = tracks.get(*id);
        live.map_or_else(|| id.to_string(), |live| live.track.draft.name.clone())
    };
    let first: Vec<String> = ids.iter().take(MOST_NAMES).map(name).collect();
    let more = match ids.len() - first.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", first.join(", "))
}

/// What a person should know of a report.
fn notes(report: &XReport, tracks: &LiveTracks) -> Vec<String> {
    let problem = (!report.problem.is_empty()).then(|| {
        format!(
            "the rules at X could not be brought up to date: {}",
            report.problem
        )
    });
    let mut by_reason: Vec<(&str, Vec<TrackId>)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for left_out in &report.left_out {
        let reason = left_out.reason.as_str();
        let place = *places.entry(reason).or_insert_with(|| {
            by_reason.push((reason, Vec::new()));
            by_reason.len() - 1
        });
        by_reason[place].1.push(left_out.track);
    }
    let left_out = by_reason
        .iter()
        .map(|(reason, ids)| format!("not asked for: {}: {reason}", names(ids, tracks)));
    let mut notes: Vec<String> = problem.into_iter().chain(left_out).collect();
    if notes.len() > MOST_NOTES {
        let more = notes.len() - MOST_NOTES;
        notes.truncate(MOST_NOTES);
        notes.push(format!("and {more} more; `bowerbird track plan` lists all"));
    }
    notes
}
