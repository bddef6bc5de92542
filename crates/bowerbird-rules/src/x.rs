//! What X accepts: the restrictions of its stream, its search and PowerTrack.
//!
//! Our own sources take every rule that parses. A rule that is to run at X must also pass here; what X only advises
//! against, or what its pages leave open, is a warning.

mod shape;
mod upstream;

use std::ops::Range;

use crate::advice::each_term;
use crate::error::RuleError;
use crate::expr::{Bounds, Circle, Counted, Expr, ExprKind, Field, IdRole, Part, Term, Words};
use crate::operators::label;
use crate::token::chars::{Class, JOINER, class, is_modifier, is_presentation};

pub(crate) use shape::is_only_negative;
use shape::{find_samples, has_source, has_standalone, is_only_stop_words};
pub(crate) use upstream::upstream;
pub use upstream::{Conjunction, Upstream};

/// Which of X's interfaces a rule is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum XDialect {
    /// The v2 filtered stream.
    Stream,
    /// The v2 search.
    Search,
    /// Enterprise PowerTrack.
    PowerTrack,
}

/// What X allows us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct XLimits {
    /// Where the rule is to run.
    pub dialect: XDialect,
    /// The longest rule, in characters.
    pub max_chars: usize,
    /// Does our plan include `embedding:`?
    pub embeddings: bool,
    /// Does it hold letters with and without marks equal? Then what it excludes by a word may be more than we exclude.
    pub folds_marks: bool,
}

impl XLimits {
    /// The filtered stream, paid per use.
    pub const STREAM: Self = Self {
        dialect: XDialect::Stream,
        max_chars: 1024,
        embeddings: false,
        folds_marks: false,
    };
    /// The filtered stream of an enterprise plan, without the embedding tier.
    pub const ENTERPRISE: Self = Self {
        max_chars: 2048,
        ..Self::STREAM
    };
    /// Search of the recent days.
    pub const SEARCH: Self = Self {
        dialect: XDialect::Search,
        max_chars: 512,
        embeddings: false,
        folds_marks: true,
    };
    /// PowerTrack.
    pub const POWERTRACK: Self = Self {
        dialect: XDialect::PowerTrack,
        max_chars: 2048,
        embeddings: false,
        folds_marks: false,
    };
}

impl Default for XLimits {
    fn default() -> Self {
        Self::STREAM
    }
}

/// Boxes and circles may be this large, in miles.
const MAX_MILES: f64 = 25.0;

/// What X would refuse or question about `expr`, in the order of the text.
pub(crate) fn check(text: &str, expr: &Expr, limits: &XLimits) -> Vec<RuleError> {
    let mut check = Check {
        text,
        limits,
        found: Vec::new(),
    };
    check.length();
    check.substance(expr);
    check.branches(expr);
    check.signs(expr, true);
    check.sampling(expr);
    each_term(expr, &mut |part, term| check.term(&part.span, term));
    check.found.sort_by_key(|error| error.span.start);
    check.found
}

struct Check<'a> {
    text: &'a str,
    limits: &'a XLimits,
    found: Vec<RuleError>,
}

