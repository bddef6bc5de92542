//! A handful of postings in one place: which rules hang on which features, and what is left to check.
//!
//! A leaf never changes; a change makes another. Most rules are one or more words, a tag or an account: what must be
//! compared lies in the leaf itself, as text. Only the others keep their tree, and are evaluated.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::feature::{Kind, spread};
use super::program;
use crate::hash::word_of;
use crate::rule::Rule;
#[cfg(doc)]
use crate::tokenized::WORD_END;

/// One rule hanging on one feature.
#[derive(Debug, Clone)]
pub(crate) struct Posting {
    pub(crate) feature: u64,
    /// The rule's key.
    pub(crate) rule: u64,
    pub(crate) test: Test,
}

/// What must hold besides the feature's number being there.
#[derive(Debug, Clone)]
pub(crate) enum Test {
    /// The feature's folded text is this: words with [`WORD_END`] between them, or a name.
    Is(Kind, Box<str>),
    /// These features are there, and the [`super::program`] says yes.
    Runs(Guards, Box<[u64]>),
    /// These features are there, and the rule's tree says yes.
    Holds(Guards, Arc<Rule>),
}

/// Further features that a matching post has, as places in [`super::offer::Present`]; [`NO_GUARD`] where there are fewer.
pub(crate) type Guards = [u16; 2];

/// Asks for nothing.
pub(crate) const NO_GUARD: u16 = u16::MAX;

/// See the module. Records and texts lie in one piece of memory, so that a look at a leaf waits for memory once or twice: [`RECORD`] words
/// for each posting, in [`Posting::order`], then their texts. A record is the feature, the rule's key, and, from the lowest bit: 32 bits
/// length of the text, or the guards; 24 bits where its text or program begins among the texts, in words, or which of the leaf's trees it
/// is; 8 bits which of [`Kind::TEXTS`] plus 1, or [`HOLDS`] or [`RUNS`].
#[derive(Debug, Clone)]
pub(crate) enum Leaf {
    /// No rule here keeps its tree.
    Words {
        words: Arc<[u64]>,
        /// How many postings.
        count: u32,
    },
    Trees(Arc<Trees>),
}

/// A leaf with rules whose trees are evaluated.
#[derive(Debug)]
pub(crate) struct Trees {
    words: Arc<[u64]>,
    count: u32,
    trees: Box<[Arc<Rule>]>,
}

/// Words of a record.
const RECORD: usize = 3;

/// The record of a rule whose tree is evaluated.
const HOLDS: u64 = 0;
/// The record of a rule with a program.
const RUNS: u64 = 0xff;

/// From which bit on a record's last word says where its text is, and what it is.
const PLACE: u32 = 32;
const CODE: u32 = 56;

/// How many words of text or how many trees a leaf can hold.
const MAX_PLACE: usize = 1 << 24;

/// A posting, borrowed from its leaf.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found<'a> {
    pub(crate) rule: u64,
    pub(crate) test: FoundTest<'a>,
}

/// See [`Leaf::guess`].
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Guess {
    at: usize,
    there: u64,
}

