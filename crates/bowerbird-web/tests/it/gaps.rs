//! Gaps and completeness, by API and on pages.

use bowerbird_core::gap::{Cause, GapState, Mending};
use bowerbird_core::time::Time;
use bowerbird_web::Trust;
use serde_json::json;

use crate::house::{House, clock};

/// A house with a track, a cut connection, a limit, and a pause that lasts.
async fn with_gaps() -> House {
    let house = House::new().await;
    house.track("Cats", "cat").await;
    house.post("1", "a cat").await;
    house
        .missed(Cause::Disconnect, None, (-7_200, Some(-3_600)), None)
        .await;
    house
        .missed(Cause::Limit, None, (-60, Some(-30)), Some(1_234))
        .await;
    house
        .missed(Cause::Paused, Some(1), (-10, None), None)
        .await;
    house
}

async fn ids(house: &House, query: &str) -> Vec<String> {
    let found = house.get(&format!("/api/v1/gaps?{query}")).await.json();
    let gaps = found["gaps"].as_array().unwrap().iter();
    gaps.map(|gap| gap["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn gaps_are_found_by_source_track_time_and_state() {
    let house = with_gaps().await;
    for (query, expected) in [
        ("", vec!["3", "2", "1"]),
        ("source=demo", vec!["3", "2", "1"]),
        ("source=other", vec![]),
        ("track=1", vec!["3", "2", "1"]),
        ("state=open", vec!["3", "2", "1"]),
        ("state=repaired", vec![]),
        ("since=2026-11-21T08:00:00Z", vec!["3", "2"]),
        ("until=2026-11-21T08:00:00Z", vec!["1"]),
    ] {
        assert_eq!(ids(&house, query).await, expected, "{query}");
    }
    for query in ["state=shut", "since=yesterday", "track=x", "colour=red"] {
        let answer = house.get(&format!("/api/v1/gaps?{query}")).await;
        assert_eq!(answer.code(), "bad_parameter", "{query}");
    }
    let missing = house.get("/api/v1/gaps?track=99").await;
    assert_eq!(missing.code(), "not_found");
}

#[tokio::test]
async fn a_gap_says_everything_that_is_known_of_it() {
    let house = with_gaps().await;
    let mending = Mending {
        by: "recent search".to_owned(),
        at: Some(clock()),
        posts: 0,
        lacks: "deletions".to_owned(),
        remains: "older than <seven> days".to_owned(),
    };
    let store = &house.parts.store;
    let beyond = GapState::BeyondRepair;
    store.mend(1, beyond, &mending).await.unwrap();
    let gap = house.get("/api/v1/gaps/1").await.json();
    let expected = json!({
        "id": "1", "source": "demo", "track": null,
        "from": "2026-11-21T06:15:30.000Z", "until": "2026-11-21T07:15:30.000Z",
        "cause": "disconnect", "reason": "the connection was <cut>", "lost": null, "estimate": null,
        "state": "beyond-repair",
        "repair": {
            "by": "recent search", "at": clock(), "posts": 0, "lacks": "deletions",
            "remains": "older than <seven> days", "next_at": null, "can": false,
        },
    });
    assert_eq!(gap, expected);
    let page = house.get("/gaps/1").await.text;
    for said in [
        "disconnected",
        "the connection was &lt;cut&gt;",
        "beyond repair",
        "recent search",
        "older than &lt;seven&gt; days",
        "Nothing that runs now can fetch again",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let list = house.get("/gaps?state=open").await.text;
    assert!(list.contains("1,234") || list.contains("1 234"), "{list}");
    assert!(list.contains("/tracks/1") && list.contains("lasts still"));
    assert!(!list.contains("/gaps/1\""), "only what was asked for");
    for path in ["/gaps/99", "/api/v1/gaps/99", "/api/v1/gaps/x"] {
        assert_eq!(house.get(path).await.status.as_u16(), 404, "{path}");
    }
}

#[tokio::test]
async fn what_nobody_can_repair_is_refused_with_the_reason() {
    let house = with_gaps().await;
    for (id, said) in [("1", "nothing that runs now"), ("3", "still lasts")] {
        let path = format!("/api/v1/gaps/{id}/repair");
        let answer = house
            .call(Trust::Loopback, "POST", &path, Some(json!({})))
            .await;
        assert_eq!(answer.status.as_u16(), 409, "{}", answer.text);
        assert!(answer.text.contains(said), "{}", answer.text);
    }
}

#[tokio::test]
async fn a_bar_says_how_complete_a_track_is() {
    let house = with_gaps().await;
    let mut track = house.parts.store.tracks().await.unwrap().remove(0);
    assert_eq!(track.created_at, clock());
    let bar = house.get("/api/v1/tracks/1/completeness").await.json();
    let cells = bar["cells"].as_array().unwrap();
    assert_eq!((cells.len(), &bar["step_seconds"]), (48, &json!(1_800)));
    assert!(cells.iter().all(|cell| cell == "absent"), "it is new");

    // Had it been there all day:
    track.draft.name = "Old".to_owned();
    let old = Time(clock().0 - 86_400_000_000);
    let made = house.parts.store.create_track(&track.draft, old).await;
    let id = made.unwrap().id;
    let path = format!("/api/v1/tracks/{id}/completeness?span=24h");
    let cells = house.get(&path).await.json()["cells"].clone();
    let cell = |at: usize| cells[at].as_str().unwrap_or_default().to_owned();
    // The first record came when it came; before that nothing is known but the gap of an hour.
    assert_eq!(cell(0), "unknown");
    assert_eq!((cell(44), cell(45)), ("open".to_owned(), "open".to_owned()));
    assert_eq!(cell(47), "open", "the limit");
    for span in ["1h", ""] {
        let path = format!("/api/v1/tracks/{id}/completeness?span={span}");
        let expected = if span.is_empty() { 200 } else { 400 };
        assert_eq!(house.get(&path).await.status.as_u16(), expected);
    }
    let page = house.get(&format!("/tracks/{id}")).await.text;
    for said in [
        "Completeness",
        "data-span=\"30d\"",
        "gap open",
        "/gaps?track=",
    ] {
        assert!(page.contains(said), "{said}");
    }
}
