//! That each form finds its decoder; what the decoders make of it stands with the fixtures.

use super::decode_any;

#[test]
fn each_form_finds_its_decoder() {
    for (frame, expected) in [
        (r#"{"data":{"id":"1","text":"a"}}"#, "x/1"),
        (r#"{"id":"2","text":"a"}"#, "x/2"),
        (r#"{"id_str":"3","text":"a","user":{}}"#, "x/3"),
        (r#"{"tweet":{"id_str":"4","full_text":"a"}}"#, "x/4"),
        (r#"{"delete":{"status":{"id":5}}}"#, "x/5@~deleted"),
        (
            r#"{"did":"did:plc:a","kind":"account","account":{"seq":6}}"#,
            "bluesky/did:plc:a@00000000000000000006",
        ),
    ] {
        assert_eq!(
            decode_any(frame.as_bytes()).unwrap().id.to_string(),
            expected,
            "{frame}"
        );
    }
}
