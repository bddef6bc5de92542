use std::collections::{BTreeMap, BTreeSet};

use bowerbird_core::event::{Body, EntityKind};
use proptest::prelude::*;

use super::*;

const NOON: Time = Time(1_790_000_000_000_000);

fn connection(config: SyntheticConfig) -> Connection {
    connect(SourceName::parse("demo").unwrap(), Keep::All, config).unwrap()
}

fn counted(rate: f64, count: u64) -> SyntheticConfig {
    SyntheticConfig {
        seed: 7,
        rate,
        count: Some(count),
    }
}

async fn read(config: SyntheticConfig, cursor: Option<&str>) -> Vec<Frame> {
    let connection = connection(config);
    let mut source = (connection.open)(cursor.map(|text| Cursor(text.to_owned())))
        .await
        .unwrap();
    let mut frames = Vec::new();
    while let Some(batch) = source.next_batch().await.unwrap() {
        frames.extend(batch.frames);
    }
    frames
}

/// A frame without its times, which are the clock's.
fn timeless(frame: &[u8]) -> String {
    let mut value: serde_json::Value = serde_json::from_slice(frame).unwrap();
    forget_times(&mut value);
    value.to_string()
}

fn forget_times(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(map) => {
            map.remove("at");
            map.remove("made_at");
            map.values_mut().for_each(forget_times);
        }
        serde_json::Value::Array(list) => list.iter_mut().for_each(forget_times),
        _ => {}
    }
}

#[tokio::test]
async fn behaves_as_a_source() {
    bowerbird_core::testing::source_suite::bounded(&connection(counted(0.0, 1_700))).await;
}

#[tokio::test]
async fn resumes_where_it_was() {
    let whole = read(counted(0.0, 1_200), None).await;
    let rest = read(counted(0.0, 1_200), Some("1150")).await;
    let rest: Vec<_> = rest.iter().map(|frame| timeless(&frame.bytes)).collect();
    let expected: Vec<_> = whole[1_150..]
        .iter()
        .map(|frame| timeless(&frame.bytes))
        .collect();
    assert_eq!(rest, expected);
}

#[tokio::test]
async fn a_foreign_cursor_is_lost() {
    let opened = (connection(counted(0.0, 1)).open)(Some(Cursor("file".to_owned()))).await;
    assert!(matches!(opened.err(), Some(SourceError::CursorLost { .. })));
}

