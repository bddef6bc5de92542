//! See the crate's description.

pub mod spool;
pub mod sqlite;
