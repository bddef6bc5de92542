//! How fast the SQLite store writes, beside SQLite alone with the same rows: prints posts a second.
//!
//! `cargo run --release -p bowerbird-store --example sqlite_speed -- [POSTS] [BATCH] [FOLDER] [--no-text-index]`

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bowerbird_core::event::{
    Account, Body, Delete, Embedded, Entity, EntityKind, Event, Lang, Post, PostRef, Relation,
};
use bowerbird_core::ids::{EventId, SourceName, TrackId};
use bowerbird_core::raw::RawCodec;
use bowerbird_core::record::{Caught, Content, Record};
use bowerbird_core::store::{KeepPosts, Posts, Upkeep};
use bowerbird_core::time::Time;
use bowerbird_store::sqlite::{SqliteOptions, SqliteStore, floor};
use bytes::Bytes;

const STEP: usize = 50_000;

/// A small generator of numbers: the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }

    /// Small numbers often, great ones seldom, as words are used.
    fn seldom(&mut self, sides: u64) -> u64 {
        let unit = self.roll(1 << 30) as f64 / (1_u64 << 30) as f64;
        ((sides as f64).powf(unit) - 1.0) as u64
    }
}

fn text(dice: &mut Dice) -> (String, &'static str) {
    let mut text = String::new();
    match dice.roll(100) {
        0..72 => {
            while text.len() < 150 {
                let word = dice.seldom(60_000);
                for shift in [0, 5, 10, 15]
                    .into_iter()
                    .filter(|s| *s == 0 || word >> s > 0)
                {
                    text.push(char::from(b'a' + ((word >> shift) % 26) as u8));
                    text.push(char::from(b"aeiou"[((word >> shift) % 5) as usize]));
                }
                text.push(' ');
            }
            (text, "en")
        }
        72..90 => {
            while text.len() < 160 {
                text.extend(char::from_u32(0x4e00 + dice.seldom(4_000) as u32));
            }
            (text, "ja")
        }
        _ => {
            while text.len() < 160 {
                for _ in 0..2 + dice.roll(5) {
                    text.extend(char::from_u32(0x0627 + dice.seldom(30) as u32));
                }
                text.push(' ');
            }
            (text, "ar")
        }
    }
}

fn post(dice: &mut Dice) -> Post<'static> {
    let (text, lang) = text(dice);
    let author = dice.seldom(2_000_000);
    let entity = |kind, value: String| Entity::new(kind, value, 0..10);
    let mut entities = vec![entity(
        EntityKind::Hashtag,
        format!("Tag{}", dice.seldom(20_000)),
    )];
    if dice.roll(2) == 0 {
        entities.push(entity(
            EntityKind::Mention,
            format!("user{}", dice.seldom(100_000)),
        ));
    }
    if dice.roll(2) == 0 {
        let mut link = entity(EntityKind::Link, "https://t.example/abcdefghij".to_owned());
        link.target = Cow::Owned(format!("https://news.example/{}", dice.roll(1 << 40)));
        entities.push(link);
    }
    Post {
        author: Account {
            id: Cow::Owned(format!("{}", 1_000_000_000 + author * 7_919)),
            handle: Cow::Owned(format!("user_{author}")),
            name: Cow::Owned(format!("Name of {author}")),
            bio: Cow::Owned(
                "Says a few words about itself, its cats, and what it does all day long."
                    .to_owned(),
            ),
            location: Cow::Borrowed("Somewhere"),
            followers: Some(dice.roll(100_000)),
            following: Some(dice.roll(2_000)),
            posts: Some(dice.roll(50_000)),
            ..Account::default()
        },
        made_at: Some(Time(1_790_000_000_000_000)),
        text: Cow::Owned(text),
        lang: Lang {
            code: Cow::Borrowed(lang),
            detected: false,
        },
        entities,
        app: Cow::Borrowed("Web App"),
        conversation_id: Cow::Owned(format!("{}", dice.roll(1 << 60))),
        ..Post::default()
    }
}

fn record(dice: &mut Dice, n: usize) -> Bytes {
    let id = format!("{}", 1_900_000_000_000_000_000_u64 + n as u64 * 1_000);
    let at = Time(1_790_000_000_000_000 + n as i64 * 200);
    let mut body = post(dice);
    body.made_at = Some(at);
    let other = format!("{}", 1_890_000_000_000_000_000_u64 + dice.roll(1 << 50));
    let to = Some(PostRef {
        id: Cow::Owned(other.clone()),
        author_id: Cow::Borrowed("12345678"),
        author_handle: Cow::Borrowed("someone"),
    });
    let relation = match dice.roll(100) {
        0..30 => {
            body.reply_to = to;
            None
        }
        30..40 => {
            body.quote_of = to;
            Some(Relation::Quote)
        }
        40..55 => {
            body.repost_of = to;
            Some(Relation::Repost)
        }
        _ => None,
    };
    body.embedded.extend(relation.map(|relation| Embedded {
        id: EventId::new("x", other),
        relation,
        post: post(dice),
    }));
    let captures = (0..u64::from(dice.roll(4) == 0)).map(|_| Caught {
        track: TrackId(1 + dice.roll(100)),
        rule_version: 1,
    });
    let captures = captures.collect();
    let raw: Vec<u8> = (0..1_060).map(|_| dice.roll(256) as u8).collect();
    let content = Content::Event {
        event: Event {
            id: EventId::new("x", id),
            at: Some(at),
            body: Body::Post(Box::new(body)),
        },
        captures,
        raw: &raw,
        repairs: None,
    };
    let record = Record {
        source: Cow::Borrowed("stream"),
        received_at: at,
        content,
    };
    Bytes::from(record.encode(Vec::new()))
}

