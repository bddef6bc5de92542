//! Made-up posts and rules with the proportions of real ones, the same at every run: what matching is measured with, here and in
//! `bowerbird bench`. Nothing else uses it.
//!
//! Posts: about 160 bytes, 72 % in a script with blanks, 18 % without, 10 % written from right to left; few words are common
//! and very many are rare (Zipf's law). Rules: 49 % keywords, 31 % phrases of two to four words, 10 % hashtags, 8 % mentions,
//! 2 % words without blanks; or a mixed set, of which 60 % are combinations; or lists as the v1.1 stream took them.

use crate::doc::{Author, Content, Doc, Entity, EntityKind};

/// How many different words there are in the scripts with blanks.
const WORDS: u64 = 1_600_000;
const HANDLES: u64 = 400_000;
const TAGS: u64 = 300_000;

/// A small generator of random numbers (SplitMix64): what it gives depends on the seed alone.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// A rank: 0 is the most common, and rank `n` comes about 1/n as often.
    fn zipf(&mut self, ranks: u64) -> u64 {
        ((ranks as f64).powf(self.unit()) - 1.0) as u64
    }
}

/// The word of a rank: common ones are short.
fn latin(rank: u64) -> String {
    const CONSONANTS: &[u8] = b"tnsrhldcmfpgwybvkjxzq";
    const VOWELS: &[u8] = b"eaoiu";
    let mut rest = rank;
    let mut word = String::new();
    loop {
        word.push(CONSONANTS[(rest % 21) as usize] as char);
        rest /= 21;
        word.push(VOWELS[(rest % 5) as usize] as char);
        rest /= 5;
        if rest == 0 {
            return word;
        }
        rest -= 1;
    }
}

fn arabic(rank: u64) -> String {
    let letters: Vec<char> = ('\u{628}'..='\u{63A}')
        .chain('\u{641}'..='\u{648}')
        .collect();
    let mut rest = rank + 20;
    let mut word = String::new();
    while rest > 0 {
        word.push(letters[(rest % letters.len() as u64) as usize]);
        rest /= letters.len() as u64;
    }
    word
}

fn han(rank: u64) -> char {
    char::from_u32(0x4E00 + (rank % 4_000) as u32).unwrap_or('一')
}

/// A post with what a service would mark in it.
#[derive(Debug)]
pub struct Post {
    /// What it says.
    pub text: String,
    /// What is marked in it.
    pub entities: Vec<Entity<'static>>,
    /// Its author's.
    pub handle: String,
    /// Its language.
    pub lang: &'static str,
    /// Is it another's passed on?
    pub is_repost: bool,
    /// Where it was sent from.
    pub point: Option<[f64; 2]>,
    /// Its own.
    pub id: String,
}

impl Post {
    /// As rules see it.
    pub fn doc(&self) -> Doc<'_> {
        Doc {
            content: Content {
                text: &self.text,
                entities: &self.entities,
                ..Content::default()
            },
            author: Author {
                handle: &self.handle,
                ..Author::default()
            },
            lang: self.lang,
            is_repost: self.is_repost,
            point: self.point,
            id: &self.id,
            ..Doc::default()
        }
    }
}

/// So many posts.
pub fn posts(count: usize) -> Vec<Post> {
    let mut random = Random(1);
    (0..count).map(|n| post(&mut random, n)).collect()
}

fn post(random: &mut Random, n: usize) -> Post {
    let script = random.below(100);
    let mut text = words(random, script);
    let mut entities = Vec::new();
    let mut mark = |text: &mut String, sign: &str, value: String, kind: EntityKind| {
        text.push(' ');
        let start = text.len() as u32;
        text.push_str(sign);
        text.push_str(&value);
        entities.push(Entity::new(kind, value, start..text.len() as u32));
    };
    if random.percent(30) {
        let handle = format!("user{}", random.zipf(HANDLES));
        mark(&mut text, "@", handle, EntityKind::Mention);
    }
    if random.percent(20) {
        let tag = format!("tag{}", random.zipf(TAGS));
        mark(&mut text, "#", tag, EntityKind::Hashtag);
    }
    if random.percent(25) {
        let link = format!("https://t.co/{n:010}");
        mark(&mut text, "", link, EntityKind::Link);
    }
    let lang = match script {
        0..10 => "ar",
        10..28 => "ja",
        28..70 => "en",
        70..85 => "es",
        _ => "pt",
    };
    Post {
        text,
        entities,
        handle: format!("user{}", random.zipf(HANDLES)),
        lang,
        is_repost: random.percent(30),
        point: random.percent(2).then(|| point(random)),
        id: (1_700_000_000_000_000_000 + n as u64).to_string(),
    }
}

