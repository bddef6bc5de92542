//! X API v2 posts to ours: pure, and borrowing from the frame.
//!
//! A post is made of its own object and of what `includes` (or twarc's flattening) says of the author, the media, the place
//! and the posts it refers to. Only the outer post's id and text are needed; whatever else is missing stays empty.

use std::borrow::Cow;

use bowerbird_core::event::{
    Account, Body, Embedded, Event, Metrics, Place, Post, PostRef, Relation,
};
use bowerbird_core::ids::EventId;
use bowerbird_core::source::Refused;

use super::text::PlainText;
use super::wire;
use super::{marks, other};
use crate::json::field::{Field, Values};
use crate::{lang, times};

/// The service's name in every id.
pub(crate) const SERVICE: &str = "x";

/// How many objects of each kind in `includes` are looked at: a hundred posts with all their mentions have fewer, and a
/// hostile frame could hold a hundred thousand, each looked up by each of as many marks.
const MAX_LOOKED_AT: usize = 1_000;

/// How many posts one post may refer to; X has one of each relation.
const MAX_REFERENCES: usize = 8;

/// How many annotations of a kind are kept.
const MAX_ANNOTATIONS: usize = 200;

/// The event that a post object is: an edit if an earlier version of it is known.
pub(crate) fn post_event<'a>(
    wire: &wire::Post<'a>,
    includes: &wire::Includes<'a>,
    path: &str,
) -> Result<Event<'a>, Refused> {
    let id = wire.id.required_in(path, "id")?;
    wire.text.check_in(path, "text")?;
    let mut post = Box::default();
    fill(&mut post, wire, includes, 2);
    Ok(event(id, post))
}

/// Wraps a post of X that is complete.
pub(crate) fn event<'a>(id: Cow<'a, str>, post: Box<Post<'a>>) -> Event<'a> {
    let is_edit = !post.supersedes.is_empty();
    Event {
        id: EventId::new(SERVICE, id),
        at: post.made_at,
        body: if is_edit {
            Body::Edit(post)
        } else {
            Body::Post(post)
        },
    }
}

/// Makes a post of an object that has an id, in its place because it is large; `levels` of embedded posts are followed.
fn fill<'a>(post: &mut Post<'a>, wire: &wire::Post<'a>, includes: &wire::Includes<'a>, levels: u8) {
    let (escaped, entities) = text_and_entities(wire);
    let text = PlainText::new(escaped);
    post.author = author(wire, includes);
    post.made_at = times::rfc3339(wire.created_at.as_str());
    post.lang = lang::stated(wire.lang.text());
    post.entities = marks::of_post(&text, entities, wire, includes);
    post.text = text.text;
    post.place = place(wire, includes);
    let geo = wire.geo.get();
    post.point = geo.and_then(|geo| point(&geo.coordinates.coordinates));
    post.conversation_id = wire.conversation_id.text();
    post.supersedes = supersedes(wire);
    post.metrics = metrics(&wire.public_metrics);
    post.app = wire.source.text();
    post.sensitive = wire.possibly_sensitive.unwrap_or_default();
    post.withheld_in = withheld_in(wire);
    post.contexts = contexts(wire);
    post.named = named(entities);
    post.url = url(wire.id.as_str(), &post.author.handle);
    refer(post, wire, includes, levels);
}

/// The long form where there is one.
fn text_and_entities<'w, 'a>(wire: &'w wire::Post<'a>) -> (Cow<'a, str>, &'w wire::Entities<'a>) {
    let notes = [&wire.note_tweet, &wire.note_post];
    let note = notes.iter().find_map(|note| note.get());
    match note.filter(|note| !note.text.is_empty()) {
        Some(note) => (note.text.text(), &note.entities),
        None => (wire.text.text(), &wire.entities),
    }
}

fn author<'a>(wire: &wire::Post<'a>, includes: &wire::Includes<'a>) -> Account<'a> {
    let inside = wire.author.get();
    match inside.or_else(|| find_user(includes, wire.author_id.as_str())) {
        Some(user) => account(user),
        None => Account {
            id: wire.author_id.text(),
            ..Account::default()
        },
    }
}

/// The included user with this id.
pub(crate) fn find_user<'w, 'a>(
    includes: &'w wire::Includes<'a>,
    id: &str,
) -> Option<&'w wire::User<'a>> {
    let mut users = includes.users.iter().take(MAX_LOOKED_AT);
    users.find(|user| user.id.as_str() == id && !id.is_empty())
}

/// The included medium with this key.
pub(crate) fn find_media<'w, 'a>(
    includes: &'w wire::Includes<'a>,
    key: &str,
) -> Option<&'w wire::Media<'a>> {
    let mut media = includes.media.iter().take(MAX_LOOKED_AT);
    media.find(|media| media.media_key.as_str() == key)
}

