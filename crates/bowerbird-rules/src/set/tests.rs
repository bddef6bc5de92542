//! The live set against one rule at a time.

use std::sync::Arc;

use proptest::prelude::*;

use super::{RuleSet, Scratch};
use crate::doc::{Author, Doc, PlaceRef};
use crate::testing::Post;
use crate::tokenized::steps;
use crate::{Rule, TokenizedDoc};

fn set(rules: &[(u64, &str)]) -> RuleSet {
    let set = RuleSet::new();
    set.replace(
        rules
            .iter()
            .map(|&(key, text)| (key, Arc::new(Rule::parse(text).unwrap()))),
    );
    set
}

fn matching(set: &RuleSet, text: &str) -> Vec<u64> {
    let mut keys = vec![99];
    set.snapshot()
        .matches(&Post::new(text).doc(), &mut Scratch::new(), &mut keys);
    keys
}

#[test]
fn rules_come_and_go() {
    let set = set(&[(5, "cat"), (3, "dog OR #cat"), (9, "-bird")]);
    assert_eq!(matching(&set, "a #cat"), [3, 5, 9]);
    assert_eq!(matching(&set, "a bird"), [0; 0]);
    let before = set.snapshot();
    set.insert(5, &Arc::new(Rule::parse("fish").unwrap()));
    assert!(set.remove(9) && !set.remove(9));
    assert_eq!(matching(&set, "cat and fish"), [5]);
    assert_eq!((before.len(), set.snapshot().len()), (3, 2));
}

#[test]
fn an_empty_set_matches_nothing() {
    let set = RuleSet::new();
    assert!(matching(&set, "anything").is_empty() && set.snapshot().is_empty());
}

#[test]
fn memory_grows_and_shrinks_with_the_rules() {
    let empty = RuleSet::new().memory_bytes();
    let full = set_of((0..10_000).map(|n| format!("word{n} OR \"two words{n}\"")));
    let before = full.memory_bytes();
    assert!(before > empty + 10_000 * 2 * 24, "{before} {empty}");
    (0..9_000).for_each(|key| assert!(full.remove(key)));
    assert!(full.memory_bytes() < before, "{before}");
}

#[test]
fn readers_keep_their_snapshot_while_others_change() {
    let set = Arc::new(set(&[(1, "cat")]));
    let (snapshot, changer) = (set.snapshot(), Arc::clone(&set));
    let thread = std::thread::spawn(move || {
        for key in 2..50 {
            changer.insert(key, &Arc::new(Rule::parse("cat").unwrap()));
        }
    });
    let (mut scratch, mut keys) = (Scratch::new(), Vec::new());
    let post = Post::new("cat");
    for _ in 0..100 {
        snapshot.matches(&post.doc(), &mut scratch, &mut keys);
        assert_eq!(keys, [1]);
    }
    thread.join().unwrap();
    assert_eq!(matching(&set, "cat").len(), 49);
}

#[test]
fn rules_that_come_and_go_leave_nothing_behind() {
    let set = set(&[(1, "\"stays for ever\""), (2, "cat")]);
    let room = || set.writer.lock().unwrap().next.filter.room();
    let before = room();
    for round in 0..before {
        let rule = Rule::parse(&format!("\"r{round} a b\"")).unwrap();
        set.insert(3, &Arc::new(rule));
    }
    assert_eq!(room(), before);
    assert!(set.writer.lock().unwrap().starts.len() < before);
    let last = format!("r{} a b", before - 1);
    assert_eq!(matching(&set, &last), [3]);
    assert_eq!(matching(&set, "it stays for ever"), [1]);
}

