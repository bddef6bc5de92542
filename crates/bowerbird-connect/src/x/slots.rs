//! Fits tracks into the rules that X leaves us: which rules we want there, and which tracks go without. Pure.
//!
//! Each track asks for alternatives ([`Rule::upstream`]). What several tracks ask for is asked once; what another alternative brings anyway, not at all.
//! Tracks come by priority, then by age, and whoever finds no room is left out. How alternatives are packed into rules is [`super::packing`].

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use bowerbird_core::bill::{Held, Withheld};
use bowerbird_core::ids::SourceName;
use bowerbird_core::plan::LeftOut;
use bowerbird_core::rules::{Conjunction, Rule, Upstream, XLimits};
use bowerbird_core::time::Time;
use bowerbird_core::track::Track;

use super::helps::Full;
use super::packing::{Asked, Packing, Wanted};
use super::rules_api::Refusal;

/// Every tag of ours begins so; a rule whose tag does not is never touched.
pub(super) const OUR_TAG: &str = "bowerbird/";

/// What rules of ours are tagged with: how the plan was made that they belong to.
pub(super) const TAG: &str = "bowerbird/plan-2";

/// What is wanted, and what is not to be had.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) wanted: Vec<Wanted>,
    pub(super) left_out: Vec<LeftOut>,
    /// Was somebody left out for want of room?
    pub(super) is_full: bool,
    /// What is asked for and X has refused.
    pub(super) refused: Vec<String>,
    /// What is asked for and gets a rule of its own, also where there is no room for it.
    pub(super) apart: HashSet<String>,
}

/// What a plan must fit into.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room<'a> {
    pub(super) limits: &'a XLimits,
    /// How many rules we may have.
    pub(super) slots: usize,
    /// The texts of our rules at X.
    pub(super) current: &'a [&'a str],
    /// Alternatives that get rules of their own, as X refused a rule with one of them and did not say which.
    pub(super) apart: &'a HashSet<String>,
    /// The texts of rules that X refused, and why.
    pub(super) refused: &'a HashMap<String, Refusal>,
    /// Who must wait, as a budget is spent.
    pub(super) withheld: &'a Withheld,
}

impl Room<'_> {
    /// Why X refused a rule for its own sake, if it did.
    fn refusal(&self, text: &str) -> Option<&str> {
        let refusal = self.refused.get(text).filter(|refusal| !refusal.may_pass);
        refusal.map(|refusal| refusal.reason.as_str())
    }
}

/// What one track asks for.
struct Asking<'t> {
    track: &'t Track,
    alternatives: Vec<Conjunction>,
}

/// Fits the tracks of one source into the room there is.
pub(super) fn plan(tracks: &[Track], source: &SourceName, now: Time, room: Room<'_>) -> Plan {
    let mut left_out = Vec::new();
    let mut asking = Vec::new();
    for track in in_order(tracks, source, now) {
        if let Some(held) = room.withheld.get(track.id) {
            left_out.push(waits(track, held));
            continue;
        }
        match asked(&track.draft.rule, room.limits) {
            Ok(upstream) => asking.push(Asking {
                track,
                alternatives: upstream.alternatives,
            }),
            Err(reason) => left_out.push(LeftOut {
                track: track.id,
                reason,
            }),
        }
    }
    share(&mut asking, room);
    let mut asking: Vec<(&Track, Vec<Asked>)> = asking.iter().map(|one| one.texts(room)).collect();
    let apart = asking.iter().flat_map(|(_, asked)| asked);
    let apart = apart.filter(|asked| asked.alone);
    let apart = apart.map(|asked| asked.text.clone()).collect();
    let refused = take_refused(&mut asking, room, &mut left_out);
    let mut packed = pack(&asking, room);
    if !packed.without.is_empty() {
        // What stands at X may hold places that earlier tracks need: then all is packed anew, in order.
        let anew = Room {
            current: &[],
            ..room
        };
        let other = pack(&asking, anew);
        if order(&other.without).gt(order(&packed.without)) {
            packed = other;
        }
    }
    let is_full = !packed.without.is_empty();
    if is_full {
        let full = Full::new(&asking, &packed.packing, &packed.without);
        left_out.extend(full.left_out(room.slots, room.limits.max_chars));
    }
    let wanted = packed.packing.finish();
    Plan {
        wanted,
        left_out,
        is_full,
        refused,
        apart,
    }
}

/// A track that X is not asked for until there is money again.
fn waits(track: &Track, held: &Held) -> LeftOut {
    let until = match held.until {
        Some(until) => format!("asked for again at {until}"),
        None => "a higher limit would help".to_owned(),
    };
    LeftOut {
        track: track.id,
        reason: format!("{}; {until}", held.reason),
    }
}

/// Takes out what X has refused already, and says whose it is.
fn take_refused(
    asking: &mut [(&Track, Vec<Asked>)],
    room: Room<'_>,
    left_out: &mut Vec<LeftOut>,
) -> Vec<String> {
    let mut refused = Vec::new();
    for (track, asked) in asking.iter_mut().filter(|_| !room.refused.is_empty()) {
        let mut reason = None;
        asked.retain(|asked| {
            let refusal = room.refusal(&asked.text);
            refused.extend(refusal.map(|_| asked.text.clone()));
            reason = reason.or(refusal);
            refusal.is_none()
        });
        left_out.extend(reason.map(|reason| LeftOut {
            track: track.id,
            reason: reason.to_owned(),
        }));
    }
    refused
}

