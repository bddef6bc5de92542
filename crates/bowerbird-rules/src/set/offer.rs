//! What a post offers: each of its features once, as far as some rule may hang on it.
//!
//! One pass over the tokens, and one look at each tag, account and flag that rules ask for. What no rule hangs on is dropped
//! as soon as its number is known.

mod fields;

use super::feature::{self, Kind, MAX_ROW};
use super::filter::{Answer, Filter};
use super::glance::Glance;
use super::leaf::{Guards, NO_GUARD, Text};
use crate::doc::Doc;
use crate::expr::{Counted, Flag, Part};
use crate::hash::hash_word;
use crate::tokenized::{DocTokens, Entry, Needs, WORD_END, Zone, ZoneKind, contents};
use crate::v11::stands_free;

/// What the rules of a set hang on and are guarded by, so that nothing else is looked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// What must be tokenised.
    pub(crate) needs: Needs,
    /// A bit for each [`Kind`].
    pub(crate) kinds: u64,
    /// A bit for each of [`FLAGS`].
    pub(crate) flags: u32,
    /// Does a rule hold anything but ASCII?
    pub(crate) foreign: bool,
    /// A bit for each grid in which points are looked for, and places.
    pub(crate) point_levels: u16,
    pub(crate) place_levels: u16,
}

impl Asked {
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            needs: self.needs.or(other.needs),
            kinds: self.kinds | other.kinds,
            flags: self.flags | other.flags,
            foreign: self.foreign || other.foreign,
            point_levels: self.point_levels | other.point_levels,
            place_levels: self.place_levels | other.place_levels,
        }
    }

    pub(crate) fn add(&mut self, kind: Kind) {
        self.kinds |= 1 << kind as u32;
    }

    /// Points or places are looked for in this grid.
    pub(crate) fn add_level(&mut self, kind: Kind, level: u32) {
        self.add(kind);
        match kind {
            Kind::PlaceCell => self.place_levels |= 1 << level,
            _ => self.point_levels |= 1 << level,
        }
    }

    fn has(&self, kind: Kind) -> bool {
        self.has_any(&[kind])
    }

    #[inline(always)]
    fn has_any(&self, kinds: &[Kind]) -> bool {
        let asked = kinds.iter().fold(0, |all, &kind| all | 1 << kind as u32);
        self.kinds & asked != 0
    }
}

/// Something that `is:` or `has:` asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asking {
    Is(Flag),
    Has(Part),
}

/// All that can be asked, each by its number.
pub(crate) const FLAGS: [Asking; 15] = [
    Asking::Is(Flag::Retweet),
    Asking::Is(Flag::Reply),
    Asking::Is(Flag::Quote),
    Asking::Is(Flag::Verified),
    Asking::Is(Flag::Nullcast),
    Asking::Has(Part::Hashtags),
    Asking::Has(Part::Cashtags),
    Asking::Has(Part::Symbols),
    Asking::Has(Part::Links),
    Asking::Has(Part::Mentions),
    Asking::Has(Part::Media),
    Asking::Has(Part::Images),
    Asking::Has(Part::Videos),
    Asking::Has(Part::Geo),
    Asking::Has(Part::Lang),
];

/// The feature "flag `number` is `value`".
pub(crate) fn flag(number: usize, value: bool) -> u64 {
    feature::numbered(Kind::Flag, number as u64 * 2 + u64::from(value))
}

/// The feature "the author's count has so many binary digits".
pub(crate) fn digits(counted: Counted, digits: u32) -> u64 {
    let counted = match counted {
        Counted::MinFollowers => Counted::Followers,
        other => other,
    };
    feature::numbered(Kind::Digits, (counted as u64) << 8 | u64::from(digits))
}

/// The feature "the post's place reaches around the earth".
pub(crate) fn everywhere() -> u64 {
    feature::numbered(Kind::PlaceSpan, u64::MAX)
}

/// A feature of a post that some rule may hang on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hit {
    pub(crate) feature: u64,
    pub(crate) what: What,
}

impl Hit {
    /// Words with nothing between them answer for the same words with something between them too.
    fn is_glued(&self) -> bool {
        matches!(self.what, What::Words { glued: true, .. })
    }
}

/// Where the text of a feature is found again.
#[derive(Debug, Clone, Copy)]
pub(crate) enum What {
    /// So many tokens from one on; `glued`: with nothing between them.
    Words { first: u32, count: u8, glued: bool },
    /// A range of [`Offer::names`].
    Name { kind: Kind, start: u32, end: u32 },
    /// Its number is all there is.
    Bare,
}

/// One bit for each feature of a post that a guard may ask for.
#[derive(Debug, Default)]
pub(crate) struct Present([u64; 32]);

impl Present {
    /// Which bit is a feature's.
    pub(crate) fn place(feature: u64) -> u16 {
        (feature >> 24) as u16 & 2047
    }

    fn set(&mut self, feature: u64) {
        let place = usize::from(Self::place(feature));
        self.0[place >> 6] |= 1 << (place & 63);
    }

