//! A handful of postings in one place: which rules hang on which features, and what is left to check.
//!
//! A leaf never changes; a change makes another. Most rules are one or more words, a tag or an account: what must be
//! compared lies in the leaf itself, as text. Only the others keep their tree, and are evaluated.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::feature::{Kind, spread};
use super::program;
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

/// See the module. Postings and texts lie in one piece of memory, so that a look at a leaf waits for memory once or twice.
#[derive(Debug, Clone, Default)]
pub(crate) struct Leaf {
    /// [`RECORD`] words for each posting, in [`Posting::order`], then their texts. A record is the feature, the rule's key, and, from the
    /// lowest bit: 32 bits length of the text, or the guards; 24 bits where its text or program begins among the texts, in words, or
    /// which of the leaf's rules it is; 8 bits which of [`Kind::TEXTS`] plus 1, or [`HOLDS`] or [`RUNS`].
    words: Arc<[u64]>,
    /// How many postings.
    count: u32,
    /// The trees of the rules to evaluate.
    rules: Option<Arc<Vec<Arc<Rule>>>>,
}

/// Words of a record.
const RECORD: usize = 3;

/// The record of a rule whose tree is evaluated.
const HOLDS: u64 = 0;
/// The record of a rule with a program.
const RUNS: u64 = 0xff;

/// How many words of text or how many rules a leaf can hold.
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
        text.len() == self.length
            && text
                .as_bytes()
                .chunks(8)
                .map(word_of)
                .eq(self.words.iter().copied())
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

/// Up to eight bytes as one word.
pub(crate) fn word_of(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(word)
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
        let mut builder = Builder::default();
        builder.copy(self, 0..at);
        builder.push(posting);
        builder.copy(self, at + usize::from(there)..self.len());
        builder.finish()
    }

    /// The same without one.
    pub(crate) fn without(&self, feature: u64, rule: u64) -> Self {
        let (at, there) = self.place_of(order(feature, rule));
        let mut builder = Builder::default();
        builder.copy(self, 0..at);
        builder.copy(self, at + usize::from(there)..self.len());
        builder.finish()
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

    /// How many postings there are.
    pub(crate) fn len(&self) -> usize {
        self.count as usize
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
        let there = self.words.get(at * RECORD).copied().unwrap_or(u64::MAX);
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

    fn feature(&self, at: usize) -> u64 {
        self.words[at * RECORD]
    }

    fn rule(&self, at: usize) -> u64 {
        self.words[at * RECORD + 1]
    }

    fn found(&self, at: usize) -> Found<'_> {
        let (rule, detail) = (self.rule(at), self.words[at * RECORD + 2]);
        let place = (detail >> 32) as usize & (MAX_PLACE - 1);
        let guards = [detail as u16, (detail >> 16) as u16];
        let texts = &self.words[RECORD * self.len()..];
        let test = match detail >> 56 {
            HOLDS => {
                let rules = self
                    .rules
                    .as_ref()
                    .expect("a record of a rule comes with the rule");
                FoundTest::Holds(guards, &rules[place])
            }
            RUNS => FoundTest::Runs(guards, program::whole(&texts[place..])),
            code => {
                let text = Text::new(detail as u32 as usize, &texts[place..]);
                FoundTest::Is(Kind::TEXTS[code as usize - 1], text)
            }
        };
        Found { rule, test }
    }
}

/// A leaf being made.
#[derive(Default)]
struct Builder {
    records: Vec<u64>,
    texts: Vec<u64>,
    rules: Vec<Arc<Rule>>,
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
        self.add(feature, key, HOLDS, self.rules.len(), packed(guards));
        self.rules.push(Arc::clone(tree));
    }

    fn add(&mut self, feature: u64, rule: u64, code: u64, place: usize, low: u32) {
        assert!(
            place < MAX_PLACE,
            "leaves are split long before they hold so much"
        );
        let detail = (code << 56) | ((place as u64) << 32) | u64::from(low);
        self.records.extend([feature, rule, detail]);
    }

    fn finish(self) -> Leaf {
        Leaf {
            words: [self.records.as_slice(), &self.texts].concat().into(),
            count: (self.records.len() / RECORD) as u32,
            rules: (!self.rules.is_empty()).then(|| Arc::new(self.rules)),
        }
    }
}

fn packed([first, second]: Guards) -> u32 {
    u32::from(first) | (u32::from(second) << 16)
}
