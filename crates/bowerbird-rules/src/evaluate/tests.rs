//! Every operator against small posts.

use std::borrow::Cow;

use crate::Rule;
use crate::doc::{AccountRef, Author, Content, Doc, EntityKind, PlaceRef};
use crate::testing::Post;

#[track_caller]
fn check(rule: &str, doc: &Doc<'_>, expected: bool) {
    let rule = Rule::parse(rule).unwrap_or_else(|error| panic!("{}", error.render(rule)));
    assert_eq!(
        rule.matches(doc),
        expected,
        "{}: {:?}",
        rule.text(),
        doc.content.text
    );
}

#[track_caller]
fn texts(rows: &[(&str, &str, bool)]) {
    for (rule, text, expected) in rows {
        check(rule, &Post::new(text).doc(), *expected);
    }
}

#[test]
fn keywords_are_whole_words() {
    texts(&[
        ("cat", "My CAT!", true),
        ("cat", "category", false),
        ("CAT", "a cat", true),
        ("cat dog", "dog and cat", true),
        ("cat dog", "dog and bird", false),
        ("cat OR dog", "a dog", true),
        ("cat -dog", "a cat", true),
        ("cat -dog", "a cat, a dog", false),
        ("apple OR iphone ipad", "apple", true),
        ("apple OR iphone ipad", "iphone", false),
        ("(apple OR iphone) ipad", "iphone ipad", true),
        ("cat -(dog OR bird)", "cat bird", false),
        ("cat -(dog bird)", "cat bird", true),
        ("-(-cat)", "cat", true),
        ("coca-cola", "I like coca-cola", true),
        ("coca-cola", "coca or cola", false),
        ("hello?", "hello!", true),
        ("news", "#news", true),
        ("or", "this or that", true),
        ("twitter", "http://twitter.com", true),
    ]);
}

#[test]
fn keywords_in_many_scripts() {
    texts(&[
        ("привет", "Всем ПРИВЕТ!", true),
        ("привет", "приветик", false),
        ("σίσυφος", "ΣΊΣΥΦΟΣ", true),
        ("diacrítica", "diacritica", false),
        ("diacrítica", "DIACRI\u{301}TICA", true),
        ("touche", "touché", false),
        ("שלום", "\u{200F}שלום\u{200F}, עולם", true),
        ("میخواهم", "می\u{200C}خواهم", true),
        ("مرحبا", "مرحبا بالعالم", true),
        ("東京", "今日は東京タワーへ", true),
        ("東京", "東の京", false),
        ("東京", "東 京", false),
        ("東京", "東、京", false),
        ("京都", "東京都庁", true),
        ("\"東京 タワー\"", "東京タワー", true),
        ("한국", "한국에서 왔어요", true),
        (
            "한국",
            "\u{1112}\u{1161}\u{11ab}\u{1100}\u{116e}\u{11a8}",
            true,
        ),
        ("สวัสดี", "ทุกคนสวัสดีครับ", true),
        ("नमस्ते", "नमस्ते दुनिया", true),
        ("नम", "नमस्ते", false),
        ("iPhone買", "新しいiPhone買った", true),
        ("iPhone買", "iPhone、買った", false),
        ("istanbul", "İSTANBUL", true),
    ]);
}

#[test]
fn emoji_match_as_they_are() {
    texts(&[
        ("🍕", "I like 🍕", true),
        ("🍕", "pizza🍕pizza", true),
        ("(😃 OR 😡) 😬", "😡😬", true),
        ("👍", "👍🏽", false),
        ("👍🏽", "👍🏽", true),
        ("\"👍🏽\"", "ok👍🏽!", true),
        ("❤", "❤️", true),
        ("❤️", "❤", true),
        ("👨", "👨‍👩‍👧", false),
        ("👨‍👩‍👧", "us: 👨‍👩‍👧", true),
        ("🇩🇪", "🇫🇷🇩🇪", true),
        ("🇷🇩", "🇫🇷🇩🇪", false),
        ("🤖🤖", "🤖🤖🤖", true),
        ("🤖🤖", "🤖 🤖", false),
        ("1️⃣", "1️⃣ first", true),
        ("1", "1️⃣ first", false),
    ]);
}

#[test]
fn phrases_are_neighbours_in_order() {
    texts(&[
        ("\"social media\"", "Social media!", true),
        ("\"social media\"", "social, media", true),
        ("\"social media\"", "#social #media", true),
        ("\"social media\"", "media social", false),
        ("\"social media\"", "social and media", false),
        ("\"coca-cola\"", "coca cola", true),
        ("\"hello 🌍\"", "hello 🌍", true),
        ("\"hello world\"", "hello 🌍 world", false),
        ("\"Toys \\\"R\\\" Us\"", "Toys \"R\" Us", true),
        ("\"a a b\"", "a a a b", true),
        ("\"X API\"", "the x api.", true),
        ("\"OR\"", "this or that", true),
    ]);
}

