//! Signing in: how credentials come to be, how they sign requests, how they are renewed and given back.
//!
//! - [`Credential`]: what a sign-in gave, as it lies in a secret store: one text under one name.
//! - [`Access`]: the same in use. It signs requests, and renews what ends.
//! - [`x`], [`mastodon`], [`bluesky`]: the ways in, step by step. Who asks a person for a code or a password, and opens a browser, is not here.
//! - [`who`], [`revoke`]: asks the service whom a credential speaks for; gives it back.

mod access;
mod ask;
pub mod bluesky;
mod credential;
pub mod mastodon;
mod oauth1;
mod rotating;
mod service;
pub mod x;

pub use access::Access;
pub use ask::SignInError;
pub use credential::{Client, Credential, Grant, Keys, Pair, Renewal, Token};
pub use rotating::{Rotating, settled};
pub use service::{Revoked, revoke, who};
