//! The connection to X's filtered stream (`GET /2/tweets/search/stream`).
//!
//! Opening brings the rules in line first and waits, without connecting, as long as no track needs a rule: a post of a rule that nobody
//! follows is paid for too. While connected a task beside the stream takes up changes of tracks. X can't resume: there is no cursor, and the pipeline
//! notes a gap for the time between two connections.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bowerbird_core::frame::{Batch, Frame};
use bowerbird_core::ids::SourceName;
use bowerbird_core::pipeline::pause;
use bowerbird_core::source::{
    Connection, Keep, Ladder, MAX_BATCH_BYTES, MAX_BATCH_FRAMES, Opening, Source, SourceError,
    SourceSpec,
};
use bowerbird_core::time::Time;
use bowerbird_core::track::Track;
use bytes::Bytes;
use futures_util::FutureExt;
use secrecy::ExposeSecret;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::config::XConfig;
use super::lines::Lines;
use super::reconcile::Reconciler;
use super::rules_api::{Api, refusal};
use super::wishes::{Wish, Wishes};
use super::{decode_v2, problem};
use crate::error::ConnectError;
use crate::http;

/// X sends something every 20 seconds; a quarter more for the way.
const STALL_AFTER: Duration = Duration::from_secs(25);
/// How long X may take to begin an answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// Changes of tracks that come so close together are taken up in one go: X allows a hundred changes of rules in a quarter of an hour.
const TOGETHER: Duration = Duration::from_millis(200);
/// Where nothing may be asked for, the rules are taken away within this, or the connection is closed.
const TAKE_AWAY_WITHIN: Duration = Duration::from_secs(30);
/// Where X had no room for a rule, others may have made some after this.
const ROOM_AGAIN: Duration = Duration::from_secs(300);
/// A packed chunk is unpacked in such pieces, as far as lines are wanted: bytes can be packed a thousandfold.
const UNPACK_BYTES: usize = 512;

/// Everything that X tells an app about a post, and what it refers to.
const ASK_FOR: [(&str, &str); 6] = [
    (
        "tweet.fields",
        "article,attachments,author_id,community_id,context_annotations,conversation_id,created_at,display_text_range,edit_controls,edit_history_tweet_ids,entities,geo,id,in_reply_to_user_id,lang,media_metadata,note_tweet,possibly_sensitive,public_metrics,referenced_tweets,reply_settings,scopes,source,text,withheld",
    ),
    (
        "expansions",
        "article.cover_media,article.media_entities,attachments.media_keys,attachments.media_source_tweet,attachments.poll_ids,author_id,edit_history_tweet_ids,entities.mentions.username,entities.note.mentions.username,geo.place_id,in_reply_to_user_id,referenced_tweets.id,referenced_tweets.id.attachments.media_keys,referenced_tweets.id.author_id",
    ),
    (
        "user.fields",
        "affiliation,created_at,description,entities,id,is_identity_verified,location,name,parody,pinned_tweet_id,profile_banner_url,profile_image_url,protected,public_metrics,subscription_type,url,username,verified,verified_type,withheld",
    ),
    (
        "media.fields",
        "alt_text,duration_ms,height,media_key,preview_image_url,public_metrics,type,url,variants,width",
    ),
    (
        "poll.fields",
        "duration_minutes,end_datetime,id,options,voting_status",
    ),
    (
        "place.fields",
        "contained_within,country,country_code,full_name,geo,id,name,place_type",
    ),
];

/// Describes X's filtered stream as a source that listens for these tracks.
pub fn connect(
    name: SourceName,
    keep: Keep,
    config: XConfig,
    tracks: watch::Receiver<Arc<Vec<Track>>>,
) -> Result<Connection, ConnectError> {
    let base_url = http::base_url("base_url", &config.base_url)?;
    let api = Api {
        client: http::client(&base_url)?,
        base_url,
        bearer: config.bearer.clone(),
        allowance: Arc::default(),
    };
    let spec = SourceSpec {
        name: name.clone(),
        service: "x".to_owned(),
        decode: decode_v2,
        endless: true,
        replays: false,
        stall_after: Some(STALL_AFTER),
        keep,
    };
    let open = move |_cursor| -> Opening {
        let rules = Reconciler {
            api: api.clone(),
            source: name.clone(),
            limits: config.limits,
            max_rules: config.max_rules,
            status: Arc::clone(&config.status),
        };
        let wishes = Wishes::new(name.clone(), tracks.clone(), config.withheld.clone());
        let opening = open(rules, wishes);
        Box::pin(async move {
            opening
                .await
                .map(|source| Box::new(source) as Box<dyn Source>)
        })
    };
    Ok(Connection {
        spec,
        open: Box::new(open),
        repair: None,
    })
}

