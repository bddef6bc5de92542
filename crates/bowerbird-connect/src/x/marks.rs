//! Entities of X API v2 posts: tags, mentions, links and media, each where it stands in the text.
//!
//! A medium's link (`pic.twitter.com/…`) is no link of ours: it tells where in the text the medium stands. So the same
//! post has the same entities whether it came in the v2 or the v1.1 form.

use std::borrow::Cow;

use bowerbird_core::event::{Entity, EntityKind};

use super::convert::{find_media, find_user};
use super::text::{PlainText, find_signed, is_signed};
use super::wire;
use crate::json::field::Field;

/// How many marks of one kind are kept; the longest post has room for more, but nobody means them.
pub(crate) const MAX_MARKS: usize = 500;

const HASH: [char; 2] = ['#', '＃'];
pub(crate) const AT: [char; 2] = ['@', '＠'];
const DOLLAR: [char; 2] = ['$', '＄'];

/// From where to where X says that something is marked.
pub(crate) type Marked = (Option<u64>, Option<u64>);

/// Everything marked in or attached to a post, in the order of the text.
pub(crate) fn of_post<'a>(
    text: &PlainText<'a>,
    entities: &wire::Entities<'a>,
    post: &wire::Post<'a>,
    includes: &wire::Includes<'a>,
) -> Vec<Entity<'a>> {
    let n_attached = post.attachments.media_keys.0.len() + post.attachments.media.len();
    let n_marked = entities.hashtags.len() + entities.mentions.len() + entities.urls.len();
    let mut found = Vec::with_capacity((n_attached + n_marked).min(MAX_MARKS));
    tags(
        &mut found,
        text,
        EntityKind::Hashtag,
        entities.hashtags.iter().map(tag),
    );
    tags(
        &mut found,
        text,
        EntityKind::Cashtag,
        entities.cashtags.iter().map(tag),
    );
    mentions(&mut found, text, &entities.mentions, includes);
    let shown = links(&mut found, text, &entities.urls, post.id.as_str());
    media(&mut found, &shown, post, includes);
    in_order(&mut found);
    found
}

fn tag<'w, 'a>(tag: &'w wire::Tag<'a>) -> (Marked, &'w Field<'a>) {
    ((tag.start, tag.end), &tag.tag)
}

/// Sorts by place in the text; what has none comes last, in the order it was given.
pub(crate) fn in_order(entities: &mut [Entity<'_>]) {
    entities.sort_by_key(|entity| (entity.span.is_empty(), entity.span.start));
}

/// A mark's place, and where the next search for one of its kind begins.
pub(crate) fn place_signed(
    text: &PlainText<'_>,
    marked: Marked,
    signs: [char; 2],
    value: &str,
    after: &mut usize,
) -> std::ops::Range<u32> {
    let from = *after;
    let span = text.place(
        marked,
        |word| is_signed(word, signs, value),
        |text| find_signed(text, signs, value, from),
    );
    *after = from.max(span.end as usize);
    span
}

/// Adds tags of a kind, each given by where it is marked and its word.
pub(crate) fn tags<'w, 'a: 'w>(
    found: &mut Vec<Entity<'a>>,
    text: &PlainText<'a>,
    kind: EntityKind,
    tags: impl Iterator<Item = (Marked, &'w Field<'a>)>,
) {
    let signs = match kind {
        EntityKind::Cashtag => DOLLAR,
        _ => HASH,
    };
    let mut after = 0;
    for (marked, word) in tags.take(MAX_MARKS).filter(|(_, word)| !word.is_empty()) {
        let span = place_signed(text, marked, signs, word.as_str(), &mut after);
        found.push(Entity::new(kind, word.text(), span));
    }
}

fn mentions<'a>(
    found: &mut Vec<Entity<'a>>,
    text: &PlainText<'a>,
    mentions: &[wire::Mention<'a>],
    includes: &wire::Includes<'a>,
) {
    let mut after = 0;
    let named = mentions
        .iter()
        .take(MAX_MARKS)
        .filter(|mention| !mention.username.is_empty());
    for mention in named {
        let (marked, handle) = ((mention.start, mention.end), &mention.username);
        let span = place_signed(text, marked, AT, handle.as_str(), &mut after);
        let mut entity = Entity::new(EntityKind::Mention, handle.text(), span);
        entity.id = mention.id.text();
        entity.title = mention.name.text();
        if entity.title.is_empty() {
            let user = find_user(includes, &entity.id);
            entity.title = user.map(|user| user.name.text()).unwrap_or_default();
        }
        found.push(entity);
    }
}

