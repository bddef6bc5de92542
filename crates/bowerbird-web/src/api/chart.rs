//! How many posts, and captures of tracks, came in each minute.

use axum::Json;
use axum::extract::State;
use bowerbird_core::ids::TrackId;
use bowerbird_core::store::MinuteCount;
use bowerbird_core::time::Time;
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::params::Params;
use crate::site::{App, Site};

/// The longest span of one chart, in minutes: a week.
const MOST_MINUTES: u64 = 7 * 24 * 60;
/// The span if none is given, in minutes; less, down to [`FEW_MINUTES`], while nothing is that old.
const MINUTES: u64 = 60;
/// The shortest span chosen, in minutes.
const FEW_MINUTES: u64 = 15;
/// The most tracks in one chart.
const MOST_TRACKS: usize = 50;

/// A chart's numbers.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Chart {
    /// Its first minute.
    pub(crate) from: Time,
    /// The end of its last minute.
    pub(crate) until: Time,
    /// One for all posts, then one for each track asked for.
    pub(crate) series: Vec<Series>,
}

/// One line of a chart.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Series {
    /// The track; `null` for all posts.
    pub(crate) track: Option<TrackId>,
    /// Minutes in which something came, by time; the others are zero.
    pub(crate) minutes: Vec<MinuteCount>,
}

/// Posts and captures received in each minute.
#[utoipa::path(
    get, path = "/api/v1/chart", tag = "status",
    params(
        ("tracks" = Option<String>, Query, description = "Numbers of tracks, separated by commas"),
        ("from" = Option<String>, Query, description = "The first minute; an hour before the end if not given, later while nothing is that old"),
        ("until" = Option<String>, Query, description = "The end; the end of this minute if not given")
    ),
    responses((status = 200, body = Chart))
)]
pub(crate) async fn find_chart(
    State(app): State<App>,
    params: Params,
) -> Result<Json<Chart>, ApiError> {
    params.only(&[&["tracks", "from", "until"]])?;
    let tracks = params.tracks("tracks")?;
    if tracks.len() > MOST_TRACKS {
        return Err(ApiError::bad_parameter(
            "tracks",
            format_args!("expected at most {MOST_TRACKS}"),
        ));
    }
    let until = params.time("until")?.unwrap_or(app.site.now());
    let Some(from) = params.time("from")? else {
        return recent(&app.site, &tracks, until).await.map(Json);
    };
    chart(&app.site, &tracks, from, until).await.map(Json)
}

/// The last hour, for a page.
pub(crate) async fn last_hour(site: &Site, tracks: &[TrackId]) -> Result<Chart, ApiError> {
    recent(site, &tracks[..tracks.len().min(MOST_TRACKS)], site.now()).await
}

/// The hour before `until`, without the time before anything came.
async fn recent(site: &Site, tracks: &[TrackId], until: Time) -> Result<Chart, ApiError> {
    let mut chart = chart(site, tracks, until.minus(minutes(MINUTES - 1)), until).await?;
    let firsts = chart
        .series
        .iter()
        .filter_map(|series| series.minutes.first());
    let first = firsts
        .map(|minute| minute.minute)
        .min()
        .unwrap_or(chart.until);
    chart.from = chart
        .from
        .max(first.min(chart.until.minus(minutes(FEW_MINUTES))));
    Ok(chart)
}

async fn chart(
    site: &Site,
    tracks: &[TrackId],
    from: Time,
    until: Time,
) -> Result<Chart, ApiError> {
    let (from, until) = (minute_of(from), minute_of(until).plus(minutes(1)));
    if until <= from || until.since(from) > minutes(MOST_MINUTES) {
        let expected =
            format!("expected a span of at most {MOST_MINUTES} minutes, beginning before its end");
        return Err(ApiError::bad_parameter("from", expected));
    }
    let mut series = Vec::with_capacity(tracks.len() + 1);
    for track in std::iter::once(None).chain(tracks.iter().copied().map(Some)) {
        let minutes = site.store().per_minute(track, from, until).await?;
        series.push(Series { track, minutes });
    }
    Ok(Chart {
        from,
        until,
        series,
    })
}

fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

fn minute_of(time: Time) -> Time {
    Time::from_millis(time.seconds().div_euclid(60).saturating_mul(60_000))
}
