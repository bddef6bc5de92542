//! The live set of rules: changed by some, read by many, and never in one another's way.
//!
//! A [`Snapshot`] is a finished set that never changes; a change builds the next one and swaps it in. Inside, each rule
//! that cannot match without one of a few words hangs on those words, so a post is only tried on rules that have a
//! chance. A change costs time in proportion to the whole set: right for thousands of rules, not for a million.

mod anchors;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use rustc_hash::FxHashMap;

use crate::doc::Doc;
use crate::rule::Rule;
use crate::tokenized::{DocTokens, Needs, View};

/// The live set.
pub struct RuleSet {
    /// What the next snapshot is built from; held only while changing.
    rules: Mutex<BTreeMap<u64, Arc<Rule>>>,
    snapshot: ArcSwap<Snapshot>,
}

impl Default for RuleSet {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RuleSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuleSet")
            .field("len", &self.snapshot.load().len())
            .finish_non_exhaustive()
    }
}

impl RuleSet {
    /// A set without rules.
    pub fn new() -> Self {
        Self {
            rules: Mutex::default(),
            snapshot: ArcSwap::from_pointee(Snapshot::default()),
        }
    }

    /// Adds a rule, in place of the one with the same key.
    pub fn insert(&self, key: u64, rule: Arc<Rule>) {
        self.change(|rules| rules.insert(key, rule));
    }

    /// Removes a rule, and says whether it was there.
    pub fn remove(&self, key: u64) -> bool {
        self.change(|rules| rules.remove(&key)).is_some()
    }

    /// Puts `rules` in place of the whole set, in one step.
    pub fn replace(&self, rules: impl IntoIterator<Item = (u64, Arc<Rule>)>) {
        let new: BTreeMap<_, _> = rules.into_iter().collect();
        self.change(|rules| *rules = new);
    }

    /// The set as it is now; later changes do not show in it.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    fn change<T>(&self, change: impl FnOnce(&mut BTreeMap<u64, Arc<Rule>>) -> T) -> T {
        // A panic cannot have left half a change: each is one call of the map.
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut rules);
        self.snapshot.store(Arc::new(Snapshot::new(&rules)));
        result
    }
}

/// A set of rules that never changes.
#[derive(Default)]
pub struct Snapshot {
    /// In ascending order of their keys.
    rules: Vec<(u64, Arc<Rule>)>,
    /// Which rules (by their place in `rules`) a word, tag or account calls up.
    by_anchor: FxHashMap<u64, Vec<u32>>,
    /// Rules that may match any post.
    always: Vec<u32>,
    /// What the rules ask of a post.
    needs: Needs,
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

impl Snapshot {
    fn new(rules: &BTreeMap<u64, Arc<Rule>>) -> Self {
        let mut snapshot = Self::default();
        for (&key, rule) in rules {
            let place = u32::try_from(snapshot.rules.len())
                .expect("four thousand million rules do not fit in memory");
            match anchors::of_rule(rule.expr()) {
                Some(mut anchors) => {
                    anchors.sort_unstable();
                    anchors.dedup();
                    for anchor in anchors {
                        snapshot.by_anchor.entry(anchor).or_default().push(place);
                    }
                }
                None => snapshot.always.push(place),
            }
            snapshot.needs = snapshot.needs.or(Needs::of(rule.expr()));
            snapshot.rules.push((key, Arc::clone(rule)));
        }
        snapshot
    }

    /// Fills `out` with the keys of all rules that `doc` matches, in ascending order; what it held is dropped.
    pub fn matches(&self, doc: &Doc<'_>, scratch: &mut Scratch, out: &mut Vec<u64>) {
        out.clear();
        if self.rules.is_empty() {
            return;
        }
        scratch.tokens.fill(doc, self.needs);
        self.collect_candidates(doc, scratch);
        let view = View {
            doc,
            tokens: &scratch.tokens,
        };
        for &place in &scratch.candidates {
            let (key, rule) = &self.rules[place as usize];
            if rule.matches_view(view) {
                out.push(*key);
            }
        }
    }

    /// The rules that have a chance, each once and in order.
    fn collect_candidates(&self, doc: &Doc<'_>, scratch: &mut Scratch) {
        let Scratch {
            tokens,
            candidates,
            features,
        } = scratch;
        candidates.clear();
        candidates.extend_from_slice(&self.always);
        if !self.by_anchor.is_empty() {
            features.clear();
            features.extend(tokens.text_hashes());
            anchors::of_doc(doc, features);
            for anchor in &*features {
                if let Some(places) = self.by_anchor.get(anchor) {
                    candidates.extend_from_slice(places);
                }
            }
        }
        candidates.sort_unstable();
        candidates.dedup();
    }

    /// The rules and their keys, in ascending order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &Arc<Rule>)> {
        self.rules.iter().map(|(key, rule)| (*key, rule))
    }

    /// The rule with this key.
    pub fn get(&self, key: u64) -> Option<&Arc<Rule>> {
        let place = self
            .rules
            .binary_search_by_key(&key, |(key, _)| *key)
            .ok()?;
        Some(&self.rules[place].1)
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}

/// The memory that matching needs, kept from post to post so that nothing is allocated anew.
#[derive(Debug, Default)]
pub struct Scratch {
    tokens: DocTokens,
    candidates: Vec<u32>,
    features: Vec<u64>,
}

impl Scratch {
    /// Empty; it grows with the first posts.
    pub fn new() -> Self {
        Self::default()
    }
}

#[cfg(test)]
mod tests;