    /// Is there nothing that a guard asks for in vain?
    pub(crate) fn has_all(&self, guards: Guards) -> bool {
        guards
            .into_iter()
            .all(|guard| guard == NO_GUARD || self.has(guard))
    }

    /// Is the bit set?
    fn has(&self, place: u16) -> bool {
        self.0[usize::from(place) >> 6] & (1 << (place & 63)) != 0
    }
}

/// Features that pass the filter, each number once.
#[derive(Debug, Default)]
pub(crate) struct Hits(Vec<Hit>);

/// So many are searched for a double one by one; of more, doubles go at the end.
const FEW: usize = 32;

impl Hits {
    pub(crate) fn as_slice(&self) -> &[Hit] {
        &self.0
    }

    fn take(&mut self, hit: Hit) {
        if self.0.len() < FEW
            && let Some(known) = self.0.iter_mut().find(|known| known.feature == hit.feature)
        {
            if hit.is_glued() {
                *known = hit;
            }
            return;
        }
        self.0.push(hit);
    }

    fn finish(&mut self) {
        if self.0.len() > FEW {
            self.0
                .sort_unstable_by_key(|hit| (hit.feature, !hit.is_glued()));
            self.0.dedup_by_key(|hit| hit.feature);
        }
    }
}

/// A row of words that rules may hang on, or begin with.
#[derive(Debug, Clone, Copy, Default)]
struct Row {
    answer: Answer,
    /// Its first word's place in the text.
    first: usize,
}

/// The features of one post.
#[derive(Debug, Default)]
pub(crate) struct Offer {
    pub(crate) tokens: DocTokens,
    pub(crate) present: Present,
    pub(crate) hits: Hits,
    pub(super) glance: Glance,
    /// A bit for each of [`FLAGS`] that is asked for and so.
    pub(crate) flags: u32,
    /// Folded names, one after the other, and the feature and place of each.
    names: String,
    listed: Vec<(u64, What)>,
    /// Memory for [`Self::add_words`].
    rows: Vec<Row>,
    /// How many features were asked for.
    pub(crate) asked: usize,
}

impl Offer {
    /// Forgets the last post and takes up `doc`.
    pub(crate) fn fill(&mut self, doc: &Doc<'_>, asked: &Asked, filter: &Filter) {
        self.present = Present::default();
        self.hits.0.clear();
        self.names.clear();
        self.listed.clear();
        self.flags = 0;
        self.asked = 0;
        if asked.kinds != 0 {
            self.add_fields(doc, asked, filter);
        }
        if self.hits.0.is_empty()
            && asked.needs == Needs::NONE
            && !self.glance.may_matter(doc, filter, asked.foreign)
        {
            self.asked += self.glance.asked;
            return;
        }
        self.tokens.fill(doc, asked.needs);
        self.add_words(filter);
        if asked.needs != Needs::NONE {
            self.add_other_words(asked, filter);
        }
        // Most posts end here: what only checks need is made only for them.
        if !self.hits.0.is_empty() {
            self.hits.finish();
            self.tokens.index();
            self.note_words();
        }
    }

    /// Notes which words guards may ask for.
    fn note_words(&mut self) {
        for zone in self.tokens.zones(ZoneKind::Text) {
            for entry in self.tokens.entries(zone) {
                self.present.set(feature::word(entry.hash));
            }
        }
    }

    /// Is this the folded text of a feature?
    fn is_text(&self, what: What, text: Text<'_>) -> bool {
        match what {
            What::Words {
                first, count: 1, ..
            } => text.is(self.tokens.folded(&self.tokens.all()[first as usize])),
            What::Words { first, count, .. } => {
                let row = &self.tokens.all()[first as usize..][..usize::from(count)];
                self.is_row(row, false, text)
            }
            What::Name { start, end, .. } => text.is(&self.names[start as usize..end as usize]),
            What::Bare => text.is(""),
        }
    }

    /// Is there, among the post's features of this number, one of this kind and text? The hit tells one of them, nearly always the only one.
    pub(crate) fn is(&self, hit: &Hit, kind: Kind, text: Text<'_>) -> bool {
        match (kind, hit.what) {
            (Kind::Words | Kind::GluedWords, What::Words { glued, .. })
                if self.is_text(hit.what, text) =>
            {
                glued || kind == Kind::Words
            }
            (_, What::Name { kind: named, .. })
                if named == kind && self.is_text(hit.what, text) =>
            {
                true
            }
            _ => self.is_hidden(hit.feature, kind, text),
        }
    }

    /// The same, of those that the hit does not tell.
    #[cold]
    fn is_hidden(&self, feature: u64, kind: Kind, text: Text<'_>) -> bool {
        match kind {
            Kind::Words | Kind::GluedWords => {
                let row = text.to_string();
                let first = row.split(WORD_END).next().unwrap_or_default();
                let count = row.split(WORD_END).count();
                self.has_row(hash_word(first), count, kind == Kind::GluedWords, text)
            }
            _ => self.has_name(kind as u8, feature, text),
        }
    }

