//! Jetstream's events and Bluesky's records as they come. No meaning: that is [`super::convert`].
//!
//! One type holds the fields of every record we know; which of them count is decided by the collection.

use serde::Deserialize;

use crate::json::field::{Count, Field, Flag, Id, Maybe, Objects, Part, Values};

/// An event of the old wire, or the envelope of the new one.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Event<'a> {
    #[serde(borrow, default)]
    pub(super) did: Field<'a>,
    #[serde(default)]
    pub(super) time_us: Count,
    #[serde(borrow, default)]
    pub(super) kind: Field<'a>,
    #[serde(borrow, default)]
    pub(super) commit: Maybe<Commit<'a>>,
    #[serde(borrow, default)]
    pub(super) identity: Maybe<About<'a>>,
    #[serde(borrow, default)]
    pub(super) account: Maybe<About<'a>>,
    #[serde(borrow, default)]
    pub(super) payload: Maybe<Payload<'a>>,
    #[serde(borrow, default)]
    pub(super) error: Field<'a>,
    #[serde(borrow, default)]
    pub(super) message: Field<'a>,
}

/// What the new wire carries: everything in one place.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Payload<'a> {
    #[serde(borrow, rename = "$type", default)]
    pub(super) r#type: Field<'a>,
    #[serde(borrow, default)]
    pub(super) seq: Id<'a>,
    #[serde(borrow, default)]
    pub(super) did: Field<'a>,
    #[serde(borrow, default)]
    pub(super) time: Field<'a>,
    #[serde(borrow, default)]
    pub(super) rev: Field<'a>,
    #[serde(borrow, default)]
    pub(super) operation: Field<'a>,
    #[serde(borrow, default)]
    pub(super) collection: Field<'a>,
    #[serde(borrow, default)]
    pub(super) rkey: Field<'a>,
    #[serde(borrow, default)]
    pub(super) record: Maybe<Record<'a>>,
    #[serde(borrow, default)]
    pub(super) handle: Field<'a>,
    #[serde(default)]
    pub(super) active: Option<Flag>,
    #[serde(borrow, default)]
    pub(super) status: Field<'a>,
    #[serde(borrow, default)]
    pub(super) name: Field<'a>,
    #[serde(borrow, default)]
    pub(super) message: Field<'a>,
}

/// A record that was made, changed or deleted.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Commit<'a> {
    #[serde(borrow, default)]
    pub(super) rev: Field<'a>,
    #[serde(borrow, default)]
    pub(super) operation: Field<'a>,
    #[serde(borrow, default)]
    pub(super) collection: Field<'a>,
    #[serde(borrow, default)]
    pub(super) rkey: Field<'a>,
    #[serde(borrow, default)]
    pub(super) record: Maybe<Record<'a>>,
}

/// `identity` and `account`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct About<'a> {
    #[serde(borrow, default)]
    pub(super) seq: Id<'a>,
    #[serde(borrow, default)]
    pub(super) handle: Field<'a>,
    #[serde(default)]
    pub(super) active: Option<Flag>,
    #[serde(borrow, default)]
    pub(super) status: Field<'a>,
}

/// A record of any collection we know.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Record<'a> {
    #[serde(borrow, rename = "createdAt", default)]
    pub(super) created_at: Field<'a>,
    #[serde(borrow, default)]
    pub(super) text: Field<'a>,
    #[serde(borrow, default)]
    pub(super) langs: Values<Field<'a>>,
    #[serde(borrow, default)]
    pub(super) facets: Objects<Facet<'a>>,
    #[serde(borrow, default)]
    pub(super) tags: Values<Field<'a>>,
    #[serde(borrow, default)]
    pub(super) reply: Maybe<Reply<'a>>,
    #[serde(borrow, default)]
    pub(super) embed: Maybe<Embed<'a>>,
    #[serde(borrow, default)]
    pub(super) labels: Part<Labels<'a>>,
    /// Of likes and reposts a post; of follows and blocks an account, as bare text.
    #[serde(borrow, default)]
    pub(super) subject: Subject<'a>,
    #[serde(borrow, rename = "displayName", default)]
    pub(super) display_name: Field<'a>,
    #[serde(borrow, default)]
    pub(super) description: Field<'a>,
    #[serde(borrow, default)]
    pub(super) website: Field<'a>,
    #[serde(borrow, default)]
    pub(super) avatar: Maybe<Blob<'a>>,
}

