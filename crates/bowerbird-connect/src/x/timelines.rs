//! Timelines asked for again and again: those of named accounts (`GET /2/users/{id}/tweets`), or what the signed-in user sees at home
//! (`GET /2/users/{id}/timelines/reverse_chronological`).
//!
//! The cursor holds, for each account, its id and the last post that was handed over: whatever comes between, it goes on there, so a break leaves no gap, unless
//! more was posted than X's timelines reach back.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use async_trait::async_trait;
use bowerbird_core::frame::{Batch, Frame};
use bowerbird_core::ids::{Cursor, SourceName};
use bowerbird_core::source::{Connection, Keep, Lost, Opening, Source, SourceError, SourceSpec};
use bowerbird_core::time::Time;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::accounts::{AccountName, Found, NotFound, look_up, me, names};
use super::api::{Answered, Api, broken};
use super::backfill::made_at;
use super::config::XConfig;
use super::decode_v2;
use super::fields::everything;
use super::limiter::Endpoint;
use super::page::split_page;
use super::purse::Purse;
use super::queries::second;
use super::stream::fitting;
use crate::error::ConnectError;

/// The most bytes of a page: a hundred posts with all that they refer to are some 500 KB.
const MAX_PAGE_BYTES: usize = 32 << 20;
/// So many posts back a timeline reaches.
const REACH: usize = 3_200;
/// So many the one at home.
const HOME_REACH: usize = 800;
/// What the one at home is called in a cursor.
const HOME: &str = "home";
/// An account that X does not show is asked for again after this.
const HIDDEN_FOR: Duration = Duration::from_secs(3_600);
/// What asking may take, beyond the pause between two.
const PATIENCE: Duration = Duration::from_secs(120);

/// Whose timelines, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XTimelines {
    /// Handles or ids.
    pub accounts: Vec<String>,
    /// How long between two looks at one timeline.
    pub every: Duration,
}

/// Whose timelines are read.
#[derive(Debug, Clone)]
pub(super) enum Whose {
    /// Those of these accounts.
    Accounts(Vec<AccountName>),
    /// The signed-in user's, of all whom it follows.
    Home,
}

impl Whose {
    /// Those of the accounts of a configuration.
    pub(super) fn accounts(accounts: &[String]) -> Result<Self, ConnectError> {
        names(accounts).map(Self::Accounts)
    }

    fn names(&self) -> Vec<AccountName> {
        match self {
            Self::Accounts(names) => names.clone(),
            Self::Home => vec![AccountName(HOME.to_owned())],
        }
    }

    /// Finds out the ids of these.
    async fn look_up(&self, api: &Api, names: &[&AccountName]) -> Result<Found, SourceError> {
        let name = match (self, names) {
            (Self::Accounts(_), names) => return look_up(api, names).await,
            (Self::Home, []) => return Ok(Found::default()),
            (Self::Home, [name, ..]) => (*name).clone(),
        };
        let (id, frame) = me(api).await?;
        Ok(Found {
            ids: vec![(name, id)],
            frames: vec![frame],
            missing: Vec::new(),
        })
    }

    fn path(&self, id: &str) -> String {
        match self {
            Self::Accounts(_) => format!("/2/users/{id}/tweets"),
            Self::Home => format!("/2/users/{id}/timelines/reverse_chronological"),
        }
    }

    fn endpoint(&self) -> Endpoint {
        match self {
            Self::Accounts(_) => Endpoint::Timeline,
            Self::Home => Endpoint::Home,
        }
    }

    fn reach(&self) -> usize {
        match self {
            Self::Accounts(_) => REACH,
            Self::Home => HOME_REACH,
        }
    }
}

/// Describes timelines as a source.
pub(super) fn connect(
    name: SourceName,
    keep: Keep,
    config: &XConfig,
    whose: Whose,
    every: Duration,
) -> Result<Connection, ConnectError> {
    let api = Api::new(config)?;
    let spec = SourceSpec {
        name: name.clone(),
        service: "x".to_owned(),
        decode: decode_v2,
        endless: true,
        replays: true,
        stall_after: Some(2 * every + PATIENCE),
        keep,
    };
    let purse = Purse {
        source: name,
        withheld: config.withheld.clone(),
    };
    let open = move |cursor: Option<Cursor>| -> Opening {
        let (api, purse, whose) = (api.clone(), purse.clone(), whose.clone());
        Box::pin(async move {
            let polling = Polling::open(api, purse, whose, every, cursor.as_ref()).await?;
            Ok(Box::new(polling) as Box<dyn Source>)
        })
    };
    Ok(Connection {
        spec,
        open: Box::new(open),
        repair: None,
        jobs: Vec::new(),
    })
}

/// What the cursor holds, by name.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept(BTreeMap<String, Place>);

