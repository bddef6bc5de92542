//! The chart of posts per minute, as an SVG that `assets/chart.js` keeps up to date, with a table that says the same.

use std::collections::HashMap;

use bowerbird_core::store::MinuteCount;
use bowerbird_core::time::Time;
use maud::{Markup, PreEscaped, html};

use super::format::{clock, colour};
use crate::api::chart::{Chart, Series};
use crate::api::tracks::TrackView;
use crate::format::{number, plural};

/// The drawing's size in its own units.
const WIDTH: u64 = 600;
const HEIGHT: u64 = 120;

/// The chart with its table.
pub(crate) fn figure(chart: &Chart, tracks: &[TrackView]) -> Markup {
    let all = chart.series.first().map_or(0, |series| {
        series.minutes.iter().map(|minute| minute.count).sum()
    });
    let minutes = chart.until.since(chart.from).as_secs() / 60;
    let label = format!(
        "{} in the last {minutes} minutes",
        plural(all, "post", "posts")
    );
    let ids: Vec<String> = chart
        .series
        .iter()
        .filter_map(|series| series.track)
        .map(|track| track.to_string())
        .collect();
    html! {
        figure.chart data-tracks=(ids.join(",")) {
            figcaption { span { "Posts per minute" } span.total { (label) } }
            (drawing(chart, &label))
            details.table-of-chart {
                summary { "The same as a table" }
                (table(chart, tracks))
            }
        }
    }
}

fn drawing(chart: &Chart, label: &str) -> Markup {
    let columns: Vec<Vec<u64>> = chart
        .series
        .iter()
        .map(|series| column(chart, series))
        .collect();
    let most = columns.iter().flatten().copied().max().unwrap_or(0).max(1);
    let count = columns.first().map_or(1, Vec::len).max(1) as u64;
    let height = |value: u64| value * (HEIGHT - 4) / most;
    let bars: String = columns.first().into_iter().flatten().zip(0..).fold(
        String::new(),
        |path, (value, place)| {
            let (left, right, top) = (
                place * WIDTH / count + 1,
                (place + 1) * WIDTH / count,
                HEIGHT - height(*value),
            );
            path + &format!("M{left} {HEIGHT}V{top}H{right}V{HEIGHT}Z")
        },
    );
    let line = |values: &[u64]| {
        let points = values.iter().zip(0..).map(|(value, place): (_, u64)| {
            format!(
                "{},{}",
                (2 * place + 1) * WIDTH / (2 * count),
                HEIGHT - height(*value)
            )
        });
        points.collect::<Vec<_>>().join(" ")
    };
    html! {
        svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } preserveAspectRatio="none" role="img" aria-label=(label) {
            path.bars d=(PreEscaped(bars)) {}
            @for (series, values) in chart.series.iter().zip(&columns).skip(1) {
                @if let Some(track) = series.track { polyline.(colour(track)) points=(PreEscaped(line(values))) {} }
            }
        }
        p.scale aria-hidden="true" { span { (number(most)) " / min" } span { "now" } }
    }
}

/// One value for each minute.
fn column(chart: &Chart, series: &Series) -> Vec<u64> {
    let counts: HashMap<i64, u64> = series
        .minutes
        .iter()
        .map(|MinuteCount { minute, count }| (minute.seconds(), *count))
        .collect();
    let seconds = (chart.from.seconds()..chart.until.seconds()).step_by(60);
    seconds
        .map(|second| counts.get(&second).copied().unwrap_or(0))
        .collect()
}

fn table(chart: &Chart, tracks: &[TrackView]) -> Markup {
    let columns: Vec<Vec<u64>> = chart
        .series
        .iter()
        .map(|series| column(chart, series))
        .collect();
    let rows = columns.first().map_or(0, Vec::len);
    let name = |series: &Series| match series.track {
        None => "All posts".to_owned(),
        Some(id) => tracks
            .iter()
            .find(|view| view.track.id == id)
            .map_or_else(String::new, |view| view.track.draft.name.clone()),
    };
    html! {
        div.scroll {
            table {
                thead { tr { th scope="col" { "Minute" } @for series in &chart.series { th scope="col" { (name(series)) } } } }
                tbody {
                    @for row in (0..rows).rev().take(60) {
                        @let minute = Time::from_millis((chart.from.seconds() + 60 * row as i64) * 1_000);
                        tr { th scope="row" { (clock(minute)) } @for values in &columns { td { (number(values[row])) } } }
                    }
                }
            }
        }
    }
}
