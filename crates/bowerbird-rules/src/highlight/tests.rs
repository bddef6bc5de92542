//! What is shown, and what is not.

use proptest::prelude::*;

use super::{Elsewhere, Highlights};
use crate::Rule;
use crate::doc::{Author, Content, Doc};
use crate::testing::Post;
use crate::token::tests::awkward_text;

#[track_caller]
fn check(rule: &str, text: &str, expected: &[&str]) {
    let found = Rule::parse(rule)
        .unwrap()
        .highlights(&Post::new(text).doc());
    let shown: Vec<&str> = found.texts[0].iter().map(|at| &text[at.clone()]).collect();
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
        &["#twitter", "www.example.com!"],
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
fn embedded_texts_show_theirs() {
    let (own, quoted) = (Post::new("see this #pet"), Post::new("a cat, a #pet, @x"));
    let embedded = [quoted.content()];
    let doc = Doc {
        embedded: &embedded,
        ..own.doc()
    };
    let shown = |rule: &str| {
        let found = Rule::parse(rule).unwrap().highlights(&doc).texts;
        let texts = found.iter().zip([&own.text, &quoted.text]);
        texts
            .map(|(found, text)| found.iter().map(|at| &text[at.clone()]).collect())
            .collect::<Vec<Vec<&str>>>()
    };
    let (none, tag): ([&str; 0], _) = ([], ["#pet"]);
    assert_eq!(shown("cat"), [&none[..], &["cat"]]);
    assert_eq!(shown("#pet"), [tag, tag]);
    assert_eq!(shown("contains:at"), [&none[..], &["at"]]);
    assert_eq!(shown("@x"), [&none[..], &["@x"]]);
    assert_eq!(shown("v11_track:\"cat this\""), [["this"], ["cat"]]);
    assert_eq!(shown("cat -this"), [none, none]);
}

#[track_caller]
fn elsewhere(rule: &str, doc: &Doc<'_>, expected: &[Elsewhere]) {
    let rule = Rule::parse(rule).unwrap();
    assert!(rule.matches(doc), "{}", rule.text());
    assert_eq!(rule.highlights(doc).elsewhere, expected, "{}", rule.text());
}

#[test]
fn what_no_text_shows_is_said() {
    use Elsewhere as E;
    let post = Post::new("see http://t.co/x").link(|link| {
        link.target = "https://example.org/nest".into();
        link.title = "Nests".into();
        link.description = "How they build".into();
    });
    let author = Author {
        bio: "I watch birds",
        name: "Ann Bird",
        location: "Birdsville",
        followers: Some(9),
        ..Author::default()
    };
    let (contexts, named) = (["1.2".into()], ["Nest".into()]);
    let doc = Doc {
        author,
        contexts: &contexts,
        named: &named,
        app: "Web",
        point: Some([1.0, 1.0]),
        ..post.doc()
    };
    elsewhere("bio:birds", &doc, &[E::Bio]);
    elsewhere("bio_name:bird", &doc, &[E::AuthorName]);
    elsewhere("bio_location:birdsville", &doc, &[E::AuthorLocation]);
    elsewhere("url_title:nests", &doc, &[E::LinkTitle]);
    elsewhere("url_description:build", &doc, &[E::LinkDescription]);
    elsewhere("context:1.2 entity:nest", &doc, &[E::Topics, E::Names]);
    elsewhere("url:example see", &doc, &[]);
    elsewhere(
        "has:geo source:web sample:100",
        &doc,
        &[E::Point, E::App, E::Sample],
    );
    // A quality is said only where nothing better is found.
    elsewhere("see followers_count:5..20", &doc, &[]);
    elsewhere("bio:birds followers_count:5..20", &doc, &[E::Bio]);
    elsewhere("followers_count:5..20", &doc, &[E::AuthorCounts]);
    // Only what holds: not the branch that fails, and nothing of what does not match.
    elsewhere("see OR (bio:birds nothing)", &doc, &[]);
    let rule = Rule::parse("bio:birds -see").unwrap();
    assert!(rule.highlights(&doc).is_empty());
}

#[test]
fn what_is_named_beside_the_text_is_said() {
    use Elsewhere as E;
    let mut post = Post::new("#tag @you http://a.b/c");
    post.entities.iter_mut().for_each(|e| e.span = 0..0);
    elsewhere("#tag @you", &post.doc(), &[E::Tag, E::Mention]);
    elsewhere("url_contains:a.b", &post.doc(), &[E::LinkAddress]);
    elsewhere("v11_track:#tag", &post.doc(), &[E::Tag]);
}

#[test]
fn what_several_rules_found_is_joined() {
    let post = Post::new("a cat and a dog");
    let found = |rule: &str| Rule::parse(rule).unwrap().highlights(&post.doc());
    let mut all = Highlights::default();
    for rule in ["dog", "\"cat and\"", "and", "sample:100 OR cat"] {
        all.join(found(rule));
    }
    assert_eq!(all.texts, [[2..9, 12..15]]);
    assert!(all.elsewhere.is_empty());
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
            .texts[0]
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
        for range in &shown.texts[0] {
            prop_assert!(range.start >= end && range.end > range.start && text.get(range.clone()).is_some());
            end = range.end;
        }
    }
}
