//! Questions about the shape of a whole rule: what it asks for positively, and what it only excludes.

use std::ops::Range;

use super::XDialect;
use crate::expr::{Expr, ExprKind, Term, Words};

/// Words that PowerTrack does not look for alone.
const STOP_WORDS: &[&str] = &[
    "a", "an", "and", "at", "but", "by", "com", "from", "http", "https", "if", "in", "is", "it",
    "its", "me", "my", "or", "rt", "the", "this", "to", "too", "via", "we", "www", "you",
];

/// Does `expr` only say what is not wanted, in one of its alternatives at least?
pub(crate) fn is_only_negative(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Term(_) => false,
        ExprKind::Not(part) => !is_only_negative(part),
        ExprKind::All(parts) => parts.iter().all(is_only_negative),
        ExprKind::Any(parts) => parts.iter().any(is_only_negative),
    }
}

/// Is there a positive term that may stand alone?
pub(super) fn has_standalone(expr: &Expr, positive: bool, dialect: XDialect) -> bool {
    match &expr.kind {
        ExprKind::Any(parts) | ExprKind::All(parts) => parts
            .iter()
            .any(|part| has_standalone(part, positive, dialect)),
        ExprKind::Not(part) => has_standalone(part, !positive, dialect),
        ExprKind::Term(Term::Sample(_) | Term::EmbeddingThreshold(_)) => false,
        ExprKind::Term(Term::Is(_) | Term::Has(_) | Term::Lang(_) | Term::Source(_)) => {
            positive && dialect == XDialect::PowerTrack
        }
        ExprKind::Term(_) => positive,
    }
}

/// Is a program asked for, positively?
pub(super) fn has_source(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Any(parts) | ExprKind::All(parts) => parts.iter().any(has_source),
        ExprKind::Not(_) => false,
        ExprKind::Term(term) => matches!(term, Term::Source(_)),
    }
}

/// Is there something wanted, and is all of it too common?
pub(super) fn is_only_stop_words(expr: &Expr) -> bool {
    fn each_wanted(expr: &Expr, each: &mut impl FnMut(&Term)) {
        match &expr.kind {
            ExprKind::Any(parts) | ExprKind::All(parts) => {
                parts.iter().for_each(|part| each_wanted(part, each))
            }
            ExprKind::Not(_) => {}
            ExprKind::Term(term) => each(term),
        }
    }
    let (mut any, mut all) = (false, true);
    each_wanted(expr, &mut |term| {
        any = true;
        all &= matches!(term, Term::Words(words) if is_stop_word(words));
    });
    any && all
}

fn is_stop_word(words: &Words) -> bool {
    matches!(words.tokens(), [only] if STOP_WORDS.contains(&&*only.text))
}

/// The samples that do not apply to the whole rule.
pub(super) fn find_samples(expr: &Expr, in_alternative: bool, found: &mut Vec<Range<usize>>) {
    match &expr.kind {
        ExprKind::Any(parts) => parts
            .iter()
            .for_each(|part| find_samples(part, true, found)),
        ExprKind::All(parts) => parts
            .iter()
            .for_each(|part| find_samples(part, in_alternative, found)),
        ExprKind::Not(part) => find_samples(part, in_alternative, found),
        ExprKind::Term(Term::Sample(_)) if in_alternative => found.push(expr.span.clone()),
        ExprKind::Term(_) => {}
    }
}
