//! What a rule hangs on: a few features of which every post that it matches has one, chosen to be rare.
//!
//! Of parts that must all hold, the rarest is enough, and others guard it; of alternatives, each needs its own. Whatever is
//! chosen here, evaluation decides; a rule that demands no feature at all hangs on what every post has.

mod lists;
mod terms;

use std::cmp::Ordering;

use super::census::Census;
use super::feature::{self, Kind, MAX_ROW};
use super::leaf::{Guards, NO_GUARD};
use super::offer::{Asked, Present};
use super::program;
use crate::expr::{AccountRole, Bounds, Expr, ExprKind, Name, Term, WordToken, Words};
use crate::rule::Rule;
use crate::tokenized::{Needs, WORD_END};
use crate::v11::TrackWord;

/// A feature a rule hangs on.
#[derive(Debug, Clone)]
pub(crate) struct Hook {
    pub(crate) feature: u64,
    pub(crate) guards: Guards,
    pub(crate) check: Check,
    /// If it is a row of words: the shorter rows it begins with.
    pub(crate) starts: Vec<u64>,
}

/// What says whether a post that has the feature matches.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Check {
    /// The feature itself, if its kind and text are these.
    Text(Kind, Box<str>),
    /// A [`program`], of the alternative that the feature belongs to.
    Program(Box<[u64]>),
    /// The rule's tree.
    Tree,
}

/// Everything about where a rule hangs.
#[derive(Debug)]
pub(crate) struct Hooks {
    pub(crate) hooks: Vec<Hook>,
    /// What must be looked for in posts.
    pub(crate) asked: Asked,
}

