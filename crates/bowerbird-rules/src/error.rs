//! What is wrong with a rule, where, and what would help.
//!
//! One type serves the parser, X's own restrictions and friendly advice; [`Severity`] tells them apart. An error knows
//! its place in bytes (to cut the rule text) and in characters (to tell a person).

use std::ops::Range;

use serde::Serialize;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The rule cannot be used.
    Error,
    /// The rule works, though perhaps not as meant.
    Warning,
}

/// Something wrong with a rule or a search query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("at character {position}: {message}{}", self.hint_in_brackets())]
pub struct RuleError {
    /// Byte offsets into the text, on character boundaries.
    pub span: Range<usize>,
    /// Where it begins, counted in characters from 1.
    pub position: usize,
    /// What is wrong and what was expected, as a fragment.
    pub message: String,
    /// What to write instead, where we can tell.
    pub hint: Option<String>,
    /// Whether the rule can be used all the same.
    pub severity: Severity,
}

impl RuleError {
    /// An error about `span` of `text`.
    pub(crate) fn new(text: &str, span: Range<usize>, message: impl Into<String>) -> Self {
        let before = text.get(..span.start).unwrap_or(text);
        Self {
            position: before.chars().count() + 1,
            span,
            message: message.into(),
            hint: None,
            severity: Severity::Error,
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// Can the rule be used all the same?
    pub fn is_warning(&self) -> bool {
        self.severity == Severity::Warning
    }

    /// Three lines for a terminal: the rule, carets below the place, and what is wrong.
    ///
    /// Control characters become blanks, and a long rule is cut to the surroundings of the place.
    pub fn render(&self, rule_text: &str) -> String {
        const SHOWN_BEFORE: usize = 60;
        const SHOWN: usize = 100;
        let first = (self.position - 1).saturating_sub(SHOWN_BEFORE);
        let shown: String = rule_text
            .chars()
            .skip(first)
            .take(SHOWN)
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let marked = rule_text
            .get(self.span.clone())
            .map_or(0, |part| part.chars().count());
        let indent = self.position - 1 - first;
        let carets = marked.clamp(1, SHOWN - indent);
        let hint = self
            .hint
            .as_ref()
            .map(|hint| format!("\n{hint}"))
            .unwrap_or_default();
        format!(
            "{shown}\n{}{}\n{}{hint}",
            " ".repeat(indent),
            "^".repeat(carets),
            self.message
        )
    }

    fn hint_in_brackets(&self) -> String {
        self.hint
            .as_ref()
            .map(|hint| format!(" ({hint})"))
            .unwrap_or_default()
    }
}
