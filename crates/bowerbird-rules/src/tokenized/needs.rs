//! Which parts of a post rules look at, so that nothing else is tokenised.

use crate::expr::{Expr, ExprKind, Field, Term};

/// Which parts of a post besides its text must be tokenised.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Needs(u8);

impl Needs {
    /// The text alone.
    pub(crate) const NONE: Self = Self(0);
    pub(super) const LINKS: Self = Self(1);
    pub(super) const PAGES: Self = Self(2);
    pub(super) const AUTHOR: Self = Self(4);
    pub(super) const PLACE: Self = Self(8);
    pub(crate) const ALL: Self = Self(15);

    pub(crate) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn has(self, part: Self) -> bool {
        self.0 & part.0 != 0
    }

    /// What `expr` asks for.
    pub(crate) fn of(expr: &Expr) -> Self {
        match &expr.kind {
            ExprKind::Any(parts) | ExprKind::All(parts) => {
                parts.iter().map(Self::of).fold(Self::default(), Self::or)
            }
            ExprKind::Not(part) => Self::of(part),
            ExprKind::Term(term) => match term {
                Term::Field(Field::Url, _) | Term::UrlContains(_) | Term::V11Track(_) => {
                    Self::LINKS
                }
                Term::Field(Field::UrlTitle | Field::UrlDescription, _) => Self::PAGES,
                Term::Field(Field::Bio | Field::BioName | Field::BioLocation, _) => Self::AUTHOR,
                Term::Place(_) => Self::PLACE,
                _ => Self::default(),
            },
        }
    }
}
