//! Full-text search: what a text offers to the index, and what a user's words ask of it.
//!
//! The index is SQLite's FTS5, fed with ready-made tokens: joined by blanks, they hold no ASCII character that is not a
//! letter or a digit, so FTS5's `ascii` tokenizer (every character beyond ASCII belongs to a token) splits them exactly
//! at the blanks, whatever the script.

use crate::error::RuleError;
use crate::token::{Profile, tokenize};

/// The longest search, in bytes.
pub const MAX_QUERY_BYTES: usize = 4096;

/// The tokens of `text` for the index, joined by single blanks. For an FTS5 table with `tokenize = 'ascii'`.
pub fn search_tokens(text: &str) -> String {
    let mut joined = String::with_capacity(text.len() + 8);
    tokenize(text, Profile::Search, &mut |token| {
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(token.text);
    });
    joined
}

/// A user's search as an FTS5 `MATCH` expression.
///
/// Words are all needed, `"quoted words"` must stand together, `OR` parts alternatives, a minus excludes, and a star at a
/// word's end finds all that begin so. Everything else is punctuation; nothing of FTS5's own language gets through.
pub fn search_query(q: &str) -> Result<String, RuleError> {
    if q.len() > MAX_QUERY_BYTES {
        let end = q.floor_char_boundary(MAX_QUERY_BYTES);
        let message = format!("the search is too long: at most {MAX_QUERY_BYTES} bytes");
        return Err(RuleError::new(q, end..q.len(), message));
    }
    let mut alternatives = Vec::new();
    let mut group = Group::default();
    let mut rest = Pieces { text: q, at: 0 };
    while let Some(piece) = rest.next_piece()? {
        if piece.is_or() {
            alternatives.extend(std::mem::take(&mut group).finish(q)?);
        } else {
            group.add(&piece);
        }
    }
    alternatives.extend(group.finish(q)?);
    match alternatives.as_slice() {
        [] => Err(RuleError::new(
            q,
            0..0,
            "there is nothing to search for: expected a word",
        )),
        [only] => Ok(only.clone()),
        several => Ok(several
            .iter()
            .map(|one| format!("({one})"))
            .collect::<Vec<_>>()
            .join(" OR ")),
    }
}

/// Words that are all needed, and words that must not be there.
#[derive(Default)]
struct Group {
    wanted: Vec<String>,
    unwanted: Vec<String>,
    /// Where the first unwanted word stands.
    minus: Option<usize>,
}

impl Group {
    fn add(&mut self, piece: &Piece<'_>) {
        let tokens = search_tokens(piece.text);
        if tokens.is_empty() {
            return;
        }
        let quoted = format!("\"{tokens}\"{}", if piece.prefix { " *" } else { "" });
        if piece.negated {
            self.unwanted.push(quoted);
            self.minus.get_or_insert(piece.start);
        } else {
            self.wanted.push(quoted);
        }
    }

    /// `None` if nothing was asked.
    fn finish(self, q: &str) -> Result<Option<String>, RuleError> {
        if self.wanted.is_empty() {
            return match self.minus {
                None => Ok(None),
                Some(at) => {
                    let error = RuleError::new(
                        q,
                        at..at + 1,
                        "only says what is not wanted: expected a word to search for",
                    );
                    Err(error)
                }
            };
        }
        let mut query = self.wanted.join(" AND ");
        if !self.unwanted.is_empty() {
            query = format!("({query}) NOT ({})", self.unwanted.join(" OR "));
        }
        Ok(Some(query))
    }
}

/// A word or a quoted phrase of a search.
struct Piece<'a> {
    text: &'a str,
    start: usize,
    quoted: bool,
    negated: bool,
    prefix: bool,
}

impl Piece<'_> {
    fn is_or(&self) -> bool {
        self.text == "OR" && !self.quoted && !self.negated && !self.prefix
    }
}

struct Pieces<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Pieces<'a> {
    fn next_piece(&mut self) -> Result<Option<Piece<'a>>, RuleError> {
        let all = self.text;
        let rest = all[self.at..]
            .trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '(' | ')'));
        let start = all.len() - rest.len();
        if rest.is_empty() {
            return Ok(None);
        }
        let (negated, body) = match rest.strip_prefix('-') {
            Some(body) => (true, body),
            None => (false, rest),
        };
        let from = all.len() - body.len();
        if let Some(inside) = body.strip_prefix('"') {
            let Some(length) = inside.find('"') else {
                return Err(
                    RuleError::new(all, from..from + 1, "this quote is never closed")
                        .hint("add `\"`"),
                );
            };
            let after = &inside[length + 1..];
            let prefix = after.starts_with('*');
            self.at = all.len() - after.len() + usize::from(prefix);
            return Ok(Some(Piece {
                text: &inside[..length],
                start,
                quoted: true,
                negated,
                prefix,
            }));
        }
        let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '(' | ')');
        let word = &body[..body.find(ends).unwrap_or(body.len())];
        self.at = from + word.len();
        let prefix = word.ends_with('*');
        Ok(Some(Piece {
            text: word.trim_end_matches('*'),
            start,
            quoted: false,
            negated,
            prefix,
        }))
    }
}

#[cfg(test)]
mod tests;
