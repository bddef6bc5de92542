//! What is said of a plan, and of what a change would do to it.

use super::*;

fn plan(rules: &[(&str, bool)], delete: &[&str], left_out: &[u64]) -> SlotPlan {
    let rules = rules
        .iter()
        .map(|(rule, stands)| bowerbird_core::plan::SlotRule {
            rule: (*rule).to_owned(),
            chars: rule.len(),
            tracks: vec![TrackId(1)],
            stands: *stands,
        });
    let left_out = left_out.iter().map(|id| LeftOut {
        track: TrackId(*id),
        reason: "no room".to_owned(),
    });
    SlotPlan {
        source: SourceName::parse("x").unwrap(),
        service: "X".to_owned(),
        listed_at: None,
        note: String::new(),
        slots: 1_000,
        max_chars: 1_024,
        foreign: 2,
        free: 0,
        rules: rules.collect(),
        delete: delete.iter().map(|rule| (*rule).to_owned()).collect(),
        shares: Vec::new(),
        left_out: left_out.collect(),
    }
}

#[test]
fn what_a_plan_comes_to_is_said() {
    let settled = PlanView::now(plan(&[("cat", true)], &[], &[]));
    assert_eq!(
        settled.summary,
        "X has what the tracks need; 3 of 1,000 slots."
    );
    let open = PlanView::now(plan(
        &[("cat", true), ("dog", false)],
        &["eel", "fish"],
        &[],
    ));
    assert_eq!(
        open.summary,
        "1 rule to add and 2 to remove at X; 4 of 1,000 slots."
    );
    assert_eq!((open.to_add, open.chars), (1, 6));
}

#[test]
fn what_a_change_would_do_is_said() {
    let before = plan(&[("cat", true)], &[], &[4]);
    let after = plan(&[("dog", false)], &["cat"], &[2, 3, 4, 5]);
    let tried = PlanView::tried(&before, after, TrackId(5), |id| format!("track {id}"));
    assert_eq!(
        tried.summary,
        "This would add 1 rule and remove 1 at X; 3 of 1,000 slots. X would not be asked for it: no room. It would push out track 2 and 1 more."
    );
    let pushed_out: Vec<u64> = tried.pushed_out.iter().map(|one| one.track.0).collect();
    assert_eq!(pushed_out, [2, 3]);
}

fn track(id: u64, rule: &str) -> Track {
    Track {
        id: TrackId(id),
        rule_version: 1,
        draft: TrackDraft::new(format!("track {id}"), rule),
        created_at: Time(0),
        changed_at: Time(0),
    }
}

#[test]
fn a_change_is_made_among_all_tracks() {
    let all = vec![track(1, "cat"), track(7, "dog")];
    let rules = |change: PlanChange| {
        let (tracks, id) =
            changed(all.clone(), change, Time(9)).map_err(|error| error.told.message)?;
        let rules = tracks
            .into_iter()
            .map(|track| (track.id.0, track.draft.rule));
        Ok::<_, String>((rules.collect::<Vec<_>>(), id.0))
    };
    let (cat, dog) = ((1, "cat".to_owned()), (7, "dog".to_owned()));
    let rule = |rule: &str| Some(rule.to_owned());
    let owl = |id: u64| (id, "owl".to_owned());
    let with = |id, draft, rule| PlanChange { id, draft, rule };
    assert_eq!(
        rules(with(None, None, rule("owl"))).unwrap(),
        (vec![cat.clone(), dog.clone(), owl(8)], 8)
    );
    assert_eq!(
        rules(with(Some(TrackId(7)), None, rule("owl"))).unwrap(),
        (vec![cat.clone(), owl(7)], 7)
    );
    let draft = Some(TrackDraft::new("owls", "owl"));
    assert_eq!(
        rules(with(Some(TrackId(1)), draft.clone(), None)).unwrap(),
        (vec![owl(1), dog.clone()], 1)
    );
    assert_eq!(
        rules(with(Some(TrackId(1)), None, None)).unwrap(),
        (vec![dog], 1)
    );
    for refused in [
        with(None, None, None),
        with(Some(TrackId(3)), None, rule("owl")),
        with(None, draft, rule("owl")),
        with(None, None, rule("(")),
    ] {
        let said = format!("{refused:?}");
        assert!(rules(refused).is_err(), "{said}");
    }
}
