//! `bowerbird track plan`: how the tracks would share X's rules. Asks X nothing.

use std::collections::HashMap;

use anyhow::{Context as _, Result};
use bowerbird_connect::x::assumed_plan;
use bowerbird_core::ids::TrackId;
use bowerbird_core::plan::{SlotRoom, SlotRule};
use bowerbird_core::time::Time;
use bowerbird_core::track::Track;
use serde_json::{Value, json};

use super::{Context, all};
use crate::cli::PlanArgs;
use crate::client::Client;
use crate::exit::Usage;
use crate::output::{clean, thousands};

/// How much of a rule is shown, in characters.
const SHOWN: usize = 100;

/// Shows the plan for all tracks that are active now.
pub(super) async fn plan(context: &Context, client: &Client, args: &PlanArgs) -> Result<()> {
    let source = args
        .source
        .parse()
        .map_err(|error| Usage(format!("--source: {error}")))?;
    let room = SlotRoom {
        slots: args.rules,
        max_chars: args.chars,
    };
    let found = all(client).await?;
    let tracks: Vec<Track> = found
        .iter()
        .map(|track| serde_json::from_value(known_part(track)))
        .collect::<Result<_, _>>()
        .context("the process answered with tracks of another version")?;
    let plan = assumed_plan(&source, room, &tracks, Time::now());
    let (planned, left_out) = (plan.rules, plan.left_out);
    if context.output.json {
        let rules: Vec<Value> = planned
            .iter()
            .map(|rule| json!({ "rule": rule.rule, "tracks": rule.tracks }))
            .collect();
        return context
            .output
            .value(&json!({ "rules": rules, "left_out": left_out }));
    }
    let names: HashMap<TrackId, &str> = tracks
        .iter()
        .map(|track| (track.id, track.draft.name.as_str()))
        .collect();
    context.output.line(format_args!(
        "{} of {} rules, {} of {} characters",
        thousands(planned.len() as u64),
        thousands(args.rules as u64),
        thousands(planned.iter().map(|rule| rule.chars).sum::<usize>() as u64),
        thousands(args.rules.saturating_mul(args.chars) as u64),
    ))?;
    let rows: Vec<Vec<String>> = planned.iter().map(|rule| row(rule, &names)).collect();
    if !rows.is_empty() {
        context
            .output
            .table(&["characters", "tracks", "rule"], &rows)?;
    }
    left_out.iter().try_for_each(|left_out| {
        let (name, reason) = (clean(names[&left_out.track]), clean(&left_out.reason));
        context
            .output
            .line(format_args!("left out: {name}: {reason}"))
    })
}

/// One rule of the plan.
fn row(rule: &SlotRule, names: &HashMap<TrackId, &str>) -> Vec<String> {
    let tracks: Vec<&str> = rule.tracks.iter().map(|track| names[track]).collect();
    let shown: String = rule.rule.chars().take(SHOWN).collect();
    vec![
        rule.chars.to_string(),
        clean(&tracks.join(", ")),
        clean(&shown),
    ]
}

/// A track without what the API adds to it.
fn known_part(track: &Value) -> Value {
    let mut known = serde_json::Map::new();
    for key in [
        "id",
        "rule_version",
        "name",
        "rule",
        "sources",
        "start",
        "end",
        "retention_seconds",
        "paused",
        "priority",
        "budget",
        "created_at",
        "changed_at",
    ] {
        known.insert(key.to_owned(), track[key].clone());
    }
    Value::Object(known)
}
