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
    asks("from_affiliate_of:api", &[], false);
    asks("cat OR to_affiliate_of:api", &["cat"], false);
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
fn negations_that_x_may_read_otherwise_are_left_out() {
    for kept in [
        "-bird",
        "-\"coca-cola\"",
        "-#birds",
        "-café",
        "-погода",
        "-from:ada",
        "-lang:ja",
        "-is:retweet",
        "-place_country:DE",
    ] {
        let (alternatives, is_wider) = asked(&format!("cat {kept}"));
        assert_eq!(alternatives, [format!("{kept} cat")]);
        assert!(!is_wider, "{kept}");
    }
    for left_out in [
        "-鳥",
        "-\"big 鳥\"",
        "-#鳥",
        "-ニュース",
        "-👍",
        "-ไทย",
        "-새",
        "-العاصفة",
        "-straße",
        "-ısı",
        "-cafe\u{301}",
        "-ｂｉｒｄ",
        "-\"a b\"~3",
        "-bio:鳥",
        "-source:鳥",
        "-place:東京",
        "-url:\"bit.ly\"",
        "-url:cat",
        "-url_contains:photo",
        "-from_affiliate_of:api",
        "-(鳥 OR 犬)",
    ] {
        asks(&format!("cat {left_out}"), &["cat"], true);
    }
    asks("cat -(bird OR 犬)", &["-bird cat"], true);
    // Of what must not be all there, one part alone may not be excluded.
    asks("cat -(bird 犬)", &["cat"], true);
}

#[test]
fn v1_1_lists_are_asked_for_wherever_they_looked() {
    asks(
        "v11_track:twitter",
        &["#twitter", "@twitter", "twitter", "url:twitter"],
        true,
    );
    asks(
        "v11_track:\"big cat\"",
        &["(big OR url:big OR #big OR @big) (cat OR url:cat OR #cat OR @cat)"],
        true,
    );
    // What X would read as more than a word is in quotes.
    let (alternatives, _) = asked("v11_track:\"OR\"");
    assert!(
        !alternatives.iter().any(|it| it == "OR"),
        "{alternatives:?}"
    );
    assert!(
        alternatives.iter().any(|it| it == "\"OR\""),
        "{alternatives:?}"
    );
    asks("v11_track:\"#birds,$ABC\"", &["#birds", "$abc"], true);
    asks(
        "v11_track:example.com",
        &["\"example.com\"", "url:\"example.com\""],
        true,
    );
    asks(
        "v11_track:\"cat ?!\" lang:en",
        &["(cat OR url:cat OR #cat OR @cat) lang:en"],
        true,
    );
    asks("cat -v11_track:dog", &["cat"], true);
    asks(
        "v11_follow:12,ada",
        &[
            "from:12",
            "from:ada",
            "retweets_of:12",
            "retweets_of:ada",
            "to:12",
            "to:ada",
        ],
        true,
    );
    asks("v11_follow:did:plc:x", &[], true);
    asks("cat v11_locations:[1 2 3 4]", &["cat has:geo"], true);
    for (rule, why) in [
        (
            "v11_locations:[1 2 3 4]",
            "X can't be asked for `v11_locations:` by itself",
        ),
        (
            "cat OR v11_locations:[1 2 3 4]",
            "X can't be asked for `v11_locations:` by itself",
        ),
        ("v11_track:?!", "X would have to send everything"),
    ] {
        let error = Rule::parse(rule)
            .unwrap()
            .upstream(&XLimits::STREAM)
            .unwrap_err();
        assert!(error.message.starts_with(why), "{rule}: {error}");
    }
}

/// What the v1.1 stream's own documentation says that a list matches.
#[test]
fn what_a_v1_1_list_matches_comes() {
    for (track, texts) in [
        (
            "Twitter",
            &[
                "TWITTER",
                "\"Twitter\"",
                "twitter.",
                "#twitter",
                "@twitter",
                "http://twitter.com",
            ][..],
        ),
        (
            "Twitter’s",
            &["I like Twitter’s new design", "Twitter's"][..],
        ),
        (
            "twitter api,twitter streaming",
            &["The Twitter API is awesome", "Twitter has a streaming API"][..],
        ),
        (
            "example.com",
            &[
                "Someday I will visit example.com",
                "http://www.example.com/",
            ][..],
        ),
        (
            "example.com/foobarbaz",
            &["example.com/foobarbaz", "www.example.com/foobarbaz"][..],
        ),
        (
            "example com",
            &["example.com", "foo.example.com/bar", "a dot com example"][..],
        ),
    ] {
        let rule = Rule::parse(&format!("v11_track:\"{track}\"")).unwrap();
        let asked = rule.upstream(&XLimits::STREAM).unwrap().alternatives;
        for text in texts {
            let post = Post::new(text);
            assert!(rule.matches(&post.doc()), "{track}: {text}");
            let comes = |it: &crate::Conjunction| {
                Rule::parse(&it.to_string()).unwrap().matches(&post.doc())
            };
            assert!(asked.iter().any(comes), "{track}: {text}: {asked:?}");
        }
    }
}

#[test]
fn five_thousand_followed_are_asked_for_one_by_one() {
    let ids: Vec<String> = (0..5_000).map(|n| format!("{}", 1_000_000 + n)).collect();
    let (alternatives, _) = asked(&format!("v11_follow:{}", ids.join(",")));
    assert_eq!(alternatives.len(), 15_000);
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
    // Of two long choices nothing is repeated.
    let (alternatives, _) = asked(&format!("({}) ({})", long[0], long[1]));
    let chars: usize = alternatives.iter().map(String::len).sum();
    assert!(chars <= long[0].len() + long[1].len(), "{chars}");
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
fn where_marks_are_folded_words_are_not_excluded() {
    for (rule, expected) in [
        ("cat -dog", "cat"),
        ("cat -#dog -\"a dog\" -place:rome -source:app", "cat"),
        (
            "cat -from:ada -is:retweet -has:links -lang:en -$A -@bob",
            "-$A -@bob -from:ada -has:links -is:retweet -lang:en cat",
        ),
        ("café", "café"),
    ] {
        let upstream = Rule::parse(rule)
            .unwrap()
            .upstream(&XLimits::SEARCH)
            .unwrap();
        let asked: Vec<String> = upstream
            .alternatives
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(asked, [expected], "{rule}");
    }
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
        searched: bool,
    ) {
        let post = Post::new(&text);
        let mut doc = about.around(post.doc());
        // What names the post that it quotes is a quote at X.
        doc.content.is_quote |= !doc.quote_of_id.is_empty();
        let limits = if searched { XLimits::SEARCH } else { XLimits::STREAM };
        let limits = XLimits { max_chars: if short { 24 } else { limits.max_chars }, ..limits };
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
