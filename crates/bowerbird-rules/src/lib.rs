//! The rule language and the tokenizer.
//!
//! A [`Rule`] is parsed once and never changes; it knows its text, its meaning in words, what X would say to it, and
//! whether a [`doc::Doc`] matches. A [`RuleSet`] holds many rules and matches a post against all of them while others
//! change it. The same [`tokenize`] serves rules, full-text search ([`search_tokens`], [`search_query`]) and
//! highlighting. Nothing here knows of services or storage, does input or output, or keeps time.

#[cfg(test)]
mod acceptance;
mod advice;
pub mod doc;
mod error;
mod evaluate;
mod explain;
pub mod expr;
#[doc(hidden)]
pub mod fuzz;
mod geo;
mod hash;
mod highlight;
mod language;
mod operators;
mod parse;
mod phrase;
mod rule;
mod search;
mod set;
#[cfg(test)]
mod testing;
mod token;
mod tokenized;
pub mod v11;
#[doc(hidden)]
pub mod world;
mod x;

pub use error::{RuleError, Severity};
pub use expr::Expr;
pub use highlight::{Elsewhere, Highlights};
pub use parse::{MAX_DEPTH, MAX_PHRASE_TOKENS, MAX_RULE_BYTES};
pub use rule::Rule;
pub use search::{MAX_QUERY_BYTES, search_query, search_tokens};
pub use set::{RuleSet, Scratch, Snapshot};
pub use token::{Profile, Token, tokenize};
pub use tokenized::{MAX_TEXT_BYTES, TokenizedDoc};
pub use v11::from_v11;
pub use x::{Conjunction, Upstream, XDialect, XLimits};
