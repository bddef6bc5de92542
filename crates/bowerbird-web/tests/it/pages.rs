use axum::body::Body;
use axum::http::{Request, StatusCode};
use bowerbird_web::Trust;

use crate::house::House;

#[tokio::test]
async fn text_of_posts_is_never_html() {
    let house = House::new().await;
    let id = house.track("<b>bold</b>", "script OR cat").await;
    house
        .post(
            "1",
            "<script>alert(1)</script> <img src=x onerror=alert(1)> cat",
        )
        .await;
    house.post("<i>", "cat & dog \" ' </p>").await;
    for path in [
        "/",
        "/search?text=cat",
        &format!("/tracks/{id}"),
        "/posts/x/1",
        "/posts/x/%3Ci%3E",
        "/search?text=%3Cscript%3E%22",
    ] {
        let page = house.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        for harm in [
            "<script>alert",
            "<img src=x",
            "<b>bold",
            "<i>",
            "onerror=alert(1)>",
        ] {
            assert!(!page.text.contains(harm), "{path} has {harm}");
        }
        assert!(!page.text.contains(" style="), "{path} has an inline style");
    }
    assert!(
        house
            .get("/")
            .await
            .text
            .contains("&lt;<mark>script</mark>&gt;"),
        "what matched is marked"
    );
}

