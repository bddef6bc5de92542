//! Any bytes as a rule and a post.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| bowerbird_rules::fuzz::rule(data));