async fn open(rules: Reconciler, mut wishes: Wishes) -> Result<XStream, SourceError> {
    let trouble = loop {
        let wish = wishes.take_up(Time::now());
        let report = match rules.reconcile(&wish).await {
            Ok(report) => report,
            // X only wants to be asked later, and had rules of ours when it was last heard: those are worth listening to until then, if a track is there for them.
            Err(error @ (SourceError::WaitUntil { .. } | SourceError::Retry { .. }))
                if wish.idle(&rules.source).is_none() && rules.status.standing().has_ours() =>
            {
                break Some(error);
            }
            Err(error) => return Err(error),
        };
        let is_needed = report.in_force > 0;
        rules.status.set(report);
        if is_needed {
            break None;
        }
        look_for_room(&rules, &mut wishes);
        tracing::info!(
            source.name = rules.source.as_str(),
            "No track needs a rule at X; connecting waits for one"
        );
        if !wishes.changed().await {
            return Err(SourceError::Stop {
                reason: "no track needs a rule at X, and none can come".to_owned(),
            });
        }
    };
    let response = stream(&rules.api).await?;
    let is_packed = response
        .headers()
        .get("content-encoding")
        .is_some_and(|value| value == "gzip");
    Ok(XStream {
        response,
        unpack: is_packed.then(|| flate2::write::MultiGzDecoder::new(Vec::new())),
        packed: Bytes::new(),
        lines: Lines::default(),
        ready: VecDeque::new(),
        ended: None,
        rules: Some(tokio::spawn(follow(rules, wishes, trouble))),
    })
}

async fn stream(api: &Api) -> Result<reqwest::Response, SourceError> {
    let parameters: Vec<String> = ASK_FOR
        .iter()
        .map(|(name, values)| format!("{name}={values}"))
        .collect();
    let url = format!(
        "{}/2/tweets/search/stream?{}",
        api.base_url,
        parameters.join("&")
    );
    let request = api
        .client
        .get(url)
        .bearer_auth(api.bearer.expose_secret())
        .header("accept-encoding", "gzip");
    let network = |reason: String| SourceError::Retry {
        ladder: Ladder::Network,
        reason,
    };
    let answer = tokio::time::timeout(ANSWER_WITHIN, request.send()).await;
    let answer = answer.map_err(|_| {
        network(format!(
            "X did not answer within {} s",
            ANSWER_WITHIN.as_secs()
        ))
    })?;
    let mut response = answer.map_err(|error| {
        network(format!(
            "connecting to X failed: {}",
            http::describe(&error)
        ))
    })?;
    match response.status().as_u16() {
        200 => Ok(response),
        _ => Err(refusal(&mut response, &api.bearer).await),
    }
}

/// Brings the rules in line with every change of what is wanted, for as long as the stream lives. The stream must not break because a rule can't be
/// changed just now, so this pauses and tries again by itself, on the pipeline's ladders; but where nothing may be asked for, it ends and says why the
/// stream must: posts of rules that are nobody's, or can't be taken away, are paid for too.
async fn follow(
    rules: Reconciler,
    mut wishes: Wishes,
    mut trouble: Option<SourceError>,
) -> Option<String> {
    let mut failed = 0;
    loop {
        match trouble {
            None => failed = 0,
            Some(error) => {
                failed += 1;
                if !wait_out(&rules, &wishes, error, failed).await {
                    failed = 0;
                }
            }
        }
        if failed == 0 {
            look_for_room(&rules, &mut wishes);
            if !wishes.changed().await {
                return None;
            }
        }
        tokio::time::sleep(TOGETHER).await;
        let wish = wishes.take_up(Time::now());
        if let Some(reason) = wish.idle(&rules.source) {
            return Some(take_away(&rules, &wish, &reason).await);
        }
        trouble = tokio::select! {
            done = rules.reconcile(&wish) => match done {
                Ok(report) if report.in_force == 0 => {
                    rules.status.set(report);
                    return Some("no rule of ours stands at X any more".to_owned());
                }
                Ok(report) => {
                    rules.status.set(report);
                    None
                }
                Err(error) => Some(error),
            },
            // What is under way is let go, as taking the rules away must not wait for it.
            () = wishes.nothing_to_ask() => None,
        };
    }
}

/// Takes our rules away from X, as nothing may be asked for; why the stream must end.
async fn take_away(rules: &Reconciler, wish: &Wish, reason: &str) -> String {
    let done = tokio::time::timeout(TAKE_AWAY_WITHIN, rules.reconcile(wish)).await;
    match done {
        Ok(Ok(report)) => {
            rules.status.set(report);
            reason.to_owned()
        }
        Ok(Err(_)) | Err(_) => {
            format!("{reason}, and the rules can't be taken away now")
        }
    }
}

/// What X had no room for is tried again by itself, before long.
fn look_for_room(rules: &Reconciler, wishes: &mut Wishes) {
    if rules.status.standing().known.has_passing() {
        wishes.look_again_within(ROOM_AGAIN);
    }
}

