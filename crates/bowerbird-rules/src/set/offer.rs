//! What a post offers: each of its features once, as far as some rule may hang on it.
//!
//! One pass over the tokens, and one look at each tag, account and flag that rules ask for. What no rule hangs on is dropped
//! as soon as its number is known.

use super::feature::{self, Kind, MAX_ROW};
use super::filter::{Answer, Filter};
use super::grid;
use super::leaf::{Guards, NO_GUARD, Text};
use crate::doc::{AccountRef, Doc, EntityKind};
use crate::evaluate::{has, is};
use crate::expr::{Flag, Part};
use crate::language;
use crate::token::Profile;
use crate::token::fold::fold_into;
use crate::tokenized::{DocTokens, Needs, WORD_END, ZoneKind, contents, hash_word};

/// What the rules of a set hang on and are guarded by, so that nothing else is looked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// What must be tokenised.
    pub(crate) needs: Needs,
    /// A bit for each [`Kind`].
    pub(crate) kinds: u32,
    /// A bit for each of [`FLAGS`].
    pub(crate) flags: u32,
    /// A bit for each grid.
    pub(crate) levels: u16,
}

impl Asked {
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            needs: self.needs.or(other.needs),
            kinds: self.kinds | other.kinds,
            flags: self.flags | other.flags,
            levels: self.levels | other.levels,
        }
    }

    pub(crate) fn add(&mut self, kind: Kind) {
        self.kinds |= 1 << kind as u32;
    }

    fn has(&self, kind: Kind) -> bool {
        self.kinds & (1 << kind as u32) != 0
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
#[derive(Debug)]
struct Row {
    feature: u64,
    /// Its first token, and the end of the text's tokens.
    first: u32,
    end: u32,
    glued: bool,
    answer: Answer,
}

/// The features of one post.
#[derive(Debug, Default)]
pub(crate) struct Offer {
    pub(crate) tokens: DocTokens,
    pub(crate) present: Present,
    pub(crate) hits: Hits,
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
        self.tokens.fill(doc, asked.needs);
        self.present = Present::default();
        self.hits.0.clear();
        self.names.clear();
        self.listed.clear();
        self.flags = 0;
        self.asked = 0;
        self.add_words(filter);
        if asked.kinds != 0 {
            self.add_entities(doc, asked, filter);
            self.add_accounts(doc, asked, filter);
            self.add_strings(doc, asked, filter);
            self.add_other_words(asked, filter);
            self.add_numbers(doc, asked, filter);
        }
        self.hits.finish();
    }

    /// The folded text of a feature.
    pub(crate) fn text(&self, what: What) -> &str {
        match what {
            What::Words { first, count, .. } => {
                let row = &self.tokens.all()[first as usize..][..usize::from(count)];
                self.tokens.folded_row(row)
            }
            What::Name { start, end, .. } => &self.names[start as usize..end as usize],
            What::Bare => "",
        }
    }

    /// Is there, among the post's features of this number, one of this kind and text? The hit tells one of them, nearly always the only one.
    pub(crate) fn is(&self, hit: &Hit, kind: Kind, text: Text<'_>) -> bool {
        match (kind, hit.what) {
            (Kind::Words | Kind::GluedWords, What::Words { glued, .. })
                if text.is(self.text(hit.what)) =>
            {
                glued || kind == Kind::Words
            }
            (_, What::Name { kind: named, .. })
                if named == kind && text.is(self.text(hit.what)) =>
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

    /// Does a text hold these words in a row, of which the first has this hash? Looks only where the first word stands.
    pub(crate) fn has_row(&self, first: u64, count: usize, glued: bool, text: Text<'_>) -> bool {
        if !self.present.has(Present::place(feature::word(first))) {
            return false;
        }
        self.tokens.places(first).any(|place| {
            self.tokens.row(place, count).is_some_and(|row| {
                (!glued || row[1..].iter().all(|entry| entry.glued))
                    && text.is(self.tokens.folded_row(row))
            })
        })
    }

    /// Does it have this name? Kinds are compared by number.
    pub(crate) fn has_name(&self, kind: u8, feature: u64, text: Text<'_>) -> bool {
        let is = |what: What| matches!(what, What::Name { kind: named, .. } if named as u8 == kind);
        self.listed
            .iter()
            .any(|&(listed, what)| listed == feature && is(what) && text.is(self.text(what)))
    }

    /// Words of the post's texts, alone and in rows: first all single words, then all rows of two that some longer row begins with, and so on. One
    /// length after the other, so that what is asked of the filter does not wait for one answer after the other.
    fn add_words(&mut self, filter: &Filter) {
        let Self {
            tokens,
            present,
            hits,
            rows,
            asked,
            ..
        } = self;
        let all = tokens.all();
        rows.clear();
        for zone in tokens.zones(ZoneKind::Text) {
            let range = zone.range();
            let end = range.end as u32;
            rows.extend(range.map(|first| {
                let feature = feature::word(all[first].hash);
                present.set(feature);
                Row {
                    feature,
                    first: first as u32,
                    end,
                    glued: true,
                    answer: filter.look(feature),
                }
            }));
        }
        for count in 1..=MAX_ROW {
            *asked += rows.len();
            rows.retain_mut(|row| {
                if row.answer.may_hold() {
                    let what = What::Words {
                        first: row.first,
                        count: count as u8,
                        glued: row.glued,
                    };
                    let feature = row.feature;
                    hits.take(Hit { feature, what });
                }
                let next = row.first + count as u32;
                row.answer.may_start() && next < row.end && count < MAX_ROW
            });
            for row in &mut *rows {
                let next = &all[row.first as usize + count];
                row.glued &= next.glued;
                row.feature = feature::longer(row.feature, next.hash);
                row.answer = filter.look(row.feature);
            }
        }
    }

    fn add_entities(&mut self, doc: &Doc<'_>, asked: &Asked, filter: &Filter) {
        if !(asked.has(Kind::Hashtag) || asked.has(Kind::Mention) || asked.has(Kind::Cashtag)) {
            return;
        }
        for entity in contents(doc).flat_map(|content| content.entities) {
            match entity.kind {
                EntityKind::Hashtag => self.add_name(Kind::Hashtag, &entity.value, asked, filter),
                EntityKind::Cashtag => self.add_name(Kind::Cashtag, &entity.value, asked, filter),
                EntityKind::Mention => {
                    self.add_name(Kind::Mention, &entity.value, asked, filter);
                    self.add_name(Kind::Mention, &entity.id, asked, filter);
                }
                _ => {}
            }
        }
    }

    fn add_accounts(&mut self, doc: &Doc<'_>, asked: &Asked, filter: &Filter) {
        let author = AccountRef {
            id: doc.author.id,
            handle: doc.author.handle,
        };
        let reposted = doc.repost_of.filter(|_| doc.is_repost);
        for (kind, account) in [
            (Kind::Author, Some(author)),
            (Kind::Answered, doc.reply_to),
            (Kind::Reposted, reposted),
        ] {
            if let Some(account) = account {
                self.add_name(kind, account.id, asked, filter);
                self.add_name(kind, account.handle, asked, filter);
            }
        }
    }

    fn add_strings(&mut self, doc: &Doc<'_>, asked: &Asked, filter: &Filter) {
        self.add_name(Kind::Conversation, doc.conversation_id, asked, filter);
        self.add_name(Kind::AnsweredPost, doc.reply_to_id, asked, filter);
        if doc.is_repost {
            self.add_name(Kind::RepostedPost, doc.repost_of_id, asked, filter);
        }
        self.add_name(Kind::QuotedPost, doc.quote_of_id, asked, filter);
        self.add_name(Kind::App, doc.app, asked, filter);
        if let Some(place) = doc.place {
            self.add_name(Kind::Country, place.country_code, asked, filter);
            self.add_name(Kind::Place, place.id, asked, filter);
        }
        for name in doc.named {
            self.add_name(Kind::Named, name, asked, filter);
        }
        for context in doc.contexts {
            self.add_name(Kind::Context, context, asked, filter);
        }
        if asked.has(Kind::Language) {
            // A code is no text: no two spellings of it are one but for their case.
            for code in language::keys(doc.lang)
                .into_iter()
                .filter(|code| code.is_ascii())
            {
                self.add_name(Kind::Language, code, asked, filter);
            }
        }
    }

    /// Words of links, of the author's profile, of the place's name.
    fn add_other_words(&mut self, asked: &Asked, filter: &Filter) {
        for zone in self.tokens.all_zones() {
            let kind = zone_kind(zone.kind);
            if kind == Kind::Words || !asked.has(kind) {
                continue;
            }
            for entry in self.tokens.entries(zone) {
                let feature = feature::numbered(kind, entry.hash);
                self.asked += 1;
                self.present.set(feature);
                if filter.may_hold(feature) {
                    self.hits.take(Hit {
                        feature,
                        what: What::Bare,
                    });
                }
            }
        }
    }

    /// Flags, cells, and what every post has.
    fn add_numbers(&mut self, doc: &Doc<'_>, asked: &Asked, filter: &Filter) {
        for (number, asking) in FLAGS.iter().enumerate() {
            if asked.flags & (1 << number) != 0 {
                let value = match *asking {
                    Asking::Is(flag) => is(doc, flag),
                    Asking::Has(part) => has(doc, part),
                };
                self.flags |= u32::from(value) << number;
                self.add_bare(flag(number, value), filter);
            }
        }
        if asked.levels != 0 && !doc.is_repost {
            let corner = |[west, south, _, _]: [f64; 4]| [west, south];
            let place = doc.place.and_then(|place| place.bounds).map(corner);
            for point in [doc.point, place].into_iter().flatten() {
                let levels = (0..grid::LEVELS).filter(|level| asked.levels & (1 << level) != 0);
                for level in levels {
                    let cell = grid::cell(level, point);
                    self.add_bare(feature::numbered(Kind::Cell, cell), filter);
                }
            }
        }
        if asked.has(Kind::Always) {
            self.add_bare(feature::always(), filter);
        }
    }

    fn add_bare(&mut self, feature: u64, filter: &Filter) {
        self.asked += 1;
        self.present.set(feature);
        if filter.may_hold(feature) {
            self.hits.take(Hit {
                feature,
                what: What::Bare,
            });
        }
    }

    fn add_name(&mut self, kind: Kind, name: &str, asked: &Asked, filter: &Filter) {
        if name.is_empty() || !asked.has(kind) {
            return;
        }
        let start = self.names.len();
        fold_into(name, Profile::Stream, &mut self.names);
        let feature = feature::named(kind, &self.names[start..]);
        let what = What::Name {
            kind,
            start: start as u32,
            end: self.names.len() as u32,
        };
        self.listed.push((feature, what));
        self.asked += 1;
        self.present.set(feature);
        if filter.may_hold(feature) {
            self.hits.take(Hit { feature, what });
        }
    }
}

/// As what the words of a zone are offered.
pub(crate) fn zone_kind(zone: ZoneKind) -> Kind {
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
