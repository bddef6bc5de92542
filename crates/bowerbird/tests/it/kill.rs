//! SIGKILL at random moments, and nothing lost.
//!
//! Slow, and best without other tests beside it: `scripts/test` runs it by itself, with `BOWERBIRD_KILL_SEED=N` the same moments again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bowerbird_connect::synthetic::x_v2_envelope;
use bowerbird_connect::x::decode_v2;
use bowerbird_core::event::with_doc;
use bowerbird_core::raw::RawCodec;
use bowerbird_core::rules::Rule;
use bowerbird_core::store::{PostQuery, Posts};
use bowerbird_store::sqlite::{SqliteOptions, SqliteStore};

use crate::demo::adds_up;
use crate::dice::Dice;
use crate::harness::{Home, Running};

/// Posts that replay.
const POSTS: u64 = 200_000;
/// How often the process is killed.
const KILLS: u64 = 50;
/// What the posts are made from.
const SEED: u64 = 7;
/// As small as the shape allows: what matters is how many there are.
const POST_BYTES: usize = 1_000;
/// What is captured, in several scripts.
const TRACKS: [(&str, &str); 4] = [
    ("rain", "rain OR storm OR #weather"),
    ("no-rain", "-rain lang:en has:hashtags"),
    ("kana", "台風 OR 天気 OR カワセミ"),
    ("taqs", "المطر OR طقس OR lluvia"),
];

#[test]
fn fifty_times_and_nothing_is_lost() {
    let home = Home::new();
    let expected = make_posts(&home.path("posts"));
    let mut dice = Dice(seed());
    let mut args: Vec<String> = vec!["replay".into(), "posts".into(), "--json".into()];
    args.extend(
        TRACKS
            .iter()
            .flat_map(|(name, rule)| ["--track".to_owned(), format!("{name}={rule}")]),
    );
    let args: Vec<&str> = args.iter().map(String::as_str).collect();

    let mut pace = Pace::default();
    for kill in 0..KILLS {
        let delay = pace.delay(KILLS - kill, &mut dice);
        let mut running = home.start(&args);
        let ended = runs_for(&mut running, delay);
        running.kill();
        let read = read_so_far(&home);
        pace.learn(read, delay);
        eprintln!(
            "kill {} after {} ms: {read} of {POSTS} read{}",
            kill + 1,
            delay.as_millis(),
            if ended { ", it had ended" } else { "" }
        );
    }
    let counts = home.run(&args).json();
    adds_up(&counts);
    let total = home.run(&["top", "--json"]).json()["total"].clone();
    eprintln!("in all: {total}");
    for (key, count) in [
        ("read", POSTS),
        ("kept", POSTS),
        ("unmatched", 0),
        ("duplicate", 0),
        ("refused", 0),
        ("waiting", 0),
    ] {
        assert_eq!(total[key], count, "{key} in {total}");
    }
    let store = home.path(".local/share/bowerbird/main/store.sqlite");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(holds_exactly(&store, &expected));
}

/// What must be in the store.
#[derive(Default)]
struct Expected {
    /// A hash of the raw bytes of each post.
    raw: BTreeSet<u64>,
    /// The ids that each track must have caught.
    captures: BTreeMap<String, BTreeSet<String>>,
}

/// Writes the posts into two files, and works out what each track must catch by asking every rule about every post.
fn make_posts(folder: &Path) -> Expected {
    std::fs::create_dir(folder).unwrap();
    let half = POSTS / 2;
    let make = |name: &str, numbers: std::ops::Range<u64>| make_file(&folder.join(name), numbers);
    let (mut first, second) = std::thread::scope(|scope| {
        let second = scope.spawn(|| make("b.jsonl", half..POSTS));
        (make("a.jsonl", 0..half), second.join().unwrap())
    });
    first.raw.extend(second.raw);
    for (name, ids) in second.captures {
        first.captures.entry(name).or_default().extend(ids);
    }
    assert_eq!(first.raw.len() as u64, POSTS, "no two posts are the same");
    assert_eq!(
        first.captures.len(),
        TRACKS.len(),
        "every rule catches something"
    );
    first
}

