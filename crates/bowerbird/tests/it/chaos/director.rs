//! Carries a plan out, with a pipeline of its own over a real spool and a real store.

use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use bowerbird_connect::decode_any;
use bowerbird_core::bill::LiveBills;
use bowerbird_core::counts;
use bowerbird_core::gap::GapState;
use bowerbird_core::hub::Hub;
use bowerbird_core::live::LiveTracks;
use bowerbird_core::pipeline::{Engine, EngineError, Parts, Until};
use bowerbird_core::raw::RawCodec;
use bowerbird_core::status::{SourceStatus, Status, WorkerState};
use bowerbird_core::store::{GapQuery, Ledger, Posts, Store, Tracks};
use bowerbird_core::time::Time;
use bowerbird_core::track::TrackDraft;
use bowerbird_store::spool::{EmbeddedSpool, SpoolOptions};
use bowerbird_store::sqlite::{SqliteOptions, SqliteStore};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::judge::{Found, LATE_MICROS, Said, Span, Story, judge};
use super::plan::{End, Move, moves};
use super::services::{Service, name};
use super::tap::{Tap, number};
use crate::dice::Dice;
use crate::harness::PATIENCE;

/// Between two posts.
const APART_MICROS: i64 = 20_000;
/// Between two while nobody listens, so that what is let go of is now more and now less than a source rewinds.
const AWAY_APART_MICROS: i64 = 500_000;
/// What passes at once while a pipeline ends.
const LANE_WAITS: Duration = Duration::from_millis(50);
/// What passes at once while we wait: no call of a source may be let so long.
const PASSES: Duration = Duration::from_secs(20);
/// Posts that are in flight at once.
const AT_ONCE: u64 = 50;
/// More moves than this are not shown.
const MOVES_SHOWN: usize = 400;

/// A whole run; panics with the seed and all that is wrong.
pub(super) fn run(service: &impl Service, seed: u64, posts: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let tap = Tap::new();
        let (done, still) = mpsc::channel::<()>();
        // A blocking task keeps the clock from running on by itself; this one also loses patience at last.
        let late = Arc::clone(&tap);
        let patience = tokio::task::spawn_blocking(move || {
            if still.recv_timeout(5 * PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
                late.note(|seen| seen.is_late = true);
            }
        });
        let mut director = Director::new(service, tap, seed).await;
        let plan = moves(seed, posts);
        for next in plan {
            director.go(&next).await;
        }
        let complaints = director.finish().await;
        drop(done);
        patience.await.unwrap();
        assert!(
            complaints.is_empty(),
            "{}\n{}",
            complaints.join("\n"),
            director.story()
        );
    });
}

struct Director<'s, S> {
    service: &'s S,
    seed: u64,
    folder: tempfile::TempDir,
    tap: Arc<Tap>,
    life: Option<Life>,
    dice: Dice,
    told: Story,
    /// What was done, for people.
    done: Vec<String>,
}

/// A pipeline that runs.
struct Life {
    parts: Parts,
    stop: watch::Sender<bool>,
    running: JoinHandle<Result<(), EngineError>>,
}

impl<'s, S: Service> Director<'s, S> {
    async fn new(service: &'s S, tap: Arc<Tap>, seed: u64) -> Self {
        let mut director = Self {
            service,
            seed,
            folder: tempfile::tempdir().unwrap(),
            tap,
            life: None,
            dice: Dice(seed ^ 0x5eed),
            told: Story::default(),
            done: Vec::new(),
        };
        let store = director.open_store(&Arc::default());
        let wrens = TrackDraft::new("wrens", "wren");
        store.create_track(&wrens, Time(0)).await.unwrap();
        drop(store);
        director.live().await;
        director.connected().await;
        director
    }

    /// What happened, for people.
    fn story(&self) -> String {
        let skipped = self.done.len().saturating_sub(MOVES_SHOWN);
        let states = self
            .life
            .iter()
            .flat_map(|life| life.parts.status.sources());
        let states: Vec<String> = states.map(|source| format!("{source:?}")).collect();
        let seen = self.tap.seen();
        format!(
            "BOWERBIRD_CHAOS_SEED={} on {}: {} opened, open: {}, {states:?}; {skipped} moves and then:\n{}",
            self.seed,
            self.service.name(),
            seen.opens,
            seen.is_open,
            self.done[skipped..].join("\n")
        )
    }