fn point(random: &mut Random) -> [f64; 2] {
    // People gather: a few hundred towns.
    let town = random.zipf(300);
    let mut near = |seed: u64, reach: f64| {
        let middle = (Random(seed).unit() - 0.5) * 2.0 * reach;
        middle + (random.unit() - 0.5) * 0.3
    };
    [near(town, 170.0), near(town + 1_000, 60.0)]
}

fn words(random: &mut Random, script: u64) -> String {
    let mut text = String::new();
    match script {
        0..10 => (0..13).for_each(|n| push(&mut text, n, &arabic(random.zipf(40_000)))),
        10..28 => text.extend((0..45).map(|_| han(random.zipf(4_000)))),
        _ => (0..24).for_each(|n| push(&mut text, n, &latin(random.zipf(WORDS)))),
    }
    text
}

fn push(text: &mut String, n: usize, word: &str) {
    if n > 0 {
        text.push(' ');
    }
    text.push_str(word);
}

/// Different rules of the plain set.
pub fn plain_rules(count: usize) -> Vec<String> {
    distinct(count, |random| match random.below(100) {
        0..49 => latin(random.below(WORDS)),
        49..80 => {
            let length = 2 + random.below(3);
            format!("\"{}\"", row(random, length))
        }
        80..90 => format!("#tag{}", random.below(TAGS)),
        90..98 => format!("@user{}", random.below(HANDLES)),
        _ => (0..2 + random.below(2))
            .map(|_| han(random.zipf(4_000)))
            .collect(),
    })
}

/// Different rules, of which 60 % are combinations with negation, authors, languages and boxes.
pub fn mixed_rules(count: usize) -> Vec<String> {
    distinct(count, |random| {
        let word = |random: &mut Random| latin(100 + random.below(WORDS - 100));
        let (a, b, c) = (word(random), word(random), latin(random.zipf(WORDS)));
        match random.below(100) {
            0..40 => a,
            40..50 => format!("({a} OR {b}) lang:en -is:retweet"),
            50..60 => format!("{a} {c} -{b}"),
            60..70 => format!("from:user{} ({a} OR {b} OR {c})", random.below(HANDLES)),
            70..80 => format!("\"{} {a}\" (lang:es OR lang:pt) has:links", row(random, 1)),
            80..88 => format!("(#tag{} OR {a}) -({b} OR from:user1)", random.below(TAGS)),
            88..94 => {
                let [west, south] = point(random);
                let (east, north) = (west + 0.2, south + 0.2);
                format!("bounding_box:[{west:.4} {south:.4} {east:.4} {north:.4}] -{a}")
            }
            _ => format!("@user{} {c} -lang:ja -has:media", random.below(HANDLES)),
        }
    })
}

/// Different lists: some phrases, twenty accounts and a box each.
pub fn lists(count: usize) -> Vec<String> {
    distinct(count, |random| {
        let phrases: Vec<String> = (0..10)
            .map(|_| {
                let length = random.below(3);
                format!("{} {}", latin(random.below(WORDS)), row(random, length))
            })
            .collect();
        let accounts: Vec<String> = (0..20)
            .map(|_| format!("user{}", random.below(HANDLES)))
            .collect();
        let [west, south] = point(random);
        let (east, north) = (west + 0.2, south + 0.2);
        format!(
            "v11_track:\"{},#tag{}\" OR v11_follow:\"{}\" OR v11_locations:[{west:.4} {south:.4} {east:.4} {north:.4}]",
            phrases.join(","),
            random.below(TAGS),
            accounts.join(","),
        )
    })
}

fn row(random: &mut Random, length: u64) -> String {
    let words: Vec<String> = (0..length).map(|_| latin(random.zipf(WORDS))).collect();
    words.join(" ")
}

fn distinct(count: usize, mut one: impl FnMut(&mut Random) -> String) -> Vec<String> {
    let mut random = Random(2);
    let mut seen = std::collections::HashSet::with_capacity(count);
    let mut rules = Vec::with_capacity(count);
    while rules.len() < count {
        let rule = one(&mut random);
        if seen.insert(rule.clone()) {
            rules.push(rule);
        }
    }
    rules
}