/// Where we are in a timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    /// The account's.
    id: String,
    /// The last post; `None` for none yet.
    since: Option<String>,
    /// Without a post: from when on.
    from: Time,
}

/// One timeline.
#[derive(Debug)]
struct Followed {
    name: AccountName,
    place: Place,
    due: Instant,
    /// Does X not show it?
    is_hidden: bool,
}

/// A timeline that is being asked for.
#[derive(Debug)]
struct Looking {
    /// Which.
    at: usize,
    /// Its next page, as X calls it; `None` for the first.
    page: Option<String>,
    /// The first post of all.
    newest: Option<String>,
    /// The last so far.
    oldest: Option<String>,
    posts: usize,
}

struct Polling {
    api: Api,
    purse: Purse,
    whose: Whose,
    every: Duration,
    followed: Vec<Followed>,
    looking: Option<Looking>,
    /// The call under way; it goes on where a caller has lost patience.
    asking: Option<BoxFuture<'static, Result<Answered, SourceError>>>,
    /// What waits to be handed over.
    ready: VecDeque<Frame>,
    /// The cursor behind it.
    moved: Option<Cursor>,
    /// What is out of reach, told behind it.
    lost: Option<SourceError>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Page {
    meta: Meta,
    errors: Vec<NotFound>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Meta {
    result_count: usize,
    newest_id: Option<String>,
    oldest_id: Option<String>,
    next_token: Option<String>,
}

impl Polling {
    async fn open(
        api: Api,
        purse: Purse,
        whose: Whose,
        every: Duration,
        cursor: Option<&Cursor>,
    ) -> Result<Self, SourceError> {
        let now = Time::now();
        purse.check(now)?;
        let mut kept = read(cursor)?;
        let names = whose.names();
        let new: Vec<&AccountName> = names
            .iter()
            .filter(|name| !kept.0.contains_key(&name.0))
            .collect();
        let place = |id: &str| Place {
            id: id.to_owned(),
            since: None,
            from: now,
        };
        let unknown: Vec<&AccountName> = new
            .iter()
            .copied()
            .filter(|name| name.id().is_none())
            .collect();
        let found = whose.look_up(&api, &unknown).await?;
        let by_id = new
            .iter()
            .filter_map(|name| Some((name.0.clone(), place(name.id()?))));
        kept.0.extend(by_id);
        kept.0.extend(
            found
                .ids
                .iter()
                .map(|(name, id)| (name.0.clone(), place(id))),
        );
        for (name, reason) in &found.missing {
            tracing::warn!(
                source.name = purse.source.as_str(),
                account = name,
                reason,
                "X does not know an account"
            );
        }
        let known: Vec<(&AccountName, Place)> = names
            .iter()
            .filter_map(|name| Some((name, kept.0.remove(&name.0)?)))
            .collect();
        if known.is_empty() {
            return Err(SourceError::Stop {
                reason: "X knows none of the accounts: look at `accounts`".to_owned(),
            });
        }
        // Each has its moment, so that X is not asked for all at once.
        let begin = Instant::now();
        let n = u32::try_from(known.len()).unwrap_or(u32::MAX);
        let followed = (0..)
            .zip(known)
            .map(|(nth, (name, place)): (u32, _)| Followed {
                name: name.clone(),
                place,
                due: begin + every * nth / n,
                is_hidden: false,
            });
        let mut polling = Self {
            api,
            purse,
            whose,
            every,
            followed: followed.collect(),
            looking: None,
            asking: None,
            ready: found.frames.into(),
            moved: None,
            lost: None,
        };
        if !new.is_empty() {
            polling.moved = Some(polling.cursor());
        }
        Ok(polling)
    }

    fn cursor(&self) -> Cursor {
        let places = self
            .followed
            .iter()
            .map(|it| (it.name.0.clone(), it.place.clone()));
        let kept = Kept(places.collect());
        Cursor(serde_json::to_string(&kept).expect("text is JSON"))
    }

    /// Waits until a timeline is due, and looks at it.
    async fn look(&mut self) -> Result<(), SourceError> {
        let due = (0..).zip(&self.followed).min_by_key(|(_, it)| it.due);
        let Some((at, followed)) = due else {
            return std::future::pending().await;
        };
        tokio::time::sleep_until(followed.due).await;
        self.looking = Some(Looking {
            at,
            page: None,
            newest: None,
            oldest: None,
            posts: 0,
        });
        Ok(())
    }

    /// Asks for the next page of what is looked at.
    fn ask(&self, looking: &Looking) -> BoxFuture<'static, Result<Answered, SourceError>> {
        let place = &self.followed[looking.at].place;
        let mut parameters = form_urlencoded::Serializer::new(String::new());
        parameters.append_pair("max_results", "100");
        match &place.since {
            Some(since) => parameters.append_pair("since_id", since),
            None => parameters.append_pair("start_time", &second(place.from)),
        };
        if let Some(page) = &looking.page {
            parameters.append_pair("pagination_token", page);
        }
        let (id, parameters) = (&place.id, parameters.finish());
        let target = format!("{}?{parameters}&{}", self.whose.path(id), everything());
        let (api, request) = (self.api.clone(), self.api.get(&target));
        let endpoint = self.whose.endpoint();
        Box::pin(async move { api.ask(endpoint, request, MAX_PAGE_BYTES).await })
    }

    /// Takes a page.
    fn take(&mut self, mut looking: Looking, answer: &Answered) -> Result<(), SourceError> {
        if answer.status == 400 {
            return Err(self.api.of_answer(400, None, &answer.body));
        }
        let page: Page = serde_json::from_slice(&answer.body)
            .map_err(|_| broken("a page of a timeline is not what X documents"))?;
        let frames = split_page(&answer.body).unwrap_or_default();
        if frames.is_empty() && page.meta.result_count > 0 {
            return Err(broken("a page of a timeline has no posts where it says so"));
        }
        let is_hidden = frames.is_empty() && !page.errors.is_empty();
        let now = Time::now();
        looking.posts += frames.len();
        let frames = frames
            .into_iter()
            .map(|bytes| Frame::new(Bytes::from(bytes), now));
        self.ready.extend(frames);
        looking.newest = looking.newest.or(page.meta.newest_id);
        looking.oldest = page.meta.oldest_id.or(looking.oldest);
        looking.page = page.meta.next_token.filter(|token| !token.is_empty());
        if looking.page.is_some() {
            self.looking = Some(looking);
        } else {
            self.note_hidden(
                looking.at,
                is_hidden.then(|| self.api.without_token(&page.errors[0].reason())),
            );
            self.finish(&looking, now);
        }
        Ok(())
    }

    /// A timeline was read to its end.
    fn finish(&mut self, looking: &Looking, now: Time) {
        let followed = &mut self.followed[looking.at];
        let pause = if followed.is_hidden {
            self.every.max(HIDDEN_FOR)
        } else {
            self.every
        };
        followed.due = Instant::now() + pause;
        let before = followed
            .place
            .since
            .as_deref()
            .map_or(followed.place.from, made_at);
        if let Some(newest) = &looking.newest {
            followed.place.since = Some(newest.clone());
        }
        let handle = followed.name.0.clone();
        let reach = self.whose.reach();
        if looking.posts >= reach {
            let oldest = looking.oldest.as_deref().map_or(now, made_at);
            self.lost = Some(SourceError::CursorLost {
                reason: format!(
                    "in the timeline `{handle}` more was posted than the {reach} posts that X reaches back"
                ),
                lost: Lost {
                    from: Some(before),
                    resume: Some((oldest, self.cursor())),
                },
            });
        } else if looking.newest.is_some() {
            self.moved = Some(self.cursor());
        } else {
            // X was asked, and there is nothing.
            self.ready.push_back(Frame::new(Bytes::new(), now));
        }
    }

    fn note_hidden(&mut self, at: usize, reason: Option<String>) {
        let source = self.purse.source.as_str();
        let followed = &mut self.followed[at];
        let account = followed.name.0.as_str();
        match &reason {
            Some(reason) if !followed.is_hidden => {
                tracing::warn!(
                    source.name = source,
                    account,
                    reason,
                    "X does not show a timeline"
                );
            }
            None if followed.is_hidden => {
                tracing::info!(source.name = source, account, "X shows a timeline again");
            }
            _ => {}
        }
        followed.is_hidden = reason.is_some();
    }
}

fn read(cursor: Option<&Cursor>) -> Result<Kept, SourceError> {
    let Some(cursor) = cursor else {
        return Ok(Kept::default());
    };
    serde_json::from_str(&cursor.0).map_err(|_| SourceError::CursorLost {
        reason: "the cursor is not one of X's timelines".to_owned(),
        lost: Lost::default(),
    })
}

#[async_trait]
impl Source for Polling {
    async fn next_batch(&mut self) -> Result<Option<Batch>, SourceError> {
        loop {
            if !self.ready.is_empty() || self.moved.is_some() {
                let frames = fitting(&mut self.ready);
                let cursor = self.moved.take_if(|_| self.ready.is_empty());
                return Ok(Some(Batch { frames, cursor }));
            }
            if let Some(lost) = self.lost.take() {
                return Err(lost);
            }
            let Some(looking) = &self.looking else {
                self.look().await?;
                continue;
            };
            if self.asking.is_none() {
                // A timeline may have many pages, and each costs.
                self.purse.check(Time::now())?;
                self.asking = Some(self.ask(looking));
            }
            if let Some(asking) = &mut self.asking {
                let answer = asking.await;
                self.asking = None;
                if let Some(looking) = self.looking.take() {
                    self.take(looking, &answer?)?;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
