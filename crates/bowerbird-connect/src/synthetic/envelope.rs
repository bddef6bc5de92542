//! Lines as X's filtered stream sends them, made up: for load, for kill tests, for the stand-in.
//!
//! Written by hand into one string, because a million of them are made for a measurement. What matters is the shape and the
//! weight: fields, nesting, scripts and sizes as in recorded streams, about 3.2 KB each.

use std::fmt::Write;

use bowerbird_core::event::EntityKind;
use bowerbird_core::time::Time;

use super::cast::Member;
use super::compose::{Draft, Trimmings, compose};
use super::dice::Dice;
use super::words::{LANGUAGES, Language, Topic};

/// The purpose of these dice.
const ENVELOPE: u64 = 17;
/// When the first post of every seed was made, 2026-01-01, in milliseconds.
const FIRST_POST: u64 = 1_767_225_600_000;
/// Milliseconds between two posts.
const GAP: u64 = 40;
/// Where X's ids begin to count, and how far they shift the milliseconds.
const ID_EPOCH: u64 = 1_288_834_974_657;
const ID_SHIFT: u32 = 22;
/// A space for escapes never to be needed: tests see to it that no word list has one of these.
#[cfg(test)]
pub(super) const NEVER_WRITTEN: &[char] = &['"', '\\', '&', '<', '>'];

/// What X's domains are described as; the longer, the sooner the size is reached.
const DOMAINS: [(&str, &str, &str); 3] = [
    (
        "65",
        "Interests and Hobbies Vertical",
        "Top level interests and hobbies groupings, like food or travel",
    ),
    (
        "66",
        "Interests and Hobbies Category",
        "A grouping of interests and hobbies entities, like novelty food or destinations",
    ),
    (
        "131",
        "Unified Interest Taxonomy",
        "A taxonomy of interests, from the broadest to the narrowest",
    ),
];

/// A post of an X stream as bytes of about `target_bytes`, without the line's end. Ids are unique for each `n` of a seed and ascend with
/// it. Of a hundred texts 72 are in Latin script, 18 Japanese, 10 Arabic.
pub fn x_v2_envelope(seed: u64, n: u64, target_bytes: usize) -> Vec<u8> {
    let mut dice = Dice::new(seed, n, ENVELOPE);
    let language = language(&mut dice);
    let author = speaker(language, &mut dice);
    let topic = dice.pick(language.topics);
    let draft = draft(language, &topic, &mut dice);
    let mut line = String::with_capacity(target_bytes + 512);
    let includes = includes(author, &draft);
    write_data(
        &mut line,
        post_id(seed, n),
        post_time(n),
        author,
        &draft,
        &mut dice,
    );
    line.push_str(r#","context_annotations":["#);
    write_annotations(
        &mut line,
        &topic,
        target_bytes.saturating_sub(includes.len()),
        &mut dice,
    );
    line.push_str("]}");
    line.push_str(&includes);
    line.into_bytes()
}

fn post_id(seed: u64, n: u64) -> u64 {
    let millis = FIRST_POST + n * GAP - ID_EPOCH;
    (millis << ID_SHIFT) | (Dice::new(seed, 0, ENVELOPE).next() & ((1 << ID_SHIFT) - 1))
}

fn post_time(n: u64) -> Time {
    Time::from_millis(i64::try_from(FIRST_POST + n * GAP).unwrap_or(i64::MAX))
}

fn language(dice: &mut Dice) -> &'static Language {
    match dice.below(100) {
        0..45 => LANGUAGES[0],
        45..72 => LANGUAGES[1],
        72..90 => LANGUAGES[2],
        _ => LANGUAGES[3],
    }
}

fn speaker(language: &Language, dice: &mut Dice) -> Member {
    loop {
        let member = Member::new(dice.next());
        if member.language.code == language.code {
            return member;
        }
    }
}

fn draft(language: &'static Language, topic: &Topic, dice: &mut Dice) -> Draft {
    let trimmings = Trimmings {
        hashtags: 35,
        mention: 30,
        cashtag: 2,
        link: 35,
        image: 0,
        emoji: 35,
    };
    let n_sentences = dice.pick(&[1, 2, 2, 3, 3, 3]);
    compose(language, topic, n_sentences, trimmings, dice)
}

fn write_data(
    line: &mut String,
    id: u64,
    time: Time,
    author: Member,
    draft: &Draft,
    dice: &mut Dice,
) {
    let editable = time.plus(std::time::Duration::from_secs(3_600));
    let likes = dice.below(60);
    let (reposts, replies, quotes, shown) = (
        likes / 6,
        likes / 9,
        likes / 25,
        likes * 41 + dice.below(90),
    );
    let sensitive = dice.chance(2);
    let (author_id, lang, text) = (x_id(author), author.language.code, &draft.text);
    let written = write!(
        line,
        r#"{{"data":{{"author_id":"{author_id}","conversation_id":"{id}","created_at":"{time}","edit_controls":{{"edits_remaining":5,"is_edit_eligible":true,"editable_until":"{editable}"}},"edit_history_tweet_ids":["{id}"],"id":"{id}","lang":"{lang}","possibly_sensitive":{sensitive},"public_metrics":{{"retweet_count":{reposts},"reply_count":{replies},"like_count":{likes},"quote_count":{quotes},"bookmark_count":0,"impression_count":{shown}}},"reply_settings":"everyone","text":"{text}","entities":{{"#
    );
    written.expect(STRINGS_GROW);
    write_entities(line, draft);
    line.push('}');
}

