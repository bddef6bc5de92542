//! X's activity stream (`GET /2/activity/stream`): what named accounts post, delete and change of their profiles.
//!
//! Opening brings the subscriptions in line first. Where X's limit does not let all be made at once, it connects with those that stand, and a task beside the stream
//! makes the rest when it may.

use std::collections::VecDeque;
use std::sync::Arc;

use async_trait::async_trait;
use bowerbird_core::frame::{Batch, Frame};
use bowerbird_core::ids::{Cursor, SourceName};
use bowerbird_core::pipeline::pause;
use bowerbird_core::source::{Connection, Keep, Opening, Source, SourceError};
use bowerbird_core::time::Time;

use super::accounts::{AccountName, look_up, names};
use super::api::Api;
use super::backfill::{self, Moments};
use super::config::{XConfig, XReport, XStatus};
use super::feeds::stream_spec;
use super::fields::everything;
use super::limiter::Endpoint;
use super::purse::Purse;
use super::stream::{XStream, fitting};
use super::subscriptions::{Difference, Wanted, add, delete, difference, known, list};
use crate::error::ConnectError;

const PATH: &str = "/2/activity/stream";
/// The most kinds of events of one source.
const MAX_EVENTS: usize = 64;

/// What is told to an app alone, without the account's consent.
pub const X_ACTIVITY_EVENTS: [&str; 8] = [
    "post.create",
    "post.delete",
    "profile.update.bio",
    "profile.update.screenname",
    "profile.update.handle",
    "profile.update.geo",
    "profile.update.url",
    "profile.update.profile_picture",
];

/// Whose activities, and which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XActivity {
    /// Handles or ids.
    pub accounts: Vec<String>,
    /// Kinds of events, as X names them.
    pub events: Vec<String>,
}

impl XActivity {
    /// What is told where nothing else is asked for: each kind takes one of the app's subscriptions for each account.
    pub fn posts_and_deletions() -> Vec<String> {
        ["post.create", "post.delete"].map(str::to_owned).into()
    }
}

/// What opening needs.
#[derive(Debug, Clone)]
struct Following {
    api: Api,
    purse: Purse,
    names: Arc<Vec<AccountName>>,
    events: Arc<Vec<String>>,
    backfill_minutes: u8,
    status: Arc<XStatus>,
}

/// Describes the activity stream as a source.
pub(super) fn connect(
    name: SourceName,
    keep: Keep,
    config: &XConfig,
    activity: &XActivity,
) -> Result<Connection, ConnectError> {
    let is_kind = |kind: &String| {
        let is_plain = |b: u8| b.is_ascii_lowercase() || matches!(b, b'.' | b'_');
        (1..=64).contains(&kind.len()) && kind.bytes().all(is_plain)
    };
    let n_events = activity.events.len();
    if n_events == 0 || n_events > MAX_EVENTS || !activity.events.iter().all(is_kind) {
        let expected = format!("expected 1 to {MAX_EVENTS} kinds of events, as in post.create");
        return Err(ConnectError::setting("events", expected));
    }
    let following = Following {
        api: Api::new(config)?,
        purse: Purse {
            source: name.clone(),
            withheld: config.withheld.clone(),
        },
        names: Arc::new(names(&activity.accounts)?),
        events: Arc::new(activity.events.clone()),
        backfill_minutes: config.backfill_minutes,
        status: Arc::clone(&config.status),
    };
    let spec = stream_spec(name, keep, config.backfill_minutes > 0);
    let open = move |cursor: Option<Cursor>| -> Opening {
        let following = following.clone();
        Box::pin(async move {
            let stream = following.open(cursor.as_ref()).await?;
            Ok(Box::new(stream) as Box<dyn Source>)
        })
    };
    Ok(Connection {
        spec,
        open: Box::new(open),
        repair: None,
        jobs: Vec::new(),
    })
}

