//! Activities and objects of ActivityPub, as an account's archive (`outbox.json`) has them, to our events: pure.
//!
//! Accounts are known by their addresses there, which mostly say their names; where one does not (`/ap/users/1170`), the address is the id.

use std::borrow::Cow;

use bowerbird_core::event::{Account, Aliases, Body, Embedded, Event, Post, PostRef, Relation};
use bowerbird_core::ids::EventId;
use bowerbird_core::source::Refused;

use super::convert::{SERVICE, about, deleted, notice};
use super::marks::{self, MAX_VALUES, Named, Whole};
use super::names::{account_id, handle_in};
use super::wire::LinkOr;
use super::{html, wire};
use crate::json::field::Field;
use crate::{lang, times};

/// Who everybody is.
const PUBLIC: [&str; 3] = [
    "https://www.w3.org/ns/activitystreams#Public",
    "as:Public",
    "Public",
];
/// How much of a kind's name is repeated.
const MAX_KIND_CHARS: usize = 40;

/// An activity, an object or an actor.
pub(super) fn thing<'a>(wire: &wire::Thing<'a>) -> Result<Event<'a>, Refused> {
    let kind = wire.kind.required("type")?;
    match &*kind {
        "Create" | "Update" => match wire.object.thing.get() {
            Some(object) if is_actor(object.kind.as_str()) => actor(object),
            Some(object) => written(object, Some(wire), &*kind == "Update"),
            None => Err(Refused::new("object: expected an object")),
        },
        "Announce" => announced(wire),
        "Delete" => {
            let id = wire.object.id().required("object")?;
            Ok(deleted(id, who(wire, None).id))
        }
        kind if is_written(kind) => written(wire, None, false),
        kind if is_actor(kind) => actor(wire),
        kind => {
            let kind: String = kind.chars().take(MAX_KIND_CHARS).collect();
            let id = [&*kind, ":", wire.id.as_str()].concat();
            Ok(notice(id, ["activity ", &*kind].concat()))
        }
    }
}

/// Kinds of objects that say something.
fn is_written(kind: &str) -> bool {
    matches!(
        kind,
        "Note" | "Question" | "Article" | "Page" | "Image" | "Video" | "Audio" | "Event"
    )
}

fn is_actor(kind: &str) -> bool {
    matches!(
        kind,
        "Person" | "Service" | "Group" | "Organization" | "Application"
    )
}

fn written<'a>(
    object: &wire::Thing<'a>,
    activity: Option<&wire::Thing<'a>>,
    is_update: bool,
) -> Result<Event<'a>, Refused> {
    let path = if activity.is_some() { "object" } else { "" };
    let id = object.id.required_in(path, "id")?;
    if !is_written(object.kind.as_str()) {
        let kind: String = object.kind.as_str().chars().take(MAX_KIND_CHARS).collect();
        return Ok(notice(
            [&*kind, ":", &id].concat(),
            ["object ", &*kind].concat(),
        ));
    }
    let edited = times::rfc3339(object.updated.as_str());
    let made_at = times::rfc3339(object.published.as_str());
    let edited = edited.filter(|edited| made_at.is_none_or(|made| made < *edited));
    let post = Box::new(post(object, activity));
    Ok(Event {
        id: EventId {
            service: Cow::Borrowed(SERVICE),
            id,
            version: Cow::Owned(edited.map(|at| at.to_string()).unwrap_or_default()),
        },
        at: edited.or(made_at),
        body: if is_update || edited.is_some() {
            Body::Edit(post)
        } else {
            Body::Post(post)
        },
    })
}

fn post<'a>(object: &wire::Thing<'a>, activity: Option<&wire::Thing<'a>>) -> Post<'a> {
    let content = object.content.or(&object.content_map.text);
    let quoted = object.quote.id();
    let without = if quoted.is_empty() {
        ""
    } else {
        "quote-inline"
    };
    let choices: Vec<&str> = object
        .choices
        .iter()
        .map(|choice| choice.title.as_str())
        .collect();
    // Of articles and videos the name is the heading.
    let heading = object.summary.or(&object.name).as_str();
    let whole = Whole::new(heading, html::plain(content.as_str(), without), &choices);
    let mentions = object
        .tag
        .iter()
        .filter(|tag| tag.kind.as_str() == "Mention");
    let mentions: Vec<Named<'_, 'a>> = mentions.take(MAX_VALUES).map(mention).collect();
    let mut entities = marks::marked(&whole, &mentions, &object.tag);
    entities.extend(
        object
            .attachment
            .iter()
            .take(MAX_VALUES)
            .map(marks::attachment),
    );
    Post {
        author: who(object, activity),
        made_at: times::rfc3339(object.published.as_str()),
        lang: lang::stated(object.content_map.lang.clone()),
        reply_to: Some(object.in_reply_to.id())
            .filter(|id| !id.is_empty())
            .map(reference),
        quote_of: Some(quoted).filter(|id| !id.is_empty()).map(reference),
        conversation_id: object.conversation.text(),
        sensitive: object.sensitive.unwrap_or_default(),
        contexts: seen_by(object, activity),
        url: object.url.or(&object.id).text(),
        text: Cow::Owned(whole.text),
        entities,
        aliases: Aliases::default(),
        ..Post::default()
    }
}