#[test]
fn nearness_counts_words_between() {
    texts(&[
        ("\"social media\"~5", "social media", true),
        ("\"social media\"~5", "social a b c d e media", true),
        ("\"social media\"~5", "social a b c d e f media", false),
        ("\"social media\"~5", "media a b c social", true),
        ("\"social media\"~5", "media a b c d social", false),
        ("\"social media\"~1", "media social", false),
        ("\"social media\"~2", "media social", true),
        ("\"API\"~3", "the api", true),
        ("\"one two three\"~2", "one x two y three", true),
        ("\"one two three\"~2", "one x two y z three", false),
        ("\"one two three\"~4", "three two one", true),
        ("\"la la\"~3", "la", false),
        ("\"la la\"~3", "la di da la", true),
        ("\"la la\"~1", "la di da la", false),
        (
            "\"social research\"~3",
            "media social of the research",
            true,
        ),
    ]);
}

#[test]
fn tags_are_entities() {
    texts(&[
        ("#thanku", "#thanku next", true),
        ("#thanku", "#thankunext", false),
        ("#thanku", "thanku", false),
        ("#THANKU", "#thanku", true),
        ("＃東京", "#東京", true),
        ("#東京", "#東京タワー", false),
        ("#café", "#cafe\u{301}", true),
        ("#new_york", "#New_York", true),
        ("@XDevelopers", "hi @xdevelopers!", true),
        ("@XDevelopers", "hi xdevelopers", false),
        ("@x", "@xdevelopers", false),
        ("$twtr", "buy $TWTR", true),
        ("$twtr", "buy TWTR", false),
    ]);
    let mut post = Post::new("hi @someone").entities;
    post[0].id = Cow::Borrowed("2244994945");
    let content = Content {
        text: "hi @someone",
        entities: &post,
        ..Content::default()
    };
    check(
        "@2244994945",
        &Doc {
            content,
            ..Doc::default()
        },
        true,
    );
    check(
        "@2244994946",
        &Doc {
            content,
            ..Doc::default()
        },
        false,
    );
}

#[test]
fn links_are_looked_into() {
    let post = Post::new("read https://t.co/abc").link(|link| {
        link.target = Cow::Borrowed("https://Developer.x.com/en/docs?Photos=1");
        link.title = Cow::Borrowed("Snow in Berlin");
        link.description = Cow::Borrowed("The weather of the week");
    });
    for (rule, expected) in [
        ("url:\"https://developer.x.com\"", true),
        ("url:\"developer.x.com\"", true),
        ("url:\"/en/docs\"", true),
        ("url:docs", true),
        ("url:doc", false),
        ("url:\"x.developer\"", false),
        ("url:\"https://t.co\"", true),
        ("url_contains:photos", true),
        ("url_contains:\"doc\"", true),
        ("url_contains:pictures", false),
        ("url_title:snow", true),
        ("within_url_title:\"in berlin\"", true),
        ("url_title:weather", false),
        ("url_description:weather", true),
        ("url_description:\"week of\"", false),
        ("has:links", true),
        ("has:media", false),
        ("snow", false),
    ] {
        check(rule, &post.doc(), expected);
    }
}

#[test]
fn parts_are_seen() {
    let plain = Post::new("nothing here");
    let full = Post::new("#a @b $C").with(EntityKind::Image);
    let video = Post::new("look").with(EntityKind::Video);
    let animation = Post::new("look").with(EntityKind::Animation);
    for part in [
        "hashtags", "mentions", "cashtags", "symbols", "media", "images",
    ] {
        check(&format!("has:{part}"), &full.doc(), true);
        check(&format!("has:{part}"), &plain.doc(), false);
    }
    check("has:video_link", &video.doc(), true);
    check("has:videos", &full.doc(), false);
    check("has:media", &animation.doc(), true);
    check("has:images", &animation.doc(), false);
    // An attached picture is no link, one that is written in the text is.
    check("has:links", &full.doc(), false);
    let entities = [crate::doc::Entity::new(
        EntityKind::Image,
        "pic.x.com/1",
        0..11,
    )];
    let content = Content {
        text: "pic.x.com/1",
        entities: &entities,
        ..Content::default()
    };
    check(
        "has:links",
        &Doc {
            content,
            ..Doc::default()
        },
        true,
    );
}

