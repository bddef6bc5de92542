//! Cuts a page of an API's answer into one frame per post, so that a recorded page replays like a stream.
//!
//! A v2 post's frame carries of the page's `includes` what the post refers to and what those posts refer to; every object is
//! the very bytes of the page. This is for files; a live stream sends its posts one by one.

use std::collections::{BTreeSet, HashMap};

use serde::Deserialize;
use sonic_rs::LazyValue;

use super::wire;
use crate::json;
use crate::json::field::Id;
use crate::json::lenient::objects;
use crate::shape::{self, Shape};

/// The frames of a page `{"data":[…],"includes":{…}}`, `{"statuses":[…]}` or `{"results":[…]}`, in its order; `None` if
/// this is no page of posts.
pub fn split_page(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let text = json::checked(bytes).ok()?;
    match shape::of(text).ok()? {
        Shape::XPage => split_v2(text),
        Shape::StatusPage => split_v11(text),
        _ => None,
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct StatusPage<'a> {
    #[serde(borrow)]
    statuses: Vec<LazyValue<'a>>,
    #[serde(borrow)]
    results: Vec<LazyValue<'a>>,
}

fn split_v11(text: &str) -> Option<Vec<Vec<u8>>> {
    let page: StatusPage<'_> = json::parse(text).ok()?;
    let statuses = page.statuses.iter().chain(&page.results);
    let frames = statuses.map(|status| status.as_raw_str().as_bytes().to_vec());
    let frames: Vec<_> = frames.collect();
    (!frames.is_empty()).then_some(frames)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Page<'a> {
    #[serde(borrow)]
    data: Vec<LazyValue<'a>>,
    #[serde(borrow)]
    includes: Lists<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Lists<'a> {
    #[serde(borrow)]
    users: Vec<LazyValue<'a>>,
    #[serde(borrow)]
    tweets: Vec<LazyValue<'a>>,
    #[serde(borrow)]
    posts: Vec<LazyValue<'a>>,
    #[serde(borrow)]
    media: Vec<LazyValue<'a>>,
    #[serde(borrow)]
    places: Vec<LazyValue<'a>>,
}

fn split_v2(text: &str) -> Option<Vec<Vec<u8>>> {
    let page: Page<'_> = json::parse(text).ok()?;
    let objects = Objects::of(&page.includes);
    let mut frames = Vec::with_capacity(page.data.len());
    let mut n_posts = 0;
    for object in &page.data {
        let raw = object.as_raw_str();
        let post: wire::Post<'_> = json::object(raw).ok()?;
        n_posts += usize::from(super::other::is_post(&post));
        let mut wanted = BTreeSet::new();
        objects.wanted_by(&post, 1, &mut wanted);
        frames.push(frame(raw, &objects, &wanted));
    }
    (n_posts > 0).then_some(frames)
}

/// What kind of object; also the order and the names in a frame's `includes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Kind {
    User,
    Tweet,
    Post,
    Media,
    Place,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::User => "users",
            Self::Tweet => "tweets",
            Self::Post => "posts",
            Self::Media => "media",
            Self::Place => "places",
        }
    }
}

/// A page's included objects, found by their ids.
struct Objects<'a> {
    /// Kind and bytes, in the page's order.
    all: Vec<(Kind, &'a str)>,
    places: HashMap<(Kind, String), usize>,
}

objects! {
    /// The names by which any included object may be referred to.
    struct Names<'a> {
        id: Id<'a>,
        media_key: Id<'a>,
        username: Id<'a>,
    }
}

impl<'a> Objects<'a> {
    fn of(lists: &'a Lists<'_>) -> Self {
        let mut objects = Self {
            all: Vec::new(),
            places: HashMap::new(),
        };
        for (kind, list) in [
            (Kind::User, &lists.users),
            (Kind::Tweet, &lists.tweets),
            (Kind::Post, &lists.posts),
            (Kind::Media, &lists.media),
            (Kind::Place, &lists.places),
        ] {
            for object in list {
                objects.add(kind, object.as_raw_str());
            }
        }
        objects
    }

    fn add(&mut self, kind: Kind, raw: &'a str) {
        let Ok(names) = json::object::<Names<'_>>(raw) else {
            return;
        };
        let place = self.all.len();
        self.all.push((kind, raw));
        let id = match kind {
            Kind::Media => &names.media_key,
            _ => &names.id,
        };
        self.places
            .entry((kind, id.as_str().to_owned()))
            .or_insert(place);
        if kind == Kind::User && !names.username.is_empty() {
            // Older answers name mentioned accounts by handle only. A handle has a letter or is no known id.
            let handle = format!("@{}", names.username.as_str().to_lowercase());
            self.places.entry((kind, handle)).or_insert(place);
        }
    }

    fn find(&self, kind: Kind, name: &str) -> Option<usize> {
        let key = (kind, name.to_owned());
        (!name.is_empty())
            .then(|| self.places.get(&key).copied())
            .flatten()
    }

    /// Adds what a post refers to, and, through `levels` of posts, what those refer to.
    fn wanted_by(&self, post: &wire::Post<'_>, levels: u8, wanted: &mut BTreeSet<usize>) {
        for user in [&post.author_id, &post.in_reply_to_user_id] {
            wanted.extend(self.find(Kind::User, user.as_str()));
        }
        let notes = [post.note_tweet.get(), post.note_post.get()];
        let notes = notes.iter().flatten().map(|note| &note.entities);
        for entities in notes.chain([&post.entities]) {
            for mention in &entities.mentions {
                let handle = || format!("@{}", mention.username.as_str().to_lowercase());
                let by_id = self.find(Kind::User, mention.id.as_str());
                wanted.extend(by_id.or_else(|| self.find(Kind::User, &handle())));
            }
        }
        for key in &post.attachments.media_keys.0 {
            wanted.extend(self.find(Kind::Media, key.as_str()));
        }
        if let Some(geo) = post.geo.get() {
            wanted.extend(self.find(Kind::Place, geo.place_id.as_str()));
        }
        for reference in post.referenced_tweets.iter().chain(&post.referenced_posts) {
            self.want_post(reference.id.as_str(), levels, wanted);
        }
    }

    fn want_post(&self, id: &str, levels: u8, wanted: &mut BTreeSet<usize>) {
        let place = self
            .find(Kind::Tweet, id)
            .or_else(|| self.find(Kind::Post, id));
        let Some(place) = place.filter(|place| wanted.insert(*place)) else {
            return;
        };
        if let Ok(inner) = json::object::<wire::Post<'_>>(self.all[place].1)
            && levels > 0
        {
            self.wanted_by(&inner, levels - 1, wanted);
        }
    }
}

/// `{"data":…,"includes":{"users":[…],…}}` of the page's own bytes.
fn frame(data: &str, objects: &Objects<'_>, wanted: &BTreeSet<usize>) -> Vec<u8> {
    let mut frame = format!(r#"{{"data":{data}"#);
    let mut last = None;
    for (kind, raw) in wanted.iter().map(|place| objects.all[*place]) {
        frame.push_str(match last {
            None => r#","includes":{""#,
            Some(last) if last == kind => ",",
            Some(_) => r#"],""#,
        });
        if last != Some(kind) {
            frame.push_str(kind.name());
            frame.push_str(r#"":["#);
        }
        frame.push_str(raw);
        last = Some(kind);
    }
    frame.push_str(if last.is_some() { "]}}" } else { "}" });
    frame.into_bytes()
}
