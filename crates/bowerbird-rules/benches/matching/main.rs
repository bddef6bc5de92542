//! How fast posts are matched against ten, a thousand, a hundred thousand and a million rules, beside the floor (tokenise, lower-case
//! and hash the same texts, nothing else) and what others would do.
//!
//! `cargo bench -p bowerbird-rules`; of one set, of one size, or of the others alone: `cargo bench -p bowerbird-rules -- plain 1000000`. One core.

mod others;

use std::hash::{Hash, Hasher};
use std::hint::black_box;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use bowerbird_rules::world::{self, Post};
use bowerbird_rules::{Profile, Rule, RuleSet, Scratch, tokenize};
use peak_alloc::PeakAlloc;

/// Counts what is allocated.
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const POSTS: usize = 50_000;
const ROUNDS: usize = 9;
const SIZES: [usize; 4] = [10, 1_000, 100_000, 1_000_000];
const LISTS: [usize; 3] = [10, 1_000, 10_000];

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    let posts = world::posts(POSTS);
    let bytes: usize = posts.iter().map(|post| post.text.len()).sum();
    let folder = std::env::args().find_map(|arg| Some(arg.strip_prefix("write=")?.to_owned()));
    if let Some(folder) = folder {
        return write(Path::new(&folder), &posts);
    }
    writeln!(out, "{POSTS} posts of {} bytes", bytes / POSTS)?;
    let floor = per_second(&posts, |post| {
        tokenize(&post.text, Profile::Stream, &mut |token| {
            let mut hasher = rustc_hash::FxHasher::default();
            token.text.hash(&mut hasher);
            black_box(hasher.finish());
        });
    });
    writeln!(
        out,
        "{:<34}{floor:>12.0} posts/s",
        "floor: tokenise, fold, hash"
    )?;
    let asked: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| arg != "--bench")
        .collect();
    let is_asked = |what: &str| asked.is_empty() || asked.iter().any(|asked| asked == what);
    for (name, make) in [
        ("plain", world::plain_rules as fn(usize) -> Vec<String>),
        ("mixed", world::mixed_rules),
        ("lists", world::lists),
    ] {
        if !is_asked(name) {
            continue;
        }
        // Each list is what some thirty rules are.
        let sizes = if name == "lists" { &LISTS[..] } else { &SIZES };
        let rules = make(sizes[sizes.len() - 1]);
        for &count in sizes
            .iter()
            .filter(|count| is_asked(&count.to_string()) || asked.len() == 1)
        {
            one_size(&mut out, name, &posts, &rules[..count], floor)?;
        }
    }
    if is_asked("others") {
        baselines(&mut out, &posts, floor)?;
    }
    Ok(())
}

/// Writes the posts and the literals of the plain rules, lower-cased, one a line: for what is measured elsewhere (`bench/hyperscan`).
fn write(folder: &Path, posts: &[Post]) -> io::Result<()> {
    let texts: Vec<String> = posts.iter().map(|post| post.text.to_lowercase()).collect();
    std::fs::write(folder.join("posts"), texts.join("\n"))?;
    let rules = world::plain_rules(SIZES[SIZES.len() - 1]);
    for count in SIZES {
        let literals = others::literals(&rules[..count]).join("\n");
        std::fs::write(folder.join(format!("literals-{count:07}")), literals)?;
    }
    Ok(())
}

/// What others would do with the plain set.
fn baselines(out: &mut impl Write, posts: &[Post], floor: f64) -> io::Result<()> {
    let all = world::plain_rules(SIZES[SIZES.len() - 1]);
    for count in SIZES {
        let rules = &all[..count];
        let mut line = |name: &str, speed: f64, build: f64| {
            let share = speed / floor;
            writeln!(
                out,
                "{name:<28}{count:>9} rules {speed:>12.0} posts/s, {share:.4} of the floor; built in {build:.2} s"
            )
        };
        line("every rule on its own", others::naive(posts, rules), 0.0)?;
        let literals = others::literals(rules);
        let (speed, build) =
            automaton(posts, &literals, others::aho_corasick, |automaton, text| {
                let found = automaton.find_overlapping_iter(text);
                others::count_words(text, found.map(|found| (found.start(), found.end())))
            });
        line("aho-corasick, literals", speed, build)?;
        let (speed, build) = automaton(posts, &literals, others::daachorse, |automaton, text| {
            let found = automaton.find_overlapping_iter(text);
            others::count_words(text, found.map(|found| (found.start(), found.end())))
        });
        line("daachorse, literals", speed, build)?;
    }
    Ok(())
}

/// Posts a second with an automaton, and the seconds that making it took.
fn automaton<A>(
    posts: &[Post],
    literals: &[String],
    make: impl FnOnce(&[String]) -> A,
    count: impl Fn(&A, &str) -> usize,
) -> (f64, f64) {
    let started = Clock::start();
    let automaton = make(literals);
    let build = started.seconds();
    let speed = per_second(posts, |post| {
        black_box(count(&automaton, &post.text.to_lowercase()));
    });
    (speed, build)
}