#[test]
fn very_long_rules_are_found_too() {
    let long = "long".repeat(10_000);
    let many: Vec<String> = (0..9_000).map(|n| format!("w{n}")).collect();
    let many = many.join(" OR ");
    let set = RuleSet::new();
    for key in 0..10 {
        set.insert(key, &Arc::new(Rule::parse(&long).unwrap()));
        set.insert(
            10 + key,
            &Arc::new(Rule::parse(&format!("#{long}")).unwrap()),
        );
    }
    set.insert(20, &Arc::new(Rule::parse(&many).unwrap()));
    set.insert(
        21,
        &Arc::new(Rule::parse(&format!("({many}) -dog")).unwrap()),
    );
    assert_eq!(matching(&set, &long), (0..10).collect::<Vec<_>>());
    assert_eq!(
        matching(&set, &format!("#{long}")),
        (0..20).collect::<Vec<_>>()
    );
    assert_eq!(matching(&set, "w8999"), [20, 21]);
    assert_eq!(matching(&set, "w8999 dog"), [20]);
    let of = |rule: &str| Rule::parse(rule).unwrap().is_indexed();
    assert!(of(&many) && !of(&format!("({many}) -dog")));
}

#[test]
fn places_and_languages_that_are_none_match_nothing() {
    let rules = [
        "bounding_box:[0 0 10 10]",
        "point_radius:[5 5 500mi]",
        "lang:ko cat",
        "bounding_box:[179 -1 -179 1]",
    ];
    let set = RuleSet::new();
    set.replace((0..).zip(rules.map(|rule| Arc::new(Rule::parse(rule).unwrap()))));
    let post = Post::new("cat");
    let place = |bounds| {
        Some(PlaceRef {
            bounds: Some(bounds),
            ..PlaceRef::default()
        })
    };
    for (doc, expected) in [
        (
            Doc {
                place: place([1.0, 9.0, 2.0, 1.0]),
                ..post.doc()
            },
            &[][..],
        ),
        (
            Doc {
                place: place([1.0, 80.0, 2.0, -80.0]),
                ..post.doc()
            },
            &[],
        ),
        (
            Doc {
                point: Some([5.0, 365.0]),
                ..post.doc()
            },
            &[],
        ),
        (
            Doc {
                point: Some([f64::NAN, 5.0]),
                ..post.doc()
            },
            &[],
        ),
        (
            Doc {
                lang: "\u{212a}o",
                ..post.doc()
            },
            &[],
        ),
        (
            Doc {
                lang: "ko\u{200d}",
                ..post.doc()
            },
            &[],
        ),
        (
            Doc {
                lang: "KO",
                ..post.doc()
            },
            &[2],
        ),
        (
            Doc {
                point: Some([-180.000_000_000_000_03, 0.5]),
                ..post.doc()
            },
            &[3],
        ),
        (
            Doc {
                point: Some([180.0, 0.5]),
                ..post.doc()
            },
            &[3],
        ),
        (
            Doc {
                place: place([179.5, -0.5, -179.5, 0.5]),
                ..post.doc()
            },
            &[3],
        ),
    ] {
        let mut keys = Vec::new();
        set.snapshot().matches(&doc, &mut Scratch::new(), &mut keys);
        assert_eq!(keys, expected, "{doc:?}");
        let alone = (0..)
            .zip(rules)
            .filter(|(_, rule)| Rule::parse(rule).unwrap().matches(&doc));
        assert_eq!(
            keys,
            alone.map(|(key, _)| key).collect::<Vec<u64>>(),
            "{doc:?}"
        );
    }
}

