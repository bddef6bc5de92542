//! Cuts what is not ASCII alone into tokens, character by character.

use std::ops::Range;
use std::str::CharIndices;

use super::chars::{Class, JOINER, Table, Traits, class, is_modifier, is_presentation};

/// One token as it stands in the text.
#[derive(Debug)]
pub(crate) struct Cut {
    pub(crate) span: Range<usize>,
    /// Does it follow the token before it with nothing in between? What is ignored does not part them.
    pub(crate) glued: bool,
    /// What all its characters have in common.
    pub(super) traits: Traits,
    pub(super) picture: bool,
}

/// Looks at each character of a run once.
pub(super) struct Cutter<'a> {
    text: &'a str,
    table: &'a Table,
    /// What follows the character that is looked at.
    rest: CharIndices<'a>,
    /// Where the run begins, and where it ends.
    start: usize,
    end: usize,
    /// The character that is looked at, and where it stands; at the end of the run, `None` and the end.
    traits: Option<Traits>,
    at: usize,
}

impl<'a> Cutter<'a> {
    pub(super) fn new(text: &'a str, run: Range<usize>, table: &'a Table) -> Self {
        let mut cutter = Self {
            text: &text[..run.end],
            table,
            rest: "".char_indices(),
            start: run.start,
            end: run.end,
            traits: None,
            at: 0,
        };
        cutter.go_to(run.start);
        cutter
    }

    /// Calls `each` with every token.
    #[inline]
    pub(super) fn each(mut self, mut each: impl FnMut(Cut)) {
        // Nothing stands before the first token.
        let mut last = usize::MAX;
        while let Some(traits) = self.traits {
            let start = self.at;
            let (end, common, picture) = match traits.class() {
                Class::Word => self.joined(traits, true),
                Class::Unit => self.joined(traits, false),
                Class::Emoji => (self.picture(picture_end), Traits::NONE, true),
                Class::Regional => (self.picture(flag_end), Traits::NONE, true),
                Class::Break | Class::Mark | Class::Ignored => {
                    self.step();
                    continue;
                }
            };
            each(Cut {
                span: start..end,
                glued: start == last,
                traits: common,
                picture,
            });
            last = self.at;
        }
    }

    /// Takes the character that is looked at, the marks on it, and, of words, the letters after it. Gives where the last of them ends, and what
    /// all have in common.
    #[inline(always)]
    fn joined(&mut self, first: Traits, words: bool) -> (usize, Traits, bool) {
        let mut common = first;
        self.step();
        let mut end = self.at;
        while let Some(traits) = self.traits {
            match traits.class() {
                Class::Ignored => self.step(),
                class if class == Class::Mark || (words && class == Class::Word) => {
                    // An ignored character inside must be dropped.
                    common = match self.at == end {
                        true => common.with(traits),
                        false => Traits::NONE,
                    };
                    self.step();
                    end = self.at;
                }
                _ => break,
            }
        }
        (end, common, false)
    }

    /// Goes to the end of a picture.
    #[cold]
    fn picture(&mut self, end_of: impl Fn(&str) -> usize) -> usize {
        let end = self.at + end_of(&self.text[self.at..]);
        self.go_to(end);
        end
    }

    fn go_to(&mut self, at: usize) {
        self.rest = self.text[at..].char_indices();
        self.start = at;
        self.step();
    }

    #[inline(always)]
    fn step(&mut self) {
        match self.rest.next() {
            Some((at, c)) => {
                self.at = self.start + at;
                self.traits = Some(self.table.traits(c));
            }
            None => {
                self.at = self.end;
                self.traits = None;
            }
        }
    }
}

/// How long a picture is: with its modifiers, and further pictures joined to it.
fn picture_end(text: &str) -> usize {
    let mut rest = text.chars().peekable();
    let mut end = rest.next().map_or(0, char::len_utf8);
    let mut joined = false;
    while let Some(c) = rest.next() {
        let joins = c == JOINER && rest.peek().is_some_and(|&next| class(next) == Class::Emoji);
        if !(joined || joins || is_presentation(c) || is_modifier(c)) {
            break;
        }
        joined = joins;
        end += c.len_utf8();
    }
    end
}

/// How long a flag is: two regional letters, or one that stands alone.
fn flag_end(text: &str) -> usize {
    let letters = text
        .chars()
        .take(2)
        .take_while(|&c| class(c) == Class::Regional);
    letters.map(char::len_utf8).sum()
}
