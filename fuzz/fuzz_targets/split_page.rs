//! Any bytes: a page is cut into frames that decode as parts of it would.
#![no_main]

#[path = "../checks/decoders.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::split(bytes));
