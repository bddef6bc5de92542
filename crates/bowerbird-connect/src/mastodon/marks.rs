//! The text of a post as a whole, and what is marked in it or attached to it. Pure.

use std::borrow::Cow;
use std::ops::Range;

use bowerbird_core::event::{Entity, EntityKind};

use super::html::{Anchor, Plain};
use super::names::{Instance, account_id};
use super::wire::{Attachment, Card, Media, Status, Tag};

/// How many things of a kind are kept beside the text.
pub(super) const MAX_VALUES: usize = 50;

/// A post's text: the warning before it, what it says, and the answers to choose from.
pub(super) struct Whole {
    pub(super) text: String,
    anchors: Vec<Anchor>,
}

impl Whole {
    pub(super) fn new(warning: &str, says: Plain, choices: &[&str]) -> Self {
        let mut whole = Self {
            text: says.text,
            anchors: says.anchors,
        };
        if !warning.is_empty() {
            let parting = if whole.text.is_empty() { "" } else { "\n\n" };
            whole.text = [warning, parting, &whole.text].concat();
            let by = warning.len() + parting.len();
            for anchor in &mut whole.anchors {
                anchor.span = anchor.span.start + by..anchor.span.end + by;
            }
        }
        for (nth, choice) in choices.iter().take(MAX_VALUES).enumerate() {
            if !whole.text.is_empty() {
                whole.text.push_str(if nth == 0 { "\n\n" } else { "\n" });
            }
            whole.text.push_str("○ ");
            whole.text.push_str(choice);
        }
        whole
    }
}

/// Everything marked in or attached to a status, in the order of the text.
pub(super) fn of_status<'a>(
    status: &Status<'a>,
    whole: &Whole,
    from: Instance<'_>,
) -> Vec<Entity<'a>> {
    let mentions = status.mentions.iter().take(MAX_VALUES);
    let mentions = mentions.map(|mention| Named {
        handle: from.handle(mention.acct.as_str(), mention.url.as_str()),
        name: mention.username.text(),
        address: mention.url.as_str(),
    });
    let mut found = marked(whole, &mentions.collect::<Vec<_>>(), &status.tags);
    found.extend(status.media_attachments.iter().take(MAX_VALUES).map(medium));
    if let Some(card) = status.card.get() {
        describe(&mut found, card);
    }
    found
}

/// An account that a post names.
pub(super) struct Named<'n, 'a> {
    pub(super) handle: String,
    /// The handle without its domain.
    pub(super) name: Cow<'a, str>,
    pub(super) address: &'n str,
}

/// Links, mentions and hashtags: those in the text, and then those that are named beside it only.
pub(super) fn marked<'a>(
    whole: &Whole,
    mentions: &[Named<'_, 'a>],
    tags: &[Tag<'a>],
) -> Vec<Entity<'a>> {
    let mut found: Vec<Entity<'a>> = Vec::new();
    for anchor in &whole.anchors {
        found.push(of_anchor(anchor, &whole.text, mentions, tags));
    }
    let is_there = |found: &[Entity<'_>], kind, is_it: &dyn Fn(&Entity<'_>) -> bool| {
        found.iter().any(|known| known.kind == kind && is_it(known))
    };
    for named in mentions {
        let id = account_id(&named.handle);
        if !is_there(&found, EntityKind::Mention, &|known| known.id == id) {
            let mut mention = Entity::new(EntityKind::Mention, named.name.clone(), 0..0);
            mention.id = id;
            found.push(mention);
        }
    }
    let tags = tags.iter().take(MAX_VALUES);
    for tag in tags.filter(|tag| matches!(tag.kind.as_str(), "" | "Hashtag")) {
        let name = tag.name.as_str().trim_start_matches('#');
        let same = |known: &Entity<'_>| known.value.to_lowercase() == name.to_lowercase();
        if !name.is_empty() && !is_there(&found, EntityKind::Hashtag, &same) {
            found.push(Entity::new(EntityKind::Hashtag, name.to_owned(), 0..0));
        }
    }
    found
}

