//! `bowerbird track`: list, make, change and remove tracks, look back, try a rule.

mod plan;
mod test;

use std::time::Duration;

use anyhow::{Result, bail};
use bowerbird_core::bill::Budget;
use bowerbird_core::time::Time;
use bowerbird_core::track::TrackDraft;
use serde_json::{Value, json};

use super::Context;
use super::bill::about;
use crate::cli::{TrackChanges, TrackCommand, parse_span};
use crate::client::Client;
use crate::config::Secrets;
use crate::exit::Usage;
use crate::folder::Missing;
use crate::output::{clean, thousands};

/// How often a backfill is asked how far it is.
const BACKFILL_EVERY: Duration = Duration::from_millis(200);

/// Does what was asked.
pub(super) async fn track(context: &Context, command: TrackCommand) -> Result<()> {
    if let TrackCommand::Test(args) = &command {
        // It needs no tracks, and so neither a process nor its data folder.
        return test::test(context, args).await;
    }
    let missing = match command {
        TrackCommand::Add { plan: false, .. } => Missing::Make,
        _ => Missing::Refuse,
    };
    let secrets = match command {
        TrackCommand::Check {
            counts: Some(_), ..
        } => Secrets::Fetch,
        _ => Secrets::LeaveOut,
    };
    let client = &Client::begin(context, "track", missing, secrets).await?;
    match command {
        TrackCommand::Ls => list(context, client).await,
        TrackCommand::Add {
            name,
            rule,
            changes,
            plan,
        } => {
            let mut draft = TrackDraft::new(name, rule);
            apply(&mut draft, &changes)?;
            if plan {
                return plan::try_out(context, client, &json!({ "draft": draft })).await;
            }
            let made: Value = client.post("/api/v1/tracks", &draft).await?;
            done(context, "made", &made)
        }
        TrackCommand::Show { track } => {
            let mut found = find(client, &track).await?;
            let mut told: Value = client.get(&format!("{}/rules", address(&found))).await?;
            found["rules"] = told["rules"].take();
            show(context, &found)?;
            if context.output.json {
                return Ok(());
            }
            super::gap::bars(context, client, &text(&found, "id")).await
        }
        TrackCommand::Edit {
            track,
            name,
            rule,
            changes,
            plan,
        } => {
            let found = find(client, &track).await?;
            let mut draft = draft_of(&found)?;
            draft.name = name.unwrap_or(draft.name);
            draft.rule = rule.unwrap_or(draft.rule);
            apply(&mut draft, &changes)?;
            if plan {
                let change = json!({ "id": found["id"], "draft": draft });
                return plan::try_out(context, client, &change).await;
            }
            let changed: Value = client.put(&address(&found), &draft).await?;
            done(context, "changed", &changed)
        }
        TrackCommand::Pause { track } => act(context, client, &track, "pause", "paused").await,
        TrackCommand::Resume { track } => act(context, client, &track, "resume", "resumed").await,
        TrackCommand::Rm { track } => {
            let found = find(client, &track).await?;
            let _: Value = client.delete(&address(&found)).await?;
            done(context, "removed", &found)
        }
        TrackCommand::Backfill { track } => backfill(context, client, &track).await,
        TrackCommand::Check { rule, counts } => {
            check(context, client, &rule).await?;
            match counts {
                Some(source) => count(context, client, &rule, &source).await,
                None => Ok(()),
            }
        }
        TrackCommand::Test(args) => test::test(context, &args).await,
        TrackCommand::Plan(args) => plan::plan(context, client, &args).await,
    }
}

/// A track by its name, or by its number where no track has that name.
pub(super) async fn find(client: &Client, wanted: &str) -> Result<Value> {
    let tracks = all(client).await?;
    let by_name = tracks.iter().find(|track| track["name"] == wanted);
    let found = by_name.or_else(|| tracks.iter().find(|track| track["id"] == wanted));
    match found {
        Some(track) => Ok(track.clone()),
        None => bail!("there is no track `{wanted}`; `bowerbird track ls` lists them"),
    }
}

async fn all(client: &Client) -> Result<Vec<Value>> {
    let mut answer: Value = client.get("/api/v1/tracks").await?;
    Ok(answer["tracks"]
        .as_array_mut()
        .map(std::mem::take)
        .unwrap_or_default())
}

fn address(track: &Value) -> String {
    format!("/api/v1/tracks/{}", text(track, "id"))
}

/// The part of a track that a person may change.
fn draft_of(track: &Value) -> Result<TrackDraft> {
    let mut draft = serde_json::Map::new();
    for key in [
        "name",
        "rule",
        "sources",
        "start",
        "end",
        "retention_seconds",
        "paused",
        "priority",
        "budget",
    ] {
        draft.insert(key.to_owned(), track[key].clone());
    }
    Ok(serde_json::from_value(Value::Object(draft))?)
}

