//! The v1.1 lists beyond the table of the fixtures.

use std::borrow::Cow;

use crate::doc::{AccountRef, Author, Content, Doc, PlaceRef};
use crate::testing::Post;
use crate::{Rule, from_v11};

#[track_caller]
fn track(list: &str, text: &str, expected: bool) {
    let rule = from_v11(&[list], &[], &[]).unwrap();
    assert_eq!(
        rule.matches(&Post::new(text).doc()),
        expected,
        "{list}: {text}"
    );
}

#[test]
fn punctuation_belongs_to_the_term() {
    track("Twitter’s", "I like Twitter's new design", true);
    track("Twitter’s", "visit @Twitter’s office", false);
    track("Twitter’s", "visit (@Twitter’s) office", false);
    track("twitter", "#new_twitter", false);
    track("twitter", "@twitter_fan", false);
    track("don't", "I DON’T know", true);
    track("example.com", "see (example.com).", true);
    track("example.com", "http://www.example.com/", true);
    track("#cat", "a #Cat", true);
    track("#cat", "a cat", false);
    track("@ada", "hi @Ada!", true);
    track("東京", "東京タワー", true);
    track("hello!", "hello!", false);
}

#[test]
fn expanded_addresses_and_tags_are_looked_at() {
    let post = Post::new("read https://t.co/1")
        .link(|link| link.target = Cow::Borrowed("https://www.example.com/foo"));
    for (list, expected) in [
        ("example", true),
        ("example.com/foo", true),
        ("www.example.com/foo", false),
        ("example.com", false),
        ("bar", false),
    ] {
        assert_eq!(
            from_v11(&[list], &[], &[]).unwrap().matches(&post.doc()),
            expected,
            "{list}"
        );
    }
}

#[test]
fn lists_are_alternatives() {
    let rule = from_v11(
        &["cat dog", "bird"],
        &["12", "13"],
        &[[-122.75, 36.8, -121.75, 37.8], [-74.0, 40.0, -73.0, 41.0]],
    )
    .unwrap();
    assert_eq!(
        rule.text(),
        "v11_track:\"cat dog,bird\" OR v11_follow:\"12,13\" OR v11_locations:[-122.75 36.8 -121.75 37.8 -74 40 -73 41]"
    );
    let matches = |doc: Doc<'_>| rule.matches(&doc);
    assert!(matches(Post::new("dog, then cat").doc()) && matches(Post::new("bird").doc()));
    assert!(!matches(Post::new("cat").doc()));
    assert!(matches(Doc {
        author: Author {
            id: "13",
            ..Author::default()
        },
        ..Doc::default()
    }));
    assert!(matches(Doc {
        point: Some([-122.0, 37.0]),
        ..Doc::default()
    }));
    assert!(from_v11(&[], &[], &[]).is_err());
    assert!(from_v11(&[" , "], &[], &[]).is_err());
    assert!(from_v11(&["a \"b\" \\c"], &[], &[]).is_ok());
    assert!(from_v11(&[], &["1 2"], &[]).is_err());
    assert!(from_v11(&[], &[], &[[0.0, f64::NAN, 1.0, 1.0]]).is_err());
    let ids: Vec<String> = (0..5_000)
        .map(|n| (1_500_000_000_000_000_000_u64 + n).to_string())
        .collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    assert!(from_v11(&[], &ids, &[]).is_ok());
}

#[test]
fn follow_means_by_to_and_passed_on() {
    let rule = Rule::parse("v11_follow:12,Ada").unwrap();
    let account = Some(AccountRef {
        id: "12",
        handle: "",
    });
    let base = Doc::default();
    assert!(rule.matches(&Doc {
        author: Author {
            handle: "ADA",
            ..Author::default()
        },
        ..base
    }));
    assert!(rule.matches(&Doc {
        reply_to: account,
        ..base
    }));
    assert!(rule.matches(&Doc {
        repost_of: account,
        is_repost: true,
        ..base
    }));
    assert!(!rule.matches(&Doc {
        repost_of: account,
        ..base
    }));
    assert!(rule.matches(&Post::new("@ada hi").doc()));
    assert!(!rule.matches(&Post::new("hi @ada").doc()));
    assert!(!rule.matches(&Post::new("RT @ada: hi").doc()));
}

#[test]
fn locations_prefer_the_point() {
    let rule = Rule::parse("v11_locations:[-74 40 -73 41]").unwrap();
    let place = Some(PlaceRef {
        bounds: Some([-75.0, 39.0, -73.5, 40.5]),
        ..PlaceRef::default()
    });
    let base = Doc {
        place,
        ..Doc::default()
    };
    assert!(rule.matches(&base));
    assert!(!rule.matches(&Doc {
        is_repost: true,
        ..base
    }));
    assert!(!rule.matches(&Doc {
        point: Some([-75.0, 40.2]),
        ..base
    }));
    assert!(rule.matches(&Doc {
        point: Some([-73.5, 40.2]),
        place: None,
        ..base
    }));
    assert!(!rule.matches(&Doc {
        content: Content::default(),
        ..Doc::default()
    }));
}
