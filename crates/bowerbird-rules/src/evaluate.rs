//! Does a post match? The meaning of every operator, one by one.
//!
//! An operator whose data a post does not carry does not match (so its negation does). Words, tags, links and `has:` look
//! at embedded posts too; author, language and place are the post's own.

use std::ops::Range;

use crate::doc::{AccountRef, Author, Content, Doc, Entity, EntityKind};
use crate::expr::{
    AccountRole, Bounds, Counted, Expr, ExprKind, Field, Flag, IdRole, Name, Part, Term, Words,
};
use crate::geo::is_on_earth;
use crate::phrase::holds;
use crate::token::fold::{contains_folded, equals_folded};
use crate::tokenized::{View, ZoneKind, contents, seen};

/// Does what `view` shows match `expr`?
pub(crate) fn matches(expr: &Expr, view: View<'_>) -> bool {
    match &expr.kind {
        ExprKind::Any(parts) => parts.iter().any(|part| matches(part, view)),
        ExprKind::All(parts) => parts.iter().all(|part| matches(part, view)),
        ExprKind::Not(part) => !matches(part, view),
        ExprKind::Term(term) => matches_term(term, view),
    }
}

/// What of a rule holds: each operator, or negation, with its place in the rule's text, in order.
pub(crate) fn verdicts(expr: &Expr, view: View<'_>, found: &mut Vec<(Range<usize>, bool)>) {
    match &expr.kind {
        ExprKind::Any(parts) | ExprKind::All(parts) => {
            parts.iter().for_each(|part| verdicts(part, view, found));
        }
        ExprKind::Not(_) | ExprKind::Term(_) => {
            found.push((expr.span.clone(), matches(expr, view)))
        }
    }
}

/// Does one operator match?
pub(crate) fn matches_term(term: &Term, view: View<'_>) -> bool {
    let doc = view.doc;
    match term {
        Term::Words(words) => in_text(words, view),
        Term::Hashtag(name) => has_entity(doc, |entity| is_tag(entity, EntityKind::Hashtag, name)),
        Term::Cashtag(name) => has_entity(doc, |entity| is_tag(entity, EntityKind::Cashtag, name)),
        Term::Mention(name) => has_entity(doc, |entity| is_mention(entity, name)),
        Term::Account(role, name) => is_account(doc, *role, name),
        Term::Field(field, words) => in_field(*field, words, view),
        Term::UrlContains(part) => has_entity(doc, |entity| is_link_with(entity, part)),
        Term::Contains(part) => {
            contents(doc).any(|content| contains_folded(seen(content.text), part.folded()))
        }
        Term::Context(domain, entity) => has_context(doc, domain.as_deref(), entity.as_deref()),
        Term::Entity(name) => doc
            .named
            .iter()
            .any(|named| equals_folded(named, name.folded())),
        Term::Id(role, id) => is_id(doc, *role, id),
        Term::Place(words) => is_place(words, view),
        Term::PlaceCountry(code) => {
            located(doc)
                && doc
                    .place
                    .is_some_and(|p| p.country_code.eq_ignore_ascii_case(code))
        }
        Term::PointRadius(circle) => lies_in(
            doc,
            |point| circle.contains(point),
            |bounds| circle.contains_box(bounds),
        ),
        Term::BoundingBox(outer) => lies_in(
            doc,
            |point| outer.contains(point),
            |bounds| outer.contains_box(bounds),
        ),
        Term::Is(flag) => is(doc, *flag),
        Term::Has(part) => has(doc, *part),
        Term::Count(counted, range) => count(&doc.author, *counted)
            .is_some_and(|n| n >= range.min && range.max.is_none_or(|max| n <= max)),
        Term::Source(name) => equals_folded(doc.app, name.folded()),
        Term::Lang(code) => crate::language::is_language(doc.lang, code),
        Term::Sample(percent) => share(doc.id) < u64::from(*percent),
        Term::V11Track(list) => list.matches(view),
        Term::V11Follow(list) => list.matches(doc),
        Term::V11Locations(boxes) => crate::v11::is_located(doc, boxes),
        // No post carries what these ask for; see `advice`.
        Term::Embedding(_)
        | Term::EmbeddingThreshold(_)
        | Term::Profile(..)
        | Term::ProfilePointRadius(_)
        | Term::ProfileBoundingBox(_) => false,
    }
}

fn in_text(words: &Words, view: View<'_>) -> bool {
    let may_match = words
        .tokens()
        .iter()
        .all(|word| view.tokens.may_hold(word.hash));
    may_match
        && view
            .tokens
            .zones(ZoneKind::Text)
            .any(|zone| holds(view.tokens, zone, words))
}

fn in_field(field: Field, words: &Words, view: View<'_>) -> bool {
    view.tokens
        .zones(field.into())
        .any(|zone| holds(view.tokens, zone, words))
}

fn has_entity(doc: &Doc<'_>, wanted: impl Fn(&Entity<'_>) -> bool) -> bool {
    contents(doc)
        .flat_map(|content| content.entities)
        .any(wanted)
}

pub(crate) fn is_tag(entity: &Entity<'_>, kind: EntityKind, name: &Name) -> bool {
    entity.kind == kind && equals_folded(&entity.value, name.folded())
}

pub(crate) fn is_mention(entity: &Entity<'_>, name: &Name) -> bool {
    entity.kind == EntityKind::Mention
        && (equals_folded(&entity.value, name.folded())
            || (!entity.id.is_empty() && equals_folded(&entity.id, name.folded())))
}