/// `none` takes a limit away, `all` listens to every source.
fn apply(draft: &mut TrackDraft, changes: &TrackChanges) -> Result<()> {
    if !changes.sources.is_empty() {
        let named = changes.sources.iter().filter(|name| *name != "all");
        let names: Result<Vec<_>, _> = named.map(|name| name.parse()).collect();
        draft.sources = names.map_err(|error| Usage(format!("--source: {error}")))?;
    }
    if let Some(text) = &changes.start {
        draft.start = time("--start", text)?;
    }
    if let Some(text) = &changes.end {
        draft.end = time("--end", text)?;
    }
    draft.budget = match changes.budget.as_deref() {
        None => draft.budget,
        Some("none") => Budget::default(),
        Some(text) => text
            .parse()
            .map_err(|error| Usage(format!("--budget: {error}")))?,
    };
    draft.priority = changes.priority.unwrap_or(draft.priority);
    draft.retention_seconds = match changes.retention.as_deref() {
        None => draft.retention_seconds,
        Some("none") => None,
        Some(text) => Some(
            parse_span(text)
                .map_err(|error| Usage(format!("--retention: {error}")))?
                .as_secs(),
        ),
    };
    Ok(())
}

fn time(flag: &str, text: &str) -> Result<Option<Time>> {
    if text == "none" {
        return Ok(None);
    }
    let time = Time::parse(text).or_else(|| Time::parse(&format!("{text}T00:00:00Z")));
    let expected = || {
        Usage(format!(
            "{flag}: `{text}` is not a time: expected as in 2026-11-21T08:00:00Z, 2026-11-21 (UTC), or none"
        ))
    };
    Ok(Some(time.ok_or_else(expected)?))
}

async fn list(context: &Context, client: &Client) -> Result<()> {
    let tracks = all(client).await?;
    if context.output.json {
        return tracks
            .iter()
            .try_for_each(|track| context.output.value(track));
    }
    if tracks.is_empty() {
        context
            .output
            .talk("there is no track yet: bowerbird track add birds 'bird OR #birds'");
        return Ok(());
    }
    let rows: Vec<Vec<String>> = tracks
        .iter()
        .map(|track| {
            let captures = track["captures"].as_u64().unwrap_or(0);
            vec![
                text(track, "id"),
                text(track, "name"),
                state(track).to_owned(),
                thousands(captures),
                text(track, "rule"),
            ]
        })
        .collect();
    context
        .output
        .table(&["id", "name", "state", "captures", "rule"], &rows)
}

/// What a track does at this moment, in a word.
pub(super) fn state(track: &Value) -> &'static str {
    if track["problem"].is_object() {
        "broken"
    } else if track["paused"] == true {
        "paused"
    } else if track["active"] == true {
        "active"
    } else {
        "not now"
    }
}