fn find_post<'w, 'a>(includes: &'w wire::Includes<'a>, id: &str) -> Option<&'w wire::Post<'a>> {
    let posts = includes.tweets.iter().chain(&includes.posts);
    posts
        .take(MAX_LOOKED_AT)
        .find(|post| post.id.as_str() == id)
}

/// An account as its object describes it.
pub(crate) fn account<'a>(user: &wire::User<'a>) -> Account<'a> {
    let metrics = &user.public_metrics;
    let expanded = user.entities.url.urls.first().map(|url| &url.expanded_url);
    let url = expanded.map_or(&user.url, |expanded| expanded.or(&user.url));
    Account {
        id: user.id.text(),
        handle: user.username.text(),
        name: user.name.text(),
        bio: user.description.text(),
        location: user.location.text(),
        url: url.text(),
        avatar: user.profile_image_url.text(),
        verified: user.verified.unwrap_or_default(),
        protected: user.protected.unwrap_or_default(),
        made_at: times::rfc3339(user.created_at.as_str()),
        followers: metrics.followers_count,
        following: metrics.following_count,
        posts: metrics.tweet_count.or(metrics.post_count),
        listed: metrics.listed_count,
    }
}

/// Where a person reads a post; X leads any handle to the post with this id.
pub(crate) fn url(id: &str, handle: &str) -> Cow<'static, str> {
    if id.is_empty() {
        return Cow::Borrowed("");
    }
    let handle = if handle.is_empty() { "i/web" } else { handle };
    joined(["https://x.com/", handle, "/status/", id])
}

/// As `concat`, which takes twice as long.
fn joined<const N: usize>(parts: [&str; N]) -> Cow<'static, str> {
    let mut whole = String::with_capacity(parts.iter().map(|part| part.len()).sum());
    for part in parts {
        whole.push_str(part);
    }
    Cow::Owned(whole)
}

/// Puts in what the post refers to: by reference, and whole where it came along.
fn refer<'a>(
    post: &mut Post<'a>,
    wire: &wire::Post<'a>,
    includes: &wire::Includes<'a>,
    levels: u8,
) {
    let references = [&wire.referenced_tweets, &wire.referenced_posts];
    let references = references.iter().find(|list| !list.is_empty());
    for reference in references
        .into_iter()
        .copied()
        .flatten()
        .take(MAX_REFERENCES)
    {
        let Some(relation) = relation(reference.kind.as_str()) else {
            continue;
        };
        let is_whole = matches!(reference.text, Field::Text(_));
        let inner = if is_whole {
            Some(reference)
        } else {
            find_post(includes, reference.id.as_str())
        };
        let named = reference_to(reference, inner, includes);
        match relation {
            Relation::Reply => post.reply_to = Some(named),
            Relation::Quote => post.quote_of = Some(named),
            Relation::Repost => post.repost_of = Some(named),
        }
        if let Some(inner) = inner.filter(|inner| levels > 0 && other::is_post(inner)) {
            post.embedded.reserve_exact(1);
            post.embedded.push(Embedded {
                id: EventId::new(SERVICE, inner.id.text()),
                relation,
                post: Post::default(),
            });
            if let Some(embedded) = post.embedded.last_mut() {
                fill(&mut embedded.post, inner, includes, levels - 1);
            }
        }
    }
    name_answered(post, wire, includes);
}

/// A post by its id, with its author as far as we know the post.
fn reference_to<'a>(
    reference: &wire::Post<'a>,
    known: Option<&wire::Post<'a>>,
    includes: &wire::Includes<'a>,
) -> PostRef<'a> {
    let author_id = known.map(|post| &post.author_id);
    let included = || find_user(includes, author_id?.as_str());
    let user = known.and_then(|post| post.author.get()).or_else(included);
    PostRef {
        id: reference.id.text(),
        author_id: author_id.map(|id| id.text()).unwrap_or_default(),
        author_handle: user.map(|user| user.username.text()).unwrap_or_default(),
    }
}

fn relation(kind: &str) -> Option<Relation> {
    match kind {
        "replied_to" => Some(Relation::Reply),
        "quoted" => Some(Relation::Quote),
        "retweeted" | "reposted" => Some(Relation::Repost),
        _ => None,
    }
}

/// X names the account that is answered even where it does not send the post.
fn name_answered<'a>(post: &mut Post<'a>, wire: &wire::Post<'a>, includes: &wire::Includes<'a>) {
    let id = &wire.in_reply_to_user_id;
    if id.is_empty() {
        return;
    }
    let user = wire.in_reply_to_user.get();
    let user = user.or_else(|| find_user(includes, id.as_str()));
    let answered = post.reply_to.get_or_insert_default();
    answered.author_id = id.text();
    if let Some(user) = user {
        answered.author_handle = user.username.text();
    }
}

