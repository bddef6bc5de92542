//! The live set against one rule at a time.

use std::sync::Arc;

use proptest::prelude::*;

use super::{RuleSet, Scratch};
use crate::doc::{AccountRef, Author, Doc};
use crate::testing::Post;
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
    set.insert(5, Arc::new(Rule::parse("fish").unwrap()));
    assert!(set.remove(9) && !set.remove(9));
    assert_eq!(matching(&set, "cat and fish"), [5]);
    assert_eq!((before.len(), set.snapshot().len()), (3, 2));
    assert_eq!(before.get(5).unwrap().text(), "cat");
    assert_eq!(
        set.snapshot()
            .iter()
            .map(|(key, _)| key)
            .collect::<Vec<_>>(),
        [3, 5]
    );
    assert!(set.snapshot().get(9).is_none() && !set.snapshot().is_empty());
}

#[test]
fn an_empty_set_matches_nothing() {
    let set = RuleSet::new();
    assert!(matching(&set, "anything").is_empty() && set.snapshot().is_empty());
}

#[test]
fn readers_keep_their_snapshot_while_others_change() {
    let set = Arc::new(set(&[(1, "cat")]));
    let (snapshot, changer) = (set.snapshot(), Arc::clone(&set));
    let thread = std::thread::spawn(move || {
        for key in 2..50 {
            changer.insert(key, Arc::new(Rule::parse("cat").unwrap()));
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

proptest! {
    #[test]
    fn the_set_says_what_each_rule_says(
        rules in prop::collection::vec(crate::parse::tests::any_rule(), 0..30),
        texts in prop::collection::vec(prop_oneof![
            "([abcx] |cat |東京|café |#a |@b |\\$C |http://a.b/x |👍🏽 ){0,8}",
            crate::token::tests::awkward_text(),
        ], 1..4),
        handle in "ada|b|12|",
        is_repost: bool,
    ) {
        let set = RuleSet::new();
        let rules: Vec<Arc<Rule>> = rules.iter().map(|text| Arc::new(Rule::parse(text).unwrap())).collect();
        set.replace(rules.iter().enumerate().map(|(key, rule)| (key as u64 * 7, Arc::clone(rule))));
        let snapshot = set.snapshot();
        let (mut scratch, mut keys) = (Scratch::new(), Vec::new());
        let posts: Vec<Post> = texts.iter().map(|text| Post::new(text)).collect();
        let embedded: Vec<_> = posts[1..].iter().map(Post::content).collect();
        let account = Some(AccountRef { id: &handle, handle: "b" });
        let doc = Doc {
            embedded: &embedded,
            author: Author { handle: &handle, bio: "a b", followers: Some(5), ..Author::default() },
            reply_to: account,
            repost_of: account,
            is_repost,
            id: &texts[0],
            ..posts[0].doc()
        };
        // Twice with the same scratch: nothing of the first post may stay.
        for doc in [doc, Doc { embedded: &[], ..doc }] {
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
