//! What is shown, and what is not.

use proptest::prelude::*;

use crate::Rule;
use crate::doc::{Content, Doc};
use crate::testing::Post;
use crate::token::tests::awkward_text;

#[track_caller]
fn check(rule: &str, text: &str, expected: &[&str]) {
    let shown: Vec<&str> = Rule::parse(rule)
        .unwrap()
        .highlights(&Post::new(text).doc())
        .into_iter()
        .map(|range| &text[range])
        .collect();
    assert_eq!(shown, expected, "{rule}: {text}");
}

#[test]
fn shows_what_matched() {
    check("cat", "A CAT, a cat, a category", &["CAT", "cat"]);
    check("\"social media\"", "on Social, media!", &["Social, media"]);
    check(
        "\"social media\"~3",
        "media of social kind",
        &["media of social"],
    );
    check("#cat", "cat #cat #cats", &["#cat"]);
    check("@x $Y", "@x and $y", &["@x", "$y"]);
    check("東京", "今日は東京タワー", &["東京"]);
    check("café", "un CAFE\u{301}!", &["CAFE\u{301}"]);
    check("👍🏽", "ok👍🏽!", &["👍🏽"]);
    check("שלום", "\u{200F}שלום\u{200F}!", &["שלום"]);
    check("contains:form", "informs FORMS", &["form", "FORM"]);
    check(
        "url:example",
        "see http://example.com now",
        &["http://example.com"],
    );
    check(
        "v11_track:\"twitter example.com\"",
        "#twitter at www.example.com!",
        &["twitter", "www.example.com!"],
    );
}

#[test]
fn shows_only_branches_that_hold() {
    check("(a b) OR c", "a c", &["c"]);
    check("a OR c", "a c", &["a", "c"]);
    check("a -b", "a c", &["a"]);
    check("a -b", "a b", &[]);
    check("-(-a)", "a", &[]);
    check("(a OR b) (c OR d)", "a d e", &["a", "d"]);
    check("lang:und", "a", &[]);
}

#[test]
fn neighbours_become_one() {
    check("\"a b\" OR \"b c\"", "a b c", &["a b c"]);
    check("東 京", "東京", &["東京"]);
}

#[test]
fn embedded_text_shows_nothing() {
    let quoted = Post::new("cat");
    let own = Post::new("see this");
    let embedded = [quoted.content()];
    let doc = Doc {
        embedded: &embedded,
        ..own.doc()
    };
    let rule = Rule::parse("cat").unwrap();
    assert!(rule.matches(&doc) && rule.highlights(&doc).is_empty());
}

#[test]
fn wrong_spans_are_left_out() {
    let mut entities = Post::new("#é").entities;
    for span in [0..2, 0..99, 5..7] {
        entities[0].span = span;
        let content = Content {
            text: "#é",
            entities: &entities,
            ..Content::default()
        };
        let rule = Rule::parse("#é").unwrap();
        assert!(
            rule.highlights(&Doc {
                content,
                ..Doc::default()
            })
            .is_empty()
        );
    }
}

proptest! {
    #[test]
    fn ranges_fit(rule in crate::parse::tests::any_rule(), text in awkward_text()) {
        let post = Post::new(&text);
        let rule = Rule::parse(&rule).unwrap();
        let shown = rule.highlights(&post.doc());
        prop_assert!(shown.is_empty() || rule.matches(&post.doc()));
        let mut end = 0;
        for range in shown {
            prop_assert!(range.start >= end && range.end > range.start && text.get(range.clone()).is_some());
            end = range.end;
        }
    }
}
