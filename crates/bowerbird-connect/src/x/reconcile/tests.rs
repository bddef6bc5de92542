//! What X is asked to change, in which order, and what a break in the middle leaves.

use bowerbird_core::bill::Withheld;

use super::*;
use crate::testing::{Answer, XStandIn};
use crate::x::config::XConfig;
use crate::x::slots::TAG;
use crate::x::testing::tracks;

const TOKEN: &str = "token-of-a-test";

/// With nothing counted of X's limits yet, as in a new window.
fn api(x: &XStandIn) -> Api {
    let config = XConfig {
        base_url: x.base_url(),
        ..XConfig::new(TOKEN.into())
    };
    Api::new(&config).unwrap()
}

/// With room for two words of five letters in a rule.
fn reconciler(x: &XStandIn, max_rules: usize) -> Reconciler {
    Reconciler {
        api: api(x),
        source: SourceName::parse("x").unwrap(),
        limits: XLimits {
            max_chars: 14,
            ..XLimits::STREAM
        },
        max_rules,
        status: Arc::default(),
    }
}

async fn reconcile(reconciler: &Reconciler, rules: &[&str]) -> Result<XReport, SourceError> {
    let wish = Wish {
        tracks: Arc::new(tracks(rules)),
        withheld: Withheld::default(),
        now: Time(1),
    };
    reconciler.reconcile(&wish).await
}

const STAYING: [&str; 4] = ["word2", "word4", "word6", "word8"];
const WANTED: [&str; 8] = [
    "word2", "word4", "word6", "word8", "new01", "new02", "new03", "new04",
];

/// Four rules of two words, one of which stays wanted in each.
fn standing() -> XStandIn {
    let x = XStandIn::start(TOKEN, []);
    for rule in [
        "word1 OR word2",
        "word3 OR word4",
        "word5 OR word6",
        "word7 OR word8",
    ] {
        x.hold_rule(rule, TAG);
    }
    x
}

fn words(rules: &[String]) -> Vec<&str> {
    let mut words: Vec<&str> = rules.iter().flat_map(|rule| rule.split(" OR ")).collect();
    words.sort_unstable();
    words
}

fn held(x: &XStandIn) -> Vec<String> {
    x.rules().into_iter().map(|rule| rule.value).collect()
}

/// At the worst moment so many of the words that stay wanted were not listened for.
fn most_missing(x: &XStandIn) -> usize {
    let missing = |rules: &Vec<String>| {
        let there = words(rules);
        STAYING.iter().filter(|word| !there.contains(word)).count()
    };
    x.history().iter().map(missing).max().unwrap_or(0)
}

fn expected() -> Vec<&'static str> {
    let mut words = WANTED.to_vec();
    words.sort_unstable();
    words
}

#[tokio::test]
async fn at_full_capacity_no_more_than_one_rule_is_missing_at_a_time() {
    let x = standing();
    x.limit_rules(4, 1_000);
    let report = reconcile(&reconciler(&x, 4), &WANTED).await.unwrap();
    assert_eq!((report.in_force, report.left_out.len()), (4, 0));
    assert_eq!(words(&held(&x)), expected());
    assert_eq!(most_missing(&x), 1);
}

#[tokio::test]
async fn with_one_free_slot_nothing_is_ever_missing() {
    let x = standing();
    x.limit_rules(5, 1_000);
    reconcile(&reconciler(&x, 5), &WANTED).await.unwrap();
    assert_eq!(words(&held(&x)), expected());
    assert_eq!((held(&x).len(), most_missing(&x)), (4, 0));
}

#[tokio::test]
async fn with_room_for_all_everything_stands_before_anything_goes() {
    let x = standing();
    reconcile(&reconciler(&x, 1_000), &WANTED).await.unwrap();
    assert_eq!(x.history().len(), 2);
    assert_eq!(x.history()[0].len(), 8);
    assert_eq!((held(&x).len(), most_missing(&x)), (4, 0));
}

