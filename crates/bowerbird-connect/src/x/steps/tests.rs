//! In which order rules change, as a table: what goes and what comes at each step.

use proptest::prelude::*;

use super::*;
use crate::x::packing::Alternative;
use crate::x::slots::TAG;
use bowerbird_core::ids::TrackId;

fn standing(rules: &[&str]) -> Standing {
    let rules = rules.iter().map(|rule| Rule {
        id: format!("id of {rule}"),
        value: (*rule).to_owned(),
        tag: TAG.to_owned(),
    });
    Standing {
        rules: rules.collect(),
        ..Standing::default()
    }
}

fn wanted(rule: &&str) -> Wanted {
    let tracks = vec![TrackId(1)];
    let alternatives = rule.split(" OR ").map(|text| Alternative {
        text: text.to_owned(),
        tracks: tracks.clone(),
    });
    Wanted {
        value: (*rule).to_owned(),
        alternatives: alternatives.collect(),
        tracks,
    }
}

/// Each step as `-gone +come`, `!` where it leaves a hole.
fn steps(at_x: &[&str], rules: &[&str], max_rules: usize) -> Vec<String> {
    let (standing, wanted) = (standing(at_x), rules.iter().map(wanted).collect::<Vec<_>>());
    let mut steps = Steps::new(Change {
        standing: &standing,
        wanted: &wanted,
        max_rules,
        limits: &XLimits::STREAM,
    });
    let mut all = Vec::new();
    while let Some(step) = steps.next() {
        let gone = step.delete.iter().map(|id| id.replace("id of ", "-"));
        let come = step.add.iter().map(|at| format!("+{}", wanted[*at].value));
        let hole = step.leaves_a_hole.then(|| "!".to_owned());
        let words: Vec<String> = gone.chain(come).chain(hole).collect();
        all.push(words.join(" "));
        steps.deleted(&step.delete);
        step.add.iter().for_each(|at| steps.added(*at));
    }
    all
}

#[test]
fn the_order_of_changes() {
    let nothing: [&str; 0] = [];
    assert_eq!(steps(&["a"], &["a"], 9), nothing);
    // With room, all comes before anything goes.
    assert_eq!(steps(&["a", "b"], &["c"], 3), ["+c", "-a -b"]);
    // Without, what nobody wants goes first, for nothing.
    assert_eq!(
        steps(&["a OR b", "c"], &["a OR d", "b OR e"], 2),
        ["-c +a OR d", "-a OR b +b OR e !"]
    );
    // What a rule that stands brings too is not missed, even if it brings more.
    assert_eq!(steps(&["a b", "a"], &["a", "c"], 2), ["-a b +c"]);
    // What takes a rule's place follows at once.
    assert_eq!(
        steps(&["a", "b"], &["c OR d", "b OR e", "a OR f"], 2)[0],
        "-a +a OR f !"
    );
}

#[test]
fn a_thousand_rules_are_changed_in_few_steps() {
    let old: Vec<String> = (0..1_000).map(|n| format!("word{n}")).collect();
    let new: Vec<String> = (0..1_000).map(|n| format!("word{n} OR new{n}")).collect();
    let (old, new): (Vec<&str>, Vec<&str>) = (
        old.iter().map(String::as_str).collect(),
        new.iter().map(String::as_str).collect(),
    );
    let steps = steps(&old, &new, 1_000);
    assert!(steps.len() <= STEPS, "{}", steps.len());
    // What goes is what comes, in each of them.
    for step in steps {
        let (gone, come) = step.split_at(step.find('+').unwrap());
        assert_eq!(gone.matches('-').count(), come.matches('+').count());
    }
}

#[test]
fn what_x_has_no_room_for_waits_for_some_or_is_left() {
    let (standing, wanted) = (standing(&["a"]), ["b", "c"].map(|rule| wanted(&rule)));
    let mut steps = Steps::new(Change {
        standing: &standing,
        wanted: &wanted,
        max_rules: 9,
        limits: &XLimits::STREAM,
    });
    assert_eq!(steps.next().unwrap().add, [0, 1]);
    steps.added(0);
    steps.no_room(1);
    let next = steps.next().unwrap();
    assert_eq!((next.delete.len(), next.add.as_slice()), (1, &[1][..]));
    steps.deleted(&next.delete);
    steps.no_room(1);
    assert_eq!(steps.next(), None);
}

