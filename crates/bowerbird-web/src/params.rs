//! Query strings and forms, read strictly: an unknown name, a name given twice or a value that makes no sense is an error that says so.

use std::str::FromStr;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use bowerbird_core::ids::{SourceName, TrackId};
use bowerbird_core::store::{Has, Order, PostQuery};
use bowerbird_core::time::Time;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use crate::error::ApiError;

/// The most posts on one page of an answer.
pub(crate) const MOST_POSTS: usize = 1_000;

/// Names and values as they came, in order. An empty value counts as not given, as an HTML form sends it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Params(Vec<(String, String)>);

/// The names of [`post_query`], besides `order`, `after` and `limit`.
pub(crate) const FILTERS: [&str; 11] = [
    "text", "author", "track", "service", "source", "lang", "since", "until", "has", "hashtag",
    "embedded",
];

/// Which posts: the query parameters of searching and exporting.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "it describes what `post_query` reads; nothing is deserialised into it"
)]
pub(crate) struct PostFilters {
    /// Words and `"phrases"`, `-without`, `OR`, `prefix*`; diacritics and case do not matter.
    text: Option<String>,
    /// The author's handle (with or without `@`) or id.
    author: Option<String>,
    /// Caught by the track with this number.
    track: Option<String>,
    /// Of this service.
    service: Option<String>,
    /// Through this source.
    source: Option<String>,
    /// BCP-47 code, or `und`.
    lang: Option<String>,
    /// Written at or after (RFC 3339, or a date in UTC).
    since: Option<String>,
    /// Written before.
    until: Option<String>,
    /// Having all of these: `media`, `links`, `hashtags`, `mentions`, `cashtags`, `geo`, `reply`, `quote`, `repost`, `edited`;
    /// given several times or separated by commas.
    has: Option<String>,
    /// A hashtag without its sign.
    hashtag: Option<String>,
    /// Also posts that came only inside others (`true`)?
    embedded: Option<bool>,
}

impl Params {
    /// Reads `a=1&b=2`.
    pub(crate) fn parse(encoded: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(encoded).filter(|(_, value)| !value.trim().is_empty());
        Self(
            pairs
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        )
    }

    /// Refuses names that are not among these.
    pub(crate) fn only(&self, known: &[&[&str]]) -> Result<(), ApiError> {
        let unknown = self
            .0
            .iter()
            .find(|(name, _)| !known.iter().any(|names| names.contains(&name.as_str())));
        let Some((name, _)) = unknown else {
            return Ok(());
        };
        let shown: String = name.chars().take(40).collect();
        let names = known.concat().join(", ");
        Err(ApiError::bad_parameter(&shown, "no such parameter")
            .details(format!("Known are: {names}.")))
    }

    /// These of them as a query string, for links.
    pub(crate) fn encoded(&self, names: &[&str]) -> String {
        let wanted = self
            .0
            .iter()
            .filter(|(name, _)| names.contains(&name.as_str()));
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(wanted)
            .finish()
    }

    /// A value, `None` if not given.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// A value without surrounding blanks, empty if not given.
    pub(crate) fn text(&self, name: &str) -> String {
        self.get(name).unwrap_or_default().trim().to_owned()
    }

    /// Every value of a name, those with commas cut at them.
    pub(crate) fn list(&self, name: &str) -> impl Iterator<Item = &str> {
        let values = self.0.iter().filter(move |(known, _)| known == name);
        values
            .flat_map(|(_, value)| value.split(','))
            .map(str::trim)
            .filter(|value| !value.is_empty())
    }

