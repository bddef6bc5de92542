//! What to ask X for, so that everything a rule matches comes: alternatives that X accepts, as narrow as they may be and never
//! narrower than the rule.
//!
//! What X lacks is asked for more widely, up to everything, and a negation of it is left out; exact matching is done here. How alternatives
//! of several rules are put together is the caller's.

mod lists;

use super::{Check, XLimits, is_only_negative};
use crate::advice::each_term;
use crate::error::RuleError;
use crate::expr::{AccountRole, Expr, ExprKind, Field, Flag, IdRole, Part, Term, Words};
use crate::language;
use crate::rule::Rule;

use super::shape::has_standalone;

/// What a rule asks of X.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// At least one of these matches every post that the rule matches; none if no post of X can match it.
    pub alternatives: Vec<Conjunction>,
    /// Will posts come that the rule does not match?
    pub is_wider: bool,
}

/// Parts that must all hold, each as X reads it, sorted and each once: equal ones ask for the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Conjunction(Vec<String>);

impl Conjunction {
    /// The parts, sorted.
    pub fn parts(&self) -> &[String] {
        &self.0
    }

    /// Does it ask for all that `other` asks for? Certain if so.
    pub fn covers(&self, other: &Self) -> bool {
        self.0
            .iter()
            .all(|part| other.0.binary_search(part).is_ok())
    }
}

impl std::fmt::Display for Conjunction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

/// Into so many conjunctions a rule is divided, alternatives of its own apart: more than X has rules. Choices that must all hold would else be divided
/// into all their combinations.
const MAX_PIECES: usize = 1024;

/// An alternative is divided into at most so many times the pieces that its length alone would need: a little more than is wanted costs less than many rules.
const MORE_PIECES: usize = 4;

/// What is asked for in place of a part.
enum Wide {
    Everything,
    Nothing,
    Only(Expr),
}

/// What `rule` asks of X, or why X cannot be asked for it.
pub(crate) fn upstream(rule: &Rule, limits: &XLimits) -> Result<Upstream, RuleError> {
    let mut asking = Asking {
        limits,
        is_wider: false,
    };
    let refuse = |message: &str| {
        let error = RuleError::new(rule.text(), rule.expr().span.clone(), message);
        error.hint("add a word, a tag or an account that every post wanted has")
    };
    let mut alternatives = Vec::new();
    match asking.widen(rule.expr(), true) {
        Wide::Nothing => {}
        Wide::Everything => return Err(refuse("X would have to send everything for this rule")),
        Wide::Only(expr) => {
            for alternative in any_parts(expr) {
                if !has_standalone(&alternative, true, limits.dialect) {
                    return Err(refuse(if has_locations(rule.expr()) {
                        "X can't be asked for `v11_locations:` by itself: its boxes bring no place that lies in them only in part"
                    } else {
                        "nothing in one of its alternatives can stand alone at X"
                    }));
                }
                let parts = all_parts(alternative);
                let needed = length(&conjunction(&parts)) / limits.max_chars.max(1) + 1;
                let left = MAX_PIECES.saturating_sub(alternatives.len()).max(1);
                asking
                    .fit(parts, left.min(needed * MORE_PIECES), &mut alternatives)
                    .ok_or_else(|| refuse("a part of it is longer than a rule at X may be"))?;
            }
        }
    }
    alternatives.sort();
    alternatives.dedup();
    Ok(Upstream {
        alternatives,
        is_wider: asking.is_wider,
    })
}

fn has_locations(expr: &Expr) -> bool {
    let mut has = false;
    each_term(expr, &mut |_, term| {
        has |= matches!(term, Term::V11Locations(_))
    });
    has
}

struct Asking<'a> {
    limits: &'a XLimits,
    is_wider: bool,
}

