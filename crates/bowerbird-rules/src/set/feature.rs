//! What a post offers and a rule can hang on, as numbers.
//!
//! A feature is a word, a few words in a row, a tag, an account, a language and so on: whatever a rule may demand and a post may
//! have. Two different features may share a number, so numbers only choose which rules are tried.

use crate::hash::hash_word;
pub(crate) use crate::hash::spread;

/// The most words in a row that make one feature. Longer phrases hang on a part of themselves.
pub(crate) const MAX_ROW: usize = 12;

/// What a feature is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// One to [`MAX_ROW`] words of a text.
    Words,
    /// The same with nothing between them, as in scripts written without blanks.
    GluedWords,
    Hashtag,
    Mention,
    Cashtag,
    Author,
    Answered,
    Reposted,
    /// Any of these three, or the account whose handle a text begins with.
    Followed,
    Conversation,
    AnsweredPost,
    RepostedPost,
    QuotedPost,
    Language,
    Country,
    Place,
    PlaceWord,
    App,
    Named,
    Context,
    /// The halves of a context.
    ContextDomain,
    ContextEntity,
    /// A tag or a handle by its name, or a word of an address: where v1.1 lists look besides the text.
    Tracked,
    /// As [`Self::Mention`], of the handle alone.
    Handle,
    LinkWord,
    TitleWord,
    DescriptionWord,
    BioWord,
    NameWord,
    LocationWord,
    /// A cell of the map that a point lies in, see [`super::grid`].
    Cell,
    /// A cell that a place touches, in a grid whose cells are no smaller than the place.
    PlaceCell,
    /// The same in the finest such grid alone.
    PlaceSpan,
    /// How many binary digits an author's count of something has.
    Digits,
    /// Which hundredth of all posts it belongs to.
    Share,
    /// `is:` or `has:`, or that it is not so.
    Flag,
    /// Every post has it: what rules without any other feature hang on.
    Always,
}

impl Kind {
    /// The kinds that can be compared as text: for these a post's feature and a rule's say all there is to say.
    pub(crate) const TEXTS: [Self; 9] = [
        Self::Words,
        Self::GluedWords,
        Self::Hashtag,
        Self::Mention,
        Self::Cashtag,
        Self::Author,
        Self::Answered,
        Self::Reposted,
        Self::Followed,
    ];

    /// Its place in [`Self::TEXTS`] plus 1; 0 for one that is not there.
    pub(crate) fn text_code(self) -> u64 {
        Self::TEXTS
            .iter()
            .position(|&kind| kind == self)
            .map_or(0, |at| at as u64 + 1)
    }
}

/// One word of a text, by the word's hash.
pub(crate) fn word(hash: u64) -> u64 {
    hash
}

/// A row of words followed by one more.
pub(crate) fn longer(row: u64, hash: u64) -> u64 {
    spread(row.rotate_left(23) ^ hash)
}

/// Anything that has a folded name.
pub(crate) fn named(kind: Kind, name: &str) -> u64 {
    numbered(kind, hash_word(name))
}

/// Anything that has a number: a word of another text than the post's, by its hash; a cell; a flag.
pub(crate) fn numbered(kind: Kind, number: u64) -> u64 {
    spread(number ^ (kind as u64 + 1).wrapping_mul(0xa076_1d64_78bd_642f))
}

/// What every post has.
pub(crate) fn always() -> u64 {
    numbered(Kind::Always, 0)
}
