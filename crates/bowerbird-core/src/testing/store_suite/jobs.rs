//! Small durable tasks: made once, given to one at a time, ended once.

use super::{StoreBackend, second, source};
use crate::store::{Job, JobEnd, JobLease, NewJob, Store, StoreError};

/// All checks of jobs.
pub async fn all(backend: &mut dyn StoreBackend) {
    backend.begin().await;
    a_job_is_made_once(backend).await;
    backend.begin().await;
    jobs_are_given_in_their_order(backend).await;
    backend.begin().await;
    a_lease_runs_out_and_its_holder_has_no_say_any_more(backend).await;
    backend.begin().await;
    jobs_end_in_three_ways(backend).await;
    backend.begin().await;
    jobs_are_looked_after_by_hand(backend).await;
    backend.begin().await;
    what_was_noted_outlives_the_process(backend).await;
}

fn job(key: &str, of: &str, due: i64, priority: i32) -> NewJob {
    NewJob {
        kind: "look".to_owned(),
        key: key.to_owned(),
        source: source(of),
        payload: key.as_bytes().to_vec(),
        due_at: second(due),
        priority,
    }
}

async fn add(store: &dyn Store, jobs: &[NewJob]) -> u64 {
    let added = store.add_jobs(jobs, second(1)).await;
    added.expect("a store makes jobs")
}

async fn lease(store: &dyn Store, of: &str, most: usize, now: i64) -> Vec<Job> {
    let (now, until) = (second(now), second(now + 10));
    let of = source(of);
    let leased = store.lease_jobs("look", &of, most, now, until).await;
    leased.expect("a store gives jobs")
}

async fn end(store: &dyn Store, lease: JobLease, end: JobEnd) {
    let ended = store.end_jobs(&[(lease, end)]).await;
    ended.expect("a store writes");
}

async fn listed(store: &dyn Store) -> Vec<Job> {
    let all = store.jobs(None, 0, 100).await;
    all.expect("a store answers")
}

fn keys(jobs: &[Job]) -> Vec<&str> {
    jobs.iter().map(|job| job.key.as_str()).collect()
}

async fn a_job_is_made_once(backend: &mut dyn StoreBackend) {
    let store = backend.store();
    let other_kind = NewJob {
        kind: "other".to_owned(),
        ..job("a", "stream", 0, 0)
    };
    let jobs = [
        job("a", "stream", 5, 3),
        job("a", "other", 0, 0),
        other_kind,
    ];
    assert_eq!(add(store, &jobs).await, 2);
    assert_eq!(add(store, &jobs).await, 0);
    let made = store.job("look", "a").await.expect("a store answers");
    let expected = Job {
        id: made.as_ref().expect("it is there").id,
        kind: "look".to_owned(),
        key: "a".to_owned(),
        source: source("stream"),
        payload: b"a".to_vec(),
        due_at: second(5),
        leased_until: None,
        attempts: 0,
        priority: 3,
        reason: String::new(),
        dead: false,
        made_at: second(1),
    };
    assert_eq!(made, Some(expected), "the first one stays");
    assert_eq!(
        store.job("look", "b").await.expect("a store answers"),
        None,
        "none of another key"
    );
    assert_eq!(listed(store).await.len(), 2);
    let of_kind = store.jobs(Some("other"), 0, 100).await;
    assert_eq!(of_kind.expect("a store answers").len(), 1);
}

async fn jobs_are_given_in_their_order(backend: &mut dyn StoreBackend) {
    let store = backend.store();
    let jobs = [
        job("later", "stream", 30, 9),
        job("second", "stream", 4, 0),
        job("third", "stream", 3, 0),
        job("first", "stream", 5, 1),
        job("foreign", "other", 0, 5),
        job("fourth", "stream", 5, -1),
    ];
    add(store, &jobs).await;
    let leased = lease(store, "stream", 3, 5).await;
    assert_eq!(keys(&leased), ["first", "second", "third"]);
    assert_eq!(leased[0].leased_until, Some(second(15)));
    assert_eq!(leased[0].attempts, 1);
    let rest = lease(store, "stream", 3, 5).await;
    assert_eq!(
        keys(&rest),
        ["fourth"],
        "what somebody has is given to nobody"
    );
    assert_eq!(lease(store, "stream", 3, 14).await, []);
    assert_eq!(keys(&lease(store, "other", 3, 0).await), ["foreign"]);
}

