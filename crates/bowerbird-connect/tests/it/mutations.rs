//! Fixtures, mutated: whatever a decoder is given, it returns. The same checks as the fuzz targets', run a bounded number of times.

use std::path::Path;

use bowerbird_connect::{decode_any, jetstream, mastodon, native, x};
use bowerbird_core::source::Decode;
use proptest::prelude::*;
use proptest::sample::{Index, select};

#[path = "../../../../fuzz/checks/decoders.rs"]
mod checks;

const DECODERS: [Decode; 6] = [
    decode_any,
    x::decode_v2,
    x::decode_v11,
    jetstream::decode,
    mastodon::decode,
    native::decode,
];

/// All fixtures, and pages made of them.
fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for folder in ["x", "x-v11", "jetstream", "mastodon", "native"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fixtures")
            .join(folder);
        for entry in std::fs::read_dir(folder).unwrap() {
            seeds.push(std::fs::read(entry.unwrap().path()).unwrap());
        }
    }
    for seed in seeds.clone() {
        let page = String::from_utf8(seed).unwrap();
        seeds.push(page.replacen("\"data\": {", "\"data\": [{", 1).into_bytes());
    }
    seeds
}

/// One change to the bytes.
#[derive(Debug, Clone)]
enum Change {
    Overwrite(Index, u8),
    Remove(Index, usize),
    Insert(Index, String),
    Repeat(Index, usize),
    Cut(Index),
}

fn change() -> impl Strategy<Value = Change> {
    let tokens = [
        "{",
        "}",
        "[",
        "]",
        "\"",
        ",",
        ":",
        "null",
        "0",
        "-1",
        "1e999",
        "\\u0000",
        "\\ud83d",
        "🐦",
        "é",
        "&amp;",
        "\"id\":",
        "\"text\":",
        "99999999999999999999",
        "\"start\":",
        "\"indices\":[3,1]",
        "true",
        "\\",
    ];
    let token = select(tokens.map(str::to_owned).to_vec());
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Overwrite(at, byte)),
        (any::<Index>(), 1..40_usize).prop_map(|(at, len)| Change::Remove(at, len)),
        (any::<Index>(), token).prop_map(|(at, token)| Change::Insert(at, token)),
        (any::<Index>(), 1..40_usize).prop_map(|(at, len)| Change::Repeat(at, len)),
        any::<Index>().prop_map(Change::Cut),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    if bytes.is_empty() {
        return;
    }
    match change {
        Change::Overwrite(at, byte) => {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        Change::Remove(at, len) => {
            let at = at.index(bytes.len());
            bytes.drain(at..(at + len).min(bytes.len()));
        }
        Change::Insert(at, token) => {
            let at = at.index(bytes.len());
            bytes.splice(at..at, token.bytes());
        }
        Change::Repeat(at, len) => {
            let at = at.index(bytes.len());
            let part = bytes[at..(at + len).min(bytes.len())].to_vec();
            bytes.splice(at..at, part);
        }
        Change::Cut(at) => bytes.truncate(at.index(bytes.len())),
    }
}

#[test]
fn seeds_pass_every_check() {
    for seed in seeds() {
        DECODERS
            .into_iter()
            .for_each(|decode| checks::decode(decode, &seed));
        checks::split(&seed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn mutated_fixtures_never_break_a_promise(
        seed in select(seeds()),
        changes in prop::collection::vec(change(), 1..6),
    ) {
        let mut bytes = seed;
        changes.iter().for_each(|change| apply(&mut bytes, change));
        DECODERS.into_iter().for_each(|decode| checks::decode(decode, &bytes));
        checks::split(&bytes);
    }

    #[test]
    fn random_bytes_break_nothing(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        DECODERS.into_iter().for_each(|decode| checks::decode(decode, &bytes));
    }
}
