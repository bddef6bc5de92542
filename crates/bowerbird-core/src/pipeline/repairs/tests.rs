use tokio::sync::watch;

use super::*;
use crate::gap::Cause;
use crate::ids::Lane;
use crate::pipeline::engine::{Parts, Until};
use crate::pipeline::tests::house::{self, Act, Script, name, spooled};
use crate::spool::LaneStart;
use crate::store::GapQuery;
use crate::track::TrackDraft;

/// A pipeline whose source was cut from second 10 to 20 and from 30 to 40, and whose spool keeps all.
async fn with_gaps() -> (Parts, Arc<Script>) {
    let parts = house::parts(house::decode);
    let idle = Lane::parse("idle").unwrap();
    let opened = parts.spool.open_lane(&idle, LaneStart::Oldest).await;
    opened.unwrap();
    let cut = || Act::Fail(retry());
    let script = Script::new([
        vec![Act::Frames(10, vec!["1 a bird"], Some("c1")), cut()],
        vec![
            Act::Frames(20, vec!["2 a bird"], Some("c2")),
            Act::Frames(30, vec![""], None),
            cut(),
        ],
        vec![Act::Frames(40, vec!["3 a bird"], Some("c3"))],
    ]);
    (parts, script)
}

fn retry() -> SourceError {
    SourceError::Retry {
        ladder: Ladder::Network,
        reason: "reset".to_owned(),
    }
}

fn lost(from: Option<i64>, resume: Option<(i64, &str)>) -> SourceError {
    let second = |n: i64| Time(n * 1_000_000);
    SourceError::CursorLost {
        reason: "let go of".to_owned(),
        lost: Lost {
            from: from.map(second),
            resume: resume.map(|(at, cursor)| (second(at), Cursor(cursor.to_owned()))),
        },
    }
}

/// Runs the source with this repair until `is_so`.
async fn run_until(
    parts: &Parts,
    script: &Arc<Script>,
    repair: &Arc<Script>,
    mut is_so: impl AsyncFnMut(&Arc<Engine>) -> bool,
) {
    let engine = house::engine(parts).await;
    let mut connection = script.connection(|_| {});
    let again = repair.connection(|spec| spec.endless = false);
    connection.repair = Some(Repair {
        by: "a script",
        lacks: "deletions",
        open: Box::new(move |_, cursor| (again.open)(cursor)),
    });
    let (stop, stopped) = watch::channel(false);
    let running = engine.run(vec![connection], Until::Stopped, stopped);
    let told = async {
        house::until(async || is_so(&engine).await).await;
        stop.send_replace(true);
    };
    let (ended, ()) = tokio::join!(running, told);
    ended.unwrap();
}

/// All gaps in words, oldest first.
async fn gaps(parts: &Parts) -> Vec<String> {
    let mut all = parts
        .store
        .gaps(&GapQuery::default(), None, 100)
        .await
        .unwrap();
    all.reverse();
    let seconds = |time: Time| time.seconds();
    let say = |gap: Gap| {
        let until = gap.until.map_or(-1, seconds);
        let remains = gap.repair.remains;
        let (state, posts) = (gap.state, gap.repair.posts);
        format!("{}-{until} {state} {posts} {remains}", seconds(gap.from))
            .trim_end()
            .to_owned()
    };
    all.into_iter().map(say).collect()
}

async fn jobs(parts: &Parts) -> Vec<Job> {
    parts.store.jobs(None, 0, 10).await.unwrap()
}

/// Every gap is as it will be.
async fn all_settled(parts: &Parts) -> bool {
    let all = gaps(parts).await;
    let is_settled = |gap: &String| gap.contains("repaired") || gap.contains("beyond");
    all.len() >= 2 && all.iter().all(is_settled) && jobs(parts).await.is_empty()
}

#[tokio::test(start_paused = true)]
async fn what_was_missed_comes_through_the_front_door_the_oldest_first() {
    let (parts, script) = with_gaps().await;
    let repair = Script::new([
        vec![
            Act::Frames(99, vec!["1 a bird", "11 a bird"], Some("r1")),
            Act::Frames(99, vec!["", "12 a cat", "torn"], Some("r2")),
            Act::End,
        ],
        vec![Act::Frames(99, vec!["31 a bird"], None), Act::End],
    ]);
    run_until(&parts, &script, &repair, async |_| {
        all_settled(&parts).await
    })
    .await;
    assert_eq!(
        gaps(&parts).await,
        ["10-20 repaired 2", "30-40 repaired 1"],
        "a post that was there is no post that came"
    );
    assert_eq!(repair.cursors(), [None, None]);
    let said = spooled(parts.spool.as_ref()).await;
    let brought: Vec<&String> = said
        .iter()
        .filter(|said| !said.starts_with("gap"))
        .collect();
    let expected = [
        "a bird",
        "a bird",
        "a bird",
        "a bird",
        "a bird",
        "a cat",
        "refused: no text after the id",
        "a bird",
    ];
    assert_eq!(brought, expected);
    let state = parts.spool.sources().await.unwrap().remove(0);
    assert_eq!(
        state.cursor,
        Some(Cursor("c3".to_owned())),
        "the stream's own"
    );
    assert_eq!(state.heard_at, Some(Time(40_000_000)));
    let counts = parts.store.counts().await.unwrap().remove(0);
    assert_eq!((counts.kept, counts.duplicate, counts.refused), (6, 1, 1));
    assert_eq!(state.read, 8, "counts add up");
}

