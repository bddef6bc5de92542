//! A post, tokenised once and shared by all rules.
//!
//! The tokens of all a post's texts lie in a few flat vectors that are filled again for the next post, so matching
//! allocates nothing once they have grown. What a set of rules never asks for (bios, link titles) is not tokenised.

use std::hash::Hasher;
use std::ops::Range;

use rustc_hash::FxHasher;

use crate::doc::{Doc, Entity, EntityKind};
use crate::expr::{Expr, ExprKind, Field, Term, WordToken};
use crate::token::{Profile, tokenize_with};

/// The longest text that is looked at, in bytes; what lies beyond is not matched.
pub const MAX_TEXT_BYTES: usize = 4 * 1024 * 1024;

/// Stands between folded words; in no word.
pub(crate) const WORD_END: char = '\0';

/// A post and its tokens.
#[derive(Debug)]
pub struct TokenizedDoc<'a> {
    pub(crate) doc: &'a Doc<'a>,
    tokens: DocTokens,
}

impl<'a> TokenizedDoc<'a> {
    /// Tokenises all that any rule may ask of `doc`.
    pub fn new(doc: &'a Doc<'a>) -> Self {
        let mut tokens = DocTokens::default();
        tokens.fill(doc, Needs::ALL);
        Self { doc, tokens }
    }

    pub(crate) fn view(&self) -> View<'_> {
        View {
            doc: self.doc,
            tokens: &self.tokens,
        }
    }
}

/// What one evaluation looks at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) doc: &'a Doc<'a>,
    pub(crate) tokens: &'a DocTokens,
}

/// Which parts of a post besides its text must be tokenised.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Needs(u8);

impl Needs {
    const LINKS: Self = Self(1);
    const PAGES: Self = Self(2);
    const AUTHOR: Self = Self(4);
    const PLACE: Self = Self(8);
    pub(crate) const ALL: Self = Self(15);

    pub(crate) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn has(self, part: Self) -> bool {
        self.0 & part.0 != 0
    }

    /// What `expr` asks for.
    pub(crate) fn of(expr: &Expr) -> Self {
        match &expr.kind {
            ExprKind::Any(parts) | ExprKind::All(parts) => {
                parts.iter().map(Self::of).fold(Self::default(), Self::or)
            }
            ExprKind::Not(part) => Self::of(part),
            ExprKind::Term(term) => match term {
                Term::Field(Field::Url, _) | Term::UrlContains(_) | Term::V11Track(_) => {
                    Self::LINKS
                }
                Term::Field(Field::UrlTitle | Field::UrlDescription, _) => Self::PAGES,
                Term::Field(Field::Bio | Field::BioName | Field::BioLocation, _) => Self::AUTHOR,
                Term::Place(_) => Self::PLACE,
                _ => Self::default(),
            },
        }
    }
}

/// Which text of a post a zone holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ZoneKind {
    /// The post's own text (content 0) or an embedded one's.
    Text,
    LinkAddress,
    LinkTitle,
    LinkDescription,
    Bio,
    AuthorName,
    AuthorLocation,
    PlaceName,
}

impl From<Field> for ZoneKind {
    /// Where an operator's words are looked for.
    fn from(field: Field) -> Self {
        match field {
            Field::Url => Self::LinkAddress,
            Field::UrlTitle => Self::LinkTitle,
            Field::UrlDescription => Self::LinkDescription,
            Field::Bio => Self::Bio,
            Field::BioName => Self::AuthorName,
            Field::BioLocation => Self::AuthorLocation,
        }
    }
}

/// The tokens of one text.
#[derive(Debug, Clone)]
pub(crate) struct Zone {
    pub(crate) kind: ZoneKind,
    /// 0 is the post's own content, the others are the embedded ones.
    pub(crate) content: usize,
    /// Which entity of that content, where the zone belongs to one.
    pub(crate) entity: usize,
    entries: Range<usize>,
}

impl Zone {
    /// Its tokens' places among [`DocTokens::all`].
    pub(crate) fn range(&self) -> Range<usize> {
        self.entries.clone()
    }
}

/// One token of a zone.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) hash: u64,
    folded: Range<u32>,
    /// Where it stands in the zone's text.
    pub(crate) span: Range<u32>,
    pub(crate) glued: bool,
}

