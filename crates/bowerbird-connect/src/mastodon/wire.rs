//! What Mastodon's API and ActivityPub say, as it comes. No meaning: that is [`super::convert`] and [`super::activity`].

use std::borrow::Cow;

use serde::de::{MapAccess, SeqAccess};

use crate::json::field::{Field, Id, Maybe, TextOr, Values};
use crate::json::lenient::{Lenient, ReadInto, Scalar, objects, skip_list, skip_object};

objects! {
    /// A message of a stream, as the source hands it on; see [`super::frames`].
    pub(super) struct Envelope<'a> {
        /// The instance, by the name in its address.
        host as "mastodon": Field<'a>,
        /// The name in its accounts' handles, where that is another.
        domain: Field<'a>,
        /// Whose stream it is, by handle, where it is somebody's.
        me: Field<'a>,
        event: Field<'a>,
        /// Of a deletion: what the source remembers of the deleted post.
        uri: Field<'a>,
        payload: TextOr<'a, Payload<'a>>,
    }

    /// A status, a notification or a conversation.
    pub(super) struct Payload<'a> {
        kind as "type": Field<'a>,
        status: Maybe<Status<'a>>,
        last_status: Maybe<Status<'a>>,
        .. it: Status<'a>,
    }

    /// A post, or what passes one on.
    pub(super) struct Status<'a> {
        id: Id<'a>,
        uri: Field<'a>,
        url: Field<'a>,
        created_at: Field<'a>,
        edited_at: Field<'a>,
        content: Field<'a>,
        spoiler_text: Field<'a>,
        sensitive: Option<bool>,
        visibility: Field<'a>,
        language: Field<'a>,
        in_reply_to_id: Id<'a>,
        in_reply_to_account_id: Id<'a>,
        replies_count: Option<u64>,
        reblogs_count: Option<u64>,
        favourites_count: Option<u64>,
        quotes_count: Option<u64>,
        reblog: Maybe<Status<'a>>,
        quote: Maybe<Quote<'a>>,
        application: App<'a>,
        account: Maybe<Account<'a>>,
        media_attachments: Vec<Media<'a>>,
        mentions: Vec<Mention<'a>>,
        tags: Vec<Tag<'a>>,
        card: Maybe<Card<'a>>,
        poll: Maybe<Poll<'a>>,
    }

    /// What a post quotes: with a state and the post in it, or, of older forks, the post itself.
    pub(super) struct Quote<'a> {
        state: Field<'a>,
        quoted_status: Maybe<Status<'a>>,
        quoted_status_id: Id<'a>,
        .. status: Status<'a>,
    }

    /// The program a post was sent with.
    pub(super) struct App<'a> {
        name: Field<'a>,
    }

    /// An account.
    pub(super) struct Account<'a> {
        id: Id<'a>,
        username: Field<'a>,
        acct: Field<'a>,
        display_name: Field<'a>,
        note: Field<'a>,
        url: Field<'a>,
        avatar: Field<'a>,
        bot: Option<bool>,
        created_at: Field<'a>,
        followers_count: Option<u64>,
        following_count: Option<u64>,
        statuses_count: Option<u64>,
        fields: Vec<NameValue<'a>>,
    }

    /// A line of an account's table.
    pub(super) struct NameValue<'a> {
        name: Field<'a>,
        value: Field<'a>,
    }

    /// Something attached.
    pub(super) struct Media<'a> {
        id: Id<'a>,
        kind as "type": Field<'a>,
        url: Field<'a>,
        remote_url: Field<'a>,
        description: Field<'a>,
    }

    /// An account that is named in a text.
    pub(super) struct Mention<'a> {
        id: Id<'a>,
        username: Field<'a>,
        url: Field<'a>,
        acct: Field<'a>,
    }

    /// A hashtag, also ActivityPub's, which has a sign before its name.
    pub(super) struct Tag<'a> {
        kind as "type": Field<'a>,
        name: Field<'a>,
        href: Field<'a>,
    }

    /// What a linked page says of itself.
    pub(super) struct Card<'a> {
        url: Field<'a>,
        title: Field<'a>,
        description: Field<'a>,
    }

    /// A question with answers to choose from.
    pub(super) struct Poll<'a> {
        options: Vec<Choice<'a>>,
    }

    /// An answer.
    pub(super) struct Choice<'a> {
        title as "title" | "name": Field<'a>,
    }

    /// ActivityPub: something that was done, what it was done to, or who did it.
    pub(super) struct Thing<'a> {
        id: Field<'a>,
        kind as "type": Field<'a>,
        actor: LinkOr<'a>,
        attributed_to as "attributedTo": LinkOr<'a>,
        published: Field<'a>,
        updated: Field<'a>,
        to: OneOrMany<'a>,
        cc: OneOrMany<'a>,
        object: LinkOr<'a>,
        content: Field<'a>,
        content_map as "contentMap": ByLanguage<'a>,
        name: Field<'a>,
        summary: Field<'a>,
        url: Field<'a>,
        in_reply_to as "inReplyTo": LinkOr<'a>,
        quote as "quote" | "quoteUrl" | "quoteUri" | "_misskey_quote": LinkOr<'a>,
        conversation: Field<'a>,
        sensitive: Option<bool>,
        tag: Vec<Tag<'a>>,
        attachment: Vec<Attachment<'a>>,
        choices as "oneOf" | "anyOf": Vec<Choice<'a>>,
        preferred_username as "preferredUsername": Field<'a>,
        icon: Maybe<Attachment<'a>>,
    }

    /// ActivityPub: something attached.
    pub(super) struct Attachment<'a> {
        media_type as "mediaType": Field<'a>,
        url: Field<'a>,
        name: Field<'a>,
        value: Field<'a>,
    }
}