fn one_size(
    out: &mut impl Write,
    name: &str,
    posts: &[Post],
    rules: &[String],
    floor: f64,
) -> io::Result<()> {
    let before = MEMORY.current_usage();
    let started = Clock::start();
    let set = RuleSet::new();
    let parsed = rules
        .iter()
        .map(|rule| Arc::new(Rule::parse(rule).expect("the rules of the bench parse")));
    set.replace((0..).zip(parsed));
    let load = started.seconds();
    let memory = MEMORY.current_usage() - before;
    let snapshot = set.snapshot();
    let (mut scratch, mut keys, mut matched) = (Scratch::new(), Vec::new(), 0);
    let speed = per_second(posts, |post| {
        snapshot.matches(&post.doc(), &mut scratch, &mut keys);
        matched += keys.len();
    });
    writeln!(
        out,
        "{name} {:>9} rules {speed:>12.0} posts/s, {:.2} of the floor; {:.2} matches a post; loaded in {:.2} s; {} B a rule",
        rules.len(),
        speed / floor,
        matched as f64 / (posts.len() * ROUNDS) as f64,
        load,
        memory / rules.len(),
    )?;
    changes(out, &set, rules)?;
    if [SIZES[SIZES.len() - 1], LISTS[LISTS.len() - 1]].contains(&rules.len()) {
        while_changing(out, &set, rules, posts)?;
        on_two_cores(out, &set, posts)?;
    }
    Ok(())
}

/// Matching by batches of a thousand posts, at rest and while another thread makes ten thousand changes a second.
fn while_changing(
    out: &mut impl Write,
    set: &RuleSet,
    rules: &[String],
    posts: &[Post],
) -> io::Result<()> {
    let (mut scratch, mut keys) = (Scratch::new(), Vec::new());
    let mut batches = || {
        let (mut left, mut snapshot) = (0, set.snapshot());
        per_second(posts, |post| {
            if left == 0 {
                (left, snapshot) = (1_000, set.snapshot());
            }
            left -= 1;
            snapshot.matches(&post.doc(), &mut scratch, &mut keys);
            black_box(&keys);
        })
    };
    let at_rest = batches();
    let (going, stopped) = mpsc::channel::<()>();
    let made = AtomicU64::new(0);
    let (changing, seconds) = std::thread::scope(|threads| {
        threads.spawn(|| {
            let stopped = stopped;
            let mut keys = (0..rules.len()).cycle().step_by(7);
            while stopped.recv_timeout(Duration::from_millis(10)) == Err(RecvTimeoutError::Timeout)
            {
                for key in keys.by_ref().take(50) {
                    let rule = Rule::parse(&rules[key]).expect("parsed before");
                    set.remove(key as u64);
                    set.insert(key as u64, &Arc::new(rule));
                    made.fetch_add(2, Ordering::Relaxed);
                }
            }
        });
        let started = Instant::now();
        let changing = batches();
        drop(going);
        (changing, started.elapsed().as_secs_f64())
    });
    writeln!(
        out,
        "      {at_rest:.0} posts/s at rest, {changing:.0} while {:.0} rules/s change: {:.2}",
        made.into_inner() as f64 / seconds,
        changing / at_rest,
    )
}

/// Both cores at once, each with its own posts.
fn on_two_cores(out: &mut impl Write, set: &RuleSet, posts: &[Post]) -> io::Result<()> {
    let started = Instant::now();
    std::thread::scope(|threads| {
        for half in posts.chunks(posts.len() / 2) {
            threads.spawn(move || {
                let (mut scratch, mut keys) = (Scratch::new(), Vec::new());
                let snapshot = set.snapshot();
                for post in (0..ROUNDS).flat_map(|_| half) {
                    snapshot.matches(&post.doc(), &mut scratch, &mut keys);
                    black_box(&keys);
                }
            });
        }
    });
    let speed = (posts.len() * ROUNDS) as f64 / started.elapsed().as_secs_f64();
    writeln!(out, "      {speed:.0} posts/s on two cores")
}

/// What one change costs: every rule of a thousand taken out and put in again.
fn changes(out: &mut impl Write, set: &RuleSet, rules: &[String]) -> io::Result<()> {
    let step = (rules.len() / 10_000).max(1);
    let some: Vec<(u64, Arc<Rule>)> = (0..rules.len())
        .step_by(step)
        .map(|n| {
            (
                n as u64,
                Arc::new(Rule::parse(&rules[n]).expect("parsed before")),
            )
        })
        .collect();
    let started = Clock::start();
    for (key, _) in &some {
        assert!(set.remove(*key));
    }
    let removed = started.seconds() * 1e6 / some.len() as f64;
    let started = Clock::start();
    for (key, rule) in &some {
        set.insert(*key, rule);
    }
    let inserted = started.seconds() * 1e6 / some.len() as f64;
    writeln!(
        out,
        "      one removed in {:.2} µs, one inserted in {:.2} µs",
        removed, inserted
    )
}

fn per_second(posts: &[Post], mut one: impl FnMut(&Post)) -> f64 {
    posts.iter().for_each(&mut one);
    let started = Clock::start();
    for _ in 1..ROUNDS {
        posts.iter().for_each(&mut one);
    }
    (posts.len() * (ROUNDS - 1)) as f64 / started.seconds()
}

/// Measures the time this thread had a core, where the system says, so that others on the machine disturb less.
struct Clock {
    on_core: Option<u64>,
    started: Instant,
}

impl Clock {
    fn start() -> Self {
        Self {
            on_core: on_core(),
            started: Instant::now(),
        }
    }

    fn seconds(&self) -> f64 {
        match (self.on_core, on_core()) {
            (Some(start), Some(end)) => (end - start) as f64 / 1e9,
            _ => self.started.elapsed().as_secs_f64(),
        }
    }
}

/// Nanoseconds that this thread has had a core.
fn on_core() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    stat.split(' ').next()?.parse().ok()
}
