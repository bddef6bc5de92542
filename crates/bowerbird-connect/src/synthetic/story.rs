//! What happens as post number n: a new post, an answer, a repost, a quote, an edit, a deletion, a like, a new profile.
//!
//! A pure function of the seed and the number. What refers to another post looks back for one, by the same function, so
//! nothing has to be remembered and the stream can begin anywhere.

use std::borrow::Cow;
use std::time::Duration;

use bowerbird_core::event::{
    Account, Body, Delete, Embedded, Event, Interaction, Lang, Metrics, Place, Post, PostRef,
    Relation,
};
use bowerbird_core::ids::EventId;
use bowerbird_core::time::Time;

use super::SERVICE;
use super::cast::Member;
use super::compose::{Draft, USUAL, compose};
use super::dice::Dice;
use super::words::City;

/// How far back a post may refer.
const LOOK_BACK: u64 = 400;
/// How many posts are looked at before giving up.
const TRIES: u64 = 16;
/// The longest chain of answers that is followed to its beginning.
const LONGEST_CHAIN: usize = 16;

/// Purposes of dice.
const KIND: u64 = 1;
const TARGET: u64 = 2;
const WORDS: u64 = 3;
const AUTHOR: u64 = 4;
const EXTRAS: u64 = 5;

/// What a number is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Post,
    Reply,
    Quote,
    Repost,
    Edit,
    Delete,
    Like,
    Profile,
}

/// All that happens under one seed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Story {
    pub(super) seed: u64,
    /// The mean time between two posts, by which earlier posts are dated.
    pub(super) gap: Duration,
}