impl Following {
    async fn open(self, cursor: Option<&Cursor>) -> Result<Activities, SourceError> {
        self.purse.check(Time::now())?;
        let standing = list(&self.api).await?;
        let mut ids = known(&standing);
        let ids_given = self
            .names
            .iter()
            .filter_map(|name| Some((name.clone(), name.id()?.to_owned())));
        ids.extend(ids_given);
        let unknown: Vec<&AccountName> = self
            .names
            .iter()
            .filter(|name| !ids.contains_key(name))
            .collect();
        let found = look_up(&self.api, &unknown).await?;
        ids.extend(found.ids);
        for (name, reason) in &found.missing {
            tracing::warn!(
                source.name = self.purse.source.as_str(),
                account = name,
                reason,
                "X does not know an account"
            );
        }
        let known = self
            .names
            .iter()
            .filter_map(|name| Some((name, ids.get(name)?)));
        let wanted: Vec<Wanted> = known
            .flat_map(|(name, id)| {
                self.events.iter().map(|event_type| Wanted {
                    user_id: id.clone(),
                    event_type: event_type.clone(),
                    name: name.clone(),
                })
            })
            .collect();
        let difference = difference(&standing, &wanted);
        let mut made = Made {
            stand: difference.stay,
            refused: Vec::new(),
        };
        let mut rest = difference;
        let trouble = self.carry_out(&mut rest, &mut made).await.err();
        self.report(&made, trouble.as_ref());
        if made.stand == 0 {
            return Err(trouble.unwrap_or_else(|| made.nothing()));
        }
        let most = self.backfill_minutes;
        let again = backfill::parameter(cursor, most, Time::now())?;
        let target = format!("{PATH}?{}{again}", everything());
        let response = self.api.stream(Endpoint::ActivityStream, &target).await?;
        let beside = tokio::spawn(self.follow(rest, made, trouble));
        let moments = Moments::new(most, &again, Time::now());
        let stream = XStream::new(response).with_cursor(moments).beside(beside);
        Ok(Activities {
            looked_up: found.frames.into(),
            stream,
        })
    }

    /// Makes what is missing, and only then deletes what nobody wants, until nothing is left of `rest`. What X refused before something was deleted is tried
    /// once more: there may have been no room for it.
    async fn carry_out(&self, rest: &mut Difference, made: &mut Made) -> Result<(), SourceError> {
        loop {
            while let Some(wanted) = rest.add.front() {
                let answer = add(&self.api, wanted).await?;
                let wanted = rest.add.pop_front();
                match (answer, wanted) {
                    (Err(reason), Some(wanted)) => made.refused.push((wanted, reason)),
                    _ => made.stand += 1,
                }
            }
            if rest.delete.is_empty() {
                return Ok(());
            }
            delete(&self.api, &rest.delete).await?;
            rest.delete.clear();
            rest.add.extend(made.refused.drain(..).map(|(it, _)| it));
        }
    }

    /// Makes the rest when X lets us, for as long as the stream lives; why it must end.
    async fn follow(
        self,
        mut rest: Difference,
        mut made: Made,
        mut trouble: Option<SourceError>,
    ) -> Option<String> {
        let spent = self.purse.clone().spent();
        let work = async {
            let mut failed = 0;
            while let Some(error) = trouble.take() {
                failed += 1;
                match error {
                    SourceError::Retry { ladder, .. } => {
                        tokio::time::sleep(pause(ladder, failed)).await
                    }
                    SourceError::WaitUntil { at, .. } => {
                        tokio::time::sleep(at.since(Time::now())).await
                    }
                    SourceError::Stop { .. }
                    | SourceError::Slow { .. }
                    | SourceError::CursorLost { .. } => break,
                }
                trouble = self.carry_out(&mut rest, &mut made).await.err();
                self.report(&made, trouble.as_ref());
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            reason = spent => reason,
            () = work => None,
        }
    }

    fn report(&self, made: &Made, trouble: Option<&SourceError>) {
        let refused = made.first().map(|first| {
            let n = made.refused.len();
            format!("X refused {n} of the subscriptions, as {first}")
        });
        let problem = trouble.map(ToString::to_string).or(refused);
        if let Some(problem) = &problem {
            tracing::warn!(
                source.name = self.purse.source.as_str(),
                problem,
                "X does not tell all that is wanted"
            );
        }
        self.status.set(XReport {
            in_force: made.stand,
            problem: problem.unwrap_or_default(),
            ..XReport::default()
        });
    }
}

/// How far the subscriptions are.
#[derive(Debug)]
struct Made {
    /// How many stand.
    stand: usize,
    /// What X does not take, and why.
    refused: Vec<(Wanted, String)>,
}

impl Made {
    /// The first that X refused, with its reason.
    fn first(&self) -> Option<String> {
        let (wanted, reason) = self.refused.first()?;
        let (kind, name) = (&wanted.event_type, &wanted.name.0);
        Some(format!("{kind} of {name}: {reason}"))
    }

    fn nothing(&self) -> SourceError {
        let why = match self.first() {
            Some(first) => format!("X refused all subscriptions, as {first}"),
            None => "X knows none of the accounts: look at `accounts`".to_owned(),
        };
        SourceError::Stop { reason: why }
    }
}

/// The accounts that were looked up, and then the stream.
#[derive(Debug)]
struct Activities {
    looked_up: VecDeque<Frame>,
    stream: XStream,
}

#[async_trait]
impl Source for Activities {
    async fn next_batch(&mut self) -> Result<Option<Batch>, SourceError> {
        if self.looked_up.is_empty() {
            return self.stream.next_batch().await;
        }
        Ok(Some(Batch {
            frames: fitting(&mut self.looked_up),
            cursor: None,
        }))
    }
}

#[cfg(test)]
mod tests;