fn make_file(path: &Path, numbers: std::ops::Range<u64>) -> Expected {
    let mut out = BufWriter::new(File::create(path).unwrap());
    let rules = TRACKS.map(|(name, rule)| (name, Rule::parse(rule).unwrap()));
    let mut expected = Expected::default();
    for n in numbers {
        let line = x_v2_envelope(SEED, n, POST_BYTES);
        let event = decode_v2(&line).unwrap();
        let (id, post) = (&event.id.id, event.post().unwrap());
        for (name, rule) in &rules {
            if with_doc(id, post, |doc| rule.matches(doc)) {
                let caught = expected.captures.entry((*name).to_owned()).or_default();
                caught.insert(id.to_string());
            }
        }
        expected.raw.insert(hash(&line));
        out.write_all(&line).unwrap();
        out.write_all(b"\n").unwrap();
    }
    out.flush().unwrap();
    expected
}

/// Every post once with the bytes it came in, every capture and no other.
async fn holds_exactly(path: &Path, expected: &Expected) {
    let store = SqliteStore::open(
        path,
        Arc::new(RawCodec::default()),
        &SqliteOptions::default(),
    )
    .unwrap();
    let mut seen = BTreeSet::new();
    let mut place = 0;
    loop {
        let kept = store.kept_after(place, 1_000).await.unwrap();
        let Some(last) = kept.last() else { break };
        place = last.place;
        for post in &kept {
            assert!(seen.insert(hash(&post.raw)), "a post is there twice");
        }
    }
    assert!(
        seen == expected.raw,
        "{} posts are kept, {} were sent",
        seen.len(),
        expected.raw.len()
    );

    use bowerbird_core::store::Tracks;
    for track in store.tracks().await.unwrap() {
        let caught = captured(&store, track.id).await;
        assert!(
            caught == expected.captures[&track.draft.name],
            "captures of {}: {}",
            track.draft.name,
            caught.len()
        );
        eprintln!("{}: {} captures", track.draft.name, caught.len());
    }
}

async fn captured(store: &SqliteStore, track: bowerbird_core::ids::TrackId) -> BTreeSet<String> {
    let mut query = PostQuery {
        track: Some(track),
        limit: 1_000,
        ..PostQuery::default()
    };
    let mut caught = BTreeSet::new();
    loop {
        let page = store.search(&query).await.unwrap();
        caught.extend(page.items.into_iter().map(|post| post.id));
        match page.next {
            Some(next) => query.after = Some(next),
            None => return caught,
        }
    }
}

fn hash(bytes: &[u8]) -> u64 {
    use std::hash::{DefaultHasher, Hasher};
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

/// Lets it run for so long; whether it ended before.
fn runs_for(running: &mut Running, delay: Duration) -> bool {
    let until = Instant::now() + delay;
    while running.ended().is_none() {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        std::thread::park_timeout(left.min(Duration::from_millis(5)));
    }
    true
}

fn read_so_far(home: &Home) -> u64 {
    let spool = home.run(&["spool", "ls", "--json"]).json();
    spool["sources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|source| source["read"].as_u64().unwrap())
        .sum()
}

/// How long to let it run, so that the last kill still finds posts to read.
#[derive(Debug)]
struct Pace {
    /// About how long it takes to start.
    start: Duration,
    /// Posts read so far.
    read: u64,
    /// How long that took, starting left out.
    reading: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            start: Duration::from_millis(200),
            read: 0,
            reading: Duration::ZERO,
        }
    }
}

impl Pace {
    fn learn(&mut self, read: u64, ran: Duration) {
        if read > self.read {
            self.reading += ran.saturating_sub(self.start);
        } else if ran > self.start {
            self.start = ran;
        } else if self.read == 0 {
            self.start = self.start * 3 / 2;
        }
        self.read = read;
    }

    /// Anything from no time at all to the start and twice the share of what is left, so that on average it is just enough.
    fn delay(&self, kills_left: u64, dice: &mut Dice) -> Duration {
        let per_post = if self.read == 0 {
            0.0
        } else {
            self.reading.as_secs_f64() / self.read as f64
        };
        let share = per_post * (POSTS - self.read.min(POSTS)) as f64 / (kills_left + 2) as f64;
        (self.start + Duration::from_secs_f64(share * 2.0)).mul_f64(dice.fraction())
    }
}

#[expect(clippy::disallowed_methods, reason = "a test's own knob")]
fn seed() -> u64 {
    let named = std::env::var("BOWERBIRD_KILL_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed = named.unwrap_or_else(|| {
        SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap()
            .as_nanos() as u64
    });
    eprintln!("BOWERBIRD_KILL_SEED={seed}");
    seed
}
