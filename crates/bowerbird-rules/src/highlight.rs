//! What made a post match, for people to see: places in its texts, and in words what no text shows.
//!
//! Only positive terms, and only in the branches of the rule that hold: of `(a b) OR c`, a text with `a` and `c` shows `c`.

use std::ops::Range;

use crate::doc::{Entity, EntityKind};
use crate::evaluate::{is_link_with, is_mention, is_tag, matches_term};
use crate::expr::{Expr, ExprKind, Field, Flag, IdRole, Part, Term, Words};
use crate::phrase::{each_match, holds};
use crate::token::fold::find_folded;
use crate::tokenized::{View, ZoneKind, contents, entity_span};

/// What made a post match.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Highlights {
    /// Of the post's own text, then of each of [`Doc::embedded`](crate::doc::Doc::embedded): sorted byte ranges that do not overlap or
    /// touch. Empty if the post does not match.
    pub texts: Vec<Vec<Range<usize>>>,
    /// What else: sorted, each once.
    pub elsewhere: Vec<Elsewhere>,
}

/// Where a match lies that stands in no text of the post. What a card shows of every post (who wrote it, in which language, whom it
/// answers, what is attached) is not among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Elsewhere {
    /// What the author says of itself.
    Bio,
    /// The author's display name.
    AuthorName,
    /// Where the author says it is.
    AuthorLocation,
    /// A hashtag or a cashtag that the service names beside the text.
    Tag,
    /// A mention that the service names beside the text.
    Mention,
    /// The address of a link that is attached, and not written.
    LinkAddress,
    /// A linked page's title.
    LinkTitle,
    /// A linked page's description.
    LinkDescription,
    /// The service's topic annotations.
    Topics,
    /// Names the service recognised in the text.
    Names,
    /// The exact point it was sent from.
    Point,
    /// Which conversation it is of.
    Conversation,
    /// The numbers of the author's followers, posts, ….
    AuthorCounts,
    /// The program it was sent with.
    App,
    /// It is made for promotion only.
    Promoted,
    /// It is of the share that was asked for.
    Sample,
}

impl Elsewhere {
    /// In words for people, to stand behind "matched in".
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bio => "the author's bio",
            Self::AuthorName => "the author's name",
            Self::AuthorLocation => "the author's location",
            Self::Tag => "a tag beside the text",
            Self::Mention => "a mention beside the text",
            Self::LinkAddress => "a link's address",
            Self::LinkTitle => "a linked page's title",
            Self::LinkDescription => "a linked page's description",
            Self::Topics => "the service's topics",
            Self::Names => "names the service recognised",
            Self::Point => "where it was sent from",
            Self::Conversation => "its conversation",
            Self::AuthorCounts => "the author's numbers",
            Self::App => "the program it was sent with",
            Self::Promoted => "being a promotion",
            Self::Sample => "its share of the sample",
        }
    }

    /// Is it a quality of the post, and no words found? Then it is said only where there is nothing better to say.
    fn is_quality(self) -> bool {
        self >= Self::Point
    }
}

impl Highlights {
    /// Adds what made the same post match another rule.
    pub fn join(&mut self, other: Self) {
        if self.texts.len() < other.texts.len() {
            self.texts.resize_with(other.texts.len(), Vec::new);
        }
        for (text, more) in self.texts.iter_mut().zip(other.texts) {
            text.extend(more);
            merge(text);
        }
        self.elsewhere.extend(other.elsewhere);
        self.elsewhere.sort_unstable();
        self.elsewhere.dedup();
    }

    /// Is there nothing to show?
    pub fn is_empty(&self) -> bool {
        self.elsewhere.is_empty() && self.texts.iter().all(Vec::is_empty)
    }
}

/// What of `view` makes `expr` hold; nothing if it does not.
pub(crate) fn highlights(expr: &Expr, view: View<'_>) -> Highlights {
    let mut found = Found {
        view,
        places: Vec::new(),
        elsewhere: Vec::new(),
    };
    found.collect(expr);
    let mut shown = Highlights {
        texts: vec![Vec::new(); contents(view.doc).count()],
        elsewhere: Vec::new(),
    };
    for (content, range) in found.places {
        shown.texts[content].push(range);
    }
    shown.texts.iter_mut().for_each(merge);
    let words_too = !shown.is_empty() || found.elsewhere.iter().any(|field| !field.is_quality());
    let mut elsewhere = found.elsewhere;
    elsewhere.retain(|field| !words_too || !field.is_quality());
    elsewhere.sort_unstable();
    elsewhere.dedup();
    Highlights { elsewhere, ..shown }
}

/// What was found so far.
struct Found<'a> {
    view: View<'a>,
    /// In which of the post's texts, and where.
    places: Vec<(usize, Range<usize>)>,
    elsewhere: Vec<Elsewhere>,
}

