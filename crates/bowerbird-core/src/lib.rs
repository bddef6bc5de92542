//! The vocabulary, the traits and the pipeline of Bowerbird.
//!
//! Everything else is built on this crate, and it is built on the rule language alone: no sockets, no SQL, no HTTP. Time
//! is handed in; only the pipeline sleeps. Where each word is at home:
//!
//! - [`ids`], [`time`]: the names things go by and when they happen.
//! - [`event`]: what a frame says happened. [`frame`], [`source`]: where frames come from. [`repair`]: fetching again what was missed.
//! - [`record`]: an event on its way through the [`spool`]. [`store`]: where it stays. [`sink`]: where else it goes.
//! - [`secrets`]: where tokens and passwords are kept.
//! - [`bill`]: what priced calls cost, and what a budget leaves of it.
//! - [`track`]: rules that users follow. [`live`]: their compiled form, taken up while posts stream. [`plan`]: how they share the few rules of a service.
//! - [`pipeline`]: ingest, the store's lane, back-off, supervision. [`hub`]: live delivery.
//! - [`view`], [`export`]: the one public shape of a post, and files of many.
//! - [`memory`], [`testing`]: backends in memory, and the conformance suites that every backend runs.

pub mod bill;
pub mod completeness;
pub mod counts;
pub mod event;
pub mod export;
pub mod frame;
pub mod gap;
pub mod hub;
pub mod ids;
pub mod job;
pub mod live;
pub mod memory;
pub mod pipeline;
pub mod plan;
pub mod preview;
pub mod raw;
pub mod record;
pub mod repair;
#[cfg(feature = "schema")]
mod schema;
pub mod secrets;
pub mod sink;
pub mod source;
pub mod spool;
pub mod status;
pub mod store;
pub mod testing;
pub mod time;
pub mod track;
pub mod view;

pub use bowerbird_rules as rules;
