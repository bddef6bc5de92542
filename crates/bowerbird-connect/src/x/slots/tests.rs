//! What is asked of X, and who goes without.

use proptest::prelude::*;

use super::*;
use bowerbird_core::ids::TrackId;
use bowerbird_core::rules::doc::{Author, Content, Doc, Entity, EntityKind};
use bowerbird_core::track::TrackDraft;

const NOW: Time = Time(1_000_000_000);

fn track(id: u64, rule: &str) -> Track {
    let draft = TrackDraft::new(format!("track {id}"), rule);
    Track {
        id: TrackId(id),
        rule_version: 2,
        draft,
        created_at: NOW,
        changed_at: NOW,
    }
}

fn tracks(rules: &[&str]) -> Vec<Track> {
    (1..).zip(rules).map(|(id, rule)| track(id, rule)).collect()
}

fn plan_in(
    tracks: &[Track],
    slots: usize,
    max_chars: usize,
    current: &[&str],
    apart: &[&str],
) -> Plan {
    let limits = XLimits {
        max_chars,
        ..XLimits::STREAM
    };
    let apart = apart.iter().map(|text| (*text).to_owned()).collect();
    let room = Room {
        limits: &limits,
        slots,
        current,
        apart: &apart,
        refused: &HashMap::new(),
        withheld: &Withheld::default(),
    };
    plan(tracks, &SourceName::parse("x").unwrap(), NOW, room)
}

fn values(plan: &Plan) -> Vec<&str> {
    plan.wanted
        .iter()
        .map(|wanted| wanted.value.as_str())
        .collect()
}

fn left_out(plan: &Plan) -> Vec<u64> {
    plan.left_out
        .iter()
        .map(|left_out| left_out.track.0)
        .collect()
}

#[test]
fn tracks_share_rules() {
    let plan = plan_in(
        &tracks(&["cat", " cat ", "dog OR cat", "cat lang:en", "bird -fish"]),
        9,
        1_024,
        &[],
        &[],
    );
    assert_eq!(values(&plan), ["cat OR dog OR -fish bird"]);
    assert_eq!(plan.wanted[0].tracks, [1, 2, 3, 4, 5].map(TrackId));
    assert_eq!(plan.left_out, []);
}

#[test]
fn room_goes_to_higher_priority_and_then_to_the_older() {
    let mut all = tracks(&["ant", "bee", "cat", "dog", "eel"]);
    all[0].draft.priority = -1;
    all[3].draft.priority = 1;
    // The same priority, made earlier than those before it.
    all[4].created_at = Time(NOW.0 - 1);
    for (slots, without) in [
        (5, &[][..]),
        (4, &[1]),
        (3, &[3, 1]),
        (2, &[2, 3, 1]),
        (1, &[5, 2, 3, 1]),
    ] {
        // No two of them fit into one rule.
        let plan = plan_in(&all, slots, 8, &[], &[]);
        assert_eq!(left_out(&plan), without, "{slots} slots");
        // Nor does what stands at X keep the place of another.
        let standing = plan_in(&all, slots, 8, &["ant", "bee"], &[]);
        assert_eq!(left_out(&standing), without, "{slots} slots");
    }
}

#[test]
fn tracks_are_taken_in_order_and_whoever_fits_is_taken() {
    let plan = plan_in(
        &tracks(&["first one here", "second one here", "third one here", "a b"]),
        2,
        20,
        &[],
        &[],
    );
    assert_eq!(values(&plan), ["first here one", "here one second"]);
    assert_eq!(left_out(&plan), [3, 4]);
    assert!(
        plan.left_out[0]
            .reason
            .starts_with("no room is left for 14 characters: X gives us 2 rules of 20")
    );
    let plan = plan_in(
        &tracks(&["first", "second and more words", "third"]),
        1,
        16,
        &[],
        &[],
    );
    assert_eq!(
        (values(&plan), left_out(&plan)),
        (vec!["first OR third"], vec![2])
    );
}

#[test]
fn what_stands_at_x_stays() {
    let standing = ["dog OR cat", "fish"];
    let plan = plan_in(&tracks(&["cat", "fish", "dog"]), 9, 14, &standing, &[]);
    assert_eq!(values(&plan), standing);
    let plan = plan_in(
        &tracks(&["cat", "fish", "dog", "bird"]),
        9,
        14,
        &standing,
        &[],
    );
    assert_eq!(values(&plan), ["dog OR cat", "fish OR bird"]);
    let plan = plan_in(&tracks(&["cat", "fish"]), 9, 14, &standing, &[]);
    assert_eq!(values(&plan), ["fish OR cat"]);
    // Nor does one that brings less than what it would stand for.
    let plan = plan_in(&tracks(&["cat sample:10"]), 9, 40, &["cat sample:10"], &[]);
    assert_eq!(values(&plan), ["cat"]);
    // Another plan's rule that no longer parses is simply not kept.
    let plan = plan_in(&tracks(&["cat"]), 9, 14, &["(", "cat"], &[]);
    assert_eq!(values(&plan), ["cat"]);
}

