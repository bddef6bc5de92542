//! Brings the rules at X in line with the tracks: lists, compares, adds, and only then deletes.
//!
//! Rules outlive connections and belong to the app, which others may use: what is not tagged as ours is counted and never touched. A rule stays
//! if its text is still wanted, whatever version its tag names: X takes no rule twice, and between deleting and adding posts would be lost.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bowerbird_core::ids::SourceName;
use bowerbird_core::rules::XLimits;
use bowerbird_core::source::SourceError;
use bowerbird_core::time::Time;
use bowerbird_core::track::Track;

use super::config::{LeftOut, XReport};
use super::packing::Wanted;
use super::rules_api::{Api, Refusal, Rule};
use super::slots::{OUR_TAG, Plan, Room, plan};

/// Keeps X's rules in line with the tracks of one source.
#[derive(Debug)]
pub(super) struct Reconciler {
    pub(super) api: Api,
    pub(super) source: SourceName,
    pub(super) limits: XLimits,
    pub(super) max_rules: usize,
    /// What X refused, over all connections: not sent again while it stays as it is, as X counts what is sent.
    pub(super) known: Arc<Mutex<Known>>,
}

/// What earlier calls taught.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    refused: Refused,
    /// Alternatives of rules that X refused as a whole: each must get a rule of its own, so that the others are not refused with it.
    apart: HashSet<String>,
}

/// Rules that X refused, by their text.
type Refused = HashMap<String, Refusal>;

/// So many times the plan is made: a refused rule is taken apart and its parts are sent by themselves; then tracks do without the part at fault that
/// was to bring theirs too.
const MAX_ROUNDS: usize = 3;

/// What to change. Indices are into the lists it was made of.
#[derive(Debug, Default, PartialEq, Eq)]
struct Changes {
    add: Vec<usize>,
    /// Ids of rules of ours that nobody wants any more.
    delete: Vec<String>,
}

impl Reconciler {
    /// Reconciles once, as of `now`. After an error some of the changes may have been made; the next call sees them.
    pub(super) async fn reconcile(
        &self,
        tracks: &[Track],
        now: Time,
    ) -> Result<XReport, SourceError> {
        for _ in 1..MAX_ROUNDS {
            if let (report, true) = self.reconcile_once(tracks, now, false).await? {
                return Ok(report);
            }
        }
        let (report, _) = self.reconcile_once(tracks, now, true).await?;
        Ok(report)
    }

    /// Also says whether all that X refused now was refused for its own sake, and is one track's alone.
    async fn reconcile_once(
        &self,
        tracks: &[Track],
        now: Time,
        is_last: bool,
    ) -> Result<(XReport, bool), SourceError> {
        let rules = self.api.list().await?;
        let foreign = rules.iter().filter(|rule| !is_ours(rule)).count();
        let current: Vec<&str> = rules
            .iter()
            .filter(|rule| is_ours(rule))
            .map(|rule| rule.value.trim())
            .collect();
        let mut known = self.lock().clone();
        let refused = known.refused.keys().cloned().collect();
        let room = Room {
            limits: &self.limits,
            slots: self.max_rules.saturating_sub(foreign),
            current: &current,
            apart: &known.apart,
            refused: &refused,
        };
        let plan = plan(tracks, &self.source, now, room);
        known.forget_all_but(&plan.wanted);
        let changes = changes(&rules, &plan.wanted, &known.refused);
        let add: Vec<&Wanted> = changes
            .add
            .iter()
            .map(|index| &plan.wanted[*index])
            .collect();
        let room = self.max_rules.saturating_sub(rules.len());
        let (refused, is_settled) = self.apply(&add, &changes.delete, room, is_last).await?;
        known.refused.extend(refused);
        known.take_apart(&plan.wanted);
        let report = known.report(plan, foreign);
        *self.lock() = known;
        tracing::info!(
            source.name = self.source.as_str(),
            rules.in_force = report.in_force,
            rules.added = changes.add.len(),
            rules.deleted = changes.delete.len(),
            rules.foreign = foreign,
            tracks.left_out = report.left_out.len(),
            "The rules at X were compared with the tracks"
        );
        Ok((report, is_settled))
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds before it deletes, so that no post falls between; only where there is no room, some must go first. Gives what X refused, and whether it is
    /// settled what must go without: until then nothing is deleted, as what was refused may hold what stands.
    async fn apply(
        &self,
        add: &[&Wanted],
        delete: &[String],
        room: usize,
        is_last: bool,
    ) -> Result<(Refused, bool), SourceError> {
        let (now, later) = add.split_at(add.len().min(room));
        let mut refused = self.api.add(now).await?;
        let mut is_settled = !now.iter().any(|wanted| wanted.is_to_be_parted(&refused));
        if !is_settled && later.is_empty() && !is_last {
            return Ok((refused, is_settled));
        }
        let mut later = later.to_vec();
        if !delete.is_empty() {
            let delete: Vec<&str> = delete.iter().map(String::as_str).collect();
            self.api.delete(&delete).await?;
            // What X had less room for than we were told may find some now.
            let no_room = |wanted: &Wanted| {
                refused
                    .get(&wanted.value)
                    .is_some_and(|refusal| refusal.may_pass)
            };
            later.extend(now.iter().copied().filter(|wanted| no_room(wanted)));
            refused.retain(|_, refusal| !refusal.may_pass);
        }
        refused.extend(self.api.add(&later).await?);
        is_settled &= !later.iter().any(|wanted| wanted.is_to_be_parted(&refused));
        Ok((refused, is_settled))
    }
}

impl Wanted {
    /// Was it refused for something that not all that is in it or wants it need share?
    fn is_to_be_parted(&self, refused: &Refused) -> bool {
        let is_shared = self.alternatives.len() > 1 || self.tracks.len() > 1;
        is_shared
            && refused
                .get(&self.value)
                .is_some_and(|refusal| !refusal.may_pass)
    }
}

impl Known {
    /// Keeps what is about rules still wanted, and would be refused again.
    fn forget_all_but(&mut self, wanted: &[Wanted]) {
        self.refused.retain(|value, refusal| {
            !refusal.may_pass && wanted.iter().any(|wanted| wanted.value == *value)
        });
        let alternatives: HashSet<&String> = wanted
            .iter()
            .flat_map(|wanted| &wanted.alternatives)
            .collect();
        self.apart
            .retain(|alternative| alternatives.contains(alternative));
    }

