//! What is measured with: a file of made-up posts, the first of them in memory, and rules made from their words. For matching alone, posts
//! and rules that have to each other what real ones have.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use bowerbird_connect::synthetic::x_v2_envelope;
use bowerbird_connect::x::decode_v2;
use bowerbird_core::event::EntityKind;
use bowerbird_core::rules::{Rule, world};
use serde_json::{Value, json};

/// About the size of what X's filtered stream sends with every field and expansion.
const POST_BYTES: usize = 3_234;
/// What posts are made from.
const SEED: u64 = 20_261_121;
/// The most tracks on the whole way: to make more takes longer than to measure.
const MOST_TRACKS: u64 = 10_000;
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
    /// Rules that match a few of them, for the whole way.
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
        let rules = rules(&lines, usize::try_from(n_rules.min(MOST_TRACKS))?)?;
        Ok(Self {
            file,
            posts,
            lines,
            rules,
        })
    }

    /// Posts as short as most are, whose words are those of [`bowerbird_core::rules::world`]'s rules. Made when they are needed: they would count
    /// as memory of the whole way.
    pub(super) fn short(&self) -> Result<Vec<Vec<u8>>> {
        let short = self.lines.iter().zip(world::posts(self.lines.len()));
        short.map(|(line, post)| envelope(line, &post)).collect()
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

/// An envelope with another post's words in it.
fn envelope(line: &[u8], post: &world::Post) -> Result<Vec<u8>> {
    let mut envelope: Value = serde_json::from_slice(line).context("reading a made-up post")?;
    let data = &mut envelope["data"];
    let mut marked = json!({});
    for entity in &post.entities {
        let [start, end] =
            [entity.span.start, entity.span.end].map(|at| post.text[..at as usize].chars().count());
        let (list, name) = match entity.kind {
            EntityKind::Hashtag => ("hashtags", "tag"),
            EntityKind::Mention => ("mentions", "username"),
            _ => ("urls", "url"),
        };
        let entry = json!({"start": start, "end": end, (name): entity.value});
        match marked[list].as_array_mut() {
            Some(entries) => entries.push(entry),
            None => marked[list] = json!([entry]),
        }
    }
    data["text"] = json!(post.text);
    data["lang"] = json!(post.lang);
    data["entities"] = marked;
    if let Some(point) = post.point {
        data["geo"] = json!({"coordinates": {"type": "Point", "coordinates": point}});
    }
    if let Some(data) = data.as_object_mut() {
        data.remove("note_tweet");
    }
    envelope["includes"]["users"][0]["username"] = json!(post.handle);
    Ok(serde_json::to_vec(&envelope)?)
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
                .filter(|entity| entity.kind == EntityKind::Hashtag)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_post_says_what_it_was_given_to_say() {
        let line = x_v2_envelope(SEED, 1, POST_BYTES);
        for post in world::posts(300) {
            let line = envelope(&line, &post).unwrap();
            let event = decode_v2(&line).unwrap();
            let decoded = event.post().unwrap();
            assert_eq!(decoded.text, post.text);
            assert_eq!(decoded.author.handle, post.handle);
            assert_eq!(decoded.entities.len(), post.entities.len());
            let spans = |entity: &bowerbird_core::event::Entity<'_>| entity.span.clone();
            let wanted: Vec<_> = post.entities.iter().map(spans).collect();
            assert_eq!(
                decoded.entities.iter().map(spans).collect::<Vec<_>>(),
                wanted
            );
        }
    }
}
