//! What is built here fits together.

use bowerbird_connect::native;
use bowerbird_core::event::with_doc;
use bowerbird_core::rules::Rule;
use bowerbird_core::time::Time;

use super::*;

#[test]
fn every_track_of_the_demo_catches_a_few_posts_of_its_stream() {
    let now = Time::parse("2026-11-21T08:00:00Z").unwrap();
    let frames: Vec<Vec<u8>> = (0..3_000).map(|n| synthetic::frame(1, n, now)).collect();
    let events: Vec<_> = frames
        .iter()
        .map(|frame| native::decode(frame).unwrap())
        .collect();
    for (name, text) in DEMO_TRACKS {
        let rule = Rule::parse(text).unwrap();
        assert!(rule.warnings().is_empty(), "{name}: {:?}", rule.warnings());
        let caught = events.iter().filter(|event| {
            event
                .post()
                .is_some_and(|post| with_doc(&event.id.id, post, |doc| rule.matches(doc)))
        });
        let caught = caught.count();
        assert!(
            (60..600).contains(&caught),
            "{name} catches {caught} of {}",
            events.len()
        );
    }
}
