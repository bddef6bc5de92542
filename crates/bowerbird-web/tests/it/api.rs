use axum::http::StatusCode;
use bowerbird_web::Trust;
use serde_json::json;

use crate::house::House;

#[tokio::test]
async fn a_track_lives_through_the_api() {
    let house = House::new().await;
    let id = house.track("Cats", "cat OR 猫").await;
    house.post("1", "a cat").await;
    house.post("2", "a dog").await;

    let listed = house.get("/api/v1/tracks").await.json();
    assert_eq!(listed["tracks"][0]["name"], "Cats");
    assert_eq!(listed["tracks"][0]["captures"], 1);
    assert_eq!(listed["tracks"][0]["active"], true);

    let path = format!("/api/v1/tracks/{id}");
    let paused = house
        .call(Trust::Loopback, "POST", &format!("{path}/pause"), None)
        .await;
    assert_eq!(paused.json()["active"], false);
    house.post("3", "another cat").await;
    let resumed = house
        .call(Trust::Loopback, "POST", &format!("{path}/resume"), None)
        .await;
    assert_eq!(resumed.json()["captures"], 1);

    let draft = json!({ "name": "Dogs", "rule": "dog", "retention_seconds": 60, "priority": 3 });
    let changed = house
        .call(Trust::Loopback, "PUT", &path, Some(draft))
        .await
        .json();
    assert_eq!(
        (
            &changed["name"],
            &changed["rule_version"],
            &changed["priority"]
        ),
        (&json!("Dogs"), &json!(2), &json!(3))
    );

    let removed = house.call(Trust::Loopback, "DELETE", &path, None).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT);
    assert_eq!(house.get(&path).await.code(), "not_found");
}

#[tokio::test]
async fn a_track_that_makes_no_sense_is_refused_with_its_reason() {
    let house = House::new().await;
    house.track("Cats", "cat").await;
    let cases = [
        (
            json!({ "name": "Cats", "rule": "dog" }),
            StatusCode::CONFLICT,
            "conflict",
        ),
        (
            json!({ "name": "Dogs", "rule": "(dog" }),
            StatusCode::UNPROCESSABLE_ENTITY,
            "bad_rule",
        ),
        (
            json!({ "name": " ", "rule": "dog" }),
            StatusCode::BAD_REQUEST,
            "bad_parameter",
        ),
        (
            json!({ "name": "Dogs", "rule": "dog", "retention_seconds": 0 }),
            StatusCode::BAD_REQUEST,
            "bad_parameter",
        ),
        (
            json!({ "name": "Dogs", "rule": "dog", "retention_seconds": u64::MAX }),
            StatusCode::BAD_REQUEST,
            "bad_parameter",
        ),
        (
            json!({ "name": "Dogs", "rule": "dog", "priority": 101 }),
            StatusCode::BAD_REQUEST,
            "bad_parameter",
        ),
        (
            json!({ "name": "Dogs", "rule": "dog", "sources": vec!["demo"; 101] }),
            StatusCode::BAD_REQUEST,
            "bad_parameter",
        ),
        (
            json!({ "name": "Dogs", "rule": "dog", "nmae": 1 }),
            StatusCode::BAD_REQUEST,
            "bad_request",
        ),
        (
            json!({ "name": "Dogs", "rule": "dog", "start": "2026-01-02T00:00:00Z", "end": "2026-01-01T00:00:00Z" }),
            StatusCode::BAD_REQUEST,
            "bad_parameter",
        ),
    ];
    for (draft, status, code) in cases {
        let answer = house
            .call(
                Trust::Loopback,
                "POST",
                "/api/v1/tracks",
                Some(draft.clone()),
            )
            .await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code),
            "{draft}"
        );
    }
    let bad = house
        .call(
            Trust::Loopback,
            "POST",
            "/api/v1/tracks",
            Some(json!({ "name": "D", "rule": "猫 (dog" })),
        )
        .await;
    assert!(bad.json()["error"]["position"].is_u64(), "{}", bad.text);
}

#[tokio::test]
async fn a_rule_is_explained_tried_and_named() {
    let house = House::new().await;
    house.track("cat", "cat").await;
    for n in 0..10 {
        house
            .post(
                &n.to_string(),
                if n % 2 == 0 { "a 😀 cat" } else { "a dog" },
            )
            .await;
    }
    let asked = json!({ "rule": "cat", "samples": 3 });
    let check = house
        .call(Trust::Loopback, "POST", "/api/v1/rules/check", Some(asked))
        .await
        .json();
    assert_eq!(check["ok"], true);
    assert_eq!(check["name"], "cat 2");
    assert_eq!(
        (&check["preview"]["looked_at"], &check["preview"]["caught"]),
        (&json!(10), &json!(5))
    );
    assert_eq!(check["preview"]["samples"].as_array().unwrap().len(), 3);
    assert_eq!(check["preview"]["samples"][0]["marks"], json!([[4, 7]]));

    let wrong = json!({ "rule": "猫 (dog OR" });
    let check = house
        .call(Trust::Loopback, "POST", "/api/v1/rules/check", Some(wrong))
        .await
        .json();
    assert_eq!(check["ok"], false);
    assert_eq!(
        check["error"]["position"], 8,
        "counted in characters from 1"
    );
    assert_eq!(check["preview"], json!(null));
}

