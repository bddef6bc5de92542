//! The names things go by: services, sources, lanes, tracks, cursors and event ids.
//!
//! Each name is parsed into its type once, at the border, and is right from then on. Ids leave the program as strings,
//! because 64-bit numbers do not survive a spreadsheet or a browser.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Why a text is not a name; shown to the person who typed it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{given}` is not a name: expected 1 to 64 of a–z, 0–9, `-`, `_`, beginning with a letter or digit"
)]
pub struct NameError {
    given: String,
}

fn check_name(text: &str) -> Result<String, NameError> {
    let bytes = text.as_bytes();
    let first_is_plain = bytes
        .first()
        .is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let all_are_plain = bytes
        .iter()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'));
    if first_is_plain && all_are_plain && bytes.len() <= 64 {
        Ok(text.to_owned())
    } else {
        let given = text.chars().take(80).collect();
        Err(NameError { given })
    }
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Parses a name; see [`NameError`] for the form.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                check_name(text).map(Self)
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::parse(text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

name_type! {
    /// The name of a configured source.
    SourceName
}

name_type! {
    /// The name of one consumer's independent position in the spool.
    Lane
}

impl Lane {
    /// The lane that writes to the store; it exists in every spool.
    pub fn store() -> Self {
        Self("store".to_owned())
    }
}

/// Where a source would resume; only the source that gave it can read it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cursor(pub String);

/// A track's number. In text formats a string of digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TrackId(pub u64);

impl fmt::Display for TrackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for TrackId {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl Serialize for TrackId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_u64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for TrackId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return u64::deserialize(deserializer).map(Self);
        }
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(|_| {
            serde::de::Error::custom("expected a track's number as a string, as in \"12\"")
        })
    }
}

/// Service, the service's globally unique id, and version: the same event has the same id whichever way it came.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EventId<'a> {
    /// The service, as `x` or `irc:libera`.
    #[serde(borrow)]
    pub service: Cow<'a, str>,
    /// The service's own id of what happened; for posts the post's id.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// Tells versions under one id apart and sorts them as text, later ones greater; empty where a service changes the id itself.
    #[serde(borrow)]
    pub version: Cow<'a, str>,
}

impl<'a> EventId<'a> {
    /// An id whose service never edits under the same id.
    pub fn new(service: impl Into<Cow<'a, str>>, id: impl Into<Cow<'a, str>>) -> Self {
        Self {
            service: service.into(),
            id: id.into(),
            version: Cow::Borrowed(""),
        }
    }

    /// A copy that borrows nothing.
    pub fn into_owned(self) -> EventId<'static> {
        EventId {
            service: Cow::Owned(self.service.into_owned()),
            id: Cow::Owned(self.id.into_owned()),
            version: Cow::Owned(self.version.into_owned()),
        }
    }

    /// The same number for all versions of one post, well spread; what must stay in order shares a key.
    pub fn key(&self) -> u64 {
        use std::hash::{BuildHasher, Hash};
        let mut hasher = rustc_hash::FxBuildHasher.build_hasher();
        self.service.hash(&mut hasher);
        self.id.hash(&mut hasher);
        std::hash::Hasher::finish(&hasher)
    }
}

impl fmt::Display for EventId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.service, self.id)?;
        if self.version.is_empty() {
            Ok(())
        } else {
            write!(f, "@{}", self.version)
        }
    }
}