const STRINGS_GROW: &str = "writing into a String can't fail";

fn write_entities(line: &mut String, draft: &Draft) {
    let kinds = [
        (EntityKind::Hashtag, "hashtags"),
        (EntityKind::Mention, "mentions"),
        (EntityKind::Cashtag, "cashtags"),
        (EntityKind::Link, "urls"),
    ];
    let mut is_first_kind = true;
    for (kind, key) in kinds {
        let mut entities = draft
            .entities
            .iter()
            .filter(|entity| entity.kind == kind)
            .peekable();
        if entities.peek().is_none() {
            continue;
        }
        let comma = if is_first_kind { "" } else { "," };
        is_first_kind = false;
        write!(line, r#"{comma}"{key}":["#).expect(STRINGS_GROW);
        for (index, entity) in entities.enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let characters = |at: u32| draft.text[..at as usize].chars().count();
            let (start, end) = (characters(entity.span.start), characters(entity.span.end));
            write!(line, r#"{comma}{{"start":{start},"end":{end},"#).expect(STRINGS_GROW);
            let (value, id, target, title) =
                (&entity.value, &entity.id, &entity.target, &entity.title);
            let rest = match kind {
                EntityKind::Mention => {
                    write!(line, r#""username":"{value}","id":"{X_ACCOUNTS}{id}"}}"#)
                }
                EntityKind::Link => write!(
                    line,
                    r#""url":"{value}","expanded_url":"{target}","display_url":"{}","status":200,"title":"{title}","unwound_url":"{target}"}}"#,
                    target.trim_start_matches("https://"),
                ),
                _ => write!(line, r#""tag":"{value}"}}"#),
            };
            rest.expect(STRINGS_GROW);
        }
        line.push(']');
    }
}

/// Annotations until the line, with all that follows, has its size.
fn write_annotations(line: &mut String, topic: &Topic, until: usize, dice: &mut Dice) {
    let (_, entity_id, entity_name) = topic.context;
    let mut is_first = true;
    while is_first || line.len() + 130 < until {
        let (id, name, description) = DOMAINS[usize::try_from(dice.below(3)).unwrap_or(0)];
        let comma = if is_first { "" } else { "," };
        is_first = false;
        let number = dice.below(1_000);
        write!(
            line,
            r#"{comma}{{"domain":{{"id":"{id}","name":"{name}","description":"{description}"}},"entity":{{"id":"{entity_id}{number:03}","name":"{entity_name} {number}"}}}}"#
        )
        .expect(STRINGS_GROW);
    }
}

/// Accounts of X have long ids; these begin with digits that no real one has yet.
const X_ACCOUNTS: &str = "99900000000000";

fn x_id(member: Member) -> String {
    format!("{X_ACCOUNTS}{}", member.id())
}

/// Everything behind the post: its author, whom it mentions, and the rule that let it through.
fn includes(author: Member, draft: &Draft) -> String {
    let mut includes = String::with_capacity(1_600);
    includes.push_str(r#","includes":{"users":["#);
    write_user(&mut includes, author);
    for mention in draft
        .entities
        .iter()
        .filter(|entity| entity.kind == EntityKind::Mention)
    {
        let number: u64 = mention.id.parse().unwrap_or(0);
        includes.push(',');
        write_user(&mut includes, Member::new(number.saturating_sub(1_000)));
    }
    includes
        .push_str(r#"]},"matching_rules":[{"id":"1700000000000000001","tag":"bowerbird/1/1"}]}"#);
    includes
}

fn write_user(out: &mut String, member: Member) {
    let account = member.account();
    let (id, handle, name, bio) = (x_id(member), &account.handle, &account.name, &account.bio);
    let made_at = member.made_at();
    let (followers, following) = (member.followers(), account.following.unwrap_or(0));
    let (posts, listed) = (account.posts.unwrap_or(0), account.listed.unwrap_or(0));
    let (location, url, avatar, verified) = (
        &account.location,
        &account.url,
        &account.avatar,
        account.verified,
    );
    write!(
        out,
        r#"{{"created_at":"{made_at}","description":"{bio}","entities":{{"url":{{"urls":[{{"start":0,"end":23,"url":"https://s.example/{id}","expanded_url":"{url}","display_url":"example.org"}}]}}}},"id":"{id}","location":"{location}","name":"{name}","pinned_tweet_id":"1700000000000{id}","profile_image_url":"{avatar}","protected":false,"public_metrics":{{"followers_count":{followers},"following_count":{following},"tweet_count":{posts},"listed_count":{listed},"like_count":{likes}}},"url":"https://s.example/{id}","username":"{handle}","verified":{verified},"verified_type":"none"}}"#,
        likes = posts / 3,
    )
    .expect(STRINGS_GROW);
}
