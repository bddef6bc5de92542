//! What is measured with: a file of made-up posts, the first of them in memory, and rules made from their words.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use bowerbird_connect::synthetic::x_v2_envelope;
use bowerbird_connect::x::decode_v2;
use bowerbird_core::rules::Rule;

/// About the size of what X's filtered stream sends with every field and expansion.
const POST_BYTES: usize = 3_234;
/// What posts are made from.
const SEED: u64 = 20_261_121;
/// Posts held in memory, for the parts that need no more.
const IN_MEMORY: u64 = 20_000;

/// Posts and rules.
#[derive(Debug)]
pub(super) struct Sample {
    /// All posts, one a line.
    pub(super) file: PathBuf,
    /// How many.
    pub(super) posts: u64,
    /// The first of them.
    pub(super) lines: Vec<Vec<u8>>,
    /// Rules that match a few of them.
    pub(super) rules: Vec<String>,
}

impl Sample {
    /// Writes so many posts into a folder and makes so many rules.
    pub(super) fn make(folder: &Path, posts: u64, n_rules: u64) -> Result<Self> {
        let file = folder.join("posts.jsonl");
        let context = || format!("writing {}", file.display());
        let mut out = BufWriter::new(File::create(&file).with_context(context)?);
        let mut lines = Vec::new();
        for n in 0..posts {
            let line = x_v2_envelope(SEED, n, POST_BYTES);
            out.write_all(&line)
                .and_then(|()| out.write_all(b"\n"))
                .with_context(context)?;
            if n < IN_MEMORY {
                lines.push(line);
            }
        }
        out.flush().with_context(context)?;
        let rules = rules(&lines, usize::try_from(n_rules)?)?;
        Ok(Self {
            file,
            posts,
            lines,
            rules,
        })
    }

    /// All posts again, in chunks of `most`.
    pub(super) fn chunks(
        &self,
        most: usize,
    ) -> Result<impl Iterator<Item = std::io::Result<Vec<Vec<u8>>>>> {
        let file =
            File::open(&self.file).with_context(|| format!("reading {}", self.file.display()))?;
        let mut lines = BufReader::with_capacity(1 << 20, file).split(b'\n');
        Ok(std::iter::from_fn(move || {
            let chunk: std::io::Result<Vec<Vec<u8>>> = lines.by_ref().take(most).collect();
            match chunk {
                Ok(chunk) if chunk.is_empty() => None,
                other => Some(other),
            }
        }))
    }
}

/// Half keywords, a third phrases, the rest hashtags, authors and CJK: all from the posts themselves, and none so frequent that it
/// matches more than about one post in a hundred. Where the posts' words run out, words follow that match nothing.
fn rules(lines: &[Vec<u8>], wanted: usize) -> Result<Vec<String>> {
    let mut words: BTreeMap<String, usize> = BTreeMap::new();
    let (mut phrases, mut others) = (BTreeSet::new(), BTreeSet::new());
    for line in lines.iter().take(5_000) {
        let event = decode_v2(line).context("decoding a made-up post")?;
        let Some(post) = event.post() else { continue };
        let mut last = "";
        for word in post
            .text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| word.chars().count() > 2)
        {
            *words.entry(word.to_lowercase()).or_default() += 1;
            if !last.is_empty() && word.chars().count() < 20 {
                phrases.insert(format!("\"{last} {word}\""));
            }
            last = word;
        }
        others.insert(format!("from:{}", post.author.handle));
        others.extend(
            post.entities
                .iter()
                .filter(|entity| entity.kind == bowerbird_core::event::EntityKind::Hashtag)
                .map(|tag| format!("#{}", tag.value)),
        );
    }
    let rare = words
        .into_iter()
        .filter(|(_, count)| *count <= lines.len().min(5_000) / 100)
        .map(|(word, _)| word);
    let mut kinds = [
        rare.collect::<Vec<_>>(),
        phrases.into_iter().collect(),
        others.into_iter().collect(),
    ]
    .map(Vec::into_iter);
    let turns = [0, 1, 0, 1, 0, 2];
    let from_posts = (0..).map_while(|turn: usize| {
        let first = turns[turn % turns.len()];
        (0..3).find_map(|other| kinds[(first + other) % 3].next())
    });
    let made_up = (0..).map(|n: u64| format!("zq{n}"));
    Ok(from_posts
        .chain(made_up)
        .filter(|rule| Rule::parse(rule).is_ok())
        .take(wanted)
        .collect())
}