#[test]
fn embedded_posts_are_looked_at() {
    let own = Post::new("look at this");
    let quoted =
        Post::new("the #cat said \"hello world\" http://example.com").with(EntityKind::Image);
    let embedded = [Content {
        is_reply: true,
        ..quoted.content()
    }];
    let doc = Doc {
        content: Content {
            is_quote: true,
            ..own.content()
        },
        embedded: &embedded,
        quote_of_id: "77",
        ..Doc::default()
    };
    for rule in [
        "look cat",
        "\"hello world\"",
        "#cat",
        "url:example",
        "has:links",
        "has:images",
        "is:quote",
        "is:reply",
    ] {
        check(rule, &doc, true);
    }
    check("\"this the\"", &doc, false);
    check("quotes_of_tweet_id:77", &doc, true);
    check("quotes_of_tweet_id:78", &doc, false);
    check("is:retweet", &doc, false);
}

#[test]
fn accounts_are_named_by_handle_or_id() {
    let post = Post::new("hi");
    let account = Some(AccountRef {
        id: "12",
        handle: "Api",
    });
    let author = Author {
        id: "2244994945",
        handle: "XDevelopers",
        ..Author::default()
    };
    let doc = Doc {
        author,
        reply_to: account,
        repost_of: account,
        ..post.doc()
    };
    check("from:xdevelopers", &doc, true);
    check("from:2244994945", &doc, true);
    check("from:xdev", &doc, false);
    check("to:api", &doc, true);
    check("to:12", &doc, true);
    check("to:xdevelopers", &doc, false);
    check("retweets_of:api", &doc, false);
    check(
        "retweets_of_user:api",
        &Doc {
            is_repost: true,
            ..doc
        },
        true,
    );
    check(
        "retweets_of:12",
        &Doc {
            is_repost: true,
            ..doc
        },
        true,
    );
    check("from_affiliate_of:api", &doc, false);
    check("from:x", &post.doc(), false);
    let bluesky = Author {
        id: "did:plc:abc",
        handle: "alice.bsky.social",
        ..Author::default()
    };
    check(
        "from:alice.bsky.social",
        &Doc {
            author: bluesky,
            ..doc
        },
        true,
    );
    check(
        "from:did:plc:abc",
        &Doc {
            author: bluesky,
            ..doc
        },
        true,
    );
}

#[test]
fn what_accounts_say_of_themselves() {
    let author = Author {
        bio: "Data engineer, PhD. 🚀 wordpress.com",
        name: "Dr. Ada Løve",
        location: "The Big Apple / NYC",
        verified: true,
        followers: Some(1000),
        following: Some(10),
        posts: None,
        listed: Some(0),
        ..Author::default()
    };
    let doc = Doc {
        author,
        ..Doc::default()
    };
    for (rule, expected) in [
        ("bio:phd", true),
        ("bio:\"data engineer\"", true),
        ("user_bio:🚀", true),
        ("bio:\"wordpress.com\"", true),
        ("bio:engine", false),
        ("bio_name:ada", true),
        ("bio_name:løve", true),
        ("bio_name:love", false),
        ("bio_location:\"big apple\"", true),
        ("user_bio_location:nyc", true),
        ("bio_location:ada", false),
        ("is:verified", true),
        ("followers_count:1000", true),
        ("followers_count:1001", false),
        ("followers_count:500..1000", true),
        ("followers_count:1..999", false),
        ("min_followers:1000", true),
        ("friends_count:10..10", true),
        ("following_count:11", false),
        ("tweets_count:0", false),
        ("-statuses_count:0", true),
        ("listed_count:0", true),
        ("user_in_lists_count:0..0", true),
    ] {
        check(rule, &doc, expected);
    }
}

#[test]
fn places_and_points() {
    let place = PlaceRef {
        id: "01a9a39529b27f36",
        name: "Manhattan",
        full_name: "Manhattan, New York City",
        country_code: "US",
        bounds: Some([-74.026675, 40.683935, -73.910408, 40.877483]),
    };
    let tagged = Doc {
        place: Some(place),
        ..Doc::default()
    };
    for (rule, expected) in [
        ("place:manhattan", true),
        ("place:\"new york city\"", true),
        ("place:01a9a39529b27f36", true),
        ("place:york", true),
        ("place:brooklyn", false),
        ("place_country:us", true),
        ("place_country:MX", false),
        ("has:geo", true),
        ("bounding_box:[-74.1 40.6 -73.8 40.9]", true),
        ("geo_bounding_box:[-74.0 40.6 -73.8 40.9]", false),
        ("point_radius:[-73.97 40.78 15mi]", true),
        ("point_radius:[-73.97 40.78 5mi]", false),
    ] {
        check(rule, &tagged, expected);
        // Never for a repost.
        check(
            rule,
            &Doc {
                is_repost: true,
                ..tagged
            },
            false,
        );
    }
    let point = Doc {
        point: Some([2.3522, 48.8566]),
        ..Doc::default()
    };
    check("point_radius:[2.355128 48.861118 16km]", &point, true);
    check("point_radius:[2.355128 48.861118 0.1km]", &point, false);
    check("bounding_box:[2.3 48.8 2.4 48.9]", &point, true);
    check("bounding_box:[2.4 48.8 2.5 48.9]", &point, false);
    check("has:geo", &point, true);
    check("has:geo", &Doc::default(), false);
    check("place_country:US", &Doc::default(), false);
}

