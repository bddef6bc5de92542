//! Puts a text together from words, and notes where its hashtags, mentions, links and the rest stand.

use std::borrow::Cow;

use bowerbird_core::event::{Entity, EntityKind};

use super::cast::Member;
use super::dice::Dice;
use super::words::{CASHTAGS, EMOJI, Language, Topic};

/// A text in the making.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) text: String,
    pub(super) entities: Vec<Entity<'static>>,
}

/// What a text may have beside its sentences, each in so many of a hundred.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trimmings {
    pub(super) hashtags: u64,
    pub(super) mention: u64,
    pub(super) cashtag: u64,
    pub(super) link: u64,
    pub(super) image: u64,
    pub(super) emoji: u64,
}

/// What an ordinary post has.
pub(super) const USUAL: Trimmings = Trimmings {
    hashtags: 45,
    mention: 15,
    cashtag: 4,
    link: 18,
    image: 12,
    emoji: 40,
};

/// Sentences of a topic and what goes with them.
pub(super) fn compose(
    language: &Language,
    topic: &Topic,
    n_sentences: u64,
    usual: Trimmings,
    dice: &mut Dice,
) -> Draft {
    let mut draft = Draft::default();
    for _ in 0..n_sentences {
        draft.separate(language);
        let sentence = dice.pick(topic.sentences);
        fill(sentence, language, topic, dice, &mut draft.text);
    }
    if dice.chance(usual.emoji) {
        draft.text.push(' ');
        let choices = if dice.chance(50) { topic.emoji } else { EMOJI };
        draft.text.push_str(dice.pick(choices));
    }
    if dice.chance(usual.mention) {
        draft.mention(Member::new(dice.next()));
    }
    if dice.chance(usual.hashtags) {
        for _ in 0..=dice.below(2) {
            draft.marked(EntityKind::Hashtag, '#', dice.pick(topic.hashtags));
        }
    }
    if dice.chance(usual.cashtag) {
        draft.marked(EntityKind::Cashtag, '$', dice.pick(CASHTAGS));
    }
    if dice.chance(usual.link) {
        draft.link(topic, dice.next());
    }
    if dice.chance(usual.image) {
        draft.image(language, dice.next());
    }
    draft
}

impl Draft {
    /// Begins a new word or sentence.
    pub(super) fn separate(&mut self, language: &Language) {
        if !self.text.is_empty() {
            self.text.push_str(language.gap);
        }
    }

    /// Writes `@handle`.
    pub(super) fn mention(&mut self, member: Member) {
        let entity = self.marked(EntityKind::Mention, '@', &member.handle());
        entity.id = Cow::Owned(member.id());
        entity.title = Cow::Owned(member.name());
    }

    /// Writes a sign and a word, which is what is meant.
    fn marked(&mut self, kind: EntityKind, sign: char, word: &str) -> &mut Entity<'static> {
        self.space();
        let start = self.here();
        self.text.push(sign);
        self.text.push_str(word);
        self.entities
            .push(Entity::new(kind, word.to_owned(), start..self.here()));
        self.entities.last_mut().expect("one was just pushed")
    }

    fn link(&mut self, topic: &Topic, number: u64) {
        self.space();
        let start = self.here();
        let short = format!("https://s.example/{:08x}", number >> 32);
        self.text.push_str(&short);
        let mut entity = Entity::new(EntityKind::Link, short, start..self.here());
        entity.target = Cow::Owned(format!(
            "https://news.example.org/{}/{}",
            topic.slug,
            number % 1_000
        ));
        entity.title = Cow::Owned(format!("{} no. {}", topic.context.2, number % 1_000));
        self.entities.push(entity);
    }

    fn image(&mut self, language: &'_ Language, number: u64) {
        let id = format!("m{:08x}", number >> 32);
        let mut entity = Entity::new(EntityKind::Image, "", 0..0);
        entity.target = Cow::Owned(format!("https://images.example.org/{id}.jpg"));
        entity.id = Cow::Owned(id);
        entity.description = Cow::Borrowed(language.picture);
        self.entities.push(entity);
    }

    fn space(&mut self) {
        if !self.text.is_empty() {
            self.text.push(' ');
        }
    }

    fn here(&self) -> u32 {
        u32::try_from(self.text.len()).expect("a text is a few hundred bytes")
    }
}

/// Writes a sentence with its slots filled.
fn fill(sentence: &str, language: &Language, topic: &Topic, dice: &mut Dice, text: &mut String) {
    let start = text.len();
    let mut rest = sentence;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let (slot, after) = after
            .split_once('}')
            .expect("every slot of the word lists is closed");
        match slot {
            "place" => text.push_str(dice.pick(language.cities).name),
            "thing" => text.push_str(dice.pick(topic.things)),
            _ => text.push_str(&(3 + dice.below(37)).to_string()),
        }
        rest = after;
    }
    text.push_str(rest);
    capitalize(text, start);
}

/// A slot at a sentence's beginning gets its capital.
fn capitalize(text: &mut String, start: usize) {
    let Some(first) = text[start..]
        .chars()
        .next()
        .filter(|first| first.is_lowercase())
    else {
        return;
    };
    let upper: String = first.to_uppercase().collect();
    text.replace_range(start..start + first.len_utf8(), &upper);
}
