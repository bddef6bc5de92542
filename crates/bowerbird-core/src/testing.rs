//! Conformance suites: what every backend of a trait must do, as plain functions that panic where a backend does not; and a store to
//! test with.
//!
//! An ordinary module without test-only dependencies, so that backends in other crates (and other people's) can run them.

pub mod fake_store;
pub mod secret_suite;
pub mod sink_suite;
pub mod source_suite;
pub mod spool_suite;
pub mod store_suite;