/// The ids of the versions before this one.
fn supersedes<'a>(wire: &wire::Post<'a>) -> Vec<Cow<'a, str>> {
    let histories = [
        &wire.edit_history_tweet_ids.0,
        &wire.edit_history_post_ids.0,
    ];
    let Some(history) = histories.iter().find(|history| !history.is_empty()) else {
        return Vec::new();
    };
    let own = wire.id.as_str();
    match history.iter().position(|version| version.as_str() == own) {
        Some(place) => earlier(&history[..place]),
        None => Vec::new(),
    }
}

fn earlier<'a>(versions: &[crate::json::field::Id<'a>]) -> Vec<Cow<'a, str>> {
    let ids = versions.iter().take(MAX_ANNOTATIONS).map(|id| id.text());
    ids.filter(|id| !id.is_empty()).collect()
}

fn metrics(metrics: &wire::PostMetrics) -> Metrics {
    Metrics {
        likes: metrics.like_count,
        reposts: metrics.retweet_count.or(metrics.repost_count),
        replies: metrics.reply_count,
        quotes: metrics.quote_count,
        views: metrics.impression_count,
        bookmarks: metrics.bookmark_count,
    }
}

fn place<'a>(wire: &wire::Post<'a>, includes: &wire::Includes<'a>) -> Option<Place<'a>> {
    let geo = wire.geo.get().filter(|geo| !geo.place_id.is_empty())?;
    let mut places = includes.places.iter().take(MAX_LOOKED_AT);
    let known = places.find(|place| place.id.as_str() == geo.place_id.as_str());
    let place = known.unwrap_or(&geo.place);
    Some(Place {
        id: geo.place_id.text(),
        name: place.name.text(),
        full_name: place.full_name.text(),
        kind: place.place_type.text(),
        country_code: upper(place.country_code.text()),
        country: place.country.text(),
        bounds: bounds(&place.geo.bbox),
    })
}

/// Country codes are upper case in our events, whatever a service writes.
pub(crate) fn upper(code: Cow<'_, str>) -> Cow<'_, str> {
    if code.bytes().any(|byte| byte.is_ascii_lowercase()) {
        Cow::Owned(code.to_ascii_uppercase())
    } else {
        code
    }
}

/// Longitude and latitude, if they are on the globe.
pub(crate) fn point(pair: &Values<Option<f64>>) -> Option<[f64; 2]> {
    let [Some(east), Some(north)] = pair.0[..] else {
        return None;
    };
    let is_on_globe = east.abs() <= 180.0 && north.abs() <= 90.0;
    is_on_globe.then_some([east, north])
}

fn bounds(bbox: &Values<Option<f64>>) -> Option<[f64; 4]> {
    match bbox.0[..] {
        [Some(west), Some(south), Some(east), Some(north)] => Some([west, south, east, north]),
        _ => None,
    }
}

/// The texts of a list, without what is empty.
pub(crate) fn texts<'a>(fields: &Values<Field<'a>>) -> Vec<Cow<'a, str>> {
    let texts = fields.0.iter().take(MAX_ANNOTATIONS).map(Field::text);
    texts.filter(|text| !text.is_empty()).collect()
}

fn withheld_in<'a>(wire: &wire::Post<'a>) -> Vec<Cow<'a, str>> {
    let withheld = wire.withheld.get();
    withheld.map_or_else(Vec::new, |withheld| texts(&withheld.country_codes))
}

/// Topics as `domain.entity`, each once: X repeats them.
fn contexts<'a>(wire: &wire::Post<'a>) -> Vec<Cow<'a, str>> {
    let annotations = &wire.context_annotations;
    let mut contexts = Vec::with_capacity(annotations.len().min(MAX_ANNOTATIONS));
    for (nth, context) in annotations.iter().enumerate().take(MAX_ANNOTATIONS) {
        let is_again = annotations[..nth].iter().any(|before| {
            before.entity.id == context.entity.id && before.domain.id == context.domain.id
        });
        let (domain, entity) = (context.domain.id.as_str(), context.entity.id.as_str());
        if !is_again && !domain.is_empty() && !entity.is_empty() {
            contexts.push(joined([domain, ".", entity]));
        }
    }
    contexts
}

fn named<'a>(entities: &wire::Entities<'a>) -> Vec<Cow<'a, str>> {
    let annotations = entities.annotations.iter().take(MAX_ANNOTATIONS);
    let names = annotations.map(|annotation| annotation.normalized_text.text());
    names.filter(|name| !name.is_empty()).collect()
}