/// All tokens of a post.
#[derive(Debug, Default)]
pub(crate) struct DocTokens {
    folded: String,
    /// What the tokenizer folds one word in.
    spare: String,
    entries: Vec<Entry>,
    zones: Vec<Zone>,
    /// One bit for each word of the texts and links: most rules fail here.
    present: [u64; 16],
    /// Of a long post: where each word of its texts stands, by the word's hash.
    places: Vec<(u64, u32)>,
}

/// Of posts with more tokens, words are found by [`DocTokens::places`] without looking at all of them.
const LONG: usize = 64;

impl DocTokens {
    /// Forgets the last post and takes up `doc`.
    pub(crate) fn fill(&mut self, doc: &Doc<'_>, needs: Needs) {
        self.folded.clear();
        self.entries.clear();
        self.zones.clear();
        self.present = [0; 16];
        self.places.clear();
        for (content, text) in contents(doc).map(|content| content.text).enumerate() {
            self.add(ZoneKind::Text, content, 0, text);
        }
        if self.entries.len() > LONG {
            let hashes = self.entries.iter().map(|entry| entry.hash);
            self.places.extend(hashes.zip(0..));
            self.places.sort_unstable();
        }
        if needs.has(Needs::LINKS) || needs.has(Needs::PAGES) {
            self.add_links(doc, needs);
        }
        for entry in &self.entries {
            let bit = entry.hash >> 54;
            self.present[(bit >> 6) as usize] |= 1 << (bit & 63);
        }
        if needs.has(Needs::AUTHOR) {
            self.add(ZoneKind::Bio, 0, 0, doc.author.bio);
            self.add(ZoneKind::AuthorName, 0, 0, doc.author.name);
            self.add(ZoneKind::AuthorLocation, 0, 0, doc.author.location);
        }
        if let Some(place) = doc.place.filter(|_| needs.has(Needs::PLACE)) {
            self.add(ZoneKind::PlaceName, 0, 0, place.name);
            self.add(ZoneKind::PlaceName, 0, 0, place.full_name);
        }
    }

    fn add_links(&mut self, doc: &Doc<'_>, needs: Needs) {
        for (content, part) in contents(doc).enumerate() {
            for (index, link) in part
                .entities
                .iter()
                .enumerate()
                .filter(|(_, e)| e.kind == EntityKind::Link)
            {
                if needs.has(Needs::LINKS) {
                    self.add(ZoneKind::LinkAddress, content, index, &link.value);
                    if link.target != link.value {
                        self.add(ZoneKind::LinkAddress, content, index, &link.target);
                    }
                }
                if needs.has(Needs::PAGES) {
                    self.add(ZoneKind::LinkTitle, content, index, &link.title);
                    self.add(ZoneKind::LinkDescription, content, index, &link.description);
                }
            }
        }
    }

    fn add(&mut self, kind: ZoneKind, content: usize, entity: usize, text: &str) {
        let text = seen(text);
        let first = self.entries.len();
        let (folded, entries) = (&mut self.folded, &mut self.entries);
        tokenize_with(text, Profile::Stream, &mut self.spare, &mut |token| {
            let start = narrow(folded.len());
            folded.push_str(token.text);
            let end = narrow(folded.len());
            folded.push(WORD_END);
            entries.push(Entry {
                hash: hash_word(token.text),
                folded: start..end,
                span: narrow(token.span.start)..narrow(token.span.end),
                glued: token.glued,
            });
        });
        self.zones.push(Zone {
            kind,
            content,
            entity,
            entries: first..self.entries.len(),
        });
    }

    /// May a text or a link of the post hold this word? `false` is certain.
    pub(crate) fn may_hold(&self, hash: u64) -> bool {
        let bit = hash >> 54;
        self.present[(bit >> 6) as usize] & (1 << (bit & 63)) != 0
    }

    pub(crate) fn zones(&self, kind: ZoneKind) -> impl Iterator<Item = &Zone> {
        self.zones.iter().filter(move |zone| zone.kind == kind)
    }

    pub(crate) fn entries(&self, zone: &Zone) -> &[Entry] {
        &self.entries[zone.entries.clone()]
    }

    /// The tokens of all zones, one zone after the other.
    pub(crate) fn all(&self) -> &[Entry] {
        &self.entries
    }

