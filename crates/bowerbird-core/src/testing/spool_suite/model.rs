//! A naive model of a spool, and a walk that drives a real one beside it.
//!
//! A property test makes bytes; [`actions`] reads them as actions, so that this module needs no library for random values.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{ROOMY, SpoolBackend, append_as, entry, lane, source};
use crate::ids::Lane;
use crate::spool::{LEASE_FOR, LaneStart};
use crate::time::Time;

/// One step of a walk. Numbers choose among what there is.
#[derive(Debug, Clone, Copy)]
pub enum Action {
    /// Append so many records.
    Append(u8),
    /// Lease at most so many in this lane.
    Lease(bool, u8),
    /// Acknowledge one record that waits in this lane, and every second one after it up to so many.
    Ack(bool, u8, u8),
    /// Give one that was given to this lane back: at once, or not before the walk's end.
    Retry(bool, u8, bool),
    /// Bury one that waits in this lane.
    Bury(bool, u8),
    /// Drop the second lane and make it again.
    NewLane(bool),
    /// Let every lease run out.
    Expire,
    /// Kill and open again.
    Restart,
}

/// Reads bytes as actions, three for each.
pub fn actions(bytes: &[u8]) -> Vec<Action> {
    let read = |triple: &[u8]| {
        let (kind, a, b) = (triple[0], triple[1], triple[2]);
        let side = kind & 1 == 1;
        match kind >> 1 {
            0..=35 => Action::Append(a % 7),
            36..=65 => Action::Lease(side, a % 9),
            66..=90 => Action::Ack(side, a, b % 6),
            91..=103 => Action::Retry(side, a, b & 1 == 1),
            104..=109 => Action::Bury(side, a),
            110..=112 => Action::NewLane(a & 1 == 1),
            113..=118 => Action::Expire,
            _ => Action::Restart,
        }
    };
    bytes.chunks_exact(3).map(read).collect()
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Waiting,
    Leased,
    Delayed,
}

/// How often it was given, and how it stands.
type Slot = (u32, State);

/// Every record ever as (key, bytes), and each lane's records that it has not acknowledged.
#[derive(Debug, Default)]
struct Model {
    records: Vec<(u64, Vec<u8>)>,
    lanes: BTreeMap<Lane, BTreeMap<u64, Slot>>,
}

impl Model {
    fn push(&mut self, key: u64, bytes: Vec<u8>) {
        let offset = self.records.len() as u64;
        self.records.push((key, bytes));
        for open in self.lanes.values_mut() {
            open.insert(offset, (0, State::Waiting));
        }
    }

    fn lease(&mut self, lane: &Lane, most: usize) -> Vec<(u64, u32)> {
        let mut given = Vec::new();
        let mut held = BTreeSet::new();
        let open = self.lanes.get_mut(lane).expect("the walk knows its lanes");
        for (&offset, (attempts, state)) in open {
            let key = self.records[offset as usize].0;
            if *state == State::Delayed {
                held.insert(key);
            }
            let is_free = *state == State::Waiting && !held.contains(&key);
            if is_free && given.len() < most {
                given.push((offset, *attempts));
                (*attempts, *state) = (*attempts + 1, State::Leased);
            }
        }
        given
    }

    /// Leases run out; at a restart delays and attempts are forgotten too.
    fn forget(&mut self, is_restart: bool) {
        for slot in self.lanes.values_mut().flat_map(BTreeMap::values_mut) {
            if is_restart {
                *slot = (0, State::Waiting);
            } else if slot.1 == State::Leased {
                slot.1 = State::Waiting;
            }
        }
    }
}

/// Drives the backend through the actions and panics where it and the model differ.
pub async fn walk(backend: &mut dyn SpoolBackend, actions: &[Action]) {
    backend.begin(ROOMY).await;
    let mut model = Model::default();
    model.lanes.insert(Lane::store(), BTreeMap::new());
    model.lanes.insert(lane("b"), BTreeMap::new());
    let b = lane("b");
    backend
        .spool()
        .open_lane(&b, LaneStart::Oldest)
        .await
        .expect("open");
    for action in actions {
        step(backend, &mut model, *action).await;
        compare(backend, &model, *action).await;
    }
}

fn lane_of(side: bool) -> Lane {
    if side { lane("b") } else { Lane::store() }
}