proptest! {
    #[test]
    fn the_set_says_what_each_rule_says(
        rules in prop::collection::vec(crate::parse::tests::any_rule(), 0..30),
        texts in prop::collection::vec(crate::testing::any_text(), 1..4),
        about in crate::testing::any_about(),
        expanded in any::<bool>(),
    ) {
        let set = RuleSet::new();
        let rules: Vec<Arc<Rule>> = rules.iter().map(|text| Arc::new(Rule::parse(text).unwrap())).collect();
        set.replace(rules.iter().enumerate().map(|(key, rule)| (key as u64 * 7, Arc::clone(rule))));
        let snapshot = set.snapshot();
        let (mut scratch, mut keys) = (Scratch::new(), Vec::new());
        let posts = texts.iter().map(|text| Post::new(text));
        let posts: Vec<Post> = posts.map(|post| if expanded { post.expanded() } else { post }).collect();
        let embedded: Vec<_> = posts[1..].iter().map(Post::content).collect();
        let doc = Doc { embedded: &embedded, ..about.around(posts[0].doc()) };
        // Several times with the same scratch: nothing of the first post may stay. At last without the first look.
        for (doc, glances) in [(doc, true), (Doc { embedded: &[], ..doc }, true), (doc, false)] {
            if !glances {
                scratch.offer.glance.leave_out();
            }
            snapshot.matches(&doc, &mut scratch, &mut keys);
            let tokenized = TokenizedDoc::new(&doc);
            let alone: Vec<u64> = rules
                .iter()
                .enumerate()
                .filter(|(_, rule)| rule.matches_tokens(&tokenized))
                .map(|(key, _)| key as u64 * 7)
                .collect();
            prop_assert_eq!(&keys, &alone);
        }
    }
}

/// What matching a post took: features asked for, rules tried, rules that match.
fn work(set: &RuleSet, text: &str) -> (usize, usize, usize) {
    let (mut scratch, mut keys) = (Scratch::new(), Vec::new());
    set.snapshot()
        .matches(&Post::new(text).doc(), &mut scratch, &mut keys);
    let (asked, tried) = scratch.work();
    (asked, tried, keys.len())
}

fn set_of(rules: impl IntoIterator<Item = String>) -> RuleSet {
    let set = RuleSet::new();
    set.replace(
        (0..).zip(
            rules
                .into_iter()
                .map(|text| Arc::new(Rule::parse(&text).unwrap())),
        ),
    );
    set
}

#[test]
fn many_alternatives_are_tried_only_where_one_is_there() {
    let all: Vec<String> = (0..200).map(|n| format!("w{n}")).collect();
    let rules = (0..500).map(|n| format!("({}) -is:retweet x{n}", all.join(" OR ")));
    let set = set_of(rules);
    assert_eq!(work(&set, "w1 w2 w3 x7"), (5, 1, 1));
    assert_eq!(work(&set, "w1 w2 w3"), (4, 0, 0));
}

#[test]
fn rules_on_one_common_word_are_tried_where_their_rare_one_is() {
    let set = set_of((0..20_000).map(|n| format!("cat rare{n}")));
    assert_eq!(work(&set, "cat cat cat"), (3, 0, 0));
    assert_eq!(work(&set, "cat rare5 rare6 cat"), (4, 2, 2));
    let alone = set_of((0..20_000).map(|_| "cat".to_owned()));
    assert_eq!(work(&alone, "a cat, a cat, a cat"), (6, 20_000, 20_000));
    let rows = set_of((0..20_000).map(|n| format!("\"the cat rare{n}\"")));
    let (asked, tried, matched) = work(&rows, &"the cat ".repeat(5_000));
    assert!(
        asked <= 3 * 10_000 && (tried, matched) == (0, 0),
        "{asked} {tried}"
    );
}

#[test]
fn a_long_post_of_rare_words_asks_for_each_once() {
    let set = set_of((0..10_000).map(|n| format!("rare{n} OR \"rare{n} never\"")));
    let text: Vec<String> = (0..10_000).map(|n| format!("rare{n}")).collect();
    let (asked, tried, matched) = work(&set, &text.join(" "));
    assert!(
        asked < 21_000 && tried < 10_100 && matched == 10_000,
        "{asked} {tried}"
    );
}