/// One alternative of a rule: a post that the rule matches is matched by one of them alone.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Alternative<'a> {
    Part(&'a Expr),
    /// Of `v11_track:`.
    Phrase(&'a [TrackWord]),
    /// Of `v11_follow:`.
    Account(&'a str),
    /// Of `v11_locations:`.
    Area(&'a Bounds),
}

/// More features than this that are not all there is to compare are not worth hanging a rule on.
const MAX_HOOKS: usize = 8192;

/// So many of the features that every post has which a part matches are remembered: a hook takes two.
const MAX_GUARDS: usize = 8;

/// Longer texts, in bytes, stay in the rule's tree: a leaf is copied with each change.
pub(crate) const MAX_TEXT: usize = 1024;

/// Each hook has its alternative's program beside it. Where that is more than this for all hooks of one, they share the rule's tree instead.
const MAX_PROGRAM_WORDS: usize = 256;

/// Does every post that the rule matches have some feature that others lack?
pub(crate) fn is_indexed(expr: &Expr) -> bool {
    hang(expr, &Census::default(), &mut Asked::default()).is_some()
}

/// Notes the words of a rule.
pub(crate) fn count_words(expr: &Expr, census: &mut Census) {
    match &expr.kind {
        ExprKind::Any(parts) | ExprKind::All(parts) => {
            parts.iter().for_each(|part| count_words(part, census));
        }
        ExprKind::Not(part) => count_words(part, census),
        ExprKind::Term(Term::Words(words)) => {
            words.tokens().iter().for_each(|word| census.add(word.hash));
        }
        ExprKind::Term(Term::V11Track(list)) => lists::count_words(list, census),
        ExprKind::Term(_) => {}
    }
}

/// Where a rule hangs.
pub(crate) fn of_rule(rule: &Rule, census: &Census) -> Hooks {
    let expr = rule.expr();
    let mut asked = Asked {
        needs: Needs::of(expr),
        foreign: !rule.text().is_ascii(),
        ..Asked::default()
    };
    let hooks = hang(expr, census, &mut asked).unwrap_or_else(|| {
        asked.add(Kind::Always);
        let mut hooks = vec![Hook::bare(feature::always())];
        check(Alternative::Part(expr), &mut hooks, &mut asked);
        hooks
    });
    Hooks { hooks, asked }
}

/// The hooks of all alternatives; `None` if some alternative demands nothing, or if they are too many.
fn hang(expr: &Expr, census: &Census, asked: &mut Asked) -> Option<Vec<Hook>> {
    let mut hooks = Vec::new();
    add_alternatives(expr, census, asked, &mut hooks)?;
    let evaluated = |hook: &&Hook| !matches!(hook.check, Check::Text(..));
    (hooks.iter().filter(evaluated).count() <= MAX_HOOKS).then(|| merged(hooks))
}

fn add_alternatives(
    expr: &Expr,
    census: &Census,
    asked: &mut Asked,
    hooks: &mut Vec<Hook>,
) -> Option<()> {
    let mut add = |alternative| add_alternative(alternative, census, asked, hooks);
    match &expr.kind {
        ExprKind::Any(parts) => {
            let mut parts = parts.iter();
            parts.try_for_each(|part| add_alternatives(part, census, asked, hooks))
        }
        ExprKind::Term(Term::V11Track(list)) => list
            .phrases()
            .try_for_each(|phrase| add(Alternative::Phrase(phrase))),
        ExprKind::Term(Term::V11Follow(list)) => list
            .accounts()
            .try_for_each(|account| add(Alternative::Account(account))),
        ExprKind::Term(Term::V11Locations(areas)) => areas
            .iter()
            .try_for_each(|area| add(Alternative::Area(area))),
        _ => add(Alternative::Part(expr)),
    }
}

fn add_alternative(
    alternative: Alternative<'_>,
    census: &Census,
    asked: &mut Asked,
    hooks: &mut Vec<Hook>,
) -> Option<()> {
    if let Some(hook) = simple(alternative, asked) {
        hooks.push(hook);
        return Some(());
    }
    let mut choice = match alternative {
        Alternative::Part(part) => choose(part, true, census, asked),
        Alternative::Phrase(phrase) => lists::of_phrase(phrase, census, asked),
        Alternative::Account(account) => Some(lists::of_account(account, asked)),
        Alternative::Area(area) => Some(lists::of_area(area, asked)),
    }?;
    check(alternative, &mut choice.hooks, asked);
    hooks.append(&mut choice.hooks);
    Some(())
}

/// Gives the hooks of an alternative its program, if it has one that is not too long.
fn check(alternative: Alternative<'_>, hooks: &mut [Hook], asked: &mut Asked) {
    let program = program::compile(alternative, asked)
        .filter(|program| hooks.len() * program.len() <= MAX_PROGRAM_WORDS);
    if let Some(program) = program {
        let checks = std::iter::repeat_n(Check::Program(program), hooks.len());
        hooks
            .iter_mut()
            .zip(checks)
            .for_each(|(hook, check)| hook.check = check);
    }
}

/// Each feature once: alternatives that share one are told apart by evaluation.
fn merged(mut hooks: Vec<Hook>) -> Vec<Hook> {
    hooks.sort_by_key(|hook| hook.feature);
    hooks.dedup_by(|next, kept| {
        let same = next.feature == kept.feature;
        if same && (next.check != kept.check || next.guards != kept.guards) {
            kept.check = match (&kept.check, &next.check) {
                (Check::Program(one), Check::Program(other))
                    if one.len() + other.len() <= MAX_PROGRAM_WORDS =>
                {
                    Check::Program(program::either(one, other))
                }
                _ => Check::Tree,
            };
            kept.guards = [NO_GUARD; 2];
        }
        same
    });
    hooks
}

impl Hook {
    fn bare(feature: u64) -> Self {
        Self {
            feature,
            guards: [NO_GUARD; 2],
            check: Check::Tree,
            starts: Vec::new(),
        }
    }

    fn row(words: &[WordToken]) -> Self {
        let mut hook = Self::bare(feature::word(words[0].hash));
        for word in &words[1..] {
            hook.starts.push(hook.feature);
            hook.feature = feature::longer(hook.feature, word.hash);
        }
        hook
    }

    /// Adds a guard, if there is room and it is worth it.
    fn guard(&mut self, feature: u64) {
        let place = Present::place(feature);
        if feature != self.feature
            && !self.guards.contains(&place)
            && let Some(free) = self.guards.iter_mut().find(|guard| **guard == NO_GUARD)
        {
            *free = place;
        }
    }
}

/// The hook of an alternative that is one feature, compared as text.
fn simple(alternative: Alternative<'_>, asked: &mut Asked) -> Option<Hook> {
    let (kind, name) = match alternative {
        Alternative::Part(Expr {
            kind: ExprKind::Term(Term::Words(words)),
            ..
        }) => {
            let (kind, text) = row_of(words)?;
            return Some(Hook {
                check: Check::Text(kind, text),
                ..Hook::row(words.tokens())
            });
        }
        Alternative::Part(Expr {
            kind: ExprKind::Term(term),
            ..
        }) => {
            let (kind, name) = name_of(term)?;
            (kind, name.folded())
        }
        Alternative::Account(account) if account.len() <= MAX_TEXT => (Kind::Followed, account),
        _ => return None,
    };
    asked.add(kind);
    Some(Hook {
        check: Check::Text(kind, name.into()),
        ..Hook::bare(feature::named(kind, name))
    })
}

/// The kind and the name of a term that compares a name and nothing else, unless it is very long.
pub(crate) fn name_of(term: &Term) -> Option<(Kind, &Name)> {
    let (kind, name) = match term {
        Term::Hashtag(name) => (Kind::Hashtag, name),
        Term::Mention(name) => (Kind::Mention, name),
        Term::Cashtag(name) => (Kind::Cashtag, name),
        Term::Account(role, name) => (account_kind(*role)?, name),
        _ => return None,
    };
    (name.folded().len() <= MAX_TEXT).then_some((kind, name))
}

/// The kind and the text of words that are one feature: a row that is not very long, either all with nothing between them or all as it comes.
pub(crate) fn row_of(words: &Words) -> Option<(Kind, Box<str>)> {
    let tokens = words.tokens();
    let mut rest = tokens.get(1..)?.iter();
    let kind = match rest.next().is_some_and(|word| word.glued) {
        true => Kind::GluedWords,
        false => Kind::Words,
    };
    let even = rest.all(|word| word.glued == (kind == Kind::GluedWords));
    if tokens.len() > MAX_ROW || !even || (words.slop().is_some() && tokens.len() > 1) {
        return None;
    }
    let mut text = String::new();
    for (index, word) in tokens.iter().enumerate() {
        if index > 0 {
            text.push(WORD_END);
        }
        text.push_str(&word.text);
    }
    (text.len() <= MAX_TEXT).then(|| (kind, text.into()))
}

fn account_kind(role: AccountRole) -> Option<Kind> {
    match role {
        AccountRole::From => Some(Kind::Author),
        AccountRole::To => Some(Kind::Answered),
        AccountRole::RepostOf => Some(Kind::Reposted),
        AccountRole::FromAffiliateOf | AccountRole::ToAffiliateOf => None,
    }
}

/// One way to hang a part of a rule.
#[derive(Debug, Default)]
struct Choice {
    hooks: Vec<Hook>,
    /// How many posts will have one of the hooks' features.
    cost: f32,
    /// Features that every matching post has, with how common each is.
    guards: Vec<(f32, u64)>,
}

impl Choice {
    fn one(feature: u64, cost: f32) -> Self {
        Self {
            hooks: vec![Hook::bare(feature)],
            cost,
            guards: vec![(cost, feature)],
        }
    }

    fn rarity(&self, other: &Self) -> Ordering {
        self.cost.total_cmp(&other.cost)
    }
}

/// The best way to hang a part of a rule, or its negation; `None` if it demands no feature. Whatever can never match hangs
/// on nothing.
fn choose(expr: &Expr, positive: bool, census: &Census, asked: &mut Asked) -> Option<Choice> {
    match (&expr.kind, positive) {
        (ExprKind::Not(part), _) => choose(part, !positive, census, asked),
        (ExprKind::Any(parts), true) | (ExprKind::All(parts), false) => {
            any_of(parts, positive, census, asked)
        }
        (ExprKind::All(parts), true) | (ExprKind::Any(parts), false) => {
            all_of(parts, positive, census, asked)
        }
        (ExprKind::Term(term), true) => terms::of_term(term, census, asked),
        (ExprKind::Term(term), false) => terms::of_flag(term, false, asked),
    }
}

fn any_of(parts: &[Expr], positive: bool, census: &Census, asked: &mut Asked) -> Option<Choice> {
    let choices = parts
        .iter()
        .map(|part| choose(part, positive, census, asked));
    any_choice(choices)
}

/// The hooks of all alternatives.
fn any_choice(choices: impl IntoIterator<Item = Option<Choice>>) -> Option<Choice> {
    let mut all = Choice::default();
    for choice in choices {
        let mut choice = choice?;
        all.hooks.append(&mut choice.hooks);
        all.cost += choice.cost;
    }
    (all.hooks.len() <= MAX_HOOKS).then_some(all)
}

fn all_of(parts: &[Expr], positive: bool, census: &Census, asked: &mut Asked) -> Option<Choice> {
    let mut choices: Vec<Choice> = parts
        .iter()
        .filter_map(|part| choose(part, positive, census, asked))
        .collect();
    let best = (0..choices.len()).min_by(|&a, &b| choices[a].rarity(&choices[b]))?;
    let mut best = choices.swap_remove(best);
    // What the best part has of its own guards it already.
    let others = rarest(choices.into_iter().flat_map(|choice| choice.guards));
    for hook in &mut best.hooks {
        others.iter().for_each(|&(_, feature)| hook.guard(feature));
    }
    best.guards = rarest(best.guards.into_iter().chain(others));
    Some(best)
}

/// The few rarest of what may guard a hook, rare ones first.
fn rarest(guards: impl Iterator<Item = (f32, u64)>) -> Vec<(f32, u64)> {
    let mut guards: Vec<(f32, u64)> = guards.collect();
    guards.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    guards.dedup();
    guards.truncate(MAX_GUARDS);
    guards
}
