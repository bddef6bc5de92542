//! `v11_track:`: words in any order, found where the v1.1 stream found them.

use std::ops::Range;

use crate::doc::{Content, Doc, Entity, EntityKind};
use crate::expr::Words;
use crate::phrase::{each_match, holds};
use crate::token::Profile;
use crate::token::chars::{Class, class};
use crate::token::fold::{equals_folded, fold};
use crate::tokenized::{DocTokens, View, Zone, ZoneKind, contents, entity_span};

/// `v11_track:` phrases, any of which may match.
#[derive(Debug, Clone)]
pub struct TrackList {
    text: String,
    phrases: Vec<Vec<TrackWord>>,
}

impl PartialEq for TrackList {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// One word of a phrase.
#[derive(Debug, Clone)]
pub(crate) enum TrackWord {
    /// Letters and digits only: found as a token anywhere.
    Plain(Words, String),
    /// `#name`, `@name`, `$name`: found as that entity.
    Tagged(EntityKind, String),
    /// With punctuation, which is then part of the word: never found in tags or handles.
    Exact(Words, String),
}

impl TrackList {
    /// `None` if there is no word in `text`.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let phrases: Vec<Vec<TrackWord>> = text
            .split(',')
            .map(|phrase| phrase.split_whitespace().map(TrackWord::new).collect())
            .filter(|words: &Vec<TrackWord>| !words.is_empty())
            .collect();
        (!phrases.is_empty()).then(|| Self {
            text: text.to_owned(),
            phrases,
        })
    }

    /// What was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The words of each phrase.
    pub(crate) fn phrases(&self) -> impl Iterator<Item = &[TrackWord]> {
        self.phrases.iter().map(Vec::as_slice)
    }

    pub(crate) fn matches(&self, view: View<'_>) -> bool {
        self.phrases
            .iter()
            .any(|phrase| phrase.iter().all(|word| word.matches(view)))
    }

    /// The places where the words of matching phrases stand: in which of the post's texts, where, and as what. A place is empty where
    /// the service names something that is not written in the text.
    pub(crate) fn each_place(
        &self,
        view: View<'_>,
        found: &mut impl FnMut(usize, Range<usize>, EntityKind),
    ) {
        for phrase in self
            .phrases
            .iter()
            .filter(|phrase| phrase.iter().all(|word| word.matches(view)))
        {
            for word in phrase {
                word.each_place(view, found);
            }
        }
    }
}

impl TrackWord {
    fn new(word: &str) -> Self {
        let (sign, name) = word.split_at(word.chars().next().map_or(0, char::len_utf8));
        let kind = match sign {
            "#" | "＃" => Some(EntityKind::Hashtag),
            "@" | "＠" => Some(EntityKind::Mention),
            "$" | "＄" => Some(EntityKind::Cashtag),
            _ => None,
        };
        if let Some(kind) = kind
            && !name.is_empty()
            && name.chars().all(|c| c == '_' || class(c) != Class::Break)
        {
            return Self::Tagged(kind, fold(name, Profile::Stream));
        }
        let words = Words::new(word.to_owned(), true, None);
        if word.chars().any(|c| class(c) == Class::Break) || words.tokens().is_empty() {
            let folded = fold(&word.replace('’', "'"), Profile::Stream);
            return Self::Exact(words, folded);
        }
        Self::Plain(words, fold(word, Profile::Stream))
    }

    fn matches(&self, view: View<'_>) -> bool {
        let tokens = view.tokens;
        match self {
            Self::Plain(words, folded) => {
                let in_text = || {
                    tokens
                        .zones(ZoneKind::Text)
                        .any(|zone| stands_free_in(view, zone, words))
                };
                let in_links = || {
                    tokens
                        .zones(ZoneKind::LinkAddress)
                        .any(|zone| holds(tokens, zone, words))
                };
                (words.tokens().iter().all(|word| tokens.may_hold(word.hash))
                    && (in_text() || in_links()))
                    || contents(view.doc)
                        .flat_map(|c| c.entities)
                        .any(|entity| is_tag(entity, folded))
            }
            Self::Tagged(kind, name) => {
                contents(view.doc).any(|content| has_tag(content, *kind, name))
            }
            Self::Exact(words, folded) => {
                words.tokens().iter().all(|word| tokens.stands(word.hash))
                    && stands_exactly(view.doc, folded)
            }
        }
    }

