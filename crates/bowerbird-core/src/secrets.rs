//! Where secrets are kept: the trait.
//!
//! A secret is a short text under a name: a token as its service gave it, or all that one sign-in needs. What is in it is no affair of a
//! store. The configuration names secrets and never holds one.

use std::fmt;

use async_trait::async_trait;
use secrecy::SecretString;

/// The longest secret, in bytes: far more than any service's tokens, and little enough to hold many.
pub const MAX_SECRET_BYTES: usize = 64 << 10;

/// Keeps secrets by name.
///
/// # Contract
/// - `get` gives what the last `put` kept, but for blanks and line ends around it, which people leave in files; `None` where nothing is kept under that name.
/// - `put` replaces what was there, as a whole or not at all: no crash leaves half of a secret, and when it has returned, no crash takes the
///   secret away. What is empty or longer than [`MAX_SECRET_BYTES`] is [`SecretError::Refused`].
/// - `remove` forgets a secret; that there is none is no error.
/// - `list` gives the names of all that `get` would give, in order, and never a value.
/// - `can_put` says, without writing anything, why `put` and `remove` of this name would not be taken, as far as that can be known before.
/// - No error, no log line and no `Debug` tells a secret.
#[async_trait]
pub trait SecretStore: Send + Sync + fmt::Debug {
    /// The secret of this name.
    async fn get(&self, name: &SecretName) -> Result<Option<SecretString>, SecretError>;
    /// Keeps a secret under this name.
    async fn put(&self, name: &SecretName, secret: &SecretString) -> Result<(), SecretError>;
    /// Forgets the secret of this name.
    async fn remove(&self, name: &SecretName) -> Result<(), SecretError>;
    /// The names of all secrets.
    async fn list(&self) -> Result<Vec<SecretName>, SecretError>;
    /// Could this name be put?
    async fn can_put(&self, name: &SecretName) -> Result<(), SecretError>;
}

/// What the caller of a secret store does next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Nothing can be written here: use another store, or change the secret where it comes from.
    #[error("{0}")]
    ReadOnly(String),
    /// The store can't be reached just now: try again later.
    #[error("{0}")]
    Unavailable(String),
    /// Nothing helps but a person.
    #[error("{0}")]
    Refused(String),
}

/// The name of a secret: 1 to 64 of a–z, 0–9, `-`, `_`, beginning with a letter or digit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SecretName(String);

/// That a text is not a secret's name. What was given is not repeated: it may be the secret itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "not the name of a secret: expected 1 to 64 of a–z, 0–9, `-`, `_`, beginning with a letter or digit (the name, not the secret itself)"
)]
pub struct SecretNameError;

impl SecretName {
    /// Parses a name.
    pub fn parse(text: &str) -> Result<Self, SecretNameError> {
        let is_plain = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let bytes = text.as_bytes();
        let begins_well = bytes.first().is_some_and(is_plain);
        let goes_on_well = bytes
            .iter()
            .all(|b| is_plain(b) || matches!(b, b'-' | b'_'));
        if begins_well && goes_on_well && bytes.len() <= 64 {
            Ok(Self(text.to_owned()))
        } else {
            Err(SecretNameError)
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Refuses what no store keeps: nothing at all, or too much.
pub fn check_secret(name: &SecretName, bytes: usize) -> Result<(), SecretError> {
    match bytes {
        0 => Err(SecretError::Refused(format!("secret `{name}` is empty"))),
        1..=MAX_SECRET_BYTES => Ok(()),
        _ => Err(SecretError::Refused(format!(
            "secret `{name}` is larger than {MAX_SECRET_BYTES} bytes"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_plain_and_what_is_none_is_not_repeated() {
        let long = "a".repeat(64);
        for (text, is_name) in [
            ("x-bearer", true),
            ("9_lives", true),
            (long.as_str(), true),
            ("", false),
            ("-x", false),
            ("..", false),
            ("a/b", false),
            ("X", false),
            ("é", false),
        ] {
            assert_eq!(SecretName::parse(text).is_ok(), is_name, "{text}");
        }
        let error = SecretName::parse("AAAA-a-token-by-mistake").unwrap_err();
        assert!(!error.to_string().contains("AAAA"), "{error}");
        assert!(SecretName::parse(&"a".repeat(65)).is_err());
    }
}
