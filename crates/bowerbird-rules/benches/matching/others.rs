//! What else one could match with: every rule on its own, and two automata that know literals alone.
//!
//! The automata are given the plain set's words without its signs, find every one of them in the lower-cased text, also where they overlap, and
//! drop what does not stand between word boundaries. To write the text in lower case is in their time, as folding is in ours. They know no tags,
//! no handles and no words with something else between them: that is less than a rule means, and so kinder to them than fair.

use std::hint::black_box;
use std::time::Instant;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use bowerbird_rules::world::Post;
use bowerbird_rules::{Rule, TokenizedDoc};
use daachorse::{CharwiseDoubleArrayAhoCorasick, CharwiseDoubleArrayAhoCorasickBuilder, MatchKind};

/// Posts a second with every rule tried on every post, from as many posts as a few seconds allow.
pub(crate) fn naive(posts: &[Post], rules: &[String]) -> f64 {
    let rules: Vec<Rule> = rules
        .iter()
        .map(|rule| Rule::parse(rule).expect("the rules of the bench parse"))
        .collect();
    let started = Instant::now();
    let mut done = 0;
    while started.elapsed().as_secs() < 2 {
        let doc = posts[done % posts.len()].doc();
        let tokens = TokenizedDoc::new(&doc);
        black_box(
            rules
                .iter()
                .filter(|rule| rule.matches_tokens(&tokens))
                .count(),
        );
        done += 1;
    }
    done as f64 / started.elapsed().as_secs_f64()
}

/// The literals of plain rules.
pub(crate) fn literals(rules: &[String]) -> Vec<String> {
    let literal = |rule: &String| rule.trim_matches(['"', '#', '@']).to_lowercase();
    let mut literals: Vec<String> = rules.iter().map(literal).collect();
    literals.sort_unstable();
    literals.dedup();
    literals
}

/// Up to so many literals aho-corasick gets its quickest form; of more it would take gigabytes.
const MOST_FOR_DFA: usize = 10_000;

pub(crate) fn aho_corasick(literals: &[String]) -> AhoCorasick {
    let kind = match literals.len() <= MOST_FOR_DFA {
        true => AhoCorasickKind::DFA,
        false => AhoCorasickKind::ContiguousNFA,
    };
    AhoCorasick::builder()
        .kind(Some(kind))
        .build(literals)
        .expect("the literals fit")
}

pub(crate) fn daachorse(literals: &[String]) -> CharwiseDoubleArrayAhoCorasick<u32> {
    CharwiseDoubleArrayAhoCorasickBuilder::new()
        .match_kind(MatchKind::Standard)
        .build(literals)
        .expect("the literals fit")
}

/// How many literals stand in a post as words.
pub(crate) fn count_words(text: &str, places: impl Iterator<Item = (usize, usize)>) -> usize {
    let is_word = |c: char| c.is_alphanumeric() && !('\u{3040}'..='\u{9fff}').contains(&c);
    places
        .filter(|&(start, end)| {
            !text[..start].ends_with(is_word) && !text[end..].starts_with(is_word)
        })
        .count()
}
