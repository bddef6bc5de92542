//! A rule's tree in one row of numbers, to be evaluated where it lies.
//!
//! A tree is spread over memory, and with very many rules each step of its evaluation would wait for memory. A program holds the
//! operators that most rules consist of; a rule with any other keeps its tree, and means the same.
//!
//! A node is a head (lowest 8 bits: what it is; next 24: its words, the head's included; the rest: a number of its own), then its parts or
//! what it compares.

use super::anchors;
use super::feature::{self, Kind};
use super::leaf::{Text, word_of};
use super::offer::{Asked, Asking, FLAGS, Offer};
use crate::doc::Doc;
use crate::evaluate::lies_in;
use crate::expr::{Bounds, Expr, ExprKind, Term};
use crate::language;

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
/// Its number: the length of the name in bytes. Its feature's number, then the name.
const NAME: u64 = 16;

/// The bits of a length in bytes.
const LENGTH: u64 = 0xff_ffff;

/// The program of a rule, if it has only operators that programs know.
pub(crate) fn compile(expr: &Expr, asked: &mut Asked) -> Option<Box<[u64]>> {
    let mut words = Vec::new();
    add(expr, &mut words, asked)?;
    Some(words.into())
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
            let [west, south, east, north] =
                std::array::from_fn(|at| f64::from_bits(node.rest[at]));
            let outer = Bounds {
                west,
                south,
                east,
                north,
            };
            lies_in(
                doc,
                |point| outer.contains(point),
                |bounds| outer.contains_box(bounds),
            )
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

    fn parts(&self) -> impl Iterator<Item = &'a [u64]> {
        let mut rest = self.rest;
        std::iter::from_fn(move || {
            let (part, others) = rest.split_at(length(*rest.first()?));
            rest = others;
            Some(part)
        })
    }
}

fn add(expr: &Expr, words: &mut Vec<u64>, asked: &mut Asked) -> Option<()> {
    let start = words.len();
    words.push(0);
    let (what, number) = match &expr.kind {
        ExprKind::Any(parts) => {
            parts.iter().try_for_each(|part| add(part, words, asked))?;
            (ANY, 0)
        }
        ExprKind::All(parts) => {
            parts.iter().try_for_each(|part| add(part, words, asked))?;
            (ALL, 0)
        }
        ExprKind::Not(part) => {
            add(part, words, asked)?;
            (NOT, 0)
        }
        ExprKind::Term(term) => add_term(term, words, asked)?,
    };
    let length = (words.len() - start) as u64;
    words[start] = what | length << 8 | number << 32;
    (length <= LENGTH).then_some(())
}

/// Adds what a term compares, and says what its head is.
fn add_term(term: &Term, words: &mut Vec<u64>, asked: &mut Asked) -> Option<(u64, u64)> {
    let asking = match term {
        Term::Is(flag) => Asking::Is(*flag),
        Term::Has(part) => Asking::Has(*part),
        Term::BoundingBox(Bounds {
            west,
            south,
            east,
            north,
        }) => {
            words.extend([west, south, east, north].map(|degrees| degrees.to_bits()));
            return Some((BOX, 0));
        }
        Term::Words(row) => {
            let (kind, text) = anchors::row_of(row)?;
            let glued = kind == Kind::GluedWords;
            words.push(row.tokens()[0].hash);
            words.extend(text.as_bytes().chunks(8).map(word_of));
            let number = text.len() as u64 | (row.tokens().len() as u64) << 24;
            return Some((if glued { GLUED_WORDS } else { WORDS }, number));
        }
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

fn add_name(kind: Kind, name: &str, words: &mut Vec<u64>, asked: &mut Asked) -> (u64, u64) {
    asked.add(kind);
    words.push(feature::named(kind, name));
    words.extend(name.as_bytes().chunks(8).map(word_of));
    (NAME + kind as u64, name.len() as u64)
}
