//! Lends a post to the rules: builds the [`Doc`] that a rule sees, copying no text.

use bowerbird_rules::doc::{AccountRef, Author, Content, Doc, PlaceRef};

use super::{Account, Embedded, Place, Post, PostRef, Relation};

/// Embedded posts that a rule looks into, at most.
const MOST_EMBEDDED: usize = 4;

/// The embedded posts that a rule looks into, in the order of [`Doc::embedded`]: what a post quotes or passes on, and what that
/// quotes. What it answers is another's word.
pub fn looked_into<'p>(post: &'p Post<'_>) -> impl Iterator<Item = &'p Embedded<'p>> {
    let visible = post
        .embedded
        .iter()
        .filter(|inner| inner.relation != Relation::Reply);
    visible
        .flat_map(|inner| std::iter::once(inner).chain(quoted_within(&inner.post)))
        .take(MOST_EMBEDDED)
}

/// Calls `look` with the post as a rule sees it. The `Doc` borrows from the post and from this call's stack, hence the
/// closure.
pub fn with_doc<R>(id: &str, post: &Post<'_>, look: impl FnOnce(&Doc<'_>) -> R) -> R {
    let mut embedded = [Content::default(); MOST_EMBEDDED];
    let mut n_embedded = 0;
    for inner in looked_into(post) {
        embedded[n_embedded] = content(&inner.post);
        n_embedded += 1;
    }
    let doc = Doc {
        content: content(post),
        embedded: &embedded[..n_embedded],
        lang: &post.lang.code,
        author: author(&post.author),
        is_repost: post.repost_of.is_some(),
        is_nullcast: post.nullcast,
        reply_to: post.reply_to.as_ref().map(account_ref),
        repost_of: post.repost_of.as_ref().map(account_ref),
        reply_to_id: post.reply_to.as_ref().map_or("", |r| &r.id),
        repost_of_id: post.repost_of.as_ref().map_or("", |r| &r.id),
        quote_of_id: post.quote_of.as_ref().map_or("", |r| &r.id),
        conversation_id: &post.conversation_id,
        place: post.place.as_ref().map(place_ref),
        point: post.point,
        app: &post.app,
        contexts: &post.contexts,
        named: &post.named,
        id,
    };
    look(&doc)
}

/// A repost of a quote carries the quoted post one level further in.
fn quoted_within<'p>(post: &'p Post<'p>) -> impl Iterator<Item = &'p Embedded<'p>> {
    let inside = post.embedded.iter();
    inside.filter(|inner| inner.relation == Relation::Quote)
}

fn content<'p>(post: &'p Post<'_>) -> Content<'p> {
    Content {
        text: &post.text,
        entities: &post.entities,
        is_reply: post.reply_to.is_some(),
        is_quote: post.quote_of.is_some(),
    }
}

fn author<'p>(account: &'p Account<'_>) -> Author<'p> {
    Author {
        id: &account.id,
        handle: &account.handle,
        name: &account.name,
        bio: &account.bio,
        location: &account.location,
        verified: account.verified,
        followers: account.followers,
        following: account.following,
        posts: account.posts,
        listed: account.listed,
    }
}

fn account_ref<'p>(post: &'p PostRef<'_>) -> AccountRef<'p> {
    AccountRef {
        id: &post.author_id,
        handle: &post.author_handle,
    }
}

fn place_ref<'p>(place: &'p Place<'_>) -> PlaceRef<'p> {
    PlaceRef {
        id: &place.id,
        name: &place.name,
        full_name: &place.full_name,
        country_code: &place.country_code,
        bounds: place.bounds,
    }
}
