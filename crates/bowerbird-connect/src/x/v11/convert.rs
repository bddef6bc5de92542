//! v1.1 statuses to our posts: pure, and borrowing from the frame.
//!
//! The long text is kept whole wherever it stands; a retweet's own text (`RT @…`, often cut) stays as X wrote it, with the
//! original embedded.

use std::borrow::Cow;

use bowerbird_core::event::{Account, Embedded, Event, Metrics, Place, Post, PostRef, Relation};
use bowerbird_core::ids::EventId;
use bowerbird_core::source::Refused;
use bowerbird_core::time::Time;

use super::marks;
use super::wire::{self, Entities, Media, Status, User};
use crate::json::field::{Field, Id, Values};
use crate::x::convert::{SERVICE, event, point, texts, upper, url};
use crate::x::text::PlainText;
use crate::{lang, times};

/// The event that a status is.
pub(super) fn status_event<'a>(status: &Status<'a>, path: &str) -> Result<Event<'a>, Refused> {
    let id = status.id_str.or(&status.id).required_in(path, "id")?;
    let (text, ..) = text_and_entities(status);
    text.check_in(path, "text")?;
    let mut post = Box::default();
    fill(&mut post, status, 2);
    Ok(event(id, post))
}

/// A moment in any way that v1.1 writes it.
pub(super) fn moment(text: &str) -> Option<Time> {
    let classic = times::classic(text);
    classic
        .or_else(|| times::spaced(text))
        .or_else(|| times::rfc3339(text))
}

/// An id as text where there is one: the number may have lost its last digits on the way.
pub(super) fn id_of<'f, 'a>(text: &'f Id<'a>, number: &'f Id<'a>) -> &'f Field<'a> {
    text.or(number)
}

/// Makes a post in its place, because it is large; `levels` of embedded posts are followed.
fn fill<'a>(post: &mut Post<'a>, status: &Status<'a>, levels: u8) {
    let (escaped, entities, media) = text_and_entities(status);
    let text = PlainText::new(escaped.text());
    post.author = status.user.get().map(account).unwrap_or_default();
    post.made_at = moment(status.created_at.as_str());
    post.lang = lang::stated(status.lang.text());
    post.entities = marks::of_status(&text, entities, media);
    post.text = text.text;
    post.place = status.place.get().and_then(place);
    post.point = point_of(status);
    post.reply_to = reply_to(status);
    post.conversation_id = status.conversation_id_str.text();
    post.supersedes = supersedes(status);
    post.metrics = metrics(status);
    post.app = app(status.source.text());
    post.sensitive = status.possibly_sensitive.unwrap_or_default();
    post.nullcast = is_nullcast(status);
    post.withheld_in = texts(&status.withheld_in_countries);
    let id = id_of(&status.id_str, &status.id);
    post.url = url(id.as_str(), &post.author.handle);
    embed(post, status, levels);
}

/// The longest text, and what is marked in that one.
fn text_and_entities<'s, 'a>(
    status: &'s Status<'a>,
) -> (&'s Field<'a>, &'s Entities<'a>, &'s [Media<'a>]) {
    let all_media = &status.extended_entities.media;
    if let Some(long) = status
        .extended_tweet
        .get()
        .filter(|long| !long.full_text.is_empty())
    {
        let media = [
            &long.extended_entities.media,
            all_media,
            &long.entities.media,
        ];
        return (&long.full_text, &long.entities, first_filled(media));
    }
    let text = match &status.full_text {
        Field::Absent => &status.text,
        full_text => full_text,
    };
    let media = first_filled([all_media, &status.entities.media, all_media]);
    (text, &status.entities, media)
}

fn first_filled<'s, 'a>(lists: [&'s Vec<Media<'a>>; 3]) -> &'s [Media<'a>] {
    lists
        .into_iter()
        .find(|list| !list.is_empty())
        .map_or(&[], Vec::as_slice)
}

/// An account as its object describes it.
pub(super) fn account<'a>(user: &User<'a>) -> Account<'a> {
    let expanded = user.entities.url.urls.first().map(|url| &url.expanded_url);
    let url = expanded.map_or(&user.url, |expanded| expanded.or(&user.url));
    Account {
        id: id_of(&user.id_str, &user.id).text(),
        handle: user.screen_name.text(),
        name: user.name.text(),
        bio: user.description.text(),
        location: user.location.text(),
        url: url.text(),
        avatar: user
            .profile_image_url_https
            .or(&user.profile_image_url)
            .text(),
        verified: user.verified.unwrap_or_default(),
        protected: user.protected.unwrap_or_default(),
        made_at: moment(user.created_at.as_str()),
        followers: user.followers_count,
        following: user.friends_count,
        posts: user.statuses_count,
        listed: user.listed_count,
    }
}

/// `coordinates` are longitude first; `geo`, which is older, latitude first.
fn point_of(status: &Status<'_>) -> Option<[f64; 2]> {
    point(&status.coordinates.coordinates).or_else(|| {
        let [north, east] = status.geo.coordinates.0[..] else {
            return None;
        };
        point(&Values(vec![east, north]))
    })
}

