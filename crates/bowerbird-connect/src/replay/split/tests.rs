use proptest::prelude::*;

use super::*;

/// Splits a document that comes in pieces of these sizes, the last one again and again.
fn split(document: &[u8], sizes: &[usize]) -> Vec<Piece> {
    split_from(document, sizes, 0, Layout::Unknown)
}

fn split_from(document: &[u8], sizes: &[usize], offset: u64, layout: Layout) -> Vec<Piece> {
    let mut splitter = Splitter::new(offset, layout);
    let mut rest = &document[usize::try_from(offset).unwrap()..];
    let mut sizes = sizes.iter().copied();
    let mut size = usize::MAX;
    let mut pieces = Vec::new();
    loop {
        match splitter.next() {
            Step::Piece(piece) => pieces.push(piece),
            Step::End => return pieces,
            Step::NeedMore => {
                size = sizes.next().unwrap_or(size).max(1);
                let came = splitter.fill(|space| {
                    let n = size.min(rest.len()).min(space.len());
                    space[..n].copy_from_slice(&rest[..n]);
                    Ok(n)
                });
                let came = came.unwrap();
                rest = &rest[came..];
                if came == 0 {
                    splitter.end();
                }
            }
        }
    }
}

/// Splits a document and shows each piece: its bytes, and why it is broken.
fn shown(document: &str) -> Vec<String> {
    let pieces = split(document.as_bytes(), &[usize::MAX]);
    let show = |piece: &Piece| {
        let text = String::from_utf8_lossy(&piece.bytes).replace(['\r', '\n', ' '], "");
        match &piece.broken {
            None => text,
            Some(reason) => format!("{text} !! {reason}"),
        }
    };
    pieces.iter().map(show).collect()
}

#[track_caller]
fn check(document: &str, expected: &[&str]) {
    assert_eq!(shown(document), expected, "{document:?}");
}

#[test]
fn lines() {
    check("", &[]);
    check("\n\r\n  \n", &[]);
    check("{\"a\":1}\n{\"b\":2}\n", &["{\"a\":1}", "{\"b\":2}"]);
    check(
        "\u{feff}{\"a\":1}\r\n\r\n{\"b\":2}",
        &["{\"a\":1}", "{\"b\":2}"],
    );
    check("{\"a\":1}", &["{\"a\":1}"]);
    check(
        "{\"a\":1}\nnonsense\n{\"b\":2}\n",
        &["{\"a\":1}", "nonsense", "{\"b\":2}"],
    );
}

