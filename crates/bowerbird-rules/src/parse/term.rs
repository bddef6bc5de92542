//! The terms that need no operator's name: phrases, tags, keywords; and which name begins an operator.

use std::ops::Range;

use super::{MAX_PHRASE_TOKENS, Parser, shown};
use crate::error::RuleError;
use crate::expr::{Name, Term, Words};
use crate::operators::{FOREIGN, OPERATORS, find, nearest};
use crate::phrase::MAX_NEAR_TOKENS;
use crate::token::chars::{Class, class, is_ignored};

impl Parser<'_> {
    pub(super) fn phrase(&mut self) -> Result<Term, RuleError> {
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
    pub(super) fn quoted(&mut self) -> Result<String, RuleError> {
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

    pub(super) fn hashtag(&mut self) -> Result<Term, RuleError> {
        let inner = |c: char| matches!(c, '_' | '·' | '・') || !matches!(class(c), Class::Break);
        self.tag("a hashtag", inner, inner).map(Term::Hashtag)
    }

    pub(super) fn mention(&mut self) -> Result<Term, RuleError> {
        let edge =
            |c: char| c == '_' || matches!(class(c), Class::Word | Class::Mark | Class::Unit);
        self.tag(
            "a handle",
            move |c| edge(c) || matches!(c, '.' | '-' | '@'),
            edge,
        )
        .map(Term::Mention)
    }

    pub(super) fn cashtag(&mut self) -> Result<Term, RuleError> {
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
    pub(super) fn word(&mut self) -> Result<Term, RuleError> {
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
        let Some((offset, first)) = word.char_indices().find(|&(_, c)| !is_ignored(c)) else {
            // Nothing that anyone could see: `check_words` says so.
            return Ok(());
        };
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
    pub(super) fn check_words(&self, words: &Words, span: Range<usize>) -> Result<(), RuleError> {
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
}

/// The letters before a colon, if `rest` begins like an operator.
fn operator_name(rest: &str) -> Option<&str> {
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))?;
    let name = &rest[..end];
    (rest[end..].starts_with(':') && name.starts_with(|c: char| c.is_ascii_alphabetic()))
        .then_some(name)
}