#[tokio::test]
async fn what_x_lacks_is_told_with_what_x_is_asked_for_instead() {
    let house = House::new().await;
    for (rule, problems, usable, asks) in [
        ("cat", 0, true, json!(null)),
        ("cat contains:form", 1, true, json!("cat")),
        ("contains:form", 2, false, json!(null)),
    ] {
        let asked = json!({ "rule": rule });
        let told = house
            .call(Trust::Loopback, "POST", "/api/v1/rules/check", Some(asked))
            .await
            .json();
        let said = told["x_problems"].as_array().unwrap();
        assert_eq!((said.len(), &told["x_asks"]), (problems, &asks), "{told}");
        assert!(
            said.iter().all(|problem| problem["usable"] == usable),
            "{told}"
        );
    }
}

#[tokio::test]
async fn posts_are_found_read_and_exported() {
    let house = House::new().await;
    let id = house.track("Cats", "cat").await;
    for n in 0..7 {
        house.post(&format!("a/{n}"), "=1+1 cat").await;
    }
    let mut seen = 0;
    let mut path = "/api/v1/posts?text=cat&limit=3".to_owned();
    loop {
        let page = house.get(&path).await.json();
        seen += page["items"].as_array().unwrap().len();
        let Some(next) = page["next"].as_str() else {
            break;
        };
        path = format!("/api/v1/posts?text=cat&limit=3&after={next}");
    }
    assert_eq!(seen, 7);

    let post = house.get("/api/v1/posts/x/a%2F3").await;
    assert_eq!(post.json()["key"], "x/a/3");
    let raw = house.get("/api/v1/posts/x/a%2F3/raw").await;
    assert_eq!(
        (raw.text.as_str(), raw.header("content-type")),
        ("a/3|=1+1 cat", "application/octet-stream")
    );

    let csv = house.get(&format!("/api/v1/export.csv?track={id}")).await;
    assert_eq!(
        csv.header("content-disposition"),
        format!("attachment; filename=\"bowerbird-track-{id}.csv\"")
    );
    assert_eq!(csv.text.lines().count(), 8);
    assert!(csv.text.contains("'=1+1 cat"), "{}", csv.text);
    let lines = house.get("/api/v1/export.jsonl?text=cat").await;
    assert_eq!(lines.text.lines().count(), 7);
    assert_eq!(
        house.get("/api/v1/export.csv?limit=3").await.code(),
        "bad_parameter"
    );
}

#[tokio::test]
async fn a_folder_is_exported_with_what_it_is() {
    let house = House::new().await;
    let id = house.track("Cats", "cat").await;
    house.post("1", "a cat").await;
    house.gap(1).await;
    let zip = house
        .get(&format!("/api/v1/export.zip?track={id}&format=ids"))
        .await;
    let expected = format!("attachment; filename=\"bowerbird-track-{id}-20261121T081530Z.zip\"");
    assert_eq!(zip.header("content-disposition"), expected);
    assert_eq!(zip.header("content-type"), "application/zip");
    for name in ["ids-00001.txt", "README.md", "manifest.json", "SHA256SUMS"] {
        assert!(zip.text.contains(&format!("Z/{name}")), "{name}");
    }
    let ids = house.get(&format!("/api/v1/export.ids?track={id}")).await;
    assert_eq!(ids.text, "x 1\n");
    for (path, status) in [
        ("export.zip?format=xml", 400),
        ("export.zip?limit=3", 400),
        ("export.zip?track=99", 404),
        ("tracks/99/rules", 404),
    ] {
        let answer = house.get(&format!("/api/v1/{path}")).await;
        assert_eq!(answer.status, status, "{path}");
    }
}

#[tokio::test]
async fn a_track_knows_what_it_captured_before() {
    let house = House::new().await;
    let id = house.track("Cats", "cat").await;
    let draft = json!({ "name": "Cats", "rule": "lynx" });
    let path = format!("/api/v1/tracks/{id}");
    house.call(Trust::Loopback, "PUT", &path, Some(draft)).await;
    let rules = house.get(&format!("{path}/rules")).await.json();
    let said = |n: usize| rules["rules"][n]["rule"].as_str();
    assert_eq!(
        (said(0), said(1), said(2)),
        (Some("cat"), Some("lynx"), None)
    );
    let page = house.get(&format!("/tracks/{id}")).await.text;
    assert!(page.contains("Earlier rules (1)"), "{page}");
    assert!(page.contains("action=\"/api/v1/export.zip\""), "{page}");
}