#[test]
fn thousands_of_v11_lists_are_tried_only_where_a_part_of_them_is_there() {
    let lists = (0..10_000).map(|n| {
        let track: Vec<String> = (0..10).map(|m| format!("the word{n}x{m}")).collect();
        let track = track.join(",");
        let (west, south) = (f64::from(n % 300) - 160.0, f64::from(n % 100) - 60.0);
        format!(
            "v11_track:\"{track},#tag{n},example.com/{n}\" OR v11_follow:1{n},user{n} OR v11_locations:[{west} {south} {} {}]",
            west + 0.5,
            south + 0.5,
        )
    });
    let set = set_of(lists);
    assert_eq!(work(&set, "the cat and the dog").1, 0);
    assert_eq!(work(&set, "word5x3 word6x4 the").2, 2);
    assert_eq!(
        work(&set, "@word5x3 likes the #tag7 www.example.com/8").2,
        3
    );
    let (_, tried, matched) = work(&set, "@user7 @user8 #tag9");
    assert_eq!((tried, matched), (2, 2));
    let point = |set: &RuleSet, point, bounds| {
        let (mut scratch, mut keys) = (Scratch::new(), Vec::new());
        let post = Post::new("the cat");
        let place = Some(PlaceRef {
            bounds: Some(bounds),
            ..PlaceRef::default()
        });
        let doc = Doc {
            point,
            place,
            ..post.doc()
        };
        set.snapshot().matches(&doc, &mut scratch, &mut keys);
        (scratch.work().1, keys.len())
    };
    let town = [-159.9, -59.8, -159.8, -59.7];
    let (tried, matched) = point(&set, None, town);
    assert!(
        (34..200).contains(&tried) && matched == 34,
        "{tried} {matched}"
    );
    let (tried, matched) = point(&set, Some([20.1, 20.1]), town);
    assert!(
        (33..200).contains(&tried) && matched == 33,
        "{tried} {matched}"
    );
    // What reaches around the earth overlaps every box.
    assert_eq!(point(&set, None, [-180.0, -90.0, 180.0, 90.0]).1, 10_000);
}

#[test]
fn checks_look_at_few_words_of_a_long_post() {
    let rules = (0..1_000).flat_map(|n| {
        [
            format!("\"the cat rare{n}\"~4"),
            format!("rare{n} -\"the cat rare{n} the\""),
            format!("rare{n} -\"the cat rare{n} the\" sample:100"),
            format!("rare{n} -\"cat rare{n} the\"~6 -is:retweet"),
            format!("v11_track:\"rare{n} the\" rare{n}"),
        ]
    });
    let set = set_of(rules);
    let rare: Vec<String> = (0..100).map(|n| format!("rare{n}")).collect();
    let text = "the cat ".repeat(5_000) + &rare.join(" dog dog dog dog ");
    steps::taken();
    let (_, tried, matched) = work(&set, &text);
    let taken = steps::taken();
    // All but the first of each five: only the first rare word has a cat near it.
    assert!(
        (400..=500).contains(&tried) && matched > 300,
        "{tried} {matched}"
    );
    // To look at each "the" would be 5,000 steps for each rule.
    assert!(taken < 300 * tried, "{taken} {tried}");
}

#[test]
fn a_deep_rule_is_tried_where_its_word_is() {
    let deep = (0..24).fold("rare".to_owned(), |inner, n| {
        format!("-(-({inner}) OR -w{n})")
    });
    let set = set_of([deep, "-dog".to_owned()]);
    // What demands nothing is tried on every post.
    assert_eq!(work(&set, "some words"), (3, 1, 1));
}

/// What one does to a set.
#[derive(Debug, Clone)]
enum Change {
    Insert(u64, usize),
    Remove(u64),
    Replace(Vec<(u64, usize)>),
}

fn any_change(rules: usize) -> impl Strategy<Value = Change> {
    let key = 0..40_u64;
    prop_oneof![
        6 => (key.clone(), 0..rules).prop_map(|(key, rule)| Change::Insert(key, rule)),
        3 => key.clone().prop_map(Change::Remove),
        1 => prop::collection::vec((key, 0..rules), 0..60).prop_map(Change::Replace),
    ]
}

