//! Warnings, and silence where nothing is to be said.

use crate::Rule;

#[track_caller]
fn check(rule: &str, expected: &[(usize, &str)]) {
    let warnings = Rule::parse(rule).unwrap().warnings();
    assert!(warnings.iter().all(crate::RuleError::is_warning));
    assert_eq!(warnings.len(), expected.len(), "{rule}: {warnings:?}");
    for (warning, (position, message)) in warnings.iter().zip(expected) {
        assert!(
            warning.position == *position && warning.message.contains(message),
            "{rule}: {warning:?}"
        );
    }
}

#[test]
fn warns_of_what_is_hardly_meant() {
    check("cat AND dog", &[(5, "looked for as a word")]);
    check(
        "cat or dog NOT bird",
        &[(5, "looked for as a word"), (12, "looked for as a word")],
    );
    check("cat*", &[(1, "no wildcard")]);
    check(
        "cat embedding:\"x\" -list:3",
        &[(5, "never matches"), (20, "never matches")],
    );
    check(
        "cat min_likes:3 profile_country:US",
        &[(5, "never matches"), (17, "never matches")],
    );
    check("point_radius:[-41 174 20mi]", &[(1, "latitude")]);
    check("-cat", &[(1, "every other post")]);
    check("cat OR -dog", &[(1, "every other post")]);
}

#[test]
fn is_silent_otherwise() {
    check(
        "cat (dog OR \"rock and roll\") -bird lang:en has:links",
        &[],
    );
    check("\"AND\" \"cat*\"", &[]);
    check("cat (-is:retweet)", &[]);
}