#[tokio::test]
async fn a_crash_after_any_call_is_repaired_by_the_next_start() {
    for (slots, missing) in [(4, 1), (5, 0), (1_000, 0)] {
        let mut requests = 1;
        loop {
            let x = standing();
            x.limit_rules(slots, 1_000);
            x.break_rules_after(requests);
            let broke = reconcile(&reconciler(&x, slots), &WANTED).await.is_err();
            x.mend_rules();
            let report = reconcile(&reconciler(&x, slots), &WANTED).await.unwrap();
            assert_eq!(report.left_out, [], "{slots} slots, {requests} requests");
            assert_eq!(words(&held(&x)), expected());
            assert!(
                most_missing(&x) <= missing,
                "{slots} slots, {requests} requests: {:?}",
                x.history()
            );
            if !broke {
                break;
            }
            requests += 1;
        }
        assert!(requests > 3, "{requests}");
    }
}

#[tokio::test]
async fn nothing_is_deleted_when_x_would_not_take_what_follows() {
    let reset = Time::now().seconds() + 600;
    // One to try, one to delete, one to add: the next step must wait.
    for (allowed, steps) in [(0, 0), (1, 0), (2, 0), (3, 1), (5, 1), (6, 2)] {
        let x = standing();
        x.limit_rules(4, 1_000);
        x.allow_changes(allowed, reset);
        let error = reconcile(&reconciler(&x, 4), &WANTED).await.unwrap_err();
        match error {
            SourceError::WaitUntil { at, .. } => assert_eq!(at.seconds(), reset),
            other => panic!("{other}"),
        }
        let rules = held(&x);
        let there = words(&rules);
        assert!(
            STAYING.iter().all(|word| there.contains(word)),
            "{allowed}: {there:?}"
        );
        let new = there.iter().filter(|word| word.starts_with("new")).count();
        assert_eq!(new, steps, "{allowed} changes allowed: {there:?}");
    }
}

#[tokio::test]
async fn what_is_deleted_waits_for_what_is_added() {
    let reset = Time::now().seconds() + 600;
    for allowed in [0, 1] {
        let x = standing();
        x.allow_changes(allowed, reset);
        let mut reconciler = reconciler(&x, 1_000);
        assert!(reconcile(&reconciler, &WANTED).await.is_err());
        assert_eq!((held(&x).len(), most_missing(&x)), (4 + 4 * allowed, 0));
        // What is known of X is what X was last heard to have.
        assert_eq!(reconciler.status.standing().rules.len(), held(&x).len());
        x.allow_changes(100, reset);
        reconciler.api = api(&x);
        reconcile(&reconciler, &WANTED).await.unwrap();
        assert_eq!((held(&x).len(), most_missing(&x)), (4, 0));
    }
}

#[tokio::test]
async fn what_x_would_refuse_costs_no_rule_that_stands() {
    let x = standing();
    x.limit_rules(4, 1_000);
    x.refuse_rules_with("new03");
    let report = reconcile(&reconciler(&x, 4), &WANTED).await.unwrap();
    let left_out: Vec<u64> = report.left_out.iter().map(|one| one.track.0).collect();
    assert_eq!(left_out, [7]);
    let mut expected = expected();
    expected.retain(|word| *word != "new03");
    assert_eq!(words(&held(&x)), expected);
    assert!(most_missing(&x) <= 1, "{:?}", x.history());
}

