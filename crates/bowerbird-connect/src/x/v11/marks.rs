//! Entities of v1.1 statuses, each where it stands in the text.

use bowerbird_core::event::{Entity, EntityKind};

use super::convert::id_of;
use super::wire::{Entities, Media, Mention, Tag, Url};
use crate::json::field::{Field, Values};
use crate::x::marks::{
    AT, MAX_MARKS, Marked, best_variant, in_order, kind_of_type, place_link, place_signed, tags,
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
        entities.hashtags.iter().map(tag),
    );
    tags(
        &mut found,
        text,
        EntityKind::Cashtag,
        entities.symbols.iter().map(tag),
    );
    mentions(&mut found, text, &entities.user_mentions);
    links(&mut found, text, &entities.urls);
    for medium in media.iter().take(MAX_MARKS) {
        found.push(medium_entity(text, medium));
    }
    in_order(&mut found);
    found
}

fn tag<'w, 'a>(tag: &'w Tag<'a>) -> (Marked, &'w Field<'a>) {
    (marked(&tag.indices), &tag.text)
}

fn marked(indices: &Values<Option<u64>>) -> Marked {
    match indices.0[..] {
        [start, end] => (start, end),
        _ => (None, None),
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
    entity.id = id_of(&medium.id_str, &medium.id).text();
    entity.target = best_variant(&medium.video_info.variants).unwrap_or_else(|| picture.text());
    entity.description = medium.ext_alt_text.text();
    entity
}
