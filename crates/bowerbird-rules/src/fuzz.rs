//! What must hold for any bytes whatever: the fuzz targets of this crate, as plain functions.
//!
//! The tests below run them on the fixtures and on random bytes; `fuzz/` runs them under cargo-fuzz where there is a
//! nightly compiler. They panic when something does not hold.

use std::sync::Arc;

use crate::doc::{Content, Doc};
use crate::{
    Profile, Rule, RuleSet, Scratch, XLimits, from_v11, search_query, search_tokens, tokenize,
};

/// The bytes up to the first NUL are a rule, the rest is a post's text.
pub fn rule(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (text, post) = text.split_once('\0').unwrap_or((&text, &text));
    let doc = Doc {
        content: Content {
            text: post,
            ..Content::default()
        },
        ..Doc::default()
    };
    match Rule::parse(text) {
        Ok(rule) => check_rule(rule, &doc),
        Err(error) => {
            assert!(
                text.get(error.span.clone()).is_some(),
                "an error's span must fit"
            );
            assert!(!error.render(text).is_empty());
        }
    }
    if let Ok(rule) = from_v11(&[text], &[text], &[]) {
        let _ = rule.matches(&doc);
    }
}

fn check_rule(rule: Rule, doc: &Doc<'_>) {
    let printed = rule.expr().to_string();
    let again = Rule::parse(&printed).expect("a printed rule parses");
    assert_eq!(rule.expr(), again.expr(), "a printed rule means the same");
    assert!(!rule.explain().is_empty());
    for error in rule
        .check_for_x(&XLimits::STREAM)
        .iter()
        .chain(&rule.warnings())
    {
        assert!(
            rule.text().get(error.span.clone()).is_some(),
            "an error's span must fit"
        );
    }
    let mut end = 0;
    for range in &rule.highlights(doc).texts[0] {
        assert!(range.start >= end && doc.content.text.get(range.clone()).is_some());
        end = range.end;
    }
    let alone = rule.matches(doc);
    if let Ok(upstream) = rule.upstream(&XLimits::STREAM) {
        let asked = upstream.alternatives.iter().map(ToString::to_string);
        let comes = asked.fold(false, |comes, asked| {
            assert!(asked.chars().count() <= XLimits::STREAM.max_chars);
            let asked = Rule::parse(&asked).expect("what X is asked for parses");
            comes || asked.matches(doc)
        });
        assert!(comes || !alone, "X is asked for all that matches");
    }
    let set = RuleSet::new();
    set.insert(7, &Arc::new(rule));
    let mut keys = Vec::new();
    set.snapshot().matches(doc, &mut Scratch::new(), &mut keys);
    assert_eq!(alone, keys == [7], "the set says what the rule says");
}

/// The bytes are a text, and a search.
pub fn text(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for profile in [Profile::Stream, Profile::Search] {
        let mut end = 0;
        tokenize(&text, profile, &mut |token| {
            assert!(token.span.start >= end && text.get(token.span.clone()).is_some());
            assert!(
                !token.text.is_empty()
                    && !token.text.contains(|c: char| c.is_whitespace() || c == '"')
            );
            end = token.span.end;
        });
    }
    // A sign that stands for several characters of a script without blanks ("㈠") parts differently once it is spelt out.
    let letters = |tokens: &str| tokens.replace(' ', "");
    let tokens = search_tokens(&text);
    assert_eq!(
        letters(&search_tokens(&tokens)),
        letters(&tokens),
        "tokens are their own tokens"
    );
    let _ = search_query(&text);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    #[test]
    fn seeds_hold() {
        let tables = [
            include_str!("../fixtures/x_accepts.tsv"),
            include_str!("../fixtures/rejects.tsv"),
            include_str!("../fixtures/v11_track.tsv"),
        ];
        for line in tables.iter().flat_map(|table| table.lines()) {
            for cell in line.split('\t') {
                super::rule(cell.as_bytes());
                super::rule(format!("{cell}\0{line}").as_bytes());
                super::text(cell.as_bytes());
            }
        }
    }

    proptest! {
        #[test]
        fn random_bytes_hold(data in prop::collection::vec(any::<u8>(), 0..80)) {
            super::rule(&data);
            super::text(&data);
        }

        #[test]
        fn mangled_seeds_hold(line in 0..200_usize, cut in 0..60_usize, byte: u8) {
            let table = include_str!("../fixtures/x_accepts.tsv");
            let mut data = table.lines().nth(line).unwrap_or_default().rsplit('\t').next().unwrap_or_default().as_bytes().to_vec();
            data.insert(cut.min(data.len()), byte);
            super::rule(&data);
            super::text(&data);
        }
    }
}
