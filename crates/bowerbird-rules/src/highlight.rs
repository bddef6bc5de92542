//! What in a post's own text made it match.
//!
//! Only positive terms, and only in the branches of the rule that hold: of `(a b) OR c`, a text with `a` and `c` shows `c`.

use std::ops::Range;

use crate::doc::{Entity, EntityKind};
use crate::evaluate::{is_link_with, is_mention, is_tag, matches_term, own_entity};
use crate::expr::{Expr, ExprKind, Field, Term, Words};
use crate::phrase::each_match;
use crate::token::fold::find_folded;
use crate::tokenized::{View, ZoneKind, entity_span};

/// Sorted byte ranges of the post's own text that do not overlap or touch; none if the post does not match.
pub(crate) fn highlights(expr: &Expr, view: View<'_>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    if !collect(expr, view, &mut found) {
        return Vec::new();
    }
    let text = view.doc.content.text;
    found.retain(|range| !range.is_empty() && text.get(range.clone()).is_some());
    found.sort_unstable_by_key(|range| (range.start, range.end));
    merge(found)
}

/// Adds the places of `expr` if it holds, and says whether it does.
fn collect(expr: &Expr, view: View<'_>, found: &mut Vec<Range<usize>>) -> bool {
    let before = found.len();
    let holds = match &expr.kind {
        ExprKind::Any(parts) => {
            let mut any = false;
            for part in parts {
                any |= collect(part, view, found);
            }
            any
        }
        ExprKind::All(parts) => parts.iter().all(|part| collect(part, view, found)),
        ExprKind::Not(part) => !crate::evaluate::matches(part, view),
        ExprKind::Term(term) => {
            let holds = matches_term(term, view);
            if holds {
                add_term(term, view, found);
            }
            holds
        }
    };
    if !holds {
        found.truncate(before);
    }
    holds
}

fn add_term(term: &Term, view: View<'_>, found: &mut Vec<Range<usize>>) {
    match term {
        Term::Words(words) => add_words(words, view, found),
        Term::Hashtag(name) => add_entities(view, found, |entity| {
            is_tag(entity, EntityKind::Hashtag, name)
        }),
        Term::Cashtag(name) => add_entities(view, found, |entity| {
            is_tag(entity, EntityKind::Cashtag, name)
        }),
        Term::Mention(name) => add_entities(view, found, |entity| is_mention(entity, name)),
        Term::UrlContains(part) => add_entities(view, found, |entity| is_link_with(entity, part)),
        Term::Field(Field::Url, words) => add_links(ZoneKind::LinkAddress, words, view, found),
        Term::Field(Field::UrlTitle, words) => add_links(ZoneKind::LinkTitle, words, view, found),
        Term::Field(Field::UrlDescription, words) => {
            add_links(ZoneKind::LinkDescription, words, view, found)
        }
        Term::Contains(part) => add_parts(part.folded(), view.doc.content.text, found),
        Term::V11Track(list) => list.each_place(view, &mut |range| found.push(range)),
        _ => {}
    }
}

fn add_words(words: &Words, view: View<'_>, found: &mut Vec<Range<usize>>) {
    for zone in view
        .tokens
        .zones(ZoneKind::Text)
        .filter(|zone| zone.content == 0)
    {
        each_match(view.tokens, zone, words, &mut |range| found.push(range));
    }
}

fn add_entities(
    view: View<'_>,
    found: &mut Vec<Range<usize>>,
    wanted: impl Fn(&Entity<'_>) -> bool,
) {
    found.extend(
        view.doc
            .content
            .entities
            .iter()
            .filter(|entity| wanted(entity))
            .map(entity_span),
    );
}

fn add_links(kind: ZoneKind, words: &Words, view: View<'_>, found: &mut Vec<Range<usize>>) {
    let matching = view
        .tokens
        .zones(kind)
        .filter(|zone| crate::phrase::holds(view.tokens, zone, words));
    found.extend(
        matching
            .filter_map(|zone| own_entity(view.doc, zone))
            .map(entity_span),
    );
}

fn add_parts(part: &str, text: &str, found: &mut Vec<Range<usize>>) {
    let mut from = 0;
    while let Some((start, end)) = find_folded(text, part, from) {
        found.push(start..end);
        from = end;
    }
}

/// Joins ranges that overlap or touch.
fn merge(sorted: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(sorted.len());
    for range in sorted {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

#[cfg(test)]
mod tests;
