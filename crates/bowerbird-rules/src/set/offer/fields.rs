//! What a post offers besides its words: names, numbers, places, and the words of other texts.

use super::super::feature::{self, Kind};
use super::super::filter::Filter;
use super::super::grid;
use super::{Asked, Asking, FLAGS, Hit, Offer, What, digits, everywhere, flag, zone_kind};
use crate::doc::{AccountRef, Doc, EntityKind};
use crate::evaluate::{count, has, is, share};
use crate::expr::{Bounds, Counted};
use crate::language;
use crate::token::Profile;
use crate::token::fold::fold_into;
use crate::tokenized::{ZoneKind, contents};
use crate::v11::leading_mention;

/// What an author's counts are offered by; [`Counted::MinFollowers`] is one of them.
const COUNTED: [Counted; 4] = [
    Counted::Followers,
    Counted::Following,
    Counted::Posts,
    Counted::Listed,
];

/// The texts that are offered besides the post's own.
const OTHER_TEXTS: [ZoneKind; 7] = [
    ZoneKind::LinkAddress,
    ZoneKind::LinkTitle,
    ZoneKind::LinkDescription,
    ZoneKind::Bio,
    ZoneKind::AuthorName,
    ZoneKind::AuthorLocation,
    ZoneKind::PlaceName,
];

/// What each of the functions below offers.
const ENTITIES: [Kind; 5] = [
    Kind::Hashtag,
    Kind::Mention,
    Kind::Cashtag,
    Kind::Tracked,
    Kind::Handle,
];
const ACCOUNTS: [Kind; 4] = [Kind::Author, Kind::Answered, Kind::Reposted, Kind::Followed];
const STRINGS: [Kind; 12] = [
    Kind::Conversation,
    Kind::AnsweredPost,
    Kind::RepostedPost,
    Kind::QuotedPost,
    Kind::App,
    Kind::Country,
    Kind::Place,
    Kind::Named,
    Kind::Context,
    Kind::ContextDomain,
    Kind::ContextEntity,
    Kind::Language,
];
const NUMBERS: [Kind; 7] = [
    Kind::Flag,
    Kind::Cell,
    Kind::PlaceCell,
    Kind::PlaceSpan,
    Kind::Digits,
    Kind::Share,
    Kind::Always,
];

/// The grids of which a bit is set.
fn levels(bits: u16) -> impl Iterator<Item = u32> {
    (0..grid::LEVELS).filter(move |level| bits & (1 << level) != 0)
}

impl Offer {
    /// All but the words of texts.
    pub(super) fn add_fields(&mut self, doc: &Doc<'_>, asked: &Asked, filter: &Filter) {
        if asked.has_any(&ENTITIES) {
            self.add_entities(doc, asked, filter);
        }
        if asked.has_any(&ACCOUNTS) {
            self.add_accounts(doc, asked, filter);
        }
        if asked.has_any(&STRINGS) {
            self.add_strings(doc, asked, filter);
        }
        if asked.has_any(&NUMBERS) {
            self.add_numbers(doc, asked, filter);
        }
    }

    fn add_entities(&mut self, doc: &Doc<'_>, asked: &Asked, filter: &Filter) {
        for entity in contents(doc).flat_map(|content| content.entities) {
            let mut add = |kind, name: &str| self.add_name(kind, name, asked, filter);
            match entity.kind {
                EntityKind::Hashtag => {
                    add(Kind::Hashtag, &entity.value);
                    add(Kind::Tracked, &entity.value);
                }
                EntityKind::Cashtag => add(Kind::Cashtag, &entity.value),
                EntityKind::Mention => {
                    add(Kind::Mention, &entity.value);
                    add(Kind::Mention, &entity.id);
                    add(Kind::Tracked, &entity.value);
                    add(Kind::Handle, &entity.value);
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
        let named = leading_mention(&doc.content).filter(|_| asked.has(Kind::Followed));
        let named = named.map(|mention| AccountRef {
            id: &mention.id,
            handle: &mention.value,
        });
        let reposted = doc.repost_of.filter(|_| doc.is_repost);
        for (kind, account) in [
            (Kind::Author, Some(author)),
            (Kind::Answered, doc.reply_to),
            (Kind::Reposted, reposted),
            (Kind::Followed, named),
        ] {
            let Some(account) = account else { continue };
            for name in [account.id, account.handle] {
                self.add_name(kind, name, asked, filter);
                if kind != Kind::Followed {
                    self.add_name(Kind::Followed, name, asked, filter);
                }
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
            if let Some((domain, entity)) = context.split_once('.') {
                self.add_name(Kind::ContextDomain, domain, asked, filter);
                self.add_name(Kind::ContextEntity, entity, asked, filter);
            }
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
    pub(super) fn add_other_words(&mut self, asked: &Asked, filter: &Filter) {
        for kind in OTHER_TEXTS {
            let as_tracked = kind == ZoneKind::LinkAddress && asked.has(Kind::Tracked);
            if asked.has(zone_kind(kind)) {
                self.add_words_of(kind, zone_kind(kind), filter);
            }
            if as_tracked {
                self.add_words_of(kind, Kind::Tracked, filter);
            }
        }
    }

    fn add_words_of(&mut self, zones: ZoneKind, kind: Kind, filter: &Filter) {
        for zone in self.tokens.zones(zones) {
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
        if !doc.is_repost {
            self.add_cells(doc, asked, filter);
        }
        if asked.has(Kind::Digits) {
            for counted in COUNTED {
                if let Some(count) = count(&doc.author, counted) {
                    let digits = digits(counted, u64::BITS - count.leading_zeros());
                    self.add_bare(digits, filter);
                }
            }
        }
        if asked.has(Kind::Share) {
            self.add_bare(feature::numbered(Kind::Share, share(doc.id)), filter);
        }
        if asked.has(Kind::Always) {
            self.add_bare(feature::always(), filter);
        }
    }

    /// Where it was sent from.
    fn add_cells(&mut self, doc: &Doc<'_>, asked: &Asked, filter: &Filter) {
        let place = doc.place.and_then(|place| place.bounds);
        let corner = place.map(|[west, south, _, _]| [west, south]);
        for point in [doc.point, corner].into_iter().flatten() {
            for level in levels(asked.point_levels) {
                let cell = grid::cell(level, point);
                self.add_bare(feature::numbered(Kind::Cell, cell), filter);
            }
        }
        let Some(place) = place.map(Bounds::from_corners).filter(|place| {
            // An exact point says more than the place around it.
            asked.has(Kind::PlaceSpan) && doc.point.is_none() && place.has_corners_on_earth()
        }) else {
            return;
        };
        let Some(own) = grid::level_of(&place) else {
            self.add_bare(everywhere(), filter);
            return;
        };
        let spans = grid::touched(own, &place).into_iter();
        spans.for_each(|cell| self.add_bare(feature::numbered(Kind::PlaceSpan, cell), filter));
        for level in levels(asked.place_levels).filter(|&level| level >= own) {
            for cell in grid::touched(level, &place) {
                self.add_bare(feature::numbered(Kind::PlaceCell, cell), filter);
            }
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