    async fn go(&mut self, next: &Move) {
        let n_said = self.told.said.len();
        self.done.push(format!("after {n_said} posts: {next:?}"));
        match next {
            Move::Say {
                posts,
                late,
                awaited,
            } => {
                self.connected().await;
                let mut left = *posts;
                while left > 0 {
                    let now = left.min(AT_ONCE);
                    self.say(now, APART_MICROS, *late);
                    left -= now;
                    if *awaited || left > 0 {
                        self.heard().await;
                    }
                }
                // A connection that lasts is a good one.
                tokio::time::advance(Duration::from_secs(2)).await;
            }
            Move::Again(posts) => {
                for n in (n_said as u64).saturating_sub(*posts)..n_said as u64 {
                    let said = &mut self.told.said[n as usize];
                    said.times += 1;
                    self.service.say(n, said.at, &text(n));
                }
            }
            Move::Garbage => {
                self.connected().await;
                self.service.garble(n_said as u64);
            }
            Move::SetClock(seconds) => self.set_clock(*seconds),
            Move::Refuse(refusals) => refusals.iter().for_each(|how| self.service.refuse(*how)),
            Move::End(how) => self.end(*how).await,
            Move::Away(posts) => {
                self.at_rest().await;
                let is_open = self.tap.seen().is_open;
                let apart = if is_open {
                    APART_MICROS
                } else {
                    AWAY_APART_MICROS
                };
                self.say(*posts, apart, false);
            }
            Move::LetGo(held) => {
                let first = n_said.saturating_sub(*held as usize);
                if let Some(said) = self.told.said.get(first) {
                    self.service.forget_before(said.at);
                }
            }
            Move::Restart(posts) => {
                self.die().await;
                self.say(*posts, AWAY_APART_MICROS, false);
                self.live().await;
            }
        }
    }

    fn say(&mut self, posts: u64, apart: i64, late: bool) {
        for _ in 0..posts {
            let n = self.told.said.len() as u64;
            let late_by = if late {
                self.dice.below(LATE_MICROS.cast_unsigned())
            } else {
                0
            };
            let at = self.tap.seen().clocks.say(apart, late_by.cast_signed());
            self.told.said.push(Said { at, times: 1 });
            self.service.say(n, at, &text(n));
        }
    }

    fn set_clock(&mut self, seconds: i64) {
        let (before, after) = self.tap.seen().clocks.set(seconds * 1_000_000);
        self.told.off_by = self.told.off_by.max(seconds.abs() * 1_000_000);
        if after < before {
            let n_said = self.told.said.len() as u64;
            self.told.twice.push((n_said, after, before));
        }
    }

    /// Waits until the last post was handed over, or the connection is gone.
    async fn heard(&self) {
        let last = self.told.said.len() as u64 - 1;
        self.tap
            .until(|seen| seen.posts.contains_key(&last) || !seen.is_open)
            .await;
        self.be_patient("for posts to be handed over");
    }

    async fn end(&self, how: End) {
        let opens = self.tap.seen().opens;
        if !self.tap.seen().is_open {
            return;
        }
        self.service.end(how, self.told.said.len() as u64);
        let is_over = || {
            let seen = self.tap.seen();
            !seen.is_open || seen.opens > opens
        };
        if how == End::Stall {
            self.pass(is_over).await;
        } else {
            self.tap
                .until(|seen| !seen.is_open || seen.opens > opens)
                .await;
        }
        self.be_patient("for the connection to end");
    }

    /// Waits until a connection is open, or the next attempt needs time to pass.
    async fn at_rest(&self) {
        let mut looks = 0;
        while looks < 10 {
            self.tap.until(|seen| seen.is_open || !seen.is_busy).await;
            self.be_patient("for the source to rest");
            let life = self.life.as_ref().unwrap();
            let is_waiting = |source: &SourceStatus| source.state == WorkerState::Waiting;
            let is_open = self.tap.seen().is_open;
            if is_open || life.parts.status.sources().iter().any(is_waiting) {
                looks += 1;
            }
            // Less than any pause but none.
            tokio::time::advance(Duration::from_millis(1)).await;
        }
    }

    /// Lets time pass until something is open.
    async fn connected(&self) {
        loop {
            self.pass(|| self.tap.seen().is_busy).await;
            self.tap.until(|seen| seen.is_open || !seen.is_busy).await;
            self.be_patient("to be connected");
            if self.tap.seen().is_open {
                return;
            }
        }
    }

    /// Lets time pass until something is so.
    async fn pass(&self, is_so: impl Fn() -> bool) {
        while !is_so() && !self.tap.seen().is_late {
            tokio::time::advance(PASSES).await;
            let sources = self
                .life
                .iter()
                .flat_map(|life| life.parts.status.sources());
            for source in sources {
                let detail = source.detail;
                assert_ne!(
                    source.state,
                    WorkerState::Stopped,
                    "{detail}\n{}",
                    self.story()
                );
            }
        }
    }

