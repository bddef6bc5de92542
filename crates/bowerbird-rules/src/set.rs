//! The live set of rules: a million of them against each post in one pass, changed by some, read by many, and never in one
//! another's way.
//!
//! Each rule hangs on the rarest features it cannot match without ([`anchors`]): a word, a few words in a row, a tag, an
//! account. A post offers its features ([`offer`]); a [`filter`] drops those that no rule hangs on; what is left finds its
//! rules in a [`trie`], and each rule found is checked exactly. So the work for a post is bounded by its tokens, the rules
//! found and what checking them takes, however many rules there are.
//!
//! A [`Snapshot`] never changes. A change makes the next one, sharing with the last all but a few small nodes.

mod anchors;
mod census;
mod feature;
mod filter;
mod glance;
mod grid;
mod leaf;
mod offer;
mod program;
mod trie;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use rustc_hash::FxHashMap;

pub(crate) use anchors::is_indexed;
use anchors::{Check, Hooks, count_words, of_rule};
use census::Census;
use filter::Filter;
use leaf::{Found, FoundTest, Guess, Posting, Test};
use offer::{Asked, Hit, Offer};
use trie::Node;

use crate::doc::Doc;
use crate::rule::Rule;
use crate::tokenized::View;

/// The live set.
pub struct RuleSet {
    writer: Mutex<Writer>,
    snapshot: ArcSwap<Snapshot>,
}

/// What only those who change the set need.
#[derive(Default)]
struct Writer {
    /// The feature each rule hangs on, by the rule's key.
    one: FxHashMap<u64, u64>,
    /// The features of rules that do not hang on exactly one.
    several: FxHashMap<u64, Box<[u64]>>,
    census: Census,
    /// How many features the filter has been told, and of how many rows that a longer one begins with them.
    told: usize,
    /// Each row of words that a rule hangs on, with each shorter row it begins with.
    starts: Vec<(u64, u64)>,
    next: Snapshot,
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
            writer: Mutex::default(),
            snapshot: ArcSwap::from_pointee(Snapshot::default()),
        }
    }

    /// Adds a rule, in place of the one with the same key.
    pub fn insert(&self, key: u64, rule: &Arc<Rule>) {
        self.change(|writer| writer.insert(key, rule));
    }

    /// Removes a rule, and says whether it was there.
    pub fn remove(&self, key: u64) -> bool {
        self.change(|writer| writer.remove(key))
    }

    /// Puts `rules` in place of the whole set, in one step. Of rules with one key, the last counts.
    pub fn replace(&self, rules: impl IntoIterator<Item = (u64, Arc<Rule>)>) {
        let mut rules: Vec<_> = rules.into_iter().collect();
        rules.reverse();
        rules.sort_by_key(|(key, _)| *key);
        rules.dedup_by_key(|(key, _)| *key);
        let new = Writer::of(&rules);
        self.change(|writer| *writer = new);
    }

    /// The set as it is now; later changes do not show in it.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// About how many bytes the set takes, without the trees of rules that keep theirs.
    pub fn memory_bytes(&self) -> usize {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        // A table has a byte for each place, and an eighth more places than it may fill.
        let table = |places: usize, entry: usize| places * 8 / 7 * (entry + 1);
        let several: usize = writer.several.values().map(|all| size_of_val(&**all)).sum();
        table(writer.one.capacity(), size_of::<(u64, u64)>())
            + table(writer.several.capacity(), size_of::<(u64, Box<[u64]>)>())
            + several
            + writer.starts.capacity() * size_of::<(u64, u64)>()
            + writer.next.filter.memory_bytes()
            + writer.next.root.memory_bytes()
    }

    fn change<T>(&self, change: impl FnOnce(&mut Writer) -> T) -> T {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut writer);
        self.snapshot.store(Arc::new(writer.next.clone()));
        result
    }
}

impl Writer {
    /// A set made at once: quicker than one rule after the other, and with a better idea of what is rare.
    fn of(rules: &[(u64, Arc<Rule>)]) -> Self {
        let mut writer = Self::default();
        for (_, rule) in rules {
            count_words(rule.expr(), &mut writer.census);
        }
        let mut postings = Vec::with_capacity(rules.len());
        for (key, rule) in rules {
            let hooks = of_rule(rule, &writer.census);
            writer.note(*key, &hooks);
            postings.extend(postings_of(*key, rule, hooks));
        }
        postings.sort_unstable_by_key(Posting::order);
        writer.next.root = Node::new(&postings);
        writer.renew_filter();
        writer
    }

    fn insert(&mut self, key: u64, rule: &Arc<Rule>) {
        self.remove(key);
        count_words(rule.expr(), &mut self.census);
        let hooks = of_rule(rule, &self.census);
        let known = self.starts.len();
        self.note(key, &hooks);
        self.told += hooks.hooks.len() + self.starts.len() - known;
        self.starts[known..]
            .iter()
            .for_each(|&(_, start)| self.next.filter.set_start(start));
        for posting in postings_of(key, rule, hooks) {
            self.next.root.insert(&posting);
            self.next.filter.set(posting.feature);
        }
        if self.told > self.next.filter.room() {
            self.renew_filter();
        }
    }

