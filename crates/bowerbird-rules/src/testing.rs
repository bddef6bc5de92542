//! Small posts for tests: what a service would mark in a text is marked.

use crate::doc::{Content, Doc, Entity, EntityKind};

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