pub(crate) fn is_link_with(entity: &Entity<'_>, part: &Name) -> bool {
    let found = |address: &str| contains_folded(seen(address), part.folded());
    entity.kind == EntityKind::Link && (found(&entity.value) || found(&entity.target))
}

fn is_account(doc: &Doc<'_>, role: AccountRole, name: &Name) -> bool {
    let is = |account: AccountRef<'_>| {
        (!account.id.is_empty() && equals_folded(account.id, name.folded()))
            || (!account.handle.is_empty() && equals_folded(account.handle, name.folded()))
    };
    match role {
        AccountRole::From => is(AccountRef {
            id: doc.author.id,
            handle: doc.author.handle,
        }),
        AccountRole::To => doc.reply_to.is_some_and(is),
        AccountRole::RepostOf => doc.is_repost && doc.repost_of.is_some_and(is),
        // No post carries who belongs to whom; see `advice`.
        AccountRole::FromAffiliateOf | AccountRole::ToAffiliateOf => false,
    }
}

fn has_context(doc: &Doc<'_>, domain: Option<&str>, entity: Option<&str>) -> bool {
    let fits = |wanted: Option<&str>, found: &str| wanted.is_none_or(|wanted| wanted == found);
    doc.contexts
        .iter()
        .filter_map(|context| context.split_once('.'))
        .any(|(found_domain, found_entity)| {
            fits(domain, found_domain) && fits(entity, found_entity)
        })
}

fn is_id(doc: &Doc<'_>, role: IdRole, id: &str) -> bool {
    match role {
        IdRole::Conversation => doc.conversation_id == id,
        IdRole::ReplyTo => doc.reply_to_id == id,
        IdRole::RepostOf => doc.is_repost && doc.repost_of_id == id,
        IdRole::QuoteOf => doc.quote_of_id == id,
        IdRole::List => false,
    }
}

/// Where a post was sent from says nothing about who passes it on.
fn located(doc: &Doc<'_>) -> bool {
    !doc.is_repost
}

fn is_place(words: &Words, view: View<'_>) -> bool {
    let named = || {
        view.tokens
            .zones(ZoneKind::PlaceName)
            .any(|zone| holds(view.tokens, zone, words))
    };
    located(view.doc)
        && view
            .doc
            .place
            .is_some_and(|place| place.id == words.text() || named())
}

/// Is the post's point or the whole of its place inside? What is no place on earth is nowhere.
pub(crate) fn lies_in(
    doc: &Doc<'_>,
    holds_point: impl Fn([f64; 2]) -> bool,
    holds_box: impl Fn(&Bounds) -> bool,
) -> bool {
    let point = || doc.point.filter(|&point| is_on_earth(point));
    let bounds = || {
        let corners = doc.place.and_then(|place| place.bounds);
        corners
            .map(Bounds::from_corners)
            .filter(Bounds::has_corners_on_earth)
    };
    located(doc)
        && (point().is_some_and(holds_point) || bounds().is_some_and(|bounds| holds_box(&bounds)))
}

pub(crate) fn is(doc: &Doc<'_>, flag: Flag) -> bool {
    match flag {
        Flag::Retweet => doc.is_repost,
        Flag::Reply => contents(doc).any(|content| content.is_reply),
        Flag::Quote => contents(doc).any(|content| content.is_quote),
        Flag::Verified => doc.author.verified,
        Flag::Nullcast => doc.is_nullcast,
    }
}

pub(crate) fn has(doc: &Doc<'_>, part: Part) -> bool {
    let kind = |wanted: EntityKind| has_entity(doc, |entity| entity.kind == wanted);
    match part {
        Part::Hashtags => kind(EntityKind::Hashtag),
        Part::Cashtags | Part::Symbols => kind(EntityKind::Cashtag),
        Part::Mentions => kind(EntityKind::Mention),
        Part::Images => kind(EntityKind::Image),
        Part::Videos => kind(EntityKind::Video),
        Part::Media => has_entity(doc, |entity| entity.kind.is_media()),
        // On X an attached picture stands in the text as a link, and counts as one.
        Part::Links => contents(doc).any(has_link),
        Part::Geo => located(doc) && (doc.point.is_some() || doc.place.is_some()),
        Part::Lang => !doc.lang.is_empty() && !doc.lang.eq_ignore_ascii_case("und"),
        Part::ProfileGeo => false,
    }
}

fn has_link(content: &Content<'_>) -> bool {
    content.entities.iter().any(|entity| {
        entity.kind == EntityKind::Link || (entity.kind.is_media() && !entity.span.is_empty())
    })
}

pub(crate) fn count(author: &Author<'_>, counted: Counted) -> Option<u64> {
    match counted {
        Counted::Followers | Counted::MinFollowers => author.followers,
        Counted::Following => author.following,
        Counted::Posts => author.posts,
        Counted::Listed => author.listed,
        Counted::MinLikes | Counted::MinReplies | Counted::MinReposts => None,
    }
}

/// How many shares all posts are dealt out to.
pub(crate) const SHARES: u64 = 100;

/// A number from 0 to 99 that depends on nothing but the post's id, so that `sample:10` is the same tenth everywhere and a
/// part of `sample:20`.
pub(crate) fn share(id: &str) -> u64 {
    // FNV-1a with a final mix: simple, and fixed for ever, unlike a library's hash.
    let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mixed = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 32) % SHARES
}

#[cfg(test)]
mod tests;
