use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::{Request, StatusCode};
use bowerbird_web::{Trust, serve};
use futures_util::StreamExt;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::house::House;

/// An answer that does not end, read piece by piece.
struct Reading {
    stream: BodyDataStream,
    text: String,
}

impl Reading {
    async fn open(house: &House, path: &str, last: Option<&str>) -> Self {
        let mut request = Request::get(path).header("host", "localhost:8080");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = house
            .open(Trust::Loopback, request.body(Body::empty()).unwrap())
            .await;
        assert_eq!(response.status(), StatusCode::OK);
        Self {
            stream: response.into_body().into_data_stream(),
            text: String::new(),
        }
    }

    /// Reads until `what` has come.
    async fn until(&mut self, what: &str) -> &str {
        while !self.text.contains(what) {
            let piece = tokio::time::timeout(Duration::from_secs(30), self.stream.next()).await;
            let piece = piece.unwrap_or_else(|_| panic!("{what} did not come in {}", self.text));
            let piece = piece
                .unwrap_or_else(|| panic!("the stream ended before {what} in {}", self.text))
                .unwrap();
            self.text.push_str(std::str::from_utf8(&piece).unwrap());
        }
        &self.text
    }
}

#[tokio::test]
async fn what_happens_arrives_live() {
    let house = House::new().await;
    let cats = house.track("Cats", "cat").await;
    let mut all = Reading::open(&house, "/api/v1/live", None).await;
    all.until(": live").await;
    let mut only = Reading::open(&house, &format!("/api/v1/live?tracks={cats}"), None).await;
    only.until(": live").await;
    house.post("1", "a dog").await;
    house.post("2", "a cat").await;
    house.delete("1").await;

    let text = all.until("event: delete").await;
    assert!(
        text.contains("event: post\nid: 0\ndata: {\"key\":\"x/1\""),
        "{text}"
    );
    assert!(text.contains("\"marks\":[[2,5]]"), "{text}");
    assert!(text.contains("data: {\"key\":\"x/1\"}"), "{text}");
    let text = only.until("event: delete").await;
    assert!(!text.contains("a dog") && text.contains("a cat"), "{text}");
    let text = all.until("event: counts").await;
    let counts = text
        .split("event: counts\ndata: ")
        .nth(1)
        .unwrap()
        .lines()
        .next()
        .unwrap();
    let counts: Value = serde_json::from_str(counts).unwrap();
    assert!(counts["tracks"][0]["captures"].is_u64(), "{counts}");
}

#[tokio::test]
async fn an_account_that_is_gone_concerns_every_reader() {
    let house = House::new().await;
    let cats = house.track("Cats", "cat").await;
    let mut only = Reading::open(&house, &format!("/api/v1/live?tracks={cats}"), None).await;
    let mut tail = Reading::open(&house, "/api/v1/tail", None).await;
    only.until(": live").await;
    tail.until("\n").await;
    house.gone("7").await;
    let text = only.until("\"deleted\"}\n\n").await;
    let event = "event: gone\nid: 0\ndata: {\"author\":\"x/7\",\"status\":\"deleted\"}\n\n";
    assert!(text.contains(event), "{text}");
    let line = tail.until("}\n").await;
    assert_eq!(line.trim_start(), "{\"gone\":\"x/7\"}\n");
}

#[tokio::test]
async fn a_reader_that_comes_back_gets_what_it_missed() {
    let house = House::new().await;
    for n in 0..5 {
        house
            .post(&n.to_string(), &format!("post number {n}"))
            .await;
    }
    let mut reading = Reading::open(&house, "/api/v1/live", Some("2")).await;
    let text = reading.until("number 4").await;
    assert!(
        text.contains("number 3") && !text.contains("number 2"),
        "{text}"
    );
    let mut reading = Reading::open(&house, "/api/v1/live?after=3", None).await;
    assert!(!reading.until("number 4").await.contains("number 3"));
}

