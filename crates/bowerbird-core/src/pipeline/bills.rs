//! Looks after budgets: adds up bills after every charge, says who must wait, and notes the span as a gap.
//!
//! The store's sums are the only truth, so that a restart goes on with the same. What a spent budget means for its rules is the
//! source's: it hears of it through [`crate::bill::LiveBills`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::bill::{Budgeted, Charge, Fill, Standing, stand};
use crate::gap::Cause;
use crate::ids::SourceName;
use crate::store::StoreError;
use crate::time::Time;

use super::engine::{Engine, EngineError};
use super::spans::{Spans, Whose};

/// Bills are added up no more often. A budget is overdrawn by what comes in this time, what is on its way from the spool to the store, and what is
/// under way at the service until it hears of it.
const NO_OFTENER: Duration = Duration::from_millis(250);
/// And no more seldom: periods end and tracks begin by the clock.
const AT_LEAST_EVERY: Duration = Duration::from_secs(5);

/// The most that is said beside a source's state.
const MOST_NOTES: usize = 100;

impl Engine {
    /// Adds up all bills as they are now and judges the budgets.
    pub(super) async fn take_up_bills(&self, now: Time) -> Result<(), StoreError> {
        // One at a time, or what was added up first could be taken up last.
        let _taking_up = self.taking_up_bills.lock().await;
        let bills = &self.parts.bills;
        let mut sums = BTreeMap::new();
        for source in bills.tariffs().keys() {
            let of_source = self.parts.store.bill_sums(source, now).await?;
            sums.insert(source.clone(), of_source);
        }
        let tracks = Arc::clone(&self.parts.live.watch().borrow());
        bills.apply(stand(bills.tariffs(), &tracks, &sums, now));
        Ok(())
    }

    /// Puts calls on a source's bill that did not come through the pipeline, and judges the budgets anew.
    pub async fn charge(&self, source: &SourceName, charge: &Charge) -> Result<(), StoreError> {
        let now = Time::now();
        self.parts.store.charge(source, now, charge).await?;
        self.charged.notify_one();
        self.take_up_bills(now).await
    }

    /// Waits until a priced source's bill is whole: what the last process was charged may still be on its way to the store.
    pub(super) async fn bill_is_whole(&self, source: &SourceName) -> Result<(), StoreError> {
        if !self.parts.bills.tariffs().contains_key(source) {
            return Ok(());
        }
        self.store_has_caught_up().await;
        self.take_up_bills(Time::now()).await
    }

    /// Looks after budgets whenever something may have changed, for as long as the engine runs.
    pub(super) async fn watch_bills(self: Arc<Self>) -> Result<(), EngineError> {
        self.store_has_caught_up().await;
        let mut spans = Spans::load(&self, Cause::Budget).await?;
        if self.parts.bills.tariffs().is_empty() && spans.is_empty() {
            return std::future::pending().await;
        }
        let mut tracks = self.parts.live.watch();
        let mut before: Arc<Standing> = Arc::default();
        loop {
            let now = Time::now();
            self.take_up_bills(now).await?;
            let standing = self.parts.bills.standing();
            spans.note(&self, who_waits(&standing), now).await?;
            self.warn(&before, &standing);
            before = standing;
            tokio::time::sleep(NO_OFTENER).await;
            tokio::select! {
                () = self.charged.notified() => {}
                _ = tracks.changed() => {}
                () = tokio::time::sleep(AT_LEAST_EVERY) => {}
            }
        }
    }

    /// Says, once, which budgets have become nearly or wholly used, and beside each source how they stand.
    fn warn(&self, before: &Standing, now: &Standing) {
        for (source, of_source) in &now.sources {
            let known = before.sources.get(source);
            for budget in fuller(known.map(|known| &known.budgets), &of_source.budgets) {
                let budget = budget.in_words();
                tracing::warn!(source.name = %source, budget, "A source's budget runs out");
            }
            let notes = self.notes(source, now);
            self.parts.status.set_notes(source.clone(), "bill", notes);
        }
        for (track, of_track) in &now.tracks {
            let known = before.tracks.get(track);
            for budget in fuller(known.map(|known| &known.budgets), &of_track.budgets) {
                let budget = budget.in_words();
                tracing::warn!(track.id = %track, budget, "A track's budget runs out");
            }
        }
    }

    /// The budgets that a person should know of, in words: the source's, and those of the tracks that listen to it.
    fn notes(&self, source: &SourceName, standing: &Standing) -> Vec<String> {
        let of_source = standing.sources.get(source).into_iter();
        let own = of_source.map(|it| ("the source's budget".to_owned(), &it.budgets));
        let of_tracks = standing.tracks.iter().filter_map(|(track, it)| {
            let live = self.parts.live.get(*track)?;
            let draft = &live.track.draft;
            draft
                .listens_to(source)
                .then(|| (draft.name.clone(), &it.budgets))
        });
        let mut full = own.chain(of_tracks).flat_map(|(whose, budgets)| {
            let full = budgets.iter().filter(|one| one.fill != Fill::Within);
            full.map(move |one| (whose.clone(), one))
        });
        let first = full.by_ref().take(MOST_NOTES);
        let mut notes: Vec<String> = first
            .map(|(whose, one)| format!("{whose}: {}", one.in_words()))
            .collect();
        let more = full.count();
        if more > 0 {
            notes.push(format!(
                "and {more} more budgets; `bowerbird bill` lists all"
            ));
        }
        notes
    }
}

/// The budgets that passed a mark since.
fn fuller<'b>(
    before: Option<&'b Vec<Budgeted>>,
    now: &'b [Budgeted],
) -> impl Iterator<Item = &'b Budgeted> {
    let was = move |one: &Budgeted| {
        let same = |known: &&Budgeted| known.period == one.period;
        let known = before.and_then(|all| all.iter().find(same));
        known.map_or(Fill::Within, |known| known.fill)
    };
    now.iter().filter(move |one| one.fill > was(one))
}

/// Everybody who must wait, and why.
fn who_waits(standing: &Standing) -> BTreeMap<Whose, String> {
    let mut waiting = BTreeMap::new();
    for (source, of_source) in &standing.sources {
        let withheld = &of_source.withheld;
        let all = withheld.all.iter().map(|held| (None, held));
        let single = withheld
            .tracks
            .iter()
            .map(|(track, held)| (Some(*track), held));
        for (track, held) in all.chain(single) {
            waiting.insert((source.clone(), track), held.reason.clone());
        }
    }
    waiting
}

#[cfg(test)]
mod tests;