    /// Does a text hold these words in a row, of which the first has this hash? Looks only where one of the words stands.
    pub(crate) fn has_row(&self, first: u64, count: usize, glued: bool, text: Text<'_>) -> bool {
        if !self.present.has(Present::place(feature::word(first))) {
            return false;
        }
        self.rows_of(first, count, text)
            .any(|(_, row)| self.is_row(row, glued, text))
    }

    /// Does a text of the post hold these words with nothing between them, and not as a part of `some_name`?
    pub(crate) fn has_free_row(
        &self,
        first: u64,
        count: usize,
        text: Text<'_>,
        doc: &Doc<'_>,
    ) -> bool {
        if !self.present.has(Present::place(feature::word(first))) {
            return false;
        }
        self.rows_of(first, count, text).any(|(zone, row)| {
            self.is_row(row, true, text)
                && contents(doc).nth(zone.content).is_some_and(|content| {
                    let end = row.last().map_or(0, |entry| entry.span().end);
                    stands_free(content.text, row[0].span().start..end)
                })
        })
    }

    /// Does an address hold these words with nothing between them?
    pub(crate) fn has_row_in_address(&self, first: u64, count: usize, text: Text<'_>) -> bool {
        self.tokens.zones(ZoneKind::LinkAddress).any(|zone| {
            let rows = self.tokens.entries(zone).windows(count);
            rows.into_iter()
                .any(|row| row[0].hash == first && self.is_row(row, true, text))
        })
    }

    /// So many tokens of one text, wherever these words may stand: where the first has this hash, or, in a long post, where the rarest of them is.
    fn rows_of(
        &self,
        first: u64,
        count: usize,
        text: Text<'_>,
    ) -> impl Iterator<Item = (&Zone, &[Entry])> {
        let hashes = || text.to_string().split(WORD_END).map(hash_word).collect();
        let long = (count > 1).then(|| self.tokens.rarest_of_long(hashes));
        let (rarest, hash) = long.flatten().unwrap_or((0, first));
        let starts = self
            .tokens
            .places(hash)
            .map(move |at| at.checked_sub(rarest));
        starts.filter_map(move |start| self.tokens.row(start?, count))
    }

    fn is_row(&self, row: &[Entry], glued: bool, text: Text<'_>) -> bool {
        (!glued || row[1..].iter().all(|entry| entry.glued))
            && text.is_words(row.iter().map(|entry| self.tokens.folded(entry)))
    }

    /// Does it have this name? Kinds are compared by number.
    pub(crate) fn has_name(&self, kind: u8, feature: u64, text: Text<'_>) -> bool {
        let is = |what: What| matches!(what, What::Name { kind: named, .. } if named as u8 == kind);
        self.listed
            .iter()
            .any(|&(listed, what)| listed == feature && is(what) && self.is_text(what, text))
    }

    /// Words of the post's texts, alone and in rows: first all single words, then all rows of two that some longer row begins with, and so on. One
    /// length after the other, so that what is asked of the filter does not wait for one answer after the other.
    fn add_words(&mut self, filter: &Filter) {
        let Self {
            tokens,
            hits,
            rows,
            asked,
            ..
        } = self;
        for zone in tokens.zones(ZoneKind::Text) {
            let words = tokens.entries(zone);
            *asked += words.len();
            if rows.len() < words.len() {
                rows.resize(words.len(), Row::default());
            }
            // What does not matter is written over by the next: to branch would be to wait for the answer.
            let mut left = 0;
            for (first, word) in words.iter().enumerate() {
                let answer = filter.look(feature::word(word.hash));
                rows[left] = Row { answer, first };
                left += usize::from(answer.may_matter());
            }
            for count in 1..=MAX_ROW {
                let known = left;
                left = 0;
                for at in 0..known {
                    let Row { answer, first } = rows[at];
                    let (row, rest) = words[first..].split_at(count);
                    if answer.may_hold() {
                        let what = What::Words {
                            first: (zone.range().start + first) as u32,
                            count: count as u8,
                            glued: row[1..].iter().all(|word| word.glued),
                        };
                        let feature = answer.feature();
                        hits.take(Hit { feature, what });
                    }
                    if count < MAX_ROW
                        && answer.may_start()
                        && let Some(next) = rest.first()
                    {
                        *asked += 1;
                        let answer = filter.look(feature::longer(answer.feature(), next.hash));
                        rows[left] = Row { answer, first };
                        left += usize::from(answer.may_matter());
                    }
                }
                if left == 0 {
                    break;
                }
            }
        }
    }
}

/// As what the words of a zone are offered.
pub(crate) const fn zone_kind(zone: ZoneKind) -> Kind {
    match zone {
        ZoneKind::Text => Kind::Words,
        ZoneKind::LinkAddress => Kind::LinkWord,
        ZoneKind::LinkTitle => Kind::TitleWord,
        ZoneKind::LinkDescription => Kind::DescriptionWord,
        ZoneKind::Bio => Kind::BioWord,
        ZoneKind::AuthorName => Kind::NameWord,
        ZoneKind::AuthorLocation => Kind::LocationWord,
        ZoneKind::PlaceName => Kind::PlaceWord,
    }
}