/// The tracks that ask for something now: those of higher priority first, then the older ones.
pub(super) fn in_order<'a>(tracks: &'a [Track], source: &SourceName, now: Time) -> Vec<&'a Track> {
    let mut listening: Vec<&Track> = tracks
        .iter()
        .filter(|track| listens(track, source) && track.draft.is_active(now))
        .collect();
    listening.sort_by_key(|track| (Reverse(track.draft.priority), track.created_at, track.id));
    listening
}

/// The places of tracks that are left out, for comparing: later places are better, and none is best.
fn order(without: &[Without]) -> impl Iterator<Item = usize> {
    without.iter().map(|one| one.at).chain([usize::MAX])
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
pub(super) fn asked(rule: &str, limits: &XLimits) -> Result<Upstream, String> {
    Rule::parse(rule)
        .and_then(|rule| rule.upstream(limits))
        .map_err(|error| format!("X can't be asked for it: {error}"))
}

impl<'t> Asking<'t> {
    /// Whose it is, and what is asked for as X is sent it.
    fn texts(&self, room: Room<'_>) -> (&'t Track, Vec<Asked>) {
        let texts = self.alternatives.iter().map(Conjunction::to_string);
        let asked = texts.map(|text| Asked {
            alone: room.apart.contains(&text),
            text,
        });
        (self.track, asked.collect())
    }
}

/// Puts in place of each alternative the widest one wanted that brings all it would, unless X has refused that one.
fn share(asking: &mut [Asking<'_>], room: Room<'_>) {
    let all = asking.iter().flat_map(|asking| &asking.alternatives);
    let may_come = |alternative: &Conjunction| {
        room.refused.is_empty() || room.refusal(&alternative.to_string()).is_none()
    };
    let wanted: HashSet<Conjunction> = all
        .filter(|alternative| may_come(alternative))
        .cloned()
        .collect();
    let by_part = by_rarest_part(&wanted);
    for asking in asking {
        for alternative in &mut asking.alternatives {
            let widest = covering(&by_part, alternative)
                .min_by_key(|wanted| (wanted.parts().len(), wanted.parts()));
            if let Some(widest) = widest {
                *alternative = widest.clone();
            }
        }
        asking.alternatives.sort();
        asking.alternatives.dedup();
    }
}

/// Alternatives by that part of each that the fewest have: who looks for what covers something need only look under its parts.
pub(super) type ByRarestPart<'a> = HashMap<&'a str, Vec<&'a Conjunction>>;

/// All that is wanted, by its rarest part.
pub(super) fn by_rarest_part(wanted: &HashSet<Conjunction>) -> ByRarestPart<'_> {
    let mut uses: HashMap<&str, usize> = HashMap::new();
    for part in wanted.iter().flat_map(Conjunction::parts) {
        *uses.entry(part).or_default() += 1;
    }
    let mut by_part = ByRarestPart::new();
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

/// Of those, the ones that bring all that `alternative` would.
pub(super) fn covering<'a>(
    by_part: &ByRarestPart<'a>,
    alternative: &Conjunction,
) -> impl Iterator<Item = &'a Conjunction> {
    let parts = alternative.parts().iter();
    let near = parts.filter_map(|part| by_part.get(part.as_str()));
    near.flatten()
        .filter(|wanted| wanted.covers(alternative))
        .copied()
}

/// The place of a track that found no room.
#[derive(Debug, Clone, Copy)]
pub(super) struct Without {
    /// Its place in the order.
    pub(super) at: usize,
    /// How many characters were to be placed.
    pub(super) chars: usize,
}

/// All that fits, and who does not.
struct PackedTracks {
    packing: Packing,
    without: Vec<Without>,
}

fn pack(asking: &[(&Track, Vec<Asked>)], room: Room<'_>) -> PackedTracks {
    let all = asking.iter().flat_map(|(_, asked)| asked);
    let shared = all.filter(|asked| !asked.alone);
    let shared: HashSet<&str> = shared.map(|asked| asked.text.as_str()).collect();
    let mut packing = Packing::new(room.limits.max_chars, room.slots);
    let mut in_part = Vec::new();
    for current in room.current {
        // A rule of ours that no longer parses is simply not kept; nor is one of an older version that asks for less than its alternatives.
        if let Some(standing) = asked(current, room.limits).ok().filter(|it| !it.is_wider) {
            let texts = standing.alternatives.iter().map(Conjunction::to_string);
            let (kept, gone): (Vec<_>, Vec<_>) =
                texts.partition(|alternative| shared.contains(alternative.as_str()));
            if gone.is_empty() {
                packing.keep(kept, Some(current));
            } else {
                in_part.push(kept);
            }
        }
    }
    // What stands whole comes first: another rule may hold the same and more, after a change that was cut off.
    in_part
        .into_iter()
        .for_each(|kept| packing.keep(kept, None));
    let mut without = Vec::new();
    for (at, (track, asked)) in asking.iter().enumerate() {
        if let Err(chars) = packing.add(track.id, asked) {
            without.push(Without { at, chars });
        }
    }
    PackedTracks { packing, without }
}

#[cfg(test)]
mod tests;
