//! The sentences people read.

use crate::Rule;

#[track_caller]
fn check(rule: &str, expected: &str) {
    assert_eq!(
        super::explain(Rule::parse(rule).unwrap().expr()),
        format!("posts that {expected}"),
        "{rule}"
    );
}

#[test]
fn rules_that_every_post_is_checked_for_are_named() {
    let always = |rule: &str| {
        Rule::parse(rule)
            .unwrap()
            .explain()
            .contains("; every post is checked")
    };
    for rule in [
        "-cat",
        "cat OR -dog",
        "contains:at",
        "contains:\"cat dog\"",
        "url_contains:/cat",
        "v11_track:\"cat,?!\"",
        "cat OR v11_track:\"?!\"",
        "-v11_follow:12",
        "-(cat dog)",
    ] {
        assert!(always(rule), "{rule}");
    }
    for rule in [
        "cat -dog",
        "-is:retweet",
        "lang:en",
        "bounding_box:[1 2 3 4]",
        "-(-cat)",
        "url:\"a.b\"",
        "sample:10",
        "followers_count:1000",
        "context:1.*",
        "contains:\"cat dog bird\"",
        "url_contains:/cat/",
        "v11_track:\"cat dog,東京,#bird,@fish,example.com\"",
        "v11_follow:12,ada",
        "v11_locations:[1 2 3 4 -180 -90 180 90]",
    ] {
        assert!(!always(rule), "{rule}");
    }
}

#[test]
fn sentences_read_well() {
    check("happy", "contain “happy”");
    check("\"social media\"", "contain the phrase “social media”");
    check(
        "\"social media\"~3",
        "contain the words “social media” with at most 3 others between them",
    );
    check(
        "cat #meme -grumpy",
        "contain “cat”, carry the hashtag #meme and do not contain “grumpy”",
    );
    check(
        "apple OR iphone ipad",
        "contain “apple” or (contain “iphone” and contain “ipad”)",
    );
    check(
        "(happy OR happiness) lang:en -is:retweet",
        "(contain “happy” or contain “happiness”), are in English (en) and are not reposts",
    );
    check(
        "skiing -(snow OR day)",
        "contain “skiing” and do not contain “snow” and do not contain “day”",
    );
    check("from:ada -has:links", "come from ada and have no link");
    check(
        "has:media has:images",
        "have an image, video or other attachment and have an image",
    );
    check(
        "-from:ada -source:web",
        "do not come from ada and were not sent with web",
    );
    check(
        "followers_count:10..20",
        "come from an account with 10 to 20 followers",
    );
    check(
        "sample:10 lang:und",
        "belong to a fixed 10 % of all posts and are in an unknown language",
    );
    check(
        "point_radius:[2.5 48.5 16km]",
        "come from within 16 kilometres of longitude 2.5, latitude 48.5",
    );
    check(
        "v11_follow:1,2,3",
        "are by, to or passed on from one of 3 accounts",
    );
    check(
        "@ada to:ada retweets_of:ada",
        "mention @ada, are replies to ada and are reposts of ada",
    );
}
