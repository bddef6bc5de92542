//! Jetstream's events and Bluesky's records as they come. No meaning: that is [`super::convert`].
//!
//! One type holds the fields of every record we know; which of them count is decided by the collection.

use crate::json::field::{Field, Id, Maybe, TextOr, Values};
use crate::json::lenient::objects;

objects! {
    /// An event of the old wire, or the envelope of the new one.
    pub(super) struct Event<'a> {
        did: Field<'a>,
        time_us: Option<u64>,
        kind: Field<'a>,
        commit: Maybe<Commit<'a>>,
        identity: Maybe<About<'a>>,
        account: Maybe<About<'a>>,
        payload: Maybe<Payload<'a>>,
        error: Field<'a>,
        message: Field<'a>,
    }

    /// What the new wire carries: everything in one place.
    pub(super) struct Payload<'a> {
        kind as "$type": Field<'a>,
        seq: Id<'a>,
        did: Field<'a>,
        time: Field<'a>,
        rev: Field<'a>,
        operation: Field<'a>,
        collection: Field<'a>,
        rkey: Field<'a>,
        record: Maybe<Record<'a>>,
        handle: Field<'a>,
        active: Option<bool>,
        status: Field<'a>,
        name: Field<'a>,
        message: Field<'a>,
    }

    /// A record that was made, changed or deleted.
    pub(super) struct Commit<'a> {
        rev: Field<'a>,
        operation: Field<'a>,
        collection: Field<'a>,
        rkey: Field<'a>,
        record: Maybe<Record<'a>>,
    }

    /// `identity` and `account`.
    pub(super) struct About<'a> {
        seq: Id<'a>,
        handle: Field<'a>,
        active: Option<bool>,
        status: Field<'a>,
    }

    /// A record of any collection we know.
    pub(super) struct Record<'a> {
        created_at as "createdAt": Field<'a>,
        text: Field<'a>,
        langs: Values<Field<'a>>,
        facets: Vec<Facet<'a>>,
        tags: Values<Field<'a>>,
        reply: Maybe<Reply<'a>>,
        embed: Maybe<Embed<'a>>,
        labels: Labels<'a>,
        /// Of likes and reposts a post; of follows and blocks an account, as bare text.
        subject: TextOr<'a, StrongRef<'a>>,
        display_name as "displayName": Field<'a>,
        description: Field<'a>,
        website: Field<'a>,
        avatar: Maybe<Blob<'a>>,
    }

    /// A record's address.
    pub(super) struct StrongRef<'a> {
        uri: Field<'a>,
    }

    /// What a post answers.
    pub(super) struct Reply<'a> {
        root: StrongRef<'a>,
        parent: StrongRef<'a>,
    }

    /// A part of the text that means something, in bytes of UTF-8.
    pub(super) struct Facet<'a> {
        index: Slice,
        features: Vec<Feature<'a>>,
    }

    /// From and until.
    pub(super) struct Slice {
        byte_start as "byteStart": Option<u64>,
        byte_end as "byteEnd": Option<u64>,
    }

    /// What it means.
    pub(super) struct Feature<'a> {
        kind as "$type": Field<'a>,
        uri: Field<'a>,
        did: Field<'a>,
        tag: Field<'a>,
    }

    /// What is attached. A record with media has the media in `media` and the record, one level deeper, in `record`.
    pub(super) struct Embed<'a> {
        images: Vec<Image<'a>>,
        /// Of a gallery.
        items: Vec<Image<'a>>,
        video: Maybe<Blob<'a>>,
        alt: Field<'a>,
        external: Maybe<External<'a>>,
        record: Maybe<EmbeddedRecord<'a>>,
        media: Maybe<Embed<'a>>,
    }

    /// A record's address, or an object with one.
    pub(super) struct EmbeddedRecord<'a> {
        uri: Field<'a>,
        record: StrongRef<'a>,
    }

    /// An image.
    pub(super) struct Image<'a> {
        alt: Field<'a>,
        image: Blob<'a>,
    }

    /// A page.
    pub(super) struct External<'a> {
        uri: Field<'a>,
        title: Field<'a>,
        description: Field<'a>,
    }

    /// A file, by its content's id; `cid` is how it was written before 2023.
    pub(super) struct Blob<'a> {
        r#ref as "ref": Link<'a>,
        cid: Field<'a>,
    }

    /// A content's id.
    pub(super) struct Link<'a> {
        link as "$link": Field<'a>,
    }

    /// What an author says of a post's content.
    pub(super) struct Labels<'a> {
        values: Vec<Label<'a>>,
    }

    /// One label.
    pub(super) struct Label<'a> {
        val: Field<'a>,
    }
}
