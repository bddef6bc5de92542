//! How long one post takes against the live set, beside the floor: tokenise, lower-case and hash the same texts.
//!
//! `cargo bench -p bowerbird-rules`. The posts are made up here, in five scripts, with a tag, a handle and a link each.

use std::hash::{Hash, Hasher};
use std::hint::black_box;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Instant;

use bowerbird_rules::doc::{Content, Doc, Entity, EntityKind};
use bowerbird_rules::{Profile, Rule, RuleSet, Scratch, tokenize};

const ROUNDS: usize = 20;

const SENTENCES: [&str; 5] = [
    "The quick brown fox jumps over the lazy dog while everybody in the little town is looking at the moon tonight",
    "Das Wetter in München bleibt morgen schön, sagt der Dienst, und übermorgen regnet es höchstens ein wenig im Süden",
    "今日は東京で新しい展覧会が始まりました。たくさんの人が朝から並んでいて、とても楽しい一日になりそうです",
    "Сегодня вечером в городе пройдёт большой концерт, вход свободный, приходите все вместе с друзьями и детьми",
    "اليوم في المدينة معرض جديد للكتاب والزوار كثيرون منذ الصباح والدخول مجاني للجميع حتى المساء",
];

struct Post {
    text: String,
    entities: Vec<Entity<'static>>,
    id: String,
}

fn posts() -> Vec<Post> {
    (0..5_000)
        .map(|n: usize| {
            let sentence = SENTENCES[n % SENTENCES.len()];
            let (tag, handle) = (format!("tag{}", n % 997), format!("user{}", n % 499));
            let link = format!("https://t.co/{n:010}");
            let text = format!("{sentence} word{} #{tag} @{handle} {link}", n % 1009);
            let span = |part: &str| {
                let start = text.rfind(part).map_or(0, |at| at as u32);
                start..start + part.len() as u32
            };
            let entities = vec![
                Entity::new(EntityKind::Hashtag, tag.clone(), span(&format!("#{tag}"))),
                Entity::new(
                    EntityKind::Mention,
                    handle.clone(),
                    span(&format!("@{handle}")),
                ),
                Entity::new(EntityKind::Link, link.clone(), span(&link)),
            ];
            Post {
                entities,
                id: (1_700_000_000_000_000_000 + n as u64).to_string(),
                text,
            }
        })
        .collect()
}

fn rules(count: usize) -> RuleSet {
    let set = RuleSet::new();
    set.replace((0..count).map(|n| {
        let text = match n % 5 {
            0 => format!("word{n} OR \"brown fox\" lang:en"),
            1 => format!("(#tag{n} OR @user{n}) -is:retweet"),
            2 => format!("東京 word{n} OR концерт word{n}"),
            3 => format!("\"schön sagt\" has:links word{n}"),
            _ => format!(
                "(word{n} OR word{} OR word{} OR word{}) (lang:en OR lang:de)",
                n + 1,
                n + 2,
                n + 3
            ),
        };
        (
            n as u64,
            Arc::new(Rule::parse(&text).expect("the rules of the bench parse")),
        )
    }));
    set
}

fn measure(posts: &[Post], mut one: impl FnMut(&Doc<'_>)) -> f64 {
    let started = Instant::now();
    for _ in 0..ROUNDS {
        for post in posts {
            let content = Content {
                text: &post.text,
                entities: &post.entities,
                ..Content::default()
            };
            one(&Doc {
                content,
                lang: "en",
                id: &post.id,
                ..Doc::default()
            });
        }
    }
    started.elapsed().as_secs_f64() * 1e6 / (ROUNDS * posts.len()) as f64
}

fn main() -> io::Result<()> {
    let posts = posts();
    let mut out = io::stdout().lock();
    let floor = measure(&posts, |doc| {
        let mut sum = 0;
        for word in doc.content.text.split(|c: char| !c.is_alphanumeric()) {
            let mut hasher = rustc_hash::FxHasher::default();
            word.to_lowercase().hash(&mut hasher);
            sum ^= hasher.finish();
        }
        black_box(sum);
    });
    writeln!(
        out,
        "floor: split, lower-case, hash   {floor:6.2} µs a post"
    )?;
    let tokenizer = measure(&posts, |doc| {
        tokenize(doc.content.text, Profile::Stream, &mut |token| {
            black_box(token.text);
        });
    });
    writeln!(
        out,
        "our tokenizer                    {tokenizer:6.2} µs a post"
    )?;
    for count in [1, 100, 1_000, 10_000] {
        let snapshot = rules(count).snapshot();
        let (mut scratch, mut keys, mut matched) = (Scratch::new(), Vec::new(), 0);
        let time = measure(&posts, |doc| {
            snapshot.matches(doc, &mut scratch, &mut keys);
            matched += keys.len();
        });
        writeln!(
            out,
            "{count:6} rules                     {time:6.2} µs a post, {:.2} of the floor's speed, {matched} matches",
            floor / time
        )?;
    }
    Ok(())
}