impl Asking<'_> {
    /// Something X accepts that matches all that `expr`, or its negation, matches; without negated groups.
    fn widen(&mut self, expr: &Expr, positive: bool) -> Wide {
        match (&expr.kind, positive) {
            (ExprKind::Term(term), true) => self.term(term),
            (ExprKind::Term(term), false) => self.negated(term),
            (ExprKind::Not(part), _) => self.widen(part, !positive),
            (ExprKind::All(parts), true) | (ExprKind::Any(parts), false) => {
                self.all(parts, positive)
            }
            (ExprKind::Any(parts), true) | (ExprKind::All(parts), false) => {
                self.any(parts, positive)
            }
        }
    }

    fn all(&mut self, parts: &[Expr], positive: bool) -> Wide {
        let mut kept = Vec::new();
        for part in parts {
            match self.widen(part, positive) {
                Wide::Everything => self.is_wider = true,
                Wide::Nothing => return Wide::Nothing,
                Wide::Only(part) => kept.extend(all_parts(part)),
            }
        }
        joined(kept, ExprKind::All).map_or(Wide::Everything, Wide::Only)
    }

    fn any(&mut self, parts: &[Expr], positive: bool) -> Wide {
        let mut kept = Vec::new();
        for part in parts {
            match self.widen(part, positive) {
                Wide::Everything => return Wide::Everything,
                Wide::Nothing => {}
                // X takes no alternative that only says what is not wanted.
                Wide::Only(part) if is_only_negative(&part) => {
                    self.is_wider = true;
                    return Wide::Everything;
                }
                Wide::Only(part) => kept.extend(any_parts(part)),
            }
        }
        joined(kept, ExprKind::Any).map_or(Wide::Nothing, Wide::Only)
    }

    fn term(&mut self, term: &Term) -> Wide {
        let term = as_x_writes(term);
        let wider = match term {
            // X knows these, but its posts do not say who is affiliated with whom: they would be paid for and never caught.
            _ if is_of_affiliates(&term) => return Wide::Nothing,
            _ if self.accepts(&term) => return Wide::Only(of(term)),
            Term::V11Track(ref list) => return self.track_list(list),
            Term::V11Follow(ref list) => return self.follow_list(list),
            // Nothing that X sends has these.
            Term::Account(..)
            | Term::Mention(_)
            | Term::Id(
                IdRole::Conversation | IdRole::ReplyTo | IdRole::RepostOf | IdRole::List,
                _,
            )
            | Term::Embedding(_)
            | Term::EmbeddingThreshold(_)
            | Term::Profile(..)
            | Term::ProfilePointRadius(_)
            | Term::ProfileBoundingBox(_)
            | Term::Has(Part::ProfileGeo)
            | Term::Count(..) => return Wide::Nothing,
            Term::PointRadius(_) | Term::BoundingBox(_) | Term::V11Locations(_) => {
                Term::Has(Part::Geo)
            }
            Term::Id(IdRole::QuoteOf, _) => Term::Is(Flag::Quote),
            _ => {
                self.is_wider = true;
                return Wide::Everything;
            }
        };
        self.is_wider = true;
        Wide::Only(of(wider))
    }

    /// A negation is kept only of what X reads as we do.
    fn negated(&mut self, term: &Term) -> Wide {
        let term = as_x_writes(term);
        let is_known = matches!(term, Term::Is(Flag::Nullcast)) || self.accepts(&term);
        if !is_known || !is_read_alike(&term, self.limits) {
            self.is_wider = true;
            return Wide::Everything;
        }
        let kind = ExprKind::Not(Box::new(of(term)));
        Wide::Only(Expr { span: 0..0, kind })
    }

    /// Does X know this term, and may it stand here as it is? A sample is taken here: X would take another.
    fn accepts(&self, term: &Term) -> bool {
        if matches!(term, Term::Sample(_) | Term::Is(Flag::Nullcast)) {
            return false;
        }
        let mut check = Check {
            text: "",
            limits: self.limits,
            found: Vec::new(),
        };
        check.term(&(0..0), term);
        check.found.iter().all(RuleError::is_warning)
    }

    /// Adds conjunctions that are short enough and together match all that `parts` match, dividing the longest choice for as long as `pieces` of
    /// them are allowed; `None` if there are none.
    fn fit(&mut self, parts: Vec<Expr>, pieces: usize, out: &mut Vec<Conjunction>) -> Option<()> {
        // Longer than all its pieces together it may not be, however it is divided.
        let mut parts = self.shortened(parts, self.limits.max_chars.saturating_mul(pieces))?;
        if let [only] = parts.as_slice()
            && let ExprKind::Any(alternatives) = &only.kind
        {
            // Nothing is left that they share: each is an alternative of its own, and must stand alone.
            return alternatives.iter().try_for_each(|alternative| {
                let stands = has_standalone(alternative, true, self.limits.dialect);
                let parts = stands.then(|| all_parts(alternative.clone()))?;
                self.fit(parts, 1, out)
            });
        }
        let conjunction = conjunction(&parts);
        if length(&conjunction) <= self.limits.max_chars {
            out.push(conjunction);
            return Some(());
        }
        let longest_choice = (0..parts.len())
            .filter(|at| matches!(parts[*at].kind, ExprKind::Any(_)))
            .max_by_key(|at| printed(&parts[*at]).len());
        let Some(at) = longest_choice else {
            return self.fit(parts, 1, out);
        };
        let mut left = any_parts(parts.remove(at));
        let right = left.split_off(left.len() / 2);
        for half in [left, right] {
            let half = joined(half, ExprKind::Any)?;
            let all = parts.iter().cloned().chain(all_parts(half)).collect();
            self.fit(all, (pieces / 2).max(1), out)?;
        }
        Some(())
    }

    /// Leaves parts out, which asks for more, until the rest takes at most so many characters: first what only excludes, and long parts before
    /// short ones. A choice that is left alone may be longer, as dividing it repeats nothing. `None` if nothing would be left that can stand alone.
    fn shortened(&mut self, parts: Vec<Expr>, max_chars: usize) -> Option<Vec<Expr>> {
        let mut parts: Vec<(String, Expr)> = parts
            .into_iter()
            .map(|part| (printed(&part), part))
            .collect();
        parts.sort_by(|a, b| a.0.cmp(&b.0));
        parts.dedup_by(|a, b| a.0 == b.0);
        let chars = |part: &(String, Expr)| part.0.chars().count() + 1;
        let mut length = parts.iter().map(chars).sum::<usize>().saturating_sub(1);
        let stands = |part: &Expr| has_standalone(part, true, self.limits.dialect);
        let mut standing = parts.iter().filter(|(_, part)| stands(part)).count();
        parts.sort_by_cached_key(|part| (is_only_negative(&part.1), chars(part)));
        let mut kept = Vec::new();
        while let Some(part) = parts.pop() {
            let is_last = stands(&part.1) && standing == 1;
            if length <= max_chars || is_last {
                kept.push(part.1);
                continue;
            }
            length -= chars(&part);
            standing -= usize::from(stands(&part.1));
            self.is_wider = true;
        }
        let is_one_choice = kept.len() == 1 && matches!(kept[0].kind, ExprKind::Any(_));
        ((length <= max_chars || is_one_choice) && standing > 0).then_some(kept)
    }
}

