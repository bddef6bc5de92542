//! Brings the rules at X in line with the tracks: lists, compares, adds, and only then deletes.
//!
//! Rules outlive connections and belong to the app, which others may use: what is not tagged as ours is counted and never touched. A rule stays
//! if its text is still wanted, whatever version its tag names: X takes no rule twice, and between deleting and adding posts would be lost. In which order
//! rules are changed where there is no room for all at once is [`super::steps`].

use std::collections::HashSet;
use std::sync::Arc;

use bowerbird_core::ids::SourceName;
use bowerbird_core::rules::XLimits;
use bowerbird_core::source::SourceError;
use bowerbird_core::time::Time;

use super::api::Api;
use super::config::{XReport, XStatus};
use super::limiter::Endpoint;
use super::packing::{OR, Wanted};
use super::rules_api::{Added, RULES_A_CALL};
use super::slots::Plan;
use super::standing::{Known, Standing};
use super::steps::{Change, Step, Steps};
use super::wishes::Wish;

/// Keeps X's rules in line with the tracks of one source.
#[derive(Debug)]
pub(super) struct Reconciler {
    pub(super) api: Api,
    pub(super) source: SourceName,
    pub(super) limits: XLimits,
    pub(super) max_rules: usize,
    /// Where it keeps what it knows, over all connections.
    pub(super) status: Arc<XStatus>,
}

/// How a round went.
#[derive(Debug, PartialEq, Eq)]
enum Round {
    /// All is as it can be.
    Settled,
    /// X refused something, and another plan is made without what was at fault.
    Learnt,
}

impl Reconciler {
    /// Reconciles, in as many rounds as teach something: as no more than what is asked for can be learnt of, they end. After an error some of the changes may have
    /// been made; the next call sees them.
    pub(super) async fn reconcile(&self, wish: &Wish) -> Result<XReport, SourceError> {
        loop {
            if let (Round::Settled, report) = self.noted_round(wish).await? {
                return Ok(report);
            }
        }
    }

    /// A round, after which is known what it did, however it ended.
    async fn noted_round(&self, wish: &Wish) -> Result<(Round, XReport), SourceError> {
        let mut standing = self.status.standing();
        let done = self.round(&mut standing, wish).await;
        self.status.set_standing(standing);
        done
    }

    async fn round(
        &self,
        standing: &mut Standing,
        wish: &Wish,
    ) -> Result<(Round, XReport), SourceError> {
        standing.rules = self.api.list().await?;
        standing.at = Some(Time::now());
        standing.withheld.clone_from(&wish.withheld);
        let (tracks, now) = (&wish.tracks, wish.now);
        let plan = standing.plan(tracks, &self.source, now, &self.limits, self.max_rules);
        standing.known.forget_all_but(&plan);
        let known = standing.known.n_lasting();
        let is_done = self.carry_out(&plan.wanted, standing).await?;
        if !is_done {
            self.single_out(&plan.wanted, &mut standing.known).await?;
        }
        let has_learnt = standing.known.n_lasting() > known;
        let report = report(&plan, standing);
        tracing::info!(
            source.name = self.source.as_str(),
            rules.in_force = report.in_force,
            rules.foreign = report.foreign,
            tracks.left_out = report.left_out.len(),
            "The rules at X were compared with the tracks"
        );
        let round = if is_done || !has_learnt {
            Round::Settled
        } else {
            Round::Learnt
        };
        Ok((round, report))
    }

