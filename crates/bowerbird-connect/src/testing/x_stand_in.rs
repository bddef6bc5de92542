//! X, made up: an HTTP server on loopback that holds rules and posts, and answers each connect to a stream by a script.
//!
//! Dropping it ends it. Without a script it is a quiet X: it takes rules, keeps a stream alive, and gives out what is [`push`](XStandIn::push)ed.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bowerbird_core::time::Time;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming};
use hyper::header::HeaderValue;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::stand_in::{Server, Shared};
use super::x_posts::Posts;
use super::x_rules::{Rules, StandInRule};
use super::x_script::{Answer, Step};
use super::x_subscriptions::Subscriptions;

/// X sends an empty line at least every 20 seconds; this does so more often.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// Chunks that may wait for a slow reader.
const WAITING: usize = 64;
/// The largest body that is taken.
const MAX_BODY_BYTES: usize = 8 << 20;

/// A server that is X for a test.
#[derive(Debug)]
pub struct XStandIn {
    server: Server,
    shared: Arc<Shared<State>>,
}

/// A request that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// `GET`, `POST`.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The `User-Agent`.
    pub user_agent: String,
    /// The body, as text.
    pub body: String,
}

#[derive(Debug, Default)]
struct State {
    token: String,
    rules: Rules,
    /// Answers to the next connects.
    streams: VecDeque<Answer>,
    /// Answers to the next requests about rules; without one they are carried out.
    rule_answers: VecDeque<Answer>,
    /// After so many more requests about rules it breaks down.
    rule_requests: Option<usize>,
    /// How many changes of rules are allowed still, and until when.
    allowed: Option<(usize, i64)>,
    /// How many connects it says are left, and until when.
    connects: Option<(usize, i64)>,
    /// The texts of the rules after each change.
    history: Vec<Vec<String>>,
    /// Answers to the next requests of other paths.
    answers: HashMap<String, VecDeque<Answer>>,
    posts: Posts,
    subscriptions: Subscriptions,
    seen: Vec<Seen>,
    open_streams: usize,
    /// To the open streams.
    pushes: Vec<mpsc::UnboundedSender<Step>>,
}

impl XStandIn {
    /// Starts one that knows this token and answers connects by this script, then quietly.
    pub fn start(token: &str, script: impl IntoIterator<Item = Answer>) -> Self {
        let state = State {
            token: token.to_owned(),
            streams: script.into_iter().collect(),
            ..State::default()
        };
        let shared = Shared::new(state);
        let served = Arc::clone(&shared);
        Self {
            server: Server::start(move |listener| serve(listener, served)),
            shared,
        }
    }

    /// Where it is: the base URL for `XConfig`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// Answers the next connects so.
    pub fn answer_connects_with(&self, answers: impl IntoIterator<Item = Answer>) {
        self.change(|state| state.streams.extend(answers));
    }

    /// Says with every stream that so many connects are left until this second since 1970.
    pub fn allow_connects(&self, connects: usize, reset_at: i64) {
        self.change(|state| state.connects = Some((connects, reset_at)));
    }

    /// Answers the next requests about rules so.
    pub fn answer_rules_with(&self, answers: impl IntoIterator<Item = Answer>) {
        self.change(|state| state.rule_answers.extend(answers));
    }

    /// Carries out so many requests about rules, the last without saying so, and then no more, until it is [`mended`](Self::mend_rules).
    pub fn break_rules_after(&self, requests: usize) {
        self.change(|state| state.rule_requests = Some(requests));
    }

    /// Answers all requests about rules again.
    pub fn mend_rules(&self) {
        self.change(|state| state.rule_requests = None);
    }

    /// Lets rules be changed so many times until this second since 1970, and says so with each answer.
    pub fn allow_changes(&self, changes: usize, reset_at: i64) {
        self.change(|state| state.allowed = Some((changes, reset_at)));
    }

    /// What its rules were after each change of them.
    pub fn history(&self) -> Vec<Vec<String>> {
        self.shared.state().history.clone()
    }

