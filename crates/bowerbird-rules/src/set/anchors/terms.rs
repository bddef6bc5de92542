//! What each operator demands of a post, as features, and how common they are held to be.

use super::{Choice, Hook, account_kind, any_choice, lists, rarest};
use crate::evaluate;
use crate::expr::{Bounds, CountRange, Counted, Field, IdRole, Name, Part, Term, WordToken, Words};
use crate::language;
use crate::set::census::Census;
use crate::set::feature::{self, Kind, MAX_ROW};
use crate::set::grid;
use crate::set::offer::{self, Asked, Asking, FLAGS};
use crate::tokenized::ZoneKind;

/// How common things are held to be, in the unit of [`Census::frequency`].
pub(super) mod cost {
    pub(in crate::set::anchors) const ACCOUNT: f32 = 0.001;
    pub(in crate::set::anchors) const ID: f32 = 0.0001;
    pub(in crate::set::anchors) const CELL: f32 = 1.0;
    pub(in crate::set::anchors) const APP: f32 = 1e4;
    pub(in crate::set::anchors) const COUNTRY: f32 = 1e3;
    pub(in crate::set::anchors) const LANGUAGE: f32 = 1e5;
    pub(in crate::set::anchors) const FLAG: f32 = 1e6;
    /// A tag is rarer than the word, a row of words rarer than its rarest word.
    pub(in crate::set::anchors) const TAG_SHARE: f32 = 0.1;
    pub(in crate::set::anchors) const ROW_SHARE: f32 = 0.1;
}

/// The best way to hang a term; `None` if it demands no feature. Whatever can never match hangs on nothing.
pub(super) fn of_term(term: &Term, census: &Census, asked: &mut Asked) -> Option<Choice> {
    match term {
        Term::Words(words) => of_words(words, census),
        Term::Hashtag(name) => Some(of_tag(Kind::Hashtag, name.folded(), census, asked)),
        Term::Cashtag(name) => Some(of_tag(Kind::Cashtag, name.folded(), census, asked)),
        Term::Mention(name) => Some(of_name(Kind::Mention, name.folded(), cost::ACCOUNT, asked)),
        Term::Account(role, name) => Some(match account_kind(*role) {
            Some(kind) => of_name(kind, name.folded(), cost::ACCOUNT, asked),
            None => Choice::default(),
        }),
        Term::Field(field, words) => of_field(*field, words, census, asked),
        Term::Context(domain, entity) => of_context(domain.as_deref(), entity.as_deref(), asked),
        Term::Entity(name) => Some(of_name(Kind::Named, name.folded(), cost::COUNTRY, asked)),
        Term::Id(role, id) => Some(of_id(*role, id, asked)),
        Term::Place(words) => {
            let named = of_zone(ZoneKind::PlaceName, words, census, asked)?;
            let mut choice = of_name(Kind::Place, &folded(words.text()), cost::ID, asked);
            choice.hooks.extend(named.hooks);
            choice.cost += named.cost;
            choice.guards.clear();
            Some(choice)
        }
        Term::PlaceCountry(code) => {
            Some(of_name(Kind::Country, &folded(code), cost::COUNTRY, asked))
        }
        Term::PointRadius(circle) => of_bounds(&grid::around(circle)?, asked),
        Term::BoundingBox(bounds) => of_bounds(bounds, asked),
        Term::Source(name) => Some(of_name(Kind::App, name.folded(), cost::APP, asked)),
        Term::Lang(code) => {
            let code = folded(language::key(code));
            Some(of_name(Kind::Language, &code, cost::LANGUAGE, asked))
        }
        Term::Is(_) | Term::Has(_) => of_flag(term, true, asked),
        Term::Embedding(_)
        | Term::EmbeddingThreshold(_)
        | Term::Profile(..)
        | Term::ProfilePointRadius(_)
        | Term::ProfileBoundingBox(_)
        | Term::Count(Counted::MinLikes | Counted::MinReplies | Counted::MinReposts, _) => {
            Some(Choice::default())
        }
        Term::Count(counted, range) => Some(of_count(*counted, range, asked)),
        Term::Sample(percent) => Some(of_sample(*percent, asked)),
        Term::Contains(part) => of_words(&whole_words(part)?, census),
        Term::UrlContains(part) => {
            of_zone(ZoneKind::LinkAddress, &whole_words(part)?, census, asked)
        }
        Term::V11Track(list) => any_choice(
            list.phrases()
                .map(|phrase| lists::of_phrase(phrase, census, asked)),
        ),
        Term::V11Follow(list) => any_choice(
            list.accounts()
                .map(|account| Some(lists::of_account(account, asked))),
        ),
        Term::V11Locations(areas) => {
            any_choice(areas.iter().map(|area| Some(lists::of_area(area, asked))))
        }
    }
}

