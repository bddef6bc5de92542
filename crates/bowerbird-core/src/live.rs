//! Tracks in their compiled form, matched against every post while people change them.
//!
//! [`LiveTracks::apply`] takes up the store's tracks as a whole and parses only what differs; readers are never blocked and
//! see a change with their next batch. Nothing here is durable: the store is.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use bowerbird_rules::doc::Doc;
use bowerbird_rules::{Highlights, Rule, RuleError, RuleSet, Scratch, Snapshot, TokenizedDoc};
use tokio::sync::watch;

use crate::ids::{SourceName, TrackId};
use crate::record::Caught;
use crate::time::Time;
use crate::track::Track;

/// One track with its rule compiled.
#[derive(Debug)]
pub struct LiveTrack {
    /// The track.
    pub track: Track,
    /// Its rule.
    pub rule: Arc<Rule>,
}

/// All tracks, ready to match.
#[derive(Debug, Default)]
pub struct LiveTracks {
    rules: RuleSet,
    taken_up: ArcSwap<TakenUp>,
    changes: watch::Sender<Arc<Vec<Track>>>,
}

/// Rules and tracks that belong together, so that a capture names the version of the rule that made it.
#[derive(Debug, Default)]
struct TakenUp {
    rules: Arc<Snapshot>,
    by_id: LiveById,
}

type LiveById = BTreeMap<TrackId, Arc<LiveTrack>>;

impl LiveTracks {
    /// Takes up the tracks as they are now. A track whose rule no longer parses is left out and named.
    pub fn apply(&self, tracks: Vec<Track>) -> Vec<(TrackId, RuleError)> {
        let before = self.taken_up.load_full();
        let mut by_id = LiveById::new();
        let mut failed = Vec::new();
        for track in &tracks {
            let same_rule = before
                .by_id
                .get(&track.id)
                .filter(|known| known.track.draft.rule == track.draft.rule);
            let rule = match same_rule {
                Some(known) => Ok(Arc::clone(&known.rule)),
                None => Rule::parse(&track.draft.rule).map(Arc::new),
            };
            match rule {
                Ok(rule) => {
                    by_id.insert(
                        track.id,
                        Arc::new(LiveTrack {
                            track: track.clone(),
                            rule,
                        }),
                    );
                }
                Err(error) => failed.push((track.id, error)),
            }
        }
        self.match_only(&before.by_id, &by_id);
        let rules = self.rules.snapshot();
        self.taken_up.store(Arc::new(TakenUp { rules, by_id }));
        self.changes.send_replace(Arc::new(tracks));
        failed
    }

    /// Changes the set of rules from those that ran `before` to those that run `now`: as few as differ.
    fn match_only(&self, before: &LiveById, now: &LiveById) {
        let running = |tracks: &LiveById, id: &TrackId| {
            let live = tracks.get(id).filter(|live| !live.track.draft.paused);
            live.map(|live| Arc::clone(&live.rule))
        };
        if before.is_empty() {
            let all = now.keys().filter_map(|id| Some((id.0, running(now, id)?)));
            return self.rules.replace(all);
        }
        for id in now.keys() {
            match (running(before, id), running(now, id)) {
                (Some(was), Some(is)) if Arc::ptr_eq(&was, &is) => {}
                (_, Some(rule)) => self.rules.insert(id.0, &rule),
                (Some(_), None) => {
                    self.rules.remove(id.0);
                }
                (None, None) => {}
            }
        }
        for id in before.keys().filter(|id| !now.contains_key(id)) {
            self.rules.remove(id.0);
        }
    }

    /// What sources that filter upstream listen to: the tracks, newly sent with every change.
    pub fn watch(&self) -> watch::Receiver<Arc<Vec<Track>>> {
        self.changes.subscribe()
    }

    /// One track.
    pub fn get(&self, id: TrackId) -> Option<Arc<LiveTrack>> {
        self.taken_up.load().by_id.get(&id).cloned()
    }

    /// A matcher for one batch: sees the tracks as they are now.
    pub fn matcher(&self) -> Matcher {
        Matcher {
            taken_up: self.taken_up.load_full(),
            scratch: Scratch::default(),
            keys: Vec::new(),
        }
    }

    /// What made these captures' rules match.
    pub fn highlights(&self, doc: &Doc<'_>, captures: &[Caught]) -> Highlights {
        let taken_up = self.taken_up.load();
        let caught = captures
            .iter()
            .filter_map(|caught| taken_up.by_id.get(&caught.track));
        let tokens = TokenizedDoc::new(doc);
        let mut found = Highlights::default();
        caught.for_each(|live| found.join(live.rule.highlights_tokens(&tokens)));
        found
    }
}

/// Matches posts against the tracks as they were when it was made.
#[derive(Debug)]
pub struct Matcher {
    taken_up: Arc<TakenUp>,
    scratch: Scratch,
    keys: Vec<u64>,
}

impl Matcher {
    /// Every active track of this source whose rule matches, by id.
    pub fn captures(
        &mut self,
        source: &SourceName,
        received_at: Time,
        doc: &Doc<'_>,
    ) -> Vec<Caught> {
        self.keys.clear();
        let taken_up = &self.taken_up;
        taken_up
            .rules
            .matches(doc, &mut self.scratch, &mut self.keys);
        let live = self
            .keys
            .iter()
            .filter_map(|key| taken_up.by_id.get(&TrackId(*key)));
        let listening = live.filter(|live| {
            let draft = &live.track.draft;
            draft.is_active(received_at) && draft.listens_to(source)
        });
        listening
            .map(|live| Caught {
                track: live.track.id,
                rule_version: live.track.rule_version,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