    /// Marks the alternatives of refused rules. What X took by itself may be joined with others again.
    fn take_apart(&mut self, wanted: &[Wanted]) {
        for wanted in wanted
            .iter()
            .filter(|wanted| !self.refused.contains_key(&wanted.value))
        {
            wanted.alternatives.iter().for_each(|alternative| {
                self.apart.remove(alternative);
            });
        }
        let refused = |wanted: &&Wanted| {
            self.refused
                .get(&wanted.value)
                .is_some_and(|refusal| !refusal.may_pass)
        };
        let joint = wanted
            .iter()
            .filter(|wanted| wanted.alternatives.len() > 1)
            .filter(refused);
        for wanted in joint {
            self.apart.extend(wanted.alternatives.iter().cloned());
        }
    }

    /// What is in force, and who goes without.
    fn report(&self, plan: Plan, foreign: usize) -> XReport {
        let mut left_out = plan.left_out;
        for wanted in &plan.wanted {
            if let Some(refusal) = self.refused.get(&wanted.value) {
                left_out.extend(wanted.tracks.iter().map(|track| LeftOut {
                    track: *track,
                    reason: refusal.reason.clone(),
                }));
            }
        }
        XReport {
            in_force: plan.wanted.len() - self.refused.len(),
            foreign,
            left_out,
            problem: String::new(),
        }
    }
}

fn is_ours(rule: &Rule) -> bool {
    rule.tag.starts_with(OUR_TAG)
}

/// Compares by text: what X has and what we want.
fn changes(rules: &[Rule], wanted: &[Wanted], refused: &Refused) -> Changes {
    let at_x: HashSet<&str> = rules.iter().map(|rule| rule.value.trim()).collect();
    let by_us: HashSet<&str> = wanted.iter().map(|wanted| wanted.value.as_str()).collect();
    let is_missing = |wanted: &Wanted| {
        !at_x.contains(wanted.value.as_str()) && !refused.contains_key(&wanted.value)
    };
    let add = wanted
        .iter()
        .enumerate()
        .filter(|(_, wanted)| is_missing(wanted))
        .map(|(index, _)| index)
        .collect();
    let unwanted = rules
        .iter()
        .filter(|rule| is_ours(rule) && !by_us.contains(rule.value.trim()));
    Changes {
        add,
        delete: unwanted.map(|rule| rule.id.clone()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bowerbird_core::ids::TrackId;

    fn rule(id: &str, value: &str, tag: &str) -> Rule {
        Rule {
            id: id.to_owned(),
            value: value.to_owned(),
            tag: tag.to_owned(),
        }
    }

    fn wanted(value: &str) -> Wanted {
        Wanted {
            value: value.to_owned(),
            tracks: vec![TrackId(1)],
            alternatives: vec![value.to_owned()],
        }
    }

    #[test]
    fn only_the_difference_is_changed_and_only_ours() {
        let rules = [
            rule("1", "cat", "bowerbird/1/1"),
            rule("2", "dog", "bowerbird/2/7"),
            rule("3", "owl", "somebody else's"),
            rule("4", "eel", ""),
        ];
        let refused = HashMap::from([(
            "(".to_owned(),
            Refusal {
                reason: "no".to_owned(),
                may_pass: false,
            },
        )]);
        let changes = changes(
            &rules,
            &[wanted("cat"), wanted("owl"), wanted("wren"), wanted("(")],
            &refused,
        );
        assert_eq!(
            changes,
            Changes {
                add: vec![2],
                delete: vec!["2".to_owned()]
            }
        );
    }

    #[test]
    fn nothing_to_do_where_all_is_in_line() {
        let rules = [rule("1", "cat ", "bowerbird/1/1")];
        assert_eq!(
            changes(&rules, &[wanted("cat")], &HashMap::new()),
            Changes::default()
        );
    }
}