/// Says that the rules could not be changed, and pauses as X or the ladder asks, or until nothing may be asked for; `false` if only another change of what is
/// wanted may help.
async fn wait_out(rules: &Reconciler, wishes: &Wishes, error: SourceError, failed: u32) -> bool {
    let reason = error.to_string();
    tracing::warn!(
        source.name = rules.source.as_str(),
        reason,
        "The rules at X can't be brought in line with the tracks"
    );
    rules.status.set_problem(&reason);
    let span = match error {
        SourceError::Retry { ladder, .. } => pause(ladder, failed),
        SourceError::WaitUntil { at, .. } => at.since(Time::now()),
        SourceError::Stop { .. } | SourceError::CursorLost { .. } => return false,
    };
    tokio::select! {
        () = tokio::time::sleep(span) => {}
        () = wishes.nothing_to_ask() => {}
    }
    true
}

/// A stream that is being read.
#[derive(Debug)]
struct XStream {
    response: reqwest::Response,
    unpack: Option<flate2::write::MultiGzDecoder<Vec<u8>>>,
    /// What has come and is not unpacked yet.
    packed: Bytes,
    lines: Lines,
    /// Lines that wait to be handed over.
    ready: VecDeque<Frame>,
    /// Why the stream is over; told when all that was ready is handed over.
    ended: Option<SourceError>,
    /// The task that follows what is wanted; none once it has ended.
    rules: Option<JoinHandle<Option<String>>>,
}

impl Drop for XStream {
    fn drop(&mut self) {
        if let Some(rules) = &self.rules {
            rules.abort();
        }
    }
}

impl XStream {
    /// Takes what reading gave.
    fn take(&mut self, came: Result<Option<Bytes>, reqwest::Error>) {
        match came {
            Ok(Some(chunk)) if self.unpack.is_some() => self.packed = chunk,
            Ok(Some(chunk)) => self.take_chunk(&chunk),
            Ok(None) => self.end("X closed the stream".to_owned()),
            Err(error) => self.end(format!(
                "the stream from X broke: {}",
                http::describe(&error)
            )),
        }
    }

    fn take_chunk(&mut self, chunk: &Bytes) {
        let now = Time::now();
        let before = self.ready.len();
        self.lines.push(chunk, now, &mut self.ready);
        let new = self
            .ready
            .iter()
            .skip(before)
            .filter(|frame| frame.broken.is_none());
        if let Some(problem) = new
            .filter_map(|frame| problem::of_line(&frame.bytes))
            .next()
        {
            self.ended.get_or_insert(problem);
        }
    }

    /// Unpacks a piece of what has come; `false` if nothing is left of it.
    fn unpack(&mut self) -> bool {
        let Some(unpack) = self.unpack.as_mut().filter(|_| !self.packed.is_empty()) else {
            return false;
        };
        let piece = self.packed.split_to(self.packed.len().min(UNPACK_BYTES));
        let unpacked = unpack.write_all(&piece).and_then(|()| unpack.flush());
        let plain = Bytes::from(std::mem::take(unpack.get_mut()));
        self.take_chunk(&plain);
        if let Err(error) = unpacked {
            self.end(format!("the stream from X can't be unpacked: {error}"));
        }
        true
    }

    /// The task that follows what is wanted has ended, and may have said why nothing more must come.
    fn hang_up(&mut self, told: Option<String>) {
        self.rules = None;
        if let Some(reason) = told {
            self.end(format!("hung up: {reason}"));
        }
    }

    fn end(&mut self, reason: String) {
        self.ready.extend(self.lines.end(Time::now()));
        self.ended.get_or_insert(SourceError::Retry {
            ladder: Ladder::Network,
            reason,
        });
    }

    /// What is ready, as far as it fits into a batch.
    fn batch(&mut self) -> Batch {
        let mut bytes = 0;
        let fits = |frame: &&Frame| {
            bytes += frame.bytes.len();
            bytes <= MAX_BATCH_BYTES
        };
        let n_frames = self
            .ready
            .iter()
            .take(MAX_BATCH_FRAMES)
            .take_while(fits)
            .count();
        Batch {
            frames: self.ready.drain(..n_frames.max(1)).collect(),
            cursor: None,
        }
    }
}

/// What a task says at its end; never, if it has ended before.
async fn told(task: &mut Option<JoinHandle<Option<String>>>) -> Option<String> {
    match task {
        // A stream whose rules nobody watches over might cost money without end.
        Some(task) => task
            .await
            .unwrap_or_else(|error| Some(format!("following the tracks broke off: {error}"))),
        None => std::future::pending().await,
    }
}

#[async_trait]
impl Source for XStream {
    async fn next_batch(&mut self) -> Result<Option<Batch>, SourceError> {
        while self.ready.is_empty() {
            if let Some(error) = &self.ended {
                return Err(error.clone());
            }
            if self.unpack() {
                continue;
            }
            tokio::select! {
                came = self.response.chunk() => self.take(came),
                told = told(&mut self.rules) => self.hang_up(told),
            }
        }
        // What has come already goes with it: fewer and larger batches while the stream is fast.
        while self.ended.is_none() && self.ready.len() < MAX_BATCH_FRAMES {
            if self.unpack() {
                continue;
            }
            let Some(came) = self.response.chunk().now_or_never() else {
                break;
            };
            self.take(came);
        }
        Ok(Some(self.batch()))
    }
}

#[cfg(test)]
mod tests;
