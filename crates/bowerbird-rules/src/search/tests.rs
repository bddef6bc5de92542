//! Searches as FTS5 sees them.

use proptest::prelude::*;

use super::{search_query, search_tokens};
use crate::token::tests::awkward_text;

#[track_caller]
fn check(query: &str, expected: &str) {
    assert_eq!(search_query(query).unwrap(), expected, "{query}");
}

#[test]
fn texts_become_tokens() {
    assert_eq!(
        search_tokens("Das schöne Café, 東京!"),
        "das schone cafe 東 京"
    );
    assert_eq!(search_tokens("  ...  "), "");
    assert_eq!(search_tokens("👍🏽 a\"b' OR *"), "👍🏽 a b or");
}

#[test]
fn words_are_all_needed() {
    check("cat", "\"cat\"");
    check("Café cat", "\"cafe\" AND \"cat\"");
    check("\"social media\"", "\"social media\"");
    check("東京 タワー", "\"東 京\" AND \"タ ワ ー\"");
    check("coca-cola", "\"coca cola\"");
    check("cat OR dog bird", "(\"cat\") OR (\"dog\" AND \"bird\")");
    check(
        "cat -dog -\"big bird\"",
        "(\"cat\") NOT (\"dog\" OR \"big bird\")",
    );
    check(
        "-dog cat OR bird",
        "((\"cat\") NOT (\"dog\")) OR (\"bird\")",
    );
    check("photo* \"new yor\"*", "\"photo\" * AND \"new yor\" *");
    check("#cat @dog", "\"cat\" AND \"dog\"");
    check("cat OR", "\"cat\"");
    check("OR cat", "\"cat\"");
    check("\"OR\" or", "\"or\" AND \"or\"");
    check("(cat) AND", "\"cat\" AND \"and\"");
    check("cat ... !!", "\"cat\"");
}

#[test]
fn nothing_of_fts5_gets_through() {
    check(
        "NEAR(cat, 3) text:dog ^a {b} a+b",
        "\"near\" AND \"cat\" AND \"3\" AND \"text dog\" AND \"a\" AND \"b\" AND \"a b\"",
    );
    check("cat\"dog\"bird", "\"cat\" AND \"dog\" AND \"bird\"");
    check("it's; DROP TABLE", "\"it s\" AND \"drop\" AND \"table\"");
}

#[test]
fn refusals_say_where() {
    for (query, position, message) in [
        ("", 1, "nothing to search"),
        ("!!!", 1, "nothing to search"),
        ("*", 1, "nothing to search"),
        ("-cat", 1, "only says what is not wanted"),
        ("cat OR -dog", 8, "only says what is not wanted"),
        ("cat \"dog", 5, "never closed"),
    ] {
        let error = search_query(query).unwrap_err();
        assert!(
            error.position == position && error.message.contains(message),
            "{query}: {error:?}"
        );
    }
    assert!(
        search_query(&"cat ".repeat(2000))
            .unwrap_err()
            .message
            .contains("too long")
    );
}

proptest! {
    #[test]
    fn only_quoted_tokens_and_our_own_words(query in prop_oneof![awkward_text(), "[-\"*OR a-c()^:{}+]{0,30}"]) {
        if let Ok(found) = search_query(&query) {
            // Outside of quotes stand only our own operators; inside, nothing that ends a quote.
            let outside: String = found.split('"').step_by(2).collect();
            let left = outside.replace("AND", "").replace("NOT", "").replace("OR", "");
            prop_assert!(left.chars().all(|c| " ()*".contains(c)), "{query:?}: {found}");
            prop_assert_eq!(found.matches('"').count() % 2, 0);
            prop_assert_eq!(found.matches('(').count(), found.matches(')').count());
        }
    }
}
