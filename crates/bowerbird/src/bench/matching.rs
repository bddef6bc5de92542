//! Rules against a post: the sets that `cargo bench -p bowerbird-rules` uses, in envelopes as the service sends them.

use std::hash::Hasher;
use std::hint::black_box;
use std::num::NonZero;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use bowerbird_connect::x::decode_v2;
use bowerbird_core::event::{Event, with_doc};
use bowerbird_core::rules::{Rule, RuleError, RuleSet, Scratch, Snapshot, world};
use rustc_hash::FxHasher;
use serde::Serialize;

use super::pace::{Pace, in_turns, median_rate, thousandths};
use super::sample::Sample;

/// How fast a set of rules is.
#[derive(Debug, Serialize)]
pub(super) struct SetPace {
    /// `plain`: keywords, phrases, hashtags and mentions. `mixed`: 60 % of them combinations.
    pub(super) set: &'static str,
    /// Posts a second on one core.
    #[serde(rename = "match")]
    pub(super) matching: Pace,
    /// Decoded before, on one core too.
    pub(super) decode_and_match_posts_per_s: f64,
    /// On all cores, each with its own posts.
    pub(super) all_cores_posts_per_s: f64,
    pub(super) matches_per_post: f64,
    /// Parsed and taken up, all at once.
    pub(super) load_s: f64,
    /// One more, while there are all.
    pub(super) insert_us: f64,
    pub(super) bytes_per_rule: u64,
}

/// Measures so many rules of both kinds over the short posts in memory.
pub(super) fn measure(sample: &Sample, rules: u64) -> Result<[SetPace; 2]> {
    let short = sample.short()?;
    let decoded: Result<Vec<Event<'_>>, _> = short.iter().map(|line| decode_v2(line)).collect();
    let decoded = decoded.context("decoding a made-up post")?;
    let rules = usize::try_from(rules)?;
    let set = |name, texts: Vec<String>| one_set(name, &texts, &short, &decoded);
    Ok([
        set("plain", world::plain_rules(rules))?,
        set("mixed", world::mixed_rules(rules))?,
    ])
}

fn one_set(
    name: &'static str,
    texts: &[String],
    lines: &[Vec<u8>],
    decoded: &[Event<'_>],
) -> Result<SetPace> {
    let set = RuleSet::new();
    let begun = Instant::now();
    let parsed: Result<Vec<Rule>, _> = texts.iter().map(|rule| Rule::parse(rule)).collect();
    let parsed = parsed.context("parsing a made-up rule")?;
    set.replace((0..).zip(parsed.into_iter().map(Arc::new)));
    let load = begun.elapsed();
    let snapshot = set.snapshot();
    let posts = decoded.len() as u64;
    let (mut matcher, mut hashes) = (Matcher::new(&snapshot), (String::new(), Vec::new()));
    let matching = in_turns(
        posts,
        || decoded.iter().for_each(|event| matcher.take(event)),
        || {
            decoded
                .iter()
                .for_each(|event| hash_post(event, &mut hashes))
        },
    );
    let matches_per_post = matcher.matches as f64 / matcher.posts.max(1) as f64;
    let decode_and_match = median_rate(posts, || {
        for event in lines.iter().flat_map(|line| decode_v2(line)) {
            matcher.take(&event);
        }
    });
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let all_cores = median_rate(posts * cores as u64, || {
        std::thread::scope(|threads| {
            for core in 0..cores {
                // Each begins elsewhere, so that they do not look at the same rules at the same time.
                let (before, after) = decoded.split_at(decoded.len() * core / cores);
                let mut matcher = Matcher::new(&snapshot);
                threads.spawn(move || {
                    after
                        .iter()
                        .chain(before)
                        .for_each(|post| matcher.take(post))
                });
            }
        });
    });
    Ok(SetPace {
        set: name,
        matching,
        decode_and_match_posts_per_s: decode_and_match.round(),
        all_cores_posts_per_s: all_cores.round(),
        matches_per_post: thousandths(matches_per_post),
        load_s: thousandths(load.as_secs_f64()),
        insert_us: thousandths(insert(&set, texts)?),
        bytes_per_rule: (set.memory_bytes() / texts.len().max(1)) as u64,
    })
}

/// A snapshot, and what it needs to match one post after the other.
struct Matcher<'a> {
    snapshot: &'a Snapshot,
    scratch: Scratch,
    caught: Vec<u64>,
    posts: u64,
    matches: u64,
}

impl<'a> Matcher<'a> {
    fn new(snapshot: &'a Snapshot) -> Self {
        Self {
            snapshot,
            scratch: Scratch::default(),
            caught: Vec::new(),
            posts: 0,
            matches: 0,
        }
    }

    fn take(&mut self, event: &Event<'_>) {
        let Some(post) = event.post() else { return };
        with_doc(&event.id.id, post, |doc| {
            self.snapshot
                .matches(doc, &mut self.scratch, &mut self.caught);
        });
        self.posts += 1;
        self.matches += black_box(&self.caught).len() as u64;
    }
}

/// Microseconds that taking up one of the rules takes, while all others are there.
fn insert(set: &RuleSet, texts: &[String]) -> Result<f64> {
    const SOME: usize = 10_000;
    let some = texts
        .iter()
        .zip(0..)
        .step_by(texts.len().div_ceil(SOME).max(1));
    let parsed: Result<Vec<(u64, Arc<Rule>)>, _> = some
        .map(|(text, key)| Ok((key, Arc::new(Rule::parse(text)?))))
        .collect::<Result<_, RuleError>>();
    let parsed = parsed.context("parsing a made-up rule")?;
    for (key, _) in &parsed {
        set.remove(*key);
    }
    let begun = Instant::now();
    for (key, rule) in &parsed {
        set.insert(*key, rule);
    }
    Ok(begun.elapsed().as_secs_f64() * 1e6 / parsed.len() as f64)
}

fn hash_post(event: &Event<'_>, (word, hashes): &mut (String, Vec<u64>)) {
    let Some(post) = event.post() else { return };
    hashes.clear();
    hash_words(&post.text, word, hashes);
    black_box(hashes);
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
