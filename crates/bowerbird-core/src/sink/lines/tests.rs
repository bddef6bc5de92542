use super::*;
use crate::ids::EventId;
use crate::testing::sink_suite;
use serde_json::Value;
use std::borrow::Cow;

fn rule(text: &str) -> LinesFilter {
    LinesFilter {
        rule: Some(Rule::parse(text).unwrap()),
        source: None,
    }
}

async fn written(filter: LinesFilter, batch: &[Leased]) -> Vec<Value> {
    let mut sink = JsonLines::new(Vec::new(), filter);
    sink.write(batch).await.unwrap();
    let lines = String::from_utf8(sink.out).unwrap();
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A writer whose reader is gone.
struct Gone;

impl Write for Gone {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn behaves_as_a_sink() {
    sink_suite::all(&mut JsonLines::new(Vec::new(), LinesFilter::default())).await;
}

#[tokio::test]
async fn what_matches_is_a_line_with_its_marks() {
    let batch: Vec<Leased> = (0..3).map(sink_suite::leased_post).collect();
    let lines = written(rule("\"post 1\" from:wren"), &batch).await;
    assert_eq!(lines.len(), 1);
    assert_eq!(
        (lines[0]["id"].as_str(), lines[0]["text"].as_str()),
        (Some("1"), Some("post 1"))
    );
    assert_eq!(lines[0]["marks"], serde_json::json!([[0, 6]]));
    assert_eq!(written(LinesFilter::default(), &batch).await.len(), 3);
}

#[tokio::test]
async fn only_what_came_through_the_source() {
    let batch = [sink_suite::leased_post(0)];
    for (source, expected) in [("demo", 1), ("other", 0)] {
        let source = Some(SourceName::parse(source).unwrap());
        assert_eq!(
            written(LinesFilter { rule: None, source }, &batch)
                .await
                .len(),
            expected
        );
    }
}

#[tokio::test]
async fn what_is_deleted_is_a_line_where_everything_is_asked_for() {
    let post = Delete::Post {
        post_id: Cow::Borrowed("7"),
        author_id: Cow::Borrowed(""),
    };
    let account = Delete::Account {
        account_id: Cow::Borrowed("12"),
        status: Cow::Borrowed("suspended"),
    };
    let leased = |offset: u64, delete: Delete<'static>| {
        let event = Event {
            id: EventId::new("x", "7"),
            at: None,
            body: Body::Delete(delete),
        };
        let content = Content::Event {
            event,
            captures: Vec::new(),
            raw: b"",
            repairs: None,
        };
        let record = Record {
            source: Cow::Borrowed("demo"),
            received_at: Time(0),
            content,
        };
        Leased {
            offset,
            attempts: 0,
            bytes: record.encode(Vec::new()).into(),
        }
    };
    let batch = [leased(1, post), leased(2, account)];
    assert_eq!(
        written(LinesFilter::default(), &batch).await,
        [
            serde_json::json!({"deleted": "x/7"}),
            serde_json::json!({"gone": "x/12"})
        ]
    );
    assert!(written(rule("anything"), &batch).await.is_empty());
}

#[tokio::test]
async fn a_reader_that_is_gone_ends_it_quietly() {
    let mut sink = JsonLines::new(Gone, LinesFilter::default());
    let written = sink.write(&[sink_suite::leased_post(0)]).await;
    assert!(matches!(written, Err(SinkError::Closed)));
}
