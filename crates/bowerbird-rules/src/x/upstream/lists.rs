//! What to ask X for in place of the v1.1 lists, which it no longer takes: never narrower than they are.
//!
//! A word of `v11_track:` was found in texts, addresses of links, tags and handles alike; X has an operator for each. Whose posts `v11_follow:` brings are X's
//! `from:`, `to:` and `retweets_of:`; a text that begins with a handle is to X an answer to it. A place that only overlaps a box of `v11_locations:` is in no
//! box of X's, which wants it to lie in it entirely: all that X offers then is `has:geo`.

use super::{Asking, Wide, any_parts, joined};
use crate::doc::EntityKind;
use crate::expr::{Expr, ExprKind, Field, Term, Words};
use crate::rule::Rule;
use crate::v11::{FollowList, TrackList, TrackWord};

impl Asking<'_> {
    /// Any of the phrases, each of which needs all of its words.
    pub(super) fn track_list(&mut self, list: &TrackList) -> Wide {
        self.is_wider = true;
        let mut phrases = Vec::new();
        for phrase in list.phrases() {
            let words = phrase.iter().filter_map(|word| self.track_word(word));
            match joined(words.collect(), ExprKind::All) {
                Some(phrase) => phrases.extend(any_parts(phrase)),
                None => return Wide::Everything,
            }
        }
        joined(phrases, ExprKind::Any).map_or(Wide::Everything, Wide::Only)
    }

    /// Wherever the word may be found; `None` where X can't be asked for it.
    fn track_word(&mut self, word: &TrackWord) -> Option<Expr> {
        let terms = match word {
            TrackWord::Plain(words, _) => {
                let name = words.text();
                let tags = [term(&format!("#{name}")), term(&format!("@{name}"))];
                in_text_and_links(words)
                    .into_iter()
                    .chain(tags.into_iter().flatten())
                    .collect()
            }
            TrackWord::Tagged(kind, name) => {
                let sign = match kind {
                    EntityKind::Hashtag => "#",
                    EntityKind::Mention => "@",
                    _ => "$",
                };
                vec![term(&format!("{sign}{name}"))?]
            }
            TrackWord::Exact(words, _) if words.tokens().is_empty() => return None,
            TrackWord::Exact(words, _) => in_text_and_links(words),
        };
        let mut any = Vec::new();
        for term in terms {
            match self.term(&term) {
                Wide::Only(term) => any.push(term),
                Wide::Nothing => {}
                Wide::Everything => return None,
            }
        }
        joined(any, ExprKind::Any)
    }

    /// Everything by, to and passed on from each of the accounts.
    pub(super) fn follow_list(&mut self, list: &FollowList) -> Wide {
        self.is_wider = true;
        let mut any = Vec::new();
        for account in list.accounts() {
            for role in ["from", "to", "retweets_of"] {
                let term = term(&format!("{role}:{account}"));
                match term.map(|term| self.term(&term)) {
                    Some(Wide::Only(term)) => any.push(term),
                    Some(Wide::Nothing) | None => {}
                    Some(Wide::Everything) => return Wide::Everything,
                }
            }
        }
        joined(any, ExprKind::Any).map_or(Wide::Nothing, Wide::Only)
    }
}

fn in_text_and_links(words: &Words) -> Vec<Term> {
    let plain = Words::new(words.text().to_owned(), false, None);
    vec![Term::Words(plain.clone()), Term::Field(Field::Url, plain)]
}

/// The operator that this is, if it is one.
fn term(text: &str) -> Option<Term> {
    match &Rule::parse(text).ok()?.expr().kind {
        ExprKind::Term(term) => Some(term.clone()),
        _ => None,
    }
}