/// [`Test`], borrowed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum FoundTest<'a> {
    Is(Kind, Text<'a>),
    Runs(Guards, &'a [u64]),
    Holds(Guards, &'a Arc<Rule>),
}

/// A text in a leaf: its length in bytes, and its bytes in words, filled up with zeros.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text<'a> {
    length: usize,
    words: &'a [u64],
}

impl<'a> Text<'a> {
    /// A text of so many bytes that `words` begins with.
    pub(crate) fn new(length: usize, words: &'a [u64]) -> Self {
        Self {
            length,
            words: &words[..length.div_ceil(8)],
        }
    }

    /// Is it this text?
    pub(crate) fn is(&self, text: &str) -> bool {
        let (whole, rest) = text.as_bytes().as_chunks();
        let Some((last, words)) = self.words.split_last() else {
            return text.is_empty();
        };
        text.len() == self.length
            && whole
                .iter()
                .zip(words)
                .all(|(bytes, word)| u64::from_le_bytes(*bytes) == *word)
            && match rest {
                [] => whole
                    .last()
                    .is_some_and(|bytes| u64::from_le_bytes(*bytes) == *last),
                rest => word_of(rest) == *last,
            }
    }
}

impl Text<'_> {
    /// Are these its words, one after the other?
    pub(crate) fn is_words<'a>(&self, words: impl Iterator<Item = &'a str>) -> bool {
        let mut at = 0;
        for word in words {
            let end = at + word.len();
            // One byte parts it from the next: no word holds it.
            if end > self.length || !self.has(at, word.as_bytes()) || self.lane(end) & 0xff != 0 {
                return false;
            }
            at = end + 1;
        }
        at == self.length + 1
    }

    /// Does it hold these bytes from its byte `at` on?
    fn has(&self, mut at: usize, bytes: &[u8]) -> bool {
        let (lanes, rest) = bytes.as_chunks();
        for lane in lanes {
            if self.lane(at) != u64::from_le_bytes(*lane) {
                return false;
            }
            at += size_of::<u64>();
        }
        let known = (1 << (8 * rest.len())) - 1;
        self.lane(at) & known == word_of(rest)
    }

    /// Eight bytes from `at` on; zeros beyond the end.
    fn lane(&self, at: usize) -> u64 {
        let word = |at: usize| self.words.get(at).copied().unwrap_or(0);
        let (first, bits) = (at / 8, 8 * (at % 8));
        match bits {
            0 => word(first),
            bits => word(first) >> bits | word(first + 1) << (64 - bits),
        }
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes: Vec<u8> = self
            .words
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .collect();
        f.write_str(&String::from_utf8_lossy(&bytes[..self.length]))
    }
}

impl Posting {
    /// See [`order`].
    pub(crate) fn order(&self) -> (u64, u64, u64) {
        order(self.feature, self.rule)
    }
}

/// What postings are sorted by: first the feature, then the rule, in no order that anyone chose; two rules may share a spread.
fn order(feature: u64, rule: u64) -> (u64, u64, u64) {
    (feature, spread(rule), rule)
}

