use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use bowerbird_web::Trust;
use serde_json::json;

use crate::house::{Answer, House};

async fn with_headers(house: &House, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    house
        .send(Trust::Loopback, request.body(Body::empty()).unwrap())
        .await
}

#[tokio::test]
async fn a_host_that_we_are_not_is_refused() {
    let house = House::with(|options| options.hosts.push("bower.example".to_owned())).await;
    for host in [
        "localhost:8080",
        "127.0.0.1:9",
        "[::1]:8080",
        "LOCALHOST",
        "a.localhost",
        "bower.example:443",
    ] {
        let answer = with_headers(&house, "GET", "/api/v1/status", &[("host", host)]).await;
        assert_eq!(answer.status, StatusCode::OK, "{host}");
    }
    for host in [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "bower.example.evil",
        "",
    ] {
        let answer = with_headers(&house, "GET", "/api/v1/status", &[("host", host)]).await;
        assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST, "{host}");
    }
}

#[tokio::test]
async fn a_page_that_is_refused_holds_no_token() {
    let house = House::new().await;
    let answer = with_headers(&house, "GET", "/", &[("host", "evil.example")]).await;
    assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST);
    let token = house.token(Trust::Loopback).await;
    assert!(!answer.text.contains(&token), "{}", answer.text);
}

