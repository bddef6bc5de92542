//! All rules against a post, on one core.

use std::hash::Hasher;
use std::hint::black_box;
use std::sync::Arc;

use anyhow::{Context, Result};
use bowerbird_connect::x::decode_v2;
use bowerbird_core::event::{Event, with_doc};
use bowerbird_core::rules::{Rule, RuleSet, Scratch};
use rustc_hash::FxHasher;

use super::pace::{Pace, in_turns};
use super::sample::Sample;

/// Measures over the posts in memory, decoded beforehand.
pub(super) fn measure(sample: &Sample) -> Result<Pace> {
    let decoded: Result<Vec<Event<'_>>, _> =
        sample.lines.iter().map(|line| decode_v2(line)).collect();
    let decoded = decoded.context("decoding a made-up post")?;
    let set = RuleSet::new();
    let parsed: Result<Vec<Rule>, _> = sample.rules.iter().map(|rule| Rule::parse(rule)).collect();
    let parsed = parsed.context("parsing a made-up rule")?;
    set.replace((0..).zip(parsed.into_iter().map(Arc::new)));
    let snapshot = set.snapshot();
    let (mut scratch, mut caught) = (Scratch::default(), Vec::new());
    let ours = || {
        for event in &decoded {
            let Some(post) = event.post() else { continue };
            caught.clear();
            with_doc(&event.id.id, post, |doc| {
                snapshot.matches(doc, &mut scratch, &mut caught)
            });
            black_box(&caught);
        }
    };
    let (mut word, mut hashes) = (String::new(), Vec::new());
    let floor = || {
        for post in decoded.iter().filter_map(Event::post) {
            hashes.clear();
            hash_words(&post.text, &mut word, &mut hashes);
            black_box(&hashes);
        }
    };
    Ok(in_turns(decoded.len() as u64, ours, floor))
}

/// The floor: words lower-cased and hashed, nothing else.
fn hash_words(text: &str, word: &mut String, hashes: &mut Vec<u64>) {
    word.clear();
    for c in text.chars().chain([' ']) {
        if c.is_ascii_alphanumeric() {
            word.push(c.to_ascii_lowercase());
        } else if !c.is_ascii() && c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        } else if !word.is_empty() {
            let mut hasher = FxHasher::default();
            hasher.write(word.as_bytes());
            hashes.push(hasher.finish());
            word.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_sees_words_whatever_their_case() {
        let hashes = |text: &str| {
            let (mut word, mut hashes) = (String::new(), Vec::new());
            hash_words(text, &mut word, &mut hashes);
            hashes
        };
        assert_eq!(hashes("Über, BIRDS!"), hashes("über birds"));
        assert_eq!(hashes("one two three").len(), 3);
        assert!(hashes(" ,").is_empty());
    }
}
