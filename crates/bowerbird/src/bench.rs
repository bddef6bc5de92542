//! `bowerbird bench`: each part of the way beside its floor, the same work with nothing of ours around it, measured in the same run.
//!
//! | part | ours | floor |
//! |---|---|---|
//! | decode | bytes to an event, one core | sonic-rs into a borrowed struct of the fields that our post has |
//! | match | rules against a post, one core: plain ones, and a mixed set | the text split into words, lower-cased and hashed |
//! | spool | appends of 1,000 records, each durable | the same bytes appended to one file with the same fsyncs |
//! | store | writes of ready records | batched inserts of ready rows into the same tables and indexes |
//! | whole | from a file to the store, all cores | as store |
//!
//! Ours and floor take turns, so that a machine that slows down slows both. Posts are made up: envelopes as X's filtered stream sends them,
//! about 3.2 KB each. Everything is in a temporary folder and goes with it.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde::Serialize;

use crate::cli::BenchArgs;
use crate::commands::Context;
use crate::exit::Usage;
use crate::logging;
use crate::output::{Output, bytes_for_people, thousands};

mod decode;
mod matching;
mod memory;
mod pace;
mod records;
mod sample;
mod spool;
mod store;
mod whole;

use matching::SetPace;
use pace::Pace;
use sample::Sample;

/// Everything that was measured.
#[derive(Debug, Serialize)]
struct Report {
    /// How many posts went the whole way.
    posts: u64,
    /// Against how many rules they were matched, and how many of those there were on the whole way.
    rules: u64,
    whole_rules: usize,
    /// With the full-text index?
    text_index: bool,
    /// How many cores there are.
    cores: usize,
    decode: Pace,
    /// Of the plain rules.
    #[serde(rename = "match")]
    matching: Pace,
    /// What else is known of matching, for each set of rules.
    rule_sets: [SetPace; 2],
    spool: Pace,
    store: Pace,
    whole: Pace,
    /// The most memory that was resident while the posts went the whole way.
    whole_peak_memory_bytes: Option<u64>,
}

/// Measures and prints.
pub(crate) async fn bench(context: &Context, args: &BenchArgs) -> Result<()> {
    logging::start(&context.global, None)?;
    let folder = folder(args)?;
    let output = &context.output;
    output.talk(format_args!(
        "making {} posts in {}",
        thousands(args.posts),
        folder.path().display()
    ));
    let sample = Sample::make(folder.path(), args.posts, args.rules)?;

    // First, while nothing else has used memory.
    output.talk("whole …");
    let (whole_rate, whole_peak_memory_bytes) =
        whole::measure(folder.path(), &sample, !args.no_text_index).await?;
    output.talk("decode …");
    let decode = decode::measure(&sample)?;
    output.talk("match …");
    let rule_sets = matching::measure(&sample, args.rules)?;
    output.talk("spool …");
    let spool = spool::measure(folder.path(), &sample, args.posts).await?;
    output.talk("store …");
    let store = store::measure(folder.path(), &sample, !args.no_text_index).await?;
    let report = Report {
        posts: args.posts,
        rules: args.rules,
        whole_rules: sample.rules.len(),
        text_index: !args.no_text_index,
        cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        decode,
        matching: rule_sets[0].matching.clone(),
        rule_sets,
        spool,
        whole: Pace::new(whole_rate, store.floor_posts_per_s),
        store,
        whole_peak_memory_bytes,
    };
    report.print(output)
}

/// A temporary folder, where `--store` says.
fn folder(args: &BenchArgs) -> Result<tempfile::TempDir> {
    let parent = match args.store.as_deref() {
        None => std::env::temp_dir(),
        Some(url) => match url.strip_prefix("sqlite:") {
            Some(folder) if !folder.is_empty() => PathBuf::from(folder),
            _ => {
                return Err(Usage(format!(
                    "--store: `{url}` is not a store: expected sqlite:FOLDER"
                ))
                .into());
            }
        },
    };
    let made = tempfile::Builder::new()
        .prefix("bowerbird-bench-")
        .tempdir_in(&parent);
    made.with_context(|| format!("making a folder in {}", parent.display()))
}

impl Report {
    fn print(&self, output: &Output) -> Result<()> {
        if output.json {
            return output.value(self);
        }
        let parts = [
            ("decode", &self.decode),
            ("match", &self.matching),
            ("spool", &self.spool),
            ("store", &self.store),
            ("whole", &self.whole),
        ];
        let row = |(name, pace): &(&str, &Pace)| {
            let whole = |rate: f64| thousands(pace::rounded(rate));
            vec![
                (*name).to_owned(),
                whole(pace.posts_per_s),
                whole(pace.floor_posts_per_s),
                format!("{:.2}", pace.ratio),
            ]
        };
        let rows: Vec<Vec<String>> = parts.iter().map(row).collect();
        output.table(&["part", "posts/s", "floor posts/s", "ratio"], &rows)?;
        self.print_rule_sets(output)?;
        let index = if self.text_index { "with" } else { "without" };
        let (posts, rules) = (thousands(self.posts), thousands(self.rules));
        output.line(format_args!(
            "{posts} posts, {rules} rules ({} on the whole way), {index} the full-text index, {} cores",
            thousands(self.whole_rules as u64),
            self.cores
        ))?;
        if let Some(peak) = self.whole_peak_memory_bytes {
            output.line(format_args!(
                "peak resident memory of the whole way: {}",
                bytes_for_people(peak)
            ))?;
        }
        Ok(())
    }

    fn print_rule_sets(&self, output: &Output) -> Result<()> {
        let headings = [
            "rules",
            "match posts/s",
            "with decode",
            "on all cores",
            "matches a post",
            "loaded in",
            "one inserted in",
            "a rule takes",
        ];
        let row = |pace: &SetPace| {
            let whole = |rate: f64| thousands(pace::rounded(rate));
            vec![
                pace.set.to_owned(),
                whole(pace.matching.posts_per_s),
                whole(pace.decode_and_match_posts_per_s),
                whole(pace.all_cores_posts_per_s),
                format!("{:.2}", pace.matches_per_post),
                format!("{:.2} s", pace.load_s),
                format!("{:.1} µs", pace.insert_us),
                bytes_for_people(pace.bytes_per_rule),
            ]
        };
        let rows: Vec<Vec<String>> = self.rule_sets.iter().map(row).collect();
        output.table(&headings, &rows)
    }
}
