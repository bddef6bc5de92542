//! Fetches again what a source of X missed, by recent search (`GET /2/tweets/search/recent`).
//!
//! Question by question and page by page, newest posts first; after each page is a cursor. What is asked, and how far back that can be, [`super::queries`] says.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use async_trait::async_trait;
use bowerbird_core::bill::{AllWithheld, Withheld};
use bowerbird_core::frame::{Batch, Frame};
use bowerbird_core::ids::{Cursor, SourceName, TrackId};
use bowerbird_core::repair::{Missing, Repair};
use bowerbird_core::source::{Ladder, Lost, Opening, Source, SourceError};
use bowerbird_core::time::Time;
use bowerbird_core::track::Track;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use tokio::sync::watch;

use super::api::{Answered, Api, broken};
use super::fields::everything;
use super::limiter::Endpoint;
use super::page::split_page;
use super::purse::wait;
use super::queries::{Place, Queries, Query, queries, second};
use super::stream::fitting;

const PATH: &str = "/2/tweets/search/recent";
/// The most bytes of a page: a hundred posts with all that they refer to are some 500 KB.
const MAX_PAGE_BYTES: usize = 32 << 20;
/// How many tracks that were not asked for are told.
const MAX_TOLD: usize = 3;

/// What search is known not to bring back.
const LACKS: &str = "reposts found by a word or by what is asked for together with words, posts found only by what they quote, rules that search can't be asked for (as `bio:` alone), and what was deleted meanwhile";

/// What repairing needs.
#[derive(Debug, Clone)]
pub(super) struct Searching {
    pub(super) api: Api,
    pub(super) source: SourceName,
    pub(super) tracks: watch::Receiver<Arc<Vec<Track>>>,
    pub(super) withheld: watch::Receiver<Arc<AllWithheld>>,
    /// How many characters a question may have.
    pub(super) max_chars: usize,
}

impl Searching {
    /// As the pipeline knows it.
    pub(super) fn repair(self) -> Repair {
        let open = move |missing: &Missing, cursor: Option<Cursor>| -> Opening {
            let opened = self.open(missing, cursor.as_ref(), Time::now());
            Box::pin(async move { opened.map(|search| Box::new(search) as Box<dyn Source>) })
        };
        Repair {
            by: "recent search",
            lacks: LACKS,
            open: Box::new(open),
        }
    }

    fn open(
        &self,
        missing: &Missing,
        cursor: Option<&Cursor>,
        now: Time,
    ) -> Result<Search, SourceError> {
        let tracks = Arc::clone(&self.tracks.borrow());
        let withheld = self.has_money(now)?;
        let max_chars = self.max_chars;
        let queries = queries(&tracks, &self.source, missing, max_chars, &withheld, now);
        let left_out = &queries.left_out;
        if let (true, Some(first)) = (queries.all.is_empty(), left_out.first()) {
            // Without money for anybody, all of it is for later.
            return Err(
                match left_out.iter().find_map(|it| withheld.get(it.track)) {
                    Some(held) => wait(held, now),
                    None => SourceError::CursorLost {
                        reason: first.reason.clone(),
                        lost: Lost::default(),
                    },
                },
            );
        }
        let place = Place::new(missing, cursor, &queries, now)?;
        Ok(Search {
            searching: self.clone(),
            waiting: withheld.tracks.into_keys().collect(),
            from: Place::from(missing, cursor),
            queries,
            place,
            current: Vec::new(),
            is_divided: false,
            was_forgotten: false,
            asking: None,
            ready: VecDeque::new(),
            moved: None,
        })
    }

    /// Which tracks must not be asked for; an error where nothing may be.
    fn has_money(&self, now: Time) -> Result<Withheld, SourceError> {
        let withheld = self.withheld.borrow().get(&self.source).cloned();
        let withheld = withheld.unwrap_or_default();
        match &withheld.all {
            Some(held) => Err(wait(held, now)),
            None => Ok(withheld),
        }
    }
}

/// A search under way.
struct Search {
    searching: Searching,
    /// Tracks without money when it was opened.
    waiting: BTreeSet<TrackId>,
    /// Where the missing span begins.
    from: Time,
    queries: Queries,
    place: Place,
    /// What is left of the question at the place: itself, or parts of it, the next one last; each with its next page.
    current: Vec<(Query, Option<String>)>,
    /// Was it divided, as X refused it? Then only its end is a place to go on from.
    is_divided: bool,
    /// Had X forgotten a page of the current question already?
    was_forgotten: bool,
    /// The call under way; it goes on where a caller has lost patience.
    asking: Option<BoxFuture<'static, Result<Answered, SourceError>>>,
    /// Posts that wait to be handed over.
    ready: VecDeque<Frame>,
    /// The place after them.
    moved: Option<Cursor>,
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    meta: Meta,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Meta {
    result_count: Option<u64>,
    next_token: Option<String>,
}

/// What X says of parameters that it refuses.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Refused {
    errors: Vec<Parameters>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Parameters {
    parameters: serde_json::Map<String, serde_json::Value>,
    message: String,
}

impl Search {
    /// Asks for the next page; `None` where all was asked.
    fn ask(&mut self) -> Option<BoxFuture<'static, Result<Answered, SourceError>>> {
        if self.current.is_empty() {
            let query = self.queries.all.get(self.place.at)?.clone();
            self.current.push((query, self.place.page.take()));
            self.is_divided = false;
        }
        let (query, page) = self.current.last()?;
        let mut parameters = form_urlencoded::Serializer::new(String::new());
        parameters
            .append_pair("query", &query.text())
            .append_pair("start_time", &second(self.place.start))
            .append_pair("end_time", &second(self.place.end))
            .append_pair("max_results", "100");
        if let Some(page) = page {
            parameters.append_pair("next_token", page);
        }
        let target = format!("{PATH}?{}&{}", parameters.finish(), everything());
        let api = self.searching.api.clone();
        let request = api.get(&target);
        Some(Box::pin(async move {
            api.ask(Endpoint::RecentSearch, request, MAX_PAGE_BYTES)
                .await
        }))
    }

