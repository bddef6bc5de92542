//! A rule's tree in one row of numbers, to be evaluated where it lies.
//!
//! A tree is spread over memory, and with very many rules each step of its evaluation would wait for memory. A program holds the
//! operators that most rules consist of; a rule with any other keeps its tree, and means the same.
//!
//! A node is a head (lowest 8 bits: what it is; next 24: its words, the head's included; the rest: a number of its own), then its parts or
//! what it compares.

use super::anchors::{self, Alternative, MAX_TEXT};
use super::feature::{self, Kind};
use super::leaf::Text;
use super::offer::{Asked, Asking, FLAGS, Offer};
use crate::doc::{Doc, EntityKind};
use crate::evaluate::lies_in;
use crate::expr::{Bounds, Expr, ExprKind, Term, Words};
use crate::hash::{hash_word, word_of};
use crate::language;
use crate::v11::{TrackWord, is_located, stands_exactly};

/// What a node is; those from [`NAME`] on compare a name of the [`Kind`] they exceed it by.
const ANY: u64 = 0;
const ALL: u64 = 1;
const NOT: u64 = 2;
/// Its number: which of [`FLAGS`].
const FLAG: u64 = 3;
/// Four degrees.
const BOX: u64 = 4;
/// Its number: the length of the words in bytes, and, from bit 24, how many they are. The first word's hash, then the words.
const WORDS: u64 = 5;
/// The same, with nothing between them.
const GLUED_WORDS: u64 = 6;
/// A word of a v1.1 list without punctuation. As [`GLUED_WORDS`]; if it is several words, then the hash, the length and the bytes of all
/// as one name.
const TRACKED: u64 = 7;
/// One with punctuation. Its number: the length of the text in bytes, and, from bit 24, how many words it has. Their hashes, then the text.
const EXACT: u64 = 8;
/// Four degrees, as `v11_locations:` takes them.
const AREA: u64 = 9;
/// Its number: the length of the name in bytes. Its feature's number, then the name.
const NAME: u64 = 16;

/// The bits of a length in bytes.
const LENGTH: u64 = 0xff_ffff;

/// The program of an alternative, if it has only operators that programs know.
pub(crate) fn compile(alternative: Alternative<'_>, asked: &mut Asked) -> Option<Box<[u64]>> {
    let mut words = Vec::new();
    match alternative {
        Alternative::Part(part) => add(part, &mut words, asked)?,
        Alternative::Phrase(phrase) => add_phrase(phrase, &mut words, asked)?,
        Alternative::Account(account) => add_account(account, &mut words, asked)?,
        Alternative::Area(area) => add_area(area, &mut words)?,
    }
    Some(words.into())
}

/// The program that says yes where one of the two does.
pub(crate) fn either(one: &[u64], other: &[u64]) -> Box<[u64]> {
    let length = 1 + one.len() + other.len();
    [&[ANY | (length as u64) << 8], one, other].concat().into()
}

/// Does the post match?
pub(crate) fn run(program: &[u64], offer: &Offer, doc: &Doc<'_>) -> bool {
    let node = Node::first(program);
    match node.head & 0xff {
        ANY => node.parts().any(|part| run(part, offer, doc)),
        ALL => node.parts().all(|part| run(part, offer, doc)),
        NOT => !run(node.rest, offer, doc),
        FLAG => offer.flags & (1 << node.number()) != 0,
        BOX => {
            let outer = node.bounds();
            lies_in(
                doc,
                |point| outer.contains(point),
                |bounds| outer.contains_box(bounds),
            )
        }
        AREA => is_located(doc, &[node.bounds()]),
        TRACKED => is_tracked(&node, offer, doc),
        EXACT => {
            let (hashes, text) = node.rest.split_at((node.number() >> 24) as usize);
            let text = Text::new((node.number() & LENGTH) as usize, text).to_string();
            hashes.iter().all(|&hash| offer.tokens.stands(hash)) && stands_exactly(doc, &text)
        }
        words @ (WORDS | GLUED_WORDS) => {
            let text = Text::new((node.number() & LENGTH) as usize, &node.rest[1..]);
            let count = (node.number() >> 24) as usize;
            offer.has_row(node.rest[0], count, words == GLUED_WORDS, text)
        }
        name => {
            let text = Text::new(node.number() as usize, &node.rest[1..]);
            offer.has_name((name - NAME) as u8, node.rest[0], text)
        }
    }
}

