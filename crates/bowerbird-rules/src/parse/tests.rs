//! Trees, printing, limits, and that nothing panics.

use proptest::prelude::*;

use crate::expr::ExprKind;
use crate::token::tests::awkward_text;
use crate::{MAX_DEPTH, MAX_RULE_BYTES, Rule};

#[track_caller]
fn prints(rule: &str, expected: &str) {
    let parsed = Rule::parse(rule).unwrap_or_else(|error| panic!("{}", error.render(rule)));
    assert_eq!(parsed.expr().to_string(), expected);
}

#[test]
fn and_binds_tighter_than_or() {
    prints("apple OR iphone ipad", "apple OR iphone ipad");
    prints("(apple OR iphone) ipad", "(apple OR iphone) ipad");
    prints("apple OR (iphone ipad)", "apple OR iphone ipad");
    prints(
        "(grumpy cat) OR (#meme has:images)",
        "grumpy cat OR #meme has:images",
    );
    prints("((a))", "a");
    prints("-(a)", "-a");
    prints("-(a b)", "-(a b)");
    prints("a(b)c", "a b c");
    prints("  a\u{3000}b\n", "a b");
    prints("(a b) c", "(a b) c");
}

#[test]
fn aliases_become_the_usual_names() {
    prints("retweets_of_user:a", "retweets_of:a");
    prints(
        "friends_count:1..2 statuses_count:3",
        "following_count:1..2 tweets_count:3",
    );
    prints("has:videos has:media_link", "has:video_link has:media");
    prints("geo_bounding_box:[1 2 3 4]", "bounding_box:[1 2 3 4]");
    prints("LANG:zh-tw lang:hi-latn", "lang:zh-TW lang:hi-Latn");
    prints("＃tag ＠name ＄CASH", "#tag @name $CASH");
    prints("place_country:gb", "place_country:GB");
    prints(
        "from:\"ada\" source:\"two words\"",
        "from:ada source:\"two words\"",
    );
    prints(
        "\"Toys \\\"R\\\" Us \\\\ \\n\"",
        "\"Toys \\\"R\\\" Us \\\\ \\\\n\"",
    );
    prints(
        "point_radius:[2.50 48.0 16.0km]",
        "point_radius:[2.5 48 16km]",
    );
    prints("v11_follow:1,2", "v11_follow:1,2");
    prints("ORbit or AND", "ORbit or AND");
}

#[test]
fn every_node_knows_its_place() {
    let text = "é (b OR -c) \"d e\"~2";
    let rule = Rule::parse(text).unwrap();
    let ExprKind::All(parts) = &rule.expr().kind else {
        panic!()
    };
    let places: Vec<&str> = parts.iter().map(|part| &text[part.span.clone()]).collect();
    assert_eq!(places, ["é", "(b OR -c)", "\"d e\"~2"]);
    let ExprKind::Any(parts) = &parts[1].kind else {
        panic!()
    };
    assert_eq!(&text[parts[1].span.clone()], "-c");
    assert_eq!(&text[rule.expr().span.clone()], text);
}

#[test]
fn depth_is_limited() {
    let nested = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Rule::parse(&nested(MAX_DEPTH)).is_ok());
    let error = Rule::parse(&nested(MAX_DEPTH + 1)).unwrap_err();
    assert_eq!((error.position, error.span.len()), (MAX_DEPTH + 1, 1));
    assert!(
        Rule::parse(&nested(100_000))
            .unwrap_err()
            .message
            .contains("too deep")
    );
    assert!(
        Rule::parse(&"-(".repeat(50_000))
            .unwrap_err()
            .message
            .contains("too deep")
    );
}

#[test]
fn length_is_limited() {
    let long = "é ".repeat(MAX_RULE_BYTES);
    let error = Rule::parse(&long).unwrap_err();
    assert!(error.message.contains("too long") && long.get(error.span).is_some());
    assert!(Rule::parse(&"cat ".repeat(MAX_RULE_BYTES / 4)).is_ok());
    let phrase = format!("\"{}\"", "a ".repeat(257));
    assert!(
        Rule::parse(&phrase)
            .unwrap_err()
            .message
            .contains("phrase is too long")
    );
    let near = format!("\"{}\"~2", "a ".repeat(33));
    assert!(
        Rule::parse(&near)
            .unwrap_err()
            .message
            .contains("too many words")
    );
}

#[test]
fn hints_help() {
    for (rule, hint) in [
        ("form:ada", "did you mean `from:`?"),
        ("formm:ada", "did you mean `from:`?"),
        ("note:ada", "quote it to look for the words"),
        ("lagn:en", "did you mean `lang:`?"),
        ("min_faves:10", "did you mean `min_likes:`?"),
        ("has:image", "did you mean `has:images`?"),
        ("is:retweets", "did you mean `is:retweet`?"),
        ("from:@ada", "write `from:ada`"),
        ("from:a,b", "write `(from:one OR from:two)`"),
        (
            "https://example.com",
            "did you mean `url:\"…\"`? an address must be quoted",
        ),
        ("“hi”", "use straight quotes: `\"`"),
        ("a && b", "a blank already means \"and\""),
        ("followers_count:9..3", "write `followers_count:3..9`"),
    ] {
        let error = Rule::parse(rule).unwrap_err();
        assert!(
            error.hint.as_deref().is_some_and(|found| found == hint),
            "{rule}: {error:?}"
        );
    }
}

