//! What a rule hangs on: a few features of which every post that it matches has one, chosen to be rare.
//!
//! Of parts that must all hold, the rarest is enough, and others guard it; of alternatives, each needs its own. Whatever is
//! chosen here, evaluation decides; a rule that demands no feature at all hangs on what every post has.

use std::cmp::Ordering;

use super::census::Census;
use super::feature::{self, Kind, MAX_ROW};
use super::grid;
use super::leaf::{Guards, NO_GUARD};
use super::offer::{self, Asked, Asking, FLAGS, Present};
use super::program;
use crate::expr::{
    AccountRole, Bounds, Counted, Expr, ExprKind, Field, IdRole, Name, Part, Term, WordToken, Words,
};
use crate::language;
use crate::tokenized::{Needs, WORD_END, ZoneKind};

/// A feature a rule hangs on.
#[derive(Debug, Clone)]
pub(crate) struct Hook {
    pub(crate) feature: u64,
    pub(crate) guards: Guards,
    /// If nothing else need be compared: the feature's kind and text.
    pub(crate) text: Option<(Kind, Box<str>)>,
    /// If it is a row of words: the shorter rows it begins with.
    pub(crate) starts: Vec<u64>,
}

/// Everything about where a rule hangs.
#[derive(Debug)]
pub(crate) struct Hooks {
    pub(crate) hooks: Vec<Hook>,
    /// What says whether the rule matches, unless each hook does.
    pub(crate) program: Option<Box<[u64]>>,
    /// What must be looked for in posts.
    pub(crate) asked: Asked,
}

/// More alternatives than this are not worth hanging a rule on.
const MAX_HOOKS: usize = 4096;

/// So many of the features that every post has which a part matches are remembered: a hook takes two.
const MAX_GUARDS: usize = 8;

/// Longer texts, in bytes, stay in the rule's tree: a leaf is copied with each change.
const MAX_TEXT: usize = 1024;

/// Each hook has the rule's program beside it. Rules for which that is more than this share their tree instead.
const MAX_PROGRAM_WORDS: usize = 256;

/// How common things are held to be, in the unit of [`Census::frequency`].
mod cost {
    pub(super) const ACCOUNT: f32 = 0.001;
    pub(super) const ID: f32 = 0.0001;
    pub(super) const CELL: f32 = 1.0;
    pub(super) const APP: f32 = 1e4;
    pub(super) const COUNTRY: f32 = 1e3;
    pub(super) const LANGUAGE: f32 = 1e5;
    pub(super) const FLAG: f32 = 1e6;
    /// A tag is rarer than the word, a row of words rarer than its rarest word.
    pub(super) const TAG_SHARE: f32 = 0.1;
    pub(super) const ROW_SHARE: f32 = 0.1;
}

/// Does every post that the rule matches have some feature that others lack?
pub(crate) fn is_indexed(expr: &Expr) -> bool {
    let mut asked = Asked::default();
    simple(expr, &mut asked).is_some()
        || choose(expr, true, &Census::default(), &mut asked).is_some()
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
        ExprKind::Term(_) => {}
    }
}

/// Where a rule hangs.
pub(crate) fn of_rule(expr: &Expr, census: &Census) -> Hooks {
    let mut asked = Asked {
        needs: Needs::of(expr),
        ..Asked::default()
    };
    let hooks = simple(expr, &mut asked)
        .or_else(|| Some(choose(expr, true, census, &mut asked)?.hooks))
        .unwrap_or_else(|| {
            asked.add(Kind::Always);
            vec![Hook::bare(feature::always())]
        });
    let hooks = merged(hooks);
    let evaluated = hooks.iter().filter(|hook| hook.text.is_none()).count();
    let program = (evaluated > 0)
        .then(|| program::compile(expr, &mut asked))
        .flatten()
        .filter(|program| evaluated * program.len() <= MAX_PROGRAM_WORDS);
    Hooks {
        hooks,
        program,
        asked,
    }
}