    /// Takes an answer to the question that is current.
    fn take(&mut self, answer: &Answered) -> Result<(), SourceError> {
        if answer.status == 400 {
            return self.refused(&answer.body);
        }
        let page: Page = serde_json::from_slice(&answer.body)
            .map_err(|_| broken("a page of its search is not what X documents"))?;
        let frames = split_page(&answer.body).unwrap_or_default();
        if frames.is_empty() && page.meta.result_count.is_some_and(|count| count > 0) {
            return Err(broken("a page of its search has no posts where it says so"));
        }
        let now = Time::now();
        let frames = frames
            .into_iter()
            .map(|bytes| Frame::new(Bytes::from(bytes), now));
        self.ready.extend(frames);
        let next = page.meta.next_token.filter(|token| !token.is_empty());
        match (next, self.current.last_mut()) {
            (Some(next), Some((_, page))) => *page = Some(next),
            _ => self.done(),
        }
        self.note_place();
        Ok(())
    }

    /// The current question, or part of one, is answered or given up.
    fn done(&mut self) {
        self.current.pop();
        self.was_forgotten = false;
        if self.current.is_empty() {
            self.place.at += 1;
        }
    }

    fn note_place(&mut self) {
        let page = self.current.last().and_then(|(_, page)| page.clone());
        if self.current.is_empty() || !self.is_divided {
            self.place.page = page;
            self.moved = Some(self.place.cursor(self.from, &self.queries));
            self.place.page = None;
        }
    }

    /// X does not take the question as it is: the page may be forgotten there, or an alternative be one that it does not look for.
    fn refused(&mut self, body: &[u8]) -> Result<(), SourceError> {
        let said: Refused = serde_json::from_slice(body).unwrap_or_default();
        let is_about = |name: &str| {
            said.errors
                .iter()
                .any(|it| it.parameters.contains_key(name))
        };
        let Some((query, page)) = self.current.last_mut() else {
            return Ok(());
        };
        let was_forgotten = self.was_forgotten;
        if page.is_some() && is_about("next_token") && !was_forgotten {
            *page = None;
            self.was_forgotten = true;
            return Ok(());
        }
        if is_about("start_time") {
            // It has come too near the edge of what X holds: opened anew, it begins later.
            return Err(broken("its search does not reach back so far any more"));
        }
        let api = &self.searching.api;
        if !is_about("query") {
            return Err(api.of_answer(400, None, body));
        }
        if let Some([left, right]) = query.halves() {
            self.current.pop();
            self.current.extend([(right, None), (left, None)]);
            self.is_divided = true;
            return Ok(());
        }
        let words = said
            .errors
            .first()
            .map_or("", |error| error.message.as_str());
        let words: String = api
            .without_token(words)
            .chars()
            .filter(|c| !c.is_control())
            .take(300)
            .collect();
        let told = format!("`{}` ({words})", query.text());
        self.place.refused.note(told);
        self.done();
        self.note_place();
        Ok(())
    }

    /// That it may go on; a track may have lost its money meanwhile.
    fn check_money(&self) -> Result<(), SourceError> {
        let withheld = self.searching.has_money(Time::now())?;
        let is_new = |track: &TrackId| !self.waiting.contains(track);
        match withheld.tracks.iter().find(|(track, _)| is_new(track)) {
            None => Ok(()),
            // Opened anew, it asks for the others.
            Some((_, held)) => Err(SourceError::Retry {
                ladder: Ladder::Network,
                reason: held.reason.clone(),
            }),
        }
    }

    /// The end, or what is missing still.
    fn end(&self) -> Result<Option<Batch>, SourceError> {
        let and_more = |all: usize, told: usize| match all - told {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let mut missing = Vec::new();
        let refused = &self.place.refused;
        if refused.all > 0 {
            let more = and_more(refused.all, refused.told.len());
            let told = refused.told.join(", ");
            missing.push(format!("X's search does not look for {told}{more}"));
        }
        let left_out = &self.queries.left_out;
        if !left_out.is_empty() {
            let told = left_out.iter().take(MAX_TOLD);
            let told: Vec<String> = told
                .map(|it| format!("track {} ({})", it.track, it.reason))
                .collect();
            let more = and_more(left_out.len(), told.len());
            missing.push(format!("not asked for: {}{more}", told.join(", ")));
        }
        if missing.is_empty() {
            return Ok(None);
        }
        missing.push("everything else was brought".to_owned());
        Err(SourceError::CursorLost {
            reason: missing.join("; "),
            lost: Lost::default(),
        })
    }
}

#[async_trait]
impl Source for Search {
    async fn next_batch(&mut self) -> Result<Option<Batch>, SourceError> {
        loop {
            if !self.ready.is_empty() || self.moved.is_some() {
                let frames = fitting(&mut self.ready);
                let cursor = self.moved.take_if(|_| self.ready.is_empty());
                return Ok(Some(Batch { frames, cursor }));
            }
            if self.asking.is_none() {
                self.asking = self.ask();
                if self.asking.is_some() {
                    self.check_money()?;
                }
            }
            let Some(asking) = &mut self.asking else {
                return self.end();
            };
            let answer = asking.await;
            self.asking = None;
            self.take(&answer?)?;
        }
    }
}

#[cfg(test)]
mod tests;
