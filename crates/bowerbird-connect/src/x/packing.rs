//! Packs alternatives into as few rules as hold them. Pure.
//!
//! Rules that stand at X stay as they are while all they hold is wanted; new alternatives go into as few other rules as possible, so that a change of
//! tracks touches few rules.

use std::collections::HashMap;

use bowerbird_core::ids::TrackId;

/// Stands between alternatives.
pub(super) const OR: &str = " OR ";

/// A rule we want at X.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) value: String,
    /// The tracks that want it; never empty.
    pub(super) tracks: Vec<TrackId>,
    /// What it is put together of.
    pub(super) alternatives: Vec<Alternative>,
}

/// A part of a rule that brings posts by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Alternative {
    pub(super) text: String,
    /// The tracks that want it; none where it only stands at X beside what is wanted.
    pub(super) tracks: Vec<TrackId>,
}

/// Something a track asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) text: String,
    /// It gets a rule of its own.
    pub(super) alone: bool,
}

/// Rules being put together.
#[derive(Debug, Clone)]
pub(super) struct Packing {
    max_chars: usize,
    slots: usize,
    rules: Vec<Packed>,
    /// In which rule an alternative is.
    place: HashMap<String, usize>,
}

/// A rule being put together.
#[derive(Debug, Clone, Default)]
struct Packed {
    alternatives: Vec<Alternative>,
    /// Its length in characters.
    chars: usize,
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
        let new: Vec<Alternative> = alternatives
            .into_iter()
            .filter(|alternative| !self.place.contains_key(alternative))
            .map(Alternative::new)
            .collect();
        let fits = joined_chars(&new) <= self.max_chars && self.rules.len() < self.slots;
        if new.is_empty() || !fits {
            return;
        }
        let as_it_stands = text.filter(|_| new.len() == known).map(str::to_owned);
        for alternative in &new {
            self.place
                .insert(alternative.text.clone(), self.rules.len());
        }
        self.rules.push(Packed {
            chars: joined_chars(&new),
            alternatives: new,
            as_it_stands,
            ..Packed::default()
        });
    }

    /// Finds a place for all that a track asks for, or, where there is none, leaves everything as it was and says how many characters were to be placed.
    pub(super) fn add(&mut self, track: TrackId, asked: &[Asked]) -> Result<(), usize> {
        let new: Vec<&Asked> = asked
            .iter()
            .filter(|asked| !self.place.contains_key(&asked.text))
            .collect();
        let before = self.rules.len();
        let mut placed: Vec<(&str, usize, Option<String>)> = Vec::new();
        for asked in &new {
            let Some(rule) = self.room_for(asked) else {
                // The last first: so that each rule is again as it was before the first.
                for (text, rule, as_it_stood) in placed.into_iter().rev() {
                    self.take_out(text);
                    self.rules[rule].as_it_stands = as_it_stood;
                }
                self.rules.truncate(before);
                return Err(new.iter().map(|asked| asked.text.chars().count()).sum());
            };
            let as_it_stood = self.rules.get(rule);
            let as_it_stood = as_it_stood.and_then(|rule| rule.as_it_stands.clone());
            self.put(asked, rule);
            placed.push((asked.text.as_str(), rule, as_it_stood));
        }
        for asked in asked {
            let tracks = self.tracks_of(&asked.text);
            tracks.extend((tracks.last() != Some(&track)).then_some(track));
        }
        Ok(())
    }

    /// Lets go what only this track asked for.
    pub(super) fn release(&mut self, track: TrackId, asked: &[Asked]) {
        for asked in asked {
            if !self.place.contains_key(&asked.text) {
                continue;
            }
            let tracks = self.tracks_of(&asked.text);
            tracks.retain(|other| *other != track);
            if tracks.is_empty() {
                self.take_out(&asked.text);
            }
        }
    }

    /// How many rules more this would take than there is room for, were there no limit to their number.
    pub(super) fn slots_lacking(&self, track: TrackId, asked: &[Asked]) -> usize {
        let mut roomy = self.clone();
        roomy.slots = usize::MAX;
        // Without a limit there is always room, but for what is longer than a rule; that is never asked for.
        let _ = roomy.add(track, asked);
        roomy.rules.len().saturating_sub(self.slots)
    }

    /// The rules that some track asks for.
    pub(super) fn finish(mut self) -> Vec<Wanted> {
        self.rules.retain(Packed::is_asked_for);
        self.merge();
        self.rules.into_iter().map(Packed::into_wanted).collect()
    }

    fn tracks_of(&mut self, text: &str) -> &mut Vec<TrackId> {
        let rule = &mut self.rules[self.place[text]];
        let found = rule.alternatives.iter_mut().find(|one| one.text == text);
        &mut found.expect("what has a place is there").tracks
    }

    /// The rule to put an alternative into: one that is changed anyway, else the one with most room, else a new one.
    fn room_for(&self, asked: &Asked) -> Option<usize> {
        let chars = asked.text.chars().count();
        let fits = |at: &usize| {
            let rule = &self.rules[*at];
            let is_open = !(rule.is_closed || asked.alone) || rule.alternatives.is_empty();
            is_open && rule.chars_with(chars) <= self.max_chars
        };
        let open = (0..self.rules.len()).filter(fits);
        let best = open.min_by_key(|at| {
            let rule = &self.rules[*at];
            (rule.as_it_stands.is_some(), rule.chars)
        });
        best.or_else(|| (self.rules.len() < self.slots).then_some(self.rules.len()))
    }

    fn put(&mut self, asked: &Asked, at: usize) {
        if at == self.rules.len() {
            self.rules.push(Packed::default());
        }
        let rule = &mut self.rules[at];
        rule.chars = rule.chars_with(asked.text.chars().count());
        rule.alternatives.push(Alternative::new(asked.text.clone()));
        rule.is_closed = asked.alone;
        rule.as_it_stands = None;
        self.place.insert(asked.text.clone(), at);
    }

    fn take_out(&mut self, text: &str) {
        if let Some(at) = self.place.remove(text) {
            let rule = &mut self.rules[at];
            rule.alternatives.retain(|other| other.text != text);
            rule.chars = joined_chars(&rule.alternatives);
            rule.as_it_stands = None;
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
            rule.as_it_stands = None;
        }
    }
}

impl Alternative {
    fn new(text: String) -> Self {
        let tracks = Vec::new();
        Self { text, tracks }
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

    fn is_asked_for(&self) -> bool {
        self.alternatives
            .iter()
            .any(|alternative| !alternative.tracks.is_empty())
    }

    fn into_wanted(self) -> Wanted {
        let tracks = self.alternatives.iter().flat_map(|one| &one.tracks);
        let mut tracks: Vec<TrackId> = tracks.copied().collect();
        tracks.sort();
        tracks.dedup();
        let joined = || {
            let texts = self.alternatives.iter().map(|one| one.text.as_str());
            texts.collect::<Vec<_>>().join(OR)
        };
        Wanted {
            value: self.as_it_stands.clone().unwrap_or_else(joined),
            tracks,
            alternatives: self.alternatives,
        }
    }
}

fn joined_chars(alternatives: &[Alternative]) -> usize {
    let letters: usize = alternatives
        .iter()
        .map(|alternative| alternative.text.chars().count())
        .sum();
    letters + OR.len() * alternatives.len().saturating_sub(1)
}