#[test]
fn an_earlier_track_goes_before_a_later_one_that_is_there_already() {
    let plan = plan_in(&tracks(&["early", "later"]), 1, 5, &["later"], &[]);
    assert_eq!((values(&plan), left_out(&plan)), (vec!["early"], vec![2]));
}

#[test]
fn who_finds_no_room_moves_nobody() {
    let standing = ["dog OR bird", "fish OR cat"];
    let rules = ["cat", "dog", "fish", "bird", "too long for what is left"];
    let plan = plan_in(&tracks(&rules), 2, 14, &standing, &[]);
    assert_eq!(
        (values(&plan), left_out(&plan)),
        (standing.to_vec(), vec![5])
    );
}

/// A part of what a track asks for may find room before another part finds none.
#[test]
fn who_finds_no_room_leaves_no_rule_changed() {
    let standing = ["dog OR ab"];
    let rules = ["ab", "dog", "cow OR elephants zebras"];
    let plan = plan_in(&tracks(&rules), 1, 20, &standing, &[]);
    assert_eq!(
        (values(&plan), left_out(&plan)),
        (standing.to_vec(), vec![3])
    );
}

#[test]
fn a_refused_alternative_gets_a_rule_of_its_own() {
    let plan = plan_in(
        &tracks(&["cat", "cheese", "dog"]),
        9,
        1_024,
        &["cat OR cheese"],
        &["cheese"],
    );
    assert_eq!(values(&plan), ["cat OR dog", "cheese"]);
}

#[test]
fn what_x_cannot_be_asked_is_left_out_with_the_reason() {
    let long = format!("\"{}\"", "x".repeat(1_100));
    let plan = plan_in(
        &tracks(&["has:images", "cat", &long, "("]),
        9,
        1_024,
        &[],
        &[],
    );
    assert_eq!(
        (values(&plan), left_out(&plan)),
        (vec!["cat"], vec![1, 3, 4])
    );
}

#[test]
fn only_tracks_that_listen_now_are_asked_for() {
    let later = NOW.plus(std::time::Duration::from_secs(60));
    let mut tracks = tracks(&["word0", "word1", "word2", "word3", "word4"]);
    tracks[0].draft.paused = true;
    tracks[1].draft.sources = vec![SourceName::parse("other").unwrap()];
    tracks[2].draft.start = Some(later);
    tracks[3].draft.end = Some(NOW);
    let plan = plan_in(&tracks, 9, 1_024, &[], &[]);
    assert_eq!(values(&plan), ["word4"]);
    assert_eq!(plan.left_out, []);
}

#[test]
fn the_next_turn_is_one_that_has_not_been() {
    let after = |seconds| NOW.plus(std::time::Duration::from_secs(seconds));
    let mut tracks = tracks(&["word0", "word1", "word2", "word3"]);
    tracks[0].draft.start = Some(after(60));
    tracks[1].draft.end = Some(after(90));
    tracks[2].draft.end = Some(after(10));
    tracks[2].draft.paused = true;
    tracks[3].draft.end = Some(after(10));
    tracks[3].draft.sources = vec![SourceName::parse("other").unwrap()];
    let x = SourceName::parse("x").unwrap();
    for (now, expected) in [(0, Some(60)), (60, Some(90)), (89, Some(90)), (90, None)] {
        assert_eq!(changes_at(&tracks, &x, after(now)), expected.map(after));
    }
}

#[test]
fn thirteen_thousand_tracks_that_exclude_much_are_compared() {
    let rules: Vec<String> = (0..13_000)
        .map(|n| format!("word{n} -is:retweet -a -b -c -d -e -f"))
        .collect();
    let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
    let plan = plan_in(&tracks(&rules), 1_000, 1_024, &[], &[]);
    assert_eq!(plan.left_out, []);
}

#[test]
fn thirteen_thousand_names_fit() {
    let rules: Vec<String> = (0..13_000).map(|n| format!("from:account{n:05}")).collect();
    let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
    let plan = plan_in(&tracks(&rules), 1_000, 1_024, &[], &[]);
    // 17 characters each and 4 between: 48 a rule.
    assert_eq!(
        (plan.wanted.len(), plan.left_out.len()),
        (13_000_usize.div_ceil(48), 0)
    );
}

