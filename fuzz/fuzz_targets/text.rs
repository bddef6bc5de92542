//! Any bytes as a text to tokenise and a search.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| bowerbird_rules::fuzz::text(data));