fn folded(text: &str) -> String {
    crate::token::fold::fold(text, crate::token::Profile::Stream)
}

pub(super) fn of_name(kind: Kind, folded: &str, cost: f32, asked: &mut Asked) -> Choice {
    asked.add(kind);
    Choice::one(feature::named(kind, folded), cost)
}

pub(super) fn of_tag(kind: Kind, folded: &str, census: &Census, asked: &mut Asked) -> Choice {
    let hash = crate::hash::hash_word(folded);
    let cost = census.frequency(hash, folded.len()) * cost::TAG_SHARE;
    of_name(kind, folded, cost, asked)
}

/// The words of a text: the rarest row of them, or, where others may come between, the rarest word.
pub(super) fn of_words(words: &Words, census: &Census) -> Option<Choice> {
    let tokens = words.tokens();
    let words_there = tokens
        .iter()
        .map(|word| (frequency(word, census), feature::word(word.hash)));
    let guards = rarest(words_there);
    let &(cost, word) = guards.first()?;
    let mut choice = if tokens.len() == 1 || words.slop().is_some() {
        Choice::one(word, cost)
    } else {
        let length = tokens.len().min(MAX_ROW);
        let rarity = |row: &&[WordToken]| -> f32 {
            row.iter().map(|word| 1.0 / frequency(word, census)).sum()
        };
        let row = tokens
            .windows(length)
            .max_by(|a, b| rarity(a).total_cmp(&rarity(b)))?;
        let hook = Hook::row(row);
        Choice {
            hooks: vec![hook],
            cost: cost * cost::ROW_SHARE,
            guards: Vec::new(),
        }
    };
    choice.guards = guards;
    // Words outside the row must be there too.
    let Choice { hooks, guards, .. } = &mut choice;
    if tokens.len() > MAX_ROW || words.slop().is_some() {
        hooks
            .iter_mut()
            .for_each(|hook| guards.iter().for_each(|&(_, guard)| hook.guard(guard)));
    }
    Some(choice)
}

pub(super) fn rarest_word<'a>(words: &'a Words, census: &Census) -> Option<&'a WordToken> {
    let tokens = words.tokens().iter();
    tokens.min_by(|a, b| frequency(a, census).total_cmp(&frequency(b, census)))
}

pub(super) fn frequency(word: &WordToken, census: &Census) -> f32 {
    census.frequency(word.hash, word.text.len())
}

fn of_field(field: Field, words: &Words, census: &Census, asked: &mut Asked) -> Option<Choice> {
    of_zone(field.into(), words, census, asked)
}

/// The rarest word of another text than the post's own.
fn of_zone(zone: ZoneKind, words: &Words, census: &Census, asked: &mut Asked) -> Option<Choice> {
    let kind = offer::zone_kind(zone);
    let word = rarest_word(words, census)?;
    let cost = frequency(word, census);
    asked.add(kind);
    Some(Choice::one(feature::numbered(kind, word.hash), cost))
}

