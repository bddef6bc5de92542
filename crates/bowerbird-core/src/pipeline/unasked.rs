//! Notes since when, and until when, a source is not asked for a track: somebody paused it, or the service does not listen for it. Budgets, which are the
//! third way to that, are looked after in [`super::bills`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::bill::AllWithheld;
use crate::gap::Cause;
use crate::ids::SourceName;
use crate::status::Unasked;
use crate::time::Time;
use crate::track::Track;

use super::engine::{Engine, EngineError};
use super::spans::{Spans, Whose};

/// How often to look, besides after every change of tracks.
const LOOK_EVERY: Duration = Duration::from_secs(2);

impl Engine {
    /// Looks after these sources, which have no end, for as long as the engine runs.
    pub(super) async fn watch_unasked(
        self: Arc<Self>,
        sources: Vec<SourceName>,
    ) -> Result<(), EngineError> {
        // What the last process noted may still be on its way to the store.
        self.store_has_caught_up().await;
        let mut pauses = Spans::load(&self, Cause::Paused).await?;
        let mut unconfirmed = Spans::load(&self, Cause::Unconfirmed).await?;
        let mut tracks = self.parts.live.watch();
        loop {
            let (all, now) = (Arc::clone(&tracks.borrow_and_update()), Time::now());
            pauses.note(&self, paused(&all, &sources, now), now).await?;
            let told = self.parts.status.unasked();
            let withheld = Arc::clone(&self.parts.bills.withheld().borrow());
            let mut waiting = not_listened_for(&all, &told, &withheld, now);
            // Of a source that has not told yet nothing new is known.
            let untold = unconfirmed
                .lasting()
                .filter(|((source, _), _)| sources.contains(source) && !told.contains_key(source));
            waiting.extend(untold);
            unconfirmed.note(&self, waiting, now).await?;
            tokio::select! {
                // An error means that the sender is gone, and it is ours.
                _ = tracks.changed() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }
}

/// The tracks that somebody paused, on each source that they would listen to; before its start and after its end a track misses nothing.
fn paused(tracks: &[Track], sources: &[SourceName], now: Time) -> BTreeMap<Whose, String> {
    let misses = |track: &&Track| track.draft.paused && track.draft.is_in_time(now);
    let paused = tracks.iter().filter(misses);
    let each = paused.flat_map(|track| {
        let listens = move |source: &&SourceName| track.draft.listens_to(source);
        let whose = move |source: &SourceName| {
            let reason = "somebody paused the track".to_owned();
            ((source.clone(), Some(track.id)), reason)
        };
        sources.iter().filter(listens).map(whose)
    });
    each.collect()
}

/// The tracks that should be captured now, and that a service does not listen for though it may be paid.
fn not_listened_for(
    tracks: &[Track],
    told: &Unasked,
    withheld: &AllWithheld,
    now: Time,
) -> BTreeMap<Whose, String> {
    let mut waiting = BTreeMap::new();
    for (source, of_source) in told {
        let held = withheld.get(source);
        for track in tracks.iter().filter(|track| track.draft.is_active(now)) {
            let is_held = held.is_some_and(|held| held.get(track.id).is_some());
            if let Some(reason) = of_source.get(&track.id).filter(|_| !is_held) {
                waiting.insert((source.clone(), Some(track.id)), reason.clone());
            }
        }
    }
    waiting
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tokio::sync::watch;

    use super::*;
    use crate::gap::Gap;
    use crate::ids::TrackId;
    use crate::pipeline::engine::{Parts, Until};
    use crate::pipeline::tests::house::{self, Act, Script, name, until};
    use crate::store::GapQuery;
    use crate::track::TrackDraft;

    async fn gaps(parts: &Parts, cause: Cause) -> Vec<Gap> {
        let all = parts.store.gaps(&GapQuery::default(), None, 100).await;
        let mut all = all.unwrap();
        all.retain(|gap| gap.cause == cause);
        all
    }

    async fn run_until(parts: &Parts, is_so: impl AsyncFnMut() -> bool) {
        let engine = house::engine(parts).await;
        let script = Script::new([vec![Act::Frames(5, vec!["1 a bird"], None)]]);
        let (stop, stopped) = watch::channel(false);
        let running = engine.run(vec![script.connection(|_| {})], Until::Stopped, stopped);
        let waiting = async {
            until(is_so).await;
            stop.send_replace(true);
        };
        let (ended, ()) = tokio::join!(running, waiting);
        ended.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_paused_track_has_a_gap_for_as_long_as_it_is_paused() {
        let first = house::parts(house::decode);
        let mut draft = TrackDraft {
            paused: true,
            ..TrackDraft::new("birds", "bird")
        };
        let track = first.store.create_track(&draft, Time(0)).await.unwrap().id;
        run_until(&first, async || {
            !gaps(&first, Cause::Paused).await.is_empty()
        })
        .await;
        let open = gaps(&first, Cause::Paused).await.remove(0);
        assert_eq!((open.track, open.until), (Some(track), None));
        // The same after a restart; then somebody goes on with it.
        let second = house::restarted(&first, house::decode);
        run_until(&second, async || {
            draft.paused = false;
            let store = &second.store;
            store.update_track(track, &draft, Time(1)).await.unwrap();
            gaps(&second, Cause::Paused).await[0].until.is_some()
        })
        .await;
        let all = gaps(&second, Cause::Paused).await;
        assert_eq!((all.len(), all[0].from), (1, open.from));
    }

    #[test]
    fn a_paused_track_misses_nothing_before_its_start_and_after_its_end() {
        let track = Track {
            draft: TrackDraft {
                paused: true,
                start: Some(Time(10)),
                end: Some(Time(20)),
                ..TrackDraft::new("birds", "bird")
            },
            id: TrackId(1),
            rule_version: 1,
            created_at: Time(0),
            changed_at: Time(0),
        };
        let misses = |now| !paused(std::slice::from_ref(&track), &[name()], Time(now)).is_empty();
        let all = [9, 10, 19, 20].map(misses);
        assert_eq!(all, [false, true, true, false]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_track_that_a_service_does_not_listen_for_has_a_gap_until_it_does() {
        let parts = house::parts(house::decode);
        let draft = TrackDraft::new("birds", "bird");
        let track = parts.store.create_track(&draft, Time(0)).await.unwrap().id;
        let told = |reason: Option<&str>| {
            let unasked: BTreeMap<TrackId, String> = reason
                .map(|reason| (track, reason.to_owned()))
                .into_iter()
                .collect();
            parts.status.set_unasked(name(), unasked);
        };
        told(Some("there is no room for it"));
        run_until(&parts, async || {
            let all = gaps(&parts, Cause::Unconfirmed).await;
            if all.len() == 1 && all[0].until.is_none() {
                told(None);
            }
            all.first().is_some_and(|gap| gap.until.is_some())
        })
        .await;
        let gap = gaps(&parts, Cause::Unconfirmed).await.remove(0);
        assert_eq!(gap.reason, "there is no room for it");
        assert_eq!(gap.track, Some(track));
    }
}