/// What a track may say: operators that X has, that only search has, and that are ours.
fn any_rule() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "cat",
        "dog",
        "bird",
        "\"cat dog\"",
        "#cat",
        "from:ada",
        "-cat",
        "-dog",
        "-is:retweet",
        "lang:en",
        "-lang:en",
        "sample:50",
        "contains:at",
        "(cat OR dog)",
        "(bird OR #cat OR dog)",
        "is:retweet",
        "-sample:10",
        "min_likes:3",
        "bounding_box:[0 0 20 20]",
        "v11_track:\"cat,dog bird\"",
        "v11_follow:ada,12",
        "v11_locations:[0 0 20 20]",
        "-鳥",
    ]);
    let all = prop::collection::vec(part, 1..4).prop_map(|parts| parts.join(" "));
    prop::collection::vec(all, 1..3).prop_map(|alternatives| alternatives.join(" OR "))
}

proptest! {
    /// Whatever a track matches that is not left out, the rules at X bring, whatever stood there before.
    #[test]
    fn nothing_that_a_track_matches_is_left_out(
        rules in prop::collection::vec(any_rule(), 1..8),
        standing in prop::collection::vec(any_rule(), 0..4),
        slots in 1..6_usize,
        max_chars in 12..60_usize,
        words in prop::collection::vec(prop::sample::select(vec!["cat", "dog", "bird", "cats"]), 0..4),
        is_tagged: bool,
        is_repost: bool,
        lang in prop::sample::select(vec!["en", "de"]),
        handle in prop::sample::select(vec!["ada", "bob"]),
        id in "[0-9]{1,3}",
    ) {
        let entities = [Entity::new(EntityKind::Hashtag, "cat", 0..0)];
        let content = Content {
            text: &words.join(" "),
            entities: &entities[..usize::from(is_tagged)],
            ..Content::default()
        };
        let author = Author { handle, ..Author::default() };
        let doc = Doc { content, author, lang, is_repost, id: &id, point: Some([5.0, 5.0]), ..Doc::default() };
        let matches = |rule: &str| Rule::parse(rule).unwrap().matches(&doc);
        let tracks = tracks(&rules.iter().map(String::as_str).collect::<Vec<_>>());
        let standing: Vec<&str> = standing.iter().map(String::as_str).collect();
        let plan = plan_in(&tracks, slots, max_chars, &standing, &[]);
        for track in &tracks {
            let is_in = !left_out(&plan).contains(&track.id.0);
            if is_in && matches(&track.draft.rule) {
                let mut its = plan.wanted.iter().filter(|wanted| wanted.tracks.contains(&track.id));
                prop_assert!(its.any(|wanted| matches(&wanted.value)), "{:?}: {plan:?}", track.draft.rule);
            }
        }
    }

    /// From any plan to any other: every track is asked for or left out with a reason, no rule is too long, no more than there are slots, and what is wanted again
    /// stays as it is.
    #[test]
    fn a_plan_holds_whatever_was_before(
        before in prop::collection::vec(0..30_u32, 0..25),
        after in prop::collection::vec(0..30_u32, 0..25),
        slots in 0..6_usize,
        max_chars in 12..40_usize,
    ) {
        let rule = |n: u32| match n % 3 {
            0 => format!("word{n}"),
            1 => format!("word{n} OR other{n}"),
            _ => format!("word{} lang:en", n - 1),
        };
        let tracks_of = |numbers: &[u32]| -> Vec<Track> {
            (1..).zip(numbers).map(|(id, &n)| track(id, &rule(n))).collect()
        };
        let first = plan_in(&tracks_of(&before), slots, max_chars, &[], &[]);
        let current = values(&first);
        let tracks = tracks_of(&after);
        let second = plan_in(&tracks, slots, max_chars, &current, &[]);
        prop_assert!(second.wanted.len() <= slots);
        prop_assert!(second.wanted.iter().all(|wanted| wanted.value.chars().count() <= max_chars));
        for track in &tracks {
            let there = second.wanted.iter().any(|wanted| wanted.tracks.contains(&track.id));
            let without = second.left_out.iter().any(|left_out| left_out.track == track.id);
            prop_assert!(there != without, "{track:?} {second:?}");
        }
        let held = second.wanted.iter().flat_map(|wanted| &wanted.alternatives);
        let held: Vec<&String> = held.map(|alternative| &alternative.text).collect();
        let distinct: HashSet<&String> = held.iter().copied().collect();
        prop_assert_eq!(held.len(), distinct.len());
        let again = plan_in(&tracks, slots, max_chars, &values(&second), &[]);
        prop_assert_eq!(values(&again), values(&second));
    }
}
