//! See the crate's description.

pub mod auth;
mod decode;
mod error;
pub mod floor;
mod http;
pub mod jetstream;
mod json;
mod lang;
pub mod mastodon;
pub mod native;
pub mod replay;
pub mod secrets;
mod shape;
pub mod synthetic;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod times;
mod websocket;
pub mod x;

pub use decode::decode_any;
pub use error::ConnectError;
