//! Does a document that nobody named hold posts? A folder holds licences, pictures and notes beside them.
//!
//! The rule, as `docs/sources/replay.md` states it: a document is read if its name ends in `.json`, `.jsonl` or `.ndjson` (before the ending
//! of a packing), or if it begins as JSON does; but of X's archives only the posts are read, never the messages and lists beside them.

use crate::x::archive::strip_assignment;

/// Endings of packed files, passed over before looking at the name.
const PACKED: [&str; 5] = [".gz", ".bz2", ".zst", ".zstd", ".txt"];
/// Endings of data.
const DATA: [&str; 4] = [".json", ".jsonl", ".ndjson", ".jsonlines"];
/// Parts of X archives that hold posts.
const ARCHIVED: [&[u8]; 4] = [
    b"YTD.tweets.",
    b"YTD.tweet.",
    b"YTD.community_tweet.",
    b"Grailbird.data.tweets",
];

/// Is a document with this name and beginning to be read?
pub(super) fn is_data(name: &str, head: &[u8]) -> bool {
    let head = head
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(head)
        .trim_ascii_start();
    if strip_assignment(head).is_some() {
        let assigned = head.strip_prefix(b"window.").unwrap_or(head);
        return ARCHIVED.iter().any(|part| assigned.starts_with(part));
    }
    let name = name.to_ascii_lowercase();
    let name = PACKED
        .iter()
        .find_map(|ending| name.strip_suffix(ending))
        .unwrap_or(&name);
    DATA.iter().any(|ending| name.ends_with(ending)) || begins_as_json(head)
}

/// An object, or a list of objects. A list of other things is more likely prose in Markdown.
fn begins_as_json(head: &[u8]) -> bool {
    match head.split_first() {
        Some((b'{', rest)) => matches!(rest.trim_ascii_start().first(), Some(b'"' | b'}')),
        Some((b'[', rest)) => rest.trim_ascii_start().first() == Some(&b'{'),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_data;

    #[test]
    fn data_is_told_by_its_name_or_its_beginning() {
        for (name, head, expected) in [
            ("a/posts.jsonl", "", true),
            ("a/posts.JSON.gz", "torn\"}", true),
            ("dump.tar/2020/01/00.json.bz2", "{\"delete\"", true),
            ("posts", "\u{feff} {\"id\":1}", true),
            ("posts.txt", "[ {\"id\"", true),
            ("README.md", "[![build](x)](y)", false),
            ("LICENSE", "MIT License", false),
            ("photo.jpg", "\u{fffd}JFIF", false),
            ("style.css", "{ color: red }", false),
            ("tweets.js", "window.YTD.tweets.part0 = [ {", true),
            (
                "direct-messages.js",
                "window.YTD.direct_messages.part0 = [ {",
                false,
            ),
            (
                "data/js/tweets/2018_03.js",
                "Grailbird.data.tweets_2018_03 = [ {",
                true,
            ),
            ("tweet_index.js", "var tweet_index = [ {", false),
        ] {
            assert_eq!(is_data(name, head.as_bytes()), expected, "{name}");
        }
    }
}