    /// Adds before it deletes, so that no post falls between; where there is no room for all, in small steps. `false` if a refused rule is to be parted first:
    /// until then nothing more is deleted, as what was refused may hold what stands.
    async fn carry_out(
        &self,
        wanted: &[Wanted],
        standing: &mut Standing,
    ) -> Result<bool, SourceError> {
        let mut steps = Steps::new(Change {
            standing,
            wanted,
            max_rules: self.max_rules,
            limits: &self.limits,
        });
        loop {
            // Also where an earlier call was cut off before it was found out what is at fault.
            let is_settled = !wanted.iter().any(|it| it.is_to_be_parted(&standing.known));
            if !is_settled {
                return Ok(false);
            }
            let Some(step) = steps.next() else {
                return Ok(true);
            };
            let adding: Vec<&Wanted> = step.add.iter().map(|at| &wanted[*at]).collect();
            let mut added = Added::default();
            if step.leaves_a_hole {
                let values: Vec<&str> = adding.iter().map(|it| it.value.as_str()).collect();
                added.refused = self.api.would_refuse(&values).await?;
            }
            let mut answered = Ok(());
            if added.refused.is_empty() {
                self.make_room(&step, &mut steps, standing).await?;
                answered = self.api.add(&adding, &mut added).await;
            }
            standing.added(added.taken, Time::now());
            standing.known.refused.extend(added.refused);
            let there: HashSet<&str> = standing
                .rules
                .iter()
                .map(|rule| rule.value.trim())
                .collect();
            for at in step.add {
                let value = wanted[at].value.as_str();
                if there.contains(value) {
                    standing.known.refused.remove(value);
                    steps.added(at);
                } else if standing.known.is_refused(value) {
                    steps.refused(at);
                } else if standing.known.refused.contains_key(value) {
                    steps.no_room(at);
                }
            }
            answered?;
        }
    }

    /// Finds out by halving which alternatives of refused rules are at fault, changing nothing at X. Where X takes both halves and not the whole, each
    /// alternative is to be sent by itself.
    async fn single_out(&self, wanted: &[Wanted], known: &mut Known) -> Result<(), SourceError> {
        let texts = |wanted: &Wanted| -> Vec<String> {
            let alternatives = wanted.alternatives.iter();
            alternatives.map(|one| one.text.clone()).collect()
        };
        let refused = wanted.iter().filter(|it| known.is_refused(&it.value));
        let mut suspects: Vec<Vec<String>> = refused.map(texts).collect();
        suspects.retain(|texts| texts.len() > 1);
        while !suspects.is_empty() {
            let halves: Vec<&[String]> = suspects
                .iter()
                .flat_map(|texts| texts.chunks(texts.len().div_ceil(2)))
                .collect();
            let joined: Vec<String> = halves.iter().map(|texts| texts.join(OR)).collect();
            let values: Vec<&str> = joined.iter().map(String::as_str).collect();
            let mut refused = self.api.would_refuse(&values).await?;
            let mut smaller = Vec::new();
            for (whole, halves) in suspects.iter().zip(joined.chunks(2)) {
                if !halves.iter().any(|half| refused.contains_key(half)) {
                    known.apart.extend(whole.iter().cloned());
                }
            }
            for (texts, value) in halves.iter().zip(&joined) {
                match (texts, refused.remove(value)) {
                    ([only], Some(refusal)) => {
                        known.refused.insert(only.clone(), refusal);
                    }
                    (_, Some(_)) => smaller.push(texts.to_vec()),
                    (_, None) => {}
                }
            }
            suspects = smaller;
        }
        Ok(())
    }

    /// Deletes what a step says. Where that leaves a hole, only if what fills it can follow at once.
    async fn make_room(
        &self,
        step: &Step,
        steps: &mut Steps,
        standing: &mut Standing,
    ) -> Result<(), SourceError> {
        if step.delete.is_empty() {
            return Ok(());
        }
        if step.leaves_a_hole {
            let calls =
                step.delete.len().div_ceil(RULES_A_CALL) + step.add.len().div_ceil(RULES_A_CALL);
            self.api.has_room(Endpoint::ChangeRules, calls)?;
        }
        for ids in step.delete.chunks(RULES_A_CALL) {
            self.api.delete_rules(ids).await?;
            standing.deleted(ids, Time::now());
            steps.deleted(ids);
        }
        Ok(())
    }
}

/// What is in force, and who goes without.
fn report(plan: &Plan, standing: &Standing) -> XReport {
    let there = standing.texts();
    let wanted = plan.wanted.iter();
    XReport {
        in_force: wanted
            .filter(|wanted| there.contains(wanted.value.as_str()))
            .count(),
        foreign: standing.foreign(),
        left_out: standing.known.left_out(plan),
        problem: String::new(),
    }
}

#[cfg(test)]
mod tests;