#[tokio::test]
async fn counts_add_up() {
    let house = House::new().await;
    house.post("1", "a").await;
    house.post("2", "b").await;
    house.refuse(b"{", "torn").await;
    let counts = house.get("/api/v1/counts").await.json();
    let total = &counts["total"];
    let number = |name: &str| total[name].as_u64().unwrap();
    assert_eq!(number("read"), 3);
    assert_eq!(
        number("read"),
        ["kept", "unmatched", "duplicate", "refused", "waiting"]
            .map(number)
            .iter()
            .sum::<u64>()
    );
    assert_eq!(counts["sources"]["demo"], *total);
    assert_eq!(house.get("/api/v1/status").await.json()["total"], *total);
}

#[tokio::test]
async fn dead_letters_are_seen_tried_again_and_dropped() {
    let house = House::new().await;
    house.refuse(b"fine now", "was not understood").await;
    house.refuse(b"\xff", "not text").await;
    let listed = house.get("/api/v1/dead-letters").await.json();
    assert_eq!(listed["dead_letters"][0]["reason"], "not text");
    assert_eq!(listed["dead_letters"][1]["id"], "1");
    assert_eq!(
        house.get("/api/v1/dead-letters/1/raw").await.text,
        "fine now"
    );

    let both = json!({ "ids": ["1", "2"] });
    let retried = house
        .call(
            Trust::Loopback,
            "POST",
            "/api/v1/dead-letters/retry",
            Some(both),
        )
        .await
        .json();
    assert_eq!(retried["delivered"], json!(["1"]));
    assert_eq!(retried["failed"][0]["id"], "2");
    let dropped = house
        .call(
            Trust::Loopback,
            "POST",
            "/api/v1/dead-letters/drop",
            Some(json!({ "ids": ["2", "9"] })),
        )
        .await;
    assert_eq!(dropped.json()["dropped"], 1);
    assert_eq!(
        house.get("/api/v1/dead-letters/2").await.code(),
        "not_found"
    );
    let none = house
        .call(
            Trust::Loopback,
            "POST",
            "/api/v1/dead-letters/drop",
            Some(json!({ "ids": [] })),
        )
        .await;
    assert_eq!(none.code(), "bad_parameter");
}