fn rate(posts: usize, took: Duration) -> String {
    let seconds = took.as_secs_f64();
    let (rate, each) = (posts as f64 / seconds, seconds * 1e6 / posts as f64);
    format!("{rate:>7.0} posts/s ({each:.1} µs a post)")
}

/// The time this process has had a core, to the hundredth of a second; zero where the system does not say. It is what to look at
/// on a machine that does other things too.
fn on_core() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split(' ');
    let ticks: u64 = fields
        .skip(12)
        .take(2)
        .filter_map(|n| n.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10)
}

/// Deletes a post in every hundred, then lets go of as many.
#[expect(
    clippy::print_stdout,
    reason = "the numbers are what this program is for"
)]
async fn forget(store: &SqliteStore, posts: usize) {
    let deletions: Vec<(u64, Bytes)> = (0..posts)
        .step_by(100)
        .enumerate()
        .map(|(n, post)| ((posts + n) as u64, deletion(post)))
        .collect();
    let n = deletions.len();
    let begun = Instant::now();
    store.write(deletions).await.expect("it writes");
    println!("deletions        {}", rate(n, begun.elapsed()));
    let keep = [KeepPosts {
        source: SourceName::parse("stream").expect("it is a name"),
        seconds: Some(0),
    }];
    let now = Time(i64::MAX);
    let begun = Instant::now();
    let swept = store.sweep(now, &keep, n).await.expect("it sweeps");
    let gone = swept.posts as usize;
    println!("let go           {}", rate(gone, begun.elapsed()));
}

fn deletion(post: usize) -> Bytes {
    let post_id = format!("{}", 1_900_000_000_000_000_000_u64 + post as u64 * 1_000);
    let event = Event {
        id: EventId::new("x", "a deletion"),
        at: None,
        body: Body::Delete(Delete::Post {
            post_id: Cow::Owned(post_id),
            author_id: Cow::Borrowed(""),
        }),
    };
    let record = Record {
        source: Cow::Borrowed("stream"),
        received_at: Time(1_790_000_000_000_000),
        content: Content::Event {
            event,
            captures: Vec::new(),
            raw: &[],
            repairs: None,
        },
    };
    Bytes::from(record.encode(Vec::new()))
}

#[tokio::main(flavor = "current_thread")]
#[expect(
    clippy::print_stdout,
    reason = "the numbers are what this program is for"
)]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut plain = arguments
        .iter()
        .filter(|argument| !argument.starts_with("--"));
    let posts: usize = plain
        .next()
        .map_or(200_000, |n| n.parse().expect("POSTS is a number"));
    let batch: usize = plain
        .next()
        .map_or(2_000, |n| n.parse().expect("BATCH is a number"));
    let folder = plain.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = tempfile::tempdir_in(folder).expect("a temporary folder can be made");
    let path = folder.path().join("store.db");
    let options = SqliteOptions {
        text_index: !arguments
            .iter()
            .any(|argument| argument == "--no-text-index"),
        ..SqliteOptions::default()
    };
    let store = SqliteStore::open(&path, Arc::<RawCodec>::default(), &options).expect("it opens");
    let mut dice = Dice(0x1234_5678_9abc_def1);
    let (mut done, mut all, mut all_core) = (0, Duration::ZERO, Duration::ZERO);
    while done < posts {
        let step = STEP.min(posts - done);
        let records: Vec<(u64, Bytes)> = (done..done + step)
            .map(|n| (n as u64, record(&mut dice, n)))
            .collect();
        let (mut took, begun_on_core) = (Duration::ZERO, on_core());
        for batch in records.chunks(batch) {
            let batch = batch.to_vec();
            let begun = Instant::now();
            store.write(batch).await.expect("it writes");
            took += begun.elapsed();
        }
        done += step;
        all += took;
        let core = on_core() - begun_on_core;
        all_core += core;
        println!(
            "store {done:>9}  {}  on a core: {}",
            rate(step, took),
            rate(step, core)
        );
    }
    println!(
        "store all        {}  on a core: {}",
        rate(posts, all),
        rate(posts, all_core)
    );
    println!("{:?}", store.size().await.expect("it answers"));
    drop(store);
    let floor = floor::copy(
        &path,
        &folder.path().join("floor.db"),
        options.cache_mib,
        batch,
    )
    .expect("it copies");
    println!(
        "floor all        {}",
        rate(floor.posts as usize, floor.took)
    );
    let store = SqliteStore::open(&path, Arc::default(), &options).expect("it opens");
    forget(&store, posts).await;
}
