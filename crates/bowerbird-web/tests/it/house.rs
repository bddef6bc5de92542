//! A site with everything in memory, and a caller.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode, header};
use bowerbird_core::bill::{Counter, LiveBills};
use bowerbird_core::event::{Account, Body as EventBody, Delete, Event, Post};
use bowerbird_core::gap::Cause;
use bowerbird_core::hub::{Hub, Touched};
use bowerbird_core::ids::{EventId, SourceName, TrackId};
use bowerbird_core::live::LiveTracks;
use bowerbird_core::memory::MemorySpool;
use bowerbird_core::pipeline::{Engine, Parts};
use bowerbird_core::plan::{LeftOut, Planner, Planning, SlotPlan, SlotRoom, SlotRule, TrackShare};
use bowerbird_core::raw::RawCodec;
use bowerbird_core::record::{Content, Record};
use bowerbird_core::source::Refused;
use bowerbird_core::spool::{Append, Entry};
use bowerbird_core::status::Status;
use bowerbird_core::testing::fake_store::FakeStore;
use bowerbird_core::time::Time;
use bowerbird_core::track::Track;
use bowerbird_web::{Site, SiteOptions, Trust, router};
use serde_json::Value;
use tower::ServiceExt;

pub struct House {
    pub site: Arc<Site>,
    pub parts: Parts,
    pub folder: tempfile::TempDir,
    engine: Arc<Engine>,
}

/// What a router answered.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: axum::http::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The code of an API error.
    pub fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap().to_owned()
    }
}

/// Kept raw bytes are the post's id, a bar, and its text.
fn decode(bytes: &[u8]) -> Result<Event<'_>, Refused> {
    let text = std::str::from_utf8(bytes).map_err(|error| Refused::new(error.to_string()))?;
    let (id, said) = text.split_once('|').unwrap_or((text, text));
    Ok(event(id, said))
}

fn event<'a>(id: &'a str, text: &'a str) -> Event<'a> {
    let author = Account {
        id: "7".into(),
        handle: "ada".into(),
        name: "Ada".into(),
        ..Account::default()
    };
    let post = Post {
        author,
        text: text.into(),
        made_at: Some(clock()),
        ..Post::default()
    };
    Event {
        id: EventId::new("x", id),
        at: None,
        body: EventBody::Post(Box::new(post)),
    }
}

/// A source of two slots, where each track has a rule of its own and those that come first have it first.
pub fn planning() -> Planning {
    let x = SourceName::parse("x").unwrap();
    let room = SlotRoom {
        slots: 2,
        max_chars: 100,
    };
    let name = x.clone();
    Planning {
        planners: vec![Planner::new(x, move |tracks, _| {
            planned(&name, room, tracks)
        })],
        assumed: |source, room, tracks, _| planned(source, room, tracks),
        usual: room,
    }
}

fn planned(source: &SourceName, room: SlotRoom, tracks: &[Track]) -> SlotPlan {
    let active: Vec<&Track> = tracks.iter().filter(|track| !track.draft.paused).collect();
    let (placed, without) = active.split_at(active.len().min(room.slots));
    let rules = placed.iter().map(|track| SlotRule {
        rule: track.draft.rule.clone(),
        chars: track.draft.rule.len(),
        tracks: vec![track.id],
        stands: false,
    });
    let shares = placed.iter().map(|track| TrackShare {
        track: track.id,
        name: track.draft.name.clone(),
        priority: track.draft.priority,
        slots: 1,
        share: 1.0,
        chars: track.draft.rule.len(),
    });
    let left_out = without.iter().map(|track| LeftOut {
        track: track.id,
        reason: "no room is left".to_owned(),
    });
    SlotPlan {
        source: source.clone(),
        service: "X".to_owned(),
        listed_at: None,
        note: String::new(),
        slots: room.slots,
        max_chars: room.max_chars,
        foreign: 0,
        free: room.slots - placed.len(),
        rules: rules.collect(),
        delete: Vec::new(),
        shares: shares.collect(),
        left_out: left_out.collect(),
    }
}

/// Always the same moment.
pub fn clock() -> Time {
    Time::parse("2026-11-21T08:15:30Z").unwrap()
}