fn of_anchor<'a>(
    anchor: &Anchor,
    text: &str,
    mentions: &[Named<'_, 'a>],
    tags: &[Tag<'a>],
) -> Entity<'a> {
    let shown = text.get(anchor.span.clone()).unwrap_or_default();
    let span = offset(anchor.span.clone());
    let is_mention = anchor
        .class
        .split_ascii_whitespace()
        .any(|class| class == "mention");
    let by_address = mentions.iter().find(|named| named.address == anchor.href);
    match (shown.strip_prefix('@'), shown.strip_prefix(['#', '＃'])) {
        (Some(written), _) if is_mention || by_address.is_some() => {
            let (name, _) = written.split_once('@').unwrap_or((written, ""));
            let by_name = || mentions.iter().find(|named| named.name == name);
            let named = by_address.or_else(by_name);
            let mut mention = Entity::new(EntityKind::Mention, name.to_owned(), span);
            mention.id = named
                .map(|named| account_id(&named.handle))
                .unwrap_or_default();
            mention
        }
        (_, Some(word)) if is_hashtag(anchor, word, tags) => {
            Entity::new(EntityKind::Hashtag, word.to_owned(), span)
        }
        _ => {
            let mut link = Entity::new(EntityKind::Link, shown.to_owned(), span);
            link.target = Cow::Owned(if is_address(&anchor.href) {
                anchor.href.clone()
            } else {
                String::new()
            });
            link
        }
    }
}

/// `#4821` may be a link to anything: a hashtag is what the server calls one.
fn is_hashtag(anchor: &Anchor, word: &str, tags: &[Tag<'_>]) -> bool {
    let says = |names: &str, name| names.split_ascii_whitespace().any(|one| one == name);
    let is_named = || {
        tags.iter().any(|tag| {
            let name = tag.name.as_str().trim_start_matches('#');
            name.to_lowercase() == word.to_lowercase()
        })
    };
    let is_word = !word.is_empty() && !word.contains(char::is_whitespace);
    is_word && (says(&anchor.class, "hashtag") || says(&anchor.rel, "tag") || is_named())
}

/// Only what a browser fetches is a link's target; a script, for one, is not.
fn is_address(href: &str) -> bool {
    ["https://", "http://", "gemini://", "mailto:"]
        .iter()
        .any(|scheme| href.starts_with(scheme))
}

/// Frames are far smaller than 4 GiB.
fn offset(span: Range<usize>) -> Range<u32> {
    let at = |at: usize| u32::try_from(at).unwrap_or_default();
    at(span.start)..at(span.end)
}

fn medium<'a>(media: &Media<'a>) -> Entity<'a> {
    let kind = match media.kind.as_str() {
        "image" => EntityKind::Image,
        "video" => EntityKind::Video,
        _ => EntityKind::Animation,
    };
    let mut entity = Entity::new(kind, "", 0..0);
    entity.id = media.id.text();
    entity.target = media.url.or(&media.remote_url).text();
    entity.description = media.description.text();
    entity
}

/// What is attached to a thing of ActivityPub.
pub(super) fn attachment<'a>(attached: &Attachment<'a>) -> Entity<'a> {
    let kind = match attached.media_type.as_str().split('/').next() {
        Some("image") => EntityKind::Image,
        Some("video") => EntityKind::Video,
        _ => EntityKind::Animation,
    };
    let mut entity = Entity::new(kind, "", 0..0);
    entity.target = attached.url.text();
    entity.description = attached.name.text();
    entity
}

/// A card tells of a page that the text links to, or of one that it does not show.
fn describe<'a>(found: &mut Vec<Entity<'a>>, card: &Card<'a>) {
    let address = card.url.as_str();
    if !is_address(address) {
        return;
    }
    let is_it =
        |entity: &&mut Entity<'a>| entity.kind == EntityKind::Link && entity.target == address;
    if let Some(link) = found.iter_mut().find(is_it) {
        link.title = card.title.text();
        link.description = card.description.text();
        return;
    }
    let mut link = Entity::new(EntityKind::Link, card.url.text(), 0..0);
    link.target = card.url.text();
    link.title = card.title.text();
    link.description = card.description.text();
    found.push(link);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mastodon::html;

    #[test]
    fn a_hashtag_is_what_the_server_calls_one() {
        let link = "https://bugs.example/4821";
        for (attributes, tag, expected) in [
            ("", "", EntityKind::Link),
            ("rel='nofollow noopener'", "", EntityKind::Link),
            ("class='hashtags'", "other", EntityKind::Link),
            ("class='mention hashtag'", "", EntityKind::Hashtag),
            ("rel='tag nofollow'", "", EntityKind::Hashtag),
            ("", "Wrens4821", EntityKind::Hashtag),
        ] {
            let text = format!("see <a href='{link}' {attributes}>#<span>wrens4821</span></a>");
            let whole = Whole::new("", html::plain(&text, ""), &[]);
            let json = format!(r#"{{"tags":[{{"name":"{tag}"}}]}}"#);
            let status: Status<'_> = crate::json::object(&json).unwrap();
            let found = marked(&whole, &[], &status.tags);
            assert_eq!(found[0].kind, expected, "{attributes} {tag}");
            let target = if expected == EntityKind::Link {
                link
            } else {
                ""
            };
            assert_eq!(found[0].target, target, "{attributes} {tag}");
        }
    }
}