/// Each feature once: alternatives that share one are told apart by evaluation.
fn merged(mut hooks: Vec<Hook>) -> Vec<Hook> {
    hooks.sort_by_key(|hook| hook.feature);
    hooks.dedup_by(|next, kept| {
        let same = next.feature == kept.feature;
        if same && (next.text != kept.text || next.guards != kept.guards) {
            kept.text = None;
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
            text: None,
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

/// The hooks of a rule of which each alternative is one feature, compared as text.
fn simple(expr: &Expr, asked: &mut Asked) -> Option<Vec<Hook>> {
    match &expr.kind {
        ExprKind::Term(term) => Some(vec![simple_term(term, asked)?]),
        ExprKind::Any(parts) => {
            let mut hooks = Vec::with_capacity(parts.len());
            for part in parts {
                hooks.append(&mut simple(part, asked)?);
            }
            Some(hooks)
        }
        ExprKind::All(_) | ExprKind::Not(_) => None,
    }
}

fn simple_term(term: &Term, asked: &mut Asked) -> Option<Hook> {
    if let Term::Words(words) = term {
        let text = row_of(words)?;
        return Some(Hook {
            text: Some(text),
            ..Hook::row(words.tokens())
        });
    }
    let (kind, name) = name_of(term)?;
    asked.add(kind);
    Some(Hook {
        text: Some((kind, name.folded().into())),
        ..Hook::bare(feature::named(kind, name.folded()))
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
        (ExprKind::Term(term), true) => of_term(term, census, asked),
        (ExprKind::Term(term), false) => of_flag(term, false, asked),
    }
}

fn any_of(parts: &[Expr], positive: bool, census: &Census, asked: &mut Asked) -> Option<Choice> {
    let mut all = Choice::default();
    for part in parts {
        let mut choice = choose(part, positive, census, asked)?;
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

fn of_term(term: &Term, census: &Census, asked: &mut Asked) -> Option<Choice> {
    match term {
        Term::Words(words) => of_words(words, census),
        Term::Hashtag(name) => Some(of_tag(Kind::Hashtag, name, census, asked)),
        Term::Cashtag(name) => Some(of_tag(Kind::Cashtag, name, census, asked)),
        Term::Mention(name) => Some(of_name(Kind::Mention, name.folded(), cost::ACCOUNT, asked)),
        Term::Account(role, name) => Some(match account_kind(*role) {
            Some(kind) => of_name(kind, name.folded(), cost::ACCOUNT, asked),
            None => Choice::default(),
        }),
        Term::Field(field, words) => of_field(*field, words, census, asked),
        Term::Context(Some(domain), Some(entity)) => {
            let name = format!("{domain}.{entity}");
            Some(of_name(Kind::Context, &folded(&name), cost::APP, asked))
        }
        Term::Entity(name) => Some(of_name(Kind::Named, name.folded(), cost::COUNTRY, asked)),
        Term::Id(role, id) => Some(of_id(*role, id, asked)),
        Term::Place(words) => {
            let named = of_zone(ZoneKind::PlaceName, words, census, asked)?;
            let mut choice = of_name(Kind::Place, &folded(words.text()), cost::ID, asked);
            choice.hooks.extend(named.hooks);
            choice.cost += named.cost;
            choice.guards.clear();
            Some(choice)
        }
        Term::PlaceCountry(code) => {
            Some(of_name(Kind::Country, &folded(code), cost::COUNTRY, asked))
        }
        Term::PointRadius(circle) => of_bounds(&grid::around(circle)?, asked),
        Term::BoundingBox(bounds) => of_bounds(bounds, asked),
        Term::Source(name) => Some(of_name(Kind::App, name.folded(), cost::APP, asked)),
        Term::Lang(code) => {
            let code = folded(language::key(code));
            Some(of_name(Kind::Language, &code, cost::LANGUAGE, asked))
        }
        Term::Is(_) | Term::Has(_) => of_flag(term, true, asked),
        Term::Embedding(_)
        | Term::EmbeddingThreshold(_)
        | Term::Profile(..)
        | Term::ProfilePointRadius(_)
        | Term::ProfileBoundingBox(_)
        | Term::Count(Counted::MinLikes | Counted::MinReplies | Counted::MinReposts, _) => {
            Some(Choice::default())
        }
        Term::UrlContains(_)
        | Term::Contains(_)
        | Term::Context(..)
        | Term::Count(..)
        | Term::Sample(_)
        | Term::V11Track(_)
        | Term::V11Follow(_)
        | Term::V11Locations(_) => None,
    }
}

fn folded(text: &str) -> String {
    crate::token::fold::fold(text, crate::token::Profile::Stream)
}

fn of_name(kind: Kind, folded: &str, cost: f32, asked: &mut Asked) -> Choice {
    asked.add(kind);
    Choice::one(feature::named(kind, folded), cost)
}

fn of_tag(kind: Kind, name: &Name, census: &Census, asked: &mut Asked) -> Choice {
    let hash = crate::tokenized::hash_word(name.folded());
    let cost = census.frequency(hash, name.folded().len()) * cost::TAG_SHARE;
    of_name(kind, name.folded(), cost, asked)
}

/// The words of a text: the rarest row of them, or, where others may come between, the rarest word.
fn of_words(words: &Words, census: &Census) -> Option<Choice> {
    let tokens = words.tokens();
    let words_there = tokens
        .iter()
        .map(|word| (frequency(word, census), feature::word(word.hash)));
    let guards = rarest(words_there);
    let &(cost, word) = guards.first()?;
    let mut choice = if tokens.len() == 1 || words.slop().is_some() {
        Choice::one(word, cost)
    } else {
        let length = tokens.len().min(MAX_ROW);
        let rarity = |row: &&[WordToken]| -> f32 {
            row.iter().map(|word| 1.0 / frequency(word, census)).sum()
        };
        let row = tokens
            .windows(length)
            .max_by(|a, b| rarity(a).total_cmp(&rarity(b)))?;
        let hook = Hook::row(row);
        Choice {
            hooks: vec![hook],
            cost: cost * cost::ROW_SHARE,
            guards: Vec::new(),
        }
    };
    choice.guards = guards;
    // Words outside the row must be there too.
    let Choice { hooks, guards, .. } = &mut choice;
    if tokens.len() > MAX_ROW || words.slop().is_some() {
        hooks
            .iter_mut()
            .for_each(|hook| guards.iter().for_each(|&(_, guard)| hook.guard(guard)));
    }
    Some(choice)
}

fn frequency(word: &WordToken, census: &Census) -> f32 {
    census.frequency(word.hash, word.text.len())
}

fn of_field(field: Field, words: &Words, census: &Census, asked: &mut Asked) -> Option<Choice> {
    let zone = match field {
        Field::Url => ZoneKind::LinkAddress,
        Field::UrlTitle => ZoneKind::LinkTitle,
        Field::UrlDescription => ZoneKind::LinkDescription,
        Field::Bio => ZoneKind::Bio,
        Field::BioName => ZoneKind::AuthorName,
        Field::BioLocation => ZoneKind::AuthorLocation,
    };
    of_zone(zone, words, census, asked)
}

/// The rarest word of another text than the post's own.
fn of_zone(zone: ZoneKind, words: &Words, census: &Census, asked: &mut Asked) -> Option<Choice> {
    let kind = offer::zone_kind(zone);
    let with_cost = words
        .tokens()
        .iter()
        .map(|word| (frequency(word, census), word));
    let (cost, word) = with_cost.min_by(|a, b| a.0.total_cmp(&b.0))?;
    asked.add(kind);
    Some(Choice::one(feature::numbered(kind, word.hash), cost))
}

fn of_id(role: IdRole, id: &str, asked: &mut Asked) -> Choice {
    let kind = match role {
        IdRole::Conversation => Kind::Conversation,
        IdRole::ReplyTo => Kind::AnsweredPost,
        IdRole::RepostOf => Kind::RepostedPost,
        IdRole::QuoteOf => Kind::QuotedPost,
        IdRole::List => return Choice::default(),
    };
    of_name(kind, &folded(id), cost::ID, asked)
}

fn of_bounds(bounds: &Bounds, asked: &mut Asked) -> Option<Choice> {
    let (level, cells) = grid::cells_of(bounds)?;
    asked.levels |= 1 << level;
    // Cells are offered only if anything but words is.
    asked.add(Kind::Cell);
    Some(Choice {
        hooks: cells
            .into_iter()
            .map(|cell| Hook::bare(feature::numbered(Kind::Cell, cell)))
            .collect(),
        cost: cost::CELL * f32::from(1_u16 << level.min(15)),
        guards: Vec::new(),
    })
}

/// `is:` and `has:`, also denied.
fn of_flag(term: &Term, positive: bool, asked: &mut Asked) -> Option<Choice> {
    let asking = match term {
        Term::Has(Part::ProfileGeo) if positive => return Some(Choice::default()),
        Term::Is(flag) => Asking::Is(*flag),
        Term::Has(part) => Asking::Has(*part),
        _ => return None,
    };
    let number = FLAGS.iter().position(|&flag| flag == asking)?;
    asked.flags |= 1 << number;
    asked.add(Kind::Flag);
    Some(Choice::one(offer::flag(number, positive), cost::FLAG))
}