/// Adds the links; returns where media stand.
fn links<'w, 'a>(
    found: &mut Vec<Entity<'a>>,
    text: &PlainText<'a>,
    urls: &'w [wire::Url<'a>],
    post_id: &str,
) -> Vec<(&'w wire::Url<'a>, Entity<'a>)> {
    let mut shown = Vec::new();
    for url in urls
        .iter()
        .take(MAX_MARKS)
        .filter(|url| !url.url.is_empty())
    {
        let span = place_link(text, (url.start, url.end), url.url.as_str());
        let mut link = Entity::new(EntityKind::Link, url.url.text(), span);
        if let Some(kind) = shown_medium(url, post_id) {
            link.kind = kind;
            shown.push((url, link));
            continue;
        }
        link.target = url.unwound_url.or(&url.expanded_url).text();
        link.title = url.title.text();
        link.description = url.description.text();
        found.push(link);
    }
    shown
}

/// A link's place: where X says, or where the URL stands.
pub(crate) fn place_link(text: &PlainText<'_>, marked: Marked, url: &str) -> std::ops::Range<u32> {
    text.place(
        marked,
        |written| written.eq_ignore_ascii_case(url),
        |text| text.find(url).map(|at| at..at + url.len()),
    )
}

/// What kind of medium of this very post the link shows, if it does.
fn shown_medium(url: &wire::Url<'_>, post_id: &str) -> Option<EntityKind> {
    let target = url.expanded_url.as_str();
    let of_post = target
        .split_once("/status/")
        .and_then(|(_, path)| path.strip_prefix(post_id));
    if of_post.is_some_and(|path| path.starts_with("/video/")) {
        Some(EntityKind::Video)
    } else if of_post.is_some_and(|path| path.starts_with("/photo/")) {
        Some(EntityKind::Image)
    } else {
        (!url.media_key.is_empty()).then(|| kind_of_key(url.media_key.as_str()))
    }
}

fn media<'a>(
    found: &mut Vec<Entity<'a>>,
    shown: &[(&wire::Url<'a>, Entity<'a>)],
    post: &wire::Post<'a>,
    includes: &wire::Includes<'a>,
) {
    let place = |key: &str| {
        let exact = shown.iter().find(|(url, _)| url.media_key.as_str() == key);
        let any = || shown.first();
        exact.or_else(any).map(|(_, entity)| entity)
    };
    let inside = &post.attachments.media;
    let n_before = found.len();
    for medium in inside.iter().take(MAX_MARKS) {
        let key = &medium.media_key;
        found.push(medium_entity(key, Some(medium), place(key.as_str())));
    }
    let keys = post.attachments.media_keys.0.iter().take(MAX_MARKS);
    for key in keys.filter(|key| !key.is_empty()) {
        if !inside.iter().any(|medium| medium.media_key == *key) {
            let medium = find_media(includes, key.as_str());
            found.push(medium_entity(key, medium, place(key.as_str())));
        }
    }
    if found.len() == n_before {
        found.extend(shown.iter().map(|(url, entity)| {
            let medium = find_media(includes, url.media_key.as_str());
            medium_entity(&url.media_key, medium, Some(entity))
        }));
    }
}

fn medium_entity<'a>(
    key: &Field<'a>,
    medium: Option<&wire::Media<'a>>,
    shown: Option<&Entity<'a>>,
) -> Entity<'a> {
    let fallback = shown.map_or_else(|| kind_of_key(key.as_str()), |shown| shown.kind);
    let nowhere = || Entity::new(fallback, "", 0..0);
    let mut entity = shown.cloned().unwrap_or_else(nowhere);
    entity.id = after_underscore(key.text());
    if let Some(medium) = medium {
        entity.kind = kind_of_type(medium.kind.as_str()).unwrap_or(fallback);
        entity.target = best_variant(&medium.variants)
            .unwrap_or_else(|| medium.url.or(&medium.preview_image_url).text());
        entity.description = medium.alt_text.text();
    }
    entity
}

/// The medium's id within its key (`3_1377650087799754753`), which is what v1.1 calls it.
fn after_underscore(key: Cow<'_, str>) -> Cow<'_, str> {
    let Some((_, id)) = key.rsplit_once('_') else {
        return key;
    };
    match key {
        Cow::Borrowed(key) => Cow::Borrowed(&key[key.len() - id.len()..]),
        Cow::Owned(_) => Cow::Owned(id.to_owned()),
    }
}

/// The address of the encoding with the most bits.
pub(crate) fn best_variant<'a>(variants: &[wire::Variant<'a>]) -> Option<Cow<'a, str>> {
    let best = variants.iter().max_by_key(|variant| variant.bit_rate);
    best.map(|variant| variant.url.text())
        .filter(|url| !url.is_empty())
}

/// The kind that X's media type names.
pub(crate) fn kind_of_type(name: &str) -> Option<EntityKind> {
    match name {
        "photo" => Some(EntityKind::Image),
        "video" => Some(EntityKind::Video),
        "animated_gif" => Some(EntityKind::Animation),
        _ => None,
    }
}

/// The kind that the number before a media key's `_` stands for.
fn kind_of_key(key: &str) -> EntityKind {
    match key.split('_').next() {
        Some("3") => EntityKind::Image,
        Some("7" | "13") => EntityKind::Video,
        _ => EntityKind::Animation,
    }
}
