//! Shows how tracks share X's rules, from what the running source knows of X. Asks X nothing.

use std::collections::HashMap;
use std::sync::Arc;

use bowerbird_core::ids::{SourceName, TrackId};
use bowerbird_core::plan::{Planner, SlotPlan, SlotRoom, SlotRule, TrackShare};
use bowerbird_core::rules::XLimits;
use bowerbird_core::time::Time;
use bowerbird_core::track::Track;

use super::config::XStatus;
use super::packing::Wanted;
use super::slots::in_order;
use super::standing::Standing;

/// Plans for a source of this room; `status` is where its connection notes what it knows.
pub fn planner(source: SourceName, room: SlotRoom, status: Arc<XStatus>) -> Planner {
    let name = source.clone();
    Planner::new(source, move |tracks, now| {
        let standing = status.standing();
        let mut plan = shown(&name, room, &standing, tracks, now);
        plan.note = match standing.at {
            None => {
                "made from nothing: this process has not heard from X which rules it has".to_owned()
            }
            Some(_) => status.report().problem,
        };
        plan
    })
}

/// The plan of a source that X would give this room, if X had none of our rules.
pub fn assumed_plan(source: &SourceName, room: SlotRoom, tracks: &[Track], now: Time) -> SlotPlan {
    SlotPlan {
        note: "made from nothing, for the room that was asked about".to_owned(),
        ..shown(source, room, &Standing::default(), tracks, now)
    }
}

/// What the tracks would have at X, and what is to be done there for it.
fn shown(
    source: &SourceName,
    room: SlotRoom,
    standing: &Standing,
    tracks: &[Track],
    now: Time,
) -> SlotPlan {
    let limits = XLimits {
        max_chars: room.max_chars,
        ..XLimits::STREAM
    };
    let plan = standing.plan(tracks, source, now, &limits, room.slots);
    let there = standing.texts();
    let rules = plan.wanted.iter().map(|wanted| SlotRule {
        rule: wanted.value.clone(),
        chars: wanted.value.chars().count(),
        tracks: wanted.tracks.clone(),
        stands: there.contains(wanted.value.as_str()),
    });
    let foreign = standing.foreign();
    let unwanted = standing.unwanted(&plan.wanted).into_iter();
    let order = in_order(tracks, source, now);
    let places: HashMap<TrackId, usize> = order.iter().map(|track| track.id).zip(0..).collect();
    let mut left_out = standing.known.left_out(&plan);
    left_out.sort_by_key(|left_out| places.get(&left_out.track).copied());
    SlotPlan {
        source: source.clone(),
        service: "X".to_owned(),
        listed_at: standing.at,
        note: String::new(),
        slots: room.slots,
        max_chars: room.max_chars,
        foreign,
        free: room.slots.saturating_sub(foreign + plan.wanted.len()),
        rules: rules.collect(),
        delete: unwanted.map(|rule| rule.value.clone()).collect(),
        shares: shares(&plan.wanted, &order),
        left_out,
    }
}

/// What each track has of the rules, in order. What several ask for is shared in equal parts, what only stands beside it is nobody's.
fn shares(wanted: &[Wanted], order: &[&Track]) -> Vec<TrackShare> {
    let mut shares: HashMap<TrackId, (usize, f64, usize)> = HashMap::new();
    for wanted in wanted {
        let asked = wanted
            .alternatives
            .iter()
            .filter(|it| !it.tracks.is_empty());
        let asked: Vec<(&[TrackId], usize)> = asked
            .map(|it| (it.tracks.as_slice(), it.text.chars().count()))
            .collect();
        let all: usize = asked.iter().map(|(_, chars)| chars).sum();
        for track in &wanted.tracks {
            shares.entry(*track).or_default().0 += 1;
        }
        for (tracks, chars) in asked {
            let part = chars as f64 / (all.max(1) as f64 * tracks.len() as f64);
            for track in tracks {
                let (_, share, its_chars) = shares.entry(*track).or_default();
                *share += part;
                *its_chars += chars;
            }
        }
    }
    let share = |track: &&Track| {
        let (slots, share, chars) = shares.get(&track.id).copied()?;
        Some(TrackShare {
            track: track.id,
            name: track.draft.name.clone(),
            priority: track.draft.priority,
            slots,
            share,
            chars,
        })
    };
    order.iter().filter_map(share).collect()
}

#[cfg(test)]
mod tests;
