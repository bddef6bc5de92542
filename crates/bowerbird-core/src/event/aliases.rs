//! Other ids of a post: where what a service says later of a post names it otherwise than the post named itself.
//!
//! An instance of Mastodon numbers every post for itself and deletes by that number, while the post's id is the same everywhere. In records aliases
//! stand beside the event ([`crate::record::Content::Aliases`]) and not in it, so that the form of events stays as it was.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Event, Post};

/// Other ids of one post, on the same service. No post may have such an id for its own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Aliases<'a>(pub Vec<Cow<'a, str>>);

/// Another id of a post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias<'a> {
    /// The other id.
    #[serde(borrow)]
    pub alias: Cow<'a, str>,
    /// The post's own.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
}

impl Aliases<'_> {
    /// One, or none if it is empty.
    pub fn one(alias: String) -> Self {
        let known = (!alias.is_empty()).then_some(Cow::Owned(alias));
        Self(known.into_iter().collect())
    }
}

/// The aliases of an event's post and of the posts inside it.
pub fn aliases_of<'e>(event: &'e Event<'_>) -> Vec<Alias<'e>> {
    let mut all = Vec::new();
    if let Some(post) = event.post() {
        add(&event.id.id, post, &mut all);
    }
    all
}

fn add<'e>(id: &'e str, post: &'e Post<'_>, all: &mut Vec<Alias<'e>>) {
    let known = post.aliases.0.iter().filter(|alias| **alias != id);
    all.extend(known.map(|alias| Alias {
        alias: Cow::Borrowed(alias),
        id: Cow::Borrowed(id),
    }));
    for inner in &post.embedded {
        add(&inner.id.id, &inner.post, all);
    }
}

impl Serialize for Aliases<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            self.0.serialize(serializer)
        } else {
            serializer.serialize_unit()
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Aliases<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            Vec::<Cow<'a, str>>::deserialize(deserializer).map(Self)
        } else {
            <()>::deserialize(deserializer).map(|()| Self::default())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Body, Embedded, Relation};
    use crate::ids::EventId;

    fn post(alias: &str) -> Post<'_> {
        Post {
            aliases: Aliases::one(alias.to_owned()),
            ..Post::default()
        }
    }

    #[test]
    fn those_of_posts_inside_are_told_too() {
        let inner = Embedded {
            id: EventId::new("s", "in"),
            relation: Relation::Quote,
            post: post("b/2"),
        };
        let outer = Post {
            embedded: vec![inner],
            ..post("b/1")
        };
        let event = Event {
            id: EventId::new("s", "out"),
            at: None,
            body: Body::Post(Box::new(outer)),
        };
        let told = aliases_of(&event);
        let told: Vec<_> = told.iter().map(|one| (&*one.alias, &*one.id)).collect();
        assert_eq!(told, [("b/1", "out"), ("b/2", "in")]);
    }

    #[test]
    fn they_are_written_in_text_and_not_in_records() {
        let whole = post("b/1");
        let text = serde_json::to_string(&whole).unwrap();
        assert_eq!(serde_json::from_str::<Post<'_>>(&text).unwrap(), whole);
        let without = text.replace(",\"aliases\":[\"b/1\"]", "");
        assert_eq!(
            serde_json::from_str::<Post<'_>>(&without).unwrap(),
            post("")
        );
        let bytes = postcard::to_stdvec(&whole).unwrap();
        assert_eq!(bytes, postcard::to_stdvec(&post("")).unwrap());
        assert_eq!(postcard::from_bytes::<Post<'_>>(&bytes).unwrap(), post(""));
    }
}
