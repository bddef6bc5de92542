//! Backends that live in memory: the contracts in their plainest form.
//!
//! They are for tests, for runs that need not survive their process, and for reading: where a durable backend and these differ, the
//! durable one is wrong. They are not fast.

mod secrets;
mod spool;

pub use secrets::MemorySecrets;
pub use spool::MemorySpool;