/// See [`TRACKED`].
fn is_tracked(node: &Node<'_>, offer: &Offer, doc: &Doc<'_>) -> bool {
    let (hash, rest) = (node.rest[0], &node.rest[1..]);
    let length = (node.number() & LENGTH) as usize;
    let text = Text::new(length, rest);
    let count = (node.number() >> 24) as usize;
    let (tag, name) = match &rest[length.div_ceil(8)..] {
        [] => (hash, text),
        [hash, length, name @ ..] => (*hash, Text::new(*length as usize, name)),
        [_] => return false,
    };
    offer.has_free_row(hash, count, text, doc)
        || offer.has_row_in_address(hash, count, text)
        || offer.has_name(
            Kind::Tracked as u8,
            feature::numbered(Kind::Tracked, tag),
            name,
        )
}

/// The words of the program that a row of words begins with.
pub(crate) fn whole(words: &[u64]) -> &[u64] {
    &words[..length(words[0])]
}

fn length(head: u64) -> usize {
    (head >> 8 & LENGTH) as usize
}

struct Node<'a> {
    head: u64,
    /// All but the head.
    rest: &'a [u64],
}

impl<'a> Node<'a> {
    fn first(words: &'a [u64]) -> Self {
        Self {
            head: words[0],
            rest: &words[1..length(words[0])],
        }
    }

    fn number(&self) -> u64 {
        self.head >> 32
    }

    fn bounds(&self) -> Bounds {
        Bounds::from_corners(std::array::from_fn(|at| f64::from_bits(self.rest[at])))
    }

    fn parts(&self) -> impl Iterator<Item = &'a [u64]> {
        let mut rest = self.rest;
        std::iter::from_fn(move || {
            let (part, others) = rest.split_at(length(*rest.first()?));
            rest = others;
            Some(part)
        })
    }
}

/// Adds a node: `fill` adds what follows the head, and says what it is and its number.
fn add_node(
    words: &mut Vec<u64>,
    fill: impl FnOnce(&mut Vec<u64>) -> Option<(u64, u64)>,
) -> Option<()> {
    let start = words.len();
    words.push(0);
    let (what, number) = fill(words)?;
    let length = (words.len() - start) as u64;
    words[start] = what | length << 8 | number << 32;
    (length <= LENGTH).then_some(())
}

/// Adds a node with parts.
fn add_parts<T>(
    what: u64,
    parts: impl IntoIterator<Item = T>,
    words: &mut Vec<u64>,
    mut add: impl FnMut(T, &mut Vec<u64>) -> Option<()>,
) -> Option<()> {
    add_node(words, |words| {
        parts.into_iter().try_for_each(|part| add(part, words))?;
        Some((what, 0))
    })
}

fn add(expr: &Expr, words: &mut Vec<u64>, asked: &mut Asked) -> Option<()> {
    let mut add_part = |part: &Expr, words: &mut Vec<u64>| add(part, words, asked);
    match &expr.kind {
        ExprKind::Any(parts) => add_parts(ANY, parts, words, add_part),
        ExprKind::All(parts) => add_parts(ALL, parts, words, add_part),
        ExprKind::Not(part) => add_node(words, |words| {
            add_part(part, words)?;
            Some((NOT, 0))
        }),
        ExprKind::Term(Term::V11Track(list)) => {
            add_parts(ANY, list.phrases(), words, |phrase, words| {
                add_phrase(phrase, words, asked)
            })
        }
        ExprKind::Term(Term::V11Follow(list)) => {
            add_parts(ANY, list.accounts(), words, |account, words| {
                add_account(account, words, asked)
            })
        }
        ExprKind::Term(Term::V11Locations(areas)) => add_parts(ANY, areas, words, add_area),
        ExprKind::Term(term) => add_node(words, |words| add_term(term, words, asked)),
    }
}

