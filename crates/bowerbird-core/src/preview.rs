//! What a rule would have caught: tries it on posts at hand, before anyone saves it.

use std::collections::BTreeMap;

use bowerbird_rules::Rule;
use bytes::Bytes;
use rustc_hash::FxHashSet;
use serde::Serialize;

use crate::event::{Event, with_doc};
use crate::hub::RECENT_RECORDS;
use crate::ids::SourceName;
use crate::record::{Content, Record};
use crate::source::Decode;
use crate::store::KeptPost;
use crate::time::Time;
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
    /// The same by source.
    pub sources: BTreeMap<SourceName, Seen>,
}

/// What was looked at of one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Seen {
    /// Posts looked at.
    pub looked_at: u64,
    /// Of those, the ones the rule matches.
    pub caught: u64,
    /// When the oldest was received.
    pub from: Time,
    /// When the newest was.
    pub until: Time,
}

impl Seen {
    fn add(&mut self, received_at: Time, is_caught: bool) {
        self.looked_at += 1;
        self.caught += u64::from(is_caught);
        self.from = self.from.min(received_at);
        self.until = self.until.max(received_at);
    }
}

/// Tries `rule` on the newest posts, [`RECENT_RECORDS`] at most: first on the hub's records, given oldest first, then on kept posts,
/// given newest first. Keeps the newest `most_samples` posts it matches. What the hub knows more of, a deletion above all, is not
/// looked at as it was kept.
pub(crate) fn preview(
    live: &[Bytes],
    kept: &[KeptPost],
    decode: Decode,
    rule: &Rule,
    most_samples: usize,
) -> Preview {
    let mut trial = Trial {
        rule,
        most_samples,
        answer: Preview::default(),
    };
    let mut known = FxHashSet::default();
    for bytes in live.iter().rev() {
        let Ok(record) = Record::decode(bytes) else {
            continue;
        };
        let (Content::Event { event, .. }, Ok(source)) =
            (&record.content, SourceName::parse(&record.source))
        else {
            continue;
        };
        known.insert(event.id.key());
        trial.look_at(event, &source, record.received_at);
    }
    for post in kept {
        if trial.answer.looked_at >= RECENT_RECORDS as u64 {
            break;
        }
        if let Ok(event) = decode(&post.raw)
            && !known.contains(&event.id.key())
        {
            trial.look_at(&event, &post.source, post.received_at);
        }
    }
    trial.answer
}

struct Trial<'r> {
    rule: &'r Rule,
    most_samples: usize,
    answer: Preview,
}

impl Trial<'_> {
    fn look_at(&mut self, event: &Event<'_>, source: &SourceName, received_at: Time) {
        let Some(post) = event.post() else { return };
        let (rule, answer) = (self.rule, &mut self.answer);
        answer.looked_at += 1;
        with_doc(&event.id.id, post, |doc| {
            let is_caught = rule.matches(doc);
            let nothing = Seen {
                looked_at: 0,
                caught: 0,
                from: received_at,
                until: received_at,
            };
            let of_source = answer.sources.entry(source.clone()).or_insert(nothing);
            of_source.add(received_at, is_caught);
            if !is_caught {
                return;
            }
            answer.caught += 1;
            if answer.samples.len() < self.most_samples
                && let Some(mut view) = PostView::new(source, received_at, event, &[])
            {
                view.mark(post, rule.highlights(doc));
                answer.samples.push(view);
            }
        });
    }
}
