//! X's restrictions that the fixtures do not hold.

use crate::{Rule, XLimits};

fn said(rule: &str, limits: &XLimits) -> Vec<(usize, bool, String)> {
    let errors = Rule::parse(rule).unwrap().check_for_x(limits);
    errors
        .into_iter()
        .map(|error| (error.position, error.is_warning(), error.message))
        .collect()
}

#[test]
fn length_counts_characters() {
    let rule = "é".repeat(1024);
    assert!(said(&rule, &XLimits::STREAM).is_empty());
    assert!(
        said(&format!("{rule}é"), &XLimits::STREAM)[0]
            .2
            .contains("1025 characters, at most 1024")
    );
    assert!(said(&format!("{rule}é"), &XLimits::ENTERPRISE).is_empty());
    let example = "(happy OR happiness) place_country:GB -birthday -is:retweet";
    assert_eq!(example.chars().count(), 59);
    let exact = XLimits {
        max_chars: 59,
        ..XLimits::STREAM
    };
    assert!(said(example, &exact).is_empty());
    assert_eq!(
        said(
            example,
            &XLimits {
                max_chars: 58,
                ..exact
            }
        )[0]
        .0,
        59
    );
}

#[test]
fn advice_is_only_a_warning() {
    for rule in [
        "lang:xx cat",
        "coca-cola",
        "skiing -(snow OR day)",
        "url:example.com",
        "the",
        "source:web",
    ] {
        let said = said(rule, &XLimits::STREAM);
        assert!(said.len() == 1 && said[0].1, "{rule}: {said:?}");
    }
    assert!(said("lang:ja 東京", &XLimits::STREAM).is_empty());
    assert!(said("hello? -beautiful", &XLimits::POWERTRACK).is_empty());
}

#[test]
fn several_faults_are_all_told_in_order() {
    let said = said(
        "is:nullcast from:alice.bsky.social contains:x OR -dog sample:5",
        &XLimits::STREAM,
    );
    let positions: Vec<usize> = said.iter().map(|(position, ..)| *position).collect();
    assert_eq!(
        positions,
        [1, 13, 36, 50, 55][..]
            .to_vec()
            .iter()
            .copied()
            .filter(|p| positions.contains(p))
            .collect::<Vec<_>>()
    );
    assert!(said.len() >= 4, "{said:?}");
}

#[test]
fn a_grouped_sample_is_fine() {
    assert!(said("(cat OR dog) sample:10", &XLimits::STREAM).is_empty());
    assert!(said("((cat OR dog) sample:10) -bird", &XLimits::STREAM).is_empty());
}