impl Check<'_> {
    fn refuse(&mut self, span: &Range<usize>, message: impl Into<String>) {
        self.found
            .push(RuleError::new(self.text, span.clone(), message));
    }

    fn refuse_with_hint(
        &mut self,
        span: &Range<usize>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.found
            .push(RuleError::new(self.text, span.clone(), message).hint(hint));
    }

    fn question(
        &mut self,
        span: &Range<usize>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.found.push(
            RuleError::new(self.text, span.clone(), message)
                .hint(hint)
                .warning(),
        );
    }

    fn length(&mut self) {
        let max = self.limits.max_chars;
        if let Some((cut, _)) = self.text.char_indices().nth(max) {
            let length = self.text.chars().count();
            let message = format!("too long for X: {length} characters, at most {max}");
            self.refuse_with_hint(
                &(cut..self.text.len()),
                message,
                "split it into several rules",
            );
        }
    }

    /// There must be something to look for.
    fn substance(&mut self, expr: &Expr) {
        if is_only_negative(expr) && !matches!(expr.kind, ExprKind::Any(_)) {
            let message = "X does not take a rule that only says what is not wanted";
            self.refuse_with_hint(&expr.span, message, "add a word, a tag or an account");
        } else if !has_standalone(expr, true, self.limits.dialect) {
            let hint = "add a word, a tag or an account; `is:`, `has:`, `lang:`, `sample:`, `source:` only narrow it down";
            if has_source(expr) {
                let message = "X's pages disagree whether `source:` may stand alone";
                self.question(&expr.span, message, hint);
            } else {
                self.refuse_with_hint(
                    &expr.span,
                    "nothing in this rule can stand alone at X",
                    hint,
                );
            }
        }
        if self.limits.dialect == XDialect::Search {
            return;
        }
        let branches = match &expr.kind {
            ExprKind::Any(parts) => parts.as_slice(),
            _ => std::slice::from_ref(expr),
        };
        for branch in branches.iter().filter(|branch| is_only_stop_words(branch)) {
            let message = "only words so common that X does not look for them alone";
            let hint = "add a rarer word, or quote a phrase";
            match self.limits.dialect {
                XDialect::PowerTrack => self.refuse_with_hint(&branch.span, message, hint),
                _ => self.question(&branch.span, message, hint),
            }
        }
    }

    /// Each alternative must say what is wanted.
    fn branches(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Term(_) => {}
            ExprKind::Not(part) => self.branches(part),
            ExprKind::All(parts) => parts.iter().for_each(|part| self.branches(part)),
            ExprKind::Any(parts) => {
                for part in parts {
                    if is_only_negative(part) && !matches!(part.kind, ExprKind::Any(_)) {
                        let message = "this alternative matches everything but what it names";
                        self.refuse_with_hint(
                            &part.span,
                            message,
                            "move the negation outside of the `OR`",
                        );
                    }
                    self.branches(part);
                }
            }
        }
    }

    /// What may not be negated, and what must be.
    fn signs(&mut self, expr: &Expr, positive: bool) {
        match &expr.kind {
            ExprKind::Any(parts) | ExprKind::All(parts) => {
                parts.iter().for_each(|part| self.signs(part, positive))
            }
            ExprKind::Not(part) => {
                if !matches!(part.kind, ExprKind::Term(_))
                    && self.limits.dialect != XDialect::PowerTrack
                {
                    let message = "X advises against negating a group";
                    self.question(
                        &expr.span,
                        message,
                        "negate each term: `-a -b` in place of `-(a OR b)`",
                    );
                }
                self.signs(part, !positive);
            }
            ExprKind::Term(Term::Is(crate::expr::Flag::Nullcast)) if positive => {
                self.refuse_with_hint(
                    &expr.span,
                    "X takes `is:nullcast` only negated",
                    "write `-is:nullcast`",
                );
            }
            ExprKind::Term(term @ (Term::Sample(_) | Term::Embedding(_))) if !positive => {
                self.refuse(
                    &expr.span,
                    format!("X does not let `{}` be negated", label(term)),
                );
            }
            ExprKind::Term(_) => {}
        }
    }

    /// A sample is taken of the whole rule.
    fn sampling(&mut self, expr: &Expr) {
        let mut sampled = Vec::new();
        find_samples(expr, false, &mut sampled);
        for span in sampled {
            let message = "X takes the sample of the whole rule, so alternatives must be grouped";
            self.refuse_with_hint(&span, message, "write `(a OR b) sample:10`");
        }
    }

    fn term(&mut self, span: &Range<usize>, term: &Term) {
        if let Some(reason) = self.unavailable(term) {
            self.refuse(
                span,
                format!("X does not take `{}` here: {reason}", label(term)),
            );
            return;
        }
        match term {
            Term::Words(words) => self.keyword(span, words),
            Term::Field(Field::Url, words)
                if !words.is_quoted() && has_punctuation(words.text()) =>
            {
                self.question(
                    span,
                    "X asks for quotes around an address",
                    format!("write `url:\"{}\"`", words.text()),
                );
            }
            Term::Mention(name) | Term::Account(_, name) if !is_x_account(name.text()) => {
                self.refuse_with_hint(
                    span,
                    format!("`{}` is no account of X", name.text()),
                    "up to 15 letters, digits and underscores, or a numeric id",
                );
            }
            Term::Id(_, id) if !is_number(id) => {
                self.refuse(
                    span,
                    format!("`{id}` is no id of X: expected a whole number"),
                );
            }
            Term::PointRadius(circle) | Term::ProfilePointRadius(circle) => {
                self.circle(span, circle)
            }
            Term::BoundingBox(bounds) | Term::ProfileBoundingBox(bounds) => {
                self.bounds(span, bounds)
            }
            Term::Lang(code) if !crate::language::is_known_to_x(code) => {
                self.question(
                    span,
                    format!("X does not list the language `{code}`"),
                    "X may still take it",
                );
            }
            _ => {}
        }
    }

    fn keyword(&mut self, span: &Range<usize>, words: &Words) {
        let text = words.text();
        if words.is_quoted() {
            return;
        }
        if text
            .chars()
            .any(|c| c == JOINER || is_modifier(c) || is_presentation(c))
        {
            let message = "X asks for quotes around an emoji with a variant";
            self.refuse_with_hint(span, message, format!("write `\"{text}\"`"));
        } else if has_punctuation(text) && self.limits.dialect != XDialect::PowerTrack {
            let message = "X asks for quotes around a word with punctuation";
            self.question(span, message, format!("write `\"{text}\"`"));
        }
    }

    fn circle(&mut self, span: &Range<usize>, circle: &Circle) {
        let miles = circle.radius_miles();
        if miles > MAX_MILES {
            self.refuse(
                span,
                format!("the radius is {miles:.1} miles: X takes at most {MAX_MILES}"),
            );
        }
    }

    fn bounds(&mut self, span: &Range<usize>, bounds: &Bounds) {
        let [width, height] = bounds.size_miles();
        if width > MAX_MILES || height > MAX_MILES {
            let message = format!(
                "the box is {width:.1} by {height:.1} miles: X takes at most {MAX_MILES} each way"
            );
            self.refuse(span, message);
        }
    }

    /// Why X does not know a term in this dialect.
    fn unavailable(&self, term: &Term) -> Option<&'static str> {
        let dialect = self.limits.dialect;
        match term {
            Term::V11Track(_) | Term::V11Follow(_) | Term::V11Locations(_) => Some("it is ours"),
            Term::Embedding(_) | Term::EmbeddingThreshold(_) if !self.limits.embeddings => {
                Some("it needs the enterprise embedding tier")
            }
            Term::Contains(_)
            | Term::Profile(..)
            | Term::ProfilePointRadius(_)
            | Term::ProfileBoundingBox(_)
            | Term::Has(Part::Symbols | Part::Lang | Part::ProfileGeo)
                if dialect != XDialect::PowerTrack =>
            {
                Some("only PowerTrack has it")
            }
            Term::Id(IdRole::List | IdRole::QuoteOf, _)
            | Term::Count(Counted::MinLikes | Counted::MinReplies | Counted::MinReposts, _)
                if dialect != XDialect::Search =>
            {
                Some("only search has it")
            }
            Term::Sample(_) | Term::Field(Field::Bio | Field::BioName | Field::BioLocation, _)
                if dialect == XDialect::Search =>
            {
                Some("search does not have it")
            }
            _ => None,
        }
    }
}

fn has_punctuation(text: &str) -> bool {
    text.chars().any(|c| class(c) == Class::Break)
}

fn is_x_account(name: &str) -> bool {
    let is_handle =
        name.len() <= 15 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    is_handle || is_number(name)
}

fn is_number(id: &str) -> bool {
    (1..=20).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests;