impl Found<'_> {
    /// Adds the places of `expr` if it holds, and says whether it does.
    fn collect(&mut self, expr: &Expr) -> bool {
        let before = (self.places.len(), self.elsewhere.len());
        let holds = match &expr.kind {
            ExprKind::Any(parts) => {
                let mut any = false;
                for part in parts {
                    any |= self.collect(part);
                }
                any
            }
            ExprKind::All(parts) => parts.iter().all(|part| self.collect(part)),
            ExprKind::Not(part) => !crate::evaluate::matches(part, self.view),
            ExprKind::Term(term) => {
                let holds = matches_term(term, self.view);
                if holds {
                    self.add_term(term);
                }
                holds
            }
        };
        if !holds {
            self.places.truncate(before.0);
            self.elsewhere.truncate(before.1);
        }
        holds
    }

    fn add_term(&mut self, term: &Term) {
        use Elsewhere as E;
        match term {
            Term::Words(words) => self.add_words(words),
            Term::Hashtag(name) => {
                self.add_entities(E::Tag, |entity| is_tag(entity, EntityKind::Hashtag, name))
            }
            Term::Cashtag(name) => {
                self.add_entities(E::Tag, |entity| is_tag(entity, EntityKind::Cashtag, name))
            }
            Term::Mention(name) => self.add_entities(E::Mention, |entity| is_mention(entity, name)),
            Term::UrlContains(part) => {
                self.add_entities(E::LinkAddress, |entity| is_link_with(entity, part))
            }
            Term::Field(field, words) => self.add_field(*field, words),
            Term::Contains(part) => self.add_parts(part.folded()),
            Term::V11Track(list) => {
                list.each_place(self.view, &mut |content, range, kind| {
                    let beside = match kind {
                        EntityKind::Mention => E::Mention,
                        EntityKind::Hashtag | EntityKind::Cashtag => E::Tag,
                        _ => E::LinkAddress,
                    };
                    self.add(content, range, beside)
                });
            }
            Term::Context(..) => self.elsewhere.push(E::Topics),
            Term::Entity(_) => self.elsewhere.push(E::Names),
            Term::Id(IdRole::Conversation, _) => self.elsewhere.push(E::Conversation),
            Term::Count(..) => self.elsewhere.push(E::AuthorCounts),
            Term::Source(_) => self.elsewhere.push(E::App),
            Term::Sample(_) => self.elsewhere.push(E::Sample),
            Term::Is(Flag::Nullcast) => self.elsewhere.push(E::Promoted),
            Term::Has(Part::Geo)
            | Term::PointRadius(_)
            | Term::BoundingBox(_)
            | Term::V11Locations(_) => {
                // A place is shown by its name.
                if self.view.doc.place.is_none() {
                    self.elsewhere.push(E::Point);
                }
            }
            // What a card shows of every post.
            Term::Account(..)
            | Term::Id(IdRole::ReplyTo | IdRole::RepostOf | IdRole::QuoteOf | IdRole::List, _)
            | Term::Is(Flag::Retweet | Flag::Reply | Flag::Quote | Flag::Verified)
            | Term::Has(_)
            | Term::Place(_)
            | Term::PlaceCountry(_)
            | Term::Lang(_)
            | Term::V11Follow(_)
            // No post carries what these ask for.
            | Term::Embedding(_)
            | Term::EmbeddingThreshold(_)
            | Term::Profile(..)
            | Term::ProfilePointRadius(_)
            | Term::ProfileBoundingBox(_) => {}
        }
    }

    /// Adds a place in a text; where it is none, what it says in words.
    fn add(&mut self, content: usize, range: Range<usize>, beside: Elsewhere) {
        let text = contents(self.view.doc).nth(content).map(|part| part.text);
        let is_written = text.is_some_and(|text| text.get(range.clone()).is_some());
        if is_written && !range.is_empty() {
            self.places.push((content, range));
        } else {
            self.elsewhere.push(beside);
        }
    }

    fn add_words(&mut self, words: &Words) {
        for zone in self.view.tokens.zones(ZoneKind::Text) {
            each_match(self.view.tokens, zone, words, &mut |range| {
                self.places.push((zone.content, range))
            });
        }
    }

    fn add_entities(&mut self, beside: Elsewhere, wanted: impl Fn(&Entity<'_>) -> bool) {
        for (content, part) in contents(self.view.doc).enumerate() {
            for entity in part.entities.iter().filter(|entity| wanted(entity)) {
                self.add(content, entity_span(entity), beside);
            }
        }
    }

    /// A linked page's words stand in no text: the link is marked, and the field is said.
    fn add_field(&mut self, field: Field, words: &Words) {
        use Elsewhere as E;
        let (zone, said) = match field {
            Field::Url => return self.add_links(ZoneKind::LinkAddress, E::LinkAddress, words),
            Field::UrlTitle => (ZoneKind::LinkTitle, E::LinkTitle),
            Field::UrlDescription => (ZoneKind::LinkDescription, E::LinkDescription),
            Field::Bio => return self.elsewhere.push(E::Bio),
            Field::BioName => return self.elsewhere.push(E::AuthorName),
            Field::BioLocation => return self.elsewhere.push(E::AuthorLocation),
        };
        self.elsewhere.push(said);
        self.add_links(zone, said, words);
    }

    fn add_links(&mut self, kind: ZoneKind, beside: Elsewhere, words: &Words) {
        let tokens = self.view.tokens;
        for zone in tokens.zones(kind).filter(|zone| holds(tokens, zone, words)) {
            let part = contents(self.view.doc).nth(zone.content);
            if let Some(link) = part.and_then(|part| part.entities.get(zone.entity)) {
                self.add(zone.content, entity_span(link), beside);
            }
        }
    }

    fn add_parts(&mut self, part: &str) {
        for (content, shown) in contents(self.view.doc).enumerate() {
            let mut from = 0;
            while let Some((start, end)) = find_folded(shown.text, part, from) {
                self.places.push((content, start..end));
                from = end;
            }
        }
    }
}

/// Sorts ranges, and joins those that overlap or touch.
fn merge(ranges: &mut Vec<Range<usize>>) {
    ranges.sort_unstable_by_key(|range| (range.start, range.end));
    ranges.dedup_by(|next, kept| {
        let touches = next.start <= kept.end;
        if touches {
            kept.end = kept.end.max(next.end);
        }
        touches
    });
}

#[cfg(test)]
mod tests;
