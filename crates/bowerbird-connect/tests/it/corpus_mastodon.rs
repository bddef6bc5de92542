//! Recorded answers of Mastodon and the examples of its documentation, where `BOWERBIRD_CORPUS` names a folder that has them.
//!
//! They are recorded as tests of other programs keep them, not as anybody would replay them; so they are taken apart here.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bowerbird_connect::mastodon;
use serde_json::{Value, json};

#[expect(
    clippy::disallowed_methods,
    reason = "the recordings are not part of the project; the environment says where they are"
)]
#[expect(clippy::print_stdout, reason = "a test that does nothing says so")]
fn collection(name: &str) -> Option<PathBuf> {
    let corpus = std::env::var("BOWERBIRD_CORPUS").ok();
    let folder = corpus.map(|corpus| Path::new(&corpus).join(name));
    let found = folder.filter(|folder| folder.is_dir());
    if found.is_none() {
        println!("skipped: BOWERBIRD_CORPUS does not name a folder with {name}");
    }
    found
}

#[test]
fn every_event_of_the_documentation_decodes() {
    let Some(folder) = collection("mastodon__documentation") else {
        return;
    };
    let text = std::fs::read_to_string(folder.join("sse_events.jsonl")).unwrap();
    let mut kinds = BTreeSet::new();
    for line in text.lines() {
        let said: Value = serde_json::from_str(line).unwrap();
        let data = said["data"].as_str().unwrap();
        let payload = serde_json::from_str(data).unwrap_or_else(|_| json!(data));
        let payload = if payload.is_object() {
            payload
        } else {
            json!(data)
        };
        let frame =
            json!({"mastodon": "mastodon.social", "event": said["event"], "payload": payload});
        let frame = frame.to_string();
        let event = mastodon::decode(frame.as_bytes());
        let event = event.unwrap_or_else(|refused| panic!("{refused}: {line}"));
        let body = serde_json::to_value(&event.body).unwrap();
        kinds.extend(body.as_object().unwrap().keys().cloned());
    }
    let kinds: Vec<_> = kinds.iter().map(String::as_str).collect();
    assert_eq!(kinds, ["delete", "edit", "notice", "post"]);
}

#[test]
fn every_recorded_status_decodes_with_its_text() {
    let Some(folder) = collection("halcy__Mastodon.py") else {
        return;
    };
    let mut uris = BTreeSet::new();
    for entry in std::fs::read_dir(folder.join("cassettes")).unwrap() {
        let recorded = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for body in bodies(&recorded) {
            let Ok(body) = serde_json::from_str::<Value>(&body) else {
                continue;
            };
            statuses(&body, &mut |status| {
                let frame = status.to_string();
                let event = mastodon::decode(frame.as_bytes());
                let event = event.unwrap_or_else(|refused| panic!("{refused}: {frame}"));
                let post = event.post().unwrap();
                let content = status["content"].as_str().unwrap();
                assert_eq!(
                    post.text.is_empty(),
                    content.is_empty() && status["poll"].is_null(),
                    "{content}"
                );
                assert!(!post.text.contains("</"), "{}", post.text);
                assert!(post.author.handle.contains('@'), "{}", post.author.handle);
                uris.insert(event.id.id.into_owned());
            });
        }
    }
    assert!(uris.len() > 100, "only {} statuses", uris.len());
}

/// Every status in an answer, however deep.
fn statuses(value: &Value, take: &mut impl FnMut(&Value)) {
    match value {
        Value::Array(list) => list.iter().for_each(|one| statuses(one, take)),
        Value::Object(object) => {
            // The answer to a deletion has the text to be written again instead.
            if object.contains_key("content") && object.contains_key("reblogs_count") {
                take(value);
            }
            object.values().for_each(|one| statuses(one, take));
        }
        _ => {}
    }
}

/// The answers in a recording: YAML's texts in single quotes, whose lines are folded.
fn bodies(recorded: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = recorded;
    while let Some((_, begun)) = rest.split_once("string: '") {
        let mut body = String::new();
        let mut chars = begun.char_indices().peekable();
        let mut end = begun.len();
        while let Some((at, c)) = chars.next() {
            match c {
                '\'' if chars.next_if(|(_, next)| *next == '\'').is_some() => body.push('\''),
                '\'' => {
                    end = at;
                    break;
                }
                '\n' => {
                    while chars.next_if(|(_, next)| next.is_whitespace()).is_some() {}
                    body.push(' ');
                }
                c => body.push(c),
            }
        }
        found.push(body);
        rest = &begun[end..];
    }
    found
}
