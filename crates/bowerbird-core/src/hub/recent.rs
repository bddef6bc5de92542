//! The newest records, for pages that open or resume and for trying out a rule: bounded, and without what was deleted meanwhile.

use std::collections::VecDeque;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::event::{Body, Delete, Event, looked_into};
use crate::ids::EventId;
use crate::record::{Content, Record};

use super::{Offered, RECENT_BYTES, RECENT_RECORDS};

/// What the events of a batch show besides themselves, and what they end; by their place in the batch. It is noted where events are at
/// hand, so that nothing has to be decoded again to honour a deletion.
#[derive(Debug, Clone, Default)]
pub struct Touched {
    /// Of whom a post is, which it passes on, and which came inside it and of whom.
    shows: Vec<(usize, u64)>,
    /// What is deleted, wherever it stands.
    deleted: Vec<u64>,
    /// What a later version stands for: only what came before it.
    replaced: Vec<(usize, u64)>,
}

impl Touched {
    /// Notes the event at this place.
    pub fn note(&mut self, place: usize, event: &Event<'_>) {
        let service = &*event.id.service;
        let post_key = |id: &str| EventId::new(service, id).key();
        let account_key = |id: &str| !EventId::new(service, id).key();
        if let Some(post) = event.post() {
            if !post.author.id.is_empty() {
                self.shows.push((place, account_key(&post.author.id)));
            }
            let original = post.repost_of.iter().filter(|to| !to.id.is_empty());
            self.shows
                .extend(original.map(|to| (place, post_key(&to.id))));
            for inner in looked_into(post) {
                self.shows.push((place, inner.id.key()));
                if !inner.post.author.id.is_empty() {
                    self.shows.push((place, account_key(&inner.post.author.id)));
                }
            }
            self.deleted
                .extend(post.supersedes.iter().map(|old| post_key(old)));
        }
        match &event.body {
            Body::Edit(_) => self.replaced.push((place, event.id.key())),
            Body::Delete(Delete::Post { post_id, .. }) => self.deleted.push(post_key(post_id)),
            // Of an account whose places go nothing is shown again until it is read from the store.
            Body::Delete(
                Delete::Account { account_id, .. } | Delete::Location { account_id, .. },
            ) => self.deleted.push(account_key(account_id)),
            _ => {}
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Recent {
    pub(super) records: VecDeque<Arc<Offered>>,
    bytes: usize,
    /// What each shows besides itself, by offset.
    shows: VecDeque<(u64, u64)>,
    /// Events offered but never queued, because rendering had fallen behind.
    pub(super) overrun: u64,
}

impl Recent {
    /// Takes a batch, and drops what it ends.
    pub(super) fn take(&mut self, batch: &[Arc<Offered>], touched: &Touched) {
        let Some(first) = batch.first().map(|first| first.offset) else {
            return;
        };
        let at = |(place, key): &(usize, u64)| (first + *place as u64, *key);
        let is_late = self.records.back().is_some_and(|last| last.offset > first);
        self.records.extend(batch.iter().cloned());
        if is_late {
            // Another source's later batch was quicker.
            let records = self.records.make_contiguous();
            records.sort_by_key(|kept| kept.offset);
        }
        self.bytes += batch.iter().map(|one| one.size()).sum::<usize>();
        self.shows.extend(touched.shows.iter().map(at));
        let deleted = touched.deleted.iter().map(|key| (*key, u64::MAX));
        let replaced = touched.replaced.iter().map(at).map(|(at, key)| (key, at));
        self.forget(&replaced.chain(deleted).collect());
        self.shrink();
    }

    /// Drops what came before the offset at which its key ended.
    fn forget(&mut self, ended: &FxHashMap<u64, u64>) {
        if ended.is_empty() {
            return;
        }
        let is_over = |offset: u64, key: &u64| ended.get(key).is_some_and(|end| offset < *end);
        let shows = self.shows.iter();
        let shows_gone: FxHashSet<u64> = shows
            .filter(|(offset, key)| is_over(*offset, key))
            .map(|(offset, _)| *offset)
            .collect();
        self.records.retain(|kept| {
            let is_gone =
                is_over(kept.offset, &kept.entry.key) || shows_gone.contains(&kept.offset);
            !is_gone || is_delete(&kept.entry.bytes)
        });
        self.shows
            .retain(|(offset, _)| !shows_gone.contains(offset));
        self.bytes = self.records.iter().map(|kept| kept.size()).sum();
    }

    fn shrink(&mut self) {
        while self.records.len() > RECENT_RECORDS || self.bytes > RECENT_BYTES {
            let Some(oldest) = self.records.pop_front() else {
                break;
            };
            self.bytes -= oldest.size();
        }
        let oldest = self.records.front().map_or(u64::MAX, |kept| kept.offset);
        while self
            .shows
            .front()
            .is_some_and(|(offset, _)| *offset < oldest)
        {
            self.shows.pop_front();
        }
    }
}

fn is_delete(record: &[u8]) -> bool {
    let Ok(record) = Record::decode(record) else {
        return false;
    };
    matches!(record.content, Content::Event { event, .. } if matches!(event.body, Body::Delete(_)))
}
