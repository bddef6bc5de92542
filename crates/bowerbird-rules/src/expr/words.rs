//! Values made ready for matching: words as tokens, names folded.

use crate::token::fold::fold;
use crate::token::{Profile, tokenize};

/// A keyword or a phrase: what was written, and the tokens it stands for.
#[derive(Debug, Clone)]
pub struct Words {
    text: Box<str>,
    quoted: bool,
    slop: Option<u8>,
    tokens: Box<[WordToken]>,
}

/// One token that must be found.
#[derive(Debug, Clone)]
pub(crate) struct WordToken {
    pub(crate) text: Box<str>,
    pub(crate) hash: u64,
    /// Nothing may stand between it and the one before.
    pub(crate) glued: bool,
}

impl PartialEq for Words {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.quoted == other.quoted && self.slop == other.slop
    }
}

impl Words {
    /// `text` without its quotes; `slop` is the number after a tilde.
    pub(crate) fn new(text: impl Into<Box<str>>, quoted: bool, slop: Option<u8>) -> Self {
        let text = text.into();
        // Nearly always there is one: no memory is taken for more.
        let mut tokens = Vec::with_capacity(1);
        tokenize(&text, Profile::Stream, &mut |token| {
            tokens.push(WordToken {
                text: token.text.into(),
                hash: crate::hash::hash_word(token.text),
                glued: token.glued,
            });
        });
        Self {
            text,
            quoted,
            slop,
            tokens: tokens.into(),
        }
    }

    /// What was written, without quotes.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Was it written in quotes?
    pub fn is_quoted(&self) -> bool {
        self.quoted
    }

    /// How many tokens may come between (`"a b"~3`).
    pub fn slop(&self) -> Option<u8> {
        self.slop
    }

    pub(crate) fn tokens(&self) -> &[WordToken] {
        &self.tokens
    }
}

/// A name or another string that is compared as a whole, whatever its case.
#[derive(Debug, Clone)]
pub struct Name {
    text: Box<str>,
    folded: Box<str>,
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Name {
    pub(crate) fn new(text: impl Into<Box<str>>) -> Self {
        let text = text.into();
        Self {
            folded: fold(&text, Profile::Stream).into(),
            text,
        }
    }

    /// What was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn folded(&self) -> &str {
        &self.folded
    }
}
