//! Small posts for tests: what a service would mark in a text is marked, and any surroundings may be put around it.

use std::borrow::Cow;

use proptest::prelude::*;

use crate::doc::{AccountRef, Author, Content, Doc, Entity, EntityKind, PlaceRef};

/// A text with its hashtags, handles, cashtags and links marked.
pub(crate) struct Post {
    pub(crate) text: String,
    pub(crate) entities: Vec<Entity<'static>>,
}

impl Post {
    pub(crate) fn new(text: &str) -> Self {
        let mut entities = Vec::new();
        let mut start = 0;
        for chunk in text.split(char::is_whitespace) {
            entities.extend(entity(chunk, start));
            start += chunk.len()
                + text[start + chunk.len()..]
                    .chars()
                    .next()
                    .map_or(0, char::len_utf8);
        }
        Self {
            text: text.to_owned(),
            entities,
        }
    }

    /// Adds something attached and not written.
    pub(crate) fn with(mut self, kind: EntityKind) -> Self {
        self.entities.push(Entity::new(kind, "", 0..0));
        self
    }

    /// Changes the first link.
    pub(crate) fn link(mut self, change: impl FnOnce(&mut Entity<'static>)) -> Self {
        change(
            self.entities
                .iter_mut()
                .find(|entity| entity.kind == EntityKind::Link)
                .unwrap(),
        );
        self
    }

    /// Gives each link an address besides the one that is written, and each handle an id.
    pub(crate) fn expanded(mut self) -> Self {
        for entity in &mut self.entities {
            match entity.kind {
                EntityKind::Link => entity.target = Cow::Borrowed("https://www.cat.x/a_b"),
                EntityKind::Mention => entity.id = Cow::Borrowed("12"),
                _ => {}
            }
        }
        self
    }

    pub(crate) fn content(&self) -> Content<'_> {
        Content {
            text: &self.text,
            entities: &self.entities,
            ..Content::default()
        }
    }

    pub(crate) fn doc(&self) -> Doc<'_> {
        Doc {
            content: self.content(),
            ..Doc::default()
        }
    }
}

/// What a post has besides its content, sane or not.
#[derive(Debug, Clone)]
pub(crate) struct About {
    handle: &'static str,
    lang: &'static str,
    post_id: &'static str,
    words: &'static str,
    is_repost: bool,
    is_nullcast: bool,
    has_place: bool,
    point: Option<[f64; 2]>,
    bounds: Option<[f64; 4]>,
    listed: Vec<Cow<'static, str>>,
}

impl About {
    /// The post with this around it.
    pub(crate) fn around<'a>(&'a self, doc: Doc<'a>) -> Doc<'a> {
        let account = Some(AccountRef {
            id: self.handle,
            handle: "b",
        });
        let place = PlaceRef {
            id: self.words,
            name: self.words,
            full_name: "b, a",
            country_code: if self.is_nullcast { "de" } else { "DE" },
            bounds: self.bounds,
        };
        Doc {
            lang: self.lang,
            author: Author {
                id: "12",
                handle: self.handle,
                name: self.words,
                bio: "a b",
                location: self.words,
                verified: self.is_nullcast,
                followers: (!self.is_nullcast).then_some(5),
                following: Some(1 << 40),
                ..Author::default()
            },
            is_repost: self.is_repost,
            is_nullcast: self.is_nullcast,
            reply_to: account,
            repost_of: account,
            reply_to_id: self.post_id,
            repost_of_id: self.post_id,
            quote_of_id: self.post_id,
            conversation_id: self.post_id,
            place: self.has_place.then_some(place),
            point: self.point,
            app: self.words,
            contexts: &self.listed,
            named: &self.listed,
            id: self.words,
            ..doc
        }
    }
}

pub(crate) fn any_about() -> impl Strategy<Value = About> {
    let longitude = || {
        prop_oneof![
            4 => 0.5..4.5,
            2 => -181.0..181.0,
            2 => prop::sample::select(vec![1.0, 3.0, 180.0, -180.0, 179.5, -180.000_000_000_000_03, 1e300, f64::NAN]),
        ]
    };
    let latitude = || {
        prop_oneof![
            4 => 1.5..4.5,
            2 => -91.0..91.0,
            2 => prop::sample::select(vec![2.0, 4.0, 90.0, -90.0, 0.0, 89.9, 363.0, f64::INFINITY]),
        ]
    };
    let size = || prop_oneof![0.0..1.0, -1.0..400.0];
    let corners = (longitude(), latitude(), size(), size());
    let bounds = corners
        .prop_map(|(west, south, width, height)| [west, south, west + width, south + height]);
    let select = |from: &'static [&'static str]| prop::sample::select(from);
    let listed = prop::collection::vec(
        select(&["1.2", "a b", "A B", "1.", ""]).prop_map(Cow::from),
        0..3,
    );
    (
        select(&["ada", "b", "12", "", "ÄDA"]),
        select(&[
            "en",
            "en-GB",
            "EN_us",
            "iw",
            "he-IL",
            "",
            "und",
            "en\u{200d}",
        ]),
        select(&["1", "5", ""]),
        select(&["a b", "b a", "A", "x", ""]),
        any::<[bool; 3]>(),
        prop::option::of((longitude(), latitude())),
        prop::option::of(bounds),
        listed,
    )
        .prop_map(
            |(handle, lang, post_id, words, flags, point, bounds, listed)| About {
                handle,
                lang,
                post_id,
                words,
                is_repost: flags[0],
                is_nullcast: flags[1],
                has_place: flags[2],
                point: point.map(Into::into),
                bounds,
                listed,
            },
        )
}

/// Texts of the words that rules of the tests name, some long.
pub(crate) fn any_text() -> impl Strategy<Value = String> {
    let short = || "([abcx] |cat |東京|東 京 |café |cafe\u{301} |#a |#東京 |@b |\\$C |http://a.b/x |👍🏽 |❤️ |❤ |👨‍👩‍👧 |שָׁלוֹם |שלום\u{200F} |กำ|İ |i |coca-cola |twina |twinb |#twina |#twinb |@twinb |a_b |#a_b |\\(c\\.d\\)\\. |https://www\\.a\\.b/x/ |a\\.b |don’t ){0,8}";
    prop_oneof![
        4 => short(),
        2 => crate::token::tests::awkward_text(),
        1 => (short(), short(), prop_oneof![6 => 20..60_usize, 1 => 1_000..1_500_usize]).prop_map(|(often, once, times)| often.repeat(times) + &once),
    ]
}

fn entity(chunk: &str, start: usize) -> Option<Entity<'static>> {
    let (sign, rest) = chunk.split_at_checked(1)?;
    let kind = match sign {
        "#" => EntityKind::Hashtag,
        "@" => EntityKind::Mention,
        "$" => EntityKind::Cashtag,
        _ if chunk.starts_with("http") => EntityKind::Link,
        _ => return None,
    };
    let is_part = |c: char| {
        use crate::token::chars::{Class, class};
        c == '_' || kind == EntityKind::Link || class(c) != Class::Break
    };
    let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
    let value = if kind == EntityKind::Link {
        chunk
    } else {
        &rest[..end]
    };
    let span = start as u32..(start + 1 + end) as u32;
    (end > 0).then(|| Entity::new(kind, value.to_owned(), span))
}