#[tokio::test]
async fn a_foreign_page_gets_nowhere() {
    let house = House::new().await;
    let host = ("host", "localhost:8080");
    let foreign: [&[(&str, &str)]; 5] = [
        &[host, ("origin", "https://evil.example")],
        &[host, ("origin", "null")],
        &[host, ("origin", "http://localhost:9999")],
        &[
            host,
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-mode", "cors"),
        ],
        &[
            host,
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-mode", "no-cors"),
        ],
    ];
    for headers in foreign {
        for (method, path) in [
            ("GET", "/api/v1/live"),
            ("GET", "/api/v1/session"),
            ("POST", "/api/v1/tracks"),
            ("POST", "/tracks"),
        ] {
            let answer = with_headers(&house, method, path, headers).await;
            assert_eq!(
                answer.status,
                StatusCode::FORBIDDEN,
                "{method} {path} {headers:?}"
            );
        }
    }
    // A link from elsewhere is no harm.
    let link = [
        host,
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
    ];
    assert_eq!(
        with_headers(&house, "GET", "/", &link).await.status,
        StatusCode::OK
    );
    let own = [
        host,
        ("origin", "http://localhost:8080"),
        ("sec-fetch-site", "same-origin"),
    ];
    assert_eq!(
        with_headers(&house, "GET", "/api/v1/session", &own)
            .await
            .status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn changing_needs_the_token_of_a_page() {
    let house = House::new().await;
    let id = house.track("Cats", "cat").await;
    let path = format!("/api/v1/tracks/{id}/pause");
    let host = ("host", "localhost:8080");
    assert_eq!(
        with_headers(&house, "POST", &path, &[host]).await.code(),
        "bad_token"
    );
    assert_eq!(
        with_headers(&house, "POST", &path, &[host, ("x-csrf-token", "guessed")])
            .await
            .code(),
        "bad_token"
    );
    let token = house.token(Trust::Loopback).await;
    assert_eq!(
        with_headers(&house, "POST", &path, &[host, ("x-csrf-token", &token)])
            .await
            .status,
        StatusCode::OK
    );

    let form = |body: String| {
        Request::post(format!("/tracks/{id}/resume"))
            .header("host", "localhost:8080")
            .body(Body::from(body))
            .unwrap()
    };
    assert_eq!(
        house
            .send(Trust::Loopback, form(String::new()))
            .await
            .status,
        StatusCode::FORBIDDEN
    );
    let sent = house
        .send(Trust::Loopback, form(format!("csrf={token}")))
        .await;
    assert_eq!(
        (sent.status, sent.header("location")),
        (
            StatusCode::SEE_OTHER,
            format!("/tracks/{id}?done=resumed").as_str()
        )
    );
    // The socket's rights are the caller's proof.
    let bare = Request::post(&path).body(Body::empty()).unwrap();
    assert_eq!(
        house.send(Trust::LocalSocket, bare).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn every_answer_carries_the_headers_that_keep_browsers_safe() {
    let house = House::new().await;
    for path in [
        "/",
        "/api/v1/status",
        "/assets/app.js",
        "/nothing",
        "/api/v1/nothing",
    ] {
        let answer = house.get(path).await;
        assert!(
            answer
                .header("content-security-policy")
                .starts_with("default-src 'self'"),
            "{path}"
        );
        assert!(
            !answer.header("content-security-policy").contains("unsafe"),
            "{path}"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(
            answer.header("cross-origin-opener-policy"),
            "same-origin",
            "{path}"
        );
        assert_eq!(answer.header("x-request-id").len(), 32, "{path}");
    }
}

/// A house where Ada has a password.
async fn locked() -> House {
    let house = House::new().await;
    let password = json!({ "password": "correct horse" });
    let set = house
        .call(
            Trust::LocalSocket,
            "PUT",
            "/api/v1/users/ada/password",
            Some(password),
        )
        .await;
    assert_eq!(set.status, StatusCode::NO_CONTENT, "{}", set.text);
    house
}

async fn log_in(house: &House, user: &str, password: &str) -> Answer {
    let login = json!({ "user": user, "password": password });
    house
        .call(Trust::Password, "POST", "/api/v1/login", Some(login))
        .await
}

#[tokio::test]
async fn without_signing_in_there_is_nothing_to_see() {
    let house = locked().await;
    let status = house
        .call(Trust::Password, "GET", "/api/v1/status", None)
        .await;
    assert_eq!(status.code(), "unauthorized");
    let page = house.call(Trust::Password, "GET", "/search", None).await;
    assert_eq!(
        (page.status, page.header("location")),
        (StatusCode::SEE_OTHER, "/login?next=%2Fsearch")
    );
    for (user, password) in [("ada", "wrong"), ("eve", "correct horse")] {
        let refused = log_in(&house, user, password).await;
        assert_eq!(
            (refused.code().as_str(), refused.header("set-cookie")),
            ("wrong_password", ""),
            "{user}"
        );
    }
}

#[tokio::test]
async fn passwords_are_set_on_the_machine_itself() {
    let house = locked().await;
    let users = house
        .call(Trust::LocalSocket, "GET", "/api/v1/users", None)
        .await;
    assert_eq!(users.json()["users"], json!(["ada"]));
    let taken = json!({ "password": "taken over" });
    let refused = house
        .call(
            Trust::Loopback,
            "PUT",
            "/api/v1/users/ada/password",
            Some(taken),
        )
        .await;
    assert_eq!(refused.code(), "forbidden");
}

#[tokio::test]
async fn a_password_opens_a_session_until_one_signs_out() {
    let house = locked().await;
    let login = log_in(&house, "ada", "correct horse").await;
    let cookie = login.header("set-cookie");
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
    let (cookie, csrf) = (
        cookie.split(';').next().unwrap(),
        login.json()["csrf"].as_str().unwrap().to_owned(),
    );
    let signed_in = |method: &str, path: &str, token: &str| {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost:8080");
        request
            .header(header::COOKIE, cookie)
            .header("x-csrf-token", token)
            .body(Body::empty())
            .unwrap()
    };
    let status = house
        .send(Trust::Password, signed_in("GET", "/api/v1/status", ""))
        .await;
    assert_eq!(status.status, StatusCode::OK);
    // The token of who is not signed in is not this session's.
    let others = house.token(Trust::Password).await;
    let refused = house
        .send(
            Trust::Password,
            signed_in("POST", "/api/v1/logout", &others),
        )
        .await;
    assert_eq!(refused.code(), "bad_token");
    let out = house
        .send(Trust::Password, signed_in("POST", "/api/v1/logout", &csrf))
        .await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    let status = house
        .send(Trust::Password, signed_in("GET", "/api/v1/status", ""))
        .await;
    assert_eq!(status.code(), "unauthorized");
}

#[tokio::test]
async fn guessing_passwords_is_slowed_down() {
    let house = House::new().await;
    let guess = json!({ "user": "ada", "password": "guess" });
    for _ in 0..5 {
        let answer = house
            .call(
                Trust::Password,
                "POST",
                "/api/v1/login",
                Some(guess.clone()),
            )
            .await;
        assert_eq!(answer.code(), "wrong_password");
    }
    let answer = house
        .call(Trust::Password, "POST", "/api/v1/login", Some(guess))
        .await;
    assert_eq!(
        (answer.code().as_str(), answer.header("retry-after")),
        ("too_many_attempts", "60")
    );
}

#[tokio::test]
async fn a_name_that_nobody_can_have_is_not_remembered() {
    let house = locked().await;
    for _ in 0..7 {
        let refused = log_in(&house, &"a".repeat(1 << 20), "correct horse").await;
        assert_eq!(refused.code(), "wrong_password");
    }
}

#[tokio::test]
async fn a_body_has_a_limit() {
    let house = House::new().await;
    let token = house.token(Trust::Loopback).await;
    let request = Request::post("/api/v1/rules/check")
        .header("host", "localhost:8080")
        .header("x-csrf-token", token);
    let answer = house
        .send(
            Trust::Loopback,
            request.body(Body::from(vec![b'a'; 5 << 20])).unwrap(),
        )
        .await;
    assert_eq!(answer.code(), "bad_request");
}
