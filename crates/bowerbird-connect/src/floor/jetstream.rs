//! The floor of decoding Jetstream: the fields of an event that ours are made of, into plain borrowed structs.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Text;

/// Parses a well-formed event of the old wire.
pub fn decode(bytes: &[u8]) -> Result<Event<'_>, sonic_rs::Error> {
    sonic_rs::from_slice(bytes)
}

/// An event.
#[derive(Debug, Deserialize)]
pub struct Event<'a> {
    /// Whose.
    #[serde(borrow)]
    pub did: Cow<'a, str>,
    /// When.
    pub time_us: u64,
    /// What it is.
    #[serde(borrow)]
    pub kind: Cow<'a, str>,
    /// What became of a record.
    #[serde(borrow, default)]
    pub commit: Option<Commit<'a>>,
}

/// A record that was made, changed or deleted.
#[derive(Debug, Deserialize)]
pub struct Commit<'a> {
    /// The repository's version.
    #[serde(borrow)]
    pub rev: Cow<'a, str>,
    /// What was done.
    #[serde(borrow)]
    pub operation: Cow<'a, str>,
    /// Its kind.
    #[serde(borrow)]
    pub collection: Cow<'a, str>,
    /// Its name.
    #[serde(borrow)]
    pub rkey: Cow<'a, str>,
    /// The record.
    #[serde(borrow, default)]
    pub record: Option<Record<'a>>,
}

/// A record.
#[derive(Debug, Deserialize)]
pub struct Record<'a> {
    /// When it says it was made.
    #[serde(borrow, default, rename = "createdAt")]
    pub created_at: Cow<'a, str>,
    /// What a post says.
    #[serde(borrow, default)]
    pub text: Cow<'a, str>,
    /// Its languages.
    #[serde(borrow, default)]
    pub langs: Vec<Text<'a>>,
    /// What parts of the text mean.
    #[serde(default)]
    pub facets: Option<IgnoredAny>,
    /// What it answers.
    #[serde(default)]
    pub reply: Option<IgnoredAny>,
    /// What is attached.
    #[serde(default)]
    pub embed: Option<IgnoredAny>,
}
