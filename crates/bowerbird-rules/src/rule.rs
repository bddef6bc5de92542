//! A rule: its text, and the tree it means. Never changed once made.

use std::ops::Range;

use crate::doc::Doc;
use crate::error::RuleError;
use crate::expr::Expr;
use crate::highlight::Highlights;
use crate::tokenized::{TokenizedDoc, View};
use crate::x::{Upstream, XLimits};

/// An expression that a post matches or not.
#[derive(Debug, Clone)]
pub struct Rule {
    text: Box<str>,
    expr: Expr,
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Rule {}

impl Rule {
    /// Reads a rule, or says where and why it cannot.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let expr = crate::parse::parse(text)?;
        Ok(Self {
            text: text.into(),
            expr,
        })
    }

    /// The rule as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it means.
    pub fn expr(&self) -> &Expr {
        &self.expr
    }

    /// Does `doc` match? For one rule alone; many rules share a [`TokenizedDoc`].
    pub fn matches(&self, doc: &Doc<'_>) -> bool {
        self.matches_tokens(&TokenizedDoc::new(doc))
    }

    /// Does the post match?
    pub fn matches_tokens(&self, doc: &TokenizedDoc<'_>) -> bool {
        self.matches_view(doc.view())
    }

    pub(crate) fn matches_view(&self, view: View<'_>) -> bool {
        crate::evaluate::matches(&self.expr, view)
    }

    /// Each operator, or negation, of the rule by its byte range in the rule's text, and whether it holds for the post.
    pub fn verdicts(&self, doc: &Doc<'_>) -> Vec<(Range<usize>, bool)> {
        let mut found = Vec::new();
        crate::evaluate::verdicts(&self.expr, TokenizedDoc::new(doc).view(), &mut found);
        found
    }

    /// What made the post match, in its texts and elsewhere; nothing if it does not.
    pub fn highlights(&self, doc: &Doc<'_>) -> Highlights {
        self.highlights_tokens(&TokenizedDoc::new(doc))
    }

    /// The same, for a post that several rules share.
    pub fn highlights_tokens(&self, doc: &TokenizedDoc<'_>) -> Highlights {
        crate::highlight::highlights(&self.expr, doc.view())
    }

    /// The rule in plain English.
    pub fn explain(&self) -> String {
        let explained = crate::explain::explain(&self.expr);
        if self.is_indexed() {
            explained
        } else {
            format!(
                "{explained}; every post is checked, as there is no word, tag or account that it must have"
            )
        }
    }

    /// Is there anything (a word, a tag, an account, a language, a place on the map) that each matching post must have? Then a
    /// [`crate::RuleSet`] tries the rule on such posts alone, however many rules there are; if not, on every post.
    pub fn is_indexed(&self) -> bool {
        crate::set::is_indexed(&self.expr)
    }

    /// What X would refuse or question, in the order of the text.
    pub fn check_for_x(&self, limits: &XLimits) -> Vec<RuleError> {
        crate::x::check(&self.text, &self.expr, limits)
    }

    /// What to ask X for, so that everything the rule matches comes; an error if X cannot be asked for it.
    pub fn upstream(&self, limits: &XLimits) -> Result<Upstream, RuleError> {
        crate::x::upstream(self, limits)
    }

    /// What is allowed and yet probably not meant; warnings only.
    pub fn warnings(&self) -> Vec<RuleError> {
        crate::advice::warnings(&self.text, &self.expr)
    }
}
