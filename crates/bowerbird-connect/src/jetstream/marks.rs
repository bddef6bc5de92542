//! Entities of Bluesky posts: facets, which count bytes of UTF-8 as we do, tags beside the text, and what is attached.

use std::borrow::Cow;
use std::ops::Range;

use bowerbird_core::event::{Entity, EntityKind};

use super::convert::MAX_VALUES;
use super::wire::{Blob, Embed, Facet, Feature, Image, Record};

/// How many facets are kept; a post has at most 3,000 bytes.
const MAX_FACETS: usize = 500;

/// Everything marked in or attached to a post, in the order of the text.
pub(super) fn of_record<'a>(
    record: &Record<'a>,
    text: &Cow<'a, str>,
    did: &str,
) -> Vec<Entity<'a>> {
    let mut found = Vec::new();
    for facet in record.facets.iter().take(MAX_FACETS) {
        let span = span(facet, text);
        let features = facet.features.iter().take(MAX_VALUES);
        found.extend(features.filter_map(|feature| marked(feature, text, &span)));
    }
    for tag in record
        .tags
        .0
        .iter()
        .take(MAX_VALUES)
        .filter(|tag| !tag.is_empty())
    {
        found.push(Entity::new(EntityKind::Hashtag, tag.text(), 0..0));
    }
    if let Some(embed) = record.embed.get() {
        attached(&mut found, embed, did);
        if let Some(media) = embed.media.get() {
            attached(&mut found, media, did);
        }
    }
    found.sort_by_key(|entity| (entity.span.is_empty(), entity.span.start));
    found
}

/// The facet's bytes, cut to the text; nowhere if they cut a character in two.
fn span(facet: &Facet<'_>, text: &str) -> Range<usize> {
    let (Some(start), Some(end)) = (facet.index.byte_start, facet.index.byte_end) else {
        return 0..0;
    };
    let within = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(text.len());
    let range = within(start)..within(end);
    match text.get(range.clone()) {
        Some(_) => range,
        None => 0..0,
    }
}

fn marked<'a>(
    feature: &Feature<'a>,
    text: &Cow<'a, str>,
    span: &Range<usize>,
) -> Option<Entity<'a>> {
    let written = part(text, span);
    let kind = feature.kind.as_str();
    let mut entity = match kind.rsplit('#').next() {
        Some("tag") => Entity::new(EntityKind::Hashtag, feature.tag.text(), 0..0),
        Some("mention") => {
            let handle = strip_sign(written);
            Entity::new(EntityKind::Mention, handle, 0..0)
        }
        Some("link") if written.is_empty() => {
            Entity::new(EntityKind::Link, feature.uri.text(), 0..0)
        }
        Some("link") => Entity::new(EntityKind::Link, written, 0..0),
        _ => return None,
    };
    entity.id = feature.did.text();
    entity.target = feature.uri.text();
    entity.span = offset(span.start)..offset(span.end);
    Some(entity)
}

/// Frames are far smaller than 4 GiB.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or_default()
}

/// A part of the text, borrowed where the text is.
fn part<'a>(text: &Cow<'a, str>, span: &Range<usize>) -> Cow<'a, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(span.clone()).unwrap_or_default()),
        Cow::Owned(text) => Cow::Owned(text.get(span.clone()).unwrap_or_default().to_owned()),
    }
}

fn strip_sign(handle: Cow<'_, str>) -> Cow<'_, str> {
    match handle {
        Cow::Borrowed(handle) => Cow::Borrowed(handle.strip_prefix('@').unwrap_or(handle)),
        Cow::Owned(handle) => match handle.strip_prefix('@') {
            Some(bare) => Cow::Owned(bare.to_owned()),
            None => Cow::Owned(handle),
        },
    }
}

/// Images, a video, or a page's card; a card of a page that the text links to describes that link.
fn attached<'a>(found: &mut Vec<Entity<'a>>, embed: &Embed<'a>, did: &str) {
    for image in embed.images.iter().chain(&embed.items).take(MAX_VALUES) {
        found.push(self::image(image, did));
    }
    if let Some(video) = embed.video.get() {
        let cid = cid(video);
        let mut entity = Entity::new(EntityKind::Video, "", 0..0);
        let parts = [
            "https://video.bsky.app/watch/",
            did,
            "/",
            &cid,
            "/playlist.m3u8",
        ];
        entity.target = Cow::Owned(parts.concat());
        entity.description = embed.alt.text();
        entity.id = cid;
        found.push(entity);
    }
    let Some(page) = embed.external.get().filter(|page| !page.uri.is_empty()) else {
        return;
    };
    let is_link = |entity: &&mut Entity<'a>| {
        entity.kind == EntityKind::Link && entity.target == page.uri.as_str()
    };
    if let Some(link) = found.iter_mut().find(is_link) {
        link.title = page.title.text();
        link.description = page.description.text();
        return;
    }
    let mut card = Entity::new(EntityKind::Link, page.uri.text(), 0..0);
    card.target = page.uri.text();
    card.title = page.title.text();
    card.description = page.description.text();
    found.push(card);
}

fn image<'a>(image: &Image<'a>, did: &str) -> Entity<'a> {
    let cid = cid(&image.image);
    let mut entity = Entity::new(EntityKind::Image, "", 0..0);
    entity.target = picture("feed_fullsize", did, &cid);
    entity.description = image.alt.text();
    entity.id = cid;
    entity
}

/// A file's content id.
pub(super) fn cid<'a>(blob: &Blob<'a>) -> Cow<'a, str> {
    blob.r#ref.link.or(&blob.cid).text()
}

/// Where Bluesky serves a picture.
pub(super) fn picture(size: &str, did: &str, cid: &str) -> Cow<'static, str> {
    let parts = [
        "https://cdn.bsky.app/img/",
        size,
        "/plain/",
        did,
        "/",
        cid,
        "@jpeg",
    ];
    Cow::Owned(parts.concat())
}
