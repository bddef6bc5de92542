//! What of a plan is shown.

use super::*;
use crate::x::XReport;
use crate::x::rules_api::Rule;
use crate::x::slots::TAG;
use crate::x::testing::tracks;

const NOW: Time = Time(1_000);

fn rule(value: &str, tag: &str) -> Rule {
    Rule {
        id: value.to_owned(),
        value: value.to_owned(),
        tag: tag.to_owned(),
    }
}

const ROOM: SlotRoom = SlotRoom {
    slots: 4,
    max_chars: 10,
};

fn x() -> SourceName {
    SourceName::parse("x").unwrap()
}

#[test]
fn without_a_word_from_x_it_is_made_from_nothing_and_says_so() {
    let planner = planner(x(), ROOM, Arc::default());
    let plan = planner.plan(&tracks(&["cat OR dog", "dog", "bird"]), NOW);
    assert!(plan.note.starts_with("made from nothing"), "{}", plan.note);
    assert_eq!((plan.listed_at, plan.free, plan.foreign), (None, 2, 0));
    let rules: Vec<(&str, bool)> = plan
        .rules
        .iter()
        .map(|rule| (rule.rule.as_str(), rule.stands))
        .collect();
    assert_eq!(rules, [("cat OR dog", false), ("bird", false)]);
}

#[test]
fn the_difference_to_what_stands_is_told() {
    let status = Arc::new(XStatus::default());
    status.set_standing(Standing {
        at: Some(Time(7)),
        rules: vec![
            rule("cat OR dog", TAG),
            rule("fish", TAG),
            rule("cow", "theirs"),
        ],
        ..Standing::default()
    });
    status.set(XReport {
        problem: "a rate limit".to_owned(),
        ..XReport::default()
    });
    let planner = planner(x(), ROOM, status);
    let plan = planner.plan(&tracks(&["cat", "dog", "bird"]), NOW);
    assert_eq!(plan.note, "a rate limit");
    assert_eq!(plan.listed_at, Some(Time(7)));
    assert_eq!((plan.to_add(), plan.foreign, plan.free), (1, 1, 1));
    assert_eq!(plan.delete, ["fish"]);
    assert!(plan.rules[0].stands && plan.rules[0].rule == "cat OR dog");
}

#[test]
fn shares_are_split_and_add_up() {
    let mut tracks = tracks(&["cat OR dog", "dog", "bird", "(", "elephants", "contains:x"]);
    tracks[2].draft.priority = 5;
    let plan = assumed_plan(&x(), SlotRoom { slots: 2, ..ROOM }, &tracks, NOW);
    let shares: Vec<(u64, usize, usize, String)> = plan
        .shares
        .iter()
        .map(|it| (it.track.0, it.slots, it.chars, format!("{:.2}", it.share)))
        .collect();
    assert_eq!(
        shares,
        [
            (3, 1, 4, "1.00".to_owned()),
            (1, 1, 6, "0.75".to_owned()),
            (2, 1, 3, "0.25".to_owned())
        ]
    );
    let sum: f64 = plan.shares.iter().map(|share| share.share).sum();
    assert!((sum - plan.rules.len() as f64).abs() < 1e-9);
    let left_out: Vec<u64> = plan.left_out.iter().map(|one| one.track.0).collect();
    assert_eq!(left_out, [4, 5, 6]);
    let reason = &plan.left_out[1].reason;
    assert_eq!(
        reason,
        "no room is left for 9 characters: X gives us 2 rules of 10; to make room, pause or narrow `track 2` and `track 1`, give this one a priority above 0, or ask X for 1 rule more"
    );
}

#[test]
fn what_would_make_room_is_found_by_trying() {
    let helps = |rules: &[&str], slots: usize| {
        let plan = assumed_plan(&x(), SlotRoom { slots, ..ROOM }, &tracks(rules), NOW);
        let reason = plan.left_out.last().unwrap().reason.clone();
        reason.split_once("; ").unwrap().1.to_owned()
    };
    // Two small ones share a rule: neither alone makes enough room.
    assert_eq!(
        helps(&["cat", "ape", "elephants"], 1),
        "to make room, pause or narrow `track 2` and `track 1`, give this one a priority above 0, or ask X for 1 rule more"
    );
    assert_eq!(
        helps(&["lion", "elephants", "hedgehogs"], 2),
        "to make room, pause or narrow `track 2`, give this one a priority above 0, or ask X for 1 rule more"
    );
    assert_eq!(
        helps(&["a", "b", "elephants OR hedgehogs"], 2),
        "to make room, pause or narrow `track 2` and `track 1`, give this one a priority above 0, or ask X for 1 rule more"
    );
    assert_eq!(
        helps(&["elephants OR hedgehogs"], 1),
        "it has more to ask for than all of them hold: narrow it, or ask X for 1 rule more"
    );
}

#[test]
fn thousands_without_room_are_each_told_what_would_help() {
    let rules: Vec<String> = (0..13_000).map(|n| format!("from:account{n:05}")).collect();
    let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
    let room = SlotRoom {
        slots: 100,
        max_chars: 1_024,
    };
    let plan = assumed_plan(&x(), room, &tracks(&rules), NOW);
    assert_eq!((plan.rules.len(), plan.free), (100, 0));
    assert_eq!(plan.shares.len() + plan.left_out.len(), 13_000);
    let help = "to make room, pause or narrow `track 4800`, give this one a priority above 0, or ask X for 1 rule more";
    assert!(
        plan.left_out[0].reason.ends_with(help),
        "{}",
        plan.left_out[0].reason
    );
    assert!(
        plan.left_out
            .iter()
            .all(|one| one.reason.contains("to make room, "))
    );
}