fn show(context: &Context, track: &Value) -> Result<()> {
    if context.output.json {
        return context.output.value(track);
    }
    let sources: Vec<&str> = track["sources"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let sources = if sources.is_empty() {
        "all".to_owned()
    } else {
        sources.join(", ")
    };
    let kept = track["retention_seconds"]
        .as_u64()
        .map(|seconds| format!("{seconds} s"));
    let number = |key: &str| thousands(track[key].as_u64().unwrap_or(0));
    let lines = vec![
        ("name", text(track, "name")),
        ("number", text(track, "id")),
        ("state", state(track).to_owned()),
        ("rule", text(track, "rule")),
        ("in words", text(track, "explanation")),
        ("problem", text(&track["problem"], "message")),
        ("sources", sources),
        ("start", text(track, "start")),
        ("end", text(track, "end")),
        ("retention", kept.unwrap_or_default()),
        ("priority", track["priority"].to_string()),
        ("budget", draft_of(track)?.budget.in_words()),
        ("captures", number("captures")),
        ("backfilled", number("backfilled")),
        ("last post", text(track, "last_at")),
        ("made", text(track, "created_at")),
    ];
    let lines = [lines, earlier_rules(track)].concat();
    let told = lines.iter().filter(|(_, value)| !value.is_empty());
    told.into_iter().try_for_each(|(name, value)| {
        context
            .output
            .line(format_args!("{name:<12}{}", clean(value)))
    })
}

/// What it captured before, the newest first.
fn earlier_rules(track: &Value) -> Vec<(&'static str, String)> {
    let rules = track["rules"].as_array().map_or(&[][..], Vec::as_slice);
    let earlier = rules.iter().rev().skip(1);
    let told = earlier.map(|rule| {
        let (since, until) = (text(rule, "since"), text(rule, "until"));
        let said = text(rule, "rule");
        ("before", format!("{since} to {until}: {said}"))
    });
    told.collect()
}

async fn act(
    context: &Context,
    client: &Client,
    wanted: &str,
    action: &str,
    past: &str,
) -> Result<()> {
    let found = find(client, wanted).await?;
    let changed: Value = client
        .post(&format!("{}/{action}", address(&found)), &json!({}))
        .await?;
    done(context, past, &changed)
}

async fn backfill(context: &Context, client: &Client, wanted: &str) -> Result<()> {
    let found = find(client, wanted).await?;
    let address = format!("{}/backfill", address(&found));
    let mut state: Value = client.post(&address, &json!({})).await?;
    while state["done"] != true {
        tokio::time::sleep(BACKFILL_EVERY).await;
        state = client.get(&address).await?;
    }
    let error = text(&state, "error");
    if !error.is_empty() {
        bail!("the backfill ended: {error}");
    }
    if context.output.json {
        return context.output.value(&state);
    }
    let number = |key: &str| thousands(state[key].as_u64().unwrap_or(0));
    context.output.line(format_args!(
        "{} captures added, {} kept posts looked at",
        number("added"),
        number("looked_at")
    ))
}

/// Asks a source's service how many posts a rule would have brought.
async fn count(context: &Context, client: &Client, rule: &str, source: &str) -> Result<()> {
    let asked = json!({ "rule": rule, "source": source });
    let told: Value = client.post("/api/v1/rules/counts", &asked).await?;
    if context.output.json {
        return context.output.value(&told);
    }
    let posts = thousands(told["posts"].as_u64().unwrap_or(0));
    let rate = match told["forecast"]["days"].as_f64() {
        Some(days) => format!(
            " in {days:.1} days, {} a day",
            about(&told["forecast"], "cost_per_day")
        ),
        None => String::new(),
    };
    context.output.line(format_args!(
        "by {source}'s own counts: {posts} posts{rate}; asking cost ${}",
        text(&told, "cost"),
    ))
}

/// What a rule would cost on one source.
fn cost_line(cost: &Value) -> String {
    let source = text(cost, "source");
    let told = &cost["forecast"];
    match told["calls_per_day"].as_f64() {
        Some(posts) => format!(
            "on {source}, by what is kept: at least {posts:.0} posts and {} a day",
            about(told, "cost_per_day")
        ),
        None => format!(
            "on {source} each post costs ${}; too little is kept of it to say how many would come",
            text(cost, "post")
        ),
    }
}

async fn check(context: &Context, client: &Client, rule: &str) -> Result<()> {
    let answer: Value = client
        .post("/api/v1/rules/check", &json!({ "rule": rule }))
        .await?;
    let error = &answer["error"];
    if context.output.json {
        context.output.value(&answer)?;
    }
    if error.is_object() {
        let position = error["position"].as_u64().unwrap_or(1);
        let hint = text(error, "hint");
        let hint = if hint.is_empty() {
            hint
        } else {
            format!(" ({hint})")
        };
        return Err(Usage(format!(
            "the rule has an error at character {position}: {}{hint}",
            text(error, "message")
        ))
        .into());
    }
    if context.output.json {
        return Ok(());
    }
    context.output.line(clean(&text(&answer, "explanation")))?;
    for (what, problems) in [
        ("warning", &answer["warnings"]),
        ("for X", &answer["x_problems"]),
    ] {
        for problem in problems.as_array().into_iter().flatten() {
            context
                .output
                .line(format_args!("{what}: {}", clean(&text(problem, "message"))))?;
        }
    }
    for cost in answer["costs"].as_array().into_iter().flatten() {
        context.output.line(cost_line(cost))?;
    }
    if let Some(asked) = answer["x_asks"].as_str() {
        let asked = if asked.is_empty() {
            "nothing: no post of X can match it"
        } else {
            asked
        };
        context
            .output
            .line(format_args!("X is asked for: {}", clean(asked)))?;
    }
    let (caught, looked_at) = (
        &answer["preview"]["caught"],
        &answer["preview"]["looked_at"],
    );
    if looked_at.as_u64().unwrap_or(0) > 0 {
        context.output.line(format_args!(
            "it would have caught {caught} of the last {looked_at} posts"
        ))?;
    }
    Ok(())
}

fn done(context: &Context, what: &str, track: &Value) -> Result<()> {
    if context.output.json {
        return context.output.value(track);
    }
    context.output.line(format_args!(
        "{what} track {} ({})",
        clean(&text(track, "name")),
        text(track, "id")
    ))
}

/// A string of an object, empty if it has none there.
pub(super) fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}
