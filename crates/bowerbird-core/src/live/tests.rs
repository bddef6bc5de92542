use super::*;
use crate::event::{Post, with_doc};
use crate::track::TrackDraft;

fn track(id: u64, rule: &str) -> Track {
    let draft = TrackDraft::new(format!("track {id}"), rule);
    Track {
        id: TrackId(id),
        rule_version: 1,
        draft,
        created_at: Time(0),
        changed_at: Time(0),
    }
}

fn caught(live: &LiveTracks, source: &str, at: i64, text: &str) -> Vec<u64> {
    let post = Post {
        text: text.into(),
        ..Post::default()
    };
    let source = SourceName::parse(source).unwrap();
    let captures = with_doc("1", &post, |doc| {
        live.matcher().captures(&source, Time(at), doc)
    });
    captures.iter().map(|caught| caught.track.0).collect()
}

#[test]
fn every_matching_track_catches_and_changes_are_taken_up() {
    let live = LiveTracks::default();
    assert_eq!(caught(&live, "s", 1, "rain"), [0_u64; 0]);
    live.apply(vec![
        track(1, "rain"),
        track(2, "sun"),
        track(3, "rain OR sun"),
    ]);
    assert_eq!(caught(&live, "s", 1, "rain"), [1, 3]);
    live.apply(vec![track(1, "snow"), track(3, "rain OR sun")]);
    assert_eq!(caught(&live, "s", 1, "rain"), [3]);
    assert_eq!(caught(&live, "s", 1, "snow"), [1]);
}

#[test]
fn pauses_times_and_sources_are_regarded() {
    let live = LiveTracks::default();
    let mut paused = track(1, "rain");
    paused.draft.paused = true;
    let mut later = track(2, "rain");
    (later.draft.start, later.draft.end) = (Some(Time(10)), Some(Time(20)));
    let mut elsewhere = track(3, "rain");
    elsewhere.draft.sources = vec![SourceName::parse("x").unwrap()];
    live.apply(vec![paused, later, elsewhere]);
    assert_eq!(caught(&live, "s", 9, "rain"), [0_u64; 0]);
    assert_eq!(caught(&live, "s", 10, "rain"), [2]);
    assert_eq!(caught(&live, "s", 20, "rain"), [0_u64; 0]);
    assert_eq!(caught(&live, "x", 20, "rain"), [3]);
}

#[test]
fn a_rule_that_does_not_parse_is_named_and_stops_no_other() {
    let live = LiveTracks::default();
    let failed = live.apply(vec![track(1, "(rain"), track(2, "rain")]);
    assert_eq!(failed.iter().map(|(id, _)| id.0).collect::<Vec<_>>(), [1]);
    assert_eq!(caught(&live, "s", 1, "rain"), [2]);
}

#[test]
fn sources_that_filter_upstream_hear_of_changes() {
    let live = LiveTracks::default();
    let mut watch = live.watch();
    live.apply(vec![track(1, "rain")]);
    assert!(watch.has_changed().unwrap());
    assert_eq!(watch.borrow_and_update().len(), 1);
}

#[test]
fn marks_of_several_rules_are_joined() {
    let live = LiveTracks::default();
    live.apply(vec![track(1, "heavy"), track(2, "\"heavy rain\"")]);
    let post = Post {
        text: "heavy rain".into(),
        ..Post::default()
    };
    let both = [
        Caught {
            track: TrackId(1),
            rule_version: 1,
        },
        Caught {
            track: TrackId(2),
            rule_version: 1,
        },
    ];
    let found = with_doc("1", &post, |doc| live.highlights(doc, &both));
    assert_eq!(found.texts, [[0..10; 1]]);
}

#[test]
fn a_pause_a_new_rule_and_a_removal_each_change_what_is_matched() {
    let live = LiveTracks::default();
    let both = |first: Track| vec![first, track(2, "rain")];
    live.apply(both(track(1, "rain")));
    let mut paused = track(1, "rain");
    paused.draft.paused = true;
    live.apply(both(paused));
    assert_eq!(caught(&live, "s", 1, "rain and snow"), [2]);
    live.apply(both(track(1, "snow")));
    assert_eq!(caught(&live, "s", 1, "rain and snow"), [1, 2]);
    assert_eq!(caught(&live, "s", 1, "rain"), [2]);
    live.apply(Vec::new());
    assert_eq!(caught(&live, "s", 1, "rain and snow"), [0_u64; 0]);
    live.apply(both(track(1, "((")));
    assert_eq!(caught(&live, "s", 1, "rain"), [2]);
}