    /// Where in the post's texts words of this hash stand, among [`Self::all`].
    pub(crate) fn places(&self, hash: u64) -> impl Iterator<Item = usize> {
        let start = self.places.partition_point(|&(other, _)| other < hash);
        let indexed = self.places[start..]
            .iter()
            .take_while(move |place| place.0 == hash);
        let short = if self.places.is_empty() {
            self.text_tokens()
        } else {
            0..0
        };
        let scanned = short.filter(move |&at| self.entries[at].hash == hash);
        indexed.map(|&(_, at)| at as usize).chain(scanned)
    }

    /// Where in a zone words of this hash stand, from its token `from` on. In the texts of a long post it looks at no other word.
    pub(crate) fn places_in(
        &self,
        zone: &Zone,
        hash: u64,
        from: usize,
    ) -> impl Iterator<Item = usize> {
        let (begin, end) = (zone.entries.start, zone.entries.end);
        let first = begin + from;
        let (known, others) = match zone.kind {
            ZoneKind::Text if !self.places.is_empty() => {
                let before = |place: &(u64, u32)| *place < (hash, narrow(first));
                let start = self.places.partition_point(before);
                (&self.places[start..], first..first)
            }
            _ => (&[][..], first..end),
        };
        let known = known
            .iter()
            .take_while(move |&&(other, at)| other == hash && (at as usize) < end)
            .map(|&(_, at)| at as usize);
        let others = others.filter(move |&at| self.entries[at].hash == hash);
        known.chain(others).map(move |at| at - begin)
    }

    /// Where the tokens of the post's texts stand: they come first.
    fn text_tokens(&self) -> Range<usize> {
        let last = self.zones(ZoneKind::Text).last();
        0..last.map_or(0, |zone| zone.entries.end)
    }

    /// So many tokens from one on, if they belong to one text, and the text.
    pub(crate) fn row(&self, first: usize, count: usize) -> Option<(&Zone, &[Entry])> {
        let mut texts = self.zones(ZoneKind::Text);
        let zone = texts.find(|zone| zone.entries.contains(&first))?;
        (first + count <= zone.entries.end).then(|| (zone, &self.entries[first..first + count]))
    }

    /// Does a word of this hash stand in a text of the post, or in an address?
    pub(crate) fn stands(&self, hash: u64) -> bool {
        let in_address = || {
            let mut words = self
                .zones(ZoneKind::LinkAddress)
                .flat_map(|zone| self.entries(zone));
            words.any(|entry| entry.hash == hash)
        };
        self.may_hold(hash) && (self.places(hash).next().is_some() || in_address())
    }

    /// A token as it is compared.
    pub(crate) fn folded(&self, entry: &Entry) -> &str {
        &self.folded[entry.folded.start as usize..entry.folded.end as usize]
    }

    /// A row of tokens of one zone as they are compared, with [`WORD_END`] between them.
    pub(crate) fn folded_row(&self, row: &[Entry]) -> &str {
        let (Some(first), Some(last)) = (row.first(), row.last()) else {
            return "";
        };
        &self.folded[first.folded.start as usize..last.folded.end as usize]
    }

    pub(crate) fn is_word(&self, entry: &Entry, word: &WordToken) -> bool {
        entry.hash == word.hash && *self.folded(entry) == *word.text
    }
}

/// The post's own content, then the embedded ones.
pub(crate) fn contents<'a>(doc: &'a Doc<'a>) -> impl Iterator<Item = &'a crate::doc::Content<'a>> {
    std::iter::once(&doc.content).chain(doc.embedded)
}

/// As much of a text as is looked at.
pub(crate) fn seen(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_TEXT_BYTES)]
}

/// Where an entity stands in its text.
pub(crate) fn entity_span(entity: &Entity<'_>) -> Range<usize> {
    entity.span.start as usize..entity.span.end as usize
}

/// In tests, words that begin so have one hash: two words may share a number, and nothing may be lost by it.
const TWINS: &str = "twin";

/// The hash by which words and names are compared before their letters are.
pub(crate) fn hash_word(word: &str) -> u64 {
    let word = match cfg!(test) && word.starts_with(TWINS) {
        true => TWINS,
        false => word,
    };
    let mut hasher = FxHasher::default();
    hasher.write(word.as_bytes());
    hasher.finish()
}

/// Offsets fit: a post's texts are cut at [`MAX_TEXT_BYTES`], and a sum beyond four gigabytes is not matched.
fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}
