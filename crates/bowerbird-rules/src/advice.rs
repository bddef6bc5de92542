//! What a rule may say and yet hardly means: friendly warnings, never a refusal.

use crate::error::RuleError;
use crate::expr::{AccountRole, Bounds, Counted, Expr, ExprKind, IdRole, Part, Term};
use crate::operators::label;

/// The warnings about `expr`, in the order of the text.
pub(crate) fn warnings(text: &str, expr: &Expr) -> Vec<RuleError> {
    let mut found = Vec::new();
    if crate::x::is_only_negative(expr) {
        let message = "only says what is not wanted: every other post matches";
        found.push(RuleError::new(text, expr.span.clone(), message).warning());
    }
    each_term(expr, &mut |part, term| {
        found.extend(about_term(text, part, term))
    });
    found
}

/// Calls `each` with every term of `expr`, in the order of the text.
pub(crate) fn each_term<'a>(expr: &'a Expr, each: &mut impl FnMut(&'a Expr, &'a Term)) {
    match &expr.kind {
        ExprKind::Any(parts) | ExprKind::All(parts) => {
            for part in parts {
                each_term(part, each);
            }
        }
        ExprKind::Not(part) => each_term(part, each),
        ExprKind::Term(term) => each(expr, term),
    }
}

fn about_term(text: &str, part: &Expr, term: &Term) -> Option<RuleError> {
    let warn = |message: String| RuleError::new(text, part.span.clone(), message).warning();
    if let Term::Words(words) = term {
        let word = words.text();
        if words.is_quoted() {
            return None;
        }
        return match word {
            "AND" | "and" | "&" => Some(
                warn(format!("`{word}` is looked for as a word"))
                    .hint("a blank already means \"and\""),
            ),
            "or" | "Or" => Some(
                warn(format!("`{word}` is looked for as a word")).hint("write `OR` in capitals"),
            ),
            "NOT" | "not" => Some(
                warn(format!("`{word}` is looked for as a word"))
                    .hint("a minus directly before a term negates it"),
            ),
            _ if word.contains('*') => Some(warn(
                "a star is no wildcard: only the whole word is found".to_owned(),
            )),
            _ => None,
        };
    }
    if !is_on_earth(term) {
        return Some(
            warn("a latitude is not between -90 and 90 degrees".to_owned())
                .hint("longitude comes first"),
        );
    }
    let reason = never_matches(term)?;
    Some(warn(format!(
        "`{}` never matches here: {reason}",
        label(term)
    )))
}

fn is_on_earth(term: &Term) -> bool {
    match term {
        Term::PointRadius(circle) | Term::ProfilePointRadius(circle) => circle.is_on_earth(),
        Term::BoundingBox(bounds) | Term::ProfileBoundingBox(bounds) => bounds.is_on_earth(),
        Term::V11Locations(boxes) => boxes.iter().all(Bounds::is_on_earth),
        _ => true,
    }
}

/// Why a term can never match with what posts carry.
fn never_matches(term: &Term) -> Option<&'static str> {
    match term {
        Term::Embedding(_) | Term::EmbeddingThreshold(_) => {
            Some("only X measures nearness in meaning")
        }
        Term::Profile(..)
        | Term::ProfilePointRadius(_)
        | Term::ProfileBoundingBox(_)
        | Term::Has(Part::ProfileGeo) => Some("no service says where an account is at home"),
        Term::Account(AccountRole::FromAffiliateOf | AccountRole::ToAffiliateOf, _) => {
            Some("posts do not say who is affiliated with whom")
        }
        Term::Id(IdRole::List, _) => Some("posts do not say which lists their author is on"),
        Term::Count(Counted::MinLikes | Counted::MinReplies | Counted::MinReposts, _) => {
            Some("a post that has just arrived has none yet")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
