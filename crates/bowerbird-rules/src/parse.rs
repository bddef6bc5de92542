//! From text to tree: the grammar of a rule.
//!
//! ```text
//! rule   = or ;
//! or     = and { "OR" and } ;
//! and    = unary { unary } ;
//! unary  = [ "-" ] ( "(" or ")" | phrase | tag | operator | keyword ) ;
//! phrase = '"' { char | '\"' } '"' [ "~" 1..6 ] ;
//! ```
//!
//! The parser refuses what has no meaning anywhere; what only X refuses is asked by [`crate::x`]. It stops at the first
//! error, looks at every character a bounded number of times, and nests no deeper than [`MAX_DEPTH`].

mod area;
mod term;
mod value;

use std::ops::Range;

use crate::error::RuleError;
use crate::expr::{Expr, ExprKind};
use crate::token::chars::is_ignored;

/// The longest rule in bytes: room for the 5,000 accounts a v1.1 `follow` list may name.
pub const MAX_RULE_BYTES: usize = 256 * 1024;
/// How deep brackets and minus signs may nest, which bounds every walk over the tree.
pub const MAX_DEPTH: usize = 100;
/// The most tokens in one phrase, which bounds the cost of finding it.
pub const MAX_PHRASE_TOKENS: usize = 256;

/// The tree of `text`.
pub(crate) fn parse(text: &str) -> Result<Expr, RuleError> {
    if text.len() > MAX_RULE_BYTES {
        let end = text.floor_char_boundary(MAX_RULE_BYTES);
        let message = format!("the rule is too long: at most {MAX_RULE_BYTES} bytes");
        return Err(RuleError::new(text, end..text.len(), message));
    }
    let mut parser = Parser {
        text,
        at: 0,
        depth: 0,
    };
    parser.skip_blanks();
    if parser.peek().is_none() {
        return Err(RuleError::new(
            text,
            0..0,
            "the rule is empty: expected a word or an operator",
        ));
    }
    let expr = parser.any()?;
    if parser.peek().is_some() {
        let span = parser.at..parser.at + 1;
        return Err(parser
            .error(span, "this bracket closes nothing")
            .hint("remove it, or add `(` before"));
    }
    Ok(expr)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    /// Alternatives: everything up to a closing bracket or the end.
    fn any(&mut self) -> Result<Expr, RuleError> {
        let first = self.all()?;
        let mut others = Vec::new();
        while self.at_or() {
            self.at += 2;
            others.push(self.all()?);
        }
        Ok(join(first, others, ExprKind::Any))
    }

    /// Terms side by side: everything up to an `OR`, a closing bracket or the end.
    fn all(&mut self) -> Result<Expr, RuleError> {
        let Some(first) = self.next_part()? else {
            return Err(self.nothing_here());
        };
        let mut others = Vec::new();
        while let Some(part) = self.next_part()? {
            others.push(part);
        }
        Ok(join(first, others, ExprKind::All))
    }

    /// The next of the terms side by side.
    fn next_part(&mut self) -> Result<Option<Expr>, RuleError> {
        self.skip_blanks();
        match self.peek() {
            None | Some(')') => Ok(None),
            Some(_) if self.at_or() => Ok(None),
            Some(_) => self.unary().map(Some),
        }
    }

    /// Why there is no term where one was expected.
    fn nothing_here(&self) -> RuleError {
        if self.at_or() {
            let error = self.error(self.at..self.at + 2, "`OR` needs a term before it");
            return error.hint("quote it to look for the word");
        }
        let before = self.text[..self.at].trim_end_matches(|c| is_blank(c) || is_ignored(c));
        if before.ends_with('(') {
            return self.error(
                before.len() - 1..self.at + 1,
                "there is nothing in these brackets",
            );
        }
        if before.ends_with("OR") {
            return self.error(before.len() - 2..before.len(), "`OR` needs a term after it");
        }
        self.error(self.at..self.at + 1, "this bracket closes nothing")
    }

    fn unary(&mut self) -> Result<Expr, RuleError> {
        let start = self.at;
        if !self.eat('-') {
            return self.primary();
        }
        match self.peek() {
            Some('-') => Err(self
                .error(start..self.at + 1, "two minus signs in a row")
                .hint("one is enough")),
            Some(c) if !is_blank(c) && c != ')' => {
                let negated = self.nested(start, Self::primary)?;
                Ok(Expr {
                    span: start..self.at,
                    kind: ExprKind::Not(Box::new(negated)),
                })
            }
            _ => {
                let message = "a minus stands directly before what it negates";
                Err(self
                    .error(start..self.at, message)
                    .hint("remove the blank after it, or the minus"))
            }
        }
    }

    /// Runs `inner` one level deeper.
    fn nested(
        &mut self,
        start: usize,
        inner: impl FnOnce(&mut Self) -> Result<Expr, RuleError>,
    ) -> Result<Expr, RuleError> {
        if self.depth == MAX_DEPTH {
            return Err(self.error(
                start..start + 1,
                format!("nested too deep: at most {MAX_DEPTH} levels"),
            ));
        }
        self.depth += 1;
        let expr = inner(self);
        self.depth -= 1;
        expr
    }

    fn primary(&mut self) -> Result<Expr, RuleError> {
        let start = self.at;
        let term = match self.peek() {
            Some('(') => return self.nested(start, Self::group),
            Some('"') => self.phrase()?,
            Some('#' | '＃') => self.hashtag()?,
            Some('@' | '＠') => self.mention()?,
            Some('$' | '＄') => self.cashtag()?,
            _ => self.word()?,
        };
        self.expect_boundary()?;
        Ok(Expr {
            span: start..self.at,
            kind: ExprKind::Term(term),
        })
    }

    fn group(&mut self) -> Result<Expr, RuleError> {
        let start = self.at;
        self.at += 1;
        self.skip_blanks();
        if self.peek().is_none() {
            return Err(self.error(start..start + 1, "this bracket is never closed"));
        }
        let inner = self.any()?;
        if !self.eat(')') {
            return Err(self
                .error(start..start + 1, "this bracket is never closed")
                .hint("add `)`"));
        }
        Ok(Expr {
            span: start..self.at,
            ..inner
        })
    }

    /// A term must be followed by a blank, a bracket or the end.
    fn expect_boundary(&self) -> Result<(), RuleError> {
        match self.peek() {
            None | Some('(' | ')') => Ok(()),
            Some(c) if is_blank(c) => Ok(()),
            Some(c) => {
                let error = self.error(
                    self.at..self.at + c.len_utf8(),
                    format!("`{}` follows directly", shown(c)),
                );
                Err(error.hint("put a blank between two terms"))
            }
        }
    }

    fn at_or(&self) -> bool {
        let rest = &self.text[self.at..];
        rest.strip_prefix("OR")
            .is_some_and(|after| after.starts_with(ends_word) || after.is_empty())
    }

    /// Everything up to a blank, a bracket or a quote.
    fn run(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let run = &rest[..rest.find(ends_word).unwrap_or(rest.len())];
        self.at += run.len();
        run
    }

    fn skip_blanks(&mut self) {
        let rest = &self.text[self.at..];
        self.at = self.text.len()
            - rest
                .trim_start_matches(|c| is_blank(c) || is_ignored(c))
                .len();
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn error(&self, span: Range<usize>, message: impl Into<String>) -> RuleError {
        RuleError::new(self.text, span, message)
    }
}

/// One part stands for itself; several become one node that spans them. No memory is kept that is not used: there may be very many rules.
fn join(first: Expr, others: Vec<Expr>, kind: impl FnOnce(Vec<Expr>) -> ExprKind) -> Expr {
    let Some(last) = others.last() else {
        return first;
    };
    let span = first.span.start..last.span.end;
    let mut parts = Vec::with_capacity(1 + others.len());
    parts.push(first);
    parts.extend(others);
    Expr {
        span,
        kind: kind(parts),
    }
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || c.is_control() || c == '\u{200B}'
}

fn ends_word(c: char) -> bool {
    is_blank(c) || matches!(c, '(' | ')' | '"')
}

/// A character as a message may show it.
fn shown(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

#[cfg(test)]
pub(crate) mod tests;