#[test]
fn what_x_refuses_is_not_offered_again_and_the_rest_comes() {
    let (standing, wanted) = (
        standing(&["the lang:en", "dog"]),
        ["the", "cow"].map(|rule| wanted(&rule)),
    );
    let mut steps = Steps::new(Change {
        standing: &standing,
        wanted: &wanted,
        max_rules: 2,
        limits: &XLimits::STREAM,
    });
    let first = steps.next().unwrap();
    assert_eq!(first.delete, ["id of dog"]);
    assert_eq!(first.add, [0]);
    steps.deleted(&first.delete);
    steps.refused(0);
    let second = steps.next().unwrap();
    assert_eq!((second.delete.len(), second.add.as_slice()), (0, &[1][..]));
    steps.added(1);
    let last = steps.next().unwrap();
    assert_eq!(last.delete, ["id of the lang:en"]);
    assert!(last.add.is_empty() && !last.leaves_a_hole, "{last:?}");
    steps.deleted(&last.delete);
    assert_eq!(steps.next(), None);
}

/// Words as rules, so many in each.
fn rules_of(words: &[u8], in_a_rule: usize) -> Vec<String> {
    let words: Vec<String> = words.iter().map(|word| format!("word{word}")).collect();
    words
        .chunks(in_a_rule)
        .map(|all| all.join(" OR "))
        .collect()
}

fn any_words() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::hash_set(0..40_u8, 0..30).prop_map(|words| words.into_iter().collect())
}

proptest! {
    /// From any rules to any others, whatever X refuses: all else is done in the end, nothing is offered twice, there are never more than X allows, and what stays
    /// wanted is missing only where a step said so, and no longer than the step.
    #[test]
    fn every_change_comes_to_its_end(
        before in any_words(),
        after in any_words(),
        in_a_rule in (1..4_usize, 1..4_usize),
        more in 0..4_usize,
        refused in prop::collection::hash_set(0..30_usize, 0..6),
    ) {
        let (old, new) = (rules_of(&before, in_a_rule.0), rules_of(&after, in_a_rule.1));
        let max_rules = old.len().max(new.len()) + more;
        let old: Vec<&str> = old.iter().map(String::as_str).collect();
        let new: Vec<&str> = new.iter().map(String::as_str).collect();
        let standing = standing(&old);
        let wanted: Vec<Wanted> = new.iter().map(wanted).collect();
        let mut steps = Steps::new(Change { standing: &standing, wanted: &wanted, max_rules, limits: &XLimits::STREAM });
        let mut rules: Vec<String> = old.iter().map(|rule| (*rule).to_owned()).collect();
        let stays = |word: &u8| {
            let its = format!("word{word}");
            (0..).zip(&wanted).any(|(at, it)| !refused.contains(&at) && it.alternatives.iter().any(|one| one.text == its))
        };
        let staying: Vec<&u8> = before.iter().filter(|word| stays(word)).collect();
        let missing = |rules: &[String]| {
            let has = |word: &u8| rules.iter().any(|rule| rule.split(" OR ").any(|one| one == format!("word{word}")));
            staying.iter().filter(|word| !has(word)).count()
        };
        let mut offered = HashSet::new();
        let mut n_steps = 0;
        while let Some(step) = steps.next() {
            let missed = missing(&rules);
            rules.retain(|rule| !step.delete.contains(&format!("id of {rule}")));
            let gone = missing(&rules);
            prop_assert!(step.leaves_a_hole || gone == missed, "{step:?}");
            steps.deleted(&step.delete);
            for at in step.add {
                prop_assert!(offered.insert(at), "offered twice");
                if refused.contains(&at) {
                    steps.refused(at);
                } else {
                    rules.push(wanted[at].value.clone());
                    steps.added(at);
                }
            }
            prop_assert!(rules.len() <= max_rules);
            // What a step took away and X takes again is there after it, but for what shares its place with something refused.
            prop_assert!(!refused.is_empty() || missing(&rules) <= missed, "{missed} were missing before");
            n_steps += 1;
            prop_assert!(n_steps <= 2 * STEPS + 2);
        }
        rules.sort();
        let taken = (0..).zip(&wanted).filter(|(at, _)| !refused.contains(at) || old.contains(&new[*at]));
        let mut expected: Vec<String> = taken.map(|(_, wanted)| wanted.value.clone()).collect();
        expected.sort();
        prop_assert_eq!(rules, expected);
    }
}
