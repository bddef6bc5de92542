//! The connection to X's filtered stream (`GET /2/tweets/search/stream`).
//!
//! Opening brings the rules in line first and waits, without connecting, as long as no track needs a rule: a post of a rule that nobody
//! follows is paid for too. While connected a task beside the stream takes up changes of tracks. X can't resume, but for the
//! few minutes that some plans have ([`super::backfill`]): without them there is no cursor, and the pipeline notes a gap for the time between two connections.

use std::sync::Arc;
use std::time::Duration;

use bowerbird_core::ids::{Cursor, SourceName};
use bowerbird_core::pipeline::pause;
use bowerbird_core::source::{Connection, Keep, Opening, Source, SourceError};
use bowerbird_core::time::Time;
use bowerbird_core::track::Track;
use tokio::sync::watch;

use super::api::Api;
use super::backfill::{self, Moments};
use super::config::XConfig;
use super::feeds::stream_spec;
use super::fields::everything;
use super::limiter::Endpoint;
use super::reconcile::Reconciler;
use super::search::Searching;
use super::stream::XStream;
use super::wishes::{Wish, Wishes};
use crate::error::ConnectError;

const PATH: &str = "/2/tweets/search/stream";
/// Changes of tracks that come so close together are taken up in one go: X allows a hundred changes of rules in a quarter of an hour.
const TOGETHER: Duration = Duration::from_millis(200);
/// Where nothing may be asked for, the rules are taken away within this, or the connection is closed.
const TAKE_AWAY_WITHIN: Duration = Duration::from_secs(30);
/// Where X had no room for a rule, others may have made some after this.
const ROOM_AGAIN: Duration = Duration::from_secs(300);

/// Describes X's filtered stream as a source that listens for these tracks.
pub(super) fn connect(
    name: SourceName,
    keep: Keep,
    config: XConfig,
    tracks: watch::Receiver<Arc<Vec<Track>>>,
) -> Result<Connection, ConnectError> {
    let api = Api::new(&config)?;
    let spec = stream_spec(name.clone(), keep, config.backfill_minutes > 0);
    let searching = Searching {
        api: api.clone(),
        source: name.clone(),
        tracks: tracks.clone(),
        withheld: config.withheld.clone(),
        max_chars: config.max_query_chars,
    };
    let open = move |cursor: Option<Cursor>| -> Opening {
        let rules = Reconciler {
            api: api.clone(),
            source: name.clone(),
            limits: config.limits,
            max_rules: config.max_rules,
            status: Arc::clone(&config.status),
        };
        let wishes = Wishes::new(name.clone(), tracks.clone(), config.withheld.clone());
        let opening = open(rules, wishes, cursor, config.backfill_minutes);
        Box::pin(async move {
            opening
                .await
                .map(|source| Box::new(source) as Box<dyn Source>)
        })
    };
    Ok(Connection {
        spec,
        open: Box::new(open),
        repair: Some(searching.repair()),
        jobs: Vec::new(),
    })
}

async fn open(
    rules: Reconciler,
    mut wishes: Wishes,
    cursor: Option<Cursor>,
    backfill_minutes: u8,
) -> Result<XStream, SourceError> {
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
    let again = backfill::parameter(cursor.as_ref(), backfill_minutes, Time::now())?;
    let target = format!("{PATH}?{}{again}", everything());
    let response = rules.api.stream(Endpoint::FilteredStream, &target).await?;
    let following = tokio::spawn(follow(rules, wishes, trouble));
    let moments = Moments::new(backfill_minutes, &again, Time::now());
    let stream = XStream::new(response).with_cursor(moments);
    Ok(stream.beside(following))
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
        SourceError::Slow { .. } => pause(bowerbird_core::source::Ladder::Network, failed),
        SourceError::Stop { .. } | SourceError::CursorLost { .. } => return false,
    };
    tokio::select! {
        () = tokio::time::sleep(span) => {}
        () = wishes.nothing_to_ask() => {}
    }
    true
}

#[cfg(test)]
mod tests;
