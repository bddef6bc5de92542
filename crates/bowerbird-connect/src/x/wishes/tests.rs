//! When X is looked at, and whether anything may be asked for.

use bowerbird_core::bill::{Held, LiveBills};
use bowerbird_core::ids::TrackId;

use super::*;
use crate::x::testing::tracks;

const NOW: Time = Time(1_000_000_000);

fn x() -> SourceName {
    SourceName::parse("x").unwrap()
}

fn after(seconds: u64) -> Time {
    NOW.plus(Duration::from_secs(seconds))
}

#[test]
fn x_is_looked_at_again_at_every_turn_and_once_an_hour() {
    for (start, expected) in [(None, 3_600), (Some(7_200), 3_600), (Some(60), 60)] {
        let mut all = tracks(&["cat"]);
        all[0].draft.start = start.map(after);
        let (_sender, receiver) = watch::channel(Arc::new(all));
        let mut wishes = Wishes::new(x(), receiver, LiveBills::default().withheld());
        wishes.take_up(NOW);
        assert_eq!(wishes.turn, Some(after(expected)), "{start:?}");
    }
}

#[test]
fn looking_again_sooner_puts_no_turn_off() {
    let (_sender, receiver) = watch::channel(Arc::default());
    let mut wishes = Wishes::new(x(), receiver, LiveBills::default().withheld());
    wishes.take_up(Time::now());
    let hour = wishes.turn.unwrap();
    wishes.look_again_within(Duration::from_secs(300));
    let soon = wishes.turn.unwrap();
    assert!(soon < hour);
    wishes.look_again_within(Duration::from_secs(1_800));
    assert_eq!(wishes.turn, Some(soon));
}

#[test]
fn a_wish_is_idle_where_nobody_may_ask() {
    let held = |reason: &str| Held {
        reason: reason.to_owned(),
        until: None,
    };
    let nobody = Some("no track needs a rule at X");
    let (of_all, of_one) = (Some("all spent"), Some("one spent"));
    // Which tracks are paused, which are held, whether the source is, and why nothing may be asked for.
    for (paused, held_tracks, is_held, expected) in [
        (&[][..], &[][..], false, None),
        (&[0], &[], false, None),
        (&[0, 1], &[], false, nobody),
        (&[], &[1], false, None),
        (&[], &[1, 2], false, of_one),
        (&[0], &[2], false, of_one),
        (&[], &[], true, of_all),
    ] {
        let mut all = tracks(&["cat", "owl"]);
        for at in paused {
            all[*at].draft.paused = true;
        }
        let wish = Wish {
            tracks: Arc::new(all),
            withheld: Withheld {
                all: is_held.then(|| held("all spent")),
                tracks: held_tracks
                    .iter()
                    .map(|id| (TrackId(*id), held("one spent")))
                    .collect(),
            },
            now: NOW,
        };
        let idle = wish.idle(&x());
        assert_eq!(idle.as_deref(), expected, "{paused:?} {held_tracks:?}");
    }
}
