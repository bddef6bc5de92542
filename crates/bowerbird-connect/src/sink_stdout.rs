//! The first sink: events as JSON lines, to standard output or any other writer.
//!
//! Each new or edited post that matches is a line, in the one public shape ([`PostView`]), and each deletion of a post a line
//! `{"deleted":"service/id"}`, as a rule can't see whether it concerned what it let through. Other events have no public shape and are
//! passed over. A batch is flushed before it counts as written.

use std::fmt;
use std::io::{self, Write};

use async_trait::async_trait;
use bowerbird_core::event::{Body, Delete, Event, with_doc};
use bowerbird_core::ids::SourceName;
use bowerbird_core::record::{Caught, Content, Record};
use bowerbird_core::rules::Rule;
use bowerbird_core::sink::{Sink, SinkError};
use bowerbird_core::spool::Leased;
use bowerbird_core::time::Time;
use bowerbird_core::view::{CaptureView, PostView};
use serde::Serialize;

/// Which events are written.
#[derive(Debug, Default)]
pub struct LinesFilter {
    /// Posts that this rule matches, with what matched marked; `None` for all.
    pub rule: Option<Rule>,
    /// What came through this source; `None` for every one.
    pub source: Option<SourceName>,
}

/// Writes JSON lines.
pub struct JsonLines<W> {
    out: W,
    filter: LinesFilter,
}

impl<W> fmt::Debug for JsonLines<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonLines")
            .field("filter", &self.filter)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Deleted {
    deleted: String,
}

impl<W: Write + Send> JsonLines<W> {
    /// Writes what passes the filter to `out`. Writing blocks the task: give it a writer that does not wait long, or a task of its own.
    pub fn new(out: W, filter: LinesFilter) -> Self {
        Self { out, filter }
    }

    /// The lines of a batch.
    fn lines(&self, batch: &[Leased]) -> Result<Vec<u8>, SinkError> {
        let mut lines = Vec::new();
        for leased in batch {
            let bury = |reason: String| SinkError::Bury {
                offset: leased.offset,
                reason,
            };
            let record = Record::decode(&leased.bytes).map_err(|error| bury(error.to_string()))?;
            let Content::Event {
                event, captures, ..
            } = &record.content
            else {
                continue;
            };
            let source =
                SourceName::parse(&record.source).map_err(|error| bury(error.to_string()))?;
            if self
                .filter
                .source
                .as_ref()
                .is_none_or(|wanted| *wanted == source)
            {
                self.line(&source, record.received_at, event, captures, &mut lines);
            }
        }
        Ok(lines)
    }

    fn line(
        &self,
        source: &SourceName,
        received_at: Time,
        event: &Event<'_>,
        captures: &[Caught],
        lines: &mut Vec<u8>,
    ) {
        if let Some(post) = event.post() {
            let found = with_doc(&event.id.id, post, |doc| match &self.filter.rule {
                None => Some(Vec::new()),
                Some(rule) => rule.matches(doc).then(|| rule.highlights(doc)),
            });
            let Some(marks) = found else { return };
            let mut view = PostView::new(source, received_at, &event.id, post);
            view.edited |= matches!(event.body, Body::Edit(_));
            view.captures = captures.iter().map(CaptureView::live).collect();
            view.mark(&marks);
            write_line(&view, lines);
        } else if let Body::Delete(Delete::Post { post_id, .. }) = &event.body {
            write_line(
                &Deleted {
                    deleted: format!("{}/{post_id}", event.id.service),
                },
                lines,
            );
        }
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        let written = self.out.write_all(bytes).and_then(|()| self.out.flush());
        written.map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => SinkError::Closed,
            _ => SinkError::Stop(format!("writing lines failed: {error}")),
        })
    }
}

fn write_line(line: &impl Serialize, lines: &mut Vec<u8>) {
    serde_json::to_writer(&mut *lines, line).expect("a Vec grows, and these have text keys only");
    lines.push(b'\n');
}

#[async_trait]
impl<W: Write + Send> Sink for JsonLines<W> {
    async fn write(&mut self, batch: &[Leased]) -> Result<(), SinkError> {
        let lines = self.lines(batch)?;
        if lines.is_empty() {
            Ok(())
        } else {
            self.put(&lines)
        }
    }

    /// Flushing tells of a writer that is broken already, and writes nothing new.
    async fn check(&mut self) -> Result<(), SinkError> {
        self.put(b"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bowerbird_core::ids::EventId;
    use bowerbird_core::testing::sink_suite;
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
    async fn a_deletion_is_told_by_its_key_alone() {
        let body = Body::Delete(Delete::Post {
            post_id: Cow::Borrowed("7"),
            author_id: Cow::Borrowed(""),
        });
        let event = Event {
            id: EventId::new("x", "7"),
            at: None,
            body,
        };
        let content = Content::Event {
            event,
            captures: Vec::new(),
            raw: b"",
        };
        let record = Record {
            source: Cow::Borrowed("demo"),
            received_at: Time(0),
            content,
        };
        let batch = [Leased {
            offset: 1,
            attempts: 0,
            bytes: record.encode(Vec::new()).into(),
        }];
        assert_eq!(
            written(rule("anything"), &batch).await,
            [serde_json::json!({"deleted": "x/7"})]
        );
    }

    #[tokio::test]
    async fn a_reader_that_is_gone_ends_it_quietly() {
        let mut sink = JsonLines::new(Gone, LinesFilter::default());
        let written = sink.write(&[sink_suite::leased_post(0)]).await;
        assert!(matches!(written, Err(SinkError::Closed)));
    }
}