    /// Answers the next requests of this path so.
    pub fn answer_at(&self, path: &str, answers: impl IntoIterator<Item = Answer>) {
        self.change(|state| {
            let waiting = state.answers.entry(path.to_owned()).or_default();
            waiting.extend(answers);
        });
    }

    /// Lets these posts be found, by search, by author and by id.
    pub fn know<P: AsRef<[u8]>>(&self, posts: impl IntoIterator<Item = P>) {
        self.change(|state| {
            let posts = posts.into_iter();
            posts.for_each(|post| state.posts.add(post.as_ref()));
        });
    }

    /// Lets only so many of a timeline's posts be reached.
    pub fn reach_back(&self, posts: usize) {
        self.change(|state| state.posts.reach = Some(posts));
    }

    /// A subscription that is there before anyone comes.
    pub fn hold_subscription(&self, event_type: &str, user_id: &str, tag: &str) {
        self.change(|state| {
            state.subscriptions.insert(event_type, user_id, tag);
        });
    }

    /// Refuses subscriptions to such events.
    pub fn refuse_subscriptions(&self, event_type: &str) {
        self.change(|state| state.subscriptions.refused.push(event_type.to_owned()));
    }

    /// Holds no more subscriptions than so many.
    pub fn allow_subscriptions(&self, most: usize) {
        self.change(|state| state.subscriptions.most = Some(most));
    }

    /// Kind and account of each subscription.
    pub fn subscriptions(&self) -> Vec<(String, String)> {
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let state = self.shared.state();
        let all = state.subscriptions.all.iter();
        all.map(|it| (text(&it["event_type"]), text(&it["filter"]["user_id"])))
            .collect()
    }

    /// Refuses questions to its search that contain this.
    pub fn refuse_queries_with(&self, word: &str) {
        self.change(|state| state.posts.refused.push(word.to_owned()));
    }

    /// Refuses rules that contain this.
    pub fn refuse_rules_with(&self, word: &str) {
        self.change(|state| state.rules.refused.push(word.to_owned()));
    }

    /// Refuses calls that add a rule that contains this, without saying which rule is meant.
    pub fn refuse_without_a_name(&self, word: &str) {
        self.change(|state| state.rules.refused_unnamed.push(word.to_owned()));
    }

    /// Lets it have no more than so many rules, listed so many at once.
    pub fn limit_rules(&self, max_rules: usize, page_rules: usize) {
        self.change(|state| {
            state.rules.max_rules = max_rules;
            state.rules.page_rules = page_rules.max(1);
        });
    }

    /// A rule that is there before anyone comes.
    pub fn hold_rule(&self, value: &str, tag: &str) {
        self.change(|state| {
            state.rules.insert(value, tag);
        });
    }

    /// The rules it holds.
    pub fn rules(&self) -> Vec<StandInRule> {
        self.shared.state().rules.rules.clone()
    }

    /// Every request that came.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.state().seen.clone()
    }

    /// How many streams are being read.
    pub fn open_streams(&self) -> usize {
        self.shared.state().open_streams
    }

    /// How many connects to the stream came.
    pub fn connects(&self) -> usize {
        self.seen()
            .iter()
            .filter(|seen| is_stream(&seen.target))
            .count()
    }

    /// Sends a line to every open stream whose steps are done.
    pub fn push(&self, line: impl AsRef<[u8]>) {
        self.then(Step::line(line));
    }

    /// Has every open stream whose steps are done, and everything that was pushed, do this next.
    pub fn then(&self, step: Step) {
        self.change(|state| {
            state
                .pushes
                .retain(|reader| reader.send(step.clone()).is_ok())
        });
    }

    /// Waits until something is true of it; give it a time limit where it may never be.
    pub async fn until(&self, is_so: impl Fn(&Self) -> bool) {
        self.shared.until(|| is_so(self)).await;
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        self.shared.change(change);
    }
}

