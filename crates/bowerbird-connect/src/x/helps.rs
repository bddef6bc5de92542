//! Says of tracks that found no room at X what would make some. Pure.
//!
//! Found by trying: tracks that have room are let go, the last in order first, until there is enough.

use bowerbird_core::plan::LeftOut;
use bowerbird_core::track::{Track, TrackDraft};

use super::packing::{Asked, Packing};
use super::slots::Without;

/// For so many tracks it is found out which others hold the room: each costs some attempts to pack, and who is to read more pauses some first.
const MOST_TRIED: usize = 10;
/// So many tracks are named.
const MOST_NAMED: usize = 3;

/// A plan that not all fit into.
pub(super) struct Full<'p> {
    /// What all ask for, in order.
    asking: &'p [(&'p Track, Vec<Asked>)],
    /// How it was packed.
    packing: &'p Packing,
    /// Who found no room.
    without: &'p [Without],
    /// Places of those that have room, the last first.
    placed: Vec<usize>,
}

impl<'p> Full<'p> {
    pub(super) fn new(
        asking: &'p [(&'p Track, Vec<Asked>)],
        packing: &'p Packing,
        without: &'p [Without],
    ) -> Self {
        let mut is_placed = vec![true; asking.len()];
        without.iter().for_each(|one| is_placed[one.at] = false);
        let placed = (0..asking.len()).rev().filter(|at| is_placed[*at]);
        Self {
            asking,
            packing,
            without,
            placed: placed.collect(),
        }
    }

    /// Everyone without room, where X gives so many rules of so many characters.
    pub(super) fn left_out(&self, slots: usize, max_chars: usize) -> Vec<LeftOut> {
        let left_out = self.without.iter().enumerate().map(|(nth, one)| {
            let chars = one.chars;
            let help = if nth < MOST_TRIED {
                self.help(one.at)
            } else {
                "to make room, pause or narrow an earlier track, or ask X for more rules".to_owned()
            };
            LeftOut {
                track: self.asking[one.at].0.id,
                reason: format!(
                    "no room is left for {chars} characters: X gives us {slots} rules of {max_chars}; {help}"
                ),
            }
        });
        left_out.collect()
    }

    /// What would make room for the track at this place.
    fn help(&self, at: usize) -> String {
        let (track, asked) = &self.asking[at];
        let more = match self.packing.slots_lacking(track.id, asked) {
            0 | 1 => "ask X for 1 rule more".to_owned(),
            lacking => format!("ask X for {lacking} rules more"),
        };
        if !self.fits_without(&self.placed, at) {
            return format!("it has more to ask for than all of them hold: narrow it, or {more}");
        }
        // With fewer let go there is not more room, so the least number is found by halving.
        let (mut too_few, mut enough) = (0, self.placed.len());
        while enough - too_few > 1 {
            let middle = usize::midpoint(too_few, enough);
            if self.fits_without(&self.placed[..middle], at) {
                enough = middle;
            } else {
                too_few = middle;
            }
        }
        let Some(&decisive) = self.placed[..enough].last() else {
            return format!("to make room, {more}");
        };
        let holders = if self.fits_without(&[decisive], at) {
            &self.placed[enough - 1..enough]
        } else {
            &self.placed[..enough]
        };
        let priority = self.asking[decisive].0.draft.priority;
        let is_beaten = decisive < at && TrackDraft::PRIORITIES.contains(&(priority + 1));
        let rise = if is_beaten {
            format!("give this one a priority above {priority}, ")
        } else {
            String::new()
        };
        format!(
            "to make room, pause or narrow {}, {rise}or {more}",
            self.named(holders)
        )
    }

    fn named(&self, places: &[usize]) -> String {
        let names: Vec<String> = places
            .iter()
            .take(MOST_NAMED)
            .map(|at| format!("`{}`", self.asking[*at].0.draft.name))
            .collect();
        match places.len() {
            1 => names.join(""),
            n if n <= MOST_NAMED => {
                let (last, others) = names.split_last().expect("there are several");
                format!("{} and {last}", others.join(", "))
            }
            n => format!("{n} tracks ({}, …)", names.join(", ")),
        }
    }

    /// Would there be room at this place without those?
    fn fits_without(&self, released: &[usize], at: usize) -> bool {
        let mut packing = self.packing.clone();
        for released in released {
            let (track, asked) = &self.asking[*released];
            packing.release(track.id, asked);
        }
        let (track, asked) = &self.asking[at];
        packing.add(track.id, asked).is_ok()
    }
}
