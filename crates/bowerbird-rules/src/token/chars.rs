//! Which part a character plays in a text: in a word, alone, attached to the one before, ignored, or between words.
//!
//! The classes follow Unicode's own properties, except where a script is written without blanks: there each character
//! stands for itself. Nothing here knows of languages. What Unicode's tables say of a character takes a while to look up,
//! so the answers for the basic plane are worked out once and kept.

use std::sync::LazyLock;

use unicode_normalization::char::{canonical_combining_class, is_combining_mark};
use unicode_normalization::{IsNormalized, is_nfc_quick, is_nfkd_quick};
use unicode_properties::UnicodeEmoji;

use super::fold;

/// The part a character plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// A letter or digit that joins its neighbours into a word.
    Word,
    /// A character of a script written without blanks between words: a token of its own.
    Unit,
    /// Attaches to what stands before it (accents, vowel signs, the tail of a decomposed Hangul syllable).
    Mark,
    /// A picture: a token of its own, together with its modifiers.
    Emoji,
    /// Half of a flag.
    Regional,
    /// Changes nothing about what a text says (bidirectional marks, joiners, variation selectors).
    Ignored,
    /// Blanks, punctuation, symbols: between words.
    Break,
}

/// Joins emoji into one picture.
pub(crate) const JOINER: char = '\u{200D}';

/// What is kept of a character: its class, and what folding does to it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Traits(u8);

impl Traits {
    /// Folding for rules leaves it as it is.
    pub(crate) const STAYS: Self = Self(0x08);
    /// Folding for search leaves it as it is.
    pub(crate) const STAYS_LOOSE: Self = Self(0x10);
    /// Folding for rules at most lower-cases it, to one character.
    pub(crate) const LOWERS: Self = Self(0x20);
    /// Folding for search at most lower-cases it, to one character.
    pub(crate) const LOWERS_LOOSE: Self = Self(0x40);
    /// It moves among other marks, so two in a row must be put in order.
    const MOVES: Self = Self(0x80);
    /// Nothing: folding must look at it.
    pub(crate) const NONE: Self = Self(0);
    /// What a lower-case ASCII letter or a digit has.
    pub(crate) const PLAIN: Self = Self(0x78);

    pub(crate) fn class(self) -> Class {
        match self.0 & 0x07 {
            0 => Class::Word,
            1 => Class::Unit,
            2 => Class::Mark,
            3 => Class::Emoji,
            4 => Class::Regional,
            5 => Class::Ignored,
            _ => Class::Break,
        }
    }

    pub(crate) fn has(self, trait_: Self) -> bool {
        self.0 & trait_.0 != 0
    }

    /// What two neighbours have in common; nothing if they may have to change places.
    pub(crate) fn with(self, next: Self) -> Self {
        if self.has(Self::MOVES) && next.has(Self::MOVES) {
            return Self(next.0 & (Self::MOVES.0 | 0x07));
        }
        Self((self.0 & next.0 & Self::PLAIN.0) | (next.0 & Self::MOVES.0))
    }

    fn of(c: char) -> Self {
        let class = class_of(c);
        let mut traits = class as u8;
        if matches!(class, Class::Word | Class::Unit | Class::Mark) {
            let lower = fold::lower_char(c).next().unwrap_or(c);
            let lowers = fold::lower_char(c).count() == 1;
            for (stays, only_lowers, is_stable) in [
                (Self::STAYS, Self::LOWERS, is_stable as fn(char) -> bool),
                (Self::STAYS_LOOSE, Self::LOWERS_LOOSE, is_stable_loose),
            ] {
                if lower == c && is_stable(c) {
                    traits |= stays.0;
                }
                if lowers && is_stable(lower) {
                    traits |= only_lowers.0;
                }
            }
            if canonical_combining_class(c) != 0 {
                traits |= Self::MOVES.0;
            }
        }
        Self(traits)
    }
}

/// Is a lower-case character as folding for rules leaves it, whatever stands around it?
fn is_stable(c: char) -> bool {
    is_nfc_quick(std::iter::once(c)) == IsNormalized::Yes
        && fold::lower_char(c).eq(std::iter::once(c))
}

/// The same for search.
fn is_stable_loose(c: char) -> bool {
    is_stable(c) && is_nfkd_quick(std::iter::once(c)) == IsNormalized::Yes && fold::is_kept_loose(c)
}