#[tokio::test(start_paused = true)]
async fn keeps_the_pace_on_average() {
    let began = Instant::now();
    assert_eq!(read(counted(50.0, 3_000), None).await.len(), 3_000);
    assert_eq!(began.elapsed().as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn a_delay_is_not_made_up_for_without_end() {
    let connection = connection(SyntheticConfig {
        rate: 100.0,
        ..SyntheticConfig::default()
    });
    let mut source = (connection.open)(None).await.unwrap();
    source.next_batch().await.unwrap();
    tokio::time::advance(Duration::from_secs(3_600)).await;
    let mut given = 0;
    let until = Instant::now() + Duration::from_secs(60);
    while Instant::now() < until {
        given += source.next_batch().await.unwrap().unwrap().frames.len();
    }
    assert!((6_000..9_000).contains(&given), "{given}");
}

#[test]
fn has_all_that_it_promises() {
    let mut seen = BTreeMap::<&str, u32>::new();
    let mut languages = BTreeSet::new();
    let mut authors = BTreeSet::new();
    for n in 0..2_000 {
        let bytes = frame(3, n, NOON);
        let event = native::decode(&bytes).unwrap();
        let kind = match &event.body {
            Body::Post(post) if post.repost_of.is_some() => "repost",
            Body::Post(post) if post.quote_of.is_some() && !post.embedded.is_empty() => "quote",
            Body::Post(post) if post.reply_to.is_some() => "reply",
            Body::Post(_) => "post",
            Body::Edit(_) => "edit",
            Body::Delete(_) => "delete",
            Body::Interaction(_) => "like",
            Body::Profile(_) => "profile",
            _ => "other",
        };
        *seen.entry(kind).or_default() += 1;
        let Some(post) = event.post() else { continue };
        languages.insert(post.lang.code.to_string());
        authors.insert(post.author.handle.to_string());
        for (name, has) in [
            ("place", post.place.is_some()),
            ("point", post.point.is_some()),
            ("joined emoji", post.text.contains('\u{200d}')),
            ("skin tone", post.text.contains('\u{1f3fd}')),
        ] {
            *seen.entry(name).or_default() += u32::from(has);
        }
        for entity in &post.entities {
            *seen
                .entry(match entity.kind {
                    EntityKind::Hashtag => "hashtag",
                    EntityKind::Mention => "mention",
                    EntityKind::Cashtag => "cashtag",
                    EntityKind::Link => "link",
                    _ => "image",
                })
                .or_default() += 1;
            let written = &post.text[entity.span.start as usize..entity.span.end as usize];
            assert!(
                entity.kind.is_media() || written.ends_with(&*entity.value),
                "{written} is not {}",
                entity.value
            );
        }
    }
    for name in [
        "post",
        "reply",
        "repost",
        "quote",
        "edit",
        "delete",
        "like",
        "profile",
        "hashtag",
        "mention",
        "cashtag",
        "link",
        "image",
        "place",
        "point",
        "joined emoji",
        "skin tone",
    ] {
        assert!(
            seen.get(name).is_some_and(|count| *count >= 5),
            "{name}: {seen:?}"
        );
    }
    assert_eq!(Vec::from_iter(languages), ["ar", "en", "es", "ja", "ru"]);
    assert!(authors.len() > 100, "{}", authors.len());
}

#[test]
fn deletions_and_edits_are_of_earlier_posts_by_their_authors() {
    let posts: BTreeMap<String, String> = (0..1_000)
        .filter_map(|n| {
            let bytes = frame(5, n, NOON);
            let event = native::decode(&bytes).unwrap();
            matches!(event.body, Body::Post(_)).then(|| {
                (
                    event.id.id.to_string(),
                    event.post().unwrap().author.id.to_string(),
                )
            })
        })
        .collect();
    for n in 0..1_000 {
        let bytes = frame(5, n, NOON);
        let event = native::decode(&bytes).unwrap();
        match &event.body {
            Body::Edit(post) => assert_eq!(posts[&*event.id.id], post.author.id),
            Body::Delete(bowerbird_core::event::Delete::Post { post_id, author_id }) => {
                assert_eq!(posts[&**post_id], **author_id);
            }
            _ => {}
        }
    }
}

#[test]
fn words_need_no_escapes_and_name_no_real_address() {
    for n in 0..1_000 {
        let bytes = frame(1, n, NOON);
        if let Some(post) = native::decode(&bytes).unwrap().post() {
            for words in [
                &post.text,
                &post.author.name,
                &post.author.bio,
                &post.author.location,
                &post.author.handle,
            ] {
                assert_eq!(
                    words.matches(envelope::NEVER_WRITTEN).next(),
                    None,
                    "{words}"
                );
            }
        }
        let text = String::from_utf8(bytes).unwrap();
        for (at, _) in text.match_indices("https://") {
            let host = text[at + 8..].split(['/', '"']).next().unwrap();
            assert!(
                host.ends_with("example.org") || host.ends_with(".example"),
                "{host}"
            );
        }
    }
}

#[test]
fn envelopes_have_the_weight_and_the_scripts_of_a_stream() {
    let (mut bytes, mut text_bytes, mut scripts) = (0, 0, BTreeMap::<String, u32>::new());
    let mut last_id = 0;
    for n in 0..2_000 {
        let line = x_v2_envelope(9, n, 3_200);
        let value: serde_json::Value = serde_json::from_slice(&line).unwrap();
        let id: u64 = value["data"]["id"].as_str().unwrap().parse().unwrap();
        assert!(id > last_id);
        last_id = id;
        bytes += line.len();
        text_bytes += value["data"]["text"].as_str().unwrap().len();
        *scripts
            .entry(value["data"]["lang"].as_str().unwrap().to_owned())
            .or_default() += 1;
    }
    assert!(
        (3_050..3_350).contains(&(bytes / 2_000)),
        "{}",
        bytes / 2_000
    );
    assert!(
        (145..180).contains(&(text_bytes / 2_000)),
        "{}",
        text_bytes / 2_000
    );
    let share = |code: &str| scripts[code] / 20;
    assert!(
        (15..=21).contains(&share("ja")) && (8..=12).contains(&share("ar")),
        "{scripts:?}"
    );
}

proptest! {
    #[test]
    fn every_number_is_an_event_and_always_the_same(seed: u64, n in 0_u64..u64::MAX / 2) {
        let bytes = frame(seed, n, NOON);
        prop_assert!(native::decode(&bytes).is_ok());
        prop_assert_eq!(bytes, frame(seed, n, NOON));
    }

    #[test]
    fn envelopes_are_posts_of_x(seed: u64, n in 0_u64..100_000_000, target in 0_usize..20_000) {
        let line = x_v2_envelope(seed, n, target);
        let event = crate::x::decode_v2(&line).unwrap();
        let post = event.post().unwrap();
        prop_assert!(!post.author.handle.is_empty());
        for entity in &post.entities {
            let written = &post.text[entity.span.start as usize..entity.span.end as usize];
            prop_assert!(written.ends_with(&*entity.value));
        }
        prop_assert!(line.len() < target.max(3_400) + 200);
    }
}
