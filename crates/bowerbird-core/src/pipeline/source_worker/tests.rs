use super::*;
use crate::ids::SourceName;
use crate::pipeline::engine::Parts;
use crate::pipeline::in_flight;
use crate::pipeline::tests::house::{self, Act, Script, spooled};
use crate::source::{Lost, SourceSpec};

/// A worker over a script, and what it works in.
struct Workshop {
    script: Arc<Script>,
    parts: Parts,
    engine: Arc<Engine>,
}

impl Workshop {
    async fn new(opens: impl IntoIterator<Item = Vec<Act>>) -> Self {
        Self::again(&house::parts(house::decode), opens).await
    }

    /// The next process on the same spool.
    async fn again(parts: &Parts, opens: impl IntoIterator<Item = Vec<Act>>) -> Self {
        let parts = house::restarted(parts, house::decode);
        Self {
            script: Script::new(opens),
            engine: house::engine(&parts).await,
            parts,
        }
    }

    async fn worker(
        &self,
        change: impl FnOnce(&mut SourceSpec),
        stop: watch::Receiver<bool>,
    ) -> SourceWorker {
        let connection = self.script.connection(change);
        let engine = Arc::clone(&self.engine);
        SourceWorker::new(engine, connection, stop).await.unwrap()
    }

    /// Runs the source until its script is played or it ends by itself, and stops it.
    async fn run(&self, change: impl FnOnce(&mut SourceSpec)) {
        let (stop, stopped) = watch::channel(false);
        let worker = self.worker(change, stopped).await;
        let played = async {
            self.script.played().await;
            stop.send_replace(true);
        };
        let running = worker.run();
        tokio::pin!(running);
        tokio::select! {
            ended = &mut running => ended.unwrap(),
            () = played => running.await.unwrap(),
        }
    }

    async fn spooled(&self) -> Vec<String> {
        spooled(self.parts.spool.as_ref()).await
    }

    fn status(&self) -> SourceStatus {
        self.parts.status.sources().remove(0)
    }

    fn status_is(&self, state: WorkerState) -> bool {
        let sources = self.parts.status.sources();
        sources.iter().any(|source| source.state == state)
    }
}

fn retry(ladder: Ladder) -> Act {
    let reason = "reset".to_owned();
    Act::Fail(SourceError::Retry { ladder, reason })
}