impl Leaf {
    /// The leaf of these postings, which stand in their order.
    pub(crate) fn new<'a>(postings: impl IntoIterator<Item = &'a Posting>) -> Self {
        let mut builder = Builder::default();
        postings
            .into_iter()
            .for_each(|posting| builder.push(posting));
        builder.finish()
    }

    /// The same with one more, in place of the one with the same feature and rule.
    pub(crate) fn with(&self, posting: &Posting) -> Self {
        let (at, there) = self.place_of(posting.order());
        if there {
            return self.without(posting.feature, posting.rule).with(posting);
        }
        let mut new = Builder::default();
        new.push(posting);
        let place = match posting.test {
            Test::Holds(..) => self.trees().len(),
            _ => self.texts().len(),
        };
        new.records[2] += at_place(place);
        let (before, after) = self.records().split_at(at * RECORD);
        let words = joined([before, &new.records, after, self.texts(), &new.texts]);
        let trees = [self.trees(), &new.trees].concat();
        Self::from_parts(words, self.len() + 1, trees)
    }

    /// The same without one.
    pub(crate) fn without(&self, feature: u64, rule: u64) -> Self {
        let (at, there) = self.place_of(order(feature, rule));
        if !there {
            return self.clone();
        }
        let gone = self.extent(at);
        let (is_tree, place) = (self.is_tree(at), place_in(self.detail(at)));
        let records = self.records();
        let (before, after) = (&records[..at * RECORD], &records[(at + 1) * RECORD..]);
        let texts = self.texts();
        let mut words = joined([before, after, &texts[..gone.start], &texts[gone.end..], &[]]);
        let moved = Arc::make_mut(&mut words)[..records.len() - RECORD].chunks_exact_mut(RECORD);
        // What lay behind it has moved up.
        for record in moved {
            if place_in(record[2]) > place && is_tree == (record[2] >> CODE == HOLDS) {
                record[2] -= at_place(if is_tree { 1 } else { gone.len() });
            }
        }
        let mut trees = self.trees().to_vec();
        if is_tree {
            trees.remove(place);
        }
        Self::from_parts(words, self.len() - 1, trees)
    }

    /// The postings for which `part_of` their feature and rule gives 0, 1, and so on up to `parts` - 1; it never falls from one posting
    /// to the next.
    pub(crate) fn split(&self, parts: usize, part_of: impl Fn(u64, u64) -> usize) -> Vec<Self> {
        let mut at = 0;
        (0..parts)
            .map(|part| {
                let start = at;
                while at < self.len() && part_of(self.feature(at), self.rule(at)) == part {
                    at += 1;
                }
                let mut builder = Builder::default();
                builder.copy(self, start..at);
                builder.finish()
            })
            .collect()
    }

    fn from_parts(words: Arc<[u64]>, count: usize, trees: Vec<Arc<Rule>>) -> Self {
        let count = count as u32;
        if trees.is_empty() {
            return Self::Words { words, count };
        }
        Self::Trees(Arc::new(Trees {
            words,
            count,
            trees: trees.into(),
        }))
    }

    /// How many postings there are.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Words { count, .. } => *count as usize,
            Self::Trees(leaf) => leaf.count as usize,
        }
    }

    /// How much memory it takes, without rules' trees.
    pub(crate) fn memory_bytes(&self) -> usize {
        size_of_val(self.words()) + size_of_val(self.trees())
    }

    /// How many share it: a look at the memory that sharing it once more writes to.
    pub(crate) fn shared(&self) -> usize {
        match self {
            Self::Words { words, .. } => Arc::strong_count(words),
            Self::Trees(leaf) => Arc::strong_count(leaf),
        }
    }

    /// The feature of each.
    pub(crate) fn features(&self) -> impl Iterator<Item = u64> {
        (0..self.len()).map(|at| self.feature(at))
    }

    /// Their feature, if they all have the same one.
    pub(crate) fn only_feature(&self) -> Option<u64> {
        let last = self.len().checked_sub(1)?;
        (self.feature(0) == self.feature(last)).then(|| self.feature(0))
    }

    /// Where to begin to look for a feature, and which feature is there: features that share their first `depth` bits are spread
    /// evenly over the rest.
    pub(crate) fn guess(&self, feature: u64, depth: u32) -> Guess {
        let share = feature.checked_shl(depth).unwrap_or(0);
        let at = ((u128::from(share) * self.len() as u128) >> 64) as usize;
        let there = self.words().get(at * RECORD).copied().unwrap_or(u64::MAX);
        Guess { at, there }
    }

    /// What hangs on a feature, sought from `guess` on.
    pub(crate) fn find(&self, feature: u64, guess: Guess) -> impl Iterator<Item = Found<'_>> {
        let Guess { mut at, there } = guess;
        if there >= feature {
            while at > 0 && self.feature(at - 1) >= feature {
                at -= 1;
            }
        } else {
            while at < self.len() && self.feature(at) < feature {
                at += 1;
            }
        }
        (at..self.len())
            .take_while(move |&at| self.feature(at) == feature)
            .map(|at| self.found(at))
    }

    /// Everything that is there.
    pub(crate) fn all(&self) -> impl Iterator<Item = Found<'_>> {
        (0..self.len()).map(|at| self.found(at))
    }

    /// Where a posting of this order is or belongs, and whether it is there.
    fn place_of(&self, wanted: (u64, u64, u64)) -> (usize, bool) {
        let order_of = |at: usize| order(self.feature(at), self.rule(at));
        let at = (0..self.len())
            .find(|&at| order_of(at) >= wanted)
            .unwrap_or(self.len());
        (at, at < self.len() && order_of(at) == wanted)
    }

    fn words(&self) -> &[u64] {
        match self {
            Self::Words { words, .. } => words,
            Self::Trees(leaf) => &leaf.words,
        }
    }

    fn records(&self) -> &[u64] {
        &self.words()[..self.len() * RECORD]
    }

    fn texts(&self) -> &[u64] {
        &self.words()[self.len() * RECORD..]
    }

    fn trees(&self) -> &[Arc<Rule>] {
        match self {
            Self::Words { .. } => &[],
            Self::Trees(leaf) => &leaf.trees,
        }
    }

    fn feature(&self, at: usize) -> u64 {
        self.words()[at * RECORD]
    }

    fn rule(&self, at: usize) -> u64 {
        self.words()[at * RECORD + 1]
    }

    fn detail(&self, at: usize) -> u64 {
        self.words()[at * RECORD + 2]
    }

    fn is_tree(&self, at: usize) -> bool {
        self.detail(at) >> CODE == HOLDS
    }

    /// Where among the texts a posting's own lies.
    fn extent(&self, at: usize) -> Range<usize> {
        let detail = self.detail(at);
        let start = place_in(detail);
        let length = match detail >> CODE {
            HOLDS => return 0..0,
            RUNS => program::whole(&self.texts()[start..]).len(),
            _ => (detail as u32 as usize).div_ceil(8),
        };
        start..start + length
    }

    fn found(&self, at: usize) -> Found<'_> {
        let detail = self.detail(at);
        let guards = [detail as u16, (detail >> 16) as u16];
        let texts = || &self.texts()[place_in(detail)..];
        let test = match detail >> CODE {
            HOLDS => FoundTest::Holds(guards, &self.trees()[place_in(detail)]),
            RUNS => FoundTest::Runs(guards, program::whole(texts())),
            code => {
                let text = Text::new(detail as u32 as usize, texts());
                FoundTest::Is(Kind::TEXTS[code as usize - 1], text)
            }
        };
        let rule = self.rule(at);
        Found { rule, test }
    }
}