/// Rules of which many hang on the same features, so that leaves divide and features get tries of their own.
const CROWDED: [&str; 16] = [
    "cat",
    "cat OR dog",
    "\"cat dog\"",
    "\"cat dog bird\" OR \"cat dog fish\"",
    "cat -dog",
    "-dog",
    "cat lang:en",
    "lang:en",
    "cat from:ada -is:retweet",
    "東京",
    "\"東 京\" OR 東京",
    "#cat OR @ada OR $CAT",
    "(cat dog) OR (dog bird) OR fish",
    "bounding_box:[0 0 1 1] OR cat",
    "point_radius:[0.5 0.5 10mi]",
    "\"cat fish\"~2 has:hashtags",
];

/// So many rules of any kind beside them.
const OTHERS: usize = 8;

proptest! {
    #[test]
    fn changes_are_seen_by_later_snapshots_alone(
        changes in prop::collection::vec(any_change(CROWDED.len() + OTHERS), 1..80),
        others in prop::collection::vec(crate::parse::tests::any_rule(), OTHERS),
        text in "(cat |dog |bird |fish |東京 |東 |#cat |@ada ){0,6}",
        author in "ada|bob",
        point in prop::option::of(prop::array::uniform2(-0.5..1.5)),
    ) {
        let post = Post::new(&text);
        let author = Author { handle: &author, ..Author::default() };
        let doc = Doc { author, point, lang: "en-GB", ..post.doc() };
        let texts = CROWDED.iter().copied().chain(others.iter().map(String::as_str));
        let rules: Vec<Arc<Rule>> = texts.map(|text| Arc::new(Rule::parse(text).unwrap())).collect();
        let matches: Vec<bool> = rules.iter().map(|rule| rule.matches(&doc)).collect();
        let (set, mut model) = (RuleSet::new(), std::collections::BTreeMap::new());
        let (mut scratch, mut keys, mut before) = (Scratch::new(), Vec::new(), None);
        for change in changes {
            match change {
                Change::Insert(key, rule) => {
                    set.insert(key, &rules[rule]);
                    model.insert(key, rule);
                }
                Change::Remove(key) => prop_assert_eq!(set.remove(key), model.remove(&key).is_some()),
                Change::Replace(all) => {
                    set.replace(all.iter().map(|&(key, rule)| (key, Arc::clone(&rules[rule]))));
                    model = all.into_iter().collect();
                }
            }
            let expected: Vec<u64> = model.iter().filter(|(_, rule)| matches[**rule]).map(|(key, _)| *key).collect();
            let snapshot = set.snapshot();
            snapshot.matches(&doc, &mut scratch, &mut keys);
            prop_assert_eq!(&keys, &expected);
            prop_assert_eq!(snapshot.len(), model.len());
            if let Some((snapshot, expected)) = before.replace((snapshot, expected)) {
                let snapshot: Arc<super::Snapshot> = snapshot;
                snapshot.matches(&doc, &mut scratch, &mut keys);
                prop_assert_eq!(&keys, &expected);
            }
        }
    }
}

#[test]
fn parts_of_texts_and_addresses_hang_on_the_whole_words_in_them() {
    let rules = [
        "url_contains:/a.b/",
        "contains:\"at sat on\"",
        "contains:at",
    ];
    for (rule, text, expected) in [
        (rules[0], "http://a.b/x", &[0][..]),
        (rules[0], "http://a.bc/", &[]),
        (rules[1], "the cat sat once", &[0]),
        (rules[1], "the cat SAT, once", &[]),
        (rules[2], "the cat", &[0]),
    ] {
        let set = set_of([rule.to_owned()]);
        assert_eq!(matching(&set, text), expected, "{rule}: {text}");
    }
}

#[test]
fn two_words_of_one_number_do_not_hide_one_another() {
    let rules = [
        "twina",
        "twinb",
        "\"twina x\"",
        "\"twinb x\"",
        "#twina",
        "#twinb",
        "@twina",
        "@twinb",
        "twinb -dog",
    ];
    let set = set_of(rules.map(str::to_owned));
    for (text, expected) in [
        ("twinc twina", &[0][..]),
        ("twina twinb", &[0, 1, 8]),
        ("twinb twina", &[0, 1, 8]),
        ("twina x twinb x", &[0, 1, 2, 3, 8]),
        ("#twina #twinb", &[0, 1, 4, 5, 8]),
        ("@twinb @twina", &[0, 1, 6, 7, 8]),
        ("twinc #twind @twine", &[]),
    ] {
        assert_eq!(matching(&set, text), expected, "{text}");
    }
}