fn is_of_affiliates(term: &Term) -> bool {
    use AccountRole::{FromAffiliateOf, ToAffiliateOf};
    matches!(term, Term::Account(FromAffiliateOf | ToAffiliateOf, _))
}

/// May X not find this where we do not? Where it might, a negation would keep posts from us: words of scripts without blanks, which X may divide
/// otherwise; emoji; letters that some hold equal to others; words near one another, whose distance X may count otherwise; addresses, of which X looks at
/// the short and the full ones, and at those of pictures; and what posts do not say.
fn is_read_alike(term: &Term, limits: &XLimits) -> bool {
    match term {
        Term::Words(_)
        | Term::Field(..)
        | Term::Place(_)
        | Term::Hashtag(_)
        | Term::Entity(_)
        | Term::Source(_)
            if limits.folds_marks =>
        {
            false
        }
        Term::Field(Field::Url, _) | Term::UrlContains(_) => false,
        _ if is_of_affiliates(term) => false,
        Term::Words(words) | Term::Field(_, words) | Term::Place(words) => {
            words.slop().is_none() && words.text().chars().all(is_plain)
        }
        Term::Hashtag(name) | Term::Cashtag(name) => name.text().chars().all(is_plain),
        Term::Entity(name) | Term::Source(name) => name.text().chars().all(is_plain),
        _ => true,
    }
}

/// Is there but one way to read this in a text, and but one other case? Letters of Latin and Cyrillic are, without those that also stand for others.
fn is_plain(c: char) -> bool {
    match c {
        'ß' | 'ĸ' | 'ŉ' | 'ſ' | 'ı' | 'İ' => false,
        '\0'..='\x7f' => true,
        // Latin-1 and Latin Extended-A; Cyrillic.
        'À'..='ſ' | 'Ѐ'..='џ' => c.is_alphabetic(),
        _ => false,
    }
}

/// How many characters X counts.
pub(crate) fn length(conjunction: &Conjunction) -> usize {
    let blanks = conjunction.0.len().saturating_sub(1);
    conjunction
        .0
        .iter()
        .map(|part| part.chars().count())
        .sum::<usize>()
        + blanks
}

fn conjunction(parts: &[Expr]) -> Conjunction {
    let mut parts: Vec<String> = parts.iter().map(printed).collect();
    parts.sort();
    parts.dedup();
    Conjunction(parts)
}

/// A part as it stands among others that must hold too.
fn printed(part: &Expr) -> String {
    match part.kind {
        ExprKind::Any(_) => format!("({part})"),
        _ => part.to_string(),
    }
}

fn of(term: Term) -> Expr {
    Expr {
        span: 0..0,
        kind: ExprKind::Term(term),
    }
}

/// The same in X's words.
fn as_x_writes(term: &Term) -> Term {
    match term {
        Term::Words(words) => Term::Words(quoted(words)),
        Term::Field(field, words) => Term::Field(*field, quoted(words)),
        Term::Has(Part::Symbols) => Term::Has(Part::Cashtags),
        Term::Lang(code) => Term::Lang(language::key(code).to_owned()),
        _ => term.clone(),
    }
}

/// The same words in quotes, where X asks for them, or would read them as more than words.
fn quoted(words: &Words) -> Words {
    let is_plain = |c: char| c.is_alphanumeric();
    let is_a_word = words.text() != "OR" && words.text().chars().all(is_plain);
    if words.is_quoted() || is_a_word {
        words.clone()
    } else {
        Words::new(words.text().to_owned(), true, None)
    }
}

fn all_parts(expr: Expr) -> Vec<Expr> {
    match expr.kind {
        ExprKind::All(parts) => parts,
        _ => vec![expr],
    }
}

fn any_parts(expr: Expr) -> Vec<Expr> {
    match expr.kind {
        ExprKind::Any(parts) => parts,
        _ => vec![expr],
    }
}

/// One part stands for itself.
fn joined(mut parts: Vec<Expr>, kind: impl FnOnce(Vec<Expr>) -> ExprKind) -> Option<Expr> {
    match parts.len() {
        0 => None,
        1 => parts.pop(),
        _ => Some(Expr {
            span: 0..0,
            kind: kind(parts),
        }),
    }
}

#[cfg(test)]
mod tests;
