use super::*;
use crate::event::{Event, Post};
use crate::ids::EventId;
use crate::record::Caught;
use crate::time::Time;
use crate::track::{Track, TrackDraft};

fn entry(id: &str, body: Body<'_>, captures: Vec<Caught>) -> Entry {
    let event = Event {
        id: EventId::new("test", id),
        at: None,
        body,
    };
    let key = event.id.key();
    let content = Content::Event {
        event,
        captures,
        raw: b"",
        repairs: None,
    };
    let record = Record {
        source: "s".into(),
        received_at: Time(1),
        content,
    };
    Entry {
        key,
        bytes: record.encode(Vec::new()).into(),
    }
}

/// Offers records as the pipeline does.
fn offer(hub: &Hub, first: u64, entries: &[Entry]) {
    let mut touched = Touched::default();
    for (place, entry) in entries.iter().enumerate() {
        let record = Record::decode(&entry.bytes).unwrap();
        if let Content::Event { event, .. } = &record.content {
            touched.note(place, event);
        }
    }
    hub.offer(first, entries, &touched);
}

fn post(id: &str, text: &str, captures: Vec<Caught>) -> Entry {
    let post = Post {
        text: text.into(),
        ..Post::default()
    };
    entry(id, Body::Post(Box::new(post)), captures)
}

fn delete(id: &str) -> Entry {
    entry(
        id,
        Body::Delete(Delete::Post {
            post_id: id.into(),
            author_id: "".into(),
        }),
        Vec::new(),
    )
}

fn live() -> Arc<LiveTracks> {
    let live = LiveTracks::default();
    let track = Track {
        id: TrackId(3),
        rule_version: 1,
        draft: TrackDraft::new("birds", "bird"),
        created_at: Time(0),
        changed_at: Time(0),
    };
    live.apply(vec![track]);
    Arc::new(live)
}

fn texts(deliveries: &[Delivery]) -> Vec<String> {
    let describe = |delivery: &Delivery| match delivery {
        Delivery::Missed(count) => format!("missed {count}"),
        Delivery::Event(event) => {
            let json: serde_json::Value = serde_json::from_slice(&event.json).unwrap();
            let said = json["text"]
                .as_str()
                .or(json["key"].as_str())
                .unwrap()
                .to_owned();
            format!("{} {} {said}", event.offset, event.kind.as_str())
        }
    };
    deliveries.iter().map(describe).collect()
}

async fn read(subscription: &mut Subscription, count: usize) -> Vec<Delivery> {
    let mut all = Vec::new();
    while all.len() < count {
        all.push(subscription.next().await.expect("the hub lives"));
    }
    all
}

#[tokio::test]
async fn a_reader_gets_events_in_order_with_marks_and_tracks() {
    let (hub, task) = Hub::new(live());
    tokio::spawn(task.run());
    let mut reader = hub.subscribe(None);
    let caught = Caught {
        track: TrackId(3),
        rule_version: 1,
    };
    offer(
        &hub,
        5,
        &[
            post("1", "größter bird here", vec![caught]),
            post("2", "a cat", vec![]),
            delete("1"),
        ],
    );
    let got = read(&mut reader, 3).await;
    assert_eq!(
        texts(&got),
        [
            "5 post größter bird here",
            "6 post a cat",
            "7 delete test/1"
        ]
    );
    let Delivery::Event(first) = &got[0] else {
        panic!("an event")
    };
    let json: serde_json::Value = serde_json::from_slice(&first.json).unwrap();
    assert_eq!(
        json["marks"],
        serde_json::json!([[8, 12]]),
        "in code points, not bytes"
    );
    assert_eq!(first.tracks, [TrackId(3)]);
    let sse = std::str::from_utf8(&first.sse).unwrap();
    assert!(
        sse.starts_with("event: post\nid: 5\ndata: {") && sse.ends_with("}\n\n"),
        "{sse}"
    );
}

#[tokio::test]
async fn resuming_gives_what_came_between_and_says_what_is_gone() {
    let (hub, task) = Hub::new(live());
    tokio::spawn(task.run());
    let many: Vec<Entry> = (0..RECENT_RECORDS + 10)
        .map(|n| post(&n.to_string(), &format!("post {n}"), vec![]))
        .collect();
    offer(&hub, 0, &many);
    let mut late = hub.subscribe(Some(RECENT_RECORDS as u64 + 7));
    assert_eq!(
        texts(&read(&mut late, 2).await),
        ["2008 post post 2008", "2009 post post 2009"]
    );
    let mut too_late = hub.subscribe(Some(4));
    assert_eq!(
        texts(&read(&mut too_late, 2).await),
        ["missed 5", "10 post post 10"]
    );
}

