//! In which order rules are changed at X, so that as little as possible is not listened for meanwhile. Pure; [`super::reconcile`] carries it out.
//!
//! Where there is room, all is added first, and what nobody wants is deleted when everything that takes its place stands. Where there is not, rules go in
//! small steps: first those whose posts others bring already, then those that bring least, and what takes their place follows at once.

use std::collections::{HashMap, HashSet};

use bowerbird_core::rules::{Conjunction, XLimits};

use super::packing::Wanted;
use super::rules_api::Rule;
use super::slots::{asked, by_rarest_part, covering};
use super::standing::Standing;

/// A plan that does not fit beside what stands is carried out in about so many steps: each is two of the hundred calls that X allows in a quarter of an hour.
const STEPS: usize = 30;

/// Rules at X, and those wanted there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change<'a> {
    pub(super) standing: &'a Standing,
    pub(super) wanted: &'a [Wanted],
    /// How many rules X allows us and others.
    pub(super) max_rules: usize,
    pub(super) limits: &'a XLimits,
}

/// What to do next: delete, then add.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Step {
    /// Ids of rules.
    pub(super) delete: Vec<String>,
    /// Indices of wanted rules.
    pub(super) add: Vec<usize>,
    /// Is something that is wanted not listened for between the two?
    pub(super) leaves_a_hole: bool,
}

/// What is still to be done.
#[derive(Debug)]
pub(super) struct Steps {
    /// Indices of wanted rules that do not stand yet.
    pending: Vec<usize>,
    doomed: Vec<Doomed>,
    /// How many rules may be added as things are.
    room: usize,
    /// So many are added at once where room is scarce.
    batch: usize,
    /// Pending rules that bring what is wanted of rules that are gone.
    owed: Vec<usize>,
}

/// A rule of ours that nobody wants as it is.
#[derive(Debug)]
struct Doomed {
    id: String,
    /// Which pending rules bring what is still wanted of it, and how many characters of it each does.
    needs: HashMap<usize, usize>,
}

impl Steps {
    /// From the rules at X to those wanted.
    pub(super) fn new(change: Change<'_>) -> Self {
        let pending = change.standing.missing(change.wanted);
        let room = change.max_rules.saturating_sub(change.standing.rules.len());
        let doomed = change.standing.unwanted(change.wanted);
        let needs = needs(&doomed, change, &pending);
        let doomed = doomed.iter().zip(needs).map(|(rule, needs)| Doomed {
            id: rule.id.clone(),
            needs,
        });
        Self {
            doomed: doomed.collect(),
            batch: pending.len().div_ceil(STEPS),
            pending,
            room,
            owed: Vec::new(),
        }
    }

    /// What to do next; `None` when all is done that can be.
    pub(super) fn next(&self) -> Option<Step> {
        if self.pending.is_empty() {
            let delete: Vec<String> = self.doomed.iter().map(|rule| rule.id.clone()).collect();
            return (!delete.is_empty()).then(|| Step {
                delete,
                ..Step::default()
            });
        }
        let scarce = self.batch.min(self.pending.len());
        let going = if self.room < scarce {
            self.to_go(scarce - self.room)
        } else {
            Vec::new()
        };
        let step = Step {
            leaves_a_hole: going.iter().any(|rule| !rule.needs.is_empty()),
            add: self.to_come(&going, self.room + going.len()),
            delete: going.iter().map(|rule| rule.id.clone()).collect(),
        };
        (!step.add.is_empty()).then_some(step)
    }

    /// All rules that cost nothing, and of the others those that cost least, until there are so many.
    fn to_go(&self, enough: usize) -> Vec<&Doomed> {
        let mut doomed: Vec<&Doomed> = self.doomed.iter().collect();
        doomed.sort_by_key(|rule| rule.cost());
        let free = doomed.iter().take_while(|rule| rule.cost() == 0).count();
        doomed.truncate(free.max(enough));
        doomed
    }

