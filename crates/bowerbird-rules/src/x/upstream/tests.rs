//! What X is asked for, and that nothing a rule matches is ever left out.

use proptest::prelude::*;

use crate::testing::Post;
use crate::{Rule, XLimits};

fn asked(rule: &str) -> (Vec<String>, bool) {
    let upstream = Rule::parse(rule)
        .unwrap()
        .upstream(&XLimits::STREAM)
        .unwrap();
    let alternatives = upstream
        .alternatives
        .iter()
        .map(|all| all.to_string())
        .collect();
    (alternatives, upstream.is_wider)
}

#[track_caller]
fn asks(rule: &str, alternatives: &[&str], is_wider: bool) {
    let (found, wider) = asked(rule);
    assert_eq!(
        (found.as_slice(), wider),
        (
            &alternatives
                .iter()
                .map(|s| s.to_string())
                .collect::<Vec<_>>()[..],
            is_wider
        ),
        "{rule}"
    );
}

#[test]
fn what_x_takes_is_asked_for_as_it_is() {
    asks("cat", &["cat"], false);
    asks("dog OR cat", &["cat", "dog"], false);
    asks(
        "lang:en cat -is:retweet",
        &["-is:retweet cat lang:en"],
        false,
    );
    asks("(cat OR dog) has:links", &["(cat OR dog) has:links"], false);
    asks("cat -(dog OR bird)", &["-bird -dog cat"], false);
    asks("coca-cola", &["\"coca-cola\""], false);
    asks("cat -is:nullcast", &["-is:nullcast cat"], false);
}

#[test]
fn what_x_lacks_is_asked_for_more_widely() {
    asks("cat contains:form", &["cat"], true);
    asks("cat sample:10", &["cat"], true);
    asks("cat -contains:form", &["cat"], true);
    asks("cat bounding_box:[0 0 20 20]", &["cat has:geo"], true);
    asks("cat has:symbols", &["cat has:cashtags"], false);
    asks("cat quotes_of_tweet_id:5", &["cat is:quote"], true);
    asks("cat OR min_likes:5", &["cat"], false);
    asks("cat (dog OR -bird)", &["cat"], true);
    asks("from:did:plc:abc", &[], false);
}

#[test]
fn what_would_bring_everything_is_refused() {
    for rule in [
        "contains:form",
        "cat OR contains:form",
        "-cat",
        "has:links",
        "cat OR lang:en",
    ] {
        assert!(
            Rule::parse(rule)
                .unwrap()
                .upstream(&XLimits::STREAM)
                .is_err(),
            "{rule}"
        );
    }
}

#[test]
fn long_rules_are_divided() {
    let words: Vec<String> = (0..400).map(|n| format!("word{n}")).collect();
    let (alternatives, is_wider) = asked(&format!("({}) lang:en", words.join(" OR ")));
    assert!(alternatives.len() > 3 && !is_wider);
    assert!(
        alternatives
            .iter()
            .all(|all| all.len() <= 1_024 && all.ends_with(" lang:en"))
    );
    let (alternatives, is_wider) = asked(&format!("cat -{}", words.join(" -")));
    assert!(is_wider && alternatives.len() == 1 && alternatives[0].ends_with(" cat"));
    assert!((900..=1_024).contains(&alternatives[0].len()));
}

#[test]
fn what_means_the_same_is_asked_for_in_x_s_words() {
    asks("cat lang:he", &["cat lang:iw"], false);
    asks("cat -lang:nb", &["-lang:no cat"], false);
    asks("url:a.b/c", &["url:\"a.b/c\""], false);
}

#[test]
fn what_would_be_too_many_pieces_is_asked_for_more_widely() {
    let choices: Vec<String> = (0..10_000).map(|n| format!("(a{n} OR b{n})")).collect();
    let (alternatives, is_wider) = asked(&choices.join(" "));
    assert!(is_wider && alternatives.len() <= super::MAX_PIECES);
    let long: Vec<String> = (0..2)
        .map(|at| {
            (0..5_000)
                .map(|n| format!("{at}word{n}"))
                .collect::<Vec<_>>()
                .join(" OR ")
        })
        .collect();
    let (alternatives, _) = asked(&format!("({}) ({})", long[0], long[1]));
    assert!(
        alternatives.len() <= super::MAX_PIECES
            && alternatives.iter().all(|all| all.len() <= 1_024)
    );
    let (alternatives, is_wider) = asked(&format!("({}) lang:en", long[0]));
    assert!(!is_wider && alternatives.len() < 100);
    // Combinations of short choices are worth a few rules, not hundreds.
    let (alternatives, is_wider) = asked(&choices[..100].join(" "));
    assert!(
        is_wider && alternatives.len() <= 8,
        "{}",
        alternatives.len()
    );
    let without: Vec<String> = (0..20_000).map(|n| format!("-w{n}")).collect();
    let (alternatives, is_wider) = asked(&format!("cat {}", without.join(" ")));
    assert!(is_wider && alternatives.len() == 1);
}

#[test]
fn pieces_that_cannot_stand_alone_are_not_asked_for() {
    let rule = format!("({} OR has:images) lang:en", "x".repeat(1_010));
    assert!(
        Rule::parse(&rule)
            .unwrap()
            .upstream(&XLimits::STREAM)
            .is_err()
    );
}

proptest! {
    #[test]
    fn nothing_that_matches_is_left_out(
        rule in crate::parse::tests::any_rule(),
        text in crate::testing::any_text(),
        about in crate::testing::any_about(),
        short: bool,
    ) {
        let post = Post::new(&text);
        let doc = about.around(post.doc());
        let limits = XLimits { max_chars: if short { 24 } else { 1_024 }, ..XLimits::STREAM };
        let rule = Rule::parse(&rule).unwrap();
        if let Ok(upstream) = rule.upstream(&limits) {
            let asked: Vec<Rule> = upstream.alternatives.iter().map(|all| Rule::parse(&all.to_string()).unwrap()).collect();
            for asked in &asked {
                let refused: Vec<_> = asked.check_for_x(&limits).into_iter().filter(|error| !error.is_warning()).collect();
                prop_assert!(refused.is_empty(), "{}: {} {refused:?}", rule.text(), asked.text());
                // What is asked for asks for itself.
                let again = asked.upstream(&limits).unwrap();
                prop_assert_eq!(again.alternatives.iter().map(|all| all.to_string()).collect::<Vec<_>>(), [asked.text()]);
            }
            let comes = asked.iter().any(|asked| asked.matches(&doc));
            prop_assert!(comes || !rule.matches(&doc), "{} {:?}", rule.text(), upstream);
            prop_assert!(upstream.is_wider || comes == rule.matches(&doc), "{} {:?}", rule.text(), upstream);
        }
    }
}
