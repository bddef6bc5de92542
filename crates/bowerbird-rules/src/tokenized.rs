//! A post, tokenised once and shared by all rules.
//!
//! The tokens of all a post's texts lie in a few flat vectors that are filled again for the next post, so matching
//! allocates nothing once they have grown. What a set of rules never asks for (bios, link titles) is not tokenised.

mod entries;
mod needs;
pub(crate) mod steps;

use std::ops::Range;

use crate::doc::{Doc, Entity, EntityKind};
use crate::expr::{Field, WordToken};
use entries::Entries;
pub(crate) use entries::Entry;
pub(crate) use needs::Needs;

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
        tokens.index();
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

/// All tokens of a post.
#[derive(Debug, Default)]
pub(crate) struct DocTokens {
    entries: Entries,
    zones: Vec<Zone>,
    /// How many entries the texts and the links have.
    shown: usize,
    /// One bit for each word of the texts and links: most rules fail here.
    present: [u64; 16],
    /// Of a long post: where each word of its texts stands, by the word's hash.
    places: Vec<(u64, u32)>,
}

/// Of posts with more tokens, words are found by [`DocTokens::places`] without looking at all of them.
const LONG: usize = 64;

impl DocTokens {
    /// Forgets the last post and takes up `doc`. Before any word is sought, [`Self::index`] must be called.
    pub(crate) fn fill(&mut self, doc: &Doc<'_>, needs: Needs) {
        self.entries.clear();
        self.zones.clear();
        for (content, text) in contents(doc).map(|content| content.text).enumerate() {
            self.add(ZoneKind::Text, content, 0, text);
        }
        if needs.has(Needs::LINKS) || needs.has(Needs::PAGES) {
            self.add_links(doc, needs);
        }
        self.shown = self.entries.all.len();
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

    /// Makes ready for words to be sought: of most posts none ever is.
    pub(crate) fn index(&mut self) {
        self.present = [0; 16];
        for entry in &self.entries.all[..self.shown] {
            let bit = entry.hash >> 54;
            self.present[(bit >> 6) as usize] |= 1 << (bit & 63);
        }
        self.places.clear();
        let texts = self.text_tokens();
        if texts.len() > LONG {
            let hashes = self.entries.all[texts].iter().map(|entry| entry.hash);
            self.places.extend(hashes.zip(0..));
            self.places.sort_unstable();
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
        let first = self.entries.all.len();
        self.entries.add(seen(text));
        self.zones.push(Zone {
            kind,
            content,
            entity,
            entries: first..self.entries.all.len(),
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
        &self.entries.all[zone.entries.clone()]
    }

    /// The tokens of all zones, one zone after the other.
    pub(crate) fn all(&self) -> &[Entry] {
        &self.entries.all
    }

    /// Where in the post's texts words of this hash stand, among [`Self::all`].
    pub(crate) fn places(&self, hash: u64) -> impl Iterator<Item = usize> {
        let indexed = self.indexed(hash, self.text_tokens()).iter();
        let short = if self.places.is_empty() {
            self.text_tokens()
        } else {
            0..0
        };
        let scanned = short.filter(move |&at| self.entry(at).hash == hash);
        indexed.map(|&(_, at)| self.entry_at(at)).chain(scanned)
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
        let (known, others) = match self.is_indexed(zone) {
            true => (self.indexed(hash, first..end), 0..0),
            false => (&[][..], first..end),
        };
        let known = known.iter().map(|&(_, at)| self.entry_at(at));
        let others = others.filter(move |&at| self.entry(at).hash == hash);
        known.chain(others).map(move |at| at - begin)
    }

    /// Which of some words stands in a zone least often, as far as that is known without looking at them all.
    pub(crate) fn rarest_in(&self, zone: &Zone, hashes: impl Iterator<Item = u64>) -> usize {
        match self.is_indexed(zone) {
            true => self.rarest(zone.range(), hashes),
            false => 0,
        }
    }

    /// The same of all texts of a long post; `None` for a short one.
    pub(crate) fn rarest_of_long(&self, words: impl FnOnce() -> Vec<u64>) -> Option<(usize, u64)> {
        if self.places.is_empty() {
            return None;
        }
        let hashes = words();
        let rarest = self.rarest(self.text_tokens(), hashes.iter().copied());
        Some((rarest, hashes[rarest]))
    }

    fn rarest(&self, range: Range<usize>, hashes: impl Iterator<Item = u64>) -> usize {
        let counts = hashes.map(|hash| self.indexed(hash, range.clone()).len());
        let rarest = counts.enumerate().min_by_key(|&(_, count)| count);
        rarest.map_or(0, |(at, _)| at)
    }

    fn is_indexed(&self, zone: &Zone) -> bool {
        zone.kind == ZoneKind::Text && !self.places.is_empty()
    }

    /// Of a long post: the places of a word within a range of tokens.
    fn indexed(&self, hash: u64, range: Range<usize>) -> &[(u64, u32)] {
        let before = |end: usize| {
            let end = narrow(end);
            self.places.partition_point(|place| {
                steps::count();
                *place < (hash, end)
            })
        };
        &self.places[before(range.start)..before(range.end)]
    }

    fn entry(&self, at: usize) -> &Entry {
        steps::count();
        &self.entries.all[at]
    }

    fn entry_at(&self, at: u32) -> usize {
        steps::count();
        at as usize
    }

    /// Where the tokens of the post's texts stand: they come first.
    fn text_tokens(&self) -> Range<usize> {
        let last = self.zones(ZoneKind::Text).last();
        0..last.map_or(0, |zone| zone.entries.end)
    }

    /// So many tokens from one on, if they belong to one text, and the text.
    pub(crate) fn row(&self, first: usize, count: usize) -> Option<(&Zone, &[Entry])> {
        steps::count();
        let mut texts = self.zones(ZoneKind::Text);
        let zone = texts.find(|zone| zone.entries.contains(&first))?;
        (first + count <= zone.entries.end).then(|| (zone, &self.entries.all[first..first + count]))
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
        self.entries.folded(entry)
    }

    pub(crate) fn is_word(&self, entry: &Entry, word: &WordToken) -> bool {
        steps::count();
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

/// Offsets fit: a post's texts are cut at [`MAX_TEXT_BYTES`], and a sum beyond four gigabytes is not matched.
fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}