    #[track_caller]
    fn be_patient(&self, what: &str) {
        assert!(!self.tap.seen().is_late, "waited {what}\n{}", self.story());
    }

    fn open_store(&self, codec: &Arc<RawCodec>) -> SqliteStore {
        let path = self.folder.path().join("store.sqlite");
        SqliteStore::open(&path, Arc::clone(codec), &SqliteOptions::default()).unwrap()
    }

    async fn live(&mut self) {
        let spool = self.folder.path().join("spool");
        let spool = EmbeddedSpool::open(&spool, SpoolOptions::default()).unwrap();
        let codec = Arc::new(RawCodec::default());
        let store: Arc<dyn Store> = Arc::new(self.open_store(&codec));
        let live = Arc::new(LiveTracks::default());
        let (hub, task) = Hub::new(Arc::clone(&live));
        tokio::spawn(task.run());
        let parts = Parts {
            spool: Arc::new(spool),
            store,
            hub,
            live,
            status: Arc::new(Status::default()),
            codec,
            decode: decode_any,
            keep: Vec::new(),
            bills: Arc::new(LiveBills::default()),
            // The judge knows what a stream hands over, and not yet what a repair does that a stop cuts off: nobody asks for one.
            repair_by_hand: vec![name(self.service)],
        };
        let engine = Engine::new(parts.clone());
        engine.start().await.unwrap();
        let connection = self.tap.onto(self.service.connection(&parts));
        let (stop, stopped) = watch::channel(false);
        let running =
            tokio::spawn(
                async move { engine.run(vec![connection], Until::Stopped, stopped).await },
            );
        self.life = Some(Life {
            parts,
            stop,
            running,
        });
    }

    /// Ends the pipeline; nothing of it is left.
    async fn die(&mut self) {
        let Some(life) = self.life.take() else { return };
        life.stop.send_replace(true);
        // Until the source is let go nothing may be late; after that the store's lane only waits for more to come.
        self.tap.until(|seen| !seen.is_busy).await;
        let spool = Arc::downgrade(&life.parts.spool);
        drop(life.parts);
        let is_gone = || life.running.is_finished() && spool.strong_count() == 0;
        while !is_gone() && !self.tap.seen().is_late {
            tokio::time::advance(LANE_WAITS).await;
        }
        self.be_patient("for the spool to be let go");
        life.running.await.unwrap().unwrap();
    }

    /// Says a last few posts, hears them, stops, and looks at what there is.
    async fn finish(&mut self) -> Vec<String> {
        self.go(&Move::Say {
            posts: 10,
            late: false,
            awaited: true,
        })
        .await;
        self.connected().await;
        self.heard().await;
        self.die().await;
        let found = self.found().await;
        let complaints = judge(self.service.clock(), &self.told, &found);
        self.done.extend(found.gaps.iter().map(ToString::to_string));
        complaints
    }

    async fn found(&self) -> Found {
        let store = self.open_store(&Arc::default());
        let mut found = Found::default();
        let mut place = 0;
        loop {
            let posts = store.kept_after(place, 1_000).await.unwrap();
            let Some(last) = posts.last() else { break };
            place = last.place;
            let said = posts
                .iter()
                .map(|post| (number(&post.raw).unwrap(), post.received_at));
            found.kept.extend(said);
        }
        let gaps = store
            .gaps(&GapQuery::default(), None, 10_000)
            .await
            .unwrap();
        found.gaps = gaps
            .into_iter()
            .map(|gap| Span {
                from: gap.from,
                until: gap.until,
                is_repaired: gap.state == GapState::Repaired,
                reason: gap.reason,
            })
            .collect();
        let spool = self.folder.path().join("spool");
        let spool = EmbeddedSpool::open(&spool, SpoolOptions::default()).unwrap();
        let counts = counts::counts(&spool, &store).await.unwrap();
        found.counts = counts.get(self.service.name()).cloned().unwrap_or_default();
        let captures = store.captures().await.unwrap();
        found.captures = captures.iter().map(|track| track.captures).sum();
        let seen = self.tap.seen();
        found.handed.clone_from(&seen.posts);
        found.heard.clone_from(&seen.heard);
        found.others = seen.others;
        found.broken = seen.broken;
        found
    }
}

/// What the post of a number says; every second is caught.
fn text(n: u64) -> String {
    let bird = if n.is_multiple_of(2) { "wren" } else { "heron" };
    format!("post number {n} of a {bird}")
}