#[test]
fn an_error_shows_its_place() {
    let rule = "東京 form:ada";
    let error = Rule::parse(rule).unwrap_err();
    assert_eq!(
        error.to_string(),
        "at character 4: there is no operator `form:` (did you mean `from:`?)"
    );
    assert_eq!(
        error.render(rule),
        "東京 form:ada\n   ^^^^^\nthere is no operator `form:`\ndid you mean `from:`?"
    );
    let long = format!("{} form:ada {}", "cat ".repeat(100), "dog ".repeat(100));
    let shown = Rule::parse(&long).unwrap_err().render(&long);
    assert!(shown.lines().next().unwrap().len() <= 100 && shown.contains("^^^^^"));
}

/// A rule that parses, in all its variety.
pub(crate) fn any_rule() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("a"),
        Just("b"),
        Just("cat"),
        Just("東京"),
        Just("café"),
        Just("👍🏽"),
        Just("\"a b\""),
        Just("\"b a c\"~3"),
        Just("\"x \\\"y\\\"\""),
        Just("coca-cola"),
        Just("\"東 京\""),
        Just("\"a b a b a b a b a b a b a b\""),
        Just("\"cat a\"~1"),
        Just("cafe\u{301}"),
        Just("שָׁלוֹם"),
        Just("กำ"),
        Just("İ"),
        Just("\"❤️\""),
        Just("\"👨‍👩‍👧\""),
        Just("twina"),
        Just("twinb"),
        Just("\"twina a\""),
    ]
    .prop_map(str::to_owned);
    let term = prop_oneof![
        Just("#a"),
        Just("#twina"),
        Just("@twina"),
        Just("@b"),
        Just("$C"),
        Just("from:ada"),
        Just("to:b"),
        Just("retweets_of:12"),
        Just("url:\"a.b\""),
        Just("url_contains:\"x(\""),
        Just("bio:a"),
        Just("has:links"),
        Just("is:reply"),
        Just("lang:en"),
        Just("sample:50"),
        Just("followers_count:1..9"),
        Just("point_radius:[1.5 -2 3km]"),
        Just("bounding_box:[1 2 3 4]"),
        Just("context:1.*"),
        Just("entity:\"A B\""),
        Just("place:a"),
        Just("place_country:DE"),
        Just("contains:\"a b\""),
        Just("conversation_id:1"),
        Just("source:\"a b\""),
        Just("v11_track:\"a b,c.d\""),
        Just("v11_follow:1,ada"),
        Just("v11_locations:[1 2 3 4 5 6 7 8]"),
        Just("embedding:\"a\""),
        Just("embedding_threshold:0.5"),
        Just("profile_country:US"),
        Just("list:9"),
        Just("min_likes:3"),
        Just("url_title:a"),
        Just("has:symbols"),
        Just("has:hashtags"),
        Just("has:media"),
        Just("has:geo"),
        Just("has:profile_geo"),
        Just("is:retweet"),
        Just("is:quote"),
        Just("is:nullcast"),
        Just("lang:he"),
        Just("lang:en-GB"),
        Just("lang:und"),
        Just("bounding_box:[179.5 -1 -179.5 1]"),
        Just("bounding_box:[-180 -90 180 90]"),
        Just("bounding_box:[-170 -20 20 0]"),
        Just("point_radius:[179.9 0 50km]"),
        Just("point_radius:[3 89.9 900km]"),
        Just("point_radius:[2 3 500mi]"),
        Just("context:1.2"),
        Just("place:\"b a\""),
        Just("#東京"),
        Just("@12"),
        Just("from:12"),
        Just("in_reply_to_tweet_id:1"),
        Just("retweets_of_tweet_id:1"),
        Just("quotes_of_tweet_id:1"),
        Just("bio_name:\"a b\""),
        Just("bio_location:b"),
        Just("url:x"),
        Just("url_description:b"),
    ]
    .prop_map(str::to_owned);
    prop_oneof![3 => word, 2 => term].prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4)
                .prop_map(|parts| format!("({})", parts.join(" "))),
            prop::collection::vec(inner.clone(), 1..4)
                .prop_map(|parts| format!("({})", parts.join(" OR "))),
            inner.prop_map(|part| if part.starts_with('-') {
                format!("-({part})")
            } else {
                format!("-{part}")
            }),
        ]
    })
}

#[test]
fn what_cannot_be_seen_is_no_keyword() {
    let text = "a -\u{200c}";
    let error = Rule::parse(text).unwrap_err();
    assert_eq!(text.get(error.span.clone()), Some("\u{200c}"));
    assert!(
        error.message.starts_with("there is no word in this"),
        "{error}"
    );
}

proptest! {
    #[test]
    fn printing_and_parsing_agree(text in any_rule()) {
        let rule = Rule::parse(&text).unwrap();
        let printed = rule.expr().to_string();
        let again = Rule::parse(&printed).unwrap();
        prop_assert_eq!(rule.expr(), again.expr(), "{}", printed);
        prop_assert_eq!(again.expr().to_string(), printed);
    }

    #[test]
    fn nothing_panics(text in prop_oneof![
        awkward_text(),
        ".{0,60}",
        "[-()\"#@$~:\\[\\]. OR0-9a-f,*]{0,40}",
        "(from|to|url|lang|is|has|sample|bounding_box|point_radius|context|v11_track|place|followers_count):.{0,12}",
    ]) {
        match Rule::parse(&text) {
            Ok(rule) => {
                let printed = rule.expr().to_string();
                let again = Rule::parse(&printed);
                prop_assert!(again.as_ref().is_ok_and(|again| again.expr() == rule.expr()), "{text:?}: {printed:?}: {again:?}");
                let _ = (rule.explain(), rule.warnings(), rule.check_for_x(&crate::XLimits::STREAM));
                let post = crate::testing::Post::new(&text);
                let _ = rule.highlights(&post.doc());
            }
            Err(error) => {
                prop_assert!(text.get(error.span.clone()).is_some(), "{text:?}: {error:?}");
                let _ = (error.render(&text), error.to_string());
            }
        }
    }
}
