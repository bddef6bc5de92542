//! How fast packed messages of Jetstream become events on one core, beside the floor (zstd and the JSON parser on the same messages, nothing else, in
//! the same run); and what a source takes that is connected and hears nothing.
//!
//! `cargo bench -p bowerbird-connect --features testing`, on made-up posts; with `BOWERBIRD_CORPUS`, on recorded events of all kinds and with the published dictionary.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measure prints, and ends where something is wrong"
)]

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use bowerbird_connect::floor;
use bowerbird_connect::jetstream::{self, JetstreamConfig};
use bowerbird_connect::testing::{JetstreamStandIn, jetstream_dictionary, jetstream_post};
use bowerbird_core::frame::MAX_FRAME_BYTES;
use bowerbird_core::ids::SourceName;
use bowerbird_core::source::Keep;
use zstd::bulk::{Compressor, Decompressor};

/// Events in a round.
const EVENTS: usize = 50_000;
/// Rounds; the median counts.
const ROUNDS: usize = 7;
/// Sources that are at rest at once.
const AT_REST: usize = 100;

fn main() {
    let (events, dictionary, what) = events();
    let mut zstd = Compressor::with_dictionary(3, &dictionary).unwrap();
    let packed: Vec<Vec<u8>> = events
        .iter()
        .map(|event| zstd.compress(event).unwrap())
        .collect();
    let bytes = |all: &[Vec<u8>]| all.iter().map(Vec::len).sum::<usize>() / all.len();
    println!(
        "{what}: {} bytes each, {} packed",
        bytes(&events),
        bytes(&packed)
    );
    let each = || packed.iter().cycle().take(EVENTS);

    let mut ours = jetstream::packed_decoder(&dictionary).unwrap();
    let mut unpack = Decompressor::with_dictionary(&dictionary).unwrap();
    let mut room = Vec::with_capacity(MAX_FRAME_BYTES);
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        times[1].push(timed(|| {
            for packed in each() {
                room.clear();
                unpack.decompress_to_buffer(packed, &mut room).unwrap();
                drop(black_box(floor::jetstream::decode(&room).unwrap()));
            }
        }));
        times[0].push(timed(|| {
            for packed in each() {
                assert!(black_box(ours(packed)), "an event is refused");
            }
        }));
    }
    let [ours, floor] = times.map(|mut times| {
        times.sort();
        EVENTS as f64 / times[ROUNDS / 2].as_secs_f64()
    });
    println!(
        "unpack and decode, one core: {ours:.0} events/s; floor {floor:.0}; ratio {:.2}",
        ours / floor
    );
    // The made-up service packs with a dictionary of its own.
    at_rest(&jetstream_dictionary(7));
}

/// Recorded events, where there are some, or made-up posts; what they are packed with; and what they are.
fn events() -> (Vec<Vec<u8>>, Vec<u8>, &'static str) {
    let Some(corpus) = std::env::var_os("BOWERBIRD_CORPUS") else {
        let text = |n: u64| format!("post {n}: the barn owl was here again 🦉 近くの森に");
        let at = |n: u64| 1_779_719_009_000_000 + n.cast_signed();
        let posts = (0..1_000).map(|n| jetstream_post(n, at(n), &text(n)));
        return (posts.collect(), jetstream_dictionary(7), "made-up posts");
    };
    let folder = Path::new(&corpus).join("bluesky-social__jetstream/subscribe");
    let dictionary = std::fs::read(folder.join("dictionaries/legacy_subscribe.zdict")).unwrap();
    let events = std::fs::read(folder.join("golden_v1.jsonl")).unwrap();
    let events = events
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    (
        events.map(<[u8]>::to_vec).collect(),
        dictionary,
        "recorded events",
    )
}

fn timed(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

/// What connections take that hear nothing but pings, the made-up service's ends of them included.
fn at_rest(dictionary: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.zdict");
    std::fs::write(&file, dictionary).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    for (what, dictionary) in [("unpacked", None), ("packed", Some(file))] {
        let stand_in = JetstreamStandIn::start([]);
        let config = JetstreamConfig {
            base_urls: vec![stand_in.base_url()],
            dictionary,
            ..JetstreamConfig::default()
        };
        let before = resident();
        let held: Vec<_> = (0..AT_REST)
            .map(|n| {
                let name = SourceName::parse(&format!("source-{n}")).unwrap();
                let connection = jetstream::connect(name, Keep::All, config.clone()).unwrap();
                let mut source = runtime.block_on((connection.open)(None)).unwrap();
                // Each has been asked once, and waits.
                stand_in.push(n as i64, jetstream_post(1, n as i64, "a bird"));
                runtime.block_on(source.next_batch()).unwrap();
                (connection, source)
            })
            .collect();
        let each = resident().saturating_sub(before) / held.len();
        println!("a source at rest, {what}: {} KiB", each >> 10);
    }
}

/// Bytes of this process in memory; 0 where nobody says.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<usize>().ok());
    pages.unwrap_or_default() << 12
}