/// The traits of the basic plane, by code point.
pub(crate) struct Table(Box<[Traits]>);

impl Table {
    /// The traits of `c`.
    pub(crate) fn traits(&self, c: char) -> Traits {
        match self.0.get(c as usize) {
            Some(&traits) => traits,
            None => Traits::of(c),
        }
    }
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let traits = |code: u32| char::from_u32(code).map_or(Traits(Class::Break as u8), Traits::of);
    Table((0..=0xFFFF).map(traits).collect())
});

/// The table, made at the first call.
pub(crate) fn table() -> &'static Table {
    &TABLE
}

/// The part `c` plays.
pub(crate) fn class(c: char) -> Class {
    TABLE.traits(c).class()
}

/// The part `c` plays, from Unicode's own tables.
fn class_of(c: char) -> Class {
    if c.is_ascii() {
        return if c.is_ascii_alphanumeric() {
            Class::Word
        } else {
            Class::Break
        };
    }
    if c < '\u{300}' {
        return match c {
            '\u{AD}' => Class::Ignored,
            _ if c.is_alphanumeric() => Class::Word,
            _ => Class::Break,
        };
    }
    if is_ignored(c) {
        Class::Ignored
    } else if matches!(c, '\u{1F1E6}'..='\u{1F1FF}') {
        Class::Regional
    } else if is_combining_mark(c) || is_tail(c) {
        Class::Mark
    } else if c.is_alphanumeric() {
        if is_unit(c) { Class::Unit } else { Class::Word }
    } else if is_picture(c) {
        Class::Emoji
    } else {
        Class::Break
    }
}

/// Does `c` change nothing about what a text says?
pub(crate) fn is_ignored(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{180B}'..='\u{180F}' | '\u{200C}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
        | '\u{E0001}'..='\u{E007F}' | '\u{E0100}'..='\u{E01EF}')
}

/// Can `c` follow a picture as part of it (skin tone, keycap, flag letters)?
pub(crate) fn is_modifier(c: char) -> bool {
    matches!(c, '\u{1F3FB}'..='\u{1F3FF}' | '\u{20E3}' | '\u{E0020}'..='\u{E007F}')
}

/// Variation selectors that ask for a text or a picture form and change nothing else.
pub(crate) fn is_presentation(c: char) -> bool {
    matches!(c, '\u{FE0E}' | '\u{FE0F}')
}

/// An emoji that is not rather a punctuation mark or a trade sign.
fn is_picture(c: char) -> bool {
    c > '\u{2049}' && !matches!(c, '\u{2122}' | '\u{3030}') && c.is_emoji_char()
}

/// Medial and final Hangul jamo, and half-width voicing marks: they belong to the character before.
fn is_tail(c: char) -> bool {
    matches!(c, '\u{1160}'..='\u{11FF}' | '\u{D7B0}'..='\u{D7FF}' | '\u{FF9E}' | '\u{FF9F}')
}

/// Scripts written without blanks (Han, Kana, Bopomofo, Thai, Lao, Khmer, Myanmar, Tai, Javanese) and Hangul, whose
/// words carry their particles without a blank.
fn is_unit(c: char) -> bool {
    matches!(c,
        '\u{E00}'..='\u{EFF}'
        | '\u{1000}'..='\u{109F}'
        | '\u{1100}'..='\u{115F}'
        | '\u{1780}'..='\u{17FF}'
        | '\u{1950}'..='\u{19FF}'
        | '\u{1A20}'..='\u{1AAF}'
        | '\u{2E80}'..='\u{2FDF}'
        | '\u{3005}'..='\u{3007}'
        | '\u{3021}'..='\u{3029}'
        | '\u{3031}'..='\u{318F}'
        | '\u{31A0}'..='\u{31BF}'
        | '\u{31F0}'..='\u{31FF}'
        | '\u{3400}'..='\u{4DBF}'
        | '\u{4E00}'..='\u{9FFF}'
        | '\u{A960}'..='\u{A9FF}'
        | '\u{AA60}'..='\u{AADF}'
        | '\u{AC00}'..='\u{D7A3}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{FF66}'..='\u{FF9D}'
        | '\u{FFA0}'..='\u{FFDC}'
        | '\u{1AFF0}'..='\u{1B16F}'
        | '\u{20000}'..='\u{3FFFF}')
}