/// One bad word among many costs a few slots and a few calls while it is looked for, not one for each.
#[tokio::test]
async fn a_refused_word_among_many_is_found_by_halving() {
    let all: Vec<String> = (0..64).map(|n| format!("word{n:02}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let x = XStandIn::start(TOKEN, []);
    x.refuse_rules_with("word37");
    let mut reconciler = reconciler(&x, 1_000);
    reconciler.limits.max_chars = 1_024;
    let report = reconcile(&reconciler, &all).await.unwrap();
    let left_out: Vec<u64> = report.left_out.iter().map(|one| one.track.0).collect();
    assert_eq!(left_out, [38]);
    assert!(report.left_out[0].reason.starts_with("X refused the rule"));
    let mut expected = all.clone();
    expected.remove(37);
    assert_eq!(words(&held(&x)), expected);
    let most = x.history().iter().map(Vec::len).max().unwrap();
    assert!(most <= 8, "{most} rules at once");
    let calls = x.seen().iter().filter(|seen| seen.method == "POST").count();
    assert!(calls <= 20, "{calls} calls");
    // It is not sent again, and with the next change the others share one rule.
    reconcile(&reconciler, &all).await.unwrap();
    let sent = |x: &XStandIn| {
        let seen = x.seen();
        seen.iter().filter(|it| it.body.contains("word37")).count()
    };
    let before = sent(&x);
    let without: Vec<&str> = all[1..].to_vec();
    reconcile(&reconciler, &without).await.unwrap();
    assert_eq!(sent(&x), before);
    assert_eq!(held(&x).len(), 1);
}

#[tokio::test]
async fn many_refused_words_are_all_found() {
    let all: Vec<String> = (0..40).map(|n| format!("word{n:02}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let x = XStandIn::start(TOKEN, []);
    for bad in ["word03", "word04", "word17", "word39"] {
        x.refuse_rules_with(bad);
    }
    let mut reconciler = reconciler(&x, 1_000);
    reconciler.limits.max_chars = 100;
    let report = reconcile(&reconciler, &all).await.unwrap();
    let left_out: Vec<u64> = report.left_out.iter().map(|one| one.track.0).collect();
    assert_eq!(left_out, [4, 5, 18, 40]);
    assert_eq!(words(&held(&x)).len(), 36);
}

#[tokio::test]
async fn what_had_to_be_apart_makes_room_again() {
    let x = XStandIn::start(TOKEN, []);
    x.limit_rules(2, 1_000);
    x.refuse_rules_with("word2");
    let all = ["word1", "word2", "word3", "word4", "word5"];
    let report = reconcile(&reconciler(&x, 2), &all).await.unwrap();
    let left_out: Vec<u64> = report.left_out.iter().map(|one| one.track.0).collect();
    assert_eq!((left_out, report.in_force), (vec![2], 2));
    assert_eq!(words(&held(&x)), ["word1", "word3", "word4", "word5"]);
}

#[tokio::test]
async fn a_rule_that_x_says_nothing_of_is_not_taken_for_granted() {
    let x = XStandIn::start(TOKEN, []);
    x.answer_rules_with([Answer::plain(200, "{}"), Answer::plain(201, "{}")]);
    let report = reconcile(&reconciler(&x, 9), &["cat"]).await.unwrap();
    assert_eq!((report.in_force, report.left_out.len()), (0, 1));
}

/// X has less room than its plan says: then it is as at full capacity, and who is taken in the end is not told of as left out.
#[tokio::test]
async fn where_x_has_less_room_than_it_says_rules_change_in_steps_too() {
    let x = standing();
    x.limit_rules(4, 1_000);
    let report = reconcile(&reconciler(&x, 1_000), &WANTED).await.unwrap();
    assert_eq!((report.in_force, report.left_out), (4, Vec::new()));
    assert_eq!(words(&held(&x)), expected());
    assert_eq!(most_missing(&x), 1, "{:?}", x.history());
}

/// What is at fault is still looked for when the search was cut off.
#[tokio::test]
async fn a_search_that_was_cut_off_goes_on() {
    let all = ["word1", "word2", "word3", "word4"];
    let reset = Time::now().seconds() + 600;
    for allowed in 1..5 {
        let x = XStandIn::start(TOKEN, []);
        x.refuse_rules_with("word2");
        let mut reconciler = reconciler(&x, 9);
        reconciler.limits.max_chars = 100;
        x.allow_changes(allowed, reset);
        let cut_off = reconcile(&reconciler, &all).await.is_err();
        assert!(cut_off || allowed > 3, "{allowed}");
        x.allow_changes(100, reset);
        reconciler.api = api(&x);
        let report = reconcile(&reconciler, &all).await.unwrap();
        let left_out: Vec<u64> = report.left_out.iter().map(|one| one.track.0).collect();
        assert_eq!(left_out, [2], "{allowed}");
        assert_eq!(words(&held(&x)), ["word1", "word3", "word4"], "{allowed}");
    }
}

/// X takes two words and not a rule of both, and somebody else finds no room: then they stay apart, and are not sent together each time.
#[tokio::test]
async fn what_x_takes_only_apart_stays_so() {
    let x = XStandIn::start(TOKEN, []);
    x.limit_rules(3, 1_000);
    x.refuse_rules_with("word1 OR word2");
    let reconciler = reconciler(&x, 3);
    let too_large = "large01 OR large02 OR large03 OR large04";
    let all = ["word1", "word2", too_large];
    for _ in 0..2 {
        let report = reconcile(&reconciler, &all).await.unwrap();
        let left_out: Vec<u64> = report.left_out.iter().map(|one| one.track.0).collect();
        assert_eq!((left_out, report.in_force), (vec![3], 2));
        assert_eq!(words(&held(&x)), ["word1", "word2"]);
    }
    let sent = |seen: &crate::testing::Seen| seen.body.contains("word1 OR word2");
    let n_sent = x.seen().iter().filter(|seen| sent(seen)).count();
    assert_eq!(n_sent, 1, "{:?}", x.seen());
    for rules in x.history().iter().skip_while(|rules| rules.len() < 2) {
        assert_eq!(words(rules), ["word1", "word2"]);
    }
}

/// At full capacity each small step may find another word that X refuses: none of them costs what stands.
#[tokio::test]
async fn bad_words_in_many_steps_are_all_found() {
    let x = XStandIn::start(TOKEN, []);
    x.limit_rules(8, 1_000);
    let (mut rules, mut wanted) = (Vec::new(), Vec::new());
    for n in 0..8 {
        x.hold_rule(&format!("gone{n} OR keep{n}"), TAG);
        x.refuse_rules_with(&format!("evil{n}"));
        wanted.push(format!("keep{n}"));
        rules.extend([format!("keep{n}"), format!("evil{n}")]);
    }
    let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
    let report = reconcile(&reconciler(&x, 8), &rules).await.unwrap();
    assert_eq!(report.left_out.len(), 8);
    assert_eq!(words(&held(&x)), wanted);
    for rules in x.history() {
        let there = words(&rules);
        let missing = wanted.iter().filter(|word| !there.contains(&word.as_str()));
        assert!(missing.count() <= 1, "{rules:?}");
    }
}

/// X does not say which rule it means: each is tried and sent by itself, and nothing is deleted for what it does not take.
#[tokio::test]
async fn a_refusal_that_names_no_rule_is_of_one_of_them() {
    for free in [0, 1_000] {
        let x = standing();
        x.limit_rules(4 + free, 1_000);
        x.refuse_without_a_name("new03");
        let report = reconcile(&reconciler(&x, 4 + free), &WANTED).await.unwrap();
        let left_out: Vec<u64> = report.left_out.iter().map(|one| one.track.0).collect();
        assert_eq!(left_out, [7]);
        assert!(
            report.left_out[0].reason.contains("not a valid request"),
            "{:?}",
            report.left_out
        );
        let mut expected = expected();
        expected.retain(|word| *word != "new03");
        assert_eq!(words(&held(&x)), expected);
        assert!(most_missing(&x) <= 1, "{:?}", x.history());
    }
}

/// Where X may not be asked, nothing is deleted for what it would have been asked about.
#[tokio::test]
async fn a_dry_run_that_is_forbidden_costs_no_rule_that_stands() {
    let x = standing();
    x.limit_rules(4, 1_000);
    let list = serde_json::json!({"data": x.rules().iter().map(|rule| {
        serde_json::json!({"id": rule.id, "value": rule.value, "tag": rule.tag})
    }).collect::<Vec<_>>()});
    x.answer_rules_with([
        Answer::plain(200, &list.to_string()),
        Answer::plain(403, r#"{"title":"Forbidden"}"#),
    ]);
    let error = reconcile(&reconciler(&x, 4), &WANTED).await.unwrap_err();
    assert!(matches!(error, SourceError::Stop { .. }), "{error}");
    assert_eq!((held(&x).len(), x.history().len()), (4, 0));
}