fn add_phrase(phrase: &[TrackWord], words: &mut Vec<u64>, asked: &mut Asked) -> Option<()> {
    add_parts(ALL, phrase, words, |word, words| {
        add_node(words, |words| add_tracked(word, words, asked))
    })
}

fn add_account(account: &str, words: &mut Vec<u64>, asked: &mut Asked) -> Option<()> {
    add_node(words, |words| {
        Some(add_name(Kind::Followed, account, words, asked))
    })
}

fn add_area(area: &Bounds, words: &mut Vec<u64>) -> Option<()> {
    add_node(words, |words| Some(add_bounds(AREA, area, words)))
}

fn add_tracked(word: &TrackWord, words: &mut Vec<u64>, asked: &mut Asked) -> Option<(u64, u64)> {
    match word {
        TrackWord::Tagged(kind, name) => {
            let kind = match kind {
                EntityKind::Mention => Kind::Handle,
                EntityKind::Cashtag => Kind::Cashtag,
                _ => Kind::Hashtag,
            };
            Some(add_name(kind, name, words, asked))
        }
        TrackWord::Plain(row, folded) => {
            asked.add(Kind::Tracked);
            let (what, number) = add_row(row, words)?;
            if let [only] = row.tokens() {
                // As a name a picture may be spelled otherwise.
                return (*only.text == **folded).then_some((TRACKED, number));
            }
            words.extend([hash_word(folded), folded.len() as u64]);
            add_text(folded, words);
            (what == GLUED_WORDS).then_some((TRACKED, number))
        }
        TrackWord::Exact(row, folded) => {
            let count = u8::try_from(row.tokens().len()).ok()?;
            words.extend(row.tokens().iter().map(|word| word.hash));
            add_text(folded, words);
            (folded.len() < MAX_TEXT)
                .then_some((EXACT, folded.len() as u64 | u64::from(count) << 24))
        }
    }
}

/// Adds what a term compares, and says what its head is.
fn add_term(term: &Term, words: &mut Vec<u64>, asked: &mut Asked) -> Option<(u64, u64)> {
    let asking = match term {
        Term::Is(flag) => Asking::Is(*flag),
        Term::Has(part) => Asking::Has(*part),
        Term::BoundingBox(bounds) => return Some(add_bounds(BOX, bounds, words)),
        Term::Words(row) => return add_row(row, words),
        Term::Lang(code) => {
            let key = language::key(code).to_ascii_lowercase();
            return Some(add_name(Kind::Language, &key, words, asked));
        }
        _ => {
            let (kind, name) = anchors::name_of(term)?;
            return Some(add_name(kind, name.folded(), words, asked));
        }
    };
    let number = FLAGS.iter().position(|&flag| flag == asking)?;
    asked.flags |= 1 << number;
    asked.add(Kind::Flag);
    Some((FLAG, number as u64))
}

fn add_bounds(what: u64, bounds: &Bounds, words: &mut Vec<u64>) -> (u64, u64) {
    let corners = [bounds.west, bounds.south, bounds.east, bounds.north];
    words.extend(corners.map(f64::to_bits));
    (what, 0)
}

fn add_row(row: &Words, words: &mut Vec<u64>) -> Option<(u64, u64)> {
    let (kind, text) = anchors::row_of(row)?;
    let glued = kind == Kind::GluedWords;
    words.push(row.tokens()[0].hash);
    add_text(&text, words);
    let number = text.len() as u64 | (row.tokens().len() as u64) << 24;
    Some((if glued { GLUED_WORDS } else { WORDS }, number))
}

fn add_name(kind: Kind, name: &str, words: &mut Vec<u64>, asked: &mut Asked) -> (u64, u64) {
    asked.add(kind);
    words.push(feature::named(kind, name));
    add_text(name, words);
    (NAME + kind as u64, name.len() as u64)
}

fn add_text(text: &str, words: &mut Vec<u64>) {
    words.extend(text.as_bytes().chunks(8).map(word_of));
}
