//! The newest records, for pages that open or resume and for trying out a rule: bounded, and without what was deleted meanwhile.

use std::collections::VecDeque;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::event::{Body, Delete, Embedded, Event, Post, Relation};
use crate::ids::EventId;
use crate::record::{Content, Record};

use super::{Offered, RECENT_BYTES, RECENT_RECORDS};

/// What the events of a batch show besides themselves, and what they end; by their place in the batch. It is noted where events are at
/// hand, so that nothing has to be decoded again to honour a deletion.
#[derive(Debug, Clone, Default)]
pub struct Touched {
    /// Of whom a post is, which it passes on, and which came inside it and of whom.
    shows: Vec<(usize, Shown)>,
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
        if let Some(post) = event.post() {
            let mut show = |shown| self.shows.push((place, shown));
            if !post.author.id.is_empty() {
                show(Shown::Whole(account_key(service, &post.author.id)));
            }
            let original = post.repost_of.iter().filter(|to| !to.id.is_empty());
            original.for_each(|to| show(Shown::Whole(post_key(&to.id))));
            each_inside(post, &mut |Embedded { id, relation, post }| {
                let part = match relation {
                    Relation::Repost => Shown::Whole,
                    Relation::Quote | Relation::Reply => Shown::Inside,
                };
                show(part(id.key()));
                if !post.author.id.is_empty() {
                    show(part(account_key(&id.service, &post.author.id)));
                }
            });
            self.deleted
                .extend(post.supersedes.iter().map(|old| post_key(old)));
        }
        match &event.body {
            Body::Edit(_) => self.replaced.push((place, event.id.key())),
            Body::Delete(Delete::Post { post_id, .. }) => self.deleted.push(post_key(post_id)),
            // Of an account whose places go nothing is shown again until it is read from the store.
            Body::Delete(
                Delete::Account { account_id, .. } | Delete::Location { account_id, .. },
            ) => self.deleted.push(account_key(service, account_id)),
            _ => {}
        }
    }
}

/// Something that a post shows, by its key.
#[derive(Debug, Clone, Copy)]
enum Shown {
    /// The post is nothing without it.
    Whole(u64),
    /// It is a part of the post.
    Inside(u64),
}

impl Shown {
    fn key(self) -> u64 {
        match self {
            Self::Whole(key) | Self::Inside(key) => key,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Recent {
    pub(super) records: VecDeque<Arc<Offered>>,
    bytes: usize,
    /// What each shows besides itself, by offset.
    shows: VecDeque<(u64, Shown)>,
    /// Events offered but never queued, because rendering had fallen behind.
    pub(super) overrun: u64,
}

impl Recent {
    /// Takes the events of a batch that begins at this offset, and drops what they end.
    pub(super) fn take(&mut self, first: u64, batch: &[Arc<Offered>], touched: &Touched) {
        let at = |place: usize| first + place as u64;
        let is_late = self.records.back().is_some_and(|last| last.offset > first);
        self.records.extend(batch.iter().cloned());
        if is_late {
            // Another source's later batch was quicker.
            let records = self.records.make_contiguous();
            records.sort_by_key(|kept| kept.offset);
        }
        self.bytes += batch.iter().map(|one| one.size()).sum::<usize>();
        let shows = touched.shows.iter();
        self.shows
            .extend(shows.map(|(place, shown)| (at(*place), *shown)));
        let deleted = touched.deleted.iter().map(|key| (*key, u64::MAX));
        let replaced = touched.replaced.iter();
        let replaced = replaced.map(|(place, key)| (*key, at(*place)));
        self.forget(&replaced.chain(deleted).collect());
        self.shrink();
    }

    /// Drops what came before the offset at which its key ended, and takes it out of what only has it inside.
    fn forget(&mut self, ended: &FxHashMap<u64, u64>) {
        if ended.is_empty() {
            return;
        }
        let is_over = |offset: u64, key: u64| ended.get(&key).is_some_and(|end| offset < *end);
        let over = |(offset, shown): &&(u64, Shown)| is_over(*offset, shown.key());
        let (mut gone, mut torn) = (FxHashSet::default(), FxHashSet::default());
        for (offset, shown) in self.shows.iter().filter(over) {
            match shown {
                Shown::Whole(_) => gone.insert(*offset),
                Shown::Inside(_) => torn.insert(*offset),
            };
        }
        self.records.retain_mut(|kept| {
            let offset = kept.offset;
            if gone.contains(&offset) || is_over(offset, kept.entry.key) {
                return is_delete(&kept.entry.bytes);
            }
            if !torn.contains(&offset) {
                return true;
            }
            let rest = without(&kept.entry.bytes, |key| is_over(offset, key));
            rest.map(|bytes| *kept = Arc::new(Offered::new(offset, kept.entry.key, bytes)))
                .is_some()
        });
        self.shows
            .retain(|(offset, shown)| !gone.contains(offset) && !is_over(*offset, shown.key()));
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

/// The record without what is over of the posts inside its post, and without its raw bytes, which hold that too; `None` for what
/// can't be read.
fn without(record: &[u8], is_over: impl Fn(u64) -> bool) -> Option<Vec<u8>> {
    let mut record = Record::decode(record).ok()?;
    if let Content::Event { event, raw, .. } = &mut record.content {
        *raw = b"";
        if let Body::Post(post) | Body::Edit(post) = &mut event.body {
            strip(post, &is_over);
        }
    }
    Some(record.encode(Vec::new()))
}

fn strip(post: &mut Post<'_>, is_over: &impl Fn(u64) -> bool) {
    post.embedded.retain_mut(|Embedded { id, post, .. }| {
        let stays = !is_over(id.key()) && !is_over(account_key(&id.service, &post.author.id));
        strip(post, is_over);
        stays
    });
}

/// Every post inside a post; there are two levels at most.
fn each_inside(post: &Post<'_>, take: &mut impl FnMut(&Embedded<'_>)) {
    for inner in &post.embedded {
        take(inner);
        each_inside(&inner.post, take);
    }
}

/// Of an account, so that it is no post's.
fn account_key(service: &str, id: &str) -> u64 {
    !EventId::new(service, id).key()
}