async fn step(backend: &mut dyn SpoolBackend, model: &mut Model, action: Action) {
    match action {
        Action::Append(n) => append(backend, model, n).await,
        Action::Lease(side, most) => lease(backend, model, &lane_of(side), most.into()).await,
        Action::Ack(side, nth, n) => {
            let lane = lane_of(side);
            let open = model.lanes.get_mut(&lane).expect("known");
            let nth = usize::from(nth) % open.len().max(1);
            let offsets = open.keys().skip(nth).step_by(2).take(n.into());
            let offsets: Vec<u64> = offsets.copied().collect();
            backend.spool().ack(&lane, &offsets).await.expect("ack");
            open.retain(|offset, _| !offsets.contains(offset));
        }
        Action::Retry(side, nth, is_late) => {
            retry(backend, model, &lane_of(side), nth, is_late).await;
        }
        Action::Bury(side, nth) => bury(backend, model, &lane_of(side), nth).await,
        Action::NewLane(is_oldest) => new_lane(backend, model, is_oldest).await,
        Action::Expire => {
            backend.pass(LEASE_FOR).await;
            model.forget(false);
        }
        Action::Restart => {
            backend.restart().await;
            model.forget(true);
        }
    }
}

async fn append(backend: &mut dyn SpoolBackend, model: &mut Model, n: u8) {
    let spool = backend.spool();
    let lease = spool.take_source(&source("s")).await.expect("take").lease;
    let first = model.records.len() as u64;
    let mut batch = Vec::new();
    for offset in first..first + u64::from(n) {
        let text = format!("record {offset}{}", " ".repeat(offset as usize * 37 % 900));
        batch.push(entry(offset % 3, &text));
        model.push(offset % 3, text.into_bytes());
    }
    let at = append_as(spool, "s", lease, batch).await.expect("append");
    assert_eq!(at, first);
}

async fn lease(backend: &mut dyn SpoolBackend, model: &mut Model, lane: &Lane, most: usize) {
    let leased = backend.spool().lease(lane, most, Duration::ZERO).await;
    let leased = leased.expect("lease");
    let given: Vec<(u64, u32)> = leased.iter().map(|l| (l.offset, l.attempts)).collect();
    // Giving fewer is allowed, giving none is not.
    let most = if given.is_empty() { most } else { given.len() };
    assert_eq!(given, model.lease(lane, most), "given to {lane}");
    for leased in leased {
        assert_eq!(leased.bytes, model.records[leased.offset as usize].1);
    }
}

async fn retry(
    backend: &mut dyn SpoolBackend,
    model: &mut Model,
    lane: &Lane,
    nth: u8,
    is_late: bool,
) {
    let open = model.lanes.get_mut(lane).expect("known");
    let mut given: Vec<_> = open.iter_mut().filter(|(_, slot)| slot.0 > 0).collect();
    if given.is_empty() {
        return;
    }
    let nth = usize::from(nth) % given.len();
    let (&offset, slot) = given.swap_remove(nth);
    let at = match is_late {
        true => Time::now().plus(Duration::from_secs(100 * 365 * 86_400)),
        false => Time(0),
    };
    backend
        .spool()
        .retry(lane, offset, at)
        .await
        .expect("retry");
    slot.1 = if is_late {
        State::Delayed
    } else {
        State::Waiting
    };
}

async fn bury(backend: &mut dyn SpoolBackend, model: &mut Model, lane: &Lane, nth: u8) {
    let open = model.lanes.get_mut(lane).expect("known");
    let nth = usize::from(nth) % open.len().max(1);
    let Some(&offset) = open.keys().nth(nth) else {
        return;
    };
    backend
        .spool()
        .bury(lane, offset, "bad")
        .await
        .expect("bury");
    open.remove(&offset);
    let (key, was) = model.records[offset as usize].clone();
    model.push(key, crate::record::bury(lane.as_str(), "bad", &was));
}

async fn new_lane(backend: &mut dyn SpoolBackend, model: &mut Model, is_oldest: bool) {
    let (spool, b) = (backend.spool(), lane("b"));
    spool.drop_lane(&b).await.expect("drop");
    let oldest = spool.size().await.expect("size").oldest;
    let next = model.records.len() as u64;
    let (start, from) = match is_oldest {
        true => (LaneStart::Oldest, oldest),
        false => (LaneStart::Newest, next),
    };
    spool.open_lane(&b, start).await.expect("open");
    let kept = spool.peek(from, usize::MAX).await.expect("peek");
    let open = kept.iter().map(|kept| (kept.offset, (0, State::Waiting)));
    model.lanes.insert(b, open.collect());
}

async fn compare(backend: &mut dyn SpoolBackend, model: &Model, after: Action) {
    let next = model.records.len() as u64;
    let size = backend.spool().size().await.expect("size");
    assert_eq!(size.next, next, "after {after:?}");
    for state in backend.spool().lanes().await.expect("lanes") {
        let open = &model.lanes[&state.lane];
        let count = |wanted| open.values().filter(|slot| slot.1 == wanted).count() as u64;
        let position = open.keys().next().copied().unwrap_or(next);
        let expected = (
            position,
            open.len() as u64,
            count(State::Leased),
            count(State::Delayed),
        );
        let found = (state.position, state.waiting, state.leased, state.delayed);
        assert_eq!(found, expected, "lane {} after {after:?}", state.lane);
        assert!(size.oldest <= position, "dropped too early after {after:?}");
    }
}
