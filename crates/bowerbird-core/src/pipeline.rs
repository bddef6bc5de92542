//! The way of a post: source → decode → match → spool → store, supervised.
//!
//! One direction, no loops. A [`source_worker`] reads frames and prepares batches on any core; each batch becomes durable in the spool, with
//! the cursor behind it, before anything else learns of it; then the hub is told and the store's lane takes it up. This is the only
//! part of the program that sleeps and retries: sources, spools and stores say what they need in their errors.

mod again;
mod backoff;
mod bills;
mod dictionary;
mod engine;
mod gaps;
mod in_flight;
mod jobs;
mod news;
mod prepare;
mod redeliver;
mod repairs;
mod source_worker;
mod spans;
mod store_lane;
#[cfg(test)]
mod tests;
mod unasked;
mod writer;

pub use again::Backfill;
pub use backoff::pause;
pub use engine::{Engine, EngineError, Parts, Until};
pub use jobs::JOB_CALL_FOR;
pub use redeliver::RedeliverError;
