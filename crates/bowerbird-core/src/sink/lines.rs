//! The first sink: events as JSON lines, to any writer. It is what `tail` prints.
//!
//! Each new or edited post that matches is a line, in the one public shape ([`PostView`]). Without a rule everything is asked for: then each
//! deletion of a post is a line `{"deleted":"service/id"}` too, and each account that is gone with its posts a line `{"gone":"service/id"}`;
//! no rule matches one. Other events have no public shape and are passed over. A batch is flushed before it counts as written.

use std::fmt;
use std::io::{self, Write};

use async_trait::async_trait;
use serde::Serialize;

use crate::event::{Body, Delete, Event, with_doc};
use crate::export::json_line;
use crate::ids::SourceName;
use crate::record::{Caught, Content, Record};
use crate::rules::{Highlights, Rule};
use crate::sink::{Sink, SinkError};
use crate::spool::Leased;
use crate::time::Time;
use crate::view::PostView;

/// Which events are written.
#[derive(Debug, Default)]
pub struct LinesFilter {
    /// Posts that this rule matches, with what matched marked; `None` for all, and for what is deleted.
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

/// What is to be forgotten, by service and id.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum End {
    Deleted(String),
    Gone(String),
}

impl End {
    fn of(event: &Event<'_>) -> Option<Self> {
        let named = |id: &str| format!("{}/{id}", event.id.service);
        match &event.body {
            Body::Delete(Delete::Post { post_id, .. }) => Some(Self::Deleted(named(post_id))),
            Body::Delete(Delete::Account { account_id, .. }) => Some(Self::Gone(named(account_id))),
            _ => None,
        }
    }
}

impl<W: Write + Send> JsonLines<W> {
    /// Writes what passes the filter to `out`. Writing blocks the task: give it a writer that does not wait long, or a task of its own.
    pub fn new(out: W, filter: LinesFilter) -> Self {
        Self { out, filter }
    }

    /// The writer.
    pub fn get_mut(&mut self) -> &mut W {
        &mut self.out
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
                None => Some(Highlights::default()),
                Some(rule) => rule.matches(doc).then(|| rule.highlights(doc)),
            });
            let Some(found) = found else { return };
            if let Some(mut view) = PostView::new(source, received_at, event, captures) {
                view.mark(post, found);
                json_line(&view, lines);
            }
        } else if let (None, Some(end)) = (&self.filter.rule, End::of(event)) {
            json_line(&end, lines);
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
mod tests;