#[test]
fn collections_of_activitypub_are_cut_into_their_items() {
    let head = r#"{"@context":"https://www.w3.org/ns/activitystreams","id":"outbox.json","type":"OrderedCollection","totalItems":2,"orderedItems":"#;
    let two = [r#"{"id":"a","object":{"x":[1]}}"#, r#"{"id":"b"}"#];
    for document in [
        format!("{head}[{},{}]}}", two[0], two[1]),
        format!(
            "{head} [\n  {},\n  {}\n],\"first\":\"x\"}}\n",
            two[0], two[1]
        ),
        format!("{}[{},{}]}}", head.replace(',', ",\n  "), two[0], two[1]),
    ] {
        check(&document, &two);
        for size in [1, 7, 4_096] {
            let pieces = split(document.as_bytes(), &[size]);
            assert_eq!(pieces.len(), 2, "in steps of {size}");
            let second = &pieces[0];
            let rest = split_from(document.as_bytes(), &[size], second.resume, Layout::Items);
            assert_eq!(rest.len(), 1, "resumed");
        }
    }
    let links = format!("{head}[\"https://a.example/1\"]}}");
    check(&links, &[&links]);
    let empty = format!("{head}[]}}");
    check(&empty, &[&empty]);
    let note = r#"{"@context":"x","type":"Note","id":"a"}"#;
    check(&format!("{note}\n{note}\n"), &[note, note]);
    let torn = format!("{head}[{}", two[0]);
    check(&torn, &[two[0], " !! the file ends inside its list"]);
}

#[test]
fn torn_lines() {
    check(
        "{\"a\":1}\n{\"b\":\n{\"c\":3}\n",
        &["{\"a\":1}", "{\"b\":", "{\"c\":3}"],
    );
    check("{\"a\":\"x\n{\"c\":3}\n", &["{\"a\":\"x", "{\"c\":3}"]);
    check("x\"}\n{\"c\":3}\n", &["x\"}", "{\"c\":3}"]);
    check(
        "{\"a\":1}\n{\"b\":2",
        &["{\"a\":1}", "{\"b\":2 !! the file ends inside this line"],
    );
    check("{\"a\":1", &["{\"a\":1 !! the file ends inside this line"]);
}

#[test]
fn values_over_many_lines() {
    check(
        "{\n  \"a\": 1\n}\n{\n  \"b\": [\n 2 ]\n}\n",
        &["{\"a\":1}", "{\"b\":[2]}"],
    );
    check(
        "{\"a\":1}{\"b\":2} {\"c\":3}",
        &["{\"a\":1}", "{\"b\":2}", "{\"c\":3}"],
    );
    check(
        "{\"a\":1}\n{\n  \"b\": 2\n}\n{\"c\":3}\n",
        &["{\"a\":1}", "{\"b\":2}", "{\"c\":3}"],
    );
    check(
        "\u{1e}{\"a\":1}\n\u{1e}{\"b\":2}\n",
        &["\u{1e}{\"a\":1}", "\u{1e}{\"b\":2}"],
    );
    check(
        "{\n \"a\": \"x\n}\n{\n \"b\": 2\n}\n",
        &["{\"a\":\"x !! a line ends inside a string", "{\"b\":2}"],
    );
    check(
        "{\n \"a\": {\n",
        &["{\"a\":{ !! the file ends inside this value"],
    );
}

#[test]
fn lists() {
    check("[]", &[]);
    check(
        "[{\"a\":1},\n {\"b\":\"]\"}]",
        &["{\"a\":1}", "{\"b\":\"]\"}"],
    );
    check(
        "[{\"a\":1}]\n[{\"b\":2},{\"c\":3}]\n",
        &["{\"a\":1}", "{\"b\":2}", "{\"c\":3}"],
    );
    check("[1, null, \"x,y\", [2]]", &["1", "null", "\"x,y\"", "[2]"]);
    check(
        "[{\"a\":1}",
        &["{\"a\":1}", " !! the file ends inside its list"],
    );
    check(
        "[{\"a\":1},{\"b\":",
        &[
            "{\"a\":1}",
            "{\"b\": !! the file ends inside this value",
            " !! the file ends inside its list",
        ],
    );
    check(
        "[\n  {\"a\":\"x\n  },\n  {\"b\":2}\n]\n",
        &["{\"a\":\"x !! a line ends inside a string", "{\"b\":2}"],
    );
}

#[test]
fn archives() {
    check(
        "Grailbird.data.tweets_2018_03 = \n [ {\"a\":1}, {\"b\":2} ]",
        &["{\"a\":1}", "{\"b\":2}"],
    );
    check(
        "window.YTD.tweets.part0 = [\n  {\n    \"tweet\" : { }\n  }\n];\n",
        &["{\"tweet\":{}}"],
    );
}

#[test]
fn messages_with_their_lengths() {
    check(
        "9\r\n{\"a\":1}\r\n\r\n9\r\n{\"b\":2}\r\n",
        &["{\"a\":1}", "{\"b\":2}"],
    );
    check(
        "9\r\n{\"a\":1}\r\n99\r\n{\"b\":2}\r\n",
        &[
            "{\"a\":1}",
            "99{\"b\":2} !! the file ends inside this message",
        ],
    );
    check(
        "9\r\n{\"a\":1}\r\nnonsense\n{\"b\":2}\n",
        &["{\"a\":1}", "nonsense", "{\"b\":2}"],
    );
}

/// Messages that are too long leave their beginning, and splitting goes on behind them.
#[test]
fn what_is_too_long_is_passed_over() {
    let long = "x".repeat(50 << 20);
    for document in [
        format!("{{\"a\":1}}\n{{\"b\":\"{long}\"}}\n{{\"c\":3}}\n"),
        format!("[{{\"a\":1}},{{\"b\":\"{long}\"}},{{\"c\":3}}]"),
        format!(
            "9\n{{\"a\":1}}\n\n{}\n{{\"b\":\"{long}\"}}\n9\n{{\"c\":3}}\n\n",
            long.len() + 9
        ),
    ] {
        let pieces = split(document.as_bytes(), &[usize::MAX]);
        assert_eq!(pieces.len(), 3);
        assert_eq!(pieces[0].bytes, "{\"a\":1}");
        assert!(pieces[1].bytes.starts_with(b"{\"b\":\"xxx"));
        assert_eq!(pieces[1].bytes.len(), BEGINNING);
        assert!(
            pieces[1]
                .broken
                .as_ref()
                .unwrap()
                .starts_with("message of 524288"),
            "{:?}",
            pieces[1].broken
        );
        assert_eq!(pieces[2].bytes, "{\"c\":3}");
    }
    let torn = split(format!("{{\"a\":\"{long}").as_bytes(), &[usize::MAX]);
    assert_eq!((torn.len(), torn[0].bytes.len()), (1, BEGINNING));
}

#[test]
fn memory_does_not_grow_with_what_is_passed_over() {
    let mut splitter = Splitter::new(0, Layout::Unknown);
    let mut n_filled = 0_u64;
    while n_filled < 200 << 20 {
        assert_eq!(splitter.next(), Step::NeedMore);
        splitter
            .fill(|space| {
                space.fill(b'{');
                Ok(space.len())
            })
            .unwrap();
        n_filled += READ_BYTES as u64;
        assert!(splitter.buffer.capacity() <= 4 * MAX_FRAME_BYTES);
    }
}

#[test]
fn deep_nesting_is_only_counted() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    check(
        &format!("[{{\"a\":{deep}}}]"),
        &[&format!("{{\"a\":{deep}}}")],
    );
}

