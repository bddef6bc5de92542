//! The form of a track, and reading it.

use bowerbird_core::bill::{Budget, Money, MoneyError, Period};
use bowerbird_core::ids::SourceName;
use bowerbird_core::track::TrackDraft;
use maud::{Markup, html};

use super::format::field_time;
use super::rule_box::{rule_field, try_button};
use super::{Caller, token_field};
use crate::api::tracks::TrackView;
use crate::error::ApiError;
use crate::params::Params;

/// Units of a retention, with their seconds; the largest that fits is shown.
const UNITS: [(&str, u64); 4] = [
    ("days", 86_400),
    ("hours", 3_600),
    ("minutes", 60),
    ("seconds", 1),
];

/// The limits of a budget as the form asks for them.
const BUDGETS: [(Period, &str); 3] = [
    (Period::Day, "A day (UTC)"),
    (Period::Month, "A month (UTC)"),
    (Period::Total, "In all"),
];

fn field_of(period: Period) -> &'static str {
    match period {
        Period::Day => "budget_day",
        Period::Month => "budget_month",
        Period::Total => "budget_total",
    }
}

fn limit(draft: &TrackDraft, period: Period) -> Option<Money> {
    let mut limits = draft.budget.limits();
    limits
        .find(|(known, _)| *known == period)
        .map(|(_, limit)| limit)
}

/// The form that changes a track.
pub(crate) fn form(view: &TrackView, sources: &[String], for_x: bool, caller: &Caller) -> Markup {
    let draft = &view.track.draft;
    let (amount, unit) = split(draft.retention_seconds);
    html! {
        form #track-form method="post" action=(format!("/tracks/{}", view.track.id)) {
            (token_field(caller))
            label for="name" { "Name" }
            input #name name="name" required maxlength="100" autocomplete="off" value=(draft.name);
            (rule_field("rule", &draft.rule, 3, for_x))
            fieldset {
                legend { "Sources" }
                p.hint { "Listens to all of them when none is chosen." }
                @for source in sources {
                    label.check {
                        input type="checkbox" name="source" value=(source) checked[draft.sources.iter().any(|known| known.as_str() == source)];
                        (source)
                    }
                }
            }
            div.pair {
                div { label for="start" { "Start (UTC)" } input #start name="start" type="datetime-local" value=(field_time(draft.start)); }
                div { label for="end" { "End (UTC)" } input #end name="end" type="datetime-local" value=(field_time(draft.end)); }
            }
            div.pair {
                div {
                    label for="retention" { "Let captures go after" }
                    input #retention name="retention" type="number" min="1" step="1" value=[amount] placeholder="never";
                }
                div {
                    label for="unit" { "Unit" }
                    select #unit name="unit" { @for (name, _) in UNITS { option value=(name) selected[name == unit] { (name) } } }
                }
            }
            label for="priority" { "Priority" }
            input #priority name="priority" type="number" step="1" min=(TrackDraft::PRIORITIES.start()) max=(TrackDraft::PRIORITIES.end()) value=(draft.priority) aria-describedby="priority-hint";
            p #priority-hint .hint { "Where a service has no room for all tracks, higher ones have it first, then older ones." }
            fieldset {
                legend { "Budget" }
                p #budget-hint .hint { "The most that may be spent on services that take money, in US dollars. Empty for no limit; when it is spent they are not asked for this track until the next day or month." }
                div.pair {
                    @for (period, label) in BUDGETS {
                        div {
                            label for=(field_of(period)) { (label) }
                            input id=(field_of(period)) name=(field_of(period)) inputmode="decimal" autocomplete="off" placeholder="no limit" value=[limit(draft, period)] aria-describedby="budget-hint";
                        }
                    }
                }
            }
            @if draft.paused { input type="hidden" name="paused" value="yes"; }
            input type="hidden" name="id" value=(view.track.id);
            button type="submit" { "Save" }
            (try_button(for_x))
        }
    }
}

fn split(seconds: Option<u64>) -> (Option<u64>, &'static str) {
    let Some(seconds) = seconds else {
        return (None, "days");
    };
    let fitting = UNITS.iter().find(|(_, unit)| seconds.is_multiple_of(*unit));
    let (name, unit) = fitting.copied().unwrap_or(("seconds", 1));
    (Some(seconds / unit), name)
}

/// What the form says. Seconds of start and end that the field can't show are kept if the minute is the same.
pub(crate) fn read(form: &Params, before: &TrackDraft) -> Result<TrackDraft, ApiError> {
    let sources: Result<Vec<SourceName>, _> = form.list("source").map(SourceName::parse).collect();
    let seconds = match form.parsed::<u64>("retention", "a number")? {
        None => None,
        Some(amount) => {
            let unit = form.get("unit").unwrap_or("days");
            let found = UNITS
                .iter()
                .find(|(name, _)| *name == unit)
                .map(|(_, seconds)| *seconds);
            let unit = found.ok_or_else(|| {
                ApiError::bad_parameter("unit", "expected days, hours, minutes or seconds")
            })?;
            Some(amount.saturating_mul(unit))
        }
    };
    let kept = |before, given| {
        if field_time(before) == field_time(given) {
            before
        } else {
            given
        }
    };
    Ok(TrackDraft {
        name: form.text("name"),
        rule: form.text("rule"),
        sources: sources.map_err(|error| ApiError::bad_parameter("source", error))?,
        start: kept(before.start, form.time("start")?),
        end: kept(before.end, form.time("end")?),
        retention_seconds: seconds,
        paused: form.get("paused").is_some(),
        priority: form.parsed("priority", "a whole number")?.unwrap_or(0),
        budget: Budget {
            day: money(form, Period::Day)?,
            month: money(form, Period::Month)?,
            total: money(form, Period::Total)?,
        },
    })
}

fn money(form: &Params, period: Period) -> Result<Option<Money>, ApiError> {
    let field = field_of(period);
    let read = form.get(field).map(str::parse).transpose();
    read.map_err(|error: MoneyError| ApiError::bad_parameter(field, error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bowerbird_core::time::Time;

    #[test]
    fn a_retention_is_shown_in_its_largest_unit() {
        let cases = [
            (None, (None, "days")),
            (Some(86_400), (Some(1), "days")),
            (Some(90_000), (Some(25), "hours")),
            (Some(61), (Some(61), "seconds")),
        ];
        for (given, expected) in cases {
            assert_eq!(split(given), expected);
        }
    }

    #[test]
    fn what_the_form_shows_is_read_back_unchanged() {
        let before = TrackDraft {
            sources: vec![SourceName::parse("demo").unwrap()],
            start: Time::parse("2026-11-21T08:15:30.5Z"),
            retention_seconds: Some(7_200),
            paused: true,
            priority: -5,
            budget: "0.5/day,20/total".parse().unwrap(),
            ..TrackDraft::new("cats", "cat OR 猫")
        };
        let sent = "name=cats&rule=cat+OR+%E7%8C%AB&source=demo&start=2026-11-21T08%3A15&end=&retention=2&unit=hours&paused=yes&priority=-5&budget_day=0.50&budget_month=&budget_total=%2420";
        assert_eq!(
            read(&Params::parse(sent.as_bytes()), &before).unwrap(),
            before
        );
    }
}