async fn a_lease_runs_out_and_its_holder_has_no_say_any_more(backend: &mut dyn StoreBackend) {
    let store = backend.store();
    add(store, &[job("a", "stream", 0, 0)]).await;
    let first = lease(store, "stream", 1, 0).await.remove(0);
    let noted = store.note_job(first.lease(), b"half", second(20)).await;
    noted.expect("it has the job");
    assert_eq!(lease(store, "stream", 1, 19).await, [], "it is prolonged");
    let again = lease(store, "stream", 1, 20).await.remove(0);
    assert_eq!(
        (again.attempts, again.payload.as_slice()),
        (2, b"half".as_slice())
    );
    let late = store.note_job(first.lease(), b"lost", second(99)).await;
    assert!(matches!(late, Err(StoreError::Conflict(_))), "{late:?}");
    end(store, first.lease(), JobEnd::Done).await;
    let left = listed(store).await;
    assert_eq!(left, std::slice::from_ref(&again), "it is another's job");
    end(store, again.lease(), JobEnd::Done).await;
    assert_eq!(listed(store).await, []);
    add(store, &[job("b", "stream", 0, 0)]).await;
    let anew = listed(store).await.remove(0);
    assert!(anew.id > first.id, "no number is given twice");
}

async fn jobs_end_in_three_ways(backend: &mut dyn StoreBackend) {
    let store = backend.store();
    let jobs = ["a", "b", "c"].map(|key| job(key, "stream", 0, 0));
    add(store, &jobs).await;
    let leased = lease(store, "stream", 9, 0).await;
    let ends = [
        (leased[0].lease(), JobEnd::Done),
        (
            leased[1].lease(),
            JobEnd::Later {
                at: second(50),
                reason: "busy".to_owned(),
            },
        ),
        (
            leased[2].lease(),
            JobEnd::Dead {
                reason: "no such thing".to_owned(),
            },
        ),
    ];
    store.end_jobs(&ends).await.expect("a store writes");
    let left = listed(store).await;
    let said: Vec<_> = left
        .iter()
        .map(|job| (job.key.as_str(), job.reason.as_str(), job.dead))
        .collect();
    assert_eq!(said, [("b", "busy", false), ("c", "no such thing", true)]);
    assert_eq!((left[0].due_at, left[0].leased_until), (second(50), None));
    assert_eq!(lease(store, "stream", 9, 49).await, []);
    assert_eq!(keys(&lease(store, "stream", 9, 50).await), ["b"]);
    assert_eq!(add(store, &[job("c", "stream", 0, 0)]).await, 0);
    assert_eq!(
        lease(store, "stream", 9, 99).await.len(),
        1,
        "dead stays dead"
    );
}

async fn jobs_are_looked_after_by_hand(backend: &mut dyn StoreBackend) {
    let store = backend.store();
    let jobs = ["a", "b", "c"].map(|key| job(key, "stream", 0, 0));
    add(store, &jobs).await;
    let leased = lease(store, "stream", 1, 0).await.remove(0);
    let dead = JobEnd::Dead {
        reason: "no such thing".to_owned(),
    };
    end(store, leased.lease(), dead).await;
    let all = listed(store).await;
    assert_eq!(keys(&all), ["a", "b", "c"]);
    let page = store.jobs(None, all[0].id, 1).await;
    assert_eq!(keys(&page.expect("a store answers")), ["b"]);
    let ids: Vec<u64> = vec![all[0].id, 999_999];
    let retried = store.retry_jobs(&ids, second(3)).await;
    assert_eq!(retried.expect("a store writes"), 1);
    let again = store.job("look", "a").await.expect("a store answers");
    let again = again.expect("it is there");
    assert_eq!(
        (again.dead, again.due_at, again.reason.as_str()),
        (false, second(3), "")
    );
    for dropped in [1, 0] {
        let gone = store.drop_jobs(&[all[1].id]).await;
        assert_eq!(gone.expect("a store writes"), dropped);
    }
    assert_eq!(keys(&listed(store).await), ["a", "c"]);
}

async fn what_was_noted_outlives_the_process(backend: &mut dyn StoreBackend) {
    add(backend.store(), &[job("a", "stream", 0, 0)]).await;
    let leased = lease(backend.store(), "stream", 1, 0).await.remove(0);
    let noted = backend
        .store()
        .note_job(leased.lease(), b"half", second(10));
    noted.await.expect("it has the job");
    backend.restart().await;
    assert_eq!(lease(backend.store(), "stream", 1, 9).await, []);
    let again = lease(backend.store(), "stream", 1, 10).await.remove(0);
    assert_eq!(again.payload, b"half");
}