impl Default for Leaf {
    fn default() -> Self {
        Self::from_parts(Arc::default(), 0, Vec::new())
    }
}

/// All of these one after the other, in one piece of memory that is written once.
fn joined([a, b, c, d, e]: [&[u64]; 5]) -> Arc<[u64]> {
    let all = a.iter().chain(b).chain(c).chain(d).chain(e);
    all.copied().collect()
}

fn place_in(detail: u64) -> usize {
    (detail >> PLACE) as usize & (MAX_PLACE - 1)
}

fn at_place(place: usize) -> u64 {
    assert!(
        place < MAX_PLACE,
        "leaves are split long before they hold so much"
    );
    (place as u64) << PLACE
}

/// A leaf being made.
#[derive(Default)]
struct Builder {
    records: Vec<u64>,
    texts: Vec<u64>,
    trees: Vec<Arc<Rule>>,
}

impl Builder {
    fn push(&mut self, posting: &Posting) {
        let (feature, rule) = (posting.feature, posting.rule);
        match &posting.test {
            Test::Is(kind, text) => {
                let words = text.as_bytes().chunks(8).map(word_of);
                self.add_words(feature, rule, kind.text_code(), text.len() as u32, words);
            }
            Test::Runs(guards, program) => {
                self.add_words(
                    feature,
                    rule,
                    RUNS,
                    packed(*guards),
                    program.iter().copied(),
                );
            }
            Test::Holds(guards, tree) => self.add_tree(feature, rule, *guards, tree),
        }
    }

    fn copy(&mut self, from: &Leaf, range: Range<usize>) {
        for at in range {
            let (feature, found) = (from.feature(at), from.found(at));
            match found.test {
                FoundTest::Is(kind, Text { length, words }) => {
                    let words = words.iter().copied();
                    self.add_words(feature, found.rule, kind.text_code(), length as u32, words);
                }
                FoundTest::Runs(guards, program) => {
                    let words = program.iter().copied();
                    self.add_words(feature, found.rule, RUNS, packed(guards), words);
                }
                FoundTest::Holds(guards, tree) => self.add_tree(feature, found.rule, guards, tree),
            }
        }
    }

    fn add_words(
        &mut self,
        feature: u64,
        rule: u64,
        code: u64,
        low: u32,
        words: impl Iterator<Item = u64>,
    ) {
        self.add(feature, rule, code, self.texts.len(), low);
        self.texts.extend(words);
    }

    fn add_tree(&mut self, feature: u64, key: u64, guards: Guards, tree: &Arc<Rule>) {
        self.add(feature, key, HOLDS, self.trees.len(), packed(guards));
        self.trees.push(Arc::clone(tree));
    }

    fn add(&mut self, feature: u64, rule: u64, code: u64, place: usize, low: u32) {
        let detail = (code << CODE) | at_place(place) | u64::from(low);
        self.records.extend([feature, rule, detail]);
    }

    fn finish(self) -> Leaf {
        let count = self.records.len() / RECORD;
        Leaf::from_parts(
            joined([&self.records, &self.texts, &[], &[], &[]]),
            count,
            self.trees,
        )
    }
}

fn packed([first, second]: Guards) -> u32 {
    u32::from(first) | (u32::from(second) << 16)
}