/// Whom or what a record is about.
#[derive(Debug, Default)]
pub(super) struct Subject<'a> {
    /// An account's DID.
    pub(super) did: Field<'a>,
    /// A record's address.
    pub(super) uri: Field<'a>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Subject<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (text, address) = crate::json::field::text_or_object(deserializer)?;
        let uri = address.map(|StrongRef { uri }| uri).unwrap_or_default();
        Ok(Self { did: text, uri })
    }
}

/// A record's address.
#[derive(Debug, Default, Deserialize)]
pub(super) struct StrongRef<'a> {
    #[serde(borrow, default)]
    pub(super) uri: Field<'a>,
}

/// What a post answers.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Reply<'a> {
    #[serde(borrow, default)]
    pub(super) root: Part<StrongRef<'a>>,
    #[serde(borrow, default)]
    pub(super) parent: Part<StrongRef<'a>>,
}

/// A part of the text that means something, in bytes of UTF-8.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Facet<'a> {
    #[serde(default)]
    pub(super) index: Part<Slice>,
    #[serde(borrow, default)]
    pub(super) features: Objects<Feature<'a>>,
}

/// From and until.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Slice {
    #[serde(rename = "byteStart", default)]
    pub(super) byte_start: Count,
    #[serde(rename = "byteEnd", default)]
    pub(super) byte_end: Count,
}

/// What it means.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Feature<'a> {
    #[serde(borrow, rename = "$type", default)]
    pub(super) r#type: Field<'a>,
    #[serde(borrow, default)]
    pub(super) uri: Field<'a>,
    #[serde(borrow, default)]
    pub(super) did: Field<'a>,
    #[serde(borrow, default)]
    pub(super) tag: Field<'a>,
}

/// What is attached. A record with media has the media in `media` and the record, one level deeper, in `record`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Embed<'a> {
    #[serde(borrow, default)]
    pub(super) images: Objects<Image<'a>>,
    /// Of a gallery.
    #[serde(borrow, default)]
    pub(super) items: Objects<Image<'a>>,
    #[serde(borrow, default)]
    pub(super) video: Maybe<Blob<'a>>,
    #[serde(borrow, default)]
    pub(super) alt: Field<'a>,
    #[serde(borrow, default)]
    pub(super) external: Maybe<External<'a>>,
    #[serde(borrow, default)]
    pub(super) record: Maybe<EmbeddedRecord<'a>>,
    #[serde(borrow, default)]
    pub(super) media: Maybe<Embed<'a>>,
}

/// A record's address, or an object with one.
#[derive(Debug, Default, Deserialize)]
pub(super) struct EmbeddedRecord<'a> {
    #[serde(borrow, default)]
    pub(super) uri: Field<'a>,
    #[serde(borrow, default)]
    pub(super) record: Part<StrongRef<'a>>,
}

/// An image.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Image<'a> {
    #[serde(borrow, default)]
    pub(super) alt: Field<'a>,
    #[serde(borrow, default)]
    pub(super) image: Part<Blob<'a>>,
}

/// A page.
#[derive(Debug, Default, Deserialize)]
pub(super) struct External<'a> {
    #[serde(borrow, default)]
    pub(super) uri: Field<'a>,
    #[serde(borrow, default)]
    pub(super) title: Field<'a>,
    #[serde(borrow, default)]
    pub(super) description: Field<'a>,
}

/// A file, by its content's id; `cid` is how it was written before 2023.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Blob<'a> {
    #[serde(borrow, default)]
    pub(super) r#ref: Part<Link<'a>>,
    #[serde(borrow, default)]
    pub(super) cid: Field<'a>,
}

/// A content's id.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Link<'a> {
    #[serde(borrow, rename = "$link", default)]
    pub(super) link: Field<'a>,
}

/// What an author says of a post's content.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Labels<'a> {
    #[serde(borrow, default)]
    pub(super) values: Objects<Label<'a>>,
}

/// One label.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Label<'a> {
    #[serde(borrow, default)]
    pub(super) val: Field<'a>,
}