/// `@name` or `@name@domain`, with the account's address, which has the domain where the name has not.
fn mention<'n, 'a>(tag: &'n wire::Tag<'a>) -> Named<'n, 'a> {
    let written = tag.name.as_str().trim_start_matches('@');
    let handle = if written.contains('@') {
        written.to_owned()
    } else {
        handle_in(tag.href.as_str())
    };
    let name = written.split('@').next().unwrap_or_default();
    Named {
        handle,
        name: Cow::Owned(name.to_owned()),
        address: tag.href.as_str(),
    }
}

fn reference<'a>(id: &Field<'a>) -> PostRef<'a> {
    let handle = handle_in(id.as_str());
    PostRef {
        id: id.text(),
        author_id: account_id(&handle),
        author_handle: Cow::Owned(handle),
    }
}

/// Who did it or wrote it. A post's page says the name where the account's address has only a number.
fn who<'a>(object: &wire::Thing<'a>, activity: Option<&wire::Thing<'a>>) -> Account<'a> {
    let said = [
        Some(&object.attributed_to),
        activity.map(|done| &done.actor),
        Some(&object.actor),
    ];
    let said = said
        .into_iter()
        .flatten()
        .map(LinkOr::id)
        .find(|id| !id.is_empty());
    let address = said.map(Field::text).unwrap_or_default();
    let pages = [&*address, object.url.as_str()];
    let handle = pages
        .into_iter()
        .map(handle_in)
        .find(|handle| !handle.is_empty());
    match handle {
        Some(handle) => Account {
            id: account_id(&handle),
            handle: Cow::Owned(handle),
            ..Account::default()
        },
        None => Account {
            id: address,
            ..Account::default()
        },
    }
}

/// Who may see it, where that is not everybody.
fn seen_by<'a>(object: &wire::Thing<'a>, activity: Option<&wire::Thing<'a>>) -> Vec<Cow<'a, str>> {
    let both = [Some(object), activity];
    let both = || both.into_iter().flatten();
    let is_public = |id: &str| PUBLIC.contains(&id);
    let visibility = if both().any(|thing| thing.to.has(is_public)) {
        return Vec::new();
    } else if both().any(|thing| thing.cc.has(is_public)) {
        "visibility.unlisted"
    } else if both().any(|thing| thing.to.has(|id| id.ends_with("/followers"))) {
        "visibility.private"
    } else if both().any(|thing| thing.to.has(|id| !id.is_empty())) {
        "visibility.direct"
    } else {
        return Vec::new();
    };
    vec![Cow::Borrowed(visibility)]
}

/// Something passed on: in an archive only its address.
fn announced<'a>(wire: &wire::Thing<'a>) -> Result<Event<'a>, Refused> {
    let id = wire.id.required("id")?;
    let original = wire.object.id();
    original.required("object")?;
    let embedded = wire
        .object
        .thing
        .get()
        .filter(|object| is_written(object.kind.as_str()));
    let embedded = embedded.map(|object| Embedded {
        id: EventId::new(SERVICE, object.id.text()),
        relation: Relation::Repost,
        post: post(object, None),
    });
    let made_at = times::rfc3339(wire.published.as_str());
    let text = embedded
        .as_ref()
        .map(|inner| inner.post.text.clone())
        .unwrap_or_default();
    let post = Post {
        author: who(wire, None),
        made_at,
        url: id.clone(),
        repost_of: Some(reference(original)),
        contexts: seen_by(wire, None),
        text,
        embedded: embedded.into_iter().collect(),
        ..Post::default()
    };
    Ok(Event {
        id: EventId::new(SERVICE, id),
        at: made_at,
        body: Body::Post(Box::new(post)),
    })
}

fn actor<'a>(wire: &wire::Thing<'a>) -> Result<Event<'a>, Refused> {
    let name = wire.preferred_username.required("preferredUsername")?;
    let domain = super::names::authority(wire.id.as_str());
    let handle = [&*name, "@", domain].concat();
    Ok(about(Account {
        id: account_id(&handle),
        handle: Cow::Owned(handle),
        name: wire.name.text(),
        bio: Cow::Owned(html::plain(wire.summary.as_str(), "").text),
        url: wire.url.or(&wire.id).text(),
        avatar: wire
            .icon
            .get()
            .map(|icon| icon.url.text())
            .unwrap_or_default(),
        made_at: times::rfc3339(wire.published.as_str()),
        ..Account::default()
    }))
}