/// A thing, or only its address.
#[derive(Debug, Default)]
pub(super) struct LinkOr<'a> {
    pub(super) link: Field<'a>,
    pub(super) thing: Maybe<Thing<'a>>,
}

impl<'a> LinkOr<'a> {
    /// The address, of a thing its id.
    pub(super) fn id(&self) -> &Field<'a> {
        match self.thing.get() {
            Some(thing) => &thing.id,
            None => &self.link,
        }
    }
}

impl<'a> Lenient<'a> for LinkOr<'a> {
    fn scalar(&mut self, scalar: Scalar<'a>) {
        self.link.scalar(scalar);
    }

    fn list<L: SeqAccess<'a>>(&mut self, list: L) -> Result<(), L::Error> {
        skip_list(list)
    }

    fn object<O: MapAccess<'a>>(&mut self, object: O) -> Result<(), O::Error> {
        self.thing.object(object)
    }
}

/// Texts, where one alone need not be in a list.
#[derive(Debug, Default)]
pub(super) struct OneOrMany<'a>(Values<Field<'a>>);

impl OneOrMany<'_> {
    /// Is this one of them?
    pub(super) fn has(&self, is_it: impl Fn(&str) -> bool) -> bool {
        self.0.0.iter().any(|one| is_it(one.as_str()))
    }
}

impl<'a> Lenient<'a> for OneOrMany<'a> {
    fn scalar(&mut self, scalar: Scalar<'a>) {
        let mut one = Field::default();
        one.scalar(scalar);
        self.0.0.push(one);
    }

    fn list<L: SeqAccess<'a>>(&mut self, list: L) -> Result<(), L::Error> {
        self.0.list(list)
    }

    fn object<O: MapAccess<'a>>(&mut self, object: O) -> Result<(), O::Error> {
        skip_object(object)
    }
}

/// A text by its language: the first there is.
#[derive(Debug, Default)]
pub(super) struct ByLanguage<'a> {
    pub(super) lang: Cow<'a, str>,
    pub(super) text: Field<'a>,
}

impl<'a> Lenient<'a> for ByLanguage<'a> {
    fn scalar(&mut self, _: Scalar<'a>) {}

    fn list<L: SeqAccess<'a>>(&mut self, list: L) -> Result<(), L::Error> {
        skip_list(list)
    }

    fn object<O: MapAccess<'a>>(&mut self, mut object: O) -> Result<(), O::Error> {
        if let Some(lang) = object.next_key::<Cow<'a, str>>()? {
            self.lang = lang;
            object.next_value_seed(ReadInto(&mut self.text))?;
        }
        skip_object(object)
    }
}