#[tokio::test]
async fn searching_works_as_a_plain_form() {
    let house = House::new().await;
    for n in 0..60 {
        house.post(&n.to_string(), "a café").await;
    }
    let page = house
        .get("/search?text=caf%C3%A9&author=&has=&order=newest")
        .await;
    assert_eq!(page.text.matches("<article").count(), 50);
    assert!(page.text.contains("<mark>café</mark>"));
    let next = page
        .text
        .split("rel=\"next\" href=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .replace("&amp;", "&");
    let page = house.get(&next).await;
    assert_eq!(page.text.matches("<article").count(), 10);
    let wrong = house.get("/search?since=yesterday&text=caf%C3%A9").await;
    assert!(
        wrong.text.contains("expected a time") && wrong.text.contains("value=\"café\""),
        "{}",
        wrong.text
    );
}

#[tokio::test]
async fn a_track_is_made_changed_and_removed_by_forms_alone() {
    let house = House::new().await;
    let token = house.token(Trust::Loopback).await;
    let send = |path: String, fields: &str| {
        let body = format!("csrf={token}&{fields}");
        let request = Request::post(path)
            .header("host", "localhost:8080")
            .body(Body::from(body))
            .unwrap();
        house.send(Trust::Loopback, request)
    };
    let made = send("/tracks".to_owned(), "rule=cat+OR+dog&name=").await;
    assert_eq!(made.header("location"), "/tracks/1?done=created");
    assert!(
        house.get("/tracks/1").await.text.contains("cat dog"),
        "the name came from the rule"
    );
    let saved = send(
        "/tracks/1".to_owned(),
        "name=Pets&rule=cat&retention=2&unit=hours",
    )
    .await;
    assert_eq!(saved.header("location"), "/tracks/1?done=saved");
    assert_eq!(
        house.get("/api/v1/tracks/1").await.json()["retention_seconds"],
        7_200
    );
    let wrong = send("/tracks/1".to_owned(), "name=Pets&rule=%28cat").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        wrong.text.contains("The rule has an error at character"),
        "{}",
        wrong.text
    );
    assert_eq!(
        send("/tracks/1/remove".to_owned(), "")
            .await
            .header("location"),
        "/"
    );
    assert_eq!(house.get("/tracks/1").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn empty_pages_say_what_would_fill_them() {
    let house = House::new().await;
    let cases = [
        ("/", "No posts yet"),
        ("/", "No tracks yet"),
        ("/search", "Nothing found"),
        ("/status", "No source is configured"),
        ("/status", "everything that came could be handled"),
    ];
    for (path, said) in cases {
        assert!(
            house.get(path).await.text.contains(said),
            "{path} does not say {said}"
        );
    }
}

#[tokio::test]
async fn gaps_are_turned_page_by_page() {
    let house = House::new().await;
    for second in 0..50 {
        house.gap(second).await;
    }
    let full = house.get("/status").await.text;
    assert_eq!(full.matches("lasts still").count(), 50);
    assert!(!full.contains("Older gaps"), "a page that is just full");
    house.gap(50).await;
    let first = house.get("/status").await.text;
    assert!(
        first.contains("href=\"/status?gaps_before=2#gaps\""),
        "{first}"
    );
    let second = house.get("/status?gaps_before=2").await.text;
    assert_eq!(second.matches("lasts still").count(), 1);

    let page = house.get("/api/v1/gaps?limit=50").await.json();
    assert_eq!(page["next"], "2");
    let page = house.get("/api/v1/gaps?limit=50&before=2").await.json();
    assert_eq!(
        (&page["gaps"][0]["id"], &page["next"]),
        (&"1".into(), &serde_json::Value::Null)
    );
    assert_eq!(
        house.get("/api/v1/gaps?before=x").await.code(),
        "bad_parameter"
    );
}

#[tokio::test]
async fn a_caught_post_says_why_it_was_caught() {
    let house = House::new().await;
    let cats = house.track("Cats", "cat").await;
    house.post("1", "a cat").await;
    let pages = [
        format!("/tracks/{cats}"),
        "/posts/x/1".to_owned(),
        "/search".to_owned(),
    ];
    for page in &pages {
        let shown = house.get(page).await.text;
        assert!(shown.contains("a <mark>cat</mark>"), "{page}: {shown}");
    }
    let path = format!("/api/v1/tracks/{cats}");
    let changed = serde_json::json!({ "name": "Cats", "rule": "dog" });
    house
        .call(Trust::InProcess, "PUT", &path, Some(changed))
        .await;
    for page in &pages {
        let shown = house.get(page).await.text;
        let said = "Matched in an earlier rule of the track";
        assert!(
            !shown.contains("<mark>") && shown.contains(said),
            "{page}: {shown}"
        );
    }
}

#[tokio::test]
async fn dead_letters_are_handled_on_the_status_page() {
    let house = House::new().await;
    house.refuse(b"fine now", "was not understood").await;
    assert!(
        house
            .get("/status")
            .await
            .text
            .contains("was not understood")
    );
    let token = house.token(Trust::Loopback).await;
    let body = format!("csrf={token}&id=1&what=retry");
    let request = Request::post("/status/dead-letters")
        .header("host", "localhost:8080")
        .body(Body::from(body))
        .unwrap();
    let answer = house.send(Trust::Loopback, request).await;
    assert!(
        answer.header("location").contains("1%20went%20through"),
        "{}",
        answer.header("location")
    );
}

#[tokio::test]
async fn errors_are_pages_where_a_page_was_asked_for() {
    let house = House::new().await;
    let page = house.get("/nowhere").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.header("content-type").starts_with("text/html") && page.text.contains("Not here"));
}

#[tokio::test]
async fn assets_are_asked_after_and_not_sent_twice() {
    let house = House::new().await;
    let first = house.get("/assets/app.css").await;
    assert_eq!(first.header("content-type"), "text/css; charset=utf-8");
    let request = Request::get("/assets/app.css")
        .header("host", "localhost:8080")
        .header("if-none-match", first.header("etag"));
    let again = house
        .send(Trust::Loopback, request.body(Body::empty()).unwrap())
        .await;
    assert_eq!(
        (again.status, again.text.as_str()),
        (StatusCode::NOT_MODIFIED, "")
    );
    assert_eq!(
        house.get("/assets/..%2fapi.rs").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn every_script_that_another_names_is_there() {
    let house = House::new().await;
    let mut wanted: Vec<String> = ["home.js", "track.js", "status.js", "live-worker.js"]
        .map(|name| format!("/assets/{name}"))
        .to_vec();
    let mut seen = Vec::new();
    while let Some(path) = wanted.pop() {
        let script = house.get(&path).await;
        assert_eq!(script.status, StatusCode::OK, "{path}");
        let named = script
            .text
            .split("from '")
            .skip(1)
            .map(|rest| rest.split('\'').next().unwrap().to_owned());
        wanted.extend(
            named
                .filter(|name| !seen.contains(name))
                .collect::<Vec<_>>(),
        );
        seen.push(path);
    }
}

#[tokio::test]
async fn one_signs_in_and_out_by_forms_alone() {
    let house = House::new().await;
    let password = serde_json::json!({ "password": "correct horse" });
    house
        .call(
            Trust::LocalSocket,
            "PUT",
            "/api/v1/users/ada/password",
            Some(password),
        )
        .await;
    let csrf = house.token(Trust::Password).await;
    let post = |path: &str, cookie: &str, body: String| {
        let request = Request::post(path)
            .header("host", "localhost:8080")
            .header("cookie", cookie);
        request.body(Body::from(body)).unwrap()
    };
    let wrong = format!("csrf={csrf}&user=ada&password=wrong&next=%2Fsearch");
    let wrong = house.send(Trust::Password, post("/login", "", wrong)).await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert!(
        wrong.text.contains("Name and password do not go together")
            && wrong.text.contains("value=\"ada\"")
    );
    assert!(
        !wrong.text.contains("wrong\""),
        "what was typed as a password is not sent back"
    );
    let right = format!("csrf={csrf}&user=ada&password=correct+horse&next=%2Fsearch");
    let right = house.send(Trust::Password, post("/login", "", right)).await;
    assert_eq!(
        (right.status, right.header("location")),
        (StatusCode::SEE_OTHER, "/search")
    );
    let cookie = right
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let page = Request::get("/")
        .header("host", "localhost:8080")
        .header("cookie", &cookie);
    let page = house
        .send(Trust::Password, page.body(Body::empty()).unwrap())
        .await;
    assert!(page.text.contains("Sign out ada"));
    let own = page
        .text
        .split("name=\"csrf\" content=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let out = house
        .send(
            Trust::Password,
            post("/logout", &cookie, format!("csrf={own}")),
        )
        .await;
    assert_eq!(out.header("location"), "/login");
}

#[tokio::test]
async fn the_plan_shows_who_has_room_and_who_goes_without() {
    let house = House::with(|options| options.planning = crate::house::planning()).await;
    for (name, rule) in [("Cats", "cat"), ("<b>Dogs</b>", "dog"), ("Owls", "owl")] {
        house.track(name, rule).await;
    }
    let page = house.get("/plan").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.text
            .contains("2 rules to add and 0 to remove at X; 2 of 2 slots.")
    );
    assert!(page.text.contains("Left out") && page.text.contains("no room is left"));
    assert!(page.text.contains("&lt;b&gt;Dogs") && !page.text.contains("<b>Dogs"));

    let token = house.token(Trust::Loopback).await;
    let send = |fields: &str| {
        let request = Request::post("/plan")
            .header("host", "localhost:8080")
            .body(Body::from(format!("csrf={token}&{fields}")))
            .unwrap();
        house.send(Trust::Loopback, request)
    };
    let tried = send("rule=cow").await;
    assert!(
        tried.text.contains("Nothing is saved yet"),
        "{}",
        tried.text
    );
    assert!(
        tried.text.contains("X would not be asked for it"),
        "{}",
        tried.text
    );
    let changed = "id=3&name=Owls&rule=owl&paused=yes";
    let tried = send(changed).await;
    assert!(!tried.text.contains("Left out"), "{}", tried.text);
}
