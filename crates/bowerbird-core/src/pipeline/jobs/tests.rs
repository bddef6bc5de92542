use std::sync::Mutex;

use bytes::Bytes;
use tokio::sync::watch;

use super::*;
use crate::bill::{Call, Charge, Money, Priced};
use crate::ids::Lane;
use crate::job::Handling;
use crate::pipeline::engine::{Parts, Until};
use crate::pipeline::tests::house::{self, Script, name, spooled};
use crate::spool::LaneStart;
use crate::store::Job;

/// What a scripted handler was given, call by call.
type Calls = Arc<Mutex<Vec<Vec<String>>>>;

fn job(key: &str) -> NewJob {
    NewJob {
        kind: "hydrate".to_owned(),
        key: key.to_owned(),
        source: name(),
        payload: Vec::new(),
        due_at: Time(0),
        priority: 0,
    }
}

/// Notes what it is given, and does with each call what `answer` says.
fn handler(
    answer: impl Fn(usize, &[Job]) -> Handled + Send + Sync + 'static,
) -> (JobHandler, Calls) {
    let calls = Calls::default();
    let noted = Arc::clone(&calls);
    let handle = move |jobs: Vec<Job>| -> Handling {
        let mut calls = noted.lock().unwrap();
        calls.push(jobs.iter().map(|job| job.key.clone()).collect());
        let handled = answer(calls.len(), &jobs);
        Box::pin(std::future::ready(handled))
    };
    let handler = JobHandler {
        kind: "hydrate",
        most: 2,
        handle: Box::new(handle),
    };
    (handler, calls)
}

fn done(jobs: &[Job]) -> Vec<(JobLease, JobEnd)> {
    let done = |job: &Job| (job.lease(), JobEnd::Done);
    jobs.iter().map(done).collect()
}

/// Runs a source with this handler until `is_so`.
async fn run_until(parts: &Parts, handler: JobHandler, is_so: impl AsyncFnMut(&Engine) -> bool) {
    let mut is_so = is_so;
    let script = Script::new([vec![]]);
    let mut connection = script.connection(|spec| spec.keep = Keep::Matched);
    connection.jobs = vec![handler];
    let engine = house::engine(parts).await;
    let (stop, stopped) = watch::channel(false);
    let running = engine.run(vec![connection], Until::Stopped, stopped);
    let told = async {
        house::until(async || is_so(&engine).await).await;
        stop.send_replace(true);
    };
    let (ended, ()) = tokio::join!(running, told);
    ended.unwrap();
}

async fn left(engine: &Engine) -> Vec<Job> {
    engine.parts.store.jobs(None, 0, 10).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_jobs_bring_enters_by_the_front_door_and_is_paid_for() {
    let parts = house::parts(house::decode);
    let jobs: Vec<NewJob> = ["1", "2", "3"].map(job).into();
    parts.store.add_jobs(&jobs, Time(0)).await.unwrap();
    // What is acknowledged by all is gone.
    let idle = Lane::parse("idle").unwrap();
    let opened = parts.spool.open_lane(&idle, LaneStart::Oldest).await;
    opened.unwrap();
    let (handler, calls) = handler(|_, jobs| Handled {
        frames: jobs
            .iter()
            .map(|job| Frame::new(Bytes::from(format!("{} fetched", job.key)), Time(7)))
            .collect(),
        charges: vec![Charge {
            what: Priced::Counts,
            price: Money(10),
            calls: vec![Call {
                id: jobs[0].key.clone(),
                tracks: Vec::new(),
            }],
        }],
        ends: done(jobs),
    });
    run_until(&parts, handler, async |engine| {
        left(engine).await.is_empty()
    })
    .await;
    assert_eq!(*calls.lock().unwrap(), [vec!["1", "2"], vec!["3"]]);
    let spooled = spooled(parts.spool.as_ref()).await;
    let expected = [
        "fetched",
        "fetched",
        "$0.00001 each for 1",
        "fetched",
        "$0.00001 each for 3",
    ];
    assert_eq!(spooled, expected);
    let state = parts.spool.sources().await.unwrap().remove(0);
    assert_eq!((state.read, state.heard_at, state.cursor), (3, None, None));
}

#[tokio::test(start_paused = true)]
async fn jobs_that_fail_come_again_or_die_with_their_reason() {
    let parts = house::parts(house::decode);
    let (handler, calls) = handler(|call, jobs| {
        let first = jobs[0].lease();
        let end = match call {
            1 => JobEnd::Later {
                at: Time(0),
                reason: "busy".to_owned(),
            },
            _ => JobEnd::Dead {
                reason: "no such account".to_owned(),
            },
        };
        Handled {
            ends: vec![(first, end)],
            ..Handled::default()
        }
    });
    let mut added = false;
    run_until(&parts, handler, async |engine| {
        if !std::mem::replace(&mut added, true) {
            engine.add_jobs(&[job("1")]).await.unwrap();
        }
        left(engine).await.iter().any(|job| job.dead)
    })
    .await;
    assert_eq!(*calls.lock().unwrap(), [["1"], ["1"]]);
    let dead = parts.store.jobs(None, 0, 10).await.unwrap().remove(0);
    assert_eq!(
        (dead.reason.as_str(), dead.attempts),
        ("no such account", 2)
    );
}

#[test]
fn what_a_handler_says_nothing_of_is_tried_again() {
    let lease = |id| JobLease { id, attempt: 1 };
    let handled = Handled {
        ends: vec![(lease(2), JobEnd::Done)],
        ..Handled::default()
    };
    let ends = all_ended(vec![lease(1), lease(2)], handled, Time(60));
    assert_eq!(ends.len(), 2);
    assert!(
        matches!(
            &ends[1],
            (JobLease { id: 1, .. }, JobEnd::Later { at: Time(60), .. })
        ),
        "{ends:?}"
    );
}