#[tokio::test]
async fn a_deleted_post_is_not_shown_again() {
    let (hub, _task) = Hub::new(live());
    let first = [post("1", "regretted", vec![]), post("2", "stays", vec![])];
    offer(&hub, 0, &first);
    offer(&hub, 2, &[delete("1")]);
    offer(&hub, 3, &[post("1", "regretted", vec![]), delete("1")]);
    let shown: Vec<_> = hub
        .recent_posts(None, 10)
        .into_iter()
        .map(Delivery::Event)
        .collect();
    assert_eq!(texts(&shown), ["1 post stays"]);
    assert!(
        hub.recent_records()
            .iter()
            .all(|bytes| !bytes.windows(9).any(|part| part == b"regretted"))
    );
}

#[tokio::test]
async fn a_slow_reader_misses_and_is_told() {
    let (hub, task) = Hub::new(live());
    let mut reader = hub.subscribe(None);
    offer(&hub, 0, &[post("0", "x", vec![])]);
    let many = vec![post("1", "x", vec![]); INTAKE_QUEUE];
    offer(&hub, 1, &many);
    tokio::spawn(task.run());
    let got = texts(&read(&mut reader, 2).await);
    assert_eq!(
        got,
        ["0 post x".to_owned(), format!("missed {INTAKE_QUEUE}")]
    );
}

#[tokio::test]
async fn what_is_no_event_is_nothing_to_miss() {
    let (hub, task) = Hub::new(live());
    let mut reader = hub.subscribe(None);
    let charge = Entry {
        key: Entry::NO_EVENT,
        ..post("0", "x", vec![])
    };
    offer(&hub, 0, &vec![charge; INTAKE_QUEUE]);
    offer(&hub, INTAKE_QUEUE as u64, &[post("1", "x", vec![])]);
    tokio::spawn(task.run());
    assert_eq!(
        texts(&read(&mut reader, 1).await),
        [format!("{INTAKE_QUEUE} post x")]
    );
    assert_eq!(hub.recent_records().len(), 1);
}

#[tokio::test]
async fn a_slow_stream_may_wait_for_a_while() {
    let (hub, task) = Hub::new(live());
    let mut reader = hub.subscribe(None);
    for n in 0..200 {
        offer(&hub, n, &[post(&n.to_string(), "x", vec![])]);
    }
    tokio::spawn(task.run());
    let got = read(&mut reader, 200).await;
    assert!(got.iter().all(|one| matches!(one, Delivery::Event(_))));
}

/// The texts that a page would show, and their number in memory.
fn shown(hub: &Hub) -> Vec<String> {
    let posts = hub.recent_posts(None, RECENT_RECORDS).into_iter();
    let text = |event: Arc<LiveEvent>| {
        let json: serde_json::Value = serde_json::from_slice(&event.json).unwrap();
        json["text"].as_str().unwrap().to_owned()
    };
    posts.map(text).collect()
}

fn by(author: &str, id: &str, change: impl FnOnce(&mut Post<'_>)) -> Entry {
    let mut said = Post {
        text: format!("{id} by {author}").into(),
        ..Post::default()
    };
    said.author.id = author.to_owned().into();
    change(&mut said);
    entry(id, Body::Post(Box::new(said)), Vec::new())
}

#[tokio::test]
async fn an_account_that_is_gone_takes_its_posts_along() {
    let (hub, _task) = Hub::new(live());
    let posts = [
        by("ann", "1", |_| {}),
        by("bob", "2", |_| {}),
        by("ann", "3", |_| {}),
    ];
    offer(&hub, 0, &posts);
    let gone = Delete::Account {
        account_id: "ann".into(),
        status: "deleted".into(),
    };
    offer(&hub, 3, &[entry("x", Body::Delete(gone), Vec::new())]);
    assert_eq!(shown(&hub), ["2 by bob"]);
    // What it writes when it is back is shown.
    offer(&hub, 4, &[by("ann", "5", |_| {})]);
    assert_eq!(shown(&hub), ["5 by ann", "2 by bob"]);
}

#[tokio::test]
async fn a_repost_leaves_with_its_original() {
    let (hub, _task) = Hub::new(live());
    let repost = |said: &mut Post<'_>| {
        said.repost_of = Some(crate::event::PostRef {
            id: "1".into(),
            ..Default::default()
        });
    };
    let posts = [
        by("ann", "1", |_| {}),
        by("bob", "2", repost),
        by("bob", "3", |_| {}),
    ];
    offer(&hub, 0, &posts);
    offer(&hub, 3, &[delete("1")]);
    assert_eq!(shown(&hub), ["3 by bob"]);
    assert_eq!(hub.recent_records().len(), 2, "with the deletion");
}

