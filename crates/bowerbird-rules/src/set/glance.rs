//! A first look at a post's texts: may any rule hang on what they say? Where rules are few, nearly all posts end here.
//!
//! It sees the same words as [`super::offer`] and asks the same filter, so that it needs no upkeep of its own; but it keeps nothing, and follows
//! no row beyond its second word. It may say yes in vain, and never says no in vain. With many rules every post has a word that some rule
//! hangs on: where a look lets too few posts go, it is left out for a while.

use super::feature;
use super::filter::{Answer, Filter};
use crate::doc::Doc;
use crate::hash::{hash_in, hash_lowered, hash_word};
use crate::token::chars::table;
use crate::token::runs::{Run, each_run};
use crate::token::{Cut, Profile, each_in_run};
use crate::tokenized::{contents, seen};

/// So many looks are judged together.
const TRIAL: u32 = 64;

/// A look takes more than half of what taking up a post takes: of these it must let go so many.
const WORTH: u32 = 58;

/// Where it does not pay, so many posts pass before the next trial.
const PAUSE: u32 = 8192;

/// Looks at one post after the other.
#[derive(Debug, Default)]
pub(crate) struct Glance {
    /// What the tokenizer folds one word in.
    folded: String,
    /// How many looks of this trial there were, and how many of them let a post go.
    looks: u32,
    let_go: u32,
    /// How many posts will pass without a look.
    pause: u32,
    /// How many features the last look asked for.
    pub(crate) asked: usize,
}

impl Glance {
    /// May a rule hang on a word of the post's texts, or a row of them? `false` is certain.
    ///
    /// Rules that are not `foreign` are all ASCII.
    pub(crate) fn may_matter(&mut self, doc: &Doc<'_>, filter: &Filter, foreign: bool) -> bool {
        if self.pause > 0 {
            self.pause -= 1;
            return true;
        }
        let mut seen = Seen::new(filter, foreign);
        for content in contents(doc) {
            seen.add_text(content.text, &mut self.folded);
        }
        self.asked = seen.asked;
        self.judge(seen.matters);
        seen.matters
    }

    fn judge(&mut self, matters: bool) {
        self.looks += 1;
        self.let_go += u32::from(!matters);
        if self.looks == TRIAL {
            if self.let_go < WORTH {
                self.pause = PAUSE;
            }
            (self.looks, self.let_go) = (0, 0);
        }
    }

    #[cfg(test)]
    pub(crate) fn is_left_out(&self) -> bool {
        self.pause > 0
    }

    /// As if the last trial had shown that it does not pay.
    #[cfg(test)]
    pub(crate) fn leave_out(&mut self) {
        self.pause = PAUSE;
    }
}

/// What was seen of a post so far.
struct Seen<'a> {
    filter: &'a Filter,
    foreign: bool,
    /// The word before.
    last: Answer,
    /// May a row begin with it?
    starts: bool,
    matters: bool,
    asked: usize,
}

impl<'a> Seen<'a> {
    fn new(filter: &'a Filter, foreign: bool) -> Self {
        Self {
            filter,
            foreign,
            last: Answer::default(),
            starts: false,
            matters: false,
            asked: 0,
        }
    }

    fn add_text(&mut self, text: &str, folded: &mut String) {
        let text = seen(text);
        self.starts = false;
        each_run(text.as_bytes(), |run| match run.is_ascii {
            true => self.add(hash_lowered(
                text.as_bytes(),
                run.start,
                run.end - run.start,
            )),
            false => self.add_mixed(text, run, folded),
        });
    }

    #[inline(never)]
    fn add_mixed(&mut self, text: &str, run: Run, folded: &mut String) {
        // A row goes on behind what has no word in it, such as a dash; so it does here, as far as it may.
        if !self.foreign && folds_to_no_ascii(&text.as_bytes()[run.start..run.end]) {
            return;
        }
        let mut each = |cut: Cut, folded: Option<&str>| {
            self.add(match folded {
                None => hash_in(text.as_bytes(), cut.span.start, cut.span.len()),
                Some(folded) => hash_word(folded),
            });
        };
        let span = run.start..run.end;
        each_in_run(text, span, Profile::Stream, table(), folded, &mut each);
    }

    #[inline(always)]
    fn add(&mut self, hash: u64) {
        let answer = self.filter.look(feature::word(hash));
        self.asked += 1;
        if self.starts {
            self.add_row(hash);
        }
        if answer.may_matter() {
            self.matters |= answer.may_hold();
            self.starts = answer.may_start();
            self.last = answer;
        }
    }

    fn add_row(&mut self, hash: u64) {
        let row = feature::longer(self.last.feature(), hash);
        let answer = self.filter.look(row);
        self.asked += 1;
        self.matters |= answer.may_hold() || answer.may_start();
        self.starts = false;
    }
}

/// Is no letter in this run ASCII, or the capital of one? There are two such capitals beyond ASCII, and nothing else becomes ASCII by folding.
fn folds_to_no_ascii(run: &[u8]) -> bool {
    // The last two bytes of the Kelvin sign, and the dotted capital I.
    let is_capital = |pair: [u8; 2]| pair == [0x84, 0xaa] || pair == [0xc4, 0xb0];
    let pairs = run.iter().zip(&run[1..]);
    let capitals = pairs.fold(false, |any, (&one, &other)| any | is_capital([one, other]));
    let ascii = run.iter().fold(false, |any, byte| any | byte.is_ascii());
    !ascii && !capitals
}

#[cfg(test)]
mod tests {
    use super::folds_to_no_ascii;
    use crate::token::{Profile, tokenize};

    #[test]
    fn every_character_that_folds_to_ascii_is_known() {
        // Of the tens of thousands of Han and Hangul characters, some.
        let is_tried = |c: char| {
            !matches!(c, '\u{3400}'..='\u{D7A3}' | '\u{17000}'..='\u{18CFF}')
                || (c as u32).is_multiple_of(61)
        };
        for c in ('\u{80}'..='\u{1FFFF}').filter(|&c| is_tried(c)) {
            for text in [format!("{c}"), format!("é{c}"), format!("{c}\u{307}")] {
                let mut ascii = false;
                tokenize(&text, Profile::Stream, &mut |token| {
                    ascii |= token.text.is_ascii();
                });
                assert!(!(ascii && folds_to_no_ascii(text.as_bytes())), "{text:?}");
            }
        }
    }
}
