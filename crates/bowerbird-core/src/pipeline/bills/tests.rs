use tokio::sync::watch;

use super::*;
use crate::bill::{Budget, LiveBills, Money, Prices, Tariff};
use crate::gap::Gap;
use crate::ids::TrackId;
use crate::pipeline::engine::{Parts, Until};
use crate::pipeline::tests::house::{self, Act, Script, name, until};
use crate::store::GapQuery;
use crate::track::TrackDraft;

/// Two posts may be paid for.
const LIMIT: Money = Money(10_000);

fn parts(before: Option<&Parts>, budget: Budget) -> Parts {
    let prices = Prices {
        post: Money(5_000),
        account: Money(10_000),
        counts: Money(5_000),
    };
    let tariff = Tariff { prices, budget };
    let fresh = match before {
        Some(before) => house::restarted(before, house::decode),
        None => house::parts(house::decode),
    };
    Parts {
        bills: Arc::new(LiveBills::new(BTreeMap::from([(name(), tariff)]))),
        ..fresh
    }
}

fn in_all(limit: Money) -> Budget {
    Budget {
        total: Some(limit),
        ..Budget::default()
    }
}

async fn gaps(parts: &Parts) -> Vec<Gap> {
    let gaps = parts.store.gaps(&GapQuery::default(), None, 10).await;
    let of_budgets = gaps
        .unwrap()
        .into_iter()
        .filter(|gap| gap.cause == Cause::Budget);
    of_budgets.collect()
}

/// Runs the whole on these parts until something is so.
async fn run_until(parts: &Parts, frames: Vec<&'static str>, is_so: impl AsyncFnMut() -> bool) {
    let engine = house::engine(parts).await;
    let script = Script::new([vec![Act::Frames(5, frames, None)]]);
    let (stop, stopped) = watch::channel(false);
    let running = engine.run(vec![script.connection(|_| {})], Until::Stopped, stopped);
    let waiting = async {
        until(is_so).await;
        stop.send_replace(true);
    };
    let (ended, ()) = tokio::join!(running, waiting);
    ended.unwrap();
}

fn waits(parts: &Parts, track: TrackId) -> bool {
    let withheld = parts.bills.withheld();
    let withheld = withheld.borrow();
    withheld
        .get(&name())
        .is_some_and(|of_source| of_source.get(track).is_some())
}

#[tokio::test(start_paused = true)]
async fn a_spent_budget_stops_its_track_until_there_is_more() {
    let first = parts(None, Budget::default());
    let mut draft = TrackDraft {
        budget: in_all(LIMIT),
        ..TrackDraft::new("birds", "bird")
    };
    let track = first.store.create_track(&draft, Time(0)).await.unwrap().id;
    let posts = vec!["1 a bird", "1 a bird", "2 nothing"];
    run_until(&first, posts, async || {
        !first.status.notes(&name()).is_empty()
            || first
                .store
                .bill_sums(&name(), Time(0))
                .await
                .unwrap()
                .all
                .total
                == LIMIT
    })
    .await;
    assert!(!waits(&first, track), "half of it is left");
    assert_eq!(gaps(&first).await, []);

    let second = parts(Some(&first), Budget::default());
    run_until(&second, vec!["3 a bird"], async || {
        gaps(&second).await.len() == 1
    })
    .await;
    assert!(waits(&second, track));
    let open = gaps(&second).await.remove(0);
    assert_eq!((open.track, open.until), (Some(track), None));
    assert_eq!(open.reason, "its budget of $0.01 in all is spent");
    assert_eq!(
        second.status.notes(&name()),
        ["birds: 100 % of $0.01 in all is spent"]
    );

    // The same after a restart; then somebody gives more.
    let third = parts(Some(&second), Budget::default());
    draft.budget = in_all(Money(1_000_000));
    let engine = house::engine(&third).await;
    assert!(waits(&third, track), "known before anything is opened");
    drop(engine);
    third
        .store
        .update_track(track, &draft, Time(1))
        .await
        .unwrap();
    run_until(&third, vec![], async || {
        gaps(&third).await[0].until.is_some()
    })
    .await;
    let all = gaps(&third).await;
    assert_eq!((all.len(), all[0].from), (1, open.from), "{all:?}");
    assert!(!waits(&third, track));
}

#[tokio::test(start_paused = true)]
async fn a_source_without_money_asks_for_nobody() {
    let parts = parts(None, in_all(LIMIT));
    let draft = TrackDraft::new("birds", "bird");
    let track = parts.store.create_track(&draft, Time(0)).await.unwrap().id;
    let posts = vec!["1 a bird", "2 nothing"];
    run_until(&parts, posts, async || gaps(&parts).await.len() == 1).await;
    assert!(waits(&parts, track));
    let gap = gaps(&parts).await.remove(0);
    assert_eq!((gap.track, gap.until), (None, None));
    assert_eq!(gap.reason, "the source's budget of $0.01 in all is spent");
}

#[tokio::test(start_paused = true)]
async fn who_waited_for_a_source_that_takes_no_money_any_more_waits_no_longer() {
    let paid = parts(None, in_all(LIMIT));
    let posts = vec!["1 a bird", "2 nothing"];
    run_until(&paid, posts, async || gaps(&paid).await.len() == 1).await;
    let free = house::restarted(&paid, house::decode);
    run_until(&free, vec![], async || gaps(&free).await[0].until.is_some()).await;
    assert_eq!(gaps(&free).await.len(), 1);
}

#[tokio::test]
async fn what_has_no_price_is_never_looked_at() {
    let parts = house::parts(house::decode);
    let engine = house::engine(&parts).await;
    assert_eq!(*parts.bills.standing(), Standing::default());
    let watching = engine.watch_bills();
    let ended = tokio::time::timeout(Duration::from_millis(1), watching).await;
    assert!(ended.is_err(), "it waits for ever");
}