fn place<'a>(place: &wire::Place<'a>) -> Option<Place<'a>> {
    (!place.id.is_empty() || !place.full_name.is_empty()).then(|| Place {
        id: place.id.text(),
        name: place.name.text(),
        full_name: place.full_name.text(),
        kind: place.place_type.text(),
        country_code: upper(place.country_code.text()),
        country: place.country.text(),
        bounds: bounds(&place.bounding_box),
    })
}

/// The smallest box around the corners.
fn bounds(polygon: &wire::Polygon) -> Option<[f64; 4]> {
    let mut bounds: Option<[f64; 4]> = None;
    for corner in polygon.coordinates.0.iter().flat_map(|ring| &ring.0) {
        let [Some(east), Some(north)] = corner.0[..] else {
            continue;
        };
        let [w, s, e, n] = bounds.unwrap_or([east, north, east, north]);
        bounds = Some([w.min(east), s.min(north), e.max(east), n.max(north)]);
    }
    bounds
}

fn reply_to<'a>(status: &Status<'a>) -> Option<PostRef<'a>> {
    let answered = PostRef {
        id: id_of(
            &status.in_reply_to_status_id_str,
            &status.in_reply_to_status_id,
        )
        .text(),
        author_id: id_of(&status.in_reply_to_user_id_str, &status.in_reply_to_user_id).text(),
        author_handle: status.in_reply_to_screen_name.text(),
    };
    (answered != PostRef::default()).then_some(answered)
}

/// The ids of the versions before this one.
fn supersedes<'a>(status: &Status<'a>) -> Vec<Cow<'a, str>> {
    let info = status.edit_info.get();
    let histories = [
        Some(&status.edit_history.edit_tweet_ids.0),
        info.map(|info| &info.edit.initial.edit_tweet_ids.0),
        info.map(|info| &info.initial.edit_tweet_ids.0),
    ];
    let history = histories
        .into_iter()
        .flatten()
        .find(|history| !history.is_empty());
    let own = id_of(&status.id_str, &status.id).as_str();
    let history = history.map_or(&[][..], Vec::as_slice);
    let place = history.iter().position(|version| version.as_str() == own);
    let earlier = &history[..place.unwrap_or(0)];
    earlier
        .iter()
        .map(|id| id.text())
        .filter(|id| !id.is_empty())
        .collect()
}

fn metrics(status: &Status<'_>) -> Metrics {
    Metrics {
        likes: status.favorite_count,
        reposts: status.retweet_count,
        replies: status.reply_count,
        quotes: status.quote_count,
        views: None,
        bookmarks: None,
    }
}

/// The name in `<a href="http://twitter.com/download/iphone" rel="nofollow">Twitter for iPhone</a>`.
fn app(source: Cow<'_, str>) -> Cow<'_, str> {
    let (Some(start), Some(end)) = (source.find('>'), source.rfind("</a>")) else {
        return source;
    };
    if start + 1 > end {
        return source;
    }
    match source {
        Cow::Borrowed(source) => PlainText::new(Cow::Borrowed(&source[start + 1..end])).text,
        Cow::Owned(source) => Cow::Owned(
            PlainText::new(Cow::Borrowed(&source[start + 1..end]))
                .text
                .into_owned(),
        ),
    }
}

/// A status that not even its author's followers see was made for promotion.
fn is_nullcast(status: &Status<'_>) -> bool {
    let followers = status.scopes.get().and_then(|scopes| scopes.followers);
    followers == Some(false)
}

/// Puts in what the status passes on or quotes. A retweet of a quote repeats the quoted status; it belongs to the original.
fn embed<'a>(post: &mut Post<'a>, status: &Status<'a>, levels: u8) {
    if let Some(original) = status.retweeted_status.get() {
        post.repost_of = Some(reference(original));
        push(post, original, Relation::Repost, levels);
        return;
    }
    let quoted_id = id_of(&status.quoted_status_id_str, &status.quoted_status_id);
    if let Some(quoted) = status.quoted_status.get() {
        post.quote_of = Some(reference(quoted));
        push(post, quoted, Relation::Quote, levels);
    } else if !quoted_id.is_empty() {
        post.quote_of = Some(PostRef {
            id: quoted_id.text(),
            ..PostRef::default()
        });
    }
}

fn reference<'a>(status: &Status<'a>) -> PostRef<'a> {
    let author = status.user.get();
    PostRef {
        id: id_of(&status.id_str, &status.id).text(),
        author_id: author
            .map(|user| id_of(&user.id_str, &user.id).text())
            .unwrap_or_default(),
        author_handle: author
            .map(|user| user.screen_name.text())
            .unwrap_or_default(),
    }
}

fn push<'a>(post: &mut Post<'a>, status: &Status<'a>, relation: Relation, levels: u8) {
    let id = id_of(&status.id_str, &status.id);
    let (text, ..) = text_and_entities(status);
    if levels > 0 && !id.is_empty() && matches!(text, Field::Text(_)) {
        post.embedded.reserve_exact(1);
        post.embedded.push(Embedded {
            id: EventId::new(SERVICE, id.text()),
            relation,
            post: Post::default(),
        });
        if let Some(embedded) = post.embedded.last_mut() {
            fill(&mut embedded.post, status, levels - 1);
        }
    }
}