#[tokio::test]
async fn an_edit_replaces_what_was_said_before() {
    let (hub, _task) = Hub::new(live());
    let edited = |said: &mut Post<'_>| said.supersedes = vec!["1".into()];
    offer(&hub, 0, &[by("ann", "1", |_| {}), by("ann", "2", edited)]);
    assert_eq!(shown(&hub), ["2 by ann"], "under another id");
    let again = Post {
        text: "better".into(),
        ..Post::default()
    };
    let edit = entry("2", Body::Edit(Box::new(again)), Vec::new());
    offer(&hub, 2, &[edit]);
    let Some(Delivery::Event(event)) = hub.subscribe(Some(1)).try_next() else {
        panic!("the edit is there to resume with")
    };
    let json: serde_json::Value = serde_json::from_slice(&event.json).unwrap();
    assert_eq!(
        (event.kind, &json["edited"]),
        (LiveKind::Edit, &true.into())
    );
    let left = hub.recent_records();
    assert_eq!(left.len(), 1, "under the same id");
    assert!(left[0].windows(6).any(|part| part == b"better"));
}

#[tokio::test]
async fn batches_of_several_sources_may_come_in_any_order() {
    let (hub, task) = Hub::new(live());
    tokio::spawn(task.run());
    let mut reader = hub.subscribe(None);
    offer(&hub, 5, &[post("5", "later", vec![])]);
    offer(&hub, 4, &[post("4", "earlier", vec![])]);
    let got = texts(&read(&mut reader, 2).await);
    assert_eq!(got, ["5 post later", "4 post earlier"]);
    let mut resumed = hub.subscribe(Some(3));
    let got = texts(&read(&mut resumed, 2).await);
    assert_eq!(got, ["4 post earlier", "5 post later"]);
    offer(&hub, 6, &[post("6", "last", vec![])]);
    let got = texts(&read(&mut resumed, 1).await);
    assert_eq!(got, ["6 post last"]);
}

#[tokio::test]
async fn a_reader_from_before_everything_was_begun_anew_is_served() {
    let (hub, task) = Hub::new(live());
    tokio::spawn(task.run());
    let mut reader = hub.subscribe(Some(50_000));
    offer(&hub, 0, &[post("1", "anew", vec![])]);
    assert_eq!(texts(&read(&mut reader, 1).await), ["0 post anew"]);
}

#[tokio::test]
async fn whoever_comes_gets_the_same_bytes() {
    let (hub, _task) = Hub::new(live());
    offer(&hub, 0, &[post("1", "once", vec![])]);
    let mut first = hub.subscribe(Some(0));
    assert!(first.try_next().is_none());
    let events = [hub.recent_posts(None, 1), hub.recent_posts(None, 1)];
    assert!(Arc::ptr_eq(&events[0][0], &events[1][0]));
    let event = &events[0][0];
    let within = event.sse.windows(event.json.len());
    assert!(within.into_iter().any(|part| part == &*event.json));
}

/// A post by `author` that quotes number 1 by ann.
fn quoting(author: &str, id: &str, captures: Vec<Caught>) -> Entry {
    let mut said = Post {
        text: format!("{id} by {author}").into(),
        ..Post::default()
    };
    said.author.id = author.to_owned().into();
    let mut quoted = Post {
        text: "größter bird".into(),
        ..Post::default()
    };
    quoted.author.id = "ann".into();
    said.embedded.push(crate::event::Embedded {
        id: EventId::new("test", "1"),
        relation: crate::event::Relation::Quote,
        post: quoted,
    });
    entry(id, Body::Post(Box::new(said)), captures)
}