#[tokio::test(start_paused = true)]
async fn a_repair_that_breaks_goes_on_where_it_was() {
    let (parts, script) = with_gaps().await;
    let repair = Script::new([
        vec![
            Act::Frames(99, vec!["11 a bird"], Some("r1")),
            Act::Fail(retry()),
        ],
        vec![Act::Frames(99, vec!["12 a bird"], Some("r2")), Act::End],
        vec![Act::End],
    ]);
    run_until(&parts, &script, &repair, async |_| {
        all_settled(&parts).await
    })
    .await;
    assert_eq!(gaps(&parts).await, ["10-20 repaired 2", "30-40 repaired 0"]);
    let cursor = |text: &str| Some(text.to_owned());
    assert_eq!(repair.cursors()[..2], [None, cursor("r1")]);
}

#[tokio::test(start_paused = true)]
async fn a_repair_goes_on_after_a_crash() {
    let (before, script) = with_gaps().await;
    // It says nothing more after its first batch, and the process ends.
    let repair = Script::new([vec![Act::Frames(99, vec!["11 a bird"], Some("r1"))]]);
    run_until(&before, &script, &repair, async |_| {
        gaps(&before)
            .await
            .first()
            .is_some_and(|gap| gap == "10-20 repairing 1")
    })
    .await;
    let after = house::restarted(&before, house::decode);
    // Whoever had the job is gone, and its lease has long to run.
    let job = jobs(&after).await.remove(0);
    assert!(job.leased_until.is_some_and(|until| until > Time::now()));
    let script = Script::new([vec![Act::Frames(50, vec!["4 a bird"], None)]]);
    let repair = Script::new([
        vec![
            Act::Frames(99, vec!["11 a bird", "12 a bird"], None),
            Act::End,
        ],
        vec![Act::End],
        vec![Act::End],
    ]);
    run_until(&after, &script, &repair, async |_| {
        gaps(&after).await.len() == 3 && all_settled(&after).await
    })
    .await;
    assert_eq!(gaps(&after).await[0], "10-20 repaired 2");
    assert_eq!(repair.cursors()[0], Some("r1".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn what_a_service_has_let_go_of_is_beyond_repair_and_the_rest_goes_on() {
    let (parts, script) = with_gaps().await;
    let repair = Script::new([
        vec![
            Act::Frames(99, vec!["11 a bird"], Some("r1")),
            Act::Fail(lost(Some(12), Some((15, "r2")))),
        ],
        vec![Act::Frames(99, vec!["16 a bird"], None), Act::End],
        // Of the second nothing is left.
        vec![Act::Fail(lost(None, Some((45, "r3"))))],
    ]);
    run_until(&parts, &script, &repair, async |_| {
        all_settled(&parts).await
    })
    .await;
    let expected = [
        "10-12 repaired 1",
        "12-15 beyond-repair 0 let go of",
        "15-20 repaired 1",
        "30-40 beyond-repair 0 let go of",
    ];
    assert_eq!(gaps(&parts).await, expected);
    assert_eq!(repair.cursors()[1], Some("r2".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_gap_that_nothing_fills_is_beyond_repair_until_somebody_asks_again() {
    let (parts, script) = with_gaps().await;
    let gone = || vec![Act::Fail(lost(None, None))];
    let again = vec![Act::Frames(99, vec!["11 a bird"], None), Act::End];
    let repair = Script::new([gone(), gone(), again]);
    let mut asked = None;
    run_until(&parts, &script, &repair, async |engine| {
        if asked.is_none() && all_settled(&parts).await {
            asked = Some(gaps(&parts).await);
            let oldest = parts
                .store
                .gaps(&GapQuery::default(), None, 9)
                .await
                .unwrap();
            let id = oldest.last().unwrap().id;
            engine.repair_gap(id).await.unwrap();
        }
        asked.is_some() && gaps(&parts).await[0] == "10-20 repaired 1"
    })
    .await;
    let expected = [
        "10-20 beyond-repair 0 let go of",
        "30-40 beyond-repair 0 let go of",
    ];
    assert_eq!(asked.unwrap(), expected);
}

fn stop() -> Vec<Act> {
    let reason = "the token was revoked".to_owned();
    vec![Act::Fail(SourceError::Stop { reason })]
}

#[tokio::test(start_paused = true)]
async fn what_a_person_must_look_at_loses_no_gap() {
    let (before, script) = with_gaps().await;
    let begun = vec![
        Act::Frames(99, vec!["11 a bird"], Some("r1")),
        stop().remove(0),
    ];
    let repair = Script::new([begun, stop()]);
    let waits = [
        "10-20 repairing 1 not done: the token was revoked",
        "30-40 repairing 0 not done: the token was revoked",
    ];
    run_until(&before, &script, &repair, async |_| {
        gaps(&before).await == waits
    })
    .await;
    let due = jobs(&before).await.remove(0).due_at;
    assert!(due.since(Time::now()) > STOPPED_FOR / 2, "in an hour");
    // The next start tries again, from where it was.
    let after = house::restarted(&before, house::decode);
    let script = Script::new([vec![Act::Frames(50, vec!["4 a bird"], None)]]);
    let ends = || vec![Act::End];
    let repair = Script::new([ends(), ends(), ends()]);
    run_until(&after, &script, &repair, async |_| {
        gaps(&after).await.len() == 3 && all_settled(&after).await
    })
    .await;
    assert_eq!(gaps(&after).await[0], "10-20 repaired 1");
    assert_eq!(repair.cursors()[0], Some("r1".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn who_wants_to_be_asked_from_now_on_is_asked_for_what_was_begun_too() {
    let (before, script) = with_gaps().await;
    let repair = Script::new([stop(), stop()]);
    run_until(&before, &script, &repair, async |_| {
        let all = gaps(&before).await;
        all.len() == 2 && all.iter().all(|gap| gap.contains("not done"))
    })
    .await;
    let mut after = house::restarted(&before, house::decode);
    after.repair_by_hand = vec![name()];
    let script = Script::new([vec![Act::Frames(50, vec!["4 a bird"], None)]]);
    let repair = Script::new([stop()]);
    run_until(&after, &script, &repair, async |_| {
        gaps(&after).await.len() == 3 && jobs(&after).await.is_empty()
    })
    .await;
    let all = gaps(&after).await;
    assert_eq!(all[..2], ["10-20 open 0", "30-40 open 0"]);
    assert!(repair.cursors().is_empty(), "nothing was asked for");
}

#[tokio::test(start_paused = true)]
async fn where_somebody_wants_to_be_asked_nothing_is_repaired_before() {
    let (mut parts, script) = with_gaps().await;
    parts.repair_by_hand = vec![name()];
    let repair = Script::new([vec![Act::Frames(99, vec!["31 a bird"], None), Act::End]]);
    run_until(&parts, &script, &repair, async |engine| {
        let all = parts
            .store
            .gaps(&GapQuery::default(), None, 9)
            .await
            .unwrap();
        if all.len() == 2 && all[0].until.is_some() && all[0].state == GapState::Open {
            let lasting = Gap {
                id: 999,
                ..all[0].clone()
            };
            let none = engine.repair_gap(lasting.id).await;
            assert!(matches!(none, Err(StoreError::NotFound(_))), "{none:?}");
            let asked = engine.repair_gap(all[0].id).await.unwrap();
            assert_eq!(asked.cause, Cause::Disconnect);
        }
        gaps(&parts)
            .await
            .last()
            .is_some_and(|gap| gap == "30-40 repaired 1")
    })
    .await;
    assert_eq!(gaps(&parts).await[0], "10-20 open 0");
    let engine = house::engine(&parts).await;
    let id = parts
        .store
        .gaps(&GapQuery::default(), None, 9)
        .await
        .unwrap()[1]
        .id;
    let nobody = engine.repair_gap(id).await;
    assert!(
        matches!(nobody, Err(StoreError::Conflict(_))),
        "nothing runs"
    );
}

#[tokio::test(start_paused = true)]
async fn what_comes_late_is_matched_as_if_it_had_come_then() {
    let (parts, script) = with_gaps().await;
    let ended = TrackDraft {
        end: Some(Time(35_000_000)),
        ..TrackDraft::new("over", "bird")
    };
    let begins = TrackDraft {
        start: Some(Time(45_000_000)),
        ..TrackDraft::new("later", "bird")
    };
    for draft in [&ended, &begins] {
        parts.store.create_track(draft, Time(0)).await.unwrap();
    }
    let repair = Script::new([
        vec![Act::Frames(99, vec!["11 a bird"], None), Act::End],
        vec![Act::End],
    ]);
    run_until(&parts, &script, &repair, async |_| {
        all_settled(&parts).await
    })
    .await;
    let post = parts.store.post("test", "11").await.unwrap().unwrap();
    let caught: Vec<u64> = post.captures.iter().map(|one| one.track.0).collect();
    assert_eq!(caught, [1], "the first had not ended, the second not begun");
}
