//! What a rule cannot match without, and what a post offers, as comparable numbers.
//!
//! Two different things may share a number: anchors only choose which rules are tried, evaluation decides.

use std::hash::Hasher;

use rustc_hash::FxHasher;

use crate::doc::{Doc, EntityKind};
use crate::expr::{AccountRole, Expr, ExprKind, Name, Term, Words};
use crate::token::Profile;
use crate::token::fold::fold;
use crate::tokenized::contents;

/// What a number stands for, besides a word of the text, which has the word's own hash.
#[derive(Clone, Copy)]
enum Kind {
    Hashtag = 1,
    Mention,
    Cashtag,
    Author,
    Answered,
    Reposted,
}

/// More alternatives than this are not worth hanging a rule on.
const MAX_ANCHORS: usize = 4096;

/// At least one of these is in every post that the rule matches; `None` if there are no such.
pub(crate) fn of_rule(expr: &Expr) -> Option<Vec<u64>> {
    match &expr.kind {
        ExprKind::Any(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(of_rule(part)?);
            }
            (all.len() <= MAX_ANCHORS).then_some(all)
        }
        // The part with the fewest alternatives is the rarest, as far as one can tell.
        ExprKind::All(parts) => parts.iter().filter_map(of_rule).min_by_key(Vec::len),
        ExprKind::Not(_) => None,
        ExprKind::Term(term) => of_term(term).map(|anchor| vec![anchor]),
    }
}

fn of_term(term: &Term) -> Option<u64> {
    match term {
        Term::Words(words) => rarest_word(words),
        Term::Hashtag(name) => Some(named(Kind::Hashtag, name)),
        Term::Mention(name) => Some(named(Kind::Mention, name)),
        Term::Cashtag(name) => Some(named(Kind::Cashtag, name)),
        Term::Account(AccountRole::From, name) => Some(named(Kind::Author, name)),
        Term::Account(AccountRole::To, name) => Some(named(Kind::Answered, name)),
        Term::Account(AccountRole::RepostOf, name) => Some(named(Kind::Reposted, name)),
        _ => None,
    }
}

/// The longest word is the rarest, as far as one can tell.
fn rarest_word(words: &Words) -> Option<u64> {
    words
        .tokens()
        .iter()
        .max_by_key(|word| word.text.len())
        .map(|word| word.hash)
}

/// Adds what `doc` offers besides the words of its texts.
pub(crate) fn of_doc(doc: &Doc<'_>, out: &mut Vec<u64>) {
    for entity in contents(doc).flat_map(|content| content.entities) {
        let kind = match entity.kind {
            EntityKind::Hashtag => Kind::Hashtag,
            EntityKind::Mention => Kind::Mention,
            EntityKind::Cashtag => Kind::Cashtag,
            _ => continue,
        };
        offer(kind, &entity.value, out);
        if entity.kind == EntityKind::Mention {
            offer(kind, &entity.id, out);
        }
    }
    offer(Kind::Author, doc.author.id, out);
    offer(Kind::Author, doc.author.handle, out);
    for (kind, account) in [
        (Kind::Answered, doc.reply_to),
        (Kind::Reposted, doc.repost_of),
    ] {
        if let Some(account) = account {
            offer(kind, account.id, out);
            offer(kind, account.handle, out);
        }
    }
}

fn offer(kind: Kind, name: &str, out: &mut Vec<u64>) {
    if name.is_ascii() {
        out.extend(
            (!name.is_empty()).then(|| number(kind, name.bytes().map(|b| b.to_ascii_lowercase()))),
        );
    } else {
        out.push(number(kind, fold(name, Profile::Stream).bytes()));
    }
}

fn named(kind: Kind, name: &Name) -> u64 {
    number(kind, name.folded().bytes())
}

fn number(kind: Kind, folded: impl Iterator<Item = u8>) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_u8(kind as u8);
    for byte in folded {
        hasher.write_u8(byte);
    }
    hasher.finish()
}