impl Story {
    /// Event number `n`, which happens `now`.
    pub(super) fn event(&self, n: u64, now: Time) -> Event<'static> {
        let target = self.target(n);
        let (id, body) = match (self.kind(n), target) {
            (Kind::Post | Kind::Reply | Kind::Quote, _) => {
                (self.event_id(n), self.new_post(n, now))
            }
            (Kind::Repost, Some(target)) => (self.event_id(n), self.repost(n, target, now)),
            (Kind::Edit, Some(target)) => self.edit(n, target, now),
            (Kind::Delete, Some(target)) => self.delete(target),
            (Kind::Like, Some(target)) => (self.event_id(n), self.like(n, target)),
            (Kind::Profile, _) => (self.event_id(n), Body::Profile(Box::new(self.profile(n)))),
            (_, None) => (self.event_id(n), self.new_post(n, now)),
        };
        Event {
            id,
            at: Some(now),
            body,
        }
    }

    fn kind(&self, n: u64) -> Kind {
        match Dice::new(self.seed, n, KIND).below(1_000) {
            0..700 => Kind::Post,
            700..830 => Kind::Reply,
            830..880 => Kind::Quote,
            880..945 => Kind::Repost,
            945..962 => Kind::Edit,
            962..978 => Kind::Delete,
            978..995 => Kind::Like,
            _ => Kind::Profile,
        }
    }

    /// The earlier post with a text of its own that `n` refers to, if there is one.
    fn target(&self, n: u64) -> Option<u64> {
        let back = 1 + Dice::new(self.seed, n, TARGET).below(LOOK_BACK);
        let first = n.checked_sub(back).or(n.checked_sub(1))?;
        let candidates = (first.saturating_sub(TRIES)..=first).rev();
        candidates
            .into_iter()
            .find(|m| matches!(self.kind(*m), Kind::Post | Kind::Reply | Kind::Quote))
    }

    fn id(&self, n: u64) -> String {
        format!("{}-{n}", self.seed)
    }

    fn event_id(&self, n: u64) -> EventId<'static> {
        EventId::new(SERVICE, self.id(n))
    }

    fn author(&self, n: u64) -> Member {
        Member::speaker(&mut Dice::new(self.seed, n, AUTHOR))
    }

    fn reference(&self, n: u64) -> PostRef<'static> {
        let author = self.author(n);
        PostRef {
            id: Cow::Owned(self.id(n)),
            author_id: Cow::Owned(author.id()),
            author_handle: Cow::Owned(author.handle()),
        }
    }

    /// When an earlier post was made, as seen from `now` at `n`.
    fn earlier(&self, n: u64, target: u64, now: Time) -> Time {
        let posts = u32::try_from(n - target).unwrap_or(u32::MAX);
        now.minus(self.gap.saturating_mul(posts))
    }

    fn new_post(&self, n: u64, now: Time) -> Body<'static> {
        let mut post = self.written(n, now);
        if let (Some(target), true) = (self.target(n), post.quote_of.is_some()) {
            let quoted = self.written(target, self.earlier(n, target, now));
            post.embedded.push(Embedded {
                id: self.event_id(target),
                relation: Relation::Quote,
                post: quoted,
            });
        }
        Body::Post(Box::new(post))
    }

    fn repost(&self, n: u64, target: u64, now: Time) -> Body<'static> {
        let original = self.written(target, self.earlier(n, target, now));
        let post = Post {
            author: self.author(n).account(),
            made_at: Some(now),
            text: original.text.clone(),
            lang: original.lang.clone(),
            entities: original.entities.clone(),
            repost_of: Some(self.reference(target)),
            conversation_id: Cow::Owned(self.id(n)),
            app: original.app.clone(),
            url: Cow::Owned(address(&self.id(n))),
            embedded: vec![Embedded {
                id: self.event_id(target),
                relation: Relation::Repost,
                post: original,
            }],
            ..Post::default()
        };
        Body::Post(Box::new(post))
    }

    fn edit(&self, n: u64, target: u64, now: Time) -> (EventId<'static>, Body<'static>) {
        let author = self.author(target);
        let mut post = self.written(target, self.earlier(n, target, now));
        post.text = Cow::Owned(format!("{} {}", post.text, author.language.correction));
        let version = Cow::Owned(format!("{n:020}"));
        (
            EventId {
                version,
                ..self.event_id(target)
            },
            Body::Edit(Box::new(post)),
        )
    }

    fn delete(&self, target: u64) -> (EventId<'static>, Body<'static>) {
        let post_id = Cow::Owned(self.id(target));
        let author_id = Cow::Owned(self.author(target).id());
        let id = EventId {
            version: Cow::Borrowed("deleted"),
            ..self.event_id(target)
        };
        (id, Body::Delete(Delete::Post { post_id, author_id }))
    }

    fn like(&self, n: u64, target: u64) -> Body<'static> {
        Body::Interaction(Interaction {
            kind: Cow::Borrowed("like"),
            ended: false,
            account: Box::new(self.author(n).account()),
            post_id: Cow::Owned(self.id(target)),
        })
    }

    fn profile(&self, n: u64) -> Account<'static> {
        let mut dice = Dice::new(self.seed, n, WORDS);
        let member = self.author(n);
        Account {
            bio: Cow::Borrowed(dice.pick(member.language.bios)),
            ..member.account()
        }
    }

    /// The post with a text of its own that is number `n`; what it quotes is named and not embedded.
    fn written(&self, n: u64, made_at: Time) -> Post<'static> {
        let mut dice = Dice::new(self.seed, n, WORDS);
        let author = self.author(n);
        let kind = self.kind(n);
        let target = self
            .target(n)
            .filter(|_| matches!(kind, Kind::Reply | Kind::Quote));
        let draft = self.draft(author, kind, target, &mut dice);
        let mut post = Post {
            author: author.account(),
            made_at: Some(made_at),
            text: Cow::Owned(draft.text),
            lang: Lang {
                code: Cow::Borrowed(author.language.code),
                detected: false,
            },
            entities: draft.entities,
            conversation_id: Cow::Owned(self.id(self.beginning(n))),
            app: Cow::Borrowed("Bowerbird synthetic"),
            url: Cow::Owned(address(&self.id(n))),
            ..Post::default()
        };
        match kind {
            Kind::Reply => post.reply_to = target.map(|target| self.reference(target)),
            Kind::Quote => post.quote_of = target.map(|target| self.reference(target)),
            _ => {}
        }
        self.add_extras(n, author, &mut post);
        post
    }

    fn draft(&self, author: Member, kind: Kind, target: Option<u64>, dice: &mut Dice) -> Draft {
        let language = author.language;
        let topic = dice.pick(language.topics);
        let n_sentences = 1 + dice.below(3);
        match (kind, target) {
            (Kind::Reply, Some(target)) => {
                let mut draft = Draft::default();
                draft.mention(self.author(target));
                draft.text.push(' ');
                draft.text.push_str(dice.pick(language.answers));
                draft
            }
            (Kind::Quote, Some(_)) => Draft {
                text: dice.pick(language.comments).to_owned(),
                ..Draft::default()
            },
            _ => compose(language, &topic, n_sentences, USUAL, dice),
        }
    }

    /// The first post of the conversation that `n` belongs to.
    fn beginning(&self, n: u64) -> u64 {
        let mut first = n;
        for _ in 0..LONGEST_CHAIN {
            match self
                .target(first)
                .filter(|_| self.kind(first) == Kind::Reply)
            {
                Some(target) => first = target,
                None => break,
            }
        }
        first
    }

    fn add_extras(&self, n: u64, author: Member, post: &mut Post<'static>) {
        let mut dice = Dice::new(self.seed, n, EXTRAS);
        let city = author.home();
        if dice.chance(12) {
            post.place = Some(place(city));
        }
        if dice.chance(5) {
            let shift = |dice: &mut Dice| dice.below(1_000) as f64 / 10_000.0 - 0.05;
            post.point = Some([
                city.point[0] + shift(&mut dice),
                city.point[1] + shift(&mut dice),
            ]);
        }
        post.sensitive = dice.chance(2);
        let likes = dice.below(40);
        post.metrics = Metrics {
            likes: Some(likes),
            reposts: Some(likes / 5),
            replies: Some(likes / 8),
            quotes: Some(likes / 20),
            views: Some(likes * 37),
            bookmarks: Some(likes / 10),
        };
    }
}

fn address(id: &str) -> String {
    format!("https://example.org/posts/{id}")
}

/// A city as a square of some twenty kilometres.
fn place(city: &City) -> Place<'static> {
    let [lon, lat] = city.point;
    Place {
        id: Cow::Owned(format!("{}-{}", city.country_code, city.name)),
        name: Cow::Borrowed(city.name),
        full_name: Cow::Owned(format!("{}, {}", city.name, city.country)),
        kind: Cow::Borrowed("city"),
        country_code: Cow::Borrowed(city.country_code),
        country: Cow::Borrowed(city.country),
        bounds: Some([lon - 0.1, lat - 0.1, lon + 0.1, lat + 0.1]),
    }
}