fn is_stream(target: &str) -> bool {
    let path = target.split('?').next().unwrap_or_default();
    path.ends_with("/stream")
}

async fn serve(listener: TcpListener, shared: Arc<Shared<State>>) {
    loop {
        let Ok((socket, _)) = listener.accept().await else {
            continue;
        };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let service =
                hyper::service::service_fn(move |request| answer(request, Arc::clone(&shared)));
            // The reader's leaving and a cut of ours both end in an error here.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(socket), service)
                .await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    shared: Arc<Shared<State>>,
) -> Result<Response<Sent>, Infallible> {
    let (head, body) = request.into_parts();
    let target = head
        .uri
        .path_and_query()
        .map_or_else(String::new, ToString::to_string);
    let header = |name: &str| {
        head.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned()
    };
    let body = http_body_util::Limited::new(body, MAX_BODY_BYTES)
        .collect()
        .await;
    let body = body.map_or_else(|_| Bytes::new(), http_body_util::Collected::to_bytes);
    let seen = Seen {
        method: head.method.to_string(),
        target: target.clone(),
        user_agent: header("user-agent"),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let authorization = header("authorization");
    let answer = shared.change(|state| {
        state.seen.push(seen);
        if authorization == format!("Bearer {}", state.token) {
            state.answer(head.method.as_str(), &target, &body)
        } else {
            Answer::unauthorized()
        }
    });
    Ok(match answer {
        Answer::Plain {
            status,
            headers,
            body,
        } => plain(status, &headers, body),
        Answer::Stream(steps) => stream(steps, shared),
        Answer::Packed(steps) => {
            let mut response = stream(steps, shared);
            response
                .headers_mut()
                .insert("content-encoding", HeaderValue::from_static("gzip"));
            response
        }
    })
}

impl State {
    fn answer(&mut self, method: &str, target: &str, body: &[u8]) -> Answer {
        if is_stream(target) && method == "GET" {
            return self.answer_connect(target);
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        if let Some(answer) = self.answers.get_mut(path).and_then(VecDeque::pop_front) {
            return answer;
        }
        if path == "/2/activity/subscriptions" {
            return self.subscriptions.answer(method, query, body);
        }
        if path != "/2/tweets/search/stream/rules" {
            return self.answer_posts(path, query);
        }
        if let Some(answer) = self.rule_answers.pop_front() {
            return answer;
        }
        match self.rule_requests {
            None => self.answer_rules(method, query, body),
            Some(0) => Answer::unavailable(),
            Some(left) => {
                self.rule_requests = Some(left - 1);
                let answer = self.answer_rules(method, query, body);
                if left == 1 {
                    Answer::unavailable()
                } else {
                    answer
                }
            }
        }
    }

    /// What asks for posts and accounts.
    fn answer_posts(&self, path: &str, query: &str) -> Answer {
        let of_account = path
            .strip_prefix("/2/users/")
            .and_then(|rest| rest.split_once('/'));
        match (path, of_account) {
            ("/2/tweets/search/recent", _) => self.posts.search(query, Time::now()),
            ("/2/tweets", _) => self.posts.posts(query),
            ("/2/users" | "/2/users/by", _) => self.posts.accounts(path, query),
            (_, Some((id, "tweets"))) => self.posts.timeline(id, query),
            (_, Some((_, "timelines/reverse_chronological"))) => self.posts.home(query),
            _ => Answer::plain(404, r#"{"title":"Not Found"}"#),
        }
    }

    fn answer_rules(&mut self, method: &str, query: &str, body: &[u8]) -> Answer {
        if method == "GET" {
            return Answer::plain(200, &self.rules.list(query).to_string());
        }
        let mut headers = Vec::new();
        if let Some((left, reset_at)) = &mut self.allowed {
            if *left == 0 {
                return Answer::rate_limited(*reset_at);
            }
            *left -= 1;
            headers.push(("x-rate-limit-remaining", left.to_string()));
            headers.push(("x-rate-limit-reset", reset_at.to_string()));
        }
        let (status, answer) = if query == "dry_run=true" {
            self.rules.dry_run(body)
        } else {
            let answer = self.rules.change(body);
            self.history.push(self.rules.texts());
            answer
        };
        Answer::Plain {
            status,
            headers,
            body: answer.to_string(),
        }
    }

    /// The script comes first; but one connection is all there is, and without a rule there is nothing to stream where rules say what.
    fn answer_connect(&mut self, target: &str) -> Answer {
        if self.open_streams > 0 {
            return Answer::too_many_connections();
        }
        let next = self
            .streams
            .pop_front()
            .unwrap_or(Answer::Stream(Vec::new()));
        match next {
            Answer::Stream(_) | Answer::Packed(_)
                if target.starts_with("/2/tweets/search/") && self.rules.rules.is_empty() =>
            {
                Answer::plain(
                    409,
                    r#"{"title":"ConnectionException","detail":"You must define rules using the POST /2/tweets/search/stream/rules endpoint before connecting to filtered stream.","connection_issue":"RuleConfigurationIssue","type":"https://api.x.com/2/problems/streaming-connection"}"#,
                )
            }
            answer => answer,
        }
    }
}

fn plain(status: u16, headers: &[(&str, String)], body: String) -> Response<Sent> {
    let (sender, chunks) = mpsc::channel(1);
    // The channel has room for one, and its reader is here.
    let _ = sender.try_send(Ok(Bytes::from(body)));
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, value);
    }
    response
        .body(Sent { chunks })
        .expect("scripts have valid headers")
}

fn stream(steps: Vec<Step>, shared: Arc<Shared<State>>) -> Response<Sent> {
    let (sender, chunks) = mpsc::channel(WAITING);
    let (push, pushed) = mpsc::unbounded_channel();
    let connects = shared.change(|state| {
        state.open_streams += 1;
        state.pushes.push(push);
        state.connects
    });
    tokio::spawn(async move {
        tokio::select! {
            () = play(steps, &sender, pushed) => {}
            () = sender.closed() => {}
        }
        drop(sender);
        shared.change(|state| state.open_streams -= 1);
    });
    let mut response = Response::new(Sent { chunks });
    if let Some((left, reset_at)) = connects {
        let headers = response.headers_mut();
        headers.insert("x-rate-limit-remaining", left.into());
        headers.insert("x-rate-limit-reset", reset_at.into());
    }
    response
}

/// Plays a stream to its end.
async fn play(
    steps: Vec<Step>,
    sender: &mpsc::Sender<io::Result<Bytes>>,
    mut pushed: mpsc::UnboundedReceiver<Step>,
) {
    let mut steps = VecDeque::from(steps);
    loop {
        let step = match steps.pop_front() {
            Some(step) => step,
            None => tokio::select! {
                Some(step) = pushed.recv() => step,
                () = tokio::time::sleep(KEEP_ALIVE) => Step::KeepAlive,
            },
        };
        let sent = match step {
            Step::Send(bytes) => sender.send(Ok(bytes)).await,
            Step::KeepAlive => sender.send(Ok(Bytes::from_static(b"\r\n"))).await,
            Step::Stall => return std::future::pending().await,
            Step::Close => return,
            Step::Cut => {
                // hyper throws away what it has not written when a body fails: first let it take everything, and write it.
                drop(sender.reserve_many(WAITING).await);
                tokio::task::yield_now().await;
                // Whether it is heard or not, this is the end.
                let _ = sender
                    .send(Err(io::Error::other("cut by the script")))
                    .await;
                return;
            }
        };
        if sent.is_err() {
            // The reader is gone.
            return;
        }
    }
}

/// A body that is sent as its chunks come.
struct Sent {
    chunks: mpsc::Receiver<io::Result<Bytes>>,
}

impl Body for Sent {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.chunks
            .poll_recv(context)
            .map(|chunk| chunk.map(|chunk| chunk.map(Frame::data)))
    }
}
