//! Fits tracks into the slots that X leaves us: which rules we want there, and which tracks go without. Pure.
//!
//! Tracks are taken in order; priorities may come later. Tracks with the same rule share a slot, as X takes no rule twice.

use std::collections::HashMap;

use bowerbird_core::ids::SourceName;
use bowerbird_core::rules::{Rule, XLimits};
use bowerbird_core::time::Time;
use bowerbird_core::track::Track;

use super::config::LeftOut;

/// Every tag of ours begins so; a rule whose tag does not is never touched.
pub(super) const OUR_TAG: &str = "bowerbird/";

/// A rule we want at X.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) value: String,
    /// `bowerbird/<track>/<rule version>`, of the first track that wants it.
    pub(super) tag: String,
    /// The tracks that want it; never empty.
    pub(super) tracks: Vec<bowerbird_core::ids::TrackId>,
}

/// What is wanted, and what is not to be had.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) wanted: Vec<Wanted>,
    pub(super) left_out: Vec<LeftOut>,
}

/// Fits the tracks of one source into `slots`.
pub(super) fn plan(
    tracks: &[Track],
    source: &SourceName,
    now: Time,
    limits: &XLimits,
    slots: usize,
) -> Plan {
    let mut plan = Plan::default();
    let mut by_value: HashMap<String, usize> = HashMap::new();
    for track in tracks.iter().filter(|track| listens(track, source)) {
        let draft = &track.draft;
        if !draft.is_active(now) {
            continue;
        }
        let value = draft.rule.trim();
        let known = by_value.get(value).copied();
        let refused = match known {
            Some(_) => None,
            None => refused(value, limits).or_else(|| {
                let is_full = plan.wanted.len() >= slots;
                is_full.then(|| format!("no slot is left: X gives us {slots}"))
            }),
        };
        match (known, refused) {
            (Some(index), _) => plan.wanted[index].tracks.push(track.id),
            (None, Some(reason)) => plan.left_out.push(LeftOut {
                track: track.id,
                reason,
            }),
            (None, None) => {
                by_value.insert(value.to_owned(), plan.wanted.len());
                let tag = format!("{OUR_TAG}{}/{}", track.id, track.rule_version);
                plan.wanted.push(Wanted {
                    value: value.to_owned(),
                    tag,
                    tracks: vec![track.id],
                });
            }
        }
    }
    plan
}

/// When, after `now`, time alone changes the plan: a track begins or ends.
pub(super) fn changes_at(tracks: &[Track], source: &SourceName, now: Time) -> Option<Time> {
    let listening = tracks.iter().filter(|track| listens(track, source));
    let turns = listening.flat_map(|track| [track.draft.start, track.draft.end]);
    turns.flatten().filter(|turn| *turn > now).min()
}

/// Would this track listen here, if it is its time?
fn listens(track: &Track, source: &SourceName) -> bool {
    let draft = &track.draft;
    !draft.paused && (draft.sources.is_empty() || draft.sources.contains(source))
}

/// Why X would not take a rule.
fn refused(value: &str, limits: &XLimits) -> Option<String> {
    let rule = match Rule::parse(value) {
        Ok(rule) => rule,
        Err(error) => return Some(error.to_string()),
    };
    let mut problems = rule.check_for_x(limits).into_iter();
    problems
        .find(|problem| !problem.is_warning())
        .map(|problem| format!("X would refuse the rule: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bowerbird_core::ids::TrackId;
    use bowerbird_core::track::TrackDraft;

    const NOW: Time = Time(1_000_000_000);

    fn track(id: u64, rule: &str) -> Track {
        let draft = TrackDraft::new(format!("track {id}"), rule);
        Track {
            id: TrackId(id),
            rule_version: 2,
            draft,
            created_at: NOW,
            changed_at: NOW,
        }
    }

    fn planned(tracks: &[Track], slots: usize) -> Plan {
        plan(
            tracks,
            &SourceName::parse("x").unwrap(),
            NOW,
            &XLimits::STREAM,
            slots,
        )
    }

    fn values(plan: &Plan) -> Vec<&str> {
        plan.wanted
            .iter()
            .map(|wanted| wanted.value.as_str())
            .collect()
    }

    #[test]
    fn tracks_are_taken_in_order_until_no_slot_is_left() {
        let plan = planned(&[track(3, "one"), track(1, "two"), track(2, "three")], 2);
        assert_eq!(values(&plan), ["one", "two"]);
        assert_eq!(plan.wanted[0].tag, "bowerbird/3/2");
        assert_eq!(plan.left_out.len(), 1);
        assert!(plan.left_out[0].reason.starts_with("no slot"));
    }

    #[test]
    fn the_same_rule_takes_one_slot() {
        let plan = planned(&[track(1, "cat"), track(2, " cat "), track(3, "dog")], 2);
        assert_eq!(values(&plan), ["cat", "dog"]);
        assert_eq!(plan.wanted[0].tracks, [TrackId(1), TrackId(2)]);
        assert_eq!(plan.left_out, []);
    }

    #[test]
    fn what_x_would_refuse_is_left_out_with_the_reason() {
        let long = format!("cat {}", "x".repeat(1_100));
        let plan = planned(
            &[
                track(1, "has:images"),
                track(2, "cat"),
                track(3, &long),
                track(4, "("),
            ],
            9,
        );
        assert_eq!(values(&plan), ["cat"]);
        let left_out: Vec<u64> = plan
            .left_out
            .iter()
            .map(|left_out| left_out.track.0)
            .collect();
        assert_eq!(left_out, [1, 3, 4]);
    }

    #[test]
    fn only_tracks_that_listen_now_want_a_slot() {
        let later = NOW.plus(std::time::Duration::from_secs(60));
        let mut tracks: Vec<Track> = (0..5).map(|id| track(id, &format!("word{id}"))).collect();
        tracks[0].draft.paused = true;
        tracks[1].draft.sources = vec![SourceName::parse("other").unwrap()];
        tracks[2].draft.start = Some(later);
        tracks[3].draft.end = Some(NOW);
        let plan = planned(&tracks, 9);
        assert_eq!(values(&plan), ["word4"]);
        assert_eq!(plan.left_out, []);
    }

    #[test]
    fn the_next_turn_is_one_that_has_not_been() {
        let after = |seconds| NOW.plus(std::time::Duration::from_secs(seconds));
        let mut tracks: Vec<Track> = (0..4).map(|id| track(id, &format!("word{id}"))).collect();
        tracks[0].draft.start = Some(after(60));
        tracks[1].draft.end = Some(after(90));
        tracks[2].draft.end = Some(after(10));
        tracks[2].draft.paused = true;
        tracks[3].draft.end = Some(after(10));
        tracks[3].draft.sources = vec![SourceName::parse("other").unwrap()];
        let x = SourceName::parse("x").unwrap();
        for (now, expected) in [(0, Some(60)), (60, Some(90)), (89, Some(90)), (90, None)] {
            assert_eq!(changes_at(&tracks, &x, after(now)), expected.map(after));
        }
    }
}