    /// A value parsed, `None` if not given.
    pub(crate) fn parsed<T: FromStr>(
        &self,
        name: &str,
        expected: &str,
    ) -> Result<Option<T>, ApiError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        value
            .trim()
            .parse()
            .map(Some)
            .map_err(|_| ApiError::bad_parameter(name, format_args!("expected {expected}")))
    }

    /// A whole number within limits.
    pub(crate) fn number(
        &self,
        name: &str,
        default: usize,
        most: usize,
    ) -> Result<usize, ApiError> {
        let number = self
            .parsed(name, &format!("a number from 1 to {most}"))?
            .unwrap_or(default);
        let fits = (1..=most).contains(&number);
        fits.then_some(number).ok_or_else(|| {
            ApiError::bad_parameter(name, format_args!("expected a number from 1 to {most}"))
        })
    }

    /// A moment: RFC 3339, or a date with or without a time of day, then in UTC.
    pub(crate) fn time(&self, name: &str) -> Result<Option<Time>, ApiError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let time = parse_time(value.trim());
        time.map(Some).ok_or_else(|| {
            ApiError::bad_parameter(
                name,
                "expected a time as in 2026-11-21T08:15:30Z, or a date as in 2026-11-21 (UTC)",
            )
        })
    }

    /// A track's number.
    pub(crate) fn track(&self, name: &str) -> Result<Option<TrackId>, ApiError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let id = parse_id(value)
            .ok_or_else(|| ApiError::bad_parameter(name, "expected a track's number"))?;
        Ok(Some(TrackId(id)))
    }

    /// Numbers of tracks, separated by commas.
    pub(crate) fn tracks(&self, name: &str) -> Result<Vec<TrackId>, ApiError> {
        let ids = self.list(name).map(|id| parse_id(id).map(TrackId));
        ids.collect::<Option<_>>().ok_or_else(|| {
            ApiError::bad_parameter(name, "expected numbers of tracks, separated by commas")
        })
    }

    /// A source's name.
    pub(crate) fn source(&self, name: &str) -> Result<Option<SourceName>, ApiError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        SourceName::parse(value.trim())
            .map(Some)
            .map_err(|error| ApiError::bad_parameter(name, error))
    }
}

/// Reads a number that a track or a dead letter can have; stores count no further.
pub(crate) fn parse_id(text: &str) -> Option<u64> {
    let id = text.trim().parse().ok()?;
    i64::try_from(id).is_ok().then_some(id)
}

/// Reads what a person or a date field writes.
fn parse_time(text: &str) -> Option<Time> {
    let forms = [
        text.to_owned(),
        format!("{text}Z"),
        format!("{text}:00Z"),
        format!("{text}T00:00:00Z"),
    ];
    forms.iter().find_map(|form| Time::parse(form))
}

/// Which posts, in which order, from where on.
pub(crate) fn post_query(params: &Params) -> Result<PostQuery, ApiError> {
    let order = match params.get("order") {
        None | Some("newest") => Order::Newest,
        Some("oldest") => Order::Oldest,
        Some("rank") => Order::Rank,
        Some(_) => {
            return Err(ApiError::bad_parameter(
                "order",
                "expected newest, oldest or rank",
            ));
        }
    };
    Ok(PostQuery {
        text: params.text("text"),
        author: params.text("author"),
        track: params.track("track")?,
        service: params.text("service"),
        source: params.source("source")?,
        lang: params.text("lang"),
        since: params.time("since")?,
        until: params.time("until")?,
        has: params
            .list("has")
            .map(parse_has)
            .collect::<Result<_, _>>()?,
        hashtag: params
            .text("hashtag")
            .trim_start_matches(['#', '＃'])
            .to_owned(),
        embedded: params.parsed("embedded", "true or false")?.unwrap_or(false),
        order,
        after: params.get("after").map(str::to_owned),
        limit: params.number("limit", 50, MOST_POSTS)?,
    })
}

fn parse_has(name: &str) -> Result<Has, ApiError> {
    let found = Has::ALL.iter().find(|(_, known, _)| *known == name);
    found.map(|(has, ..)| *has).ok_or_else(|| {
        let names = Has::ALL.map(|(_, name, _)| name).join(", ");
        ApiError::bad_parameter("has", format_args!("expected some of {names}"))
    })
}

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Ok(Self::parse(
            parts.uri.query().unwrap_or_default().as_bytes(),
        ))
    }
}

/// A JSON body.
#[derive(Debug)]
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = body(request, state).await?;
        let parsed = serde_json::from_slice(&bytes);
        parsed.map(Self).map_err(|error| {
            ApiError::bad_request(format!("The body is not the JSON expected here: {error}."))
        })
    }
}

async fn body<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, ApiError> {
    let read = Bytes::from_request(request, state).await;
    read.map_err(|error| {
        ApiError::bad_request(format!(
            "The body could not be read: {}.",
            error.body_text()
        ))
    })
}

#[cfg(test)]
mod tests;
