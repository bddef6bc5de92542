//! What a frame says happened, normalised over all services, borrowing from the frame's bytes.
//!
//! An [`Event`] is what a service's `convert` makes and what everything after it reads: rules, spool, store, pages. It is
//! also a wire form of our own: serialised as JSON it is the *native* format that the synthetic source speaks. Strings that
//! a service did not give are empty; numbers it did not give are `None`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::ids::EventId;
use crate::time::Time;

pub use bowerbird_rules::doc::{Entity, EntityKind};

mod aliases;
mod doc;
mod post;

pub use aliases::{Alias, Aliases, aliases_of};
pub use doc::{looked_into, with_doc};
pub use post::{Account, Embedded, Lang, Metrics, Place, Post, PostRef, Relation};

/// One thing that happened on a service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event<'a> {
    /// What makes it the same event when it comes a second time.
    #[serde(borrow)]
    pub id: EventId<'a>,
    /// When it happened, as the service says; `None` where it does not say.
    pub at: Option<Time>,
    /// What happened.
    #[serde(borrow)]
    pub body: Body<'a>,
}

/// The kinds of events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Body<'a> {
    /// An utterance, new to us.
    #[serde(borrow)]
    Post(Box<Post<'a>>),
    /// A later version of an utterance: under the same id with a greater version, or naming the ids it supersedes.
    #[serde(borrow)]
    Edit(Box<Post<'a>>),
    /// Something is to be forgotten.
    #[serde(borrow)]
    Delete(Delete<'a>),
    /// What an account says of itself changed, or was told.
    #[serde(borrow)]
    Profile(Box<Account<'a>>),
    /// Between two accounts.
    #[serde(borrow)]
    Relationship(Relationship<'a>),
    /// Between an account and a post.
    #[serde(borrow)]
    Interaction(Interaction<'a>),
    /// The service speaks about the stream itself.
    #[serde(borrow)]
    Notice(Notice<'a>),
}

impl<'a> Event<'a> {
    /// The post in it, new or edited.
    pub fn post(&self) -> Option<&Post<'a>> {
        match &self.body {
            Body::Post(post) | Body::Edit(post) => Some(post),
            _ => None,
        }
    }
}

/// What is to be forgotten.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delete<'a> {
    /// One post, by its author or by the service.
    Post {
        /// The post's id on the event's service.
        #[serde(borrow)]
        post_id: Cow<'a, str>,
        /// Its author's id; empty if not given.
        #[serde(borrow)]
        author_id: Cow<'a, str>,
    },
    /// A whole account with all its posts.
    Account {
        /// The account's id.
        #[serde(borrow)]
        account_id: Cow<'a, str>,
        /// What became of it, in the service's word (`deleted`, `suspended`, …).
        #[serde(borrow)]
        status: Cow<'a, str>,
    },
    /// The places of an account's posts, up to and including one.
    Location {
        /// The account's id.
        #[serde(borrow)]
        account_id: Cow<'a, str>,
        /// The last post concerned.
        #[serde(borrow)]
        up_to_post_id: Cow<'a, str>,
    },
    /// A post that may not be shown in some countries.
    WithheldPost {
        /// The post's id.
        #[serde(borrow)]
        post_id: Cow<'a, str>,
        /// ISO 3166-1 alpha-2 codes, `XX` for everywhere.
        #[serde(borrow)]
        countries: Vec<Cow<'a, str>>,
    },
    /// An account that may not be shown in some countries.
    WithheldAccount {
        /// The account's id.
        #[serde(borrow)]
        account_id: Cow<'a, str>,
        /// ISO 3166-1 alpha-2 codes, `XX` for everywhere.
        #[serde(borrow)]
        countries: Vec<Cow<'a, str>>,
    },
}

/// Something between two accounts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Relationship<'a> {
    /// `follows`, `blocks`, `ignores`.
    #[serde(borrow)]
    pub kind: Cow<'a, str>,
    /// Did it end (`unfollow`)?
    pub ended: bool,
    /// Who did it.
    #[serde(borrow)]
    pub source: Box<Account<'a>>,
    /// To whom.
    #[serde(borrow)]
    pub target: Box<Account<'a>>,
}

/// Something between an account and a post.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Interaction<'a> {
    /// `like`, `dislike`, `share`, `hide`.
    #[serde(borrow)]
    pub kind: Cow<'a, str>,
    /// Did it end (`unlike`)?
    pub ended: bool,
    /// Who did it.
    #[serde(borrow)]
    pub account: Box<Account<'a>>,
    /// To which post; empty where a deletion names only the interaction's own id.
    #[serde(borrow)]
    pub post_id: Cow<'a, str>,
}

/// What a service says about the stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notice<'a> {
    /// What it is about.
    pub kind: NoticeKind,
    /// How many posts were withheld on this connection so far; set for [`NoticeKind::Limit`] only.
    pub withheld: Option<u64>,
    /// The service's words.
    #[serde(borrow)]
    pub text: Cow<'a, str>,
}

/// The kinds of [`Notice`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NoticeKind {
    /// Posts were withheld: a gap.
    Limit,
    /// The service is about to cut, or has cut, the connection.
    Disconnect,
    /// We fall behind.
    Warning,
    /// Anything else worth keeping (lists of friends, greetings).
    Other,
}
