use super::*;
use crate::ids::{Cursor, SourceName};
use crate::source::{Keep, Refused};

fn spec(endless: bool, replays: bool) -> SourceSpec {
    SourceSpec {
        name: SourceName::parse("s").unwrap(),
        service: "x".to_owned(),
        decode: |_| Err(Refused::new("not asked")),
        endless,
        replays,
        stall_after: None,
        keep: Keep::All,
    }
}

const CUT: Why<'static> = (Cause::Disconnect, "reset");

fn change(from: i64, until: Option<i64>, (cause, reason): Why<'_>) -> GapChange {
    GapChange {
        from: Time(from),
        until: until.map(Time),
        cause,
        reason: reason.to_owned(),
        lost: None,
    }
}

#[test]
fn not_running_is_a_gap_from_the_last_byte_to_the_first() {
    let mut gaps = Gaps::new(&spec(true, false), Some(Time(10)));
    assert_eq!(
        gaps.started(),
        Some(change(
            10,
            None,
            (Cause::NotRunning, "bowerbird was not running")
        ))
    );
    assert_eq!(
        gaps.heard(Time(50), Time(60)),
        Some(change(
            10,
            Some(50),
            (Cause::NotRunning, "bowerbird was not running")
        ))
    );
    assert_eq!(gaps.heard(Time(70), Time(70)), None);
}

#[test]
fn a_first_start_has_missed_nothing() {
    let mut gaps = Gaps::new(&spec(true, false), None);
    assert_eq!(gaps.started(), None);
    assert_eq!(gaps.disconnected(CUT), None);
    assert_eq!(gaps.heard(Time(5), Time(5)), None);
}

#[test]
fn failed_attempts_prolong_the_gap_and_open_no_other() {
    let mut gaps = Gaps::new(&spec(true, false), None);
    gaps.heard(Time(1), Time(20));
    assert_eq!(gaps.disconnected(CUT), Some(change(20, None, CUT)));
    assert_eq!(gaps.disconnected((Cause::Stall, "503")), None);
    assert_eq!(
        gaps.heard(Time(40), Time(40)),
        Some(change(20, Some(40), CUT))
    );
}

#[test]
fn a_source_that_replays_leaves_no_gap_unless_its_cursor_is_lost() {
    let mut gaps = Gaps::new(&spec(true, true), Some(Time(10)));
    assert_eq!(gaps.started(), None);
    assert_eq!(gaps.disconnected(CUT), None);
    assert_eq!(
        gaps.cursor_lost("too old", &Lost::default()),
        Some(change(10, None, (Cause::CursorLost, "too old")))
    );
    assert_eq!(
        gaps.heard(Time(90), Time(95)),
        Some(change(10, Some(90), (Cause::CursorLost, "too old")))
    );
    assert_eq!(gaps.disconnected(CUT), None);
}

#[test]
fn a_lost_cursor_does_not_make_a_source_one_that_replays() {
    let mut gaps = Gaps::new(&spec(true, false), Some(Time(10)));
    assert_eq!(
        gaps.cursor_lost("old", &Lost::default()),
        Some(change(10, None, (Cause::CursorLost, "old")))
    );
    gaps.heard(Time(20), Time(20));
    assert_eq!(gaps.disconnected(CUT), Some(change(20, None, CUT)));
}

#[test]
fn what_a_service_lacks_is_a_gap_from_the_cursor_to_where_it_has_all_again() {
    let lost = |from: Option<i64>, until: i64| Lost {
        from: from.map(Time),
        resume: Some((Time(until), Cursor("there".to_owned()))),
    };
    let cases = [
        (Some(50), lost(Some(10), 40), Some((10, Some(40)))),
        (Some(50), lost(None, 70), Some((50, Some(70)))),
        (Some(5), lost(Some(10), 40), Some((5, Some(40)))),
        (None, lost(Some(10), 40), Some((10, Some(40)))),
        (Some(50), lost(None, 40), None),
        (None, lost(None, 40), None),
    ];
    for (heard, lost, expected) in cases {
        let mut gaps = Gaps::new(&spec(true, true), heard.map(Time));
        let expected =
            expected.map(|(from, until)| change(from, until, (Cause::CursorLost, "old")));
        assert_eq!(gaps.cursor_lost("old", &lost), expected, "{lost:?}");
        assert_eq!(gaps.heard(Time(90), Time(90)), None, "it has its end");
    }
    let mut gaps = Gaps::new(&spec(true, true), Some(Time(50)));
    let behind = Lost {
        from: Some(Time(10)),
        resume: None,
    };
    assert_eq!(
        gaps.cursor_lost("old", &behind),
        Some(change(10, None, (Cause::CursorLost, "old"))),
        "what was heard last was a replay's"
    );
}

#[test]
fn a_bounded_source_has_no_gaps() {
    let mut gaps = Gaps::new(&spec(false, false), Some(Time(10)));
    assert_eq!(gaps.started(), None);
    assert_eq!(gaps.disconnected(CUT), None);
    assert_eq!(gaps.limited(Time(5), 100), None);
}

#[test]
fn limit_notices_count_up_within_a_connection() {
    let mut gaps = Gaps::new(&spec(true, false), None);
    gaps.heard(Time(1), Time(2));
    let first = gaps.limited(Time(5), 100).unwrap();
    assert_eq!(
        (first.from, first.until, first.lost),
        (Time(2), Some(Time(5)), Some(100))
    );
    let second = gaps.limited(Time(9), 130).unwrap();
    assert_eq!(
        (second.from, second.until, second.lost),
        (Time(5), Some(Time(9)), Some(30))
    );
    assert_eq!(gaps.limited(Time(9), 130), None);
    gaps.disconnected(CUT);
    gaps.heard(Time(20), Time(20));
    assert_eq!(gaps.limited(Time(25), 7).unwrap().lost, Some(7));
}

#[test]
fn a_clock_set_back_makes_no_gap_that_ends_before_it_begins() {
    let mut gaps = Gaps::new(&spec(true, false), Some(Time(100)));
    gaps.started();
    assert_eq!(
        gaps.heard(Time(40), Time(40)).unwrap().until,
        Some(Time(100))
    );
}