#[tokio::test]
async fn what_is_quoted_comes_with_its_own_marks() {
    let (hub, _task) = Hub::new(live());
    let caught = Caught {
        track: TrackId(3),
        rule_version: 1,
    };
    offer(&hub, 0, &[quoting("bob", "2", vec![caught])]);
    let shown = hub.recent_posts(None, 1);
    let json: serde_json::Value = serde_json::from_slice(&shown[0].json).unwrap();
    assert_eq!(json["marks"], serde_json::json!([]));
    let inner = &json["embedded"][0];
    assert_eq!(
        (&inner["relation"], &inner["key"], &inner["text"]),
        (&"quote".into(), &"test/1".into(), &"größter bird".into())
    );
    assert_eq!(inner["marks"], serde_json::json!([[8, 12]]));
}

#[tokio::test]
async fn what_quotes_a_deleted_post_is_shown_without_it() {
    let (hub, _task) = Hub::new(live());
    offer(
        &hub,
        0,
        &[quoting("bob", "2", vec![]), by("bob", "3", |_| {})],
    );
    offer(&hub, 2, &[delete("1")]);
    assert_eq!(shown(&hub), ["3 by bob", "2 by bob"]);
    let quoting = hub.recent_posts(None, 2).remove(1);
    let json: serde_json::Value = serde_json::from_slice(&quoting.json).unwrap();
    assert_eq!(json["embedded"], serde_json::json!([]));
    let holds = |bytes: &Bytes| bytes.windows(4).any(|part| part == b"bird");
    assert!(!hub.recent_records().iter().any(holds));
}

#[tokio::test]
async fn readers_hear_of_an_account_that_is_gone() {
    let (hub, task) = Hub::new(live());
    tokio::spawn(task.run());
    let mut reader = hub.subscribe(None);
    let gone = Delete::Account {
        account_id: "ann".into(),
        status: "suspended".into(),
    };
    offer(&hub, 0, &[quoting("bob", "2", vec![])]);
    offer(&hub, 1, &[entry("x", Body::Delete(gone), Vec::new())]);
    let Delivery::Event(event) = read(&mut reader, 2).await.remove(1) else {
        panic!("an event")
    };
    assert_eq!(event.kind, LiveKind::Gone);
    assert_eq!(
        std::str::from_utf8(&event.sse).unwrap(),
        "event: gone\nid: 1\ndata: {\"author\":\"test/ann\",\"status\":\"suspended\"}\n\n"
    );
    assert_eq!(shown(&hub), ["2 by bob"]);
    let holds = |bytes: &Bytes| bytes.windows(4).any(|part| part == b"bird");
    assert!(
        !hub.recent_records().iter().any(holds),
        "what it quotes is gone"
    );
    let mut resumed = hub.subscribe(Some(0));
    assert!(
        matches!(resumed.try_next(), Some(Delivery::Event(event)) if event.kind == LiveKind::Gone)
    );
}

#[tokio::test(start_paused = true)]
async fn who_looks_for_its_own_gets_all_that_passes_where_pages_get_what_they_can_show() {
    let (hub, task) = Hub::new(live());
    tokio::spawn(task.run());
    let (mut page, mut tail) = (hub.subscribe(None), hub.passing());
    let more = EVENTS_PER_SECOND as usize + 500;
    let many: Vec<Entry> = (0..more)
        .map(|n| post(&n.to_string(), "x", vec![]))
        .collect();
    offer(&hub, 0, &many);
    let mut offsets = Vec::new();
    while offsets.len() < more {
        match tail.next().await.expect("the hub lives") {
            Passed::Record { offset, .. } => offsets.push(offset),
            Passed::Missed(missed) => panic!("{missed} missed"),
        }
    }
    assert!(offsets.into_iter().eq(0..more as u64));
    let mut missed = 0;
    while let Some(delivery) = page.try_next() {
        if let Delivery::Missed(more) = delivery {
            missed += more;
        }
    }
    assert_eq!(missed, 500);
}

#[tokio::test(start_paused = true)]
async fn many_who_look_share_what_may_be_looked_at() {
    let (hub, task) = Hub::new(live());
    let mut tails: Vec<Passing> = (0..30).map(|_| hub.passing()).collect();
    let many = vec![post("1", "x", vec![]); INTAKE_QUEUE];
    offer(&hub, 0, &many);
    tokio::spawn(task.run());
    let (mut records, mut missed) = (0, 0);
    while records + missed < INTAKE_QUEUE as u64 {
        match tails[7].next().await.expect("the hub lives") {
            Passed::Record { .. } => records += 1,
            Passed::Missed(more) => missed += more,
        }
    }
    assert_eq!(records, 2_000);
}