/// A document of a random layout, whole or torn anywhere.
fn documents() -> impl Strategy<Value = Vec<u8>> {
    let value = prop_oneof![
        Just("{\"a\":1}".to_owned()),
        Just("{\n  \"b\": [ {\"c\": \"]\\\"}\"} ]\n}".to_owned()),
        Just("{\"text\":\"日本語 \\u00e4 👩🏾‍🔬\",\"n\":[[],{}]}".to_owned()),
        Just("{\"torn\":\"x".to_owned()),
        Just("nonsense".to_owned()),
        Just("12".to_owned()),
        Just("[{\"in\":1},2]".to_owned()),
    ];
    let between = prop_oneof![
        Just("\n"),
        Just("\r\n"),
        Just(",\n"),
        Just(""),
        Just("\n\n")
    ];
    let begin = prop_oneof![
        Just(""),
        Just("["),
        Just("\u{feff}"),
        Just("window.YTD.tweets.part0 = ["),
        Just("9\n")
    ];
    let body = proptest::collection::vec((value, between), 0..12);
    (begin, body, any::<proptest::sample::Index>(), any::<bool>()).prop_map(
        |(begin, body, cut, is_cut)| {
            let mut document = begin.to_owned();
            for (value, between) in body {
                document.push_str(&value);
                document.push_str(between);
            }
            let mut document = document.into_bytes();
            if is_cut && !document.is_empty() {
                document.truncate(cut.index(document.len()));
            }
            document
        },
    )
}

proptest! {
    #[test]
    fn pieces_are_the_same_however_the_bytes_come(document in documents(), sizes in proptest::collection::vec(1_usize..9, 1..40)) {
        prop_assert_eq!(split(&document, &sizes), split(&document, &[usize::MAX]));
    }

    #[test]
    fn splitting_goes_on_behind_every_piece(document in documents()) {
        let whole = split(&document, &[usize::MAX]);
        let mut splitter = Splitter::new(0, Layout::Unknown);
        splitter.fill(|space| { space[..document.len()].copy_from_slice(&document); Ok(document.len()) }).unwrap();
        splitter.end();
        for n in 1..=whole.len() {
            let Step::Piece(piece) = splitter.next() else { panic!("a piece less than before") };
            let rest = split_from(&document, &[usize::MAX], piece.resume, splitter.layout);
            // What the end has torn comes again.
            let n = if piece.resume == piece.start && piece.broken.is_some() { whole.len() } else { n };
            let rest: Vec<_> = rest.iter().map(|piece| &piece.bytes).collect();
            let expected: Vec<_> = whole[n..].iter().map(|piece| &piece.bytes).collect();
            prop_assert!(n == whole.len() || rest == expected, "{:?} {:?}", rest, expected);
        }
    }

    #[test]
    fn lines_are_what_a_naive_reader_finds(lines in proptest::collection::vec("\\{[ -~é日]{0,30}\\}", 0..20)) {
        let document: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let mut splitter = Splitter::new(0, Layout::Lines);
        splitter.fill(|space| { space[..document.len()].copy_from_slice(document.as_bytes()); Ok(document.len()) }).unwrap();
        splitter.end();
        let mut found = Vec::new();
        while let Step::Piece(piece) = splitter.next() {
            found.push(String::from_utf8(piece.bytes.to_vec()).unwrap());
        }
        prop_assert_eq!(found, lines);
    }

    #[test]
    fn any_bytes_come_to_an_end(document in proptest::collection::vec(any::<u8>(), 0..300), sizes in proptest::collection::vec(1_usize..50, 1..9)) {
        let pieces = split(&document, &sizes);
        prop_assert!(pieces.iter().all(|piece| piece.bytes.len() <= document.len()));
    }
}