fn of_context(domain: Option<&str>, entity: Option<&str>, asked: &mut Asked) -> Option<Choice> {
    let (kind, name) = match (domain, entity) {
        (Some(domain), Some(entity)) => (Kind::Context, format!("{domain}.{entity}")),
        (Some(domain), None) => (Kind::ContextDomain, domain.to_owned()),
        (None, Some(entity)) => (Kind::ContextEntity, entity.to_owned()),
        (None, None) => return None,
    };
    // A post offers no name without letters.
    let name = Some(folded(&name)).filter(|name| !name.is_empty())?;
    Some(of_name(kind, &name, cost::APP, asked))
}

/// An author's count is offered by how many binary digits it has, so a range needs a hook for each number of digits in it.
fn of_count(counted: Counted, range: &CountRange, asked: &mut Asked) -> Choice {
    asked.add(Kind::Digits);
    let digits = |n: u64| u64::BITS - n.leading_zeros();
    let all = digits(range.min)..=digits(range.max.unwrap_or(u64::MAX));
    let hooks: Vec<Hook> = all
        .map(|digits| Hook::bare(offer::digits(counted, digits)))
        .collect();
    let share = hooks.len() as f32 / (u64::BITS + 1) as f32;
    Choice {
        hooks,
        cost: cost::FLAG * share,
        guards: Vec::new(),
    }
}

fn of_sample(percent: u8, asked: &mut Asked) -> Choice {
    asked.add(Kind::Share);
    let shares = 0..u64::from(percent).min(evaluate::SHARES);
    Choice {
        hooks: shares
            .map(|share| Hook::bare(feature::numbered(Kind::Share, share)))
            .collect(),
        cost: cost::FLAG * f32::from(percent) / evaluate::SHARES as f32,
        guards: Vec::new(),
    }
}

/// The words that must stand whole in any text that holds `part` inside: those between its first and its last character that is neither
/// letter nor digit, if all there is ASCII. Beyond ASCII, folding may make one word of what are two in a text.
fn whole_words(part: &Name) -> Option<Words> {
    let folded = part.folded();
    // Two characters of other scripts fold to these.
    let parts_words =
        |c: char| c.is_ascii() && !c.is_ascii_alphanumeric() && !matches!(c, ';' | '`');
    let inside = &folded[folded.find(parts_words)?..folded.rfind(parts_words)?];
    let words = Words::new(inside.to_owned(), true, None);
    (inside.is_ascii() && !words.tokens().is_empty()).then_some(words)
}

fn of_id(role: IdRole, id: &str, asked: &mut Asked) -> Choice {
    let kind = match role {
        IdRole::Conversation => Kind::Conversation,
        IdRole::ReplyTo => Kind::AnsweredPost,
        IdRole::RepostOf => Kind::RepostedPost,
        IdRole::QuoteOf => Kind::QuotedPost,
        IdRole::List => return Choice::default(),
    };
    of_name(kind, &folded(id), cost::ID, asked)
}

pub(super) fn of_bounds(bounds: &Bounds, asked: &mut Asked) -> Option<Choice> {
    let level = grid::level_of(bounds)?;
    asked.add_level(Kind::Cell, level);
    let cells = grid::touched(level, bounds).into_iter();
    Some(Choice {
        hooks: cells
            .map(|cell| Hook::bare(feature::numbered(Kind::Cell, cell)))
            .collect(),
        cost: cost::CELL * f32::from(1_u16 << level.min(15)),
        guards: Vec::new(),
    })
}

/// `is:` and `has:`, also denied.
pub(super) fn of_flag(term: &Term, positive: bool, asked: &mut Asked) -> Option<Choice> {
    let asking = match term {
        Term::Has(Part::ProfileGeo) if positive => return Some(Choice::default()),
        Term::Is(flag) => Asking::Is(*flag),
        Term::Has(part) => Asking::Has(*part),
        _ => return None,
    };
    let number = FLAGS.iter().position(|&flag| flag == asking)?;
    asked.flags |= 1 << number;
    asked.add(Kind::Flag);
    Some(Choice::one(offer::flag(number, positive), cost::FLAG))
}