    /// Remembers where a rule hangs, and what must be looked for from now on.
    fn note(&mut self, key: u64, hooks: &Hooks) {
        match hooks.hooks.as_slice() {
            [only] => {
                self.one.insert(key, only.feature);
            }
            several => {
                let features = several.iter().map(|hook| hook.feature).collect();
                self.several.insert(key, features);
            }
        }
        for hook in &hooks.hooks {
            let starts = hook.starts.iter().map(|&start| (hook.feature, start));
            self.starts.extend(starts);
        }
        self.next.asked = self.next.asked.or(hooks.asked);
        self.next.len += 1;
    }

    /// A filter of the size that what hangs in the trie now needs; what nothing hangs on any more is forgotten.
    fn renew_filter(&mut self) {
        let mut features = Vec::new();
        self.next
            .root
            .features(&mut |feature| features.push(feature));
        features.dedup();
        self.starts
            .retain(|(row, _)| features.binary_search(row).is_ok());
        self.starts.sort_unstable();
        self.starts.dedup();
        self.told = features.len() + self.starts.len();
        // With some room, so that as many changes pass before the next one.
        let filter = Filter::for_features(self.told + self.told / 8);
        features.iter().for_each(|&feature| filter.set(feature));
        self.starts
            .iter()
            .for_each(|&(_, start)| filter.set_start(start));
        self.next.filter = Arc::new(filter);
    }

    fn remove(&mut self, key: u64) -> bool {
        let root = &mut self.next.root;
        if let Some(feature) = self.one.remove(&key) {
            root.remove(feature, key);
        } else if let Some(features) = self.several.remove(&key) {
            features
                .iter()
                .for_each(|&feature| root.remove(feature, key));
        } else {
            return false;
        }
        self.next.len -= 1;
        true
    }
}

fn postings_of(key: u64, rule: &Arc<Rule>, hooks: Hooks) -> impl Iterator<Item = Posting> {
    hooks.hooks.into_iter().map(move |hook| Posting {
        feature: hook.feature,
        rule: key,
        test: match hook.check {
            Check::Text(kind, text) => Test::Is(kind, text),
            Check::Program(program) => Test::Runs(hook.guards, program),
            Check::Tree => Test::Holds(hook.guards, Arc::clone(rule)),
        },
    })
}

/// Features whose rules are sought together.
const AT_ONCE: usize = 32;

/// A set of rules that never changes.
#[derive(Clone, Default)]
pub struct Snapshot {
    root: Node,
    /// Shared with later snapshots, which only add to it.
    filter: Arc<Filter>,
    asked: Asked,
    len: usize,
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

impl Snapshot {
    /// Fills `out` with the keys of all rules that `doc` matches, in ascending order; what it held is dropped.
    pub fn matches(&self, doc: &Doc<'_>, scratch: &mut Scratch, out: &mut Vec<u64>) {
        out.clear();
        if self.len == 0 {
            return;
        }
        let Scratch { offer, tried } = scratch;
        offer.fill(doc, &self.asked, &self.filter);
        *tried = 0;
        if offer.hits.as_slice().is_empty() {
            return;
        }
        let offer = &*offer;
        let view = View {
            doc,
            tokens: &offer.tokens,
        };
        for hits in offer.hits.as_slice().chunks(AT_ONCE) {
            let mut spots = [(self.root.spot(0), Guess::default()); AT_ONCE];
            for (hit, (spot, _)) in hits.iter().zip(&mut spots) {
                *spot = self.root.spot(hit.feature);
            }
            for (hit, (spot, guess)) in hits.iter().zip(&mut spots) {
                *guess = spot.approach(hit.feature);
            }
            for (hit, (spot, guess)) in hits.iter().zip(spots) {
                spot.visit(hit.feature, guess, &mut |found| {
                    *tried += 1;
                    if holds(&found, hit, offer, view) {
                        out.push(found.rule);
                    }
                });
            }
        }
        out.sort_unstable();
        out.dedup();
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// Does a rule found by one of the post's features match?
fn holds(found: &Found<'_>, hit: &Hit, offer: &Offer, view: View<'_>) -> bool {
    match found.test {
        FoundTest::Is(kind, text) => offer.is(hit, kind, text),
        FoundTest::Runs(guards, program) => {
            offer.present.has_all(guards) && program::run(program, offer, view.doc)
        }
        FoundTest::Holds(guards, rule) => offer.present.has_all(guards) && rule.matches_view(view),
    }
}

/// The memory that matching needs, kept from post to post so that nothing is allocated anew.
#[derive(Debug, Default)]
pub struct Scratch {
    offer: Offer,
    /// How many rules the last post was tried on.
    tried: usize,
}

impl Scratch {
    /// Empty; it grows with the first posts.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many features of the last post were asked for, and on how many rules it was tried: what matching it took.
    pub fn work(&self) -> (usize, usize) {
        (self.offer.asked, self.tried)
    }
}

#[cfg(test)]
mod tests;