#[tokio::test]
async fn an_id_from_before_everything_was_begun_anew_holds_nothing_back() {
    let house = House::new().await;
    let mut reading = Reading::open(&house, "/api/v1/live", Some("5000")).await;
    reading.until(": live").await;
    house.post("1", "the first of a new time").await;
    reading.until("the first of a new time").await;
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_is_too_slow_learns_how_many_it_missed() {
    let house = House::new().await;
    let mut slow = Reading::open(&house, "/api/v1/live", None).await;
    slow.until(": live").await;
    let mut quick = Reading::open(&house, "/api/v1/live", None).await;
    for round in 0..7 {
        house
            .posts((0..1_000).map(|n| format!("{round}-{n}")))
            .await;
        quick.until(&format!("\"key\":\"x/{round}-999\"")).await;
        // More in one second is more than any page can show.
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    assert_eq!(
        quick.text.matches("event: post").count(),
        7_000,
        "nobody waits for the slow one"
    );
    let text = slow.until("\"key\":\"x/6-999\"").await;
    let posts = text.matches("event: post").count() as u64;
    let told = text
        .split("{\"missed\":")
        .skip(1)
        .map(|rest| rest.split('}').next().unwrap());
    let missed: u64 = told.map(|count| count.parse::<u64>().unwrap()).sum();
    assert!(missed > 0);
    assert_eq!(posts + missed, 7_000);
}

#[tokio::test]
async fn live_readers_have_a_limit() {
    let house = House::with(|options| options.max_live_readers = 1).await;
    let first = Reading::open(&house, "/api/v1/live", None).await;
    assert_eq!(house.get("/api/v1/live").await.code(), "busy");
    assert_eq!(house.get("/api/v1/tail").await.code(), "busy");
    drop(first);
    Reading::open(&house, "/api/v1/live", None)
        .await
        .until(": live")
        .await;
}

#[tokio::test]
async fn tail_prints_what_its_rule_matches() {
    let house = House::new().await;
    let mut tail = Reading::open(&house, "/api/v1/tail?rule=%E7%8C%AB", None).await;
    tail.until("\n").await;
    house.post("1", "a dog").await;
    house.post("2", "かわいい猫").await;
    let text = tail.until("猫").await;
    let lines: Vec<Value> = text
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 1);
    assert_eq!(
        (&lines[0]["id"], &lines[0]["marks"]),
        (&Value::from("2"), &serde_json::json!([[4, 5]]))
    );
    assert_eq!(house.get("/api/v1/tail?rule=(").await.code(), "bad_rule");
}

#[tokio::test]
async fn tail_without_a_rule_tells_of_deletions_too() {
    let house = House::new().await;
    let mut tail = Reading::open(&house, "/api/v1/tail", None).await;
    tail.until("\n").await;
    house.post("1", "a dog").await;
    house.delete("1").await;
    let text = tail.until("deleted\":\"").await;
    assert!(text.contains("a dog"), "{text}");
    assert!(text.ends_with("{\"deleted\":\"x/1\"}\n"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_tail_that_nothing_matches_says_that_it_is_alive() {
    let house = House::new().await;
    let mut tail = Reading::open(&house, "/api/v1/tail?rule=cat", None).await;
    tail.until("\n").await;
    let dogs = async {
        for n in 0..8 {
            house.post(&n.to_string(), "a dog").await;
            tokio::time::advance(Duration::from_secs(5)).await;
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        text = tail.until("\n\n") => assert_eq!(text, "\n\n"),
        () = dogs => {}
    }
}

#[tokio::test]
async fn stopping_ends_live_streams_and_the_listener() {
    let house = House::new().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(serve(
        listener,
        house.site.clone(),
        Trust::Loopback,
        async {
            let _ = stopped.await;
        },
    ));
    let mut connection = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("GET /api/v1/live HTTP/1.1\r\nHost: {address}\r\n\r\n");
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut begun = [0; 16];
    connection.read_exact(&mut begun).await.unwrap();
    assert_eq!(&begun, b"HTTP/1.1 200 OK\r");
    stop.send(()).unwrap();
    let mut rest = String::new();
    tokio::time::timeout(
        Duration::from_secs(30),
        connection.read_to_string(&mut rest),
    )
    .await
    .unwrap()
    .unwrap();
    assert!(
        rest.ends_with("0\r\n\r\n"),
        "the stream ends as a stream ends, not torn: {rest}"
    );
    serving.await.unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
