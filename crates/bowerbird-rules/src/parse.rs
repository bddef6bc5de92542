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

mod value;

use std::ops::Range;

use crate::error::RuleError;
use crate::expr::{Expr, ExprKind, Name, Term, Words};
use crate::operators::{FOREIGN, OPERATORS, find, nearest};
use crate::phrase::MAX_NEAR_TOKENS;
use crate::token::chars::{Class, class, is_ignored};

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
        let mut parts = vec![self.all()?];
        while self.at_or() {
            self.at += 2;
            parts.push(self.all()?);
        }
        Ok(join(parts, ExprKind::Any))
    }

    /// Terms side by side: everything up to an `OR`, a closing bracket or the end.
    fn all(&mut self) -> Result<Expr, RuleError> {
        let mut parts = Vec::new();
        loop {
            self.skip_blanks();
            match self.peek() {
                None | Some(')') => break,
                Some(_) if self.at_or() => break,
                Some(_) => parts.push(self.unary()?),
            }
        }
        if parts.is_empty() {
            return Err(self.nothing_here());
        }
        Ok(join(parts, ExprKind::All))
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

    fn phrase(&mut self) -> Result<Term, RuleError> {
        let start = self.at;
        let text = self.quoted()?;
        let slop = if self.eat('~') {
            Some(self.slop()?)
        } else {
            None
        };
        let words = Words::new(text, true, slop);
        self.check_words(&words, start..self.at)?;
        if slop.is_some() && words.tokens().len() > MAX_NEAR_TOKENS {
            let message =
                format!("too many words to be near one another: at most {MAX_NEAR_TOKENS}");
            return Err(self.error(start..self.at, message));
        }
        Ok(Term::Words(words))
    }

    fn slop(&mut self) -> Result<u8, RuleError> {
        let from = self.at;
        let digits = self.run();
        if let [digit @ b'1'..=b'6'] = digits.as_bytes() {
            return Ok(digit - b'0');
        }
        let span = if digits.is_empty() {
            from - 1..from
        } else {
            from..self.at
        };
        Err(self.error(
            span,
            "after `~` comes how many words may lie between: 1 to 6",
        ))
    }

    /// What stands between two quotes, without the escapes.
    fn quoted(&mut self) -> Result<String, RuleError> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        while let Some(c) = self.next() {
            match c {
                '"' => return Ok(text),
                '\\' if matches!(self.peek(), Some('"' | '\\')) => text.extend(self.next()),
                _ => text.push(c),
            }
        }
        Err(self
            .error(start..start + 1, "this quote is never closed")
            .hint("add `\"`"))
    }

    fn hashtag(&mut self) -> Result<Term, RuleError> {
        let inner = |c: char| matches!(c, '_' | '·' | '・') || !matches!(class(c), Class::Break);
        self.tag("a hashtag", inner, inner).map(Term::Hashtag)
    }

    fn mention(&mut self) -> Result<Term, RuleError> {
        let edge =
            |c: char| c == '_' || matches!(class(c), Class::Word | Class::Mark | Class::Unit);
        self.tag(
            "a handle",
            move |c| edge(c) || matches!(c, '.' | '-' | '@'),
            edge,
        )
        .map(Term::Mention)
    }

    fn cashtag(&mut self) -> Result<Term, RuleError> {
        let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_');
        let start = self.at;
        let name = self.tag("a cashtag", inner, |c| c.is_ascii_alphanumeric())?;
        if !name.text().starts_with(|c: char| c.is_ascii_alphabetic()) {
            let error = self.error(start..self.at, "a cashtag begins with a letter");
            return Err(error.hint("quote it to look for the number"));
        }
        Ok(Term::Cashtag(name))
    }

    /// A sign and the name after it; `what` says what the sign begins.
    fn tag(
        &mut self,
        what: &str,
        inner: impl Fn(char) -> bool,
        edge: impl Fn(char) -> bool,
    ) -> Result<Name, RuleError> {
        let start = self.at;
        let sign = self.next().map(String::from).unwrap_or_default();
        let from = self.at;
        let name = self.run();
        if name.is_empty() {
            let error = self.error(
                start..from,
                format!("`{sign}` needs a name directly after it"),
            );
            return Err(error.hint("quote it to look for the sign's word"));
        }
        if let Some((offset, wrong)) = name.char_indices().find(|&(_, c)| !inner(c)) {
            let span = from + offset..from + offset + wrong.len_utf8();
            return Err(self.error(span, format!("`{}` cannot be part of {what}", shown(wrong))));
        }
        if !name.ends_with(&edge) || !name.starts_with(&edge) {
            return Err(self.error(
                from..self.at,
                format!("{what} begins and ends with a letter or a digit"),
            ));
        }
        Ok(Name::new(name))
    }

    /// An operator or a keyword.
    fn word(&mut self) -> Result<Term, RuleError> {
        let start = self.at;
        if let Some(name) = operator_name(&self.text[start..]) {
            let end = start + name.len() + 1;
            let Some(operator) = find(OPERATORS, name) else {
                return Err(self.unknown_operator(start..end, name));
            };
            self.at = end;
            return self.value(operator, start);
        }
        let word = self.run();
        self.check_keyword(word, start..self.at)?;
        let words = Words::new(word.to_owned(), false, None);
        self.check_words(&words, start..self.at)?;
        Ok(Term::Words(words))
    }

    fn unknown_operator(&self, span: Range<usize>, name: &str) -> RuleError {
        let error = self.error(span, format!("there is no operator `{name}:`"));
        if name.eq_ignore_ascii_case("http") || name.eq_ignore_ascii_case("https") {
            return error.hint("did you mean `url:\"…\"`? an address must be quoted");
        }
        if let Some(ours) = find(FOREIGN, name) {
            return error.hint(format!("did you mean `{ours}`?"));
        }
        match nearest(OPERATORS, name) {
            Some(known) => error.hint(format!("did you mean `{known}:`?")),
            None => error.hint("quote it to look for the words"),
        }
    }

    /// Refuses what cannot be a bare keyword.
    fn check_keyword(&self, word: &str, span: Range<usize>) -> Result<(), RuleError> {
        let (offset, first) = word
            .char_indices()
            .find(|&(_, c)| !is_ignored(c))
            .unwrap_or((0, ' '));
        if word == "OR" {
            return Err(self
                .error(span, "`OR` stands between two terms")
                .hint("quote it to look for the word"));
        }
        if matches!(class(first), Class::Break | Class::Mark) {
            let start = span.start + offset;
            let at = start..(start + first.len_utf8()).min(span.end);
            let error = self.error(
                at,
                format!(
                    "a keyword begins with a letter, a digit or an emoji, not `{}`",
                    shown(first)
                ),
            );
            return Err(error.hint(match first {
                '“' | '”' | '„' | '«' | '»' => "use straight quotes: `\"`",
                '+' | '&' => "a blank already means \"and\"",
                '|' => "write `OR` between alternatives",
                '−' | '–' | '—' => "to negate, use the plain minus: `-`",
                _ => "quote it to look for the words",
            }));
        }
        if let Some((head, tail)) = word.rsplit_once('~')
            && !head.is_empty()
            && tail.bytes().all(|b| b.is_ascii_digit())
        {
            let at = span.start + head.len()..span.end;
            return Err(self
                .error(at, "`~` follows a quoted phrase")
                .hint(format!("write `\"{head} …\"~{tail}`")));
        }
        Ok(())
    }

    /// Refuses words that could never be found, or would cost too much to find.
    fn check_words(&self, words: &Words, span: Range<usize>) -> Result<(), RuleError> {
        match words.tokens().len() {
            0 => Err(self.error(
                span,
                "there is no word in this: expected a letter, a digit or an emoji",
            )),
            1..=MAX_PHRASE_TOKENS => Ok(()),
            _ => Err(self.error(
                span,
                format!("the phrase is too long: at most {MAX_PHRASE_TOKENS} words"),
            )),
        }
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

/// One part stands for itself; several become one node that spans them.
fn join(mut parts: Vec<Expr>, kind: impl FnOnce(Vec<Expr>) -> ExprKind) -> Expr {
    let span = match (parts.first(), parts.last()) {
        (Some(first), Some(last)) => first.span.start..last.span.end,
        _ => 0..0,
    };
    if parts.len() == 1 {
        return parts.remove(0);
    }
    Expr {
        span,
        kind: kind(parts),
    }
}

/// The letters before a colon, if `rest` begins like an operator.
fn operator_name(rest: &str) -> Option<&str> {
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))?;
    let name = &rest[..end];
    (rest[end..].starts_with(':') && name.starts_with(|c: char| c.is_ascii_alphabetic()))
        .then_some(name)
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
