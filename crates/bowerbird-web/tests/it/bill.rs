//! The bill, by API and on pages.

use std::collections::BTreeMap;
use std::sync::Arc;

use bowerbird_core::bill::{
    Answering, Budget, Call, Charge, CountedSpan, Counter, LiveBills, Money, NotCounted, Priced,
    Prices, Tariff, Tariffs, stand,
};
use bowerbird_core::ids::{SourceName, TrackId};
use bowerbird_core::rules::Rule;
use bowerbird_core::time::Time;
use bowerbird_core::track::TrackDraft;

use bowerbird_web::Trust;
use serde_json::{Value, json};

use crate::house::{House, clock};

fn x() -> SourceName {
    SourceName::parse("x").unwrap()
}

/// A house with one source that takes half a cent a post.
async fn priced(budget: &str) -> House {
    let prices = Prices {
        post: Money(5_000),
        account: Money(10_000),
        counts: Money(5_000),
    };
    let budget: Budget = budget.parse().unwrap();
    let tariffs = Tariffs::from([(x(), Tariff { prices, budget })]);
    House::with_bills(Arc::new(LiveBills::new(tariffs)), counter()).await
}

/// A service that counts as many posts as its question has letters, on each of two days, and knows no dogs.
fn counter() -> Counter {
    let questions = |rule: &Rule| Ok(rule.text().split(" OR ").map(str::to_owned).collect());
    let ask = |question: String| -> Answering {
        let day = |n: i64| CountedSpan {
            from: clock().day().plus(n).begins(),
            until: clock().day().plus(n + 1).begins(),
            posts: question.len() as u64,
        };
        let answer = if question == "dog" {
            Err(NotCounted {
                reason: "no dogs".to_owned(),
                is_charged: false,
            })
        } else {
            Ok(vec![day(-2), day(-1)])
        };
        Box::pin(std::future::ready(answer))
    };
    Counter::new(x(), questions, ask)
}

/// So many posts for these tracks, so many days before the clock.
async fn charge(house: &House, days_ago: i64, posts: usize, tracks: &[TrackId]) {
    let call = |n: usize| Call {
        id: format!("{days_ago}-{n}-{tracks:?}"),
        tracks: tracks.to_vec(),
    };
    let charge = Charge {
        what: Priced::Post,
        price: Money(5_000),
        calls: (0..posts).map(call).collect(),
    };
    let at = clock().day().plus(-days_ago).begins();
    house.parts.store.charge(&x(), at, &charge).await.unwrap();
}

/// Adds up the bills as the pipeline does.
async fn take_up(house: &House) {
    let sums = house.parts.store.bill_sums(&x(), clock()).await.unwrap();
    let tracks = house.parts.store.tracks().await.unwrap();
    let sums = BTreeMap::from([(x(), sums)]);
    let bills = &house.parts.bills;
    bills.apply(stand(bills.tariffs(), &tracks, &sums, clock()));
}

async fn track(house: &House, name: &str, budget: &str) -> TrackId {
    let draft = TrackDraft {
        budget: budget.parse().unwrap_or_default(),
        ..TrackDraft::new(name, "cat")
    };
    let made = house.parts.store.create_track(&draft, Time(0)).await;
    made.unwrap().id
}

