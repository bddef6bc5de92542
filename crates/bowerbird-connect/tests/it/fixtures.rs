//! Decodes every hand-written fixture by its own decoder and by `decode_any`, and compares with the snapshot.
//!
//! In a snapshot, fields that hold nothing are left out, and a span is followed by the text it covers.

use std::fs;
use std::path::{Path, PathBuf};

use bowerbird_connect::{decode_any, jetstream, mastodon, native, x};
use bowerbird_core::event::{Event, Post};
use bowerbird_core::source::Decode;
use serde_json::{Map, Value};

fn fixtures(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(folder);
    let entries = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = entries.filter(|path| path.is_file()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{}", folder.display());
    paths
}

/// Leaves out what holds nothing.
fn filled(value: Value) -> Option<Value> {
    match value {
        Value::Null | Value::Bool(false) => None,
        Value::String(text) if text.is_empty() => None,
        Value::Array(list) if list.is_empty() => None,
        Value::Array(list) => Some(Value::Array(list.into_iter().filter_map(filled).collect())),
        Value::Object(object) => {
            let fields = object
                .into_iter()
                .filter_map(|(key, value)| Some((key, filled(value)?)));
            let object: Map<String, Value> = fields.collect();
            (!object.is_empty()).then_some(Value::Object(object))
        }
        other => Some(other),
    }
}

/// Writes each span with the text it covers, which also proves that it is on character boundaries.
fn show_spans(value: &mut Value, post: &Post<'_>) {
    for (nth, entity) in post.entities.iter().enumerate() {
        let range = entity.span.start as usize..entity.span.end as usize;
        let covered = &post.text[range.clone()];
        value["entities"][nth]["span"] = Value::String(format!("{range:?} {covered}"));
    }
    for (nth, inner) in post.embedded.iter().enumerate() {
        show_spans(&mut value["embedded"][nth]["post"], &inner.post);
    }
}

fn shown(event: &Event<'_>) -> Value {
    let mut value = serde_json::to_value(event).unwrap();
    if let Some(post) = event.post() {
        for kind in ["post", "edit"] {
            if value["body"].get(kind).is_some() {
                show_spans(&mut value["body"][kind], post);
            }
        }
    }
    filled(value).unwrap()
}

fn check(folder: &str, decode: Decode) {
    for path in fixtures(folder) {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let bytes = fs::read(&path).unwrap();
        let event = decode(&bytes).unwrap_or_else(|refused| panic!("{name}: {refused}"));
        assert_eq!(decode_any(&bytes).unwrap(), event, "{name}");
        let again = native::encode(&event);
        assert_eq!(native::decode(&again).unwrap(), event, "{name}");
        insta::assert_json_snapshot!(format!("{folder}__{name}"), shown(&event));
    }
}

#[test]
fn x_v2() {
    check("x", x::decode_v2);
}

#[test]
fn x_v11() {
    check("x-v11", x::decode_v11);
}

#[test]
fn bluesky_through_jetstream() {
    check("jetstream", jetstream::decode);
}

#[test]
fn mastodon_and_activitypub() {
    check("mastodon", mastodon::decode);
}

#[test]
fn native_events() {
    check("native", native::decode);
}
