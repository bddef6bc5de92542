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

/// Words and phrases.
const WORDS: &[&str] = &[
    "a",
    "b",
    "cat",
    "東京",
    "café",
    "👍🏽",
    "\"a b\"",
    "\"b a c\"~3",
    "\"x \\\"y\\\"\"",
    "coca-cola",
    "\"東 京\"",
    "\"a b a b a b a b a b a b a b\"",
    "\"cat a\"~1",
    "cafe\u{301}",
    "שָׁלוֹם",
    "กำ",
    "İ",
    "\"❤️\"",
    "\"👨‍👩‍👧\"",
    "twina",
    "twinb",
    "\"twina a\"",
];

/// Other operators.
const TERMS: &[&str] = &[
    "#a",
    "#twina",
    "@twina",
    "@b",
    "$C",
    "from:ada",
    "to:b",
    "retweets_of:12",
    "url:\"a.b\"",
    "url_contains:\"x(\"",
    "bio:a",
    "has:links",
    "is:reply",
    "lang:en",
    "sample:50",
    "followers_count:1..9",
    "point_radius:[1.5 -2 3km]",
    "bounding_box:[1 2 3 4]",
    "context:1.*",
    "entity:\"A B\"",
    "place:a",
    "place_country:DE",
    "contains:\"a b\"",
    "conversation_id:1",
    "source:\"a b\"",
    "embedding:\"a\"",
    "embedding_threshold:0.5",
    "profile_country:US",
    "list:9",
    "min_likes:3",
    "url_title:a",
    "has:symbols",
    "has:hashtags",
    "has:media",
    "has:geo",
    "has:profile_geo",
    "is:retweet",
    "is:quote",
    "is:nullcast",
    "lang:he",
    "lang:en-GB",
    "lang:und",
    "bounding_box:[179.5 -1 -179.5 1]",
    "bounding_box:[-180 -90 180 90]",
    "bounding_box:[-170 -20 20 0]",
    "point_radius:[179.9 0 50km]",
    "point_radius:[3 89.9 900km]",
    "point_radius:[2 3 500mi]",
    "context:1.2",
    "place:\"b a\"",
    "#東京",
    "@12",
    "from:12",
    "in_reply_to_tweet_id:1",
    "retweets_of_tweet_id:1",
    "quotes_of_tweet_id:1",
    "bio_name:\"a b\"",
    "bio_location:b",
    "url:x",
    "url_description:b",
    "url_contains:\"/a.b/\"",
    "url_contains:\"//cat.x/a\"",
    "contains:\"x a b c\"",
    "contains:\" a \"",
    "contains:\"a (b) c\"",
    "contains:b",
    "contains:\"東 a 京\"",
    "context:*.2",
    "sample:1",
    "followers_count:6",
    "min_followers:5",
    "following_count:1000..2000000000000",
];

/// The v1.1 lists.
const LISTS: &[&str] = &[
    "v11_track:\"a b,c.d\"",
    "v11_track:\"cat x,#a @b\"",
    "v11_track:a_b",
    "v11_track:\"東京,twina\"",
    "v11_track:\"www.a.b/x,http://a.b/x\"",
    "v11_track:\"twinb c,@twinb\"",
    "v11_track:\"don't,?! a,?!\"",
    "v11_track:\"@12,@b,$C a\"",
    "v11_track:\"👍🏽,❤️ a,👨‍👩‍👧\"",
    "v11_track:\"#a_b,a-b c,a.b\"",
    "v11_track:cat",
    "v11_follow:1,ada",
    "v11_follow:12,ÄDA",
    "v11_follow:twinb,b",
    "v11_locations:[1 2 3 4 5 6 7 8]",
    "v11_locations:[-180 -90 180 90]",
    "v11_locations:[179 -1 -179 1 2.5 2.5 2.5 2.5]",
    "v11_locations:[1.51 2.02 1.515 2.025]",
    "v11_locations:[-170 -20 20 0]",
];

/// A rule that parses, in all its variety.
pub(crate) fn any_rule() -> impl Strategy<Value = String> {
    let one_of = |all: &'static [&'static str]| prop::sample::select(all).prop_map(str::to_owned);
    prop_oneof![6 => one_of(WORDS), 3 => one_of(TERMS), 1 => one_of(LISTS)].prop_recursive(
        4,
        24,
        4,
        |inner| {
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
        },
    )
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