impl House {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut SiteOptions)) -> Self {
        Self::made(change, Arc::default()).await
    }

    /// With sources that take money.
    pub async fn with_bills(bills: Arc<LiveBills>, counter: Counter) -> Self {
        Self::made(|options| options.counters.push(counter), bills).await
    }

    async fn made(change: impl FnOnce(&mut SiteOptions), bills: Arc<LiveBills>) -> Self {
        let live = Arc::new(LiveTracks::default());
        let (hub, task) = Hub::new(Arc::clone(&live));
        tokio::spawn(task.run());
        let codec = Arc::new(RawCodec::default());
        let parts = Parts {
            spool: Arc::new(MemorySpool::new(64 << 20)),
            store: Arc::new(FakeStore::new(Arc::clone(&codec))),
            hub,
            live,
            status: Arc::new(Status::default()),
            codec,
            decode,
            keep: Vec::new(),
            bills,
            repair_by_hand: Vec::new(),
        };
        let engine = Engine::new(parts.clone());
        engine.start().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut options = SiteOptions::new(clock, 8080, folder.path().join("backups"), "1.2.3");
        change(&mut options);
        let site = Site::new(Arc::clone(&engine), parts.clone(), options);
        Self {
            site,
            parts,
            folder,
            engine,
        }
    }

    /// A post comes in, is spooled, told to the hub and stored.
    pub async fn post(&self, id: &str, text: &str) {
        let raw = format!("{id}|{text}");
        self.happen(event(id, text), raw.as_bytes()).await;
    }

    /// Many posts come in at once; no track looks at them.
    pub async fn posts(&self, ids: impl Iterator<Item = String>) {
        let raw = self.parts.codec.packer("x").pack(b"many").to_vec();
        let entries = ids.map(|id| {
            let event = event(&id, "one of many");
            let key = event.id.key();
            let content = Content::Event {
                event,
                captures: Vec::new(),
                raw: &raw,
                repairs: None,
            };
            let record = Record {
                source: "demo".into(),
                received_at: clock(),
                content,
            };
            Entry {
                key,
                bytes: record.encode(Vec::new()).into(),
            }
        });
        let entries: Vec<Entry> = entries.collect();
        let first = self.spool(entries.clone()).await;
        self.parts.hub.offer(first, &entries, &Touched::default());
    }

    async fn spool(&self, entries: Vec<Entry>) -> u64 {
        let source = SourceName::parse("demo").unwrap();
        let lease = self.parts.spool.take_source(&source).await.unwrap().lease;
        let read = entries.len() as u64;
        let append = Append {
            source,
            lease,
            heard_at: Some(clock()),
            cursor: None,
            read,
            unmatched: 0,
            entries,
        };
        self.parts.spool.append(append).await.unwrap()
    }

    pub async fn delete(&self, id: &str) {
        let delete = Delete::Post {
            post_id: id.to_owned().into(),
            author_id: "7".into(),
        };
        self.forget(id, delete).await;
    }

    /// An account is gone.
    pub async fn gone(&self, account: &str) {
        let delete = Delete::Account {
            account_id: account.to_owned().into(),
            status: "deleted".into(),
        };
        self.forget(account, delete).await;
    }

    async fn forget(&self, id: &str, delete: Delete<'_>) {
        let event = Event {
            id: EventId::new("x", id.to_owned()),
            at: None,
            body: EventBody::Delete(delete),
        };
        self.happen(event, b"").await;
    }

    /// A connection is cut at a second of the day.
    pub async fn gap(&self, second: i64) {
        self.missed(Cause::Disconnect, None, (second, None), None)
            .await;
    }

    /// Something is missed, from a second from now until another.
    pub async fn missed(
        &self,
        cause: Cause,
        track: Option<u64>,
        (from, until): (i64, Option<i64>),
        lost: Option<u64>,
    ) {
        let at = |second: i64| Time(clock().0 + second * 1_000_000);
        let content = Content::Gap {
            track: track.map(TrackId),
            cause,
            from: at(from),
            until: until.map(at),
            reason: "the connection was <cut>".into(),
            lost,
        };
        self.append(0, content).await;
    }

    async fn happen(&self, event: Event<'_>, raw: &[u8]) {
        let source = SourceName::parse("demo").unwrap();
        let captures = match event.post() {
            Some(post) => bowerbird_core::event::with_doc(&event.id.id, post, |doc| {
                self.parts.live.matcher().captures(&source, clock(), doc)
            }),
            None => Vec::new(),
        };
        let raw = self.parts.codec.packer("x").pack(raw).to_vec();
        self.append(
            event.id.key(),
            Content::Event {
                event,
                captures,
                raw: &raw,
                repairs: None,
            },
        )
        .await;
    }

    /// A frame comes in that is no event.
    pub async fn refuse(&self, raw: &[u8], reason: &str) {
        let raw = self.parts.codec.packer("x").pack(raw).to_vec();
        self.append(
            0,
            Content::Refused {
                reason: reason.into(),
                raw: &raw,
            },
        )
        .await;
    }

    async fn append(&self, key: u64, content: Content<'_>) {
        let mut touched = Touched::default();
        if let Content::Event { event, .. } = &content {
            touched.note(0, event);
        }
        let record = Record {
            source: "demo".into(),
            received_at: clock(),
            content,
        };
        let entry = Entry {
            key,
            bytes: record.encode(Vec::new()).into(),
        };
        let offset = self.spool(vec![entry.clone()]).await;
        self.parts
            .store
            .write(vec![(offset, entry.bytes.clone())])
            .await
            .unwrap();
        self.parts.hub.offer(offset, &[entry], &touched);
    }

    /// Makes a track through the API, as the command line does.
    pub async fn track(&self, name: &str, rule: &str) -> String {
        let made = self
            .call(
                Trust::InProcess,
                "POST",
                "/api/v1/tracks",
                Some(serde_json::json!({ "name": name, "rule": rule })),
            )
            .await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        self.engine.take_up_tracks().await.unwrap();
        made.json()["id"].as_str().unwrap().to_owned()
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Trust::Loopback, "GET", path, None).await
    }

    /// A request with a proper host, token and JSON body.
    pub async fn call(
        &self,
        trust: Trust,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let token = self.token(trust).await;
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost:8080")
            .header("x-csrf-token", token);
        let body = body.map_or(Body::empty(), |body| Body::from(body.to_string()));
        self.send(trust, request.body(body).unwrap()).await
    }

    pub async fn token(&self, trust: Trust) -> String {
        let request = Request::get("/api/v1/session").header(header::HOST, "localhost:8080");
        let answer = self.send(trust, request.body(Body::empty()).unwrap()).await;
        answer.json()["csrf"].as_str().unwrap().to_owned()
    }

    pub async fn send(&self, trust: Trust, request: Request<Body>) -> Answer {
        let response = self.open(trust, request).await;
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 16 << 20).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    /// The answer with its body still to be read, for those that do not end.
    pub async fn open(&self, trust: Trust, request: Request<Body>) -> Response<Body> {
        router(&self.site, trust).oneshot(request).await.unwrap()
    }
}
