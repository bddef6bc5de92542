//! What several tests of this module start from.

use bowerbird_core::ids::TrackId;
use bowerbird_core::time::Time;
use bowerbird_core::track::{Track, TrackDraft};

/// A track for each rule, with ids from 1 on, all as old as one another.
pub(super) fn tracks(rules: &[&str]) -> Vec<Track> {
    let track = |(id, rule): (u64, &&str)| Track {
        id: TrackId(id),
        rule_version: 1,
        draft: TrackDraft::new(format!("track {id}"), *rule),
        created_at: Time(0),
        changed_at: Time(0),
    };
    (1..).zip(rules).map(track).collect()
}