    fn each_place(&self, view: View<'_>, found: &mut impl FnMut(usize, Range<usize>, EntityKind)) {
        for (place, content) in contents(view.doc).enumerate() {
            match self {
                Self::Plain(words, folded) => {
                    let zones = |kind| view.tokens.zones(kind).filter(move |z| z.content == place);
                    for zone in zones(ZoneKind::Text) {
                        each_free(view.tokens, zone, content.text, words, &mut |span| {
                            found(place, span, EntityKind::Link)
                        });
                    }
                    let links = zones(ZoneKind::LinkAddress);
                    for zone in links.filter(|zone| holds(view.tokens, zone, words)) {
                        let link = &content.entities[zone.entity];
                        found(place, entity_span(link), link.kind);
                    }
                    let tags = content.entities.iter().filter(|tag| is_tag(tag, folded));
                    tags.for_each(|tag| found(place, entity_span(tag), tag.kind));
                }
                Self::Tagged(kind, name) => {
                    let is_meant =
                        |e: &&Entity<'_>| e.kind == *kind && equals_folded(&e.value, name);
                    let tags = content.entities.iter().filter(is_meant);
                    tags.for_each(|tag| found(place, entity_span(tag), tag.kind));
                }
                Self::Exact(_, word) => exact_places(content, word)
                    .for_each(|span| found(place, span, EntityKind::Link)),
            }
        }
    }
}

/// Does `words` stand in the zone's text, and not as a part of `some_name`?
fn stands_free_in(view: View<'_>, zone: &Zone, words: &Words) -> bool {
    let Some(content) = contents(view.doc).nth(zone.content) else {
        return false;
    };
    let mut any = false;
    each_free(view.tokens, zone, content.text, words, &mut |_| any = true);
    any
}

fn each_free(
    tokens: &DocTokens,
    zone: &Zone,
    text: &str,
    words: &Words,
    found: &mut impl FnMut(Range<usize>),
) {
    each_match(tokens, zone, words, &mut |span| {
        if stands_free(text, span.clone()) {
            found(span);
        }
    });
}

/// Is what stands there no part of `some_name`?
pub(crate) fn stands_free(text: &str, span: Range<usize>) -> bool {
    let bytes = text.as_bytes();
    let before = span.start.checked_sub(1).and_then(|at| bytes.get(at));
    before != Some(&b'_') && bytes.get(span.end) != Some(&b'_')
}

fn is_tag(entity: &Entity<'_>, name: &str) -> bool {
    matches!(entity.kind, EntityKind::Hashtag | EntityKind::Mention)
        && equals_folded(&entity.value, name)
}

/// Did the service mark the tag in this text?
fn has_tag(content: &Content<'_>, kind: EntityKind, name: &str) -> bool {
    content
        .entities
        .iter()
        .any(|entity| entity.kind == kind && equals_folded(&entity.value, name))
}

/// Does a word with punctuation stand anywhere in the post?
pub(crate) fn stands_exactly(doc: &Doc<'_>, word: &str) -> bool {
    contents(doc).any(|content| exact_places(content, word).next().is_some())
}

/// Where a word with punctuation stands: as a word of the text, or as the address of a link.
fn exact_places<'a>(
    content: &'a Content<'a>,
    word: &'a str,
) -> impl Iterator<Item = Range<usize>> + 'a {
    let in_text = chunks(content.text).filter(move |span| {
        let chunk = bare_address(trim_punctuation(&content.text[span.clone()]));
        !is_marked(&content.text[span.clone()]) && equals_straight(chunk, word)
    });
    let links = content
        .entities
        .iter()
        .filter(|entity| entity.kind == EntityKind::Link);
    let in_links = links.filter(move |link| {
        equals_straight(bare_address(&link.value), word)
            || equals_straight(bare_address(&link.target), word)
    });
    in_text.chain(in_links.map(entity_span))
}

/// The words of a text as v1.1 sees them: whatever stands between blanks.
fn chunks(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = 0;
    text.split(char::is_whitespace).filter_map(move |chunk| {
        let start = at;
        let rest = &text[start + chunk.len()..];
        at = start + chunk.len() + rest.chars().next().map_or(0, char::len_utf8);
        (!chunk.is_empty()).then(|| start..start + chunk.len())
    })
}

fn trim_punctuation(chunk: &str) -> &str {
    chunk.trim_matches(|c: char| class(c) == Class::Break)
}

/// Is this a hashtag or a handle, with whatever hangs on it?
fn is_marked(chunk: &str) -> bool {
    chunk
        .trim_start_matches(|c: char| class(c) == Class::Break && !is_sign(c))
        .starts_with(is_sign)
}

fn is_sign(c: char) -> bool {
    matches!(c, '#' | '@' | '＃' | '＠')
}

/// An address without what the v1.1 stream did not compare.
fn bare_address(address: &str) -> &str {
    let rest = address
        .strip_prefix("https://")
        .or_else(|| address.strip_prefix("http://"))
        .unwrap_or(address);
    rest.strip_prefix("www.")
        .unwrap_or(rest)
        .trim_end_matches('/')
}

/// Equal but for case and the shape of apostrophes.
fn equals_straight(raw: &str, folded: &str) -> bool {
    if raw.contains('’') {
        return equals_folded(&raw.replace('’', "'"), folded);
    }
    equals_folded(raw, folded)
}