#[tokio::test]
async fn the_bill_says_what_was_spent_for_whom_and_where_it_leads() {
    let house = priced("0.5/day,100/month").await;
    let cats = track(&house, "Cats <b>", "0.05/day").await;
    let dogs = track(&house, "Dogs", "").await;
    charge(&house, 3, 100, &[cats]).await;
    charge(&house, 0, 20, &[cats, dogs]).await;
    charge(&house, 0, 70, &[]).await;
    take_up(&house).await;

    let bill = house.get("/api/v1/bill?days=2").await.json();
    let source = &bill["sources"][0];
    assert_eq!(
        source["spent"],
        json!({"day": "0.45", "month": "0.95", "total": "0.95"})
    );
    assert_eq!(source["days"].as_array().unwrap().len(), 1, "{source}");
    assert_eq!(source["budgets"][0]["percent"], 90);
    assert_eq!(source["budgets"][0]["fill"], "near");
    let shares: Vec<_> = source["shares"]
        .as_array()
        .unwrap()
        .iter()
        .map(|share| {
            (
                share["name"].as_str().unwrap(),
                share["cost"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        shares,
        [("", "0.35"), ("Cats <b>", "0.05"), ("Dogs", "0.05")]
    );
    // Charged since the beginning of the 18th: three days, eight hours and a quarter.
    let rate = source["forecast"]["calls_per_day"].as_f64().unwrap();
    assert!((56.0..58.0).contains(&rate), "{rate}");
    let of_cats = &bill["tracks"][0];
    assert_eq!(of_cats["name"], "Cats <b>");
    assert_eq!(
        of_cats["withheld"]["reason"],
        "its budget of $0.05 a day is spent"
    );
    assert_eq!(of_cats["withheld"]["until"], "2026-11-22T00:00:00.000Z");

    let page = house.get("/bill").await.text;
    for part in [
        "$0.45",
        "Cats &lt;b&gt;",
        "No track",
        "90 %",
        "its budget of $0.05 a day is spent",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    let of_track = house.get(&format!("/tracks/{cats}")).await.text;
    assert!(
        of_track.contains("100 % of $0.05 a day is spent"),
        "{of_track}"
    );
    assert!(house.get("/status").await.text.contains("href=\"/bill\""));
}

#[tokio::test]
async fn where_nothing_costs_anything_the_bill_says_so() {
    let house = House::new().await;
    let page = house.get("/bill").await.text;
    assert!(page.contains("Nothing costs anything"), "{page}");
    assert!(!house.get("/status").await.text.contains("href=\"/bill\""));
    let wrong = house.get("/api/v1/bill?days=0").await;
    assert_eq!(wrong.code(), "bad_parameter");
}

#[tokio::test]
async fn a_budget_is_set_with_the_track_and_a_wrong_one_is_refused() {
    let house = House::new().await;
    let draft = |budget: Value| Some(json!({"name": "cats", "rule": "cat", "budget": budget}));
    for wrong in [
        json!({"day": -1}),
        json!({"week": 1}),
        json!({"day": "a lot"}),
    ] {
        let answer = house
            .call(Trust::Loopback, "POST", "/api/v1/tracks", draft(wrong))
            .await;
        assert_eq!(answer.status, 400, "{}", answer.text);
    }
    let right = draft(json!({"day": "0.50", "total": 20}));
    let made = house
        .call(Trust::Loopback, "POST", "/api/v1/tracks", right)
        .await;
    let budget = json!({"day": "0.50", "month": null, "total": "20.00"});
    assert_eq!(made.json()["budget"], budget);
}

#[tokio::test]
async fn a_rule_says_what_it_would_cost_before_it_is_saved() {
    let house = priced("5/day").await;
    for n in 0..4 {
        house.post(&n.to_string(), "a cat").await;
    }
    let check = Some(json!({"rule": "cat"}));
    let answer = house
        .call(Trust::Loopback, "POST", "/api/v1/rules/check", check)
        .await;
    // The posts of this house came through another source, which is free.
    let expected = json!([{"source": "x", "post": "0.005", "forecast": null, "counts": "0.005"}]);
    assert_eq!(answer.json()["costs"], expected);
    let seen = &answer.json()["preview"]["sources"];
    assert_eq!(seen.as_object().unwrap().len(), 1, "{seen}");
}

#[tokio::test]
async fn a_service_is_asked_for_counts_and_each_question_is_on_the_bill() {
    let house = priced("0.015/total").await;
    let ask = async |rule: &str| {
        let body = Some(json!({"rule": rule, "source": "x"}));
        house
            .call(Trust::Loopback, "POST", "/api/v1/rules/counts", body)
            .await
    };
    let told = ask("cat OR mouse").await.json();
    let part = |key: &str| told[key].clone();
    assert_eq!(
        (part("questions"), part("posts"), part("cost")),
        (json!(2), json!(16), json!("0.01"))
    );
    assert_eq!(told["spans"].as_array().unwrap().len(), 2);
    assert_eq!(told["forecast"]["cost_per_day"], "0.04");
    // What was not answered is not paid for, what was is; then the budget is spent.
    assert_eq!(ask("dog OR cat").await.code(), "upstream");
    assert_eq!(ask("cat").await.status, 200);
    let spent = ask("cat").await;
    assert!(
        spent.status == 409 && spent.text.contains("100 % of $0.015 in all is spent"),
        "{}",
        spent.text
    );
    let total = house
        .parts
        .store
        .bill_sums(&x(), clock())
        .await
        .unwrap()
        .all
        .total;
    assert_eq!(total, Money(15_000));
    let wrong = Some(json!({"rule": "cat", "source": "demo"}));
    let wrong = house
        .call(Trust::Loopback, "POST", "/api/v1/rules/counts", wrong)
        .await;
    assert_eq!(wrong.code(), "bad_parameter");
}
