//! Entities of v1.1 statuses, each where it stands in the text.

use bowerbird_core::event::{Entity, EntityKind};

use super::convert::id_of;
use super::wire::{Entities, Media, Mention, Tag, Url};
use crate::json::field::Values;
use crate::x::marks::{
    AT, DOLLAR, HASH, MAX_MARKS, in_order, kind_of_type, place_link, place_signed,
};
use crate::x::text::PlainText;

/// Everything marked in or attached to a status, in the order of the text.
pub(super) fn of_status<'a>(
    text: &PlainText<'a>,
    entities: &Entities<'a>,
    media: &[Media<'a>],
) -> Vec<Entity<'a>> {
    let mut found = Vec::new();
    tags(
        &mut found,
        text,
        EntityKind::Hashtag,
        HASH,
        &entities.hashtags,
    );
    tags(
        &mut found,
        text,
        EntityKind::Cashtag,
        DOLLAR,
        &entities.symbols,
    );
    mentions(&mut found, text, &entities.user_mentions);
    links(&mut found, text, &entities.urls);
    for medium in media.iter().take(MAX_MARKS) {
        found.push(medium_entity(text, medium));
    }
    in_order(&mut found);
    found
}

fn marked(indices: &Values<Option<u64>>) -> (Option<u64>, Option<u64>) {
    match indices.0[..] {
        [start, end] => (start, end),
        _ => (None, None),
    }
}

fn tags<'a>(
    found: &mut Vec<Entity<'a>>,
    text: &PlainText<'a>,
    kind: EntityKind,
    signs: [char; 2],
    tags: &[Tag<'a>],
) {
    let mut after = 0;
    for tag in tags
        .iter()
        .take(MAX_MARKS)
        .filter(|tag| !tag.text.is_empty())
    {
        let span = place_signed(
            text,
            marked(&tag.indices),
            signs,
            tag.text.as_str(),
            &mut after,
        );
        found.push(Entity::new(kind, tag.text.text(), span));
    }
}

fn mentions<'a>(found: &mut Vec<Entity<'a>>, text: &PlainText<'a>, mentions: &[Mention<'a>]) {
    let mut after = 0;
    let named = mentions
        .iter()
        .take(MAX_MARKS)
        .filter(|mention| !mention.screen_name.is_empty());
    for mention in named {
        let handle = &mention.screen_name;
        let span = place_signed(
            text,
            marked(&mention.indices),
            AT,
            handle.as_str(),
            &mut after,
        );
        let mut entity = Entity::new(EntityKind::Mention, handle.text(), span);
        entity.id = id_of(&mention.id_str, &mention.id).text();
        entity.title = mention.name.text();
        found.push(entity);
    }
}

fn links<'a>(found: &mut Vec<Entity<'a>>, text: &PlainText<'a>, urls: &[Url<'a>]) {
    for url in urls
        .iter()
        .take(MAX_MARKS)
        .filter(|url| !url.url.is_empty())
    {
        let span = place_link(text, marked(&url.indices), url.url.as_str());
        let mut link = Entity::new(EntityKind::Link, url.url.text(), span);
        link.target = url.unwound.url.or(&url.expanded_url).text();
        link.title = url.unwound.title.text();
        link.description = url.unwound.description.text();
        found.push(link);
    }
}

fn medium_entity<'a>(text: &PlainText<'a>, medium: &Media<'a>) -> Entity<'a> {
    let kind = kind_of_type(medium.kind.as_str()).unwrap_or(EntityKind::Animation);
    let span = if medium.url.is_empty() {
        0..0
    } else {
        place_link(text, marked(&medium.indices), medium.url.as_str())
    };
    let mut entity = Entity::new(kind, medium.url.text(), span);
    let picture = medium.media_url_https.or(&medium.media_url);
    let best = medium
        .video_info
        .variants
        .iter()
        .max_by_key(|variant| variant.bitrate);
    entity.id = id_of(&medium.id_str, &medium.id).text();
    entity.target = best.map_or(picture, |best| best.url.or(picture)).text();
    entity.description = medium.ext_alt_text.text();
    entity
}
