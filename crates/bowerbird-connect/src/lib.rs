//! See the crate's description.

mod decode;
mod error;
pub mod floor;
pub mod jetstream;
mod json;
mod lang;
pub mod native;
pub mod replay;
mod shape;
pub mod synthetic;
mod times;
pub mod x;

pub use decode::decode_any;
pub use error::ConnectError;