#[tokio::test]
async fn a_backfill_marks_what_it_finds() {
    let house = House::new().await;
    for n in 0..4 {
        house.post(&n.to_string(), "a cat").await;
    }
    let id = house.track("Cats", "cat").await;
    let path = format!("/api/v1/tracks/{id}/backfill");
    assert_eq!(house.get(&path).await.code(), "not_found");
    let started = house.call(Trust::Loopback, "POST", &path, None).await;
    assert_eq!(started.status, StatusCode::ACCEPTED, "{}", started.text);
    let done = loop {
        let state = house.get(&path).await.json();
        if state["done"] == true {
            break state;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(
        (&done["looked_at"], &done["added"], &done["error"]),
        (&json!(4), &json!(4), &json!(""))
    );
    assert_eq!(
        house.get(&format!("/api/v1/tracks/{id}")).await.json()["backfilled"],
        4
    );
}

#[tokio::test]
async fn a_backup_goes_where_the_caller_may_write() {
    let house = House::new().await;
    let far = house
        .call(
            Trust::Loopback,
            "POST",
            "/api/v1/store/backup",
            Some(json!({ "path": "copy.sqlite" })),
        )
        .await;
    assert_eq!(far.status, StatusCode::CREATED, "{}", far.text);
    assert!(
        house
            .folder
            .path()
            .join("backups/copy.sqlite")
            .try_exists()
            .unwrap()
    );
    let again = house
        .call(
            Trust::Loopback,
            "POST",
            "/api/v1/store/backup",
            Some(json!({ "path": "copy.sqlite" })),
        )
        .await;
    assert_eq!(again.code(), "conflict");
    let path = house.folder.path().join("near.sqlite");
    let outside = json!({ "path": path });
    assert_eq!(
        house
            .call(
                Trust::Loopback,
                "POST",
                "/api/v1/store/backup",
                Some(outside.clone())
            )
            .await
            .code(),
        "bad_parameter"
    );
    let near = house
        .call(
            Trust::LocalSocket,
            "POST",
            "/api/v1/store/backup",
            Some(outside),
        )
        .await;
    assert_eq!(near.status, StatusCode::CREATED, "{}", near.text);
}

#[tokio::test]
async fn the_spool_and_the_chart_are_looked_into() {
    let house = House::new().await;
    house.post("1", "a cat").await;
    house.refuse(b"{", "torn").await;
    // The store's lane has not acknowledged them: they are still there.
    let records = house.get("/api/v1/spool/records?limit=10").await.json();
    assert_eq!(records["records"][0]["kind"], "post");
    assert_eq!(records["records"][0]["event"], "x/1");
    assert_eq!(records["records"][1]["excerpt"], "torn");
    assert_eq!(
        house.get("/api/v1/spool").await.json()["lanes"][0]["lane"],
        "store"
    );
    let chart = house.get("/api/v1/chart").await.json();
    assert_eq!(
        chart["series"][0]["minutes"],
        json!([{ "minute": "2026-11-21T08:15:00.000Z", "count": 1 }])
    );
    assert_eq!(chart["until"], "2026-11-21T08:16:00.000Z");
    let long = house
        .get("/api/v1/chart?from=2020-01-01&until=2026-01-01")
        .await;
    assert_eq!(long.code(), "bad_parameter");
}

#[tokio::test]
async fn a_number_that_nothing_can_have_is_no_failure_inside() {
    let house = House::new().await;
    let most = u64::MAX;
    for path in ["dead-letters", "tracks"] {
        let answer = house.get(&format!("/api/v1/{path}/{most}")).await;
        assert_eq!(answer.code(), "not_found", "{path}");
    }
    for path in ["chart?tracks", "live?tracks", "recent?track", "posts?track"] {
        let answer = house.get(&format!("/api/v1/{path}={most}")).await;
        assert_eq!(answer.code(), "bad_parameter", "{path}");
    }
    let dropped = json!({ "ids": [most.to_string()] });
    let drop = "/api/v1/dead-letters/drop";
    let answer = house
        .call(Trust::Loopback, "POST", drop, Some(dropped))
        .await;
    assert_eq!(answer.code(), "bad_parameter");
}

#[tokio::test]
async fn what_is_not_there_says_so_in_the_same_shape() {
    let house = House::new().await;
    for path in [
        "/api/v1/nothing",
        "/api/v1/posts/x/none",
        "/api/v1/tracks/77",
        "/api/v1/tracks/first",
        "/api/v1/dead-letters/x",
    ] {
        let answer = house.get(path).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::NOT_FOUND, "not_found"),
            "{path}"
        );
    }
    let wrong = house
        .call(Trust::Loopback, "DELETE", "/api/v1/status", None)
        .await;
    assert_eq!(wrong.code(), "method_not_allowed");
    assert_eq!(
        house.get("/api/v1/posts?texts=cat").await.code(),
        "bad_parameter"
    );
}

#[tokio::test]
async fn a_plan_is_told_and_a_change_tried_and_nothing_saved() {
    let house = House::with(|options| options.planning = crate::house::planning()).await;
    let id = house.track("Cats", "cat").await;
    let told = house.get("/api/v1/plan").await.json();
    let plan = &told["plans"][0];
    assert_eq!(plan["source"], "x");
    assert_eq!(
        plan["summary"],
        "1 rule to add and 0 to remove at X; 1 of 2 slots."
    );
    assert_eq!(plan["shares"][0]["name"], "Cats");
    let other = house.get("/api/v1/plan?rules=7").await.json();
    assert_eq!(other["plans"][0]["slots"], 7);
    assert_eq!(
        house.get("/api/v1/plan?rules=0").await.code(),
        "bad_parameter"
    );

    let tried = |body| house.call(Trust::Loopback, "POST", "/api/v1/plan", Some(body));
    let more = tried(json!({ "rule": "dog" })).await.json();
    assert_eq!(
        more["plans"][0]["summary"],
        "This would add 2 rules and remove 0 at X; 2 of 2 slots."
    );
    let draft = json!({ "name": "Cats", "rule": "cat", "paused": true });
    let less = tried(json!({ "id": id, "draft": draft })).await.json();
    assert_eq!(less["plans"][0]["rules"], json!([]));
    let gone = tried(json!({ "id": id })).await.json();
    assert_eq!(gone["plans"][0]["rules"], json!([]));
    for (body, code) in [
        (json!({}), "bad_parameter"),
        (json!({ "rule": "(" }), "bad_rule"),
        (json!({ "id": "99", "rule": "cat" }), "not_found"),
    ] {
        assert_eq!(tried(body.clone()).await.code(), code, "{body}");
    }
    let listed = house.get("/api/v1/tracks").await.json();
    assert_eq!(listed["tracks"].as_array().unwrap().len(), 1);
    assert_eq!(listed["tracks"][0]["paused"], false);
}
