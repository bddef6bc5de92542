//! Fits tracks into the rules that X leaves us: which rules we want there, and which tracks go without. Pure.
//!
//! Each track asks for alternatives ([`Rule::upstream`]). What several tracks ask for is asked once; what another alternative brings anyway, not at all.
//! Tracks come by priority, then by age, and whoever finds no room is left out. How alternatives are packed into rules is [`super::packing`].

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use bowerbird_core::ids::{SourceName, TrackId};
use bowerbird_core::rules::{Conjunction, Rule, Upstream, XLimits};
use bowerbird_core::time::Time;
use bowerbird_core::track::Track;

use super::config::LeftOut;
use super::packing::{Packing, Wanted};

/// Every tag of ours begins so; a rule whose tag does not is never touched.
pub(super) const OUR_TAG: &str = "bowerbird/";

/// What rules of ours are tagged with: how the plan was made that they belong to.
pub(super) const TAG: &str = "bowerbird/plan-2";

/// What is wanted, and what is not to be had.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) wanted: Vec<Wanted>,
    pub(super) left_out: Vec<LeftOut>,
}

/// What a plan must fit into.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room<'a> {
    pub(super) limits: &'a XLimits,
    /// How many rules we may have.
    pub(super) slots: usize,
    /// The texts of our rules at X.
    pub(super) current: &'a [&'a str],
    /// Alternatives that get rules of their own, as X refused a rule with one of them.
    pub(super) apart: &'a HashSet<String>,
    /// The texts of rules that X refused.
    pub(super) refused: &'a HashSet<String>,
}

/// What one track asks for.
struct Asking {
    track: TrackId,
    alternatives: Vec<Conjunction>,
}

/// Fits the tracks of one source into the room there is.
pub(super) fn plan(tracks: &[Track], source: &SourceName, now: Time, room: Room<'_>) -> Plan {
    let mut left_out = Vec::new();
    let mut asking = Vec::new();
    for track in in_order(tracks, source, now) {
        match asked(&track.draft.rule, room.limits) {
            Ok(upstream) => asking.push(Asking {
                track: track.id,
                alternatives: upstream.alternatives,
            }),
            Err(reason) => left_out.push(LeftOut {
                track: track.id,
                reason,
            }),
        }
    }
    share(&mut asking, room.refused);
    let (mut wanted, mut without) = pack(&asking, room);
    if !without.is_empty() {
        // What stands at X may hold places that earlier tracks need: then all is packed anew, in order.
        let anew = Room {
            current: &[],
            ..room
        };
        let (other_wanted, other_without) = pack(&asking, anew);
        if order(&other_without).gt(order(&without)) {
            (wanted, without) = (other_wanted, other_without);
        }
    }
    left_out.extend(without.into_iter().map(|(_, left_out)| left_out));
    Plan { wanted, left_out }
}

/// The tracks that ask for something now: those of higher priority first, then the older ones.
fn in_order<'a>(tracks: &'a [Track], source: &SourceName, now: Time) -> Vec<&'a Track> {
    let mut listening: Vec<&Track> = tracks
        .iter()
        .filter(|track| listens(track, source) && track.draft.is_active(now))
        .collect();
    listening.sort_by_key(|track| (Reverse(track.draft.priority), track.created_at, track.id));
    listening
}

/// The places of tracks that are left out, for comparing: later places are better, and none is best.
fn order(without: &[(usize, LeftOut)]) -> impl Iterator<Item = usize> {
    without.iter().map(|(at, _)| *at).chain([usize::MAX])
}

/// A rule that tracks would share at X.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedRule {
    /// As X would be sent it.
    pub text: String,
    /// Who wants it.
    pub tracks: Vec<TrackId>,
}

impl PlannedRule {
    /// Its length in characters, as X counts.
    pub fn chars(&self) -> usize {
        self.text.chars().count()
    }
}

