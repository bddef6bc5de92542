//! Tokens of texts, one text after the other, and what they are compared by: a number, and the folded text.
//!
//! Nearly all words are folded by writing ASCII letters in lower case, which is done for a whole text at once; only the others are kept apart.

use std::ops::Range;

use super::MAX_TEXT_BYTES;
use crate::hash::{hash_in, hash_word};
use crate::token::chars::table;
use crate::token::runs::{Run, each_run};
use crate::token::{Cut, Profile, each_in_run};

/// One token of a zone.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) hash: u64,
    /// Where its folded text begins in [`Entries::lower`], or, if it stands apart, which of [`Entries::apart`] it is.
    folded: u32,
    /// Where it stands in the zone's text.
    start: u32,
    end: u32,
    is_apart: bool,
    pub(crate) glued: bool,
}

impl Entry {
    /// Where it stands in the zone's text.
    pub(crate) fn span(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Entries {
    pub(super) all: Vec<Entry>,
    /// All texts, their ASCII letters in lower case.
    lower: String,
    /// Words that folding changes by more than that.
    apart: Apart,
    /// What the tokenizer folds one word in.
    spare: String,
}

impl Entries {
    pub(super) fn clear(&mut self) {
        self.all.clear();
        self.lower.clear();
        self.apart.texts.clear();
        self.apart.places.clear();
    }

    /// Adds the words of a text.
    pub(super) fn add(&mut self, text: &str) {
        let Self {
            all,
            lower,
            apart,
            spare,
        } = self;
        let start = lower.len();
        // Offsets fit: what would reach beyond four gigabytes is not matched.
        if u32::try_from(start + MAX_TEXT_BYTES).is_err() {
            return;
        }
        lower.push_str(text);
        lower[start..].make_ascii_lowercase();
        let words = Words {
            lower,
            start,
            text: &lower[start..],
        };
        each_run(words.text.as_bytes(), |run| match run.is_ascii {
            true => all.push(words.entry(run.start, run.end, false)),
            false => words.add_mixed(run, all, apart, spare),
        });
    }

    /// A token as it is compared.
    pub(super) fn folded(&self, entry: &Entry) -> &str {
        if !entry.is_apart {
            let start = entry.folded as usize;
            return &self.lower[start..start + entry.span().len()];
        }
        let place = self.apart.places[entry.folded as usize].clone();
        &self.apart.texts[place]
    }
}

/// Words that folding changes by more than the case of ASCII letters, one after the other.
#[derive(Debug, Default)]
struct Apart {
    texts: String,
    places: Vec<Range<usize>>,
}

impl Apart {
    fn push(&mut self, word: &str) {
        let start = self.texts.len();
        self.texts.push_str(word);
        self.places.push(start..self.texts.len());
    }
}

/// A text whose words are being added.
struct Words<'a> {
    /// [`Entries::lower`], where it begins there, and itself.
    lower: &'a str,
    start: usize,
    text: &'a str,
}

impl Words<'_> {
    #[inline(always)]
    fn entry(&self, start: usize, end: usize, glued: bool) -> Entry {
        Entry {
            hash: hash_in(self.lower.as_bytes(), self.start + start, end - start),
            folded: (self.start + start) as u32,
            start: start as u32,
            end: end as u32,
            is_apart: false,
            glued,
        }
    }

    /// Adds the words of a run that is not ASCII alone.
    #[inline(never)]
    fn add_mixed(&self, run: Run, entries: &mut Vec<Entry>, apart: &mut Apart, spare: &mut String) {
        let mut each = |cut: Cut, folded: Option<&str>| {
            let entry = self.entry(cut.span.start, cut.span.end, cut.glued);
            let Some(folded) = folded else {
                entries.push(entry);
                return;
            };
            entries.push(Entry {
                hash: hash_word(folded),
                folded: apart.places.len() as u32,
                is_apart: true,
                ..entry
            });
            apart.push(folded);
        };
        let span = run.start..run.end;
        each_in_run(self.text, span, Profile::Stream, table(), spare, &mut each);
    }
}
