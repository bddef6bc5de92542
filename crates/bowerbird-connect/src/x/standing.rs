//! What is known of the rules at X: those that stand there, and what X refused. Kept over all connections. Pure.

use std::collections::{HashMap, HashSet};

use bowerbird_core::bill::Withheld;
use bowerbird_core::ids::SourceName;
use bowerbird_core::plan::LeftOut;
use bowerbird_core::rules::XLimits;
use bowerbird_core::time::Time;
use bowerbird_core::track::Track;

use super::packing::Wanted;
use super::rules_api::{Refusal, Rule};
use super::slots::{OUR_TAG, Plan, Room, plan};

/// The rules at X, as last listed and then changed by us.
#[derive(Debug, Clone, Default)]
pub(super) struct Standing {
    /// When that was; `None` if never.
    pub(super) at: Option<Time>,
    /// Ours and others'.
    pub(super) rules: Vec<Rule>,
    pub(super) known: Known,
    /// Who had to wait then, as a budget was spent.
    pub(super) withheld: Withheld,
}

/// What earlier calls taught.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// Rules that X refused, by their text: not sent again while they stay as they are, as X counts what is sent.
    pub(super) refused: HashMap<String, Refusal>,
    /// Alternatives that X takes and whose rule it refused as a whole: each gets a rule of its own for as long as it is asked for.
    pub(super) apart: HashSet<String>,
}

impl Standing {
    /// What a source's tracks want of X now, given all this.
    pub(super) fn plan(
        &self,
        tracks: &[Track],
        source: &SourceName,
        now: Time,
        limits: &XLimits,
        max_rules: usize,
    ) -> Plan {
        let current: Vec<&str> = self.ours().map(|rule| rule.value.trim()).collect();
        let room = Room {
            limits,
            slots: max_rules.saturating_sub(self.foreign()),
            current: &current,
            apart: &self.known.apart,
            refused: &self.known.refused,
            withheld: &self.withheld,
        };
        plan(tracks, source, now, room)
    }

    /// How many rules are others'.
    pub(super) fn foreign(&self) -> usize {
        self.rules.iter().filter(|rule| !rule.is_ours()).count()
    }

    /// Is any rule ours?
    pub(super) fn has_ours(&self) -> bool {
        self.ours().next().is_some()
    }

    fn ours(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(|rule| rule.is_ours())
    }

    /// Indices of those wanted that do not stand, and were not refused either.
    pub(super) fn missing(&self, wanted: &[Wanted]) -> Vec<usize> {
        let at_x = self.texts();
        let is_missing = |wanted: &Wanted| {
            let value = wanted.value.as_str();
            !at_x.contains(value) && !self.known.is_refused(value)
        };
        let all = wanted.iter().enumerate();
        all.filter(|(_, wanted)| is_missing(wanted))
            .map(|(at, _)| at)
            .collect()
    }

    /// Rules of ours that nobody wants.
    pub(super) fn unwanted(&self, wanted: &[Wanted]) -> Vec<&Rule> {
        let by_us: HashSet<&str> = wanted.iter().map(|wanted| wanted.value.as_str()).collect();
        let unwanted = self
            .ours()
            .filter(|rule| !by_us.contains(rule.value.trim()));
        unwanted.collect()
    }

    /// The texts of all that stand.
    pub(super) fn texts(&self) -> HashSet<&str> {
        self.rules.iter().map(|rule| rule.value.trim()).collect()
    }

    /// These rules are gone.
    pub(super) fn deleted(&mut self, ids: &[String], at: Time) {
        let gone: HashSet<&String> = ids.iter().collect();
        self.rules.retain(|rule| !gone.contains(&rule.id));
        self.at = Some(at);
    }

    /// These came.
    pub(super) fn added(&mut self, rules: Vec<Rule>, at: Time) {
        self.rules.extend(rules);
        self.at = Some(at);
    }
}

impl Known {
    /// How much is known that does not pass.
    pub(super) fn n_lasting(&self) -> usize {
        let refused = self.refused.values().filter(|refusal| !refusal.may_pass);
        refused.count() + self.apart.len()
    }

    /// Might X take something another time that it has refused?
    pub(super) fn has_passing(&self) -> bool {
        self.refused.values().any(|refusal| refusal.may_pass)
    }

    /// Did X refuse this rule for its own sake?
    pub(super) fn is_refused(&self, value: &str) -> bool {
        self.refused
            .get(value)
            .is_some_and(|refusal| !refusal.may_pass)
    }

    /// Keeps what is about rules still wanted, and would be refused again.
    pub(super) fn forget_all_but(&mut self, plan: &Plan) {
        let texts = plan.wanted.iter().map(|wanted| &wanted.value);
        let wanted: HashSet<&String> = texts.chain(&plan.refused).collect();
        self.refused
            .retain(|value, refusal| !refusal.may_pass && wanted.contains(value));
        self.apart
            .retain(|alternative| plan.apart.contains(alternative));
    }

    /// Who goes without now, besides those the plan has left out.
    pub(super) fn left_out(&self, plan: &Plan) -> Vec<LeftOut> {
        let mut left_out = plan.left_out.clone();
        for wanted in &plan.wanted {
            let refusal = self.refused.get(&wanted.value);
            for track in refusal.iter().flat_map(|_| &wanted.tracks) {
                let reason = refusal.map_or_else(String::new, |refusal| refusal.reason.clone());
                let track = *track;
                left_out.push(LeftOut { track, reason });
            }
        }
        left_out
    }
}

impl Wanted {
    /// Was it refused for something that not all that is in it or wants it need share?
    pub(super) fn is_to_be_parted(&self, known: &Known) -> bool {
        let is_shared = self.alternatives.len() > 1 || self.tracks.len() > 1;
        is_shared && known.is_refused(&self.value)
    }
}

impl Rule {
    /// Is it tagged as ours?
    pub(super) fn is_ours(&self) -> bool {
        self.tag.starts_with(OUR_TAG)
    }
}