#[test]
fn ids_languages_and_the_rest() {
    let contexts = [
        Cow::Borrowed("10.799022225751871488"),
        Cow::Borrowed("47.12"),
    ];
    let named = [Cow::Borrowed("Michael Jordan")];
    let doc = Doc {
        lang: "en-GB",
        conversation_id: "1",
        reply_to_id: "2",
        repost_of_id: "3",
        app: "X for iPhone",
        contexts: &contexts,
        named: &named,
        is_nullcast: true,
        ..Doc::default()
    };
    for (rule, expected) in [
        ("lang:en", true),
        ("lang:EN-gb", true),
        ("lang:de", false),
        ("has:lang", true),
        ("conversation_id:1", true),
        ("conversation_id:2", false),
        ("in_reply_to_tweet_id:2", true),
        ("in_reply_to_status_id:3", false),
        ("retweets_of_tweet_id:3", false),
        ("source:\"x for iphone\"", true),
        ("source:x", false),
        ("context:10.799022225751871488", true),
        ("context:47.*", true),
        ("context:*.12", true),
        ("context:48.*", false),
        ("context:10.12", false),
        ("entity:\"michael jordan\"", true),
        ("entity:\"Michael\"", false),
        ("is:nullcast", true),
        ("-is:nullcast", false),
        ("list:1", false),
        ("min_likes:0", false),
        ("embedding:\"sport\"", false),
        ("profile_country:US", false),
        ("has:profile_geo", false),
        ("contains:anything", false),
    ] {
        check(rule, &doc, expected);
    }
    check(
        "retweets_of_tweet_id:3",
        &Doc {
            is_repost: true,
            ..doc
        },
        true,
    );
    check("lang:und", &Doc::default(), true);
    check("has:lang", &Doc { lang: "und", ..doc }, false);
}

#[test]
fn contains_ignores_words() {
    texts(&[
        ("contains:info", "misinformation", true),
        ("contains:\"buy now\"", "please BUY NOW!", true),
        ("contains:\"buy now\"", "buy, now", false),
        ("contains:café", "un cafe\u{301}!", true),
        ("contains:\"l'été\"", "dans L'ÉTÉ indien", true),
    ]);
}

#[test]
fn samples_nest_and_are_even() {
    let rules: Vec<Rule> = [1, 10, 50, 100]
        .iter()
        .map(|n| Rule::parse(&format!("sample:{n}")).unwrap())
        .collect();
    let mut counts = [0; 4];
    for n in 0..20_000_u64 {
        let id = (1_500_000_000_000_000_000 + n * 4_194_304).to_string();
        let doc = Doc {
            id: &id,
            ..Doc::default()
        };
        let inside: Vec<bool> = rules.iter().map(|rule| rule.matches(&doc)).collect();
        assert!(
            inside.windows(2).all(|pair| pair[0] <= pair[1]),
            "a smaller sample is part of a larger one"
        );
        for (count, inside) in counts.iter_mut().zip(inside) {
            *count += usize::from(inside);
        }
    }
    for (count, expected) in counts.iter().zip([200, 2_000, 10_000, 20_000]) {
        assert!(count.abs_diff(expected) <= expected / 5, "{counts:?}");
    }
}

#[test]
fn operator_names_do_not_mind_case() {
    check("FROM:ada Has:Links", &Doc::default(), false);
    let author = Author {
        handle: "Ada",
        ..Author::default()
    };
    check(
        "FROM:ada",
        &Doc {
            author,
            ..Doc::default()
        },
        true,
    );
}

#[test]
fn a_verdict_names_each_part() {
    let text = "(cat OR dog) -(bird fish) lang:en";
    let rule = Rule::parse(text).unwrap();
    let post = Post::new("a dog and a bird");
    let verdicts: Vec<(&str, bool)> = rule
        .verdicts(&post.doc())
        .into_iter()
        .map(|(span, holds)| (&text[span], holds))
        .collect();
    assert_eq!(
        verdicts,
        [
            ("cat", false),
            ("dog", true),
            ("-(bird fish)", true),
            ("lang:en", false)
        ]
    );
}
