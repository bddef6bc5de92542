//! What a rule would have caught: tries it on records at hand, before anyone saves it.

use bowerbird_rules::Rule;
use bytes::Bytes;
use serde::Serialize;

use crate::event::with_doc;
use crate::ids::SourceName;
use crate::record::{Content, Record};
use crate::view::PostView;

/// The answer.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Preview {
    /// Posts looked at.
    pub looked_at: u64,
    /// Of those, the ones the rule matches.
    pub caught: u64,
    /// The newest of them, with what matched marked.
    pub samples: Vec<PostView>,
}

/// Tries `rule` on encoded records, given oldest first; keeps the newest `most_samples` posts it matches.
pub fn preview(records: &[Bytes], rule: &Rule, most_samples: usize) -> Preview {
    let mut answer = Preview::default();
    for bytes in records.iter().rev() {
        let Ok(record) = Record::decode(bytes) else {
            continue;
        };
        let Content::Event { event, .. } = &record.content else {
            continue;
        };
        let (Some(post), Ok(source)) = (event.post(), SourceName::parse(&record.source)) else {
            continue;
        };
        answer.looked_at += 1;
        with_doc(&event.id.id, post, |doc| {
            if !rule.matches(doc) {
                return;
            }
            answer.caught += 1;
            if answer.samples.len() < most_samples {
                let mut view = PostView::new(&source, record.received_at, &event.id, post);
                view.mark(&rule.highlights(doc));
                answer.samples.push(view);
            }
        });
    }
    answer
}
