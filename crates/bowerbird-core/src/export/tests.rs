use super::*;

fn cell(text: &str) -> String {
    let mut out = Vec::new();
    quote(&text_cell(text), &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn cells_survive_a_spreadsheet() {
    let cases = [
        ("plain", "plain"),
        ("a,b", "\"a,b\""),
        ("say \"hi\"", "\"say \"\"hi\"\"\""),
        ("two\nlines", "\"two\nlines\""),
        ("=1+1", "\"'=1+1\""),
        ("  =1+1", "\"'  =1+1\""),
        ("+49 30", "\"'+49 30\""),
        ("-5", "\"'-5\""),
        ("@sum", "\"'@sum\""),
        ("＝1", "\"'＝1\""),
        ("\tx", "\"'\tx\""),
        ("1234567890123456789", "\"'1234567890123456789\""),
        ("2026", "2026"),
        ("a\0b", "\"a\u{fffd}b\""),
        ("", ""),
    ];
    for (given, expected) in cases {
        assert_eq!(cell(given), expected, "{given:?}");
    }
}

#[test]
fn a_line_has_as_many_cells_as_the_header() {
    let mut header = Vec::new();
    csv_header(&mut header);
    let mut line = Vec::new();
    csv_line(&PostView::default(), &mut line);
    let commas = |bytes: &[u8]| bytes.iter().filter(|b| **b == b',').count();
    assert_eq!(commas(&header), commas(&line));
    assert!(line.ends_with(b"\r\n"));
}

#[test]
fn ids_carry_their_service_and_so_stay_text() {
    let post = PostView {
        key: "x/1234567890123456789".into(),
        service: "x".into(),
        ..PostView::default()
    };
    let mut line = Vec::new();
    csv_line(&post, &mut line);
    assert!(line.starts_with(b"x/1234567890123456789,x,"));
}
