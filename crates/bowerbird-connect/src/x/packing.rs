//! Packs alternatives into as few rules as hold them. Pure.
//!
//! Rules that stand at X stay as they are while all they hold is wanted; new alternatives go into as few other rules as possible, so that a change of
//! tracks touches few rules.

use std::collections::HashMap;

use bowerbird_core::ids::TrackId;

/// Stands between alternatives.
const OR: &str = " OR ";

/// A rule we want at X.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) value: String,
    /// The tracks that want it; never empty.
    pub(super) tracks: Vec<TrackId>,
    /// What it is put together of.
    pub(super) alternatives: Vec<String>,
}

/// Rules being put together.
#[derive(Debug)]
pub(super) struct Packing {
    max_chars: usize,
    slots: usize,
    rules: Vec<Packed>,
    /// In which rule an alternative is.
    place: HashMap<String, usize>,
}

/// A rule being put together.
#[derive(Debug, Default)]
struct Packed {
    alternatives: Vec<String>,
    /// Its length in characters.
    chars: usize,
    tracks: Vec<TrackId>,
    /// Its text at X, while it is as it was.
    as_it_stands: Option<String>,
    /// Nothing may be added.
    is_closed: bool,
}

impl Packing {
    /// Room for so many rules of so many characters.
    pub(super) fn new(max_chars: usize, slots: usize) -> Self {
        Self {
            max_chars,
            slots,
            rules: Vec::new(),
            place: HashMap::new(),
        }
    }

    /// Takes up what is still wanted of a rule that stands at X; `text` is its text if that is all of it.
    pub(super) fn keep(&mut self, alternatives: Vec<String>, text: Option<&str>) {
        let known = alternatives.len();
        let new: Vec<String> = alternatives
            .into_iter()
            .filter(|alternative| !self.place.contains_key(alternative))
            .collect();
        let fits = joined_chars(&new) <= self.max_chars && self.rules.len() < self.slots;
        if new.is_empty() || !fits {
            return;
        }
        let as_it_stands = text.filter(|_| new.len() == known).map(str::to_owned);
        for alternative in &new {
            self.place.insert(alternative.clone(), self.rules.len());
        }
        self.rules.push(Packed {
            chars: joined_chars(&new),
            alternatives: new,
            as_it_stands,
            ..Packed::default()
        });
    }

    /// Finds a place for all that a track asks for (`true`: in a rule of its own), or, where there is none, changes nothing and says how many characters
    /// were to be placed.
    pub(super) fn add(
        &mut self,
        track: TrackId,
        alternatives: &[(String, bool)],
    ) -> Result<(), usize> {
        let new: Vec<&(String, bool)> = alternatives
            .iter()
            .filter(|(alternative, _)| !self.place.contains_key(alternative))
            .collect();
        let mut placed = Vec::new();
        for (alternative, apart) in &new {
            let Some(rule) = self.room_for(alternative, *apart) else {
                for alternative in placed {
                    self.take_out(alternative);
                }
                return Err(new
                    .iter()
                    .map(|(alternative, _)| alternative.chars().count())
                    .sum());
            };
            self.put(alternative, rule, *apart);
            placed.push(alternative);
        }
        for (alternative, _) in alternatives {
            let tracks = &mut self.rules[self.place[alternative]].tracks;
            if tracks.last() != Some(&track) {
                tracks.push(track);
            }
        }
        Ok(())
    }

    /// The rules that some track asks for.
    pub(super) fn finish(mut self) -> Vec<Wanted> {
        self.rules.retain(|rule| !rule.tracks.is_empty());
        self.merge();
        self.rules.into_iter().map(Packed::into_wanted).collect()
    }

    /// The rule to put an alternative into: one that is changed anyway, else the one with most room, else a new one.
    fn room_for(&self, alternative: &str, apart: bool) -> Option<usize> {
        let chars = alternative.chars().count();
        let fits = |at: &usize| {
            let rule = &self.rules[*at];
            let is_open = !rule.is_closed && (!apart || rule.alternatives.is_empty());
            is_open && rule.chars_with(chars) <= self.max_chars
        };
        let open = (0..self.rules.len()).filter(fits);
        let best = open.min_by_key(|at| {
            (
                self.rules[*at].as_it_stands.is_some(),
                self.rules[*at].chars,
            )
        });
        best.or_else(|| (self.rules.len() < self.slots).then_some(self.rules.len()))
    }

    fn put(&mut self, alternative: &str, at: usize, is_closed: bool) {
        if at == self.rules.len() {
            self.rules.push(Packed::default());
        }
        let rule = &mut self.rules[at];
        rule.chars = rule.chars_with(alternative.chars().count());
        rule.alternatives.push(alternative.to_owned());
        rule.is_closed = is_closed;
        rule.as_it_stands = None;
        self.place.insert(alternative.to_owned(), at);
    }

    fn take_out(&mut self, alternative: &str) {
        if let Some(at) = self.place.remove(alternative) {
            let rule = &mut self.rules[at];
            rule.alternatives.retain(|other| other != alternative);
            rule.chars = joined_chars(&rule.alternatives);
            rule.is_closed = false;
        }
    }

    /// Puts the two shortest rules together for as long as they fit into one.
    fn merge(&mut self) {
        loop {
            let mut open: Vec<usize> = (0..self.rules.len())
                .filter(|at| !self.rules[*at].is_closed)
                .collect();
            open.sort_by_key(|at| self.rules[*at].chars);
            let (Some(&first), Some(&second)) = (open.first(), open.get(1)) else {
                return;
            };
            if self.rules[first].chars_with(self.rules[second].chars) > self.max_chars {
                return;
            }
            let (into, from) = (first.min(second), first.max(second));
            let from = self.rules.remove(from);
            let rule = &mut self.rules[into];
            rule.chars = rule.chars_with(from.chars);
            rule.alternatives.extend(from.alternatives);
            rule.tracks.extend(from.tracks);
            rule.as_it_stands = None;
        }
    }
}

impl Packed {
    /// Its length with so many characters more.
    fn chars_with(&self, more: usize) -> usize {
        match self.chars {
            0 => more,
            chars => chars + OR.len() + more,
        }
    }

    fn into_wanted(mut self) -> Wanted {
        self.tracks.sort();
        self.tracks.dedup();
        Wanted {
            value: self
                .as_it_stands
                .unwrap_or_else(|| self.alternatives.join(OR)),
            tracks: self.tracks,
            alternatives: self.alternatives,
        }
    }
}

fn joined_chars(alternatives: &[String]) -> usize {
    let letters: usize = alternatives
        .iter()
        .map(|alternative| alternative.chars().count())
        .sum();
    letters + OR.len() * alternatives.len().saturating_sub(1)
}