/// Words that are folded in some way of their own, or stand beside others without a blank.
const ODD_WORDS: [&str; 34] = [
    "İstanbul",
    "ISTANBUL",
    "ısparta",
    "i\u{307}x",
    "\u{212A}elvin",
    "kelvin",
    "ſharp",
    "sharp",
    "ΣΊΣΥΦΟΣ",
    "σίσυφος",
    "Ｆｕｌｌ",
    "full",
    "caf\u{e9}",
    "cafe\u{301}",
    "CAFE\u{301}",
    "cafe",
    "co\u{AD}op",
    "coop",
    "a\u{200D}b",
    "ab",
    "東京",
    "東",
    "か\u{3099}",
    "が",
    "สวัสดี",
    "ดี",
    "한국",
    "\u{1112}\u{1161}\u{11ab}",
    "👨‍👩‍👧",
    "❤\u{FE0F}",
    "❤",
    "1\u{FE0F}\u{20E3}",
    "\u{1E9E}",
    "ß",
];

fn odd_words(most: usize) -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let between = prop::sample::select(vec![
        "", " ", ", ", "’", "_", "\u{200F}", "\u{301}", "\u{200B}",
    ]);
    prop::collection::vec((prop::sample::select(&ODD_WORDS[..]), between), 1..most)
}

proptest! {
    #[test]
    fn few_rules_with_odd_words_are_found(
        rules in prop::collection::vec(odd_words(3), 1..4),
        text in odd_words(8),
        before in "[a-z ]{0,70}",
    ) {
        let joined = |words: &[(&str, &str)]| -> String { words.iter().flat_map(|&(word, space)| [word, space]).collect() };
        let rules: Vec<String> = rules.iter().map(|words| format!("\"{}\"", joined(words))).collect();
        let rules: Vec<Rule> = rules.iter().filter_map(|text| Rule::parse(text).ok()).collect();
        let set = RuleSet::new();
        set.replace((0..).zip(rules.iter().cloned().map(Arc::new)));
        let post = Post::new(&(before + &joined(&text)));
        let alone: Vec<u64> = (0..).zip(&rules).filter(|(_, rule)| rule.matches(&post.doc())).map(|(key, _)| key).collect();
        let (mut scratch, mut keys) = (Scratch::new(), Vec::new());
        set.snapshot().matches(&post.doc(), &mut scratch, &mut keys);
        prop_assert_eq!(&keys, &alone);
        scratch.offer.glance.leave_out();
        set.snapshot().matches(&post.doc(), &mut scratch, &mut keys);
        prop_assert_eq!(&keys, &alone);
    }
}

#[test]
fn a_look_that_does_not_pay_is_left_out_and_tried_again() {
    let set = set_of(["cat".to_owned(), "dog".to_owned()]);
    let (snapshot, mut scratch, mut keys) = (set.snapshot(), Scratch::new(), Vec::new());
    let mut looks = |text: &str, posts: usize| {
        let post = Post::new(text);
        (0..posts)
            .filter(|_| {
                let looks = !scratch.offer.glance.is_left_out();
                snapshot.matches(&post.doc(), &mut scratch, &mut keys);
                assert_eq!(keys.len(), usize::from(text == "a cat"));
                looks
            })
            .count()
    };
    // Posts without the words are let go, as many as there are.
    assert_eq!(looks("a bird", 20_000), 20_000);
    let often = looks("a cat", 20_000);
    assert!((64..1_000).contains(&often), "{often}");
    // And once they come again, so do the looks.
    assert!(looks("a bird", 20_000) > 10_000);
}