    /// At most so many pending rules: what takes the place of those that are gone and that go, then what lets others go for nothing soonest, then the rest.
    fn to_come(&self, going: &[&Doomed], most: usize) -> Vec<usize> {
        let mut by_needs: Vec<&Doomed> = self.doomed.iter().collect();
        by_needs.sort_by_key(|rule| rule.needs.len());
        let first = going.iter().copied().chain(by_needs);
        let needed = first.flat_map(|rule| {
            let mut needs: Vec<usize> = rule.needs.keys().copied().collect();
            needs.sort_unstable();
            needs
        });
        let mut left: HashSet<usize> = self.pending.iter().copied().collect();
        let owed = self.owed.iter().copied();
        let all = owed.chain(needed).chain(self.pending.iter().copied());
        all.filter(|at| left.remove(at)).take(most).collect()
    }

    /// These rules are gone.
    pub(super) fn deleted(&mut self, ids: &[String]) {
        let doomed = std::mem::take(&mut self.doomed).into_iter();
        let (gone, left): (Vec<Doomed>, Vec<Doomed>) =
            doomed.partition(|rule| ids.contains(&rule.id));
        self.doomed = left;
        let owed = gone.iter().flat_map(|rule| rule.needs.keys());
        self.owed.extend(owed);
        self.owed.sort_unstable();
        self.owed.dedup();
        self.room += ids.len();
    }

    /// This rule stands.
    pub(super) fn added(&mut self, at: usize) {
        self.refused(at);
        self.room = self.room.saturating_sub(1);
    }

    /// This rule will not stand: nothing waits for it any more.
    pub(super) fn refused(&mut self, at: usize) {
        self.pending.retain(|pending| *pending != at);
        self.owed.retain(|owed| *owed != at);
        for rule in &mut self.doomed {
            rule.needs.remove(&at);
        }
    }

    /// X has less room than it seemed: this one waits for some, and if none can be made, is left.
    pub(super) fn no_room(&mut self, at: usize) {
        self.room = 0;
        if self.doomed.is_empty() {
            self.refused(at);
        }
    }
}

impl Doomed {
    /// How many characters that are wanted go with it.
    fn cost(&self) -> usize {
        self.needs.values().sum()
    }
}

/// For each rule that is to go, which pending rules bring what is still wanted of it.
fn needs(doomed: &[&Rule], change: Change<'_>, pending: &[usize]) -> Vec<HashMap<usize, usize>> {
    if doomed.is_empty() || pending.is_empty() {
        return vec![HashMap::new(); doomed.len()];
    }
    let pending: HashSet<usize> = pending.iter().copied().collect();
    let mut brings: HashMap<Conjunction, usize> = HashMap::new();
    for (at, wanted) in change.wanted.iter().enumerate() {
        if !change.standing.known.is_refused(&wanted.value) {
            let all = alternatives(&wanted.value, change.limits).into_iter();
            brings.extend(all.map(|alternative| (alternative, at)));
        }
    }
    let all: HashSet<Conjunction> = brings.keys().cloned().collect();
    let by_part = by_rarest_part(&all);
    let of_rule = |rule: &&Rule| {
        let mut needs = HashMap::new();
        for alternative in alternatives(rule.value.trim(), change.limits) {
            let rules = covering(&by_part, &alternative).map(|covering| brings[covering]);
            let rules: Vec<usize> = rules.collect();
            // Where a rule that stands brings it too, or nobody wants it, nothing is lost.
            let first = rules.iter().min().copied();
            if let Some(first) = first.filter(|_| rules.iter().all(|at| pending.contains(at))) {
                *needs.entry(first).or_default() += alternative.to_string().chars().count();
            }
        }
        needs
    };
    doomed.iter().map(of_rule).collect()
}

/// What a rule brings; none if it no longer parses.
fn alternatives(rule: &str, limits: &XLimits) -> Vec<Conjunction> {
    asked(rule, limits).map_or_else(|_| Vec::new(), |asked| asked.alternatives)
}

#[cfg(test)]
mod tests;
