//! Any bytes: `mastodon::decode` makes an event that keeps its promises, or refuses.
#![no_main]

#[path = "../checks/decoders.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::decode(bowerbird_connect::mastodon::decode, bytes));