/// What the tracks of a source that are active at `now` would ask of X if it had none of our rules, and which would be left out.
pub fn plan_tracks(
    tracks: &[Track],
    source: &SourceName,
    now: Time,
    limits: &XLimits,
    slots: usize,
) -> (Vec<PlannedRule>, Vec<LeftOut>) {
    let room = Room {
        limits,
        slots,
        current: &[],
        apart: &HashSet::new(),
        refused: &HashSet::new(),
    };
    let Plan { wanted, left_out } = plan(tracks, source, now, room);
    let rules = wanted.into_iter().map(|wanted| PlannedRule {
        text: wanted.value,
        tracks: wanted.tracks,
    });
    (rules.collect(), left_out)
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

/// What a rule asks for, or why X cannot be asked.
fn asked(rule: &str, limits: &XLimits) -> Result<Upstream, String> {
    Rule::parse(rule)
        .and_then(|rule| rule.upstream(limits))
        .map_err(|error| format!("X can't be asked for it: {error}"))
}

/// Puts in place of each alternative the widest one wanted that brings all it would, unless X has refused that one.
fn share(asking: &mut [Asking], refused: &HashSet<String>) {
    let all = asking.iter().flat_map(|asking| &asking.alternatives);
    let wanted: HashSet<Conjunction> = all
        .filter(|alternative| refused.is_empty() || !refused.contains(&alternative.to_string()))
        .cloned()
        .collect();
    let by_part = by_rarest_part(&wanted);
    for asking in asking {
        for alternative in &mut asking.alternatives {
            let parts = alternative.parts().iter();
            let near = parts
                .filter_map(|part| by_part.get(part.as_str()))
                .flatten();
            let widest = near
                .filter(|wanted| wanted.covers(alternative))
                .min_by_key(|wanted| (wanted.parts().len(), wanted.parts()));
            if let Some(&widest) = widest {
                *alternative = widest.clone();
            }
        }
        asking.alternatives.sort();
        asking.alternatives.dedup();
    }
}

/// All that is wanted, by that part of each that the fewest have: who looks for what covers something need only look under its parts.
fn by_rarest_part(wanted: &HashSet<Conjunction>) -> HashMap<&str, Vec<&Conjunction>> {
    let mut uses: HashMap<&str, usize> = HashMap::new();
    for part in wanted.iter().flat_map(Conjunction::parts) {
        *uses.entry(part).or_default() += 1;
    }
    let mut by_part: HashMap<&str, Vec<&Conjunction>> = HashMap::new();
    for conjunction in wanted {
        let rarest = conjunction
            .parts()
            .iter()
            .min_by_key(|part| uses[part.as_str()]);
        if let Some(rarest) = rarest {
            by_part.entry(rarest).or_default().push(conjunction);
        }
    }
    by_part
}

/// The rules for all that fits, and who does not fit, with its place among the tracks.
fn pack(asking: &[Asking], room: Room<'_>) -> (Vec<Wanted>, Vec<(usize, LeftOut)>) {
    let texts = |asking: &Asking| -> Vec<(String, bool)> {
        let texts = asking.alternatives.iter().map(Conjunction::to_string);
        texts
            .map(|text| (text.clone(), room.apart.contains(&text)))
            .collect()
    };
    let wanted: HashMap<String, bool> = asking.iter().flat_map(texts).collect();
    let mut packing = Packing::new(room.limits.max_chars, room.slots);
    for current in room.current {
        // A rule of ours that no longer parses is simply not kept; nor is one of an older version that asks for less than its alternatives.
        if let Some(standing) = asked(current, room.limits).ok().filter(|it| !it.is_wider) {
            let (kept, gone): (Vec<_>, Vec<_>) = standing
                .alternatives
                .iter()
                .map(Conjunction::to_string)
                .partition(|alternative| wanted.get(alternative) == Some(&false));
            packing.keep(kept, gone.is_empty().then_some(*current));
        }
    }
    let mut left_out = Vec::new();
    for (at, asking) in asking.iter().enumerate() {
        if let Err(chars) = packing.add(asking.track, &texts(asking)) {
            let Room { slots, limits, .. } = room;
            let max = limits.max_chars;
            let reason = format!(
                "no room is left for {chars} characters: X gives us {slots} rules of {max}; pause or narrow an earlier track, or ask X for more"
            );
            let track = asking.track;
            left_out.push((at, LeftOut { track, reason }));
        }
    }
    (packing.finish(), left_out)
}

#[cfg(test)]
mod tests;
