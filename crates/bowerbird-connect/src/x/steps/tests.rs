//! In which order rules change, as a table: what goes and what comes at each step.

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