fn frames(second: i64, frames: &[&'static str]) -> Act {
    Act::Frames(second, frames.to_vec(), None)
}

fn seconds(pauses: &[Duration]) -> Vec<f64> {
    let rounded = |pause: &Duration| (pause.as_secs_f64() * 100.0).round() / 100.0;
    pauses.iter().map(rounded).collect()
}

const QUIET: fn(u64) -> Act = |seconds| Act::Quiet(Duration::from_secs(seconds));

#[tokio::test(start_paused = true)]
async fn each_ladder_is_climbed_while_opening_fails() {
    let ladders = [
        (Ladder::Network, [0.0, 0.25, 0.5, 0.75]),
        (Ladder::Server, [0.0, 5.0, 10.0, 20.0]),
        (Ladder::RateLimit, [60.0, 120.0, 240.0, 480.0]),
    ];
    for (ladder, pauses) in ladders {
        let mut opens = vec![vec![retry(ladder)]; 4];
        opens.push(vec![frames(1, &["1 a bird"])]);
        let shop = Workshop::new(opens).await;
        shop.run(|_| {}).await;
        assert_eq!(seconds(&shop.script.pauses()), pauses, "{ladder:?}");
        assert_eq!(shop.spooled().await, ["a bird"]);
        let status = shop.status();
        assert_eq!((status.state, status.attempts), (WorkerState::Live, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn only_a_connection_that_lasted_starts_the_ladder_anew() {
    let lasted = |span| vec![frames(1, &[""]), QUIET(span), retry(Ladder::Server)];
    let opens = [
        lasted(1),
        lasted(29),
        lasted(1),
        lasted(30),
        lasted(1),
        vec![],
    ];
    let shop = Workshop::new(opens).await;
    shop.run(|_| {}).await;
    assert_eq!(seconds(&shop.script.pauses()), [1.0, 34.0, 11.0, 30.0, 6.0]);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_failed_late_is_no_good_connection() {
    let opens = vec![vec![retry(Ladder::Server)]; 3];
    let shop = Workshop::new(opens.into_iter().chain([vec![]])).await;
    shop.script.opening_takes(GOOD_CONNECTION);
    shop.run(|_| {}).await;
    assert_eq!(seconds(&shop.script.pauses()), [30.0, 35.0, 40.0]);
}

#[tokio::test(start_paused = true)]
async fn a_moment_that_the_service_names_is_kept() {
    let at = Time::now().plus(Duration::from_secs(3_600));
    let reason = "asked too much".to_owned();
    let wait = Act::Fail(SourceError::WaitUntil { at, reason });
    let shop = Workshop::new([vec![wait], vec![]]).await;
    shop.run(|_| {}).await;
    let pause = shop.script.pauses()[0].as_secs();
    assert!((3_500..=3_600).contains(&pause), "{pause}");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_says_the_same_again_and_again_is_not_hammered() {
    let reason = || "again".to_owned();
    let past = Time::now();
    let errors = [
        SourceError::CursorLost {
            reason: reason(),
            lost: Lost::default(),
        },
        SourceError::WaitUntil {
            at: past,
            reason: reason(),
        },
    ];
    for error in errors {
        let opens = vec![vec![Act::Fail(error)]; 4];
        let shop = Workshop::new(opens.into_iter().chain([vec![]])).await;
        shop.run(|_| {}).await;
        assert_eq!(seconds(&shop.script.pauses()), [0.0, 0.25, 0.5, 0.75]);
    }
}

#[tokio::test(start_paused = true)]
async fn silence_is_a_stall_and_a_keep_alive_ends_it() {
    let opens = [
        vec![
            frames(1, &["1 a bird"]),
            QUIET(19),
            frames(20, &[""]),
            QUIET(19),
            frames(39, &[""]),
            QUIET(21),
            frames(60, &["2 never read"]),
        ],
        vec![frames(70, &["3 a cat"])],
    ];
    let shop = Workshop::new(opens).await;
    shop.run(|spec| spec.stall_after = Some(Duration::from_secs(20)))
        .await;
    assert_eq!(seconds(&shop.script.pauses()), [58.0]);
    let reason = "nothing came for 20 s, not even a keep-alive";
    let expected = [
        "a bird",
        &format!("gap 39 to …: {reason}"),
        "a cat",
        &format!("gap 39 to 70: {reason}"),
    ];
    assert_eq!(shop.spooled().await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_time_in_which_we_did_not_read_is_no_stall() {
    const STALL: Duration = Duration::from_secs(20);
    let mut parts = house::parts(house::decode);
    parts.spool = Arc::new(crate::memory::MemorySpool::new(300));
    let opens = [vec![
        frames(
            1,
            &[
                "1 a bird that fills the spool nearly to its brim, as long as this is and that is long enough",
            ],
        ),
        frames(
            2,
            &[
                "2 another for which there is no room until the store has taken the first one, or a little later",
            ],
        ),
        QUIET(1),
        frames(3, &["3 a cat"]),
    ]];
    let shop = Workshop::again(&parts, opens).await;
    let empties = async {
        let lane = crate::ids::Lane::store();
        house::until(async || shop.status_is(WorkerState::Held)).await;
        let held = Instant::now();
        house::until(async || held.elapsed() >= 3 * STALL).await;
        for _ in 0..3 {
            let mut first = Vec::new();
            house::until(async || {
                let leased = shop.parts.spool.lease(&lane, 1, Duration::ZERO).await;
                first = leased.unwrap().iter().map(|one| one.offset).collect();
                !first.is_empty()
            })
            .await;
            shop.parts.spool.ack(&lane, &first).await.unwrap();
        }
    };
    tokio::join!(shop.run(|spec| spec.stall_after = Some(STALL)), empties);
    assert_eq!(shop.script.pauses(), [], "one connection did");
    assert_eq!(shop.parts.spool.size().await.unwrap().next, 3);
}

#[tokio::test(start_paused = true)]
async fn a_spool_that_was_full_long_ago_is_not_why_a_connection_ends() {
    for (ago, expected) in [(1, Cause::Shedding), (3_600, Cause::Disconnect)] {
        let parts = house::parts(house::decode);
        let engine = house::engine(&parts).await;
        let connection = Script::new([]).connection(|_| {});
        let stopped = watch::channel(false).1;
        let worker = SourceWorker::new(engine, connection, stopped).await;
        let mut worker = worker.unwrap();
        worker.gaps.heard(Time(9_000_000), Time(9_000_000));
        worker.held("the spool is full");
        tokio::time::advance(Duration::from_secs(ago)).await;
        let reset = SourceError::Retry {
            ladder: Ladder::Network,
            reason: "reset".to_owned(),
        };
        worker.recover(reset, Cause::Disconnect).await.unwrap();
        let said = house::spooled(parts.spool.as_ref()).await;
        let is_shed = said[0].contains("the spool was full");
        assert_eq!(is_shed, expected == Cause::Shedding, "{said:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_gap_opens_with_the_cut_and_closes_with_the_next_byte() {
    let cut = || retry(Ladder::Network);
    let opens = [
        vec![frames(1, &["1 a bird"]), frames(5, &[""]), cut()],
        vec![cut()],
        vec![
            frames(9, &[""]),
            frames(12, &["2 a cat", "!7"]),
            frames(15, &["!9"]),
        ],
    ];
    let shop = Workshop::new(opens).await;
    shop.run(|_| {}).await;
    let expected = [
        "a bird",
        "gap 5 to …: reset",
        "gap 5 to 9: reset",
        "a cat",
        "notice",
        "gap 9 to 12: the service withheld posts beyond its limit, 7 lost",
        "notice",
        "gap 12 to 15: the service withheld posts beyond its limit, 2 lost",
    ];
    assert_eq!(shop.spooled().await, expected);
}

#[tokio::test(start_paused = true)]
async fn not_having_run_is_a_gap() {
    let first = Workshop::new([vec![frames(1, &["1 a bird"]), frames(8, &[""])]]).await;
    first.run(|_| {}).await;
    let second = Workshop::again(&first.parts, [vec![frames(90, &["2 a cat"])]]).await;
    second.run(|_| {}).await;
    let expected = [
        "a bird",
        "gap 8 to …: bowerbird was not running",
        "a cat",
        "gap 8 to 90: bowerbird was not running",
    ];
    assert_eq!(second.spooled().await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_gap_that_a_crash_interrupts_is_one_gap_and_begins_with_the_last_byte() {
    // The keep-alive comes too soon to be noted by itself.
    let cut = vec![
        frames(10, &["1 a bird"]),
        frames(12, &[""]),
        retry(Ladder::Network),
    ];
    let before = Workshop::new([cut, vec![retry(Ladder::Network)]]).await;
    let (_stop, stopped) = watch::channel(false);
    let worker = before.worker(|_| {}, stopped).await;
    let waits = house::until(async || {
        before
            .spooled()
            .await
            .iter()
            .any(|said| said.starts_with("gap"))
    });
    tokio::select! {
        ended = worker.run() => panic!("{ended:?}"),
        () = waits => {}
    }
    let after = Workshop::again(&before.parts, [vec![frames(50, &["2 a bird"])]]).await;
    after.run(|_| {}).await;
    let spooled = after.spooled().await;
    let gaps: Vec<&String> = spooled
        .iter()
        .filter(|said| said.starts_with("gap"))
        .collect();
    let expected = [
        "gap 12 to …: reset",
        "gap 12 to …: bowerbird was not running",
        "gap 12 to 50: bowerbird was not running",
    ];
    assert_eq!(gaps, expected);
}

#[tokio::test(start_paused = true)]
async fn stopping_notes_when_something_was_last_heard() {
    let quiet = vec![frames(10, &["1 a bird"]), frames(12, &[""])];
    let before = Workshop::new([quiet]).await;
    before.run(|_| {}).await;
    let state = before.parts.spool.sources().await.unwrap().remove(0);
    assert_eq!(state.heard_at, Some(Time(12_000_000)));
}

#[tokio::test(start_paused = true)]
async fn every_connection_begins_at_the_last_durable_cursor() {
    let at = |second, frame, cursor| Act::Frames(second, vec![frame], cursor);
    let lost = SourceError::CursorLost {
        reason: "too old".to_owned(),
        lost: Lost::default(),
    };
    let opens = [
        vec![
            at(1, "1 a bird", Some("after 1")),
            at(2, "2 a cat", None),
            retry(Ladder::Network),
        ],
        vec![at(3, "3 a dog", Some("after 3")), retry(Ladder::Network)],
        vec![Act::Fail(lost)],
        vec![at(9, "9 a fox", Some("after 9"))],
    ];
    let shop = Workshop::new(opens).await;
    shop.run(|spec| spec.replays = true).await;
    let cursor = |text: &str| Some(text.to_owned());
    let expected = [None, cursor("after 1"), cursor("after 3"), None];
    assert_eq!(shop.script.cursors(), expected);
    let gaps = ["gap 3 to …: too old", "gap 3 to 9: too old"];
    let spooled = shop.spooled().await;
    let noted: Vec<_> = spooled
        .iter()
        .filter(|line| line.starts_with("gap"))
        .collect();
    assert_eq!(noted, gaps, "a source that replays leaves no other");

    let next = Workshop::again(&shop.parts, [vec![]]).await;
    next.run(|spec| spec.replays = true).await;
    assert_eq!(next.script.cursors(), [cursor("after 9")]);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_lacks_a_span_is_read_from_its_end() {
    let lost = SourceError::CursorLost {
        reason: "too old".to_owned(),
        lost: Lost {
            from: Some(Time(1_000_000)),
            resume: Some((Time(6_000_000), Cursor("at 6".to_owned()))),
        },
    };
    let first = Act::Frames(1, vec!["1 a bird"], Some("after 1"));
    let opens = [
        vec![first, retry(Ladder::Network)],
        vec![Act::Fail(lost)],
        vec![frames(9, &["6 a fox"])],
    ];
    let shop = Workshop::new(opens).await;
    shop.run(|spec| spec.replays = true).await;
    let cursor = |text: &str| Some(text.to_owned());
    let expected = [None, cursor("after 1"), cursor("at 6")];
    assert_eq!(shop.script.cursors(), expected);
    let expected = ["a bird", "gap 1 to 6: too old", "a fox"];
    assert_eq!(shop.spooled().await, expected);
}

#[tokio::test(start_paused = true)]
async fn stopping_is_at_once_wherever_it_waits() {
    let opens: [(&str, WorkerState, Vec<Act>); 3] = [
        (
            "before it opens again",
            WorkerState::Waiting,
            vec![retry(Ladder::RateLimit)],
        ),
        (
            "for a frame",
            WorkerState::Live,
            vec![frames(1, &["1 a bird"]), QUIET(3_600)],
        ),
        (
            "for a connection",
            WorkerState::Connecting,
            vec![retry(Ladder::Network)],
        ),
    ];
    for (waits, state, acts) in opens {
        let shop = Workshop::new([acts, vec![]]).await;
        if waits == "for a connection" {
            shop.script.opening_takes(Duration::from_secs(3_600));
        }
        let (stop, stopped) = watch::channel(false);
        let worker = shop.worker(|_| {}, stopped).await;
        let told = async {
            house::until(async || shop.status_is(state)).await;
            stop.send_replace(true);
            Instant::now()
        };
        let (ended, told_at) = tokio::join!(worker.run(), told);
        ended.unwrap();
        assert_eq!(told_at.elapsed().as_secs(), 0, "while it waits {waits}");
        assert_eq!(shop.script.cursors().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_read_is_durable_before_it_stops() {
    let acts = (0..20)
        .map(|n| frames(n, &["1 a bird", "2 a cat"]))
        .collect();
    let shop = Workshop::new([acts]).await;
    shop.run(|_| {}).await;
    let states = shop.parts.spool.sources().await.unwrap();
    assert_eq!((states[0].read, states[0].appended), (40, 40));
    assert_eq!(states[0].heard_at, Some(Time(19_000_000)));
}

#[tokio::test(start_paused = true)]
async fn a_bounded_source_ends_and_one_that_needs_a_person_stops() {
    let shop = Workshop::new([vec![frames(1, &["1 a bird"]), Act::End]]).await;
    shop.run(|spec| spec.endless = false).await;
    assert_eq!(shop.status().state, WorkerState::Ended);

    let reason = "the token is wrong".to_owned();
    let stop = Act::Fail(SourceError::Stop { reason });
    let shop = Workshop::new([vec![stop]]).await;
    shop.run(|_| {}).await;
    let status = shop.status();
    assert_eq!(status.state, WorkerState::Stopped);
    assert_eq!(status.detail, "the token is wrong");
    assert_eq!(shop.script.cursors().len(), 1, "it is not opened again");
}

#[tokio::test(start_paused = true)]
async fn a_source_that_can_wait_does_not_run_away_from_the_store() {
    const BATCH: usize = 1_000;
    let frame = |n: usize| &*format!("{n} a bird").leak();
    let batch = |first: usize| (first * BATCH..(first + 1) * BATCH).map(frame).collect();
    let acts = (0..20).map(|n| Act::Frames(1, batch(n), None));
    let shop = Workshop::new([acts.chain([Act::End]).collect()]).await;
    let (_stop, stopped) = watch::channel(false);
    let worker = shop.worker(|spec| spec.endless = false, stopped).await;
    let reached = async |count: u64| {
        // What is not read within a minute waits.
        let mut last = (0, Instant::now());
        house::until(async || {
            let next = shop.parts.spool.size().await.unwrap().next;
            if next != last.0 {
                last = (next, Instant::now());
            }
            last.1.elapsed() >= Duration::from_secs(60)
        })
        .await;
        let next = shop.parts.spool.size().await.unwrap().next;
        let most = count + AHEAD + (in_flight::MOST * BATCH) as u64;
        assert!((count + AHEAD..=most).contains(&next), "{next}");
        next
    };
    let store = async {
        let first = reached(0).await;
        shop.engine.store_position.send_replace(5_000);
        assert!(reached(5_000).await > first);
        shop.engine.store_position.send_replace(20_000);
    };
    let (ended, ()) = tokio::join!(worker.run(), store);
    ended.unwrap();
    assert_eq!(shop.parts.spool.size().await.unwrap().next, 20_000);
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_lost_its_source_ends_the_run() {
    let acts = vec![QUIET(5), frames(1, &["1 a bird"])];
    let shop = Workshop::new([acts]).await;
    let (_stop, stopped) = watch::channel(false);
    let worker = shop.worker(|_| {}, stopped).await;
    let name: SourceName = house::name();
    shop.parts.spool.take_source(&name).await.unwrap();
    let ended = worker.run().await;
    let lost = matches!(
        ended,
        Err(EngineError::Spool(crate::spool::SpoolError::LeaseLost(_)))
    );
    assert!(lost, "{ended:?}");
    assert!(shop.spooled().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_refused_sign_in_stops_says_why_and_keeps_the_cursor() {
    let reason = "the service answered 401: Unauthorized".to_owned();
    let refused = vec![Act::Fail(SourceError::Stop { reason })];
    let read = vec![
        Act::Frames(1, vec!["1 a bird"], Some("one")),
        retry(Ladder::Network),
    ];
    let shop = Workshop::new([read, refused, vec![]]).await;
    shop.run(|spec| spec.replays = true).await;
    let status = shop.status();
    assert_eq!(status.state, WorkerState::Stopped);
    assert!(status.detail.contains("401"), "{}", status.detail);
    assert_eq!(shop.script.cursors(), [None, Some("one".to_owned())]);

    let next = Workshop::again(&shop.parts, [vec![]]).await;
    next.run(|spec| spec.replays = true).await;
    assert_eq!(next.script.cursors(), [Some("one".to_owned())]);
    assert_eq!(next.spooled().await, ["a bird"], "and it leaves no gap");
}

#[tokio::test(start_paused = true)]
async fn garbage_for_an_hour_is_asked_for_at_the_ladder_s_top_and_fills_neither_log_nor_memory() {
    let hour = Duration::from_secs(3_600);
    let lines = Lines::default();
    let _counting = tracing::subscriber::set_default(lines.clone());
    // More than enough for an hour; each says something that is nothing, and hangs up.
    let garbage = vec![frames(1, &["<html>"]), retry(Ladder::Network)];
    let shop = Workshop::new(vec![garbage; 1_000]).await;
    let (stop, stopped) = watch::channel(false);
    let worker = shop.worker(|spec| spec.replays = true, stopped).await;
    let over = async {
        let mut minute = tokio::time::interval(Duration::from_secs(60));
        for _ in 0..=60 {
            minute.tick().await;
        }
        stop.send_replace(true);
    };
    let (ended, ()) = tokio::join!(worker.run(), over);
    ended.unwrap();
    let pauses = shop.script.pauses();
    let took: Duration = pauses.iter().sum();
    assert!(took > hour.mul_f64(0.99), "{took:?}");
    assert_eq!(pauses.last(), Some(&Duration::from_secs(16)));
    assert!(pauses.len() < 300, "{} attempts", pauses.len());
    let said = lines.count();
    assert!((1..=10).contains(&said), "{said} lines");
    let records = shop.spooled().await.len();
    assert!(records <= pauses.len() + 1, "{records} records");
    let status = shop.status();
    assert!(status.detail.len() < 200, "{status:?}");
}

/// Counts what is logged.
#[derive(Debug, Clone, Default)]
struct Lines(Arc<std::sync::atomic::AtomicUsize>);

impl Lines {
    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl tracing::Subscriber for Lines {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() <= tracing::Level::INFO
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, _: &tracing::Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}
