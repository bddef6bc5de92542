//! Tests of the border: text, depth, keys, and fields that hold the wrong thing.

use std::borrow::Cow;

use super::field::{Field, Id, Kind, Maybe, TextOr, Values};
use super::keys::Keys;
use super::lenient::objects;
use super::{MAX_DEPTH, checked, object};

objects! {
    struct Thing<'a> {
        text: Field<'a>,
        id: Id<'a>,
        count: Option<u64>,
        number: Option<f64>,
        flag: Option<bool>,
        inner: Maybe<Thing<'a>>,
        part: Part<'a>,
        list: Vec<Thing<'a>>,
        words: Values<Field<'a>>,
        either: TextOr<'a, Part<'a>>,
        named as "name" | "other-name": Field<'a>,
    }

    struct Part<'a> {
        text: Field<'a>,
    }
}

fn thing(text: &str) -> Thing<'_> {
    object(text).unwrap()
}

#[test]
fn fields_take_what_they_understand() {
    let json = r#"{"text":"a\nb","id":12,"count":"7","number":-3,"flag":true,
        "inner":{"text":"in"},"part":{"text":"of"},"list":[{"id":"x"},3,null],"words":["a",1],
        "either":{"text":"or"},"other-name":"b"}"#;
    let thing = thing(json);
    assert_eq!(thing.text.as_str(), "a\nb");
    assert_eq!(thing.id.as_str(), "12");
    assert_eq!(thing.count, Some(7));
    assert_eq!(thing.number, Some(-3.0));
    assert_eq!(thing.flag, Some(true));
    assert_eq!(thing.inner.get().unwrap().text.as_str(), "in");
    assert_eq!(thing.part.text.as_str(), "of");
    assert_eq!(thing.list.len(), 1);
    assert_eq!(thing.words.0.len(), 2);
    assert_eq!(thing.either.object.text.as_str(), "or");
    assert_eq!(thing.named.as_str(), "b");
}

#[test]
fn a_key_that_comes_again_is_no_fault() {
    let json =
        r#"{"text":"a","count":1,"text":"b","count":2,"name":"c","other-name":"d","\u0069d":"e"}"#;
    let thing = thing(json);
    assert_eq!(thing.text.as_str(), "b");
    assert_eq!(thing.count, Some(2));
    assert_eq!(thing.named.as_str(), "d");
    assert_eq!(thing.id.as_str(), "e");
}

#[test]
fn every_wrong_type_in_every_field_is_tolerated() {
    let wrong = [
        "null",
        "1",
        "-1",
        "1.5",
        "true",
        "\"s\"",
        "[1,[2]]",
        r#"{"a":{"b":[]}}"#,
    ];
    let fields = [
        "text", "id", "count", "number", "flag", "inner", "part", "list", "words", "either",
        "name", "unknown",
    ];
    for field in fields {
        for value in wrong {
            let json = format!(r#"{{"{field}":{value},"text2":1}}"#);
            assert!(object::<Thing<'_>>(&json).is_ok(), "{json}");
        }
    }
}

#[test]
fn text_is_borrowed_unless_escaped() {
    let json = r#"{"text":"plain","id":"\u0061"}"#;
    let thing = thing(json);
    assert!(matches!(thing.text, Field::Text(Cow::Borrowed("plain"))));
    assert_eq!(thing.id.as_str(), "a");
}

#[test]
fn a_required_field_says_what_it_found() {
    let json = r#"{"text":17}"#;
    let found = thing(json).text;
    assert_eq!(found, Field::Wrong(Kind::Number));
    let reason = found.required("data.text").unwrap_err().reason;
    assert_eq!(reason, "data.text: expected text, found a number");
    let reason = thing("{}").text.required("id").unwrap_err().reason;
    assert_eq!(reason, "id is missing");
}

#[test]
fn a_lone_surrogate_becomes_the_replacement_character() {
    for (json, expected) in [
        (r#"{"text":"\ud83d"}"#, "\u{fffd}"),
        (r#"{"text":"\ude00 x"}"#, "\u{fffd} x"),
        (r#"{"text":"\ud83dab"}"#, "\u{fffd}ab"),
        (r#"{"text":"\ud83d\ude00"}"#, "😀"),
    ] {
        assert_eq!(thing(json).text.as_str(), expected, "{json}");
    }
}

#[test]
fn deep_nesting_is_refused_before_it_is_followed() {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let deep = format!(
            r#"{{"x":{}1{}}}"#,
            open.repeat(10_000),
            close.repeat(10_000)
        );
        let reason = checked(deep.as_bytes()).unwrap_err().reason;
        assert_eq!(reason, format!("nested deeper than {MAX_DEPTH} levels"));
        let fine = format!(
            r#"{{"x":{}1{}}}"#,
            open.repeat(MAX_DEPTH - 1),
            close.repeat(MAX_DEPTH - 1)
        );
        assert!(object::<Thing<'_>>(checked(fine.as_bytes()).unwrap()).is_ok());
    }
    let unclosed = "[".repeat(1_000_000);
    assert!(checked(unclosed.as_bytes()).is_err());
}

#[test]
fn brackets_in_strings_are_no_nesting() {
    let text = format!(r#"{{"text":"{}"}}"#, r#"[{\""#.repeat(3_000));
    assert!(checked(text.as_bytes()).is_ok());
    let hidden = format!(r#"{{"x":{}"#, r#"["]]","#.repeat(2_000));
    assert!(checked(hidden.as_bytes()).is_err());
}

#[test]
fn what_is_not_text_is_refused_with_its_place() {
    let reason = |bytes: &[u8]| checked(bytes).unwrap_err().reason;
    assert_eq!(reason(b"{\"a\":\"\xff\"}"), "not UTF-8 at byte 6");
    assert_eq!(reason(b" \r\n"), "empty frame");
    assert_eq!(reason(b""), "empty frame");
}

#[test]
fn a_parsers_reason_is_short_and_on_one_line() {
    let long = format!(r#"{{"text":"{}"#, "private ".repeat(1_000));
    let reason = object::<Thing<'_>>(&long).unwrap_err().reason;
    assert!(reason.starts_with("not JSON: "), "{reason}");
    assert!(
        !reason.contains("private") && reason.len() < 200,
        "{reason}"
    );
}

#[test]
fn keys_are_walked_without_their_values() {
    let names = |text: &'static str| -> Vec<&str> {
        Keys::of(text)
            .map(|key| std::str::from_utf8(key.name).unwrap())
            .collect()
    };
    let text = r#" { "a" : {"x":[1,"}\""]} , "b":"\\", "c":null,"d":-1.5e3,"e":[],"f":true} "#;
    assert_eq!(names(text), ["a", "b", "c", "d", "e", "f"]);
    assert_eq!(names("[1]"), Vec::<&str>::new());
    assert_eq!(names("{"), Vec::<&str>::new());
    assert_eq!(names(r#"{"a":1 "b":2}"#), ["a"]);
    assert_eq!(names(r#"{"a":"#), ["a"]);
    assert_eq!(names(r#"{"a"#), Vec::<&str>::new());
}
