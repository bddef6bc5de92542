use proptest::prelude::*;

use super::*;

fn text(html: &str) -> String {
    plain(html, "").text
}

#[test]
fn html_becomes_what_a_person_reads() {
    for (html, expected) in [
        ("", ""),
        ("<p>One</p><p>two</p>", "One\n\ntwo"),
        ("<p>a<br>b<br/>c<br />d</p>", "a\nb\nc\nd"),
        ("<p>a<br><br>b</p>", "a\n\nb"),
        ("plain, without any", "plain, without any"),
        (
            "<p>Tom &amp; Jerry &lt;3 &quot;x&quot; &#39;y&#39; &#x1F426;</p>",
            "Tom & Jerry <3 \"x\" 'y' 🐦",
        ),
        ("&eacute;&hellip;&nbsp;&unknown; &", "é…\u{a0}&unknown; &"),
        ("1 < 2 and 3 > 2, <3", "1 < 2 and 3 > 2, <3"),
        ("<p>a\n  b\t c</p>\n<p>d</p>", "a b c\n\nd"),
        ("<p>a <strong>b</strong> <em>c</em>d</p>", "a b cd"),
        (
            "<pre><code>fn a() {\n    b\n}</code></pre><p>x</p>",
            "fn a() {\n    b\n}\n\nx",
        ),
        ("<ul><li>a</li><li>b</li></ul><p>c</p>", "• a\n• b\n\nc"),
        (
            "<p>x</p><ol><li>a</li><li>b<ul><li>c</li></ul></li></ol>",
            "x\n\n1. a\n2. b\n• c",
        ),
        ("<blockquote><p>a</p></blockquote><p>b</p>", "a\n\nb"),
        ("<div>a</div><div>b</div>", "a\nb"),
        ("a<script>alert('<p>')</script>b<style>p {}</style>c", "abc"),
        ("a<!-- <p>x</p> -->b<!DOCTYPE html>c", "abc"),
        ("a<img src=\"x\" alt=\":bird:\">b", "a:bird:b"),
        (
            "&lt;script&gt;alert(1)&lt;/script&gt;",
            "<script>alert(1)</script>",
        ),
        ("<P CLASS='a>b'>a</P>", "a"),
        ("torn <a href=\"https://e", "torn"),
        ("torn &am", "torn &am"),
        ("</p></ul></a>a", "a"),
        ("東京<wbr>🐦", "東京🐦"),
        ("<", "<"),
        ("<>", "<>"),
        ("<p><p><p>", ""),
    ] {
        assert_eq!(text(html), expected, "{html}");
    }
}

#[test]
fn links_keep_where_they_lead_and_where_they_stand() {
    let shortened = r#"<p>see <a href="https://birds.example/a/long/way?x=1&amp;y=2" target="_blank" rel="nofollow"><span class="invisible">https://</span><span class="ellipsis">birds.example/a/long</span><span class="invisible">/way?x=1&amp;y=2</span></a>!</p>"#;
    let plain = plain(shortened, "");
    assert_eq!(plain.text, "see https://birds.example/a/long/way?x=1&y=2!");
    let anchor = &plain.anchors[0];
    assert_eq!(anchor.href, "https://birds.example/a/long/way?x=1&y=2");
    assert_eq!(&plain.text[anchor.span.clone()], anchor.href);

    for (html, expected) in [
        (
            "a <a class='u-url mention' href=/@b>@<span>b</span></a> c",
            Some(("/@b", "u-url mention", "@b")),
        ),
        ("<a href=\"x\"> here </a>", Some(("x", "", "here"))),
        ("<a href=\"x\"></a>b", None),
        ("<a href=\"x\">open", Some(("x", "", "open"))),
        ("<a HREF = \"x\" class>é</a>", Some(("x", "", "é"))),
        ("<a =é href='x'>a</a>", Some(("x", "", "a"))),
    ] {
        let plain = super::plain(html, "");
        let found = plain.anchors.first().map(|anchor| {
            let shown = &plain.text[anchor.span.clone()];
            (anchor.href.as_str(), anchor.class.as_str(), shown)
        });
        assert_eq!(found, expected, "{html}");
    }
}

#[test]
fn what_stands_for_a_quoted_post_can_be_left_out() {
    let html =
        r#"<p class="quote-inline">RE: <a href="https://a.example/1">x</a></p><p>so true</p>"#;
    assert_eq!(plain(html, "quote-inline").text, "so true");
    assert_eq!(text(html), "RE: x\n\nso true");
    assert_eq!(
        plain("a<p class='quote-inline'>b<p>c</p>d</p>e", "quote-inline").text,
        "ae"
    );
    assert_eq!(
        plain("a<p class='quote-inline'>b", "quote-inline").text,
        "a"
    );
}

proptest! {
    #[test]
    fn anything_is_read_and_spans_are_sound(html in "([<>&;/!\"'= a-é\n]|<p>|<a href=x>|</a>|<br>|<li>|<ul>|&amp;|<pre>){0,40}") {
        let plain = plain(&html, "b");
        for anchor in &plain.anchors {
            prop_assert!(plain.text.get(anchor.span.clone()).is_some_and(|shown| !shown.is_empty()));
        }
        prop_assert!(!plain.text.starts_with([' ', '\n']) || html.contains("<pre>"));
    }

    #[test]
    fn escaped_text_comes_back(words in "[a-z<>&\"' é]{0,20}") {
        let once = words.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        prop_assert_eq!(text(&html_escape::encode_safe(&words)), once);
    }
}
